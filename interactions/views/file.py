"""The client file: who the client is, why to call, what happened, what is held, who saw and changed."""

from datetime import date

from django.db.models import DateField
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from clients.models import Client, ContactPoint
from clients.models.client import age_on
from clients.sight import may_reveal, may_see_notes, shown_name, shown_native, shown_words
from common import audit, saying
from common.calendars import in_year
from common.models import AuditEntry
from common.paging import keyset
from interactions import words
from interactions.models import Action, Contact
from interactions.querysets import ContactQuerySet
from interactions.trail import trail_of
from portfolio.models import Holding

TIMELINE = 10
ORDER = ("phone", "email", "messenger", "address")
TABS = ("overview", "contacts", "portfolio", "trail")
# Each counted by itself: joined, two tables would multiply.
CONTACTS = "SELECT count(*) FROM interactions_contact c WHERE c.client_id = clients_client.id AND c.voided_at IS NULL"
HOLDINGS = "SELECT count(*) FROM portfolio_holding h WHERE h.client_id = clients_client.id"
MANAGER = """
    SELECT {column} FROM clients_assignment a JOIN staff_user u ON u.id = a.manager_id
     WHERE a.client_id = clients_client.id AND a.role = 'primary' AND a.to_on IS NULL
"""


def client_detail(request: HttpRequest, number: str, tab: str = "overview") -> HttpResponse:
    """One request, at most twelve queries; the look is recorded."""
    client = get_object_or_404(
        Client.objects.visible_to(request.user)
        .select_related("tier", "branch")
        .defer("search", "document_number")
        .annotate(
            contact_count=RawSQL(CONTACTS, []),
            holding_count=RawSQL(HOLDINGS, []),
            manager_name=RawSQL(MANAGER.format(column="u.name"), []),
            managed_from=RawSQL(MANAGER.format(column="a.from_on"), [], output_field=DateField()),
        ),
        number=number,
    )
    if tab not in TABS:
        raise Http404
    user = request.user
    audit.record(actor=user, act=AuditEntry.Act.READ, subject=f"client/{client.pk}", detail=tab)
    today = user.today()
    context = {
        "client": client,
        "name": shown_name(user, client),
        "native": shown_native(user, client),
        "tab": tab,
        "today": today,
        "points": _points(client) if user.may_see_identities else [],
        "editable": user.role in ("account_manager", "supervisor")
        and client.status not in ("closed", "deceased"),
        "may_reveal": may_reveal(user),
        "sees_identities": user.may_see_identities,
        "birthday": _birthday(client, today),
        "facts": client.facts.select_related("type").order_by("-type__weight", "pk"),
    }
    context |= {"overview": _overview, "contacts": _contacts, "portfolio": _portfolio, "trail": _trail}[tab](
        request, client, today
    )
    return render(request, f"interactions/file_{tab}.html", context)


def _points(client: Client) -> list[ContactPoint]:
    """The first ways to reach the client."""
    usable = ContactPoint.objects.usable().filter(client=client)
    return sorted(usable, key=lambda point: ORDER.index(point.kind))[:4]


def _birthday(client: Client, today: date) -> dict | None:
    kind = "birthday" if client.kind == Client.Kind.PERSON else "founding"
    known = client.dated_facts.filter(person="", kind=kind).order_by("pk").first()
    if known is None:
        return None
    found: dict = {"fact": known}
    if known.calendar == "gregorian" and known.month:
        this_year = in_year(known.month, known.day, today.year)
        coming = this_year if this_year >= today else in_year(known.month, known.day, today.year + 1)
        found |= {"next": coming, "turns": coming.year - known.year if known.year else None}
        if known.year:
            found["age"] = age_on(in_year(known.month, known.day, known.year), today)
    return found


def _with_words(user, contacts: ContactQuerySet) -> ContactQuerySet:
    """Contacts of a visible client with what a row of the timeline says; notes only for those who may read them."""
    contacts = contacts.select_related("staff", "theme")
    return contacts.select_related("note") if may_see_notes(user) else contacts


def _said(user, contact: Contact) -> str:
    """The note of a contact of a visible client, by the rule of `ContactNote.objects.visible_to`."""
    if not may_see_notes(user) or (contact.is_void and user.role != "auditor"):
        return ""
    note = getattr(contact, "note", None)
    return note.text if note else ""


def _timeline(request: HttpRequest, contacts: list[Contact]) -> list[dict]:
    """Contacts with their words, where the reader may read them."""
    user = request.user
    return [
        {
            "contact": contact,
            "title": words.contact_title(contact),
            "icon": "phone-off"
            if contact.channel == "call" and not contact.is_reached
            else words.CHANNEL_ICONS[contact.channel],
            "note": _said(user, contact),
            "people": shown_words(user, contact.participants),
            "corrected": shown_words(user, contact.changed_reason),
            "void": shown_words(user, contact.void_reason),
            "mine": contact.staff_id == user.pk,
            "editable": not contact.is_void
            and (
                user.role == "supervisor" or (user.role == "account_manager" and contact.staff_id == user.pk)
            ),
        }
        for contact in contacts
    ]


