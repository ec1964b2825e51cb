"""What the small pages about a client share: whose file it is, the panel, the line after saving."""

from typing import cast
from urllib.parse import urlencode

import pghistory
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from clients.models import Client, FactType
from clients.querysets import ClientQuerySet
from clients.sight import shown_name, shown_native
from common.pages import editable, go, panel_form, tell, way_back


def editable_client(request: HttpRequest, number: str, sight: ClientQuerySet | None = None) -> Client:
    """The client whose file the person changes: absent where hidden, refused where only seen."""
    mine = Client.objects.editable_by(request.user) if sight is None else sight
    mine = mine.select_related("tier", "branch").defer("search", "document_number")
    return cast(Client, editable(request, Client.objects.all(), mine=mine, number=number))


def back_to_known(request: HttpRequest, client: Client) -> str:
    return way_back(request, reverse("client-known", args=[client.number]))


def about(request: HttpRequest, client: Client) -> dict:
    """Whom a panel is about, as the person may read it."""
    return {
        "client": client,
        "sub": shown_name(request.user, client),
        "sub_native": shown_native(request.user, client),
    }


def client_form(request: HttpRequest, client: Client, **words) -> HttpResponse:
    """A form about a client in a side panel; see `panel_form`."""
    return panel_form(request, **about(request, client), **words)


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


def write_down_url(client: Client, kind: FactType) -> str:
    """Where an unknown fact is written down: in the place its value lives."""
    place = {
        FactType.Lives.FACT: "fact-add",
        FactType.Lives.CONTACT_POINT: "point-add",
        FactType.Lives.DATED_FACT: "date-add",
        FactType.Lives.RELATION: "relation-add",
        FactType.Lives.AGREEMENT: "agreement-change",
    }[FactType.Lives(kind.lives_in)]
    return f"{reverse(place, args=[client.number])}?type={kind.code}"
