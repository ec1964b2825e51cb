"""At the counter: one card to one person for a quarter of an hour, and no file."""

from datetime import timedelta

import pytest
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from common.models import AuditEntry
from interactions.models import Arrival, Contact
from interactions.services import counter as desk
from tests.factories import UserFactory
from tests.interactions.conftest import find, note


def test_desk_sees_one_card_and_no_file_and_no_list(at_desk, carla):
    assert at_desk.get("/", follow=True).redirect_chain[-1][0] == "/counter/"
    response = find(at_desk, "N-1")
    assert (response.status_code, response.url) == (302, "/counter/")
    page = at_desk.get("/counter/").content.decode()
    assert "Carla Núñez" in page
    for address in ("/client/N-1/", "/client/N-1/contacts/", "/clients/", "/clients/find/?q=N-1", "/today/"):
        assert at_desk.get(address).status_code == 404, address
    assert at_desk.get("/contacts/log/?client=N-1").status_code == 404
    assert at_desk.get("/api/v1/clients/").json()["results"] == []


def test_what_is_typed_stands_in_no_address(at_desk, carla):
    assert "Carla" not in at_desk.get("/counter/?typed=N-1").content.decode()
    assert not AuditEntry.objects.exists()


def test_sight_is_of_one_person_for_a_quarter_of_an_hour(hana, carla, sight, monkeypatch, settings):
    other = UserFactory(role="front_desk", branch=hana.branch)
    assert desk.in_sight(actor=hana, sight=sight) == carla
    with pytest.raises(desk.SightEnded):
        desk.in_sight(actor=other, sight=sight)
    forged = [
        "", "x", sight[:-1], sight + "x", "\x00", "é", signing.dumps([hana.pk, carla.pk]), signing.dumps("x", salt=desk.SALT),
        signing.dumps([1], salt=desk.SALT), signing.dumps(7, salt=desk.SALT),
    ]  # fmt: skip
    for text in forged:
        with pytest.raises(desk.SightEnded):
            desk.in_sight(actor=hana, sight=text)
    settings.COUNTER_SIGHT = timedelta(seconds=-1)
    with pytest.raises(desk.SightEnded):
        desk.in_sight(actor=hana, sight=sight)


@pytest.mark.parametrize("change", [{"is_restricted": True}, {"status": "closed"}, {"status": "deceased"}])
def test_card_closes_when_the_file_does(at_desk, carla, change):
    find(at_desk, "N-1")
    for field, value in change.items():
        setattr(carla, field, value)
    carla.save()
    assert "Carla" not in at_desk.get("/counter/").content.decode()


@pytest.mark.parametrize(
    "person", ["alice", "anna", "bob", "charlie", "dora", "erin", "frank", "gus", "ines"]
)
def test_nobody_but_the_desk_looks_up_notes_or_tells(cast, carla, person, sight, signed_in):
    actor = cast[person]
    own = signing.dumps([actor.pk, carla.pk], salt=desk.SALT)
    for act in (
        lambda: desk.look_up(actor=actor, typed="N-1"),
        lambda: note(actor, own),
        lambda: desk.tell_manager(actor=actor, sight=own),
        lambda: desk.end_arrival(actor=actor, sight=own),
    ):
        with pytest.raises(PermissionDenied):
            act()
    contact = note(cast["hana"], sight)
    browser = signed_in(actor)
    assert find(browser, "N-1").status_code == 404
    for name in ("note", "tell", "left", "answer", "close"):
        assert browser.post(reverse(f"counter-{name}"), {"sight": own}).status_code == 404
    for name in ("take-back", "undo"):
        assert browser.post(reverse(f"counter-{name}", args=[contact.pk]), {"reason": "x"}).status_code == 404
    assert Contact.objects.counted().count() == 1


@pytest.mark.parametrize("name", ["note", "tell", "left", "answer"])
def test_card_of_another_person_or_of_yesterday_does_nothing_and_says_so(at_desk, hana, carla, name):
    other = UserFactory(role="front_desk", branch=hana.branch)
    theirs = desk.look_up(actor=other, typed="N-1")
    for sight in (theirs, "forged", ""):
        response = at_desk.post(
            reverse(f"counter-{name}"),
            {"sight": sight, "kind": "need", "text": "Asked for rates"},
            follow=True,
        )
        page = response.content.decode()
        assert "This card has closed. Find the client again." in page
        assert "Carla" not in page
    assert not Contact.objects.exists()
    assert not Arrival.objects.exists()


def test_text_of_a_closed_card_waits_for_the_next_one(at_desk, carla):
    at_desk.post("/counter/note/", {"sight": "", "kind": "need", "text": "Asked for <b>rates"})
    assert "Still to be noted: “Asked for &lt;b&gt;rates”" in at_desk.get("/counter/").content.decode()
    find(at_desk, "N-1")
    assert 'value="Asked for &lt;b&gt;rates"' in at_desk.get("/counter/").content.decode()
    assert 'value="Asked for' not in at_desk.get("/counter/").content.decode()


def test_card_is_put_away(at_desk, carla):
    find(at_desk, "N-1")
    at_desk.post("/counter/close/")
    assert "Carla" not in at_desk.get("/counter/").content.decode()


def test_look_up_that_fails_closes_the_card_before(at_desk, carla):
    find(at_desk, "N-1")
    assert "Carla" not in find(at_desk, "N-9").content.decode()
    assert "Carla" not in at_desk.get("/counter/").content.decode()
