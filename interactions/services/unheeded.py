"""Nobody acted: the supervisors are told, once of each row."""

from datetime import date

from django.db import connection, transaction
from django.urls import reverse

from clients.models import Tier
from interactions.models import Action, Occurrence
from interactions.services.overtaken import without_appointment
from interactions.sources import Places, Rules
from messaging.services import notify_each
from staff.models import User

# Rows beyond the days of their client's rule, counted from the day on which somebody could act, that nobody tried.
_WAITING = """
WITH rule AS (
    SELECT * FROM unnest(%(sources)s::text[], %(tiers)s::bigint[], %(days)s::int[]) AS r (source, tier, days)
)
SELECT o.id, k.branch_id
  FROM interactions_action a
  JOIN interactions_occurrence o ON o.action_id = a.id AND o.escalated_on IS NULL AND o.due_on < %(on)s
  JOIN clients_client k ON k.id = o.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
  JOIN rule r ON r.source = o.source AND r.tier = coalesce(k.tier_id, 0)
 WHERE a.state = 'planned' AND greatest(o.due_on, o.raised_on, a.snoozed_until) + r.days < %(on)s
   AND NOT EXISTS (SELECT FROM interactions_contact c WHERE c.action_id = a.id AND c.voided_at IS NULL)
   AND {free}
"""
NO_TIER = 0


@transaction.atomic
def tell_supervisors(places: Places, on: date, rules: dict[str, Rules]) -> int:
    """Tell the supervisors of what is open beyond its rule's days though nobody tried; how many rows.

    An attempt is an act, and so are putting off until a later day and an appointment. Each row is told once, in one notice a day to
    each of the nearest supervisors; where there is none yet it is asked again tomorrow.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING.format(free=without_appointment("a")), {"on": on, "branches": places.ids} | _days(rules)
        )
        waiting = dict(cursor.fetchall())
    if not waiting:
        return 0
    nearest = _nearest(places)
    late = Occurrence.objects.filter(
        pk__in=[pk for pk, branch_id in waiting.items() if nearest[branch_id]],
        action__in=Action.objects.open().workable(),
        escalated_on=None,
    )
    actions = dict(late.values_list("pk", "action_id"))
    told = Occurrence.objects.filter(pk__in=actions, escalated_on=None)
    plain = set(told.plain().values_list("pk", flat=True))
    count = told.update(escalated_on=on)
    of_user: dict[User, list[int]] = {}
    for pk in actions:
        for user in nearest[waiting[pk]]:
            of_user.setdefault(user, []).append(pk)
    counts = {
        user.pk: len({actions[pk] for pk in _seen(user, rows, plain)}) for user, rows in of_user.items()
    }
    notify_each(
        counts={pk: seen for pk, seen in counts.items() if seen},
        kind="escalation",
        subject=f"escalation/{on}",
        url=reverse("unheeded"),
    )
    return count


def _nearest(places: Places) -> dict[int, list[User]]:
    """By branch: its active supervisors; where it has none, those of the nearest branch above that has."""
    of_branch: dict[int | None, list[User]] = {}
    for user in User.objects.active().filter(role="supervisor"):
        of_branch.setdefault(user.branch_id, []).append(user)
    return {
        pk: next((of_branch[above] for above in reversed(branch.path) if above in of_branch), [])
        for pk, branch in places.by_id.items()
    }


def _seen(user: User, rows: list[int], plain: set[int]) -> set[int]:
    """Of which rows a supervisor may know: of plain files all, of the others what the rules of sight say."""
    seen, others = plain.intersection(rows), set(rows) - plain
    if others:
        seen |= set(Occurrence.objects.worked_by(user).filter(pk__in=others).values_list("pk", flat=True))
    return seen


def _days(rules: dict[str, Rules]) -> dict[str, list]:
    """After how many days each source is told of, by tier, as three columns."""
    tiers = [None, *Tier.objects.values_list("pk", flat=True)]
    ruled = [
        (source, tier or NO_TIER, rule.escalate_after_days)
        for source, of_source in rules.items()
        for tier in tiers
        if (rule := of_source.of(tier)).is_on and rule.escalate_after_days is not None
    ]
    names = ("sources", "tiers", "days")
    return {name: [row[n] for row in ruled] for n, name in enumerate(names)}
