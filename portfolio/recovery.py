"""What a client had before something went wrong, and how much of it is there again."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from clients.models import Client
from portfolio.models import BalanceSnapshot
from portfolio.standing import FRESH

LOOKS_BACK = timedelta(days=1)  # the day itself may already show what was taken away


@dataclass(frozen=True)
class Recovery:
    """Assets by currency before, at the lowest since, and now; `came_back_on`: when all of it was there again."""

    before: dict[str, Decimal]
    before_on: date
    lowest: dict[str, Decimal]
    now: dict[str, Decimal]
    now_on: date
    came_back_on: date | None

    @property
    def fell(self) -> bool:
        return any(self.lowest.get(code, Decimal(0)) < amount for code, amount in self.before.items())


def recovery_of(client: Client, since: date, until: date | None = None) -> Recovery | None:
    """A client's balances around a day, each currency by itself; None where none from before or after are known.

    Before is the last balance at most 31 days old on the day before `since`; now is the last one, up to `until`.
    """
    rows = BalanceSnapshot.objects.filter(client=client, as_of__gt=since - LOOKS_BACK - FRESH)
    if until is not None:
        rows = rows.filter(as_of__lte=until)
    by_day: dict[date, dict[str, Decimal]] = {}
    for row in rows.order_by("as_of"):
        by_day.setdefault(row.as_of, {})[row.currency] = row.assets
    before = [day for day in by_day if day <= since - LOOKS_BACK]
    after = [day for day in by_day if day > since - LOOKS_BACK]
    if not before or not after:
        return None
    had = by_day[before[-1]]
    lowest = {code: min(by_day[day].get(code, Decimal(0)) for day in after) for code in had}
    fallen = [day for day in after if not _whole(had, by_day[day])]
    came_back = [day for day in after if fallen and day > fallen[-1]]
    return Recovery(
        had, before[-1], lowest, by_day[after[-1]], after[-1], came_back[0] if came_back else None
    )


def _whole(had: dict[str, Decimal], has: dict[str, Decimal]) -> bool:
    return all(has.get(code, Decimal(0)) >= amount for code, amount in had.items())
