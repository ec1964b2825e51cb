"""Daily seals: one digest a closed day (UTC) over the audit trail and all history, each including the last.

A row that is changed, removed or slipped in later breaks its day's digest; a seal that is rewritten breaks
the next one's. Whoever can rewrite all of it could make a new chain, so the bank keeps the newest digest,
which `manage.py verify` prints, somewhere else as well.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone
from psycopg2 import sql

from common.history import Event
from common.models import AuditEntry, DaySeal

ONE_DAY = timedelta(days=1)
NOTHING = "0" * 64  # stands before the first seal
_LOCK = 0x5EA15  # one sealer at a time
_CHUNK = 65_536  # rows whose digests are joined in memory at once


@dataclass(frozen=True)
class Ledger:
    """One append-only table: where its rows say when, in which order, and by whom."""

    table: str
    key: str
    at: str
    columns: tuple[str, ...]
    has_context: bool  # history says who and why in a row of its own, which is sealed with it


def ledgers() -> list[Ledger]:
    """Every table that is sealed: the audit trail and all tables of history, by name."""
    found = [_ledger(AuditEntry, at="at", has_context=False)]
    found += [
        _ledger(model, at="pgh_created_at", has_context=True)
        for model in apps.get_models(include_auto_created=True)
        if issubclass(model, Event)
    ]
    return sorted(found, key=lambda ledger: ledger.table)


def _ledger(model, *, at: str, has_context: bool) -> Ledger:
    columns = tuple(sorted(field.column for field in model._meta.concrete_fields))
    return Ledger(model._meta.db_table, model._meta.pk.column, at, columns, has_context)


@transaction.atomic
def seal_days(now: datetime | None = None) -> list[date]:
    """Seal every closed day that has no seal yet and return those days, oldest first.

    Rule: from the first day with rows on, days without rows too. A day is closed when it is over and no
    transaction that began in it still runs, for its rows carry the time at which it began.
    Repeatable: yes; two at once wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        _fix_formats(cursor)
        end = _first_open_day(cursor, now or timezone.now())
        last = DaySeal.objects.order_by("-day").first()
        start = last.day + ONE_DAY if last else first_day(cursor)
        if start is None or start >= end:
            return []
        digests = _digests(cursor, {ledger: [(start, end)] for ledger in ledgers()})
        shape = {ledger.table: list(ledger.columns) for ledger in ledgers()}
        before, seals = last.digest if last else NOTHING, []
        for day in _days(start, end):
            before, rows = _day_digest(before, day, shape, digests)
            seals.append(DaySeal(day=day, digest=before, rows=rows, shape=shape))
        DaySeal.objects.bulk_create(seals)
    return [seal.day for seal in seals]


@transaction.atomic
def broken_days() -> list[str]:
    """Recompute every seal and say in words which days do not hold, oldest first."""
    with connection.cursor() as cursor:
        _fix_formats(cursor)
        seals = list(DaySeal.objects.order_by("day"))
        present = {ledger.table: ledger for ledger in ledgers()}
        wanted: dict[Ledger, list[tuple[date, date]]] = defaultdict(list)
        for seal in seals:
            for table, columns in seal.shape.items():
                known = present.get(table)
                if known and set(columns) <= set(known.columns):
                    then = Ledger(table, known.key, known.at, tuple(columns), known.has_context)
                    _extend(wanted[then], seal.day)
        digests = _digests(cursor, wanted)
    found, before, expected_day = [], NOTHING, None
    for seal in seals:
        while expected_day is not None and expected_day < seal.day:
            found.append(f"{expected_day}: the seal is missing")
            expected_day += ONE_DAY
        gone = [
            table
            for table, columns in seal.shape.items()
            if table not in present or not set(columns) <= set(present[table].columns)
        ]
        if gone:
            found.append(f"{seal.day}: cannot be recomputed, columns are gone from {', '.join(sorted(gone))}")
        elif (seal.digest, seal.rows) != _day_digest(before, seal.day, seal.shape, digests):
            found.append(f"{seal.day}: audit or history of this day is not what was sealed")
        before, expected_day = seal.digest, seal.day + ONE_DAY
    return found


