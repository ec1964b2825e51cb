"""What an undone import of clients leaves to do beside its tracked tables: ledgers, document numbers, search."""

import pgtrigger
from django.db import connection
from django.utils.translation import ngettext

from clients.followers import rhythm_changed, status_changed
from clients.models import Assignment, Client, ContactPoint, CoreValue, DatedFact, Fact
from clients.services import refresh_search
from corebanking.kinds.base import Undoing
from corebanking.kinds.clients.writing import standing_changes
from corebanking.kinds.ledger import LEDGER

HANGING = (ContactPoint, Fact, DatedFact, Assignment, CoreValue)


def other_documents(undoing: Undoing) -> list[str]:
    """A document number is kept out of history, so a former one cannot return: only its absence can."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*) FROM {undoing.table(Client)} u
            JOIN clients_clientevent b ON b.pgh_id = u.before JOIN clients_clientevent e ON e.pgh_id = u.last
            WHERE NOT u.made AND b.document_hash <> '' AND b.document_hash <> e.document_hash
            """
        )
        count = cursor.fetchone()[0]
    if not count:
        return []
    said = ngettext(
        "%(count)s client had another document number before, which history does not keep, so nothing was undone.",
        "%(count)s clients had other document numbers before, which history does not keep, so nothing was undone.",
        count,
    )
    return [said % {"count": count}]


def before_undo(undoing: Undoing) -> None:
    """The ledgers follow.

    They are append-only: of a client that stays, the ledger goes on with entries that reverse the import's.
    A client that goes takes its entries along, for nothing can be known of nobody; its history stays.
    """
    hanging = " UNION ".join(
        f"SELECT e.client_id FROM {undoing.table(model)} u"
        f" JOIN {undoing.history(model)} e ON e.pgh_id = u.last"
        for model in HANGING
    )
    made = f"SELECT id FROM {undoing.table(Client)} WHERE made"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS undo_touched")
        cursor.execute(
            f"""
            CREATE TEMP TABLE undo_touched ON COMMIT DROP AS
            SELECT x.id FROM (SELECT id FROM {undoing.table(Client)} UNION {hanging}) x
            WHERE NOT EXISTS (SELECT 1 FROM {undoing.table(Client)} u WHERE u.id = x.id AND u.made)
            """
        )
        cursor.execute(
            f"""
            {LEDGER}
            SELECT r.client_id, r.fact_type_id, r.slot, r.new_hash, r.old_hash, 'import', %(actor)s::bigint, now()
            FROM clients_factchange r JOIN undo_touched t ON t.id = r.client_id
            WHERE r.at = %(at)s AND r.by_kind = 'import'
            """,
            undoing.names,
        )
        cursor.execute(f"DELETE FROM clients_standing WHERE client_id IN ({made})")
        with pgtrigger.ignore("clients.FactChange:append_only"):
            cursor.execute(f"DELETE FROM clients_factchange WHERE client_id IN ({made})")


def after_undo(undoing: Undoing) -> None:
    """Document numbers that the import brought go; standings, due days and search follow the rows that came back.

    What a closed file has ended by itself, such as actions, stays ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE clients_client c SET document_number = NULL FROM undo_touched t
            WHERE t.id = c.id AND c.document_hash = '' AND c.document_number IS NOT NULL
            """
        )
        plan = """(
            SELECT t.id AS target_id, 'u' AS act, (now() AT TIME ZONE b.time_zone)::date AS today
            FROM undo_touched t JOIN clients_client k ON k.id = t.id JOIN staff_branch b ON b.id = k.branch_id
        )"""
        for statement in standing_changes(plan):
            cursor.execute(statement)
        cursor.execute("SELECT id FROM undo_touched ORDER BY id")
        ids = [row[0] for row in cursor.fetchall()]
    status_changed(ids)
    rhythm_changed(ids)
    for start in range(0, len(ids), 5000):
        refresh_search(ids[start : start + 5000])
