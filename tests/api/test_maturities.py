"""Maturities through the API: who sees which, settled to the cent and taken back."""

from datetime import timedelta
from decimal import Decimal

import pytest

from common.models import AuditEntry
from portfolio.models import MaturityCase, MaturityPart
from tests.factories import MaturityFactory, ProductFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/maturities/"


@pytest.fixture
def due(carla):
    """Ten thousand of Carla's, matured today."""
    return MaturityFactory(client=carla)


def settle(case: MaturityCase) -> str:
    return f"{LIST}{case.pk}/settle/"


def parts(*pairs, **more) -> dict:
    return {"parts": [{"outcome": outcome, "amount": amount} for outcome, amount in pairs], **more}


def ids(caller, **parameters) -> list[int]:
    answer = caller.get(LIST, parameters)
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_maturities_are_found_by_client_day_and_whether_they_are_settled(person, bob, alice, carla, nina):
    today = carla.branch.today()
    first = MaturityFactory(client=carla, matures_on=today - timedelta(days=9))
    second = MaturityFactory(client=nina, matures_on=today)
    third = MaturityFactory(client=carla, matures_on=today + timedelta(days=9))
    caller = person(bob)
    assert caller.post(settle(first), parts(("lost", "10000.00"))).status_code == 200
    assert ids(caller) == [first.pk, second.pk, third.pk]
    assert ids(caller, ordering="-effective") == [third.pk, second.pk, first.pk]
    assert ids(caller, client="N-1") == [first.pk, third.pk]
    assert ids(caller, settled="true") == [first.pk]
    assert ids(caller, settled="false") == [second.pk, third.pk]
    assert ids(caller, **{"from": today.isoformat(), "to": today.isoformat()}) == [second.pk]


def test_parts_of_the_principal_are_written_down_with_what_was_brought(person, alice, due):
    fund = ProductFactory(code="FUND", kind="fund", risk_level=1)
    body = parts(
        ("renewed", "6000.00"),
        ("withdrawn", "1500.25"),
        brought_amount="500.00",
        brought_from="Banco Sur",
        note="She builds",
    )
    body["parts"].append({"outcome": "moved", "amount": "2499.75", "product": "FUND"})
    answer = person(alice).post(settle(due), body)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert [(one["outcome"], one["amount"], one["product"]) for one in told["parts"]] == [
        ("renewed", "6000.00", due.holding.product.code),
        ("withdrawn", "1500.25", None),
        ("moved", "2499.75", fund.code),
    ]
    assert (told["brought_amount"], told["brought_from"], told["note"]) == (
        "500.00",
        "Banco Sur",
        "She builds",
    )
    assert told["settled_by"]["staff_number"] == "alice"
    assert person(alice).get(f"{LIST}{due.pk}/").headers["ETag"] == answer.headers["ETag"]


def test_what_was_written_down_is_taken_back_and_twice_is_harmless(person, alice, due):
    caller = person(alice)
    caller.post(settle(due), parts(("lost", "10000.00"), note="Rates"))
    for _turn in range(2):
        told = caller.post(f"{LIST}{due.pk}/unsettle/", {}).json()
        assert (told["parts"], told["settled_at"], told["settled_by"], told["note"]) == ([], None, None, "")
    assert not MaturityPart.objects.exists()
    assert caller.post(f"{LIST}{due.pk}/unsettle/", {"why": "x"}).status_code == 400


def test_same_key_settles_once_and_another_body_under_it_is_refused(person, alice, due):
    caller, key = person(alice), {"Idempotency-Key": "settled"}
    first, again = (
        caller.post(settle(due), parts(("renewed", "10000.00")), headers=key) for _turn in range(2)
    )
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = caller.post(settle(due), parts(("lost", "10000.00")), headers=key)
    assert other.status_code == 422
    assert MaturityPart.objects.get().outcome == "renewed"


