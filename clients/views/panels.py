"""What the small pages about a client share: whose file it is, the panel, the line after saving."""

from urllib.parse import urlencode

import pghistory
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from clients.models import Client
from clients.sight import shown_name, shown_native
from common.pages import go, tell, way_back


def editable_client(request: HttpRequest, number: str, rows: QuerySet | None = None) -> Client:
    """The client whose file the person changes: absent where hidden, refused where only seen."""
    rows = Client.objects.editable_by(request.user) if rows is None else rows
    rows = rows.select_related("tier", "branch").defer("search", "document_number")
    client = rows.filter(number=number).first()
    if client is None:
        if Client.objects.visible_to(request.user).filter(number=number).exists():
            raise PermissionDenied
        raise Http404
    return client


def editable_row(request: HttpRequest, rows: QuerySet, pk: int) -> Model:
    """One row of a file the person changes: absent where hidden, refused where only seen."""
    row = rows.editable_by(request.user).filter(pk=pk).first()
    if row is None:
        if rows.visible_to(request.user).filter(pk=pk).exists():
            raise PermissionDenied
        raise Http404
    return row


def back_to_known(request: HttpRequest, client: Client) -> str:
    return way_back(request, reverse("client-known", args=[client.number]))


def panel(
    request: HttpRequest, client: Client | None, context: dict, *, template: str = "", invalid: bool = False
) -> HttpResponse:
    """The panel alone for htmx, the panel on a page of its own otherwise. `title`, `save` and `back` are its words."""
    template = template or "clients/known/panel.html"
    context |= {"client": client, "url": request.get_full_path(), "panel_template": template}
    if client is not None:
        context |= {
            "name": shown_name(request.user, client),
            "native_name": shown_native(request.user, client),
        }
    whole = "clients/known/panel_page.html"
    return render(request, template if request.htmx else whole, context, status=422 if invalid else 200)


def saved(request: HttpRequest, text: str, back: str, *, undo_url: str = "") -> HttpResponse:
    """Say one line on the page the person came from; a page that is open stays where it was scrolled to."""
    tell(request, text, undo_url=undo_url)
    if request.htmx and back == request.htmx.current_url_abs_path:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return go(request, back)


def undo_url(client: Client, what: str, row: Model, back: str) -> str:
    """The address that takes this request's change of a row back, and no other, and returns to `back`."""
    address = reverse("known-undo", args=[client.number, what, row.pk])
    with pghistory.context() as act:
        return f"{address}?{urlencode({'act': act.id, 'next': back})}"
