"""Two campaigns launched at once never take the same client."""

from datetime import timedelta

import pytest

from campaigns.models import Campaign
from campaigns.services import save_segment
from campaigns.services.launching import launch_campaign
from clients.models import Theme
from tests.campaigns.test_launching import EVERYBODY, reachable
from tests.concurrency.test_books import meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_launches_at_once_the_second_sees_the_list_of_the_first(north, alice, bob):
    for _n in range(4):
        reachable(north, alice)
    version = save_segment(actor=bob, name="Everybody", rule=EVERYBODY)
    first, second = (
        Campaign.objects.create(
            code=code,
            name=code,
            theme=Theme.objects.get(code="product"),
            channels=["call"],
            starts_on=bob.today(),
            ends_on=bob.today() + timedelta(days=9),
            currency="EUR",
            state="approved",
            planned_by=bob,
            branch=north,
            segment_version=version,
        )
        for code in ("ONE", "TWO")
    )
    with meanwhile(lambda: launch_campaign(actor=bob, campaign=second)):
        launch_campaign(actor=bob, campaign=first)
    assert (first.targets.count(), second.targets.count()) == (4, 0)
