"""The call list: one client after another, what came of it, and who calls whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Campaign, Target, TargetAction
from campaigns.services.acting import SETTLED
from clients.models import Assignment, Client
from clients.querysets import OfClientQuerySet
from clients.services.ground import may_edit
from interactions.models import Action, Contact
from interactions.services import log_contact
from interactions.services.actions import hand_over_action
from staff.models import User

Outcome = Target.Outcome


def call_list(campaign: Campaign, user: User) -> OfClientQuerySet:
    """The contacted arm of a campaign among the clients a person works with; the other arm is on no list.

    Annotates `action_id`, of the last round, and who holds the book now: `holder_id`, `holder`.
    """
    last = TargetAction.objects.filter(target=OuterRef("pk")).order_by("-number").values("action")[:1]
    rows = Target.objects.worked_by(user).filter(campaign=campaign, arm="treatment")
    held = Assignment.objects.filter(client=OuterRef("client"), role="primary", to_on=None)
    return rows.annotate(
        action_id=Subquery(last),
        holder_id=Subquery(held.values("manager")[:1]),
        holder=Subquery(held.values("manager__name")[:1]),
    )


def action_of(target: Target) -> Action | None:
    """The action of the target's last round, whatever became of it."""
    last = target.rounds.select_related("action__theme", "action__client__branch").order_by("-number").first()
    return last.action if last is not None else None


def to_call(campaign: Campaign, user: User) -> OfClientQuerySet:
    """The rounds whose client is still to be contacted: not the blocked, dormant or complaining, nor who has said no."""
    workable = Action.objects.open().workable().filter(client__in=Action.objects.reachable_by(user))
    rows = TargetAction.objects.filter(
        target__campaign=campaign, target__arm="treatment", action__in=workable
    )
    return rows.exclude(target__outcome__in=SETTLED)


def next_to_call(campaign: Campaign, user: User, *, after: Target | None = None) -> Target | None:
    """Whom to call next: of one's own, then of all in one's sight, what is due first; never the same again at once."""
    open_rounds = to_call(campaign, user)
    if after is not None:
        open_rounds = open_rounds.exclude(target=after)
    mine = open_rounds.filter(action__in=Action.objects.waiting_for(user, user.today()))
    for rows in (mine, open_rounds):
        found = rows.order_by("action__due_on", "target_id").values_list("target", flat=True).first()
        if found is not None:
            return Target.objects.select_related("client").get(pk=found)
    return None


@transaction.atomic
def record_call(*, actor: User, target: Target, outcome: str = "", **contact: Any) -> Contact:
    """Log a contact with a target, all that was heard in it, and what came of it: all or nothing.

    `contact` as for `log_contact`; it fulfils the target's action and carries the campaign's code.
    Raises: ValidationError by field; PermissionDenied.
    """
    row = _held(actor, target)
    action = action_of(row)
    logged = log_contact(
        actor=actor,
        client=row.client,
        action=action if action is not None and action.is_open else None,
        campaign_code=row.campaign.code,
        **{"theme": row.campaign.theme, **contact},
    )
    if outcome:
        _settle(actor, row, outcome)
    return logged


@transaction.atomic
def set_outcome(*, actor: User, target: Target, outcome: str) -> Target:
    """Say what came of a target without a contact, or correct it; empty takes it back.

    Rule: who is not interested, has bought or cannot be reached is called no more: an open action ends with that reason.
    Raises: ValidationError on `outcome`; PermissionDenied.
    """
    row = _held(actor, target)
    _settle(actor, row, outcome)
    return row


def _held(actor: User, target: Target) -> Target:
    may_edit(actor, target)
    row = Target.objects.select_for_update(of=("self",)).select_related("client__branch", "campaign__theme")
    found = row.get(pk=target.pk)
    if found.arm != "treatment":
        raise PermissionDenied  # who is left alone stays so
    return found


def _settle(actor: User, row: Target, outcome: str) -> None:
    if outcome and outcome not in Outcome.values:
        raise ValidationError({"outcome": _("Choose one of the list.")})
    before, was_at = row.outcome, row.outcome_at
    row.outcome = outcome
    row.outcome_at, row.outcome_by = (timezone.now(), actor) if outcome else (None, None)
    row.save(update_fields=["outcome", "outcome_at", "outcome_by"])
    made = TargetAction.objects.filter(target=row, has_joined=False).values("action")
    if outcome in SETTLED:
        Action.objects.open().filter(pk__in=made).update(
            state=Action.State.SKIPPED, reason=str(Outcome(outcome).label)[:300], closed_at=row.outcome_at
        )
    elif before in SETTLED and was_at is not None and row.campaign.state == Campaign.State.RUNNING:
        # What the word had ended stands again.
        ended = Action.objects.filter(pk__in=made, state=Action.State.SKIPPED, closed_at=was_at)
        ended.update(state=Action.State.PLANNED, reason="", closed_at=None)


