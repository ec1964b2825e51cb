"""Relations and households through the API: the other end only for those who see it by itself."""

import pytest

from clients.models import Household, HouseholdMember, Introduction, Relation
from tests.factories import ClientFactory, HouseholdFactory, IntroductionFactory, RelationFactory

pytestmark = pytest.mark.django_db

RELATIONS = "/api/v1/relations/"
HOUSEHOLDS = "/api/v1/households/"
INTRODUCTIONS = "/api/v1/introductions/"


def relation_of(first, second, kind: str) -> Relation:
    """`second` is the `kind` of `first`; of the two `first` was made first."""
    return RelationFactory(client=first, other=second, person="", kind=kind)


def test_a_relation_to_a_client_in_sight_names_both_ends(person, bob, carla, nina):
    response = person(bob).post(
        RELATIONS, {"client_number": "N-1", "other_client_number": "N-2", "kind": "parent"}
    )
    assert response.status_code == 201, response.content
    body = response.json()
    assert (body["client_number"], body["kind"], body["inverse_kind"]) == ("N-1", "parent", "child")
    assert body["other"] == {"hidden": False, "client_number": "N-2", "name": "Nina Berg"}
    again = person(bob).post(
        RELATIONS, {"client_number": "N-2", "other_client_number": "N-1", "kind": "child"}
    )
    assert again.json() == body
    assert Relation.objects.count() == 1


def test_a_relation_to_somebody_by_name(person, alice, carla):
    response = person(alice).post(RELATIONS, {"client_number": "N-1", "person": "Luis", "kind": "child"})
    assert response.json()["other"] == {"hidden": False, "client_number": None, "name": "Luis"}


def test_the_end_out_of_sight_says_nothing_but_that_it_is_there(person, alice, anna, carla, nina):
    relation = relation_of(carla, nina, "parent")
    mine = person(alice).get(f"{RELATIONS}{relation.pk}/").json()
    assert (mine["client_number"], mine["kind"], mine["other"]) == ("N-1", "parent", {"hidden": True})
    theirs = person(anna).get(f"{RELATIONS}{relation.pk}/").json()
    assert (theirs["client_number"], theirs["kind"], theirs["other"]) == ("N-2", "child", {"hidden": True})
    assert "N-2" not in str(mine)
    assert "Carla" not in str(theirs)


def test_asking_for_the_hidden_end_finds_no_relation(person, alice, carla, nina):
    relation_of(carla, nina, "parent")
    assert len(person(alice).get(RELATIONS, {"client": "N-1"}).json()["results"]) == 1
    for number in ("N-2", "N-9"):
        assert person(alice).get(RELATIONS, {"client": number}).json()["results"] == []


@pytest.mark.parametrize("address", [RELATIONS, HOUSEHOLDS])
def test_naming_a_hidden_client_answers_as_naming_nobody(person, alice, carla, nina, errors, address):
    kind = {RELATIONS: {"kind": "spouse"}, HOUSEHOLDS: {"role": "spouse"}}[address]
    for field in ("client_number", "other_client_number"):
        body = {"client_number": "N-1"} | kind
        hidden, absent = (person(alice).post(address, body | {field: number}) for number in ("N-2", "N-9"))
        assert errors(hidden) == [(field, "does_not_exist")]
        assert hidden.json() == absent.json()
    assert not Relation.objects.exists()
    assert not Household.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "person"),
        ({"person": " "}, "person"),
        ({"person": "Luis", "other_client_number": "N-2"}, "person"),
        ({"other_client_number": "N-1"}, "other_client_number"),
        ({"person": "Luis", "kind": "enemy"}, "kind"),
    ],
)
def test_a_relation_names_one_other_person_of_a_known_kind(person, bob, carla, nina, errors, body, field):
    response = person(bob).post(RELATIONS, {"client_number": "N-1", "kind": "spouse"} | body)
    assert [name for name, _code in errors(response)] == [field]
    assert not Relation.objects.exists()


def test_a_relation_is_taken_off_from_either_end(person, alice, anna, charlie, carla, nina):
    first, second = relation_of(carla, nina, "parent"), relation_of(carla, nina, "employer")
    assert person(charlie).delete(f"{RELATIONS}{first.pk}/").status_code == 404
    assert person(alice).delete(f"{RELATIONS}{first.pk}/").status_code == 204
    assert person(anna).delete(f"{RELATIONS}{second.pk}/").status_code == 204
    assert not Relation.objects.exists()


