"""Dates that come back every year: of the client and of the people close to the client, in both calendars."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from clients.models import DatedFact
from common import calendars, lunar
from interactions.sources.base import Asked, Due, Source, read

GREGORIAN, LUNAR = DatedFact.Calendar.GREGORIAN, DatedFact.Calendar.LUNAR
LONGEST_LEAD = 366  # days that a date's own lead may be

_FACTS = """
SELECT f.id, f.client_id, k.branch_id, k.tier_id, f.kind, f.person, f.calendar, f.year, f.month, f.day, f.is_leap_month,
       f.lead_days {falls_on}
  FROM {dates} clients_datedfact f
  JOIN clients_client k ON k.id = f.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
  LEFT JOIN clients_tier t ON t.id = k.tier_id
 WHERE f.kind = ANY(%(kinds)s) AND {wanted} AND (NOT %(courtesy)s OR t.birthday_courtesy IS DISTINCT FROM false)
"""
# The coming-backs of a few days, and whose they are, but for those that were told.
_USUAL = _FACTS.format(
    falls_on=", back.falls_on",
    dates="""unnest(%(months)s::int[], %(days)s::int[], %(leaps)s::bool[], %(falls_on)s::date[])
             AS back (month, day, is_leap, falls_on) CROSS JOIN""",
    wanted="""f.calendar = %(calendar)s AND f.month = back.month AND f.day = back.day
   AND f.is_leap_month = back.is_leap AND f.lead_days IS NULL
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s AND o.subject = 'dated_fact/' || f.id AND o.due_on = back.falls_on)""",
)
_OWN_LEAD = _FACTS.format(falls_on="", dates="", wanted="f.lead_days IS NOT NULL AND f.month IS NOT NULL")


class _Fact(NamedTuple):
    id: int
    client_id: int
    branch_id: int
    tier_id: int | None
    kind: str
    person: str
    calendar: str
    year: int | None
    month: int
    day: int
    is_leap_month: bool
    lead_days: int | None


class _DateSource(Source):
    kinds: tuple[str, ...]
    escalate_after = 3

    def due(self, asked: Asked) -> Iterator[Due]:
        params = {
            "source": self.code,
            "kinds": list(self.kinds),
            "branches": asked.places.ids,
            "courtesy": self.code == "birthday",
        }
        for calendar, originals in _coming_back(asked.ahead, asked.until):
            back = [(*of, falls_on) for of, days in originals.items() for falls_on in days]
            if not back:
                continue
            months, days, leaps, falls = (list(column) for column in zip(*back, strict=True))
            of = {"calendar": calendar, "months": months, "days": days, "leaps": leaps, "falls_on": falls}
            for row in read(_USUAL, params | of):
                yield from self._due(_Fact(*row[:-1]), row[-1])
        for row in read(_OWN_LEAD, params):  # few have days of their own
            fact = _Fact(*row)
            ahead = asked.on + timedelta(days=min(fact.lead_days or 0, LONGEST_LEAD))
            for falls_on in _returns(fact, asked.since, ahead):
                yield from self._due(fact, falls_on)

    def _due(self, fact: _Fact, falls_on: date) -> Iterator[Due]:
        years = _years(fact, falls_on)
        if years is None or years > 0:  # nobody has a birthday before being born, or on that day
            yield Due(
                client_id=fact.client_id,
                branch_id=fact.branch_id,
                tier_id=fact.tier_id,
                subject=f"dated_fact/{fact.id}",
                due_on=falls_on,
                event_on=falls_on,
                lead_days=fact.lead_days,
                about=self.about(fact),
                years=years,
            )

    def about(self, fact: _Fact) -> str:
        return fact.person


class BirthdaySource(_DateSource):
    """Birthdays of clients and of the people close to them. They keep their day, weekend or not."""

    code = theme = "birthday"
    lead_days = 7
    kinds = ("birthday",)


class AnniversarySource(_DateSource):
    """Wedding days, founding days and other dates; `about` begins with the kind: "wedding: Ana"."""

    code = theme = "anniversary"
    lead_days = 7
    kinds = ("wedding", "founding", "other")

    def about(self, fact: _Fact) -> str:
        return f"{fact.kind}: {fact.person}"


def _coming_back(since: date, until: date) -> Iterator[tuple[str, dict[tuple, list[date]]]]:
    """Of each calendar the originals that come back between two days, with the days on which they do."""
    yield GREGORIAN, {(*of, False): on for of, on in calendars.originals_between(since, until).items()}
    yield LUNAR, lunar.originals_between(since, until)


def _returns(fact: _Fact, since: date, until: date) -> list[date]:
    if fact.calendar == LUNAR:
        return lunar.returns_between(fact.month, fact.day, fact.is_leap_month, since, until)
    return calendars.returns_between(fact.month, fact.day, since, until)


def _years(fact: _Fact, falls_on: date) -> int | None:
    """Which coming-back it is; lunar years count by the lunar year of the day. None where no year is known."""
    if fact.year is None:
        return None
    if fact.calendar == LUNAR:
        return lunar.from_solar(falls_on).year - fact.year
    return falls_on.year - fact.year