def newest_seal() -> DaySeal | None:
    return DaySeal.objects.order_by("-day").first()


def _day_digest(before: str, day: date, shape: dict[str, list[str]], digests) -> tuple[str, int]:
    """The digest of a day (hex) and its number of rows."""
    digest, total = hashlib.sha256(f"{before}\n{day}\n".encode()), 0
    for table in sorted(shape):
        rows, content = digests.get((table, day), (0, ""))
        digest.update(f"{table} {json.dumps(shape[table])} {rows} {content}\n".encode())
        total += rows
    return digest.hexdigest(), total


def _digests(
    cursor, wanted: dict[Ledger, list[tuple[date, date]]]
) -> dict[tuple[str, date], tuple[int, str]]:
    """(table, day) → rows and digest, one query a table (and shape); days without rows are left out."""
    found = {}
    for ledger, spans in wanted.items():
        for start, end in spans:
            cursor.execute(_statement(ledger), [_midnight(start), _midnight(end)])
            for day, rows, digest in cursor.fetchall():
                found[ledger.table, day] = (rows, digest)
    return found


def _statement(ledger: Ledger) -> sql.Composed:
    """Row digests in order of the key, joined and hashed by chunk, the chunks joined and hashed by day."""
    columns = [sql.Identifier("t", column) for column in ledger.columns]
    join = sql.SQL("")
    if ledger.has_context:
        columns.append(sql.SQL("c.metadata"))
        join = sql.SQL("LEFT JOIN pghistory_context c ON c.id = t.pgh_context_id")
    # OFFSET 0: rows are made small (a digest) before they are sorted.
    return sql.SQL(
        """
        SELECT day, sum(rows)::bigint, encode(sha256(string_agg(digest, ''::bytea ORDER BY chunk)), 'hex')
        FROM (
            SELECT day, key / {chunk} AS chunk, count(*) AS rows,
                   sha256(string_agg(digest, ''::bytea ORDER BY key)) AS digest
            FROM (
                SELECT (t.{at} AT TIME ZONE 'UTC')::date AS day, t.{key} AS key,
                       sha256(convert_to(ROW({columns})::text, 'UTF8')) AS digest
                FROM {table} t {join}
                WHERE t.{at} >= %s AND t.{at} < %s
                OFFSET 0
            ) digested
            GROUP BY 1, 2
        ) chunks
        GROUP BY 1
        """
    ).format(
        chunk=sql.Literal(_CHUNK),
        at=sql.Identifier(ledger.at),
        key=sql.Identifier(ledger.key),
        columns=sql.SQL(", ").join(columns),
        table=sql.Identifier(ledger.table),
        join=join,
    )


def _fix_formats(cursor) -> None:
    """A row is hashed as text, so how text is made must never depend on a server's settings."""
    cursor.execute(
        """
        SELECT set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
               set_config('intervalstyle', 'postgres', true), set_config('bytea_output', 'hex', true),
               set_config('extra_float_digits', '1', true)
        """
    )


def _first_open_day(cursor, now: datetime) -> date:
    """The first day that is not closed: today, or the day in which the oldest running transaction began."""
    cursor.execute(
        "SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    oldest = cursor.fetchone()[0]
    return min(now, oldest or now).astimezone(UTC).date()


def first_day(cursor) -> date | None:
    """The first day (UTC) with a row in any of the tables; None where there is none at all."""
    earliest = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT min({at}) AS at FROM {table}").format(
            at=sql.Identifier(ledger.at), table=sql.Identifier(ledger.table)
        )
        for ledger in ledgers()
    )
    cursor.execute(sql.SQL("SELECT (min(at) AT TIME ZONE 'UTC')::date FROM ({}) firsts").format(earliest))
    return cursor.fetchone()[0]


def _days(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(days=number) for number in range((end - start).days))


def _extend(spans: list[tuple[date, date]], day: date) -> None:
    """Add a day to a list of half-open spans; days in a row become one span."""
    if spans and spans[-1][1] == day:
        spans[-1] = (spans[-1][0], day + ONE_DAY)
    else:
        spans.append((day, day + ONE_DAY))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
