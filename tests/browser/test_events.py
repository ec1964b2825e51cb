"""The organiser's pages of events in a real browser: readable by everybody, and an answer taken down by keyboard."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Invitation
from tests.browser.test_journeys import AXE
from tests.browser.test_portfolio import RULES
from tests.factories import (
    ClientFactory,
    ContactFactory,
    EventFactory,
    EventQuestionFactory,
    InvitationFactory,
    PreparationFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def evening(north, alice, bob, carla, nina):
    event = EventFactory(
        branch=north,
        planned_by=bob,
        title="Wine, bonds and what the winter brings",
        capacity=5,
        companions_most=2,
    )
    event.wordings.update(programme="19:00 Doors\n19:30 The rates\n20:30 Wine")
    row = InvitationFactory(event=event, client=carla, number=1)
    ContactFactory(client=carla, staff=alice, action=row.action, result="no_answer")
    InvitationFactory(event=event, client=nina, number=2, answer="accepted", companions=1)
    long_name = "Maximiliana Fernández de Córdoba y Álvarez de Toledo"
    guest = ClientFactory(branch=north, manager=alice, name=long_name)
    InvitationFactory(event=event, client=guest, number=3, answer="waiting", channel="letter")
    PreparationFactory(event=event, owner=alice, what="Thirty chairs, ten more than last year")
    PreparationFactory(event=event, owner=bob, done_at=timezone.now(), done_by=alice)
    late = north.today() - timedelta(days=2)
    PreparationFactory(event=event, owner=bob, due_on=late)
    EventQuestionFactory(event=event, invitation=row)
    EventQuestionFactory(event=event, reply="In spring, if at all.", replied_by=bob)
    return event


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(width, dark, open_as, bob, evening):
    page = open_as(bob, width=width, dark=dark)
    row = evening.invitations.get(number=1)
    for address in (
        "/events/",
        "/events/?show=past",
        "/events/add/",
        f"/events/{evening.pk}/",
        f"/events/{evening.pk}/change/",
        f"/events/{evening.pk}/invite/",
        f"/events/{evening.pk}/prepare/",
        f"/events/{evening.pk}/ask/",
        f"/events/invitations/{row.pk}/answer/",
    ):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate(RULES)
        told = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]]
        assert told == [], address


def test_a_call_and_its_answer_are_taken_down_by_keyboard(open_as, alice, evening):
    page = open_as(alice)
    page.goto(f"/events/{evening.pk}/")
    page.click("text=Write the answer >> nth=0")
    page.wait_for_selector("#panel form")
    page.wait_for_function("document.activeElement.name === 'result'")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=Carla Núñez is coming")
    row = Invitation.objects.get(number=1)
    assert (row.answer, row.companions) == ("accepted", 1)
    assert row.client.contacts.count() == 2


def test_a_line_is_ticked_with_one_key(open_as, alice, evening):
    page = open_as(alice)
    page.goto(f"/events/{evening.pk}/")
    page.focus("button[aria-label^='Done: Thirty chairs']")
    page.keyboard.press("Enter")
    page.wait_for_selector("button[aria-label^='Done: Thirty chairs'][aria-pressed=true]")
