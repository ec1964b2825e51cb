"""Appointments and courtesies through the API: the same rules as the pages."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from clients.models import Tier
from interactions.models import Appointment, Courtesy
from tests.factories import ActionFactory, ClientFactory

pytestmark = pytest.mark.django_db


def test_a_clash_is_refused_by_name_and_accepted_when_known(person, alice, carla, errors):
    other = ClientFactory(branch=carla.branch, manager=alice)
    at = (timezone.now() + timedelta(days=2)).isoformat()
    caller = person(alice)
    first = caller.post("/api/v1/appointments/", {"action": ActionFactory(client=other).pk, "starts_at": at})
    assert first.status_code == 201
    assert first.json()["stands"] is True
    body = {"action": ActionFactory(client=carla).pk, "starts_at": at, "place": "Room 2"}
    assert errors(caller.post("/api/v1/appointments/", body)) == [("known", f"clash-{first.json()['id']}")]
    made = caller.post("/api/v1/appointments/", body | {"known": [first.json()["id"]]})
    assert made.status_code == 201
    address = f"/api/v1/appointments/{made.json()['id']}/"
    assert caller.patch(address, {"answer": "confirmed"}).json()["answer"] == "confirmed"
    assert caller.post(f"{address}cancel/", {}).json()["stands"] is False
    listed = caller.get("/api/v1/appointments/", {"stands": "true"}).json()["results"]
    assert [row["id"] for row in listed] == [first.json()["id"]]
    assert Appointment.objects.count() == 2


def test_a_courtesy_above_the_limit_waits_and_only_another_supervisor_decides(
    person, alice, bob, carla, errors
):
    carla.tier = Tier.objects.create(code="t", name="T", gift_limit=100)
    carla.save()
    body = {"action": ActionFactory(client=carla).pk, "kind": "gift", "what": "A hamper", "cost": "100.01"}
    body |= {"currency": "USD"}
    made = person(alice).post("/api/v1/courtesies/", body)
    assert (made.status_code, made.json()["state"]) == (201, "waiting")
    address = f"/api/v1/courtesies/{made.json()['id']}/"
    assert person(alice).post(f"{address}decide/", {"approve": True}).status_code == 403
    assert errors(person(bob).post(f"{address}decide/", {"approve": False})) == [("reason", "invalid")]
    assert person(bob).post(f"{address}decide/", {"approve": True}).json()["state"] == "approved"
    assert person(alice).patch(address, {"cost": "90"}).json()["state"] == "approved"
    assert person(alice).post(f"{address}step/", {"to": "ordered"}).json()["state"] == "ordered"
    assert Courtesy.objects.get().cost == Decimal(90)


def test_an_action_is_moved_with_its_appointment(person, alice, carla, errors):
    action, caller = ActionFactory(client=carla), person(alice)
    at = timezone.now() + timedelta(days=2)
    caller.post("/api/v1/appointments/", {"action": action.pk, "starts_at": at.isoformat()})
    address, to = f"/api/v1/actions/{action.pk}/move/", alice.today() + timedelta(days=9)
    assert errors(caller.post(address, {"to": "2020-01-01"})) == [("to", "invalid")]
    assert caller.post(address, {"to": to.isoformat()}).json()["due_on"] == to.isoformat()
    assert timezone.localtime(Appointment.objects.get().starts_at, alice.zone).date() == to
