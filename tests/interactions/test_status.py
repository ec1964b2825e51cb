"""Status rules: closed and deceased end every plan at once; blocked and dormant leave Today while they last."""

from datetime import timedelta

import pytest

from clients.models import Theme
from clients.services import change_client
from interactions import services
from interactions.models import Action
from tests.factories import ActionFactory, OpportunityFactory, PromiseFactory, ServiceCaseFactory


def _waiting(user) -> set[int]:
    today = user.today()
    return set(Action.objects.waiting_for(user, today).due(today).values_list("pk", flat=True))


@pytest.mark.parametrize("status", ["closed", "deceased"])
def test_the_end_of_a_file_cancels_all_that_was_planned(status, alice, bob, carla):
    action = ActionFactory(client=carla)
    promise = PromiseFactory(client=carla, noted_by=alice)
    opportunity = OpportunityFactory(client=carla, raised_by=alice)
    case = ServiceCaseFactory(client=carla, opened_by=alice)
    change_client(actor=bob, client=carla, changes={"status": status}, as_core=True)
    for row in (action, promise, opportunity, case, carla):
        row.refresh_from_db()
    assert action.state == "cancelled"
    assert promise.is_withdrawn
    assert opportunity.stage == "lost"
    assert not case.is_open
    assert carla.next_due_on is None
    assert _waiting(alice) == set()


def test_nothing_new_is_planned_with_a_closed_file(alice, bob, carla):
    change_client(actor=bob, client=carla, changes={"status": "deceased"}, as_core=True)
    carla.refresh_from_db()
    with pytest.raises(Exception, match="closed"):
        services.plan_action(
            actor=alice,
            client=carla,
            theme=Theme.objects.get(code="product"),
            channel="call",
            due_on=alice.today() + timedelta(days=1),
        )


def test_dormant_leaves_only_duties_on_today_and_they_come_back(alice, bob, carla):
    kind_word = ActionFactory(client=carla)
    duty = ActionFactory(client=carla, theme=Theme.objects.get(code="maturity"))
    change_client(actor=bob, client=carla, changes={"status": "dormant"}, as_core=True)
    assert _waiting(alice) == {duty.pk}
    change_client(actor=bob, client=carla, changes={"status": "active"}, as_core=True)
    assert _waiting(alice) == {kind_word.pk, duty.pk}


def test_blocked_clients_stand_on_nobodys_today(alice, bob, carla):
    ActionFactory(client=carla)
    change_client(actor=bob, client=carla, changes={"status": "blocked"}, as_core=True)
    assert _waiting(alice) == set()


def test_with_an_open_complaint_there_is_no_greeting(alice, carla):
    greeting = ActionFactory(client=carla, theme=Theme.objects.get(code="birthday"))
    other = ActionFactory(client=carla)
    case = ServiceCaseFactory(client=carla, opened_by=alice)
    assert _waiting(alice) == {other.pk}
    services.close_case(actor=alice, case=case, outcome="kept", is_satisfied=True)
    assert _waiting(alice) == {greeting.pk, other.pk}
