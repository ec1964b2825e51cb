"""The registry of indicators: name, definition in words, one query, one figure made of its row.

Page, command, API and export all read this list, so that they give the same figure. How to add one:
docs/indicators.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metrics import following, knowing, money, querysets
from metrics.periods import Period

Row = Mapping[str, Any]
Query = Callable[[querysets.Selection, Iterable[Period], str], list[dict[str, Any]]]

SHARE, COUNT, HOURS, MONEY = "share", "count", "hours", "money"
# The tracks of a review: was the client reached, what was learnt, what wants following up, what was sold,
# and who waits.
CONTACT, LEARNT, FOLLOWED, SOLD, LATE = "contact", "learnt", "followed", "sold", "late"
TRACKS = {
    CONTACT: _("Contact"),
    LEARNT: _("What was learnt"),
    FOLLOWED: _("Opportunities"),
    SOLD: _("Sales"),
    LATE: _("Lateness"),
}


@dataclass(frozen=True)
class Sum:
    """An amount of one currency, and of how many."""

    currency: str
    amount: Decimal
    count: int

    def as_dict(self) -> dict[str, Any]:
        return {"currency": self.currency, "amount": str(self.amount), "count": self.count}


@dataclass(frozen=True)
class Part:
    """A part of a figure by its code: a product kind, or an age in days."""

    code: str
    count: int
    amounts: tuple[Sum, ...] = ()


@dataclass(frozen=True)
class Figure:
    """One value: a fraction from 0 to 1, a count or hours. None where there is nothing to divide.

    `amount` stands only where all of it is in one currency; `amounts` has every currency, never added.
    """

    value: float | int | None = None
    numerator: int | None = None
    denominator: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    p90: float | None = None  # only where the value is a median
    learnt: int | None = None  # the two parts of the facts gained
    corrected: int | None = None
    amounts: tuple[Sum, ...] | None = None
    by_kind: tuple[Part, ...] | None = None
    by_age: tuple[Part, ...] | None = None
    previous: "Figure | None" = None  # the same of the period before, and of the year before
    year_before: "Figure | None" = None

    @property
    def share(self) -> float | None:
        """Numerator ÷ denominator, whatever the value is."""
        return divided(self.numerator, self.denominator)

    @property
    def change(self) -> float | None:
        """How the amount stands against the period before, as a fraction of that."""
        return grown(self, self.previous)

    def as_dict(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "amount": None if self.amount is None else str(self.amount),
            "currency": self.currency,
        }
        for name in ("p90", "learnt", "corrected"):
            if getattr(self, name) is not None:
                shown[name] = getattr(self, name)
        if self.amounts is not None:
            shown["amounts"] = [one.as_dict() for one in self.amounts]
        for name, code in (("by_kind", "kind"), ("by_age", "age")):
            if getattr(self, name) is not None:
                shown[name] = [
                    {code: part.code, "count": part.count, "amounts": [one.as_dict() for one in part.amounts]}
                    for part in getattr(self, name)
                ]
        if self.previous is not None:
            shown["previous"] = self.previous.as_dict()
            shown["change"] = self.change
        if self.year_before is not None:
            shown["year_before"] = self.year_before.as_dict()
            shown["change_from_year_before"] = grown(self, self.year_before)
        return shown


@dataclass(frozen=True)
class Indicator:
    """A defined figure. `figure` gets one row of `query`, or an empty one where the group has none.

    `beside` names a second query whose row is read with it, when a figure divides by what another counts.
    A compared indicator carries the period before and the year before with it.
    """

    key: str
    name: str | Promise
    definition: str | Promise
    unit: str
    query: Query
    figure: Callable[[Row], Figure]
    track: str = CONTACT
    beside: Query | None = None
    is_compared: bool = False

    @property
    def queries(self) -> tuple[Query, ...]:
        return (self.query,) if self.beside is None else (self.beside, self.query)


def divided(numerator: int | None, denominator: int | None) -> float | None:
    """A fraction; None, never 0, where there is nothing to divide by."""
    if not denominator or numerator is None:
        return None
    return numerator / denominator


def grown(now: Figure, before: Figure | None) -> float | None:
    """The change of an amount as a fraction of the earlier one; None across currencies or from nothing."""
    if before is None or now.amount is None or not before.amount:
        return None
    if now.amount and now.currency != before.currency:
        return None
    return float((now.amount - before.amount) / before.amount)


def compared(now: Figure, previous: Figure, year_before: Figure) -> Figure:
    return replace(now, previous=previous, year_before=year_before)


def _achievement(row: Row) -> Figure:
    reached, population = row.get("reached", 0), row.get("population", 0)
    return Figure(divided(reached, population), reached, population)


def _attempts(row: Row) -> Figure:
    attempts = row.get("attempts", 0)
    return Figure(attempts, attempts)


def _reach_per_attempt(row: Row) -> Figure:
    reached, attempts = row.get("reached_attempts", 0), row.get("attempts", 0)
    return Figure(divided(reached, attempts), reached, attempts)


def _delay(row: Row) -> Figure:
    return Figure(row.get("median"), row.get("within_a_day", 0), row.get("contacts", 0), p90=row.get("p90"))


def _repetition(row: Row) -> Figure:
    repeated, reached = row.get("repeated", 0), row.get("reached", 0)
    return Figure(divided(repeated, reached), repeated, reached)


def _breaches(row: Row) -> Figure:
    return _count(row.get("breaches", 0))


def _facts(row: Row) -> Figure:
    learnt, corrected = row.get("learnt", 0), row.get("corrected", 0)
    return Figure(learnt + corrected, learnt + corrected, learnt=learnt, corrected=corrected)


def _new_information(row: Row) -> Figure:
    enriched, reached = row.get("enriched", 0), row.get("reached", 0)
    return Figure(divided(enriched, reached), enriched, reached)


def _completeness(row: Row) -> Figure:
    known, to_know = row.get("known", 0), row.get("to_know", 0)
    return Figure(divided(known, to_know), known, to_know)


def _raised(row: Row) -> Figure:
    return _money(row.get("raised", 0), row.get("raised_amounts", {}))


def _follow_up(row: Row) -> Figure:
    followed, due = row.get("followed", 0), row.get("due", 0)
    return Figure(divided(followed, due), followed, due)


def _open(row: Row) -> Figure:
    ages = tuple(
        Part(age, row.get(f"open_{age}", 0), _sums(row.get(f"open_{age}_amounts", {})))
        for age in following.AGES
    )
    return replace(_money(row.get("open", 0), row.get("open_amounts", {})), by_age=ages)


def _overdue_steps(row: Row) -> Figure:
    return _money(row.get("overdue", 0), row.get("overdue_amounts", {}))


def _sales(row: Row) -> Figure:
    kinds = tuple(
        Part(kind, sum(count for _amount, count in amounts.values()), _sums(amounts))
        for kind, amounts in sorted(row.get("kind_amounts", {}).items())
    )
    return replace(_money(row.get("sales", 0), row.get("sales_amounts", {})), by_kind=kinds)


def _promises(row: Row) -> Figure:
    kept, promised = row.get("kept", 0), row.get("promised", 0)
    return Figure(divided(kept, promised), kept, promised)


def _overdue(row: Row) -> Figure:
    return _count(row.get("overdue", 0))


def _neglected(row: Row) -> Figure:
    return _count(row.get("neglected", 0))


def _count(count: int) -> Figure:
    return Figure(count, count)


def _money(count: int, amounts: Mapping[str, tuple[Decimal, int]]) -> Figure:
    """A count with its amounts; one amount only where all are of one currency. Nothing is nothing in any."""
    sums = _sums(amounts)
    if len(sums) > 1:
        return Figure(count, count, amounts=sums)
    only = sums[0] if sums else Sum(settings.REPORTING_CURRENCY, Decimal("0.00"), 0)
    return Figure(count, count, amount=only.amount, currency=only.currency, amounts=sums)


def _sums(amounts: Mapping[str, tuple[Decimal, int]]) -> tuple[Sum, ...]:
    return tuple(Sum(currency, amount, count) for currency, (amount, count) in sorted(amounts.items()))


INDICATORS = [
    Indicator(
        "contact_achievement",
        _("Clients reached"),
        _(
            "The share of the clients that was reached at least once in the period, whoever spoke first and "
            "whichever colleague did. Counted are the clients who were active on the last day of the period, "
            "under the branch and the account manager they had on that day. A letter, an email or a text "
            "message that we send reaches nobody; the answer to it does. Voided contacts count nowhere."
        ),
        SHARE,
        querysets.achievement,
        _achievement,
    ),
    Indicator(
        "contact_attempts",
        _("Attempts"),
        _(
            "How often we tried to reach these clients in the period: every outgoing contact, reached or not, "
            "in any channel, by any colleague. Contacts that the client began are not attempts."
        ),
        COUNT,
        querysets.achievement,
        _attempts,
    ),
    Indicator(
        "reach_per_attempt",
        _("Reached per attempt"),
        _(
            "The share of the attempts that reached the client. Letters, emails and text messages that we send "
            "are attempts that reach nobody by themselves."
        ),
        SHARE,
        querysets.achievement,
        _reach_per_attempt,
    ),
    Indicator(
        "recording_delay",
        _("Hours until recorded"),
        _(
            "How long after a contact with these clients it was written down: the median, the time within which "
            "nine of ten were, and the share within 24 hours. Contacts that came in a file, and messages that were "
            "sent from here, are left aside."
        ),
        HOURS,
        querysets.delays,
        _delay,
    ),
    Indicator(
        "repetition",
        _("The same said again too soon"),
        _(
            "The share of the reached contacts and sent messages that were about a theme on which the same client "
            "had been reached or written to already within the theme's minimum gap, by whomever. Days are counted "
            "by the calendar of the branch. Duties may be repeated, and a contact without a theme repeats nothing."
        ),
        SHARE,
        following.repetition,
        _repetition,
    ),
    Indicator(
        "agreement_breaches",
        _("Outside the agreement"),
        _(
            "Outgoing contacts that broke the contact agreement in force on their day: another channel or theme "
            "than agreed, another weekday or hour by the branch's clock, or longer than agreed. A contact that "
            "breaks several points counts once; contacts that came in a file count too."
        ),
        COUNT,
        following.breaches,
        _breaches,
    ),
    Indicator(
        "facts_gained",
        _("Facts gained"),
        _(
            "What staff wrote into the files of these clients in the period: learnt, where nothing was known when "
            "it began, and corrected, where something else was. Compared are the end and the beginning of the "
            "period, so that writing the same again, changing and changing back, or taking something off the file "
            "counts nothing. What a file or the clients themselves brought is not counted."
        ),
        COUNT,
        knowing.facts,
        _facts,
        LEARNT,
    ),
    Indicator(
        "new_information",
        _("Files enriched"),
        _("Of the clients reached in the period, the share about whom staff gained at least one fact in it."),
        SHARE,
        knowing.facts,
        _new_information,
        LEARNT,
        beside=querysets.achievement,
    ),
    Indicator(
        "completeness",
        _("Completeness of files"),
        _(
            "How much is known of what there is to know, on average over the clients, on the last day of the "
            "period: the weights of the kinds of facts known, whoever brought them, divided by all the weights of "
            "the catalogue."
        ),
        SHARE,
        knowing.completeness,
        _completeness,
        LEARNT,
    ),
    Indicator(
        "opportunities_raised",
        _("Interests voiced"),
        _(
            "Interests and intentions to buy that these clients voiced in the period, with the amounts named. "
            "What was voiced in a contact that has been voided is left out."
        ),
        COUNT,
        following.opportunities,
        _raised,
        FOLLOWED,
    ),
    Indicator(
        "follow_up",
        _("Followed up in time"),
        _(
            "Of the interests and intentions whose days for following up (seven, unless the bank has set another "
            "number) ended in the period, the share after which the client was reached again, or the stage "
            "changed, on the last of these calendar days at the latest."
        ),
        SHARE,
        following.opportunities,
        _follow_up,
        FOLLOWED,
    ),
    Indicator(
        "follow_up_open",
        _("Open opportunities"),
        _(
            "Opportunities that were neither won nor lost when the period ended, with their amounts, by the days "
            "since they were voiced: up to 7, 8 to 30, 31 to 90, and more."
        ),
        COUNT,
        following.opportunities,
        _open,
        FOLLOWED,
    ),
    Indicator(
        "follow_up_overdue",
        _("Next step past its day"),
        _(
            "Of the opportunities open when the period ended, those whose next step, by the day that is noted "
            "now, should have been taken before the period's last day."
        ),
        COUNT,
        following.opportunities,
        _overdue_steps,
        FOLLOWED,
    ),
    Indicator(
        "sales",
        _("Sales"),
        _(
            "What these clients bought in the period, by kind of product, counted for the account manager of the "
            "client, whoever sold it. A reversal takes away on the day it is booked. Amounts stay in their "
            "currency: one total is given only where all of it is in one."
        ),
        MONEY,
        money.sales,
        _sales,
        SOLD,
        is_compared=True,
    ),
    Indicator(
        "overdue",
        _("Past ideal"),
        _(
            "Clients who, at the end of the period, had not been reached for longer than the interval agreed with "
            "them or, without an agreement, the ideal interval of their tier. Clients never reached are counted "
            "from the day their account manager took them over, else from the day they became clients."
        ),
        COUNT,
        following.lateness,
        _overdue,
        LATE,
    ),
    Indicator(
        "neglected",
        _("Past maximum"),
        _(
            "Clients who, at the end of the period, had not been reached for longer than the maximum interval of "
            "their tier; where a longer interval was agreed with them, for longer than that."
        ),
        COUNT,
        following.lateness,
        _neglected,
        LATE,
    ),
    Indicator(
        "promises_kept",
        _("Promises kept"),
        _(
            "Of the promises whose window ended in the period, the share for which the client was reached inside "
            "the window, in a contact recorded after the promise was noted. Promises withdrawn are left out."
        ),
        SHARE,
        following.promises,
        _promises,
        LATE,
    ),
]
BY_KEY = {indicator.key: indicator for indicator in INDICATORS}
