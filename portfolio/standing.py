"""What each client has with us in the reporting currency, and since when above the next tier's threshold.

Derived from balances and rates alone, and computed anew for whomever balances were loaded or taken back: loads
that come twice, late or with corrections leave what one in order would.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from clients.models import Tier
from portfolio.rates import RATE_HOLDS, rate_sql, rates_on

FRESH = timedelta(days=31)  # a balance is taken for what it was so long (numbers.md, aum)
LOOK_BACK = timedelta(days=400)
AHEAD = timedelta(days=1)  # it is tomorrow already in another zone; a day further off is a mistake

# `held`: mostly all currencies stand on the last day; of the days before, the index alone is read.
# `below`: the last day that has balances on which the assets, each currency as it was last known, did not reach the
# threshold. Nobody looks further back than LOOK_BACK: whoever has been above for longer, has been since it was first
# seen (`was`). A currency without a rate counts for nothing: nobody is called rich by mistake.
_RECKON = """
WITH touched AS MATERIALIZED (
    SELECT DISTINCT t.id, k.tier_id FROM ({clients}) AS t (id) JOIN clients_client k ON k.id = t.id
), newest AS MATERIALIZED (
    SELECT t.id, t.tier_id, last.as_of
      FROM touched t CROSS JOIN LATERAL (
           SELECT b.as_of FROM portfolio_balancesnapshot b
            WHERE b.client_id = t.id AND b.as_of <= %(last)s ORDER BY b.as_of DESC LIMIT 1) last
), held AS MATERIALIZED (
    SELECT n.id AS client_id, h.*
      FROM newest n CROSS JOIN LATERAL (
           SELECT b.currency, b.as_of, b.deposits + b.investments AS assets
             FROM portfolio_balancesnapshot b WHERE b.client_id = n.id AND b.as_of = n.as_of
            UNION ALL
           SELECT b.currency, b.as_of, b.deposits + b.investments
             FROM (SELECT o.currency, max(o.as_of) AS as_of FROM portfolio_balancesnapshot o
                    WHERE o.client_id = n.id AND o.as_of > n.as_of - %(fresh)s AND o.as_of < n.as_of
                    GROUP BY o.currency) former
             JOIN portfolio_balancesnapshot b
               ON b.client_id = n.id AND b.as_of = former.as_of AND b.currency = former.currency
            WHERE NOT EXISTS (SELECT FROM portfolio_balancesnapshot s
                               WHERE s.client_id = n.id AND s.as_of = n.as_of AND s.currency = former.currency)) h
), worth AS MATERIALIZED (
    SELECT h.currency, h.as_of, {held_rate} AS rate FROM (SELECT DISTINCT currency, as_of FROM held) h
), total AS MATERIALIZED (
    SELECT n.id, n.tier_id, n.as_of, coalesce(round(sum(h.assets / w.rate), 2), 0) AS amount
      FROM newest n
      LEFT JOIN held h ON h.client_id = n.id
      LEFT JOIN worth w ON w.currency = h.currency AND w.as_of = h.as_of
     GROUP BY n.id, n.tier_id, n.as_of
), tier AS (
    SELECT * FROM unnest(%(tiers)s::bigint[], %(thresholds)s::numeric[]) AS v (id, threshold)
), reached AS (
    SELECT t.*, over.id AS over_tier, over.threshold
      FROM total t
      LEFT JOIN LATERAL (
           SELECT v.id, v.threshold FROM tier v
            WHERE v.threshold > 0 AND v.threshold <= t.amount
              AND v.threshold > coalesce((SELECT own.threshold FROM tier own WHERE own.id = t.tier_id), 0)
            ORDER BY v.threshold DESC LIMIT 1) over ON true
), since AS (
    SELECT r.*, CASE WHEN r.over_tier IS NULL THEN NULL
                     WHEN below.as_of IS NULL AND was.over_tier_id = r.over_tier AND was.over_since <= r.as_of - %(back)s
                     THEN was.over_since
                     ELSE (SELECT min(b.as_of) FROM portfolio_balancesnapshot b
                            WHERE b.client_id = r.id AND b.as_of > coalesce(below.as_of, r.as_of - %(back)s))
                     END AS over_since
      FROM reached r
      LEFT JOIN portfolio_clientassets was ON was.client_id = r.id
      LEFT JOIN LATERAL (
           SELECT e.as_of
             FROM (SELECT b.as_of, sum((b.deposits + b.investments) / {day_rate}) AS total
                     FROM portfolio_balancesnapshot b
                    WHERE r.over_tier IS NOT NULL AND b.client_id = r.id
                      AND b.as_of > r.as_of - %(back)s AND b.as_of < r.as_of
                    GROUP BY b.as_of) e
            WHERE coalesce(e.total, 0) < r.threshold AND coalesce((
                  SELECT sum(h.assets / {held_rate})
                    FROM (SELECT DISTINCT ON (b.currency) b.currency, b.as_of, b.deposits + b.investments AS assets
                            FROM portfolio_balancesnapshot b
                           WHERE b.client_id = r.id AND b.as_of <= e.as_of AND b.as_of > e.as_of - %(fresh)s
                           ORDER BY b.currency, b.as_of DESC) h), 0) < r.threshold
            ORDER BY e.as_of DESC LIMIT 1) below ON true
), gone AS (
    DELETE FROM portfolio_clientassets a USING touched t
     WHERE a.client_id = t.id AND NOT EXISTS (SELECT FROM newest n WHERE n.id = t.id)
)
INSERT INTO portfolio_clientassets AS a (client_id, as_of, amount, currency, over_tier_id, over_since)
SELECT id, as_of, amount, %(reporting)s, over_tier, over_since FROM since
    ON CONFLICT (client_id) DO UPDATE
   SET as_of = EXCLUDED.as_of, amount = EXCLUDED.amount, currency = EXCLUDED.currency, over_tier_id = EXCLUDED.over_tier_id,
       over_since = EXCLUDED.over_since,
       over_ended_at = CASE WHEN a.over_tier_id IS DISTINCT FROM EXCLUDED.over_tier_id AND a.over_tier_id IS NOT NULL
                            THEN now() ELSE a.over_ended_at END
 WHERE (a.as_of, a.amount, a.currency, a.over_tier_id, a.over_since) IS DISTINCT FROM
       (EXCLUDED.as_of, EXCLUDED.amount, EXCLUDED.currency, EXCLUDED.over_tier_id, EXCLUDED.over_since)
