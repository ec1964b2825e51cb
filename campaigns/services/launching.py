"""Launch: who is in is frozen, with why and in which arm; who is left out is written down with the reason."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.arms import drawn, lot
from campaigns.models import Arm, Campaign, Exclusion, Target
from campaigns.rules import condition
from campaigns.services.acting import act, one_launch_at_a_time
from campaigns.services.segments import members
from clients.models import Assignment, Client
from clients.querysets import ClientQuerySet
from common.jobs import after_commit
from interactions.services.guard import told_lately
from interactions.services.permission import Ground, Hindrance
from messaging.services import notify
from staff.models import Branch, User

CHUNK = 2000
logger = logging.getLogger(__name__)

SAMPLE = 3000
AT_ONCE = 1000  # so many are frozen while somebody waits; of more a worker does it
State = Campaign.State
Reason = Exclusion.Reason
_REASON_OF = {
    Hindrance.STATUS: Reason.STATUS,
    Hindrance.DORMANT: Reason.STATUS,
    Hindrance.COMPLAINT: Reason.COMPLAINT,
    Hindrance.CONSENT: Reason.CONSENT,
    Hindrance.ADDRESS: Reason.ADDRESS,
    Hindrance.CHANNEL: Reason.AGREEMENT,
    Hindrance.THEME: Reason.AGREEMENT,
}
# Of several channels that are all closed the reason is told that somebody could still change.
_MENDABLE = (Reason.ADDRESS, Reason.CONSENT, Reason.AGREEMENT, Reason.COMPLAINT, Reason.STATUS)


@dataclass
class Sorted:
    """The clients of a campaign, sorted: targets without their arm, and who is left out."""

    targets: list[tuple[Target, str]] = field(default_factory=list)  # with the client number
    left_out: list[Exclusion] = field(default_factory=list)


def launch_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Launch one that is approved: freeze its list and make its actions, at once or, of many, by a worker.

    Rule (domain.md, Campaign): later changes of the rule, of a client's tier or manager do not change the list.
    Repeatable: one that is launched, or being launched, stays as it is.
    Raises: ValidationError where it is not approved, or its period is over; PermissionDenied.
    """
    if not Campaign.objects.editable_by(actor).filter(pk=campaign.pk).exists():
        raise PermissionDenied
    with transaction.atomic():
        row = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        if row.is_launched or row.state == State.LAUNCHING:
            return row
        if row.state != State.APPROVED:
            raise ValidationError(_("It is launched once it is approved."))
        if row.ends_on < actor.today():
            raise ValidationError({"ends_on": _("Its last day is over. Choose another.")})
        row.state, row.launched_by = State.LAUNCHING, actor
        row.save(update_fields=["state", "launched_by"])
        many = row.targets.exists() or len(chosen(row, actor)[: AT_ONCE + 1].values_list("pk")) > AT_ONCE
        if many:
            after_commit("campaigns.launch", row.pk)
            return row
        launched = freeze(row)
    if not launched.is_launched:
        raise ValidationError(launched.reason)
    return launched


def chosen(campaign: Campaign, user: User) -> ClientQuerySet:
    """Whom the campaign's rule or list takes in today, of the clients its launcher works with, in its branches."""
    version = campaign.segment_version
    if version is None:
        return Client.objects.none()
    found = members(version, user)
    if campaign.branch_id is None:
        return found
    return found.filter(branch__in=Branch.objects.below(campaign.branch_id).values("pk"))


@dataclass(frozen=True)
class Forecast:
    """What a launch would do today: how many are in, and how many are left out by reason, of those looked at."""

    chosen: int
    looked_at: int  # fewer than chosen: a random sample, by which the others are judged
    included: int
    left_out: dict[str, int]
    by_tier: dict[int | None, int]  # of those included

    @property
    def expected(self) -> int:
        """How many would be in, of all chosen."""
        return round(self.chosen * self.included / self.looked_at) if self.looked_at else 0


def forecast(campaign: Campaign, user: User) -> Forecast:
    """What a launch today would freeze, without writing anything; of many clients judged by a sample of some thousands."""
    rows = chosen(campaign, user).order_by()
    if campaign.targets.exists():
        rows = Client.objects.filter(targets__campaign=campaign)
    count = rows.count()
    looked_at = count
    if count > SAMPLE:
        everybody = list(rows.values_list("pk", flat=True))
        looked_at = SAMPLE
        rows = rows.filter(pk__in=Random(campaign.seed).sample(everybody, SAMPLE))  # noqa: S311
    found = _sorted(campaign, user, rows)
    reasons: dict[str, int] = {}
    for one in found.left_out:
        reasons[one.reason] = reasons.get(one.reason, 0) + 1
    tiers: dict[int | None, int] = {}
    for target, _number in found.targets:
        tiers[target.tier_id] = tiers.get(target.tier_id, 0) + 1
    return Forecast(count, looked_at, len(found.targets), reasons, tiers)


