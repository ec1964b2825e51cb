"""What comes due: one small class a source, in one plain list. See docs/reminder-sources.md.

A source answers one question: what came due, for clients of these branches, whose notice day lies
between `since` and `on`? It reads only rows that are due, so its cost grows with them and not with
the number of clients. It writes nothing and decides nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q

from clients.models import Client, DatedFact
from common.calendars import WorkingCalendar, originals_between, public_holidays
from common.models import Holiday
from portfolio.models import Holding
from staff.models import Branch


@dataclass(frozen=True)
class Due:
    """One coming-due: `notice_on` is the day from which it stands on Today, `due_on` the day it is due by."""

    client_id: int
    subject: str
    notice_on: date
    due_on: date
    event_on: date
    about: str = ""
    years: int | None = None
    amount: Decimal | None = None
    currency: str = ""


class BirthdaySource:
    """Birthdays of clients (Gregorian), a week ahead. They keep their day, weekend or not."""

    code = "birthday"
    theme = "birthday"
    channel = "call"
    lead_days = 7

    def due(self, *, branch: Branch, working: WorkingCalendar, since: date, on: date) -> Iterator[Due]:
        originals = originals_between(since, on + timedelta(days=self.lead_days))
        days: dict[int, list[int]] = {}
        for month, day in originals:
            days.setdefault(month, []).append(day)
        wanted = Q()
        for month, numbers in days.items():
            wanted |= Q(month=month, day__in=numbers)
        rows = (
            DatedFact.objects.filter(wanted, calendar="gregorian", kind="birthday", person="")
            .filter(client__branch=branch, client__status="active")
            .exclude(client__tier__birthday_courtesy=False)
            .values_list("pk", "client_id", "year", "month", "day")
        )
        for pk, client_id, year, month, day in rows.iterator(chunk_size=2000):
            falls_on = originals[month, day]
            years = falls_on.year - year if year else None
            if years is not None and years < 0:
                continue
            yield Due(
                client_id=client_id,
                subject=f"dated_fact/{pk}",
                notice_on=falls_on - timedelta(days=self.lead_days),
                due_on=falls_on,
                event_on=falls_on,
                years=years or None,
            )


class MaturitySource:
    """Holdings that mature: 30 and 7 days before and on the day, moved to the next working day."""

    code = "maturity"
    theme = "maturity"
    channel = "call"
    steps = (30, 7, 0)
    kinds = ("term_deposit", "wealth_product", "bond", "fund", "insurance", "other")
    longest_move = timedelta(days=15)

    def due(self, *, branch: Branch, working: WorkingCalendar, since: date, on: date) -> Iterator[Due]:
        rows = (
            Holding.objects.maturing_between(since - self.longest_move, on + timedelta(days=max(self.steps)))
            .filter(client__branch=branch, client__status="active", product__kind__in=self.kinds)
            .select_related("product")
        )
        for holding in rows.iterator(chunk_size=2000):
            effective = holding.effective_maturity(working)
            for step in self.steps:
                yield Due(
                    client_id=holding.client_id,
                    subject=f"holding/{holding.number}/T-{step}",
                    notice_on=effective - timedelta(days=step),
                    due_on=effective,
                    event_on=effective,
                    about=holding.product.name,
                    amount=holding.value,
                    currency=holding.currency,
                )


class HolidaySource:
    """Public holidays of the country a client lives in (where none is recorded, the branch's).

    Everyone but clients whose tier says that holidays are not greeted.
    """

    code = "holiday"
    theme = "holiday"
    channel = "messenger"
    lead_days = 3

    def due(self, *, branch: Branch, working: WorkingCalendar, since: date, on: date) -> Iterator[Due]:
        until = on + timedelta(days=self.lead_days)
        greeted = Client.objects.filter(branch=branch, status="active").exclude(tier__holiday_courtesy=False)
        for country in sorted({country or branch.country for country in self._countries(greeted)} - {""}):
            days = self._holidays(country, branch.region if country == branch.country else "", since, until)
            if not days:
                continue
            lives = Q(country=country) | Q(country="") if country == branch.country else Q(country=country)
            for client_id, number in (
                greeted.filter(lives).values_list("pk", "number").iterator(chunk_size=2000)
            ):
                for day, name in days.items():
                    yield Due(
                        client_id=client_id,
                        subject=f"holiday/{country}/{number}",
                        notice_on=day - timedelta(days=self.lead_days),
                        due_on=day,
                        event_on=day,
                        about=name,
                    )

    @staticmethod
    def _countries(greeted) -> set[str]:
        return set(greeted.values_list("country", flat=True).distinct())

    @staticmethod
    def _holidays(country: str, region: str, since: date, until: date) -> dict[date, str]:
        found: dict[date, str] = {}
        for year in range(since.year, until.year + 1):
            found |= public_holidays(country, region, year)
        own = Holiday.objects.filter(
            country__in=["", country], region__in=["", region], on__range=(since, until)
        )
        for row in own:
            if row.is_day_off:
                found[row.on] = row.name
            else:
                found.pop(row.on, None)
        return {day: name[:300] for day, name in found.items() if since <= day <= until}


SOURCES = [BirthdaySource(), MaturitySource(), HolidaySource()]
