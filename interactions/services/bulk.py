"""One act on many clients: actions planned for each, clients and whole books handed over, actions released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Assignment, Channel, Client, Theme
from clients.querysets import ClientQuerySet
from clients.services import transfer_clients
from common.text import clean_line, has_nul
from interactions.models import Action
from interactions.services.actions import MAX_AHEAD
from messaging.services import notify
from staff.models import Role, User

MOST_AT_ONCE = 5_000  # clients
CHUNK = 500  # clients worked on with one set of statements
BY_NAME, BY_TIER = "name", "tier"


@dataclass(frozen=True)
class Planned:
    """What came of planning for many. `at` is the moment that all its actions carry: Undo finds them by it."""

    planned: int
    closed: int  # closed, deceased or blocked: nothing may be planned
    had: int  # with an open action of the theme already
    at: datetime


@dataclass(frozen=True)
class HandedOver:
    """How many clients moved, and how many actions of their former managers by name now go with the book."""

    clients: int
    actions: int


@dataclass(frozen=True)
class Released:
    """Actions by name that found a new owner, and those that now go with the client's book."""

    taken: int
    freed: int


@dataclass(frozen=True)
class BookHandedOver:
    """How many clients each account manager got, by id, and what became of the actions by name."""

    clients: dict[int, int]
    actions: Released


@transaction.atomic
def plan_actions(
    *, actor: User, clients: ClientQuerySet, theme: Theme, channel: str, due_on: date, about: str
) -> Planned:
    """Plan the same action for each of many clients, for whoever holds the client's book.

    Rule: nothing is planned for closed, deceased or blocked clients, nor beside an open action of the theme.
    Visibility: pass clients narrowed by `editable_by`; checked again here.
    Effects: one action a client, a fixed number of statements for 500 clients. Repeatable: a second run finds
    the actions of the first one open and plans none. Two at once: the clients are locked, one wins.
    Raises: ValidationError by field or for more than 5,000 clients, PermissionDenied.
    """
    today = actor.today()
    if due_on < today:
        raise ValidationError({"due_on": _("Choose today or a later day.")})
    if due_on > today + MAX_AHEAD:
        raise ValidationError({"due_on": _("Choose a day within the next two years.")})
    if channel not in Channel.values:
        raise ValidationError({"channel": _("Choose a channel.")})
    if has_nul(about):
        raise ValidationError({"about": _("This holds a character that cannot be stored.")})
    wanted = _ids(actor, clients)
    at = timezone.now()
    planned = closed = had = 0
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        # Held in the order of ids until the end, so that two at once neither both plan nor block each other.
        rows = Client.objects.filter(pk__in=chunk).order_by("pk").select_for_update(no_key=True, of=("self",))
        served = [pk for pk, status in rows.values_list("pk", "status") if status not in _UNSERVED]
        busy = set(
            Action.objects.open().filter(theme=theme, client__in=served).values_list("client", flat=True)
        )
        made = Action.objects.bulk_create(
            Action(
                client_id=pk,
                theme=theme,
                channel=channel,
                opens_on=due_on,
                due_on=due_on,
                about=clean_line(about)[:300],
                origin=Action.Origin.BY_HAND,
                created_by=actor,
                created_at=at,
            )
            for pk in served
            if pk not in busy
        )
        planned += len(made)
        closed += len(chunk) - len(served)
        had += len(busy)
    return Planned(planned=planned, closed=closed, had=had, at=at)


_UNSERVED = (Client.Status.CLOSED, Client.Status.DECEASED, Client.Status.BLOCKED)


def _ids(actor: User, clients: ClientQuerySet) -> list[int]:
    """The clients' ids in order, after the check that the actor may change every one and that they are not too many."""
    wanted = sorted(set(clients.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1]))
    if len(wanted) > MOST_AT_ONCE:
        raise ValidationError(
            _("These are more than %(most)s clients; narrow the choice first.") % {"most": MOST_AT_ONCE}
        )
    if Client.objects.editable_by(actor).filter(pk__in=wanted).count() != len(wanted):
        raise PermissionDenied
    return wanted


@transaction.atomic
def cancel_planned(*, actor: User, at: datetime) -> int:
    """Take back what the actor planned for many at that moment and return how many actions were cancelled.

    Rule: what somebody has worked on meanwhile stays. Visibility: one's own, of clients still editable.
    Repeatable.
    """
    rows = (
        Action.objects.editable_by(actor)
        .open()
        .filter(created_by=actor, created_at=at, origin=Action.Origin.BY_HAND)
    )
    rows = rows.filter(owner=None, snoozed_until=None)
    return rows.update(state=Action.State.CANCELLED, closed_at=timezone.now())


@transaction.atomic
def hand_over_clients(*, actor: User, clients: ClientQuerySet, to: User, reason: str) -> HandedOver:
    """Move chosen clients to another account manager, with the actions their former managers had by name.

    Rule, rights and errors: `clients.services.transfer_clients`; at most 5,000 at once. An action that a
    former manager had by name would be seen by nobody, so it goes to whoever holds the book. Repeatable.
    """
    if actor.role != Role.SUPERVISOR:
        raise PermissionDenied
    wanted = _ids(actor, clients)
    _hold(wanted)
    held = Assignment.objects.filter(client__in=wanted, role=Assignment.Role.PRIMARY, to_on=None)
    former = set(held.exclude(manager=to).values_list("manager", flat=True))
    moved = _transfer(actor, wanted, to, reason)
    still = Assignment.objects.filter(client=OuterRef("client"), manager=OuterRef("owner"), to_on=None)
    by_name = Action.objects.open().filter(~Exists(still), client__in=wanted, owner__in=former)
    return HandedOver(clients=moved, actions=by_name.update(owner=None, snoozed_until=None))


