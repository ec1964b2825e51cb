"""Who has grown out of a tier: proposed once, as long as it is so."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from clients.models import Tier
from interactions.models import Action, Occurrence
from interactions.services import raise_due
from interactions.services.touched import touched_since
from portfolio.models import BalanceSnapshot, ClientAssets, Rate
from portfolio.standing import reckon_assets

FRIDAY = date(2026, 3, 6)
MONDAY = FRIDAY + timedelta(days=3)


def balance(client, on, deposits, currency="USD"):
    return BalanceSnapshot.objects.create(
        client=client, as_of=on, currency=currency, deposits=Decimal(deposits), investments=0
    )


@pytest.fixture
def private(carla):
    Tier.objects.all().update(threshold=0)
    return Tier.objects.create(code="top", name="Top", rank=90, threshold=500_000, threshold_currency="USD")


def test_whoever_stays_above_a_threshold_for_years_is_proposed_once(carla, private):
    def balances(first, last):
        for n in range(first, last, 5):
            balance(carla, FRIDAY + timedelta(days=n), 600_000)
        reckon_assets()

    balances(0, 35)
    raise_due(on=FRIDAY + timedelta(days=33))
    Action.objects.filter(source="tier_upgrade").update(
        state="skipped", reason="Does not want it", closed_at=timezone.now()
    )
    balances(35, 235)
    balances(235, 450)
    for n in (440, 445, 446):
        raise_due(on=FRIDAY + timedelta(days=n))
    assert Occurrence.objects.filter(source="tier_upgrade").count() == 1


def test_whoever_grew_out_of_the_tier_before_the_bank_began_is_proposed_too(carla, private):
    for n in range(0, 70, 10):
        balance(carla, FRIDAY - timedelta(days=n), 600_000)
    reckon_assets()
    raise_due(on=FRIDAY)
    assert Action.objects.filter(source="tier_upgrade").count() == 1


def test_balances_that_are_taken_back_take_the_proposal_off_today(carla, private):
    for n in (0, 10, 20, 30):
        balance(carla, FRIDAY - timedelta(days=n), 600_000)
    reckon_assets()
    raise_due(on=FRIDAY)
    BalanceSnapshot.objects.all().delete()
    reckon_assets()
    long_after = timezone.now() + timedelta(days=3)  # whatever else the test wrote is no change of that night
    assert touched_since(long_after) == [carla.pk]
    raise_due(on=FRIDAY + timedelta(days=1))
    assert not Action.objects.filter(source="tier_upgrade", state="planned").exists()


def test_currencies_whose_balances_come_on_other_days_do_not_break_the_thirty_days(carla, private):
    for n in range(-10, 50):
        Rate.objects.create(currency="EUR", on=FRIDAY - timedelta(days=n + 10), rate=Decimal(1))
    for n in range(0, 45, 5):
        balance(carla, FRIDAY - timedelta(days=n), 300_000)
        balance(carla, FRIDAY - timedelta(days=n + 1), 300_000, currency="EUR")
    reckon_assets()
    assert ClientAssets.objects.get().over_since <= FRIDAY - timedelta(days=30)
