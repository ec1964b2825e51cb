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
from messaging.models import Message
from messaging.services import deliver, queue_message, sweep

REDIS_DB = "6"
DEADLINE_SECONDS = 90


def _wait_for(condition) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)  # between two looks, never instead of one


@pytest.fixture
def worker(transactional_db, postman):
    """A worker process, and `send(task, id)` into its queue."""
    base = django_settings.REDIS_URL.partition("?")[0]
    redis_url = (
        f"{base}?db={REDIS_DB}" if base.startswith("unix") else f"{base.rpartition('/')[0]}/{REDIS_DB}"
    )
    redis.from_url(redis_url).flushdb()
    settings_dict = connection.settings_dict
    address, mark, rest = os.environ["DATABASE_URL"].partition("?")
    database_url = f"{address.rpartition('/')[0]}/{settings_dict['NAME']}{mark}{rest}"
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "bankcrm", "worker", "-Q", "sending", "-c", "1",
         "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"],
        cwd=django_settings.BASE_DIR,
        env={
            **os.environ,
            "DATABASE_URL": database_url,
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
