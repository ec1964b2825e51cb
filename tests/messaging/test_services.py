"""The outbox: queued once, sent once, tried again only while nothing has left; and notifications."""

import threading
from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections
from django.utils import timezone

from common.models import KeptAnswer
from messaging import gateways, services
from messaging.models import Message, Notification
from messaging.services import (
    MOST_ATTEMPTS,
    deliver,
    notify,
    notify_each,
    queue_message,
    register_kind,
    settle_unknown,
    sweep,
    wait_after,
)


class Recorder:
    """A gateway that notes what is sent and can be told how to fail."""

    def __init__(self):
        self.sent = []
        self.error = None
        self.meanwhile = None

    def send(self, message):
        if self.meanwhile:
            self.meanwhile()
        if self.error:
            raise self.error
        self.sent.append(message.pk)


@pytest.fixture
def gateway(monkeypatch):
    recorder = Recorder()
    monkeypatch.setitem(gateways.GATEWAYS, "email", recorder)
    return recorder


@pytest.fixture
def enqueued(monkeypatch):
    """The tasks that would have been queued after the commit."""
    found = []
    monkeypatch.setattr(services, "after_commit", lambda task, *ids: found.append((task, *ids)))
    return found


def _queue(user, **extra):
    fields = {"address": user.email, "kind": "digest", "subject": "3 actions today", "body": "See the page."}
    return queue_message(user=user, **{**fields, **extra})


def _state(message):
    message.refresh_from_db()
    return message.state


# -- putting in -----------------------------------------------------------------------------------


def test_message_is_enqueued_after_the_commit(alice, django_capture_on_commit_callbacks, enqueued):
    message = _queue(alice)
    assert message.state == "queued"
    assert message.message_id.endswith("@meridian.example>")
    assert enqueued == [("messaging.deliver", message.pk)]


def test_message_for_later_is_left_to_the_sweeper(alice, enqueued):
    _queue(alice, not_before=timezone.now() + timedelta(hours=1))
    assert enqueued == []


def test_same_dedupe_key_gives_the_first_message_and_no_second(alice, enqueued):
    first = _queue(alice, dedupe_key="digest/1/2026-08-12")
    second = _queue(alice, dedupe_key="digest/1/2026-08-12", subject="Something else")
    assert second == first
    assert second.subject == "3 actions today"
    assert len(enqueued) == 1


def test_subject_becomes_one_line(alice):
    assert _queue(alice, subject="Two\r\nBcc: x@y.example").subject == "Two Bcc: x@y.example"


def test_what_a_channel_needs_is_kept_with_the_message(alice):
    needs = {
        "address": "Carla Núñez\n" + "Calle Mayor 1\n" * 30,
        "language": "es",
        "sender": "Meridian\nMadrid",
        "reply_to": "alice@bank.example",
        "unsubscribe_url": "https://x.example/u/1/",
        "calendar": "BEGIN:VCALENDAR",
    }
    message = _queue(alice, **needs)
    message.refresh_from_db()
    assert {name: getattr(message, name) for name in needs} == needs


def test_somebody_outside_is_not_written_to_without_a_gate(db, kinds):
    with pytest.raises(ValueError, match="gate"):
        queue_message(address="client@x.example", kind="greeting", subject="Hello", body="")
    register_kind("greeting", on_state=lambda message: None)
    with pytest.raises(ValueError, match="gate"):
        queue_message(address="client@x.example", kind="greeting", subject="Hello", body="")


# -- sending --------------------------------------------------------------------------------------


def test_delivered_message_is_sent_once_however_often_the_task_runs(alice, gateway):
    message = _queue(alice)
    assert deliver(message.pk) == "sent"
    assert deliver(message.pk) == ""
    assert gateway.sent == [message.pk]
    assert _state(message) == "sent"
    assert message.sent_at is not None
    assert message.attempts == 1


def test_message_is_not_sent_before_its_time(alice, gateway):
    message = _queue(alice, not_before=timezone.now() + timedelta(minutes=1))
    assert deliver(message.pk) == ""
    assert gateway.sent == []


