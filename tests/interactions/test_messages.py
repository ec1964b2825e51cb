"""Messages to clients: approved by a person, written down once sent, taken back, decided; letters."""

from datetime import time

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from clients.services import unsubscribe
from interactions.models import Action, ClientMessage
from interactions.services import change_contact, void_contact
from interactions.services import messages as services
from interactions.services.permission import Hindrance
from messaging.models import Message, Notification
from messaging.services import deliver
from tests.factories import (
    ClientMessageFactory,
    ConsentFactory,
)
from tests.interactions.conftest import approve, send

State = Message.State


@pytest.fixture(autouse=True)
def any_hour(settings):
    """These tests are not about hours: they pass at night as well."""
    settings.CLIENT_HOURS = (time.min, time.max)


# -- the whole way ---------------------------------------------------------------------------------


def test_an_approved_greeting_is_sent_once_and_stands_in_the_file_and_does_what_was_due(
    alice, carla, draft, birthday
):
    row = approve(alice, draft)
    assert row.message.state == State.QUEUED
    assert send(row) == State.SENT
    (sent,) = mail.outbox
    assert sent.to == ["carla@x.example"]
    assert sent.body.startswith("Dear Carla, a happy birthday.\n\n-- \n")
    assert "/unsubscribe/" in sent.body
    contact = row.contact
    assert (contact.channel, contact.direction, contact.result) == ("email", "out", "message_left")
    assert (contact.staff, contact.theme.code, contact.action) == (alice, "birthday", birthday)
    assert contact.note.text == "Happy birthday\n\nDear Carla, a happy birthday."
    birthday.refresh_from_db()
    assert birthday.state == "done"
    carla.refresh_from_db()
    assert carla.last_reached_at is None  # nobody was reached
    assert send(row) == ""
    assert len(mail.outbox) == 1
    assert carla.contacts.count() == 1


def test_what_a_sent_message_has_done_is_not_taken_back_by_an_old_link(
    alice, carla, draft, birthday, signed_in
):
    send(approve(alice, draft))
    signed_in(alice).post(f"/actions/{birthday.pk}/undo/done/")
    birthday.refresh_from_db()
    assert birthday.state == "done"


def test_an_email_leads_out_of_all_emails_but_those_of_service(alice, carla, draft, client):
    row = approve(alice, draft)
    send(row)
    link = mail.outbox[0].body.rpartition("http://localhost:8000")[2].strip()
    client.post(link)
    second = ClientMessageFactory(client=carla, written_by=alice)
    with pytest.raises(ValidationError, match="not allowed"):
        approve(alice, second)


def test_while_it_is_on_its_way_the_action_has_left_today_and_comes_back_if_it_strands(
    alice, carla, draft, birthday
):
    today = alice.today()
    due = Action.objects.waiting_for(alice, today).due(today)
    assert birthday in due
    row = approve(alice, draft)
    assert birthday not in due.all()
    unsubscribe(client=carla)
    assert send(row) == State.FAILED
    assert birthday in due.all()
    assert row.message.error == Hindrance.CONSENT
    assert not mail.outbox
    told = Notification.objects.get(user=alice, kind="client_message")
    assert told.url == "/messages/?show=stranded"


# -- drafts, undo, decisions ------------------------------------------------------------------------


def test_an_approval_is_taken_back_while_it_waits_and_not_once_it_has_left(alice, draft):
    row = approve(alice, draft)
    queued = row.message
    row = services.take_back_message(actor=alice, message=row)
    assert row.is_draft
    assert deliver(queued.pk) == ""
    assert not mail.outbox
    row = approve(alice, row)
    send(row)
    assert len(mail.outbox) == 1
    with pytest.raises(ValidationError, match="Too late"):
        services.take_back_message(actor=alice, message=row)


