"""What a figure is, and how a row of a query becomes one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.conf import settings

from metrics import following

Row = Mapping[str, Any]


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
class Total:
    """What amounts of several currencies come to in the reporting currency; `unconverted` has no rate.

    `amount` is None where nothing could be converted.
    """

    currency: str
    amount: Decimal | None
    unconverted: tuple[Sum, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "amount": None if self.amount is None else str(self.amount),
            "unconverted": [one.as_dict() for one in self.unconverted],
        }


@dataclass(frozen=True)
class Matured:
    """Principal of one currency that matured, how much of it stayed, and of how much nobody knows yet."""

    currency: str
    count: int
    matured: Decimal
    kept: Decimal
    unknown: Decimal

    @property
    def value(self) -> float | None:
        return float(self.kept / self.matured) if self.matured else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "count": self.count,
            "value": self.value,
            "matured": str(self.matured),
            "kept": str(self.kept),
            "unknown": str(self.unknown),
        }


@dataclass(frozen=True)
class Figure:
    """One value: a fraction from 0 to 1, a count or hours. None where there is nothing to divide.

    `amount` stands only where all of it is in one currency; `amounts` has every currency, never added;
    `total` is what they come to in the reporting currency.
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
    total: Total | None = None
    by_currency: tuple[Matured, ...] | None = None
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
        if self.total is not None:
            shown["total"] = self.total.as_dict()
        if self.by_currency is not None:
            shown["by_currency"] = [one.as_dict() for one in self.by_currency]
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


def divided(numerator: int | None, denominator: int | None) -> float | None:
    """A fraction; None, never 0, where there is nothing to divide by."""
    if not denominator or numerator is None:
        return None
    return numerator / denominator


def grown(now: Figure, before: Figure | None) -> float | None:
    """The change of an amount as a fraction of the earlier one; None from nothing, or from less.

    Of one currency in itself, else of the totals in the reporting currency where all of both has a rate.
    """
    if before is None:
        return None
    old, new = before.amount, now.amount
    if old is None or new is None or (new and now.currency != before.currency):
        old, new = _whole(before), _whole(now)
    if new is None or old is None or old <= 0:
        return None
    return float((new - old) / old)


def _whole(figure: Figure) -> Decimal | None:
    return None if figure.total is None or figure.total.unconverted else figure.total.amount


def compared(now: Figure, previous: Figure, year_before: Figure) -> Figure:
    return replace(now, previous=previous, year_before=year_before)


def achievement(row: Row) -> Figure:
    reached, population = row.get("reached", 0), row.get("population", 0)
    return Figure(divided(reached, population), reached, population)


def attempts(row: Row) -> Figure:
    return _count(row.get("attempts", 0))


def reach_per_attempt(row: Row) -> Figure:
    reached, attempts = row.get("reached_attempts", 0), row.get("attempts", 0)
    return Figure(divided(reached, attempts), reached, attempts)


def delay(row: Row) -> Figure:
    return Figure(row.get("median"), row.get("within_a_day", 0), row.get("contacts", 0), p90=row.get("p90"))


def repetition(row: Row) -> Figure:
    repeated, reached = row.get("repeated", 0), row.get("reached", 0)
    return Figure(divided(repeated, reached), repeated, reached)


def breaches(row: Row) -> Figure:
    return _count(row.get("breaches", 0))


def facts(row: Row) -> Figure:
    learnt, corrected = row.get("learnt", 0), row.get("corrected", 0)
    return Figure(learnt + corrected, learnt + corrected, learnt=learnt, corrected=corrected)


def new_information(row: Row) -> Figure:
    enriched, reached = row.get("enriched", 0), row.get("reached", 0)
    return Figure(divided(enriched, reached), enriched, reached)


def completeness(row: Row) -> Figure:
    known, to_know = row.get("known", 0), row.get("to_know", 0)
    return Figure(divided(known, to_know), known, to_know)


def raised(row: Row) -> Figure:
    return _money(row, "raised")


def follow_up(row: Row) -> Figure:
    followed, due = row.get("followed", 0), row.get("due", 0)
    return Figure(divided(followed, due), followed, due)


def opportunities_open(row: Row) -> Figure:
    ages = tuple(
        Part(age, row.get(f"open_{age}", 0), _sums(row.get(f"open_{age}_amounts", {})))
        for age in following.AGES
    )
    return replace(_money(row, "open"), by_age=ages)


def overdue_steps(row: Row) -> Figure:
    return _money(row, "overdue")


def sales(row: Row) -> Figure:
    kinds = tuple(
        Part(kind, sum(count for _amount, count in amounts.values()), _sums(amounts))
        for kind, amounts in sorted(row.get("kind_amounts", {}).items())
    )
    return replace(_money(row, "sales"), by_kind=kinds)


def net_new_money(row: Row) -> Figure:
    return _money(row, "movements")


def assets(row: Row) -> Figure:
    """The clients of whom a balance is known, with what they have; nothing at all where none is."""
    known, clients = row.get("known", 0), row.get("clients", 0)
    if not known:
        return Figure(None, 0, clients, amounts=())
    return replace(_money(row, "assets"), value=known, numerator=known, denominator=clients)


def retention(row: Row) -> Figure:
    """The share kept, with what matured. Several currencies have one share only if each could be converted."""
    matured, kept, unknown = (row.get(f"{name}_amounts", {}) for name in ("matured", "kept", "unknown"))
    nothing = (Decimal("0.00"), 0)
    parts = tuple(
        Matured(currency, count, amount, kept.get(currency, nothing)[0], unknown.get(currency, nothing)[0])
        for currency, (amount, count) in sorted(matured.items())
    )
    whole = replace(_money(row, "matured"), value=None, numerator=None, by_currency=parts)
    if len(parts) == 1:
        return replace(whole, value=parts[0].value)
    total = _whole(whole)
    return replace(whole, value=float((row["kept_converted"] or 0) / total) if total else None)


def promises(row: Row) -> Figure:
    kept, promised = row.get("kept", 0), row.get("promised", 0)
    return Figure(divided(kept, promised), kept, promised)


def overdue(row: Row) -> Figure:
    return _count(row.get("overdue", 0))


def neglected(row: Row) -> Figure:
    return _count(row.get("neglected", 0))


def _count(count: int) -> Figure:
    return Figure(count, count)


def _money(row: Row, name: str) -> Figure:
    """A count with its amounts; one amount only where all are of one currency. Nothing is nothing in any."""
    count, sums = row.get(name, 0), _sums(row.get(f"{name}_amounts", {}))
    reporting, nothing = settings.REPORTING_CURRENCY, Decimal("0.00")
    found = row.get(f"{name}_converted")
    total = Total(reporting, found if sums else nothing, _sums(row.get(f"{name}_unconverted", {})))
    if len(sums) > 1:
        return Figure(count, count, amounts=sums, total=total)
    only = sums[0] if sums else Sum(reporting, nothing, 0)
    return Figure(count, count, amount=only.amount, currency=only.currency, amounts=sums, total=total)


def _sums(amounts: Mapping[str, tuple[Decimal, int]]) -> tuple[Sum, ...]:
    return tuple(Sum(currency, amount, count) for currency, (amount, count) in sorted(amounts.items()))