def test_gateway_that_asks_for_a_longer_wait_gets_it(alice, gateway):
    message = _queue(alice)
    gateway.error = gateways.NotSent("the SMS gateway answered 429", wait=3600)
    before = timezone.now()
    assert deliver(message.pk) == "queued"
    message.refresh_from_db()
    assert message.not_before >= before + timedelta(hours=1)


def test_no_such_message_is_nothing_to_do(db, gateway):
    assert deliver(999) == ""


def test_message_that_did_not_leave_waits_and_is_tried_again(alice, gateway):
    message = _queue(alice)
    gateway.error = gateways.NotSent("ConnectionRefusedError")
    before = timezone.now()
    assert deliver(message.pk) == "queued"
    assert _state(message) == "queued"
    assert message.error == "ConnectionRefusedError"
    assert message.not_before > before + timedelta(seconds=40)
    assert deliver(message.pk) == ""  # not yet

    gateway.error = None
    Message.objects.update(not_before=before)
    assert deliver(message.pk) == "sent"
    assert _state(message) == "sent"
    assert message.error == ""
    assert message.attempts == 2


def test_trying_again_ends_after_eight_attempts(alice, gateway):
    message = _queue(alice)
    gateway.error = gateways.NotSent("ConnectionRefusedError")
    for _attempt in range(MOST_ATTEMPTS - 1):
        Message.objects.update(not_before=timezone.now())
        assert deliver(message.pk) == "queued"
    Message.objects.update(not_before=timezone.now())
    assert deliver(message.pk) == "failed"
    assert _state(message) == "failed"


def test_waits_grow_to_six_hours_and_are_never_all_the_same():
    minutes = [wait_after(attempt).total_seconds() / 60 for attempt in range(1, 9)]
    for wait, middle in zip(minutes, [1, 4, 16, 64, 256, 360, 360, 360], strict=True):
        assert middle * 0.8 <= wait <= middle * 1.2
    assert len({wait_after(1) for _ in range(20)}) > 1


def test_refused_message_fails_at_once(alice, gateway):
    message = _queue(alice)
    gateway.error = gateways.Refused("the mail server answered 550")
    assert deliver(message.pk) == "failed"
    assert _state(message) == "failed"
    assert message.error == "the mail server answered 550"


def test_message_that_may_have_left_is_unknown_and_never_sent_again_by_itself(alice, gateway, enqueued):
    message = _queue(alice)
    enqueued.clear()
    gateway.error = gateways.Unclear("SMTPServerDisconnected")
    assert deliver(message.pk) == "unknown"
    gateway.error = None
    Message.objects.update(not_before=timezone.now() - timedelta(days=1))
    assert sweep()["enqueued"] == 0
    assert deliver(message.pk) == ""
    assert gateway.sent == []
    assert _state(message) == "unknown"


def test_claim_is_committed_before_anything_is_said(alice, gateway, transactional_db):
    message = _queue(alice)
    seen = []

    def look():
        def from_outside():
            seen.append(Message.objects.values_list("state", "attempts").get(pk=message.pk))
            connection.close()

        other = threading.Thread(target=from_outside)
        other.start()
        other.join()

    gateway.meanwhile = look
    deliver(message.pk)
    assert seen == [("sending", 1)]


def _both_at_once(work):
    barrier, results = threading.Barrier(2), []

    def run():
        try:
            connections["default"].ensure_connection()
            barrier.wait(timeout=5)
            results.append(work())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    return results


def test_two_workers_on_one_message_send_it_once(alice, gateway, transactional_db):
    for _round in range(10):
        gateway.sent.clear()
        message = _queue(alice)
        results = _both_at_once(lambda pk=message.pk: deliver(pk))
        assert sorted(results) == ["", "sent"]
        assert gateway.sent == [message.pk]


def test_two_workers_that_only_look_before_they_send_would_send_twice(alice, gateway, transactional_db):
    """The control: without the conditional update the race is there."""
    message = _queue(alice)
    looked = threading.Barrier(2)

    def careless():
        due = Message.objects.due(timezone.now()).filter(pk=message.pk).exists()
        looked.wait(timeout=5)
        if due:
            gateway.send(message)

    _both_at_once(careless)
    assert gateway.sent == [message.pk, message.pk]