def _transfer(actor: User, client_ids: list[int], to: User, reason: str) -> int:
    clients = Client.objects.filter(pk__in=client_ids)
    return transfer_clients(actor=actor, clients=clients, to=to, reason=clean_line(reason))


def _hold(client_ids: list[int]) -> None:
    """Lock clients in the order of ids: two hand-overs at once come one after the other."""
    rows = Client.objects.filter(pk__in=client_ids).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk", flat=True))


@transaction.atomic
def hand_over_book(
    *,
    actor: User,
    owner: User,
    to: Sequence[User],
    reason: str,
    by: str = BY_NAME,
    actions_to: User | None = None,
) -> BookHandedOver:
    """Hand a person's whole book to one account manager, or to several in equal parts.

    Rule: parts differ by one client at most. By name each part is a stretch of the alphabet; by tier each
    tier is dealt out in turn, so that everybody gets as many of each. What the person had by name goes to
    `actions_to`, or with the book.
    Visibility: only clients that the actor may change; others stay and are not spoken of.
    Two at once: one wins. The second finds the book empty and is told.
    Raises: ValidationError by field, or as a whole where there is nothing to hand over; PermissionDenied.
    """
    if actor.role != Role.SUPERVISOR:
        raise PermissionDenied
    people = list(dict.fromkeys(to))
    if owner in people:
        raise ValidationError({"to": _("Choose somebody else: the book is theirs already.")})
    clients = book_of(actor, owner)
    _hold(list(clients.values_list("pk", flat=True)))
    # Asked again now that nobody else can move them.
    book = list(clients.select_related("tier").only("pk", "sort_name", "tier"))
    if book and not people:
        raise ValidationError({"to": _("Choose who takes the book.")})
    if not book and not _named(actor, owner).exists():
        raise ValidationError(_("There is nothing to hand over: somebody may have done it meanwhile."))
    got = {
        # The person is checked even where the part is empty.
        person.pk: _transfer(actor, sorted(client.pk for client in part), person, reason)
        for person, part in zip(people, split(book, len(people), by=by), strict=True)
    }
    return BookHandedOver(got, release_actions(actor=actor, owner=owner, to=actions_to))


def book_of(actor: User, owner: User) -> ClientQuerySet:
    """The clients of a person's book that the actor may change."""
    held = Assignment.objects.filter(
        client=OuterRef("pk"), manager=owner, role=Assignment.Role.PRIMARY, to_on=None
    )
    return Client.objects.editable_by(actor).filter(Exists(held))


def split(clients: Sequence[Client], parts: int, *, by: str = BY_NAME) -> list[list[Client]]:
    """Clients in so many equal parts: stretches of the alphabet, or dealt out tier by tier."""
    if not parts:
        return []
    by_name = sorted(clients, key=lambda client: (client.sort_name, client.pk))
    if by == BY_TIER:
        ranked = sorted(by_name, key=lambda client: -client.tier.rank if client.tier else 1)
        return [ranked[place::parts] for place in range(parts)]
    size, rest = divmod(len(by_name), parts)
    ends = [place * size + min(place, rest) for place in range(parts + 1)]
    return [by_name[start:end] for start, end in pairwise(ends)]


@transaction.atomic
def release_actions(*, actor: User, owner: User, to: User | None) -> Released:
    """Give the open actions that are somebody's by name to another person, or to whoever holds each book.

    Rule: nobody gets an action of a client whom they do not look after; such a one goes with the book.
    Visibility: actions of clients that the actor, a supervisor, may see. Repeatable. The new owner is told.
    Raises: ValidationError on `actions_to` unless that person looks after clients, PermissionDenied.
    """
    if actor.role != Role.SUPERVISOR:
        raise PermissionDenied
    rows = _named(actor, owner)
    taken = 0
    if to is not None:
        if not to.is_active or to.role not in (Role.ACCOUNT_MANAGER, Role.SUPERVISOR) or to == owner:
            raise ValidationError({"actions_to": _("Choose somebody who looks after clients.")})
        looked_after = (
            Client.objects.visible_to(to).values("pk")
            if to.role == Role.SUPERVISOR
            else Assignment.objects.filter(manager=to, to_on=None).values("client")
        )
        taken = rows.filter(client__in=looked_after).update(owner=to, snoozed_until=None)
        if taken and to != actor:
            notify(user=to, kind="handed_over", subject=f"released/{owner.pk}", url="/today/", count=taken)
    return Released(taken=taken, freed=rows.update(owner=None, snoozed_until=None))


def _named(actor: User, owner: User):
    """Open actions that are a person's by name, of clients that the actor may change."""
    return Action.objects.editable_by(actor).open().filter(owner=owner)
