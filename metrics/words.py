"""Periods and comparisons in words."""

from datetime import date
from decimal import Decimal

from babel import dates
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import saying
from metrics.figures import Figure
from metrics.periods import Period


def of_period(period: Period, today: date) -> str:
    """A month by its name, a year by its number, other ranges by their days: "1–12 August"."""
    year = "" if period.from_on.year == period.to_on.year == today.year else "y"
    if period.is_whole_months and not period.is_open:
        if (period.from_on.year, period.from_on.month) == (period.to_on.year, period.to_on.month):
            return month(period.from_on, is_other_year=bool(year))
        if (period.from_on.month, period.to_on.month) == (1, 12) and period.from_on.year == period.to_on.year:
            return saying.day(period.from_on, "y")
    return interval(period, f"{year}MMMMd")


def month(day: date, *, is_other_year: bool) -> str:
    """ "July", with its year where it is another one."""
    if is_other_year:
        return saying.day(day, "yMMMM")
    # Standing alone a month is written out; the pattern by skeleton shortens it in some languages.
    pattern = "M月" if saying.locale().language == "zh" else "LLLL"
    return dates.format_date(day, pattern, locale=saying.locale())


def short(period: Period, today: date) -> str:
    """The head of a column: "1–12 Aug", with its year where it is another one."""
    year = "" if period.from_on.year == period.to_on.year == today.year else "y"
    return interval(period, f"{year}MMMd")


def interval(period: Period, skeleton: str) -> str:
    if period.from_on == period.to_on:
        return saying.day(period.from_on, skeleton)
    return dates.format_interval(period.from_on, period.to_on, skeleton, locale=saying.locale())


def compared_with(period: Period, before: Period, today: date) -> str:
    """What a figure is held against: "July", "July at this day", "20–31 July"."""
    if before.is_whole_months and period.is_open:
        asked = Period(before.from_on, before.asked_to, before.asked_to)
        return _("%(period)s at this day") % {"period": of_period(asked, today)}
    return of_period(before, today)


def difference(now: Figure, before: Figure, than: str) -> str:
    """A whole sentence: how a share stands against an earlier one; empty where either has nothing to divide."""
    if now.share is None or before.share is None:
        return ""
    points = round(now.share * 100) - round(before.share * 100)
    if points == 0:
        return _("That is level with %(period)s.") % {"period": than}
    values = {"points": saying.number(abs(points)), "period": than}
    if points < 0:
        return (
            ngettext(
                "That is %(points)s point behind %(period)s.",
                "That is %(points)s points behind %(period)s.",
                -points,
            )
            % values
        )
    return (
        ngettext(
            "That is %(points)s point ahead of %(period)s.",
            "That is %(points)s points ahead of %(period)s.",
            points,
        )
        % values
    )


def shown(figure: Figure, unit: str) -> str:
    """A figure as a cell: a percentage, a count, or hours; a dash where there is nothing to divide."""
    if figure.value is None:
        return "–"
    if unit == "share":
        return saying.percent(figure.value)
    if unit == "hours":
        return hours(figure.value)
    return saying.number(figure.value)


def signed(change: float) -> str:
    """A change in percent with its sign: +3%, −12%."""
    return f"{'+' if change > 0 else ''}{saying.percent(change)}"


def points(now: float | None, before: float | None) -> str:
    """How far two shares lie apart, in points of percent with a sign; a dash where one of them is nothing."""
    if now is None or before is None:
        return "–"
    apart = round((now - before) * 100, 1)
    return _("%(points)s points") % {"points": _plus(saying.number(apart), apart)}


def signed_amount(amount: Decimal) -> str:
    return _plus(saying.amount(amount), amount)


def _plus(text: str, value: float | Decimal) -> str:
    return f"+{text}" if value > 0 else text


def hours(value: float) -> str:
    """Under an hour in minutes, else hours with one decimal."""
    if value < 1:
        minutes = round(value * 60)
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": saying.number(minutes)}
    rounded = round(value, 1) if value < 10 else round(value)
    return ngettext("%(count)s hour", "%(count)s hours", round(rounded)) % {"count": saying.number(rounded)}
