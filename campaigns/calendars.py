"""An event as a calendar program takes it over (RFC 5545): what, when in UTC, and where. Nobody's name."""

from datetime import UTC

from django.utils import timezone
from icalendar import Event as Entry
from icalendar import vText

from campaigns.models import Answer, Event, EventWords, Invitation
from interactions.calendars import calendar_of, host

STATUS = {Answer.ACCEPTED: "CONFIRMED", Answer.DECLINED: "CANCELLED"}  # else it is a date that may be


def times_changed(event: Event) -> int:
    """How often an event or its words were written, by their history."""
    rows = Event.pgh_event_model.objects.filter(pgh_obj=event.pk)  # type: ignore[attr-defined]
    words = EventWords.pgh_event_model.objects.filter(event=event.pk)  # type: ignore[attr-defined]
    return rows.count() + words.count()


def invitation_calendar(invitation: Invitation, language: str, *, changes: int | None = None) -> bytes:
    """The event in a language, tentative until the client is coming. The same entry at every reading.

    `changes` is what `times_changed` says, where the caller has asked it for many.
    """
    event: Event = invitation.event
    words = event.words(language)
    # A later answer, and an event that has changed, replace the entry that was made before: both only ever grow.
    since = (invitation.answered_at or invitation.invited_at) - event.planned_at
    changed = times_changed(event) if changes is None else changes
    entry = Entry()
    entry.add("UID", f"event-{event.pk}@{host()}")
    entry.add("DTSTAMP", timezone.now())
    entry.add("DTSTART", event.starts_at.astimezone(UTC))
    entry.add("DTEND", event.ends_at.astimezone(UTC))
    entry.add("SEQUENCE", max(0, int(since.total_seconds())) + changed)
    entry.add("STATUS", vText(STATUS.get(Answer(invitation.answer), "TENTATIVE")))
    entry.add("SUMMARY", words.title)
    entry.add("LOCATION", words.place)
    return calendar_of([entry])
