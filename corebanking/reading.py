"""Phase one, in Python: each row of a file is parsed and judged by itself, and goes to the staging table.

Rows are taken a batch at a time, column by column. A batch in which any row surprises is taken again row by
row, which finds out which cell of which row is at fault.
"""

import io
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from corebanking.files import Formula, Row, Source
from corebanking.kinds import Kind, kind_of
from corebanking.kinds.base import Column, Scope
from corebanking.layout import Layout, unguarded
from corebanking.mapping import Mapping, read_mapping
from corebanking.models import ImportJob
from corebanking.refusals import ImportRefused, RowRejected
from corebanking.tables import create_tables, scope_of

CHUNK = 5000
BATCH = 500
MOST_KNOWN = 2000  # texts of one column whose parsed form is kept
_NULL = "\x01"  # how COPY is told of NULL; no cell may hold a control character
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


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


class _Known(dict):
    """Texts of one column with what they parse to; what is new is parsed, and kept while there are few."""

    def __init__(self, parse: Callable[[str | Formula], str | None]):
        super().__init__()
        self.parse = parse

    def __missing__(self, text: str) -> str | None:
        value = self.parse(text)
        if len(self) < MOST_KNOWN:
            self[text] = value
        return value


class _Step:
    """One canonical column bound to the file: where its text stands or how it is made, and its parser."""

    def __init__(self, column: Column, mapping: Mapping, layout: Layout):
        self.name = column.name
        self.place = layout.positions.get(column.name)
        self.getter = layout.getters.get(column.name)
        self.constant = layout.constants.get(column.name, "")
        self.parse = _parser(column, mapping)
        self.known = _Known(self.parse)

    def one(self, cells: list) -> str | None:
        """The value of one row. Raises RowRejected with its column."""
        try:
            if self.place is not None:
                return self.parse(cells[self.place])
            return self.parse(self.constant if self.getter is None else self.getter(cells))
        except RowRejected as error:
            error.column = error.column or self.name
            raise

    def many(self, rows: list[list]) -> list[str | None]:
        """The values of many rows."""
        place, getter = self.place, self.getter
        if place is not None:
            texts = [cells[place] for cells in rows]
        elif getter is not None:
            texts = [getter(cells) for cells in rows]
        else:
            return [self.parse(self.constant)] * len(rows)
        # a column of ever new texts has nothing to gain from being looked up
        return list(map(self.parse if len(self.known) >= MOST_KNOWN else self.known.__getitem__, texts))


def _parser(column: Column, mapping: Mapping) -> Callable[[str | Formula], str | None]:
    parse, required = column.cell.compile(mapping), column.required

    def value(text: str | Formula) -> str | None:
        if isinstance(text, Formula):
            raise RowRejected(_("is a formula; write the value itself"))
        text = text.strip()
        if text:
            return parse(text)
        if required:
            raise RowRejected(_("is missing"))
        return None

    return value


