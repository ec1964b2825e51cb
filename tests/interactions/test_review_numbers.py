"""Numbers of core banking may hold what parts a subject."""

from datetime import date, timedelta

import pytest

from interactions.models import Action
from interactions.services import raise_due
from portfolio.models import Movement
from tests.factories import (
    HoldingFactory,
)

FRIDAY = date(2026, 3, 6)
MONDAY = FRIDAY + timedelta(days=3)


@pytest.mark.parametrize("source", ["outflow", "maturity"])
def test_a_number_with_a_slash_is_a_number_like_any_other(carla, source):
    HoldingFactory(client=carla, number="LD/26/7", opened_on=FRIDAY, matures_on=MONDAY + timedelta(days=20))
    Movement.objects.create(
        number="M/26/7", client=carla, booked_on=FRIDAY, amount=50_000, currency="USD", direction="out",
        external=True,
    )  # fmt: skip
    raise_due(on=MONDAY)
    first = Action.objects.get(source=source)
    carla.city = "Elsewhere"
    carla.save()
    raise_due(on=MONDAY + timedelta(days=1))
    assert Action.objects.get(source=source, state="planned") == first
