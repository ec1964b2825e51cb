"""Holdings that mature."""

from collections.abc import Iterator
from datetime import timedelta

from interactions.sources.base import Asked, Due, Source, read
from portfolio.querysets import MATURING_KINDS

# Steps whose notice may have come, but for those told of this day or of the working day it is moved to; the first
# notice first, for the action is made of that.
_STEPS = """
WITH untold AS MATERIALIZED (
    SELECT h.*, s.step
      FROM unnest(%(steps)s::int[], %(leads)s::int[]) AS s (step, lead)
      JOIN portfolio_holding h ON h.matures_on BETWEEN %(first)s AND %(until)s AND h.matures_on <= %(on)s + s.lead
     WHERE h.status = 'open'
       AND NOT EXISTS (SELECT FROM interactions_occurrence o
                        WHERE o.source = %(source)s AND o.subject = 'holding/' || h.number || '/T-' || s.step
                          AND o.due_on BETWEEN h.matures_on AND h.matures_on + %(move)s)
)
SELECT h.number, h.client_id, k.tier_id, k.branch_id, h.matures_on, p.name, coalesce(h.market_value, h.principal),
       h.currency, h.step
  FROM untold h
  JOIN portfolio_product p ON p.id = h.product_id AND p.kind = ANY(%(kinds)s)
  JOIN clients_client k ON k.id = h.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
 ORDER BY h.id, h.step DESC
"""


class MaturitySource(Source):
    """30 and 7 days before and on the day, moved to the next working day; `event_on` is the nominal day."""

    code = theme = "maturity"
    steps = (30, 7, 0)
    lead_days = max(steps)
    escalate_after = 2
    lasts = True
    kinds = MATURING_KINDS
    longest_move: timedelta = timedelta(days=15)

    def due(self, asked: Asked) -> Iterator[Due]:
        params = {
            "source": self.code,
            "kinds": list(self.kinds),
            "branches": asked.places.ids,
            "first": asked.since - self.longest_move,
            "on": asked.on,
            "until": asked.until,
            "move": self.longest_move.days,
            "steps": list(self.steps),
            "leads": [self._lead(step, max(asked.rules.leads)) for step in self.steps],
        }
        for number, client_id, tier_id, branch_id, matures_on, name, amount, currency, step in read(
            _STEPS, params
        ):
            first = asked.rules.of(tier_id).lead_days
            lead = self._lead(step, first)
            if lead > first:
                continue
            yield Due(
                client_id=client_id,
                branch_id=branch_id,
                tier_id=tier_id,
                subject=f"holding/{number}/T-{step}",
                due_on=asked.places.working(branch_id).next_working(matures_on),
                event_on=matures_on,
                lead_days=lead,
                about=name,
                amount=amount,
                currency=currency,
            )

    def _lead(self, step: int, first: int) -> int:
        """The first notice has one name, however early the bank's rule has it."""
        return first if step == self.lead_days else step
