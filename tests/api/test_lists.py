"""Paging, ordering, filters and `updated_since`, on every collection."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.api.conftest import rows_of
from tests.api.test_access import COLLECTIONS
from tests.factories import (
    ActionFactory,
    ClientFactory,
    ContactFactory,
    HoldingFactory,
    OccurrenceFactory,
    OpportunityFactory,
    PriceFactory,
    ProductFactory,
    RateFactory,
    RelationFactory,
)

pytestmark = pytest.mark.django_db


def walk(caller, address: str, parameters: dict, way: str = "next") -> list[list]:
    pages, response = [], caller.get(address, parameters)
    while True:
        assert response.status_code == 200, response.content
        body = response.json()
        pages.append(body["results"])
        if body[way] is None:
            return pages
        response = caller.get(body[way])


def test_pages_hold_every_row_once_in_order_forth_and_back(person, bob, alice, north):
    ClientFactory.create_batch(7, branch=north, manager=alice, name="Same Name")
    caller = person(bob)
    pages = walk(caller, "/api/v1/clients/", {"ordering": "name", "page_size": 3})
    assert [len(page) for page in pages] == [3, 3, 1]
    numbers = [row["number"] for page in pages for row in page]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == 7
    turned = walk(caller, "/api/v1/clients/", {"ordering": "-name", "page_size": 3})
    assert [row["number"] for page in turned for row in page] == numbers[::-1]
    last = caller.get(caller.get(_next(caller, _next(caller))).json()["previous"]).json()
    assert [row["number"] for row in last["results"]] == numbers[3:6]


def _next(caller, address: str = "/api/v1/clients/?ordering=name&page_size=3") -> str:
    return caller.get(address).json()["next"]


def test_what_is_inserted_between_two_pages_moves_no_row(person, bob, alice, north):
    for letter in "BDFH":
        ClientFactory(branch=north, manager=alice, name=letter, number=f"N-{letter}")
    caller = person(bob)
    first = caller.get("/api/v1/clients/", {"ordering": "name", "page_size": 2}).json()
    ClientFactory(branch=north, manager=alice, name="A", number="N-A")
    ClientFactory(branch=north, manager=alice, name="E", number="N-E")
    second = caller.get(first["next"]).json()
    assert [row["name"] for row in first["results"] + second["results"]] == ["B", "D", "E", "F"]


def test_default_page_has_25_rows_and_the_largest_100(person, bob, alice, north):
    ClientFactory.create_batch(27, branch=north, manager=alice)
    caller = person(bob)
    assert len(caller.get("/api/v1/clients/").json()["results"]) == 25
    assert len(caller.get("/api/v1/clients/", {"page_size": 100}).json()["results"]) == 27
    for size in ("0", "101", "-1", "x", "", "1e1", "９"):
        response = caller.get("/api/v1/clients/", {"page_size": size})
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == "page_size"


def test_cursors_are_sealed_and_serve_only_their_own_list_and_order(person, bob, alice, carla, nina):
    caller = person(bob)
    link = caller.get("/api/v1/clients/", {"ordering": "name", "page_size": 1}).json()["next"]
    assert "carla" not in link.lower()
    cursor = parse_qs(urlsplit(link).query)["cursor"][0]
    own = {"ordering": "name", "page_size": 1, "cursor": cursor}
    assert [row["number"] for row in caller.get("/api/v1/clients/", own).json()["results"]] == ["N-2"]
    for address, parameters in (
        ("/api/v1/clients/", {"ordering": "number"}),
        ("/api/v1/clients/", {"ordering": "-name"}),
        ("/api/v1/contacts/", {}),
        ("/api/v1/clients/", {"ordering": "name", "changed": "A"}),
    ):
        sent = cursor[:-6] + parameters.pop("changed") + cursor[-5:] if "changed" in parameters else cursor
        response = caller.get(address, {**parameters, "cursor": sent})
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == "cursor"


def test_a_page_is_cut_from_what_is_in_sight_now_whoever_passes_the_link_on(person, alice, bob, carla, nina):
    link = person(bob).get("/api/v1/clients/", {"page_size": 1}).json()["next"]
    assert person(bob).get(link).json()["results"][0]["number"] == "N-2"
    assert person(alice).get(link).json()["results"] == []


def test_orderings_and_parameters_that_nobody_offers_are_refused_by_name(person, bob, carla):
    caller = person(bob)
    for parameters in ({"ordering": "document_hash"}, {"ordering": "branch__name"}, {"statuss": "active"}):
        response = caller.get("/api/v1/clients/", parameters)
        assert response.status_code == 400
        assert [e["field"] for e in response.json()["errors"]] == list(parameters)


def changed_since(caller, address: str, moment) -> list:
    rows = caller.get(address, {"updated_since": moment.isoformat()}).json()["results"]
    return [row.get("number") or row.get("id") for row in rows]


@pytest.mark.django_db(transaction=True)
def test_updated_since_gives_clients_whose_row_or_contact_points_or_book_changed(
    person, bob, alice, anna, north
):
    """In transactions of their own: a history row's time is when its transaction began."""
    a, b, c, _d = (ClientFactory(branch=north, manager=alice, number=f"N-{n}") for n in range(4))
    caller = person(bob)
    before = timezone.now()
    assert changed_since(caller, "/api/v1/clients/", before) == []
    a.city = "Vigo"
    a.save()
    b.contact_points.create(kind="phone", value="+34600999777")
    c.assignments.update(manager=anna)
    assert changed_since(caller, "/api/v1/clients/", before) == ["N-0", "N-1", "N-2"]
    assert changed_since(caller, "/api/v1/clients/", timezone.now() + timedelta(minutes=1)) == []


