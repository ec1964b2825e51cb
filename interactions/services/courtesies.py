"""Courtesies: planned within the tier's limit of a year or approved above it, ordered, given, withdrawn."""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client
from clients.services.ground import clean, may_edit, may_plan
from common.text import clean_line
from interactions.models import Action, Courtesy
from interactions.services.actions import held_open
from interactions.services.moves import before_act
from messaging.services import notify
from staff.models import Role, User

State = Courtesy.State
CHANGEABLE = ("kind", "what", "cost", "currency")
STEPS = {  # what a courtesy may become, from what
    State.ORDERED: (State.PLANNED, State.APPROVED),
    State.GIVEN: (State.PLANNED, State.APPROVED, State.ORDERED),
    State.WITHDRAWN: (State.PLANNED, State.WAITING, State.APPROVED, State.ORDERED),
}


@dataclass(frozen=True)
class Weighed:
    """A courtesy against the limit of the client's tier: the limit (None without one), what the year holds else."""

    limit: Decimal | None
    currency: str
    spent: Decimal
    cost: Decimal
    cost_currency: str

    @property
    def needs_approval(self) -> bool:
        """Above the limit, in another currency, or without a limit: all of it needs a supervisor."""
        if not self.cost:
            return False
        if self.limit is None or self.cost_currency != self.currency:
            return True
        return self.spent + self.cost > self.limit


def weigh(courtesy: Courtesy, spent: Decimal | None = None) -> Weighed:
    """How a courtesy stands against the limit of its year. A tier's amounts are in the currency of its threshold.

    Rule: the sum of the client's courtesies of the year in that currency, but for what was refused, withdrawn or
    fell away with its action. There are no exchange rates: another currency cannot be compared. `spent` is
    that sum without this one, where the caller knows it.
    """
    tier = courtesy.action.client.tier
    limit = tier.gift_limit if tier is not None and tier.gift_limit else None
    currency = tier.threshold_currency if tier is not None else ""
    if spent is None:
        rows = Courtesy.objects.counting().filter(
            action__client=courtesy.action.client_id, year=courtesy.year, currency=currency
        )
        spent = rows.exclude(pk=courtesy.pk).aggregate(sum=Sum("cost"))["sum"] or Decimal(0)
    return Weighed(limit, currency, spent, courtesy.cost, courtesy.currency)


@transaction.atomic
def plan_courtesy(
    *, actor: User, action: Action, kind: str, what: str = "", cost: Decimal = Decimal(0), currency: str
) -> Courtesy:
    """A gift or gesture for an open action. Above the limit it waits for a supervisor, who is told.

    Rule: see `weigh`; two at the same moment cannot both slip under the limit, for the client is locked.
    After a refusal or withdrawal it is planned anew in its place.
    Raises: ValidationError by field, PermissionDenied.
    """
    action = held_open(actor, action)
    courtesy = Courtesy.objects.filter(action=action).first() or Courtesy()
    if courtesy.pk is not None and courtesy.state not in (State.REFUSED, State.WITHDRAWN):
        raise ValidationError(_("It has a courtesy already."))
    courtesy.action, courtesy.year = action, action.due_on.year
    courtesy.ordered_on = courtesy.given_on = None
    fields = {"kind": kind, "what": what, "cost": cost, "currency": currency}
    return _weighed_anew(actor, courtesy, fields)


@transaction.atomic
def change_courtesy(*, actor: User, courtesy: Courtesy, changes: dict) -> Courtesy:
    """Another kind, other words or cost, before it is ordered. Approved stays approved while the kind is the same and costs no more.

    Raises: ValidationError by field, PermissionDenied.
    """
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise ValidationError({field: _("This field cannot be changed here.") for field in sorted(unknown)})
    courtesy = _held(actor, courtesy)
    if courtesy.state not in (State.PLANNED, State.WAITING, State.APPROVED):
        raise ValidationError(_("This is %(state)s already.") % {"state": courtesy.get_state_display()})
    return _weighed_anew(actor, courtesy, changes)


def _weighed_anew(actor: User, courtesy: Courtesy, fields: dict) -> Courtesy:
    """Save a courtesy as planned or as waiting for approval. Its client is locked."""
    state, cost, bought = courtesy.state, courtesy.cost, (courtesy.kind, courtesy.currency)
    for field, value in clean(fields).items():
        setattr(courtesy, field, value)
    courtesy.asked_by_id = courtesy.asked_by_id or actor.pk
    courtesy.full_clean(
        exclude=["action", "asked_by", "decided_by"], validate_unique=False, validate_constraints=False
    )
    if courtesy.kind == Courtesy.Kind.GIFT and not courtesy.what:
        raise ValidationError({"what": _("Write what it is.")})
    if courtesy.cost < 0:
        raise ValidationError({"cost": _("A cost is not negative.")})
    if not (courtesy.currency.isascii() and courtesy.currency.isalpha() and courtesy.currency.isupper()):
        raise ValidationError({"currency": _("Write three letters, like EUR.")})
    if state == State.APPROVED and (courtesy.kind, courtesy.currency) == bought and courtesy.cost <= cost:
        courtesy.save()
        return courtesy
    courtesy.asked_by, courtesy.asked_at = actor, timezone.now()
    courtesy.decided_by = courtesy.decided_at = None
    courtesy.reason = ""
    courtesy.state = State.WAITING if weigh(courtesy).needs_approval else State.PLANNED
    courtesy.save()
    if courtesy.state == State.WAITING:
        _ask(courtesy)
    return courtesy