"""


@transaction.atomic
def reckon_assets(clients: str = "SELECT id FROM clients_client") -> int:
    """Compute what some clients have, named by SQL that gives their ids; how many rows changed. Repeatable.

    Rule (domain.md, tier_upgrade): above the threshold of a tier higher than one's own, without a break.
    Thresholds are compared in the reporting currency at today's rate; each day's balances at that day's.
    """
    thresholds = _thresholds()
    asked: dict[str, Any] = {
        "reporting": settings.REPORTING_CURRENCY,
        "holds": RATE_HOLDS.days,
        "fresh": FRESH.days,
        "back": LOOK_BACK.days,
        "last": timezone.localdate() + AHEAD,
        "tiers": list(thresholds),
        "thresholds": list(thresholds.values()),
    }
    sql = _RECKON.format(
        clients=clients,
        held_rate=rate_sql("h.currency", "h.as_of"),
        day_rate=rate_sql("b.currency", "b.as_of"),
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('client assets'))")
        cursor.execute(sql, asked)
        return cursor.rowcount


def _thresholds() -> dict[int, Decimal]:
    """The tiers' thresholds in the reporting currency, at the last known rate; without one it is left out."""
    rows = list(Tier.objects.values_list("pk", "threshold", "threshold_currency"))
    rates = rates_on({currency for _pk, _threshold, currency in rows}, timezone.localdate(), holds=None)
    return {pk: threshold / rates[currency] for pk, threshold, currency in rows if currency in rates}
