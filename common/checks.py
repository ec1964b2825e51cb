"""Rules that the trail must obey, and how a check is written.

Every app may have a `checks.py` with one function `checks() -> list[str]`: what is wrong, in words for an
operator; an empty list when all is well. A check is one query, repairs nothing and names ids, never people.
"""

from datetime import UTC, date, datetime, timedelta

import pgtrigger
from django.db import connection
from django.db.models import Count, QuerySet, Window

from common import seals

EXAMPLES = 5


def found(rows: QuerySet, words: str) -> list[str]:
    """One finding for a queryset of offending rows: how many, what is wrong, and a few of them; else none."""
    some = list(
        rows.order_by("pk").annotate(offenders=Window(Count("*"))).values_list("pk", "offenders")[:EXAMPLES]
    )
    return [_said(some[0][1], words, [pk for pk, _count in some])] if some else []


def found_by_sql(statement: str, words: str, params: list | None = None) -> list[str]:
    """The same for plain SQL whose first column names the offending row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        offenders = sorted(row[0] for row in cursor.fetchall())
    return [_said(len(offenders), words, offenders[:EXAMPLES])] if offenders else []


def _said(count: int, words: str, examples: list) -> str:
    more = ", …" if count > len(examples) else ""
    return f"{count} {words}: {', '.join(map(str, examples))}{more}"


def checks() -> list[str]:
    """Seals unbroken and up to date, history's triggers in force."""
    return seals.broken_days() + _unsealed() + _triggers()


def _unsealed() -> list[str]:
    """Two days' grace: the night's run may have waited for a long transaction."""
    newest = seals.newest_seal()
    with connection.cursor() as cursor:
        first = newest.day + timedelta(days=1) if newest else seals.first_day(cursor)
    today: date = datetime.now(UTC).date()
    if first is None or first >= today - timedelta(days=2):
        return []
    return [f"the days from {first} on are not sealed"]


def _triggers() -> list[str]:
    """A history that somebody has switched off keeps nothing."""
    wanted = {(model._meta.db_table, trigger.get_pgid(model)) for model, trigger in pgtrigger.registered()}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE t.tgname LIKE 'pgtrigger\\_%' AND t.tgenabled IN ('O', 'A') AND pg_table_is_visible(c.oid)
            """
        )
        missing = sorted(wanted - set(cursor.fetchall()))
    return [f"{table}: the trigger {name} is missing or switched off" for table, name in missing]
