"""Segments: whom a campaign is for. Campaigns, targets, events and invitations follow."""

from campaigns.models.segment import Segment, SegmentVersion

__all__ = ["Segment", "SegmentVersion"]
