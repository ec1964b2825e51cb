"""Limits against paths of prices: one crossing per crossing, whatever the order in which prices come."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as hypothesis_settings

from portfolio.limits import Noted, note_by_prices, note_by_purchases
from portfolio.models import LimitCrossing, Price, Purchase
from tests.factories import ProductFactory, PurchaseFactory

FIRST = date(2026, 3, 2)
MARGIN = Decimal("0.01")


@pytest.fixture
def fund(db):
    return ProductFactory(code="FUND", kind="fund")


def prices_of(product, *prices, first=FIRST):
    """One price a day; how many crossings a look at them noted and took back."""
    for n, price in enumerate(prices):
        Price.objects.update_or_create(
            product=product, on=first + timedelta(days=n), defaults={"price": Decimal(str(price))}
        )
    return note_by_prices({product.pk: first})


def days_of(purchase, side="loss"):
    rows = purchase.crossings.filter(side=side, gone_at=None).order_by("on")
    return [(on - FIRST).days for on in rows.values_list("on", flat=True)]


def reference(prices, limit, side):
    """The rule as a person would follow it, day by day: the days (from 0) on which a limit was crossed."""
    armed, found = True, []
    for day, price in prices:
        beyond = price <= limit if side == "loss" else price >= limit
        inside = price >= limit * (1 + MARGIN) if side == "loss" else price <= limit * (1 - MARGIN)
        if beyond and armed:
            found.append(day)
            armed = False
        elif inside:
            armed = True
    return found


@pytest.fixture
def bought(fund, carla):
    return PurchaseFactory(product=fund, client=carla, bought_on=FIRST, stop_loss=9, take_profit=12)


def test_price_at_the_limit_crosses_it_and_one_just_inside_does_not(fund, bought):
    assert prices_of(fund, "9.000001", "9.000000") == Noted(1, 0)
    assert days_of(bought) == [1]
    crossing = LimitCrossing.objects.get()
    assert (crossing.client, crossing.limit, crossing.price) == (bought.client, 9, 9)


def test_loss_and_gain_are_crossed_each_on_its_own(fund, bought):
    assert prices_of(fund, 10, 8, 13, 8) == Noted(3, 0)
    assert (days_of(bought), days_of(bought, "gain")) == ([1, 3], [2])


def test_value_that_dances_around_the_limit_is_told_once(fund, bought):
    assert prices_of(fund, 10, "8.9", "9.05", "8.9", "9.089", "8.9") == Noted(1, 0)


def test_limit_is_armed_again_by_the_margin(fund, bought):
    assert prices_of(fund, 10, "8.9", "9.09", "8.9") == Noted(2, 0)
    assert days_of(bought) == [1, 3]


def test_margin_is_the_banks(fund, bought, settings):
    settings.LIMIT_MARGIN = 0.05
    prices_of(fund, 10, "8.9", "9.09", "8.9", "9.45", "8.9")
    assert days_of(bought) == [1, 5]


def test_same_prices_again_note_nothing(fund, bought):
    prices_of(fund, 10, 8, 10, 8)
    assert prices_of(fund, 10, 8, 10, 8) == Noted(0, 0)
    assert note_by_prices({fund.pk: FIRST}) == Noted(0, 0)


def test_price_of_before_the_purchase_counts_for_nothing(fund, carla):
    late = PurchaseFactory(product=fund, client=carla, bought_on=FIRST + timedelta(days=2), stop_loss=9)
    prices_of(fund, 8, 8, 8)
    assert days_of(late) == [2]


def test_price_that_comes_late_is_put_into_its_place(fund, bought):
    prices_of(fund, 10, 8)
    prices_of(fund, 8, first=FIRST + timedelta(days=3))
    assert days_of(bought) == [1]
    assert prices_of(fund, 10, first=FIRST + timedelta(days=2)) == Noted(1, 0)
    assert days_of(bought) == [1, 3]


def test_corrected_price_takes_its_crossing_back_and_may_bring_it_again(fund, bought):
    prices_of(fund, 10, 8)
    assert prices_of(fund, 10, 10) == Noted(0, 1)
    assert days_of(bought) == []
    prices_of(fund, 10, 8)
    assert days_of(bought) == [1]
    assert LimitCrossing.objects.count() == 1


def test_purchase_that_comes_after_its_prices_is_told_too(fund, carla):
    prices_of(fund, 10, 8)
    bought = PurchaseFactory(product=fund, client=carla, bought_on=FIRST, stop_loss=9)
    assert note_by_purchases([bought.pk]) == Noted(1, 0)
    assert note_by_purchases([bought.pk]) == Noted(0, 0)


def test_limits_written_later_look_at_the_whole_path(fund, bought):
    prices_of(fund, 10, 8, 7)
    Purchase.objects.filter(pk=bought.pk).update(stop_loss=Decimal("7.5"))
    assert note_by_purchases([bought.pk]) == Noted(1, 1)
    assert days_of(bought) == [2]


def test_reversed_purchase_has_no_crossings_any_more(fund, bought):
    prices_of(fund, 10, 8)
    PurchaseFactory(product=fund, client=bought.client, reverses=bought)
    assert note_by_purchases([bought.pk]) == Noted(0, 1)
    assert not LimitCrossing.objects.standing().exists()


def test_other_products_and_purchases_without_limits_are_left_alone(fund, bought, carla):
    other = ProductFactory(code="OTHER")
    PurchaseFactory(product=other, client=carla, bought_on=FIRST, stop_loss=9)
    PurchaseFactory(product=fund, client=carla, bought_on=FIRST)
    Price.objects.create(product=other, on=FIRST, price=8)
    assert prices_of(fund, 8) == Noted(1, 0)
    assert LimitCrossing.objects.get().purchase == bought


PATHS = strategies.lists(
    strategies.decimals(min_value="8.5", max_value="9.5", places=2), min_size=1, max_size=25
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=PATHS, side=strategies.sampled_from(["loss", "gain"]), order=strategies.randoms())
def test_any_path_in_any_order_and_any_loads_is_told_as_a_person_would_tell_it(
    fund, carla, path, side, order
):
    Price.objects.all().delete()
    LimitCrossing.objects.all().delete()
    Purchase.objects.all().delete()
    limits = {"stop_loss": 9} if side == "loss" else {"take_profit": 9}
    bought = PurchaseFactory(product=fund, client=carla, bought_on=FIRST, **limits)
    days = list(enumerate(path))
    order.shuffle(days)
    while days:
        load, days = days[: (size := order.randint(1, 4))], days[size:]
        for n, price in load:
            Price.objects.create(product=fund, on=FIRST + timedelta(days=n), price=price)
        note_by_prices({fund.pk: FIRST + timedelta(days=min(n for n, _price in load))})
    assert days_of(bought, side) == reference(enumerate(path), Decimal(9), side)
