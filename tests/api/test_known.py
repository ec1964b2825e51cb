"""Facts, dates that come back and contact points through the API: known with their client, never without."""

import pytest

from clients.models import ContactPoint, DatedFact, Fact, FactChange
from common.models import AuditEntry
from tests.factories import ClientFactory, DatedFactFactory, FactFactory

pytestmark = pytest.mark.django_db

FACTS = "/api/v1/facts/"
DATES = "/api/v1/dated_facts/"
POINTS = "/api/v1/contact_points/"


def test_the_catalogue_says_where_values_live_what_they_weigh_and_what_to_ask(person, alice):
    rows = person(alice).get("/api/v1/fact_types/", {"page_size": 100}).json()["results"]
    work = next(row for row in rows if row["code"] == "occupation")
    assert (work["lives_in"], work["weight"], work["is_many"]) == ("fact", 8, False)
    assert work["question"] == "What is the client's work?"


# -- facts ----------------------------------------------------------------------------------------


def test_a_fact_is_learnt_with_its_estimate_and_the_ledger_knows_who(person, alice, carla):
    response = person(alice).post(
        FACTS,
        {
            "client_number": "N-1",
            "fact_type": "assets_elsewhere",
            "value": "Deposit with  Banco Sur",
            "amount": "50000.00",
            "currency": "EUR",
        },
    )
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["value"], body["amount"], body["currency"]) == ("Deposit with Banco Sur", "50000.00", "EUR")
    assert body["learnt_on"] == carla.branch.today().isoformat()
    assert person(alice).get(response.headers["Location"]).headers["ETag"] == response.headers["ETag"]
    change = FactChange.objects.get(client=carla, slot=f"fact/{body['id']}")
    assert (change.actor, change.by_kind) == (alice, "staff")


def test_a_type_of_one_value_is_replaced_and_of_several_a_known_value_stays(person, alice, carla):
    caller, body = person(alice), {"client_number": "N-1"}
    for fact_type, values, kept in (
        ("occupation", ("teacher", "painter"), {"painter"}),
        ("interest", ("golf", "tennis", "Golf"), {"golf", "tennis"}),
    ):
        for value in values:
            assert caller.post(FACTS, body | {"fact_type": fact_type, "value": value}).status_code == 201
        assert set(Fact.objects.filter(type__code=fact_type).values_list("value", flat=True)) == kept


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"value": ""}, [("value", "blank")]),
        ({"value": " \u0007 "}, [("value", "blank")]),
        ({"value": "a\u0000b"}, [("value", "null_characters_not_allowed")]),
        ({"value": "x" * 501}, [("value", "max_length")]),
        ({"fact_type": "phone"}, [("fact_type", "does_not_exist")]),
        ({"fact_type": "nonsense"}, [("fact_type", "does_not_exist")]),
        ({"amount": "5"}, [("currency", "invalid")]),
        ({"currency": "EUR"}, [("amount", "invalid")]),
        ({"amount": "5", "currency": "euro"}, [("currency", "invalid")]),
        ({"amount": "-1", "currency": "EUR"}, [("amount", "min_value")]),
        ({"client": 1}, [("client", "unknown")]),
    ],
)
def test_what_is_wrong_with_a_fact_is_named_and_nothing_is_saved(person, alice, carla, errors, body, wrong):
    good = {"client_number": "N-1", "fact_type": "need", "value": "a pension"}
    assert errors(person(alice).post(FACTS, good | body)) == wrong
    assert not Fact.objects.exists()


def test_a_fact_is_corrected_in_part_and_an_estimate_without_its_currency_is_refused(
    person, alice, carla, errors
):
    fact = FactFactory(client=carla, amount=5, currency="EUR")
    caller, address = person(alice), f"{FACTS}{fact.pk}/"
    assert caller.patch(address, {"value": "tennis"}).json()["amount"] == "5.00"
    assert caller.patch(address, {"amount": "7.00"}).json()["currency"] == "EUR"
    none = caller.patch(address, {"amount": None}).json()
    assert (none["value"], none["amount"], none["currency"]) == ("tennis", None, "")
    assert errors(caller.patch(address, {"amount": "7.00"})) == [("currency", "invalid")]
    assert errors(caller.patch(address, {"fact_type": "need"})) == [("fact_type", "unknown")]


