"""What people do, in a real browser: sign in, find, log by keyboard, correct, import, watch the rate move."""

from datetime import timedelta

import pytest
from django.conf import settings

from clients.services import join_household
from interactions.models import Action, Contact, Opportunity, Promise
from tests.factories import (
    ActionFactory,
    ClientFactory,
    ContactFactory,
    HoldingFactory,
    OpportunityFactory,
    PromiseFactory,
    ReferralFactory,
    ServiceCaseFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "correct-horse-9"
AXE = settings.LOCAL_DIR / "axe" / "axe.min.js"


@pytest.fixture
def book(north, alice):
    chen = ClientFactory(
        number="C-1",
        name="Chen Meilin",
        native_name="陈美琳",
        branch=north,
        manager=alice,
        phone="+34600111222",
    )
    ClientFactory(
        number="C-2", name="Ximena Rodríguez de la Fuente y Montemayor", branch=north, manager=alice
    )
    ContactFactory(client=chen, staff=alice, note="Wants to wait")
    HoldingFactory(client=chen, matures_on=alice.today() + timedelta(days=40))
    ActionFactory(client=chen, about="Ask about the summer")
    OpportunityFactory(client=chen, raised_by=alice, next_step="Send the offer of the bond fund")
    ServiceCaseFactory(client=chen, opened_by=alice, kind="request")
    PromiseFactory(client=chen, noted_by=alice)
    ReferralFactory(client=chen, referred_by=alice, specialist=UserFactory(branch=north))
    join_household(actor=alice, client=chen, person="Robert Haugland", role="spouse")
    return chen


def test_sign_in_find_by_a_chinese_character_and_open_the_file(open_as, alice, book):
    alice.set_password(PASSWORD)
    alice.save()
    page = open_as()
    page.goto("/")
    page.fill("input[name=login]", alice.email)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.btn-primary")
    page.wait_for_url("**/today/")
    page.keyboard.press("/")
    page.keyboard.type("琳")
    page.keyboard.press("Enter")
    page.click("text=Chen Meilin")
    page.wait_for_url("**/client/C-1/")
    assert page.locator("h1").inner_text().startswith("Chen Meilin")


def test_contact_is_logged_with_the_keyboard_alone_undone_and_corrected(open_as, alice, book):
    page = open_as(alice)
    page.goto("/today/")
    page.keyboard.press("l")
    page.wait_for_selector(".log textarea:focus")
    assert page.evaluate("document.getElementById('page').inert") is True
    page.keyboard.type("Ready to renew")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".told")
    assert Contact.objects.filter(note__text="Ready to renew", result="reached").count() == 1
    assert Action.objects.get().state == "done"
    page.keyboard.press("z")
    page.wait_for_selector("text=taken back")
    assert Action.objects.get().state == "planned"
    page.goto("/client/C-1/")
    page.locator("a:has-text('Correct')").first.click()
    page.wait_for_selector(".log")
    page.fill(".log textarea", "Wants to wait for the rates")
    page.click(".log [data-save]")
    page.wait_for_selector("text=Contact corrected.")
    assert Contact.objects.counted().get().note.text == "Wants to wait for the rates"


def test_all_that_was_heard_is_written_in_one_form_and_stands_on_the_file(open_as, alice, book):
    Promise.objects.all().delete()
    page = open_as(alice)
    page.goto("/client/C-1/")
    page.keyboard.press("n")
    page.wait_for_selector(".log textarea:focus")
    page.keyboard.type("Rates were a relief")
    page.fill("#id_learnt_0", "Daughter studies in Leiden")
    page.select_option("#id_learnt_type_0", "family")
    page.select_option("#id_interest", "kind/fund")
    page.fill("#id_interest_amount", "100000")
    page.fill("#id_promise", "send the offer by Friday")
    page.wait_for_selector("#promise-read:has-text('Friday')")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".told")
    file = page.locator("main").inner_text()
    assert "Daughter studies in Leiden" in file
    assert "100,000" in file
    assert Opportunity.objects.filter(kind="fund", contact__isnull=False).count() == 1
    assert Promise.objects.count() == 1


def test_a_promise_heard_in_passing_is_noted_from_today(open_as, alice, book):
    page = open_as(alice)
    page.goto("/today/")
    page.keyboard.press("p")
    page.keyboard.type("Ximena: deposit falls due end of August")
    page.keyboard.press("Enter")
    page.wait_for_selector("#id_text")
    assert "August" in page.locator("#promise-read").inner_text()
    page.click("[data-save]")
    page.wait_for_selector(".told")
    assert Promise.objects.filter(client__number="C-2").get().due_on.month == 8


