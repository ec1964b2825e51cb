"""Status rules: closed and deceased end every plan at once; blocked and dormant leave Today while they last."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from clients.models import Theme
from clients.services import change_client
from interactions import services
from interactions.checks import checks
from interactions.models import Action
from interactions.services import Interest
from interactions.services.opportunities import reopen_opportunity
from interactions.services.reopening import reopen_action
from tests.factories import (
    ActionFactory,
    BranchFactory,
    ClientFactory,
    OpportunityFactory,
    PromiseFactory,
    ServiceCaseFactory,
    UserFactory,
)


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


@pytest.fixture
def ended(alice, bob, carla):
    """Everything that was planned with carla was ended by hand; then she died."""
    action = ActionFactory(client=carla)
    contact = services.log_contact(actor=alice, client=carla, channel="call", result="reached", action=action)
    skipped = services.skip_action(actor=alice, action=ActionFactory(client=carla), reason="Not now")
    interest = Interest(next_on=alice.today(), kind="fund")
    opportunity = services.raise_opportunity(actor=alice, client=carla, interest=interest)
    case = services.open_case(actor=alice, client=carla, kind="complaint", text="A wrong fee")
    change_client(actor=bob, client=carla, changes={"status": "deceased"}, as_core=True)
    return {"contact": contact, "skipped": skipped, "opportunity": opportunity, "case": case}


def test_nothing_is_opened_again_with_a_closed_file(alice, carla, ended):
    for act in (
        lambda: reopen_action(actor=alice, action=ended["skipped"]),
        lambda: reopen_opportunity(actor=alice, opportunity=ended["opportunity"], next_on=alice.today()),
        lambda: services.reopen_case(actor=alice, case=ended["case"]),
        # Whoever holds the client from before she died learns it all the same.
        lambda: services.open_case(actor=alice, client=carla, kind="complaint", text="Her heirs"),
    ):
        with pytest.raises(ValidationError, match="closed"):
            act()
    assert not Action.objects.open().exists()
    assert checks() == []


def test_a_contact_that_counts_no_more_opens_no_action_of_a_closed_file(alice, ended):
    services.void_contact(actor=alice, contact=ended["contact"], reason="Logged on the wrong client")
    assert not Action.objects.open().exists()
    assert checks() == []


def test_the_page_says_that_a_case_of_a_closed_file_stays_closed(signed_in, alice, ended):
    browser = signed_in(alice)
    browser.post(reverse("case-reopen", args=[ended["case"].pk]))
    assert "the file is closed" in browser.session["told"]["text"]


@pytest.mark.parametrize(("hour", "is_withdrawn"), [(4, True), (6, False)])
def test_whether_a_promise_was_still_owed_is_asked_in_the_branchs_own_day(
    hour, is_withdrawn, db, monkeypatch
):
    """Due on 1 January, the client dies on the 2nd in UTC: in New York that is the 1st until 5 o'clock."""
    branch = BranchFactory(time_zone="America/New_York")
    supervisor = UserFactory(role="supervisor", branch=branch)
    client = ClientFactory(branch=branch)
    promise = PromiseFactory(
        client=client, noted_by=supervisor, opens_on=date(2026, 1, 1), due_on=date(2026, 1, 1)
    )
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 1, 2, hour, tzinfo=UTC))
    change_client(actor=supervisor, client=client, changes={"status": "deceased"}, as_core=True)
    promise.refresh_from_db()
    assert promise.is_withdrawn is is_withdrawn
