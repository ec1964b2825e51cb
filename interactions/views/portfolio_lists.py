"""The lists of the portfolio: their rows, what a page shows of each, and what a file says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.sight import shown_name, shown_native
from common import saying
from common.paging import Page, keyset
from interactions import words
from interactions.models import Action, Advice, Occurrence, Source
from interactions.views.file_portfolio import reason_of
from portfolio.models import LimitCrossing, MaturityCase, Movement
from staff.models import User

CROSSED_WITHIN = timedelta(days=90)
MOVED_WITHIN = timedelta(days=31)
CHUNK = 2_000

Row = dict[str, Any]


@dataclass(frozen=True)
class PortfolioList:
    """`rows_of(clients, today)`: the rows of some clients, given as ids; `told(user, rows, today)`: each as the
    reader may read it; `columns`: what a file says of such a row."""

    name: Promise
    rows_of: Callable[[QuerySet, date], QuerySet]
    keys: tuple[str, ...]
    told: Callable[[User, list, date], list[Row]]
    columns: tuple[tuple[Promise, Callable[[Row], Any]], ...]

    def rows(self, clients: QuerySet, today: date) -> QuerySet:
        rows = self.rows_of(clients, today).select_related("client__tier")
        return rows.defer("client__search", "client__document_number")

    def page(self, clients: QuerySet, today: date, *, size: int, cursor: str = "") -> Page:
        return keyset(self.rows(clients, today), keys=self.keys, size=size, cursor=cursor)

    def all_told(self, user: User, clients: QuerySet, today: date, *, most: int) -> Iterator[Row]:
        """Rows one after the other, read page by page: no cursor stays open on the database."""
        cursor = ""
        while most > 0:
            page = self.page(clients, today, size=min(most, CHUNK), cursor=cursor)
            yield from self.told(user, page.rows, today)
            most -= len(page.rows)
            if not page.after:
                return
            cursor = page.after


def _of(user: User, client: Client) -> Row:
    return {"client": client, "name": shown_name(user, client), "native": shown_native(user, client)}


_WHO = (
    (_("Client number"), lambda row: row["client"].number),
    (_("Name"), lambda row: row["name"]),
)

# -- maturities -------------------------------------------------------------------------------------


def _maturing(clients: QuerySet, today: date) -> QuerySet:
    rows = MaturityCase.objects.unsettled().filter(client__in=clients, broken_on=None, effective_on__gt=today)
    return rows.select_related("holding__product")


def _outcome(clients: QuerySet, today: date) -> QuerySet:
    rows = MaturityCase.objects.unsettled().filter(client__in=clients).matured(today)
    return rows.select_related("holding__product")


def _cases_told(user: User, cases: list[MaturityCase], today: date) -> list[Row]:
    return [_of(user, case.client) | {"case": case} for case in cases]


_CASE = (
    *_WHO,
    (_("Product"), lambda row: row["case"].holding.product.name),
    (_("Holding number"), lambda row: row["case"].holding.number),
    (_("Renews by itself"), lambda row: _now("yes") if row["case"].holding.auto_renew else ""),
    (_("Matures"), lambda row: row["case"].effective_on),
    (_("By contract"), lambda row: row["case"].matures_on),
    (_("Ended early"), lambda row: row["case"].broken_on),
    (_("Amount"), lambda row: row["case"].principal),
    (_("Currency"), lambda row: row["case"].currency),
)

# -- limits -----------------------------------------------------------------------------------------


def _limits(clients: QuerySet, today: date) -> QuerySet:
    rows = LimitCrossing.objects.standing().filter(client__in=clients, on__gte=today - CROSSED_WITHIN)
    return rows.select_related("purchase__product")


def _limits_told(user: User, crossings: list[LimitCrossing], today: date) -> list[Row]:
    subjects = {f"purchase/{c.purchase.number}/{c.side}/T-{c.on}": c.pk for c in crossings}
    told = Occurrence.objects.filter(source=Source.LIMIT, subject__in=subjects).select_related("action")
    action_of = {subjects[one.subject]: one.action for one in told}
    advice = Advice.objects.filter(action__in=[action.pk for action in action_of.values() if action])
    advice_of = {one.action_id: one for one in advice}
    found = []
    for crossing in crossings:
        action = action_of.get(crossing.pk)
        found.append(
            _of(user, crossing.client)
            | {
                "crossing": crossing,
                "action": action,
                "advice": advice_of.get(action.pk) if action else None,
                "is_late": action is not None and action.is_open and action.due_on < today,
            }
        )
    return found


def _decision(row: Row) -> str:
    if row["advice"] is not None:
        return saying.choice(row["advice"], "decision")
    return _now("not asked yet") if row["action"] is not None and row["action"].is_open else ""


_CROSSING = (
    *_WHO,
    (_("Product"), lambda row: row["crossing"].purchase.product.name),
    (_("Bought"), lambda row: row["crossing"].purchase.bought_on),
    (_("Amount"), lambda row: row["crossing"].purchase.amount),
    (_("Currency"), lambda row: row["crossing"].purchase.currency),
    (_("Crossed"), lambda row: row["crossing"].on),
    (_("Which limit"), lambda row: saying.choice(row["crossing"], "side")),
    (_("Limit"), lambda row: row["crossing"].limit),
    (_("Price"), lambda row: row["crossing"].price),
    (_("The client's decision"), _decision),
)

# -- purchases to look after ------------------------------------------------------------------------


def _reviews(clients: QuerySet, today: date) -> QuerySet:
    rows = Action.objects.open().filter(client__in=clients, source=Source.PURCHASE_REVIEW)
    return rows.select_related("theme")


def _reviews_told(user: User, actions: list[Action], today: date) -> list[Row]:
    found = []
    for action in actions:
        first, rest = words.reason(action, today)
        found.append(
            _of(user, action.client)
            | {"action": action, "first": first, "rest": rest, "due": words.due(action, today, None)}
        )
    return found


_REVIEW = (
    *_WHO,
    (_("Why"), lambda row: " ".join(part for part in (row["first"], row["rest"]) if part)),
    (_("Amount"), lambda row: row["action"].amount),
    (_("Currency"), lambda row: row["action"].currency),
    (_("Due"), lambda row: row["action"].due_on),
)

# -- money that moved -------------------------------------------------------------------------------


def _moved(clients: QuerySet, today: date) -> QuerySet:
    """From and to other banks, of the last month."""
    rows = Movement.objects.external().filter(client__in=clients, booked_on__gte=today - MOVED_WITHIN)
    return rows.select_related("reason")


def _moved_told(user: User, movements: list[Movement], today: date) -> list[Row]:
    return [
        _of(user, movement.client) | {"movement": movement} | reason_of(user, movement)
        for movement in movements
    ]


def _amount_going(direction: str) -> Callable[[Row], Any]:
    return lambda row: row["movement"].amount if row["movement"].direction == direction else None


_MOVEMENT = (
    *_WHO,
    (_("Booked"), lambda row: row["movement"].booked_on),
    (_("In"), _amount_going("in")),
    (_("Out"), _amount_going("out")),
    (_("Currency"), lambda row: row["movement"].currency),
    (_("Other bank"), lambda row: row["competitor"]),
    (_("Why"), lambda row: row["why"]),
    (_("Note"), lambda row: row["note"]),
)

LISTS = {
    "maturing": PortfolioList(_("Maturing"), _maturing, ("effective_on", "id"), _cases_told, _CASE),
    "outcome": PortfolioList(_("Outcome open"), _outcome, ("effective_on", "id"), _cases_told, _CASE),
    "limits": PortfolioList(_("Limits crossed"), _limits, ("-on", "-id"), _limits_told, _CROSSING),
    "review": PortfolioList(_("Purchases to review"), _reviews, ("due_on", "id"), _reviews_told, _REVIEW),
    "moved": PortfolioList(_("Money that moved"), _moved, ("-booked_on", "-id"), _moved_told, _MOVEMENT),
}
