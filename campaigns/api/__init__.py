"""The API of segments, campaigns with their targets, events with their invitations, and what clients learn from."""

from campaigns.api.campaigns import CampaignViewSet, CostLineViewSet
from campaigns.api.education import PieceViewSet
from campaigns.api.events import EventViewSet, InvitationViewSet
from campaigns.api.segments import SegmentViewSet
from campaigns.api.targets import TargetViewSet

__all__ = [
    "CampaignViewSet",
    "CostLineViewSet",
    "EventViewSet",
    "InvitationViewSet",
    "PieceViewSet",
    "SegmentViewSet",
    "TargetViewSet",
]
