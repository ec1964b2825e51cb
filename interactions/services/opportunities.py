"""Opportunities: raised from what the client voiced, moved stage by stage, won by a purchase or lost."""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, Theme
from clients.services.ground import clean, may_edit, may_plan
from interactions.models import Action, Contact, Opportunity, Stage, StageChange
from interactions.models.opportunity import OPEN_STAGES
from interactions.services.actions import MAX_AHEAD
from interactions.services.promises import close_actions
from portfolio.models import Product, Purchase
from portfolio.suitability import suitability
from staff.models import User


@dataclass(frozen=True)
class Interest:
    """An interest as it was heard: a product or a kind of product, an amount, the next step."""

    next_on: date
    product: Product | None = None
    kind: str = ""
    amount: Decimal | None = None
    currency: str = ""
    next_step: str = ""
    note: str = ""
    stage: str = Stage.INTEREST
    channel: str = "call"
    next_at: time | None = None
    suitability_reason: str = ""


@transaction.atomic
def raise_opportunity(
    *, actor: User, client: Client, interest: Interest, contact: Contact | None = None
) -> Opportunity:
    """Write down an interest or intention to buy, with its next step as an action on Today.

    Visibility: the client must be editable by the actor. Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, client)
    may_plan(client)
    if interest.stage not in OPEN_STAGES:
        raise ValidationError({"stage": _("It begins as interest, intention or proposal.")})
    words = clean(
        {
            "next_step": interest.next_step,
            "note": interest.note,
            "suitability_reason": interest.suitability_reason,
        }
    )
    product = interest.product
    opportunity = Opportunity(
        client=client,
        product=product,
        kind=product.kind if product else interest.kind,
        amount=interest.amount,
        currency=_currency(client, product, interest.amount, interest.currency),
        stage=interest.stage,
        next_step=words["next_step"][:300],
        next_on=interest.next_on,
        contact=contact,
        note=words["note"][:300],
        suitability_reason=words["suitability_reason"][:300],
        raised_at=contact.occurred_at if contact else timezone.now(),
        raised_by=actor,
    )
    if opportunity.stage == Stage.PROPOSAL:
        _must_suit(opportunity)
    _check(opportunity)
    _plan(actor, opportunity, channel=interest.channel, due_at=interest.next_at)
    opportunity.save()
    StageChange.objects.create(
        opportunity=opportunity, stage=opportunity.stage, by=actor, at=opportunity.raised_at
    )
    return opportunity


def _currency(client: Client, product: Product | None, amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return ""
    return currency or (product.currency if product else "")


def _check(opportunity: Opportunity) -> None:
    if not opportunity.kind:
        raise ValidationError({"kind": _("Choose a product or a kind of product.")})
    if opportunity.amount is not None and opportunity.amount <= 0:
        raise ValidationError({"amount": _("Write an amount above zero, or none.")})
    if opportunity.amount is not None and not opportunity.currency:
        raise ValidationError({"currency": _("Write the currency of the amount, like EUR.")})
    if opportunity.is_open:
        today = opportunity.client.branch.today()
        if opportunity.next_on is None:
            raise ValidationError({"next_on": _("Choose the day of the next step.")})
        if opportunity.next_on > today + MAX_AHEAD:
            raise ValidationError({"next_on": _("Choose a day within the next two years.")})
    opportunity.full_clean(
        exclude=["client", "product", "action", "contact", "purchase", "raised_by"],
        validate_constraints=False,
        validate_unique=False,
    )


def _plan(
    actor: User, opportunity: Opportunity, *, channel: str = "call", due_at: time | None = None
) -> None:
    """The next step as the opportunity's one action: made, or moved with it."""
    action = opportunity.action if opportunity.action and opportunity.action.is_open else None
    if action is None:
        action = Action(
            client=opportunity.client,
            theme=Theme.objects.get(code="product"),
            channel=channel,
            due_at=due_at,
            origin=Action.Origin.NEXT_STEP,
            created_by=actor,
            from_contact=opportunity.contact,
        )
    action.source = "" if opportunity.next_step else "next_step"
    action.about = opportunity.next_step or opportunity.what[:300]
    action.opens_on = action.due_on = opportunity.next_on
    action.amount, action.currency = opportunity.amount, opportunity.currency
    action.snoozed_until = None
    action.save()
    opportunity.action = action


def _locked(actor: User, opportunity: Opportunity) -> Opportunity:
    may_edit(actor, opportunity)
    rows = Opportunity.objects.select_for_update(of=("self",)).select_related(
        "client__branch", "product", "action", "contact"
    )
    locked = rows.get(pk=opportunity.pk)
    if not locked.is_open:
        raise ValidationError(_("Somebody has already closed this opportunity."))
    return locked


