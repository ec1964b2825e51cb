"""Work after the commit."""

import pytest
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
