"""Segments, campaigns with their frozen targets, events with their invitations, and what clients learn from."""

from campaigns.models.campaign import (
    Arm,
    Campaign,
    CampaignGroup,
    CostLine,
    Exclusion,
    Material,
    Target,
    TargetAction,
)
from campaigns.models.education import Piece, PieceSending, PieceWords
from campaigns.models.event import (
    Answer,
    Attendance,
    Event,
    EventQuestion,
    EventWords,
    Guest,
    Invitation,
    LectureSeries,
    Preparation,
)
from campaigns.models.segment import Segment, SegmentVersion

__all__ = [
    "Answer",
    "Arm",
    "Attendance",
    "Campaign",
    "CampaignGroup",
    "CostLine",
    "Event",
    "EventQuestion",
    "EventWords",
    "Exclusion",
    "Guest",
    "Invitation",
    "LectureSeries",
    "Material",
    "Piece",
    "PieceSending",
    "PieceWords",
    "Preparation",
    "Segment",
    "SegmentVersion",
    "Target",
    "TargetAction",
]
