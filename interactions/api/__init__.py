"""The API of contacts, of what is to be done, and of what clients voiced. One module a noun."""

from interactions.api.actions import ActionViewSet, OccurrenceViewSet
from interactions.api.advice import AdviceViewSet
from interactions.api.appointments import AppointmentViewSet, CourtesyViewSet
from interactions.api.contacts import ContactViewSet
from interactions.api.markets import MarketEventViewSet
from interactions.api.messages import ClientMessageViewSet
from interactions.api.opportunities import OpportunityViewSet
from interactions.api.promises import PromiseViewSet
from interactions.api.service import ReferralViewSet, ServiceCaseViewSet

__all__ = [
    "ActionViewSet",
    "AdviceViewSet",
    "AppointmentViewSet",
    "ClientMessageViewSet",
    "ContactViewSet",
    "CourtesyViewSet",
    "MarketEventViewSet",
    "OccurrenceViewSet",
    "OpportunityViewSet",
    "PromiseViewSet",
    "ReferralViewSet",
    "ServiceCaseViewSet",
]
