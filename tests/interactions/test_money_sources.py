"""Money that left is asked about, and who has grown out of a tier is noticed: once, and only as long as it is so."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from clients.models import Tier
from interactions import words
from interactions.models import Action, Occurrence
from interactions.services import raise_due
from portfolio.models import BalanceSnapshot, ClientAssets, MaturityCase, Movement, Rate
from portfolio.standing import reckon_assets
from tests.factories import HoldingFactory

FRIDAY = date(2026, 3, 6)
MONDAY = FRIDAY + timedelta(days=3)


def moved(client, amount, number="M1", on=FRIDAY, currency="USD", **more):
    given = {"direction": "out", "external": True, "counterparty_bank": "Banco del Faro"} | more
    return Movement.objects.create(
        number=number, client=client, booked_on=on, amount=Decimal(amount), currency=currency, **given
    )


def balance(client, on, deposits, currency="USD", investments=0):
    return BalanceSnapshot.objects.create(
        client=client, as_of=on, currency=currency, deposits=Decimal(deposits), investments=investments
    )


def told(source):
    return Action.objects.filter(source=source, state="planned")


# -- money that left --------------------------------------------------------------------------------


def test_a_large_sum_that_left_on_friday_is_asked_about_on_monday(carla):
    moved(carla, "25000")
    raise_due(on=MONDAY)
    raise_due(on=MONDAY)
    action = told("outflow").get()
    assert (action.due_on, action.amount, action.currency) == (MONDAY, Decimal("25000.00"), "USD")
    first, rest = words.reason(action, MONDAY)
    assert first == "Money went to Banco del Faro."
    assert rest == "Booked on 6 March. Ask why, and what would bring it back."


@pytest.mark.parametrize(
    "more",
    [
        {"amount": "9999.99"},
        {"direction": "in"},
        {"external": False},
        {"on": FRIDAY - timedelta(days=30)},  # before the bank began
    ],
)
def test_what_is_small_came_in_stayed_here_or_is_long_past_is_not(more, carla):
    moved(carla, **({"amount": "25000"} | more))
    raise_due(on=MONDAY)
    assert not told("outflow").exists()


def test_large_is_a_share_of_what_was_there(carla, nina):
    for client, had in ((carla, 200_000), (nina, 100_000)):
        balance(client, FRIDAY - timedelta(days=1), had)
        moved(client, "25000", number=client.number)
    raise_due(on=MONDAY)
    assert [action.client for action in told("outflow")] == [nina]


def test_large_is_weighed_in_the_reporting_currency_at_the_rate_of_the_day(carla, nina):
    Rate.objects.create(currency="MXN", on=FRIDAY - timedelta(days=3), rate=Decimal(20))
    moved(carla, "190000", number="A", currency="MXN")
    moved(nina, "200000", number="B", currency="MXN")
    raise_due(on=MONDAY)
    assert [action.client for action in told("outflow")] == [nina]


def test_without_a_rate_the_share_of_what_was_there_decides(carla, nina):
    for client, had in ((carla, 1_000_000), (nina, 300_000)):
        balance(client, FRIDAY - timedelta(days=1), had, currency="MXN")
        moved(client, "90000", number=client.number, currency="MXN")
    raise_due(on=MONDAY)
    assert [action.client for action in told("outflow")] == [nina]


def test_an_import_that_is_undone_takes_its_outflow_off_today(carla):
    row = moved(carla, "25000")
    raise_due(on=MONDAY)
    row.delete()
    raise_due(on=MONDAY + timedelta(days=1))
    assert not told("outflow").exists()
    assert not Occurrence.objects.filter(source="outflow").exists()


# -- grown out of a tier ----------------------------------------------------------------------------


@pytest.fixture
def tiers(carla):
    gold = Tier.objects.update_or_create(
        code="gold", defaults={"name": "Gold", "rank": 1, "threshold": 50_000, "threshold_currency": "USD"}
    )[0]
    private = Tier.objects.update_or_create(
        code="private",
        defaults={"name": "Private", "rank": 2, "threshold": 500_000, "threshold_currency": "USD"},
    )[0]
    carla.tier = gold
    carla.save()
    return gold, private


def grown(carla, *totals, until=FRIDAY):
    """One balance every ten days, the last one on Friday."""
    for back, total in enumerate(reversed(totals)):
        balance(carla, until - timedelta(days=10 * back), total)
    reckon_assets()
    return ClientAssets.objects.get(client=carla)


def test_assets_above_the_next_threshold_for_thirty_days_are_noticed(carla, tiers):
    assets = grown(carla, 400_000, 500_000, 510_000, 600_000, 700_000)
    assert (assets.amount, assets.over_tier) == (Decimal(700_000), tiers[1])
    assert assets.over_since == FRIDAY - timedelta(days=30)
    raise_due(on=FRIDAY)
    raise_due(on=MONDAY)
    action = told("tier_upgrade").get()
    assert words.reason(action, FRIDAY)[0] == "Has grown into the tier Private."
    assert (action.due_on, action.amount) == (FRIDAY, Decimal(700_000))


def test_a_day_below_in_between_begins_anew(carla, tiers):
    assert grown(carla, 600_000, 499_999, 510_000, 600_000).over_since == FRIDAY - timedelta(days=10)
    raise_due(on=MONDAY)
    assert not told("tier_upgrade").exists()


def test_assets_that_fall_again_or_a_tier_that_is_given_take_it_off_today(carla, tiers):
    grown(carla, *[600_000] * 5)
    raise_due(on=FRIDAY)
    balance(carla, MONDAY, 100_000)
    reckon_assets()
    raise_due(on=MONDAY)
    assert not told("tier_upgrade").exists()


def test_once_the_tier_is_given_nothing_is_proposed_any_more(carla, tiers):
    grown(carla, *[600_000] * 5)
    raise_due(on=FRIDAY)
    carla.tier = tiers[1]
    carla.save()
    raise_due(on=MONDAY)
    assert not told("tier_upgrade").exists()


def test_currencies_are_added_at_the_rate_of_their_day_and_loans_are_no_assets(carla, tiers):
    Rate.objects.create(currency="EUR", on=FRIDAY - timedelta(days=6), rate=Decimal("0.8"))
    balance(carla, FRIDAY, 400_000, investments=50_000)
    BalanceSnapshot.objects.create(
        client=carla,
        as_of=FRIDAY - timedelta(days=5),
        currency="EUR",
        deposits=80_000,
        investments=0,
        loans=900,
    )
    BalanceSnapshot.objects.create(
        client=carla, as_of=FRIDAY, currency="XAU", deposits=7, investments=0
    )  # without a rate
    reckon_assets()
    assert ClientAssets.objects.get().amount == Decimal("550000.00")


def test_nothing_is_known_of_whom_no_balance_is_left(carla, tiers):
    grown(carla, 600_000)
    BalanceSnapshot.objects.all().delete()
    reckon_assets()
    assert not ClientAssets.objects.exists()


# -- what an action leads to ------------------------------------------------------------------------


def test_the_row_in_hand_leads_to_the_reason_the_maturity_or_a_specialist(signed_in, alice, carla, tiers):
    movement = moved(carla, "250000")
    grown(carla, 400_000, *[600_000] * 4)
    HoldingFactory(client=carla, opened_on=FRIDAY, matures_on=MONDAY + timedelta(days=8))
    raise_due(on=MONDAY)
    browser = signed_in(alice)

    def hand(source):
        return browser.get(
            f"/actions/{told(source).get().pk}/", headers={"HX-Request": "true"}
        ).content.decode()

    assert f"/portfolio/movements/{movement.pk}/" in hand("outflow")
    assert f"/portfolio/maturities/{MaturityCase.objects.get().pk}/" in hand("maturity")
    assert "/client/N-1/referral/make/" in hand("tier_upgrade")
