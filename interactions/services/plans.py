"""The service plan: each client's next contact, placed in the coming weeks and placed anew every morning."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection, transaction

from clients.models import Theme
from interactions.models import Action, Severity
from interactions.planner import Wish, earliest, place
from interactions.services.opening import New, open_actions
from interactions.services.overtaken import without_appointment
from interactions.sources import Places
from staff.models import Branch, User

PLAN_THEME = "keeping_in_touch"
HORIZON = timedelta(days=35)  # so far ahead contacts are placed
SLACK = timedelta(days=7)  # past the ideal day, where the tier has no maximum
LONGEST_LOOK = timedelta(days=366)  # so far ahead a person may have moved a planned contact
FAR = timedelta(days=28)  # most wishes are new to the stretch and reach only the days from there on

# Whether a client `k` is to be contacted by an account manager in this round. Not where a contact of the theme is
# planned otherwise or has an appointment, nor where that of this round was done or skipped.
_IS_WISHED = """
    k.status = 'active' AND k.next_due_on <= %(until)s
    AND EXISTS (
        SELECT FROM clients_assignment h JOIN staff_user u ON u.id = h.manager_id
         WHERE h.client_id = k.id AND h.role = 'primary' AND h.to_on IS NULL
           AND u.is_active AND u.role = 'account_manager')
    AND NOT EXISTS (
        SELECT FROM interactions_action a
         WHERE a.client_id = k.id
           AND (a.state = 'planned' AND a.theme_id = %(theme)s AND (a.origin <> 'plan' OR NOT {free})
             OR a.origin = 'plan' AND a.event_on = k.next_due_on AND a.state IN ('done', 'skipped', 'cancelled')))
""".replace("{free}", without_appointment("a"))
# What was planned of a round that is over, or for a client with whom no contact is to be planned now.
_ENDED = """
UPDATE interactions_action p SET state = 'expired', closed_at = now()
  FROM clients_client k
 WHERE p.origin = 'plan' AND p.state = 'planned' AND k.id = p.client_id AND k.branch_id = ANY(%(branches)s)
   AND (%(among)s::bigint[] IS NULL OR p.client_id = ANY(%(among)s)) AND NOT coalesce({wished}, false)
   AND {free}
"""
# Who may have to be placed: nothing is planned for this round yet, or on a day on which nobody works any more. Of all
# who come into the stretch only indexes are read; what else a wish hangs on is asked of these few.
_UNPLACED = """
WITH place AS (SELECT * FROM unnest(%(branches)s::bigint[], %(calendars)s::int[]) AS p (branch_id, calendar)),
     rest AS (SELECT * FROM unnest(%(resting)s::int[], %(days)s::date[]) AS r (calendar, day))
SELECT k.id, p.id
  FROM place b
  JOIN clients_client k ON k.branch_id = b.branch_id AND k.status = 'active' AND k.next_due_on <= %(until)s
  LEFT JOIN interactions_action p ON p.client_id = k.id AND p.origin = 'plan' AND p.state = 'planned'
 WHERE p.id IS NULL OR p.event_on IS DISTINCT FROM k.next_due_on
    OR p.due_on > %(on)s AND (b.calendar, p.due_on) IN (SELECT calendar, day FROM rest)
"""
_WISHES = """
SELECT k.id, k.branch_id, h.manager_id, k.next_due_on,
       k.next_due_on + greatest(coalesce(t.maximum_days - t.ideal_days, %(slack)s), 0),
       (k.last_reached_at AT TIME ZONE b.time_zone)::date
  FROM clients_client k
  JOIN staff_branch b ON b.id = k.branch_id
  JOIN clients_assignment h ON h.client_id = k.id AND h.role = 'primary' AND h.to_on IS NULL
  LEFT JOIN clients_tier t ON t.id = k.tier_id
 WHERE k.id = ANY(%(unplaced)s) AND {wished}
"""
# What stands on each day of each account manager from a day on: their own by name, or of the clients they hold.
_LOADS = """
WITH m AS (SELECT unnest(%(managers)s::bigint[]) AS manager_id),
     standing AS (
         SELECT m.manager_id, a.due_on, a.snoozed_until, a.id
           FROM m JOIN interactions_action a ON a.owner_id = m.manager_id
          WHERE {within}
          UNION ALL
         SELECT m.manager_id, a.due_on, a.snoozed_until, a.id
           FROM m
           JOIN clients_assignment h ON h.manager_id = m.manager_id AND h.role = 'primary' AND h.to_on IS NULL
           JOIN interactions_action a ON a.client_id = h.client_id AND a.owner_id IS NULL
          WHERE {within})
SELECT manager_id, greatest(due_on, snoozed_until, %(on)s), count(*) FROM standing
 WHERE NOT id = ANY(%(moving)s)
 GROUP BY 1, 2
