"""The list of clients: filters, columns and order in the address, saved views, what is exported."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from clients.listing import COLUMNS, ORDERS, shape_of, view_of
from clients.models import Client, Tier
from common.models import AuditEntry
from tests.factories import ClientFactory

pytestmark = pytest.mark.django_db

LIST = "/clients/"


def names(answer) -> list[str]:
    return [client.name for client in answer.context["page"].rows]


def exported(answer) -> list[list]:
    book = load_workbook(io.BytesIO(answer.content))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


# -- columns ---------------------------------------------------------------------------------------


def test_without_a_choice_the_usual_columns_are_shown(signed_in, alice, bob, carla):
    assert signed_in(alice).get(LIST).context["shape"].columns == ("tier", "status", "reached", "due")
    assert "branch" in signed_in(bob).get(LIST).context["shape"].columns


def test_columns_of_the_address_are_shown_and_nothing_else(signed_in, alice, carla):
    Client.objects.update(city="Bilbao", risk_profile=3, risk_valid_until=date(2020, 1, 2))
    answer = signed_in(alice).get(f"{LIST}?columns=name&columns=city&columns=risk&columns=search&columns=<b>")
    assert answer.context["shape"].columns == ("risk", "city")
    assert "Bilbao" in answer.text
    assert "expired 2 Jan 2020" in answer.text
    assert "Next due" not in answer.text.partition("<thead>")[2].partition("</thead>")[0]


def test_a_shared_link_may_write_columns_with_commas(alice):
    assert shape_of(QueryDict("columns=city,since"), alice).columns == ("city", "since")


def test_names_alone_can_be_asked_for(alice):
    assert shape_of(QueryDict("columns=name"), alice).columns == ()


def test_every_column_has_a_head_and_a_cell(signed_in, bob, carla):
    answer = signed_in(bob).get(f"{LIST}?columns={','.join(COLUMNS)}")
    head, body = answer.text.partition("<thead>")[2].split("<tbody>")
    assert head.count("<th ") == len(COLUMNS) + 1
    assert body.partition("</tbody>")[0].count("<td") == len(COLUMNS)


# -- order -----------------------------------------------------------------------------------------


@pytest.fixture
def four(north, alice):
    """Four clients of alice: two with dates, two without."""
    day = timezone.now()
    for name, ago, due, since in (
        ("Ada", 10, 5, date(2019, 1, 1)),
        ("Bea", None, None, None),
        ("Cid", 30, 2, date(2021, 1, 1)),
        ("Dan", None, None, None),
    ):
        ClientFactory(
            name=name,
            branch=north,
            manager=alice,
            since=since,
            last_reached_at=None if ago is None else day - timedelta(days=ago),
            next_due_on=None if due is None else alice.today() + timedelta(days=due),
        )


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("", ["Ada", "Bea", "Cid", "Dan"]),
        ("nonsense", ["Ada", "Bea", "Cid", "Dan"]),
        ("--due", ["Ada", "Bea", "Cid", "Dan"]),
        ("-name", ["Dan", "Cid", "Bea", "Ada"]),
        ("due", ["Cid", "Ada", "Bea", "Dan"]),
        ("-due", ["Ada", "Cid", "Dan", "Bea"]),
        ("reached", ["Bea", "Dan", "Cid", "Ada"]),  # whoever was never reached has waited longest
        ("-reached", ["Ada", "Cid", "Dan", "Bea"]),
        ("since", ["Ada", "Cid", "Bea", "Dan"]),
        ("-since", ["Cid", "Ada", "Dan", "Bea"]),
    ],
)
def test_order_of_the_address_holds_on_the_page_and_in_the_file(signed_in, alice, four, order, wanted):
    browser = signed_in(alice)
    assert names(browser.get(LIST, {"order": order})) == wanted
    rows = exported(browser.get(reverse("client-export"), {"order": order}))
    assert [row[1] for row in rows[1:]] == wanted


def test_head_of_the_ordered_column_says_so_and_turns_it_round(signed_in, alice, four):
    page = signed_in(alice).get(f"{LIST}?order=due&status=active").text
    assert 'aria-sort="ascending"><a class="sort" href="?order=-due&amp;status=active">' in page


@pytest.mark.parametrize("order", [sign + code for code in ORDERS for sign in ("", "-")])
def test_every_order_is_walked_to_the_end_and_back(signed_in, alice, north, order):
    for place in range(60):
        ClientFactory(
            branch=north,
            manager=alice,
            since=date(2020, 1, 1 + place % 5) if place % 3 else None,
            next_due_on=date(2026, 1, 1 + place % 7) if place % 4 else None,
            last_reached_at=timezone.now() - timedelta(days=place % 6) if place % 2 else None,
        )
    browser = signed_in(alice)
    page = browser.get(LIST, {"order": order}).context["page"]
    there = [page.rows]
    while page.after:
        page = browser.get(LIST, {"order": order, "cursor": page.after}).context["page"]
        there.append(page.rows)
    back = [page.rows]
    while page.before:
        page = browser.get(LIST, {"order": order, "cursor": page.before}).context["page"]
        back.insert(0, page.rows)
    walked = [client.pk for rows in there for client in rows]
    assert len(walked) == len(set(walked)) == 60
    assert [client.pk for rows in back for client in rows] == walked


def test_cursor_of_another_order_begins_anew_instead_of_failing(signed_in, alice, north):
    ClientFactory.create_batch(30, branch=north, manager=alice)
    browser = signed_in(alice)
    cursor = browser.get(LIST).context["page"].after
    assert browser.get(LIST, {"order": "-due", "cursor": cursor}).context["page"].before is None


# -- filters ---------------------------------------------------------------------------------------


@pytest.fixture
def pair(north, alice):
    """Ana, whom every filter finds, and Ben, whom none does."""
    today = alice.today()
    ana = ClientFactory(
        name="Ana",
        branch=north,
        manager=alice,
        language="zh-Hans",
        city="San Sebastián",
        country="ES",
        trend="weakening",
        risk_profile=2,
        risk_valid_until=today - timedelta(days=1),
        last_reached_at=timezone.now() - timedelta(days=40),
        next_due_on=today + timedelta(days=10),
        birthday=date(1980, 2, 29),
    )
    ClientFactory(
        name="Ben",
        branch=north,
        manager=alice,
        language="es",
        city="Lisbon",
        country="PT",
        risk_profile=2,
        risk_valid_until=today,
        last_reached_at=timezone.now(),
        next_due_on=today + timedelta(days=90),
        birthday=date(1980, 3, 1),
    )
    return ana


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("language", "zh"),
        ("place", "sebast"),
        ("place", "es"),
        ("trend", "weakening"),
        ("risk", "expired"),
        ("birthday", "2"),
        ("reached_before", lambda today: today - timedelta(days=30)),
        ("due_until", lambda today: today + timedelta(days=30)),
    ],
)
def test_each_further_filter_is_a_link_that_finds_its_clients(signed_in, alice, pair, name, value):
    value = value(alice.today()) if callable(value) else value
    assert names(signed_in(alice).get(LIST, {name: value})) == ["Ana"]


def test_days_of_filters_include_the_day_they_begin_with(signed_in, alice, pair):
    browser = signed_in(alice)
    due = pair.next_due_on
    assert names(browser.get(LIST, {"due_from": due, "due_until": due})) == ["Ana"]
    reached = pair.last_reached_at.astimezone(alice.zone).date()
    assert names(browser.get(LIST, {"reached_from": reached})) == ["Ana", "Ben"]
    assert names(browser.get(LIST, {"reached_before": reached})) == []


@pytest.mark.parametrize(
    "query", ["due_from=soon", "trend=up", "birthday=13", "branch=NOWHERE", "q=a%00b", "place=a%00b"]
)
def test_filter_that_cannot_be_read_shows_nobody_rather_than_everybody(signed_in, alice, pair, query):
    answer = signed_in(alice).get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert names(answer) == []
    assert "A filter cannot be read" in answer.text


def test_search_goes_on_while_a_colleagues_clients_stay_out(signed_in, alice, carla, nina):
    browser = signed_in(alice)
    assert names(browser.get(LIST, {"q": "núñez", "order": "-due"})) == ["Carla Núñez"]
    assert names(browser.get(LIST, {"q": "nina"})) == []


# -- growth ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["alice", "bob", "dora"])
def test_forty_rows_with_every_column_cost_the_queries_of_two(
    signed_in, cast, north, alice, person, django_assert_max_num_queries, django_assert_num_queries
):
    tier = Tier.objects.first()
    address = f"{LIST}?columns={','.join(COLUMNS)}&size=100"
    ClientFactory.create_batch(2, branch=north, manager=alice, tier=tier)
    browser = signed_in(cast[person])
    browser.get(address)
    with django_assert_max_num_queries(12) as few:
        browser.get(address)
    ClientFactory.create_batch(38, branch=north, manager=alice, tier=tier)
    with django_assert_num_queries(len(few.captured_queries)):
        assert len(names(browser.get(address))) == 40


@pytest.mark.parametrize("order", ["due", "-reached"])
def test_order_by_a_date_that_may_be_missing_costs_one_query_more_at_most(
    signed_in, alice, north, order, django_assert_max_num_queries
):
    address = f"{LIST}?order={order}"
    browser = signed_in(alice)
    ClientFactory.create_batch(2, branch=north, manager=alice, next_due_on=date(2026, 1, 1))
    browser.get(address)
    with django_assert_max_num_queries(12) as few:
        browser.get(address)
    ClientFactory.create_batch(38, branch=north, manager=alice, next_due_on=date(2026, 1, 1))
    with django_assert_max_num_queries(len(few.captured_queries) + 1):
        browser.get(address)


# -- more than the page ------------------------------------------------------------------------------


def test_everybody_that_matches_is_offered_where_one_page_does_not_hold_them(signed_in, alice, north, nina):
    browser = signed_in(alice)
    assert "all that match" not in browser.get(LIST).text
    ClientFactory.create_batch(30, branch=north, manager=alice)
    assert "all that match" in browser.get(LIST).text


# -- export ----------------------------------------------------------------------------------------


def test_file_holds_the_columns_that_are_shown(signed_in, alice, pair):
    answer = signed_in(alice).get(
        reverse("client-export"), {"columns": "city,risk,trend", "trend": "weakening"}
    )
    assert exported(answer) == [
        ["Client number", "Name", "Relationship", "Risk profile", "Risk profile valid until", "City"],
        [pair.number, "Ana", "getting weaker", 2, exported(answer)[1][4], "San Sebastián"],
    ]


def test_chosen_clients_alone_are_exported_and_counted(signed_in, alice, pair, nina):
    browser = signed_in(alice)
    answer = browser.get(reverse("client-export"), {"format": "csv", "pick": [pair.pk, nina.pk, "x", -1]})
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == ["Ana"]
    entry = AuditEntry.objects.get(act="export")
    assert (entry.count, entry.actor_id) == (1, alice.pk)


def test_export_of_everybody_is_recorded_with_filters_and_count_but_no_phone(signed_in, alice, pair, carla):
    signed_in(alice).get(reverse("client-export"), {"q": "+34600111222", "status": "active"})
    entry = AuditEntry.objects.get(act="export")
    assert entry.count == 1
    assert "status=active" in entry.detail
    assert "600111222" not in entry.detail


def test_head_office_without_the_right_exports_numbers_not_names(signed_in, dora, carla):
    rows = exported(signed_in(dora).get(reverse("client-export"), {"pick": carla.pk}))
    assert rows[1][1] == "Client N-1"


def test_large_file_is_read_page_by_page_without_a_gap(signed_in, alice, north, monkeypatch):
    monkeypatch.setattr("clients.listing.CHUNK", 7)
    for place in range(30):
        ClientFactory(branch=north, manager=alice, next_due_on=date(2026, 1, 1) if place % 2 else None)
    rows = exported(signed_in(alice).get(reverse("client-export"), {"order": "-due"}))
    assert len({row[0] for row in rows[1:]}) == 30


# -- the state of the list as text ----------------------------------------------------------------------


def test_same_wish_is_the_same_text_whatever_its_order(alice):
    one = view_of(QueryDict("status=active&tier=gold&cursor=x&size=100&pick=3&branch="))
    assert one == view_of(QueryDict("tier=gold&status=active")) == "status=active&tier=gold"


def test_fragment_carries_the_saved_views_that_the_filters_now_match(signed_in, alice, carla):
    answer = signed_in(alice).get(f"{LIST}?status=active", headers={"HX-Request": "true"})
    assert 'hx-swap-oob="true"' in answer.text
    assert "<h1" not in answer.text
