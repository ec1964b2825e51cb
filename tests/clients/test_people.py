"""Relations and households: said from either end, found within sight only, never hinting at the others."""

import pytest
from django.urls import reverse

from clients.models import Client, FactChange, Household, HouseholdMember, Relation
from clients.services import join_household, relate, transfer_clients
from common.models import AuditEntry
from tests.factories import ClientFactory


@pytest.fixture
def hugo(north, alice):
    return ClientFactory(number="N-7", name="Hugo Núñez", branch=north, manager=alice)


def known_of(client) -> str:
    return reverse("client-known", args=[client.number])


def test_exact_number_within_sight_makes_one_relation_that_both_files_show(signed_in, alice, carla, hugo):
    browser = signed_in(alice)
    answer = browser.post(reverse("relation-add", args=["N-1"]), {"who": "N-7", "kind": "parent"})
    assert answer.status_code == 302
    assert Relation.objects.get().client_id == min(carla.pk, hugo.pk)
    assert "Hugo Núñez" in browser.get(known_of(carla)).content.decode()
    page = browser.get(known_of(hugo)).content.decode()
    assert "Carla Núñez" in page
    assert "<dt>Child</dt>" in page
    assert FactChange.objects.filter(fact_type__code="relation").count() == 2


def test_words_that_find_clients_are_asked_about_and_may_stay_a_name(signed_in, alice, carla, hugo):
    browser = signed_in(alice)
    address = reverse("relation-add", args=["N-1"])
    asked = browser.post(address, {"who": "Hugo", "kind": "parent"})
    assert asked.status_code == 422
    assert 'value="N-7"' in asked.content.decode()
    assert not Relation.objects.exists()
    assert AuditEntry.objects.filter(act="search", detail="Hugo", count=1).count() == 1
    browser.post(address, {"who": "Hugo", "kind": "parent", "pick": "N-7"})
    assert Relation.objects.get().person == ""
    browser.post(address, {"who": "Hugo", "kind": "friend", "pick": "-"})
    assert Relation.objects.get(kind="friend").person == "Hugo"


def test_hidden_clients_are_words_like_any_other(signed_in, alice, carla, nina, simon):
    browser = signed_in(alice)
    address = reverse("relation-add", args=["N-1"])
    for who, pick in (("S-1", ""), ("Nina Berg", ""), ("N-9", ""), ("Simon", "S-1")):
        answer = browser.post(address, {"who": who, "kind": "friend", "pick": pick})
        assert answer.status_code == 302
    assert set(Relation.objects.values_list("person", flat=True)) == {"S-1", "Nina Berg", "N-9", "Simon"}
    assert not Relation.objects.exclude(other=None).exists()


def test_relation_to_a_client_outside_the_book_is_counted_not_named(signed_in, alice, bob, carla, nina):
    relation = relate(actor=bob, client=carla, kind="spouse", other=nina)
    browser = signed_in(alice)
    page = browser.get(known_of(carla)).content.decode()
    assert "1 client outside your book" in page
    assert "Nina" not in page
    assert browser.post(reverse("relation-remove", args=["N-1", relation.pk])).status_code == 404
    assert Relation.objects.exists()


def test_relation_is_removed_and_brought_back(signed_in, alice, carla, hugo):
    relation = relate(actor=alice, client=carla, kind="parent", other=hugo)
    browser = signed_in(alice)
    browser.post(reverse("relation-remove", args=["N-7", relation.pk]))
    assert not Relation.objects.exists()
    browser.post(browser.session["told"]["undo_url"])
    again = Relation.objects.get()
    assert (again.client_id, again.other_id, again.kind) == (
        relation.client_id,
        relation.other_id,
        relation.kind,
    )


def test_undo_relates_nobody_who_is_out_of_sight_by_now(signed_in, alice, anna, bob, carla, hugo):
    relation = relate(actor=alice, client=carla, kind="parent", other=hugo)
    browser = signed_in(alice)
    browser.post(reverse("relation-remove", args=["N-7", relation.pk]))
    transfer_clients(actor=bob, clients=Client.objects.filter(pk=carla.pk), to=anna, reason="Moved away")
    browser.post(browser.session["told"]["undo_url"])
    assert not Relation.objects.exists()


def test_relation_to_oneself_is_refused_and_other_files_relations_are_absent(
    signed_in, alice, bob, carla, hugo, nina
):
    browser = signed_in(alice)
    refused = browser.post(reverse("relation-add", args=["N-1"]), {"who": "N-1", "kind": "friend"})
    assert refused.status_code == 422
    assert not Relation.objects.exists()
    theirs = relate(actor=bob, client=nina, kind="friend", person="Zoe")
    assert browser.post(reverse("relation-remove", args=["N-1", theirs.pk])).status_code == 404


def test_household_grows_is_named_and_shrinks(signed_in, alice, carla, hugo):
    browser = signed_in(alice)
    address = reverse("household-join", args=["N-1"])
    browser.post(address, {"who": "N-7", "role": "spouse"})
    browser.post(address, {"who": "Yiyi", "role": "child"})
    refused = browser.post(address, {"who": "Xavier", "role": "head"})
    assert refused.status_code == 422
    assert "has a head already" in refused.content.decode()
    browser.post(reverse("household-name", args=["N-7"]), {"name": "The Núñez family"})
    page = browser.get(known_of(carla)).content.decode()
    assert "Household The Núñez family" in page
    assert "Yiyi" in page
    for member in HouseholdMember.objects.exclude(client=carla):
        browser.post(reverse("household-leave", args=["N-1", member.pk]))
    assert not Household.objects.exists()
    assert browser.get(reverse("household-name", args=["N-1"])).status_code == 404


def test_household_of_another_client_stays_theirs(signed_in, alice, anna, bob, carla, hugo, nina):
    join_household(actor=anna, client=nina, person="Olaf", role="child")
    theirs = HouseholdMember.objects.get(person="Olaf")
    browser = signed_in(alice)
    assert browser.post(reverse("household-leave", args=["N-1", theirs.pk])).status_code == 404
    assert browser.post(reverse("household-leave", args=["N-2", theirs.pk])).status_code == 404
    join_household(actor=bob, client=nina, member=hugo, role="other")
    refused = browser.post(reverse("household-join", args=["N-1"]), {"who": "N-7", "role": "spouse"})
    assert "another household" in refused.content.decode()
    page = browser.get(known_of(hugo)).content.decode()
    assert "1 client outside your book" in page
    assert "Nina" not in page
    assert "Nina" not in browser.get(reverse("household-name", args=["N-7"])).content.decode()
    hidden = HouseholdMember.objects.get(client=nina)
    assert browser.post(reverse("household-leave", args=["N-7", hidden.pk])).status_code == 404
    assert HouseholdMember.objects.filter(pk=hidden.pk).exists()


@pytest.mark.parametrize("page", ["relation-add", "household-join"])
@pytest.mark.parametrize("number", ["N-1", "N-100", "104485291"])
def test_a_number_that_names_nobody_within_sight_is_nobodys_name(signed_in, alice, carla, nina, page, number):
    body = {"who": number, "kind": "spouse", "role": "spouse", "pick": "-"}
    refused = signed_in(alice).post(reverse(page, args=["N-1"]), body)
    assert refused.status_code == 422
    assert refused.context["form"].errors["who"]
    assert not Relation.objects.exists()
