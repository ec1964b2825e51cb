"""A campaign while it is planned: written down, asked for, decided, priced, copied."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignGroup, CostLine, Event, Material, Segment, SegmentVersion
from clients.models import Channel, Theme, Tier
from clients.services.ground import required
from common.text import clean_line, has_nul
from messaging.services import notify
from portfolio.models import Product
from staff.models import Branch, Role, User

MAY_PLAN = (Role.SUPERVISOR, Role.HEAD_OFFICE)
State = Campaign.State
LONGEST_DAYS = 731
MOST_CONTROL = Decimal("0.5")
RESERVED = ("add", "action", "call")  # pages of their own


@transaction.atomic
def plan_campaign(
    *,
    actor: User,
    name: str,
    code: str,
    theme: Theme,
    objective: str,
    method: str,
    frequency: str,
    channels: Sequence[str],
    starts_on: date,
    ends_on: date,
    products: Iterable[Product] = (),
    segment: Segment | None = None,
    branch: Branch | None = None,
    script: str = "",
    budget: Decimal = Decimal(0),
    currency: str = "",
    control_share: Decimal = Decimal(0),
    responsible: Iterable[User] = (),
    campaign: Campaign | None = None,
    keeps_version: bool = False,
) -> Campaign:
    """Write a campaign down, or change one (`campaign`) that nobody has launched. It takes the segment's version of now,
    or (`keeps_version`) keeps the one it has.

    Rule: a change of one that waits for approval or has it makes it a draft again, for somebody agreed to another.
    Visibility: head office for the bank or any branch; a supervisor for a branch of theirs.
    Raises: ValidationError by field; PermissionDenied.
    """
    if actor.role not in MAY_PLAN or not actor.is_active:
        raise PermissionDenied
    row = _changing(actor, campaign) if campaign is not None else Campaign(planned_by=actor)
    row.name = required("name", name, _("Give it a name."), most=120)
    row.code = required("code", code, _("Give it a short code."), most=40)
    row.theme = theme
    row.objective = _chosen("objective", objective, Campaign.Objective.values)
    row.method = _chosen("method", method, Campaign.Method.values)
    row.frequency = _chosen("frequency", frequency, Campaign.Frequency.values)
    row.channels = _channels(channels)
    row.starts_on, row.ends_on = _period(starts_on, ends_on)
    row.branch = _branch(actor, branch)
    version = row.segment_version
    if version is None or segment is None or version.segment_id != segment.pk or not keeps_version:
        row.segment_version = _version(actor, segment)
    row.script = _long_text("script", script)
    row.budget = _money("budget", budget)
    row.currency = _currency(row, currency)
    if not 0 <= control_share <= MOST_CONTROL:
        raise ValidationError({"control_share": _("Leave at most half of the clients alone.")})
    row.control_share = control_share
    row.state = State.DRAFT
    row.seed = row.seed or secrets.randbits(62)
    people = list(responsible)
    before = set(row.responsible.values_list("pk", flat=True)) if row.pk else set()
    if any(not person.is_active and person.pk not in before for person in people):
        raise ValidationError({"responsible": _("Choose people who work here.")})
    if not _is_plain(row.code):
        raise ValidationError({"code": _("Use letters, digits, dots and dashes only.")})
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ValidationError({"code": _("There is a campaign of this code already.")}) from error
    row.products.set(products)
    row.responsible.set(people)
    return row


def _is_plain(code: str) -> bool:
    return code.isascii() and all(sign.isalnum() or sign in "._-" for sign in code) and code not in RESERVED


def _changing(actor: User, campaign: Campaign) -> Campaign:
    """The campaign, locked, if the actor may change it and nobody has launched it."""
    row = held_campaign(actor, campaign)
    if not row.is_planning:
        raise ValidationError(_("It was launched: what it is and whom it is for stands."))
    return row


def _priced_anew(row: Campaign) -> None:
    """What was approved is not what is planned any more: a draft again. Nothing is priced of one that was put aside."""
    if row.state == State.DROPPED:
        raise ValidationError(_("It was put aside."))
    if row.state in (State.WAITING, State.APPROVED):
        row.state = State.DRAFT
        row.save(update_fields=["state"])


def held_campaign(actor: User, campaign: Campaign) -> Campaign:
    """The campaign, locked, if the actor may change it. Raises: PermissionDenied."""
    if not Campaign.objects.editable_by(actor).filter(pk=campaign.pk).exists():
        raise PermissionDenied
    return Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)


def _chosen(field: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise ValidationError({field: _("Choose one of the list.")})
    return value


def _channels(channels: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(channels))
    if not found:
        raise ValidationError({"channels": _("Choose at least one channel.")})
    if any(channel not in Channel.values or channel == Channel.EVENT for channel in found):
        raise ValidationError({"channels": _("Choose channels of the list.")})
    return found


def _period(starts_on: date, ends_on: date) -> tuple[date, date]:
    if ends_on < starts_on:
        raise ValidationError({"ends_on": _("It ends before it begins.")})
    if (ends_on - starts_on).days > LONGEST_DAYS:
        raise ValidationError({"ends_on": _("A campaign lasts at most two years.")})
    return starts_on, ends_on


def _branch(actor: User, branch: Branch | None) -> Branch | None:
    """Head office may plan for the whole bank; a supervisor's own branch is the widest."""
    if actor.role == Role.HEAD_OFFICE:
        return branch
    if branch is None:
        return actor.branch if actor.branch_id else _no_branch()
    if not Branch.objects.branches_of(actor).filter(pk=branch.pk).exists():
        _no_branch()
    return branch


