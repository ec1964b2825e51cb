"""Dates that come back every year: of the client and of the people close to the client, in both calendars."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from clients.models import DatedFact
from common import calendars, lunar
from interactions.sources.base import Asked, Due, Source

GREGORIAN, LUNAR = DatedFact.Calendar.GREGORIAN, DatedFact.Calendar.LUNAR
LONGEST_LEAD = 366  # days that a date's own lead may be


class _DateSource(Source):
    kinds: tuple[str, ...]
    escalate_after = 3

    def due(self, asked: Asked) -> Iterator[Due]:
        facts = DatedFact.objects.filter(
            kind__in=self.kinds, client__branch=asked.branch, client__status="active", month__isnull=False
        )
        if self.code == "birthday":
            facts = facts.exclude(client__tier__birthday_courtesy=False)
        for calendar, originals in _coming_back(asked.since, asked.until):
            usual = facts.filter(_originals(originals), calendar=calendar, lead_days=None)
            for fact in _read(usual):
                for falls_on in originals[_original(fact)]:
                    yield from self._due(fact, falls_on)
        for fact in _read(facts.filter(lead_days__isnull=False)):  # few have days of their own
            ahead = asked.on + timedelta(days=min(fact.lead_days or 0, LONGEST_LEAD))
            for falls_on in _returns(fact, asked.since, ahead):
                yield from self._due(fact, falls_on)

    def _due(self, fact: DatedFact, falls_on: date) -> Iterator[Due]:
        years = _years(fact, falls_on)
        if years is None or years > 0:  # nobody has a birthday before being born, or on that day
            yield Due(
                client_id=fact.client_id,
                tier_id=fact.client.tier_id,
                subject=f"dated_fact/{fact.pk}",
                due_on=falls_on,
                event_on=falls_on,
                lead_days=fact.lead_days,
                about=self.about(fact),
                years=years,
            )

    def about(self, fact: DatedFact) -> str:
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

    def about(self, fact: DatedFact) -> str:
        return f"{fact.kind}: {fact.person}"


def _read(facts: QuerySet) -> Iterator[DatedFact]:
    return (
        facts.select_related("client")
        .only(
            *("client", "kind", "person", "calendar", "year", "month", "day", "is_leap_month", "lead_days"),
            "client__tier",
        )
        .iterator(chunk_size=2000)
    )


def _coming_back(since: date, until: date) -> Iterator[tuple[str, dict[tuple, list[date]]]]:
    """Of each calendar the originals that come back between two days, with the days on which they do."""
    yield GREGORIAN, {(*of, False): on for of, on in calendars.originals_between(since, until).items()}
    yield LUNAR, lunar.originals_between(since, until)


def _originals(originals: dict[tuple, list[date]]) -> Q:
    days: dict[tuple[int, bool], list[int]] = {}
    for month, day, is_leap in originals:
        days.setdefault((month, is_leap), []).append(day)
    wanted = Q(pk__in=[])
    for (month, is_leap), numbers in days.items():
        wanted |= Q(month=month, is_leap_month=is_leap, day__in=numbers)
    return wanted


def _original(fact: DatedFact) -> tuple[int, int, bool]:
    return fact.month or 0, fact.day or 0, fact.is_leap_month  # never empty: asked only of whole dates


def _returns(fact: DatedFact, since: date, until: date) -> list[date]:
    month, day, is_leap = _original(fact)
    if fact.calendar == LUNAR:
        return lunar.returns_between(month, day, is_leap, since, until)
    return calendars.returns_between(month, day, since, until)


def _years(fact: DatedFact, falls_on: date) -> int | None:
    """Which coming-back it is; lunar years count by the lunar year of the day. None where no year is known."""
    if fact.year is None:
        return None
    if fact.calendar == LUNAR:
        return lunar.from_solar(falls_on).year - fact.year
    return falls_on.year - fact.year