def test_one_action_has_one_message_and_an_approved_one_changes_no_more(alice, carla, draft, birthday):
    text = {"channel": "email", "language": "en", "subject": "Hi", "body": "Again."}
    with pytest.raises(ValidationError, match="already"):
        services.write_message(actor=alice, client=carla, kind="birthday", action=birthday, **text)
    row = approve(alice, draft)
    with pytest.raises(ValidationError, match="no draft"):
        services.write_message(
            actor=alice, client=carla, kind="birthday", action=birthday, message=row, **text
        )
    with pytest.raises(ValidationError, match="no draft"):
        services.approve_message(actor=alice, message=row)


def test_what_may_have_left_waits_for_the_person_who_looks_after_the_client(alice, anna, carla, draft):
    row = approve(alice, draft)
    Message.objects.filter(pk=row.message_id).update(state="unknown", claimed_at=timezone.now())
    row.refresh_from_db()
    with pytest.raises(PermissionDenied):
        services.settle_message(actor=anna, message=row, was_sent=True)
    services.settle_message(actor=alice, message=row, was_sent=True)
    row.refresh_from_db()
    assert row.contact.result == "message_left"
    assert carla.contacts.count() == 1
    with pytest.raises(ValidationError, match="decided"):
        services.settle_message(actor=alice, message=row, was_sent=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("channel", "call"),
        ("language", "xx"),
        ("kind", "spam"),
        ("subject", ""),
        ("subject", "x" * 151),
        ("body", "  "),
        ("body", "x" * 5001),
        ("body", "a\x00b"),
    ],
)
def test_bad_input_names_its_field_and_leaves_nothing(field, value, alice, carla, allowed):
    text = {"kind": "birthday", "channel": "email", "language": "en", "subject": "Hi", "body": "Hello."}
    with pytest.raises(ValidationError) as refused:
        services.write_message(actor=alice, client=carla, **(text | {field: value}))
    assert list(refused.value.error_dict) == [field]
    assert not ClientMessage.objects.exists()


def test_a_text_message_has_no_subject_and_at_most_three_parts(alice, carla):
    text = {"kind": "birthday", "channel": "sms", "language": "en", "subject": "ignored"}
    row = services.write_message(actor=alice, client=carla, body="Happy birthday", **text)
    assert row.subject == ""
    for three, four in (
        ("x" * 459, "x" * 460),
        ("€" * 229, "€" * 230),
        ("ñ" * 459, "á" * 202),
        ("生" * 201, "生" * 202),
    ):
        services.write_message(actor=alice, client=carla, body=three, **text)
        with pytest.raises(ValidationError, match="takes 4 text messages"):
            services.write_message(actor=alice, client=carla, body=four, **text)


