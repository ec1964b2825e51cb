"""Keyset pages: no row twice, none left out, both ways, whatever comes as a cursor."""

from datetime import date

import pytest
from django.core import signing

from common.models import Holiday
from common.paging import keyset


@pytest.fixture
def rows(db):
    """Seven rows, of which three tie on the name."""
    for number, name in enumerate(["b", "a", "b", "c", "b", "a", "d"]):
        Holiday.objects.create(on=date(2026, 1, 1 + number), name=name)


@pytest.mark.parametrize("keys", [("name", "id"), ("-name", "-id"), ("-on", "-id")])
def test_walking_there_and_back_sees_each_row_once_in_order(rows, keys):
    everything = list(Holiday.objects.order_by(*keys))
    page, pages = keyset(Holiday.objects.all(), keys=keys, size=2), []
    pages.append(page)
    while page.after:
        page = keyset(Holiday.objects.all(), keys=keys, size=2, cursor=page.after)
        pages.append(page)
    assert [row for page in pages for row in page.rows] == everything
    assert pages[0].before is None
    back = [page.rows]
    while page.before:
        page = keyset(Holiday.objects.all(), keys=keys, size=2, cursor=page.before)
        back.insert(0, page.rows)
    assert [row for part in back for row in part] == everything


@pytest.mark.parametrize(
    "cursor", ["nonsense", "[false, [1]]", signing.Signer(salt="other").sign("[false, [1]]")]
)
def test_forged_cursor_gives_the_first_page(rows, cursor):
    first = keyset(Holiday.objects.all(), keys=("name", "id"), size=2)
    assert keyset(Holiday.objects.all(), keys=("name", "id"), size=2, cursor=cursor).rows == first.rows
