"""Clients, who looks after them, and what is known about them. One module a noun."""

from clients.models.assignment import Assignment, SightGrant
from clients.models.client import Client, ContactPoint, CoreValue, Standing
from clients.models.fact import DatedFact, Fact, FactChange, FactType
from clients.models.practice import Theme, Tier

__all__ = [
    "Assignment",
    "Client",
    "ContactPoint",
    "CoreValue",
    "DatedFact",
    "Fact",
    "FactChange",
    "FactType",
    "SightGrant",
    "Standing",
    "Theme",
    "Tier",
]
