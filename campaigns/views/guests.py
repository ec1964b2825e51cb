"""The list of an event's guests: on its page, and as a file."""

from django.http import HttpRequest

from campaigns.guests import SHOWN, Counts, by_manager, counts_of, guests_of, is_gone, tries_of, with_holder
from campaigns.models import Event
from campaigns.services.invitations import MAY_INVITE
from clients.sight import shown_name, shown_native
from common.paging import keyset
from common.text import has_nul

A_PAGE = 25
OF_BRANCHES = ("supervisor", "head_office")


def asked_of(request: HttpRequest) -> tuple[str, str]:
    """Which guests a page is asked for: the filter, and the account manager's staff number."""
    show, manager = request.GET.get("show", ""), request.GET.get("manager", "")
    if has_nul(manager) or request.user.role not in OF_BRANCHES:
        manager = ""
    return (show if show in SHOWN else ""), manager[:20]


def guest_list(request: HttpRequest, event: Event, all_counts: Counts) -> dict:
    """Guests of the clients one works with, how they stand, and how many more are not shown."""
    user, today = request.user, request.user.today()
    if user.role not in MAY_INVITE:
        return {"has_guests": False}
    show, manager = asked_of(request)
    everybody = guests_of(user, event)
    mine = counts_of(everybody).get(event.pk, Counts())
    rows = with_holder(guests_of(user, event, show=show, manager=manager))
    rows = rows.select_related("client__tier", "client__branch", "event")
    page = keyset(
        rows.defer("client__search", "client__document_number"),
        keys=("number", "id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    tried = tries_of(page.rows, today)
    shown = [
        {
            "invitation": row,
            "client": row.client,
            "name": shown_name(user, row.client),
            "native": shown_native(user, row.client),
            "tried": tried.get(row.pk, ""),
            "is_gone": is_gone(row),
        }
        for row in page.rows
    ]
    numbers = {name: getattr(mine, name, None) for name in SHOWN}
    return {
        "has_guests": True,
        "page": page,
        "guests": shown,
        "show": show,
        "manager": manager,
        "shown": [(code, name, numbers.get(code)) for code, name in SHOWN.items()],
        "outside": max(all_counts.invited - mine.invited, 0),
        "may_answer": user.role in ("account_manager", "supervisor"),
        "managers": by_manager(everybody) if user.role in OF_BRANCHES else [],
    }