def test_a_stale_reading_settles_nothing(person, alice, due):
    caller = person(alice)
    read = caller.get(f"{LIST}{due.pk}/").headers["ETag"]
    caller.post(settle(due), parts(("renewed", "10000.00")))
    late = caller.post(settle(due), parts(("lost", "10000.00")), headers={"If-Match": read})
    assert late.status_code == 412
    assert MaturityPart.objects.get().outcome == "renewed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "parts"),
        (parts(), "parts"),
        (parts(("renewed", "9999.99")), "parts"),
        (parts(("renewed", "10000.01")), "parts"),
        (parts(("eaten", "10000.00")), "parts.0.outcome"),
        (parts(("renewed", "10000.00"), ("lost", "0.00")), "parts.1.amount"),
        (parts(("renewed", "10000.001")), "parts.0.amount"),
        (parts(("moved", "10000.00")), "parts.0.product"),
        (parts(("lost", "10000.00"), brought_amount="-1"), "brought_amount"),
        (parts(("lost", "10000.00"), note="a\x00b"), "note"),
        (parts(("lost", "10000.00"), principal="1"), "principal"),
        ({"parts": [{"outcome": "lost", "amount": "10000.00", "product": "FUND"}]}, "parts.0.product"),
        ({"parts": [{"outcome": "moved", "amount": "10000.00", "product": "CARD"}]}, "parts.0.product"),
        ({"parts": [{"outcome": "moved", "amount": "10000.00", "product": "OLD"}]}, "parts.0.product"),
        (
            {"parts": [{"outcome": "moved", "amount": "10000.00", "product": "RISKY"}]},
            "parts.suitability_reason",
        ),
    ],
)
def test_what_does_not_add_up_is_refused_by_its_field_and_nothing_is_written(
    person, alice, carla, due, errors, body, field
):
    ProductFactory(code="FUND", kind="fund", risk_level=1)
    ProductFactory(code="RISKY", kind="fund", risk_level=5)
    ProductFactory(code="CARD", kind="card")
    ProductFactory(code="OLD", kind="fund", sale_to=alice.today() - timedelta(days=1))
    refused = person(alice).post(settle(due), body)
    assert [name for name, _code in errors(refused)] == [field]
    due.refresh_from_db()
    assert due.settled_at is None
    assert not MaturityPart.objects.exists()


def test_what_does_not_suit_is_written_down_with_the_reason(person, alice, due):
    ProductFactory(code="RISKY", kind="fund", risk_level=5)
    part = {"outcome": "moved", "amount": "10000.00", "product": "RISKY", "suitability_reason": "She insists"}
    told = person(alice).post(settle(due), {"parts": [part]}).json()
    assert told["parts"] == [part]


def test_nothing_is_settled_before_its_day(person, alice, carla, errors):
    coming = MaturityFactory(client=carla, matures_on=carla.branch.today() + timedelta(days=2))
    refused = person(alice).post(settle(coming), parts(("renewed", "10000.00")))
    assert [name for name, _code in errors(refused)] == [""]


def test_a_forged_id_answers_as_an_absent_one_and_settles_nothing(person, charlie, anna, due):
    for caller in (person(charlie), person(anna)):
        for act in ("settle", "unsettle"):
            hidden = caller.post(f"{LIST}{due.pk}/{act}/", parts(("lost", "10000.00")))
            absent = caller.post(f"{LIST}888888888/{act}/", parts(("lost", "10000.00")))
            assert (hidden.status_code, hidden.json()) == (404, absent.json())
    due.refresh_from_db()
    assert due.settled_at is None


def test_head_office_without_identities_reads_sums_but_no_free_word(person, alice, dora, due):
    ProductFactory(code="RISKY", kind="fund", risk_level=5)
    part = {
        "outcome": "moved",
        "amount": "10000.00",
        "product": "RISKY",
        "suitability_reason": "Carla insists",
    }
    body = {"parts": [part], "brought_amount": "5.00", "brought_from": "Carla's bank", "note": "Carla said"}
    assert person(alice).post(settle(due), body).status_code == 200
    told = person(dora).get(f"{LIST}{due.pk}/")
    assert "Carla" not in told.content.decode()
    assert (told.json()["principal"], told.json()["parts"][0]["amount"]) == ("10000.00", "10000.00")
    assert person(dora).post(settle(due), body).status_code == 403


def test_whoever_reads_maturities_is_recorded(person, alice, carla, due):
    caller = person(alice)
    caller.get(LIST, {"client": "N-1"})
    caller.get(f"{LIST}{due.pk}/")
    caller.get(LIST)
    acts = AuditEntry.objects.filter(actor_id=alice.pk).order_by("pk").values_list("act", "subject")
    assert list(acts) == [
        ("read", f"client/{carla.pk}"),
        ("read", f"client/{carla.pk}"),
        ("export", "maturities"),
    ]


def test_a_machine_settles_with_its_scope_only(machine, alice, due):
    body = parts(("renewed", "10000.00"))
    assert machine(alice, "portfolio:read").post(settle(due), body).status_code == 403
    assert machine(alice, "portfolio:write").post(settle(due), body).status_code == 200
    assert MaturityPart.objects.get().amount == Decimal("10000.00")
