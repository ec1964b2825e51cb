"""Two people at the same moment with what a client voiced, or with a client who has just died."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from clients.models import Theme
from clients.services import approve_agreement, change_client
from interactions import services
from interactions.checks import checks
from interactions.models import Action, CaseStep, Opportunity, Promise, Referral, StageChange
from interactions.services import Interest, NextStep, Noted
from tests.concurrency.test_books import meanwhile
from tests.factories import PurchaseFactory

pytestmark = pytest.mark.django_db(transaction=True)


def _raise(actor, client):
    interest = Interest(kind="fund", next_on=actor.today())
    return services.raise_opportunity(actor=actor, client=client, interest=interest)


def test_a_promise_sent_twice_at_once_is_one(alice, carla):
    today, submission = alice.today(), uuid.uuid4()

    def note():
        noted = Noted("Send the offer", today, today)
        return services.note_promise(actor=alice, client=carla, noted=noted, submission=submission)

    with meanwhile(note) as other:
        mine = note()
    assert other.outcome == mine
    assert Promise.objects.count() == Action.objects.count() == 1


def test_one_purchase_wins_one_opportunity(alice, bob, carla):
    first, second = _raise(alice, carla), _raise(alice, carla)
    purchase = PurchaseFactory(client=carla, bought_on=alice.today())

    def win(actor, opportunity):
        return services.move_opportunity(actor=actor, opportunity=opportunity, stage="won", purchase=purchase)

    with meanwhile(lambda: win(bob, second)) as other:
        win(alice, first)
    assert isinstance(other.outcome, ValidationError), other.outcome
    assert list(Opportunity.objects.filter(stage="won")) == [first]


def test_an_opportunity_moved_by_two_is_moved_once(alice, bob, carla):
    opportunity = _raise(alice, carla)

    def lose(actor):
        return services.move_opportunity(
            actor=actor, opportunity=opportunity, stage="lost", lost_reason="Bought elsewhere"
        )

    with meanwhile(lambda: lose(bob)) as other:
        lose(alice)
    assert isinstance(other.outcome, ValidationError)
    assert StageChange.objects.filter(stage="lost").count() == 1


def test_a_step_taken_by_two_is_taken_once(alice, bob, carla):
    case = services.open_case(actor=alice, client=carla, kind="complaint", text="A wrong fee")

    def listen(actor):
        return services.take_step(actor=actor, case=case, step="listened", note="Over tea")

    with meanwhile(lambda: listen(bob)) as other:
        listen(alice)
    assert isinstance(other.outcome, ValidationError)
    assert CaseStep.objects.count() == 1


def test_two_who_lead_a_client_to_the_same_specialist_lead_once(alice, anna, bob, carla):
    def refer(actor):
        until = alice.today() + timedelta(days=9)
        return services.refer(actor=actor, client=carla, to=anna, reason="A plan", until_on=until)

    with meanwhile(lambda: refer(bob)) as other:
        refer(alice)
    assert isinstance(other.outcome, ValidationError)
    assert Referral.objects.count() == carla.assignments.filter(manager=anna).count() == 1


def test_two_agreements_of_the_same_day_are_one_version(alice, bob, carla):
    with meanwhile(lambda: approve_agreement(actor=bob, client=carla, interval_days=60)) as other:
        approve_agreement(actor=alice, client=carla, interval_days=30)
    assert other.outcome.interval_days == 60
    assert list(carla.agreements.values_list("interval_days", "to_on")) == [(60, None)]


@pytest.mark.parametrize("what", ["next step", "promise", "interest", "case", "by hand"])
def test_nothing_is_planned_with_a_client_who_dies_at_that_moment(what, alice, bob, carla):
    today = alice.today()
    step = NextStep(channel="call", due_on=today)
    log = {"actor": alice, "client": carla, "channel": "call", "result": "reached"}
    acts = {
        "next step": lambda: services.log_contact(**log, next_step=step),
        "promise": lambda: services.log_contact(**log, promise=Noted("Send the offer", today, today)),
        "interest": lambda: _raise(alice, carla),
        "case": lambda: services.open_case(actor=alice, client=carla, kind="request", text="A new card"),
        "by hand": lambda: services.plan_action(
            actor=alice, client=carla, theme=Theme.objects.first(), channel="call", due_on=today
        ),
    }
    with meanwhile(acts[what]) as other:
        change_client(actor=bob, client=carla, changes={"status": "deceased"}, as_core=True)
    assert isinstance(other.outcome, ValidationError), other.outcome
    assert not Action.objects.open().exists()
    assert checks() == []
