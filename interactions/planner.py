"""Where in the coming weeks a contact is placed: on working days, within what a day holds, moving the least.

Pure: it reads nothing and writes nothing. See interactions/services/plans.py for what is placed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

EARLY = timedelta(days=3)  # a contact may come so much before its ideal day, where that day is full


@dataclass(frozen=True, order=True)
class Wish:
    """A client who is to be contacted: ideally on a day, at the latest by another, by an account manager."""

    ideal: date
    client_id: int
    latest: date
    manager_id: int


def place(
    wishes: Iterable[Wish],
    *,
    days: Sequence[date],
    loads: Counter[tuple[int, date]],
    capacity: Mapping[int, int],
) -> dict[int, date]:
    """Client id → working day, for each wish in the order of the ideal days; `loads` grows with what is placed.

    `days` are the working days that may be used, in order; `loads` how much stands on each day of a manager
    already. Rule (domain.md, ServicePlan): the day with room that lies nearest to the ideal one, not more than
    three days before it nor after the latest. Where none has room: the first one after the latest that has.
    Where the whole stretch is full: the day least above what it holds. Raises ValueError without days.
    """
    if not days:
        raise ValueError("There is no working day to place a contact on.")
    placed: dict[int, date] = {}
    for wish in sorted(wishes):
        day = _day(wish, days, loads, capacity.get(wish.manager_id, 0))
        loads[wish.manager_id, day] += 1
        placed[wish.client_id] = day
    return placed


def earliest(wish: Wish, days: Sequence[date]) -> date:
    """The first day that a wish may be placed on: what stands before it makes no difference."""
    return max(min(wish.ideal, days[-1]) - EARLY, days[0])


def _day(wish: Wish, days: Sequence[date], loads: Counter, room: int) -> date:
    ideal = min(max(wish.ideal, days[0]), days[-1])
    latest = max(wish.latest, ideal)

    def free(day: date) -> bool:
        return loads[wish.manager_id, day] < room

    within = [day for day in days if ideal - EARLY <= day <= latest and free(day)]
    if within:
        return min(within, key=lambda day: (abs((day - ideal).days), day))
    after = next((day for day in days if day > latest and free(day)), None)
    if after is not None:
        return after
    reachable = [day for day in days if day >= ideal - EARLY]
    return min(reachable, key=lambda day: (loads[wish.manager_id, day] - room, day))