def test_person_who_left_the_bank_gets_no_mail(alice, gateway):
    message = _queue(alice)
    alice.is_active = False
    alice.save()
    assert deliver(message.pk) == "failed"
    assert gateway.sent == []


# -- the owner's gate -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"), [(False, "stopped by its owner's rule"), ("no consent", "no consent"), (None, "")]
)
def test_gate_is_asked_again_at_sending_time(alice, gateway, kinds, answer, error):
    answers = [True]
    register_kind("greeting", gate=lambda message: answers[0])
    message = _queue(alice, kind="greeting")
    answers[0] = answer
    assert deliver(message.pk) == "failed"
    assert gateway.sent == []
    assert _state(message) == "failed"
    assert error in message.error


def test_gate_that_says_yes_lets_it_go_and_the_owner_is_told_each_state(alice, gateway, kinds):
    told = []
    register_kind("greeting", gate=lambda message: True, on_state=lambda message: told.append(message.state))
    message = queue_message(address="client@x.example", kind="greeting", subject="Hello", body="")
    gateway.error = gateways.NotSent("x")
    deliver(message.pk)
    gateway.error = None
    Message.objects.update(not_before=timezone.now())
    deliver(message.pk)
    assert told == ["queued", "sent"]


def test_gate_that_breaks_stops_the_message_and_it_is_tried_again(alice, gateway, kinds):
    def broken(message):
        raise LookupError("a client's name")

    register_kind("greeting", gate=broken)
    message = _queue(alice, kind="greeting")
    assert deliver(message.pk) == "queued"
    assert _state(message) == "queued"
    assert message.error == "gate: LookupError"
    assert gateway.sent == []


def test_message_to_somebody_outside_whose_gate_is_gone_is_not_sent(gateway, kinds, db):
    register_kind("greeting", gate=lambda message: True)
    message = queue_message(address="client@x.example", kind="greeting", subject="Hello", body="")
    services._kinds.clear()
    assert deliver(message.pk) == "failed"
    assert gateway.sent == []


def test_owner_that_breaks_does_not_make_a_sent_message_unsent(alice, gateway, kinds):
    def broken(message):
        Notification.objects.create(user=alice, kind="x", subject="half")
        raise LookupError("a client's name")

    register_kind("greeting", gate=lambda message: True, on_state=broken)
    message = _queue(alice, kind="greeting")
    assert deliver(message.pk) == "sent"
    assert _state(message) == "sent"
    assert not Notification.objects.exists()


def test_database_that_goes_away_while_sending_does_not_make_a_sent_message_unknown(
    alice, gateway, transactional_db, monkeypatch
):
    monkeypatch.setattr(services, "FINISH_WAITS", (0, 0))
    message = _queue(alice)

    def restart():
        ours = connection.connection.info.backend_pid
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [ours])
        other.close()

    gateway.meanwhile = restart
    assert deliver(message.pk) == "sent"
    assert _state(message) == "sent"
    assert gateway.sent == [message.pk]


# -- clearing up ----------------------------------------------------------------------------------


def test_sweeper_enqueues_what_a_lost_queue_left_behind_and_not_what_is_young_or_for_later(alice, enqueued):
    old, young, later = _queue(alice), _queue(alice), _queue(alice)
    Message.objects.filter(pk=old.pk).update(not_before=timezone.now() - timedelta(minutes=2))
    Message.objects.filter(pk=later.pk).update(not_before=timezone.now() + timedelta(hours=1))
    enqueued.clear()
    assert sweep()["enqueued"] == 1
    assert enqueued == [("messaging.deliver", old.pk)]
    assert _state(young) == "queued"


@pytest.mark.parametrize(("waiting", "enqueued_now"), [(0, 3), (4998, 2), (5000, 0), (100_000, 0), (None, 0)])
def test_sweeper_fills_the_queue_and_never_floods_it(alice, enqueued, monkeypatch, waiting, enqueued_now):
    for _number in range(3):
        _queue(alice)
    Message.objects.update(not_before=timezone.now() - timedelta(minutes=2))
    enqueued.clear()
    monkeypatch.setattr(services, "waiting", lambda queue: waiting)
    for _minute in range(3):
        assert sweep()["enqueued"] == enqueued_now


