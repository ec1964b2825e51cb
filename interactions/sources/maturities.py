"""Holdings that mature."""

from collections.abc import Iterator
from datetime import timedelta

from interactions.sources.base import Asked, Due, Source
from portfolio.models import Holding


class MaturitySource(Source):
    """30 and 7 days before and on the day, moved to the next working day; `event_on` is the nominal day."""

    code = theme = "maturity"
    steps = (30, 7, 0)
    lead_days = max(steps)
    escalate_after = 2
    kinds = ("term_deposit", "wealth_product", "bond", "fund", "insurance", "other")
    longest_move = timedelta(days=15)

    def due(self, asked: Asked) -> Iterator[Due]:
        rows = (
            Holding.objects.maturing_between(asked.since - self.longest_move, asked.until)
            .filter(client__branch=asked.branch, client__status="active", product__kind__in=self.kinds)
            .select_related("product", "client")
            .defer("client__search", "client__document_number")
        )
        for holding in rows.iterator(chunk_size=2000):
            first = asked.rules.of(holding.client.tier_id).lead_days
            for step in sorted({first, *(step for step in self.steps if step < first)}, reverse=True):
                yield Due(
                    client_id=holding.client_id,
                    tier_id=holding.client.tier_id,
                    subject=f"holding/{holding.number}/T-{step}",
                    due_on=holding.effective_maturity(asked.working),
                    event_on=holding.matures_on,
                    lead_days=step,
                    about=holding.product.name,
                    amount=holding.value,
                    currency=holding.currency,
                )
