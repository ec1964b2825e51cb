"""Maturity cases that core banking, the calendar or a mistake changes."""

from datetime import date, timedelta
from decimal import Decimal

from interactions.models import Action
from interactions.services import raise_due
from portfolio.maturing import Part, settle_maturity
from portfolio.models import MaturityCase
from tests.factories import (
    HoldingFactory,
    ProductFactory,
)
from tests.interactions.test_portfolio import maturing

FRIDAY = date(2026, 3, 6)
MONDAY = FRIDAY + timedelta(days=3)


def test_one_holding_below_zero_does_not_stop_the_daily_run(north, carla, nina):
    HoldingFactory(client=nina, principal=Decimal(-5), opened_on=FRIDAY, matures_on=MONDAY)
    HoldingFactory(client=carla, opened_on=FRIDAY, matures_on=MONDAY)
    raise_due(on=FRIDAY)
    assert [case.client for case in MaturityCase.objects.all()] == [carla]


def test_one_whose_sum_falls_below_zero_does_not_stop_it_either(north, carla):
    holding = HoldingFactory(client=carla, opened_on=FRIDAY, matures_on=MONDAY)
    raise_due(on=FRIDAY)
    holding.principal = Decimal(-5)
    holding.save()
    raise_due(on=FRIDAY + timedelta(days=1))
    assert MaturityCase.objects.get().principal >= 0


def test_what_goes_on_in_another_currency_leaves_the_sum_that_matured_as_it_was(carla):
    holding = HoldingFactory(client=carla, opened_on=FRIDAY, matures_on=FRIDAY, currency="EUR")
    raise_due(on=FRIDAY)
    holding.matures_on, holding.currency, holding.principal = (
        MONDAY + timedelta(days=90),
        "USD",
        Decimal(9000),
    )
    holding.save()
    raise_due(on=MONDAY)
    case = MaturityCase.objects.get(matures_on=FRIDAY)
    assert (case.principal, case.currency) == (Decimal("10000.00"), "EUR")


def test_a_day_that_the_calendar_moves_moves_the_case(north, carla):
    HoldingFactory(client=carla, opened_on=FRIDAY, matures_on=FRIDAY + timedelta(days=4))
    raise_due(on=FRIDAY)
    north.working_days = [day for day in range(7) if day != (FRIDAY + timedelta(days=4)).weekday()]
    north.country = ""
    north.save()
    raise_due(on=MONDAY)
    assert MaturityCase.objects.get().effective_on == FRIDAY + timedelta(days=5)


def test_a_maturity_of_nothing_is_settled_by_the_form(signed_in, alice, carla):
    case = maturing(carla, 0)
    MaturityCase.objects.filter(pk=case.pk).update(principal=0)
    answer = signed_in(alice).post(f"/portfolio/maturities/{case.pk}/", {"renewed": "0"})
    assert answer.status_code == 302


def test_a_day_that_is_corrected_to_an_earlier_one_after_it_came_is_one_case(carla):
    holding = HoldingFactory(client=carla, opened_on=FRIDAY - timedelta(days=90), matures_on=FRIDAY)
    raise_due(on=FRIDAY)
    holding.matures_on = FRIDAY - timedelta(days=2)
    holding.save()
    raise_due(on=MONDAY)
    assert MaturityCase.objects.get().matures_on == holding.matures_on


def test_what_is_loaded_long_after_its_day_has_a_case_beside_its_late_reminder(carla):
    raise_due(on=FRIDAY)
    raise_due(on=FRIDAY + timedelta(days=13))
    HoldingFactory(client=carla, opened_on=FRIDAY - timedelta(days=90), matures_on=MONDAY)
    raise_due(on=FRIDAY + timedelta(days=14))
    assert Action.objects.filter(source="maturity").exists()
    assert MaturityCase.objects.get().matures_on == MONDAY


def test_who_saves_a_form_that_a_colleague_overtook_is_told(signed_in, alice, bob, carla):
    case = maturing(carla, 0)
    browser, address = signed_in(alice), f"/portfolio/maturities/{case.pk}/"
    browser.get(address)
    settle_maturity(actor=bob, case=case, parts=[Part("lost", case.principal)])
    browser.post(address, {"renewed": str(case.principal)})
    assert case.parts.get().outcome == "lost"


def test_a_forged_outcome_of_a_colleagues_client_or_of_an_auditor_changes_nothing(
    signed_in, alice, frank, hana, dora, charlie, carla, nina
):
    case = maturing(nina, 0)
    for person in (alice, frank, hana, dora, charlie):
        for end in ("", "take-back/"):
            answer = signed_in(person).post(f"/portfolio/maturities/{case.pk}/{end}", {"lost": "300000"})
            assert answer.status_code in (403, 404), (person, end)
    case.refresh_from_db()
    assert case.settled_at is None


def test_what_is_no_longer_sold_can_be_written_down_late_and_corrected(signed_in, alice, carla):
    case = maturing(carla, -5)
    fund = ProductFactory(kind="fund", sale_to=case.effective_on)
    browser, address = signed_in(alice), f"/portfolio/maturities/{case.pk}/"
    assert browser.post(address, {"moved": "300000", "moved_into": fund.pk}).status_code == 302
    fund.sale_to = case.effective_on - timedelta(days=1)
    fund.save()
    case.refresh_from_db()
    body = {"moved": "200000", "moved_into": fund.pk, "withdrawn": "100000", "seen": case.mark}
    assert browser.post(address, body).status_code == 302
    case.refresh_from_db()
    body |= {"moved_into": ProductFactory(sale_to=fund.sale_to).pk, "seen": case.mark}
    assert browser.post(address, body).status_code == 422
