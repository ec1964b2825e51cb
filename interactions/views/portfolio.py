"""The portfolio of a book or a branch: what matures, what became of it, limits, purchases to review, money that moved."""

from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy

from clients.models import Assignment, Client
from clients.sight import shown_name, shown_native
from common.paging import Page, keyset
from interactions import words
from interactions.ladder import holdings_ladder
from interactions.models import Action, Advice, Occurrence, Source
from interactions.views.file_portfolio import reason_of
from portfolio.maturing import OPENS_BEFORE
from portfolio.models import Holding, LimitCrossing, MaturityCase, Movement
from staff.models import Role, User

ROLES = ("account_manager", "supervisor", "head_office")
A_PAGE = 25
CROSSED_WITHIN = timedelta(days=90)
MOVED_WITHIN = timedelta(days=31)
SHOWN = {
    "maturing": gettext_lazy("Maturing"),
    "outcome": gettext_lazy("Outcome open"),
    "limits": gettext_lazy("Limits crossed"),
    "review": gettext_lazy("Purchases to review"),
    "moved": gettext_lazy("Money that moved"),
}


def portfolio(request: HttpRequest) -> HttpResponse:
    """One's own clients; a supervisor's branches or, by name, one account manager's."""
    user = request.user
    if user.role not in ROLES:
        raise Http404
    today = user.today()
    clients = _clients(request)
    show = request.GET.get("show", "")
    show = show if show in SHOWN else "maturing"
    rows_of = {
        "maturing": _maturing,
        "outcome": _outcome,
        "limits": _limits,
        "review": _reviews,
        "moved": _moved,
    }
    page, rows = rows_of[show](request, clients, today)
    cases = MaturityCase.objects.unsettled().filter(client__in=clients)
    coming = cases.filter(
        broken_on=None, effective_on__range=(today + timedelta(days=1), today + OPENS_BEFORE)
    )
    context = {
        "show": show,
        "shown": SHOWN.items(),
        "today": today,
        "page": page,
        "rows": rows,
        "coming": _sums(coming),
        "open_outcomes": cases.matured(today).count(),
        "ladder": holdings_ladder(Holding.objects.filter(client__in=clients), today)
        if show == "maturing"
        else None,
        "may_settle": user.role in ("account_manager", "supervisor"),
    }
    if user.role != Role.ACCOUNT_MANAGER:
        context["managers"] = User.objects.visible_to(user).active().filter(role=Role.ACCOUNT_MANAGER)[:200]
        context["manager"] = request.GET.get("manager", "")
    return render(request, "interactions/portfolio.html", context)


def _clients(request: HttpRequest):
    """The clients of the page, as ids: one's book and those one covers; of a branch, all or one manager's."""
    user = request.user
    clients = Client.objects.worked_by(user).filter(status__in=("active", "dormant", "blocked", "deceased"))
    manager = request.GET.get("manager", "")
    if manager and user.role != Role.ACCOUNT_MANAGER:
        held = Assignment.objects.filter(role="primary", to_on=None, manager__staff_number=manager)
        clients = clients.filter(pk__in=held.values("client"))
    return clients.values("pk")


def _sums(cases) -> list[tuple[str, Decimal]]:
    sums = cases.values("currency").order_by().annotate(total=Sum("principal"))
    return sorted(((row["currency"], row["total"]) for row in sums), key=lambda one: -one[1])


def _of(user, client: Client) -> dict:
    return {"client": client, "name": shown_name(user, client), "native": shown_native(user, client)}


def _paged(request: HttpRequest, rows, keys: tuple[str, ...], client: str = "client") -> Page:
    rows = rows.select_related(f"{client}__tier").defer(f"{client}__search", f"{client}__document_number")
    return keyset(rows, keys=keys, size=A_PAGE, cursor=request.GET.get("cursor", ""))


def _maturing(request: HttpRequest, clients, today: date) -> tuple[Page, list[dict]]:
    rows = MaturityCase.objects.unsettled().filter(client__in=clients, broken_on=None, effective_on__gt=today)
    page = _paged(request, rows.select_related("holding__product"), ("effective_on", "id"))
    return page, [_of(request.user, case.client) | {"case": case} for case in page.rows]


def _outcome(request: HttpRequest, clients, today: date) -> tuple[Page, list[dict]]:
    rows = MaturityCase.objects.unsettled().filter(client__in=clients).matured(today)
    page = _paged(request, rows.select_related("holding__product"), ("effective_on", "id"))
    return page, [_of(request.user, case.client) | {"case": case} for case in page.rows]


def _limits(request: HttpRequest, clients, today: date) -> tuple[Page, list[dict]]:
    rows = LimitCrossing.objects.standing().filter(client__in=clients, on__gte=today - CROSSED_WITHIN)
    page = _paged(request, rows.select_related("purchase__product"), ("-on", "-id"))
    subjects = {f"purchase/{c.purchase.number}/{c.side}/T-{c.on}": c.pk for c in page.rows}
    told = Occurrence.objects.filter(source=Source.LIMIT, subject__in=subjects).select_related("action")
    action_of = {subjects[one.subject]: one.action for one in told}
    advice = Advice.objects.filter(action__in=[action.pk for action in action_of.values() if action])
    advice_of = {one.action_id: one for one in advice}
    found = []
    for crossing in page.rows:
        action = action_of.get(crossing.pk)
        found.append(
            _of(request.user, crossing.client)
            | {
                "crossing": crossing,
                "action": action,
                "advice": advice_of.get(action.pk) if action else None,
                "is_late": action is not None and action.is_open and action.due_on < today,
            }
        )
    return page, found


def _reviews(request: HttpRequest, clients, today: date) -> tuple[Page, list[dict]]:
    rows = Action.objects.open().filter(client__in=clients, source=Source.PURCHASE_REVIEW)
    page = _paged(request, rows.select_related("theme"), ("due_on", "id"))
    found = []
    for action in page.rows:
        first, rest = words.reason(action, today)
        found.append(
            _of(request.user, action.client)
            | {"action": action, "first": first, "rest": rest, "due": words.due(action, today, None)}
        )
    return page, found


def _moved(request: HttpRequest, clients, today: date) -> tuple[Page, list[dict]]:
    """From and to other banks, of the last month."""
    rows = Movement.objects.external().filter(client__in=clients, booked_on__gte=today - MOVED_WITHIN)
    page = _paged(request, rows.select_related("reason"), ("-booked_on", "-id"))
    return page, [
        _of(request.user, movement.client) | {"movement": movement} | reason_of(request.user, movement)
        for movement in page.rows
    ]
