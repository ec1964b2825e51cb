"""Branches, the people who work in them, and who stands in for whom this week."""

from collections.abc import Sequence
from datetime import timedelta

from bankcrm.generated.bank import PLACES, Bank, Leaf
from bankcrm.generated.books import KEY_SHARE
from bankcrm.generated.copying import copy
from bankcrm.generated.names import staff_name
from staff.models import Branch, Cover, User
from staff.services import rebuild_branch_paths

CLIENTS_PER_BRANCH = 2500
BRANCHES_PER_REGION = 8
ROOT = 1  # the id of the branch above all others


def make_people(bank: Bank) -> None:
    """The branches with their leaves, everybody who works there, and cover in every fourth leaf."""
    region_ids = _branches(bank)
    _staff(bank, region_ids)
    copy(
        Cover,
        "id covered_id stand_in_id from_on to_on",
        (
            (
                number,
                leaf.managers[0],
                leaf.managers[1],
                bank.on - timedelta(days=2),
                bank.on + timedelta(days=5),
            )
            for number, leaf in enumerate((leaf for leaf in bank.leaves if len(leaf.managers) > 1), 1)
            if number % 4 == 0
        ),
    )


def _branches(bank: Bank) -> Sequence[int]:
    """The tree of branches; returns the ids of the regions."""
    leaf_count = max(1, round(bank.client_count / CLIENTS_PER_BRANCH)) if bank.client_count > 500 else 1
    region_count = max(1, round(leaf_count / BRANCHES_PER_REGION))
    branches: list[tuple] = [(ROOT, "BANK", "Bank", None, PLACES[0])]
    region_ids = range(ROOT + 1, ROOT + 1 + region_count)
    for number, region_id in enumerate(region_ids):
        place = PLACES[number % len(PLACES)]
        branches.append((region_id, f"R{number + 1:02}", f"Region {number + 1}", ROOT, place))
    base = bank.client_count // leaf_count
    for number in range(leaf_count):
        place = PLACES[number % region_count % len(PLACES)]
        leaf_id = ROOT + 1 + region_count + number
        above = region_ids[number % region_count]
        branches.append((leaf_id, f"B{number + 1:04}", f"Branch {number + 1}", above, place))
        bank.leaves.append(Leaf(leaf_id, place, base + (number < bank.client_count - base * leaf_count)))
    copy(
        Branch,
        "id code name parent_id country time_zone path region working_days",
        ((*row, place.country, place.time_zone, "{}", "", "{0,1,2,3,4}") for *row, place in branches),
    )
    rebuild_branch_paths()
    return region_ids


def _staff(bank: Bank, region_ids: Sequence[int]) -> None:
    draw = bank.random
    people: list[tuple] = []

    def person(role: str, branch_id: int, letter: str) -> int:
        pk = len(people) + 1
        name = staff_name(draw)
        number = f"{letter}{pk:05}"
        people.append((pk, number, name, f"{number.lower()}@bank.example", role, branch_id, "!"))
        return pk

    for role in ("administrator", "auditor", "data_officer", "head_office"):
        person(role, ROOT, "H")
    for region_id in region_ids:
        person("supervisor", region_id, "S")
    for leaf in bank.leaves:
        person("supervisor", leaf.id, "S")
        person("front_desk", leaf.id, "F")
        left = round(leaf.size * KEY_SHARE)
        while left > 0:
            book = min(left, draw.randint(140, 360))
            leaf.managers += [person("account_manager", leaf.id, "M")]
            left -= book
    copy(
        User,
        "id staff_number name email role branch_id password language time_zone is_active is_superuser "
        "sees_identities daily_capacity remembered_channel",
        ((*row, "", "", True, False, False, 15, "") for row in people),
    )