"""
_WITHIN = """a.state = 'planned'
            AND (a.due_on BETWEEN %(first)s AND %(last)s OR a.due_on < %(first)s AND a.snoozed_until >= %(first)s)"""


@dataclass
class Planned:
    """What one planning did, in actions."""

    placed: int = 0
    moved: int = 0
    ended: int = 0


@dataclass(frozen=True)
class _Wanted:
    """A client to be placed, and the planned contact that is to move."""

    wish: Wish
    branch_id: int
    reached_on: date | None
    planned_id: int | None


def plan_service(branch: Branch, *, on: date) -> Planned:
    """Place the next contact of every client of a branch that is due within five weeks.

    Rule (domain.md, ServicePlan): counted from the last reached contact, spread over the working days within
    each account manager's daily capacity; birthdays and maturities keep their day and fill it. What is done
    or skipped is not touched, nothing is doubled, and what still fits stays where it is.
    Repeatable: a second run moves nothing.
    """
    return plan_places(Places([branch]), on=on)


@transaction.atomic
def plan_places(places: Places, *, on: date, among: list[int] | None = None) -> Planned:
    """`plan_service` for branches that have the same day, at once; of what stands only some clients' may have ended."""
    theme = Theme.objects.get(code=PLAN_THEME)
    done = Planned(ended=end_planned(places, on=on, among=among))
    asked = {
        "branches": places.ids,
        "calendars": [places.number(pk) for pk in places.ids],
        "on": on,
        "until": on + HORIZON,
        "theme": theme.pk,
        "slack": SLACK.days,
    } | _resting(places, on)
    with connection.cursor() as cursor:
        cursor.execute(_UNPLACED, asked)
        planned = dict(cursor.fetchall())
        cursor.execute(_WISHES.format(wished=_IS_WISHED), asked | {"unplaced": list(planned)})
        wanted = {
            client_id: _Wanted(
                Wish(ideal, client_id, latest, manager), branch_id, reached, planned[client_id]
            )
            for client_id, branch_id, manager, ideal, latest, reached in cursor.fetchall()
        }
    leaving = [row.planned_id for row in wanted.values() if row.planned_id]
    moving = {
        row.client_id: row
        for row in Action.objects.open().filter(pk__in=leaving).select_for_update(of=("self",))
    }
    placed = _placed(places, wanted.values(), on, leaving)
    _write(wanted, placed, moving, theme)
    done.moved = len(moving.keys() & placed.keys())
    done.placed = len(placed) - done.moved
    return done


@transaction.atomic
def end_planned(places: Places, *, on: date, among: list[int] | None = None) -> int:
    """End the planned contacts that nobody asks for any more, of some clients or of all; how many. Repeatable."""
    asked = {
        "branches": places.ids,
        "until": on + HORIZON,
        "theme": Theme.objects.get(code=PLAN_THEME).pk,
        "among": among,
    }
    with connection.cursor() as cursor:
        # Two plannings take turns, so that nobody is placed twice nor on a day that another has filled.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('plan'))")
        cursor.execute(_ENDED.format(wished=_IS_WISHED, free=without_appointment("p")), asked)
        return cursor.rowcount


def _resting(places: Places, on: date) -> dict[str, list]:
    """The days of the coming year on which each calendar rests, as two columns."""
    days = [on + timedelta(days=n) for n in range(1, LONGEST_LOOK.days + 1)]
    found = [
        (number, day)
        for number, working in enumerate(places.calendars)
        for day in days
        if not working.is_working(day)
    ]
    return {"resting": [number for number, _day in found], "days": [day for _number, day in found]}


def _placed(places: Places, wanted: Iterable[_Wanted], on: date, moving: list[int]) -> dict[int, date]:
    """The day of each client who is wanted, by the calendar of the branch."""
    stretch = [on + timedelta(days=n) for n in range(HORIZON.days + 1)]
    days = [[day for day in stretch if working.is_working(day)] for working in places.calendars]
    wishes: dict[int, list[Wish]] = {}
    first: dict[int, date] = {}  # by account manager
    for row in wanted:
        wish, number = row.wish, places.number(row.branch_id)
        if days[number]:
            wishes.setdefault(number, []).append(wish)
            day = earliest(wish, days[number])
            first[wish.manager_id] = min(first.get(wish.manager_id, day), day)
    loads = loads_of(on, first, moving)
    capacity = dict(User.objects.filter(pk__in=first).values_list("pk", "daily_capacity"))
    placed: dict[int, date] = {}
    for number, alike in wishes.items():
        placed |= place(alike, days=days[number], loads=loads, capacity=capacity)
    return placed


def loads_of(
    on: date, first: dict[int, date], moving: list[int], last: date | None = None
) -> Counter[tuple[int, date]]:
    """What stands on the days of account managers, of each from a day on at least, up to a day (default: the stretch)."""
    loads: Counter[tuple[int, date]] = Counter()
    for is_far in (True, False):
        managers = [pk for pk, day in first.items() if (day >= on + FAR) is is_far]
        if not managers:
            continue
        asked = {
            "on": on,
            "first": min(first[pk] for pk in managers)
            if is_far
            else date.min,  # late stands on the first day
            "last": last or on + HORIZON,
            "managers": managers,
            "moving": moving,
        }
        with connection.cursor() as cursor:
            cursor.execute(_LOADS.format(within=_WITHIN), asked)
            loads.update({(manager_id, day): count for manager_id, day, count in cursor.fetchall()})
    return loads


def _write(
    wanted: dict[int, _Wanted], placed: dict[int, date], moving: dict[int, Action], theme: Theme
) -> None:
    """`about` of a planned contact is the day of the last one that reached: its reason speaks of that."""
    fresh, moved = [], []
    for client_id, day in placed.items():
        row, action = wanted[client_id], moving.get(client_id)
        about = row.reached_on.isoformat() if row.reached_on else ""
        if action is None:
            fresh.append(New(None, client_id, day, day, Severity.USUAL, about, row.wish.ideal))
            continue
        action.opens_on = action.due_on = day
        action.event_on, action.snoozed_until, action.about = row.wish.ideal, None, about
        moved.append(action)
    Action.objects.bulk_update(moved, ["opens_on", "due_on", "event_on", "snoozed_until", "about"])
    open_actions(fresh, theme=theme, channel="call", origin=Action.Origin.PLAN)
