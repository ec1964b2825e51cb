"""Named transforms: what a mapping cannot say otherwise. Text in, text out.

A transform gets the cells that the mapping names in `from` and gives the text that the canonical column
would hold, or raises RowRejected with the reason. Register a new one with `@transform("its_name")`,
or with `@remembering("its_name")` where a row can only be understood from those before it.
"""

import calendar
import re
from collections.abc import Callable
from datetime import date, datetime

from django.utils.translation import gettext as _

from corebanking.refusals import RowRejected

TRANSFORMS: dict[str, Callable[..., str]] = {}
# Those that remember earlier rows: a function of the mapping's `options` that gives a transform for one file.
REMEMBERING: dict[str, Callable[..., Callable[..., str]]] = {}


def transform(name: str):
    def register(function: Callable[..., str]) -> Callable[..., str]:
        TRANSFORMS[name] = function
        return function

    return register


def remembering(name: str):
    def register(function: Callable[..., Callable[..., str]]) -> Callable[..., Callable[..., str]]:
        REMEMBERING[name] = function
        return function

    return register


_CZECH = re.compile(r"(\d\d)(\d\d)(\d\d)/?\d{0,4}\Z")


def _czech(number: str) -> tuple[date, bool]:
    """Birth date and whether a woman, from a Czech birth number of before 1954: YYMMDD, month + 50 for women."""
    found = _CZECH.match(number.strip())
    if not found:
        raise RowRejected(_("is not a birth number of the form YYMMDD"))
    year, month, day = (int(part) for part in found.groups())
    female = month > 50
    try:
        return date(1900 + year, month - 50 if female else month, day), female
    except ValueError:
        raise RowRejected(_("is not a birth number: it holds no date")) from None


@transform("czech_birth_date")
def czech_birth_date(number: str) -> str:
    return _czech(number)[0].isoformat()


@transform("czech_gender")
def czech_gender(number: str) -> str:
    return "female" if _czech(number)[1] else "male"


@transform("short_date_19xx")
def short_date_19xx(text: str) -> str:
    """YYMMDD, with or without a time after it, of the twentieth century."""
    try:
        parsed = datetime.strptime(text.strip()[:6], "%y%m%d")
    except ValueError:
        raise RowRejected(_("is not a date of the form YYMMDD")) from None
    return parsed.date().replace(year=1900 + parsed.year % 100).isoformat()


@transform("months_after_19xx")
def months_after_19xx(start: str, months: str) -> str:
    """The day so many months after a YYMMDD date; the month's last day where it has no such day."""
    first = date.fromisoformat(short_date_19xx(start))
    try:
        count = int(months)
    except ValueError:
        raise RowRejected(_("is not a number of months")) from None
    if not 0 <= count <= 1200:
        raise RowRejected(_("is not a number of months"))
    year, month = divmod(first.year * 12 + first.month - 1 + count, 12)
    month += 1
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1])).isoformat()


@transform("upper")
def upper(text: str) -> str:
    return text.upper()


@transform("lower")
def lower(text: str) -> str:
    return text.lower()


@transform("join_words")
def join_words(*parts: str) -> str:
    return " ".join(part.strip() for part in parts if part.strip())


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@remembering("rising_date")
def rising_date(*, first_year: int) -> Callable[[str, str], str]:
    """Day and month of rows in the order of time: the year rises by one where the month falls.

    Months are written as numbers or by their first three English letters.
    """
    year, last = int(first_year), 0

    def change(day: str, month: str) -> str:
        nonlocal year, last
        name = month.strip().casefold()[:3]
        number = _MONTHS.index(name) + 1 if name in _MONTHS else int(name) if name.isdigit() else 0
        if not 1 <= number <= 12 or not day.strip().isdigit():
            raise RowRejected(_("is not a day and a month"))
        try:
            found = date(year + (number < last), number, int(day))
        except ValueError:
            raise RowRejected(_("is not a day of the calendar")) from None
        year, last = found.year, number
        return found.isoformat()

    return change
