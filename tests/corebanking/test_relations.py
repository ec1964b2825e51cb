"""Relations and households from files: two people are one row, whoever it was said of."""

import pghistory
import pytest

from clients.checks import checks
from clients.models import FactChange, Household, HouseholdMember, Relation
from clients.services import join_household, relate, value_hash
from corebanking.services import undo_import
from tests.corebanking.test_known import reasons
from tests.factories import ClientFactory

HEAD = "client_number,related_client_number,relation,household_code\n"


@pytest.fixture
def family(north, alice):
    """Father, mother, child and aunt, in the order of their ids."""
    return {
        name: ClientFactory(number=name, name=f"{name} Sol", branch=north, manager=alice)
        for name in ("F", "M", "C", "A")
    }


def _relations():
    return sorted(Relation.objects.values_list("client__number", "other__number", "kind"))


def _members():
    return dict(HouseholdMember.objects.values_list("client__number", "role"))


def test_relation_stands_with_the_lower_id_and_both_files_learn_of_it(load, family):
    job = load(HEAD + "C,F,parent,\nF,M,spouse,\n", kind="relations")
    assert (job.state, job.created) == ("committed", 2)
    assert _relations() == [("F", "C", "child"), ("F", "M", "spouse")]
    row = Relation.objects.get(kind="child")
    entries = FactChange.objects.filter(slot=f"relation/{row.pk}")
    assert {e.client.number for e in entries} == {"F", "C"}
    assert {e.new_hash for e in entries} == {value_hash("child/C")}
    assert {(e.by_kind, e.fact_type.code) for e in entries} == {("import", "relation")}


def test_said_from_both_ends_or_again_it_is_one(load, family, alice):
    job = load(HEAD + "C,F,parent,\nF,C,child,\n", kind="relations")
    assert (job.created, job.unchanged) == (1, 1)
    relate(actor=alice, client=family["M"], kind="child", other=family["C"])
    again = load(HEAD + "F,C,child,\nC,M,parent,\n", kind="relations", name="two.csv")
    assert (again.created, again.unchanged) == (0, 2)
    assert len(_relations()) == 2


def test_household_of_a_code_has_a_head_and_roles_seen_from_it(load, family):
    load(HEAD + "F,M,spouse,H7\nF,C,child,H7\nM,A,sibling,H7\n", kind="relations")
    assert _members() == {"F": "head", "M": "spouse", "C": "child", "A": "other"}
    household = Household.objects.get()
    assert (household.code, household.name) == ("H7", "F Sol")
    assert checks() == []


def test_later_file_adds_to_a_household_and_who_has_one_keeps_it(load, family, alice, carla):
    join_household(actor=alice, client=carla, member=family["A"], role="other")
    load(HEAD + "F,M,spouse,H7\n", kind="relations")
    job = load(HEAD + "F,M,spouse,H7\nF,C,child,H7\nF,A,sibling,H7\n", kind="relations", name="two.csv")
    assert (job.created, job.unchanged) == (2, 1)
    assert _members() == {"F": "head", "M": "spouse", "C": "other", "N-1": "head", "A": "other"}
    assert HouseholdMember.objects.get(client=family["A"]).household.code is None


def test_household_of_a_known_relation_is_filled(load, family, alice):
    relate(actor=alice, client=family["F"], kind="spouse", other=family["M"])
    job = load(HEAD + "M,F,spouse,H7\n", kind="relations")
    assert (job.created, job.updated) == (0, 1)
    assert _members() == {"M": "head", "F": "spouse"}


def test_bad_relations_each_have_their_reason(load, family):
    rows = [
        "X,F,parent,",
        "F,X,parent,",
        "F,F,spouse,",
        "F,M,twin,",
        "F,C,child,H1",
        "C,A,relative,H2",
        "A,M,friend,",
    ]
    rows += ["A,M,friend,"]
    job = load(HEAD + "\n".join(rows) + "\n", kind="relations", allow_rejected=1)
    assert job.rejected == len(rows)
    assert [(column, reason[:30]) for _row, column, reason in reasons(job)] == [
        ("client_number", "unknown client"),
        ("related_client_number", "unknown client"),
        ("related_client_number", "is the client itself"),
        ("relation", "is not one of: spouse, partner"),
        ("household_code", "names a client whom the file p"),
        ("household_code", "names a client whom the file p"),
        ("client_number", "stands in the file more than o"),
        ("client_number", "stands in the file more than o"),
    ]


def test_undone_relations_and_households_go_from_both_files(load, family, erin):
    job = load(HEAD + "C,F,parent,H7\nF,M,spouse,H7\n", kind="relations")
    undo_import(actor=erin, job=job)
    assert not any(model.objects.exists() for model in (Relation, Household, HouseholdMember))
    assert FactChange.objects.filter(new_hash="").count() == 4
    assert load(HEAD + "C,F,parent,H7\nF,M,spouse,H7\n", kind="relations").created == 2


def test_member_that_staff_added_keeps_the_household(load, family, alice, erin):
    job = load(HEAD + "F,M,spouse,H7\n", kind="relations")
    with pghistory.context(user=alice.pk):
        join_household(actor=alice, client=family["F"], member=family["A"], role="other")
    with pytest.raises(Exception, match="Later rows refer to 1 row"):
        undo_import(actor=erin, job=job)
