"""Text messages: by HTTP to the bank's SMS provider, or into files where development has no provider."""

import re
from pathlib import Path

import httpx
from django.conf import settings

from messaging.files import write_whole
from messaging.gateways.errors import NotSent, Refused, Unclear
from messaging.models import Message

TIMEOUT = httpx.Timeout(20, connect=10)  # seconds, each far below the task's own limit
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164, as phone numbers are kept
LONGEST_WAIT = 6 * 3600  # seconds; a longer Retry-After is cut
# Raised only while a connection is made, before the first byte of the request.
BEFORE_THE_REQUEST = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.LocalProtocolError,
)
# Moved for good, our token, too many, closed: nobody took it, and the bank or time will mend it.
LATER = (301, 307, 308, 401, 429, 503)


class SmsGateway:
    """One POST a message to SMS_URL; what the provider has to understand stands in docs/operations.md.

    The Message-ID goes along as Idempotency-Key, stable over retries.
    """

    def send(self, message: Message) -> None:
        if not NUMBER.fullmatch(message.address):
            raise Refused("this is not a phone number")
        if settings.SMS_URL:
            _post(message)
        elif settings.MESSAGING_FILE_DIR:
            _write(message, Path(settings.MESSAGING_FILE_DIR) / "sms")
        else:
            raise Refused("no SMS gateway is set up (SMS_URL)")


def _post(message: Message) -> None:
    asked = {
        "to": message.address,
        "text": message.body,
        "sender": settings.SMS_SENDER,
        "id": message.message_id,
    }
    headers = {"Idempotency-Key": message.message_id}
    if settings.SMS_TOKEN:
        headers["Authorization"] = f"Bearer {settings.SMS_TOKEN}"
    try:
        with httpx.stream(
            "POST", settings.SMS_URL, json=asked, headers=headers, timeout=TIMEOUT, follow_redirects=False
        ) as response:  # its status is all that counts: the rest stays unread
            _judge(response)
    except BEFORE_THE_REQUEST as error:
        raise NotSent(type(error).__name__) from None  # its words may hold the address of the server
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise NotSent("SMS_URL is no address") from None  # for the bank to mend, no fault of this message
    except (httpx.HTTPError, httpx.StreamError, OSError) as error:
        raise Unclear(type(error).__name__) from None


def _judge(response: httpx.Response) -> None:
    """Turn an answer into its error. Its text is never repeated: it may hold the number."""
    code = response.status_code
    if 200 <= code < 300:
        return
    if code in LATER:
        raise NotSent(f"the SMS gateway answered {code}", wait=_wait(response))
    if 400 <= code < 500 and code != 408:
        raise Refused(f"the SMS gateway answered {code}")
    raise Unclear(f"the SMS gateway answered {code}")


def _wait(response: httpx.Response) -> int:
    """Seconds that Retry-After asks for; a date or nonsense is nothing asked."""
    asked = response.headers.get("Retry-After", "")
    return min(int(asked), LONGEST_WAIT) if re.fullmatch(r"[0-9]{1,9}", asked) else 0


def _write(message: Message, folder: Path) -> None:
    text = f"To: {message.address}\nId: {message.message_id}\n\n{message.body}\n"
    try:
        write_whole(folder / f"{message.pk}.txt", text.encode())
    except OSError as error:
        raise NotSent(type(error).__name__) from error