@pytest.mark.parametrize("who", ["anna", "charlie", "dora", "erin", "frank", "hana", "ines"])
def test_nobody_writes_to_or_approves_for_a_client_outside_their_sight(who, cast, carla, draft):
    text = {"kind": "birthday", "channel": "email", "language": "en", "subject": "Hi", "body": "Hello."}
    for act in (
        lambda: services.write_message(actor=cast[who], client=carla, **text),
        lambda: services.approve_message(actor=cast[who], message=draft),
        lambda: services.take_back_message(actor=cast[who], message=draft),
        lambda: services.drop_message(actor=cast[who], message=draft),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_when_its_writer_has_left_a_message_does_not_leave_and_the_supervisor_hears_of_it(
    alice, bob, carla, draft
):
    row = approve(alice, draft)
    alice.is_active = False
    alice.save()
    assert send(row) == State.FAILED
    assert row.message.error == Hindrance.WRITER
    assert list(Notification.objects.filter(kind="client_message").values_list("user", flat=True)) == [bob.pk]


# -- letters ----------------------------------------------------------------------------------------


def _letter(alice, client, **more):
    text = {
        "channel": "letter",
        "language": "es",
        "subject": "Feliz cumpleaños",
        "body": "Querida Carla: ¡salud!",
    }
    return services.send_message(actor=alice, client=client, kind="birthday", **(text | more))


@pytest.fixture
def by_post(carla):
    carla.contact_points.create(kind="address", value="Calle Mayor 3, 28013 Madrid", is_primary=True)
    return ConsentFactory(client=carla, channel="letter", purpose="care")


def test_a_letter_is_printed_with_name_and_address_and_stands_in_the_file(alice, carla, by_post, settings):
    row = _letter(alice, carla)
    assert row.message.address == "Carla Núñez\nCalle Mayor 3\n28013 Madrid"
    assert send(row) == State.SENT
    (printed,) = settings.LETTERS_DIR.glob("*/*.pdf")
    assert printed.read_bytes().startswith(b"%PDF")
    assert row.contact.channel == "letter"
    assert "unsubscribe" not in row.message.body
    assert services.letter_of(row).startswith(b"%PDF")


def test_what_our_fonts_cannot_print_is_said_before_it_is_approved(alice, carla, by_post):
    with pytest.raises(ValidationError, match="A letter cannot show 🎂") as refused:
        _letter(alice, carla, body="Feliz cumpleaños 🎂")
    assert "body" in refused.value.error_dict
    carla.contact_points.filter(kind="address").update(value="شارع 3, Madrid")
    with pytest.raises(ValidationError) as refused:
        _letter(alice, carla)
    assert "channel" in refused.value.error_dict


def test_an_email_says_where_to_answer_and_how_to_unsubscribe(alice, carla, draft):
    send(approve(alice, draft))
    (sent,) = mail.outbox
    assert sent.reply_to == [alice.email]
    assert sent.extra_headers["List-Unsubscribe"].startswith("<http://localhost:8000/unsubscribe/")


# -- holes -------------------------------------------------------------------------------------------


def test_nobody_is_written_to_with_a_hole_that_the_bank_left_for_a_persons_own_words(alice, carla, allowed):
    text = {"channel": "email", "language": "en", "subject": "News", "kind": "notice"}
    with pytest.raises(ValidationError, match=r"in place of \{text\}") as refused:
        services.send_message(actor=alice, client=carla, body="Dear Carla,\n\n{text}\n\nAlice", **text)
    assert "body" in refused.value.error_dict
    assert not ClientMessage.objects.exists()
    row = services.send_message(
        actor=alice, client=carla, body="Dear Carla, your {new} card is here.", **text
    )
    assert row.message.state == State.QUEUED


# -- in the file ------------------------------------------------------------------------------------


def test_what_was_sent_stays_in_the_file_as_it_was_sent(alice, bob, carla, draft, birthday, signed_in):
    row = approve(alice, draft)
    send(row)
    for actor in (alice, bob):
        with pytest.raises(PermissionDenied):
            void_contact(actor=actor, contact=row.contact, reason="No")
        with pytest.raises(PermissionDenied):
            change_contact(actor=actor, contact=row.contact, changes={"channel": "call", "result": "reached"})
    page = signed_in(alice)
    assert page.get(f"/contacts/{row.contact_id}/").status_code == 403
    timeline = page.get("/client/N-1/contacts/").content.decode()
    assert "Email: sent" in timeline
    assert "Dear Carla, a happy birthday." in timeline
    assert f"/contacts/{row.contact_id}/" not in timeline


def test_the_trail_of_the_file_names_messages(alice, carla, draft, signed_in):
    trail = signed_in(alice).get("/client/N-1/trail/").content.decode()
    assert "a message" in trail


def test_the_file_says_of_what_is_due_that_a_message_about_it_is_on_its_way(alice, carla, draft, signed_in):
    page = signed_in(alice)
    words = "A message about it leaves"
    places = ("/client/N-1/", "/client/N-1/plan/")
    assert not any(words in page.get(place).content.decode() for place in places)
    row = approve(alice, draft)
    assert all(words in page.get(place).content.decode() for place in places)
    send(row)
    assert not any(words in page.get(place).content.decode() for place in places)
