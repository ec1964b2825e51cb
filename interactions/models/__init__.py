"""Contacts, actions, occurrences, appointments, promises, opportunities, service, arrivals, messages."""

from interactions.models.action import Action, HolderCall, Occurrence, Severity, Source
from interactions.models.advice import Advice
from interactions.models.appointment import Appointment
from interactions.models.arrival import Arrival
from interactions.models.contact import Contact, ContactNote
from interactions.models.courtesy import Courtesy
from interactions.models.feed import CalendarFeed
from interactions.models.message import SENT_BY, THEME_OF, ClientMessage, MessageKind, MessageTemplate
from interactions.models.opportunity import Opportunity, Stage, StageChange
from interactions.models.promise import Promise
from interactions.models.rule import ReminderRule
from interactions.models.service import CaseStep, Referral, ServiceCase

__all__ = [
    "SENT_BY",
    "THEME_OF",
    "Action",
    "Advice",
    "Appointment",
    "Arrival",
    "CalendarFeed",
    "CaseStep",
    "ClientMessage",
    "Contact",
    "ContactNote",
    "Courtesy",
    "HolderCall",
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
