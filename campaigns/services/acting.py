"""What a campaign asks account managers to do: actions round by round, paused, taken up, ended."""

import logging
from collections.abc import Iterable
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Campaign, CampaignGroup, Target, TargetAction
from campaigns.services.campaigns import LONGEST_DAYS, held_campaign
from clients.models import Assignment, Channel
from common.text import clean_line
from interactions.models import Action, Appointment, Severity
from interactions.planner import Wish, place
from interactions.querysets import SILENT
from interactions.services.opening import New, new_ids, open_actions
from interactions.services.permission import Ground
from interactions.services.plans import loads_of
from staff.models import Branch, User

logger = logging.getLogger(__name__)

State = Campaign.State
Outcome = Target.Outcome
CHUNK = 2000
# Whoever said no, has bought or cannot be reached is not asked again in the next round.
SETTLED = (Outcome.DECLINED, Outcome.BOUGHT, Outcome.UNREACHABLE)
NOBODY = 0  # stands for the account manager of clients who have none


def act(campaign: Campaign, *, on: date) -> int:
    """Make the actions that the targets do not have yet, of each round that has begun by a day; how many.

    Rule (domain.md, Campaign): the treatment arm's only, spread over the round's working days within what each account
    manager's days hold, higher tiers first; who has an open action of the theme is told in that one. Repeatable.
    """
    if campaign.is_from_file and campaign.decided_by_id is None:
        return 0  # it came by a file, running: nobody here has approved it, and its work is done where it came from
    if campaign.state != State.RUNNING or campaign.method != Campaign.Method.CONTACTS:
        return 0
    made = 0
    for number, (first, last) in enumerate(campaign.rounds(until=on), start=1):
        if last >= on:
            made += _round(campaign, number, max(first, on), last)
    return made


def _round(campaign: Campaign, number: int, first: date, last: date) -> int:
    rounds = TargetAction.objects.filter(target=OuterRef("pk"), number=number)
    cancelled = Q(action=None) | Q(action__state=Action.State.CANCELLED)
    waiting = (
        campaign.targets.treated()
        .exclude(outcome__in=SETTLED)
        .exclude(client__status__in=(*SILENT, "dormant"))
        .exclude(Exists(rounds.exclude(cancelled)))
        .select_related("client__branch")
        .defer("client__search", "client__document_number")
        .order_by(F("tier__rank").desc(nulls_last=True), "pk")
    )
    targets = _allowed(campaign, list(waiting))
    if not targets:
        return 0
    standing = _standing(campaign, [target.client_id for target in targets], last)
    fresh = [target for target in targets if target.client_id not in standing]
    days = _spread(fresh, first, last)
    coming = dict(zip((target.pk for target in fresh), new_ids(len(fresh)), strict=True))
    for channel in dict.fromkeys(target.channel or "call" for target in fresh):
        rows = [
            New(
                id=coming[target.pk],
                client_id=target.client_id,
                opens_on=days[target.client_id],
                due_on=days[target.client_id],
                severity=Severity.USUAL,
                about=campaign.name,
                event_on=campaign.ends_on,
            )
            for target in fresh
            if (target.channel or "call") == channel
        ]
        for at in range(0, len(rows), CHUNK):
            open_actions(
                rows[at : at + CHUNK], theme=campaign.theme, channel=channel, origin=Action.Origin.CAMPAIGN
            )
    if number == 1:
        _price(campaign, fresh, coming)  # so much a client, not a contact
    _write(targets, number, standing, coming)
    return len(targets)


def _allowed(campaign: Campaign, targets: list[Target]) -> list[Target]:
    """Those who may be contacted as things are now: a complaint, a consent taken back, another agreement hold others up."""
    found = []
    for at in range(0, len(targets), CHUNK):
        part = targets[at : at + CHUNK]
        ground = Ground.of([target.client for target in part])
        found += [
            target
            for target in part
            if ground.why_not(target.client, target.channel or Channel.CALL, campaign.theme) is None
        ]
    return found


def _standing(campaign: Campaign, clients: list[int], last: date) -> dict[int, int]:
    """Open actions of the theme by client, of those that open by the round's end: the talk stands already."""
    rows = (
        Action.objects.open()
        .filter(client__in=clients, theme=campaign.theme, opens_on__lte=last)
        .exclude(snoozed_until__gt=last)
        .order_by("client", "-pk")
    )
    return dict(rows.values_list("client_id", "pk"))


