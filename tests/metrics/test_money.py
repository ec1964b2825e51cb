"""Sales: whose they are, reversals, currencies that are never added, and what they are held against."""

from datetime import date
from decimal import Decimal

import pytest

from clients.models import Standing
from metrics.figures import Figure, Part, Sum
from metrics.periods import Period
from metrics.reports import report, scope_of_bank
from tests.factories import ClientFactory, ProductFactory, PurchaseFactory, UserFactory

pytestmark = pytest.mark.django_db

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 31))
TENTH = date(2026, 3, 10)


@pytest.fixture(autouse=True)
def _dollars(settings):
    settings.REPORTING_CURRENCY = "USD"


@pytest.fixture
def ana(north):
    return UserFactory(staff_number="ana", name="Ana", branch=north)


@pytest.fixture
def one(north, ana):
    return ClientFactory(number="1", branch=north, manager=ana)


@pytest.fixture
def fund(db):
    return ProductFactory(kind="fund", currency="USD")


@pytest.fixture
def deposit(db):
    return ProductFactory(kind="term_deposit", currency="USD")


def sales(period: Period = MARCH, **scope: str) -> Figure:
    return report(scope_of_bank(**scope), period, keys=["sales"]).total.figures["sales"]


def bought(client, product, amount: int, on: date = TENTH, **extra):
    return PurchaseFactory(client=client, product=product, amount=Decimal(amount), bought_on=on, **extra)


def test_sales_count_for_the_clients_manager_not_the_seller(north, one, fund):
    seller = UserFactory(staff_number="bo", name="Bo", branch=north)
    ClientFactory(branch=north, manager=seller)
    bought(one, fund, 500, seller=seller)

    keys = ["contact_achievement", "sales"]
    rows = report(scope_of_bank(), MARCH, "manager", keys).rows
    assert {row.group.code: row.figures["sales"].amount for row in rows} == {"ana": 500, "bo": 0}


@pytest.mark.parametrize(
    ("on", "count"),
    [(date(2026, 2, 28), 0), (date(2026, 3, 1), 1), (date(2026, 3, 31), 1), (date(2026, 4, 1), 0)],
)
def test_a_purchase_counts_on_the_day_it_is_booked(one, fund, on, count):
    bought(one, fund, 500, on)

    assert (sales().value, sales().amount) == (count, 500 * count)


def test_a_reversal_takes_away_on_its_own_day(one, fund):
    wrong = bought(one, fund, 500, date(2026, 2, 20))
    bought(one, fund, 500, TENTH, reverses=wrong)
    bought(one, fund, 800)

    found = sales()
    assert (found.value, found.amount) == (0, 300)
    assert found.previous.amount == 500
    assert found.change == pytest.approx(-0.4)


def test_by_product_kind(one, fund, deposit):
    bought(one, fund, 500)
    bought(one, fund, 200)
    bought(one, deposit, 1000)

    assert sales().by_kind == (
        Part("fund", 2, (Sum("USD", Decimal(700), 2),)),
        Part("term_deposit", 1, (Sum("USD", Decimal(1000), 1),)),
    )


def test_other_currencies_stand_beside_and_are_never_added(one, fund):
    bought(one, fund, 500)
    bought(one, fund, 300, currency="EUR")

    found = sales()
    assert (found.value, found.amount, found.currency, found.change) == (2, None, None, None)
    assert found.amounts == (Sum("EUR", Decimal(300), 1), Sum("USD", Decimal(500), 1))
    assert found.by_kind == (Part("fund", 2, found.amounts),)


def test_where_all_is_of_one_currency_that_is_the_total(one, fund):
    bought(one, fund, 300, currency="EUR")
    bought(one, fund, 300, date(2026, 2, 10), currency="USD")

    found = sales()
    assert (found.amount, found.currency) == (300, "EUR")
    assert found.change is None  # euros against dollars


def test_held_against_the_month_and_the_year_before_each_with_its_own_population(north, south, one, fund):
    bought(one, fund, 500)
    bought(one, fund, 400, date(2026, 2, 3))
    bought(one, fund, 250, date(2025, 3, 31))
    joined = ClientFactory(branch=north)
    joined.standings.update(from_on=date(2026, 3, 1))
    bought(joined, fund, 999, date(2026, 2, 3))
    left = ClientFactory(branch=north)
    left.standings.update(to_on=date(2026, 3, 1))
    Standing.objects.create(client=left, branch=south, status="active", from_on=date(2026, 3, 1))
    bought(left, fund, 100, date(2026, 2, 3))

    found = sales(branch="NORTH")
    assert (found.amount, found.previous.amount, found.year_before.amount) == (500, 500, 250)
    assert found.change == 0
    assert found.as_dict()["change_from_year_before"] == 1.0


def test_each_month_is_held_against_the_month_before(one, fund):
    for month, amount in [(1, 100), (2, 200), (3, 500)]:
        bought(one, fund, amount, date(2026, month, 10))

    asked = Period(date(2026, 2, 1), date(2026, 3, 31), date(2026, 3, 31))
    made = report(scope_of_bank(), asked, "month", ["sales"])
    assert [(row.figures["sales"].amount, row.figures["sales"].change) for row in made.rows] == [
        (200, 1.0),
        (500, 1.5),
    ]
    assert (made.total.figures["sales"].amount, made.total.figures["sales"].previous.amount) == (700, 100)


def test_a_period_without_any_has_nought_and_no_change(one):
    found = sales()

    assert (found.value, found.amount, found.currency, found.change) == (0, 0, "USD", None)
    assert (found.amounts, found.by_kind) == ((), ())