def _no_branch():
    raise ValidationError({"branch": _("Choose a branch of yours.")})


def _version(actor: User, segment: Segment | None) -> SegmentVersion | None:
    if segment is None:
        return None
    if not Segment.objects.visible_to(actor).filter(pk=segment.pk).exists():
        raise ValidationError({"segment": _("Choose one of the list.")})
    return segment.current


def _long_text(field: str, text: str, most: int = 8000) -> str:
    text = text.replace("\r\n", "\n").strip()
    if has_nul(text):
        raise ValidationError({field: _("This holds a character that cannot be stored.")})
    if len(text) > most:
        raise ValidationError({field: _("This is too long: at most %(most)s characters.") % {"most": most}})
    return text


def _money(field: str, amount: Decimal) -> Decimal:
    if not amount.is_finite() or amount < 0 or amount >= Decimal(10) ** 10:
        raise ValidationError({field: _("Write an amount, nothing below zero.")})
    if amount != amount.quantize(Decimal("0.01")):
        raise ValidationError({field: _("Write at most two decimals.")})
    return amount


def _currency(row: Campaign, currency: str) -> str:
    """One currency a campaign: its costs add up."""
    code = (currency or row.currency or settings.REPORTING_CURRENCY).strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise ValidationError({"currency": _("Write three letters, like EUR.")})
    if row.pk and code != row.currency and (row.cost_lines.exists() or row.groups.exists()):
        raise ValidationError({"currency": _("Its costs are in %(code)s already.") % {"code": row.currency}})
    return code


# -- approval --------------------------------------------------------------------------------------


@transaction.atomic
def ask_approval(*, actor: User, campaign: Campaign) -> Campaign:
    """Ask for approval; a second call changes nothing. Raises: ValidationError where something is missing."""
    row = _changing(actor, campaign)
    if row.state != State.DRAFT:
        return row
    _is_complete(row)
    row.state, row.asked_by, row.asked_at, row.reason = State.WAITING, actor, timezone.now(), ""
    row.save(update_fields=["state", "asked_by", "asked_at", "reason"])
    for person in _deciders(row)[:50]:
        notify(
            user=person,
            kind="campaign_waits",
            subject=f"campaign/{row.pk}",
            url=f"/campaigns/{row.code}/",
        )
    return row


def _is_complete(row: Campaign) -> None:
    if row.segment_version is None and not row.targets.exists():
        raise ValidationError({"segment": _("Choose whom it is for.")})
    if row.objective == Campaign.Objective.PRODUCT and not row.products.exists():
        raise ValidationError({"products": _("Choose the products it is about.")})


