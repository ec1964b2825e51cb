"""`manage.py demo`: the whole system on one machine, for a first look.

Here is the set-up of a demo and a small supervisor that keeps its three programs running.
"""

import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from bankcrm import embedded

HOST = "127.0.0.1"  # the logins are printed, so nobody else's machine may reach them
HEALTH_SECONDS = 120.0
STOP_SECONDS = 15.0
RESTART_SECONDS = 2.0
# So many deaths within so many seconds: starting it again will not help.
MANY_DEATHS, DEATHS_WITHIN_SECONDS = 4, 60.0
ENVIRONMENT = {
    "DEMO": "1",
    "PYTHONUNBUFFERED": "1",
    # Celery warns root of pickled tasks, which the settings do not accept.
    "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
}


class Command(BaseCommand):
    """Set up, load the sample bank, run web, worker and scheduler until Ctrl-C."""

    help = "Runs the whole system on this machine with a sample bank, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="where the pages are served (8000)")
        parser.add_argument("--empty", action="store_true", help="without the sample bank")
        parser.add_argument("--clients", type=int, help="how many clients the sample bank has")
        parser.add_argument(
            "--as-of", type=date.fromisoformat, metavar="DATE", help="the sample bank's today"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        refuse_port_in_use(port)
        if not (settings.BASE_DIR / "static" / "vendor").is_dir():
            raise CommandError("The front-end files are missing: run `make setup` first.")
        try:
            self._set_up(options)
            os.environ.setdefault("PUBLIC_URL", f"http://localhost:{port}")  # where links in mail lead
            supervisor = Supervisor(programs(port), say=self._say)
            succeeded = supervisor.run(is_ready=lambda: answers(port), announce=lambda: self._announce(port))
        except KeyboardInterrupt:
            self._say("Stopped.")
            sys.exit(130)
        if not succeeded:
            sys.exit(1)

    def _set_up(self, options: dict[str, Any]) -> None:
        self._say("Preparing the database …")
        call_command("migrate", verbosity=0, interactive=False, stdout=self.stdout)
        embedded.prepare_once(lambda: None)  # other commands need not look at the tables again
        if not settings.WHITENOISE_USE_FINDERS:
            self._say("Collecting the static files …")
            call_command("collectstatic", verbosity=0, interactive=False, stdout=self.stdout)
        if not options["empty"]:
            wishes = {name: options[name] for name in ("clients", "as_of") if options[name] is not None}
            call_command("load_sample", stdout=self.stdout, **wishes)
        connections.close_all()

    def _announce(self, port: int) -> None:
        call_command("demo_logins", stdout=self.stdout)
        connections.close_all()
        self._say(f"\nThe demo is at http://localhost:{port}/ (Ctrl-C stops it)\n")

    def _say(self, line: str) -> None:
        with suppress(OSError):  # a closed terminal must not keep the programs from being stopped
            self.stdout.write(line)
            self.stdout.flush()


def refuse_port_in_use(port: int) -> None:
    """Raise a CommandError of one sentence when the pages cannot be served at this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            hint = f"choose another one with `make demo PORT={port + 1}` or `--port {port + 1}`"
            raise CommandError(f"Port {port} cannot be used ({error}): {hint}.") from None


def answers(port: int) -> bool:
    """Whether the health page says that all is well."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health/", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@dataclass
class Program:
    """One program of the demo: how it is started, and how it is doing."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    output: int = -1
    unfinished_line: bytes = b""
    deaths: list[float] = field(default_factory=list)
    starts_at: float = 0.0


def programs(port: int) -> list[Program]:
    """Web, worker and scheduler, as the demo runs them."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--quiet", "-A", "bankcrm"]
    schedule = Path(settings.LOCAL_DIR) / "celerybeat-schedule"
    schedule.parent.mkdir(exist_ok=True)
    worker = ["worker", "-Q", "default,sending,imports", "-c", "2", "--without-gossip", "--without-mingle"]
    return [
        Program(
            "web",
            [*python, "gunicorn", "-c", "python:bankcrm.gunicorn", "-b", f"{HOST}:{port}", "bankcrm.wsgi"],
        ),
        Program("worker", [*celery, *worker, "-l", "WARNING"]),
        Program("beat", [*celery, "beat", "-s", str(schedule), "--pidfile=", "-l", "WARNING"]),
    ]


