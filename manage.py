#!/usr/bin/env python
"""Django's commands, on the project's own servers where the environment names none."""

import os
import signal
import subprocess
import sys

from django.core.management import execute_from_command_line

# These ask no server anything, so none is started for them.
WITHOUT_SERVERS = {
    "check",
    "check_translations",
    "collectstatic",
    "compile_translations",
    "compilemessages",
    "diffsettings",
    "help",
    "make_translations",
    "makemessages",
    "version",
}
# These look after the tables themselves, or can do without.
WITHOUT_TABLES = {"dbshell", "demo", "makemigrations", "migrate", "showmigrations", "sqlmigrate", "test"}


def main() -> None:
    """Run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bankcrm.settings")
    is_production = os.environ.get("PRODUCTION", "").lower() in {"1", "true", "yes", "on", "y", "ok"}
    if is_production or (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        execute_from_command_line(sys.argv)
        return

    from bankcrm import embedded

    if not embedded.is_available():
        execute_from_command_line(sys.argv)
        return
    if not needs_servers(sys.argv[1:]):
        addresses = embedded.urls()
        os.environ.setdefault("DATABASE_URL", addresses.database_url)
        os.environ.setdefault("REDIS_URL", addresses.redis_url)
        execute_from_command_line(sys.argv)
        return
    # A polite end must pass through the `with` below, or the servers would stay behind.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, frame: sys.exit(128 + number))
    try:
        with embedded.running():
            if sys.argv[1] not in WITHOUT_TABLES:
                embedded.prepare_once(create_tables)
            execute_from_command_line(sys.argv)
    except embedded.EmbeddedError as error:
        sys.exit(str(error))
    except subprocess.CalledProcessError:
        sys.exit("The tables could not be created; see above.")


def create_tables() -> None:
    """Make a new embedded database usable for whichever command comes first."""
    print("Creating the tables …", file=sys.stderr)
    # In a process of its own, so that the command itself starts as it would on any other day.
    subprocess.run([sys.executable, __file__, "migrate", "--verbosity=0"], check=True)  # noqa: S603


def needs_servers(arguments: list[str]) -> bool:
    """Whether a command line asks PostgreSQL or Redis anything."""
    if not arguments or {"-h", "--help", "--version"} & set(arguments):
        return False
    asks_database = any(argument.startswith("--database") for argument in arguments)
    return arguments[0] not in WITHOUT_SERVERS or asks_database


if __name__ == "__main__":
    main()