def _deciders(row: Campaign) -> list[User]:
    people = User.objects.active().filter(role__in=MAY_PLAN)
    return [person for person in people.exclude(pk=row.asked_by_id) if may_decide(person, row)]


def may_decide(user: User, campaign: Campaign) -> bool:
    """Whether a person may approve: a supervisor of its branch or of one above, or head office; never who asked.

    Rule (domain.md, Campaign: approval by a supervisor): two people. What is for the whole bank is decided by a second
    person of head office or a supervisor of its topmost branch.
    """
    if not user.is_active or user.pk in (campaign.asked_by_id, campaign.planned_by_id):
        return False
    if user.role == Role.HEAD_OFFICE:
        return True
    if user.role != Role.SUPERVISOR or not user.branch_id or user.branch is None:
        return False
    if campaign.branch is None:
        return user.branch.parent_id is None
    return user.branch_id in campaign.branch.path


@transaction.atomic
def decide_campaign(
    *, actor: User, campaign: Campaign, approved: bool, reason: str = "", read_at: datetime | None = None
) -> Campaign:
    """Approve or refuse one that waits; refused it is a draft again, with the reason. Whoever asked is told.

    `read_at` is the moment of the asking that the actor has read: another one since is not what was approved.
    Raises: ValidationError on `reason` where it is refused without one, or where it waits no more; PermissionDenied.
    """
    row = (
        Campaign.objects.select_for_update(of=("self",))
        .select_related("branch", "asked_by")
        .get(pk=campaign.pk)
    )
    if not may_decide(actor, row):
        raise PermissionDenied
    if row.state != State.WAITING:
        raise ValidationError(_("It does not wait for approval any more."))
    if read_at is not None and read_at != row.asked_at:
        raise ValidationError(_("It was changed and asked for anew since you read it. Read it again."))
    reason = clean_line(reason)[:300]
    if not approved and not reason:
        raise ValidationError({"reason": _("Write why it is refused.")})
    row.state = State.APPROVED if approved else State.DRAFT
    row.decided_by, row.decided_at, row.reason = actor, timezone.now(), "" if approved else reason
    row.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    if row.asked_by is not None:
        notify(
            user=row.asked_by,
            kind="campaign_decided",
            subject=f"campaign/{row.pk}",
            url=f"/campaigns/{row.code}/",
        )
    return row


@transaction.atomic
def drop_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Put aside one that nobody launched; it can be taken up again. A second call changes nothing."""
    row = held_campaign(actor, campaign)
    if row.state == State.DROPPED:
        return row
    if not row.is_planning:
        raise ValidationError(_("It was launched: end it instead."))
    row.state = State.DROPPED
    row.save(update_fields=["state"])
    return row


@transaction.atomic
def restore_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Take up one that was put aside, as a draft."""
    row = held_campaign(actor, campaign)
    if row.state == State.DROPPED:
        row.state = State.DRAFT
        row.save(update_fields=["state"])
    return row


@transaction.atomic
def clone_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """A draft like another, for the days from today on; what was planned is copied, what happened is not."""
    if actor.role not in MAY_PLAN or not Campaign.objects.visible_to(actor).filter(pk=campaign.pk).exists():
        raise PermissionDenied
    old = Campaign.objects.get(pk=campaign.pk)
    today = actor.today()
    own = actor.role == Role.HEAD_OFFICE or (
        old.branch_id is not None and Branch.objects.branches_of(actor).filter(pk=old.branch_id).exists()
    )
    row = Campaign(
        code=_free_code(old.code),
        name=old.name,
        theme=old.theme,
        objective=old.objective,
        method=old.method,
        frequency=old.frequency,
        channels=old.channels,
        branch=old.branch if own else actor.branch,
        starts_on=today,
        ends_on=today + (old.ends_on - old.starts_on),
        script=old.script,
        budget=old.budget,
        currency=old.currency,
        control_share=old.control_share,
        seed=secrets.randbits(62),
        planned_by=actor,
        cloned_from=old,
    )
    version = old.segment_version
    if version is not None and Segment.objects.visible_to(actor).filter(pk=version.segment_id).exists():
        row.segment_version = version.segment.current
    row.save()
    row.products.set(old.products.all())
    row.responsible.set(old.responsible.filter(is_active=True))
    CampaignGroup.objects.bulk_create(
        CampaignGroup(campaign=row, tier=one.tier, unit_cost=one.unit_cost, currency=one.currency)
        for one in old.groups.all()
    )
    CostLine.objects.bulk_create(
        CostLine(
            campaign=row,
            tier=one.tier,
            what=one.what,
            planned_amount=one.planned_amount,
            currency=one.currency,
            written_by=actor,
        )
        for one in old.cost_lines.all()
    )
    Material.objects.bulk_create(
        Material(campaign=row, title=one.title, text=one.text) for one in old.materials.all()
    )
    return row


