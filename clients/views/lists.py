"""The list of clients, looking one up, and the recorded looks at what is masked."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients import services
from clients.listing import (
    COLUMNS,
    LIST_ROLES,
    READ,
    cells,
    chosen,
    found_by,
    in_order,
    kept_in,
    shape_of,
    view_of,
)
from clients.models import Client, ContactPoint
from clients.sight import may_reveal, shown_name, shown_native
from common import audit
from common.exports import EXPORT_LIMIT, as_csv, as_xlsx
from common.models import AuditEntry
from common.pages import addresses
from common.paging import PAGE_SIZES, keyset
from common.text import clean_line, mask_digits
from staff.models import SavedView, User


def client_list(request: HttpRequest) -> HttpResponse:
    found = found_by(request)
    user = request.user
    shape = shape_of(request.GET, user)
    searched = request.GET.get("q", "").strip()
    cursor = request.GET.get("cursor", "")
    size = 100 if request.GET.get("size") == "100" else PAGE_SIZES[0]
    rows = found.qs.with_manager().annotate(tier_name=F("tier__name"), branch_name=F("branch__name"))
    page = keyset(rows.only(*READ), keys=shape.keys, size=size, cursor=cursor, nulls_first=shape.nulls_first)
    today, file_of = user.today(), addresses("client-detail")
    lines = [
        {
            "pk": client.pk,
            "number": client.number,
            "url": file_of(client.number),
            "name": shown_name(user, client),
            "native": shown_native(user, client),
            "cells": cells(client, shape, today),
        }
        for client in page.rows
    ]
    if searched and not cursor:
        audit.record(
            actor=user,
            act=AuditEntry.Act.SEARCH,
            detail=mask_digits(clean_line(searched)),
            count=len(page.rows),
        )
    view = view_of(request.GET)
    context = {
        "filter": found,
        "page": page,
        "lines": lines,
        "shape": shape,
        "searched": searched,
        "size": size,
        "today": today,
        "of_branches": user.role != User.Role.ACCOUNT_MANAGER,
        "may_change": user.role in LIST_ROLES[:2],
        "goes_on": bool(page.before or page.after),
        "may_transfer": user.role == "supervisor",
        "view": view,
        "views": SavedView.objects.visible_to(user).filter(page="client-list"),
        "kept": kept_in(request.GET),
    }
    template = "clients/list_rows.html" if request.htmx and not request.htmx.boosted else "clients/list.html"
    return render(request, template, context)


def client_export(request: HttpRequest) -> HttpResponse:
    """What the list shows, or what is chosen in it, as a file; who exported what is recorded."""
    user = request.user
    shape = shape_of(request.GET, user)
    picked = "pick" in request.GET or "all" in request.GET
    rows = chosen(request) if picked else found_by(request).qs
    columns = [
        (_("Client number"), lambda client, user: client.number),
        (_("Name"), lambda client, user: shown_name(user, client)),
        *(pair for code in shape.columns for pair in COLUMNS[code].exported),
    ]
    count = min(rows.order_by().count(), EXPORT_LIMIT)
    rows = rows.select_related("tier", "branch").with_manager().defer("search", "document_number")
    asked = request.GET.copy()
    asked.pop("pick", None)
    if "q" in asked:
        asked["q"] = mask_digits(asked["q"])
    audit.record(
        actor=user, act=AuditEntry.Act.EXPORT, subject="clients", detail=asked.urlencode()[:300], count=count
    )
    lines = (
        [value(client, user) for _title, value in columns]
        for client in in_order(rows, shape, most=EXPORT_LIMIT)
    )
    head = [str(title) for title, _value in columns]
    if request.GET.get("format") == "csv":
        return as_csv("clients", head, lines)
    return as_xlsx("clients", head, lines)


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
        audit.record(
            actor=request.user,
            act=AuditEntry.Act.SEARCH,
            detail=mask_digits(clean_line(text)),
            count=len(rows),
        )
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
