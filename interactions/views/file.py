"""The client file: who the client is, why to call, what happened, what is held, who saw and changed."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.knowing import Known, known_of
from clients.models import Client, ContactPoint
from clients.models.client import age_on
from clients.services import change_client
from clients.sight import may_reveal, may_see_notes, shown_name, shown_native, shown_words
from clients.words import document_type
from common import audit, lunar, saying
from common.calendars import in_year
from common.models import AuditEntry
from common.pages import go, tell
from common.paging import keyset
from interactions import words
from interactions.ladder import client_ladder
from interactions.models import Action, Advice, ClientMessage, Contact, Opportunity, ServiceCase
from interactions.querysets import ContactQuerySet
from interactions.services.heard import learnt_in
from interactions.trail import trail_of
from interactions.trend import proposed_trend
from interactions.views import file_parts
from interactions.views.file_people import people_part
from interactions.views.file_portfolio import portfolio_part, totals_of
from portfolio.models import Holding

TIMELINE = 10
# Beside the row: one question less for each file.
ADVISED = """
    SELECT ARRAY[v.advised, v.decision] FROM interactions_advice v WHERE v.contact_id = interactions_contact.id
     ORDER BY v.id LIMIT 1
"""
ORDER = ("phone", "email", "messenger", "address")
TABS = ("overview", "contacts", "portfolio", "people", "plan", "opportunities", "service", "trail")
# Each counted by itself: joined, two tables would multiply.
COUNTS = {
    "contact_count": "SELECT count(*) FROM interactions_contact x WHERE x.client_id = clients_client.id"
    " AND x.voided_at IS NULL",
    "holding_count": "SELECT count(*) FROM portfolio_holding x WHERE x.client_id = clients_client.id",
    "plan_count": "SELECT count(*) FROM interactions_action x WHERE x.client_id = clients_client.id"
    " AND x.state = 'planned'",
    "opportunity_count": "SELECT count(*) FROM interactions_opportunity x"
    " WHERE x.client_id = clients_client.id AND x.closed_at IS NULL",
    "case_count": "SELECT count(*) FROM interactions_servicecase x WHERE x.client_id = clients_client.id"
    " AND x.closed_at IS NULL",
}


def client_detail(request: HttpRequest, number: str, tab: str = "overview") -> HttpResponse:
    """One request, at most twelve queries; the look is recorded."""
    client = get_object_or_404(
        Client.objects.visible_to(request.user)
        .select_related("tier", "branch")
        .defer("search", "document_number")
        .annotate(**{name: RawSQL(sql, []) for name, sql in COUNTS.items()}),
        number=number,
    )
    if tab not in TABS:
        raise Http404
    user = request.user
    audit.record(actor=user, act=AuditEntry.Act.READ, subject=f"client/{client.pk}", detail=tab)
    today = user.today()
    known = known_of(client, contacts_table=Contact._meta.db_table, on=today)
    context = {
        "known": known,
        "manager": known.primary,
        "agreement": file_parts.agreement_part(known),
        "client": client,
        "name": shown_name(user, client),
        "native": shown_native(user, client),
        "tab": tab,
        "today": today,
        "points": _points(known) if user.may_see_identities else [],
        "editable": user.role in ("account_manager", "supervisor")
        and client.status not in ("closed", "deceased"),
        "may_reveal": may_reveal(user),
        "sees_identities": user.may_see_identities,
        "document_type": document_type(client.document_type),
        "birthday": _birthday(client, known, today),
    }
    if tab == "overview":
        context |= _overview(request, client, known, today)
    elif tab == "people":
        context |= people_part(request, client, known)
    else:
        context |= PARTS[tab](request, client, today)
    return render(request, f"interactions/file_{tab}.html", context)


def _points(known: Known) -> list[ContactPoint]:
    """The first ways to reach the client."""
    return sorted(known.usable_points, key=lambda point: ORDER.index(point.kind))[:4]


def _birthday(client: Client, known: Known, today: date) -> dict | None:
    """The client's birthday or founding day: its next return, the age then and now."""
    kind = "birthday" if client.kind == Client.Kind.PERSON else "founding"
    dated = next((one for one in known.dates if one.kind == kind and not one.person), None)
    if dated is None:
        return None
    found: dict = {"fact": dated}
    if not dated.month:
        return found
    if dated.calendar == "lunar":
        coming = lunar.returns_between(
            dated.month, dated.day, dated.is_leap_month, today, today + timedelta(days=500)
        )
        found["lunar"] = lunar.text(dated.month, dated.day, dated.is_leap_month)
        if coming:
            found["next"] = coming[0]
        if dated.year:
            born = lunar.LunarDate(dated.year, dated.month, dated.day, dated.is_leap_month)
            found["age"] = lunar.age_on(born, today)
            if coming:
                found["turns"] = found["age"] if coming[0] == today else found["age"] + 1
        return found
    this_year = in_year(dated.month, dated.day, today.year)
    coming_on = this_year if this_year >= today else in_year(dated.month, dated.day, today.year + 1)
    found |= {"next": coming_on, "turns": coming_on.year - dated.year if dated.year else None}
    if dated.year:
        found["age"] = age_on(in_year(dated.month, dated.day, dated.year), today)
    return found


