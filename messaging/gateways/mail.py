"""Mail over Django's configured backend."""

import re
import threading
import time
from contextlib import suppress
from email.mime.text import MIMEText
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email

from messaging.gateways.errors import NotSent, Refused, Unclear
from messaging.models import Message

IDLE_SECONDS = 5.0  # far below what any server waits
MOST_USES = 100  # mails over one connection


class EmailGateway:
    """Mail through Django's configured backend (SMTP in production, files or memory elsewhere).

    With SMTP the conversation is led here, line by line: only so is it known whether the body had begun
    to leave when a connection broke.
    """

    def send(self, message: Message) -> None:
        mail = _mail(message)
        connection = _line.take() or _dial()
        if not isinstance(connection, EmailBackend):
            _hand_over(connection, mail)
            connection.close()
            return
        try:
            _converse(connection.connection, mail)
        except BaseException:
            _hang_up(connection.connection)
            raise
        _line.keep(connection)


class _Line(threading.local):
    """The connection of the last mail that went well, for the next one soon after: dialling costs more than a mail."""

    kept: EmailBackend | None = None
    where: tuple[str, int] | None = None
    until = 0.0
    uses = 0

    def take(self) -> EmailBackend | None:
        """The kept connection if it is still good; nothing has been said on it yet."""
        is_fresh = time.monotonic() < self.until and self.where == (settings.EMAIL_HOST, settings.EMAIL_PORT)
        if self.kept is not None and is_fresh and self.uses < MOST_USES:
            with suppress(OSError):
                smtp: Any = self.kept.connection
                if smtp.rset()[0] == 250:
                    connection, self.kept = self.kept, None
                    return connection
        self.drop()
        return None

    def drop(self) -> None:
        if self.kept is not None:
            _hang_up(self.kept.connection)
        self.kept, self.uses = None, 0

    def keep(self, connection: EmailBackend) -> None:
        self.kept, self.where = connection, (connection.host, connection.port)
        self.until = time.monotonic() + IDLE_SECONDS
        self.uses += 1


def _dial() -> Any:
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:  # every smtplib error is one, and no message has been spoken of yet
        raise NotSent(_words(error)) from error
    return connection


def _mail(message: Message) -> EmailMessage:
    try:
        validate_email(message.address)
        if message.reply_to:
            validate_email(message.reply_to)
    except ValidationError as error:
        raise Refused("this is not an address") from error
    headers = {"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"}
    if message.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{message.unsubscribe_url}>"
        if message.unsubscribe_url.startswith("https://"):  # RFC 8058 asks for TLS
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMessage(
        subject=message.subject,
        body=message.body,
        to=[message.address],
        reply_to=[message.reply_to] if message.reply_to else None,
        headers=headers,
    )
    if message.calendar:
        mail.attach(_calendar(message.calendar))
    return mail


def _calendar(text: str) -> MIMEText:
    """A date to take over (RFC 6047): published, so that no mail program answers the bank by itself."""
    part = MIMEText(text, "calendar", "utf-8")
    part.set_param("method", "PUBLISH")
    part.add_header("Content-Disposition", "attachment", filename="invite.ics")
    return part


def _converse(smtp: Any, mail: EmailMessage) -> None:
    """One message over an open SMTP connection (RFC 5321, 4.1.1 and 4.2.1)."""
    try:
        written: Any = mail.message()  # Django's own, whose line ends can be chosen
        content = written.as_bytes(linesep="\r\n")
        sender = sanitize_address(mail.from_email, "utf-8")
        recipient = sanitize_address(mail.to[0], "utf-8")
    except ValueError as error:
        raise Refused("the address or the subject cannot be written into a mail") from error
    try:
        smtp.ehlo_or_helo_if_needed()
        code, _reply = smtp.mail(parseaddr(sender)[1])
        if code >= 300:  # who we are was refused: for the bank to mend, no fault of this message
            raise NotSent(f"the mail server answered {code} to the sender")
        _refuse_or_wait(smtp.rcpt(parseaddr(recipient)[1])[0])
        code, _reply = smtp.docmd("DATA")
        _refuse_or_wait(code)
        if code != 354:
            raise NotSent(f"the mail server answered {code} to DATA")
    except OSError as error:
        raise NotSent(_words(error)) from error
    # From here on the other side may have taken it, whatever we hear or do not hear.
    stuffed = re.sub(rb"(?m)^\.", b"..", content).removesuffix(b"\r\n")
    try:
        smtp.send(stuffed + b"\r\n.\r\n")
        code, _reply = smtp.getreply()
    except OSError as error:
        raise Unclear(_words(error)) from error
    _refuse_or_wait(code)
    if not 200 <= code < 300:
        raise Unclear(f"the mail server answered {code} to the message")


def _refuse_or_wait(code: int) -> None:
    """Turn a negative answer into its error: 4xx is for now, 5xx for good."""
    if 400 <= code < 500:
        raise NotSent(f"the mail server answered {code}")
    if code >= 500:
        raise Refused(f"the mail server answered {code}")


def _hand_over(connection, mail: EmailMessage) -> None:
    try:
        connection.send_messages([mail])
    except ValueError as error:
        raise Refused("the address or the subject cannot be written into a mail") from error
    except OSError as error:
        raise Unclear(_words(error)) from error


def _hang_up(smtp: Any) -> None:
    """Say goodbye without waiting for an answer: it would change nothing about the message before."""
    with suppress(OSError):
        smtp.putcmd("QUIT")
    smtp.close()


def _words(error: OSError) -> str:
    """The kind of an error without the server's free text, which may repeat the recipient's address."""
    code = getattr(error, "smtp_code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


_line = _Line()


def mail_domain() -> str:
    """The domain in our Message-IDs: that of the sender's address."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