# -- households ------------------------------------------------------------------------------------


def test_a_household_is_made_grows_is_named_and_ends_with_its_last_but_one(person, bob, carla, nina, errors):
    caller = person(bob)
    made = caller.post(HOUSEHOLDS, {"client_number": "N-1", "other_client_number": "N-2", "role": "spouse"})
    assert made.status_code == 201, made.content
    address = made.headers["Location"]
    body = caller.post(HOUSEHOLDS, {"client_number": "N-2", "person": "Luis", "role": "child"}).json()
    assert body["id"] == made.json()["id"]
    assert [(m["role"], m["who"]["client_number"], m["who"]["name"]) for m in body["members"]] == [
        ("head", "N-1", "Carla Núñez"),
        ("spouse", "N-2", "Nina Berg"),
        ("child", None, "Luis"),
    ]
    assert caller.patch(address, {"name": "Berg and Núñez"}).json()["name"] == "Berg and Núñez"
    assert errors(caller.patch(address, {"name": " "})) == [("name", "blank")]
    ids = [member["id"] for member in body["members"]]
    assert len(caller.delete(f"{address}members/{ids[2]}/").json()["members"]) == 2
    assert caller.delete(f"{address}members/{ids[2]}/").status_code == 404
    assert caller.delete(f"{address}members/{ids[1]}/").status_code == 204
    assert not Household.objects.exists()


def test_a_household_is_renamed_only_in_the_version_that_was_read(person, bob, carla, nina):
    household = HouseholdFactory(members=[carla, nina])
    address = f"{HOUSEHOLDS}{household.pk}/"
    old = {"If-Match": person(bob).get(address).headers["ETag"]}
    person(bob).post(HOUSEHOLDS, {"client_number": "N-1", "person": "Luis", "role": "child"})
    assert person(bob).patch(address, {"name": "x"}, headers=old).status_code == 412


def test_members_out_of_sight_are_hidden_and_the_name_with_them(person, alice, dora, carla, nina):
    household = HouseholdFactory(members=[nina, carla], name="Nina Berg")
    body = person(alice).get(f"{HOUSEHOLDS}{household.pk}/").json()
    assert [member["who"].get("client_number") for member in body["members"]] == [None, "N-1"]
    assert body["members"][0]["who"] == {"hidden": True}
    assert body["name"] == ""
    assert "Nina" not in person(dora).get(HOUSEHOLDS).content.decode()


def test_asking_for_a_hidden_member_finds_no_household(person, alice, carla, nina):
    HouseholdFactory(members=[carla, nina])
    assert len(person(alice).get(HOUSEHOLDS, {"client": "N-1"}).json()["results"]) == 1
    assert person(alice).get(HOUSEHOLDS, {"client": "N-2"}).json()["results"] == []


def test_a_client_of_another_household_and_a_second_head_are_refused(person, bob, north, carla, nina, errors):
    HouseholdFactory(members=[nina, ClientFactory(branch=north)])
    HouseholdFactory(members=[carla])
    join = {"client_number": "N-1", "role": "spouse"}
    response = person(bob).post(HOUSEHOLDS, join | {"other_client_number": "N-2"})
    assert [field for field, _code in errors(response)] == ["other_client_number"]
    response = person(bob).post(HOUSEHOLDS, join | {"person": "Luis", "role": "head"})
    assert [field for field, _code in errors(response)] == ["role"]
    assert HouseholdMember.objects.filter(household__members__client=carla).count() == 1


def test_a_member_of_another_household_is_not_taken_out_through_ones_own(person, alice, carla, simon, south):
    mine = HouseholdFactory(members=[carla])
    theirs = HouseholdFactory(members=[simon, ClientFactory(branch=south)])
    for member in theirs.members.all():
        assert person(alice).delete(f"{HOUSEHOLDS}{mine.pk}/members/{member.pk}/").status_code == 404
        assert person(alice).delete(f"{HOUSEHOLDS}{theirs.pk}/members/{member.pk}/").status_code == 404
    assert theirs.members.count() == 2


# -- introductions ---------------------------------------------------------------------------------