@dataclass(frozen=True)
class Reassigned:
    """How many actions went to a colleague, and the clients whom that colleague may not look after."""

    moved: int
    left: list[str]


@transaction.atomic
def reassign(*, actor: User, targets: Iterable[Target], to: User, reason: str) -> Reassigned:
    """Give the open actions of some targets to a colleague who may look after the client; the others are named.

    Raises: ValidationError on `reason`; PermissionDenied.
    """
    if not reason.strip():
        raise ValidationError({"reason": _("Write why it is handed over.")})
    moved, left = 0, []
    for target in targets:
        action = action_of(target)
        if action is None or not action.is_open:
            continue
        try:
            with transaction.atomic():
                hand_over_action(actor=actor, action=action, to=to, reason=reason)
        except ValidationError:
            left.append(target.client.number)
        else:
            moved += 1
    return Reassigned(moved, left)


# Who looks after each target's last action: by name, or by book. Of clients in sight only.
_PROGRESS = """
SELECT coalesce(a.owner_id, h.manager_id) AS manager_id,
       count(*) AS all,
       count(*) FILTER (WHERE a.state = 'planned') AS open,
       count(*) FILTER (WHERE a.state = 'planned' AND a.due_on < %(today)s) AS late,
       count(*) FILTER (WHERE r.reached) AS reached,
       count(*) FILTER (WHERE r.tried AND NOT r.reached) AS tried,
       count(*) FILTER (WHERE t.outcome IN ('interested', 'bought')) AS keen,
       count(*) FILTER (WHERE t.outcome = 'declined') AS declined
  FROM campaigns_target t
  LEFT JOIN LATERAL (
        SELECT x.action_id FROM campaigns_targetaction x WHERE x.target_id = t.id ORDER BY x.number DESC LIMIT 1) l ON true
  LEFT JOIN interactions_action a ON a.id = l.action_id
  LEFT JOIN clients_assignment h ON h.client_id = t.client_id AND h.role = 'primary' AND h.to_on IS NULL
 CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(c.result = 'reached'), false) AS reached, count(*) > 0 AS tried
          FROM campaigns_targetaction x JOIN interactions_contact c ON c.action_id = x.action_id
         WHERE x.target_id = t.id AND c.voided_at IS NULL) r
 WHERE t.campaign_id = %(campaign)s AND t.arm = 'treatment' AND t.client_id IN ({sight})
 GROUP BY 1
"""


@dataclass(frozen=True)
class Progress:
    """How far one account manager (None: nobody) has come with a campaign, in clients."""

    manager: User | None
    all: int
    open: int
    late: int
    reached: int
    tried: int
    keen: int
    declined: int


def progress(campaign: Campaign, user: User) -> list[Progress]:
    """How far each account manager has come, of the clients a person works with; who has most to do first."""
    sight, asked = _sight(user)
    with connection.cursor() as cursor:
        cursor.execute(
            _PROGRESS.format(sight=sight),
            {**asked, "campaign": campaign.pk, "today": user.today()},
        )
        rows = cursor.fetchall()
    people = User.objects.in_bulk([row[0] for row in rows if row[0]])
    found = [Progress(people.get(row[0]), *row[1:]) for row in rows]
    return sorted(found, key=lambda one: (-one.open, one.manager.name if one.manager else ""))


def _sight(user: User) -> tuple[str, dict[str, Any]]:
    """The ids of the clients a person works with as SQL with named parameters."""
    sql, params = Client.objects.worked_by(user).values("pk").query.sql_with_params()
    names = [f"s{number}" for number in range(len(params))]
    for name in names:
        sql = sql.replace("%s", f"%({name})s", 1)
    return sql, dict(zip(names, params, strict=True))


def targets_seen(campaign: Campaign, user: User) -> QuerySet[Target]:
    """Every target of a campaign, either arm, of the clients a person works with."""
    return Target.objects.worked_by(user).filter(campaign=campaign)
