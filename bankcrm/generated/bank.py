"""The bank while it is made: what one kind of thing has to know of those made before it."""

from array import array
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from datetime import time as clock
from random import Random
from typing import NamedTuple

from clients.models import Tier

DAYS = 365  # the year past


class Place(NamedTuple):
    """Where a branch stands, and what its clients have from there."""

    country: str
    time_zone: str
    currency: str
    phone_prefix: str
    city: str


PLACES = (
    Place("ES", "Europe/Madrid", "EUR", "+346", "Madrid"),
    Place("CZ", "Europe/Prague", "CZK", "+4207", "Prague"),
    Place("MX", "America/Mexico_City", "MXN", "+5255", "Mexico City"),
    Place("CN", "Asia/Shanghai", "CNY", "+8613", "Shanghai"),
    Place("PT", "Europe/Lisbon", "EUR", "+3519", "Lisbon"),
)


@dataclass
class Leaf:
    """One branch that holds clients, with its people."""

    id: int
    place: Place
    size: int
    managers: list[int] = field(default_factory=list)


@dataclass
class Bank:
    """Its sizes, its chance and what is known so far; ids are given here, so that later tables know them.

    A client is known by its index, which is its id less one.
    """

    client_count: int
    contact_count: int
    on: date
    random: Random
    tiers: dict[str, Tier]
    themes: dict[str, int]
    fact_types: dict[str, int]
    leaves: list[Leaf] = field(default_factory=list)
    # By client index: the branch's place in `leaves`, the primary manager (0: none), the days between two
    # contacts (0: no key client), client since, last reached.
    leaf_of: array = field(default_factory=lambda: array("l"))
    manager_of: array = field(default_factory=lambda: array("l"))
    ideal_of: array = field(default_factory=lambda: array("l"))
    since_of: list[date] = field(default_factory=list)
    last_reached: list[datetime | None] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)  # client indexes with whom nothing is planned any more
    # Contact, client index, manager, when.
    voiced: list[tuple[int, int, int, datetime]] = field(default_factory=list)
    changes: int = 0  # entries in the ledger of facts
    maturing: dict[int, tuple[date, int]] = field(default_factory=dict)  # by client index: day, principal

    def __post_init__(self) -> None:
        self.midnight = datetime.combine(self.on, clock(0), UTC)

    def leaf(self, index: int) -> Leaf:
        """The branch of a client."""
        return self.leaves[self.leaf_of[index]]
