"""The API of what is sold, held and bought, and of the ledgers of money, to read. One module a noun."""

from portfolio.api.holdings import HoldingViewSet, ProductViewSet, PurchaseViewSet, SuitabilityView
from portfolio.api.ledgers import (
    BalanceViewSet,
    ChannelUseViewSet,
    LimitCrossingViewSet,
    MovementViewSet,
    PriceViewSet,
    RateViewSet,
)

__all__ = [
    "BalanceViewSet",
    "ChannelUseViewSet",
    "HoldingViewSet",
    "LimitCrossingViewSet",
    "MovementViewSet",
    "PriceViewSet",
    "ProductViewSet",
    "PurchaseViewSet",
    "RateViewSet",
    "SuitabilityView",
]