@pytest.mark.django_db(transaction=True)
def test_updated_since_gives_changed_contacts_actions_and_holdings(person, alice, carla):
    old = ContactFactory(client=carla, staff=alice)
    before = timezone.now()
    new = ContactFactory(client=carla, staff=alice)
    ActionFactory(client=carla)
    HoldingFactory(client=carla, number="H-1")
    caller = person(alice)
    assert changed_since(caller, "/api/v1/contacts/", before) == [new.pk]
    old.participants = "her son"
    old.save()
    assert set(changed_since(caller, "/api/v1/contacts/", before)) == {old.pk, new.pk}
    assert len(changed_since(caller, "/api/v1/actions/", before)) == 1
    assert changed_since(caller, "/api/v1/holdings/", before) == ["H-1"]


def test_updated_since_must_be_a_moment(person, alice, carla):
    response = person(alice).get("/api/v1/clients/", {"updated_since": "yesterday"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "updated_since"


def test_a_list_costs_the_same_queries_for_two_rows_and_for_forty(person, alice, north):
    """Every list on the same rows, for these take longest to make."""
    collections = [
        *(prefix for prefix in COLLECTIONS if prefix != "clients"), "products", "prices", "rates", "branches",
    ]  # fmt: skip

    def add(count: int) -> None:
        for _turn in range(count):
            held = ClientFactory(branch=north, manager=alice, phone="+34600111222")
            ContactFactory(client=held, staff=alice, note="words")
            ActionFactory(client=held, owner=alice)
            OccurrenceFactory(client=held)
            PriceFactory()
            RateFactory()
            HoldingFactory(client=held, product=ProductFactory()).parties.create(client=held, role="owner")
            made = rows_of(held, alice)
            won = {"stage": "won", "closed_at": timezone.now(), "purchase": made["purchase"]}
            OpportunityFactory(client=held, raised_by=alice, product=ProductFactory(), **won)
            made["household"].members.create(client=ClientFactory(branch=north), role="spouse")
            RelationFactory(client=held, other=ClientFactory(branch=north, manager=alice), person="")

    def costs() -> dict[str, tuple[int, int]]:
        caller, found = person(alice), {}
        for collection in collections:
            caller.get("/api/v1/me/")
            with CaptureQueriesContext(connection) as asked:
                rows = caller.get(f"/api/v1/{collection}/", {"page_size": 100}).json()["results"]
            found[collection] = len(asked), len(rows)
        return found

    add(2)
    few = costs()
    add(38)
    many = costs()
    assert {name: (few[name], many[name]) for name in few if not few[name][0] == many[name][0] <= 12} == {}
    assert [name for name in few if few[name][1] >= many[name][1] and name != "branches"] == []
