"""Parsers of cells: each kind of column compiles to one fast function, text in, canonical text out.

The function gets the cell stripped and not empty, and returns what PostgreSQL reads in the column's type.
It raises RowRejected with the reason. How the file writes dates and numbers comes from the mapping.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from clients.search import document_key
from corebanking.mapping import Mapping
from corebanking.refusals import RowRejected

Parser = Callable[[str], str | None]

_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_CONTROL_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BREAK = re.compile(r"\s*[\r\n]+\s*")
_EMAIL = re.compile(
    r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\Z"
)
_FIRST_YEAR, _LAST_YEAR = 1800, 2200


@dataclass(frozen=True)
class Cell:
    """The base: what a column holds. `sql` is the type of its staging column."""

    sql = "text"
    said = "text"

    def compile(self, mapping: Mapping) -> Parser:
        raise NotImplementedError


@dataclass(frozen=True)
class Text(Cell):
    most: int = 200
    lines: bool = False  # line breaks and tabs may stand in it
    folds_breaks: bool = False  # a line break becomes a comma, as in addresses

    def compile(self, mapping: Mapping) -> Parser:
        most, bad = self.most, (_CONTROL_IN_TEXT if self.lines else _CONTROL).search
        folds = self.folds_breaks

        def parse(text: str) -> str:
            if folds and ("\n" in text or "\r" in text):
                text = _BREAK.sub(", ", text)
            if bad(text):
                raise RowRejected(_("holds a control character that cannot be stored"))
            if len(text) > most:
                raise RowRejected(_("is longer than %(limit)s characters") % {"limit": most})
            return text

        return parse


@dataclass(frozen=True)
class Code(Cell):
    """An identifier: no spaces inside, no control characters."""

    most: int = 40

    def compile(self, mapping: Mapping) -> Parser:
        most, bad = self.most, re.compile("[\x00-\x20\x7f\ud800-\udfff]").search

        def parse(text: str) -> str:
            if bad(text):
                raise RowRejected(_("holds a space or a control character"))
            if len(text) > most:
                raise RowRejected(_("is longer than %(limit)s characters") % {"limit": most})
            return text

        return parse


@dataclass(frozen=True)
class OneOf(Cell):
    values: tuple[str, ...] = ()
    said = "one of"

    def compile(self, mapping: Mapping) -> Parser:
        known = {value: value for value in self.values}
        known_folded = {value.casefold(): value for value in self.values}
        listed = ", ".join(self.values)

        def parse(text: str) -> str:
            found = known.get(text) or known_folded.get(text.casefold())
            if found is None:
                raise RowRejected(_("is not one of: %(values)s") % {"values": listed})
            return found

        return parse


@dataclass(frozen=True)
class Several(Cell):
    """Some of a closed list, parted by commas, semicolons or spaces. Kept in the list's order, each once.

    `stored`: what each is kept as; empty: as it is written.
    """

    values: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()
    sql = "text[]"
    said = "some of"

    def compile(self, mapping: Mapping) -> Parser:
        kept = dict(zip(self.values, self.stored or self.values, strict=True))
        listed = ", ".join(self.values)

        def parse(text: str) -> str:
            named = {word.casefold() for word in re.split(r"[,;\s]+", text) if word}
            if not named or named - kept.keys():
                raise RowRejected(_("may only hold: %(values)s") % {"values": listed})
            return "{" + ",".join(kept[value] for value in self.values if value in named) + "}"

        return parse


@dataclass(frozen=True)
class Clock(Cell):
    """A time of the day: 9, 09:00 or 17:30."""

    sql = "time"
    said = "time of the day"

    def compile(self, mapping: Mapping) -> Parser:
        form = re.compile(r"([0-9]{1,2})(?::([0-9]{2})(?::00)?)?\Z").match

        def parse(text: str) -> str:
            found = form(text)
            if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
                raise RowRejected(_("is not a time of the day like 09:00"))
            return f"{int(found[1]):02d}:{int(found[2] or 0):02d}"

        return parse


@dataclass(frozen=True)
class YesNo(Cell):
    sql = "boolean"
    said = "yes or no"

    def compile(self, mapping: Mapping) -> Parser:
        known = {"yes": "t", "no": "f", "true": "t", "false": "f", "1": "t", "0": "f"}

        def parse(text: str) -> str:
            found = known.get(text.casefold())
            if found is None:
                raise RowRejected(_("is neither yes nor no"))
            return found

        return parse


@dataclass(frozen=True)
class Number(Cell):
    """A decimal number; `digits` before and `places` after its sign."""

    digits: int = 16
    places: int = 2
    least: Decimal | None = None
    sql = "numeric"
    said = "number"

    def compile(self, mapping: Mapping) -> Parser:
        decimal, thousands = mapping.decimal, mapping.thousands
        places, limit, least = self.places, Decimal(10) ** self.digits, self.least
        plain = re.compile(
            rf"-?[0-9]{{1,{self.digits}}}(?:\.[0-9]{{1,{places}}})?\Z"
            if places
            else rf"-?[0-9]{{1,{self.digits}}}\Z"
        ).match
        grouped = (
            re.compile(
                rf"[+-]?[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+(?:{re.escape(decimal)}[0-9]+)?\Z"
            ).match
            if thousands
            else None
        )
        loose = re.compile(rf"[+-]?[0-9]+(?:{re.escape(decimal)}[0-9]+)?\Z").match

        def parse(text: str) -> str:
            if not (decimal == "." and plain(text)):
                if grouped is not None and grouped(text):
                    text = text.replace(thousands, "")
                elif not loose(text):
                    raise RowRejected(
                        _("is not a number with “%(sign)s” before its decimals") % {"sign": decimal}
                    )
                text = text.replace(decimal, ".").removeprefix("+")
                if "." in text:
                    whole, _dot, rest = text.partition(".")
                    if len(rest.rstrip("0")) > places:
                        raise RowRejected(_("has more than %(places)s decimals") % {"places": places})
                    text = f"{whole}.{rest[:places]}" if places else whole
                try:
                    if abs(Decimal(text)) >= limit:
                        raise RowRejected(_("is too large a number"))
                except InvalidOperation:
                    raise RowRejected(_("is not a number")) from None
            if least is not None and Decimal(text) < least:
                raise RowRejected(_("is less than %(least)s") % {"least": least})
            return text

        return parse


@dataclass(frozen=True)
class Whole(Cell):
    least: int = 0
    most: int = 2_147_483_647
    sql = "integer"
    said = "whole number"

    def compile(self, mapping: Mapping) -> Parser:
        least, most = self.least, self.most
        digits = re.compile(r"-?[0-9]{1,10}\Z").match

        def parse(text: str) -> str:
            if not digits(text):
                raise RowRejected(_("is not a whole number"))
            if not least <= int(text) <= most:
                raise RowRejected(_("is outside %(least)s to %(most)s") % {"least": least, "most": most})
            return text

        return parse


@dataclass(frozen=True)
class Day(Cell):
    sql = "date"
    said = "date"

    def compile(self, mapping: Mapping) -> Parser:
        return _day(mapping.date_format)


@dataclass(frozen=True)
class Month(Cell):
    """A month, as any of its days or `2026-08`; kept as its first day."""

    sql = "date"
    said = "month"

    def compile(self, mapping: Mapping) -> Parser:
        day = _day(mapping.date_format)

        def parse(text: str) -> str:
            if len(text) == 7 and text[4:5] == "-":
                return _day("%Y-%m-%d")(f"{text}-01")
            return f"{day(text)[:8]}01"

        return parse


def _day(form: str) -> Parser:
    iso = form == "%Y-%m-%d"

    @lru_cache(maxsize=50_000)
    def parse(text: str) -> str:
        try:
            if len(text) == 10 and text[4] == text[7] == "-":
                if not iso and "-" not in form:
                    raise ValueError
                found = date.fromisoformat(text) if iso else datetime.strptime(text, form).date()
            elif iso:
                raise ValueError
            else:
                found = datetime.strptime(text, form).date()
        except ValueError:
            raise RowRejected(
                _("is not a date written like %(example)s") % {"example": _example(form)}
            ) from None
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise RowRejected(_("is a date out of all bounds"))
        return found.isoformat()

    return parse


def _example(form: str) -> str:
    return date(2026, 8, 31).strftime(form)


@dataclass(frozen=True)
class Moment(Cell):
    """A time. Without an offset it is the branch's local time, where the row names one, else UTC."""

    sql = "timestamptz"
    said = "time"

    def compile(self, mapping: Mapping) -> Parser:
        form = mapping.datetime_format

        def parse(text: str) -> str:
            try:
                found = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
            except ValueError:
                raise RowRejected(
                    _("is not a time written like %(example)s")
                    % {
                        "example": datetime(2026, 8, 31, 14, 5, tzinfo=UTC).strftime(
                            form or "%Y-%m-%dT%H:%M:%S+00:00"
                        )
                    }
                ) from None
            if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
                raise RowRejected(_("is a date out of all bounds"))
            return found.isoformat()

        return parse


