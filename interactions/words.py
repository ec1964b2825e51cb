"""Reasons in words: the fact first, then the context. Whole sentences, one for each case and language."""

from datetime import date

from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.sight import shown_words
from common import saying
from common.calendars import public_holidays
from interactions.models import Action, Contact
from interactions.querysets import MONEY, OWED

CHANNEL_ICONS = {
    "visit": "walk",
    "branch": "building-bank",
    "call": "phone",
    "video": "video",
    "sms": "device-mobile",
    "email": "mail",
    "messenger": "message-circle",
    "letter": "mail",
    "event": "ticket",
}


def reason(
    action: Action, today: date, attempts: list[Contact] | None = None, *, country: str | None = None
) -> tuple[str, str]:
    """Why an action stands there: the first clause for the eye, the rest as context.

    `country` is the client's or its branch's, where the caller has it without the client.
    """
    if action.source == "holiday":
        first, rest = _holiday(action, today, country)
    else:
        first, rest = _REASONS.get(action.source, _by_hand)(action, today)
    tried = _attempts(attempts or [], today)
    return first, " ".join(part for part in (rest, tried) if part)


def _birthday(action: Action, today: date) -> tuple[str, str]:
    when = saying.in_days(action.event_on, today)
    if action.event_on < today:
        days = (today - action.event_on).days
        if action.years:
            return (
                ngettext("Turned %(years)s %(days)s day ago.", "Turned %(years)s %(days)s days ago.", days)
                % {"years": action.years, "days": days},
                "",
            )
        return ngettext("Birthday was %(days)s day ago.", "Birthday was %(days)s days ago.", days) % {
            "days": days
        }, ""
    on = saying.day(action.event_on, "MMMMEEEEd")
    if action.years:
        return _("Birthday %(when)s, turns %(years)s.") % {"when": when, "years": action.years}, on
    return _("Birthday %(when)s.") % {"when": when}, on


def _maturity(action: Action, today: date) -> tuple[str, str]:
    on = saying.day(action.event_on, "MMMMEEEEd")
    names = {"product": action.about, "when": saying.in_days(action.event_on, today)}
    if action.event_on < today:
        return _("%(product)s matured %(when)s.") % names, _("It was %(date)s.") % {"date": on}
    return _("%(product)s matures %(when)s.") % names, _("On %(date)s.") % {"date": on}


def holiday_name(action: Action, country: str | None = None) -> str:
    """The holiday's name in the reader's language where the library has it."""
    from django.utils.translation import get_language

    if country is None:
        country = action.client.country or action.client.branch.country
    wanted = {"en": "en_US", "es": "es", "zh-hans": "zh_CN"}.get(get_language() or "en")
    try:
        named = public_holidays(country, "", action.event_on.year, wanted)
    except (KeyError, ValueError):
        named = {}
    return named.get(action.event_on) or action.about


def _holiday(action: Action, today: date, country: str | None) -> tuple[str, str]:
    return (
        _("%(holiday)s %(when)s.")
        % {"holiday": holiday_name(action, country), "when": saying.in_days(action.event_on, today)},
        _("A greeting is due."),
    )


def _by_hand(action: Action, today: date) -> tuple[str, str]:
    first = action.about or str(action.theme)
    if action.origin == Action.Origin.NEXT_STEP:
        agreed = timezone.localtime(action.created_at).date()
        on = saying.day(agreed, "MMMd" if agreed.year == today.year else "yMMMd")
        return first, _("Agreed on %(date)s.") % {"date": on}
    return first, ""


def _promise(action: Action, today: date) -> tuple[str, str]:
    said = action.event_on or timezone.localtime(action.created_at).date()
    on = saying.day(said, "MMMMd" if said.year == today.year else "yMMMd")
    rest = _("“%(words)s”") % {"words": action.about} if action.about else ""
    return _("Promise of %(date)s:") % {"date": on}, rest


def _next_step(action: Action, today: date) -> tuple[str, str]:
    """An interest without words of its own for the next step: what it is in."""
    return _("Interest in %(product)s to follow up.") % {"product": action.about}, ""


_REASONS = {"birthday": _birthday, "maturity": _maturity, "promise": _promise, "next_step": _next_step}
# Of these somebody wrote what they are about: it may name the client.
_FREE_WORDS = ("", "promise")


def shown_about(user, action: Action) -> Action:
    """The action as the user may read it: without the right to identities the theme speaks for free words."""
    if action.source in _FREE_WORDS:
        action.about = shown_words(user, action.about)
    return action


def _attempts(attempts: list[Contact], today: date) -> str:
    tried = sorted((c for c in attempts if not c.is_void and not c.is_reached), key=lambda c: c.occurred_at)
    if not tried:
        return ""
    last = saying.near_day(timezone.localtime(tried[-1].occurred_at).date(), today)
    return ngettext(
        "%(count)s attempt, the last on %(date)s.", "%(count)s attempts, the last on %(date)s.", len(tried)
    ) % {"count": len(tried), "date": last}


def rank(action: Action, today: date) -> str:
    """Why a row stands where it stands, in a sentence."""
    if action.group == OWED:
        first = _("A duty whose day has come.")
    elif action.group == MONEY:
        first = _("Money may move.")
    else:
        first = _("Keeping in touch.")
    if action.due_on < today:
        return f"{first} " + _("Late rows come first, the longest first.")
    return f"{first} " + _("Ordered by the day it is due, then by money.")


def morning(count: int, late: int, reached: int) -> tuple[str, str]:
    """The sentence that opens Today, and what was done since the morning. Marked up, safe."""
    if not count:
        first = format_html("<strong>{}</strong>", _("Nobody to contact."))
    elif late:
        said = ngettext(
            "<strong>%(count)s to contact</strong>, %(late)s of them late.",
            "<strong>%(count)s to contact</strong>, %(late)s of them late.",
            count,
        )
        first = mark_numbers(said, count=count, late=late)
    else:
        said = ngettext(
            "<strong>%(count)s to contact</strong>.", "<strong>%(count)s to contact</strong>.", count
        )
        first = mark_numbers(said, count=count)
    done = ngettext("%(count)s reached today.", "%(count)s reached today.", reached)
    return first, done % {"count": saying.number(reached)}


def mark_numbers(sentence: str, **counts: int) -> str:
    """A translated sentence with its own markup, filled with counts and nothing else."""
    for name in counts:
        sentence = sentence.replace(f"%({name})s", f"{{{name}}}")
    return format_html(sentence, **{name: saying.number(value) for name, value in counts.items()})


def contact_title(contact: Contact) -> str:
    """The head of a timeline row: "Call, no answer"."""
    if contact.channel == "branch" and contact.staff.role == "front_desk":
        return _("At the counter")
    if contact.direction == Contact.Direction.IN:
        return _("%(channel)s from the client, %(result)s") % {
            "channel": saying.choice(contact, "channel"),
            "result": saying.choice(contact, "result").lower(),
        }
    return _("%(channel)s, %(result)s") % {
        "channel": saying.choice(contact, "channel"),
        "result": saying.choice(contact, "result").lower(),
    }
