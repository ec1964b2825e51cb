"""Two at the same moment: the last place at an event is given once, a client is invited once."""

import pytest

from campaigns.models import Event, Invitation
from campaigns.services import answer_invitation, cancel_event, invitations, invite
from campaigns.services.invitations import Invited, room_taken
from clients.models import Client
from tests.concurrency.test_books import Other, meanwhile
from tests.factories import ClientFactory, ConsentFactory, EventFactory, InvitationFactory

pytestmark = pytest.mark.django_db(transaction=True)


def unlocked(event):
    return Event.objects.select_related("branch", "theme").get(pk=event.pk)


@pytest.fixture
def one_place_left(north, alice):
    """`one_place_left()` lets two guests accept at once where one has room."""
    event = EventFactory(branch=north, capacity=1)
    first, second = (
        InvitationFactory(event=event, client=ClientFactory(branch=north, manager=alice)) for _ in range(2)
    )

    def _answer(row):
        return answer_invitation(invitation=row, answer="accepted", through="link")

    def _both():
        with meanwhile(lambda: _answer(second)) as other:
            _answer(first)
        assert isinstance(other.outcome, Invitation), other.outcome
        return room_taken(event)

    return _both


def test_of_two_for_the_last_place_one_comes_and_the_other_waits(one_place_left):
    assert one_place_left() == 1
    assert sorted(Invitation.objects.values_list("answer", flat=True)) == ["accepted", "waiting"]


def test_control_without_the_lock_both_come(one_place_left, monkeypatch):
    monkeypatch.setattr(invitations, "held", unlocked)
    assert one_place_left() == 2


def test_two_who_invite_the_same_clients_at_once_invite_each_once(north, alice, bob, carla):
    event = EventFactory(branch=north)
    ConsentFactory(client=carla, channel="call", purpose="education")

    def _invite(actor):
        return invite(actor=actor, event=event, clients=Client.objects.all(), channels=["call"])

    # Bob sees the event as supervisor of its branch, Alice as one of its people.
    with meanwhile(lambda: _invite(alice)) as other:
        assert _invite(bob).made == 1
    assert isinstance(other.outcome, Invited), other.outcome
    assert (other.outcome.made, len(other.outcome.left_out)) == (0, 1)
    assert carla.actions.filter(source="event").count() == 1


@pytest.mark.parametrize("what", ["link", "cancel"])
def test_staff_take_down_an_answer_while_the_client_answers_or_the_event_is_called_off(
    north, alice, bob, what, monkeypatch
):
    """Each of them closes the action to invite: whoever held it before the event would stop both."""
    event = EventFactory(branch=north, planned_by=bob)
    row = InvitationFactory(event=event, client=ClientFactory(branch=north, manager=alice))

    def _other():
        fresh = Invitation.objects.select_related("event").get(pk=row.pk)
        if what == "link":
            return answer_invitation(invitation=fresh, answer="accepted", through="link")
        return cancel_event(actor=bob, event=fresh.event, reason="The speaker is ill")

    other, real = Other(_other), invitations.log_contact

    def _log(**contact):
        found = real(**contact)
        other.start()
        other.waits()
        return found

    monkeypatch.setattr(invitations, "log_contact", _log)
    contact = {"channel": "call", "result": "reached"}
    invitations.log_answer(actor=alice, invitation=row, contact=contact, answer="accepted")
    other.join()
    assert isinstance(other.outcome, Invitation | Event), other.outcome
    row.refresh_from_db()
    assert row.answer == "accepted"
