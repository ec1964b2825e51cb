"""The base of every history row. History itself is written by database triggers (pghistory)."""

import pghistory
import pghistory.models
from django.contrib.postgres.indexes import BrinIndex
from django.db import connection, models
from django.db.models import Func


class SessionUser(Func):
    """`session_user`: the database login, kept because plain SQL carries no acting person."""

    template = "session_user"
    output_field = models.CharField()


class Event(pghistory.models.Event):
    pgh_id = models.BigAutoField(primary_key=True)  # pghistory's own has 32 bits, which imports use up
    session_user = models.CharField(max_length=63, db_default=SessionUser(), editable=False)

    class Meta:
        abstract = True


def tracked(*, exclude: list[str] | None = None):
    """Class decorator: every insert, update and delete of this table becomes a history row."""
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=exclude,
        # Sealing and "changed since" read by time; a block range index costs bulk loading next to nothing.
        meta={"indexes": [BrinIndex(fields=["pgh_created_at"])]},
    )


def corrected():
    """Class decorator for ledgers, whose rows are their own history: only what a correction overwrote is kept."""
    return pghistory.track(
        pghistory.UpdateEvent(row=pghistory.Old),
        pghistory.DeleteEvent(),
        meta={"indexes": [BrinIndex(fields=["pgh_created_at"])]},
    )


# The functions of statement-level update triggers: those that compare old rows with new ones.
UPDATE_FUNCTIONS = """
    SELECT DISTINCT p.oid::regprocedure::text AS name, p.proconfig AS settings
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND t.tgoldtable IS NOT NULL AND t.tgnewtable IS NOT NULL
"""


def steady_plans() -> int:
    """Keep bulk updates linear: history's functions never join old with new rows by nested loop; how many.

    PL/pgSQL keeps a function's plan for the session. One made while a statement changed no row is a nested
    loop, and the next bulk update through that connection is quadratic. Repeatable; after each migration.
    """
    with connection.cursor() as cursor:
        cursor.execute(UPDATE_FUNCTIONS)
        names = [name for name, _settings in cursor.fetchall()]
        for name in names:
            cursor.execute(f"ALTER FUNCTION {name} SET enable_nestloop TO off")
    return len(names)
