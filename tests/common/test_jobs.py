"""Work after the commit."""

import time

import pytest
from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from common import jobs


@pytest.mark.parametrize("error", [OperationalError("down"), ConnectionRefusedError()])
def test_unreachable_queue_loses_nothing_and_breaks_nothing(
    db, monkeypatch, error, django_capture_on_commit_callbacks
):
    def down(*args, **kwargs):
        raise error

    monkeypatch.setattr(jobs.current_app, "send_task", down)
    with django_capture_on_commit_callbacks(execute=True):
        jobs.after_commit("messaging.deliver", 1)


def test_nothing_is_queued_before_the_commit_or_after_a_rollback(transactional_db, monkeypatch):
    sent = []
    monkeypatch.setattr(jobs.current_app, "send_task", lambda task, args, retry: sent.append((task, args)))
    with transaction.atomic():
        jobs.after_commit("messaging.deliver", 1)
        assert sent == []
    with transaction.atomic():
        jobs.after_commit("messaging.deliver", 2)
        transaction.set_rollback(True)
    assert sent == [("messaging.deliver", (1,))]


def test_queue_that_is_gone_is_asked_once_and_then_left_alone_for_a_while(
    monkeypatch, db, django_capture_on_commit_callbacks
):
    tried = []

    def down(*args, **kwargs):
        tried.append(args)
        raise OperationalError("down")

    monkeypatch.setattr(jobs.current_app, "send_task", down)
    with django_capture_on_commit_callbacks(execute=True):
        for number in range(100):
            jobs.after_commit("messaging.deliver", number)
    assert len(tried) == 1
    monkeypatch.setattr(jobs, "_quiet_until", time.monotonic())
    with django_capture_on_commit_callbacks(execute=True):
        jobs.after_commit("messaging.deliver", 1)
    assert len(tried) == 2


def test_nobody_waits_long_for_a_redis_that_is_gone(monkeypatch, tmp_path):
    app = Celery(broker=f"redis+socket://{tmp_path}/nobody.sock", set_as_current=False)
    app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr(jobs, "current_app", app)
    began = time.monotonic()
    jobs._send("messaging.deliver", (1,))
    assert jobs.waiting("sending") is None
    assert time.monotonic() - began < 2


def test_tasks_that_wait_are_counted():
    queue = "test-waiting"
    with jobs.current_app.connection_for_write() as connection:
        channel = connection.default_channel
        channel.queue_delete(queue)
        assert jobs.waiting(queue) == 0
        for _number in range(3):
            jobs.current_app.send_task("messaging.deliver", args=(0,), queue=queue)
        assert jobs.waiting(queue) == 3
        channel.queue_delete(queue)
