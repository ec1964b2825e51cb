"""One day's prices against a million purchases with limits, beside the bare SQL that finds and inserts the same rows.

`python manage.py shell -c "from benchmarks.limits import run; run()"`; everything is rolled back.
"""

import time
from datetime import date, timedelta

from django.db import connection, transaction

from portfolio.limits import note_by_prices

PRODUCTS = 50
DAYS = 60
LAST = date(2026, 3, 31)

_MAKE = """
SET LOCAL session_replication_role = replica;
INSERT INTO portfolio_product (code, name, kind, currency) SELECT 'BENCH-' || n, 'Bench', 'fund', 'USD'
  FROM generate_series(1, %(products)s) n;
CREATE TEMP TABLE bench ON COMMIT DROP AS
    SELECT id, row_number() OVER (ORDER BY id) AS n FROM portfolio_product WHERE code LIKE 'BENCH-%%';
INSERT INTO portfolio_price (product_id, "on", price)
    SELECT b.id, day::date, 100 + 3 * sin(extract(doy FROM day) / 5 + b.n)
      FROM bench b, generate_series(%(first)s::date, %(before)s::date, '1 day') day;
INSERT INTO portfolio_purchase (number, client_id, product_id, bought_on, amount, currency, stop_loss, take_profit,
                                campaign_code)
    SELECT 'BENCH-' || nr, 1, b.id, %(first)s::date + nr %% 50, 1000, 'USD', 85 + nr %% 14, 115 + nr %% 14, ''
      FROM generate_series(1, %(purchases)s) AS s (nr) JOIN bench b ON b.n = 1 + nr %% %(products)s;
INSERT INTO portfolio_price (product_id, "on", price)
    SELECT id, %(last)s, CASE WHEN n %% 10 = 0 THEN 94 ELSE 101 END FROM bench;
"""
# What a look would cost that knew beforehand that nothing was ever crossed before and nothing was corrected.
_BARE = """
INSERT INTO portfolio_limitcrossing (purchase_id, client_id, side, "on", "limit", price, noted_at)
SELECT q.id, q.client_id, 'loss', p.on, q.stop_loss, p.price, now()
  FROM portfolio_purchase q JOIN portfolio_price p ON p.product_id = q.product_id AND p.on = %(last)s
 WHERE p.price <= q.stop_loss
UNION ALL
SELECT q.id, q.client_id, 'gain', p.on, q.take_profit, p.price, now()
  FROM portfolio_purchase q JOIN portfolio_price p ON p.product_id = q.product_id AND p.on = %(last)s
 WHERE p.price >= q.take_profit
"""


def run(purchases: int = 1_000_000) -> None:
    """Three turns of both, printed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _MAKE,
            {
                "products": PRODUCTS,
                "purchases": purchases,
                "first": LAST - timedelta(days=DAYS),
                "before": LAST - timedelta(days=1),
                "last": LAST,
            },
        )
        cursor.execute("ANALYZE portfolio_purchase, portfolio_price")
        cursor.execute("SELECT id FROM bench")
        changed = {pk: LAST for (pk,) in cursor.fetchall()}
        for _turn in range(3):
            mark = transaction.savepoint()
            began = time.perf_counter()
            cursor.execute(_BARE, {"last": LAST})
            bare, rows = time.perf_counter() - began, cursor.rowcount
            transaction.savepoint_rollback(mark)
            mark = transaction.savepoint()
            began = time.perf_counter()
            noted = note_by_prices(changed)
            taken = time.perf_counter() - began
            began = time.perf_counter()
            again = note_by_prices(changed)
            second = time.perf_counter() - began
            transaction.savepoint_rollback(mark)
            print(
                f"{purchases:,} purchases: {noted.new:,} crossings in {taken:.2f} s, {taken / bare:.1f} times"
                f" the bare SQL ({rows:,} rows, {bare:.2f} s); again {again.new} in {second:.2f} s"
            )
        transaction.set_rollback(True)
