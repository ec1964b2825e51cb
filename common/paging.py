"""Keyset paging: the last page is as fast as the first, and a page never repeats a row."""

import base64
import json
from dataclasses import dataclass

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


def keyset(queryset: QuerySet, *, keys: tuple[str, ...], size: int, cursor: str = "") -> Page:
    """Cut one page out of a queryset, ordered by `keys` (columns of the model, the last one unique).

    A key that begins with "-" runs downwards; all keys must run the same way. A cursor that was not
    made here (forged, cut) is ignored and gives the first page. It is encrypted: it carries a name.
    """
    back, values = False, None
    if cursor:
        try:
            back, values = json.loads(decrypt(base64.urlsafe_b64decode(cursor)))
        except (ValueError, KeyError, InvalidTag):
            back, values = False, None
    down = keys[0].startswith("-")
    names = [key.lstrip("-") for key in keys]
    if values is not None:
        table = queryset.model._meta.db_table
        columns = [queryset.model._meta.get_field(name).column for name in names]
        sign = "<" if down != back else ">"
        row = ", ".join(f'"{table}"."{column}"' for column in columns)
        marks = ", ".join(["%s"] * len(values))
        queryset = queryset.filter(RawSQL(f"({row}) {sign} ({marks})", values, output_field=BooleanField()))
    order = [f"-{name}" if down != back else name for name in names]
    rows = list(queryset.order_by(*order)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if back:
        rows.reverse()

    def mark(row, backwards: bool) -> str:
        values = [_plain(getattr(row, name)) for name in names]
        return base64.urlsafe_b64encode(encrypt(json.dumps([backwards, values]))).decode()

    has_before = more if back else values is not None
    has_after = True if back else more
    return Page(
        rows=rows,
        before=mark(rows[0], True) if rows and has_before else None,
        after=mark(rows[-1], False) if rows and has_after else None,
    )


def _plain(value):
    return value.isoformat() if hasattr(value, "isoformat") else value
