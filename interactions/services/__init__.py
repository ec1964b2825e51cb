"""Changes: contacts logged and corrected, actions planned and worked, what comes due raised."""

from interactions.services.actions import (
    finish_action,
    hand_over_action,
    plan_action,
    skip_action,
    snooze_action,
)
from interactions.services.cadence import refresh_cadence
from interactions.services.contacts import NextStep, change_contact, log_contact, undo_contact, void_contact
from interactions.services.due import raise_due

__all__ = [
    "NextStep",
    "change_contact",
    "finish_action",
    "hand_over_action",
    "log_contact",
    "plan_action",
    "raise_due",
    "refresh_cadence",
    "skip_action",
    "snooze_action",
    "undo_contact",
    "void_contact",
]
