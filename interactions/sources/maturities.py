"""Holdings that mature."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models.functions import Coalesce

from interactions.sources.base import Asked, Due, Source
from portfolio.models import Holding

READ = ("number", "client_id", "client__tier_id", "matures_on", "product__name", "worth", "currency")


class MaturitySource(Source):
    """30 and 7 days before and on the day, moved to the next working day; `event_on` is the nominal day."""

    code = theme = "maturity"
    steps = (30, 7, 0)
    lead_days = max(steps)
    escalate_after = 2
    lasts = True
    kinds = ("term_deposit", "wealth_product", "bond", "fund", "insurance", "other")
    longest_move: timedelta = timedelta(days=15)

    def due(self, asked: Asked) -> Iterator[Due]:
        rows = (
            Holding.objects.maturing_between(asked.since - self.longest_move, asked.until)
            .filter(client__branch=asked.branch, client__status="active", product__kind__in=self.kinds)
            .annotate(worth=Coalesce("market_value", "principal"))
            .values_list(*READ)
        )
        for number, client_id, tier_id, matures_on, name, amount, currency in rows.iterator(chunk_size=2000):
            first = asked.rules.of(tier_id).lead_days
            due_on = asked.working.next_working(matures_on)
            for step in self.steps:
                # The first notice has one name, however early the bank's rule has it.
                lead = first if step == self.lead_days else step
                if lead > first:
                    continue
                yield Due(
                    client_id=client_id,
                    tier_id=tier_id,
                    subject=f"holding/{number}/T-{step}",
                    due_on=due_on,
                    event_on=matures_on,
                    lead_days=lead,
                    about=name,
                    amount=amount,
                    currency=currency,
                )
