"""`manage.py bench`: the bars of speed, measured on a bank of their own, and benchmarks/RESULTS.md.

The bank stands in a database beside the configured one on the same server and is kept for the next run.
"""

import os
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.models import Max
from django.test.utils import override_settings
from django.utils import timezone

from benchmarks import daily, imports, load, pages, results
from benchmarks.daily_bank import make_daily_bank
from clients.models import Client
from interactions.models import Contact

DAILY_ON = date(2026, 3, 10)  # a Tuesday with no holiday near, in any country of the bank
OLDEST = timedelta(days=7)  # an older bank has nothing on Today but what is late


class Command(BaseCommand):
    """Measure and write down."""

    help = (
        "Measures pages, logging and import against their bars, on a generated bank in a database of its own; "
        "with --daily the daily run over a million clients."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--daily", action="store_true", help="measure the daily run instead")
        parser.add_argument("--clients", type=int, help="100,000; with --daily a million")
        parser.add_argument("--contacts", type=int, default=1_000_000)
        parser.add_argument("--rounds", type=int, default=60, help="requests of each kind (60)")
        parser.add_argument("--import-rows", type=int, default=20_000, help="clients in the imported file")
        parser.add_argument(
            "--ledger-rows", type=int, default=100_000, help="rows of each imported ledger of money"
        )
        parser.add_argument("--database", help="the database to use and keep")
        parser.add_argument("--fresh", action="store_true", help="build the bank anew")
        parser.add_argument("--no-write", action="store_true", help="leave RESULTS.md as it is")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("bench is not for production: it fills a database and loads the server.")
        name = options["database"] or ("bankcrm_daily" if options["daily"] else "bankcrm_bench")
        options["clients"] = options["clients"] or (1_000_000 if options["daily"] else 100_000)
        if not name.isidentifier() or name == connection.settings_dict["NAME"]:
            raise CommandError("--database: choose a plain name that is not the configured database's.")
        use_database(name, is_fresh=options["fresh"])
        if options["daily"]:
            self._daily(name, options)
            return
        self._fill(name, options)
        verdicts = []
        with override_settings(ROOT_URLCONF="benchmarks.urls", DEBUG=False):
            for found in pages.measured(options["rounds"]):
                verdicts.append(self._say(results.of_page(found)))
            verdicts.append(self._say(results.of_import(imports.measured(options["import_rows"]))))
            for kind in imports.LEDGERS:
                verdicts.append(self._say(results.of_import(imports.measured(options["ledger_rows"], kind))))
            per_second = load.contacts_per_second(url_of(name), seconds=max(2, options["rounds"] / 6))
            verdicts.append(self._say(results.of_load(per_second)))
        if not options["no_write"]:
            results.write(verdicts, options["clients"], options["contacts"])
            self.stdout.write(f"Written to {results.RESULTS.relative_to(settings.BASE_DIR)}")

    def _daily(self, name: str, options: dict[str, Any]) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if not Client.objects.exists():
            self.stdout.write(f"Filling {name} …")
            make_daily_bank(clients=options["clients"], on=DAILY_ON)
        elif Client.objects.count() != options["clients"]:
            raise CommandError(f"{name} holds another number of clients: add --fresh to build it anew.")
        found = daily.measured(DAILY_ON)
        verdicts = [self._say(verdict) for verdict in results.of_daily(found)]
        if not options["no_write"]:
            results.write_daily(verdicts, found)
            self.stdout.write(f"Written to {results.RESULTS.relative_to(settings.BASE_DIR)}")

    def _fill(self, name: str, options: dict[str, Any]) -> None:
        call_command("migrate", verbosity=0, interactive=False)
        if Client.objects.exists():
            newest = Contact.objects.filter(submission=None).aggregate(at=Max("occurred_at"))["at"]
            if newest is not None and newest > timezone.now() - OLDEST:
                if Client.objects.count() != options["clients"]:
                    raise CommandError(
                        f"{name} holds another number of clients: add --fresh to build it anew."
                    )
                return
            self.stdout.write("The bank of the last run is too old.")
            use_database(name, is_fresh=True)
            call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(f"Filling {name} …")
        call_command(
            "generate_bank",
            clients=options["clients"],
            contacts=options["contacts"],
            seed=1,
            stdout=self.stdout,
        )

    def _say(self, verdict: results.Verdict) -> results.Verdict:
        self.stdout.write(results.line(verdict))
        self.stdout.flush()
        return verdict


def use_database(name: str, *, is_fresh: bool) -> None:
    """Point the default connection at a database of the same server, made where it is absent."""
    quoted = connection.ops.quote_name(name)
    with connection._nodb_cursor() as cursor:
        if is_fresh:
            connection.close()
            cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {quoted}")
    connection.close()
    connection.settings_dict["NAME"] = name


def url_of(name: str) -> str:
    """The configured address with another database, for the server that is started beside."""
    configured = os.environ.get("DATABASE_URL", "postgresql://localhost/bankcrm")
    parts = urlsplit(configured)
    return urlunsplit(
        parts._replace(path=f"{parts.path.rpartition('/')[0]}/{name}")
    )  # a socket's folder stays
