"""Money that left, and clients who have grown out of their tier."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings

from interactions.sources.base import Asked, Due, Source, read
from portfolio.rates import RATE_HOLDS, rate_sql
from portfolio.standing import FRESH

_LEFT = """
SELECT m.number, m.booked_on, m.amount, m.currency, m.counterparty_bank, m.client_id, k.branch_id, k.tier_id
  FROM portfolio_movement m
  JOIN clients_client k ON k.id = m.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
  LEFT JOIN LATERAL (SELECT {rate} AS rate) worth ON true
  LEFT JOIN LATERAL (
       SELECT b.deposits + b.investments AS assets FROM portfolio_balancesnapshot b
        WHERE b.client_id = m.client_id AND b.currency = m.currency
          AND b.as_of < m.booked_on AND b.as_of > m.booked_on - %(fresh)s
        ORDER BY b.as_of DESC LIMIT 1) had ON true
 WHERE m.external AND m.direction = 'out' AND m.booked_on BETWEEN %(since)s AND %(on)s
   AND CASE WHEN worth.rate IS NOT NULL THEN m.amount / worth.rate >= %(least)s
            WHEN had.assets IS NOT NULL THEN true
            ELSE m.amount >= %(least)s END
   AND (had.assets IS NULL OR m.amount >= %(share)s * had.assets)
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s AND o.subject = 'movement/' || m.number)
 ORDER BY m.booked_on, m.id
"""


class OutflowSource(Source):
    """A large sum went to another bank: on the next working day it is asked why. `about` is that bank.

    Large: at least OUTFLOW_LEAST in the reporting currency and OUTFLOW_SHARE of what the client had in the
    currency before. Where a rate or a balance is missing the half that is known decides; where both are, the sum.
    """

    code, theme = "outflow", "review"
    escalate_after = 3
    lasts = True

    def due(self, asked: Asked) -> Iterator[Due]:
        params = {
            "source": self.code,
            "branches": asked.places.ids,
            "since": asked.since,
            "on": asked.on,
            "least": settings.OUTFLOW_LEAST,
            "share": settings.OUTFLOW_SHARE,
            "fresh": FRESH.days,
            "reporting": settings.REPORTING_CURRENCY,
            "holds": RATE_HOLDS.days,
        }
        sql = _LEFT.format(rate=rate_sql("m.currency", "m.booked_on"))
        for number, on, amount, currency, bank, client_id, branch_id, tier_id in read(sql, params):
            due_on = asked.places.working(branch_id).next_working(on + timedelta(days=1))
            yield Due(
                client_id=client_id,
                branch_id=branch_id,
                tier_id=tier_id,
                subject=f"movement/{number}",
                due_on=due_on,
                lead_days=max((due_on - asked.on).days, 0),  # told as soon as the booking is known
                event_on=on,
                about=bank,
                amount=amount,
                currency=currency,
            )


_GROWN = """
SELECT k.id, k.number, k.branch_id, k.tier_id, t.code, t.name, a.over_since, a.amount
  FROM portfolio_clientassets a
  JOIN clients_tier t ON t.id = a.over_tier_id
  JOIN clients_client k ON k.id = a.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
  LEFT JOIN clients_tier own ON own.id = k.tier_id
 WHERE a.over_since <= %(on)s - %(days)s
   AND t.rank > coalesce(own.rank, -1)
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s AND o.subject = 'client/' || k.number || '/' || t.code
                      AND o.due_on >= a.over_since + %(days)s)
"""


class TierUpgradeSource(Source):
    """Assets above the next tier's threshold for 30 days: propose it, and lead the client to a planner.

    `about` is the tier's name, `event_on` the day since when; the amount is in the reporting currency. Whoever had
    grown before the bank began stands there still: it is told on the first day that is told at all.
    """

    code, theme = "tier_upgrade", "review"
    escalate_after = 14
    lasts = True
    days = 30

    def due(self, asked: Asked) -> Iterator[Due]:
        params = {
            "source": self.code,
            "branches": asked.places.ids,
            "on": asked.on,
            "days": self.days,
        }
        for client_id, number, branch_id, tier_id, code, name, since, amount in read(_GROWN, params):
            first = asked.began.get(branch_id, asked.since)
            yield Due(
                client_id=client_id,
                branch_id=branch_id,
                tier_id=tier_id,
                subject=f"client/{number}/{code}",
                due_on=asked.places.working(branch_id).next_working(
                    max(since + timedelta(days=self.days), first)
                ),
                event_on=since,
                about=name,
                amount=amount,
                currency=settings.REPORTING_CURRENCY,
            )
