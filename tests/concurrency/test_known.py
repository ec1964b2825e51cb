"""Two people at the same moment with one client's file: nothing is known twice, nobody is told of an accident."""

import pytest

from clients.models import Fact, FactChange, FactType, Household, HouseholdMember, Relation
from clients.services import (
    Learnt,
    forget_fact,
    join_household,
    learn,
    leave_household,
    relate,
    remove_contact_point,
    unrelate,
)
from tests.concurrency.test_books import meanwhile

pytestmark = pytest.mark.django_db(transaction=True)


def _learn(actor, client, value: str):
    return learn(actor=actor, client=client, learnt=[Learnt(FactType.objects.get(code="occupation"), value)])


def test_the_same_fact_heard_by_two_is_one_row(alice, bob, carla):
    with meanwhile(lambda: _learn(bob, carla, "Architect")) as other:
        _learn(alice, carla, "architect")
    assert other.outcome[0].pk == Fact.objects.get().pk
    assert FactChange.objects.count() == 1


@pytest.mark.parametrize("what", ["fact", "point", "relation"])
def test_what_two_people_take_off_the_file_leaves_the_ledger_once(what, alice, bob, carla):
    if what == "fact":
        [row] = _learn(alice, carla, "Architect")
        one, two = (lambda actor=actor: forget_fact(actor=actor, fact=row) for actor in (alice, bob))
    elif what == "point":
        row = carla.contact_points.get(kind="phone")
        mine, theirs = row, type(row).objects.get(pk=row.pk)
        one, two = (
            lambda: remove_contact_point(actor=alice, point=mine),
            lambda: remove_contact_point(actor=bob, point=theirs),
        )
    else:
        row = relate(actor=alice, client=carla, kind="friend", person="Zoe")
        mine, theirs = row, Relation.objects.get(pk=row.pk)
        one, two = (
            lambda: unrelate(actor=alice, client=carla, relation=mine),
            lambda: unrelate(actor=bob, client=carla, relation=theirs),
        )
    slot = {"fact": "fact", "point": "contact_point", "relation": "relation"}[what] + f"/{row.pk}"
    with meanwhile(two) as other:
        one()
    assert other.outcome is None
    assert FactChange.objects.filter(slot=slot, new_hash="").count() == 1


def test_two_people_who_join_the_same_client_to_a_household_make_one(alice, bob, carla):
    with meanwhile(lambda: join_household(actor=bob, client=carla, person="Yiyi", role="child")) as other:
        join_household(actor=alice, client=carla, person="Olaf", role="child")
    assert isinstance(other.outcome, HouseholdMember), other.outcome
    assert set(Household.objects.get().members.values_list("person", flat=True)) == {"", "Olaf", "Yiyi"}


def test_two_people_who_take_the_last_one_out_of_a_household_are_both_served(alice, bob, carla):
    member = join_household(actor=alice, client=carla, person="Olaf", role="child")
    theirs = HouseholdMember.objects.get(pk=member.pk)
    with meanwhile(lambda: leave_household(actor=bob, client=carla, member=theirs)) as other:
        leave_household(actor=alice, client=carla, member=member)
    assert other.outcome is None
    assert not Household.objects.exists()
