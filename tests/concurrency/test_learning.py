"""Two at the same moment over one article: it goes to a client once, and never after it was withdrawn."""

from datetime import time

import pytest
from django.db import transaction

from campaigns.models import PieceSending
from campaigns.services import learning
from clients.models import Client
from interactions.models import ClientMessage
from messaging.models import Message
from tests.concurrency.test_books import Other, meanwhile
from tests.factories import ConsentFactory, PieceFactory, PieceSendingFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def piece(settings, carla):
    settings.CLIENT_HOURS = (time.min, time.max)
    ConsentFactory(client=carla, channel="email", purpose="education")
    return PieceFactory()


def send(actor, piece):
    return learning.send_piece(actor=actor, piece=piece, clients=Client.objects.all())


def test_of_two_who_send_the_same_piece_one_does(bob, dora, piece):
    with meanwhile(lambda: send(dora, piece)) as other:
        assert send(bob, piece).made == 1
    assert other.outcome.made == 0
    assert Message.objects.count() == PieceSending.objects.count() == 1


def test_of_two_workers_one_writes_to_a_client(piece, carla):
    row = PieceSendingFactory(piece=piece, client=carla)
    with meanwhile(lambda: learning.settle_piece(piece)) as other:
        assert learning._write(row.pk) is None
    assert other.outcome is None
    assert Message.objects.count() == ClientMessage.objects.count() == 1


def test_what_is_withdrawn_while_it_is_written_does_not_leave(dora, piece, carla):
    row = PieceSendingFactory(piece=piece, client=carla)
    with meanwhile(lambda: learning._write(row.pk)):
        learning.withdraw_piece(actor=dora, piece=piece)
    assert not Message.objects.exists()
    learning.restore_piece(actor=dora, piece=piece)
    row = PieceSendingFactory(piece=piece, client=carla)
    withdrawal = Other(lambda: learning.withdraw_piece(actor=dora, piece=piece))
    with transaction.atomic():
        learning._write(row.pk)
        withdrawal.start()
        withdrawal.waits()
    withdrawal.join()
    assert withdrawal.outcome.withdrawn_at
    assert Message.objects.get().state == "failed"
    assert ClientMessage.objects.get().is_dropped
