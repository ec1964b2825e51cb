"""News of the market through the API: who reads it, marks products, and ends it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from interactions.models import Action, HolderCall
from interactions.services.markets import open_market_event
from portfolio.models import MarketEvent
from tests.factories import ClientFactory, HoldingFactory, ProductFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/market_events/"


@pytest.fixture
def fund(carla, nina, simon):
    """Held by a client of alice's, one of anna's, and one in South."""
    fund = ProductFactory(code="FUND", kind="fund")
    for held_by in (carla, nina, simon):
        HoldingFactory(client=held_by, product=fund)
    return fund


@pytest.fixture
def news(fund, dora):
    """Of head office's: everybody who holds it is to be called."""
    today = dora.today()
    return open_market_event(
        actor=dora, title="Rates rose", why="Bonds fell", products=[fund], until=today + timedelta(days=3)
    )


def body(user, **more) -> dict:
    until = (user.today() + timedelta(days=5)).isoformat()
    return {"title": "Rates rose", "why": "Bonds fell.", "products": ["FUND"], "until": until, **more}


def test_marking_a_product_makes_one_call_for_each_holder_in_sight(person, bob, fund):
    sent = person(bob).post(LIST, body(bob))
    assert sent.status_code == 201, sent.content
    told, event = sent.json(), MarketEvent.objects.get()
    assert sent.headers["Location"].endswith(f"{LIST}{event.pk}/")
    assert (told["title"], told["why"], told["products"]) == ("Rates rose", "Bonds fell.", ["FUND"])
    assert (told["calls"], told["done"], told["closed_at"]) == (2, 0, None)
    assert told["created_by"]["staff_number"] == "bob"
    assert {call.client.number for call in HolderCall.objects.all()} == {"N-1", "N-2"}
    assert person(bob).get(f"{LIST}{event.pk}/").json() == told


def test_counts_are_of_the_clients_in_the_asker_s_sight(person, bob, dora, carla, simon, news):
    for client in (carla, simon):
        client.actions.update(state="done", closed_at=timezone.now())
    counts = {
        name: [(row["calls"], row["done"]) for row in person(user).get(LIST).json()["results"]]
        for name, user in (("bob", bob), ("dora", dora))
    }
    assert counts == {"bob": [(2, 1)], "dora": [(3, 2)]}


@pytest.mark.parametrize("name", ["alice", "charlie", "erin", "frank", "hana", "ines"])
def test_only_supervisors_and_head_office_read_or_write_news(person, cast, news, name):
    caller = person(cast[name])
    assert caller.get(LIST).json()["results"] == []
    hidden, absent = caller.get(f"{LIST}{news.pk}/"), caller.get(f"{LIST}888888888/")
    assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert caller.post(LIST, body(cast[name])).status_code == 403
    assert caller.post(f"{LIST}{news.pk}/close/", {}).status_code == 404
    assert MarketEvent.objects.get().closed_at is None


def test_what_concerns_another_branch_alone_is_absent_for_a_supervisor(person, bob, dora, simon):
    HoldingFactory(client=simon, product=ProductFactory(code="FUND", kind="fund"))
    event = person(dora).post(LIST, body(dora)).json()
    caller = person(bob)
    assert caller.get(LIST).json()["results"] == []
    for method, address in (("get", f"{LIST}{event['id']}/"), ("post", f"{LIST}{event['id']}/close/")):
        assert getattr(caller, method)(address, {}).status_code == 404
    assert person(dora).get(LIST).json()["results"][0]["id"] == event["id"]


def test_news_is_ended_by_whoever_opened_it_and_twice_is_harmless(person, bob, dora, carla, news):
    carla.actions.update(state="done", closed_at=timezone.now())
    assert person(bob).post(f"{LIST}{news.pk}/close/", {}).status_code == 403
    assert Action.objects.open().count() == 2
    first, again = (person(dora).post(f"{LIST}{news.pk}/close/", {}) for _turn in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert (first.json()["calls"], first.json()["done"]) == (3, 1)
    assert first.json()["closed_at"] is not None
    assert not Action.objects.open().exists()


def test_same_key_makes_the_calls_once(person, bob, fund):
    caller, key = person(bob), {"Idempotency-Key": "news"}
    first, again = (caller.post(LIST, body(bob), headers=key) for _turn in range(2))
    assert (again.status_code, again.content) == (201, first.content)
    assert caller.post(LIST, body(bob, title="Other"), headers=key).status_code == 422
    assert (MarketEvent.objects.count(), HolderCall.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 151}, "title"),
        ({"why": ""}, "why"),
        ({"why": "a\x00b"}, "why"),
        ({"products": []}, "products"),
        ({"products": ["FUND", "NONE"]}, "products.1"),
        ({"products": ["CARD"]}, "products.0"),
        ({"products": "FUND"}, "products"),
        ({"until": "2001-01-01"}, "until"),
        ({"until": "soon"}, "until"),
        ({"on": "2026-01-01"}, "on"),
    ],
)
def test_news_that_makes_no_sense_is_refused_by_its_field_and_nobody_is_called(
    person, bob, carla, fund, errors, changes, field
):
    HoldingFactory(client=carla, product=ProductFactory(code="CARD", kind="card"))
    refused = person(bob).post(LIST, body(bob, **changes))
    assert [name for name, _code in errors(refused)] == [field]
    assert not HolderCall.objects.exists()


def test_news_is_found_by_product_day_and_whether_it_is_open(person, dora, fund, news):
    bond = ProductFactory(code="BOND", kind="bond")
    caller, today = person(dora), dora.today()
    later = open_market_event(actor=dora, title="B", why="B", products=[fund, bond], until=today)
    MarketEvent.objects.filter(pk=news.pk).update(on=today - timedelta(days=9))

    def ids(**parameters):
        return [row["id"] for row in caller.get(LIST, parameters).json()["results"]]

    assert ids() == ids(product="FUND") == [later.pk, news.pk]
    assert ids(ordering="on") == [news.pk, later.pk]
    assert ids(product="BOND") == ids(**{"from": today.isoformat()}) == [later.pk]
    caller.post(f"{LIST}{later.pk}/close/", {})
    assert ids(open="true") == [news.pk]
    assert ids(open="false") == [later.pk]


def test_a_machine_marks_products_with_its_scope_only(machine, bob, fund):
    assert machine(bob, "contacts:read").post(LIST, body(bob)).status_code == 403
    assert machine(bob, "contacts:write").post(LIST, body(bob)).status_code == 201


def test_news_costs_the_same_queries_for_two_and_for_forty(person, bob, north, alice):
    counts = []
    for count in (2, 38):
        for _turn in range(count):
            product = ProductFactory(kind="fund")
            HoldingFactory(client=ClientFactory(branch=north, manager=alice), product=product)
            open_market_event(actor=bob, title="T", why="W", products=[product], until=bob.today())
        caller = person(bob)
        caller.get("/api/v1/me/")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            rows = caller.get(LIST, {"page_size": 100}).json()["results"]
        counts.append((len(asked), len(rows)))
    assert counts[0][0] == counts[1][0] <= 8, counts
    assert [rows for _asked, rows in counts] == [2, 40]
