"""Texts of messages: which template, in which language, and what fills its gaps."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import Client
from common import saying
from interactions import words
from interactions.models import Action, MessageKind, MessageTemplate
from staff.models import User

Form = MessageTemplate.Form
Templates = Mapping[tuple[str, str, str], MessageTemplate]  # by kind, form and language

GAP = re.compile(r"\{([^{}]*)\}")
OWN_WORDS = "text"  # nothing fills it but the person who writes
EVERYWHERE = ("client", "name", "bank", "branch", "manager")
# What a template of a kind may name besides.
GAPS = {
    MessageKind.BIRTHDAY: (*EVERYWHERE, "years"),
    MessageKind.HOLIDAY: (*EVERYWHERE, "holiday", "date"),
    MessageKind.MATURITY: (*EVERYWHERE, "product", "date", "amount"),
    MessageKind.NOTICE: (*EVERYWHERE, OWN_WORDS),
    MessageKind.OFFER: (*EVERYWHERE, "product"),
    MessageKind.ARTICLE: (*EVERYWHERE, OWN_WORDS),
    MessageKind.INVITATION: (*EVERYWHERE, "event", "date", "day", "place", "number", "link"),
}


@dataclass(frozen=True)
class Owner:
    """What a room above knows of the actions of its source: what fills gaps in a language, and when it is too late."""

    fill: Callable[[Action, str], Mapping[str, str]]
    is_over: Callable[[Action], bool]


_owners: dict[str, Owner] = {}
# GSM 03.38: what a text message holds in seven bits, and what takes two places there.
SEVEN_BITS = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWO_PLACES = set("^{}\\[~]|€")
MOST_PARTS = 3


def register_source(source: str, owner: Owner) -> None:
    """Make known who speaks for a source of actions; called in `AppConfig.ready()` by the app that owns it."""
    _owners[source] = owner


def is_over(action: Action | None) -> bool:
    """Whether what a message answers is over by now, as its owner says."""
    owner = _owners.get(action.source) if action is not None else None
    return owner is not None and owner.is_over(cast(Action, action))


def invites(action: Action | None) -> bool:
    """Whether an action asks to invite its client to an event."""
    return action is not None and action.source == "event" and action.about.startswith("invite: ")


def sms_parts(text: str) -> int:
    """How many text messages a text takes: 160 places in one or 153 in each of several; 70 or 67 where a sign is
    none of the seven-bit alphabet (3GPP TS 23.038 and 23.040)."""
    if set(text) <= SEVEN_BITS | TWO_PLACES:
        length, one, several = len(text) + sum(sign in TWO_PLACES for sign in text), 160, 153
    else:
        length, one, several = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= one else -(-length // several)


def text_messages(text: str) -> str:
    """What a text takes by phone: "142 characters, 1 text message"."""
    text = text.replace("\r\n", "\n").strip()
    parts = sms_parts(text)
    said = ngettext(
        "%(places)s characters, %(parts)s text message",
        "%(places)s characters, %(parts)s text messages",
        parts,
    )
    return said % {"places": saying.number(len(text)), "parts": parts}


def check_gaps(kind: str, text: str) -> None:
    """Raise ValidationError where a template names a gap that its kind cannot fill, or opens one and leaves it open."""
    known = GAPS[MessageKind(kind)]
    unknown = {f"{{{name}}}" for name in GAP.findall(text) if name not in known}
    unknown |= {brace for brace in "{}" if brace in GAP.sub("", text)}
    if unknown:
        raise ValidationError(
            _("Nothing is known of %(gaps)s. Choose from %(known)s.")
            % {
                "gaps": ", ".join(sorted(unknown)),
                "known": ", ".join(f"{{{name}}}" for name in known),
            }
        )


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its gaps filled; one without a value stays to be seen. What a value holds is no gap itself."""
    return GAP.sub(lambda gap: values.get(gap.group(1)) or gap.group(), text)


def unfilled(kind: str, text: str) -> list[str]:
    """The gaps of a kind that a text still has: nobody is written to with a hole."""
    return [gap.group() for gap in GAP.finditer(text) if gap.group(1) in GAPS[MessageKind(kind)]]


def open_gaps(text: str, values: Mapping[str, str]) -> list[str]:
    """Gaps of a text for which there is no value: the message would have a hole."""
    return [name for name in GAP.findall(text) if not values.get(name)]


def language_of(client: Client) -> str:
    """The language to write to a client in: the client's own, as far as we write it, else the bank's.

    "es-MX" is Spanish, "zh" and "zh-CN" simplified Chinese; "zh-Hant" is none of ours.
    """
    spoken = client.language.lower().replace("_", "-")
    ours = [code for code, _name in settings.LANGUAGES]
    if spoken in ours:
        return spoken
    if spoken.startswith("zh"):
        simplified = spoken in ("zh", "zh-cn", "zh-sg") or spoken.startswith("zh-hans")
        return "zh-hans" if simplified else settings.LANGUAGE_CODE
    first = spoken.partition("-")[0]
    return first if first in ours else settings.LANGUAGE_CODE


def form_of(channel: str) -> str:
    return Form.SHORT if channel == "sms" else Form.LONG


def templates() -> Templates:
    return {(row.kind, row.form, row.language): row for row in MessageTemplate.objects.all()}


def values_for(
    *, client: Client, writer: User, language: str, action: Action | None, product: str = ""
) -> dict:
    """What the gaps of a template are filled with, in the language of the message."""
    with translation.override(language):
        own_script = client.native_name if language.startswith("zh") else ""
        found = {
            "client": client.preferred_address or own_script or client.given_name or client.name,
            "name": own_script or client.name,
            "bank": settings.BANK_NAME,
            "branch": client.branch.name,
            "manager": writer.name,
            "product": product,
        }
        if action is not None:
            on = action.due_on if action.source == "maturity" else action.event_on
            found |= {
                "product": product or (action.about if action.source == "maturity" else ""),
                "holiday": words.holiday_name(action) if action.source == "holiday" else "",
                "date": saying.day(on, "yMMMMd") if on else "",
                "years": str(action.years or ""),
                "amount": f"{action.currency} {saying.amount(action.amount)}" if action.amount else "",
            }
            if action.source in _owners:
                found |= _owners[action.source].fill(action, language)
    return found


def written(template: MessageTemplate, values: Mapping[str, str]) -> tuple[str, str]:
    """Subject and text of a template, filled."""
    return fill(template.subject, values), fill(template.body, values)
