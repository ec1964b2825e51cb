"""How much of a client is known, and what is worth asking next; the indicator of numbers.md counts the same."""

from collections.abc import Iterable

from clients.models import Client, FactType

ONLY_OF_PEOPLE = {
    "birthday",
    "wedding",
    "family",
    "family_date",
    "education",
    "occupation",
    "employer",
    "custom",
}
ONLY_OF_ORGANISATIONS = {"founding"}


def completeness(types: Iterable[FactType], known: set[int]) -> float:
    """The weighted share, 0 to 1, of the fact types of which the ledger holds a value: `known`, by id (domain.md)."""
    weights = {one.pk: one.weight for one in types}
    total = sum(weights.values())
    return sum(weight for pk, weight in weights.items() if pk in known) / total if total else 0.0


def worth_asking(types: Iterable[FactType], known: set[int], client: Client) -> list[FactType]:
    """The fact types of which nothing is known, heaviest first. What only the other kind of client has is left out."""
    not_theirs = ONLY_OF_PEOPLE if client.kind == Client.Kind.ORGANISATION else ONLY_OF_ORGANISATIONS
    unknown = [one for one in types if one.pk not in known and one.weight and one.code not in not_theirs]
    return sorted(unknown, key=lambda one: (-one.weight, one.name, one.pk))
