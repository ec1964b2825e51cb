"""Appointments and the plan as calendar programs read them (RFC 5545). Times in UTC; a note never leaves."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from icalendar import Calendar, Event, vText

from common import saying
from interactions.models import Action, Appointment

CONTENT_TYPE = "text/calendar; charset=utf-8"
ENDED = (Action.State.SKIPPED, Action.State.CANCELLED, Action.State.EXPIRED)


def calendar_of(events: Iterable[Event], *, name: str = "") -> bytes:
    """A whole calendar to publish. `name` is what a subscribing program calls it."""
    calendar = Calendar()
    calendar.add("PRODID", f"-//{settings.BANK_NAME}//CRM//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    if name:
        calendar.add("NAME", name)
        calendar.add("X-WR-CALNAME", name)
        calendar.add("REFRESH-INTERVAL", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical()


def appointment_event(appointment: Appointment, *, who: str, place: str) -> Event:
    """One appointment as an event; `who` and `place` say as much as the reader of the calendar may know."""
    action = appointment.action
    is_over = appointment.cancelled_at is not None or action.state in ENDED
    event = Event()
    event.add("UID", f"{appointment.uid}@{host()}")
    event.add("DTSTAMP", timezone.now())
    event.add("DTSTART", appointment.starts_at.astimezone(UTC))
    event.add("DTEND", appointment.ends_at.astimezone(UTC))
    # An end that came with the action is a change too.
    ended_with_action = action.state in ENDED and appointment.cancelled_at is None
    event.add("SEQUENCE", appointment.sequence + ended_with_action)
    event.add("STATUS", _status(appointment, is_over))
    event.add(
        "SUMMARY", _("%(channel)s: %(who)s") % {"channel": saying.choice(action, "channel"), "who": who}
    )
    if place:
        event.add("LOCATION", place)
    event.add("CLASS", "PRIVATE")
    event.add("TRANSP", "TRANSPARENT" if is_over else "OPAQUE")
    return event


def _status(appointment: Appointment, is_over: bool) -> vText:
    if is_over:
        return vText("CANCELLED")
    confirmed = appointment.answer == Appointment.Answer.CONFIRMED
    return vText("CONFIRMED" if confirmed else "TENTATIVE")


def day_event(user_id: int, on: date, count: int, stamp: datetime) -> Event:
    """How many contacts a day holds, as an event of the whole day that takes no time."""
    event = Event()
    event.add("UID", f"{on}.{user_id}@{host()}")
    event.add("DTSTAMP", stamp)
    event.add("DTSTART", on)
    event.add("DTEND", on + timedelta(days=1))
    said = ngettext("%(count)s contact", "%(count)s contacts", count) % {"count": saying.number(count)}
    event.add("SUMMARY", said)
    event.add("TRANSP", "TRANSPARENT")
    return event


def host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"
