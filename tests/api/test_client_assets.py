"""What clients have with us in all, read through the API."""

from datetime import date
from decimal import Decimal

import pytest

from clients.models import Tier
from common.models import AuditEntry
from tests.factories import ClientAssetsFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/client_assets/"


@pytest.fixture
def private():
    return Tier.objects.get(code="private")


def numbers(caller, **parameters) -> list[str]:
    answer = caller.get(LIST, parameters)
    assert answer.status_code == 200, answer.content
    return [row["client_number"] for row in answer.json()["results"]]


def test_assets_say_what_a_client_has_and_since_when_above_the_tier(person, alice, carla, private):
    row = ClientAssetsFactory(
        client=carla, amount=Decimal("1234567.89"), over_tier=private, over_since=date(2026, 3, 2)
    )
    told = person(alice).get(f"{LIST}N-1/")
    assert told.json() == {
        "client_number": "N-1",
        "client_name": "Carla Núñez",
        "as_of": row.as_of.isoformat(),
        "amount": "1234567.89",
        "currency": "EUR",
        "tier": carla.tier.code if carla.tier else None,
        "over_tier": "private",
        "over_since": "2026-03-02",
    }
    assert person(alice).get(LIST).json()["results"] == [told.json()]
    for method in ("post", "put", "patch", "delete"):
        assert getattr(person(alice), method)(f"{LIST}N-1/", {}).status_code == 405


def test_assets_are_found_by_client_day_and_tier_and_ordered_by_size(person, bob, carla, nina, private):
    ClientAssetsFactory(client=carla, amount=5, as_of=date(2026, 3, 1))
    ClientAssetsFactory(
        client=nina, amount=9, as_of=date(2026, 6, 1), over_tier=private, over_since=date(2026, 5, 1)
    )
    caller = person(bob)
    assert numbers(caller) == ["N-1", "N-2"]
    assert numbers(caller, ordering="-amount") == ["N-2", "N-1"]
    assert numbers(caller, ordering="over_since") == ["N-2", "N-1"]
    assert numbers(caller, client="N-1") == numbers(caller, over="false") == ["N-1"]
    assert numbers(caller, over="true") == numbers(caller, over_tier="private") == ["N-2"]
    assert numbers(caller, **{"from": "2026-04-01"}) == ["N-2"]
    assert numbers(caller, to="2026-03-01") == ["N-1"]


def test_pages_ordered_by_size_hold_every_row_once(person, bob, carla, nina):
    for client in (carla, nina):
        ClientAssetsFactory(client=client, amount=Decimal("5.25"))
    first = person(bob).get(LIST, {"ordering": "-amount", "page_size": 1}).json()
    second = person(bob).get(first["next"]).json()
    assert [row["client_number"] for row in first["results"] + second["results"]] == ["N-2", "N-1"]
    assert second["next"] is None


def test_a_number_out_of_sight_answers_as_an_absent_one(person, alice, simon):
    ClientAssetsFactory(client=simon)
    hidden, absent = (person(alice).get(f"{LIST}{number}/") for number in ("S-1", "S-9"))
    assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert numbers(person(alice), client="S-1") == []


def test_whoever_reads_assets_is_recorded(person, alice, carla):
    ClientAssetsFactory(client=carla)
    caller = person(alice)
    caller.get(f"{LIST}N-1/")
    caller.get(LIST)
    acts = AuditEntry.objects.filter(actor_id=alice.pk).order_by("pk").values_list("act", "subject")
    assert list(acts) == [("read", f"client/{carla.pk}"), ("export", "client_assets")]


def test_assets_have_no_history_to_ask_for(person, alice):
    assert person(alice).get(LIST, {"updated_since": "2026-01-01T00:00:00Z"}).status_code == 400
