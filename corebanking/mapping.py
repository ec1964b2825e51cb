"""Mappings: how a bank's own file says what the canonical columns ask. TOML, see docs/imports.md.

Without a mapping a file is canonical: UTF-8, comma, a header with the canonical names.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from corebanking.files import ENCODINGS, Shape
from corebanking.refusals import ImportRefused
from corebanking.transforms import REMEMBERING, TRANSFORMS

SHIPPED = Path(__file__).parent / "mappings"
MAX_MAPPING_BYTES = 256 * 1024

ROW = "#row"  # a source: the number of the data row, from 1, by lines of the file without its header
_TOP = {"kind", "about", "file", "columns", "rows", "control", "lookup"}
_FILE = {
    "encoding",
    "delimiter",
    "quote",
    "header",
    "decimal",
    "thousands",
    "date_format",
    "datetime_format",
    "sheet",
    "ignore_other_columns",
    "source_date",
    "source_date_in_name",
    "source_date_format",
}
_COLUMN = {"from", "value", "map", "default", "transform", "options", "lookup", "template", "source_date"}
_LOOKUP = {"name", "file", "key", "value", "where", "map", "encoding", "delimiter", "quote"}
_CONTROL = {"rows", "sums", "trailer", "trailer_rows", "trailer_sums"}


@dataclass
class ColumnRule:
    """How one canonical column is made: from cells, the number of the row, a constant, or the source date."""

    sources: tuple[str | int, ...] = ()
    value: str | None = None
    is_source_date: bool = False
    values: dict[str, str] | None = None
    default: str | None = None
    transform: str = ""
    options: dict[str, Any] = field(default_factory=dict)  # of a transform that remembers
    lookups: tuple[str, ...] = ()
    template: str = ""


@dataclass
class Lookup:
    name: str
    file: str
    key: str
    value: str
    where: dict[str, list[str]]
    shape: Shape


@dataclass
class Mapping:
    """A mapping as read. `text` is kept with each import, so that what was done can be read later."""

    name: str = ""
    text: str = ""
    kind: str = ""
    shape: Shape = field(default_factory=Shape)
    has_header: bool = True
    decimal: str = "."
    thousands: str = ""
    date_format: str = "%Y-%m-%d"
    datetime_format: str = ""
    ignores_others: bool = False
    columns: dict[str, ColumnRule] | None = None  # None: canonical
    where: dict[str, list[str]] = field(default_factory=dict)
    lookups: list[Lookup] = field(default_factory=list)
    expected_rows: int | None = None
    expected_sums: dict[str, Decimal] = field(default_factory=dict)
    trailer: str = ""
    trailer_rows: int | None = None
    trailer_sums: dict[str, int] = field(default_factory=dict)
    source_date: date | None = None
    source_date_in_name: str = ""
    source_date_format: str = "%Y-%m-%d"

    def date_of(self, file_name: str) -> date | None:
        """The source date that the mapping knows: a constant, or read out of the file's name."""
        if self.source_date_in_name:
            found = re.search(self.source_date_in_name, file_name)
            if not found:
                raise ImportRefused(
                    _("The name “%(name)s” does not hold the date that the mapping expects in it.")
                    % {"name": file_name}
                )
            text = found.group(1) if found.groups() else found.group(0)
            try:
                return datetime.strptime(text, self.source_date_format).date()
            except ValueError as error:
                raise ImportRefused(
                    _("“%(text)s” in the file's name is not a date as the mapping writes them.")
                    % {"text": text}
                ) from error
        return self.source_date


def shipped_names(kind: str = "") -> list[str]:
    """Names of the mappings that come with the project, for one kind or all."""
    names = sorted(path.stem for path in SHIPPED.glob("*.toml"))
    return [name for name in names if not kind or read_mapping(load_text(name), name).kind == kind]


def load_text(name_or_path: str) -> str:
    """The text of a shipped mapping by its name, else of a file. Raises ImportRefused."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", name_or_path):
        path = SHIPPED / f"{name_or_path}.toml"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    path = Path(name_or_path)
    try:
        if path.stat().st_size > MAX_MAPPING_BYTES:
            raise ImportRefused(_("The mapping is too large."))
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise ImportRefused(
            _("There is no mapping “%(name)s”. Shipped ones: %(names)s.")
            % {"name": name_or_path, "names": ", ".join(sorted(p.stem for p in SHIPPED.glob("*.toml")))}
        ) from error


def load_shipped(name: str) -> str:
    """The text of a shipped mapping; nothing but a shipped name is accepted."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or not (SHIPPED / f"{name}.toml").is_file():
        raise ImportRefused(_("There is no mapping “%(name)s”.") % {"name": name})
    return load_text(name)


def read_mapping(text: str, name: str = "") -> Mapping:
    """Parse a mapping. An empty text is the canonical one. Raises ImportRefused naming the wrong entry."""
    if not text:
        return Mapping()
    try:
        data = tomllib.loads(text)
        return _mapping(data, text, name)
    except tomllib.TOMLDecodeError as error:
        raise ImportRefused(_("The mapping is not valid TOML: %(error)s.") % {"error": error}) from error
    except (TypeError, AttributeError, ValueError, InvalidOperation) as error:
        raise ImportRefused(
            _("The mapping holds a value of the wrong kind: %(error)s.") % {"error": error}
        ) from error


