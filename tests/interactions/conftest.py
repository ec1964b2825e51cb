"""What several files share: the front desk at work, and a greeting on its way to a client."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from clients.models import Theme
from interactions.models import ClientMessage
from interactions.services import counter as desk
from interactions.services import messages as services
from messaging.models import Message
from messaging.services import deliver
from tests.factories import ActionFactory, ClientMessageFactory, ConsentFactory


@pytest.fixture
def sight(hana, carla):
    return desk.look_up(actor=hana, typed="N-1")


@pytest.fixture
def at_desk(signed_in, hana):
    return signed_in(hana)


def find(browser, typed, **more):
    return browser.post("/counter/", {"typed": typed} | more)


def note(actor, sight, **more):
    said = {"kind": "need", "text": "Wants a safe for jewellery"} | more
    return desk.note_at_counter(actor=actor, sight=sight, **said)


def in_days(client, n) -> date:
    return client.branch.today() + timedelta(days=n)


@pytest.fixture
def allowed(carla):
    return ConsentFactory(client=carla, channel="email", purpose="care")


@pytest.fixture
def birthday(carla):
    """Carla's birthday is today, and asks for a greeting."""
    today = carla.branch.today()
    return ActionFactory(
        client=carla,
        theme=Theme.objects.get(code="birthday"),
        origin="occurrence",
        source="birthday",
        about="",
        event_on=today,
        years=60,
    )


@pytest.fixture
def draft(carla, alice, birthday, allowed):
    return ClientMessageFactory(client=carla, written_by=alice, action=birthday)


def approve(alice, draft) -> ClientMessage:
    return services.approve_message(actor=alice, message=draft)


def send(row: ClientMessage) -> str:
    """The minute of grace is over, and the worker takes it."""
    Message.objects.filter(pk=row.message_id).update(not_before=timezone.now() - timedelta(seconds=1))
    state = deliver(row.message_id)
    row.refresh_from_db()
    return state
