"""At the counter: what is noted there, where it goes, and how it is taken back."""

import re
import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clients.models import Fact, FactChange, Theme
from clients.services import change_fact
from common.vague import read
from interactions.checks import checks
from interactions.models import Action, Contact, Promise, ServiceCase
from interactions.services import counter as desk
from interactions.services import log_contact, refresh_cadence
from interactions.services.cases import take_step
from interactions.views.counter import initials
from tests.factories import UserFactory
from tests.interactions.conftest import find, in_days, note


def test_need_becomes_a_contact_in_person_a_note_and_a_fact_in_the_ledger(hana, carla, sight):
    contact = note(hana, sight)
    assert (contact.channel, contact.direction, contact.result, contact.staff) == (
        "branch",
        "in",
        "reached",
        hana,
    )
    assert contact.note.text == "Wants a safe for jewellery"
    fact = Fact.objects.get(client=carla, type__code="need")
    change = FactChange.objects.get(client=carla, fact_type__code="need")
    assert (fact.value, change.contact_id, change.actor, change.slot) == (
        "Wants a safe for jewellery", contact.pk, hana, f"fact/{fact.pk}")  # fmt: skip
    assert checks() == []


def test_promise_becomes_an_action_inside_its_window(hana, alice, carla, sight):
    window = desk.Days(in_days(carla, 5), in_days(carla, 9))
    contact = note(hana, sight, kind="promise", text="Call when the deposit falls due", window=window)
    promise = contact.promises.get()
    assert (promise.opens_on, promise.due_on, promise.noted_by) == (window.opens_on, window.due_on, hana)
    assert Action.objects.waiting_for(alice, alice.today()).get() == promise.action
    assert Promise.objects.open(carla.branch.today()).get() == promise


def test_need_that_cannot_be_met_becomes_a_case_to_which_the_manager_still_listens(hana, alice, carla, sight):
    case = note(hana, sight, kind="unmet", text="Gold bars by the gram").service_cases.get()
    assert (case.kind, case.is_open, case.steps.count()) == ("unmet_need", True, 0)
    assert Action.objects.waiting_for(alice, alice.today()).get() == case.action


def test_word_in_passing_counts_as_contact_but_only_a_theme_moves_the_cadence(hana, alice, carla, sight):
    contact = note(hana, sight)
    carla.refresh_from_db()
    assert Contact.objects.reached().filter(client=carla).count() == 1
    assert carla.last_reached_at is None
    talk = note(hana, sight, theme=Theme.objects.get(code="service"), text="We spoke about cards")
    carla.refresh_from_db()
    assert carla.last_reached_at == talk.occurred_at
    assert talk.occurred_at > contact.occurred_at
    assert refresh_cadence() == 0
    assert checks() == []


def test_manager_who_meets_a_client_in_the_branch_needs_no_theme(alice, carla):
    log_contact(actor=alice, client=carla, channel="branch", direction="in", result="reached")
    carla.refresh_from_db()
    assert carla.last_reached_at is not None
    assert checks() == []


def test_form_sent_twice_is_one_note(at_desk, carla):
    find(at_desk, "N-1")
    page = at_desk.get("/counter/").content.decode()
    sight = re.search(r'name="sight" value="([^"]+)"', page)[1]
    body = {"sight": sight, "kind": "unmet", "text": "Asked for gold", "submission": str(uuid.uuid4())}
    for _n in range(2):
        assert at_desk.post("/counter/note/", body).status_code == 302
    assert (Contact.objects.count(), ServiceCase.objects.count()) == (1, 1)


def test_submission_of_another_note_is_refused(hana, carla, nina, sight):
    key = uuid.uuid4()
    note(hana, sight, submission=key)
    other = desk.look_up(actor=hana, typed="N-2")
    with pytest.raises(PermissionDenied):
        note(hana, other, submission=key)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"text": ""}, "Write what was said."), ({"text": "x" * 301}, "at most 300"), ({"text": "a\x00b"}, "Null characters"),
     ({"kind": "gossip"}, "Select a valid choice"), ({"theme": "999999"}, "Select a valid choice"),
     ({"kind": "promise"}, "No day is named that we know."), ({"kind": "promise", "due_on": "soon"}, "Enter a valid date"),
     ({"kind": "promise", "due_on": "2001-01-01"}, "Choose today or a later day."),
     ({"kind": "promise", "due_on": "9999-01-01"}, "within the next two years"),
     ({"kind": "promise", "opens_on": "9999-01-01"}, "Choose the day by which"), ({"submission": "x"}, "")],
)  # fmt: skip
def test_errors_stand_beside_their_field_and_nothing_is_written(at_desk, carla, hana, body, field):
    find(at_desk, "N-1")
    sight = desk.look_up(actor=hana, typed="N-1")
    response = at_desk.post(
        "/counter/note/", {"sight": sight, "kind": "need", "text": "Asked for gold"} | body
    )
    assert response.status_code == 422
    page = response.content.decode()
    assert field in page
    assert "Carla Núñez" in page
    assert not Contact.objects.exists()


def test_vague_days_are_shown_before_they_count(at_desk, hana, carla):
    find(at_desk, "N-1")
    sight = desk.look_up(actor=hana, typed="N-1")
    body = {"sight": sight, "kind": "promise", "text": "Deposit falls due at the end of August"}
    window = read(body["text"], today=carla.branch.today())
    page = at_desk.post("/counter/note/", body).content.decode()
    assert "Note it again if that is right." in page
    assert f'value="{window.due_on}"' in page
    assert not Promise.objects.exists()
    at_desk.post("/counter/note/", body | {"opens_on": str(window.opens_on), "due_on": str(window.due_on)})
    assert Promise.objects.get().due_on == window.due_on


