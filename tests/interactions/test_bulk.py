"""One act on many clients: each gets one action, nobody's ids are trusted, and a replay does nothing."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from clients.models import Client, Theme, Tier
from interactions.models import Action
from interactions.services import bulk
from interactions.services.actions import snooze_action
from messaging.models import Notification
from tests.factories import ActionFactory, ClientFactory, CoverFactory, UserFactory

ALL = {"all": "1"}


def theme(code="keeping_in_touch") -> Theme:
    return Theme.objects.get(code=code)


def plan(actor, clients=None, **changes):
    asked = {
        "theme": theme(),
        "channel": "call",
        "due_on": actor.today() + timedelta(days=3),
        "about": "New rates",
    }
    clients = Client.objects.editable_by(actor) if clients is None else clients
    return bulk.plan_actions(actor=actor, clients=clients, **(asked | changes))


def body(actor, **changes) -> dict:
    return {
        "about": "New rates",
        "due_on": actor.today() + timedelta(days=3),
        "channel": "call",
        "theme": theme().pk,
    } | changes


def told(browser) -> dict:
    return browser.session["told"]


# -- the service: planning -------------------------------------------------------------------------


def test_each_client_gets_one_action_for_whoever_holds_the_book(db, alice, bob, carla, nina):
    done = plan(bob)
    assert (done.planned, done.closed, done.had) == (2, 0, 0)
    action = Action.objects.get(client=carla)
    assert (action.owner, action.created_by, action.origin, action.about) == (
        None,
        bob,
        "by_hand",
        "New rates",
    )
    assert action.due_on == action.opens_on == bob.today() + timedelta(days=3)
    assert Action.objects.waiting_for(alice, alice.today()).get() == action


@pytest.mark.parametrize("status", ["closed", "deceased", "blocked"])
def test_whom_nothing_may_be_planned_for_is_left_out_and_counted(alice, carla, north, status):
    ClientFactory(branch=north, manager=alice, status=status)
    done = plan(alice)
    assert (done.planned, done.closed) == (1, 1)


def test_open_action_of_the_theme_is_enough_and_another_theme_does_not_count(alice, carla, north):
    other = ClientFactory(branch=north, manager=alice)
    ActionFactory(client=carla)
    ActionFactory(client=other, theme=theme("birthday"))
    ActionFactory(client=other, state="skipped", reason="x", closed_at="2026-01-01T00:00Z")
    done = plan(alice)
    assert (done.planned, done.had) == (1, 1)
    assert carla.actions.count() == 1


def test_second_run_plans_nothing(alice, carla):
    plan(alice)
    done = plan(alice)
    assert (done.planned, done.had) == (0, 1)


@pytest.mark.parametrize("days", [-1, 800])
def test_day_must_lie_ahead_within_two_years(alice, carla, days):
    with pytest.raises(ValidationError) as refused:
        plan(alice, due_on=alice.today() + timedelta(days=days))
    assert "due_on" in refused.value.error_dict


def test_clients_of_others_are_refused_as_a_whole(alice, anna, bob, carla, nina, simon):
    for actor, clients in ((alice, Client.objects.all()), (bob, Client.objects.filter(pk=simon.pk))):
        with pytest.raises(PermissionDenied):
            plan(actor, clients)
    assert not Action.objects.exists()


def test_more_than_may_be_changed_at_once_is_refused(alice, north, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 2)
    ClientFactory.create_batch(3, branch=north, manager=alice)
    with pytest.raises(ValidationError):
        plan(alice)
    assert not Action.objects.exists()


def test_planning_for_forty_costs_the_statements_of_two(alice, north):
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            plan(alice)
        return len(seen)

    ClientFactory.create_batch(2, branch=north, manager=alice)
    few = statements()
    Action.objects.all().delete()
    ClientFactory.create_batch(38, branch=north, manager=alice)
    assert statements() == few
    assert Action.objects.count() == 40


def test_undo_cancels_only_what_nobody_has_worked_on(alice, anna, bob, carla, nina, north):
    third = ClientFactory(branch=north, manager=alice)
    kept = ActionFactory(client=carla, theme=theme("birthday"))
    done = plan(bob)
    snooze_action(actor=alice, action=third.actions.get(), until=alice.today() + timedelta(days=1))
    assert bulk.cancel_planned(actor=anna, at=done.at) == 0
    assert bulk.cancel_planned(actor=bob, at=done.at) == 2
    assert bulk.cancel_planned(actor=bob, at=done.at) == 0
    assert set(Action.objects.open()) == {kept, third.actions.get()}


# -- the page: planning ----------------------------------------------------------------------------


def test_page_says_for_how_many_and_whom_before_anything_is_done(signed_in, alice, carla, north):
    ClientFactory.create_batch(7, branch=north, manager=alice)
    ClientFactory(branch=north, manager=alice, status="closed")
    page = signed_in(alice).get(reverse("clients-plan"), ALL).text
    assert "Plan an action for 9 clients" in page
    assert "Carla Núñez" in page
    assert "and 4 more." in page
    assert "1 is closed, deceased or blocked and is left out." in page
    assert not Action.objects.exists()


def test_chosen_clients_get_their_action_and_undo_is_offered(signed_in, alice, carla, north):
    ClientFactory(branch=north, manager=alice)
    browser = signed_in(alice)
    address = f"{reverse('clients-plan')}?pick={carla.pk}&status=active"
    answer = browser.post(address, body(alice))
    assert answer.url == "/clients/?status=active"
    assert "1 action planned for" in told(browser)["text"]
    undo = told(browser)["undo_url"]
    assert browser.get(undo).status_code == 405
    browser.post(undo)
    assert told(browser)["text"] == "1 action cancelled."
    assert Action.objects.get().state == "cancelled"


def test_all_that_match_are_counted_anew_by_their_filter(signed_in, alice, carla, north):
    gold = Tier.objects.get(code="gold")
    ClientFactory.create_batch(3, branch=north, manager=alice, tier=gold)
    browser = signed_in(alice)
    address = f"{reverse('clients-plan')}?all=1&tier=gold"
    assert "for 3 clients" in browser.get(address).text
    ClientFactory(branch=north, manager=alice, tier=gold)
    browser.post(address, body(alice))
    assert told(browser)["text"].startswith("4 actions planned for ")
    assert not carla.actions.exists()


def test_replayed_post_plans_nothing_twice(signed_in, alice, carla):
    browser = signed_in(alice)
    address = f"{reverse('clients-plan')}?all=1"
    browser.post(address, body(alice))
    browser.post(address, body(alice))
    assert Action.objects.count() == 1
    assert "1 client has an open action of this theme already." in told(browser)["text"]
    assert told(browser)["undo_url"] == ""


def test_forged_ids_are_nobodys_and_counts_do_not_tell_of_them(signed_in, alice, carla, nina, simon):
    browser = signed_in(alice)
    forged = f"?pick={carla.pk}&pick={nina.pk}&pick={simon.pk}&pick=99999999999999999999&pick=x&pick=-1"
    page = browser.get(reverse("clients-plan") + forged).text
    assert "for 1 client" in page
    assert "Nina" not in page
    browser.post(reverse("clients-plan") + forged, body(alice, pick=[nina.pk], clients=[nina.pk], all="1"))
    assert [action.client for action in Action.objects.all()] == [carla]
    assert told(browser)["text"].startswith("1 action planned")
    only = browser.get(f"{reverse('clients-plan')}?pick={nina.pk}")
    absent = browser.get(f"{reverse('clients-plan')}?pick=123456")
    assert "Nobody is chosen" in only.text
    assert "Nobody is chosen" in absent.text


def test_filter_that_cannot_be_read_chooses_nobody(signed_in, alice, carla):
    browser = signed_in(alice)
    answer = browser.post(f"{reverse('clients-plan')}?all=1&due_from=soon", body(alice))
    assert answer.status_code == 422
    assert not Action.objects.exists()


def test_restricted_file_is_neither_counted_nor_touched(signed_in, bob, carla, nina):
    Client.objects.filter(pk=nina.pk).update(is_restricted=True)
    browser = signed_in(bob)
    assert "for 1 client" in browser.get(reverse("clients-plan"), ALL).text
    browser.post(f"{reverse('clients-plan')}?all=1&pick={nina.pk}", body(bob))
    assert not nina.actions.exists()


def test_too_many_are_not_planned_for_and_the_page_says_what_to_do(signed_in, alice, north, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 2)
    ClientFactory.create_batch(3, branch=north, manager=alice)
    browser = signed_in(alice)
    assert "Too many at once" in browser.get(reverse("clients-plan"), ALL).text
    assert browser.post(f"{reverse('clients-plan')}?all=1", body(alice)).status_code == 422
    assert not Action.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"due_on": "2001-01-01"}, "Choose today or a later day."), ({"about": ""}, "required")],
)
def test_errors_stand_beside_the_field(signed_in, alice, carla, wrong, said):
    answer = signed_in(alice).post(f"{reverse('clients-plan')}?all=1", body(alice, **wrong))
    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize("person", ["dora", "erin", "frank", "gus", "hana", "ines"])
def test_roles_that_change_no_clients_have_no_bulk(signed_in, cast, person, carla):
    browser = signed_in(cast[person])
    for name in ("clients-plan", "clients-hand-over"):
        assert browser.post(f"{reverse(name)}?all=1", body(cast[person])).status_code == 404
    assert browser.post(reverse("clients-plan-undo", args=[1])).status_code == 404


def test_undo_of_a_moment_that_never_was_cancels_nothing(signed_in, alice, carla):
    browser = signed_in(alice)
    assert browser.post(f"/clients/plan/{10**30}/undo/").status_code == 404
    assert browser.post(reverse("clients-plan-undo", args=[5])).status_code == 302


# -- handing over chosen clients -------------------------------------------------------------------


def test_chosen_clients_go_to_another_manager_with_the_actions_by_name(
    signed_in, alice, anna, bob, carla, nina
):
    by_name = ActionFactory(client=carla, owner=alice)
    elsewhere = ActionFactory(client=nina, owner=bob)
    browser = signed_in(bob)
    address = f"{reverse('clients-hand-over')}?pick={carla.pk}"
    page = browser.get(address).text
    assert "Hand over 1 client" in page
    assert "1 client of Alice." in page
    browser.post(address, {"to": anna.pk, "reason": "Nearer"})
    assert told(browser) == {"text": "1 client went to Anna.", "undo_url": ""}
    assert carla.assignments.get(to_on=None).manager == anna
    assert carla.assignments.get(to_on=None).reason == "Nearer"
    by_name.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (by_name.owner, elsewhere.owner) == (None, bob)
    assert Action.objects.waiting_for(anna, anna.today()).filter(pk=by_name.pk).exists()
    browser.post(address, {"to": anna.pk, "reason": "Nearer"})
    assert told(browser)["text"] == "0 clients went to Anna."
    assert carla.assignments.count() == 2


def test_account_manager_hands_over_nobody(signed_in, alice, anna, carla):
    assert signed_in(alice).get(reverse("clients-hand-over"), ALL).status_code == 404
    with pytest.raises(PermissionDenied):
        bulk.hand_over_clients(
            actor=alice, clients=Client.objects.editable_by(alice), to=anna, reason="Mine to give"
        )


@pytest.mark.parametrize("to", ["charlie", "bob", "erin"])
def test_clients_go_only_to_active_managers_of_ones_branches(signed_in, cast, to, carla):
    browser = signed_in(cast["bob"])
    answer = browser.post(
        f"{reverse('clients-hand-over')}?all=1", {"to": cast[to].pk, "reason": "Because of the move"}
    )
    assert answer.status_code == 422
    assert carla.assignments.get().manager == cast["alice"]


# -- handing over a book ---------------------------------------------------------------------------


@given(
    names=st.lists(st.tuples(st.text("abc", max_size=2), st.integers(0, 3)), max_size=30),
    parts=st.integers(1, 5),
    by=st.sampled_from([bulk.BY_NAME, bulk.BY_TIER]),
)
def test_parts_of_a_book_are_equal_and_nobody_is_lost(names, parts, by):
    tiers = [None, *(Tier(pk=rank, rank=rank, name=str(rank)) for rank in (1, 2, 3))]
    book = [Client(pk=place, sort_name=name, tier=tiers[tier]) for place, (name, tier) in enumerate(names)]
    shares = bulk.split(book, parts, by=by)
    sizes = [len(share) for share in shares]
    assert len(shares) == parts
    assert max(sizes) - min(sizes) <= 1
    assert sorted(client.pk for share in shares for client in share) == list(range(len(book)))
    if by == bulk.BY_NAME:
        flat = [client.sort_name for share in shares for client in share]
        assert flat == sorted(flat)
    else:
        for tier in tiers:
            of_tier = [sum(client.tier == tier for client in share) for share in shares]
            assert max(of_tier) - min(of_tier) <= 1


def hand(bob, owner, *to, **changes):
    return bulk.hand_over_book(actor=bob, owner=owner, to=to, reason="Alice has left", **changes)


def test_book_goes_to_several_in_equal_parts_and_each_is_told(alice, anna, bob, north, carla):
    beth = UserFactory(name="Beth", branch=north)
    ClientFactory.create_batch(4, branch=north, manager=alice)
    done = hand(bob, alice, anna, beth)
    assert done.clients == {anna.pk: 3, beth.pk: 2}
    assert not Client.objects.visible_to(alice).exists()
    assert Notification.objects.filter(user__in=[anna, beth], kind="book").count() == 2


def test_actions_by_name_find_the_chosen_owner_only_where_they_look_after_the_client(
    alice, anna, bob, north, carla, nina
):
    beth = UserFactory(name="Beth", branch=north)
    first = ClientFactory(name="Aa", branch=north, manager=alice)
    hers, theirs = ActionFactory(client=first, owner=alice), ActionFactory(client=carla, owner=alice)
    stood_in = ActionFactory(client=nina, owner=alice)
    done = hand(bob, alice, anna, beth, actions_to=anna)
    assert (done.actions.taken, done.actions.freed) == (2, 1)
    owners = [Action.objects.get(pk=action.pk).owner for action in (hers, theirs, stood_in)]
    assert owners == [anna, None, anna]
    assert not Action.objects.open().filter(owner=alice).exists()


def test_actions_go_with_the_book_when_no_one_is_named(alice, anna, bob, carla):
    ActionFactory(client=carla, owner=alice, snoozed_until=alice.today() + timedelta(days=3))
    hand(bob, alice, anna)
    action = Action.objects.get()
    assert (action.owner, action.snoozed_until) == (None, None)
    assert Action.objects.waiting_for(anna, anna.today()).get() == action


def test_actions_of_somebody_without_clients_are_released_without_a_taker(alice, anna, bob, nina):
    ActionFactory(client=nina, owner=alice)
    done = bulk.hand_over_book(actor=bob, owner=alice, to=[], reason="Left")
    assert done.actions.freed == 1
    assert Action.objects.get().owner is None


def test_restricted_file_and_other_branches_stay_where_they_are(alice, anna, bob, carla, south, north):
    hidden = ClientFactory(branch=north, manager=alice, is_restricted=True)
    away = ClientFactory(branch=south, manager=alice)
    assert hand(bob, alice, anna).clients == {anna.pk: 1}
    for client in (hidden, away):
        assert client.assignments.get(to_on=None).manager == alice


def test_empty_book_own_book_and_nobody_to_take_it_are_refused(alice, anna, bob, carla, nina):
    with pytest.raises(ValidationError) as refused:
        hand(bob, alice, alice)
    assert "to" in refused.value.error_dict
    with pytest.raises(ValidationError) as refused:
        hand(bob, alice)
    assert "to" in refused.value.error_dict
    hand(bob, alice, anna)
    with pytest.raises(ValidationError):
        hand(bob, alice, anna)
    with pytest.raises(PermissionDenied):
        hand(alice, anna, alice)
    with pytest.raises(PermissionDenied):
        bulk.release_actions(actor=alice, owner=anna, to=None)


def test_wrong_taker_among_several_moves_nobody(alice, anna, bob, hana, carla):
    with pytest.raises(ValidationError):
        hand(bob, alice, anna, hana)
    assert carla.assignments.get().manager == alice


def test_cover_sees_nothing_more_of_a_book_that_went_elsewhere(alice, anna, bob, north, carla):
    beth = UserFactory(name="Beth", branch=north)
    CoverFactory(covered=alice, stand_in=anna)
    assert carla in Client.objects.visible_to(anna)
    hand(bob, alice, beth)
    assert carla not in Client.objects.visible_to(anna)
