"""Two people at the same moment: one account manager's time is given away once."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from interactions import services
from interactions.models import Appointment
from interactions.services import appointments
from tests.concurrency.test_books import meanwhile
from tests.factories import ActionFactory, ClientFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def both(north, alice, bob, carla):
    """`both()` makes two appointments of Alice's at the same time, for two clients, by two people."""
    other = ClientFactory(branch=north, manager=alice)
    actions = [ActionFactory(client=carla), ActionFactory(client=other)]
    at = timezone.now() + timedelta(days=2)

    def make(actor, action):
        return services.make_appointment(actor=actor, action=action, starts_at=at)

    def _both():
        with meanwhile(lambda: make(bob, actions[1])) as second:
            make(alice, actions[0])
        return second.outcome

    return _both


def test_of_two_at_the_same_moment_one_wins_and_the_other_is_told(both):
    assert isinstance(both(), ValidationError)
    assert Appointment.objects.standing().count() == 1


def test_control_without_the_lock_both_slip_through(both, monkeypatch):
    """Shows the race that the lock is there for: if this fails, the test above proves nothing."""
    monkeypatch.setattr(appointments, "hold_manager", lambda manager_id: None)
    assert isinstance(both(), Appointment)
    assert Appointment.objects.standing().count() == 2
