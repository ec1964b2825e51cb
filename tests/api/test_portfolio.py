"""Purchases and suitability through the API, to read."""

from datetime import timedelta

import pytest

from tests.factories import ProductFactory, PurchaseFactory

pytestmark = pytest.mark.django_db

PURCHASES = "/api/v1/purchases/"


def test_purchases_are_filtered_and_a_reversal_names_what_it_reverses(person, bob, alice, carla, nina):
    today = carla.branch.today()
    bond = ProductFactory(kind="bond")
    old = PurchaseFactory(client=carla, number="A", product=bond, bought_on=today - timedelta(days=40))
    taken_back = PurchaseFactory(client=nina, number="B", seller=alice)
    PurchaseFactory(client=nina, number="C", reverses=taken_back)
    caller = person(bob)

    def found(**parameters):
        return [row["number"] for row in caller.get(PURCHASES, parameters).json()["results"]]

    assert found(ordering="number") == ["A", "B", "C"]
    assert found(client="N-1") == found(product=bond.code) == found(kind="bond") == ["A"]
    assert found(seller="alice") == ["B"]
    assert found(standing="true") == [old.number]
    assert set(found(standing="false")) == {"B", "C"}
    assert found(bought_before=(today - timedelta(days=1)).isoformat()) == ["A"]
    assert set(found(bought_after=today.isoformat())) == {"B", "C"}
    body = caller.get(f"{PURCHASES}C/").json()
    assert (body["reverses"], body["is_reversed"]) == ("B", False)
    assert caller.get(f"{PURCHASES}B/").json()["is_reversed"]
    assert caller.post(PURCHASES, {}).status_code == 405


@pytest.mark.parametrize(
    ("level", "profile", "code"),
    [(2, 3, "fits"), (4, 3, "above"), (4, None, "unknown"), (None, None, "fits")],
)
def test_a_product_suits_a_client_or_says_why_not(person, alice, carla, level, profile, code):
    carla.risk_profile = profile
    carla.save()
    product = ProductFactory(kind="fund", risk_level=level)
    response = person(alice).get("/api/v1/clients/N-1/suitability/", {"product": product.code})
    body = response.json()
    assert (body["code"], body["fits"]) == (code, code == "fits")
    assert (body["risk_level"], body["risk_profile"]) == (level, profile)
    assert bool(body["words"]) == (code != "fits")


def test_suitability_of_a_hidden_client_or_an_absent_product_is_refused(
    person, machine, alice, carla, simon, errors
):
    product = ProductFactory()
    hidden, absent = (
        person(alice).get(f"/api/v1/clients/{number}/suitability/", {"product": product.code})
        for number in ("S-1", "S-9")
    )
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json() == absent.json()
    address = "/api/v1/clients/N-1/suitability/"
    for parameters in ({}, {"product": "none"}, {"product": "a\x00b"}):
        assert errors(person(alice).get(address, parameters)) == [("product", "does_not_exist")]
    unknown = person(alice).get(address, {"product": product.code, "on": "today"})
    assert errors(unknown) == [("on", "unknown")]
    assert machine(alice, "portfolio:read").get(address, {"product": product.code}).status_code == 200
    assert machine(alice, "clients:read").get(address, {"product": product.code}).status_code == 403
