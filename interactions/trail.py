"""Who saw and changed a client file: audit entries and history rows, read together in one query."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from clients.models import (
    Assignment,
    Client,
    ContactAgreement,
    ContactPoint,
    DatedFact,
    Fact,
    HouseholdMember,
    Introduction,
    Relation,
)
from common.models import AuditEntry
from interactions.models import (
    Action,
    Appointment,
    Arrival,
    ClientMessage,
    Contact,
    Courtesy,
    Opportunity,
    Promise,
    Referral,
    ServiceCase,
)
from portfolio.models import Holding, Purchase
from staff.models import User

PAGE = 50
TABLES = {
    Client: _("the client"),
    ContactPoint: _("a contact point"),
    DatedFact: _("a date"),
    Fact: _("a fact"),
    Assignment: _("the assignment"),
    Contact: _("a contact"),
    Action: _("an action"),
    Holding: _("a holding"),
    Purchase: _("a purchase"),
    ContactAgreement: _("the contact agreement"),
    Relation: _("a relation"),
    HouseholdMember: _("the household"),
    Introduction: _("who brought the client"),
    Promise: _("a promise"),
    Opportunity: _("an opportunity"),
    ServiceCase: _("a service case"),
    Referral: _("a referral"),
    Arrival: _("an arrival in the branch"),
    ClientMessage: _("a message"),
    Appointment: _("an appointment"),
    Courtesy: _("a courtesy"),
}
# Whose rows an event table tells of: by the client's id unless it is said here.
OF_ACTION = "e.action_id IN (SELECT id FROM interactions_action WHERE client_id = %s)"
WHOSE = {Client: "e.pgh_obj_id = %s", Appointment: OF_ACTION, Courtesy: OF_ACTION}
LABELS = {"insert": _("added"), "update": _("changed"), "delete": _("removed")}


@dataclass
class Entry:
    at: datetime
    who: str
    what: str
    detail: str
    reason: str = ""


def trail_of(client: Client, *, before: str = "") -> dict:
    """The latest entries before a moment, newest first, and the moment of the next page."""
    try:
        until = parse_datetime(before) if before else None
    except ValueError:
        until = None
    until = until or timezone.now()
    parts, params = [], []
    for at, model in enumerate(TABLES):
        whose = WHOSE.get(model, "e.client_id = %s")
        table = model.pgh_event_model._meta.db_table
        parts.append(
            f"(SELECT e.pgh_created_at AS at, e.pgh_label AS what, {at} AS noun, '' AS who, '' AS detail,"
            f" '' AS reason, c.metadata AS context FROM {table} e"
            f" LEFT JOIN pghistory_context c ON c.id = e.pgh_context_id"
            f" WHERE {whose} AND e.pgh_created_at < %s ORDER BY e.pgh_created_at DESC LIMIT {PAGE + 1})"
        )
        params += [client.pk, until]
    parts.append(
        f"(SELECT at, act, -1, actor_name, detail, reason, NULL FROM common_auditentry"
        f" WHERE subject = %s AND at < %s ORDER BY at DESC LIMIT {PAGE + 1})"
    )
    params += [f"client/{client.pk}", until]
    with connection.cursor() as cursor:
        cursor.execute(f"{' UNION ALL '.join(parts)} ORDER BY at DESC LIMIT {PAGE + 1}", params)
        rows = cursor.fetchall()
    shown = [(*row[:6], _context(row[6])) for row in rows[:PAGE]]
    people = User.objects.in_bulk({int(c["user"]) for *_rest, c in shown if c.get("user")})
    nouns = list(TABLES.values())
    acts = dict(AuditEntry.Act.choices)
    entries = []
    for at, what, noun, who, detail, reason, context in shown:
        if noun < 0:
            entries.append(Entry(at, who, str(acts.get(what, what)), _looked_at(detail), reason))
            continue
        person = people.get(int(context["user"])) if context.get("user") else None
        if person is not None:
            who = person.name
        elif context.get("import_id"):
            who = str(_("Import %(id)s") % {"id": context["import_id"]})
        else:
            who = str(_("the system"))
        entries.append(Entry(at, who, str(LABELS.get(what, what)), str(nouns[noun])))
    return {"entries": entries, "older": rows[PAGE - 1][0].isoformat() if len(rows) > PAGE else ""}


def _context(value) -> dict:
    if isinstance(value, str):
        value = json.loads(value)
    return value or {}


def _looked_at(detail: str) -> str:
    words = {
        "overview": _("overview"),
        "contacts": _("contacts"),
        "portfolio": _("portfolio"),
        "trail": _("who saw and changed"),
        "people": _("household"),
        "introductions": _("introductions"),
        "plan": _("plan"),
        "known": _("all that is known"),
        "consents": _("consents"),
        "opportunities": _("opportunities"),
        "service": _("service cases"),
        "counter": _("at the counter"),
        "message": _("a message"),
        "phone": _("phone"),
        "email": _("email"),
    }
    return str(words.get(detail.partition("/")[0], detail))
