"""Reasons in words: the fact first, then the context. Whole sentences, one for each case and language."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from clients.sight import shown_words
from common import saying
from common.calendars import public_holidays
from common.festivals import FESTIVALS
from common.text import is_han
from interactions.models import Action, Appointment, Contact, Courtesy, Severity
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
# The library's names of the languages we speak.
HOLIDAY_LANGUAGES = {"en": "en_US", "es": "es", "zh-hans": "zh_CN"}


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
    leaves_at = getattr(action, "leaves_at", None)  # where it was asked for: `ActionQuerySet.with_message`
    if leaves_at is not None:
        tried = _("A message about it %(leaves)s.") % {"leaves": leaves(leaves_at, today)}
    if (rest or tried) and first[-1:].isalnum():
        first += "。" if is_han(first[-1]) else "."  # what a person wrote ends as it likes
    return first, " ".join(part for part in (rest, tried) if part)


def _birthday(action: Action, today: date) -> tuple[str, str]:
    on, whose = action.event_on, action.about
    if on < today:
        days = (today - on).days
        if whose and action.years:
            said = ngettext(
                "%(person)s turned %(years)s %(days)s day ago.",
                "%(person)s turned %(years)s %(days)s days ago.",
                days,
            )
        elif whose:
            said = ngettext(
                "Birthday of %(person)s was %(days)s day ago.",
                "Birthday of %(person)s was %(days)s days ago.",
                days,
            )
        elif action.years:
            said = ngettext("Turned %(years)s %(days)s day ago.", "Turned %(years)s %(days)s days ago.", days)
        else:
            said = ngettext("Birthday was %(days)s day ago.", "Birthday was %(days)s days ago.", days)
        return said % {"years": action.years, "days": days, "person": whose}, ""
    if whose:
        said = (
            _("%(person)s turns %(years)s %(when)s.")
            if action.years
            else _("Birthday of %(person)s %(when)s.")
        )
    else:
        said = _("Birthday %(when)s, turns %(years)s.") if action.years else _("Birthday %(when)s.")
    words = {"when": saying.in_days(on, today), "years": action.years, "person": whose}
    return said % words, saying.day(on, "MMMMEEEEd")


def _anniversary(action: Action, today: date) -> tuple[str, str]:
    kind, _colon, person = action.about.partition(": ")
    years = action.years or 0
    said = {
        ("wedding", False): _("Wedding day %(when)s."),
        ("wedding", True): ngettext(
            "Wedding day %(when)s, %(years)s year.", "Wedding day %(when)s, %(years)s years.", years
        ),
        ("founding", False): _("Founding day %(when)s."),
        ("founding", True): ngettext(
            "Founding day %(when)s, %(years)s year.", "Founding day %(when)s, %(years)s years.", years
        ),
    }.get((kind, bool(years)), _("A date to remember %(when)s."))
    words = {"when": saying.in_days(action.event_on, today), "years": action.years}
    on = saying.day(action.event_on, "MMMMEEEEd")
    return said % words, _("%(date)s, of %(person)s") % {"date": on, "person": person} if person else on


def _maturity(action: Action, today: date) -> tuple[str, str]:
    names = {"product": action.about, "when": saying.in_days(action.due_on, today)}
    words = {
        "date": saying.day(action.due_on, "MMMMEEEEd"),
        "nominal": saying.day(action.event_on, "MMMMEEEEd"),
    }
    has_moved = action.event_on != action.due_on
    if action.due_on < today:
        rest = _("It was %(date)s, by contract %(nominal)s.") if has_moved else _("It was %(date)s.")
        return _("%(product)s matured %(when)s.") % names, rest % words
    rest = _("On %(date)s; by contract %(nominal)s, no working day.") if has_moved else _("On %(date)s.")
    return _("%(product)s matures %(when)s.") % names, rest % words


def _not_reached(action: Action, today: date) -> tuple[str, str]:
    return _rhythm(action.event_on, action.due_on, today)


def _rhythm(last: date | None, ideal: date, today: date) -> tuple[str, str]:
    """A contact by the rhythm: from the last reached one, where there is one, to the ideal day of the next."""
    if last is None:
        return _("Not reached yet."), _("A first contact was due on %(date)s.") % {
            "date": saying.day(ideal, "MMMMd" if ideal.year == today.year else "yMMMMd")
        }
    days, every = (today - last).days, (ideal - last).days
    if today < ideal:
        first = ngettext("Last reached %(days)s day ago.", "Last reached %(days)s days ago.", days)
    else:
        first = ngettext("Not reached for %(days)s day.", "Not reached for %(days)s days.", days)
    rest = ngettext("Agreed every day.", "Agreed every %(every)s days.", every)
    return first % {"days": saying.number(days)}, rest % {"every": saying.number(every)}


def _ends(coming: str, over: str) -> Callable[[Action, date], tuple[str, str]]:
    """Sentences, marked for translation by whoever names them, of something that ends on a day."""

    def said(action: Action, today: date) -> tuple[str, str]:
        words = {"when": saying.in_days(action.due_on, today)}
        on = saying.day(action.due_on, "MMMMEEEEd" if action.due_on.year == today.year else "yMMMMEEEEd")
        return (_(over) if action.due_on < today else _(coming)) % words, on

    return said


def _relationship(action: Action, today: date) -> tuple[str, str]:
    on = saying.in_days(action.event_on, today)
    return _("The relationship is weakening."), _("Judged so: %(date)s.") % {"date": on}


def _limit(action: Action, today: date) -> tuple[str, str]:
    """`about` is "side price limit: product", as the source writes it."""
    head, _colon, product = action.about.partition(": ")
    side, price, limit = head.split()
    said = {
        "loss": _("%(product)s fell to %(price)s; the client's loss limit is %(limit)s."),
        "gain": _("%(product)s rose to %(price)s; the client's gain limit is %(limit)s."),
    }[side]
    on = action.event_on
    words = {
        "product": product,
        "price": saying.price(Decimal(price)),
        "limit": saying.price(Decimal(limit)),
        "date": saying.day(on, "MMMMd" if on.year == today.year else "yMMMMd"),
    }
    rest = _("Price of %(date)s. Advice and the client's decision are not yet recorded.")
    return said % words, (rest if action.is_open else _("Price of %(date)s.")) % words


def _outflow(action: Action, today: date) -> tuple[str, str]:
    on = action.event_on
    words = {"bank": action.about, "date": saying.day(on, "MMMMd" if on.year == today.year else "yMMMMd")}
    first = _("Money went to %(bank)s.") if action.about else _("Money went to another bank.")
    return first % words, _("Booked on %(date)s. Ask why, and what would bring it back.") % words


def _tier_upgrade(action: Action, today: date) -> tuple[str, str]:
    since = saying.day(action.event_on, "MMMMd" if action.event_on.year == today.year else "yMMMMd")
    return _("Has grown into the tier %(tier)s.") % {"tier": action.about}, _(
        "Above its threshold since %(date)s. Propose it, and lead the client to a planner."
    ) % {"date": since}


def _purchase_review(action: Action, today: date) -> tuple[str, str]:
    on = action.event_on
    bought = saying.day(on, "MMMMd" if on.year == today.year else "yMMMMd")
    return _("Look after the purchase: %(product)s.") % {"product": action.about}, _(
        "Bought on %(date)s."
    ) % {"date": bought}


def holiday_name(action: Action, country: str | None = None) -> str:
    """The holiday's name in the reader's language where the library has it."""
    kind, _colon, code = action.about.partition("festival: ")
    if not kind and code in FESTIVALS:
        return str(FESTIVALS[code].title)
    if country is None:
        country = action.client.country or action.client.branch.country
    wanted = HOLIDAY_LANGUAGES.get(get_language() or "en")
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
    if action.origin == Action.Origin.PLAN:
        return _rhythm(parse_date(action.about), action.event_on or action.due_on, today)
    first = action.about or str(action.theme)
    if action.origin == Action.Origin.CAMPAIGN and action.event_on is not None:
        until = saying.day(action.event_on, "MMMMd" if action.event_on.year == today.year else "yMMMMd")
        return first, _("A campaign, until %(date)s.") % {"date": until}
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


_OF_EVENTS = {
    "invite": (gettext_noop("Invite to %(title)s on %(date)s."), ""),
    "free": (
        gettext_noop("A place is free at %(title)s on %(date)s."),
        gettext_noop("The client waited for it."),
    ),
    "moved": (
        gettext_noop("%(title)s is now on %(date)s."),
        gettext_noop("The client knows of another day, hour or place: say so."),
    ),
    "off": (
        gettext_noop("%(title)s on %(date)s was called off."),
        gettext_noop("The client was invited: say so."),
    ),
    "came": (gettext_noop("Came to %(title)s: thank them."), gettext_noop("It was on %(date)s.")),
    "missed": (gettext_noop("Did not come to %(title)s: call."), gettext_noop("It was on %(date)s.")),
}


def _event(action: Action, today: date) -> tuple[str, str]:
    """`about` is "kind: title", below it a question that nobody has answered, as the services of events write it."""
    kind, _colon, rest = action.about.partition(": ")
    title, _line, question = rest.partition("\n")
    on = action.event_on or action.due_on
    if kind not in _OF_EVENTS:
        return _by_hand(action, today)
    words = {"title": title, "date": saying.day(on, "MMMMd" if on.year == today.year else "yMMMMd")}
    first, then = (_(sentence) if sentence else "" for sentence in _OF_EVENTS[kind])
    if question:
        asked = _("Asked there and not answered yet: “%(question)s”") % {"question": question}
        return first % words, f"{then % words} {asked}"
    return first % words, then % words


_REASONS: dict[str, Callable[[Action, date], tuple[str, str]]] = {
    "birthday": _birthday,
    "anniversary": _anniversary,
    "maturity": _maturity,
    "promise": _promise,
    "next_step": _next_step,
    "not_reached": _not_reached,
    "risk_expiry": _ends(
        gettext_noop("The risk profile expires %(when)s."), gettext_noop("The risk profile expired %(when)s.")
    ),
    "document_expiry": _ends(
        gettext_noop("The identity document expires %(when)s."),
        gettext_noop("The identity document expired %(when)s."),
    ),
    "relationship": _relationship,
    "purchase_review": _purchase_review,
    "limit": _limit,
    "outflow": _outflow,
    "tier_upgrade": _tier_upgrade,
    "event": _event,
}
# Of these somebody wrote what they are about: it may name the client, or somebody close.
_FREE_WORDS = ("", "promise", "birthday")


def shown_about(user, action: Action) -> Action:
    """The action as the user may read it: without the right to identities the theme speaks for free words."""
    if action.source in _FREE_WORDS and action.origin != Action.Origin.PLAN:
        action.about = shown_words(user, action.about)
    elif action.source == "anniversary":
        kind, colon, person = action.about.partition(": ")
        action.about = f"{kind}{colon}{shown_words(user, person)}"
    elif action.source == "event":
        said, line, question = action.about.partition("\n")
        action.about = f"{said}{line}{shown_words(user, question)}"
    return action


def _attempts(attempts: list[Contact], today: date) -> str:
    tried = sorted((c for c in attempts if not c.is_void and not c.is_reached), key=lambda c: c.occurred_at)
    if not tried:
        return ""
    last = saying.near_day(timezone.localtime(tried[-1].occurred_at).date(), today)
    return ngettext(
        "%(count)s attempt, the last on %(date)s.", "%(count)s attempts, the last on %(date)s.", len(tried)
    ) % {"count": len(tried), "date": last}


def appointment(action: Action, found: Appointment, place: str) -> str:
    """When and where an action takes place, and what the client answered. `place` as the reader may know it."""
    begins = datetime.combine(action.due_on, action.due_at or time())
    names = {
        "from": saying.clock(begins.time()),
        "to": saying.clock((begins + timedelta(minutes=found.minutes)).time()),
        "place": place,
    }
    said = (
        _("Appointment %(from)s to %(to)s, %(place)s.") if place else _("Appointment %(from)s to %(to)s.")
    ) % names
    return f"{said} {answered(found)}"


def answered(found: Appointment) -> str:
    """What the client said to an appointment."""
    return {
        "asked": _("The client has not answered yet."),
        "confirmed": _("The client has confirmed."),
        "declined": _("The client has declined."),
    }[found.answer]


def and_then(rest: str, said: str) -> str:
    """One more sentence after the context of a reason, which may lack its full stop."""
    if rest and said and rest[-1:].isalnum():
        rest += "。" if is_han(rest[-1]) else "."
    return f"{rest} {said}".strip()


def courtesy(found: Courtesy, is_done: bool) -> str:
    """What became of a gift or gesture, or what is missing: "Flowers planned, not ordered."."""
    kind = str(saying.choice(found, "kind"))
    if found.state == "given" or (is_done and found.state in Courtesy.FREE):
        return _("%(kind)s: given.") % {"kind": kind}
    if found.state in ("planned", "approved"):
        return {
            "gift": _("Gift planned, not bought."),
            "flowers": _("Flowers planned, not ordered."),
            "card": _("Card planned, not written."),
            "meal": _("Meal planned, not booked."),
            "gesture": _("Gesture planned."),
        }[found.kind]
    return {
        "waiting": _("%(kind)s: waits for the supervisor's approval."),
        "refused": _("%(kind)s: refused by the supervisor."),
        "ordered": _("%(kind)s: ordered, to be given."),
        "withdrawn": "",
    }[found.state] % {"kind": kind}


def due(action: Action, today: date, found: Appointment | None) -> str:
    """The right edge of a row: by when, or with an appointment when: "at 16:00", "tomorrow, 16:00"."""
    if found is None or action.due_at is None or action.due_on < today:
        return saying.due(action.due_on, today, action.due_at)
    clock = saying.clock(action.due_at)
    if action.due_on == today:
        return _("at %(time)s") % {"time": clock}
    return f"{saying.near_day(action.due_on, today)}, {clock}"


def rank(action: Action, today: date) -> str:
    """Why a row stands where it stands, in a sentence."""
    if action.group == OWED:
        first = _("A duty whose day has come.")
    elif action.group == MONEY:
        first = _("Money may move.")
    else:
        first = _("Keeping in touch.")
    if action.severity == Severity.URGENT:
        return f"{first} " + _("By the bank's rule urgent: before the others.")
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
    return saying.marked(sentence, **{name: saying.number(value) for name, value in counts.items()})


def leaves(at: datetime, today: date) -> str:
    """When a message leaves, as a clause: "leaves today at 08:00"."""
    if at <= timezone.now():
        return _("leaves now")
    local = timezone.localtime(at)
    names = {"day": saying.day(local.date(), "MMMMEEEEd"), "time": saying.clock(local)}
    said = {0: _("leaves today at %(time)s"), 1: _("leaves tomorrow at %(time)s")}
    return said.get((local.date() - today).days, _("leaves on %(day)s at %(time)s")) % names


def contact_title(contact: Contact) -> str:
    """The head of a timeline row: "Call, no answer"."""
    if contact.channel == "branch" and contact.staff.role == "front_desk":
        return _("At the counter")
    if contact.is_sent:
        return _("%(channel)s: sent") % {"channel": saying.choice(contact, "channel")}
    if contact.direction == Contact.Direction.IN:
        return _("%(channel)s from the client, %(result)s") % {
            "channel": saying.choice(contact, "channel"),
            "result": saying.choice(contact, "result").lower(),
        }
    return _("%(channel)s, %(result)s") % {
        "channel": saying.choice(contact, "channel"),
        "result": saying.choice(contact, "result").lower(),
    }
