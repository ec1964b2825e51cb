"""Sends many messages while everything around the outbox is killed, and compares what was sent with what arrived."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from benchmarks.outbox_worker import KIND
from benchmarks.postman import REFUSED, Counting
from messaging import services
from messaging.models import Message

LONGEST_LULL = 20.0  # seconds that a killer waits for somebody to be in the middle of a mail


@dataclass(frozen=True)
class Plan:
    """How much is sent and how much goes wrong."""

    messages: int = 1000
    kills: int = 100
    workers: int = 2
    seed: int = 1
    deadline: float = 300.0  # seconds for what is left after the last kill
    environment: dict[str, str] = field(default_factory=dict)  # of the workers
    around: datetime | None = (
        None  # a third of the messages may not leave before the seconds around this moment
    )
    # What else goes wrong before which kill: a name and what to do.
    mishaps: dict[int, tuple[str, Callable[[], object]]] = field(default_factory=dict)


@dataclass
class Figures:
    """What was sent, by state, and what arrived."""

    states: Counter[str] = field(default_factory=Counter)
    mishaps: Counter[str] = field(default_factory=Counter)
    kills_in_a_mail: int = 0
    unknown_arrived: int = 0
    unknown_not_arrived: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)  # how the promise was broken; empty: it was kept


class Worker:
    """One worker with its processes, in a process group that can be killed as a whole."""

    def __init__(self, name: str, environment: dict[str, str], processes: int = 2) -> None:
        self.name = name
        self.processes = processes
        self.environment = environment
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "benchmarks.outbox_worker", "worker", "-Q", "sending", "-c", str(self.processes),
             "-n", f"{self.name}@%h", "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"],
            cwd=settings.BASE_DIR,
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def prove(plan: Plan, postman: Counting) -> Figures:
    """Run the plan against this process's database and queue. The caller has set `hurry()` and the clock."""
    figures, dice, began = Figures(), random.Random(plan.seed), time.monotonic()
    over = threading.Event()
    sweeper = threading.Thread(target=_sweep_until, args=[over])
    workers = [Worker(f"proof{number}", plan.environment) for number in range(plan.workers)]
    sweeper.start()
    try:
        fed = 0
        for kill in range(plan.kills):
            wanted = plan.messages * (kill + 1) // plan.kills
            _feed(range(fed, wanted), plan, dice)
            fed = wanted
            if kill in plan.mishaps:
                name, happen = plan.mishaps[kill]
                figures.mishaps[name] += 1
                happen()
            postman.is_busy.wait(LONGEST_LULL)
            time.sleep(dice.uniform(0, 0.2))
            figures.kills_in_a_mail += postman.under_way > 0
            victim = dice.choice(workers)
            victim.kill()
            figures.mishaps["worker killed"] += 1
            victim.start()
        _await_the_end(plan)
    finally:
        over.set()
        sweeper.join()
        for worker in workers:
            worker.kill()
    figures.seconds = time.monotonic() - began
    _compare(figures, plan, postman)
    return figures


def _feed(numbers: Iterable[int], plan: Plan, dice: random.Random) -> None:
    for number in numbers:
        name = REFUSED if number % 50 == 7 else "client"
        not_before = None
        if plan.around and number % 3 == 0:
            not_before = plan.around + timedelta(seconds=dice.uniform(-5, 5))
        _insist(
            lambda number=number, name=name, not_before=not_before: services.queue_message(
                address=f"{name}{number}@x.example",
                kind=KIND,
                subject=f"Message {number}",
                body="As told.",
                dedupe_key=f"proof/{number}",
                not_before=not_before,
            )
        )


def _insist(act: Callable[[], object]) -> object:
    """Do it, however often the database goes away; all that is done here may be done twice."""
    until = time.monotonic() + 60
    while True:
        try:
            return act()
        except (DatabaseError, InterfaceError):
            connection.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _sweep_until(over: threading.Event) -> None:
    while not over.wait(1):
        try:
            services.sweep()
        except (DatabaseError, InterfaceError):
            connection.close()
    connection.close()


def _await_the_end(plan: Plan) -> None:
    until = time.monotonic() + plan.deadline
    left = Message.objects.filter(kind=KIND, state__in=["queued", "sending"])
    while time.monotonic() < until and _insist(left.exists):
        time.sleep(0.2)


def _compare(figures: Figures, plan: Plan, postman: Counting) -> None:
    rows = list(Message.objects.filter(kind=KIND).values_list("message_id", "state", "address"))
    known = {message_id for message_id, _state, _address in rows}
    doubled = lost = early = 0
    for message_id, state, address in rows:
        arrived = postman.taken[message_id]
        figures.states[state] += 1
        doubled += arrived > 1
        if state == "sent" and arrived == 0:
            lost += 1
        if state == "unknown":
            figures.unknown_arrived += arrived > 0
            figures.unknown_not_arrived += arrived == 0
        if state == "failed" and (arrived or not address.startswith(REFUSED)):
            early += 1
    wrong = {
        f"{plan.messages - len(rows)} rows are missing": len(rows) != plan.messages,
        f"{doubled} arrived twice": doubled,
        f"{lost} are called sent and never arrived": lost,
        f"{early} failed without having been refused": early,
        f"{figures.states['queued']} still wait": figures.states["queued"],
        f"{figures.states['sending']} are still being sent": figures.states["sending"],
        "mail arrived that nobody wrote": set(postman.taken) - known,
    }
    figures.broken = [words for words, is_so in wrong.items() if is_so]
