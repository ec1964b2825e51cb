"""Opening what was sent: plain, gzip or zip text, and XLSX, row by row, never whole.

Everything declared is obeyed and nothing is guessed; whatever is not what it says is refused with one
sentence that names the place.
"""

import codecs
import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, NamedTuple

import openpyxl
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from openpyxl.utils.exceptions import InvalidFileException

from corebanking.refusals import ImportRefused

ENCODINGS = {
    "utf-8": "utf-8-sig",  # with or without a byte order mark
    "latin-1": "latin-1",
    "windows-1252": "cp1252",
    "gb18030": "gb18030",
}
CHUNK = 1 << 17
MAX_FIELD = 131_072  # characters; csv's own limit
MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_ROW_CHARACTERS = 4 * 1024 * 1024
MAX_RATIO = 250  # unpacked to packed; text of a bank shrinks 5 to 30 times
RATIO_FROM = 16 * 1024 * 1024
MAX_SHARED_STRINGS = 256 * 1024 * 1024  # openpyxl holds these in memory

_MAGIC = [
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"MZ", "EXE"),
    (b"\x7fELF", "ELF"),
    (b"\xd0\xcf\x11\xe0", "XLS"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
]


class Formula:
    """A cell of a spreadsheet that computes: its value is not ours to trust."""

    __slots__ = ("text",)

    def __init__(self, text: str):
        self.text = text


class Row(NamedTuple):
    number: int  # as people count: the line of a text file, the row of a sheet
    cells: list


class Shape(NamedTuple):
    """How a text file is written, as its mapping declares."""

    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    sheet: str = ""