def test_naughty_notes_are_kept_as_they_are_and_shown_as_text(at_desk, hana, carla):
    sight = desk.look_up(actor=hana, typed="N-1")
    for text in (
        "<script>alert(1)</script>",
        "{{ 7*7 }}",
        "’; DROP TABLE",
        "陈美琳说：月底到期",
        "\u202eoverheard",
        "ﷺ" * 300,
    ):
        note(hana, sight, text=text)
    page = at_desk.get("/counter/").content.decode()
    assert "<script>alert" not in page
    assert "{{ 7*7 }}" in page
    assert "陈美琳说：月底到期" in page


def test_own_notes_of_the_day_say_when_and_what_and_no_name(at_desk, hana, carla, sight, north):
    note(hana, sight)
    colleague = UserFactory(role="front_desk", branch=north)
    note(colleague, desk.look_up(actor=colleague, typed="N-1"), text="Somebody else heard it")
    old = note(hana, sight, text="The day before yesterday")
    then = timezone.now() - timedelta(hours=25)
    Contact.objects.filter(pk=old.pk).update(occurred_at=then, recorded_at=then)
    page = at_desk.get("/counter/").content.decode()
    assert "Wants a safe for jewellery" in page
    assert "C. N." in page
    for hidden in ("Carla", "Núñez", "N-1", "/client/", "Somebody else", "day before"):
        assert hidden not in page, hidden
    carla.is_restricted = True
    carla.save()
    assert "jewellery" not in at_desk.get("/counter/").content.decode()


@pytest.mark.parametrize(
    ("name", "short"),
    [("Carla Núñez", "C. N."), ("王建国", "王"), ("Cher", "C."), ("Ana María de la O", "A. O.")],
)
def test_initials(name, short):
    assert initials(name) == short


@pytest.mark.parametrize("kind", ["need", "unmet", "promise"])
def test_note_is_taken_back_with_what_followed_from_it(at_desk, hana, carla, sight, kind):
    window = desk.Days(in_days(carla, 5), in_days(carla, 9)) if kind == "promise" else None
    contact = note(hana, sight, kind=kind, window=window, theme=Theme.objects.get(code="service"))
    address = reverse("counter-take-back", args=[contact.pk])
    assert at_desk.get(address).status_code == 200
    assert at_desk.post(address, {"reason": " "}).status_code == 422
    assert at_desk.post(address, {"reason": "It was her sister"}).status_code == 302
    contact.refresh_from_db()
    carla.refresh_from_db()
    assert (contact.is_void, contact.void_reason, contact.voided_by) == (True, "It was her sister", hana)
    assert carla.last_reached_at is None
    assert not Fact.objects.filter(client=carla, type__code="need").exists()
    assert not ServiceCase.objects.exists()
    assert not Action.objects.open().exists()
    assert not Promise.objects.filter(withdrawn_at=None).exists()
    assert checks() == []
    assert at_desk.post(address, {"reason": "again"}).status_code == 404
    assert "taken back" in at_desk.get("/counter/").content.decode()


def test_note_just_written_is_undone_with_one_press(at_desk, hana, carla, sight):
    contact = note(hana, sight)
    assert at_desk.post(reverse("counter-undo", args=[contact.pk])).status_code == 302
    assert not Contact.objects.counted().exists()


def test_what_others_have_changed_since_stays(hana, alice, carla, sight):
    first, second = note(hana, sight), note(hana, sight, kind="unmet", text="Gold bars")
    change_fact(actor=alice, fact=Fact.objects.get(type__code="need"), value="Wants a large safe")
    take_step(actor=alice, case=second.service_cases.get(), step="listened", note="Called her")
    for contact in (first, second):
        desk.take_back_note(actor=hana, contact=contact, reason="Wrong client")
    assert Fact.objects.get(type__code="need").value == "Wants a large safe"
    assert ServiceCase.objects.open().count() == 1


def test_note_of_another_or_of_yesterday_is_not_taken_back(hana, carla, sight, north):
    contact = note(hana, sight)
    other = UserFactory(role="front_desk", branch=north)
    with pytest.raises(PermissionDenied):
        desk.take_back_note(actor=other, contact=contact, reason="Mine now")
    then = timezone.now() - timedelta(hours=25)
    Contact.objects.filter(pk=contact.pk).update(occurred_at=then, recorded_at=then)
    with pytest.raises(PermissionDenied):
        desk.take_back_note(actor=hana, contact=contact, reason="Too late")


def test_forty_notes_cost_as_many_queries_as_two(at_desk, hana, carla, sight):
    def queries() -> int:
        at_desk.get("/counter/")
        with CaptureQueriesContext(connection) as seen:
            at_desk.get("/counter/")
        return len(seen)

    for n in range(2):
        note(hana, sight, text=f"Need {n}")
    few = queries()
    for n in range(38):
        note(hana, sight, text=f"More {n}")
    assert queries() == few


def test_timeline_calls_it_at_the_counter_and_the_trail_shows_the_look(
    signed_in, at_desk, hana, alice, carla, sight
):
    note(hana, sight)
    find(at_desk, "N-1")
    at_desk.get("/counter/")
    browser = signed_in(alice)
    page = browser.get("/client/N-1/").content.decode()
    assert "At the counter" in page
    assert "Wants a safe for jewellery" in page
    assert "at the counter" in browser.get("/client/N-1/trail/").content.decode()
