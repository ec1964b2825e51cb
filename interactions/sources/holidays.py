"""Public holidays of the country a client lives in, and festivals that a client is known to keep."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Q

from clients.models import Client, Fact
from common.calendars import public_holidays
from common.festivals import FESTIVALS, falls_between
from common.models import Holiday
from interactions.sources.base import Asked, Due, Source


class HolidaySource(Source):
    """A greeting on a holiday: everyone but clients whose tier says that holidays are not greeted.

    Where no country is recorded the branch's holds. A festival greets only those of whom it is written down,
    as a custom or religion, that they keep it.
    """

    code = theme = "holiday"
    channel = "messenger"
    lead_days = 3

    def due(self, asked: Asked) -> Iterator[Due]:
        greeted = Client.objects.filter(branch=asked.branch, status="active")
        greeted = greeted.exclude(tier__holiday_courtesy=False)
        yield from self._public(asked, greeted)
        yield from self._festivals(asked, greeted)

    def _public(self, asked: Asked, greeted) -> Iterator[Due]:
        branch = asked.branch
        recorded = set(greeted.values_list("country", flat=True).distinct())
        for country in sorted({country or branch.country for country in recorded} - {""}):
            region = branch.region if country == branch.country else ""
            days = holidays_of(country, region, asked.since, asked.until)
            if not days:
                continue
            lives = Q(country=country) | Q(country="") if country == branch.country else Q(country=country)
            rows = greeted.filter(lives).values_list("pk", "number", "tier_id")
            for client_id, number, tier_id in rows.iterator(chunk_size=2000):
                for day, name in days.items():
                    yield Due(
                        client_id=client_id,
                        tier_id=tier_id,
                        subject=f"holiday/{country}/{number}",
                        due_on=day,
                        event_on=day,
                        about=name,
                    )

    def _festivals(self, asked: Asked, greeted) -> Iterator[Due]:
        for code, day in falls_between(asked.since, asked.until):
            named = Q()
            for name in FESTIVALS[code].names:
                named |= Q(value__icontains=name)
            kept = Fact.objects.filter(named, type__code="custom", client__in=greeted)
            rows = kept.values_list("client_id", "client__number", "client__tier_id").distinct()
            for client_id, number, tier_id in rows.iterator(chunk_size=2000):
                yield Due(
                    client_id=client_id,
                    tier_id=tier_id,
                    subject=f"festival/{code}/{number}",
                    due_on=day,
                    event_on=day,
                    about=f"festival: {code}",
                )


def holidays_of(country: str, region: str, since: date, until: date) -> dict[date, str]:
    """Holidays of a place between two days, the bank's own table over the library's."""
    found: dict[date, str] = {}
    for year in range(since.year, until.year + 1):
        found |= public_holidays(country, region, year)
    own = Holiday.objects.filter(country__in=["", country], region__in=["", region], on__range=(since, until))
    for row in own:
        if row.is_day_off:
            found[row.on] = row.name
        else:
            found.pop(row.on, None)
    return {day: name[:300] for day, name in found.items() if since <= day <= until}
