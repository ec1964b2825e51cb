"""Nobody acted: the supervisor is told once, of what somebody could have done, and only of files they work with."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from common.models import SavedRun
from interactions import services
from interactions.models import Action, Occurrence
from interactions.services import raise_due
from messaging.models import Notification
from tests.factories import AppointmentFactory, ClientFactory, ContactFactory, HoldingFactory, UserFactory
from tests.interactions.test_sources import DONE_AT, MONDAY


@pytest.fixture
def unheeded(north, alice, bob):
    """A birthday on Monday of which nobody took notice."""
    client = ClientFactory(branch=north, manager=alice, birthday=date(1970, 3, 2), number="U-1")
    raise_due(on=MONDAY)
    return client


def test_the_supervisor_is_told_once_when_nobody_has_acted(unheeded, bob, signed_in):
    for days in range(1, 4):
        assert raise_due(on=MONDAY + timedelta(days=days)).escalated == 0
    assert raise_due(on=MONDAY + timedelta(days=4)).escalated == 1
    assert raise_due(on=MONDAY + timedelta(days=5)).escalated == 0
    (notice,) = Notification.objects.filter(user=bob, kind="escalation")
    assert notice.url == reverse("unheeded")
    page = signed_in(bob).get(notice.url).content.decode()
    assert "U-1" in page
    assert "Alice" in page


@pytest.mark.parametrize("act", ["try", "put off", "skip", "meet"])
def test_an_attempt_putting_off_and_an_appointment_are_acts(unheeded, alice, act):
    action = Action.objects.get()
    if act == "try":
        ContactFactory(client=unheeded, staff=alice, action=action, result="no_answer")
    elif act == "put off":
        Action.objects.update(snoozed_until=MONDAY + timedelta(days=30))
    elif act == "meet":
        AppointmentFactory(action=action)
    else:
        services.skip_action(actor=alice, action=action, reason="Away")
    assert raise_due(on=MONDAY + timedelta(days=9)).escalated == 0


def test_nobody_is_told_of_before_anybody_could_act(north, alice, bob):
    client = ClientFactory(branch=north, manager=alice, birthday=date(1970, 3, 9))
    raise_due(on=MONDAY - timedelta(days=1))
    raise_due(on=MONDAY + timedelta(days=20))
    assert Action.objects.get(client=client).due_on == date(2026, 3, 9)
    assert not Occurrence.objects.exclude(escalated_on=None).exists()
    Action.objects.update(snoozed_until=MONDAY + timedelta(days=25))
    assert raise_due(on=MONDAY + timedelta(days=26)).escalated == 0
    assert raise_due(on=MONDAY + timedelta(days=29)).escalated == 1


def test_of_a_restricted_file_only_those_named_are_told(unheeded, bob, signed_in):
    type(unheeded).objects.filter(pk=unheeded.pk).update(is_restricted=True)
    raise_due(on=MONDAY + timedelta(days=9))
    assert not Notification.objects.filter(user=bob, kind="escalation").exists()
    assert "U-1" not in signed_in(bob).get(reverse("unheeded")).content.decode()


def test_the_steps_of_one_maturity_are_one_row_of_the_supervisors_page(north, alice, bob, signed_in):
    client = ClientFactory(branch=north, manager=alice)
    HoldingFactory(client=client, matures_on=MONDAY)
    for days in (-30, -7, 0, 9):
        raise_due(on=MONDAY + timedelta(days=days))
    assert Occurrence.objects.exclude(escalated_on=None).count() == 3
    assert len(signed_in(bob).get(reverse("unheeded")).context["rows"]) == 1


def test_what_was_done_since_leaves_the_supervisors_page(unheeded, bob, signed_in):
    raise_due(on=MONDAY + timedelta(days=9))
    Action.objects.update(state="done", closed_at=DONE_AT)
    assert "Nothing waits for you" in signed_in(bob).get(reverse("unheeded")).content.decode()


def test_a_supervisor_sees_only_the_own_branches(unheeded, south, signed_in):
    raise_due(on=MONDAY + timedelta(days=9))
    other = UserFactory(role="supervisor", branch=south)
    assert "U-1" not in signed_in(other).get(reverse("unheeded")).content.decode()


def test_the_page_costs_the_same_for_2_rows_and_for_20(
    north, alice, bob, signed_in, django_assert_max_num_queries
):
    browser = signed_in(bob)

    def more(n):
        for _ in range(n):
            ClientFactory(branch=north, manager=alice, birthday=date(1970, 3, 2))

    more(2)
    raise_due(on=MONDAY)
    raise_due(on=MONDAY + timedelta(days=9))
    browser.get(reverse("unheeded"))
    with django_assert_max_num_queries(8) as few:
        assert len(browser.get(reverse("unheeded")).context["rows"]) == 2
    Occurrence.objects.all().delete()
    Action.objects.all().delete()
    more(18)
    SavedRun.objects.all().delete()
    raise_due(on=MONDAY)
    raise_due(on=MONDAY + timedelta(days=9))
    with django_assert_max_num_queries(8) as many:
        assert len(browser.get(reverse("unheeded")).context["rows"]) == 20
    assert len(few) == len(many)
