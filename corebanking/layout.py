"""A mapping bound to the header of one file: how to get the text of each canonical column from a row."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import cast

from django.utils.translation import gettext as _

from corebanking.files import Formula, Source, unguard
from corebanking.mapping import ROW, ColumnRule, Lookup, Mapping
from corebanking.refusals import ImportRefused, RowRejected
from corebanking.transforms import REMEMBERING, TRANSFORMS

ERROR_COLUMNS = ("_row", "_column", "_value", "_reason")
MAX_LOOKUP_ROWS = 2_000_000
REMEMBERED = 5_000  # rows: more than are ever read together
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")

Getter = Callable[[list], str]


class Layout:
    """A mapping bound to the header of one file: for each canonical column, how to get its text from a row.

    `positions` names the plain ones (column → index), which the importer reads without a call; `getters`
    the made ones; `shown` the heading that people know, for error files.
    """

    def __init__(
        self, mapping: Mapping, columns: dict[str, bool], header: list[str] | None, *, source_date: date
    ):
        self.mapping = mapping
        self.required = columns
        self.source_date = source_date
        self.lookups: dict[str, dict[str, str]] = {}
        self.constants: dict[str, str] = {}
        self.positions: dict[str, int] = {}
        self.getters: dict[str, Getter] = {}
        self.shown: dict[str, str] = {}
        self.header = header
        self.ignored: set[int] = set()
        self.is_error_file = False
        self.former_row_place: int | None = None  # of an error file: where its rows had stood
        self.row_place: int | None = (
            None  # behind the file's cells, where the mapping asks for the row's number
        )
        self.width = len(header) if header is not None else self._width_by_position()
        self._index = self._index_of(header) if header is not None else {}
        if mapping.columns is None:
            self._bind_canonical()
        else:
            self._bind_rules()
        missing = [name for name, required in columns.items() if required and name not in self.present]
        if missing:
            raise ImportRefused(
                _("The file lacks the required column “%(column)s”.") % {"column": missing[0]}
                if len(missing) == 1
                else _("The file lacks the required columns %(columns)s.") % {"columns": ", ".join(missing)}
            )
        self.filters = [(self._at(column), frozenset(values)) for column, values in mapping.where.items()]

    @property
    def present(self) -> set[str]:
        return self.constants.keys() | self.positions.keys() | self.getters.keys()

    def _width_by_position(self) -> int:
        places = [
            s for rule in (self.mapping.columns or {}).values() for s in rule.sources if isinstance(s, int)
        ]
        return max(places, default=0)

    def _index_of(self, header: list[str]) -> dict[str, int]:
        index: dict[str, int] = {}
        for place, name in enumerate(header):
            key = _heading(name)
            if key in ERROR_COLUMNS:
                self.ignored.add(place)
                self.is_error_file = True
                if key == "_row":
                    self.former_row_place = place
                continue
            if not key:
                raise ImportRefused(_("Column %(place)s of the header has no name.") % {"place": place + 1})
            if key in index:
                raise ImportRefused(
                    _("The header names “%(column)s” twice, in columns %(first)s and %(second)s.")
                    % {"column": name.strip(), "first": index[key] + 1, "second": place + 1}
                )
            index[key] = place
        return index

    def _bind_canonical(self) -> None:
        for key, place in self._index.items():
            heading = self._heading_at(place)
            if key not in self.required:
                raise ImportRefused(
                    _("Column %(place)s of the header, “%(column)s”, is not known. Known are: %(known)s.")
                    % {
                        "place": place + 1,
                        "column": heading,
                        "known": ", ".join(self.required),
                    }
                )
            self.positions[key] = place
            self.shown[key] = heading

    def _bind_rules(self) -> None:
        used: set[int] = set()
        for column, rule in (self.mapping.columns or {}).items():
            if column not in self.required:
                raise ImportRefused(
                    _("The mapping fills a column “%(column)s” that is not known.") % {"column": column}
                )
            places = [self._at(source) for source in rule.sources]
            places += [self._at(name) for name in _PLACEHOLDER.findall(rule.template) if name != "value"]
            used.update(places)
            self.shown[column] = self._shown(places, column)
            if rule.is_source_date:
                self.constants[column] = self.source_date.isoformat()
            elif rule.value is not None:
                self.constants[column] = rule.value
            elif rule == ColumnRule(sources=rule.sources) and len(places) == 1:
                self.positions[column] = places[0]
            else:
                self.getters[column] = self._getter(rule)
        used.update(self._at(column) for column in self.mapping.where)
        if self.header is not None and not self.mapping.ignores_others:
            for key, place in self._index.items():
                if place not in used:
                    raise ImportRefused(
                        _("Column %(place)s of the header, “%(column)s”, is not in the mapping.")
                        % {"place": place + 1, "column": key}
                    )

    def _at(self, source: str | int) -> int:
        if source == ROW:
            self.row_place = self.width
            return self.width
        if isinstance(source, int):
            if source < 1 or (self.header is not None and source > len(self.header)):
                raise ImportRefused(
                    _("The mapping names column %(place)s, which is not there.") % {"place": source}
                )
            return source - 1
        if self.header is None:
            raise ImportRefused(_("The file has no header, so the mapping must name columns by number."))
        place = self._index.get(_heading(source))
        if place is None:
            raise ImportRefused(
                _("The file lacks the column “%(column)s” that its mapping names.") % {"column": source}
            )
        return place

    def _shown(self, places: list[int], column: str) -> str:
        return self._heading_at(places[0]) if places else column

    def _heading_at(self, place: int) -> str:
        if place == self.row_place:
            return ROW
        return str(place + 1) if self.header is None else self.header[place].strip()

    def _getter(self, rule: ColumnRule) -> Getter:
        places = [self._at(source) for source in rule.sources]
        change = TRANSFORMS.get(rule.transform)
        if rule.transform in REMEMBERING:
            change, places = self._remembering(rule), [self._at(ROW), *places]
        tables = [(name, self.lookups.setdefault(name, {})) for name in rule.lookups]
        values, default = rule.values, rule.default
        # the texts of a template stand between the names of what it takes: every other piece is a name
        split = _PLACEHOLDER.split(rule.template)
        pieces = [
            (text, None) if i % 2 == 0 else ("", -1 if text == "value" else self._at(text))
            for i, text in enumerate(split)
        ]
        is_made = bool(rule.template)

        def get(cells: list) -> str:
            taken = [_plain(cells[place]) for place in places]
            value = taken[0] if taken else ""
            if values is not None:
                if value in values:
                    value = values[value]
                elif default is not None:
                    value = default
                elif value:
                    raise RowRejected(_("is a value that the mapping does not know"))
                if taken:
                    taken[0] = value
            if change is not None and any(taken):
                value = change(*taken)
            for name, table in tables:
                if not value:
                    break
                found = table.get(value)
                if found is None:
                    raise RowRejected(_("has no entry in the lookup “%(name)s”") % {"name": name})
                value = found
            if not value and default is not None:
                value = default
            if is_made and (value or not places):
                value = "".join(
                    text if place is None else value if place == -1 else _plain(cells[place])
                    for text, place in pieces
                )
            return value

        return get

    def _remembering(self, rule: ColumnRule) -> Callable[..., str]:
        """A transform that gets the row's number first: a row that is read once more is not counted twice."""
        if self.is_error_file:
            raise ImportRefused(
                _("This mapping reads each row by those before it, so mend the whole file and send that.")
            )
        change = REMEMBERING[rule.transform](**rule.options)
        known: dict[str, str] = {}

        def once(row: str, *cells: str) -> str:
            found = known.get(row)
            if found is None:
                found = known[row] = change(*cells)
                if len(known) > REMEMBERED:
                    del known[next(iter(known))]
            return found

        return cast(Getter, once)

    def numbered(self, number: int, cells: list) -> list:
        """The cells of a row with its number behind them, for mappings that ask for it."""
        place = self.former_row_place
        text = str(number if place is None or place >= len(cells) else cells[place]).strip()
        row = int(text) - (self.header is not None) if text.isdigit() else text
        return [*(cells if self.header is not None else cells[: self.width]), str(row)]

    def raw(self, column: str, cells: list) -> str:
        """The cell as it stood in the file, for the error file."""
        place = self.positions.get(column)
        if place is None and self.mapping.columns is not None and column in self.mapping.columns:
            sources = self.mapping.columns[column].sources
            place = self._at(sources[0]) if sources else None
        if place is None:
            return self.constants.get(column, "")
        value = cells[place] if place < len(cells) else ""
        return value if isinstance(value, str) else value.text

    def fill_lookups(self, folder: Path, paths: dict[str, str]) -> None:
        """Read the lookups' files: named ones, else those that lie beside the file. Bounded."""
        for lookup in self.mapping.lookups:
            path = Path(paths[lookup.file]) if lookup.file in paths else folder / Path(lookup.file).name
            if not path.is_file():
                raise ImportRefused(
                    _("The lookup file “%(name)s” does not lie beside the file and was not sent.")
                    % {"name": lookup.file}
                )
            self.lookups.setdefault(lookup.name, {}).update(read_lookup(lookup, path))


