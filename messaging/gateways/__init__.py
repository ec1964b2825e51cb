"""The ways out of the house, one class a channel, behind one call: `send(message)`.

A gateway's errors say what is known about the outside world, because that alone decides what may happen
next: `NotSent` may be tried again, `Refused` never, `Unclear` waits for a person.
"""

from typing import Protocol

from messaging.gateways.errors import GatewayError, NotSent, Refused, Unclear
from messaging.gateways.letter import LetterGateway
from messaging.gateways.mail import EmailGateway, mail_domain
from messaging.gateways.sms import SmsGateway
from messaging.models import Message

__all__ = [
    "GATEWAYS",
    "Gateway",
    "GatewayError",
    "NotSent",
    "Refused",
    "Unclear",
    "mail_domain",
    "may_repeat",
    "send",
]


class Gateway(Protocol):
    """One channel's way out."""

    def send(self, message: Message) -> None:
        """Send one message. Raises NotSent, Refused or Unclear; returning means that it was accepted."""
        ...


GATEWAYS: dict[str, Gateway] = {"email": EmailGateway(), "sms": SmsGateway(), "letter": LetterGateway()}


def may_repeat(channel: str) -> bool:
    """Whether what may have left by a channel can be sent again without arriving twice."""
    return getattr(GATEWAYS.get(channel), "is_repeatable", False)


def send(message: Message) -> None:
    """Send through the message's channel. Raises: a GatewayError, Refused for a channel without gateway."""
    gateway = GATEWAYS.get(message.channel)
    if gateway is None:
        raise Refused(f"no gateway for the channel {message.channel}")
    gateway.send(message)