def _mapping(data: dict, text: str, name: str) -> Mapping:
    _only(data, _TOP, "")
    file = data.get("file", {})
    _only(file, _FILE, "file")
    mapping = Mapping(
        name=name,
        text=text,
        kind=data.get("kind", ""),
        shape=_shape(file, "file"),
        has_header=bool(file.get("header", True)),
        decimal=file.get("decimal", "."),
        thousands=file.get("thousands", ""),
        date_format=file.get("date_format", "%Y-%m-%d"),
        datetime_format=file.get("datetime_format", ""),
        ignores_others=bool(file.get("ignore_other_columns", False)),
        where=_where(data.get("rows", {})),
        source_date=_date(file.get("source_date")),
        source_date_in_name=file.get("source_date_in_name", ""),
        source_date_format=file.get("source_date_format", "%Y-%m-%d"),
    )
    if mapping.decimal not in (".", ",") or mapping.thousands not in (
        "",
        ".",
        ",",
        " ",
        "'",
        "\u00a0",
        "\u202f",
    ):
        raise ImportRefused(_("The mapping's decimal sign must be a point or a comma."))
    if mapping.decimal == mapping.thousands:
        raise ImportRefused(_("The mapping uses one sign for decimals and for thousands."))
    if "columns" in data:
        mapping.columns = {column: _rule(column, given) for column, given in data["columns"].items()}
    elif not mapping.has_header:
        raise ImportRefused(_("The mapping says that there is no header, so it must list the columns."))
    for given in data.get("lookup", []):
        _only(given, _LOOKUP, "lookup")
        mapping.lookups.append(
            Lookup(
                name=given.get("name", "") or given["file"],
                file=given["file"],
                key=given["key"],
                value=given["value"],
                where=_where({"where": given.get("where", {})}),
                shape=_shape(
                    {**{k: file[k] for k in ("encoding", "delimiter", "quote") if k in file}, **given},
                    "lookup",
                ),
            )
        )
    known = {lookup.name for lookup in mapping.lookups}
    for rule in (mapping.columns or {}).values():
        for wanted in rule.lookups:
            if wanted not in known:
                raise ImportRefused(
                    _("The mapping uses a lookup “%(name)s” that it does not define.") % {"name": wanted}
                )
    control = data.get("control", {})
    _only(control, _CONTROL, "control")
    mapping.expected_rows = control.get("rows")
    mapping.expected_sums = {column: Decimal(str(value)) for column, value in control.get("sums", {}).items()}
    mapping.trailer = control.get("trailer", "")
    mapping.trailer_rows = control.get("trailer_rows")
    mapping.trailer_sums = dict(control.get("trailer_sums", {}))
    return mapping


def _only(table: dict, allowed: set[str], where: str) -> None:
    for key in table:
        if key not in allowed:
            place = f"{where}.{key}" if where else key
            raise ImportRefused(_("The mapping holds an unknown entry “%(entry)s”.") % {"entry": place})


def _shape(file: dict, where: str) -> Shape:
    encoding = str(file.get("encoding", "utf-8")).lower()
    if encoding not in ENCODINGS:
        raise ImportRefused(
            _("The mapping names an encoding “%(name)s”; known are %(known)s.")
            % {"name": encoding, "known": ", ".join(ENCODINGS)}
        )
    delimiter, quote = file.get("delimiter", ","), file.get("quote", '"')
    if len(delimiter) != 1 or len(quote) != 1 or delimiter == quote:
        raise ImportRefused(_("The mapping's delimiter and quote must be one character each."))
    return Shape(encoding=encoding, delimiter=delimiter, quote=quote, sheet=file.get("sheet", ""))


def _where(table: dict) -> dict[str, list[str]]:
    _only(table, {"where"}, "rows")
    return {
        column: [str(v) for v in (values if isinstance(values, list) else [values])]
        for column, values in table.get("where", {}).items()
    }


def _date(value) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(value)


def _rule(column: str, given) -> ColumnRule:
    if isinstance(given, (str, int)):
        given = {"from": given}
    _only(given, _COLUMN, f"columns.{column}")
    sources = given.get("from", [])
    sources = tuple(sources) if isinstance(sources, list) else (sources,)
    lookups = given.get("lookup", [])
    rule = ColumnRule(
        sources=sources,
        value=None if "value" not in given else str(given["value"]),
        is_source_date=bool(given.get("source_date", False)),
        values={str(k): str(v) for k, v in given["map"].items()} if "map" in given else None,
        default=None if "default" not in given else str(given["default"]),
        transform=given.get("transform", ""),
        options=dict(given.get("options", {})),
        lookups=tuple(lookups) if isinstance(lookups, list) else (lookups,),
        template=given.get("template", ""),
    )
    if rule.transform in REMEMBERING:
        REMEMBERING[rule.transform](**rule.options)  # options it does not know are said now
    elif rule.transform and rule.transform not in TRANSFORMS:
        raise ImportRefused(_("The mapping uses an unknown transform “%(name)s”.") % {"name": rule.transform})
    if not rule.sources and rule.value is None and not rule.is_source_date and not rule.template:
        raise ImportRefused(
            _("The mapping says nothing about where “%(column)s” comes from.") % {"column": column}
        )
    return rule


def digest_of(content_digest: str, kind: str, mapping_text: str) -> str:
    """What makes a file the same file: its content, its kind and how it is read."""
    return hashlib.sha256(f"{content_digest}\n{kind}\n{mapping_text}".encode()).hexdigest()
