"""What the bank sells, what clients hold and bought, and the money that moves. One module a noun."""

from portfolio.models.holding import Holding, HoldingParty
from portfolio.models.maturity import MaturityCase, MaturityPart
from portfolio.models.money import (
    BalanceSnapshot,
    ChannelUse,
    Movement,
)
from portfolio.models.noticed import ClientAssets, MarketEvent, MovementReason
from portfolio.models.product import Currency, Price, Product, Rate
from portfolio.models.purchase import LimitCrossing, Purchase, Side

__all__ = [
    "BalanceSnapshot",
    "ChannelUse",
    "ClientAssets",
    "Currency",
    "Holding",
    "HoldingParty",
    "LimitCrossing",
    "MarketEvent",
    "MaturityCase",
    "MaturityPart",
    "Movement",
    "MovementReason",
    "Price",
    "Product",
    "Purchase",
    "Rate",
    "Side",
]
