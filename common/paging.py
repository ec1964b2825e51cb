"""Keyset paging: the last page is as fast as the first, and a page never repeats a row."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from cryptography.exceptions import InvalidTag
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from common.crypto import decrypt, encrypt

PAGE_SIZES = (25, 100)


@dataclass
class Page:
    """One page of rows and the signed positions of its neighbours (None where there is none)."""

    rows: list
    before: str | None
    after: str | None


@dataclass
class _Part:
    """A stretch of the list in which every key has a value, so that rows compare as a whole."""

    rows: QuerySet
    names: list[str]
    without_value: bool = False


def keyset(
    queryset: QuerySet, *, keys: tuple[str, ...], size: int, cursor: str = "", nulls_first: bool = False
) -> Page:
    """Cut one page out of a queryset, ordered by `keys` (columns of the model, the last one unique).

    A key that begins with "-" runs downwards; all keys must run the same way. The first key may be empty
    in some rows: those come last whichever way the list runs, or first with `nulls_first`, and cost one
    query more on the page that reaches them. A cursor that was not made here for these keys (forged, cut,
    of another order) is ignored and gives the first page. It is encrypted: it carries a name.
    """
    back, values = _position(cursor, keys)
    down = keys[0].startswith("-")
    parts = _parts(queryset, [key.lstrip("-") for key in keys], nulls_first)
    if back:
        parts.reverse()
    if values is not None and len(parts) > 1 and parts[0].without_value != (values[0] is None):
        parts = parts[1:]  # the cursor stands in the second stretch: the first one is behind it
    rows: list = []
    for part in parts:
        wanted = size + 1 - len(rows)
        if wanted > 0:
            first = part is parts[0]
            rows += _stretch(part, values if first else None, backwards=down != back)[:wanted]
    more = len(rows) > size
    rows = rows[:size]
    if back:
        rows.reverse()

    def mark(row, backwards: bool) -> str:
        values = [_plain(getattr(row, key.lstrip("-"))) for key in keys]
        return base64.urlsafe_b64encode(encrypt(json.dumps([keys, backwards, values]))).decode()

    has_before = more if back else values is not None
    has_after = True if back else more
    return Page(
        rows=rows,
        before=mark(rows[0], True) if rows and has_before else None,
        after=mark(rows[-1], False) if rows and has_after else None,
    )


def _position(cursor: str, keys: tuple[str, ...]) -> tuple[bool, list | None]:
    """What a cursor says: whether it looks back, and the values of the row it stands at."""
    if cursor:
        try:
            of, back, values = json.loads(decrypt(base64.urlsafe_b64decode(cursor)))
        except (ValueError, KeyError, TypeError, InvalidTag):
            return False, None
        if of == list(keys):
            return back, values
    return False, None


def _parts(queryset: QuerySet, names: list[str], nulls_first: bool) -> list[_Part]:
    if not queryset.model._meta.get_field(names[0]).null:
        return [_Part(queryset, names)]
    filled = _Part(queryset.filter(**{f"{names[0]}__isnull": False}), names)
    empty = _Part(queryset.filter(**{f"{names[0]}__isnull": True}), names[1:], without_value=True)
    return [empty, filled] if nulls_first else [filled, empty]


def _stretch(part: _Part, values: list | None, *, backwards: bool) -> QuerySet:
    """The part's rows beyond the values (all without), in order."""
    rows = part.rows
    if values is not None:
        meta = rows.model._meta
        columns = ", ".join(f'"{meta.db_table}"."{meta.get_field(name).column}"' for name in part.names)
        values = values[-len(part.names) :]
        marks = ", ".join(["%s"] * len(values))
        sign = "<" if backwards else ">"
        rows = rows.filter(RawSQL(f"({columns}) {sign} ({marks})", values, output_field=BooleanField()))
    return rows.order_by(*(f"-{name}" if backwards else name for name in part.names))


def _plain(value):
    if isinstance(value, Decimal):
        return str(value)  # exact: a float would skip rows or repeat them
    return value.isoformat() if hasattr(value, "isoformat") else value


def read_through(rows: QuerySet, *, keys: tuple[str, ...], most: int, size: int = 2000) -> Iterator:
    """Rows one after the other, read page by page: no cursor stays open on the database (PgBouncer)."""
    cursor = ""
    while most > 0:
        page = keyset(rows, keys=keys, size=min(most, size), cursor=cursor)
        yield from page.rows
        most -= len(page.rows)
        if not page.after:
            return
        cursor = page.after
