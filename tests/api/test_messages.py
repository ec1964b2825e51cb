"""Messages to clients through the API: drafted, approved, taken back, decided."""

from datetime import time

import pytest
from django.utils import timezone

from interactions.models import ClientMessage
from messaging.models import Message
from tests.factories import ActionFactory, ConsentFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/client_messages/"


@pytest.fixture(autouse=True)
def any_hour(settings):
    settings.CLIENT_HOURS = (time.min, time.max)


def body(**more) -> dict:
    return {
        "client_number": "N-1",
        "kind": "birthday",
        "channel": "email",
        "language": "en",
        "subject": "Sixty!",
        "body": "Dear Carla, sixty!",
    } | more


def test_a_message_is_drafted_approved_and_taken_back(person, alice, carla):
    ConsentFactory(client=carla, channel="email", purpose="care")
    caller = person(alice)
    made = caller.post(ADDRESS, body())
    assert made.status_code == 201, made.content
    at = f"{ADDRESS}{made.json()['id']}/"
    assert made.json()["state"] == "draft"
    approved = caller.post(f"{at}approve/", {}).json()
    assert (approved["state"], approved["approved_by"]["staff_number"]) == ("queued", "alice")
    assert [row["id"] for row in caller.get(ADDRESS, {"state": "queued"}).json()["results"]] == [
        approved["id"]
    ]
    assert caller.get(ADDRESS, {"state": "draft"}).json()["results"] == []
    assert caller.post(f"{at}take_back/", {}).json()["state"] == "draft"
    assert caller.post(f"{at}drop/", {}).json()["state"] == "dropped"


def test_without_consent_the_approval_is_a_400_and_the_draft_stands(person, alice, carla):
    caller = person(alice)
    made = caller.post(ADDRESS, body()).json()
    refused = caller.post(f"{ADDRESS}{made['id']}/approve/", {})
    assert refused.status_code == 400
    assert "not allowed" in refused.content.decode()
    assert ClientMessage.objects.get().is_draft


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"channel": "call"}, "channel"),
        ({"kind": "maturity"}, "kind"),
        ({"language": "fr"}, "language"),
        ({"subject": ""}, "subject"),
        ({"body": ""}, "body"),
        ({"action": 888888888}, "action"),
        ({"spam": 1}, "spam"),
    ],
)
def test_bad_input_names_its_field(more, field, person, alice, carla, errors):
    assert [name for name, _code in errors(person(alice).post(ADDRESS, body(**more)))] == [field]


def test_a_draft_may_answer_an_action_named_by_its_id(person, alice, carla):
    action = ActionFactory(client=carla)
    made = person(alice).post(ADDRESS, body(action=action.pk))
    assert made.status_code == 201, made.content
    assert made.json()["action"] == action.pk


def test_another_clients_action_is_refused(person, bob, carla, nina, errors):
    action = ActionFactory(client=nina)
    assert errors(person(bob).post(ADDRESS, body(action=action.pk)))[0][0] == "action"


def test_what_may_have_left_is_settled_once(person, alice, carla):
    ConsentFactory(client=carla, channel="email", purpose="care")
    caller = person(alice)
    at = f"{ADDRESS}{caller.post(ADDRESS, body()).json()['id']}/"
    caller.post(f"{at}approve/", {})
    Message.objects.update(state="unknown", claimed_at=timezone.now())
    assert caller.post(f"{at}settle/", {"was_sent": True}).json()["state"] == "sent"
    assert caller.post(f"{at}settle/", {"was_sent": False}).status_code == 400
    assert carla.contacts.count() == 1
