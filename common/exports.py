"""Lists as files. A spreadsheet must never run what a client was called."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from io import BytesIO

from django.http import HttpResponse, StreamingHttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import IllegalCharacterError

EXPORT_LIMIT = 50_000  # rows of one file
_RUNS = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def guarded(value: str) -> str:
    """Text that a spreadsheet would run as a formula, made harmless by a leading apostrophe."""
    return "'" + value if value.startswith(_RUNS) else value


class _Echo:
    def write(self, value: str) -> str:
        return value


def as_csv(name: str, head: list[str], rows: Iterable[list]) -> HttpResponse:
    """A streamed CSV, UTF-8 with BOM so that spreadsheets read every script."""
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(head)
        for row in rows:
            yield writer.writerow([guarded(v) if isinstance(v, str) else v for v in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def as_xlsx(name: str, head: list[str], rows: Iterable[list]) -> HttpResponse:
    """An XLSX written row by row; every text cell is text, whatever it begins with."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.append(head)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = BytesIO()
    book.save(file)
    response = HttpResponse(file.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    return response


def _cell(sheet, value):
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if not isinstance(value, str) or isinstance(value, date):
        return value
    try:
        cell = WriteOnlyCell(sheet, value=guarded(value))
    except IllegalCharacterError:
        cell = WriteOnlyCell(sheet, value="".join(c for c in value if c.isprintable()))
    cell.data_type = "s"
    return cell