def test_a_forgotten_fact_is_gone_and_the_ledger_says_so(person, alice, carla):
    fact = FactFactory(client=carla)
    assert person(alice).delete(f"{FACTS}{fact.pk}/").status_code == 204
    assert person(alice).get(f"{FACTS}{fact.pk}/").status_code == 404
    assert FactChange.objects.get(client=carla, slot=f"fact/{fact.pk}").new_hash == ""


def test_a_stale_etag_changes_and_forgets_nothing(person, alice, bob, carla):
    fact = FactFactory(client=carla)
    address = f"{FACTS}{fact.pk}/"
    old = {"If-Match": person(alice).get(address).headers["ETag"]}
    person(bob).patch(address, {"value": "tennis"})
    assert person(alice).patch(address, {"value": "chess"}, headers=old).status_code == 412
    assert person(alice).delete(address, headers=old).status_code == 412
    fact.refresh_from_db()
    assert fact.value == "tennis"


def test_the_same_key_writes_one_fact_and_another_body_is_refused(person, alice, carla):
    caller, key = person(alice), {"Idempotency-Key": "fact-1"}
    body = {"client_number": "N-1", "fact_type": "need", "value": "a pension"}
    first, again = (caller.post(FACTS, body, headers=key) for _turn in range(2))
    assert (first.json(), again.headers["Idempotent-Replayed"]) == (again.json(), "true")
    assert caller.post(FACTS, body | {"value": "a house"}, headers=key).status_code == 422
    assert Fact.objects.count() == 1


def test_reading_facts_is_recorded_whoever_reads_and_however(person, machine, alice, carla):
    fact = FactFactory(client=carla)
    person(alice).get(FACTS, {"client": "N-1"})
    person(alice).get(f"{FACTS}{fact.pk}/")
    person(alice).get(FACTS)
    robot = machine(alice, "clients:read")
    robot.get(FACTS, {"client": "N-1"})
    said = f"api, application {robot.application.pk}"
    assert list(AuditEntry.objects.order_by("pk").values_list("act", "subject", "detail")) == [
        ("read", f"client/{carla.pk}", "api facts"),
        ("read", f"client/{carla.pk}", f"api fact/{fact.pk}"),
        ("export", "facts", "api"),
        ("export", "facts", said),
    ]


def test_facts_are_filtered_by_client_and_type(person, bob, carla, nina):
    one, other = FactFactory(client=carla), FactFactory(client=nina)

    def found(**parameters):
        return {row["id"] for row in person(bob).get(FACTS, parameters).json()["results"]}

    assert found(client="N-1") == {one.pk}
    assert found(fact_type="interest") == {one.pk, other.pk}
    assert found(fact_type="need") == set()


# -- dates that come back --------------------------------------------------------------------------


@pytest.mark.parametrize("date", ["1980-02-29", "--02-29", "1980", "lunar:1980-08-15", "lunar:1980-L04-15"])
def test_a_date_comes_back_the_way_it_was_written(person, alice, carla, date):
    response = person(alice).post(DATES, {"client_number": "N-1", "kind": "birthday", "date": date})
    assert response.status_code == 201, response.content
    assert response.json()["date"] == date
    shown = person(alice).get("/api/v1/clients/N-1/").json()["birth_date"]
    assert shown == date


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("1980-02-30", "invalid"),
        ("1980-13-01", "invalid"),
        ("1700", "invalid"),
        ("2990-01-01", "invalid"),
        ("lunar:1980-01-31", "invalid"),
        ("1980-L04-15", "date"),
        ("29/02/1980", "date"),
        ("", "date"),
        (1980, "date"),
    ],
)
def test_what_is_no_date_is_refused_on_its_field(person, alice, carla, errors, date, code):
    response = person(alice).post(DATES, {"client_number": "N-1", "kind": "birthday", "date": date})
    assert errors(response) == [("date", code)]
    assert not DatedFact.objects.exists()


def test_a_date_of_a_kind_and_person_is_one_and_is_changed_in_part(person, alice, carla):
    caller = person(alice)
    body = {"client_number": "N-1", "kind": "birthday", "person": "Luis", "date": "2001-05-06"}
    ids = {caller.post(DATES, body | more).json()["id"] for more in ({}, {"date": "2001-05-07"})}
    assert len(ids) == 1
    address = f"{DATES}{ids.pop()}/"
    assert caller.patch(address, {"lead_days": 7}).json()["date"] == "2001-05-07"
    assert caller.patch(address, {"date": "--05-08"}).json()["lead_days"] == 7
    assert caller.delete(address).status_code == 204
    assert FactChange.objects.filter(client=carla, new_hash="").count() == 1


