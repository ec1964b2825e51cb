"""News of the market: whose calls go with it, who reads it, and what is said."""

from datetime import date, timedelta

import pytest

from clients.models import Theme
from clients.services import open_with_reason
from interactions.models import Action, HolderCall
from interactions.services.markets import close_market_event, open_market_event
from tests.factories import (
    ActionFactory,
    AppointmentFactory,
    HoldingFactory,
    ProductFactory,
    UserFactory,
)
from tests.interactions.test_portfolio import text_of

FRIDAY = date(2026, 3, 6)
MONDAY = FRIDAY + timedelta(days=3)


@pytest.fixture
def fund(db):
    return ProductFactory(code="FUND", kind="fund", name="World fund")


def opened(actor, fund, **more):
    given = {"title": "Rates rose", "why": "Bonds fell; hold.", "until": actor.today() + timedelta(days=3)}
    return open_market_event(actor=actor, products=[fund], **(given | more))


def test_a_supervisor_reads_no_news_that_concerns_other_branches_alone(
    signed_in, bob, south, simon, charlie, fund
):
    boss = UserFactory(name="Boss", staff_number="boss", role="supervisor", branch=south)
    HoldingFactory(client=simon, product=fund)
    event = opened(boss, fund, title="About Simon")
    browser = signed_in(bob)
    assert "About Simon" not in text_of(browser, "/market/")
    assert browser.get(f"/market/{event.pk}/").status_code == 404
    assert "About Simon" not in text_of(browser, "/products/FUND/")


def test_a_file_opened_in_an_emergency_opens_no_news_about_its_client(
    signed_in, bob, south, simon, charlie, fund
):
    boss = UserFactory(name="Boss", staff_number="boss", role="supervisor", branch=south)
    HoldingFactory(client=simon, product=fund)
    event = opened(boss, fund, title="About Simon")
    open_with_reason(actor=bob, number="S-1", reason="He stands before me")
    assert "About Simon" not in text_of(signed_in(bob), "/market/")
    assert signed_in(bob).get(f"/market/{event.pk}/").status_code == 404


def test_closing_one_of_two_news_leaves_the_call_for_the_other(bob, carla, fund):
    HoldingFactory(client=carla, product=fund)
    first, second = opened(bob, fund), opened(bob, fund, title="And fell again")
    action = HolderCall.objects.get(event=second).action
    close_market_event(actor=bob, event=first)
    action.refresh_from_db()
    assert action.is_open


def test_closing_news_that_joined_a_call_of_the_same_title_leaves_that_call(bob, carla, fund):
    HoldingFactory(client=carla, product=fund)
    opened(bob, fund)
    close_market_event(actor=bob, event=opened(bob, fund))
    assert Action.objects.get(client=carla).is_open


def test_closing_leaves_a_call_with_an_appointment(bob, carla, fund):
    HoldingFactory(client=carla, product=fund)
    event = opened(bob, fund)
    action = Action.objects.get(client=carla)
    AppointmentFactory(action=action)
    close_market_event(actor=bob, event=event)
    action.refresh_from_db()
    assert action.is_open


def test_closing_takes_a_call_that_was_moved_to_another_day_as_well(bob, carla, fund):
    HoldingFactory(client=carla, product=fund)
    event = opened(bob, fund)
    Action.objects.filter(client=carla).update(due_on=bob.today() + timedelta(days=1))
    assert close_market_event(actor=bob, event=event) == 1


def test_a_talk_that_opens_after_the_last_day_of_the_news_does_not_stand_for_the_call(bob, carla, fund):
    HoldingFactory(client=carla, product=fund)
    later = bob.today() + timedelta(days=40)
    ActionFactory(client=carla, theme=Theme.objects.get(code="product"), opens_on=later, due_on=later)
    event = opened(bob, fund)
    assert HolderCall.objects.get(event=event).action.opens_on == bob.today()


def test_a_call_for_two_news_says_both(signed_in, bob, alice, carla, fund):
    HoldingFactory(client=carla, product=fund)
    opened(bob, fund)
    opened(bob, fund, title="Gold fell", why="Gold fell as well; wait.")
    text = text_of(signed_in(alice), "/today/")
    assert "Bonds fell; hold." in text
    assert "Gold fell as well; wait." in text
