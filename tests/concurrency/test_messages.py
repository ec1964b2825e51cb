"""Two people at the same moment: one approves a message while the other closes the file, or writes on."""

from datetime import time

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from clients.models import Client
from interactions.services import messages as services
from interactions.services.status import settle_status
from messaging.models import Message
from tests.concurrency.test_books import Other
from tests.factories import ClientMessageFactory, ConsentFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def draft(settings, carla, alice):
    settings.CLIENT_HOURS = (time.min, time.max)
    ConsentFactory(client=carla, channel="email", purpose="care")
    return ClientMessageFactory(client=carla, written_by=alice)


def test_nobody_waits_in_a_ring_when_a_file_is_closed_while_its_message_is_approved(alice, carla, draft):
    approval = Other(lambda: services.approve_message(actor=alice, message=draft))
    with transaction.atomic():
        Client.objects.filter(pk=carla.pk).update(status="closed")
        approval.start()
        approval.waits()
        settle_status([carla.pk])
    approval.join()
    assert isinstance(approval.outcome, ValidationError), approval.outcome
    draft.refresh_from_db()
    assert draft.is_dropped
    assert not Message.objects.exists()


def test_nor_when_it_is_taken_back(alice, carla, draft):
    services.approve_message(actor=alice, message=draft)
    closing = Other(lambda: _close(carla))
    with transaction.atomic():
        # As taking back does: the row, then the outbox.
        row = type(draft).objects.select_for_update(of=("self",)).get(pk=draft.pk)
        closing.start()
        closing.waits()
        services.take_back_message(actor=alice, message=row)
    closing.join()
    assert closing.outcome is None, closing.outcome
    draft.refresh_from_db()
    assert draft.is_dropped


@transaction.atomic
def _close(client) -> None:
    Client.objects.filter(pk=client.pk).update(status="closed")
    settle_status([client.pk])
