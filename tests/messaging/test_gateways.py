"""What the mail gateway reports, against a real SMTP server on loopback."""

import socket
from email import message_from_bytes

import pytest
from django.utils import timezone

from messaging import files, gateways
from messaging.gateways import mail as mail_gateway
from messaging.models import Message
from tests.messaging.conftest import free_port


@pytest.fixture
def mail():
    return Message(
        address="alice@bank.example",
        subject="3 actions today",
        body="Línea uno\n.\n..two dots\nend",
        message_id="<one@meridian.example>",
    )


def test_mail_arrives_as_written_with_its_message_id(postman, mail):
    gateways.send(mail)
    (content,) = postman.accepted
    assert b"Message-ID: <one@meridian.example>\r\n" in content
    assert b"To: alice@bank.example\r\n" in content
    assert content.endswith("Línea uno\r\n.\r\n..two dots\r\nend\r\n".encode())


def test_recipient_refused_for_good_is_refused(postman, mail):
    postman.rcpt = "550 no such person"
    with pytest.raises(gateways.Refused, match="550"):
        gateways.send(mail)
    assert postman.accepted == []


def test_recipient_refused_for_now_may_be_tried_again(postman, mail):
    postman.rcpt = "451 greylisted"
    with pytest.raises(gateways.NotSent, match="451"):
        gateways.send(mail)
    assert postman.accepted == []


def test_server_that_hangs_up_before_the_body_may_be_tried_again(postman, mail):
    postman.rcpt = "hang up"
    with pytest.raises(gateways.NotSent):
        gateways.send(mail)
    assert postman.accepted == []


def test_server_that_keeps_silent_before_the_body_may_be_tried_again(postman, mail, settings):
    settings.EMAIL_TIMEOUT = 0.2
    postman.rcpt = "silent"
    with pytest.raises(gateways.NotSent):
        gateways.send(mail)
    assert postman.accepted == []


@pytest.mark.parametrize("behaviour", ["hang up", "silent"])
def test_connection_lost_after_the_body_is_unclear_because_it_may_have_arrived(
    postman, mail, settings, behaviour
):
    settings.EMAIL_TIMEOUT = 0.2
    postman.data = behaviour
    with pytest.raises(gateways.Unclear):
        gateways.send(mail)
    assert len(postman.accepted) == 1  # it did arrive: a second sending would have been a double


def test_body_refused_for_now_may_be_tried_again(postman, mail):
    postman.data = "452 full"
    with pytest.raises(gateways.NotSent, match="452"):
        gateways.send(mail)


def test_body_refused_for_good_is_refused(postman, mail):
    postman.data = "554 not wanted"
    with pytest.raises(gateways.Refused, match="554"):
        gateways.send(mail)


def test_nobody_listening_may_be_tried_again(postman, mail, settings):
    settings.EMAIL_PORT = free_port()
    with pytest.raises(gateways.NotSent, match="ConnectionRefused"):
        gateways.send(mail)


@pytest.mark.parametrize(
    ("field", "value"),
    [("subject", "two\nlines"), ("address", "not an address"), ("address", "a@b.example\nBcc: c@d")],
)
def test_what_cannot_be_written_into_a_mail_is_refused_and_says_nothing_to_the_server(
    postman, mail, field, value
):
    setattr(mail, field, value)
    with pytest.raises(gateways.Refused):
        gateways.send(mail)
    assert postman.accepted == []


def test_errors_never_repeat_what_the_server_said(postman, mail):
    postman.rcpt = "550 alice@bank.example is unknown"
    with pytest.raises(gateways.Refused) as caught:
        gateways.send(mail)
    assert "alice" not in str(caught.value)


def test_channel_without_a_gateway_is_refused(mail):
    mail.channel = "pigeon"
    with pytest.raises(gateways.Refused):
        gateways.send(mail)


