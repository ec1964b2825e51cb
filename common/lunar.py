"""Chinese lunar dates: both conversions, and lunar dates that come back every year (1900 to 2099).

The library computes the new moons and solar terms of a year; all that is done with them is done here.
Almanacs cannot yet agree on single new moons seconds from midnight (28 September 2057 is one); what is
reckoned here is what the Purple Mountain Observatory's rule gives today.

A date that comes back is always computed from the original month and day. Day 30 falls on day 29 of a
shorter month. A date in a leap month falls in that leap month where the year has it, else in the
ordinary month of the same number; a date in an ordinary month never falls in a leap month. One
Gregorian year may hold none or two of a lunar date.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from lunar_python import LunarYear  # type: ignore[import-untyped]

FIRST_YEAR, LAST_YEAR = 1900, 2099
FIRST_DAY, LAST_DAY = date(1900, 1, 31), date(2100, 2, 8)
_JULIAN_DAY_0 = 1721425  # the Julian day number of ordinal 0 at noon
_NUMERALS = "〇一二三四五六七八九十"


@dataclass(frozen=True)
class LunarDate:
    year: int  # the Gregorian year in which the lunar year begins
    month: int
    day: int
    is_leap: bool = False


class _Month(NamedTuple):
    month: int
    is_leap: bool
    first: date
    days: int  # 29 or 30


@lru_cache(maxsize=LAST_YEAR - FIRST_YEAR + 1)
def _months(year: int) -> tuple[_Month, ...]:
    return tuple(
        _Month(
            abs(row.getMonth()),
            row.getMonth() < 0,
            date.fromordinal(int(row.getFirstJulianDay()) - _JULIAN_DAY_0),
            row.getDayCount(),
        )
        for row in LunarYear(year).getMonths()
        if row.getYear() == year
    )


def _month(year: int, month: int, is_leap: bool) -> _Month | None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    return next((row for row in _months(year) if (row.month, row.is_leap) == (month, is_leap)), None)


def to_solar(year: int, month: int, day: int, is_leap: bool = False) -> date | None:
    """The Gregorian date of a lunar one; None where there is no such day, or outside 1900 to 2099."""
    row = _month(year, month, is_leap)
    return row.first + timedelta(days=day - 1) if row and 1 <= day <= row.days else None


def from_solar(day: date) -> LunarDate:
    """The lunar date of a Gregorian one. Raises ValueError outside lunar 1900 to 2099."""
    year, row = _at(day)
    return LunarDate(year, row.month, (day - row.first).days + 1, row.is_leap)


def _at(day: date) -> tuple[int, _Month]:
    """The lunar year and month in which a day lies."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{day} is outside the lunar years {FIRST_YEAR} to {LAST_YEAR}")
    year = min(day.year, LAST_YEAR)
    if day < _months(year)[0].first:
        year -= 1
    return year, next(row for row in reversed(_months(year)) if row.first <= day)


def in_lunar_year(month: int, day: int, is_leap: bool, year: int) -> date | None:
    """The Gregorian date on which an original comes back in a lunar year; None outside 1900 to 2099."""
    row = (_month(year, month, True) if is_leap else None) or _month(year, month, False)
    if row is None or not 1 <= day <= 30:
        return None
    return row.first + timedelta(days=min(day, row.days) - 1)


def returns_between(month: int, day: int, is_leap: bool, start: date, end: date) -> list[date]:
    """Every coming-back of an original from `start` to `end`, both included."""
    found = [in_lunar_year(month, day, is_leap, year) for year in range(start.year - 1, end.year + 1)]
    return [on for on in found if on and start <= on <= end]


def originals_between(start: date, end: date) -> dict[tuple[int, int, bool], list[date]]:
    """Original (month, day, is_leap) → the dates on which it comes back from `start` to `end`, in order.

    Several originals may share a date. A lunar year has as few as 353 days: a window of a year may hold
    two dates of one original, and both are told.
    """
    found: dict[tuple[int, int, bool], list[date]] = {}
    day, end = max(start, FIRST_DAY), min(end, LAST_DAY)
    while day <= end:
        year, row = _at(day)
        number = (day - row.first).days + 1
        numbers = [29, 30] if number == row.days == 29 else [number]
        stands_in = not row.is_leap and _month(year, row.month, True) is None
        for leap in [False, True] if stands_in else [row.is_leap]:
            for original in numbers:
                found.setdefault((row.month, original, leap), []).append(day)
        day += timedelta(days=1)
    return found


def age_on(born: LunarDate, on: date) -> int:
    """Age in lunar years: 0 until the birthday first comes back, then one more with each coming-back.

    On a birthday it is the lunar year of that day less the lunar year of birth.
    Raises ValueError outside lunar 1900 to 2099.
    """
    years = from_solar(on).year - born.year
    birthday = in_lunar_year(born.month, born.day, born.is_leap, born.year + years)
    return years if birthday is None or birthday <= on else years - 1


def text(month: int, day: int, is_leap: bool = False) -> str:
    """The date as it is written: 正月初一, 闰四月十五, 十二月三十. Raises ValueError for any other number."""
    if not (1 <= month <= 12 and 1 <= day <= 30):
        raise ValueError(f"{month}-{day} is no day of the lunar calendar")
    return f"{'闰' if is_leap else ''}{'正' if month == 1 else _numeral(month)}月{_day(day)}"


def _day(day: int) -> str:
    return f"初{_numeral(day)}" if day <= 10 else _numeral(day)


def _numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    lead = {0: "", 1: "十"}.get(tens, f"{_NUMERALS[tens]}十")
    return lead + (_NUMERALS[ones] if ones else "")
