"""Public holidays of the country a client lives in, and festivals that a client is known to keep."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from django.db.models import Q

from clients.models import Client, Fact
from common.calendars import public_holidays
from common.festivals import FESTIVALS, falls_between, keeps
from common.models import Holiday
from interactions.sources.base import READ, Asked, Due, Source, read
from staff.models import Branch

# The countries that clients live in, one look into the index for each.
_COUNTRIES = """
WITH RECURSIVE found AS (
    SELECT min(country) AS country FROM clients_client WHERE status = 'active'
    UNION ALL
    SELECT (SELECT min(k.country) FROM clients_client k WHERE k.status = 'active' AND k.country > found.country)
      FROM found WHERE found.country IS NOT NULL
)
SELECT country FROM found WHERE country > ''
"""
_GREETED = """
SELECT k.id, k.branch_id, k.number, k.tier_id, day.on, day.name
  FROM unnest(%(days)s::date[], %(names)s::text[]) AS day ("on", name)
 CROSS JOIN clients_client k
  LEFT JOIN clients_tier t ON t.id = k.tier_id
 WHERE k.country = ANY(%(lives)s) AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
   AND t.holiday_courtesy IS DISTINCT FROM false
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s AND o.subject = %(prefix)s || k.number AND o.due_on = day.on)
 ORDER BY k.id, day.on
"""
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
        yield from self._public(asked)
        greeted = Client.objects.filter(branch__in=asked.places.ids, status="active")
        yield from self._festivals(asked, greeted.exclude(tier__holiday_courtesy=False))

    def _public(self, asked: Asked) -> Iterator[Due]:
        branches = asked.places.by_id.values()
        own = _own_between(asked.ahead, asked.until)
        countries = {country for (country,) in read(_COUNTRIES, {})} | {branch.country for branch in branches}
        for country in sorted(countries - {""}):
            for region, ids in _by_region(country, branches).items():
                days = holidays_of(country, region or "", asked.ahead, asked.until, own)
                if not days:
                    continue
                params = {
                    "source": self.code,
                    "prefix": f"holiday/{country}/",
                    "days": list(days),
                    "names": list(days.values()),
                    "lives": [country] if region is None else [country, ""],
                    "branches": ids,
                }
                for client_id, branch_id, number, tier_id, day, name in read(_GREETED, params):
                    yield Due(
                        client_id=client_id,
                        branch_id=branch_id,
                        tier_id=tier_id,
                        subject=f"holiday/{country}/{number}",
                        due_on=day,
                        event_on=day,
                        about=name,
                    )

    def _festivals(self, asked: Asked, greeted) -> Iterator[Due]:
        for code, day in falls_between(asked.ahead, asked.until):
            named = Q()
            for name in FESTIVALS[code].names:
                named |= Q(value__icontains=name)
            kept = Fact.objects.filter(named, type__code="custom", client__in=greeted)
            rows = kept.values_list(
                "client_id", "client__branch_id", "client__number", "client__tier_id", "value"
            )
            greets = {row[:-1] for row in rows.iterator(chunk_size=READ) if keeps(code, row[-1])}
            for client_id, branch_id, number, tier_id in sorted(greets):
                yield Due(
                    client_id=client_id,
                    branch_id=branch_id,
                    tier_id=tier_id,
                    subject=f"festival/{code}/{number}",
                    due_on=day,
                    event_on=day,
                    about=f"festival: {code}",
                )


def _by_region(country: str, branches: Iterable[Branch]) -> dict[str | None, list[int]]:
    """Branches by whose days hold for their clients of a country: their region's at home, else (None) all of it."""
    found: dict[str | None, list[int]] = {}
    for branch in branches:
        found.setdefault(branch.region if branch.country == country else None, []).append(branch.pk)
    return found


def _own_between(since: date, until: date) -> list[Holiday]:
    """The bank's own rows; the most particular is read last and wins."""
    rows = Holiday.objects.filter(on__range=(since - timedelta(days=1), until))
    return list(rows.order_by("country", "region"))


def holidays_of(
    country: str, region: str, since: date, until: date, own: Iterable[Holiday]
) -> dict[date, str]:
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
    for row in own:
        if row.country not in ("", country) or row.region not in ("", region):
            continue
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
