"""The day after: thanks and calls once each, on a working day of the host, with the questions left open."""

from datetime import datetime, time, timedelta

import pytest
from django.utils import timezone

from campaigns.models import Event
from campaigns.services.aftermath import follow_events
from clients.models import Client
from interactions.models import Action
from interactions.words import reason, shown_about
from tests.factories import ClientFactory, EventFactory, EventQuestionFactory, InvitationFactory


@pytest.fixture
def friday(north):
    """The last Friday but one week, a working week with no holiday in the table of the test's bank."""
    north.country = ""
    north.save()
    day = north.today() - timedelta(days=7)
    while day.weekday() != 4:
        day -= timedelta(days=1)
    return day


@pytest.fixture
def over(north, friday):
    starts_at = datetime.combine(friday, time(19), north.zone)
    return EventFactory(branch=north, starts_at=starts_at, title="Wine and bonds")


def guest(event, alice, **more):
    status = more.pop("status", "active")
    client = ClientFactory(branch=event.branch, manager=alice, status=status)
    return InvitationFactory(event=event, client=client, **more)


def told(client):
    return [
        reason(action, client.branch.today())[0] for action in Action.objects.open().filter(client=client)
    ]


def test_nothing_follows_before_the_next_working_day_of_the_host(over, friday, alice):
    guest(over, alice, answer="accepted", attendance="came")
    for days in (0, 1, 2):
        assert follow_events(friday + timedelta(days=days)) == 0
    assert Event.objects.get().closed_at is None
    assert follow_events(friday + timedelta(days=3)) == 1
    assert Event.objects.get().closed_at


def test_who_came_is_thanked_and_who_was_missed_is_called_once_each(over, friday, alice):
    came = guest(over, alice, answer="accepted", attendance="came")
    missed = guest(over, alice, answer="accepted")
    others = [
        guest(over, alice),
        guest(over, alice, answer="declined"),
        guest(over, alice, answer="accepted", withdrawn_at=timezone.now()),
        guest(over, alice, answer="accepted", status="deceased"),
    ]
    walked_in = guest(over, alice, attendance="came", channel="", is_walk_in=True, action=None)
    on = friday + timedelta(days=3)
    assert follow_events(on) == 3
    assert follow_events(on) == follow_events(on + timedelta(days=1)) == 0
    assert told(came.client)[-1] == told(walked_in.client)[-1] == "Came to Wine and bonds: thank them."
    assert told(missed.client) == ["Did not come to Wine and bonds: call."]
    for row in others:
        row.refresh_from_db()
        assert row.follow_up is None
    came.refresh_from_db()
    action = came.follow_up
    assert (action.owner, action.source, action.origin) == (None, "event", "campaign")
    assert action.due_on >= action.opens_on


def test_done_or_skipped_it_is_not_made_again(over, friday, alice):
    guest(over, alice, answer="accepted", attendance="came")
    follow_events(friday + timedelta(days=3))
    Action.objects.open().update(state="done", closed_at=timezone.now())
    assert follow_events(friday + timedelta(days=4)) == 0


def test_a_question_left_open_stands_in_the_action_of_who_asked(over, friday, alice, dora):
    row = guest(over, alice, answer="accepted", attendance="came")
    EventQuestionFactory(event=over, invitation=row, text="When do\nrates fall?")
    EventQuestionFactory(event=over, invitation=row, text="Answered", reply="Yes")
    EventQuestionFactory(event=over, text="Nobody knows who asked")
    follow_events(friday + timedelta(days=3))
    row.refresh_from_db()
    today = row.client.branch.today()
    assert reason(row.follow_up, today)[1].endswith("Asked there and not answered yet: “When do rates fall?”")
    assert "rates" not in reason(shown_about(dora, row.follow_up), today)[1]


def test_who_came_after_all_is_thanked_instead_of_called(over, friday, alice):
    row = guest(over, alice, answer="accepted")
    follow_events(friday + timedelta(days=3))
    row.refresh_from_db()
    row.attendance, row.came_at = "came", timezone.now()
    row.save()
    assert follow_events(friday + timedelta(days=4)) == 1
    assert told(row.client) == ["Came to Wine and bonds: thank them."]


def test_what_was_called_off_or_is_long_over_is_followed_by_nothing(north, friday, alice):
    for more in ({"cancelled_at": timezone.now()}, {"starts_at": timezone.now() - timedelta(days=60)}):
        starts_at = more.pop("starts_at", timezone.now() - timedelta(days=8))
        guest(EventFactory(branch=north, starts_at=starts_at, **more), alice, attendance="came")
    assert follow_events(north.today()) == 0


def test_places_that_have_become_free_are_given_away_at_night(north, alice):
    event = EventFactory(branch=north, capacity=1)
    gone = guest(event, alice, answer="accepted")
    waits = guest(event, alice, answer="waiting")
    follow_events(north.today())
    waits.refresh_from_db()
    assert waits.answer == "waiting"
    Client.objects.filter(pk=gone.client_id).update(status="closed")
    follow_events(north.today())
    waits.refresh_from_db()
    assert waits.answer == "accepted"
    assert any(said.startswith("A place is free") for said in told(waits.client))


def test_the_day_after_begins_by_the_clock_of_the_host(north, alice, monkeypatch):
    """In New York it is Monday evening while the bank's servers have Tuesday."""
    north.country, north.time_zone = "", "America/New_York"
    north.save()
    begins = datetime(2026, 11, 23, 19, tzinfo=north.zone)
    event = EventFactory(branch=north, starts_at=begins, ends_at=begins + timedelta(minutes=90))
    row = guest(event, alice, answer="accepted")
    for now, attendance in ((begins + timedelta(minutes=95), ""), (begins + timedelta(hours=6), "no_show")):
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        follow_events(timezone.localdate())
        row.refresh_from_db()
        assert row.attendance == attendance