def weigh_again(action: Action) -> None:
    """A courtesy that fell away with its action counts again: above the limit by now, it waits. The client is locked."""
    found = Courtesy.objects.filter(action=action, state=State.PLANNED).first()
    if found is None:
        return
    courtesy = _locked(found)
    if weigh(courtesy).needs_approval:
        courtesy.state = State.WAITING
        courtesy.save(update_fields=["state"])
        _ask(courtesy)


def _ask(courtesy: Courtesy) -> None:
    """Tell the supervisors that one waits for them."""
    for person in deciders(courtesy):
        subject = f"courtesy/{courtesy.pk}"
        notify(user=person, kind="courtesy", subject=subject, url=reverse("courtesy-list"))


def deciders(courtesy: Courtesy) -> list[User]:
    """The nearest supervisors who see the client; nobody decides about what they asked for themselves."""
    client = courtesy.action.client
    people = User.objects.exclude(pk=courtesy.asked_by_id).nearest_supervisors(client.branch)
    return [one for one in people if Client.objects.editable_by(one).filter(pk=client.pk).exists()]


@transaction.atomic
def decide_courtesy(*, actor: User, courtesy: Courtesy, approve: bool, reason: str = "") -> Courtesy:
    """A supervisor's decision about a courtesy that waits; whoever asked is told.

    Raises: ValidationError on `reason` for a refusal without one, or where it no longer waits; PermissionDenied
    for whoever is no supervisor of the client, or asked for it.
    """
    if actor.role != Role.SUPERVISOR:
        raise PermissionDenied
    reason = clean_line(reason)[:300]
    if not approve and not reason:
        raise ValidationError({"reason": _("Write why it is refused.")})
    courtesy = _held(actor, courtesy)
    if courtesy.asked_by_id == actor.pk:
        raise PermissionDenied
    if courtesy.state != State.WAITING:
        raise ValidationError(
            _("This no longer waits: it is %(state)s.") % {"state": courtesy.get_state_display()}
        )
    courtesy.state = State.APPROVED if approve else State.REFUSED
    courtesy.decided_by, courtesy.decided_at, courtesy.reason = actor, timezone.now(), reason
    courtesy.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    notify(
        user=courtesy.asked_by,
        kind="courtesy_decided",
        subject=f"courtesy/{courtesy.pk}",
        url=reverse("client-tab", args=[courtesy.action.client.number, "plan"]),
    )
    return courtesy


@transaction.atomic
def take_courtesy_step(*, actor: User, courtesy: Courtesy, to: str) -> Courtesy:
    """Ordered, given (today, of the client's branch) or withdrawn. What waits or was refused is not ordered.

    Given may be said of an action that is done as well. Raises: ValidationError, PermissionDenied.
    """
    may_edit(actor, courtesy)
    may_plan(courtesy.action.client)
    courtesy = _locked(courtesy)
    if courtesy.action.state not in (Action.State.PLANNED, Action.State.DONE):
        raise ValidationError(_("This action is closed already."))
    if to not in STEPS:
        raise ValidationError(_("A courtesy is ordered, given or withdrawn."))
    if courtesy.state not in STEPS[State(to)]:
        raise ValidationError(
            _("This is not possible: it is %(state)s.") % {"state": courtesy.get_state_display()}
        )
    today = courtesy.action.client.branch.today()
    courtesy.state = State(to)
    if to == State.ORDERED:
        courtesy.ordered_on = today
    if to == State.GIVEN:
        courtesy.given_on = today
    courtesy.save(update_fields=["state", "ordered_on", "given_on"])
    return courtesy


@transaction.atomic
def undo_courtesy_step(*, actor: User, courtesy: Courtesy, act: str) -> Courtesy:
    """Take back a step of the actor's (see `moves.put_back`). What was withdrawn is weighed anew."""
    may_edit(actor, courtesy)
    may_plan(courtesy.action.client)
    courtesy = _locked(courtesy)
    found = before_act(actor, courtesy, act)
    former = found["former"] if found else None
    if former is None:
        raise ValidationError(_("This cannot be taken back any more."))
    was_withdrawn = courtesy.state == State.WITHDRAWN
    courtesy.state, courtesy.ordered_on, courtesy.given_on = former.state, former.ordered_on, former.given_on
    if was_withdrawn and courtesy.state == State.PLANNED and weigh(courtesy).needs_approval:
        courtesy.state = State.WAITING
    courtesy.save(update_fields=["state", "ordered_on", "given_on"])
    return courtesy


def _held(actor: User, courtesy: Courtesy) -> Courtesy:
    action = held_open(actor, courtesy.action)
    courtesy = _locked(courtesy)
    courtesy.action = action
    return courtesy


def _locked(courtesy: Courtesy) -> Courtesy:
    rows = Courtesy.objects.select_for_update(of=("self",)).select_related(
        "action__client__branch", "action__client__tier", "asked_by"
    )
    return rows.get(pk=courtesy.pk)
