"""At the counter, in a real browser: find, note and tell by keyboard alone; the desk reads the answer."""

from datetime import timedelta

import pytest
from django.conf import settings

from clients.models import Fact, FactType, Tier
from interactions.models import Contact, Promise, ServiceCase
from interactions.services.promises import Noted, note_promise
from tests.factories import ClientFactory, HoldingFactory, ProductFactory

pytestmark = pytest.mark.django_db(transaction=True)
AXE = settings.LOCAL_DIR / "axe" / "axe.min.js"
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"


@pytest.fixture
def yuki(north, alice):
    """A client of whom the card has something to say in every corner."""
    today = north.today()
    client = ClientFactory(
        number="Y-1",
        name="Yuki Tanabe-Rodríguez de la Fuente",
        native_name="田辺 ゆき",
        preferred_address="Tanabe-san",
        tier=Tier.objects.get(code="gold"),
        branch=north,
        manager=alice,
        phone="+34600111222",
        birthday=today.replace(year=1960, day=min(today.day, 28)),
    )
    for code, value in (("preference", "The quiet room, green tea, no small talk"), ("custom", "Keeps Obon")):
        Fact.objects.create(client=client, type=FactType.objects.get(code=code), value=value)
    for days, text in ((3, "Bring the brochure about pensions"), (20, "Ask how the daughter's wedding was")):
        on = today + timedelta(days=days)
        note_promise(actor=alice, client=client, noted=Noted(text, today, on))
    HoldingFactory(
        client=client, product=ProductFactory(name="12-month deposit"), matures_on=today + timedelta(days=2)
    )
    ServiceCase.objects.create(
        client=client,
        kind="complaint",
        text="Card fees",
        opened_by=alice,
        due_at=client.created_at + timedelta(days=1),
    )
    return client


def test_client_is_found_noted_and_told_by_keyboard_and_the_answer_appears(
    open_as, client, hana, alice, yuki, live_server
):
    page = open_as(hana)
    page.clock.install()
    page.goto("/")
    page.wait_for_url("**/counter/")
    page.keyboard.type("600 111 222")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Yuki')")
    assert "600" not in page.url.replace(live_server.url, "")  # whose port may have it

    page.keyboard.press("n")
    page.keyboard.type("Asked about a safe for jewellery")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".told")
    assert Contact.objects.counted().get().note.text == "Asked about a safe for jewellery"
    page.keyboard.press("z")
    page.wait_for_selector("text=The note is taken back.")
    assert not Contact.objects.counted().exists()

    page.keyboard.press("t")
    page.wait_for_selector("text=Told at")
    client.cookies.clear()  # two people at once: the second must not end the first one's session
    desk = open_as(alice)
    desk.goto("/today/")
    desk.click("text=On my way")
    desk.wait_for_selector("text=you are on the way")
    page.clock.fast_forward(11_000)
    page.wait_for_selector("text=Alice is on the way")
    page.wait_for_selector("#live:has-text('Alice is on the way')", state="attached")

    page.keyboard.press("x")
    page.wait_for_selector("h1:has-text('At the counter')")
    assert "Yuki" not in page.locator("main").inner_text()


def test_promise_shows_its_days_and_asks_for_them(open_as, hana, yuki):
    page = open_as(hana)
    page.goto("/counter/")
    page.fill("#id_typed", "Y-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Yuki')")
    assert not page.locator("#id_due_on").is_visible()
    page.keyboard.press("n")
    page.keyboard.type("xyz")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator("#id_due_on").is_visible()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=No day is named that we know.")
    assert page.evaluate("document.activeElement.id") == "id_due_on"
    on = yuki.branch.today() + timedelta(days=4)
    page.fill("#id_due_on", str(on))
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".told")
    assert Promise.objects.get(text="xyz").due_on == on


def test_card_leaves_the_screen_when_its_time_is_over(open_as, hana, yuki, settings):
    page = open_as(hana)
    page.clock.install()
    page.goto("/counter/")
    page.fill("#id_typed", "Y-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Yuki')")
    page.fill("#id_text", "Half a sentence")
    settings.COUNTER_SIGHT = timedelta(seconds=-1)
    page.clock.fast_forward(11_000)
    page.wait_for_selector("h1:has-text('At the counter')")
    assert "Yuki" not in page.locator("main").inner_text()
    assert "Half a sentence" in page.locator("main").inner_text()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(open_as, hana, alice, yuki, width, dark):
    page = open_as(hana, width=width, dark=dark)

    def check(where):
        page.wait_for_load_state("networkidle")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        told = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in page.evaluate(RULES)["violations"]]
        assert told == [], where
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where

    page.goto("/counter/")
    check("empty")
    page.fill("#id_typed", "N-0")
    page.keyboard.press("Enter")
    page.wait_for_selector(".err")
    check("not found")
    page.fill("#id_typed", "Y-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('Yuki')")
    check("card")
    page.click(".counter-note label:has-text('A promise')")
    page.fill("#id_text", "xyz")
    page.click("[data-save]")
    page.wait_for_selector(".counter-note .err")
    check("note refused")
    page.click("text=Tell Alice")
    page.wait_for_selector("text=Told at")
    check("told")
    page.fill("#id_text", "Asked about a safe for jewellery")
    page.click("[data-save]")
    page.wait_for_selector(".own-notes li")
    check("noted")
    page.reload()  # the line that says it was noted has been read
    page.click("text=Take back")
    page.wait_for_selector("#id_reason")
    check("take back")
    desk = page = open_as(alice, width=width, dark=dark)
    desk.goto("/today/")
    desk.wait_for_selector(".here")
    check("today")
