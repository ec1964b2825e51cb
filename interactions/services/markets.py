"""News of the market: who holds the marked products is called, once each."""

from collections.abc import Iterable
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, Theme
from clients.services.ground import clean, required
from common.jobs import after_commit
from interactions.models import Action, Appointment, HolderCall, Severity
from interactions.querysets import SILENT
from interactions.services.opening import New, new_ids, open_actions
from portfolio.holders import held_by, holds
from portfolio.models import MarketEvent, Product
from staff.models import Role, User

CHUNK = 2000
MAY_OPEN = (Role.SUPERVISOR, Role.HEAD_OFFICE)


def market_events_for(user: User) -> QuerySet[MarketEvent]:
    """The events a person may read: their own, and those that concern clients in their sight; head office's all."""
    if not user.is_active:
        return MarketEvent.objects.none()
    if user.role == Role.HEAD_OFFICE:
        return MarketEvent.objects.all()
    calls = HolderCall.objects.worked_by(user).filter(event=OuterRef("pk"))
    return MarketEvent.objects.filter(Q(created_by=user) | Exists(calls))


def events_seen_by(user: User) -> QuerySet[MarketEvent]:
    """The same as lists of their own, for those who open events; nobody else has such a list."""
    return market_events_for(user) if user.role in MAY_OPEN else MarketEvent.objects.none()


@transaction.atomic
def open_market_event(
    *, actor: User, title: str, why: str, products: Iterable[Product], until: date
) -> MarketEvent:
    """Mark products, say why, and make the calls of those who hold them; the event with its calls.

    Rule (domain.md, portfolio; the article's "when the market moves, look after those who bought"): every holder
    among the clients whom one works with has exactly one call, an action of the theme `product` open from today to
    `until`. Whoever has an action of the theme that is open by `until` is told in that one. Blocked, closed and deceased
    clients are left out, dormant ones too. More than a few thousand calls are made after the answer, by a worker.
    Visibility: a supervisor's branches, head office's all. Raises: ValidationError by field; PermissionDenied.
    """
    if actor.role not in MAY_OPEN or not actor.is_active:
        raise PermissionDenied
    title = required("title", title, _("Write what happened."), most=150)
    why = why.replace("\r\n", "\n").strip()
    clean({"why": why})
    if not why:
        raise ValidationError({"why": _("Write what to tell the clients.")})
    marked = list(products)
    if not marked:
        raise ValidationError({"products": _("Choose the products.")})
    today = actor.today()
    if until < today:
        raise ValidationError({"until": _("Choose today or a later day.")})
    with connection.cursor() as cursor:
        # Two take turns: the second one's holders are told in the calls of the first.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('market events'))")
    event = MarketEvent.objects.create(title=title, why=why[:4000], on=today, until=until, created_by=actor)
    event.products.set(marked)
    if len(_uncalled(event, most=CHUNK + 1)) > CHUNK:
        after_commit("interactions.call_holders", event.pk)
    else:
        call_holders(event)
    return event


@transaction.atomic
def call_holders(event: MarketEvent) -> int:
    """Make the calls that the holders of an event's products do not have yet; how many. Repeatable.

    Whom it reaches is whom its creator works with. Two take turns; a closed event calls nobody.
    """
    row = MarketEvent.objects.select_for_update(of=("self",)).select_related("created_by").get(pk=event.pk)
    if row.closed_at is not None:
        return 0
    products = list(row.products.values_list("pk", flat=True))
    theme = Theme.objects.get(code="product")
    holders = _uncalled(row)
    for at in range(0, len(holders), CHUNK):
        _call(row, theme, holders[at : at + CHUNK], products)
    return len(holders)


def call_forgotten() -> int:
    """Make the calls of open events that have none, for their task was lost; how many. Repeatable, every night."""
    calls = HolderCall.objects.filter(event=OuterRef("pk"))
    waiting = MarketEvent.objects.filter(~Exists(calls), closed_at=None, until__gte=timezone.localdate())
    return sum(call_holders(event) for event in waiting)


def _uncalled(event: MarketEvent, most: int | None = None) -> list[int]:
    """Ids of the holders whom the event's creator works with and who have no call of it yet."""
    products = list(event.products.values_list("pk", flat=True))
    told = HolderCall.objects.filter(event=event).values("client")
    holders = (
        Client.objects.worked_by(event.created_by)
        .filter(holds(products))
        .exclude(status__in=(*SILENT, "dormant"))
        .exclude(pk__in=told)
        .order_by("pk")
    )
    return list(holders.values_list("pk", flat=True)[:most])


def _call(event: MarketEvent, theme: Theme, clients: list[int], products: list[int]) -> None:
    standing = dict(
        Action.objects.open()
        .filter(client__in=clients, theme=theme, opens_on__lte=event.until)
        .exclude(snoozed_until__gt=event.until)
        .order_by("client", "-pk")
        .values_list("client_id", "pk")
    )
    fresh = [pk for pk in clients if pk not in standing]
    coming = dict(zip(fresh, new_ids(len(fresh)), strict=True))
    held = held_by(fresh, products)
    rows = []
    for pk in fresh:
        currency, amount = max(held.get(pk, [("", None)]), key=lambda one: one[1] or 0)
        rows.append(
            New(
                id=coming[pk],
                client_id=pk,
                opens_on=event.on,
                due_on=event.until,
                severity=Severity.USUAL,
                about=event.title,
                amount=amount,
                currency=currency,
            )
        )
    open_actions(rows, theme=theme, channel="call", origin=Action.Origin.BY_HAND)
    HolderCall.objects.bulk_create(
        [HolderCall(event=event, client_id=pk, action_id=standing.get(pk) or coming[pk]) for pk in clients]
    )


def events_ended_by(user: User) -> QuerySet[MarketEvent]:
    """Events that a person may end: their own, and those whose creator opens none any more."""
    gone = Q(created_by__is_active=False) | ~Q(created_by__role__in=MAY_OPEN)
    return events_seen_by(user).filter(Q(created_by=user) | gone)


@transaction.atomic
def close_market_event(*, actor: User, event: MarketEvent) -> int:
    """End an event: the calls that it made and nobody has done yet go; how many. A second call changes nothing.

    Rule: whoever opened it, and where they have left, whoever may open one and sees it; an action that stood before the event stays, as does one with an appointment and one
    that other news of the market, still open, is told in.
    """
    if not events_ended_by(actor).filter(pk=event.pk).exists():
        raise PermissionDenied
    row = MarketEvent.objects.select_for_update().get(pk=event.pk)
    if row.closed_at is not None:
        return 0
    row.closed_at = timezone.now()
    row.save(update_fields=["closed_at"])
    told = HolderCall.objects.filter(action=OuterRef("pk"))
    made = told.filter(event__created_at__lte=OuterRef("created_at"), event__title=OuterRef("about"))
    return (
        Action.objects.open()
        .filter(Exists(told.filter(event=row)), Exists(made), origin=Action.Origin.BY_HAND, source="")
        .exclude(Exists(told.filter(event__closed_at=None)))
        .exclude(Exists(Appointment.objects.standing().filter(action=OuterRef("pk"))))
        .update(state=Action.State.CANCELLED, closed_at=row.closed_at, reason=_("The event was closed."))
    )
