"""Contacts, actions, occurrences. One module a noun."""

from interactions.models.action import Action, Occurrence
from interactions.models.contact import Contact, ContactNote

__all__ = ["Action", "Contact", "ContactNote", "Occurrence"]