# -- contact points --------------------------------------------------------------------------------


def test_a_contact_point_is_added_masked_and_the_same_one_once(person, alice, carla):
    caller = person(alice)
    body = {"client_number": "N-1", "kind": "phone", "value": "600 999 888"}
    carla.branch.country = "ES"
    first, again = (caller.post(POINTS, body) for _turn in range(2))
    assert (first.status_code, first.json()["value"]) == (201, "+34 ••• ••• 888")
    assert first.json()["id"] == again.json()["id"]
    assert ContactPoint.objects.get(pk=first.json()["id"]).value == "+34600999888"
    assert "600999888" not in str(caller.get(POINTS).json())


def test_a_bad_number_is_refused_on_its_field(person, alice, carla, errors):
    point = carla.contact_points.get(kind="email")
    for kind in ("phone", "email"):
        response = person(alice).post(POINTS, {"client_number": "N-1", "kind": kind, "value": "ring me"})
        assert errors(response) == [("value", "invalid")]
    assert errors(person(alice).patch(f"{POINTS}{point.pk}/", {"value": "none"})) == [("value", "invalid")]


def test_a_contact_point_becomes_the_primary_one_and_another_takes_its_place_when_it_goes(
    person, alice, carla
):
    caller, old = person(alice), carla.contact_points.get(kind="phone")
    new = caller.post(POINTS, {"client_number": "N-1", "kind": "phone", "value": "+34600999888"}).json()
    assert not new["is_primary"]
    assert caller.patch(f"{POINTS}{new['id']}/", {"is_primary": True}).json()["is_primary"]
    old.refresh_from_db()
    assert not old.is_primary
    assert caller.delete(f"{POINTS}{new['id']}/").status_code == 204
    old.refresh_from_db()
    assert old.is_primary


def test_head_office_without_the_right_has_no_contact_points(person, dora, carla):
    point = carla.contact_points.first()
    assert person(dora).get(POINTS).json()["results"] == []
    assert person(dora).get(f"{POINTS}{point.pk}/").status_code == 404


# -- how much is known -----------------------------------------------------------------------------


def test_a_client_says_how_much_is_known_and_what_to_ask_next_and_lists_do_not(person, alice, carla):
    caller, address = person(alice), "/api/v1/clients/N-1/"
    before = caller.get(address).json()
    assert before["ask_next"][:1] == ["phone"] or "occupation" in before["ask_next"]
    caller.post(FACTS, {"client_number": "N-1", "fact_type": "occupation", "value": "teacher"})
    after = caller.get(address).json()
    assert after["completeness"] > before["completeness"]
    assert "occupation" not in after["ask_next"]
    assert not {"completeness", "ask_next"} & set(caller.get("/api/v1/clients/").json()["results"][0])


@pytest.mark.parametrize("address", [FACTS, DATES, POINTS])
def test_a_body_naming_a_hidden_client_answers_as_for_an_absent_one(person, alice, carla, simon, address):
    body = {
        FACTS: {"fact_type": "need", "value": "x"},
        DATES: {"kind": "birthday", "date": "1980"},
        POINTS: {"kind": "email", "value": "x@x.example"},
    }[address]
    hidden, absent = (person(alice).post(address, body | {"client_number": n}) for n in ("S-1", "S-9"))
    assert hidden.status_code == absent.status_code == 400
    assert hidden.json() == absent.json()


@pytest.mark.parametrize("address", [FACTS, DATES, POINTS])
def test_rows_of_a_hidden_client_are_neither_changed_nor_removed(person, alice, simon, address):
    row = {
        FACTS: lambda: FactFactory(client=simon),
        DATES: lambda: DatedFactFactory(client=simon),
        POINTS: lambda: simon.contact_points.first(),
    }[address]()
    for method in ("get", "patch", "delete"):
        assert getattr(person(alice), method)(f"{address}{row.pk}/", {}).status_code == 404
        assert getattr(person(alice), method)(f"{address}888888888/", {}).status_code == 404
    assert type(row).objects.filter(pk=row.pk).exists()


def test_a_supervisor_below_whom_nobody_stands_sees_no_fact(person, bob, south):
    FactFactory(client=ClientFactory(branch=south))
    assert person(bob).get(FACTS).json()["results"] == []