def test_an_introduction_is_written_replaced_listed_and_taken_off(person, bob, carla, nina, north):
    caller = person(bob)
    hugo = ClientFactory(number="N-7", name="Hugo Ruiz", branch=north)
    made = caller.post(
        INTRODUCTIONS, {"client_number": "N-1", "introducer_number": "N-2", "note": " At  golf "}
    )
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["introducer"] == {"hidden": False, "client_number": "N-2", "name": "Nina Berg"}
    assert (body["client_number"], body["note"]) == ("N-1", "At golf")
    assert body["introduced_on"] == carla.branch.today().isoformat()
    again = caller.post(INTRODUCTIONS, {"client_number": "N-1", "introducer_number": "N-7"}).json()
    assert (again["id"], again["introducer"]["client_number"]) == (body["id"], hugo.number)
    for parameters, count in (
        ({"introducer": "N-7"}, 1),
        ({"introducer": "N-2"}, 0),
        ({"client": "N-1"}, 1),
        ({"introduced_from": "2999-01-01"}, 0),
    ):
        assert len(caller.get(INTRODUCTIONS, parameters).json()["results"]) == count
    assert caller.delete(made.headers["Location"]).status_code == 204
    assert not Introduction.objects.exists()


def test_an_introducer_out_of_sight_is_hidden_with_the_note_and_stays(person, alice, anna, carla, nina):
    row = IntroductionFactory(client=carla, introducer=nina, note="Nina's neighbour")
    address = f"{INTRODUCTIONS}{row.pk}/"
    body = person(alice).get(address).json()
    assert (body["introducer"], body["note"]) == ({"hidden": True}, "")
    assert person(alice).get(INTRODUCTIONS, {"introducer": "N-2"}).json()["results"] == []
    assert person(alice).delete(address).status_code == 403
    assert person(anna).get(address).status_code == 404
    assert person(anna).delete(address).status_code == 404
    assert Introduction.objects.get().introducer == nina


def test_oneself_a_circle_and_a_day_to_come_are_refused_by_field(person, bob, north, carla, nina, errors):
    third = ClientFactory(number="N-7", branch=north)
    IntroductionFactory(client=nina, introducer=carla)
    IntroductionFactory(client=third, introducer=nina)
    for body, field in (
        ({"introducer_number": "N-1"}, "introducer_number"),
        ({"introducer_number": "N-7"}, "introducer_number"),
        ({"introducer_number": "S-404"}, "introducer_number"),
        ({}, "introducer_number"),
    ):
        response = person(bob).post(INTRODUCTIONS, {"client_number": "N-1"} | body)
        assert [name for name, _code in errors(response)] == [field]
    later = {"client_number": "N-2", "introducer_number": "N-1", "introduced_on": "2999-01-01"}
    assert [name for name, _code in errors(person(bob).post(INTRODUCTIONS, later))] == ["introduced_on"]
    assert not Introduction.objects.filter(client=carla).exists()


def test_naming_a_hidden_client_as_introducer_answers_as_naming_nobody(person, alice, carla, nina, errors):
    for field, other in (("client_number", "introducer_number"), ("introducer_number", "client_number")):
        hidden, absent = (
            person(alice).post(INTRODUCTIONS, {other: "N-1", field: number}) for number in ("N-2", "N-9")
        )
        assert errors(hidden) == [(field, "does_not_exist")]
        assert hidden.json() == absent.json()


def test_the_same_key_writes_an_introduction_once(person, bob, carla, nina):
    body = {"client_number": "N-1", "introducer_number": "N-2"}
    first, second = (
        person(bob).post(INTRODUCTIONS, body, headers={"Idempotency-Key": "intro-1"}) for _n in range(2)
    )
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Introduction.pgh_event_model.objects.count() == 1


@pytest.mark.parametrize("name", ["anna", "charlie", "dora", "erin", "frank", "gus", "hana", "ines"])
def test_nobody_else_writes_who_brought_a_client(person, cast, name, carla, nina):
    row = IntroductionFactory(client=carla, introducer=nina)
    assert person(cast[name]).delete(f"{INTRODUCTIONS}{row.pk}/").status_code in (403, 404)
    body = {"client_number": "N-1", "introducer_number": "N-2"}
    assert person(cast[name]).post(INTRODUCTIONS, body).status_code in (400, 403)
    assert Introduction.pgh_event_model.objects.count() == 1
