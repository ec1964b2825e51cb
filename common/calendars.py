"""Days: working days and public holidays of a place, and dates that come back every year."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache

import holidays
from django.conf import settings

from common.models import Holiday


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

    def next_working(self, day: date) -> date:
        """The day itself, or the first working day after it (the market's "following" convention)."""
        for _ in range(60):
            if self.is_working(day):
                return day
            day += timedelta(days=1)
        return day


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


def originals_between(start: date, end: date) -> dict[tuple[int, int], date]:
    """Original (month, day) → the date on which it comes back, for each day from start to end.

    A window longer than a year keeps the last coming-back of each.
    """
    found: dict[tuple[int, int], date] = {}
    day = start
    while day <= end:
        found[day.month, day.day] = day
        if not calendar.isleap(day.year) and in_year(2, 29, day.year) == day:
            found[2, 29] = day
        day += timedelta(days=1)
    return found
