"""Why money came or left, written on a movement through the API."""

import pytest
from django.utils import timezone

from portfolio.models import MovementReason
from tests.factories import MovementFactory, MovementReasonFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/movements/"
REASON = f"{LIST}A/reason/"


@pytest.fixture
def left(carla):
    return MovementFactory(client=carla, number="A")


def test_why_money_left_is_written_corrected_and_taken_back(person, alice, left):
    caller = person(alice)
    told = caller.post(REASON, {"reason": "rate", "competitor": "Banco Norte", "note": "3 %"})
    assert told.status_code == 200, told.content
    reason = told.json()["reason"]
    assert (reason["reason"], reason["competitor"], reason["note"]) == ("rate", "Banco Norte", "3 %")
    assert reason["by"]["staff_number"] == "alice"
    corrected = caller.put(REASON, {"reason": "family", "note": ""}).json()["reason"]
    assert (corrected["reason"], corrected["competitor"], corrected["note"]) == ("family", "Banco Norte", "")
    assert caller.get(f"{LIST}A/").json()["reason"] == corrected
    for _turn in range(2):
        assert caller.delete(REASON).status_code == 204
    assert caller.get(f"{LIST}A/").json()["reason"] is None
    assert not MovementReason.objects.exists()


def test_movements_are_found_by_why_and_by_whether_it_is_known(person, alice, carla, left):
    MovementReasonFactory(movement=MovementFactory(client=carla, number="B"), reason="salary")
    caller = person(alice)

    def numbers(**parameters):
        return [row["number"] for row in caller.get(LIST, parameters).json()["results"]]

    assert numbers(reason="salary") == numbers(explained="true") == ["B"]
    assert numbers(explained="false") == ["A"]
    assert numbers(reason="rate") == []


def test_same_key_writes_the_reason_once(person, alice, left):
    caller, key = person(alice), {"Idempotency-Key": "why"}
    first, again = (caller.put(REASON, {"reason": "rate"}, headers=key) for _turn in range(2))
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert caller.put(REASON, {"reason": "family"}, headers=key).status_code == 422
    assert MovementReason.objects.get().reason == "rate"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": "weather"}, "reason"),
        ({"reason": "rate", "competitor": "B" * 121}, "competitor"),
        ({"reason": "rate", "note": "a\x00b"}, "note"),
        ({"reason": "rate", "by": "bob"}, "by"),
    ],
)
def test_a_reason_that_makes_no_sense_is_refused_by_its_field(person, alice, left, errors, body, field):
    refused = person(alice).post(REASON, body)
    assert [name for name, _code in errors(refused)] == [field]
    assert not MovementReason.objects.exists()


def test_money_that_stayed_with_us_has_no_reason(person, alice, carla, errors):
    MovementFactory(client=carla, number="A", external=False)
    assert [name for name, _code in errors(person(alice).put(REASON, {"reason": "rate"}))] == [""]


def test_a_forged_number_answers_as_an_absent_one_and_writes_nothing(person, anna, charlie, left):
    for caller in (person(anna), person(charlie)):
        for method in ("put", "post", "delete"):
            hidden = getattr(caller, method)(REASON, {"reason": "rate"})
            absent = getattr(caller, method)(f"{LIST}ZZZ/reason/", {"reason": "rate"})
            assert (hidden.status_code, hidden.json()) == (404, absent.json())
    assert not MovementReason.objects.exists()


def test_head_office_without_identities_reads_why_but_no_free_word_and_changes_nothing(person, dora, left):
    MovementReasonFactory(movement=left, competitor="Carla's bank", note="Carla said")
    told = person(dora).get(f"{LIST}A/").json()["reason"]
    assert (told["reason"], told["competitor"], told["note"]) == ("rate", "", "")
    assert person(dora).put(REASON, {"reason": "family"}).status_code == 403
    assert person(dora).delete(REASON).status_code == 403
    assert MovementReason.objects.get().reason == "rate"


def test_a_machine_writes_a_reason_with_its_scope_only(machine, alice, left):
    assert machine(alice, "portfolio:read").put(REASON, {"reason": "rate"}).status_code == 403
    assert machine(alice, "portfolio:write").put(REASON, {"reason": "rate"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_updated_since_gives_movements_whose_reason_changed_or_went(person, alice, carla, left):
    MovementFactory(client=carla, number="B")
    gone = MovementReasonFactory(movement=MovementFactory(client=carla, number="C"))
    moment = timezone.now()
    caller = person(alice)
    caller.put(REASON, {"reason": "rate"})
    gone.delete()
    rows = caller.get(LIST, {"updated_since": moment.isoformat()}).json()["results"]
    assert [row["number"] for row in rows] == ["A", "C"]
