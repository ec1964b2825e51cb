"""Keyset pages: no row twice, none left out, both ways, whatever comes as a cursor."""

from datetime import date, timedelta

import pytest
from django.core import signing
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.models import Client
from common.models import Holiday
from common.paging import keyset
from tests.factories import BranchFactory


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


def test_cursor_of_another_order_gives_the_first_page(rows):
    by_name = keyset(Holiday.objects.all(), keys=("name", "id"), size=2)
    first = keyset(Holiday.objects.all(), keys=("on", "id"), size=2)
    assert keyset(Holiday.objects.all(), keys=("on", "id"), size=2, cursor=by_name.after).rows == first.rows


# -- a first key that may be empty ------------------------------------------------------------------

DAYS = st.lists(st.one_of(st.none(), st.integers(0, 4)), max_size=9)


def _clients(branch, days, start=0):
    return Client.objects.bulk_create(
        Client(
            number=f"K{start + place}",
            name="K",
            sort_name="k",
            branch=branch,
            since=None if day is None else date(2026, 1, 1) + timedelta(days=day),
        )
        for place, day in enumerate(days)
    )


def _in_order(keys, nulls_first):
    """What the pages must say, sorted here."""
    down = keys[0].startswith("-")
    filled = sorted(
        Client.objects.exclude(since=None), key=lambda client: (client.since, client.pk), reverse=down
    )
    empty = sorted(Client.objects.filter(since=None), key=lambda client: client.pk, reverse=down)
    return [client.pk for client in (empty + filled if nulls_first else filled + empty)]


@pytest.mark.parametrize("nulls_first", [False, True])
@pytest.mark.parametrize("keys", [("since", "id"), ("-since", "-id")])
@given(days=DAYS, later=DAYS, size=st.integers(1, 4))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_rows_without_a_value_are_walked_there_and_back_once_while_others_come(
    db, keys, nulls_first, days, later, size
):
    Client.objects.all().delete()
    branch = BranchFactory()
    standing = {client.pk for client in _clients(branch, days)}
    rows = Client.objects.all()

    def page(cursor=""):
        return keyset(rows, keys=keys, size=size, cursor=cursor, nulls_first=nulls_first)

    before = _in_order(keys, nulls_first)
    shown, seen = page(), []
    seen += [row.pk for row in shown.rows]
    assert shown.before is None
    assert seen == before[:size]
    if not shown.after:
        assert seen == before
        return
    _clients(branch, later, start=len(days))
    while shown.after:
        shown = page(shown.after)
        seen += [row.pk for row in shown.rows]
    assert [pk for pk in seen if pk in standing] == before
    assert len(seen) == len(set(seen))
    after = _in_order(keys, nulls_first)
    assert seen == [pk for pk in after if pk in set(seen)]
    back = [[row.pk for row in shown.rows]]
    while shown.before:
        shown = page(shown.before)
        back.insert(0, [row.pk for row in shown.rows])
    walked = [pk for part in back for pk in part]
    assert walked == after[: len(walked)]
    assert walked[-1] == seen[-1]
