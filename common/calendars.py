"""Days: working days, working hours and public holidays of a place, and dates that come back every year."""

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

import holidays
from django.conf import settings
from django.db.models import DateField, Func

from common.models import Holiday

LONGEST_REST = 60  # days; a calendar that rests longer has no working days


class LocalDay(Func):
    """The calendar day of a moment (second) in a time zone (first), whatever zone the request is in.

    Django's own `__date` reads a local time as if it stood in the zone of the request.
    """

    template = "(timezone(%(expressions)s))::date"
    output_field = DateField()


class NoWorkingDays(ValueError):
    """A calendar in which no work is ever done: nothing can be due by it."""


@lru_cache(maxsize=512)
def _public(country: str, region: str, year: int, language: str | None) -> dict[date, str]:
    if country not in holidays.list_supported_countries():
        return {}
    subdivisions = holidays.list_supported_countries()[country]
    found = holidays.country_holidays(
        country, subdiv=region if region in subdivisions else None, years=year, language=language
    )
    return dict(found)


def public_holidays(country: str, region: str, year: int, language: str | None = None) -> dict[date, str]:
    """Public holidays of a country (ISO 3166-1 alpha-2) and region, by the `holidays` library.

    A country the library does not know has none. Names come in `language` where the library has it.
    """
    return _public(country, region, year, language)


@dataclass
class WorkingCalendar:
    """Working days of one branch: its weekdays, public holidays and the bank's own table over both."""

    country: str
    region: str = ""
    weekdays: frozenset[int] = frozenset({0, 1, 2, 3, 4})  # Monday is 0
    own: dict[date, bool] = field(default_factory=dict)  # date -> is it a day off

    @classmethod
    def of(cls, *, country: str, region: str, weekdays: Iterable[int]) -> "WorkingCalendar":
        own = {}
        rows = Holiday.objects.filter(country__in=["", country], region__in=["", region])
        for row in rows.order_by("country", "region"):  # the most particular row is read last and wins
            own[row.on] = row.is_day_off
        return cls(country, region, frozenset(weekdays), own)

    def is_working(self, day: date) -> bool:
        if day in self.own:
            return not self.own[day]
        if day.weekday() not in self.weekdays:
            return False
        return day not in public_holidays(self.country, self.region, day.year)

    def is_provisional(self, year: int, today: date) -> bool:
        """Whether a coming year's days off are only foreseen: the bank's table has no official notice of it yet."""
        return year > today.year and not any(day.year == year for day in self.own)

    def next_working(self, day: date) -> date:
        """The day itself, or the first working day after it (the market's "following" convention)."""
        for _ in range(LONGEST_REST):
            if self.is_working(day):
                return day
            day += timedelta(days=1)
        return day

    def add_working_days(self, day: date, days: int) -> date:
        """The n-th working day after a day; 0 is the day itself. Raises NoWorkingDays."""
        if days < 0:
            raise ValueError("Working days are added, not taken away.")
        following = self._working_days_from(day + timedelta(days=1))
        for _ in range(days):
            day = next(following)
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """How many working days come after the first day, up to and with the last; negative backwards."""
        if last < first:
            return -self.working_days_between(last, first)
        return sum(self.is_working(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))

    def add_working_hours(
        self, start: datetime, hours: float, *, zone: tzinfo, opens: float = 9, closes: float = 17
    ) -> datetime:
        """The moment, in `zone`, at which so many working hours have passed since an aware `start`.

        Work is done on working days from `opens` to `closes` (hours of the local day, up to 24). The
        moment lies in working hours: what would end with a day ends at its close, and hours that begin
        at rest begin with the next opening. Hours are those that really pass, on a day on which the
        clocks change too. Raises NoWorkingDays.
        """
        if hours < 0:
            raise ValueError("Working hours are added, not taken away.")
        left = timedelta(hours=hours)
        start = _in_utc(start)
        following = self._working_days_from(start.astimezone(zone).date())
        while True:
            opening, closing = _opening_hours(next(following), zone, opens, closes)
            begins = max(start, opening)
            if begins + left <= closing:
                return (begins + left).astimezone(zone)
            left -= max(closing - begins, timedelta())

    def working_hours_between(
        self, first: datetime, last: datetime, *, zone: tzinfo, opens: float = 9, closes: float = 17
    ) -> float:
        """Working hours that pass between two aware moments; negative backwards."""
        if last < first:
            return -self.working_hours_between(last, first, zone=zone, opens=opens, closes=closes)
        first, last = _in_utc(first), _in_utc(last)
        day, end = first.astimezone(zone).date(), last.astimezone(zone).date()
        passed = timedelta()
        while day <= end:
            if self.is_working(day):
                opening, closing = _opening_hours(day, zone, opens, closes)
                passed += max(min(last, closing) - max(first, opening), timedelta())
            day += timedelta(days=1)
        return passed / timedelta(hours=1)

    def _working_days_from(self, day: date) -> Iterator[date]:
        while True:
            day = self.next_working(day)
            if not self.is_working(day):
                raise NoWorkingDays(f"No working day in the {LONGEST_REST} days before {day}.")
            yield day
            day += timedelta(days=1)


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError("A moment without a time zone is not known.")
    return moment.astimezone(UTC)


def _opening_hours(day: date, zone: tzinfo, opens: float, closes: float) -> tuple[datetime, datetime]:
    """When a day opens and closes, in UTC: only there is the time between two moments what really passes."""
    if not 0 <= opens < closes <= 24:
        raise ValueError("A day opens before it closes.")
    midnight = datetime.combine(day, time())
    opening, closing = (
        (midnight + timedelta(hours=hour)).replace(tzinfo=zone).astimezone(UTC) for hour in (opens, closes)
    )
    return opening, closing


def in_year(month: int, day: int, year: int) -> date:
    """The Gregorian date that comes back in `year`; 29 February falls as FEB_29_FALLS_ON says.

    Always from the original month and day: a date moved once does not stay moved.
    """
    if month == 2 and day == 29 and not calendar.isleap(year):
        return date(year, 3, 1) if settings.FEB_29_FALLS_ON == "03-01" else date(year, 2, 28)
    return date(year, month, day)


def returns_between(month: int, day: int, start: date, end: date) -> list[date]:
    """Every coming-back of a month and day from `start` to `end`, both included."""
    found = [in_year(month, day, year) for year in range(start.year, end.year + 1)]
    return [on for on in found if start <= on <= end]


def originals_between(start: date, end: date) -> dict[tuple[int, int], list[date]]:
    """Original (month, day) → the dates on which it comes back from `start` to `end`, in order."""
    found: dict[tuple[int, int], list[date]] = {}
    day = start
    while day <= end:
        found.setdefault((day.month, day.day), []).append(day)
        if not calendar.isleap(day.year) and in_year(2, 29, day.year) == day:
            found.setdefault((2, 29), []).append(day)
        day += timedelta(days=1)
    return found