@pytest.mark.parametrize(
    "moment",
    ["2026-03-29T01:00:00+00:00", "2026-10-25T01:00:00+00:00", "2026-12-31T23:59:59.999999+00:00"],
)
def test_midnight_and_the_change_of_clocks_raise_nothing_early_late_or_twice(alice, enqueued, moment):
    """Madrid's clocks change at 01:00 UTC; all that counts here is UTC."""
    at = datetime.fromisoformat(moment)
    before, after = _queue(alice, not_before=at), _queue(alice, not_before=at + timedelta(minutes=1))
    enqueued.clear()
    sweep(at + timedelta(seconds=30))
    assert enqueued == [("messaging.deliver", before.pk)]
    enqueued.clear()
    Message.objects.filter(pk=before.pk).update(state="sending", claimed_at=at - timedelta(seconds=1))
    assert sweep(at + timedelta(minutes=9, seconds=59))["unknown"] == 0
    assert enqueued == [("messaging.deliver", after.pk)]
    assert sweep(at + timedelta(minutes=10))["unknown"] == 1


def test_sweeper_calls_unknown_what_a_dead_worker_was_sending(alice, erin, gateway):
    stuck, busy = _queue(alice), _queue(alice)
    now = timezone.now()
    Message.objects.filter(pk=stuck.pk).update(state="sending", claimed_at=now - timedelta(minutes=11))
    Message.objects.filter(pk=busy.pk).update(state="sending", claimed_at=now - timedelta(minutes=9))
    assert sweep()["unknown"] == 1
    assert sweep()["unknown"] == 0
    assert _state(stuck) == "unknown"
    assert _state(busy) == "sending"
    notice = Notification.objects.get(user=erin)
    assert (notice.kind, notice.count) == ("message_unknown", 1)


def test_a_letter_that_a_dead_worker_was_writing_is_written_again(alice, settings, tmp_path):
    settings.LETTERS_DIR = tmp_path
    letter = _queue(alice, channel="letter", address="Ann Lee\n1 Long Lane")
    now = timezone.now()
    Message.objects.filter(pk=letter.pk).update(
        state="sending", claimed_at=now - timedelta(minutes=11), attempts=1
    )
    assert sweep()["unknown"] == 0
    assert _state(letter) == "queued"
    Message.objects.filter(pk=letter.pk).update(not_before=now)
    assert deliver(letter.pk) == "sent"
    assert len(list(tmp_path.glob("*/*.pdf"))) == 1


def test_slow_worker_that_finishes_after_the_sweeper_gave_up_still_says_that_it_was_sent(alice, gateway):
    message = _queue(alice)
    gateway.meanwhile = lambda: sweep(timezone.now() + timedelta(minutes=11))
    assert deliver(message.pk) == "sent"
    assert _state(message) == "sent"


def test_slow_worker_does_not_undo_a_persons_decision(alice, erin, gateway):
    message = _queue(alice)

    def meanwhile():
        sweep(timezone.now() + timedelta(minutes=11))
        settle_unknown(actor=erin, message=message, was_sent=False)

    gateway.meanwhile = meanwhile
    gateway.error = gateways.Refused("550")
    assert deliver(message.pk) == ""
    assert _state(message) == "queued"


def test_sweeper_drops_kept_answers_after_a_day(db):
    now = timezone.now()
    for hours in (23, 25):
        KeptAnswer.objects.create(
            owner="user/1", key=str(hours), request_digest="", at=now - timedelta(hours=hours)
        )
    assert sweep()["dropped"] == 1
    assert KeptAnswer.objects.get().key == "23"


def test_administrators_are_told_at_once_of_what_may_have_left(alice, erin, gateway):
    gateway.error = gateways.Unclear("TimeoutError")
    deliver(_queue(alice).pk)
    deliver(_queue(alice).pk)
    notice = Notification.objects.get(user=erin)
    assert (notice.kind, notice.count) == ("message_unknown", 2)


