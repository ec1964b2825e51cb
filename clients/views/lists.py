"""The list of clients, looking one up, and the recorded looks at what is masked."""

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients import services
from clients.filters import ClientFilter
from clients.forms import OpenFileForm
from clients.models import Client, ContactPoint
from clients.sight import may_reveal, shown_name, shown_native
from common import audit, saying
from common.exports import as_csv, as_xlsx
from common.models import AuditEntry
from common.pages import addresses, go
from common.paging import PAGE_SIZES, keyset
from common.text import mask_digits

LISTED = ("number", "name", "native_name", "sort_name", "status", "last_reached_at", "next_due_on")
LIST_ROLES = ("account_manager", "supervisor", "head_office")
EXPORT_LIMIT = 50_000


def _found(request: HttpRequest):
    """The filter over what the person may see; roles without lists have none."""
    if request.user.role not in LIST_ROLES:
        raise Http404
    visible = Client.objects.visible_to(request.user)
    found = ClientFilter(request.GET, queryset=visible, request=request)
    if not request.user.may_see_identities and request.GET.get("q"):
        # Without the right to identities a name must not be confirmed by a search: exact numbers only.
        params = request.GET.copy()
        text = params.pop("q")[-1].strip()
        found = ClientFilter(params, queryset=visible.filter(number=text), request=request)
    return found


def client_list(request: HttpRequest) -> HttpResponse:
    found = _found(request)
    searched = request.GET.get("q", "").strip()
    cursor = request.GET.get("cursor", "")
    size = 100 if request.GET.get("size") == "100" else PAGE_SIZES[0]
    rows = found.qs.with_manager().annotate(tier_name=F("tier__name"), branch_name=F("branch__name"))
    page = keyset(rows.only(*LISTED), keys=("sort_name", "id"), size=size, cursor=cursor)
    today, file_of = request.user.today(), addresses("client-detail")
    for client in page.rows:
        client.url = file_of(client.number)
        client.shown = shown_name(request.user, client)
        client.shown_native = shown_native(request.user, client)
        client.said_status = saying.choice(client, "status")
        client.is_late = client.next_due_on is not None and client.next_due_on < today
    if searched and not cursor:
        audit.record(
            actor=request.user, act=AuditEntry.Act.SEARCH, detail=mask_digits(searched), count=len(page.rows)
        )
    context = {
        "filter": found,
        "page": page,
        "searched": searched,
        "size": size,
        "today": today,
        "show_manager": request.user.role != "account_manager",
    }
    template = "clients/list_rows.html" if request.htmx and not request.htmx.boosted else "clients/list.html"
    return render(request, template, context)


def client_export(request: HttpRequest) -> HttpResponse:
    """What the list shows, as a file; who exported what is recorded."""
    found = _found(request)
    rows = found.qs.select_related("tier", "branch").with_manager().defer("search", "document_number")
    rows = rows.order_by("sort_name", "id")[:EXPORT_LIMIT]
    head = [
        _("Client number"),
        _("Name"),
        _("Tier"),
        _("Branch"),
        _("Account manager"),
        _("Status"),
        _("Last reached"),
        _("Next due"),
    ]
    user = request.user

    def lines():
        for client in rows.iterator(chunk_size=2000):
            reached = client.last_reached_at
            yield [
                client.number,
                shown_name(user, client),
                client.tier.name if client.tier else "",
                client.branch.name,
                client.manager_name or "",
                client.get_status_display(),
                reached.astimezone(user.zone).date() if reached else None,
                client.next_due_on,
            ]

    audit.record(
        actor=user, act=AuditEntry.Act.EXPORT, subject="clients", detail=request.GET.urlencode()[:300]
    )
    if request.GET.get("format") == "csv":
        return as_csv("clients", head, lines())
    return as_xlsx("clients", head, lines())


def client_find(request: HttpRequest) -> HttpResponse:
    """The finder inside the log panel: a few matches, one key away."""
    if request.user.role not in LIST_ROLES[:2]:
        raise Http404
    text = request.GET.get("q", "").strip()
    rows = []
    if text:
        rows = list(
            Client.objects.editable_by(request.user)
            .matching(text)
            .select_related("tier")
            .defer("search", "document_number")
            .by_name()[:8]
        )
        audit.record(actor=request.user, act=AuditEntry.Act.SEARCH, detail=mask_digits(text), count=len(rows))
    return render(request, "clients/found.html", {"rows": rows, "text": text})


@require_POST
def point_reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """One phone or email in clear for half a minute; the look is recorded first."""
    point = get_object_or_404(ContactPoint.objects.visible_to(request.user), pk=pk)
    value = services.reveal(actor=request.user, contact_point=point)
    context = {"point": point, "value": value, "seconds": settings.REVEAL_SECONDS}
    if request.htmx:
        return render(request, "clients/point.html", context)
    return render(request, "clients/point_page.html", context | {"client": point.client})


def point_masked(request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.may_see_identities:
        raise PermissionDenied
    point = get_object_or_404(ContactPoint.objects.visible_to(request.user), pk=pk)
    return render(request, "clients/point.html", {"point": point, "may_reveal": may_reveal(request.user)})


def client_open(request: HttpRequest) -> HttpResponse:
    """Auditors and data officers open one file for an hour, with a reason."""
    if request.user.role not in ("auditor", "data_officer"):
        raise Http404
    form = OpenFileForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            client = services.open_with_reason(actor=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if client is not None:
                return go(request, reverse("client-detail", args=[client.number]))
            form.add_error("number", _("No client has this number."))
    status = 422 if request.method == "POST" else 200
    recent = request.user.sight_grants.select_related("client").order_by("-from_at")[:20]
    return render(request, "clients/open.html", {"form": form, "recent": recent}, status=status)