@transaction.atomic
def change_opportunity(*, actor: User, opportunity: Opportunity, **changes) -> Opportunity:
    """Change product, kind, amount, currency, next step, its day or the note of an open opportunity.

    Effects: the action of the next step moves with it. Raises: ValidationError by field; PermissionDenied.
    """
    opportunity = _locked(actor, opportunity)
    allowed = {"product", "kind", "amount", "currency", "next_step", "next_on", "note", "suitability_reason"}
    unknown = set(changes) - allowed
    if unknown:
        raise ValidationError({field: _("This field cannot be changed here.") for field in sorted(unknown)})
    for field, value in clean(changes).items():
        setattr(opportunity, field, value)
    if opportunity.product:
        opportunity.kind = opportunity.product.kind
    opportunity.currency = _currency(
        opportunity.client, opportunity.product, opportunity.amount, opportunity.currency
    )
    if opportunity.stage == Stage.PROPOSAL:
        _must_suit(opportunity)
    _check(opportunity)
    _plan(actor, opportunity)
    opportunity.save()
    return opportunity


@transaction.atomic
def move_opportunity(
    *,
    actor: User,
    opportunity: Opportunity,
    stage: str,
    next_on: date | None = None,
    next_step: str = "",
    suitability_reason: str = "",
    lost_reason: str = "",
    purchase: Purchase | None = None,
) -> Opportunity:
    """Enter another stage; every change of stage is a row.

    Rules: proposed only what suits, or with a recorded reason; won by a purchase of the client that closed
    no other opportunity; lost with a reason; open ones have a next step (domain.md, Opportunity).
    Raises: ValidationError by field; PermissionDenied.
    """
    opportunity = _locked(actor, opportunity)
    if stage not in Stage.values:
        raise ValidationError({"stage": _("Choose a stage from the list.")})
    if stage == opportunity.stage:
        return opportunity
    words = clean(
        {"next_step": next_step, "suitability_reason": suitability_reason, "lost_reason": lost_reason}
    )
    opportunity.stage = stage
    if words["suitability_reason"]:
        opportunity.suitability_reason = words["suitability_reason"][:300]
    if stage == Stage.PROPOSAL:
        _must_suit(opportunity)
    if stage in OPEN_STAGES:
        if next_on is not None:
            opportunity.next_on, opportunity.next_step = next_on, words["next_step"][:300]
        _check(opportunity)
        _plan(actor, opportunity)
    else:
        if stage == Stage.LOST:
            if not words["lost_reason"]:
                raise ValidationError({"lost_reason": _("Write why it was lost.")})
            opportunity.lost_reason = words["lost_reason"][:300]
        else:
            opportunity.purchase = _winning(opportunity, purchase)
        opportunity.closed_at = timezone.now()
        close_actions([opportunity.action_id], state=Action.State.DONE)
    opportunity.save()
    StageChange.objects.create(opportunity=opportunity, stage=stage, by=actor)
    return opportunity


def _must_suit(opportunity: Opportunity) -> None:
    if opportunity.product is None or opportunity.suitability_reason:
        return
    found = suitability(opportunity.client, opportunity.product, today=opportunity.client.branch.today())
    if not found.fits:
        raise ValidationError(
            {"suitability_reason": _("%(why)s Write why it is proposed all the same.") % {"why": found.words}}
        )


def purchases_for(opportunity: Opportunity):
    """Purchases of the client that may have closed it: since it was raised, not reversed, closing no other."""
    since = timezone.localtime(opportunity.raised_at, opportunity.client.branch.zone).date()
    return (
        Purchase.objects.standing()
        .filter(client=opportunity.client_id, bought_on__gte=since, opportunity=None)
        .select_related("product")
        .order_by("-bought_on", "number")
    )


def _winning(opportunity: Opportunity, purchase: Purchase | None) -> Purchase:
    if purchase is not None:  # of two who choose it at once, one wins
        list(Purchase.objects.filter(pk=purchase.pk).select_for_update(of=("self",)).values_list("pk"))
    if purchase is None or not purchases_for(opportunity).filter(pk=purchase.pk).exists():
        raise ValidationError({"purchase": _("Choose the purchase by which it was won.")})
    return purchase


@transaction.atomic
def reopen_opportunity(*, actor: User, opportunity: Opportunity, next_on: date) -> Opportunity:
    """Take back a closing; it stands in the stage it had before. Raises: ValidationError; PermissionDenied."""
    may_edit(actor, opportunity)
    rows = Opportunity.objects.select_for_update(of=("self",)).select_related("client__branch", "action")
    opportunity = rows.get(pk=opportunity.pk)
    if opportunity.is_open:
        return opportunity
    may_plan(opportunity.client)
    before = opportunity.stages.filter(stage__in=OPEN_STAGES).order_by("-at", "-pk").first()
    opportunity.stage = before.stage if before else Stage.INTEREST
    opportunity.closed_at, opportunity.lost_reason, opportunity.purchase = None, "", None
    opportunity.next_on = next_on
    _check(opportunity)
    _plan(actor, opportunity)
    opportunity.save()
    StageChange.objects.create(opportunity=opportunity, stage=opportunity.stage, by=actor)
    return opportunity
