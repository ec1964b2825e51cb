"""Two at the same moment: the last place at an event is given once, a client is invited once."""

import pytest

from campaigns.models import Event, Invitation
from campaigns.services import answer_invitation, invitations, invite
from campaigns.services.invitations import Invited, room_taken
from clients.models import Client
from tests.concurrency.test_books import meanwhile
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
