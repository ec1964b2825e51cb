"""What currencies are worth in the reporting currency."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import connection

RATE_HOLDS = timedelta(days=7)  # so old a rate may be (numbers.md, Money)

_RATE = """CASE WHEN {currency} = %(reporting)s THEN 1 ELSE (
        SELECT r.rate FROM portfolio_rate r
         WHERE r.currency = {currency} AND r."on" BETWEEN {day} - %(holds)s AND {day}
         ORDER BY r."on" DESC LIMIT 1) END"""
_LAST = """
SELECT DISTINCT ON (currency) currency, rate FROM portfolio_rate
 WHERE currency = ANY(%s) AND "on" <= %s AND "on" >= %s ORDER BY currency, "on" DESC
"""


def rate_sql(currency: str, day: str) -> str:
    """SQL for units of a currency for one of the reporting currency on a day; NULL where none is known.

    Needs the parameters `reporting` and `holds` (days).
    """
    return _RATE.format(currency=currency, day=day)


def rates_on(
    currencies: Iterable[str], day: date, *, holds: timedelta | None = RATE_HOLDS
) -> dict[str, Decimal]:
    """Units of each currency for one of the reporting currency on a day; what has no rate is left out.

    `holds`: how old a rate may be; None: however old.
    """
    since = date.min if holds is None else day - holds
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [list(set(currencies)), day, since])
        return dict(cursor.fetchall()) | {settings.REPORTING_CURRENCY: Decimal(1)}


def converted(amounts: dict[str, Decimal], rates: dict[str, Decimal]) -> tuple[Decimal, list[str]]:
    """The sum in the reporting currency, and the currencies that could not be converted and are not in it."""
    total = sum((amount / rates[code] for code, amount in amounts.items() if code in rates), Decimal(0))
    return round(total, 2), sorted(code for code in amounts if code not in rates)