def test_an_opportunity_is_moved_and_lost_from_the_board(open_as, alice, book):
    page = open_as(alice)
    page.goto("/opportunities/")
    page.locator(".moves summary").first.click()
    page.locator(".moves a:has-text('Lost')").first.click()
    page.wait_for_selector(".log")
    page.fill(".log input[name=lost_reason]", "Went to another bank")
    page.click(".log [data-save]")
    page.wait_for_selector("text=Nobody has voiced an interest yet.")
    assert Opportunity.objects.get().lost_reason == "Went to another bank"


def test_panel_closes_with_escape_and_gives_the_focus_back(open_as, alice, book):
    page = open_as(alice)
    page.goto("/client/C-1/")
    page.keyboard.press("n")
    page.wait_for_selector(".log")
    page.keyboard.press("Escape")
    assert page.locator(".log").count() == 0
    assert page.evaluate("document.getElementById('page').inert") is False


def test_row_is_skipped_in_place_with_a_reason(open_as, alice, book):
    page = open_as(alice)
    page.goto("/today/")
    page.keyboard.press("x")
    page.wait_for_selector(".change input[name=reason]")
    page.fill(".change input[name=reason]", "On holiday")
    page.click(".change [data-save]")
    page.wait_for_selector("text=Skipped: Chen Meilin.")
    assert Action.objects.get().reason == "On holiday"


def test_revealed_phone_is_recorded(open_as, alice, book):
    from common.models import AuditEntry

    page = open_as(alice)
    page.goto("/client/C-1/")
    page.locator(".strip button:has-text('Show')").first.click()
    page.wait_for_selector("text=+34600111222")
    assert AuditEntry.objects.filter(act="reveal").count() == 1


def test_supervisor_sees_the_rate_move(open_as, bob, alice, book):
    page = open_as(bob)
    page.goto("/dashboard/")
    assert "1 of 2" in page.locator(".lede").first.inner_text()
    ContactFactory(client=alice.assignments.get(client__number="C-2").client, staff=alice)
    page.reload()
    assert "2 of 2" in page.locator(".lede").first.inner_text()


def test_chart_is_drawn_in_the_accent_of_the_page_light_and_dark(open_as, bob, book):
    for dark, accent in ((False, "rgb(15, 92, 110)"), (True, "rgb(121, 198, 212)")):
        page = open_as(bob, dark=dark)
        page.goto("/dashboard/")
        page.wait_for_selector("[data-chart] svg")
        drawn = page.evaluate(
            "[...document.querySelectorAll('[data-chart] svg *')].flatMap((e) => [e.getAttribute('stroke'), e.getAttribute('fill')])"
        )
        assert any(accent.replace(" ", "") == (colour or "").replace(" ", "") for colour in drawn), set(drawn)


PLACES = {
    "alice": ["/today/", "/clients/", "/client/C-1/", "/client/C-1/contacts/", "/client/C-1/portfolio/", "/client/C-1/trail/",
              "/contacts/log/?client=C-1", "/me/", "/notifications/", "/client/C-1/people/", "/client/C-1/plan/",
              "/client/C-1/opportunities/", "/client/C-1/service/", "/client/C-1/known/", "/client/C-1/consents/",
              "/client/C-1/agreement/", "/opportunities/", "/opportunities/?view=list", "/cases/", "/referrals/",
              "/promises/note/?client=C-1", "/client/C-1/case/open/", "/client/C-1/facts/add/", "/clients/add/",
              "/client/C-1/consents/record/", "/plan/", "/plan/?view=month", "/plan/?view=day",
              "/plan/elsewhere/", "/client/C-1/appointment/make/"],
    "bob": ["/dashboard/", "/team/", "/team/opened/", "/client/C-1/restricted/", "/unheeded/", "/courtesies/"],
    "erin": ["/imports/", "/reminders/", "/reminders/birthday/"],
    "frank": ["/clients/open/"],
}  # fmt: skip


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing(open_as, cast, book, dark):
    for person, addresses in PLACES.items():
        page = open_as(cast[person], dark=dark)
        for address in addresses:
            page.goto(address)
            page.wait_for_load_state("networkidle")
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate(
                "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})"
            )
            told = [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]]
            assert told == [], address


def test_every_page_holds_at_360_px_without_sideways_scrolling(open_as, cast, book):
    for person, addresses in PLACES.items():
        page = open_as(cast[person], width=360, height=780)
        for address in addresses:
            page.goto(address)
            page.wait_for_load_state("networkidle")
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 360, (address, wide)
