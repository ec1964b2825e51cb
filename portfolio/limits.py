"""When a price crosses a limit of a purchase: exactly once, until the value has come back by a margin.

Rule (domain.md, portfolio): the loss limit is crossed by a price at or below it, the gain limit by one at or
above it. After a crossing the limit is armed again only by a price that is inside by LIMIT_MARGIN of the limit's
price. So of the days that are either beyond a limit (X) or well inside it (R), a crossing is an X that follows
an R, or nothing. What lies between decides nothing.

That is a question about the path of prices alone. It is asked anew of every purchase whose path was touched, so
that a load that comes twice, late, in the wrong order or with a correction leaves what one in order would leave.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction

# `path`: the days of the touched purchases from the first changed one on that are beyond a limit, each with
# whether the last day before it that decides anything was beyond it too.
_CROSSINGS = """
WITH touched AS MATERIALIZED (
    {touched}
), standing AS (
    SELECT q.id, q.client_id, q.product_id, q.bought_on, t.first, s.side, s.limit_price, s.inside
      FROM touched t
      JOIN portfolio_purchase q ON q.id = t.id
     CROSS JOIN LATERAL (VALUES ('loss', q.stop_loss, q.stop_loss * (1 + %(margin)s)),
                                ('gain', q.take_profit, q.take_profit * (1 - %(margin)s))
                        ) AS s (side, limit_price, inside)
     WHERE s.limit_price IS NOT NULL AND q.reverses_id IS NULL
       AND NOT EXISTS (SELECT FROM portfolio_purchase back WHERE back.reverses_id = q.id)
), wanted AS MATERIALIZED (
    SELECT s.id, s.client_id, s.side, p.on, s.limit_price, p.price
      FROM standing s
      JOIN portfolio_price p ON p.product_id = s.product_id AND p.on >= greatest(s.first, s.bought_on)
       AND CASE s.side WHEN 'loss' THEN p.price <= s.limit_price ELSE p.price >= s.limit_price END
      LEFT JOIN LATERAL (
            SELECT b.price FROM portfolio_price b
             WHERE b.product_id = s.product_id AND b.on >= s.bought_on AND b.on < p.on
               AND CASE s.side WHEN 'loss' THEN b.price <= s.limit_price OR b.price >= s.inside
                               ELSE b.price >= s.limit_price OR b.price <= s.inside END
             ORDER BY b.on DESC LIMIT 1) last ON true
     WHERE last.price IS NULL
        OR CASE s.side WHEN 'loss' THEN last.price >= s.inside ELSE last.price <= s.inside END
), gone AS (
    UPDATE portfolio_limitcrossing c SET gone_at = now()
      FROM touched t
     WHERE c.purchase_id = t.id AND c.on >= t.first AND c.gone_at IS NULL
       AND NOT EXISTS (SELECT FROM wanted w WHERE w.id = c.purchase_id AND w.side = c.side AND w.on = c.on)
    RETURNING c.id
), noted AS (
    INSERT INTO portfolio_limitcrossing (purchase_id, client_id, side, "on", "limit", price, noted_at)
    SELECT w.id, w.client_id, w.side, w.on, w.limit_price, w.price, now() FROM wanted w
        ON CONFLICT (purchase_id, side, "on") DO UPDATE
       SET gone_at = NULL, "limit" = EXCLUDED."limit", price = EXCLUDED.price, client_id = EXCLUDED.client_id
     WHERE (portfolio_limitcrossing.gone_at, portfolio_limitcrossing."limit", portfolio_limitcrossing.price)
           IS DISTINCT FROM (NULL, EXCLUDED."limit", EXCLUDED.price)
    RETURNING id, xmax = 0 AS is_new
)
SELECT (SELECT count(*) FROM noted WHERE is_new), (SELECT count(*) FROM gone)
"""

# All purchases with a limit of the products whose prices changed, each from its product's first changed day.
_BY_PRICES = """
    SELECT q.id, v.first
      FROM unnest(%(products)s::bigint[], %(firsts)s::date[]) AS v (product_id, first)
      JOIN portfolio_purchase q ON q.product_id = v.product_id
       AND (q.stop_loss IS NOT NULL OR q.take_profit IS NOT NULL)
"""
# Of a changed day, what follows on it is decided by it as well: a purchase is looked at from that day on.
_BY_PURCHASES = """
    SELECT q.id, q.bought_on AS first FROM portfolio_purchase q WHERE q.id IN ({which})
"""


@dataclass(frozen=True)
class Noted:
    """How many crossings a look wrote, and how many it found never to have been."""

    new: int
    gone: int


def note_by_prices(changed: dict[int, date]) -> Noted:
    """Note what prices crossed. `changed`: the first day of each product, by its id, on which a price changed.

    Effects: rows of LimitCrossing. Repeatable: a second look writes nothing. Two looks take turns.
    """
    if not changed:
        return Noted(0, 0)
    return _note(_BY_PRICES, {"products": list(changed), "firsts": list(changed.values())})


def note_by_purchases(ids: Iterable[int] | str) -> Noted:
    """Note what the prices since they were bought say of some purchases: their ids, or SQL that gives them.

    They came after the prices, or their limits did, or they were reversed. Repeatable.
    """
    if isinstance(ids, str):
        return _note(_BY_PURCHASES.format(which=ids), {})
    return _note(_BY_PURCHASES.format(which="SELECT unnest(%(ids)s::bigint[])"), {"ids": list(ids)})


@transaction.atomic
def _note(touched: str, params: dict) -> Noted:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('limits'))")
        cursor.execute(
            _CROSSINGS.format(touched=touched), params | {"margin": Decimal(str(settings.LIMIT_MARGIN))}
        )
        return Noted(*cursor.fetchone())
