"""The tables that one import has to itself: its staged rows, the plan of what each would do, the rejects."""

from django.db import connection

from corebanking.kinds import Kind
from corebanking.kinds.base import Scope
from corebanking.models import ImportJob

MUCH = 0.5  # share of a table; of less the planner guesses well from the table's size


def scope_of(job: ImportJob, present: frozenset[str]) -> Scope:
    name = f"import_{job.pk:d}"
    return Scope(
        stage=f"{name}_stage",
        plan=f"{name}_plan",
        rejects=f"{name}_rejects",
        present=present,
        source_date=job.source_date,
        params={"actor_id": job.uploaded_by_id},
    )


def drop_tables(job: ImportJob) -> None:
    scope = scope_of(job, frozenset())
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {scope.stage}, {scope.plan}, {scope.rejects}")


def analyze(kind: type[Kind], rows: int) -> None:
    """Tell the planner what a commit of so many rows has written, where a table has become another one.

    Else the next check is slow until the server looks for itself. Only the columns by which rows are found,
    and words only where nothing is known of them yet: they are dear to count and change slowly.
    """
    tables = {kind.table(), *(model._meta.db_table for model in kind.undo_models), *kind.ledgers}
    if kind.keeps_coverage():
        tables.add("corebanking_coverage")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, string_agg(DISTINCT quote_ident(a.attname), ', ')
            FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
            WHERE c.oid = ANY (%s::regclass[]) AND %s > c.reltuples * %s
            AND NOT (a.atttypid = 'tsvector'::regtype AND EXISTS (
                SELECT 1 FROM pg_stats n WHERE n.tablename = c.relname AND n.attname = a.attname))
            GROUP BY c.relname ORDER BY c.relname
            """,
            [sorted(tables), rows, MUCH],
        )
        for table, columns in cursor.fetchall():
            cursor.execute(f"ANALYZE {table} ({columns})")


def create_tables(kind: type[Kind], scope: Scope) -> None:
    columns = ", ".join(f"{name} {sql}" for name, sql in kind.staged())
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {scope.stage}, {scope.plan}, {scope.rejects}")
        cursor.execute(f"CREATE UNLOGGED TABLE {scope.stage} (row_no bigint PRIMARY KEY, {columns})")
        cursor.execute(
            f"CREATE UNLOGGED TABLE {scope.rejects}"
            " (row_no bigint, column_name text, value text, reason text, by_sql boolean)"
        )