class Supervisor:
    """Runs programs in the foreground, passes their lines on, and starts again what dies."""

    def __init__(self, programs: list[Program], say: Callable[[str], None]) -> None:
        self.programs = programs
        self.say = say
        self.width = max(len(program.name) for program in programs)
        self.selector = selectors.DefaultSelector()
        self.requests_to_stop = 0
        self.gave_up = False

    def run(self, *, is_ready: Callable[[], bool], announce: Callable[[], None]) -> bool:
        """Run until asked to stop (True) or until it makes no sense to go on (False).

        `announce` is called once, as soon as `is_ready`. A second request to stop kills.
        """
        before = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        announced, deadline, looks_at = False, time.monotonic() + HEALTH_SECONDS, 0.0
        try:
            while not self.requests_to_stop and not self.gave_up:
                for program in self.programs:
                    self._look_after(program)
                self._pass_lines_on(0.25)
                if time.monotonic() < looks_at:
                    continue
                looks_at = time.monotonic() + 1.0
                for name in embedded.revive():
                    self.say(f"{name} had stopped and runs again")
                if not announced and not self.requests_to_stop:
                    if announced := is_ready():
                        announce()
                    elif time.monotonic() > deadline:
                        self._give_up(f"The web server did not answer within {HEALTH_SECONDS:.0f} s.")
        finally:
            self._stop()
            for number, handler in before.items():
                signal.signal(number, handler)
        return not self.gave_up

    def _ask(self, number: int, frame: object) -> None:
        self.requests_to_stop += 1

    def _look_after(self, program: Program) -> None:
        now = time.monotonic()
        if program.process is None:
            if now >= program.starts_at:
                self._start(program)
            return
        if program.process.poll() is None:
            return
        self._pass_lines_on(0)
        how = program.process.returncode
        # Its children would go on for a while, holding the port or a task.
        _kill_group(program.process)
        self._forget(program)
        program.deaths = [at for at in program.deaths if now - at < DEATHS_WITHIN_SECONDS] + [now]
        if len(program.deaths) >= MANY_DEATHS:
            self._give_up(
                f"{program.name} has stopped {MANY_DEATHS} times within a minute ({_in_words(how)})."
            )
            return
        program.starts_at = now + RESTART_SECONDS
        self.say(f"{program.name} has stopped ({_in_words(how)}) and starts again in {RESTART_SECONDS:.0f} s")

    def _start(self, program: Program) -> None:
        program.output, writing = os.pipe()
        os.set_blocking(program.output, False)
        self.selector.register(program.output, selectors.EVENT_READ, program)
        program.process = subprocess.Popen(  # noqa: S603 (see `programs`)
            program.command,
            cwd=settings.BASE_DIR,
            env={**os.environ, **ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,  # Ctrl-C comes to the demo alone, which then stops the others in order
            preexec_fn=_end_with_parent,  # sound because the demo has no threads
        )
        os.close(writing)

    def _forget(self, program: Program) -> None:
        if program.output in self.selector.get_map():
            self.selector.unregister(program.output)
        os.close(program.output)
        program.process = None

    def _pass_lines_on(self, seconds: float) -> None:
        if not self.selector.get_map():
            time.sleep(seconds)
        for key, _ in self.selector.select(seconds):
            program: Program = key.data
            output = os.read(key.fd, 65536)
            if not output:
                self.selector.unregister(key.fileobj)
            *lines, program.unfinished_line = (program.unfinished_line + output).split(b"\n")
            for line in lines:
                self.say(f"{program.name:{self.width}} | {line.decode(errors='replace')}")

    def _give_up(self, why: str) -> None:
        self.gave_up = True
        self.say(f"{why} Stopping everything.")

    def _stop(self) -> None:
        asked = self.requests_to_stop
        deadline = time.monotonic() + STOP_SECONDS
        self.say("Stopping … (Ctrl-C again kills)")
        for program in self.programs:
            if program.process:
                program.process.terminate()
        while any(program.process and program.process.poll() is None for program in self.programs):
            if self.requests_to_stop > asked or time.monotonic() > deadline:
                break
            self._pass_lines_on(0.1)
        for program in self.programs:
            if program.process:
                _kill_group(program.process)
                program.process.wait()
                self._forget(program)
        self.selector.close()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _in_words(how: int) -> str:
    return f"signal {-how}" if how < 0 else f"exit {how}"


def _libc() -> Any:
    """The C library where it knows prctl, loaded before any fork."""
    return ctypes.CDLL(None) if sys.platform == "linux" else None


LIBC = _libc()
PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """In a new child: have the kernel end it when the demo is killed, so that it never holds the port."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