def test_gateway_that_breaks_leaves_it_to_a_person(alice, gateway):
    gateway.error = LookupError("an address")
    message = _queue(alice)
    assert deliver(message.pk) == "unknown"
    assert _state(message) == "unknown"
    assert message.error == "LookupError"


# -- a person decides -----------------------------------------------------------------------------


@pytest.fixture
def undecided(alice):
    message = _queue(alice)
    Message.objects.update(state="unknown", claimed_at=timezone.now(), attempts=1)
    message.refresh_from_db()
    return message


def test_administrator_says_that_it_was_sent(undecided, erin, gateway):
    settle_unknown(actor=erin, message=undecided, was_sent=True)
    assert _state(undecided) == "sent"
    assert deliver(undecided.pk) == ""


def test_administrator_sends_it_again(undecided, erin, gateway, enqueued):
    settle_unknown(actor=erin, message=undecided, was_sent=False)
    assert enqueued == [("messaging.deliver", undecided.pk)]
    assert deliver(undecided.pk) == "sent"


def test_only_one_decides_and_only_administrators(undecided, erin, bob):
    with pytest.raises(PermissionDenied):
        settle_unknown(actor=bob, message=undecided, was_sent=True)
    settle_unknown(actor=erin, message=undecided, was_sent=True)
    with pytest.raises(ValidationError):
        settle_unknown(actor=erin, message=undecided, was_sent=False)


def test_owner_of_a_kind_says_who_decides(erin, bob, kinds, gateway):
    register_kind(
        "greeting", gate=lambda message: True, may_settle=lambda actor, message: actor.role == "supervisor"
    )
    message = queue_message(address="client@x.example", kind="greeting", subject="Hello", body="")
    Message.objects.update(state="unknown", claimed_at=timezone.now())
    with pytest.raises(PermissionDenied):
        settle_unknown(actor=erin, message=message, was_sent=True)
    assert settle_unknown(actor=bob, message=message, was_sent=True).state == "sent"


# -- notifications --------------------------------------------------------------------------------


def test_unread_notices_about_the_same_become_one_that_counts(alice, bob):
    notify(user=alice, kind="due", subject="day/2026-08-12", url="/today/", count=3)
    notify(user=alice, kind="due", subject="day/2026-08-12", url="/today/", count=2)
    notify(user=alice, kind="due", subject="day/2026-08-13")
    notify(user=bob, kind="due", subject="day/2026-08-12")
    first = Notification.objects.get(user=alice, subject="day/2026-08-12")
    assert (first.count, first.url) == (5, "/today/")
    assert Notification.objects.count() == 3
    assert first.events.count() == 2  # history saw the insert and the update


def test_what_was_read_stays_read_and_a_new_notice_begins(alice):
    notify(user=alice, kind="due", subject="day/2026-08-12", count=3)
    assert services.mark_read(actor=alice) == 1
    notify(user=alice, kind="due", subject="day/2026-08-12", count=2)
    kept = {notice.count: notice.read_at is None for notice in Notification.objects.all()}
    assert kept == {3: False, 2: True}


def test_reading_marks_only_ones_own(alice, bob):
    notify_each(counts={alice.pk: 1, bob.pk: 2}, kind="due", subject="day/2026-08-12")
    theirs = Notification.objects.get(user=bob)
    assert services.mark_read(actor=alice, notifications=[theirs]) == 0
    assert Notification.objects.unread().count() == 2


def test_two_at_once_lose_no_count(alice, bob, transactional_db):
    def tell():
        for _ in range(20):
            notify_each(counts={bob.pk: 1, alice.pk: 1}, kind="due", subject="day/2026-08-12")
            notify_each(counts={alice.pk: 1, bob.pk: 1}, kind="due", subject="day/2026-08-12")

    _both_at_once(tell)
    assert set(Notification.objects.values_list("count", flat=True)) == {80}


def test_many_are_told_in_one_statement(alice, bob, charlie, django_assert_num_queries):
    with django_assert_num_queries(1):
        notify_each(counts={alice.pk: 1, bob.pk: 2, charlie.pk: 3}, kind="due", subject="day/2026-08-12")
