"""What clients have with us: the one place that says what counts as assets, for every page that sums them."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from portfolio.models import Holding


def assets_of(client_ids: Iterable[int], on: date) -> dict[int, dict[str, Decimal]]:
    """Assets of some clients on a day, by client and currency; who has none is left out. One query.

    Value of the open deposits and investments, counted once, by the owner. Nothing here is checked against
    anybody's sight: the caller passes clients that may be seen. Currencies are never added to each other.
    """
    ids = set(client_ids)
    if not ids:
        return {}
    rows = (
        Holding.objects.open()
        .assets()
        .filter(client__in=ids, opened_on__lte=on)
        .values_list("client_id", "currency")
        .annotate(total=Sum(Coalesce(F("market_value"), F("principal"))))
        .order_by("client_id", "currency")
    )
    found: dict[int, dict[str, Decimal]] = {}
    for client_id, currency, total in rows:
        found.setdefault(client_id, {})[currency] = total
    return found


def summed(amounts: Iterable[dict[str, Decimal]]) -> dict[str, Decimal]:
    """The amounts of several clients by currency, as they are: no rate is applied."""
    total: dict[str, Decimal] = {}
    for one in amounts:
        for currency, amount in one.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total


def by_size(amounts: dict[str, Decimal]) -> list[tuple[str, Decimal]]:
    """Currencies with their amounts, the largest number first."""
    return sorted(amounts.items(), key=lambda item: (-item[1], item[0]))
