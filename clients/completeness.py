"""How much of a client is known, and what is worth asking next; the indicator of numbers.md counts the same."""

from collections.abc import Iterable

from django.db.models import DecimalField, Func

from clients.models import Client, FactType

# The last change of each slot of one client: what the ledger says today. `{client}` is the client's id in SQL.
LAST_SAID = """
    SELECT DISTINCT ON (slot) slot, fact_type_id, new_hash, at, actor_id, by_kind, contact_id FROM clients_factchange
     WHERE client_id = {client} ORDER BY slot, at DESC, id DESC
"""
# What of it is known: a fact type of which one slot at least holds a value.
IS_KNOWN = "new_hash <> ''"
_PERCENT = """coalesce((
    SELECT 100.0 * sum(t.weight) FILTER (
               WHERE t.id IN (SELECT said.fact_type_id FROM ({said}) said WHERE {is_known})
           ) / nullif(sum(t.weight), 0)
      FROM clients_facttype t), 0)"""

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


class CompletenessOf(Func):
    """`completeness` of the client whose id it is given, in percent, asked of the database in the same words."""

    template = _PERCENT.format(said=LAST_SAID.format(client="%(expressions)s"), is_known=IS_KNOWN)
    output_field = DecimalField()


def worth_asking(types: Iterable[FactType], known: set[int], client: Client) -> list[FactType]:
    """The fact types of which nothing is known, heaviest first. What only the other kind of client has is left out."""
    not_theirs = ONLY_OF_PEOPLE if client.kind == Client.Kind.ORGANISATION else ONLY_OF_ORGANISATIONS
    unknown = [one for one in types if one.pk not in known and one.weight and one.code not in not_theirs]
    return sorted(unknown, key=lambda one: (-one.weight, one.name, one.pk))
