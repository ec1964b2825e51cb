"""What `verify` finds about campaigns and events: each rule holds for data made the usual way, and is missed when broken."""

import pytest
from django.utils import timezone

from campaigns.checks import checks
from campaigns.models import Campaign, Event, EventWords, Invitation, PieceSending, Target, TargetAction
from interactions.models import Action, ClientMessage
from tests.factories import (
    CampaignFactory,
    ClientFactory,
    ClientMessageFactory,
    EventFactory,
    InvitationFactory,
    PieceFactory,
    PieceSendingFactory,
    TargetActionFactory,
    TargetFactory,
)


@pytest.fixture
def work(carla, alice, bob):
    """A campaign with one client, its event with the client as a guest, a piece sent."""
    campaign = CampaignFactory(state="running", branch=carla.branch, planned_by=bob)
    TargetActionFactory(target=TargetFactory(campaign=campaign, client=carla))
    event = EventFactory(campaign=campaign, branch=carla.branch, planned_by=bob, capacity=1)
    InvitationFactory(event=event, client=carla, answer="accepted", action=None)
    message = ClientMessageFactory(client=carla, written_by=alice)
    PieceSendingFactory(piece=PieceFactory(written_by=bob), client=carla, message=message, sent_by=bob)
    ClientFactory(number="N-9", branch=carla.branch)
    return campaign


def _other():
    return Target.objects.get().client.__class__.objects.get(number="N-9")


BREAKS = {
    "for whom it has an action": lambda: Target.objects.update(arm="control"),
    "who are invited to its event": lambda: Target.objects.update(arm="control"),
    "targets with an action of another client": lambda: Action.objects.update(client=_other()),
    "rounds of a target of another client": lambda: TargetAction.objects.update(client=_other()),
    "launched and are planned again": lambda: Campaign.objects.update(state="draft"),
    "over with actions of theirs still open": lambda: Campaign.objects.update(
        state="ended", ended_at=timezone.now()
    ),
    "more are coming than there is room for": lambda: Invitation.objects.update(companions=1),
    "without words in their own language": lambda: EventWords.objects.update(language="es"),
    "sent in a message to another client": lambda: ClientMessage.objects.update(client=_other()),
}


def test_what_is_made_the_usual_way_breaks_no_rule(work):
    assert checks() == []


@pytest.mark.parametrize("words", BREAKS)
def test_broken_rule_is_found(work, words):
    assert Event.objects.count() == PieceSending.objects.count() == 1
    BREAKS[words]()
    assert any(words in finding for finding in checks())
