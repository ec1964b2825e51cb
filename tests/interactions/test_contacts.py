"""Contacts: one row an attempt, corrected with history, taken back without a trace in any count."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from clients.models import Tier
from interactions import services
from interactions.checks import checks
from interactions.models import Action, Contact
from tests.factories import ActionFactory, ContactFactory


def log(actor, client, **more):
    return services.log_contact(
        actor=actor, client=client, **({"channel": "call", "result": "reached"} | more)
    )


def test_reached_contact_fulfils_the_action_and_moves_the_cadence(alice, carla):
    carla.tier = Tier.objects.get(code="gold")
    carla.save()
    action = ActionFactory(client=carla)
    contact = log(alice, carla, action=action, note="Wants to wait")
    carla.refresh_from_db()
    action.refresh_from_db()
    assert action.state == "done"
    assert carla.last_reached_at == contact.occurred_at
    assert carla.next_due_on == timezone.localdate(contact.occurred_at, carla.branch.zone) + timedelta(
        days=60
    )
    assert contact.note.text == "Wants to wait"


def test_attempt_leaves_the_action_open_and_the_cadence_alone(alice, carla):
    action = ActionFactory(client=carla)
    log(alice, carla, action=action, result="no_answer")
    carla.refresh_from_db()
    action.refresh_from_db()
    assert (action.state, carla.last_reached_at) == ("planned", None)


def test_letter_sent_reaches_nobody_but_does_what_was_asked(alice, carla):
    action = ActionFactory(client=carla, channel="letter")
    with pytest.raises(ValidationError):
        log(alice, carla, channel="letter", action=action)
    log(alice, carla, channel="letter", result="message_left", action=action)
    carla.refresh_from_db()
    action.refresh_from_db()
    assert (action.state, carla.last_reached_at) == ("done", None)


def test_one_form_sent_twice_is_one_contact(alice, carla):
    key = uuid.uuid4()
    assert log(alice, carla, submission=key) == log(alice, carla, submission=key)
    assert Contact.objects.count() == 1


def test_colleagues_client_cannot_be_contacted(anna, carla):
    with pytest.raises(PermissionDenied):
        log(anna, carla)
    assert not Contact.objects.exists()


def test_contact_in_the_future_names_its_field(alice, carla):
    with pytest.raises(ValidationError) as refused:
        log(alice, carla, occurred_at=timezone.now() + timedelta(hours=1))
    assert "occurred_at" in refused.value.message_dict


def test_change_is_free_for_a_day_and_later_asks_why(alice, carla):
    contact = log(alice, carla)
    services.change_contact(actor=alice, contact=contact, changes={"result": "no_answer"})
    Contact.objects.update(
        occurred_at=timezone.now() - timedelta(days=2), recorded_at=timezone.now() - timedelta(hours=25)
    )
    with pytest.raises(ValidationError):
        services.change_contact(actor=alice, contact=contact, changes={"result": "busy"})
    services.change_contact(actor=alice, contact=contact, changes={"result": "busy"}, reason="Misheard")
    contact.refresh_from_db()
    assert (contact.result, contact.changed_reason) == ("busy", "Misheard")
    kept = Contact.pgh_event_model.objects.filter(pgh_obj=contact).order_by("pgh_id")
    assert [row.result for row in kept if row.pgh_label == "update"][-1] == "busy"


def test_correcting_the_result_opens_the_action_again(alice, carla):
    action = ActionFactory(client=carla)
    contact = log(alice, carla, action=action)
    services.change_contact(actor=alice, contact=contact, changes={"result": "no_answer"})
    action.refresh_from_db()
    carla.refresh_from_db()
    assert (action.state, carla.last_reached_at) == ("planned", None)


def test_void_takes_back_everything_the_contact_did(alice, carla):
    action = ActionFactory(client=carla)
    step = services.NextStep(channel="call", due_on=alice.today() + timedelta(days=3), about="Send the offer")
    contact = log(alice, carla, action=action, next_step=step)
    assert Action.objects.get(origin="next_step").about == "Send the offer"
    with pytest.raises(ValidationError):
        services.void_contact(actor=alice, contact=contact, reason=" ")
    services.void_contact(actor=alice, contact=contact, reason="Wrong client")
    action.refresh_from_db()
    carla.refresh_from_db()
    assert action.state == "planned"
    assert Action.objects.get(origin="next_step").state == "cancelled"
    assert carla.last_reached_at is None
    assert not Contact.objects.counted().exists()


def test_only_the_author_undoes(alice, bob, carla):
    contact = log(alice, carla)
    with pytest.raises(PermissionDenied):
        services.undo_contact(actor=bob, contact=contact)
    services.undo_contact(actor=alice, contact=contact)
    assert not Contact.objects.counted().exists()


def test_page_logs_with_a_next_step_and_says_so(signed_in, alice, carla):
    browser = signed_in(alice)
    day = alice.today() + timedelta(days=2)
    response = browser.post(
        f"/contacts/log/?client={carla.number}",
        {
            "channel": "call",
            "result": "reached",
            "direction": "out",
            "note": "Likes tea",
            "next_about": "Call",
            "next_on": day,
        },
    )
    assert response.status_code == 302
    assert "logged" in browser.get(response.url).content.decode()
    assert Action.objects.get().due_on == day


def test_step_without_a_day_is_refused_beside_its_field(signed_in, alice, carla):
    response = signed_in(alice).post(
        f"/contacts/log/?client={carla.number}",
        {"channel": "call", "result": "reached", "direction": "out", "next_about": "Call"},
    )
    assert response.status_code == 422
    assert "Choose the day of the next step." in response.content.decode()
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    "text", ["\x00", "<script>alert(1)</script>", "'; DROP TABLE x; --", "‮abc", "😀" * 50, "{{ 7 }}"]
)
def test_nasty_text_is_kept_as_typed_or_refused_never_an_error(signed_in, alice, carla, text):
    response = signed_in(alice).post(
        f"/contacts/log/?client={carla.number}",
        {"channel": "call", "result": "reached", "direction": "out", "note": text},
    )
    assert response.status_code in (302, 422)
    if response.status_code == 302:
        assert Contact.objects.get().note.text == text.strip()
        page = signed_in(alice).get(f"/client/{carla.number}/").content.decode()
        assert "<script>alert" not in page


def test_file_costs_at_most_twelve_queries_of_its_own(signed_in, alice, carla, django_assert_max_num_queries):
    for _n in range(12):
        ContactFactory(client=carla, staff=alice, note="x")
        ActionFactory(client=carla)
    browser = signed_in(alice)
    with django_assert_max_num_queries(18):  # twelve, and the session, the person, their bell and the trail
        assert browser.get(f"/client/{carla.number}/").status_code == 200


def test_logging_with_a_note_and_a_next_step_costs_few_questions(
    signed_in, alice, carla, django_assert_max_num_queries
):
    browser, due_on = signed_in(alice), timezone.localdate() + timedelta(days=3)
    fields = {
        "channel": "call",
        "result": "reached",
        "direction": "out",
        "note": "Asked about the family",
        "next_about": "Call back",
        "next_on": due_on.isoformat(),
        "next_channel": "call",
        "submission": str(uuid.uuid4()),
    }
    with django_assert_max_num_queries(16):  # twelve, and four savepoints that only a test's transaction has
        assert browser.post(f"/contacts/log/?client={carla.number}", fields).status_code == 302
    planned = Action.objects.get(origin="next_step")
    assert planned.from_contact == Contact.objects.get()


def test_colleague_does_not_get_a_contact_by_its_form(alice, bob, carla):
    key = uuid.uuid4()
    log(alice, carla, submission=key)
    with pytest.raises(PermissionDenied):
        log(bob, carla, submission=key)


def test_voiding_an_attempt_leaves_an_action_done_by_hand_alone(alice, carla):
    action = ActionFactory(client=carla)
    attempt = log(alice, carla, action=action, result="no_answer")
    services.finish_action(actor=alice, action=action)
    services.void_contact(actor=alice, contact=attempt, reason="Logged twice")
    action.refresh_from_db()
    assert action.state == "done"
    assert checks() == []


def test_voiding_cancels_an_action_that_nothing_asks_for_any_more(alice, carla):
    noted = services.Noted("Send the offer", alice.today(), alice.today())
    promise = services.note_promise(actor=alice, client=carla, noted=noted)
    contact = log(alice, carla, action=promise.action)
    services.withdraw_promise(actor=alice, promise=promise, reason="Overtaken")
    services.void_contact(actor=alice, contact=contact, reason="Wrong client")
    promise.action.refresh_from_db()
    assert promise.action.state == "cancelled"


@pytest.mark.parametrize(
    "moved", [timedelta(hours=1), timedelta(days=-400), timedelta(days=-700_000)], ids=str
)
def test_a_corrected_contact_took_place_before_it_was_written_down_and_not_years_before(moved, alice, carla):
    contact = ContactFactory(client=carla, staff=alice, occurred_at=timezone.now() - timedelta(hours=3))
    with pytest.raises(ValidationError) as refused:
        services.change_contact(
            actor=alice, contact=contact, changes={"occurred_at": contact.occurred_at + moved}
        )
    assert "occurred_at" in refused.value.error_dict


@pytest.mark.parametrize("page", ["contact-log", "action-plan", "promise-note"])
def test_a_number_that_cannot_be_is_absent(signed_in, alice, page):
    assert signed_in(alice).get(reverse(page), {"client": "\x00"}).status_code == 404