def read_lookup(lookup: Lookup, path: Path) -> dict[str, str]:
    """One lookup's key → value. Raises ImportRefused where a key has two values or the file is too long."""
    table: dict[str, str] = {}
    with Source(path, lookup.shape, lookup.file) as source:
        rows = iter(source)
        first = next(rows, None)
        if first is None:
            raise ImportRefused(_("The lookup file “%(name)s” is empty.") % {"name": lookup.file})
        index = {_heading(name): place for place, name in enumerate(first.cells)}
        try:
            key, value = index[_heading(lookup.key)], index[_heading(lookup.value)]
            filters = [
                (index[_heading(column)], frozenset(values)) for column, values in lookup.where.items()
            ]
        except KeyError as error:
            raise ImportRefused(
                _("The lookup file “%(name)s” lacks the column “%(column)s”.")
                % {"name": lookup.file, "column": error.args[0]}
            ) from error
        most = max(key, value, *(place for place, _values in filters)) if filters else max(key, value)
        for row in rows:
            if len(row.cells) <= most:
                raise ImportRefused(
                    _("Row %(row)s of the lookup file “%(name)s” is too short.")
                    % {"row": row.number, "name": lookup.file}
                )
            if any(row.cells[place].strip() not in values for place, values in filters):
                continue
            found = table.setdefault(row.cells[key].strip(), row.cells[value].strip())
            if found != row.cells[value].strip():
                raise ImportRefused(
                    _("The lookup file “%(name)s” gives two values for “%(key)s”.")
                    % {"name": lookup.file, "key": row.cells[key]}
                )
            if len(table) > MAX_LOOKUP_ROWS:
                raise ImportRefused(
                    _("The lookup file “%(name)s” has more than %(limit)s entries.")
                    % {"name": lookup.file, "limit": MAX_LOOKUP_ROWS}
                )
    return table


def _plain(cell) -> str:
    """A cell's text, which no transform may make of what a formula was."""
    if cell.__class__ is Formula:
        raise RowRejected(_("is a formula; write the value itself"))
    return cell.strip()


def _heading(name) -> str:
    return str(name).strip().casefold()


def unguarded(cells: list) -> list:
    """A row of an error file as it stood before it was guarded against spreadsheets."""
    return [unguard(cell) if isinstance(cell, str) else cell for cell in cells]
