"""Prices that crossed a limit of a purchase."""

from collections.abc import Iterator
from datetime import timedelta

from interactions.sources.base import Asked, Due, Source, read

_CROSSED = """
SELECT q.number, c.side, c.on, c.price, c.limit, c.client_id, k.branch_id, k.tier_id, d.name,
       round(coalesce(q.units * c.price, q.amount), 2), q.currency
  FROM portfolio_limitcrossing c
  JOIN portfolio_purchase q ON q.id = c.purchase_id
  JOIN portfolio_product d ON d.id = q.product_id
  JOIN clients_client k ON k.id = c.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
 WHERE c.gone_at IS NULL AND c.on BETWEEN %(since)s AND %(on)s
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s
                      AND o.subject = 'purchase/' || q.number || '/' || c.side || '/T-' || c.on)
 ORDER BY c.on, c.id
"""


class LimitSource(Source):
    """Each crossing, on the next working day: advice and the client's decision are owed.

    `event_on` is the day of the price; a second crossing of a limit is a further step of the same cause, whose
    open action it joins. `about` is "side price limit: product", of which words.py makes a sentence.
    """

    code = theme = "limit"
    escalate_after = 1
    lasts = True

    def due(self, asked: Asked) -> Iterator[Due]:
        params = {
            "source": self.code,
            "branches": asked.places.ids,
            "since": asked.since,
            "on": asked.on,
        }
        for number, side, on, price, limit, client_id, branch_id, tier_id, name, worth, currency in read(
            _CROSSED, params
        ):
            due_on = asked.places.working(branch_id).next_working(on + timedelta(days=1))
            yield Due(
                client_id=client_id,
                branch_id=branch_id,
                tier_id=tier_id,
                subject=f"purchase/{number}/{side}/T-{on}",
                due_on=due_on,
                lead_days=max((due_on - asked.on).days, 0),  # told as soon as the price is known
                event_on=on,
                about=f"{side} {price.normalize():f} {limit.normalize():f}: {name}",
                amount=worth,
                currency=currency,
            )
