"""Segments, campaigns, targets, events and invitations. Empty until the campaigns are built."""
