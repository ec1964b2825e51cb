"""The list by keyboard: filter, save the view, choose three, plan an action; and a book handed over."""

from datetime import timedelta

import pytest
from django.conf import settings

from clients.models import Tier
from interactions.models import Action
from staff.models import SavedView
from tests.factories import ActionFactory, ClientFactory, CoverFactory

pytestmark = pytest.mark.django_db(transaction=True)
AXE = settings.LOCAL_DIR / "axe" / "axe.min.js"


@pytest.fixture
def book(north, alice):
    gold = Tier.objects.get(code="gold")
    for name in ("Amina Ortiz", "Bruno Díaz", "Chen Meilin", "Dora Ruiz"):
        ClientFactory(name=name, branch=north, manager=alice, tier=gold, risk_profile=3, city="Bilbao")
    return ClientFactory.create_batch(30, branch=north, manager=alice)


def test_filter_save_choose_three_and_plan_with_the_keyboard_alone(open_as, alice, book):
    page = open_as(alice)
    page.goto("/clients/")
    page.focus("#id_tier")
    page.keyboard.type("Gold")
    page.wait_for_url("**/clients/?tier=gold")
    page.wait_for_selector("#rows tbody tr:nth-child(4):last-child")

    page.focus("#views summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_view:focus")
    page.keyboard.type("My gold")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Saved as “My gold”.")
    assert SavedView.objects.get().query == "tier=gold"
    assert page.locator("#views a[aria-current]").inner_text() == "My gold"

    for key in ("j", "x", "j", "x", "j", "x"):
        page.keyboard.press(key)
    assert page.locator("[data-picked-count]").inner_text() == "3"
    page.keyboard.press("a")
    page.wait_for_selector("h1:has-text('Plan an action for 3 clients')")
    page.keyboard.type("Tell them about the new rates")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=3 actions planned for")
    assert page.url.endswith("/clients/?tier=gold")
    named = Action.objects.open().values_list("client__name", flat=True)
    assert sorted(named) == ["Amina Ortiz", "Bruno Díaz", "Chen Meilin"]
    page.keyboard.press("z")
    page.wait_for_selector("text=3 actions cancelled.")
    assert not Action.objects.open().exists()


def test_columns_and_order_are_chosen_without_leaving_and_stay_in_the_address(open_as, alice, book):
    page = open_as(alice)
    page.goto("/clients/")
    page.click("summary:has-text('Columns')")
    page.check("[name=columns][value=city]")
    page.wait_for_selector("th:has-text('City')")
    page.select_option("#id_order", "-name")
    page.wait_for_selector("th[aria-sort=descending]")
    assert "order=-name" in page.url
    assert "columns=city" in page.url
    assert "branch=" not in page.url
    page.uncheck("[name=columns][value=city]")
    page.wait_for_selector("th:has-text('City')", state="detached")
    assert page.url.endswith("/clients/?order=-name")


def test_all_that_match_and_a_whole_page_are_chosen_with_one_tick_each(open_as, alice, book):
    page = open_as(alice)
    page.goto("/clients/")
    assert page.locator("[data-if-picked]").is_hidden()
    page.check("[data-pick-page]")
    assert page.locator("[data-picked-count]").inner_text() == "25"
    page.check("[name=all]")
    page.click("button:has-text('Plan an action')")
    page.wait_for_selector("h1:has-text('Plan an action for 34 clients')")


def test_book_of_somebody_who_left_is_handed_over(open_as, alice, anna, bob, book):
    ActionFactory(client=book[0], owner=alice)
    alice.is_active = False
    alice.save()
    page = open_as(bob)
    page.goto("/team/")
    page.click(".waiting a:has-text('Hand over')")
    page.wait_for_selector("h1:has-text('Hand over the book of Alice')")
    page.check("label:has-text('Anna')")
    page.fill("[name=reason]", "Alice has left")
    page.click("[data-save]")
    page.wait_for_selector("text=34 clients of Alice changed hands.")
    assert page.locator(".waiting").count() == 0


PLACES = {
    "alice": ["/clients/?columns=name,city,risk,due&order=-due&trend=steady", "/clients/plan/?all=1", "/clients/plan/"],
    "bob": ["/clients/", "/clients/hand-over/?all=1", "/team/", "/team/{anna}/hand-over/", "/views/{view}/rename/"],
    "erin": ["/team/"],
}  # fmt: skip


@pytest.fixture
def places(cast, book, north):
    """Every page of lists and teams with something on it; who opens it, and where."""
    bob, anna = cast["bob"], cast["anna"]
    ActionFactory(client=ClientFactory(branch=north, manager=anna), owner=anna)
    CoverFactory(covered=cast["alice"], stand_in=anna)
    CoverFactory(
        covered=anna,
        stand_in=cast["alice"],
        from_on=bob.today() + timedelta(days=9),
        to_on=bob.today() + timedelta(days=9),
    )
    gone = cast["charlie"]
    gone.is_active = False
    gone.save()
    ClientFactory(branch=north, manager=gone)
    view = SavedView.objects.create(
        user=bob, page="client-list", name="Everybody of the north who waits", query="show=late"
    )
    return [
        (cast[person], address.format(anna=anna.pk, view=view.pk))
        for person, addresses in PLACES.items()
        for address in addresses
    ]


def _open_everything(page) -> None:
    """Menus and folds open, something ticked: what is hidden at first is looked at as well."""
    page.wait_for_load_state("networkidle")
    for summary in page.locator("main summary").all():
        summary.click()
    if page.locator("[name=pick]").count():
        page.locator("[name=pick]").first.check()


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_in_lists_and_teams(open_as, places, dark):
    for person, address in places:
        page = open_as(person, dark=dark)
        page.goto(address)
        _open_everything(page)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
        told = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]]
        assert told == [], address


def test_lists_and_teams_hold_at_360_px(open_as, places):
    for person, address in places:
        page = open_as(person, width=360, height=780)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
        _open_everything(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_phone_shows_the_list_before_the_filters(open_as, alice, book):
    page = open_as(alice, width=360, height=780)
    page.goto("/clients/")
    assert page.locator("#id_status").is_hidden()
    assert page.locator("tbody tr").first.bounding_box()["y"] < 560
    page.click("summary:has-text('More filters')")
    assert page.locator("#id_status").is_visible()