def _free_code(code: str) -> str:
    stem = code[:34]
    taken = set(Campaign.objects.filter(code__startswith=stem).values_list("code", flat=True))
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


# -- what it costs, what is at hand ----------------------------------------------------------------


@transaction.atomic
def price_groups(*, actor: User, campaign: Campaign, costs: dict[Tier | None, Decimal]) -> None:
    """Say what one client of each tier costs; `None` stands for all other clients. What is not named costs nothing.

    Rule: before the launch somebody has to agree anew; after it costs may still be corrected.
    Raises: ValidationError on `unit_cost`, or where it was put aside.
    """
    row = held_campaign(actor, campaign)
    known = {group.tier_id: group.unit_cost for group in row.groups.all()}
    if known != {tier.pk if tier else None: amount for tier, amount in costs.items()}:
        _priced_anew(row)
    for tier, amount in costs.items():
        CampaignGroup.objects.update_or_create(
            campaign=row,
            tier=tier,
            defaults={"unit_cost": _money("unit_cost", amount), "currency": row.currency},
        )
    named = Q(tier__in=[tier for tier in costs if tier is not None])
    row.groups.exclude(named | Q(tier=None) if None in costs else named).delete()


@transaction.atomic
def write_cost(
    *,
    actor: User,
    campaign: Campaign,
    what: str,
    planned_amount: Decimal = Decimal(0),
    actual_amount: Decimal | None = None,
    tier: Tier | None = None,
    event: Event | None = None,
    line: CostLine | None = None,
) -> CostLine:
    """Write down one cost, or change one (`line`). It is in the campaign's currency; a planned one is agreed to anew.

    Visibility: whoever may change the campaign. Raises: ValidationError by field.
    """
    row = held_campaign(actor, campaign)
    if line is not None and line.campaign_id != row.pk:
        raise PermissionDenied
    if event is not None and event.campaign_id != row.pk:
        raise ValidationError({"event": _("Choose one of the list.")})
    found = line or CostLine(campaign=row, written_by=actor)
    found.what = required("what", what, _("Write what it is for."), most=150)
    planned = _money("planned_amount", planned_amount)
    if planned != (found.planned_amount if found.pk else 0):
        _priced_anew(row)
    found.planned_amount = planned
    found.actual_amount = None if actual_amount is None else _money("actual_amount", actual_amount)
    found.tier, found.event, found.currency = tier, event, row.currency
    found.save()
    return found


@transaction.atomic
def drop_cost(*, actor: User, line: CostLine) -> None:
    """Take a cost off; history keeps it."""
    held_campaign(actor, line.campaign)
    CostLine.objects.filter(pk=line.pk).delete()


@transaction.atomic
def write_material(
    *, actor: User, campaign: Campaign, title: str, text: str, material: Material | None = None
) -> Material:
    """Write down what account managers are to have at hand, or change it."""
    row = held_campaign(actor, campaign)
    if material is not None and material.campaign_id != row.pk:
        raise PermissionDenied
    found = material or Material(campaign=row)
    found.title = required("title", title, _("Give it a title."), most=150)
    found.text = _long_text("text", text)
    if not found.text:
        raise ValidationError({"text": _("Write what it says.")})
    found.save()
    return found


@transaction.atomic
def drop_material(*, actor: User, material: Material) -> None:
    held_campaign(actor, material.campaign)
    Material.objects.filter(pk=material.pk).delete()
