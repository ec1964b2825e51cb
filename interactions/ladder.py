"""What matures in each of the next twelve months, drawn: of a client, of a manager's clients, of a branch."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db.models import F, Sum
from django.db.models.functions import Coalesce, TruncMonth

from common import saying
from portfolio.models import Holding
from portfolio.querysets import MATURING_KINDS, HoldingQuerySet

MONTHS = 12
STEP, FOOT, TALLEST = 48, 116, 90  # of the drawing


def ladder_of(rows: Iterable[tuple[date, str, Decimal]], today: date) -> dict | None:
    """The ladder of what matures on some days, in the currency that matures most; None where nothing does."""
    months = [
        ((today.year * 12 + today.month - 1 + n) // 12, (today.month - 1 + n) % 12 + 1) for n in range(MONTHS)
    ]
    sums: dict[str, dict[tuple[int, int], Decimal]] = {}
    for on, currency, amount in rows:
        month = (on.year, on.month)
        if month in months:
            of = sums.setdefault(currency, {})
            of[month] = of.get(month, Decimal(0)) + amount
    if not sums:
        return None
    currency = max(sums, key=lambda code: sum(sums[code].values()))
    others = sorted(code for code in sums if code != currency)
    return {"currency": currency, "bars": bars_of(months, sums[currency]), "others": others}


def bars_of(months: list[tuple[int, int]], amounts: dict[tuple[int, int], Decimal]) -> list[dict]:
    """One bar a month, as the drawing places it; the first one is marked."""
    top = max([*amounts.values(), Decimal(0)])
    bars = []
    for at, month in enumerate(months):
        amount = amounts.get(month)
        height = float(amount / top) * TALLEST if amount and amount > 0 else 0
        bars.append(
            {
                "name": saying.day(date(*month, 1), "MMM" if at == 0 or month[1] != 1 else "yMMM"),
                "amount": amount,
                "said": saying.compact(amount) if amount else "",
                "x": at * STEP + 13,
                "mid": at * STEP + 24,
                "y": FOOT - height,
                "label_y": FOOT - 6 - height,
                "h": height,
                "first": at == 0,
            }
        )
    return bars


def months_back(today: date) -> list[tuple[int, int]]:
    """The last twelve months, this one the last."""
    last = today.year * 12 + today.month - 1
    return [(n // 12, n % 12 + 1) for n in range(last - MONTHS + 1, last + 1)]


def client_ladder(holdings: Iterable[Holding], today: date) -> dict | None:
    """Of holdings read already."""
    return ladder_of(
        (
            (holding.matures_on, holding.currency, holding.value)
            for holding in holdings
            if holding.matures_on and holding.matures_on >= today and holding.product.kind in MATURING_KINDS
        ),
        today,
    )


def holdings_ladder(holdings: HoldingQuerySet, today: date) -> dict | None:
    """Of many clients' holdings: added up by the database. One question."""
    end = date(today.year + 1, today.month, 1)
    rows = (
        holdings.open()
        .filter(matures_on__gte=today, matures_on__lt=end, product__kind__in=MATURING_KINDS)
        .annotate(month=TruncMonth("matures_on"))
        .values("month", "currency")
        .annotate(total=Sum(Coalesce(F("market_value"), F("principal"))))
        .order_by()
    )
    return ladder_of(((row["month"], row["currency"], row["total"]) for row in rows), today)
