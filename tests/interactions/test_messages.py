"""Messages to clients: allowed, approved by a person, asked again when they leave, written down once sent."""

from datetime import datetime, time, timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from clients.models import Theme, Tier
from clients.services import unsubscribe
from interactions.drafting import drafts_for, ready_actions
from interactions.models import Action, ClientMessage
from interactions.services import change_contact, log_contact, void_contact
from interactions.services import messages as services
from interactions.services.guard import repetition
from interactions.services.permission import Hindrance
from interactions.services.status import settle_status
from messaging import gateways
from messaging.models import Message, Notification
from messaging.services import deliver
from tests.factories import (
    ActionFactory,
    AgreementFactory,
    ClientMessageFactory,
    ConsentFactory,
    HoldingFactory,
    ProductFactory,
    ServiceCaseFactory,
)

State = Message.State


@pytest.fixture(autouse=True)
def any_hour(settings):
    """These tests are not about hours: they pass at night as well."""
    settings.CLIENT_HOURS = (time.min, time.max)


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


# -- what is asked before ---------------------------------------------------------------------------


def _unsubscribed(carla, **_):
    unsubscribe(client=carla)


def _complains(carla, **_):
    ServiceCaseFactory(client=carla, kind="complaint")


def _bounced(carla, **_):
    carla.contact_points.filter(kind="email").update(do_not_use=True)


def _agreed_on_calls(carla, **_):
    AgreementFactory(client=carla, channels=["call", "visit"])


def _agreed_on_reviews(carla, **_):
    AgreementFactory(client=carla, themes=["review"])


def _blocked(carla, **_):
    _becomes(carla, "blocked")


def _dormant(carla, **_):
    _becomes(carla, "dormant")


def _becomes(carla, status):
    carla.status = status
    carla.save(update_fields=["status"])
    settle_status([carla.pk])


def _said_by_phone(carla, alice, birthday, **_):
    log_contact(actor=alice, client=carla, channel="call", result="reached", action=birthday)


def _long_ago(birthday, **_):
    birthday.event_on -= timedelta(days=4)
    birthday.save()


def _no_day(carla, **_):
    AgreementFactory(client=carla, weekdays=[9])


WAYS = {
    _unsubscribed: Hindrance.CONSENT,
    _complains: Hindrance.COMPLAINT,
    _bounced: Hindrance.ADDRESS,
    _agreed_on_calls: Hindrance.CHANNEL,
    _agreed_on_reviews: Hindrance.THEME,
    _blocked: Hindrance.STATUS,
    _dormant: Hindrance.DORMANT,
    _said_by_phone: Hindrance.OVERTAKEN,
    _long_ago: Hindrance.TOO_LATE,
    _no_day: Hindrance.HOURS,
}


@pytest.mark.parametrize(("happens", "why"), WAYS.items(), ids=[why.value for why in WAYS.values()])
def test_what_forbids_a_message_is_asked_when_it_is_approved(happens, why, alice, carla, birthday, draft):
    happens(carla=carla, alice=alice, birthday=birthday)
    draft.action.refresh_from_db()
    with pytest.raises(ValidationError) as refused:
        approve(alice, draft)
    assert refused.value.messages == [str(why.label)]
    assert Message.objects.count() == 0


@pytest.mark.parametrize(("happens", "why"), WAYS.items(), ids=[why.value for why in WAYS.values()])
def test_and_again_when_it_leaves(happens, why, alice, carla, birthday, draft):
    row = approve(alice, draft)
    happens(carla=carla, alice=alice, birthday=birthday)
    assert send(row) == State.FAILED
    assert row.message.error == why
    assert not mail.outbox


def test_a_closed_file_stops_what_waits_at_once(alice, carla, draft):
    row = approve(alice, draft)
    other = ClientMessageFactory(client=carla, written_by=alice)
    _becomes(carla, "closed")
    assert Message.objects.get(pk=row.message_id).state == State.FAILED
    assert not ClientMessage.objects.standing().filter(pk__in=[row.pk, other.pk]).exists()