def _overview(request: HttpRequest, client: Client, today: date) -> dict:
    actions = list(Action.objects.open().filter(client=client).ranked(today).select_related("theme")[:8])
    attempts = Contact.objects.tried_for([action.pk for action in actions])
    before = []
    for action in actions:
        action.client = client
        if not action.source and not request.user.may_see_identities:
            action.about = ""  # the theme speaks instead
        first, rest = words.reason(action, today, attempts.get(action.pk))
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
    return {
        "before": before,
        "timeline": _timeline(request, contacts[:TIMELINE]),
        "has_more": len(contacts) > TIMELINE,
        "holdings": holdings[:8],
        "totals": _totals(holdings),
        "ladder": _ladder(holdings, today),
    }


def _totals(holdings: list[Holding]) -> list[tuple[str, object]]:
    """Assets by currency, largest first; loans and cards are not assets with us."""
    totals: dict[str, object] = {}
    for holding in holdings:
        if holding.product.kind not in ("loan", "card"):
            totals[holding.currency] = totals.get(holding.currency, 0) + holding.value
    return sorted(totals.items(), key=lambda item: -item[1])


def _ladder(holdings: list[Holding], today: date) -> dict | None:
    """What matures in each of the next twelve months, in the currency that matures most."""
    months = [
        ((today.year * 12 + today.month - 1 + n) // 12, (today.month - 1 + n) % 12 + 1) for n in range(12)
    ]
    sums: dict[str, dict[tuple[int, int], object]] = {}
    for holding in holdings:
        if (
            holding.matures_on
            and holding.matures_on >= today
            and holding.product.kind not in ("loan", "card")
        ):
            month = (holding.matures_on.year, holding.matures_on.month)
            if month in months:
                by_month = sums.setdefault(holding.currency, {})
                by_month[month] = by_month.get(month, 0) + holding.value
    if not sums:
        return None
    currency = max(sums, key=lambda code: sum(sums[code].values()))
    top = max(sums[currency].values())
    bars = []
    for at, month in enumerate(months):
        amount = sums[currency].get(month)
        height = float(amount / top) * 90 if amount else 0
        bars.append(
            {
                "name": saying.day(date(*month, 1), "MMM" if at == 0 or month[1] != 1 else "yMMM"),
                "amount": amount,
                "x": at * 48 + 13,
                "mid": at * 48 + 24,
                "y": 116 - height,
                "label_y": 110 - height,
                "h": height,
                "first": at == 0,
            }
        )
    return {"currency": currency, "bars": bars}


def _contacts(request: HttpRequest, client: Client, today: date) -> dict:
    rows = _with_words(request.user, Contact.objects.filter(client=client))
    if request.user.role != "auditor":
        rows = rows.counted()
    show = request.GET.get("show", "")
    if show == "reached":
        rows = rows.reached()
    elif show == "others":
        rows = rows.exclude(staff=request.user)
    page = keyset(rows, keys=("-occurred_at", "-id"), size=25, cursor=request.GET.get("cursor", ""))
    return {"timeline": _timeline(request, page.rows), "page": page, "show": show}


def _portfolio(request: HttpRequest, client: Client, today: date) -> dict:
    own = (
        Holding.objects.filter(client=client)
        .select_related("product")
        .order_by("status", "matures_on", "number")
    )
    holdings = list(own.prefetch_related("parties__client"))
    visible = set(
        Client.objects.visible_to(request.user)
        .filter(pk__in={party.client_id for holding in holdings for party in holding.parties.all()})
        .values_list("pk", flat=True)
    )
    for holding in holdings:
        # A party outside one's sight is counted, not named.
        holding.others = [
            (shown_name(request.user, party.client), party.get_role_display())
            if party.client_id in visible
            else None
            for party in holding.parties.all()
            if party.client_id != client.pk
        ]
    shared = (
        Holding.objects.filter(parties__client=client)
        .exclude(client=client)
        .select_related("product", "client")
    )
    shared = shared.filter(client__in=Client.objects.visible_to(request.user))
    shared = list(shared[:50])
    for holding in shared:
        holding.owner_name = shown_name(request.user, holding.client)
    opened = [h for h in holdings if h.status == "open"]
    return {
        "holdings": holdings,
        "shared": shared,
        "totals": _totals(opened),
        "ladder": _ladder(opened, today),
    }


def _trail(request: HttpRequest, client: Client, today: date) -> dict:
    return {"trail": trail_of(client, before=request.GET.get("before", ""))}
