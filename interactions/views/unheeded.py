"""What the supervisor was told of: it came due, and nobody acted within its rule's days."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from clients.models import Assignment
from clients.sight import shown_name, shown_native
from common.paging import keyset
from interactions import words
from interactions.models import Occurrence


def unheeded(request: HttpRequest) -> HttpResponse:
    """Longest open first, each with its reason and whoever holds the client."""
    user = request.user
    if user.role != "supervisor":
        raise Http404
    # Several steps of one maturity are one thing to do: the first of them stands for all.
    first = (
        Occurrence.objects.worked_by(user).unheeded().order_by("action", "due_on", "pk").distinct("action")
    )
    rows = Occurrence.objects.filter(pk__in=first.values("pk"))
    rows = rows.select_related("action__theme", "client__branch").defer(
        "client__search", "client__document_number"
    )
    page = keyset(rows, keys=("due_on", "id"), size=25, cursor=request.GET.get("cursor", ""))
    today = user.today()
    held = holders([row.client_id for row in page.rows])
    shown = [
        {
            "row": row,
            "name": shown_name(user, row.client),
            "native": shown_native(user, row.client),
            "reason": words.reason(
                words.shown_about(user, row.action),
                today,
                country=row.client.country or row.client.branch.country,
            ),
            "days": (today - row.due_on).days,
            "manager": held.get(row.client_id, ""),
        }
        for row in page.rows
    ]
    context = {"page": page, "rows": shown, "today": today}
    return render(request, "interactions/unheeded.html", context)


def holders(clients: list[int]) -> dict[int, str]:
    """The account manager's name of some clients."""
    rows = Assignment.objects.filter(client__in=clients, role="primary", to_on=None)
    return dict(rows.values_list("client_id", "manager__name"))
