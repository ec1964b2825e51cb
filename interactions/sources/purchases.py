"""Buyers looked after again."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings

from interactions.sources.base import Asked, Due, Source, read
from portfolio.models import Product

MOST_REVIEWS = 40  # ten years of quarters

_REVIEWS = """
SELECT p.client_id, k.branch_id, k.tier_id, p.number, p.bought_on, d.name, r.reviewed_on
  FROM unnest(%(bought_on)s::date[], %(reviewed_on)s::date[]) AS r (bought_on, reviewed_on)
  JOIN portfolio_purchase p ON p.bought_on = r.bought_on AND p.reverses_id IS NULL
  JOIN portfolio_product d ON d.id = p.product_id AND d.kind = ANY(%(kinds)s)
  JOIN clients_client k ON k.id = p.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
 WHERE (coalesce(d.term_days, 0) = 0 OR r.reviewed_on < p.bought_on + d.term_days)
   AND NOT EXISTS (SELECT FROM portfolio_purchase back WHERE back.reverses_id = p.id)
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s AND o.subject = 'purchase/' || p.number AND o.due_on = r.reviewed_on)
"""


class PurchaseReviewSource(Source):
    """So many days after a purchase, and again and again, as long as it is not reversed and has not matured.

    The days are PURCHASE_REVIEW_DAYS, for each kind of product its own.
    """

    code, theme = "purchase_review", "review"
    escalate_after = 14

    def due(self, asked: Asked) -> Iterator[Due]:
        kinds: dict[int, list[str]] = {}
        for kind in Product.Kind.values:
            every = settings.PURCHASE_REVIEW_DAYS.get(kind, settings.PURCHASE_REVIEW_DAYS[""])
            if every:
                kinds.setdefault(every, []).append(kind)
        for every, alike in kinds.items():
            yield from self._every(every, alike, asked)

    def _every(self, every: int, kinds: list[str], asked: Asked) -> Iterator[Due]:
        window = [asked.ahead + timedelta(days=n) for n in range((asked.until - asked.ahead).days + 1)]
        reviews = [
            (day - timedelta(days=every * n), day) for day in window for n in range(1, MOST_REVIEWS + 1)
        ]
        params = {
            "source": self.code,
            "kinds": kinds,
            "branches": asked.places.ids,
            "bought_on": [bought_on for bought_on, _day in reviews],
            "reviewed_on": [day for _bought_on, day in reviews],
        }
        for client_id, branch_id, tier_id, number, bought_on, name, reviewed_on in read(_REVIEWS, params):
            yield Due(
                client_id=client_id,
                branch_id=branch_id,
                tier_id=tier_id,
                subject=f"purchase/{number}",
                due_on=reviewed_on,
                event_on=bought_on,
                about=name,
            )