def _with_words(user, contacts: ContactQuerySet) -> ContactQuerySet:
    """Contacts of a visible client with what a row of the timeline says; notes only for those who may read them."""
    sent = ClientMessage.objects.filter(contact=OuterRef("pk"))
    contacts = contacts.select_related("staff", "theme")
    contacts = contacts.annotate(was_sent=Exists(sent), advised=RawSQL(ADVISED, []))
    return contacts.select_related("note") if may_see_notes(user) else contacts


def _said(user, contact: Contact) -> str:
    """The note of a contact of a visible client, by the rule of `ContactNote.objects.visible_to`."""
    if not may_see_notes(user) or (contact.is_void and user.role != "auditor"):
        return ""
    note = getattr(contact, "note", None)
    return note.text if note else ""


def _timeline(request: HttpRequest, contacts: list[Contact]) -> list[dict]:
    """Contacts with their words and what they brought, where the reader may read it."""
    user = request.user
    learnt = learnt_in(contacts) if user.may_see_identities else {}
    voiced: dict[int, list[Opportunity]] = {}
    if contacts:
        raised = Opportunity.objects.filter(contact__in=[contact.pk for contact in contacts])
        for one in raised.select_related("product"):
            voiced.setdefault(one.contact_id or 0, []).append(one)
    return [
        {
            "contact": contact,
            "advice": Advice(advised=contact.advised[0], decision=contact.advised[1])
            if contact.advised
            else None,
            "title": words.contact_title(contact),
            "icon": "phone-off"
            if contact.channel == "call" and not contact.is_reached
            else words.CHANNEL_ICONS[contact.channel],
            "note": _said(user, contact),
            "people": shown_words(user, contact.participants),
            "corrected": shown_words(user, contact.changed_reason),
            "void": shown_words(user, contact.void_reason),
            "learnt": learnt.get(contact.pk, []),
            "voiced": voiced.get(contact.pk, []),
            "again": shown_words(user, contact.repeat_reason),
            "mine": contact.staff_id == user.pk,
            "editable": not contact.is_void
            and not contact.was_sent
            and (
                user.role == "supervisor" or (user.role == "account_manager" and contact.staff_id == user.pk)
            ),
        }
        for contact in contacts
    ]


def _overview(request: HttpRequest, client: Client, known: Known, today: date) -> dict:
    actions = list(
        Action.objects.open().filter(client=client).ranked(today).with_message().select_related("theme")[:8]
    )
    attempts = Contact.objects.tried_for([action.pk for action in actions])
    before = []
    for action in actions:
        action.client = client
        first, rest = words.reason(words.shown_about(request.user, action), today, attempts.get(action.pk))
        before.append(
            {
                "action": action,
                "first": first,
                "rest": rest,
                "due": saying.due(action.due_on, today, action.due_at),
                "late": action.due_on < today,
                "soon": 0 <= (action.due_on - today).days <= 7,
                "icon": "calendar-due"
                if action.source == "maturity"
                else words.CHANNEL_ICONS.get(action.channel, "phone"),
            }
        )
    happened = Contact.objects.counted().filter(client=client).latest_first()
    contacts = list(_with_words(request.user, happened)[: TIMELINE + 1])
    holdings = list(
        Holding.objects.open()
        .filter(client=client)
        .select_related("product")
        .order_by("matures_on", "number")
    )
    opportunities = []
    if client.opportunity_count:
        rows = Opportunity.objects.open().filter(client=client).select_related("product").overdue_first()[:5]
        opportunities = [file_parts.opportunity_row(request.user, one, today) for one in rows]
    return file_parts.known_part(request, client, known, today) | {
        "open_opportunities": opportunities,
        "open_cases": list(ServiceCase.objects.open().filter(client=client).order_by("due_at")[:3])
        if client.case_count
        else [],
        "trend": proposed_trend([contact.effect for contact in contacts if contact.is_reached], client.trend),
        "before": before,
        "timeline": _timeline(request, contacts[:TIMELINE]),
        "has_more": len(contacts) > TIMELINE,
        "holdings": holdings[:8],
        "totals": totals_of(holdings),
        "ladder": client_ladder(holdings, today),
    }


def _contacts(request: HttpRequest, client: Client, today: date) -> dict:
    rows = _with_words(request.user, Contact.objects.filter(client=client))
    if request.user.role != "auditor":
        rows = rows.counted()
    show = request.GET.get("show", "")
    if show == "reached":
        rows = rows.reached()
    elif show == "money":
        rows = rows.filter(Q(theme__way="sales") | Q(opportunities__isnull=False)).distinct()
    elif show == "others":
        rows = rows.exclude(staff=request.user)
    page = keyset(rows, keys=("-occurred_at", "-id"), size=25, cursor=request.GET.get("cursor", ""))
    return {"timeline": _timeline(request, page.rows), "page": page, "show": show}


def _trail(request: HttpRequest, client: Client, today: date) -> dict:
    return {"trail": trail_of(client, before=request.GET.get("before", ""))}


PARTS = {
    "contacts": _contacts,
    "portfolio": portfolio_part,
    "plan": file_parts.plan_part,
    "opportunities": file_parts.opportunities_part,
    "service": file_parts.service_part,
    "trail": _trail,
}


@require_POST
def trend_set(request: HttpRequest, number: str) -> HttpResponse:
    """The account manager's judgement of the relationship, proposed from the last contacts or not."""
    client = get_object_or_404(Client.objects.visible_to(request.user), number=number)
    try:
        change_client(actor=request.user, client=client, changes={"trend": request.POST.get("trend", "")})
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Written down."))
    return go(request, reverse("client-detail", args=[number]))
