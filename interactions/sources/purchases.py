"""Buyers looked after again."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.conf import settings

from interactions.sources.base import Asked, Due, Source
from portfolio.models import Product, Purchase

MOST_REVIEWS = 40  # ten years of quarters


class PurchaseReviewSource(Source):
    """So many days after a purchase, and again and again, as long as it is not reversed and has not matured.

    The days are PURCHASE_REVIEW_DAYS, for each kind of product its own.
    """

    code, theme = "purchase_review", "review"
    escalate_after = 14

    def due(self, asked: Asked) -> Iterator[Due]:
        for kind in Product.Kind.values:
            every = settings.PURCHASE_REVIEW_DAYS.get(kind, settings.PURCHASE_REVIEW_DAYS[""])
            if every:
                yield from self._of_kind(kind, every, asked)

    def _of_kind(self, kind: str, every: int, asked: Asked) -> Iterator[Due]:
        window: list[date] = [
            asked.since + timedelta(days=n) for n in range((asked.until - asked.since).days + 1)
        ]
        bought: dict[date, list[date]] = {}
        for day in window:
            for n in range(1, MOST_REVIEWS + 1):
                bought.setdefault(day - timedelta(days=every * n), []).append(day)
        rows = Purchase.objects.filter(
            bought_on__in=list(bought),
            product__kind=kind,
            reverses=None,
            reversal=None,
            client__branch=asked.branch,
            client__status="active",
        ).select_related("product", "client")
        rows = rows.defer("client__search", "client__document_number")
        for purchase in rows.iterator(chunk_size=2000):
            term = purchase.product.term_days
            for reviewed_on in bought[purchase.bought_on]:
                if term and reviewed_on >= purchase.bought_on + timedelta(days=term):
                    break
                yield Due(
                    client_id=purchase.client_id,
                    tier_id=purchase.client.tier_id,
                    subject=f"purchase/{purchase.number}",
                    due_on=reviewed_on,
                    event_on=purchase.bought_on,
                    about=purchase.product.name,
                )
