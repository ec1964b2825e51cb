"""The team: what each has on their hands, whose book waits, and who may hand it over."""

from datetime import timedelta

import pytest
from django.urls import reverse

from clients.models import Client
from clients.services import restrict_file
from interactions.models import Action
from interactions.services.actions import people_who_may_take
from interactions.services.counter import looked_after
from interactions.team import leavers, loads
from staff.models import Cover
from tests.factories import ActionFactory, ClientFactory, CoverFactory, UserFactory

pytestmark = pytest.mark.django_db


def told(browser) -> dict:
    return browser.session["told"]


@pytest.fixture
def gone(alice, carla):
    """Alice has left; Carla and an action by name are still hers."""
    ActionFactory(client=carla, owner=alice, due_on=alice.today(), about="Send the brochure")
    alice.is_active = False
    alice.save()
    return alice


# -- figures ---------------------------------------------------------------------------------------


def test_load_counts_clients_and_actions_of_the_book_or_by_name(alice, anna, bob, carla, nina, north):
    today = bob.today()
    yesterday = today - timedelta(days=1)
    ActionFactory(client=carla, opens_on=yesterday, due_on=yesterday)
    ActionFactory(client=carla, due_on=today)
    ActionFactory(client=carla, owner=anna)
    ActionFactory(client=carla, state="done", closed_at="2026-01-01T00:00Z")
    closed = ClientFactory(branch=north, manager=alice, status="closed")
    ActionFactory(client=closed)
    found = loads(bob, [alice.pk, anna.pk], today)
    one, other = found[alice.pk], found[anna.pk]
    assert (one.clients, one.open, one.late, one.named) == (2, 2, 1, 0)
    assert (other.clients, other.open, other.late, other.named) == (1, 1, 0, 1)


def test_figures_leave_out_what_the_supervisor_may_not_see(signed_in, alice, bob, carla, north, south):
    ClientFactory(branch=south, manager=alice)
    ClientFactory(branch=north, manager=alice, is_restricted=True)
    people = {person.name: person for person in signed_in(bob).get("/team/").context["page"].rows}
    assert people["Alice"].load.clients == 1


def test_administrator_sees_people_but_nothing_counted_over_clients(signed_in, erin, gone, anna):
    answer = signed_in(erin).get("/team/")
    assert "Anna" in answer.text
    assert answer.context["waiting"] == []
    assert not hasattr(answer.context["page"].rows[0], "load")
    assert "Carla" not in answer.text
    assert signed_in(erin).get(reverse("book-hand-over", args=[gone.pk])).status_code == 404


def test_team_of_forty_costs_the_queries_of_two(
    signed_in, bob, north, django_assert_max_num_queries, django_assert_num_queries
):
    def hire(count):
        for person in UserFactory.create_batch(count, branch=north):
            ActionFactory(client=ClientFactory(branch=north, manager=person), owner=person)
        leaver = UserFactory(branch=north, is_active=False)
        ClientFactory(branch=north, manager=leaver)

    hire(2)
    browser = signed_in(bob)
    browser.get("/team/")
    with django_assert_max_num_queries(16) as few:
        browser.get("/team/")
    hire(38)
    with django_assert_num_queries(len(few.captured_queries)):
        browser.get("/team/")


# -- who left --------------------------------------------------------------------------------------


def test_leavers_stand_first_with_what_they_still_hold(signed_in, bob, gone):
    page = signed_in(bob).get("/team/").text
    waiting, _rest = page.split("<table", 1)
    assert "1 person has left and still has clients or actions." in waiting
    assert "Has no access any more and holds 1 client." in waiting
    assert reverse("book-hand-over", args=[gone.pk]) in waiting


def test_whoever_lost_the_role_or_sits_elsewhere_is_found_by_the_clients_they_hold(
    bob, carla, alice, south, charlie, north, anna
):
    alice.role = "front_desk"
    alice.branch = south
    alice.save()
    only_actions = UserFactory(name="Zoe", branch=north, is_active=False)
    ActionFactory(client=carla, owner=only_actions)
    hidden = UserFactory(branch=north, is_active=False)
    ClientFactory(branch=north, manager=hidden, is_restricted=True)
    UserFactory(branch=north, is_active=False)
    assert [person.name for person in leavers(bob)] == ["Alice", "Zoe"]


# -- handing over on the page ----------------------------------------------------------------------


def test_book_page_lists_tiers_takers_with_their_load_and_actions_by_name(signed_in, bob, anna, nina, gone):
    page = signed_in(bob).get(reverse("book-hand-over", args=[gone.pk])).text
    assert "Hand over the book of Alice" in page
    assert "Anna, 1 client" in page
    assert "Send the brochure" in page
    assert "Without a tier" in page


