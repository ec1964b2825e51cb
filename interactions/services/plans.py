"""The service plan: each client's next contact, placed in the coming weeks and placed anew every morning."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection, transaction
from django.utils import timezone

from clients.models import Theme
from common.calendars import WorkingCalendar
from interactions.models import Action
from interactions.planner import Wish, place
from staff.models import Branch, User

HORIZON = timedelta(days=35)  # so far ahead contacts are placed
SLACK = timedelta(days=7)  # past the ideal day, where the tier has no maximum

# Clients whose next contact lies within the horizon, with whoever holds them. Left out are clients with whom a
# contact of the theme is planned otherwise, or has an appointment, and those whose contact of this round was done
# or skipped.
_WISHES = """
SELECT k.id, h.manager_id, k.next_due_on,
       k.next_due_on + greatest(coalesce(t.maximum_days - t.ideal_days, %(slack)s), 0),
       (k.last_reached_at AT TIME ZONE b.time_zone)::date
  FROM clients_client k
  JOIN staff_branch b ON b.id = k.branch_id
  JOIN clients_assignment h ON h.client_id = k.id AND h.role = 'primary' AND h.to_on IS NULL
  JOIN staff_user u ON u.id = h.manager_id AND u.is_active AND u.role = 'account_manager'
  LEFT JOIN clients_tier t ON t.id = k.tier_id
 WHERE k.branch_id = %(branch)s AND k.status = 'active' AND k.next_due_on <= %(until)s
   AND NOT EXISTS (
       SELECT 1 FROM interactions_action a
        WHERE a.client_id = k.id
          AND (a.state = 'planned' AND a.theme_id = %(theme)s AND (a.origin <> 'plan' OR EXISTS (
                   SELECT 1 FROM interactions_appointment p WHERE p.action_id = a.id AND p.cancelled_at IS NULL))
            OR a.origin = 'plan' AND a.event_on = k.next_due_on AND a.state IN ('done', 'skipped', 'cancelled')))
"""
# What stands on each day of each account manager: their own by name, or of the clients they hold.
_LOADS = """
SELECT coalesce(a.owner_id, h.manager_id), greatest(a.due_on, a.snoozed_until, %(on)s), count(*)
  FROM interactions_action a
  JOIN clients_client k ON k.id = a.client_id
  LEFT JOIN clients_assignment h ON h.client_id = a.client_id AND h.role = 'primary' AND h.to_on IS NULL
 WHERE a.state = 'planned' AND a.due_on <= %(last)s AND coalesce(a.owner_id, h.manager_id) = ANY(%(managers)s)
   AND NOT a.id = ANY(%(moving)s)
 GROUP BY 1, 2
"""


@dataclass
class Planned:
    """What one planning did, in actions."""

    placed: int = 0
    moved: int = 0
    ended: int = 0
    stayed: int = 0


@transaction.atomic
def plan_service(branch: Branch, *, on: date) -> Planned:
    """Place the next contact of every client of a branch that is due within five weeks.

    Rule (domain.md, ServicePlan): counted from the last reached contact, spread over the working days within
    each account manager's daily capacity; birthdays and maturities keep their day and fill it. What is done
    or skipped is not touched, nothing is doubled, and what still fits stays where it is.
    Repeatable: a second run moves nothing.
    """
    theme = Theme.objects.get(code="keeping_in_touch")
    working = WorkingCalendar.of(country=branch.country, region=branch.region, weekdays=branch.working_days)
    days = [on + timedelta(days=n) for n in range(HORIZON.days + 1)]
    days = [day for day in days if working.is_working(day)]
    done = Planned()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"plan/{branch.code}"])
        cursor.execute(
            _WISHES,
            {"branch": branch.pk, "until": on + HORIZON, "theme": theme.pk, "slack": SLACK.days},
        )
        found = cursor.fetchall()
    wishes = {row[0]: Wish(row[2], row[0], row[3], row[1]) for row in found}
    reached = {row[0]: row[4] for row in found}
    open_now = Action.objects.open().filter(origin=Action.Origin.PLAN, client__branch=branch)
    open_now = open_now.exclude(appointment__isnull=False, appointment__cancelled_at=None)
    standing = {
        client_id: (pk, due_on, event_on)
        for client_id, pk, due_on, event_on in open_now.values_list("client_id", "pk", "due_on", "event_on")
    }
    ended = [pk for client_id, (pk, _due, _event) in standing.items() if client_id not in wishes]
    stays = {
        client_id
        for client_id, (_pk, due_on, event_on) in standing.items()
        if client_id in wishes
        and event_on == wishes[client_id].ideal
        and (due_on <= on or working.is_working(due_on))
    }
    leaving = [standing[client_id][0] for client_id in standing.keys() & wishes.keys() - stays]
    moving = {row.client_id: row for row in open_now.filter(pk__in=leaving).select_for_update(of=("self",))}
    new = [wish for client_id, wish in wishes.items() if client_id not in stays]
    if new and days:
        managers = {wish.manager_id for wish in new}
        placed = place(
            new,
            days=days,
            loads=_loads(on, days[-1], managers, [action.pk for action in moving.values()] + ended),
            capacity=dict(User.objects.filter(pk__in=managers).values_list("pk", "daily_capacity")),
        )
        _write(wishes, reached, placed, moving, theme)
        done.moved, done.placed = len(moving), len(placed) - len(moving)
    Action.objects.filter(pk__in=ended).update(state=Action.State.EXPIRED, closed_at=timezone.now())
    done.ended, done.stayed = len(ended), len(stays)
    return done


def _loads(on: date, last: date, managers: set[int], moving: list[int]) -> Counter[tuple[int, date]]:
    with connection.cursor() as cursor:
        cursor.execute(_LOADS, {"on": on, "last": last, "managers": list(managers), "moving": moving})
        return Counter({(manager_id, day): count for manager_id, day, count in cursor.fetchall()})


def _write(
    wishes: dict[int, Wish],
    reached: dict[int, date | None],
    placed: dict[int, date],
    moving: dict[int, Action],
    theme: Theme,
) -> None:
    """`about` of a planned contact is the day of the last one that reached: its reason speaks of that."""
    fresh = []
    for client_id, day in placed.items():
        action = moving.get(client_id)
        if action is None:
            action = Action(client_id=client_id, theme=theme, channel="call", origin=Action.Origin.PLAN)
            fresh.append(action)
        action.opens_on = action.due_on = day
        action.event_on, action.snoozed_until = wishes[client_id].ideal, None
        last = reached[client_id]
        action.about = last.isoformat() if last else ""
    Action.objects.bulk_update(moving.values(), ["opens_on", "due_on", "event_on", "snoozed_until", "about"])
    Action.objects.bulk_create(fresh, batch_size=500)
