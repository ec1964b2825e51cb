"""What the staged rows of an import would do to the bank as it is now, judged in SQL.

Nothing outside the three tables of the import is touched here. A rejected row stands in the rejects with
column, value and reason, and goes back to its sender in the error file.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from openpyxl import Workbook

from corebanking.files import Formula, Source, encoder_name, guard
from corebanking.kinds import Kind
from corebanking.kinds.base import Scope
from corebanking.layout import ERROR_COLUMNS, unguarded
from corebanking.mapping import read_mapping
from corebanking.models import ImportJob
from corebanking.reading import layout_of

PREVIEW = 20


def judge(kind: type[Kind], scope: Scope) -> dict[str, int]:
    """Plan every staged row against the bank as it is now; reject what cannot stand. Counts by act.

    Repeatable: what an earlier judging said is thrown away first.
    """
    columns, joins = kind.plan_parts(scope)
    acts = kind.acts(scope)
    refs = "\n".join(f"LEFT JOIN {r.table} {r.alias} ON {r.alias}.{r.by} = s.{r.column}" for r in kind.refs)
    more = "".join(f", {expression} AS {name}" for name, expression in columns)
    coverage = (
        f"LEFT JOIN corebanking_coverage v ON v.kind = '{kind.code}' AND v.object_id = t.id"
        if kind.keeps_coverage()
        else ""
    )
    also = " OR ".join(["q._differs", *[f"q.{act} IS NOT NULL" for act in acts]])
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {scope.rejects} WHERE by_sql")
        cursor.execute(f"DROP TABLE IF EXISTS {scope.plan}")
        cursor.execute(
            f"""
            CREATE UNLOGGED TABLE {scope.plan} AS
            SELECT q.*, CASE WHEN q._new THEN 'c' WHEN q._older THEN 'o' WHEN {also} THEN 'u' ELSE '=' END AS act
            FROM (
                SELECT s.row_no,
                    COALESCE(t.id, nextval(pg_get_serial_sequence('{kind.table()}', 'id'))) AS target_id,
                    t.id IS NULL AS _new
                    {"".join(f", {r.alias}.id AS {r.into}" for r in kind.refs)}
                    {more},
                    t.id IS NOT NULL AND ({kind.differs(scope)}) AS _differs,
                    t.id IS NOT NULL AND COALESCE({kind.older(scope)}, false) AS _older
                FROM {scope.stage} s
                {refs}
                LEFT JOIN {kind.table()} t ON {kind.match()}
                {coverage}
                {joins}
            ) q
            """
        )
        cursor.execute(f"ALTER TABLE {scope.plan} ADD PRIMARY KEY (row_no)")
        for statement in kind.linking(scope):
            cursor.execute(statement)
        cursor.execute(f"ANALYZE {scope.plan} (row_no, target_id, act)")
        _reject(cursor, kind, scope)
        cursor.execute(f"DELETE FROM {scope.plan} p USING {scope.rejects} x WHERE x.row_no = p.row_no")
        for statement in kind.settling(scope):
            cursor.execute(statement)
        cursor.execute(f"SELECT act, count(*) FROM {scope.plan} GROUP BY act")
        counts = dict(cursor.fetchall())
        scope.acts = frozenset(counts)
        cursor.execute(f"SELECT count(DISTINCT row_no) FROM {scope.rejects}")
        counts["rejected"] = cursor.fetchone()[0]
    return counts


def missing(kind: type[Kind], scope: Scope) -> int:
    """How many rows we know and the file lacks."""
    sql = kind.missing_sql(scope)
    if not sql:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def _reject(cursor, kind: type[Kind], scope: Scope) -> None:
    insert = f"INSERT INTO {scope.rejects} (row_no, column_name, value, reason, by_sql)"
    staged = f"{scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no"
    for ref in kind.refs:
        if ref.unknown is not None and scope.has(ref.column):
            cursor.execute(
                f"{insert} SELECT s.row_no, %s, s.{ref.column}, %s, true FROM {staged}"
                f" WHERE s.{ref.column} IS NOT NULL AND p.{ref.into} IS NULL",
                [ref.column, str(ref.unknown)],
            )
    keys = ", ".join(f"s.{name}" for name in kind.key_columns())
    shown = kind.key_columns()[0]
    same = _("stands in the file more than once, in rows %(rows)s")
    cursor.execute(
        f"""{insert}
        SELECT d.row_no, %s, d.value, replace(%s, '%%(rows)s', d.rows), true FROM (
            SELECT s.row_no, s.{shown}::text AS value, count(*) OVER w AS n,
                (array_to_string((array_agg(s.row_no) OVER w)[1:5], ', ')) AS rows
            FROM {scope.stage} s WINDOW w AS (PARTITION BY {keys} ORDER BY s.row_no
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ) d WHERE d.n > 1""",
        [shown, same],
    )
    for check in kind.checks:
        if not all(map(scope.has, check.needs)) or any(map(scope.has, check.lacks)):
            continue
        when = check.when.replace("{stage}", scope.stage).replace("{rejects}", scope.rejects)
        while True:
            cursor.execute(
                f"{insert} SELECT s.row_no, %s, s.{check.column}::text, %s, true FROM {staged} WHERE ({when})"
                f" AND NOT EXISTS (SELECT 1 FROM {scope.rejects} y WHERE y.row_no = s.row_no AND y.column_name = %s)",
                [check.column, str(check.reason), check.column],
            )
            if not check.repeats or cursor.rowcount <= 0:
                break


def preview(kind: type[Kind], scope: Scope) -> list[dict]:
    """The first changes: what is created, in the file's own values, and what becomes what in the others.

    What is stored is masked where it is client data: whoever sends files need not see clients.
    """
    shown = [name for name in kind.shown if scope.has(name)]
    changes = [change for change in kind.changes(scope) if scope.has(change.column)]
    told = "".join(
        f", CASE WHEN p.act = 'c' THEN NULL WHEN {c.when} THEN 'new' WHEN {c.beside} THEN 'beside' END,"
        f" {c.old}, s.{c.column}::text"
        for c in changes
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.row_no, p.act, {', '.join(f's.{name}::text' for name in shown)}{told}"
            f" FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no"
            f" LEFT JOIN {kind.table()} t ON t.id = p.target_id"
            f" WHERE p.act IN ('c', 'u') ORDER BY p.row_no LIMIT {PREVIEW}"
        )
        rows = cursor.fetchall()
    show = masked if kind.masks else str
    lines = []
    for row in rows:
        values, rest = row[2 : 2 + len(shown)], row[2 + len(shown) :]
        lines.append(
            {
                "row": row[0],
                "act": row[1],
                "cells": [[name, value or ""] for name, value in zip(shown, values, strict=True)],
                "changes": [
                    {"column": c.column, "how": how, "old": show(old) if old else "", "new": new or ""}
                    for c, how, old, new in zip(changes, rest[::3], rest[1::3], rest[2::3], strict=True)
                    if how is not None
                ],
            }
        )
    notes = kind.notes(scope)
    if lines and notes:
        lines[0]["notes"] = notes
    return lines


def masked(value: str) -> str:
    """A stored value as who may not see it sees it: at most its last three digits."""
    end = value[-3:]
    return f"•••{end}" if len(value) > 6 and end.isdigit() else "•••"


def rejects(scope: Scope, limit: int | None = None) -> Iterator[tuple[int, str, str, str]]:
    """Row number, column, value and reason of each reject, in the order of the file, in chunks."""
    after = -1
    given = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT row_no, string_agg(column_name, '; '), string_agg(value, '; '), string_agg(reason, '; ')"
                f" FROM {scope.rejects} WHERE row_no > %s GROUP BY row_no ORDER BY row_no LIMIT 5000",
                [after],
            )
            rows = cursor.fetchall()
        for row in rows:
            yield row[0], row[1] or "", row[2] or "", row[3] or ""
            given += 1
            if limit is not None and given >= limit:
                return
        if not rows:
            return
        after = rows[-1][0]


def write_errors(job: ImportJob, kind: type[Kind], scope: Scope) -> Path:
    """The rejected rows in the file's own format, each with its row, column, value and reason."""
    mapping = read_mapping(job.mapping_text, job.mapping_name)
    folder = Path(settings.UPLOADS_DIR) / "errors"
    folder.mkdir(parents=True, exist_ok=True)
    with Source(Path(job.path), mapping.shape, job.file_name) as source:
        rows = iter(source)
        layout = layout_of(job, kind, mapping, rows)
        is_sheet = source.format == "xlsx"
        path = folder / f"{job.pk}.{'xlsx' if is_sheet else 'csv'}"
        keep = [place for place in range(layout.width) if place not in layout.ignored]
        head = (
            [*[layout.header[place] for place in keep], *ERROR_COLUMNS] if layout.header is not None else None
        )
        if is_sheet:
            book = Workbook(write_only=True)
            sheet = book.create_sheet("rejected")
            _write(sheet.append, head, rows, keep, layout, scope)
            book.save(path)
        else:
            with path.open(
                "w", encoding=encoder_name(mapping.shape.encoding), errors="replace", newline=""
            ) as out:
                writer = csv.writer(out, delimiter=mapping.shape.delimiter, quotechar=mapping.shape.quote)
                _write(writer.writerow, head, rows, keep, layout, scope)
    return path


def _write(put, head, rows, keep, layout, scope) -> None:
    if head is not None:
        put(head)
    bad = rejects(scope)
    wanted = next(bad, None)
    for row in rows:
        if wanted is None:
            return
        if row.number != wanted[0]:
            continue
        texts = [cell.text if isinstance(cell, Formula) else str(cell) for cell in row.cells]
        if layout.is_error_file:
            texts = unguarded(texts)
        cells = [texts[place] if place < len(texts) else "" for place in keep]
        put([guard(text) for text in [*cells, str(wanted[0]), wanted[1], wanted[2], wanted[3]]])
        wanted = next(bad, None)