def test_book_and_actions_by_name_go_to_the_new_manager(signed_in, bob, anna, gone, carla):
    browser = signed_in(bob)
    address = reverse("book-hand-over", args=[gone.pk])
    form = {"to": [anna.pk], "by": "name", "actions_to": anna.pk, "reason": "Alice has left"}
    answer = browser.post(address, form)
    assert answer.url == "/team/"
    assert told(browser)["text"] == "1 client of Alice changed hands. 1 action went along."
    assert Action.objects.get().owner == anna
    assert carla.assignments.get(to_on=None).manager == anna
    replay = browser.post(address, form)
    assert replay.status_code == 422
    assert "Somebody may have handed the book over meanwhile." in replay.text
    assert carla.assignments.count() == 2


@pytest.mark.parametrize("forged", ["charlie", "bob", "alice"])
def test_book_goes_to_nobody_who_was_not_offered(signed_in, cast, bob, gone, carla, forged):
    answer = signed_in(bob).post(
        reverse("book-hand-over", args=[gone.pk]),
        {"to": [cast[forged].pk], "by": "name", "reason": "Alice has left"},
    )
    assert answer.status_code == 422
    assert carla.assignments.get().manager == gone


def test_person_of_whom_nothing_may_be_seen_is_as_absent_as_nobody(signed_in, bob, charlie, simon):
    browser = signed_in(bob)
    for pk in (charlie.pk, 999_999):
        assert browser.get(reverse("book-hand-over", args=[pk])).status_code == 404
        assert browser.post(reverse("book-hand-over", args=[pk]), {"reason": "x"}).status_code == 404
    assert Client.objects.visible_to(charlie).exists()


@pytest.mark.parametrize("person", ["alice", "anna", "dora", "erin", "frank", "gus", "hana", "ines"])
def test_only_supervisors_hand_over_books(signed_in, cast, person, anna, carla, alice):
    answer = signed_in(cast[person]).post(
        reverse("book-hand-over", args=[alice.pk]), {"to": [anna.pk], "by": "name", "reason": "Mine"}
    )
    assert answer.status_code == 404
    assert carla.assignments.get().manager == alice


# -- cover and access ------------------------------------------------------------------------------


def test_covers_now_and_coming_are_told_apart_and_can_be_ended(signed_in, alice, anna, bob):
    today = bob.today()
    now = CoverFactory(covered=alice, stand_in=anna)
    CoverFactory(
        covered=anna, stand_in=alice, from_on=today + timedelta(days=5), to_on=today + timedelta(days=6)
    )
    browser = signed_in(bob)
    answer = browser.get("/team/")
    assert [cover.covered.name for cover in answer.context["now"]] == ["Alice"]
    assert [cover.covered.name for cover in answer.context["coming"]] == ["Anna"]
    browser.post(reverse("cover-end", args=[now.pk]))
    assert not Cover.objects.on(today).exists()


def test_administrator_ends_access_and_takes_it_back(signed_in, erin, alice):
    browser = signed_in(erin)
    browser.post(reverse("user-deactivate", args=[alice.pk]))
    alice.refresh_from_db()
    assert not alice.is_active
    assert told(browser)["undo_url"] == reverse("user-reactivate", args=[alice.pk])
    browser.post(told(browser)["undo_url"])
    alice.refresh_from_db()
    assert alice.is_active


@pytest.mark.parametrize("person", ["alice", "bob", "dora", "frank", "gus", "hana", "ines"])
def test_access_is_an_administrators_matter(signed_in, cast, person, anna):
    for name in ("user-deactivate", "user-reactivate"):
        assert signed_in(cast[person]).post(reverse(name, args=[anna.pk])).status_code == 404
    anna.refresh_from_db()
    assert anna.is_active


def test_an_action_of_a_restricted_file_goes_only_to_whom_sees_it(bank, alice, anna, bob, carla):
    above = UserFactory(branch=bank, role="supervisor")
    CoverFactory(covered=alice, stand_in=anna)
    assert set(people_who_may_take(carla)) == {alice, anna, bob, above}
    restrict_file(actor=bob, client=carla, is_restricted=True, reason="Family")
    carla.refresh_from_db()
    assert set(people_who_may_take(carla)) == {alice, bob}


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": "auditor"}])
def test_until_a_book_is_handed_over_what_is_due_stands_on_the_supervisors_today(
    change, signed_in, alice, bob, carla, nina
):
    action = ActionFactory(client=carla)
    coming = ActionFactory(client=carla, opens_on=bob.today() + timedelta(days=1))
    ActionFactory(client=nina)  # anna's, who works
    today = bob.today()
    assert not Action.objects.waiting_for(bob, today).exists()
    for field, value in change.items():
        setattr(alice, field, value)
    alice.save()
    assert set(Action.objects.waiting_for(bob, today)) == {action, coming}
    page = signed_in(bob).get(reverse("today"))
    assert [row["pk"] for group in page.context["groups"] for row in group["rows"]] == [action.pk]
    assert page.context["tomorrow"] == 1
    assert looked_after(carla).told == [bob]
