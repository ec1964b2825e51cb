"""What a campaign costs, to the cent: its lines divided over the groups of clients they are for. Nothing here asks the
database, and everything is in the campaign's one currency.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, TypeVar

K = TypeVar("K")

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")
THOUSAND = Decimal(1000)


class Group(NamedTuple):
    """The contacted clients of a tier; of a part of the campaign (`is_inside`) or of the rest of it."""

    tier: int | None
    is_inside: bool = True


@dataclass(frozen=True)
class Line:
    """One cost. Without a tier it is shared by all; `actual` is None as long as nobody knows it."""

    planned: Decimal
    actual: Decimal | None = None
    tier: int | None = None


@dataclass(frozen=True)
class Cost:
    """An amount planned, and what of it is known to have been spent."""

    planned: Decimal = NOTHING
    actual: Decimal = NOTHING

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.planned + other.planned, self.actual + other.actual)


@dataclass(frozen=True)
class GroupCost:
    """What a group cost: so much a client, and its shares of the lines."""

    group: Group
    clients: int
    unit: Decimal | None
    by_client: Cost
    shared: Cost

    @property
    def cost(self) -> Cost:
        return self.by_client + self.shared

    @property
    def a_client(self) -> Decimal | None:
        """What was spent for each client of the group."""
        return per(self.cost.actual, self.clients)


@dataclass(frozen=True)
class Costs:
    """`groups` add up with `undivided` (lines that are for nobody who is contacted) to `whole`, to the cent."""

    groups: Sequence[GroupCost]
    undivided: Cost
    whole: Cost
    unknown: int  # lines of which it is not known yet what was spent

    def of(self, is_inside: bool = True) -> Cost:
        """What the groups of a part cost together."""
        return sum((one.cost for one in self.groups if one.group.is_inside is is_inside), Cost())


def shares(amount: Decimal, weights: Mapping[K, int]) -> dict[K, Decimal]:
    """An amount divided by weights, to the cent: the shares always add up to it.

    Each gets its share rounded down; the cents that are left go to the largest remainders (Hamilton's method), of equal
    ones to the first. Empty where all weights are 0: there is nobody to divide over.
    """
    whole = sum(weights.values())
    if not whole:
        return {}
    cents = int(amount.scaleb(2))
    parts = {key: divmod(cents * weight, whole) for key, weight in weights.items()}
    left = cents - sum(part for part, _rest in parts.values())
    # Sorting is stable: of equal remainders the first stays first.
    favoured = set(sorted(parts, key=lambda key: -parts[key][1])[:left])
    return {key: CENT * (part + (key in favoured)) for key, (part, _rest) in parts.items()}


def divided_costs(
    lines: Iterable[Line], units: Mapping[int | None, Decimal], clients: Mapping[Group, int]
) -> Costs:
    """The costs of a campaign by group.

    A line of a tier is divided over the groups of that tier, any other over all, each by the number of clients
    contacted. `units` is what one client costs by tier, under None what one of any other tier does; it is both
    planned and spent.
    """
    lines = list(lines)
    shared = dict.fromkeys(clients, Cost())
    undivided = Cost()
    for line in lines:
        weights = {
            group: count for group, count in clients.items() if line.tier is None or group.tier == line.tier
        }
        planned, actual = shares(line.planned, weights), shares(line.actual or NOTHING, weights)
        if not planned:
            undivided += Cost(line.planned, line.actual or NOTHING)
        for group in planned:
            shared[group] += Cost(planned[group], actual[group])
    found = []
    for group, count in clients.items():
        unit = units.get(group.tier, units.get(None))
        by_client = (unit or NOTHING) * count
        found.append(GroupCost(group, count, unit, Cost(by_client, by_client), shared[group]))
    whole = sum((one.cost for one in found), undivided)
    return Costs(found, undivided, whole, sum(line.actual is None for line in lines))


def per(amount: Decimal, count: int | Decimal) -> Decimal | None:
    """What one of so many cost, to the cent; None where there was none."""
    return (amount / count).quantize(CENT) if count > 0 else None


def per_thousand(amount: Decimal, money: Decimal | None) -> Decimal | None:
    """What a thousand of new money cost, to the cent; None where none came."""
    return None if money is None else per(amount * THOUSAND, money)
