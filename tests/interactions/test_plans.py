"""The service plan: within capacity, on working days, moving the least, and nothing twice."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from clients.models import Tier
from clients.services import transfer_clients
from common.models import Holiday
from interactions import services
from interactions.models import Action
from interactions.planner import EARLY, Wish, place
from interactions.services import raise_due
from interactions.services.cadence import refresh_cadence
from interactions.services.moves import move_action
from interactions.services.plans import HORIZON, plan_service
from tests.factories import ActionFactory, ClientFactory, ContactFactory

MONDAY = date(2026, 3, 2)
DAYS = [MONDAY + timedelta(days=n) for n in range(36) if n % 7 < 5]


# -- where a contact is placed ---------------------------------------------------------------------

wishes = st.lists(
    st.tuples(st.integers(-60, 35), st.integers(0, 30), st.integers(1, 3)), min_size=1, max_size=60
).map(
    lambda rows: [
        Wish(MONDAY + timedelta(days=ideal), pk, MONDAY + timedelta(days=ideal + slack), manager)
        for pk, (ideal, slack, manager) in enumerate(rows)
    ]
)


@given(wishes, st.integers(0, 4), st.randoms())
def test_everybody_is_placed_once_on_a_working_day_and_no_day_holds_too_much_while_another_has_room(
    asked, room, random
):
    random.shuffle(asked)
    loads: Counter = Counter()
    placed = place(asked, days=DAYS, loads=loads, capacity=dict.fromkeys((1, 2, 3), room))
    assert set(placed) == {wish.client_id for wish in asked}
    assert set(placed.values()) <= set(DAYS)
    assert loads == Counter((wish.manager_id, placed[wish.client_id]) for wish in asked)
    for wish in asked:
        day = placed[wish.client_id]
        assert day >= wish.ideal - EARLY
        if loads[wish.manager_id, day] > room:
            assert all(loads[wish.manager_id, other] >= room for other in DAYS if other >= wish.ideal)


@given(wishes, st.integers(1, 4))
def test_the_order_in_which_clients_are_asked_changes_nothing(asked, room):
    capacity = dict.fromkeys((1, 2, 3), room)
    one = place(asked, days=DAYS, loads=Counter(), capacity=capacity)
    assert one == place(reversed(asked), days=DAYS, loads=Counter(), capacity=capacity)


# -- the plan of a branch --------------------------------------------------------------------------


@pytest.fixture
def book(north, alice):
    """Gold clients of Alice, each reached so long ago that the next contact is due so many days from Monday."""
    alice.daily_capacity = 2
    alice.save()
    tier = Tier.objects.get(code="gold")

    def make(*due_in, manager=alice):
        made = []
        for days in due_in:
            client = ClientFactory(branch=north, manager=manager, tier=tier)
            day = MONDAY + timedelta(days=days - tier.ideal_days)
            moment = datetime.combine(day, datetime.min.time(), UTC).replace(hour=12)
            ContactFactory(client=client, staff=manager, occurred_at=moment)
            made.append(client)
        refresh_cadence([client.pk for client in made])
        return made

    return make


def plan():
    rows = Action.objects.open().filter(origin="plan").order_by("due_on", "client_id")
    return list(rows.values_list("client_id", "due_on"))


def test_contacts_are_spread_over_working_days_within_what_a_day_holds(north, book):
    book(*[2] * 9)
    done = plan_service(north, on=MONDAY)
    assert (done.placed, done.moved) == (9, 0)
    per_day = Counter(day for _client, day in plan())
    assert max(per_day.values()) == 2
    assert all(day.weekday() < 5 for day in per_day)
    assert len(per_day) == 5


def test_planned_again_nothing_moves_whatever_else_was_planned_meanwhile(north, book):
    book(0, 1, 2, 3, 10, 20)
    plan_service(north, on=MONDAY)
    before = plan()
    for on in (MONDAY, MONDAY, MONDAY + timedelta(days=1)):
        plan_service(north, on=on)
    assert plan() == before
    (client,) = book(2)
    plan_service(north, on=MONDAY + timedelta(days=1))
    assert set(before) < set(plan())
    assert len(plan()) == len(before) + 1
    assert client.pk in dict(plan())


def test_birthdays_and_maturities_fill_their_day(north, alice, book):
    ClientFactory.create_batch(2, branch=north, manager=alice, birthday=date(1970, 3, 4))
    (client,) = book(2)
    raise_due(on=MONDAY)
    assert Counter(Action.objects.filter(source="birthday").values_list("due_on", flat=True)) == {
        date(2026, 3, 4): 2
    }
    assert dict(plan())[client.pk] == date(2026, 3, 3)


def test_what_was_done_or_skipped_in_this_round_is_not_planned_again(north, alice, book):
    done, skipped = book(0, 0)
    plan_service(north, on=MONDAY)
    services.finish_action(actor=alice, action=Action.objects.get(client=done))
    services.skip_action(actor=alice, action=Action.objects.get(client=skipped), reason="Away until May")
    plan_service(north, on=MONDAY + timedelta(days=1))
    assert plan() == []
    assert Action.objects.count() == 2


def test_a_contact_that_reached_ends_the_planned_one_and_the_next_is_planned_in_its_time(north, alice, book):
    (client,) = book(0)
    plan_service(north, on=MONDAY)
    contact = services.log_contact(actor=alice, client=client, channel="call", result="reached")
    assert Action.objects.get(origin="plan").state == "expired"
    services.undo_contact(actor=alice, contact=contact)
    plan_service(north, on=MONDAY + timedelta(days=1))
    assert len(plan()) == 1


def test_a_day_that_becomes_a_holiday_sends_its_contacts_to_the_nearest_day(north, book):
    (client,) = book(9)
    plan_service(north, on=MONDAY)
    assert dict(plan())[client.pk] == date(2026, 3, 11)
    Holiday.objects.create(on=date(2026, 3, 11), name="Bridge", country="ES")
    assert plan_service(north, on=MONDAY).moved == 1
    assert dict(plan())[client.pk] in (date(2026, 3, 10), date(2026, 3, 12))
    assert Action.objects.count() == 1


def test_a_client_with_a_contact_of_the_theme_in_hand_gets_no_second_one(north, book):
    (client,) = book(3)
    ActionFactory(client=client, opens_on=MONDAY)
    plan_service(north, on=MONDAY)
    assert plan() == []


@pytest.mark.parametrize("status", ["dormant", "blocked", "closed", "deceased", "prospect"])
def test_only_active_clients_are_planned_and_a_plan_ends_with_the_status(north, book, status):
    (client,) = book(3)
    plan_service(north, on=MONDAY)
    type(client).objects.filter(pk=client.pk).update(status=status)
    assert plan_service(north, on=MONDAY).ended == 1
    assert plan() == []


def test_who_has_no_tier_no_agreement_or_no_manager_is_not_planned(north, alice):
    ClientFactory(branch=north, manager=alice)
    ClientFactory(branch=north, tier=Tier.objects.get(code="gold"), next_due_on=MONDAY)
    plan_service(north, on=MONDAY)
    assert plan() == []


def test_beyond_the_horizon_nothing_is_placed_yet(north, book):
    book(HORIZON.days + 1)
    plan_service(north, on=MONDAY)
    assert plan() == []


def test_a_book_that_changes_hands_takes_its_plan_along(north, alice, anna, bob, book):
    (client,) = book(5)
    plan_service(north, on=MONDAY)
    before = plan()
    clients = type(client).objects.filter(pk=client.pk)
    transfer_clients(actor=bob, clients=clients, to=anna, reason="New branch")
    plan_service(north, on=MONDAY)
    assert plan() == before
    assert Action.objects.waiting_for(anna, before[0][1]).due(before[0][1]).exists()


def test_the_database_holds_one_planned_contact_a_client(north, book):
    (client,) = book(5)
    plan_service(north, on=MONDAY)
    with pytest.raises(IntegrityError):
        ActionFactory(client=client, origin="plan", opens_on=MONDAY)


def test_a_rhythm_that_is_over_leaves_the_planned_contact_on_the_day_that_has_room(north, book):
    book(*[0] * 6)
    plan_service(north, on=MONDAY - timedelta(days=14))
    before = plan()
    raise_due(on=MONDAY)
    assert plan() == before
    assert Action.objects.count() == 6


# -- moved by hand ---------------------------------------------------------------------------------


def test_a_contact_moved_by_hand_stays_where_it_was_put(north, alice, carla):
    today = alice.today()
    type(carla).objects.filter(pk=carla.pk).update(
        tier=Tier.objects.get(code="gold"), next_due_on=today + timedelta(days=4)
    )
    plan_service(north, on=today)
    action = Action.objects.get(origin="plan")
    to = today + timedelta(days=12 + (5 - (today + timedelta(days=12)).weekday()) % 7 + 2)
    move_action(actor=alice, action=action, to=to)
    plan_service(north, on=today)
    action.refresh_from_db()
    assert action.due_on == to


def test_only_who_may_work_on_it_moves_it_and_only_to_a_day_to_come(alice, anna, charlie, carla):
    action = ActionFactory(client=carla)
    for person in (anna, charlie):
        with pytest.raises(PermissionDenied):
            move_action(actor=person, action=action, to=alice.today())
    for days in (-1, 400):
        with pytest.raises(ValidationError):
            move_action(actor=alice, action=action, to=alice.today() + timedelta(days=days))
    for origin in ("occurrence", "promise", "next_step"):  # a case's deadline, an interest's day
        given = ActionFactory(client=carla, origin=origin)
        with pytest.raises(ValidationError, match="keeps its day"):
            move_action(actor=alice, action=given, to=alice.today() + timedelta(days=3))


# -- the page --------------------------------------------------------------------------------------


@pytest.fixture
def busy(north, alice, carla):
    north.working_days = list(range(7))  # a week in which today is no day off
    north.country = ""
    north.save()
    today = alice.today()
    for _ in range(3):
        ActionFactory(client=carla, opens_on=today, due_on=today, about="Ask about the summer")
    alice.daily_capacity = 2
    alice.save()
    return today


@pytest.mark.parametrize("view", ["week", "month", "day", "nonsense"])
def test_each_view_says_what_a_day_holds_against_its_room(signed_in, alice, busy, view):
    page = signed_in(alice).get(f"/plan/?view={view}").content.decode()
    assert "3 of 2" in page
    assert "1 day holds too much" in page


@pytest.mark.parametrize("on", ["", "2026-02-30", "9999-01-01", "x", "-1"])
def test_a_day_that_is_none_shows_today(signed_in, alice, busy, on):
    page = signed_in(alice).get("/plan/", {"view": "day", "on": on})
    assert page.context["on"] == busy


def test_a_supervisor_reads_the_plan_of_the_people_of_the_branch_and_of_nobody_else(
    signed_in, bob, alice, charlie, busy
):
    browser = signed_in(bob)
    page = browser.get(f"/plan/?view=day&manager={alice.staff_number}")
    assert "Ask about the summer" in page.content.decode()
    assert browser.get(f"/plan/?manager={charlie.staff_number}").status_code == 404


def test_an_account_manager_has_the_own_plan_whatever_the_address_says(signed_in, alice, anna, busy):
    page = signed_in(anna).get(f"/plan/?view=day&manager={alice.staff_number}")
    assert page.context["manager"] == anna
    assert "Ask about the summer" not in page.content.decode()


def test_what_was_put_off_stands_on_the_day_it_was_put_off_to(signed_in, alice, busy):
    later = busy + timedelta(days=3)
    Action.objects.update(snoozed_until=later)
    page = signed_in(alice).get(f"/plan/?view=day&on={later}")
    assert len(page.context["days"][0]["rows"]) == 3


def test_an_action_is_moved_from_the_page_and_a_bad_day_is_refused_beside_the_field(signed_in, alice, busy):
    action = Action.objects.first()
    browser, to = signed_in(alice), busy + timedelta(days=2)
    refused = browser.post(f"/actions/{action.pk}/move/", {"to": "2020-01-01"})
    assert refused.status_code == 422
    assert refused.context["form"].errors["to"]
    assert browser.post(f"/actions/{action.pk}/move/?next=/plan/", {"to": str(to)}).url == "/plan/"
    action.refresh_from_db()
    assert action.due_on == to


def test_the_page_costs_the_same_for_2_rows_and_for_40(signed_in, alice, busy, django_assert_max_num_queries):
    browser = signed_in(alice)
    browser.get("/plan/")
    with django_assert_max_num_queries(8) as few:
        browser.get("/plan/")
    clients = ClientFactory.create_batch(40, branch=alice.branch, manager=alice)
    for client in clients:
        ActionFactory(client=client, opens_on=busy, due_on=busy)
    with django_assert_max_num_queries(8) as many:
        assert "43 of 2" in browser.get("/plan/").content.decode()
    assert len(few) == len(many)


def test_days_off_of_a_year_without_official_notice_are_called_provisional(signed_in, alice):
    page = signed_in(alice)
    year = alice.today().year + 1
    words = f"Days off of {year} are provisional"
    address = f"/plan/?view=month&on={year}-01-15"
    assert words in page.get(address).content.decode()
    assert words not in page.get("/plan/?view=day").content.decode()
    Holiday.objects.create(on=date(year, 1, 6), name="Notice", country=alice.branch.country)
    assert words not in page.get(address).content.decode()