def is_local(moment: str | None) -> str:
    """Whether a canonical moment has no offset, as COPY writes a boolean."""
    return "t" if moment is not None and "+" not in moment and "-" not in moment[19:] else "f"


@dataclass(frozen=True)
class Email(Cell):
    most: int = 254

    def compile(self, mapping: Mapping) -> Parser:
        fast, most = _EMAIL.match, self.most

        def parse(text: str) -> str:
            if len(text) > most:
                raise RowRejected(_("is longer than %(limit)s characters") % {"limit": most})
            if not fast(text) or ".." in text:
                try:
                    validate_email(text)
                except ValidationError:
                    raise RowRejected(_("is not an email address")) from None
            return text.lower()

        return parse


@dataclass(frozen=True)
class Phone(Cell):
    """Only its look is judged here; the number itself needs the row's country (see kinds.clients)."""

    def compile(self, mapping: Mapping) -> Parser:
        bad = _CONTROL.search

        def parse(text: str) -> str:
            if bad(text) or len(text) > 60:
                raise RowRejected(_("is not a phone number"))
            return text

        return parse


@dataclass(frozen=True)
class Country(Cell):
    said = "ISO 3166 country"

    def compile(self, mapping: Mapping) -> Parser:
        match = re.compile(r"[A-Za-z]{2}\Z").match

        def parse(text: str) -> str:
            if not match(text):
                raise RowRejected(_("is not a country of two letters, like ES"))
            return text.upper()

        return parse