def test_a_talk_about_it_since_the_approval_stops_a_message_without_an_action(alice, carla, allowed):
    row = approve(alice, ClientMessageFactory(client=carla, written_by=alice))
    log_contact(
        actor=alice, client=carla, channel="call", result="reached", theme=Theme.objects.get(code="birthday")
    )
    assert send(row) == State.FAILED
    assert row.message.error == Hindrance.REPEATED


def test_outside_the_hours_a_message_waits_for_the_next_one_and_no_attempt_is_counted(
    alice, carla, draft, settings
):
    row = approve(alice, draft)
    local = timezone.localtime(timezone=carla.branch.zone)
    opens = (local + timedelta(hours=2)).time() if local.hour < 21 else time(1)
    settings.CLIENT_HOURS = (opens, (datetime.combine(local, opens) + timedelta(minutes=5)).time())
    assert send(row) == State.QUEUED
    assert row.message.attempts == 0
    assert timezone.now() < row.message.not_before < timezone.now() + timedelta(hours=25)
    assert timezone.localtime(row.message.not_before, carla.branch.zone).time() == opens


def test_a_greeting_whose_next_agreed_day_is_too_late_is_left_for_a_call(alice, carla, draft):
    AgreementFactory(client=carla, weekdays=[(carla.branch.today().weekday() + 5) % 7])
    with pytest.raises(ValidationError) as refused:
        approve(alice, draft)
    assert refused.value.messages == [str(Hindrance.HOURS.label)]
    draft.delete()
    ready, others = drafts_for(alice, ready_actions(alice, alice.today()))
    assert (len(ready), len(others)) == (0, 1)


def test_a_greeting_leaves_on_its_day_and_not_when_it_is_approved(alice, carla, draft, birthday):
    birthday.event_on += timedelta(days=3)
    birthday.save()
    draft.refresh_from_db()
    row = approve(alice, draft)
    local = timezone.localtime(row.message.not_before, carla.branch.zone)
    assert local.date() == birthday.event_on


# -- repetition -------------------------------------------------------------------------------------


def test_a_sent_message_arms_the_repetition_guard_and_a_draft_does_not(alice, anna, carla, draft):
    theme = Theme.objects.get(code="birthday")
    action = draft.action
    row = approve(alice, draft)
    assert repetition(actor=alice, client=carla, theme=theme, action=action) is None
    send(row)
    found = repetition(actor=anna, client=carla, theme=theme)
    assert found is not None
    assert found.by == alice.name


def test_where_the_tier_blocks_saying_it_again_needs_a_reason_which_then_holds_at_the_door(
    alice, carla, draft, allowed
):
    carla.tier = Tier.objects.get(code="private")
    carla.tier.guard_blocks = True
    carla.tier.save()
    carla.save()
    send(approve(alice, draft))
    again = ClientMessageFactory(client=carla, written_by=alice)
    with pytest.raises(ValidationError) as refused:
        approve(alice, again)
    assert "repeat_reason" in refused.value.error_dict
    row = services.approve_message(actor=alice, message=again, repeat_reason="The first had a wrong name")
    assert send(row) == State.SENT
    assert row.contact.repeat_reason == "The first had a wrong name"


def test_of_two_messages_about_the_same_the_second_is_told_of_the_first_before_it_leaves(
    alice, bob, carla, allowed
):
    first = ClientMessageFactory(client=carla, written_by=alice)
    second = ClientMessageFactory(client=carla, written_by=alice, body="All the best.")
    approve(alice, first)
    through, left = services.approve_many(actor=bob, drafts=[second], at=timezone.now())
    assert not through
    assert "Alice means to speak about" in left[0][1]
    Message.objects.update(state="unknown", claimed_at=timezone.now())
    assert services.approve_many(actor=bob, drafts=[second], at=timezone.now())[0] == []
    carla.tier = Tier.objects.get(code="private")
    carla.tier.guard_blocks = True
    carla.tier.save()
    carla.save()
    with pytest.raises(ValidationError) as refused:
        approve(bob, second)
    assert "repeat_reason" in refused.value.error_dict


