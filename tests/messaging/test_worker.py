"""A real Celery worker on the test's database and a Redis number of its own, killed while it sends."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from kombu import Connection

from bankcrm.celery import app
from messaging import services
from messaging.models import Message
from messaging.services import deliver, queue_message, sweep
from tests.messaging.conftest import free_port
from tests.servers import with_number

REDIS_DB = 6
DEADLINE_SECONDS = 90


def _wait_for(condition) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)  # between two looks, never instead of one


def _database_url() -> str:
    """The test's own database, for another process."""
    address, mark, rest = os.environ["DATABASE_URL"].partition("?")
    return f"{address.rpartition('/')[0]}/{connection.settings_dict['NAME']}{mark}{rest}"


@pytest.fixture
def worker(transactional_db, postman):
    """A worker process, and `send(task, id)` into its queue."""
    redis_url = with_number(django_settings.REDIS_URL, REDIS_DB)
    redis.from_url(redis_url).flushdb()
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "bankcrm", "worker", "-Q", "sending", "-c", "1",
         "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"],
        cwd=django_settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": _database_url(),
            "REDIS_URL": redis_url,
            "EMAIL_URL": f"smtp://127.0.0.1:{django_settings.EMAIL_PORT}",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    broker = redis_url.replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")

    def send(task, *ids):
        with Connection(broker) as link:
            app.send_task(task, args=ids, queue="sending", connection=link)

    try:
        yield process, send
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        redis.from_url(redis_url).flushdb()


def _state(message) -> str:
    return Message.objects.values_list("state", flat=True).get(pk=message.pk)


def test_worker_delivers_and_one_killed_while_sending_leaves_an_unknown_and_no_double(worker, postman, alice):
    process, send = worker
    first = queue_message(user=alice, address=alice.email, kind="digest", subject="1 action", body="")
    send("messaging.deliver", first.pk)
    _wait_for(lambda: _state(first) == "sent")
    assert len(postman.accepted) == 1

    postman.data = "silent"
    postman.reached_data.clear()
    second = queue_message(user=alice, address=alice.email, kind="digest", subject="2 actions", body="")
    send("messaging.deliver", second.pk)
    assert postman.reached_data.wait(DEADLINE_SECONDS)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert _state(second) == "sending"
    assert len(postman.accepted) == 2

    postman.data = "250 taken"
    assert deliver(second.pk) == ""
    second.refresh_from_db()
    assert sweep(second.claimed_at + timedelta(minutes=11))["unknown"] == 1
    assert _state(second) == "unknown"
    assert deliver(second.pk) == ""
    assert len(postman.accepted) == 2


HURRIED = ("FIRST_WAIT", "LONGEST_WAIT", "STUCK_AFTER", "ENQUEUE_GRACE", "MOST_ATTEMPTS", "FINISH_WAITS")


def test_killed_workers_and_an_emptied_queue_lose_and_double_nothing(
    transactional_db, kinds, monkeypatch, settings
):
    """The proof of docs/operations.md, small: `python -m benchmarks.outbox` is the whole of it."""
    from benchmarks import outbox_proof, outbox_worker, postman

    for name in HURRIED:
        monkeypatch.setattr(services, name, getattr(services, name))
    settings.EMAIL_TIMEOUT = 5
    services.register_kind(outbox_worker.KIND, gate=lambda message: True)
    outbox_worker.hurry(stuck_after=2)
    queue = redis.from_url(django_settings.REDIS_URL)
    queue.flushdb()
    counting = postman.Counting(seed=1, slowest=0.1)
    port = free_port()
    server = postman.listening(counting, port)
    try:
        figures = outbox_proof.prove(
            outbox_proof.Plan(
                messages=30,
                kills=5,
                deadline=DEADLINE_SECONDS,
                environment={
                    "DATABASE_URL": _database_url(),
                    "EMAIL_URL": f"smtp://127.0.0.1:{port}",
                    "OUTBOX_HURRY": "1",
                },
                mishaps={2: ("Redis emptied", queue.flushdb)},
            ),
            counting,
        )
    finally:
        server.stop()
        queue.flushdb()
    assert figures.broken == []
    assert figures.kills_in_a_mail
    # How many a kill cuts off is chance, a few each; what must hold for every one of them is `broken`.
    assert figures.states["sent"] >= 10
