"""Phase one: a file becomes rows of its own staging table; phase two's plan says what each would do.

Nothing outside the three tables of the import is touched here. Python parses and judges each row by
itself; SQL judges it against the bank. A rejected row stands in the rejects with column, value, reason.
"""

import csv
import io
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from corebanking.files import Formula, Source, encoder_name, guard
from corebanking.kinds import Kind, kind_of
from corebanking.kinds.base import Scope
from corebanking.mapping import ERROR_COLUMNS, Layout, Mapping, read_mapping, unguarded
from corebanking.models import ImportJob
from corebanking.refusals import ImportRefused, RowRejected

CHUNK = 5000
PREVIEW = 20
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


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


def analyze(kind: type[Kind]) -> None:
    """Tell the planner what a large commit has written."""
    tables = {kind.table(), *(model._meta.db_table for model in kind.undo_models), *kind.ledgers}
    if kind.keeps_coverage():
        tables.add("corebanking_coverage")
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"ANALYZE {table}")


def _create_tables(kind: type[Kind], scope: Scope) -> None:
    columns = ", ".join(f"{name} {sql}" for name, sql in kind.staged())
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {scope.stage}, {scope.plan}, {scope.rejects}")
        cursor.execute(f"CREATE UNLOGGED TABLE {scope.stage} (row_no bigint PRIMARY KEY, {columns})")
        cursor.execute(
            f"CREATE UNLOGGED TABLE {scope.rejects}"
            " (row_no bigint, column_name text, value text, reason text, by_sql boolean)"
        )


def layout_of(job: ImportJob, kind: type[Kind], mapping: Mapping, rows: Iterator) -> Layout:
    """The mapping bound to the file's header; the header row is consumed."""
    header = None
    if mapping.has_header:
        first = next(rows, None)
        if first is None:
            raise ImportRefused(_("The file is empty."))
        header = [cell.text if isinstance(cell, Formula) else str(cell) for cell in first.cells]
    wanted = {column.name: column.required for column in kind.columns}
    layout = Layout(mapping, wanted, header, source_date=job.source_date)
    if mapping.lookups:
        layout.fill_lookups(Path(job.path).parent, job.lookup_paths)
    return layout


