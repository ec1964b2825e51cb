"""Two people at the same moment: of two contacts about the same thing, one is asked why."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from clients.models import Theme, Tier
from interactions import services
from interactions.services import contacts, guard
from tests.factories import BranchFactory, ClientFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    """A client of a strict tier, and two people who may both speak to the client."""
    from clients.catalogue import ensure_catalogue

    ensure_catalogue()
    branch = BranchFactory()
    tier = Tier.objects.create(code="strict", name="Strict", guard_blocks=True)
    manager = UserFactory(branch=branch)
    supervisor = UserFactory(branch=branch, role="supervisor")
    return ClientFactory(branch=branch, manager=manager, tier=tier), manager, supervisor


def _both_at_once(client, people) -> list[str]:
    """Both log the same theme; both have asked before either has written, where nothing stops them."""
    theme = Theme.objects.get(code="product")
    start, asked, said = threading.Barrier(2), threading.Barrier(2), []
    real = guard.repetition

    def slow(**asking):
        found = real(**asking)
        try:
            asked.wait(timeout=0.7)  # the other one has asked as well, unless it is made to wait its turn
        except threading.BrokenBarrierError:
            asked.reset()
        return found

    def log(person):
        start.wait(timeout=10)
        try:
            services.log_contact(actor=person, client=client, channel="call", result="reached", theme=theme)
            said.append("logged")
        except ValidationError:
            said.append("asked why")
        finally:
            connection.close()

    contacts.repetition = slow
    try:
        threads = [threading.Thread(target=log, args=[person]) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
    finally:
        contacts.repetition = real
    return sorted(said)


def test_of_two_at_the_same_moment_one_wins(scene):
    client, *people = scene
    assert _both_at_once(client, people) == ["asked why", "logged"]
    assert client.contacts.count() == 1


def test_control_without_the_lock_both_slip_through(scene, monkeypatch):
    """Shows the race that the lock is there for: if this fails, the test above proves nothing."""
    client, *people = scene
    monkeypatch.setattr(contacts, "hold", lambda client, theme: None)
    assert _both_at_once(client, people) == ["logged", "logged"]
    assert client.contacts.count() == 2
