"""Invitations in writing: in the client's language and the account manager's name, held to what holds for any message."""

from datetime import time, timedelta
from email import message_from_bytes

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from campaigns.links import invitation_token, invitation_url
from campaigns.models import Event, EventWords, Invitation
from campaigns.services import sending
from campaigns.services.invitations import answer_invitation, withdraw_invitation
from clients.models import Theme
from interactions.drafting import kind_for
from interactions.models import ClientMessage, MessageTemplate
from interactions.services import messages
from tests.factories import (
    ActionFactory,
    ClientFactory,
    ClientMessageFactory,
    ConsentFactory,
    EventFactory,
    InvitationFactory,
)
from tests.interactions.conftest import send


@pytest.fixture(autouse=True)
def any_hour(settings):
    """These tests are not about hours: they pass at night as well."""
    settings.CLIENT_HOURS = (time.min, time.max)


@pytest.fixture
def event(north, bob):
    return EventFactory(branch=north, planned_by=bob, theme=Theme.objects.get(code="event"))


@pytest.fixture
def invited(event, bob):
    """`invited(client, channel)` asks a client, who allows the channel."""

    def _invite(client, channel="email", **more):
        ConsentFactory(client=client, channel=channel, purpose="care")
        number = Invitation.objects.count() + 1
        return InvitationFactory(
            **(
                {"event": event, "client": client, "channel": channel, "number": number, "invited_by": bob}
                | more
            )
        )

    return _invite


def _send(actor, event):
    return sending.send_invitations(
        actor=actor, event=event, invitations=Invitation.objects.filter(event=event)
    )


def _shown(browser, address):
    """What the form of the page holds."""
    return {"numbers": browser.get(address).context["numbers"]}


