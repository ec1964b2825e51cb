"""The registry of indicators: name, definition in words, one query, one figure made of its row.

Page, command, API and export all read this list, so that they give the same figure. How to add one:
docs/indicators.md.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from metrics import querysets
from metrics.periods import Period

Row = Mapping[str, Any]
Query = Callable[[querysets.Selection, Iterable[Period], str], list[dict[str, Any]]]

SHARE, COUNT, HOURS = "share", "count", "hours"


@dataclass(frozen=True)
class Figure:
    """One value: a fraction from 0 to 1, a count or hours. None where there is nothing to divide."""

    value: float | int | None = None
    numerator: int | None = None
    denominator: int | None = None
    amount: Decimal | None = None
    currency: str | None = None
    p90: float | None = None  # only where the value is a median

    @property
    def share(self) -> float | None:
        """Numerator ÷ denominator, whatever the value is."""
        return divided(self.numerator, self.denominator)

    def as_dict(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "amount": None if self.amount is None else str(self.amount),
            "currency": self.currency,
        }
        if self.p90 is not None:
            shown["p90"] = self.p90
        return shown


@dataclass(frozen=True)
class Indicator:
    """A defined figure. `figure` gets one row of `query`, or an empty one where the group has none."""

    key: str
    name: str | Promise
    definition: str | Promise
    unit: str
    query: Query
    figure: Callable[[Row], Figure]


def divided(numerator: int | None, denominator: int | None) -> float | None:
    """A fraction; None, never 0, where there is nothing to divide by."""
    if not denominator or numerator is None:
        return None
    return numerator / denominator


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
            "nine of ten were, and the share within 24 hours. Contacts that came in a file are left aside."
        ),
        HOURS,
        querysets.delays,
        _delay,
    ),
]
BY_KEY = {indicator.key: indicator for indicator in INDICATORS}