@dataclass(frozen=True)
class Money(Cell):
    said = "ISO 4217 currency"

    def compile(self, mapping: Mapping) -> Parser:
        match = re.compile(r"[A-Za-z]{3}\Z").match

        def parse(text: str) -> str:
            if not match(text):
                raise RowRejected(_("is not a currency of three letters, like EUR"))
            return text.upper()

        return parse


@dataclass(frozen=True)
class Zone(Cell):
    said = "time zone"

    def compile(self, mapping: Mapping) -> Parser:
        known = available_timezones()

        def parse(text: str) -> str:
            if text not in known:
                raise RowRejected(_("is not a time zone like Europe/Madrid"))
            return text

        return parse


@dataclass(frozen=True)
class Document(Cell):
    most: int = 60

    def compile(self, mapping: Mapping) -> Parser:
        bad, most = _CONTROL.search, self.most

        def parse(text: str) -> str:
            if bad(text) or len(text) > most or len(document_key(text)) < 3:
                raise RowRejected(_("is not a document number: three letters or digits at least"))
            return text

        return parse


@dataclass(frozen=True)
class ComingBack(Cell):
    """A date that comes back: 1980-02-29, --02-29, 1980, lunar:1980-08-15, lunar:--08-15, lunar:1980-L04-15.

    The canonical text is the one that `DatedFact.as_text` writes. Other date formats come from the mapping.
    """

    said = "date"

    def compile(self, mapping: Mapping) -> Parser:
        other = None if mapping.date_format == "%Y-%m-%d" else _day(mapping.date_format)
        form = re.compile(r"(lunar:)?(?:(\d{4})(?:-(L?)(\d\d)-(\d\d))?|--(L?)(\d\d)-(\d\d))\Z").match
        latest = date.today().year + 1

        @lru_cache(maxsize=50_000)
        def parse(text: str) -> str:
            found = form(text)
            if not found:
                if other is not None:
                    return other(text)
                raise RowRejected(_("is not a date like 1980-02-29, --02-29, 1980 or lunar:1980-08-15"))
            lunar, year, leap, month, day, yearless_leap, yearless_month, yearless_day = found.groups()
            leap, month, day = leap or yearless_leap, month or yearless_month, day or yearless_day
            if year is not None and not _FIRST_YEAR <= int(year) <= latest:
                raise RowRejected(_("is a year out of all bounds"))
            if leap and not lunar:
                raise RowRejected(_("names a leap month outside the lunar calendar"))
            if month is not None:
                if lunar:
                    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 30):
                        raise RowRejected(_("is not a day of the lunar calendar"))
                else:
                    try:
                        date(int(year) if year else 2000, int(month), int(day))  # 2000 has a 29 February
                    except ValueError:
                        raise RowRejected(_("is not a day of the calendar")) from None
            return text

        return parse
