"""Two at the door with the same number, and the same client twice: one is let in, the other is told."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Invitation
from campaigns.services import door
from tests.factories import BranchFactory, ClientFactory, EventFactory, InvitationFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    from clients.catalogue import ensure_catalogue

    ensure_catalogue()
    branch, now = BranchFactory(), timezone.now()
    desk = [UserFactory(branch=branch, role="front_desk") for _n in range(2)]
    event = EventFactory(
        branch=branch,
        planned_by=UserFactory(branch=branch, role="supervisor"),
        starts_at=now - timedelta(minutes=15),
        ends_at=now + timedelta(minutes=5),
        answer_until=now - timedelta(minutes=15),
    )
    return event, desk, ClientFactory(branch=branch)


def _both_at_once(desk, act) -> list:
    start, done = threading.Barrier(2), []

    def run(person):
        start.wait(timeout=10)
        try:
            done.append(act(person))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[person]) for person in desk]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return done


def test_same_number_at_once_is_one_check_in(scene):
    event, desk, client = scene
    invitation = InvitationFactory(event=event, client=client, number=1, answer="accepted", companions=1)
    rows = _both_at_once(
        desk,
        lambda person: door.check_in(actor=person, invitation=invitation, companions_came=desk.index(person)),
    )
    first, second = ((row.came_at, row.checked_in_by_id, row.companions_came) for row in rows)
    assert first == second
    assert door.heads(event).here == 1 + rows[0].companions_came


def test_same_client_walks_in_twice_at_once_and_is_there_once(scene):
    event, desk, client = scene
    rows = _both_at_once(desk, lambda person: door.walk_in(actor=person, event=event, client=client))
    assert rows[0].pk == rows[1].pk
    assert Invitation.objects.count() == 1


def test_two_clients_walk_in_at_once_under_two_numbers(scene):
    event, desk, client = scene
    clients = dict(
        zip([person.pk for person in desk], [client, ClientFactory(branch=event.branch)], strict=True)
    )
    _both_at_once(desk, lambda person: door.walk_in(actor=person, event=event, client=clients[person.pk]))
    assert set(Invitation.objects.values_list("number", flat=True)) == {1, 2}