class Source:
    """One file, open for reading. Iterate it for its rows, the header among them; use it with `with`."""

    def __init__(self, path: Path, shape: Shape, name: str = ""):
        self.path = Path(path)
        self.shape = shape
        self.name = name or self.path.name
        self.size = self.path.stat().st_size
        self._raw: BinaryIO | None = None
        self._closers: list = []
        self.format = ""

    def __enter__(self) -> "Source":
        if self.size == 0:
            raise ImportRefused(_("The file is empty."))
        if self.size > settings.MAX_UPLOAD_BYTES:
            raise ImportRefused(too_large())
        self._raw = self.path.open("rb")
        self._closers.append(self._raw)
        try:
            head = self._raw.read(8192)
            self._raw.seek(0)
            self.format = self._recognise(head)
        except ImportRefused:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error) -> None:
        while self._closers:
            self._closers.pop().close()

    @property
    def position(self) -> int:
        """Bytes of the file consumed so far."""
        return self._raw.tell() if self._raw is not None and not self._raw.closed else self.size

    def __iter__(self) -> Iterator[Row]:
        if self.format == "xlsx":
            return self._sheet_rows()
        return self._text_rows()

    def _recognise(self, head: bytes) -> str:
        suffix = Path(self.name).suffix.lower()
        for magic, said in _MAGIC:
            if head.startswith(magic):
                raise ImportRefused(
                    _("“%(name)s” is a %(format)s file; send CSV text, XLSX, gzip or zip.")
                    % {"name": self.name, "format": said}
                )
        if head.startswith(b"\x1f\x8b"):
            found = "gz"
        elif head.startswith(b"PK"):
            found = "xlsx" if self._is_workbook() else "zip"
        else:
            found = "text"
        declared = (
            suffix[1:] if suffix in (".gz", ".zip", ".xlsx") else "text" if suffix in (".csv", ".tsv") else ""
        )
        if declared and declared != found:
            said = {"gz": "gzip", "zip": "zip", "xlsx": "XLSX", "text": "text"}
            raise ImportRefused(
                _("“%(name)s” is not what its name says: inside it is %(format)s.")
                % {"name": self.name, "format": said[found]}
            )
        return found

    def _is_workbook(self) -> bool:
        try:
            with zipfile.ZipFile(self.path) as archive:
                return "xl/workbook.xml" in archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise ImportRefused(_("The zip file is damaged or cut short.")) from error

    # -- text ------------------------------------------------------------------------------------

    def _text_rows(self) -> Iterator[Row]:
        codec = ENCODINGS[self.shape.encoding]
        stream = _Counted(self._unpacked(), packed=self.size if self.format != "text" else 0)
        text = io.TextIOWrapper(stream, encoding=codec, errors="strict", newline="")
        self._closers.append(text)
        lines = _Lines(text)
        reader = csv.reader(
            lines, delimiter=self.shape.delimiter, quotechar=self.shape.quote, doublequote=True, strict=True
        )
        last = 0
        try:
            for cells in reader:
                lines.characters = 0
                if cells:
                    yield Row(last + 1, cells)
                last = reader.line_num
        except UnicodeDecodeError as error:
            before = error.object[
                : error.start
            ]  # of the piece that was read last: nothing of it has come out
            offset = stream.total - len(error.object) + error.start
            raise ImportRefused(
                _("Byte %(offset)s of the file is not %(encoding)s (0x%(byte)s, about row %(row)s).")
                % {
                    "offset": offset,
                    "encoding": self.shape.encoding.upper(),
                    "byte": error.object[error.start : error.start + 1].hex(),
                    "row": reader.line_num + (before.count(b"\n") or before.count(b"\r")) + 1,
                }
            ) from error
        except csv.Error as error:
            if "field larger" in str(error):
                raise ImportRefused(
                    _(
                        "Row %(row)s holds a field of more than %(limit)s characters; a quote may be left open."
                    )
                    % {"row": last + 1, "limit": MAX_FIELD}
                ) from error
            raise ImportRefused(
                _("Row %(row)s cannot be read: its quotes do not match.") % {"row": last + 1}
            ) from error
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise ImportRefused(
                _("The packed file is damaged or cut short (after row %(row)s).") % {"row": last}
            ) from error

    def _unpacked(self) -> BinaryIO:
        if self.format == "gz":
            packed = gzip.GzipFile(fileobj=self._raw)
            self._closers.append(packed)
            return packed
        if self.format == "zip":
            return self._only_member()
        return self._raw

    def _only_member(self) -> BinaryIO:
        try:
            archive = zipfile.ZipFile(self._raw)
        except (zipfile.BadZipFile, ValueError) as error:
            raise ImportRefused(_("The zip file is damaged or cut short.")) from error
        self._closers.append(archive)
        members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
        if len(members) != 1:
            raise ImportRefused(
                ngettext(
                    "The zip holds %(count)s file; it must hold exactly one.",
                    "The zip holds %(count)s files; it must hold exactly one.",
                    len(members),
                )
                % {"count": len(members)}
            )
        member = members[0]
        if member.flag_bits & 1:
            raise ImportRefused(_("The zip is encrypted; send it without a password."))
        if member.file_size > settings.MAX_UNPACKED_BYTES:
            raise ImportRefused(unpacks_too_large())
        try:
            opened = archive.open(member)
        except (NotImplementedError, zipfile.BadZipFile) as error:
            raise ImportRefused(_("The zip is packed in a way that cannot be opened here.")) from error
        self._closers.append(opened)
        return opened

    # -- spreadsheets ----------------------------------------------------------------------------

    def _sheet_rows(self) -> Iterator[Row]:
        self._guard_workbook()
        try:
            book = openpyxl.load_workbook(self._raw, read_only=True, data_only=False, keep_links=False)
        except (InvalidFileException, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
            # ElementTree's ParseError is a SyntaxError; broken parts surface as the others
            raise ImportRefused(_("The spreadsheet is damaged and cannot be read.")) from error
        self._closers.append(book)
        if self.shape.sheet:
            if self.shape.sheet not in book.sheetnames:
                raise ImportRefused(
                    _("The spreadsheet has no sheet “%(name)s”.") % {"name": self.shape.sheet}
                )
            sheet = book[self.shape.sheet]
        else:
            if len(book.worksheets) != 1:
                raise ImportRefused(
                    _("The spreadsheet has %(count)s sheets; keep one, or name the sheet in the mapping.")
                    % {"count": len(book.worksheets)}
                )
            sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is not believed
        number = 0
        try:
            for number, cells in enumerate(sheet.iter_rows(), start=1):
                values = [_cell(cell) for cell in cells]
                while values and values[-1] == "":
                    values.pop()
                if values:
                    yield Row(number, values)
        except (
            KeyError,
            ValueError,
            TypeError,
            SyntaxError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
        ) as error:
            raise ImportRefused(
                _("The spreadsheet cannot be read after row %(row)s.") % {"row": number}
            ) from error

    def _guard_workbook(self) -> None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                members = archive.infolist()
                total = sum(member.file_size for member in members)
                if total > settings.MAX_UNPACKED_BYTES or (
                    total > RATIO_FROM and total > MAX_RATIO * self.size
                ):
                    raise ImportRefused(unpacks_too_large())
                for member in members:
                    if member.flag_bits & 1:
                        raise ImportRefused(_("The spreadsheet is encrypted; send it without a password."))
                    if member.filename == "xl/sharedStrings.xml" and member.file_size > MAX_SHARED_STRINGS:
                        raise ImportRefused(_("The spreadsheet holds too much text; save it as CSV."))
                    if member.filename.endswith((".xml", ".rels")):
                        with archive.open(member) as part:
                            head = part.read(2048).lower()
                        if b"<!doctype" in head or b"<!entity" in head:
                            raise ImportRefused(
                                _("The spreadsheet declares entities, which no spreadsheet needs.")
                            )
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
            raise ImportRefused(_("The spreadsheet is damaged and cannot be read.")) from error


def _cell(cell):
    """A sheet's cell as a text file would write it."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f":
        return Formula(str(getattr(value, "text", value)))
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, float):
        return format(Decimal(repr(value)).normalize(), "f")
    return str(value)


class _Counted(io.BufferedIOBase):
    """Bytes on their way to the decoder: counted, and stopped at the limits while they stream."""

    def __init__(self, inner: BinaryIO, packed: int):
        self._inner = inner
        self._packed = packed
        self._open_line = 0
        self.total = 0

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        data = self._inner.read(CHUNK)
        first = self.total == 0
        self.total += len(data)
        if first and b"\x00" in data:
            raise ImportRefused(
                _("Byte %(offset)s of the file is zero: this is not text.") % {"offset": data.index(0)}
            )
        if self.total > settings.MAX_UNPACKED_BYTES:
            raise ImportRefused(unpacks_too_large())
        if self._packed and self.total > RATIO_FROM and self.total > MAX_RATIO * self._packed:
            raise ImportRefused(unpacks_too_large())
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._open_line = self._open_line + len(data) if end < 0 else len(data) - end
        if self._open_line > MAX_LINE_BYTES:
            raise ImportRefused(
                _("A line of more than %(limit)s bytes ends nowhere; the file is not what its mapping says.")
                % {"limit": MAX_LINE_BYTES}
            )
        return data

    def read(self, size: int | None = -1) -> bytes:
        return self.read1()


class _Lines:
    """The lines of a text, refusing a row that grows without end inside open quotes."""

    def __init__(self, text):
        self._next = iter(text).__next__
        self.characters = 0

    def __iter__(self):
        return self

    def __next__(self) -> str:
        line = self._next()
        self.characters += len(line)
        if self.characters > MAX_ROW_CHARACTERS:
            raise csv.Error("field larger than field limit")
        return line


def too_large() -> str:
    return _("The file is larger than the %(limit)s MB that may be sent.") % {
        "limit": settings.MAX_UPLOAD_BYTES // 2**20
    }


def unpacks_too_large() -> str:
    return _("Unpacked, the file grows beyond what may be loaded; it is refused unread.")


# A cell that a spreadsheet would run, unless it is only a number or a phone.
_RUNS = ("=", "+", "-", "@", "\t", "\r")


def guard(value: str) -> str:
    """The value with an apostrophe before it where a spreadsheet would run it. `unguard` takes it away."""
    bare = value.lstrip("'")
    if not bare.startswith(_RUNS):
        return value
    if bare == value and bare[0] in "+-" and bare[1:] and not bare[1:].strip("0123456789 .,()/-"):
        return value
    return "'" + value


def unguard(value: str) -> str:
    """What was written before `guard`."""
    if value.startswith("'") and value.lstrip("'").startswith(_RUNS):
        return value[1:]
    return value


def encoder_name(encoding: str) -> str:
    """The codec with which an error file is written back."""
    return codecs.lookup("utf-8" if encoding == "utf-8" else ENCODINGS[encoding]).name