class _Reader:
    """One pass over the file: parsed rows into the staging table, bad ones into the rejects."""

    def __init__(self, job: ImportJob, kind: type[Kind], mapping: Mapping):
        self.job, self.kind, self.mapping = job, kind, mapping
        self.read = self.rejected = 0
        self.trailer: list | None = None
        self.present: frozenset[str] = frozenset()

    def run(self) -> Scope:
        with Source(Path(self.job.path), self.mapping.shape, self.job.file_name) as source:
            rows = iter(source)
            layout = layout_of(self.job, self.kind, self.mapping, rows)
            self.present = frozenset(layout.present)
            scope = scope_of(self.job, self.present)
            _create_tables(self.kind, scope)
            self._compile(layout)
            good, bad = io.StringIO(), io.StringIO()
            said = time.monotonic()
            for row in rows:
                cells = unguarded(row.cells) if layout.is_error_file else row.cells
                if self.mapping.trailer and str(cells[0]).strip() == self.mapping.trailer:
                    self.trailer = cells
                    continue
                if self.trailer is not None:
                    raise ImportRefused(_("Row %(row)s stands after the closing row.") % {"row": row.number})
                if layout.filters and not self._wanted(cells):
                    continue
                self.read += 1
                try:
                    good.write(f"{row.number}\t{self._parse(cells)}\n")
                except RowRejected as error:
                    self.rejected += 1
                    column = error.column
                    raw = layout.raw(column, cells) if column else ""
                    fields = (str(row.number), layout.shown.get(column, column), raw[:500], str(error), "f")
                    bad.write("\t".join(_storable(f).translate(_ESCAPES) for f in fields) + "\n")
                if self.read % CHUNK == 0:
                    self._flush(scope, good, bad)
                    if time.monotonic() - said > 0.5:
                        said = time.monotonic()
                        self._tell(source.position)
            self._flush(scope, good, bad)
            self._tell(source.position)
        if not self.read:
            raise ImportRefused(_("The file holds a header and no rows."))
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {scope.stage}")
        return scope

    def _compile(self, layout: Layout) -> None:
        self.layout = layout
        self.derive = self.kind.deriver(self.mapping, self.present)
        self.steps: list[tuple] = []
        for column in self.kind.columns:
            parse = column.cell.compile(self.mapping)
            name = column.name
            if name in layout.positions:
                self.steps.append((name, parse, column.required, layout.positions[name], None, None))
            elif name in layout.getters:
                self.steps.append((name, parse, column.required, None, layout.getters[name], None))
            else:
                self.steps.append((name, parse, column.required, None, None, layout.constants.get(name, "")))

    def _wanted(self, cells: list) -> bool:
        return all(
            place < len(cells) and str(cells[place]).strip() in values
            for place, values in self.layout.filters
        )

    def _parse(self, cells: list) -> str:
        """One row as COPY text. Raises RowRejected with its column."""
        width = self.layout.width
        if len(cells) < width and self.layout.header is not None and len(cells) + len(ERROR_COLUMNS) < width:
            raise RowRejected(
                _("the row has %(found)s cells, the header %(wanted)s")
                % {"found": len(cells), "wanted": width}
            )
        if len(cells) > width and self.layout.header is not None:
            raise RowRejected(
                _("the row has %(found)s cells, the header %(wanted)s")
                % {"found": len(cells), "wanted": width}
            )
        if len(cells) < width:
            if self.layout.header is not None and self.job.file_name.lower().endswith(".xlsx") is False:
                raise RowRejected(
                    _("the row has %(found)s cells, the header %(wanted)s")
                    % {"found": len(cells), "wanted": width}
                )
            cells = [*cells, *[""] * (width - len(cells))]
        values: list = []
        for name, parse, required, place, getter, constant in self.steps:
            try:
                if place is not None:
                    text = cells[place]
                elif getter is not None:
                    text = getter(cells)
                else:
                    text = constant
                if text.__class__ is Formula:
                    raise RowRejected(_("is a formula; write the value itself"))
                text = text.strip()
                if text:
                    values.append(parse(text))
                    continue
                if required:
                    raise RowRejected(_("is missing"))
                values.append(None)
            except RowRejected as error:
                error.column = error.column or name
                raise
        if self.derive is not None:
            values += self.derive(values)
        return "\t".join("\\N" if value is None else str(value).translate(_ESCAPES) for value in values)

    def _flush(self, scope: Scope, good: io.StringIO, bad: io.StringIO) -> None:
        names = ", ".join(name for name, _sql in self.kind.staged())
        with connection.cursor() as cursor:
            for buffer, target in ((good, f"{scope.stage} (row_no, {names})"), (bad, scope.rejects)):
                if buffer.tell():
                    buffer.seek(0)
                    cursor.cursor.copy_expert(f"COPY {target} FROM STDIN", buffer)
                    buffer.seek(0)
                    buffer.truncate()

    def _tell(self, position: int) -> None:
        ImportJob.objects.filter(pk=self.job.pk).update(
            bytes_read=position, read=self.read, rejected=self.rejected, heartbeat_at=timezone.now()
        )

    def check_totals(self, scope: Scope) -> None:
        """Control totals of the mapping or the closing row; a mismatch refuses the whole file."""
        mapping = self.mapping
        rows, sums = mapping.expected_rows, dict(mapping.expected_sums)
        if mapping.trailer:
            if self.trailer is None:
                raise ImportRefused(
                    _("The closing row “%(name)s” is missing: the file was cut.") % {"name": mapping.trailer}
                )
            try:
                if mapping.trailer_rows is not None:
                    rows = int(str(self.trailer[mapping.trailer_rows - 1]).strip())
                for column, place in mapping.trailer_sums.items():
                    sums[column] = Decimal(str(self.trailer[place - 1]).strip().replace(mapping.decimal, "."))
            except (IndexError, ValueError, ArithmeticError) as error:
                raise ImportRefused(_("The closing row cannot be read.")) from error
        if rows is not None and rows != self.read:
            raise ImportRefused(
                _("The control total says %(wanted)s rows, the file holds %(found)s.")
                % {"wanted": rows, "found": self.read}
            )
        for column, wanted in sums.items():
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT COALESCE(sum({self.kind.column(column).name}), 0) FROM {scope.stage}")
                found = cursor.fetchone()[0]
            if self.rejected == 0 and found != wanted:
                raise ImportRefused(
                    _("The control total of “%(column)s” is %(wanted)s, the rows add up to %(found)s.")
                    % {"column": column, "wanted": wanted, "found": found}
                )


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def read_file(job: ImportJob) -> tuple[type[Kind], Scope]:
    """Fill the staging table from the file. Raises ImportRefused."""
    kind = kind_of(job.kind)
    mapping = read_mapping(job.mapping_text, job.mapping_name)
    if mapping.kind and mapping.kind != job.kind:
        raise ImportRefused(
            _("The mapping is for %(wanted)s, not for %(kind)s.") % {"wanted": mapping.kind, "kind": job.kind}
        )
    reader = _Reader(job, kind, mapping)
    scope = reader.run()
    reader.check_totals(scope)
    return kind, scope


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
        cursor.execute(f"ANALYZE {scope.plan}")
        _reject(cursor, kind, scope)
        cursor.execute(f"DELETE FROM {scope.plan} p USING {scope.rejects} x WHERE x.row_no = p.row_no")
        cursor.execute(f"SELECT act, count(*) FROM {scope.plan} GROUP BY act")
        counts = dict(cursor.fetchall())
        cursor.execute(f"SELECT count(DISTINCT row_no) FROM {scope.rejects}")
        counts["rejected"] = cursor.fetchone()[0]
        missing = kind.missing_sql(scope)
        if missing:
            cursor.execute(missing)
            counts["missing"] = cursor.fetchone()[0]
    return counts


def _reject(cursor, kind: type[Kind], scope: Scope) -> None:
    insert = f"INSERT INTO {scope.rejects} (row_no, column_name, value, reason, by_sql)"
    staged = f"{scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no"
    for ref in kind.refs:
        if scope.has(ref.column):
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
            FROM {scope.stage} s WINDOW w AS (PARTITION BY {keys})
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
    """The first changes, in the file's own values: what is created, and which fields of what change."""
    shown = [name for name in kind.shown if scope.has(name)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT p.row_no, p.act, {', '.join(f's.{name}::text' for name in shown)}"
            f" FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no"
            f" WHERE p.act IN ('c', 'u') ORDER BY p.row_no LIMIT {PREVIEW}"
        )
        rows = cursor.fetchall()
    return [
        {
            "row": row[0],
            "act": row[1],
            "cells": [[name, value or ""] for name, value in zip(shown, row[2:], strict=True)],
        }
        for row in rows
    ]


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