def test_invitation_leaves_in_the_name_of_the_account_manager_with_link_and_date(
    bob, alice, carla, event, invited, settings
):
    invitation = invited(carla)
    sent = _send(bob, event)
    (row,) = sent.through
    assert sent.left == []
    assert (row.kind, row.theme.code, row.approved_by, row.written_by) == (
        "invitation",
        "event",
        alice,
        alice,
    )
    assert send(row) == "sent"
    (letter,) = mail.outbox
    assert letter.to == ["carla@x.example"]
    assert letter.subject == "Invitation: Evening of the markets"
    assert "Dear Carla" in letter.body or "Dear " in letter.body
    assert invitation_url(invitation) in letter.body
    assert "Your number at the door is 1." in letter.body
    local = timezone.localtime(event.starts_at, event.branch.zone)
    assert f"{local:%H:%M}" in letter.body
    read = message_from_bytes(letter.message().as_bytes())
    (part,) = [part for part in read.walk() if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "PUBLISH"
    assert part.get_filename() == "invite.ics"
    text = part.get_payload(decode=True).decode()
    assert "STATUS:TENTATIVE" in text
    assert "Carla" not in text
    invitation.action.refresh_from_db()
    assert invitation.action.state == "done"


def test_personal_link_does_not_stand_in_the_file(bob, carla, event, invited, signed_in, alice):
    invitation = invited(carla)
    (row,) = _send(bob, event).through
    send(row)
    row.refresh_from_db()
    token = invitation_token(invitation)
    assert token in row.body
    assert token not in row.contact.note.text
    assert "/invitation/•••/" in row.contact.note.text
    browser = signed_in(alice)
    assert token not in browser.get(reverse("message-detail", args=[row.pk])).content.decode()
    assert token not in browser.get(f"/api/v1/client-messages/{row.pk}/").content.decode()


def test_link_of_the_mail_is_the_one_that_answers(bob, carla, event, invited, client):
    invitation = invited(carla)
    (row,) = _send(bob, event).through
    link = invitation_url(invitation)
    assert link in row.message.body
    assert client.post(link.removeprefix("http://localhost:8000"), {"answer": "accepted"}).status_code == 302
    invitation.refresh_from_db()
    assert invitation.answer == "accepted"


@pytest.mark.parametrize(
    ("language", "title"), [("es-MX", "Invitación: "), ("zh-CN", "邀请函："), ("fr", "Invitation: ")]
)
def test_client_is_written_to_in_their_language(bob, carla, event, invited, language, title):
    carla.language = language
    carla.save()
    EventWords.objects.create(event=event, language="es", title="Noche de los mercados", place="Salón")
    invited(carla)
    (row,) = _send(bob, event).through
    assert row.subject.startswith(title)
    assert ("Noche de los mercados" in row.body) == (language == "es-MX")
    assert ("Noche de los mercados" in row.calendar) == (language == "es-MX")


def test_text_message_and_letter_carry_the_link_and_no_file(bob, event, invited, north, alice):
    by_phone = ClientFactory(branch=north, manager=alice, phone="+34600111333")
    by_post = ClientFactory(branch=north, manager=alice)
    by_post.contact_points.create(kind="address", value="Calle Mayor 1, 28013 Madrid", is_primary=True)
    invited(by_phone, "sms")
    letter = invited(by_post, "letter")
    sent = _send(bob, event)
    assert sent.left == []
    texts = {row.channel: row for row in sent.through}
    assert "/invitation/" in texts["sms"].body
    assert texts["letter"].message.calendar == texts["sms"].message.calendar == ""
    assert invitation_url(letter) in texts["letter"].message.body
    assert f"number at the door is {letter.number}." in texts["letter"].body
    assert messages.letter_of(texts["letter"]).startswith(b"%PDF")


@pytest.mark.parametrize("language", ["en", "es", "zh-hans"])
def test_title_of_usual_length_finds_room_in_a_text_message(
    bob, event, invited, north, alice, settings, language
):
    settings.PUBLIC_URL = "https://crm.meridian.example"
    EventWords.objects.update(title="Noche de los mercados: qué esperar en 2027")
    client = ClientFactory(branch=north, manager=alice, phone="+34600111333", language=language)
    invited(client, "sms", number=12_345)
    sent = _send(bob, event)
    assert sent.left == []
    assert sent.through[0].language == language


def test_nothing_is_sent_twice_and_nothing_that_is_not_asked_for(bob, alice, carla, event, invited, north):
    first = invited(carla)
    for channel in ("call", "visit"):
        invited(ClientFactory(branch=north, manager=alice, email="x@x.example"), channel)
    accepted = invited(ClientFactory(branch=north, manager=alice, email="y@x.example"))
    answer_invitation(invitation=accepted, answer="accepted", through="link")
    gone = invited(ClientFactory(branch=north, manager=alice, email="z@x.example"))
    withdraw_invitation(actor=bob, invitation=gone)
    assert [row.action for row in _send(bob, event).through] == [first.action]
    assert _send(bob, event).through == []
    assert ClientMessage.objects.count() == 1


def test_whom_it_leaves_out_it_names_with_the_reason_and_goes_on(bob, alice, carla, nina, event, invited):
    invited(nina)  # no address
    invited(carla)
    sent = _send(bob, event)
    assert [row.client for row in sent.through] == [carla]
    ((client, why),) = sent.left
    assert client == nina
    assert "No address" in why
    assert not ClientMessage.objects.filter(client=nina).exists()


def test_who_was_written_to_about_an_event_a_short_time_ago_is_left_to_be_looked_at(
    bob, carla, event, invited, north
):
    invited(carla)
    send(_send(bob, event).through[0])
    other = EventFactory(branch=north, planned_by=bob, theme=event.theme)
    invited(carla, event=other, number=1)
    sent = _send(bob, other)
    assert sent.through == []
    assert "wrote about" in sent.left[0][1]


def test_consent_withdrawn_meanwhile_stops_it_at_the_door_of_the_house(bob, carla, event, invited):
    invited(carla)
    (row,) = _send(bob, event).through
    ConsentFactory(client=carla, channel="email", purpose="care", granted=False)
    assert send(row) == "failed"
    row.message.refresh_from_db()
    assert row.message.error == "consent"
    assert mail.outbox == []


@pytest.mark.parametrize("how", ["withdrawn", "late", "called off"])
def test_what_nobody_can_answer_does_not_leave(bob, carla, event, invited, how):
    invitation = invited(carla)
    (row,) = _send(bob, event).through
    if how == "withdrawn":
        withdraw_invitation(actor=bob, invitation=invitation)
    elif how == "late":
        Event.objects.filter(pk=event.pk).update(answer_until=timezone.now() - timedelta(minutes=1))
    else:
        Event.objects.filter(pk=event.pk).update(cancelled_at=timezone.now(), cancelled_reason="Ill")
    assert send(row) == "failed"
    row.message.refresh_from_db()
    assert row.message.error == ("overtaken" if how == "withdrawn" else "too_late")


def test_invitation_waits_for_a_day_without_another_word(bob, alice, carla, event, invited):
    ConsentFactory(client=carla, channel="email", purpose="care")
    greeting = ClientMessageFactory(client=carla, kind="holiday", written_by=alice)
    greeting = messages.approve_message(actor=alice, message=greeting)
    invited(carla)
    (row,) = _send(bob, event).through
    days = {timezone.localtime(one.message.not_before, carla.branch.zone).date() for one in (greeting, row)}
    assert len(days) == 2


def test_supervisor_writes_where_nobody_holds_the_book_and_head_office_for_nobody(
    bob, dora, event, invited, north
):
    client = ClientFactory(branch=north, email="free@x.example")
    invited(client)
    sent = _send(dora, event)
    assert sent.through == []
    assert "a supervisor has to send it" in sent.left[0][1]
    (row,) = _send(bob, event).through
    assert row.approved_by == bob


def test_manager_who_has_left_writes_no_more(bob, alice, carla, event, invited):
    invited(carla)
    alice.is_active = False
    alice.save()
    (row,) = _send(bob, event).through
    assert row.approved_by == bob


def test_head_office_sends_in_the_account_managers_name(dora, alice, carla, event, invited):
    invited(carla)
    (row,) = _send(dora, event).through
    assert row.approved_by == alice


@pytest.mark.parametrize("person", ["alice", "charlie", "hana", "erin", "frank", "gus", "ines"])
def test_only_whoever_may_change_the_event_sends(cast, signed_in, carla, event, invited, person):
    invited(carla)
    with pytest.raises(PermissionDenied):
        _send(cast[person], event)
    assert signed_in(cast[person]).post(reverse("event-send", args=[event.pk])).status_code in (403, 404)
    assert not ClientMessage.objects.exists()


def test_supervisor_sends_to_the_clients_of_their_branches_only(bob, simon, carla, event, invited):
    simon.contact_points.create(kind="email", value="simon@x.example", is_primary=True)
    invited(simon)
    invited(carla)
    assert [row.client for row in _send(bob, event).through] == [carla]


def test_too_late_to_answer_is_too_late_to_send(bob, carla, event, invited, signed_in):
    invited(carla)
    Event.objects.filter(pk=event.pk).update(answer_until=timezone.now())
    with pytest.raises(ValidationError, match="Nobody can answer"):
        _send(bob, event)
    page = signed_in(bob).post(reverse("event-send", args=[event.pk]))
    assert page.status_code == 422
    assert not ClientMessage.objects.exists()


def test_page_says_what_waits_sends_it_and_names_whom_it_left_out(
    signed_in, bob, carla, nina, event, invited
):
    invited(carla)
    invited(nina)
    browser, address = signed_in(bob), reverse("event-send", args=[event.pk])
    before = browser.get(address).content.decode()
    assert "Email" in before
    assert ">2</dd>" in before
    assert not ClientMessage.objects.exists()
    after = browser.post(address, _shown(browser, address)).content.decode()
    assert "1 invitation is on its way." in after
    assert "Nina Berg" in after
    assert "No address" in after


def test_head_office_reads_numbers_of_whom_was_left_out(signed_in, dora, nina, event, invited):
    invited(nina)
    browser, address = signed_in(dora), reverse("event-send", args=[event.pk])
    said = browser.post(address, _shown(browser, address)).content.decode()
    assert "Client N-2" in said
    assert "Nina" not in said


def test_bank_without_a_text_in_the_language_is_told(bob, carla, event, invited):
    MessageTemplate.objects.filter(kind="invitation", language="en").delete()
    invited(carla)
    sent = _send(bob, event)
    assert sent.left == [(carla, "The bank has no text for it in English.")]


# -- the other messages ----------------------------------------------------------------------------


def test_invitation_is_written_to_answer_an_action_that_asks_for_one_and_never_else(alice, carla, signed_in):
    texts = {
        "client": carla,
        "kind": "invitation",
        "channel": "email",
        "language": "en",
        "subject": "x",
        "body": "x",
    }
    ConsentFactory(client=carla, channel="email", purpose="care")
    told = ActionFactory(client=carla, source="event", about="free: Evening", origin="campaign")
    for action in (None, told, ActionFactory(client=carla)):
        with pytest.raises(ValidationError) as refused:
            messages.send_message(actor=alice, action=action, **texts)
        assert "kind" in refused.value.message_dict
    assert kind_for(told) != "invitation"
    browser = signed_in(alice)
    page = browser.get(reverse("message-write", args=["N-1"]) + "?kind=invitation")
    assert page.status_code == 200
    assert 'value="invitation"' not in page.content.decode()
    address = reverse("message-write", args=["N-1"])
    for do in ("redraw", "send"):
        body = {
            "kind": "invitation",
            "channel": "email",
            "language": "en",
            "subject": "x",
            "body": "x",
            "do": do,
        }
        assert browser.post(address, body).status_code in (200, 422)
    assert not ClientMessage.objects.exists()


def test_account_manager_writes_one_by_hand_with_every_gap_filled(alice, carla, event, invited, signed_in):
    invitation = invited(carla)
    assert kind_for(invitation.action) == "invitation"
    address = reverse("message-write", args=["N-1"]) + f"?action={invitation.action_id}"
    page = signed_in(alice).get(address).content.decode()
    assert invitation_url(invitation) in page
    assert "Evening of the markets" in page
    assert "{link}" not in page


def test_asks_as_much_of_the_database_before_writing_for_many_as_for_few(
    bob, alice, event, invited, north, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(sending, "approve_many", lambda **given: ([], []))
    counts = []
    for more in (5, 20):
        for at in range(more):
            invited(ClientFactory(branch=north, manager=alice, email=f"a{more}{at}@x.example"))
        with django_assert_max_num_queries(40) as captured:
            _send(bob, event)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_page_sent_again_sends_nobody_whom_it_has_not_shown(
    signed_in, bob, alice, north, event, invited, monkeypatch
):
    for module in ("campaigns.services.sending.AT_ONCE", "campaigns.views.sending.AT_ONCE"):
        monkeypatch.setattr(module, 2)
    for number in range(5):
        invited(ClientFactory(branch=north, manager=alice, email=f"guest{number}@x.example"))
    browser, address = signed_in(bob), reverse("event-send", args=[event.pk])
    for body in ({}, {"numbers": "x,\x00,-1,²," + "9" * 30}):
        browser.post(address, body)
    assert not ClientMessage.objects.exists()
    shown = _shown(browser, address)
    for _n in range(2):
        assert browser.post(address, shown).status_code == 200
    assert ClientMessage.objects.count() == 2
    browser.post(address, _shown(browser, address))
    assert ClientMessage.objects.count() == 4
