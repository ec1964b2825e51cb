"""Forms about contacts, actions and what follows from them; choices are narrowed to what the person may see."""

from interactions.forms.actions import HandOverForm, PlanForm, SkipForm, SnoozeForm
from interactions.forms.contacts import ContactChangeForm, ContactForm, VoidForm

__all__ = [
    "ContactChangeForm",
    "ContactForm",
    "HandOverForm",
    "PlanForm",
    "SkipForm",
    "SnoozeForm",
    "VoidForm",
]
