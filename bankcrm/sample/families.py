"""Who belongs to whom at the sample bank: families of one name, and companies with their owners."""

from bankcrm.sample.clients import SampleClient
from bankcrm.sample.dice import Dice

HOUSEHOLDS_PER_PLACE = 45
OWNED = 0.6  # of the companies have an owner who is a client as well


def make_relations(*, clients: list[SampleClient], seed: int) -> list[dict[str, str]]:
    """Parents, children, sisters and brothers by name and age, some of them in one household.

    Most families are in one book; the first of each place is in two, where each sees only a part of it.
    """
    random = Dice(f"{seed}/relations")
    rows: list[dict[str, str]] = []
    families: dict[tuple[str, str], list[SampleClient]] = {}
    people: dict[str, list[SampleClient]] = {}
    for client in clients:
        if client.is_person and client.is_active and client.manager and _born(client):
            name = client.row.get("family_name", "").split(" ")[0]
            families.setdefault((client.place.code, name), []).append(client)
            people.setdefault(client.manager.staff_number, []).append(client)
    made: dict[str, int] = {}
    for (place, _name), members in sorted(families.items()):
        members.sort(key=lambda one: (_born(one), one.number))
        while len(members) >= 2 and made.get(place, 0) < HOUSEHOLDS_PER_PLACE:
            head = members.pop(0)
            near = [one for one in members if kind_of(head, one)]
            is_apart = made.get(place, 0) == 0
            near = [one for one in near if (one.manager != head.manager) == is_apart]
            if not near:
                continue
            made[place] = made.get(place, 0) + 1
            code = f"HH-{place}-{made[place]:03d}"
            for other in random.sample(near, min(len(near), random.choice((1, 1, 2)))):
                members.remove(other)
                rows.append(_row(head, other, kind_of(head, other), code))
    for client in clients:
        if not client.is_person and client.is_active and client.manager and random.random() < OWNED:
            book = people.get(client.manager.staff_number)
            if book:
                rows.append(_row(client, random.choice(book), "owner", ""))
    return rows


def _born(client: SampleClient) -> int:
    """The year of birth; 0 where it is not known."""
    text = client.row.get("birth_date", "").removeprefix("lunar:")[:4]
    return int(text) if text.isdigit() else 0


def kind_of(older: SampleClient, younger: SampleClient) -> str:
    """What the younger one of a family is to the older; empty where their ages say nothing."""
    years = _born(younger) - _born(older)
    if years < 12:
        return "sibling"
    if 18 <= years <= 42:
        return "child"
    return "grandchild" if years >= 48 else ""


def _row(client: SampleClient, other: SampleClient, kind: str, household: str) -> dict[str, str]:
    return {
        "client_number": client.number,
        "related_client_number": other.number,
        "relation": kind,
        "household_code": household,
    }
