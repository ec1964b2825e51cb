"""The API of clients and of what is known, allowed and agreed about them. One module a noun."""

from clients.api.agreed import AgreementViewSet, ConsentViewSet
from clients.api.clients import ClientViewSet, ThemeViewSet, TierViewSet
from clients.api.introductions import IntroductionViewSet
from clients.api.known import ContactPointViewSet, DatedFactViewSet, FactTypeViewSet, FactViewSet
from clients.api.people import HouseholdViewSet, RelationViewSet

__all__ = [
    "AgreementViewSet",
    "ClientViewSet",
    "ConsentViewSet",
    "ContactPointViewSet",
    "DatedFactViewSet",
    "FactTypeViewSet",
    "FactViewSet",
    "HouseholdViewSet",
    "IntroductionViewSet",
    "RelationViewSet",
    "ThemeViewSet",
    "TierViewSet",
]
