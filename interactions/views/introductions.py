"""Whom a client brought to the bank, as a tree, with the assets that every branch brought."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from clients.introduced import introductions_of
from clients.knowing import in_sight
from clients.models import Client
from clients.sight import shown_name, shown_native
from common import audit
from common.models import AuditEntry
from interactions.introduced import PAGE, tree_of


def introduction_tree(request: HttpRequest, number: str) -> HttpResponse:
    """As many queries for three hundred branches as for two; the look is recorded."""
    user = request.user
    client = get_object_or_404(
        Client.objects.visible_to(user).select_related("branch").defer("search", "document_number"),
        number=number,
    )
    audit.record(actor=user, act=AuditEntry.Act.READ, subject=f"client/{client.pk}", detail="introductions")
    found = introductions_of(client)
    tree = tree_of(user, client, found, seen=in_sight(user, found.ids()), on=client.branch.today())
    asked = request.GET.get("page", "")
    page = max(int(asked), 1) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    context = {
        "client": client,
        "name": shown_name(user, client),
        "native": shown_native(user, client),
        "introducer": tree.introducer(),
        "branches": tree.branches(start=(page - 1) * PAGE),
        "total": tree.total(),
        "is_cut": tree.is_cut,
        "page": page,
        "editable": user.role in ("account_manager", "supervisor")
        and client.status not in ("closed", "deceased"),
    }
    return render(request, "interactions/introductions.html", context)
