"""Periods of figures: dates, both ends included, and what each is compared with (see docs/indicators.md)."""

import calendar
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

LONGEST_DAYS = 3 * 366


class PeriodError(ValueError):
    """A period that cannot be counted; the text says why to a person."""


class Kind(models.TextChoices):
    THIS_MONTH = "this_month", _("this month")
    LAST_MONTH = "last_month", _("last month")
    THIS_YEAR = "this_year", _("this year")
    DATES = "dates", _("from – to")


@dataclass(frozen=True)
class Period:
    """`from_on` to `to_on`, both included. `asked_to` is later where the period is still open."""

    from_on: date
    to_on: date
    asked_to: date

    @classmethod
    def asked(cls, from_on: date, to_on: date, today: date) -> "Period":
        """The period somebody asked for. An open one ends today.

        Raises PeriodError where it ends before it begins, has not begun, or is too long to count directly.
        """
        if to_on < from_on:
            raise PeriodError(_("The period ends before it begins: choose a later end."))
        if from_on > today:
            raise PeriodError(_("The period has not begun yet: choose a day up to today."))
        to_on_counted = min(to_on, today)
        if (to_on_counted - from_on).days > LONGEST_DAYS:
            raise PeriodError(_("The period is too long: choose at most three years."))
        return cls(from_on, to_on_counted, to_on)

    @classmethod
    def of_kind(cls, kind: str, today: date) -> "Period":
        """This month, last month or this year, as seen on a day."""
        first = today.replace(day=1)
        if kind == Kind.LAST_MONTH:
            last = first - timedelta(days=1)
            return cls(last.replace(day=1), last, last)
        if kind == Kind.THIS_YEAR:
            return cls.asked(date(today.year, 1, 1), date(today.year, 12, 31), today)
        return cls.asked(first, month_end(first), today)

    @property
    def is_open(self) -> bool:
        return self.asked_to > self.to_on

    @property
    def is_whole_months(self) -> bool:
        """Whether what was asked for begins with a month and ends with one."""
        return self.from_on.day == 1 and self.asked_to == month_end(self.asked_to)

    def previous(self) -> "Period":
        """As many whole months before; of other ranges the same number of days before.

        Whole months that are still open are compared up to the same day ("July at this day").
        """
        if not self.is_whole_months:
            length = self.to_on - self.from_on + timedelta(days=1)
            before = self.from_on - timedelta(days=1)
            return Period(self.from_on - length, before, before)
        count = months_between(self.from_on, self.asked_to) + 1
        asked_to = month_end(add_months(self.asked_to.replace(day=1), -count))
        to_on = add_months(self.to_on, -count) if self.is_open else asked_to
        return Period(add_months(self.from_on, -count), to_on, asked_to)

    def year_before(self) -> "Period":
        """The same dates a year before; 28 February for 29 February."""
        return Period(*(add_months(day, -12) for day in (self.from_on, self.to_on, self.asked_to)))

    def months(self) -> list["Period"]:
        """The calendar months it touches, the first and the last cut to it."""
        found = []
        first = self.from_on.replace(day=1)
        while first <= self.to_on:
            end = month_end(first)
            found.append(
                replace(
                    self,
                    from_on=max(first, self.from_on),
                    to_on=min(end, self.to_on),
                    asked_to=min(end, self.asked_to),
                )
            )
            first = end + timedelta(days=1)
        return found

    def days(self) -> int:
        return (self.to_on - self.from_on).days + 1


def month_end(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def add_months(day: date, count: int) -> date:
    """The same day of another month, or that month's last day where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
