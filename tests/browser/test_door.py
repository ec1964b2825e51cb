"""The door and the page of an invitation on a small phone: nothing to scroll sideways for, nothing a reader trips over."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from campaigns.links import invitation_token
from campaigns.models import EventWords
from campaigns.services.invitations import answer_invitation
from clients.catalogue import ensure_catalogue
from tests.factories import ClientFactory, EventFactory, InvitationFactory

pytestmark = pytest.mark.django_db(transaction=True)
AXE = settings.LOCAL_DIR / "axe" / "axe.min.js"
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"


@pytest.fixture
def invitation(north, alice, bob):
    ensure_catalogue()
    now = timezone.now()
    event = EventFactory(
        branch=north,
        planned_by=bob,
        starts_at=now - timedelta(minutes=5),
        ends_at=now + timedelta(minutes=30),
        answer_until=now + timedelta(minutes=20),
        companions_most=2,
        title="An evening about what the markets may bring in the coming year",
    )
    EventWords.objects.update(programme="19:00 Welcome\n19:30 Lecture\n20:30 Wine and a talk")
    client = ClientFactory(name="Yuki Tanabe-Rodríguez de la Fuente", branch=north, manager=alice)
    return InvitationFactory(event=event, client=client, number=7, invited_by=bob)


def _is_sound(page):
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    if AXE.exists():
        page.evaluate(AXE.read_text())
        found = page.evaluate(RULES)["violations"]
        assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == []


def test_client_accepts_on_a_phone(invitation, open_as):
    page = open_as(width=360, height=740)
    page.goto(reverse("invitation-public", args=[invitation_token(invitation)]))
    _is_sound(page)
    page.select_option("#companions", "1")
    page.click("text=I am coming")
    page.wait_for_selector("svg.segno")
    assert "You are coming, with 1 companion." in page.inner_text("main")
    _is_sound(page)
    assert page.context.cookies() == []


def test_desk_lets_in_on_a_phone(invitation, hana, open_as):
    answer_invitation(invitation=invitation, answer="accepted", companions=1, through="link")
    page = open_as(hana, width=360, height=740)
    page.goto("/door/")
    _is_sound(page)
    page.fill("#id_number", "7")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Let in")
    _is_sound(page)
    page.click("text=Let in")
    page.wait_for_selector("text=2 of 2 are here")
    page.goto(reverse("event-door", args=[invitation.event_id]) + "?number=7")
    assert "Already here since" in page.inner_text("article")
    _is_sound(page)