def test_mail_goes_into_files_where_settings_say_so(mail, settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    gateways.send(mail)
    (kept,) = tmp_path.iterdir()
    assert "<one@meridian.example>" in kept.read_text()


def test_mail_tells_where_to_answer_and_how_to_unsubscribe(postman, mail):
    mail.reply_to = "alice@bank.example"
    mail.unsubscribe_url = f"https://crm.bank.example/u/{'x' * 200}/"
    gateways.send(mail)
    (content,) = postman.accepted
    assert b"\r\nReply-To: alice@bank.example\r\n" in content
    read = message_from_bytes(content)
    assert read["List-Unsubscribe"].strip() == f"<{mail.unsubscribe_url}>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_mail_without_them_has_no_such_headers(postman, mail):
    gateways.send(mail)
    assert b"Reply-To" not in postman.accepted[0]
    assert b"List-Unsubscribe" not in postman.accepted[0]


def test_date_is_attached_as_a_calendar_that_asks_for_no_answer(postman, mail):
    mail.calendar = "BEGIN:VCALENDAR\r\nSUMMARY:Línea\r\n.\r\nEND:VCALENDAR\r\n"
    gateways.send(mail)
    text, date = message_from_bytes(postman.accepted[0]).get_payload()
    assert text.get_payload(decode=True).decode().replace("\r\n", "\n").startswith("Línea uno\n.\n..two dots")
    assert date.get_content_type() == "text/calendar"
    assert (date.get_param("method"), date.get_filename()) == ("PUBLISH", "invite.ics")
    assert date.get_payload(decode=True).decode() == mail.calendar


@pytest.mark.parametrize("field", ["reply_to", "unsubscribe_url"])
def test_header_that_brings_another_line_is_refused(postman, mail, field):
    setattr(mail, field, "https://x.example/\r\nBcc: c@d.example")
    with pytest.raises(gateways.Refused):
        gateways.send(mail)
    assert postman.accepted == []


@pytest.fixture
def letter():
    return Message(
        pk=9,
        channel="letter",
        address="Carla Núñez\nCalle Mayor 1\n28013 Madrid",
        subject="Su depósito",
        body="Estimada señora:",
        language="es",
        message_id="<nine@x.example>",
    )


def test_letter_lies_in_its_day_once_however_often_it_is_sent(letter, settings):
    gateways.send(letter)
    (kept,) = settings.LETTERS_DIR.glob("*/*")
    assert kept.read_bytes().startswith(b"%PDF-")
    assert kept.parent.name == timezone.localdate().isoformat()
    moved = kept.parent.with_name("2026-01-01")
    kept.parent.rename(moved)  # as if it had been written before midnight
    gateways.send(letter)
    assert [path.name for path in settings.LETTERS_DIR.glob("*/*")] == [kept.name]


def test_letter_that_finds_no_room_may_be_tried_again_and_leaves_no_piece(letter, settings, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(gateways.NotSent):
        gateways.send(letter)
    assert list(settings.LETTERS_DIR.glob("*/*")) == []


@pytest.mark.parametrize(("field", "value"), [("address", "Carla"), ("address", ""), ("body", "😀")])
def test_letter_that_cannot_be_delivered_or_printed_is_refused(letter, settings, field, value):
    setattr(letter, field, value)
    with pytest.raises(gateways.Refused):
        gateways.send(letter)
    assert not settings.LETTERS_DIR.exists()


def test_next_mail_soon_after_goes_over_the_same_connection_and_over_a_new_one_when_that_is_gone(
    postman, mail, monkeypatch
):
    dialled = []
    real = mail_gateway._dial
    monkeypatch.setattr(mail_gateway, "_dial", lambda: dialled.append(1) or real())
    gateways.send(mail)
    gateways.send(mail)
    assert len(dialled) == 1
    mail_gateway._line.kept.connection.sock.shutdown(socket.SHUT_RDWR)  # the server has had enough
    gateways.send(mail)
    assert len(dialled) == 2
    monkeypatch.setattr(mail_gateway, "IDLE_SECONDS", 0)
    gateways.send(mail)
    gateways.send(mail)
    assert len(dialled) == 3
    assert len(postman.accepted) == 5


def test_connection_on_which_something_went_wrong_is_not_used_again(postman, mail, monkeypatch):
    postman.rcpt = "451 greylisted"
    with pytest.raises(gateways.NotSent):
        gateways.send(mail)
    assert mail_gateway._line.kept is None
