"""Contacts and actions through the API: the same rules as on the pages."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import AuditEntry
from interactions.models import Action, Contact
from tests.factories import ActionFactory, ContactFactory

pytestmark = pytest.mark.django_db

CONTACTS = "/api/v1/contacts/"
ACTIONS = "/api/v1/actions/"


def tomorrow(user) -> str:
    return (user.today() + timedelta(days=1)).isoformat()


def test_contact_is_logged_with_note_action_and_next_step_in_one_request(person, alice, carla):
    planned = ActionFactory(client=carla)
    response = person(alice).post(
        CONTACTS,
        {
            "client_number": "N-1",
            "channel": "call",
            "result": "reached",
            "direction": "in",
            "theme": "review",
            "duration_seconds": 300,
            "note": "Her deposit falls due.",
            "participants": "her son",
            "effect": "strengthened",
            "action": planned.pk,
            "next_step": {
                "channel": "visit",
                "due_on": tomorrow(alice),
                "due_at": "16:00",
                "about": "Bring papers",
            },
        },
    )
    assert response.status_code == 201, response.content
    body = response.json()
    assert response.headers["Location"].endswith(f"{CONTACTS}{body['id']}/")
    assert (body["client_name"], body["staff"]["staff_number"]) == ("Carla Núñez", "alice")
    assert (body["note"], body["theme"], body["effect"]) == (
        "Her deposit falls due.",
        "review",
        "strengthened",
    )
    planned.refresh_from_db()
    assert planned.state == "done"
    step = Action.objects.get(from_contact=body["id"])
    assert (step.channel, step.about, step.origin) == ("visit", "Bring papers", "next_step")
    carla.refresh_from_db()
    assert carla.last_reached_at is not None


def test_a_bad_next_step_saves_nothing_of_the_contact(person, alice, carla):
    body = {"client_number": "N-1", "channel": "call", "result": "reached"}
    for step in ({"channel": "call", "due_on": "2020-01-01"}, {"channel": "call"}, {"due_on": "x"}, "soon"):
        assert person(alice).post(CONTACTS, body | {"next_step": step}).status_code == 400
    assert not Contact.objects.exists()


def test_the_same_submission_gives_the_same_contact(person, alice, carla):
    body = {"client_number": "N-1", "channel": "call", "result": "busy", "submission": str(uuid.uuid4())}
    ids = {person(alice).post(CONTACTS, body).json()["id"] for _turn in range(2)}
    assert len(ids) == 1


def test_an_action_of_another_client_cannot_be_fulfilled(person, bob, carla, nina):
    theirs = ActionFactory(client=nina)
    response = person(bob).post(
        CONTACTS, {"client_number": "N-1", "channel": "call", "result": "reached", "action": theirs.pk}
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "action"


def test_reading_one_contact_is_recorded_and_lists_hold_no_notes(person, alice, carla):
    contact = ContactFactory(client=carla, staff=alice, note="about her divorce")
    assert "divorce" not in person(alice).get(CONTACTS).content.decode()
    assert not AuditEntry.objects.exists()
    assert person(alice).get(f"{CONTACTS}{contact.pk}/").json()["note"] == "about her divorce"
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.subject, entry.detail) == (
        "read",
        f"client/{carla.pk}",
        f"api contact/{contact.pk}",
    )


def test_contact_changes_freely_for_a_day_and_later_only_with_a_reason(person, alice, carla):
    caller = person(alice)
    contact = ContactFactory(client=carla, staff=alice, note="first")
    address = f"{CONTACTS}{contact.pk}/"
    changed = caller.patch(address, {"result": "busy", "note": "second"})
    assert (changed.json()["result"], changed.json()["note"]) == ("busy", "second")
    Contact.objects.filter(pk=contact.pk).update(
        occurred_at=timezone.now() - timedelta(days=2), recorded_at=timezone.now() - timedelta(days=2)
    )
    refused = caller.patch(address, {"result": "reached"})
    assert [e["field"] for e in refused.json()["errors"]] == ["reason"]
    assert caller.patch(address, {"result": "reached", "reason": "misheard"}).status_code == 200
    assert caller.patch(address, {"client_number": "N-2"}).json()["errors"][0]["code"] == "unknown"


def test_a_colleagues_contact_is_the_supervisors_to_change_but_not_ones_own(person, alice, bob, carla):
    contact = ContactFactory(client=carla, staff=bob)
    assert person(alice).patch(f"{CONTACTS}{contact.pk}/", {"result": "busy"}).status_code == 403
    assert person(bob).patch(f"{CONTACTS}{contact.pk}/", {"result": "busy"}).status_code == 200


def test_void_takes_a_contact_out_with_a_reason_and_hides_its_note(person, alice, carla):
    contact = ContactFactory(client=carla, staff=alice, note="wrong file")
    address = f"{CONTACTS}{contact.pk}/"
    assert person(alice).post(f"{address}void/", {}).json()["errors"][0]["field"] == "reason"
    body = person(alice).post(f"{address}void/", {"reason": "wrong client"}).json()
    assert body["voided_at"] is not None
    assert (body["void_reason"], body["note"]) == ("wrong client", "")
    assert person(alice).patch(address, {"result": "busy"}).status_code == 403
    listed = person(alice).get(CONTACTS, {"is_void": "true"}).json()["results"]
    assert [row["id"] for row in listed] == [contact.pk]
    assert person(alice).get(CONTACTS, {"is_void": "false"}).json()["results"] == []


def test_contacts_are_filtered_by_day_result_channel_and_staff(person, bob, alice, anna, carla, nina):
    now = timezone.now()
    old = ContactFactory(client=carla, staff=alice, occurred_at=now - timedelta(days=40), result="busy")
    new = ContactFactory(client=nina, staff=anna, occurred_at=now - timedelta(hours=30), channel="visit")
    days = {contact: bob.today() - (now - contact.occurred_at) for contact in (old, new)}
    local = {c: timezone.localtime(c.occurred_at, bob.zone).date().isoformat() for c in days}

    def found(**parameters):
        return {row["id"] for row in person(bob).get(CONTACTS, parameters).json()["results"]}

    assert found(**{"from": local[new]}) == {new.pk}
    assert found(to=local[old]) == {old.pk}
    assert found(**{"from": local[old], "to": local[new]}) == {old.pk, new.pk}
    assert found(result="busy") == {old.pk}
    assert found(channel="visit") == {new.pk}
    assert found(staff="anna") == {new.pk}
    assert found(client="N-1") == {old.pk}


def test_action_is_planned_snoozed_handed_over_and_skipped(person, alice, bob, carla):
    caller = person(alice)
    created = caller.post(
        ACTIONS, {"client_number": "N-1", "theme": "service", "channel": "call", "due_on": tomorrow(alice)}
    )
    assert created.status_code == 201, created.content
    address = f"{ACTIONS}{created.json()['id']}/"
    until = (alice.today() + timedelta(days=5)).isoformat()
    assert caller.post(f"{address}snooze/", {"until": until}).json()["snoozed_until"] == until
    assert caller.post(f"{address}snooze/", {"until": "2020-01-01"}).json()["errors"][0]["field"] == "until"
    handed = caller.post(f"{address}hand_over/", {"to": "bob", "reason": "on leave"})
    assert handed.json()["owner"] == {"staff_number": "bob", "name": "Bob"}
    skipped = person(bob).post(f"{address}skip/", {"reason": "moved abroad"})
    assert (skipped.json()["state"], skipped.json()["reason"]) == ("skipped", "moved abroad")
    assert person(bob).post(f"{address}done/", {}).status_code == 400


def test_an_action_cannot_be_handed_to_somebody_who_does_not_look_after_the_client(
    person, alice, anna, carla
):
    planned = ActionFactory(client=carla)
    response = person(alice).post(f"{ACTIONS}{planned.pk}/hand_over/", {"to": "anna", "reason": "busy"})
    assert response.json()["errors"][0]["field"] == "to"


def test_waiting_for_me_gives_what_is_the_askers_to_do(person, alice, bob, anna, carla, nina):
    mine = ActionFactory(client=carla)
    bobs = ActionFactory(client=carla, owner=bob)
    ActionFactory(client=nina)

    def found(user, **parameters):
        return {row["id"] for row in person(user).get(ACTIONS, parameters).json()["results"]}

    assert found(alice, waiting_for_me="true") == {mine.pk}
    assert found(bob, waiting_for_me="true") == {bobs.pk}
    assert found(alice, waiting_for_me="false") == {bobs.pk}
    assert found(alice, state="done") == set()
    assert found(alice, due_before="2020-01-01") == set()
    assert found(alice, due_after="2020-01-01", client="N-1", owner="bob", theme="keeping_in_touch") == {
        bobs.pk
    }


def test_an_action_changed_meanwhile_is_refused_by_its_etag(person, alice, carla):
    planned = ActionFactory(client=carla)
    address = f"{ACTIONS}{planned.pk}/"
    etag = person(alice).get(address).headers["ETag"]
    until = (alice.today() + timedelta(days=5)).isoformat()
    person(alice).post(f"{address}snooze/", {"until": until})
    stale = person(alice).post(f"{address}done/", {}, headers={"If-Match": etag})
    assert stale.status_code == 412
    planned.refresh_from_db()
    assert planned.state == "planned"
