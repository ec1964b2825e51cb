"""Cases and the lists of what is followed: deadlines in working hours, steps in order, the same cost for many rows."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.models import AuditEntry
from interactions import services
from interactions.checks import checks
from interactions.models import Referral, ServiceCase
from interactions.services import cases
from tests.factories import ContactFactory, ReferralFactory, ServiceCaseFactory, UserFactory

MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def at(monkeypatch):
    """Set the clock of the services to a moment in Madrid."""

    def _at(*moment):
        now = datetime(*moment, tzinfo=MADRID)
        monkeypatch.setattr(timezone, "now", lambda: now)
        return now

    return _at


def _open(actor, client, kind="complaint", **extra):
    return services.open_case(
        actor=actor, client=client, kind=kind, text="The teller did not warn her", **extra
    )


def test_a_complaint_on_friday_afternoon_is_heard_by_monday_morning(at, alice, carla):
    at(2026, 11, 20, 16, 0)  # one working hour is left of the four
    case = _open(alice, carla)
    assert case.due_at.astimezone(MADRID) == datetime(2026, 11, 23, 12, 0, tzinfo=MADRID)
    assert (case.action.due_on, case.action.due_at.hour) == (case.due_at.astimezone(MADRID).date(), 12)
    assert case.action.theme.is_duty


def test_heard_in_a_reached_contact_it_has_been_listened_to(alice, carla):
    case = _open(alice, carla, contact=ContactFactory(client=carla, staff=alice))
    assert cases.next_step(case) == "answered"


def test_each_step_is_a_row_and_the_next_one_is_owed(at, alice, carla):
    at(2026, 11, 23, 9, 0)
    case = _open(alice, carla)
    at(2026, 11, 23, 11, 0)
    case = services.take_step(actor=alice, case=case, step="listened", note="Over tea")
    assert case.due_at.astimezone(MADRID) == datetime(2026, 11, 24, 11, 0, tzinfo=MADRID)
    at(2026, 11, 25, 9, 0)
    case = services.take_step(actor=alice, case=case, step="proposed", note="A gold card")
    steps = list(case.steps.order_by("pk").values_list("step", "was_late"))
    assert steps == [("listened", False), ("proposed", True)]
    assert cases.next_step(case) == "checked"
    assert case.action.opens_on == case.action.due_on  # asked a week later, not before
    with pytest.raises(ValidationError):
        services.take_step(actor=alice, case=case, step="answered", note="too late for that")


def test_a_step_without_words_is_refused(alice, carla):
    case = _open(alice, carla)
    with pytest.raises(ValidationError) as error:
        services.take_step(actor=alice, case=case, step="listened", note=" ")
    assert list(error.value.error_dict) == ["note"]


def test_closing_needs_an_outcome_and_reopening_owes_again(alice, carla):
    case = _open(alice, carla)
    with pytest.raises(ValidationError):
        services.close_case(actor=alice, case=case, outcome="", is_satisfied=None)
    case = services.close_case(
        actor=alice, case=case, outcome="grew", is_satisfied=True, note="Most loyal client"
    )
    case.action.refresh_from_db()
    assert case.action.state == "done"
    with pytest.raises(ValidationError):
        services.take_step(actor=alice, case=case, step="listened", note="again")
    case = services.reopen_case(actor=alice, case=case)
    assert case.is_open
    assert case.action.is_open


def test_strangers_open_and_change_nothing(anna, charlie, dora, hana, carla, alice):
    case = _open(alice, carla)
    for person in (anna, charlie, dora, hana):
        with pytest.raises(PermissionDenied):
            _open(person, carla)
        with pytest.raises(PermissionDenied):
            services.take_step(actor=person, case=case, step="listened", note="mine")
    assert ServiceCase.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["/cases/", "/referrals/", "/client/N-1/service/", "/client/N-1/plan/", "/client/N-1/"]
)
def test_lists_cost_the_same_for_2_rows_and_for_40(address, signed_in, alice, carla):
    browser, counts = signed_in(alice), []
    for wanted in (2, 40):
        while ServiceCase.objects.count() < wanted:
            ServiceCaseFactory(client=carla, opened_by=alice, kind="request")
            ReferralFactory(client=carla, referred_by=alice, specialist=UserFactory(branch=carla.branch))
        browser.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[1] <= counts[0]  # a page that reaches the end may look once more
    assert Referral.objects.count() == 40


def test_late_cases_say_so(signed_in, alice, carla):
    ServiceCaseFactory(client=carla, opened_by=alice, due_at=timezone.now() - timedelta(days=3))
    assert "late" in signed_in(alice).get("/cases/").content.decode()


def test_what_a_case_owes_stays_on_today_until_its_step_is_written_down(signed_in, alice, carla):
    case = _open(alice, carla)
    services.log_contact(actor=alice, client=carla, channel="call", result="reached", action=case.action)
    for act in (
        lambda: services.finish_action(actor=alice, action=case.action),
        lambda: services.skip_action(actor=alice, action=case.action, reason="No time"),
    ):
        with pytest.raises(ValidationError, match="case is open"):
            act()
    case.action.refresh_from_db()
    assert case.action.is_open
    assert checks() == []
    services.close_case(actor=alice, case=case, outcome="kept", is_satisfied=True)
    case.action.refresh_from_db()
    assert not case.action.is_open


def test_voiding_the_contact_of_a_closed_case_puts_nothing_back_on_today(alice, carla):
    case = _open(alice, carla)
    contact = services.log_contact(
        actor=alice, client=carla, channel="call", result="reached", action=case.action
    )
    services.close_case(actor=alice, case=case, outcome="kept", is_satisfied=True)
    services.void_contact(actor=alice, contact=contact, reason="Wrong client")
    case.action.refresh_from_db()
    assert not case.action.is_open
    assert checks() == []


def test_a_search_for_whose_promise_it_is_is_recorded_like_any_other(signed_in, alice, carla):
    page = signed_in(alice).get("/promises/note/?text=Carla 600111222: send the offer")
    assert page.status_code in (200, 302)
    entry = AuditEntry.objects.get(act="search", actor_id=alice.pk)
    assert "600111" not in entry.detail
