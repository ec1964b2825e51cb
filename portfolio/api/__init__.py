"""The API of what is sold, held and bought, of the ledgers of money, and of what matures. One module a noun."""

from portfolio.api.assets import ClientAssetsViewSet
from portfolio.api.holdings import HoldingViewSet, ProductViewSet, PurchaseViewSet, SuitabilityView
from portfolio.api.ledgers import (
    BalanceViewSet,
    ChannelUseViewSet,
    LimitCrossingViewSet,
    MovementViewSet,
    PriceViewSet,
    RateViewSet,
)
from portfolio.api.maturities import MaturityViewSet

__all__ = [
    "BalanceViewSet",
    "ChannelUseViewSet",
    "ClientAssetsViewSet",
    "HoldingViewSet",
    "LimitCrossingViewSet",
    "MaturityViewSet",
    "MovementViewSet",
    "PriceViewSet",
    "ProductViewSet",
    "PurchaseViewSet",
    "RateViewSet",
    "SuitabilityView",
]
