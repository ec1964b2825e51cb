"""When a message may leave: inside the hours that the client agreed to, else those in which nobody is disturbed.

Pure but for the bank's hours in the settings. All days and hours are those of the client's branch.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from clients.models import Channel, ContactAgreement

LOOK_AHEAD = 14  # days; whoever agreed to no weekday inside two weeks agreed to none
GREETING_GRACE = timedelta(days=3)  # a greeting comes so many days late at the most
POST = timedelta(days=3)  # a letter is under way


def next_moment(
    *, agreement: ContactAgreement | None, channel: str, zone: ZoneInfo, after: datetime
) -> datetime | None:
    """The first moment from `after` on at which a message may leave; None where the agreement leaves none.

    Rule: on agreed weekdays, inside agreed hours; without agreed hours inside `CLIENT_HOURS`. A letter disturbs
    nobody by its hour.
    """
    local = after.astimezone(zone)
    for n in range(LOOK_AHEAD + 1):
        day = local.date() + timedelta(days=n)
        if agreement is not None and agreement.weekdays and day.weekday() not in agreement.weekdays:
            continue
        opens, closes = _hours(agreement, channel)
        first = (
            max(local, datetime.combine(day, opens, zone)) if n == 0 else datetime.combine(day, opens, zone)
        )
        if first < datetime.combine(day, closes, zone):
            return first
    return None


def _hours(agreement: ContactAgreement | None, channel: str) -> tuple[time, time]:
    if channel == Channel.LETTER:
        return time.min, time.max
    if agreement is not None and agreement.from_time and agreement.to_time:
        return agreement.from_time, agreement.to_time
    opens, closes = settings.CLIENT_HOURS
    return opens, closes


def wanted_from(*, channel: str, event_on: date | None, zone: ZoneInfo, now: datetime) -> datetime:
    """From when on a message is wanted: a greeting on its day and not before, a letter so that it is there by then."""
    if event_on is None:
        return now
    day = event_on - POST if channel == Channel.LETTER else event_on
    return max(now, datetime.combine(day, time.min, zone))


def is_too_late(event_on: date | None, today: date) -> bool:
    """Whether the day of a greeting lies so far back that it would come as a slight."""
    return event_on is not None and today > event_on + GREETING_GRACE
