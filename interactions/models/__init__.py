"""Contacts, actions, occurrences, promises, opportunities, service, arrivals, messages. One module a noun."""

from interactions.models.action import Action, Occurrence, Severity, Source
from interactions.models.arrival import Arrival
from interactions.models.contact import Contact, ContactNote
from interactions.models.message import SENT_BY, THEME_OF, ClientMessage, MessageKind, MessageTemplate
from interactions.models.opportunity import Opportunity, Stage, StageChange
from interactions.models.promise import Promise
from interactions.models.rule import ReminderRule
from interactions.models.service import CaseStep, Referral, ServiceCase

__all__ = [
    "SENT_BY",
    "THEME_OF",
    "Action",
    "Arrival",
    "CaseStep",
    "ClientMessage",
    "Contact",
    "ContactNote",
    "MessageKind",
    "MessageTemplate",
    "Occurrence",
    "Opportunity",
    "Promise",
    "Referral",
    "ReminderRule",
    "ServiceCase",
    "Severity",
    "Source",
    "Stage",
    "StageChange",
]
