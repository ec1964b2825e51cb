"""What a client had before something went wrong, and when it was there again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from portfolio.models import BalanceSnapshot
from portfolio.recovery import recovery_of
from tests.factories import ServiceCaseFactory

DAY = date(2026, 3, 10)


def balances(client, *found):
    for back, amount in found:
        BalanceSnapshot.objects.create(
            client=client, as_of=DAY + timedelta(days=back), currency="EUR", deposits=amount, investments=0
        )
    return recovery_of(client, DAY)


@pytest.mark.parametrize(
    ("after", "fell", "came_back"),
    [
        ([(0, 300), (5, 300)], False, None),
        ([(0, 200), (5, 250)], True, None),
        ([(0, 200), (5, 300), (9, 400)], True, DAY + timedelta(days=5)),
        ([(0, 200), (5, 300), (9, 100), (12, 500)], True, DAY + timedelta(days=12)),
    ],
)
def test_money_is_whole_again_once_it_stays_so(after, fell, came_back, carla):
    found = balances(carla, (-40, 900), (-3, 300), *after)
    assert found.before == {"EUR": Decimal(300)}
    assert (found.fell, found.came_back_on) == (fell, came_back)


def test_without_a_balance_from_before_or_since_nothing_is_said(carla):
    assert balances(carla, (-40, 300), (2, 300)) is None
    BalanceSnapshot.objects.all().delete()
    assert balances(carla, (-2, 300)) is None


def test_the_case_shows_the_money_before_and_after(signed_in, alice, carla):
    case = ServiceCaseFactory(client=carla, opened_by=alice)
    today = carla.branch.today()
    for back, amount in ((10, 40_000), (0, 15_000)):
        BalanceSnapshot.objects.create(
            client=carla, as_of=today - timedelta(days=back), currency="EUR", deposits=amount, investments=0
        )
    text = signed_in(alice).get(f"/cases/{case.pk}/").content.decode()
    assert "40,000" in text
    assert "15,000" in text
    assert "It is not whole again." in text
