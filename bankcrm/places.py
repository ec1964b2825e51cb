"""The places of each role: what stands in the top bar and at the bottom of a phone."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

TODAY = ("today", _("Today"), "sun")
CLIENTS = ("client-list", _("Clients"), "users")
OPPORTUNITIES = ("opportunity-list", _("Opportunities"), "target-arrow")
PORTFOLIO = ("portfolio", _("Portfolio"), "coins")
PLAN = ("plan", _("Plan"), "calendar")
MESSAGES = ("message-list", _("Messages"), "mail")
TEXTS = ("template-list", _("Texts"), "message")
SEGMENTS = ("segment-list", _("Segments"), "filter")
CAMPAIGNS = ("campaign-list", _("Campaigns"), "speakerphone")
CASES = ("case-list", _("Cases"), "lifebuoy")
REFERRALS = ("referral-list", _("Referrals"), "arrows-exchange")
DASHBOARD = ("dashboard", _("Dashboard"), "chart-line")
TEAM = ("team", _("Team"), "shield-lock")
IMPORTS = ("import-list", _("Imports"), "file-import")
REMINDERS = ("rule-list", _("Reminders"), "bell")
OUTBOX = ("outbox-list", _("Undecided messages"), "mail")
OPEN_FILE = ("client-open", _("Open a file"), "lock")
COUNTER = ("counter", _("Counter"), "building-bank")
EVENTS = ("event-list", _("Events"), "ticket")
LEARNING = ("piece-list", _("Learning"), "book-2")
DOOR = ("door", _("Door"), "ticket")
LOG = ("contact-log", _("Log"), "circle-plus")
ME = ("me", _("More"), "menu-2")

BY_ROLE = {
    "account_manager": [
        TODAY,
        CLIENTS,
        PLAN,
        PORTFOLIO,
        OPPORTUNITIES,
        CAMPAIGNS,
        MESSAGES,
        DASHBOARD,
        CASES,
        REFERRALS,
        EVENTS,
        LEARNING,
    ],
    "supervisor": [
        DASHBOARD,
        CLIENTS,
        PORTFOLIO,
        OPPORTUNITIES,
        CAMPAIGNS,
        TODAY,
        PLAN,
        TEAM,
        MESSAGES,
        CASES,
        REFERRALS,
        EVENTS,
        LEARNING,
        SEGMENTS,
    ],
    "front_desk": [COUNTER, DOOR],
    "head_office": [DASHBOARD, CLIENTS, CAMPAIGNS, EVENTS, SEGMENTS, PORTFOLIO, OPPORTUNITIES, LEARNING],
    "administrator": [IMPORTS, TEAM, REMINDERS, TEXTS, OUTBOX],
    "auditor": [OPEN_FILE],
    "data_officer": [OPEN_FILE],
}
ON_TOP = 9  # the bar holds no more; the page of one's own has all
SEARCHERS = ("account_manager", "supervisor", "head_office")
LOGGERS = ("account_manager", "supervisor")


@dataclass(frozen=True)
class Place:
    url: str
    name: str
    icon: str
    here: bool
    panel: bool = False


def places_of(user, path: str) -> list[Place]:
    return [_place(entry, path) for entry in BY_ROLE.get(user.role, [])]


def tabs_of(user, path: str) -> list[Place]:
    """At most five places for the thumb, Log in the middle for those who log."""
    entries = list(BY_ROLE.get(user.role, []))[:4]
    if user.role in LOGGERS:
        entries = [*entries[:2], LOG, *entries[2:3]]
    return [_place(entry, path) for entry in [*entries, ME]]


def home_of(user) -> str:
    """Where a person lands after logging in."""
    entries = BY_ROLE.get(user.role)
    return reverse(entries[0][0]) if entries else reverse("me")


def _place(entry, path: str) -> Place:
    name, label, icon = entry
    url = reverse(name)
    return Place(url=url, name=str(label), icon=icon, here=path.startswith(url), panel=entry is LOG)
