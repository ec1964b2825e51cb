"""Today: whose rows stand there, what the week and tomorrow hold, and what it costs."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from clients.models import Client
from clients.services import open_with_reason
from interactions.models import Action
from interactions.querysets import Around, around
from tests.factories import ActionFactory, ClientFactory, ContactFactory, CoverFactory


def dues(client, today, *offsets, **more):
    return [
        ActionFactory(
            client=client,
            due_on=today + timedelta(days=days),
            opens_on=today + timedelta(days=days),
            **more,
        )
        for days in offsets
    ]


def looked_up(user, today):
    """Week and tomorrow from ids known beforehand and from the queryset: the two must say the same."""
    seen = list(Client.objects.visible_to(user).values_list("pk", flat=True))
    reachable = list(Action.objects.reachable_by(user).values_list("pk", flat=True))
    by_id, by_query = around(user, today, seen, reachable), around(user, today, None, None)
    assert by_id == by_query
    return by_id.days, by_id.tomorrow


def test_tomorrow_counts_own_rows_and_those_of_the_covered(alice, anna, carla, nina):
    today = alice.today()
    dues(carla, today, 1)
    dues(nina, today, 1)  # Anna's client
    assert looked_up(alice, today)[1] == 1
    CoverFactory(covered=anna, stand_in=alice, from_on=today, to_on=today)
    assert looked_up(alice, today)[1] == 2


def test_tomorrow_leaves_out_blocked_clients_whom_the_week_still_shows(alice, carla):
    today = alice.today()
    dues(carla, today, 1, 0)
    carla.status = "blocked"
    carla.save()
    week, tomorrow = looked_up(alice, today)
    assert week[today] == (1, 0)
    assert tomorrow == 0


@pytest.fixture
def a_wednesday(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 8, 12, 15, tzinfo=UTC))


def test_week_counts_done_beside_planned_and_put_off_rows_stand_in_tomorrow(alice, carla, a_wednesday):
    today = alice.today()
    done, _planned = dues(carla, today, 0, 0)
    done.state, done.closed_at = "done", timezone.now()
    done.save()
    Action.objects.filter(pk=_planned.pk).update(snoozed_until=today + timedelta(days=1))
    week, tomorrow = looked_up(alice, today)
    assert week[today] == (1, 1)
    assert week[today + timedelta(days=1)] == (1, 0)
    assert tomorrow == 1


def test_the_week_beside_today_and_the_plan_count_the_same(signed_in, alice, anna, carla, nina, a_wednesday):
    """Done, late, put off inside the week and into it, handed over, and what one covers."""
    today = alice.today()
    done, _late, put_off, _now = dues(carla, today, 0, -1, 0, 0)
    done.state, done.closed_at = "done", timezone.now()
    done.save()
    Action.objects.filter(pk=put_off.pk).update(snoozed_until=today + timedelta(days=2))
    (from_before,) = dues(carla, today, -9)
    Action.objects.filter(pk=from_before.pk).update(snoozed_until=today)
    dues(carla, today, 1, owner=anna)
    CoverFactory(covered=anna, stand_in=alice, from_on=today, to_on=today)
    dues(nina, today, 0)
    browser = signed_in(alice)
    beside = {day["day"]: day["all"] for day in browser.get("/today/").context["week"]}
    planned = {day["day"].day: day["count"] for day in browser.get("/plan/").context["days"]}
    assert beside == planned
    assert (planned[11], planned[12], planned[13], planned[14]) == (1, 3, 0, 1)


def test_supervisor_has_clients_without_a_manager_and_no_others(bob, carla, north):
    today = bob.today()
    orphan = ClientFactory(branch=north)
    dues(orphan, today, 1)
    dues(carla, today, 1)
    assert looked_up(bob, today)[1] == 1


def test_people_without_a_branch_or_a_role_hold_nothing(bob, alice):
    bob.branch = None
    bob.save()
    assert around(bob, alice.today(), None, None) == Around({}, 0, 0)


@pytest.mark.parametrize("rows", [2, 40])
def test_today_asks_the_same_questions_for_two_rows_and_for_forty(
    signed_in, alice, carla, rows, django_assert_max_num_queries
):
    for action in dues(carla, alice.today(), *([0] * rows)):
        ContactFactory(client=carla, staff=alice, action=action, result="no_answer")
    browser = signed_in(alice)
    browser.get("/today/")
    with django_assert_max_num_queries(12):  # eleven, and who stands in the branch
        page = browser.get("/today/").content.decode()
    assert page.count("data-row") == rows


def test_row_says_the_attempts_and_whose_client_it_is(signed_in, alice, anna, nina):
    today = alice.today()
    CoverFactory(covered=anna, stand_in=alice, from_on=today, to_on=today)
    (action,) = dues(nina, today, 0)
    ContactFactory(client=nina, staff=anna, action=action, result="no_answer")
    page = signed_in(alice).get("/today/").content.decode()
    assert f"for {anna.name}" in page
    assert "1 attempt" in page


def test_a_file_opened_in_an_emergency_puts_nothing_on_the_readers_today(signed_in, anna, alice, bob, carla):
    ActionFactory(client=carla)
    open_with_reason(actor=anna, number="N-1", reason="She stands before me")
    assert not Action.objects.waiting_for(anna, anna.today()).exists()
    page = signed_in(anna).get("/today/")
    assert page.context["count"] == 0
    assert sum(day["all"] for day in page.context["week"]) == 0
    assert Action.objects.waiting_for(alice, alice.today()).count() == 1
