"""When a message may leave: agreed hours, quiet hours, the day of a greeting, across zones and clock changes."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from clients.models import ContactAgreement
from interactions.moments import is_too_late, next_moment, wanted_from

MADRID, SHANGHAI, MEXICO = (
    ZoneInfo("Europe/Madrid"),
    ZoneInfo("Asia/Shanghai"),
    ZoneInfo("America/Mexico_City"),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def leaves(after: str, *, zone=MADRID, channel="email", **agreed) -> datetime | None:
    agreement = ContactAgreement(**agreed) if agreed else None
    return next_moment(agreement=agreement, channel=channel, zone=zone, after=utc(after))


@pytest.mark.parametrize(
    ("after", "zone", "wanted"),
    [
        ("2026-03-10 09:00", MADRID, "2026-03-10 09:00"),  # ten in the morning there
        ("2026-03-10 03:00", MADRID, "2026-03-10 07:00"),  # at night: from eight on
        ("2026-03-10 19:30", MADRID, "2026-03-11 07:00"),  # half past eight in the evening: tomorrow
        ("2026-03-10 22:00", SHANGHAI, "2026-03-11 00:00"),  # six in the morning of the 11th
        ("2026-03-11 03:30", MEXICO, "2026-03-11 14:00"),  # half past nine in the evening of the 10th
        ("2026-03-28 23:30", MADRID, "2026-03-29 06:00"),  # the night in which summer begins
        ("2026-10-25 00:30", MADRID, "2026-10-25 07:00"),  # the night in which it ends
    ],
)
def test_without_agreed_hours_nobody_is_written_to_at_night_wherever_the_branch_is(after, zone, wanted):
    assert leaves(after, zone=zone) == utc(wanted)


def test_agreed_hours_and_weekdays_are_kept_even_where_the_bank_would_be_silent():
    evening = {"from_time": time(20, 30), "to_time": time(22), "weekdays": [1]}
    assert leaves("2026-03-10 21:30", **evening) == utc("2026-03-17 19:30")  # half past ten on a Tuesday
    assert leaves("2026-03-10 20:00", **evening) == utc("2026-03-10 20:00")


def test_a_letter_has_no_hour_but_keeps_the_agreed_weekday():
    assert leaves("2026-03-10 02:00", channel="letter") == utc("2026-03-10 02:00")
    assert leaves("2026-03-10 02:00", channel="letter", weekdays=[4]) == utc("2026-03-12 23:00")


def test_whoever_agreed_to_no_possible_weekday_is_not_written_to():
    assert leaves("2026-03-10 09:00", weekdays=[9]) is None


def test_a_greeting_waits_for_its_day_and_a_letter_goes_three_days_earlier():
    now = utc("2026-03-10 09:00")
    day = date(2026, 3, 20)
    assert wanted_from(channel="email", event_on=day, zone=SHANGHAI, now=now) == utc("2026-03-19 16:00")
    assert wanted_from(channel="letter", event_on=day, zone=MADRID, now=now) == utc("2026-03-16 23:00")
    assert wanted_from(channel="email", event_on=date(2026, 3, 9), zone=MADRID, now=now) == now
    assert wanted_from(channel="email", event_on=None, zone=MADRID, now=now) == now


def test_three_days_after_a_birthday_a_greeting_is_a_slight():
    assert not is_too_late(date(2026, 3, 20), date(2026, 3, 23))
    assert is_too_late(date(2026, 3, 20), date(2026, 3, 24))
    assert not is_too_late(None, date(2026, 3, 24))
