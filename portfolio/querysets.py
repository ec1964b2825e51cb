"""Questions about what clients hold and bought, and about the money that moves."""

from datetime import date

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce

from clients.querysets import OfClientQuerySet

ASSET_KINDS = (
    "demand_deposit",
    "term_deposit",
    "wealth_product",
    "fund",
    "bond",
    "precious_metal",
    "insurance",
)

# What has a term that ends; an account, a card or a loan has none.
MATURING_KINDS = ("term_deposit", "wealth_product", "bond", "fund", "insurance", "other")


class HoldingQuerySet(OfClientQuerySet):
    def open(self) -> "HoldingQuerySet":
        return self.filter(status="open")

    def assets(self) -> "HoldingQuerySet":
        """Deposits and investments; loans and cards are not assets with us."""
        return self.filter(product__kind__in=ASSET_KINDS)

    def maturing_between(self, start: date, end: date) -> "HoldingQuerySet":
        return self.open().filter(matures_on__range=(start, end))

    def totals(self) -> list[dict]:
        """Value by currency, largest first: currencies are never added to each other."""
        return list(
            self.values("currency")
            .annotate(total=Sum(Coalesce(F("market_value"), F("principal"))))
            .order_by("-total", "currency")
        )


class PurchaseQuerySet(OfClientQuerySet):
    def standing(self) -> "PurchaseQuerySet":
        """Purchases that were neither reversed nor are reversals themselves."""
        return self.filter(reverses=None, reversal=None)

    def with_limits(self) -> "PurchaseQuerySet":
        return self.standing().exclude(stop_loss=None, take_profit=None)


class LimitCrossingQuerySet(OfClientQuerySet):
    def standing(self) -> "LimitCrossingQuerySet":
        """Crossings that are not undone by a corrected price or a reversal."""
        return self.filter(gone_at=None, purchase__reverses=None, purchase__reversal=None)


class MovementQuerySet(OfClientQuerySet):
    def external(self) -> "MovementQuerySet":
        return self.filter(external=True)


class MaturityCaseQuerySet(OfClientQuerySet):
    def unsettled(self) -> "MaturityCaseQuerySet":
        return self.filter(settled_at=None)

    def matured(self, today: date) -> "MaturityCaseQuerySet":
        """Whose day has come, or that were ended before it."""
        return self.filter(Q(effective_on__lte=today) | ~Q(broken_on=None))


class OfCaseQuerySet(OfClientQuerySet):
    client_path = "case__client"
