"""Two people at the same moment: an account manager's time is given away once, a limit is used once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clients.models import Tier
from interactions import services
from interactions.models import Appointment, Courtesy
from interactions.services import actions, appointments
from tests.concurrency.test_books import meanwhile
from tests.factories import ActionFactory, ClientFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def both(north, alice, bob, carla):
    """`both()` makes two appointments of Alice's at the same time, for two clients, by two people."""
    other = ClientFactory(branch=north, manager=alice)
    planned = [ActionFactory(client=carla), ActionFactory(client=other)]
    at = timezone.now() + timedelta(days=2)

    def make(actor, action):
        return services.make_appointment(actor=actor, action=action, starts_at=at)

    def _both():
        with meanwhile(lambda: make(bob, planned[1])) as second:
            make(alice, planned[0])
        return second.outcome

    return _both


def test_of_two_at_the_same_moment_one_wins_and_the_other_is_told(both):
    assert isinstance(both(), ValidationError)
    assert Appointment.objects.standing().count() == 1


def test_control_without_the_lock_both_slip_through(both, monkeypatch):
    """Shows the race that the lock is there for: if this fails, the test above proves nothing."""
    monkeypatch.setattr(appointments, "hold_time", lambda manager_id: None)
    assert isinstance(both(), Appointment)
    assert Appointment.objects.standing().count() == 2


@pytest.fixture
def two_gifts(alice, bob, carla):
    """`two_gifts()` plans two gifts of 60 for Carla at once, where 100 a year are free."""
    carla.tier = Tier.objects.create(code="t", name="T", gift_limit=100, threshold_currency="USD")
    carla.save()
    planned = [ActionFactory(client=carla), ActionFactory(client=carla)]

    def give(actor, action):
        return services.plan_courtesy(
            actor=actor, action=action, kind="gift", what="Tea", cost=Decimal(60), currency="USD"
        )

    def _two():
        with meanwhile(lambda: give(bob, planned[1])) as second:
            give(alice, planned[0])
        assert isinstance(second.outcome, Courtesy), second.outcome
        return list(Courtesy.objects.order_by("pk").values_list("state", flat=True))

    return _two


def test_of_two_gifts_at_the_same_moment_one_waits_for_the_supervisor(two_gifts):
    assert sorted(two_gifts()) == ["planned", "waiting"]


def test_control_without_the_lock_both_gifts_slip_under_the_limit(two_gifts, monkeypatch):
    monkeypatch.setattr(actions, "may_plan", lambda client: None)
    assert two_gifts() == ["planned", "planned"]
