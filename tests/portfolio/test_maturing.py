"""Maturity cases: opened once, in step with core banking, settled to the cent."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from portfolio.maturing import (
    Part,
    fitting_products,
    settle_maturity,
    tend_cases,
    unsettle_maturity,
)
from portfolio.models import MaturityCase, MaturityPart
from tests.factories import HoldingFactory, ProductFactory


@pytest.fixture
def today(north):
    north.working_days, north.country = list(range(7)), ""
    north.save()
    return north.today()


@pytest.fixture
def deposit(carla, today):
    return HoldingFactory(
        client=carla, principal=Decimal("300000.00"), matures_on=today + timedelta(days=10), opened_on=today
    )


def tend(north, on, days_back=7):
    calendar = north.working_calendar()
    return tend_cases(
        branches=[north.pk], working=lambda _pk: calendar, since=on - timedelta(days=days_back), on=on
    )


@pytest.fixture
def due(north, deposit, today):
    """The case of the deposit, on its day."""
    deposit.matures_on = today
    deposit.save()
    tend(north, today)
    return MaturityCase.objects.get()


def part(outcome, amount, **more):
    return Part(outcome, Decimal(amount), **more)


# -- in step with core banking ----------------------------------------------------------------------


def test_a_case_opens_thirty_days_before_and_once(north, deposit, today):
    deposit.matures_on = today + timedelta(days=31)
    deposit.save()
    assert tend(north, today)["opened"] == 0
    assert tend(north, today + timedelta(days=1))["opened"] == 1
    assert tend(north, today + timedelta(days=2))["opened"] == 0
    case = MaturityCase.objects.get()
    assert (case.client, case.principal, case.settled_at) == (deposit.client, deposit.principal, None)


def test_the_effective_day_is_the_next_working_day_of_the_branch(north, deposit, today):
    north.working_days = [(today + timedelta(days=12)).weekday()]
    north.save()
    tend(north, today)
    assert MaturityCase.objects.get().effective_on == today + timedelta(days=12)


def test_accounts_loans_and_what_was_over_before_the_bank_began_open_none(north, carla, today):
    HoldingFactory(client=carla, product=ProductFactory(kind="loan"), matures_on=today)
    HoldingFactory(client=carla, matures_on=today - timedelta(days=8))
    HoldingFactory(client=carla, matures_on=None)
    assert tend(north, today)["opened"] == 0


def test_a_day_or_sum_moved_before_it_comes_moves_the_case(north, deposit, today):
    tend(north, today)
    deposit.principal = Decimal("310000.00")
    deposit.save()
    tend(north, today)
    assert MaturityCase.objects.get().principal == deposit.principal
    deposit.matures_on = today + timedelta(days=20)
    deposit.save()
    assert tend(north, today)["dropped"] == 1
    assert MaturityCase.objects.get().matures_on == deposit.matures_on


def test_a_deposit_that_goes_on_after_its_day_was_renewed(north, due, deposit, today):
    deposit.matures_on = today + timedelta(days=365)
    deposit.principal = Decimal("301500.00")  # with its interest
    deposit.save()
    assert tend(north, today + timedelta(days=1))["renewed"] == 1
    due.refresh_from_db()
    (kept,) = due.parts.all()
    assert (kept.outcome, kept.amount, kept.product) == ("renewed", due.principal, deposit.product)
    assert due.settled_at is not None
    assert due.settled_by is None
    assert tend(north, today + timedelta(days=1))["renewed"] == 0


def test_one_that_goes_on_with_less_is_left_to_a_person(north, due, deposit, today):
    deposit.matures_on = today + timedelta(days=365)
    deposit.principal = Decimal("100000.00")
    deposit.save()
    tend(north, today + timedelta(days=1))
    due.refresh_from_db()
    assert (due.settled_at, due.principal) == (None, Decimal("300000.00"))


def test_one_that_ended_before_its_day_is_broken_and_may_be_settled(north, deposit, today, alice):
    tend(north, today)
    deposit.status, deposit.as_of = "closed", today
    deposit.save()
    tend(north, today)
    case = MaturityCase.objects.get()
    assert case.broken_on == today
    settle_maturity(actor=alice, case=case, parts=[part("lost", "300000")])


# -- to the cent ------------------------------------------------------------------------------------


def test_the_parts_add_up_and_what_was_brought_stands_apart(due, alice, today):
    fund = ProductFactory(name="Bond fund")
    row = settle_maturity(
        actor=alice,
        case=due,
        parts=[
            part("renewed", "200000"),
            part("moved", "60000.01", product=fund),
            part("withdrawn", "39999.99"),
        ],
        brought_amount=Decimal("300000"),
        brought_from="Banco del Faro",
    )
    assert row.settled_by == alice
    assert {one.outcome: (one.amount, one.product) for one in row.parts.all()} == {
        "renewed": (Decimal("200000.00"), due.holding.product),
        "moved": (Decimal("60000.01"), fund),
        "withdrawn": (Decimal("39999.99"), None),
    }


@pytest.mark.parametrize(
    ("amount", "said"), [("299999.99", "0.01 of the principal are missing"), ("300000.01", "0.01 more than")]
)
def test_a_cent_too_few_or_too_many_is_refused(amount, said, due, alice):
    with pytest.raises(ValidationError) as refused:
        settle_maturity(actor=alice, case=due, parts=[part("renewed", amount)])
    assert said in refused.value.message_dict["parts"][0]
    assert not MaturityPart.objects.exists()


def _at_the_commit(change):
    change()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_database_itself_keeps_the_parts_and_the_principal_equal(due, alice):
    settle_maturity(actor=alice, case=due, parts=[part("renewed", "300000")])
    for change in (
        lambda: MaturityPart.objects.update(amount=Decimal(1)),
        lambda: MaturityPart.objects.all().delete(),
        lambda: MaturityCase.objects.update(principal=Decimal(1)),
    ):
        with pytest.raises(IntegrityError, match="add up"), transaction.atomic():
            _at_the_commit(change)


def test_it_is_written_down_again_or_taken_back(due, alice):
    settle_maturity(actor=alice, case=due, parts=[part("lost", "300000")])
    settle_maturity(actor=alice, case=due, parts=[part("renewed", "300000")])
    assert [one.outcome for one in MaturityPart.objects.all()] == ["renewed"]
    unsettle_maturity(actor=alice, case=due)
    due.refresh_from_db()
    assert (due.settled_at, due.settled_by, due.parts.count()) == (None, None, 0)


def test_nothing_is_settled_before_its_day(north, deposit, today, alice):
    tend(north, today)
    with pytest.raises(ValidationError, match="It matures on"):
        settle_maturity(actor=alice, case=MaturityCase.objects.get(), parts=[part("renewed", "300000")])


def test_moving_into_what_does_not_suit_needs_a_reason(due, alice):
    due.client.risk_profile = 2
    due.client.save()
    risky = ProductFactory(kind="fund", risk_level=5)
    with pytest.raises(ValidationError) as refused:
        settle_maturity(actor=alice, case=due, parts=[part("moved", "300000", product=risky)])
    assert "suitability_reason" in refused.value.error_dict
    row = settle_maturity(
        actor=alice,
        case=due,
        parts=[part("moved", "300000", product=risky, suitability_reason="Asked for it in writing")],
    )
    assert row.parts.get().suitability_reason == "Asked for it in writing"


def test_a_colleague_settles_nothing(due, anna, charlie):
    for person in (anna, charlie):
        with pytest.raises(PermissionDenied):
            settle_maturity(actor=person, case=due, parts=[part("renewed", "300000")])


# -- what to speak of -------------------------------------------------------------------------------


def test_products_that_fit_come_first_and_unsuitable_ones_are_shown_as_such(carla, today):
    carla.risk_profile = 2
    carla.save()
    safe = ProductFactory(risk_level=1, expected_return=Decimal("0.02"), minimum=Decimal(1000))
    better = ProductFactory(risk_level=2, expected_return=Decimal("0.03"))
    risky = ProductFactory(kind="fund", risk_level=4, expected_return=Decimal("0.09"))
    ProductFactory(minimum=Decimal("300000.01"))
    ProductFactory(currency="USD")
    ProductFactory(sale_to=today - timedelta(days=1))
    ProductFactory(kind="loan")
    found = fitting_products(carla, currency="EUR", amount=Decimal(300000), today=today)
    assert [(one.product, one.suits.fits) for one in found] == [(better, True), (safe, True), (risky, False)]