def _spread(targets: list[Target], first: date, last: date) -> dict[int, date]:
    """Client id → working day of the client's branch: evenly over the round, where days hold it."""
    held = _holders([target.client_id for target in targets])
    by_branch: dict[int, list[Target]] = {}
    for target in targets:
        by_branch.setdefault(target.client.branch_id, []).append(target)
    all_days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    managers = {pk for pk in held.values() if pk}
    loads = loads_of(first, dict.fromkeys(managers, first), [], last) if managers else loads_of(first, {}, [])
    capacity = dict(User.objects.filter(pk__in=managers).values_list("pk", "daily_capacity"))
    turn = dict.fromkeys({NOBODY, *managers}, 0)
    of_all = dict.fromkeys(turn, 0)
    for target in targets:
        of_all[held.get(target.client_id, NOBODY)] += 1
    placed: dict[int, date] = {}
    for branch in Branch.objects.filter(pk__in=by_branch).order_by("pk"):
        working = branch.working_calendar()
        days = [day for day in all_days if working.is_working(day)] or [working.next_working(last)]
        wishes = []
        for target in by_branch[branch.pk]:
            manager = held.get(target.client_id, NOBODY)
            ideal = days[turn[manager] * len(days) // of_all[manager]]
            turn[manager] += 1
            wishes.append(Wish(ideal, target.client_id, days[-1], manager))
        placed |= place(wishes, days=days, loads=loads, capacity=capacity)
    return placed


def _holders(clients: list[int]) -> dict[int, int]:
    """Who holds each client's book now: a hand-over after the launch is obeyed."""
    rows = Assignment.objects.filter(
        client__in=clients,
        role="primary",
        to_on=None,
        manager__is_active=True,
        manager__role="account_manager",
    )
    return dict(rows.values_list("client", "manager"))


def _price(campaign: Campaign, targets: list[Target], coming: dict[int, int]) -> None:
    costs = {group.tier_id: group for group in CampaignGroup.objects.filter(campaign=campaign)}
    of_cost: dict[int, list[int]] = {}
    for target in targets:
        group = costs.get(target.tier_id) or costs.get(None)
        if group is not None:
            of_cost.setdefault(group.pk, []).append(coming[target.pk])
    for group in costs.values():
        Action.objects.filter(pk__in=of_cost.get(group.pk, ())).update(
            estimated_cost=group.unit_cost, cost_currency=group.currency
        )


def _write(targets: Iterable[Target], number: int, standing: dict[int, int], coming: dict[int, int]) -> None:
    """Each target's row of the round; one whose action was cancelled gets the new one."""
    rows = [
        TargetAction(
            target=target,
            client_id=target.client_id,
            number=number,
            action_id=coming.get(target.pk) or standing[target.client_id],
            has_joined=target.pk not in coming,
        )
        for target in targets
    ]
    TargetAction.objects.bulk_create(
        rows,
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["target", "number"],
        update_fields=["action", "has_joined"],
    )


def open_of(campaign: Campaign) -> QuerySet[Action]:
    """The open actions that a campaign made itself and with no appointment: what it may take back."""
    made = TargetAction.objects.filter(action=OuterRef("pk"), target__campaign=campaign, has_joined=False)
    return (
        Action.objects.open()
        .filter(Exists(made))
        .exclude(Exists(Appointment.objects.standing().filter(action=OuterRef("pk"))))
    )


def _take_back(campaign: Campaign, reason: str) -> int:
    return open_of(campaign).update(state=Action.State.CANCELLED, closed_at=timezone.now(), reason=reason)


def one_launch_at_a_time() -> None:
    """Until the transaction ends nobody else freezes or lengthens a campaign: of two, the second sees the first's list."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('launch'))")


@transaction.atomic
def pause_campaign(*, actor: User, campaign: Campaign, reason: str = "") -> Campaign:
    """Pause a running campaign: its open actions go from Today. Raises: ValidationError where it does not run."""
    row = held_campaign(actor, campaign)
    if row.state == State.PAUSED:
        return row
    if row.state != State.RUNNING:
        raise ValidationError(_("It does not run."))
    row.state, row.reason = State.PAUSED, clean_line(reason)[:300]
    row.save(update_fields=["state", "reason"])
    _take_back(row, _("The campaign is paused."))
    return row


@transaction.atomic
def resume_campaign(*, actor: User, campaign: Campaign) -> Campaign:
    """Take up a paused campaign: what was open is spread over the days that are left."""
    row = held_campaign(actor, campaign)
    if row.state == State.RUNNING:
        return row
    if row.state != State.PAUSED:
        raise ValidationError(_("It is not paused."))
    if row.ends_on < actor.today():
        raise ValidationError(_("Its last day is over. Extend it first."))
    row.state, row.reason = State.RUNNING, ""
    row.save(update_fields=["state", "reason"])
    act(row, on=max(row.starts_on, actor.today()))
    return row


@transaction.atomic
def extend_campaign(*, actor: User, campaign: Campaign, ends_on: date) -> Campaign:
    """Give a launched campaign a later last day. Actions that stand stay on their days.

    Raises: ValidationError on `ends_on` unless it lies after the present one and ahead.
    """
    row = held_campaign(actor, campaign)
    if row.state not in (State.RUNNING, State.PAUSED):
        raise ValidationError(_("It does not run any more."))
    if ends_on <= row.ends_on or ends_on < actor.today():
        raise ValidationError({"ends_on": _("Choose a day after the present last one.")})
    if (ends_on - row.starts_on).days > LONGEST_DAYS:
        raise ValidationError({"ends_on": _("A campaign lasts at most two years.")})
    one_launch_at_a_time()
    others = Target.objects.filter(
        campaign__state__in=(State.RUNNING, State.PAUSED, State.LAUNCHING),
        campaign__starts_on__lte=ends_on,
        campaign__ends_on__gt=row.ends_on,
        client__in=row.targets.values("client"),
    ).exclude(campaign=row)
    if taken := others.count():
        words = _("%(count)s of its clients are in another campaign in those days.")
        raise ValidationError({"ends_on": words % {"count": taken}})
    row.ends_on = ends_on
    row.save(update_fields=["ends_on"])
    act(row, on=max(row.starts_on, actor.today()))
    return row


@transaction.atomic
def end_campaign(*, actor: User, campaign: Campaign, reason: str = "") -> Campaign:
    """End a campaign: what nobody has done is taken off Today. A second call changes nothing.

    Raises: ValidationError where it was never launched; PermissionDenied.
    """
    row = held_campaign(actor, campaign)
    if row.state == State.ENDED:
        return row
    if row.state not in (State.RUNNING, State.PAUSED):
        raise ValidationError(_("It was never launched."))
    row.reason = clean_line(reason)[:300]
    if row.starts_on <= actor.today() < row.ends_on:
        row.ends_on = actor.today()
    row.save(update_fields=["reason", "ends_on"])
    _ended(row)
    return row


def _is_over(campaign: Campaign, today: date) -> bool:
    """Whether the last day is over everywhere: the clock of the last branch may be a day behind."""
    return campaign.ends_on + timedelta(days=1) < today


def tend_campaigns(on: date | None = None) -> dict[str, int]:
    """What every night does: the rounds that begin, and the campaigns whose last day is over everywhere. Repeatable.

    One that cannot be tended holds up no other.
    """
    done = {"made": 0, "ended": 0}
    today = on or timezone.localdate()
    for pk in Campaign.objects.filter(state__in=(State.RUNNING, State.PAUSED)).values_list("pk", flat=True):
        try:
            with transaction.atomic():
                row = Campaign.objects.select_for_update(of=("self",)).select_related("theme").get(pk=pk)
                if _is_over(row, today):
                    done["ended"] += _ended(row)
                else:
                    done["made"] += act(row, on=max(row.starts_on, today))
        except Exception:
            logger.exception("campaign could not be tended campaign=%s", pk)
    return done


def _ended(row: Campaign) -> int:
    """End a locked campaign whose last day is over."""
    if row.state not in (State.RUNNING, State.PAUSED):
        return 0
    row.state, row.ended_at = State.ENDED, timezone.now()
    row.save(update_fields=["state", "ended_at"])
    _take_back(row, _("The campaign is over."))
    return 1
