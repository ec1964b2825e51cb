"""An event as a calendar program takes it over (RFC 5545): what, when in UTC, and where. Nobody's name."""

from datetime import UTC

from django.utils import timezone
from icalendar import Event as Entry
from icalendar import vText

from campaigns.models import Answer, Event, Invitation
from interactions.calendars import calendar_of, host

STATUS = {Answer.ACCEPTED: "CONFIRMED", Answer.DECLINED: "CANCELLED"}  # else it is a date that may be


def invitation_calendar(invitation: Invitation, language: str) -> bytes:
    """The event in a language, tentative until the client is coming. The same entry at every reading."""
    event: Event = invitation.event
    words = event.words(language)
    # A later answer replaces the entry that an earlier one made.
    since = (invitation.answered_at or invitation.invited_at) - invitation.invited_at
    entry = Entry()
    entry.add("UID", f"event-{event.pk}@{host()}")
    entry.add("DTSTAMP", timezone.now())
    entry.add("DTSTART", event.starts_at.astimezone(UTC))
    entry.add("DTEND", event.ends_at.astimezone(UTC))
    entry.add("SEQUENCE", max(0, int(since.total_seconds())))
    entry.add("STATUS", vText(STATUS.get(Answer(invitation.answer), "TENTATIVE")))
    entry.add("SUMMARY", words.title)
    entry.add("LOCATION", words.place)
    return calendar_of([entry])