def test_of_two_that_leave_at_the_same_moment_one_waits_and_finds_that_it_was_said(
    alice, bob, carla, allowed, monkeypatch
):
    first, second = (
        approve(person, ClientMessageFactory(client=carla, written_by=person, body=person.name))
        for person in (alice, bob)
    )
    real = gateways.send

    def send_while_another_worker_takes_the_second(message):
        if message.pk == first.message_id:
            assert send(second) == State.QUEUED
        real(message)

    monkeypatch.setattr(gateways, "send", send_while_another_worker_takes_the_second)
    assert send(first) == State.SENT
    assert send(second) == State.FAILED
    assert second.message.error == Hindrance.REPEATED
    assert len(mail.outbox) == 1


def test_two_notices_at_once_may_be_sent_where_nothing_forbids_to_say_it_again(alice, carla, allowed):
    drafts = [ClientMessageFactory(client=carla, kind="notice", body=body) for body in ("A card.", "A fee.")]
    rows = [approve(alice, row) for row in drafts]
    assert [send(row) for row in rows] == [State.SENT, State.SENT]


# -- duties -----------------------------------------------------------------------------------------


@pytest.fixture
def maturity(carla):
    HoldingFactory(client=carla)
    return ActionFactory(
        client=carla,
        theme=Theme.objects.get(code="maturity"),
        origin="occurrence",
        source="maturity",
        about="Term deposit",
        event_on=carla.branch.today() + timedelta(days=5),
    )


def test_a_notice_that_is_a_duty_needs_no_consent_but_only_where_something_matures(alice, carla, maturity):
    text = {"channel": "email", "language": "en", "subject": "It matures", "body": "Soon."}
    row = services.send_message(actor=alice, client=carla, kind="maturity", action=maturity, **text)
    assert send(row) == State.SENT
    with pytest.raises(ValidationError) as refused:
        services.write_message(actor=alice, client=carla, kind="maturity", **text)
    assert "kind" in refused.value.error_dict


def test_an_offer_in_the_dress_of_a_maturity_needs_the_consent_of_an_offer(alice, carla, maturity):
    with pytest.raises(ValidationError, match="not allowed"):
        services.send_message(
            actor=alice,
            client=carla,
            kind="offer",
            action=maturity,
            channel="email",
            language="en",
            subject="Buy",
            body="This.",
        )
    assert not ClientMessage.objects.exists()


def test_an_offer_of_what_does_not_suit_needs_a_reason(alice, carla):
    ConsentFactory(client=carla, channel="email", purpose="marketing")
    text = {"channel": "email", "language": "en", "subject": "For you", "body": "A fund."}
    risky = ProductFactory(kind="fund", risk_level=5)
    with pytest.raises(ValidationError) as refused:
        services.write_message(actor=alice, client=carla, kind="offer", product=risky, **text)
    assert "suitability_reason" in refused.value.error_dict
    row = services.write_message(
        actor=alice, client=carla, kind="offer", product=risky, suitability_reason="She asked for it", **text
    )
    assert row.suitability_reason == "She asked for it"


def test_whether_an_offer_suits_is_asked_again_when_it_is_approved(alice, carla):
    ConsentFactory(client=carla, channel="email", purpose="marketing")
    carla.risk_profile = 3
    carla.save(update_fields=["risk_profile"])
    row = services.write_message(
        actor=alice,
        client=carla,
        kind="offer",
        product=ProductFactory(kind="fund", risk_level=3),
        channel="email",
        language="en",
        subject="For you",
        body="A fund.",
    )
    carla.risk_profile = 2
    carla.save(update_fields=["risk_profile"])
    with pytest.raises(ValidationError) as refused:
        approve(alice, row)
    assert "suitability_reason" in refused.value.error_dict


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
    assert "Dear Carla, a happy birthday." in timeline
    assert f"/contacts/{row.contact_id}/" not in timeline


def test_the_trail_of_the_file_names_messages(alice, carla, draft, signed_in):
    trail = signed_in(alice).get("/client/N-1/trail/").content.decode()
    assert "a message" in trail
