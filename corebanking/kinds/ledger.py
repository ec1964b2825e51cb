"""The ledger of what became known, as imports write it: one entry a value, and its reverse when it is undone.

And what core banking says where the CRM owns the field and holds another value.
"""

from django.db import connection, models

from clients.models import FactType
from corebanking.kinds.base import Scope, Undoing

LEDGER = "INSERT INTO clients_factchange (client_id, fact_type_id, slot, old_hash, new_hash, by_kind, actor_id, at)"
OWN = "r.by_kind = 'import' AND r.at = %(at)s"  # entries `r` that an undone import wrote


def sql_hash(expression: str) -> str:
    """SQL of clients.services.value_hash."""
    return f"encode(sha256(convert_to({expression}, 'UTF8')), 'hex')"


def change(scope: Scope, *, client: str, fact_type: str, slot: str, new: str, old: str = "''") -> str:
    """The columns of one FactChange in the order of LEDGER. `old` and `new` are hashes, as SQL."""
    actor = scope.params.get("actor_id")
    return f"""{client}, {fact_type}, {slot}, {old}, {new}, 'import',
               {"NULL" if actor is None else format(actor, "d")}::bigint, now()"""


def types_by_code(*codes: str) -> dict[str, int]:
    return dict(FactType.objects.filter(code__in=codes).values_list("code", "id"))


def reverse(
    undoing: Undoing, model: type[models.Model], slot: str, clients: tuple[str, ...] = ("client_id",)
) -> None:
    """The ledger is append-only: it goes on with the reverse of what the import wrote about rows of a model.

    `slot`: SQL of a slot over the undone row `u` and its last history row `e`; `clients`: whose ledgers it is in.
    """
    whose = ", ".join(f"e.{column}" for column in clients)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {LEDGER}
            SELECT r.client_id, r.fact_type_id, r.slot, r.new_hash, r.old_hash, 'import', %(actor)s::bigint, now()
            FROM {undoing.table(model)} u JOIN {undoing.history(model)} e ON e.pgh_id = u.last
            JOIN clients_factchange r ON r.client_id IN ({whose}) AND {OWN} AND r.slot = {slot}
            WHERE u.made ORDER BY r.id DESC
            """,
            undoing.names,
        )


# -- core says -------------------------------------------------------------------------------------


def on_record(field: str, client: str) -> str:
    """SQL: core banking's word on a field stands beside ours."""
    return f"EXISTS (SELECT 1 FROM clients_corevalue w WHERE w.client_id = {client} AND w.field = {field})"


def said(field: str, value: str, client: str) -> str:
    """SQL: just this word of core banking's is on record already."""
    return (
        f"EXISTS (SELECT 1 FROM clients_corevalue w WHERE w.client_id = {client} AND w.field = {field}"
        f" AND w.value = left({value}, 254))"
    )


def core_act(*, same: str, field: str, value: str, client: str) -> str:
    """SQL of a plan column for a row that is known: v, its word is kept beside ours; d, the two agree again."""
    return f"""CASE WHEN {same} THEN CASE WHEN {on_record(field, client)} THEN 'd' END
                    WHEN {said(field, value, client)} THEN NULL ELSE 'v' END"""


def core_values(scope: Scope, *, field: str, value: str) -> list[str]:
    """Statements that write and remove core banking's word by `p.core_act`. `field` is SQL over s and p."""
    staged = f"{scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no"
    return [
        f"""
        INSERT INTO clients_corevalue (client_id, field, value, said_at)
        SELECT p.client_id, {field}, left({value}, 254), now()
        FROM {staged} WHERE p.act = 'u' AND p.core_act = 'v'
        ON CONFLICT (client_id, field)
        DO UPDATE SET value = EXCLUDED.value, said_at = EXCLUDED.said_at, ignored_at = NULL
        """,
        f"""
        DELETE FROM clients_corevalue w USING {staged}
        WHERE p.act IN ('c', 'u') AND p.core_act = 'd' AND w.client_id = p.client_id AND w.field = {field}
        """,
    ]
