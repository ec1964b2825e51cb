"""The portfolio of a book or a branch: what matures, what became of it, limits, purchases to review, money that moved."""

from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from clients.models import Assignment, Client
from common import audit
from common.exports import EXPORT_LIMIT, as_csv, as_xlsx
from common.models import AuditEntry
from interactions.ladder import holdings_ladder
from interactions.views.portfolio_lists import LISTS
from portfolio.maturing import OPENS_BEFORE
from portfolio.models import Holding, MaturityCase
from staff.models import Role, User

ROLES = ("account_manager", "supervisor", "head_office")
A_PAGE = 25


def portfolio(request: HttpRequest) -> HttpResponse:
    """One's own clients; a supervisor's branches or, by name, one account manager's."""
    user = request.user
    today = user.today()
    clients = _clients(request)
    show = _show(request)
    page = LISTS[show].page(clients, today, size=A_PAGE, cursor=request.GET.get("cursor", ""))
    cases = MaturityCase.objects.unsettled().filter(client__in=clients)
    coming = cases.filter(
        broken_on=None, effective_on__range=(today + timedelta(days=1), today + OPENS_BEFORE)
    )
    context = {
        "show": show,
        "shown": [(code, one.name) for code, one in LISTS.items()],
        "today": today,
        "page": page,
        "rows": LISTS[show].told(user, page.rows, today),
        "coming": _sums(coming),
        "open_outcomes": cases.matured(today).count(),
        "ladder": holdings_ladder(Holding.objects.filter(client__in=clients), today)
        if show == "maturing"
        else None,
        "may_settle": user.role in ("account_manager", "supervisor"),
        "asked": urlencode(_asked(request)),
    }
    if user.role != Role.ACCOUNT_MANAGER:
        context["managers"] = User.objects.visible_to(user).active().filter(role=Role.ACCOUNT_MANAGER)[:200]
        context["manager"] = request.GET.get("manager", "")
    return render(request, "interactions/portfolio.html", context)


def portfolio_export(request: HttpRequest) -> HttpResponse:
    """The list that is shown, all of it, as a file; who exported what is recorded."""
    user = request.user
    today = user.today()
    clients = _clients(request)
    show = _show(request)
    shown = LISTS[show]
    audit.record(
        actor=user,
        act=AuditEntry.Act.EXPORT,
        subject="portfolio",
        detail=urlencode(_asked(request))[:300],
        count=min(shown.rows(clients, today).order_by().count(), EXPORT_LIMIT),
    )
    lines = (
        [value(row) for _title, value in shown.columns]
        for row in shown.all_told(user, clients, today, most=EXPORT_LIMIT)
    )
    write = as_csv if request.GET.get("format") == "csv" else as_xlsx
    return write(f"portfolio-{show}", [str(title) for title, _value in shown.columns], lines)


def _show(request: HttpRequest) -> str:
    show = request.GET.get("show", "")
    return show if show in LISTS else "maturing"


def _asked(request: HttpRequest) -> dict[str, str]:
    """What a file of this list is asked for by: the list, and whose clients."""
    manager = "" if request.user.role == Role.ACCOUNT_MANAGER else request.GET.get("manager", "")
    return {"show": _show(request)} | ({"manager": manager} if manager else {})


def _clients(request: HttpRequest):
    """The clients of the page, as ids: one's book and those one covers; of a branch, all or one manager's.

    Whoever looks after nobody has no such page (404).
    """
    user = request.user
    if user.role not in ROLES:
        raise Http404
    clients = Client.objects.worked_by(user).filter(status__in=("active", "dormant", "blocked", "deceased"))
    manager = request.GET.get("manager", "")
    if manager and user.role != Role.ACCOUNT_MANAGER:
        held = Assignment.objects.filter(role="primary", to_on=None, manager__staff_number=manager)
        clients = clients.filter(pk__in=held.values("client"))
    return clients.values("pk")


def _sums(cases) -> list[tuple[str, Decimal]]:
    sums = cases.values("currency").order_by().annotate(total=Sum("principal"))
    return sorted(((row["currency"], row["total"]) for row in sums), key=lambda one: -one[1])
