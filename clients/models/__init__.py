"""Clients, who looks after them, and what is known about them. One module a noun."""

from clients.models.assignment import Assignment, SightGrant
from clients.models.client import Client, ContactPoint, CoreValue, Standing
from clients.models.consent import Consent, ContactAgreement, Purpose
from clients.models.fact import DatedFact, Fact, FactChange, FactType
from clients.models.people import Household, HouseholdMember, Introduction, Relation, RelationKind
from clients.models.practice import Channel, Theme, Tier

__all__ = [
    "Assignment",
    "Channel",
    "Client",
    "Consent",
    "ContactAgreement",
    "ContactPoint",
    "CoreValue",
    "DatedFact",
    "Fact",
    "FactChange",
    "FactType",
    "Household",
    "HouseholdMember",
    "Introduction",
    "Purpose",
    "Relation",
    "RelationKind",
    "SightGrant",
    "Standing",
    "Theme",
    "Tier",
]
