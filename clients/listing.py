"""The list of clients as a person asks for it: who, which columns, in which order.

All of it stands in the query string, so that a link shares it and a saved view remembers it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from urllib.parse import parse_qsl

from django.http import Http404, HttpRequest, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clients.filters import ClientFilter
from clients.models import Client
from clients.querysets import ClientQuerySet
from common import saying
from common.paging import keyset
from common.text import is_id
from staff.models import User

LIST_ROLES = ("account_manager", "supervisor", "head_office")
CHUNK = 2_000
MOST_AT_ONCE = 5_000  # clients that one act may change
# What a saved view does not remember: the page, what is ticked on it, and where a form came from.
PASSING = ("cursor", "size", "pick", "all", "format", "next")

Value = Callable[[Client, User], Any]


@dataclass(frozen=True)
class Column:
    """One column: its name in addresses, its head, what a file says of a client, and the order it offers."""

    code: str
    title: Promise
    exported: tuple[tuple[Promise, Value], ...]
    order: str = ""
    is_number: bool = False


def _column(code: str, title: Promise, value: Value, **rest: Any) -> Column:
    return Column(code, title, ((title, value),), **rest)


def _reached_on(client: Client, user: User):
    return client.last_reached_at.astimezone(user.zone).date() if client.last_reached_at else None


# In the order in which they stand beside the name.
COLUMNS = {
    column.code: column
    for column in (
        _column("tier", _("Tier"), lambda client, user: client.tier.name if client.tier else ""),
        # `with_manager` annotates the name.
        _column(
            "manager", _("Account manager"), lambda client, user: getattr(client, "manager_name", None) or ""
        ),
        _column("branch", _("Branch"), lambda client, user: client.branch.name),
        _column("status", _("Status"), lambda client, user: client.get_status_display()),
        _column("trend", _("Relationship"), lambda client, user: client.get_trend_display()),
        Column(
            "risk",
            _("Risk profile"),
            (
                (_("Risk profile"), lambda client, user: client.risk_profile),
                (_("Risk profile valid until"), lambda client, user: client.risk_valid_until),
            ),
        ),
        _column(
            "language",
            _("Language"),
            lambda client, user: saying.language(client.language) if client.language else "",
        ),
        _column("city", _("City"), lambda client, user: client.city),
        _column("since", _("Client since"), lambda client, user: client.since, order="since", is_number=True),
        _column("reached", _("Last reached"), _reached_on, order="reached", is_number=True),
        _column("due", _("Next due"), lambda client, user: client.next_due_on, order="due", is_number=True),
    )
}
USUAL = ("tier", "manager", "branch", "status", "reached", "due")
USUAL_OF_ACCOUNT_MANAGERS = ("tier", "status", "reached", "due")


def cells(client: Client, shape: "Shape", today: date) -> list[dict[str, Any]]:
    """What a row says in each column, ready to be read: a template that decides for each would cost its page.

    `text`, and where there is something to say: `css`, `at` (a moment, said with its time) and `sub`, a line
    beneath with its `sub_css`. `client` carries `tier_name` and `branch_name`.
    """
    return [_CELLS[code](client, today) for code in shape.columns]


def _risk(client: Client, today: date) -> dict[str, Any]:
    until = client.risk_valid_until
    if not client.risk_profile or until is None:
        return {"text": client.risk_profile or "–"}
    late = until < today
    words = _t("expired %(date)s") if late else _t("until %(date)s")
    sub = words % {"date": saying.day(until)}
    return {"text": client.risk_profile, "sub": sub, "sub_css": "sub late" if late else "sub"}


def _reached(client: Client, today: date) -> dict[str, Any]:
    if client.last_reached_at is None:
        return {"text": _t("never"), "css": "num faint"}
    return {"at": client.last_reached_at, "css": "num"}


def _due(client: Client, today: date) -> dict[str, Any]:
    due_on = client.next_due_on
    if due_on is None:
        return {"text": "–", "css": "num"}
    return {"text": saying.day(due_on), "css": "num late" if due_on < today else "num"}


_CELLS: dict[str, Callable[[Any, date], dict[str, Any]]] = {
    "tier": lambda client, today: {"text": client.tier_name or "–"},
    "manager": lambda client, today: {"text": client.manager_name or "–"},
    "branch": lambda client, today: {"text": client.branch_name},
    "status": lambda client, today: {"text": saying.choice(client, "status")},
    "trend": lambda client, today: {"text": saying.choice(client, "trend")},
    "risk": _risk,
    "language": lambda client, today: {"text": saying.language(client.language) if client.language else "–"},
    "city": lambda client, today: {"text": client.city or "–"},
    "since": lambda client, today: {"text": saying.day(client.since) if client.since else "–", "css": "num"},
    "reached": _reached,
    "due": _due,
}
# What these columns read of the client itself, beside what every row needs.
READ = (
    "number", "name", "native_name", "sort_name", "status", "trend", "risk_profile", "risk_valid_until",
    "language", "city", "since", "last_reached_at", "next_due_on",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """One order: what it is called each way, the column it reads, and where rows without a value stand."""

    key: str
    up: Promise
    down: Promise
    nulls_first_up: bool = False


ORDERS = {
    "name": Order("sort_name", _("Name, A to Z"), _("Name, Z to A")),
    "due": Order("next_due_on", _("Next due, soonest first"), _("Next due, latest first")),
    # Whoever was never reached has waited longest.
    "reached": Order(
        "last_reached_at", _("Last reached, longest ago first"), _("Last reached, latest first"), True
    ),
    "since": Order("since", _("Client since, longest first"), _("Client since, newest first")),
}


@dataclass(frozen=True)
class Head:
    """The head of a column and the order that a click on it gives."""

    code: str
    title: Promise
    is_number: bool
    order: str = ""  # empty: this column gives no order
    sorted: str = ""  # as aria-sort says it


@dataclass(frozen=True)
class Shape:
    """Columns and order as asked for; what nobody offers is left out, as if it had not been said."""

    columns: tuple[str, ...]
    order: str
    usual: tuple[str, ...] = USUAL

    @property
    def keys(self) -> tuple[str, str]:
        key = ORDERS[self.order.lstrip("-")].key
        return (f"-{key}", "-id") if self.is_down else (key, "id")

    @property
    def is_down(self) -> bool:
        return self.order.startswith("-")

    @property
    def nulls_first(self) -> bool:
        return ORDERS[self.order.lstrip("-")].nulls_first_up and not self.is_down

    @property
    def name_head(self) -> Head:
        return self._head("name", _("Name"), False, "name")

    @property
    def heads(self) -> list[Head]:
        shown = [COLUMNS[code] for code in self.columns]
        return [self._head(column.code, column.title, column.is_number, column.order) for column in shown]

    def _head(self, code: str, title: Promise, is_number: bool, order: str) -> Head:
        if not order:
            return Head(code, title, is_number)
        if self.order.lstrip("-") != order:
            return Head(code, title, is_number, order)
        turned = order if self.is_down else f"-{order}"
        return Head(code, title, is_number, turned, "descending" if self.is_down else "ascending")

    @property
    def choices(self) -> list[tuple[str, Promise, bool, bool]]:
        """Every column there is: name, head, whether it is shown, whether it usually is."""
        return [
            (code, column.title, code in self.columns, code in self.usual) for code, column in COLUMNS.items()
        ]

    @property
    def orders(self) -> list[tuple[str, Promise, bool]]:
        """Every order there is, both ways: name, words, whether it is this one."""
        found = []
        for code, order in ORDERS.items():
            found += [
                (code, order.up, self.order == code),
                (f"-{code}", order.down, self.order == f"-{code}"),
            ]
        return found


def shape_of(params: QueryDict, user: User) -> Shape:
    """The columns and the order of an address. `columns=name` alone shows nothing but names."""
    asked = [code for value in params.getlist("columns") for code in value.split(",")]
    usual = USUAL_OF_ACCOUNT_MANAGERS if user.role == User.Role.ACCOUNT_MANAGER else USUAL
    columns = tuple(code for code in COLUMNS if code in asked)
    order = params.get("order", "")
    return Shape(
        columns=columns if columns or "name" in asked else tuple(code for code in COLUMNS if code in usual),
        order=order if order.removeprefix("-") in ORDERS and not order.startswith("--") else "name",
        usual=usual,
    )


def found_by(request: HttpRequest, *, to_change: bool = False) -> ClientFilter:
    """The filter of an address over what the person may see; roles without lists have none (404)."""
    user = cast(User, request.user)  # nobody comes here without signing in
    if user.role not in LIST_ROLES:
        raise Http404
    visible = Client.objects.editable_by(user) if to_change else Client.objects.visible_to(user)
    if request.GET.get("q") and not user.may_see_identities:
        # Without the right to identities a name must not be confirmed by a search: exact numbers only.
        params = request.GET.copy()
        text = params.pop("q")[-1].strip()
        return ClientFilter(params, queryset=visible.filter(number=text), request=request)
    return ClientFilter(request.GET, queryset=visible, request=request)


def chosen(request: HttpRequest, *, to_change: bool = False) -> ClientQuerySet:
    """The clients that an address names: `all=1` everybody whom its filters find, else those of `pick`.

    Never more than the person may see, or with `to_change` may change; an id of anybody else is nobody's.
    """
    found = found_by(request, to_change=to_change)
    if request.GET.get("all") == "1":
        return cast(ClientQuerySet, found.qs)
    picks = [int(pick) for pick in request.GET.getlist("pick")[:MOST_AT_ONCE] if is_id(pick)]
    return cast(ClientQuerySet, found.queryset).filter(pk__in=picks)


def in_order(clients: ClientQuerySet, shape: Shape, *, most: int) -> Iterator[Client]:
    """The clients one after the other, read page by page: no cursor stays open on the database."""
    cursor = ""
    while most > 0:
        page = keyset(
            clients, keys=shape.keys, size=min(most, CHUNK), cursor=cursor, nulls_first=shape.nulls_first
        )
        yield from page.rows
        most -= len(page.rows)
        if not page.after:
            return
        cursor = page.after


def kept_in(params: QueryDict) -> list[tuple[str, str]]:
    """What a form beside the list carries on: the filters, columns and order as they are."""
    return parse_qsl(view_of(params))


def view_of(params: QueryDict) -> str:
    """The part of a query string that a saved view remembers: filters, columns and order, no page of it."""
    kept = params.copy()
    for name in PASSING:
        kept.pop(name, None)
    return _without_empty(kept)


def _without_empty(params: QueryDict) -> str:
    """The same wish is the same text: in the order of names, without what is not set."""
    kept = QueryDict(mutable=True)
    for name in sorted(params):
        kept.setlist(name, [value for value in params.getlist(name) if value])
    return kept.urlencode()
