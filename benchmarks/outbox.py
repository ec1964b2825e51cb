"""`python -m benchmarks.outbox`: what the outbox survives, and how fast it is.

Runs on a PostgreSQL and a Redis of its own under .local/outbox, which it kills. Exits with 1 when a message was
lost or doubled. `--control` sends before it claims, and must fail.
"""

import argparse
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bankcrm import embedded

BASE = embedded.ROOT / ".local" / "outbox"
DATABASE = "bankcrm_outbox"
REDIS_DB = 7
ROUNDS = 5
PROCESSES = 2  # of the worker whose speed is measured
# In Jerusalem the clocks go forward at 02:00 of this day, which is midnight in UTC: both at one stroke.
MIDNIGHT = datetime(2027, 3, 26, tzinfo=UTC)
SECONDS_BEFORE = 90.0  # of the run, until the moved clock says so


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=100, help="of a worker's process group")
    parser.add_argument(
        "--mishaps", type=int, default=4, help="of each kind: Redis emptied, Redis killed, PostgreSQL killed"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", action="store_true", help="send before claiming: must end with doubles")
    parser.add_argument("--rate", action="store_true", help="measure speed instead")
    options = parser.parse_args()
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
    with embedded.running(BASE, redis_db=REDIS_DB) as urls:
        port = free_port()
        os.environ["DATABASE_URL"] = f"{urls.database_url.rpartition('/')[0]}/{DATABASE}"
        os.environ["EMAIL_URL"] = f"smtp://127.0.0.1:{port}"
        os.environ["DJANGO_SETTINGS_MODULE"] = "bankcrm.settings"
        os.environ["LOG_LEVEL"] = "ERROR"
        from benchmarks import outbox_worker  # sets Django up, which reads the environment

        fresh_database()
        if options.rate:
            rate(port, options.messages)
            return
        clock = (MIDNIGHT - datetime.now(UTC)).total_seconds() - SECONDS_BEFORE
        outbox_worker.hurry()
        outbox_worker.move_clock(clock)
        environment = {"OUTBOX_HURRY": "1", "OUTBOX_CLOCK": str(clock)}
        if options.control:
            environment["OUTBOX_CONTROL"] = "1"
        sys.exit(proof(port, options, environment))


def proof(port: int, options: argparse.Namespace, environment: dict[str, str]) -> int:
    """Run it and print the figures; 1 if the promise was broken."""
    from benchmarks.outbox_proof import Plan, prove
    from benchmarks.postman import Counting, listening

    mishaps = {"Redis emptied": empty_redis, "Redis killed": kill_redis, "PostgreSQL killed": kill_postgres}
    names = [name for name in mishaps for _number in range(options.mishaps)]
    random.Random(options.seed).shuffle(names)
    moments = {(number + 1) * options.kills // (len(names) + 1): name for number, name in enumerate(names)}
    postman = Counting(options.seed)
    server = listening(postman, port)
    try:
        figures = prove(
            Plan(
                messages=options.messages,
                kills=options.kills,
                seed=options.seed,
                environment=environment,
                around=MIDNIGHT,
                mishaps={kill: (name, mishaps[name]) for kill, name in moments.items()},
            ),
            postman,
        )
    finally:
        server.stop()
    states = figures.states
    lines = {
        "messages": options.messages,
        "workers killed (in the middle of a mail)": f"{figures.mishaps['worker killed']} ({figures.kills_in_a_mail})",
        **{name: figures.mishaps[name] for name in mishaps},
        **{f"server: {what}": number for what, number in sorted(postman.spoken.items())},
        "sent": states["sent"],
        "refused": states["failed"],
        "perhaps sent (arrived, did not)": f"{states['unknown']} ({figures.unknown_arrived}, {figures.unknown_not_arrived})",
        "waiting or being sent": states["queued"] + states["sending"],
        "arrived": len(postman.taken),
        "arrived twice": sum(number > 1 for number in postman.taken.values()),
        "seconds": f"{figures.seconds:.0f}",
    }
    for what, number in lines.items():
        print(f"{what:42} {number}")
    print(
        "The promise was broken: " + "; ".join(figures.broken) if figures.broken else "The promise was kept."
    )
    return 1 if figures.broken else 0


def rate(port: int, messages: int) -> None:
    """Print how many messages and how many tasks that only count one worker does in a second."""
    from celery import current_app
    from django.core.cache import cache

    from benchmarks.outbox_proof import Worker
    from benchmarks.outbox_worker import COUNTED, KIND
    from benchmarks.postman import Sink, sinking
    from messaging.services import queue_message

    def measured(done: Callable[[], int], wanted: int) -> float:
        worker = Worker("rate", {}, PROCESSES)
        try:
            while (first := done()) < wanted // 10:  # warm
                time.sleep(0.02)
            began = time.monotonic()
            while (last := done()) < wanted:
                time.sleep(0.02)
            return (last - first) / (time.monotonic() - began)
        finally:
            worker.kill()

    stop = sinking(port)
    counting, sending = [], []
    for _round in range(ROUNDS):  # by turns: a busy machine is busy for both
        cache.set(COUNTED, 0, None)
        for number in range(messages):
            current_app.send_task("benchmarks.count", args=[number], queue="sending")
        counting.append(measured(lambda: cache.get(COUNTED), messages))
        Sink.taken = 0
        for number in range(messages):
            queue_message(address=f"client{number}@x.example", kind=KIND, subject="Message", body="As told.")
        sending.append(measured(lambda: Sink.taken, messages))
    stop()
    counted, sent = max(counting), max(sending)  # the round that others on the machine disturbed least
    print(f"a task that only counts {counted:8.0f}/s (best of {ROUNDS} rounds)")
    print(f"a message sent          {sent:8.0f}/s, {sent / counted:.0%} of it")
    print("each round:", ", ".join(f"{s / c:.0%}" for s, c in zip(sending, counting, strict=True)))


def fresh_database() -> None:
    from django.core.management import call_command

    from bankcrm.management.commands.bench import use_database

    use_database(DATABASE, is_fresh=True)
    call_command("migrate", verbosity=0, interactive=False)
    empty_redis()


def empty_redis() -> None:
    import redis

    redis.from_url(os.environ["REDIS_URL"]).flushall()


def kill_redis() -> None:
    os.kill(int((BASE / "redis" / "pid").read_text()), signal.SIGKILL)
    _revive("redis")


def kill_postgres() -> None:
    """An immediate shutdown: no session ends properly, and the log is replayed at the next start."""
    os.kill(int(_first_line(BASE / "postgres" / "postmaster.pid")), signal.SIGQUIT)
    _revive("postgres")


def _revive(name: str) -> None:
    time.sleep(random.uniform(0.2, 1.5))
    until = time.monotonic() + 30
    while name not in embedded.revive():
        if time.monotonic() > until:
            raise RuntimeError(f"{name} does not come back")
        time.sleep(0.1)


def _first_line(path: Path) -> str:
    return path.read_text().split()[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