@transaction.atomic
def freeze(campaign: Campaign) -> Campaign:
    """Write down the list of a campaign that is being launched, draw its arms, make the first actions. Repeatable."""
    one_launch_at_a_time()
    row = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if row.state != State.LAUNCHING or row.launched_by is None:
        return row
    delivered = dict(row.targets.values_list("client", "arm"))  # by a file, into the draft
    rows = Client.objects.filter(targets__campaign=row) if delivered else chosen(row, row.launched_by)
    found = _sorted(row, row.launched_by, rows)
    if not found.targets:
        row.state, row.reason = State.APPROVED, _("Nobody would be in it today.")
        row.save(update_fields=["state", "reason"])
        return row
    _draw(row, found, delivered)
    if delivered:
        _settle_delivered(row, found)
    else:
        # In the order of their lots: what is spread over the period by it favours nobody.
        found.targets.sort(key=lambda one: lot(row.seed, one[1]))
        Target.objects.bulk_create([target for target, _number in found.targets], batch_size=CHUNK)
    Exclusion.objects.bulk_create(found.left_out, batch_size=CHUNK)
    row.state, row.launched_at, row.reason = State.RUNNING, timezone.now(), ""
    row.save(update_fields=["state", "launched_at", "reason"])
    act(row, on=max(row.starts_on, row.launched_by.today()))
    if row.planned_by_id is not None:
        notify(
            user=row.planned_by,
            kind="campaign_launched",
            subject=f"campaign/{row.pk}",
            url=f"/campaigns/{row.code}/",
        )
    return row


def _draw(campaign: Campaign, found: Sorted, delivered: dict[int, str]) -> None:
    """Give each target its arm: the delivered one where a file names who is left alone, else by the draw."""
    if Arm.CONTROL in delivered.values():
        for target, _number in found.targets:
            target.arm = delivered[target.client_id]
        return
    control = drawn(
        ((number, (target.branch_id, target.tier_id)) for target, number in found.targets),
        share=campaign.control_share,
        seed=campaign.seed,
    )
    for target, number in found.targets:
        target.arm = Arm.CONTROL if number in control else Arm.TREATMENT


def _settle_delivered(campaign: Campaign, found: Sorted) -> None:
    """Of a list that a file has delivered: who may not be contacted goes, the others get arm and channel."""
    campaign.targets.filter(client__in=[one.client_id for one in found.left_out]).delete()
    rows = {row.client_id: row for row in campaign.targets.all()}
    for target, _number in found.targets:
        row = rows[target.client_id]
        row.arm, row.channel = target.arm, target.channel
    Target.objects.bulk_update(rows.values(), ["arm", "channel"], batch_size=CHUNK)


def _sorted(campaign: Campaign, user: User, rows: ClientQuerySet) -> Sorted:
    found = Sorted()
    theme, others = campaign.theme, _elsewhere(campaign)
    for chunk in _chunks(campaign, user, rows):
        clients = list(
            Client.objects.filter(pk__in=chunk)
            .select_related("branch", "tier")
            .defer("search", "document_number")
            .order_by("pk")
        )
        ground, lately = Ground.of(clients), told_lately(clients, theme)
        taken = set(others.filter(client__in=chunk).values_list("client", flat=True))
        held = dict(
            Assignment.objects.filter(client__in=chunk, role="primary", to_on=None).values_list(
                "client", "manager"
            )
        )
        for client in clients:
            channel, reason = _way(campaign, client, ground)
            if not reason and client.pk in taken:
                reason = Reason.CAMPAIGN
            if not reason and client.pk in lately:
                reason = Reason.GUARD
            if reason:
                found.left_out.append(Exclusion(campaign=campaign, client=client, reason=reason))
                continue
            target = Target(
                campaign=campaign,
                client=client,
                groups=chunk[client.pk],
                channel=channel,
                branch_id=client.branch_id,
                tier_id=client.tier_id,
                manager_id=held.get(client.pk),
            )
            found.targets.append((target, client.number))
    return found


def _chunks(campaign: Campaign, user: User, rows: ClientQuerySet) -> Iterator[dict[int, list[int]]]:
    """Ids of the chosen clients with the groups of the rule that took each in, some thousands at a time."""
    version = campaign.segment_version
    rule = version.rule if version is not None and not campaign.targets.exists() else None
    groups = rule["groups"] if rule else []
    asked = {
        f"in_{number}": ExpressionWrapper(
            condition({"all": True, "groups": [group]}, user.today()), output_field=BooleanField()
        )
        for number, group in enumerate(groups, start=1)
    }
    part: dict[int, list[int]] = {}
    for pk, *inside in list(rows.annotate(**asked).order_by("pk").values_list("pk", *asked)):
        part[pk] = [number for number, is_in in enumerate(inside, start=1) if is_in]
        if len(part) == CHUNK:
            yield part
            part = {}
    if part:
        yield part


def _way(campaign: Campaign, client: Client, ground: Ground) -> tuple[str, str]:
    """The first channel that is allowed, or why none is."""
    reasons = set()
    for channel in campaign.channels:
        hindrance = ground.why_not(client, channel, campaign.theme)
        if hindrance is None:
            return channel, ""
        reasons.add(_REASON_OF[hindrance])
    return "", next(reason for reason in _MENDABLE if reason in reasons)


def _elsewhere(campaign: Campaign):
    """Targets, in either arm, of other campaigns that run in these days: who is left alone there stays alone."""
    return Target.objects.filter(
        campaign__state__in=(State.RUNNING, State.PAUSED, State.LAUNCHING),
        campaign__starts_on__lte=campaign.ends_on,
        campaign__ends_on__gte=campaign.starts_on,
    ).exclude(campaign=campaign)


def launch_forgotten() -> int:
    """Launch what is being launched and whose task was lost; how many. Repeatable."""
    done = 0
    for campaign in Campaign.objects.filter(state=State.LAUNCHING).order_by("pk"):
        try:
            done += freeze(campaign).is_launched
        except Exception:
            # One that cannot be launched is its planner's trouble, not the night's.
            logger.exception("launch failed campaign=%s", campaign.pk)
    return done