class _Reader:
    """One pass over the file: parsed rows into the staging table, bad ones into the rejects."""

    def __init__(self, job: ImportJob, kind: type[Kind], mapping: Mapping):
        self.job, self.kind, self.mapping = job, kind, mapping
        self.read = self.rejected = 0
        self.trailer: list | None = None
        self.present: frozenset[str] = frozenset()
        self.good, self.bad = io.StringIO(), io.StringIO()

    def run(self) -> Scope:
        with Source(Path(self.job.path), self.mapping.shape, self.job.file_name) as source:
            rows = iter(source)
            layout = self.layout = layout_of(self.job, self.kind, self.mapping, rows)
            self.present = frozenset(layout.present)
            scope = scope_of(self.job, self.present)
            create_tables(self.kind, scope)
            self.is_sheet = source.format == "xlsx"
            self.derive = self.kind.deriver(self.mapping, self.present)
            self.steps = [_Step(column, self.mapping, layout) for column in self.kind.columns]
            said = time.monotonic()
            batch: list[tuple[int, list]] = []
            for row in self._wanted_rows(rows):
                batch.append(row)
                if len(batch) < BATCH:
                    continue
                self._take(batch)
                batch = []
                if self.read % CHUNK == 0:
                    self._flush(scope)
                    if time.monotonic() - said > 0.5:
                        said = time.monotonic()
                        self._tell(source.position)
            self._take(batch)
            self._flush(scope)
            self._tell(source.position)
        if not self.read:
            raise ImportRefused(_("The file holds a header and no rows."))
        joined = {"row_no", *self.kind.key_columns(), *(ref.column for ref in self.kind.refs)}
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {scope.stage} ({', '.join(sorted(joined))})")
        return scope

    def _wanted_rows(self, rows: Iterator[Row]) -> Iterator[tuple[int, list]]:
        """The rows that hold data, each with its number."""
        layout, trailer = self.layout, self.mapping.trailer
        padded = layout.width if self.is_sheet or layout.header is None else 0
        for number, cells in rows:
            if layout.is_error_file:
                cells = unguarded(cells)
            if trailer:
                if str(cells[0]).strip() == trailer:
                    self.trailer = cells
                    continue
                if self.trailer is not None:
                    raise ImportRefused(_("Row %(row)s stands after the closing row.") % {"row": number})
            if layout.filters and not self._wanted(cells):
                continue
            if len(cells) < padded:  # a sheet ends a row with its last filled cell
                cells = [*cells, *[""] * (padded - len(cells))]
            yield number, cells if layout.row_place is None else layout.numbered(number, cells)

    def _wanted(self, cells: list) -> bool:
        return all(
            place < len(cells) and str(cells[place]).strip() in values
            for place, values in self.layout.filters
        )

    def _take(self, batch: list[tuple[int, list]]) -> None:
        self.read += len(batch)
        try:
            self.good.write(self._together(batch))
        except RowRejected:
            for number, cells in batch:
                self._alone(number, cells)

    def _together(self, batch: list[tuple[int, list]]) -> str:
        """Rows as COPY text. Raises RowRejected where any of them has a fault."""
        rows = [cells for _number, cells in batch]
        for cells in rows:
            self._check_width(cells)
        columns = [step.many(rows) for step in self.steps]
        derive = self.derive
        lines = []
        for (number, _cells), row in zip(batch, zip(*columns, strict=True), strict=True):
            values = list(row)
            if derive is not None:
                values += derive(values)
            lines.append(f"{number}\t{_copied(values)}\n")
        return "".join(lines)

    def _alone(self, number: int, cells: list) -> None:
        """One row by itself: to the good ones, or to the rejects with its column and reason."""
        layout = self.layout
        try:
            self._check_width(cells)
            values = [step.one(cells) for step in self.steps]
            if self.derive is not None:
                values += self.derive(values)
            self.good.write(f"{number}\t{_copied(values)}\n")
        except RowRejected as error:
            self.rejected += 1
            column = error.column
            raw = layout.raw(column, cells) if column else ""
            fields = (str(number), layout.shown.get(column, column), raw[:500], str(error), "f")
            self.bad.write("\t".join(_storable(f).translate(_ESCAPES) for f in fields) + "\n")

    def _check_width(self, cells: list) -> None:
        width, found = self.layout.width, len(cells) - (self.layout.row_place is not None)
        if found != width and self.layout.header is not None:
            raise RowRejected(
                _("the row has %(found)s cells, the header %(wanted)s") % {"found": found, "wanted": width}
            )

    def _flush(self, scope: Scope) -> None:
        names = ", ".join(name for name, _sql in self.kind.staged())
        with connection.cursor() as cursor:
            for buffer, target in (
                (self.good, f"{scope.stage} (row_no, {names})"),
                (self.bad, scope.rejects),
            ):
                if buffer.tell():
                    buffer.seek(0)
                    cursor.cursor.copy_expert(f"COPY {target} FROM STDIN (NULL '{_NULL}')", buffer, 1 << 16)
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


def _copied(values: list[str | None]) -> str:
    """A row as COPY reads it."""
    text = "\t".join([_NULL if value is None else value for value in values])
    if "\\" in text or "\n" in text or "\r" in text or text.count("\t") != len(values) - 1:
        return "\t".join([_NULL if value is None else value.translate(_ESCAPES) for value in values])
    return text


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
