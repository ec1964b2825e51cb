"""Public holidays of the country a client lives in, and festivals that a client is known to keep."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.db.models import Q

from clients.models import Client, Fact
from common.calendars import public_holidays
from common.festivals import FESTIVALS, falls_between, keeps
from common.models import Holiday
from interactions.sources.base import Asked, Due, Source

# The library's words for a day that only makes up for another, or comes before the one that is greeted.
MADE_UP = ("substituted", "observed", "in lieu", " eve")


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
            rows = kept.values_list("client_id", "client__number", "client__tier_id", "value")
            greets = {row[:3] for row in rows.iterator(chunk_size=2000) if keeps(code, row[3])}
            for client_id, number, tier_id in sorted(greets):
                yield Due(
                    client_id=client_id,
                    tier_id=tier_id,
                    subject=f"festival/{code}/{number}",
                    due_on=day,
                    event_on=day,
                    about=f"festival: {code}",
                )


def holidays_of(country: str, region: str, since: date, until: date) -> dict[date, str]:
    """Days of greeting of a place between two days: the bank's own table over the library's.

    A feast of several days is greeted on its first; days that only make up for another are none.
    """
    before = since - timedelta(days=1)
    found: dict[date, str] = {}
    for year in range(before.year, until.year + 1):
        found |= public_holidays(country, region, year)
    english: dict[date, str] = {}
    for year in range(before.year, until.year + 1):
        english |= public_holidays(country, region, year, "en_US")
    made_up = {day for day, name in english.items() if any(word in name.casefold() for word in MADE_UP)}
    own = Holiday.objects.filter(
        country__in=["", country], region__in=["", region], on__range=(before, until)
    )
    for row in own.order_by("country", "region"):  # the most particular row is read last and wins
        if row.is_day_off:
            found[row.on] = row.name
            made_up.discard(row.on)
        else:
            found.pop(row.on, None)
    return {
        day: name[:300]
        for day, name in found.items()
        if since <= day <= until and day not in made_up and found.get(day - timedelta(days=1)) != name
    }
