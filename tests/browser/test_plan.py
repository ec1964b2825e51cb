"""The plan in a real browser: a row dragged, carried by keyboard, refused, and put back."""

from datetime import datetime, time, timedelta

import pytest

from common.models import Holiday
from interactions import services
from interactions.models import Action
from tests.browser.test_journeys import AXE
from tests.factories import ActionFactory, ClientFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def week(north, alice):
    """Next week of Alice: Chen on Tuesday, placed by the rhythm; Ximena on Wednesday, by hand."""
    monday = alice.today() + timedelta(days=7 - alice.today().weekday())
    chen = ClientFactory(number="C-1", name="Chen Meilin", native_name="陈美琳", branch=north, manager=alice)
    ximena = ClientFactory(number="C-2", name="Ximena Rodríguez", branch=north, manager=alice)
    ActionFactory(client=chen, opens_on=monday + timedelta(days=1), origin="plan", about="")
    ActionFactory(client=ximena, opens_on=monday + timedelta(days=2))
    alice.daily_capacity = 1
    alice.save()
    Holiday.objects.create(on=monday + timedelta(days=4), name="Bridge", country="ES")
    return monday


def day_of(page, name):
    return page.locator(f"[data-id]:has-text('{name}')").evaluate("e => e.closest('[data-day]').dataset.day")


def clean(page):
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]] == []


def test_a_row_goes_to_another_day_by_pointer_and_by_keyboard_and_comes_back(open_as, alice, week):
    page = open_as(alice)
    page.goto(f"/plan/?on={week}")
    tuesday, wednesday, thursday = (str(week + timedelta(days=n)) for n in (1, 2, 3))
    # by pointer; the line has an Undo that puts it back exactly
    page.locator("[data-id]:has-text('Chen')").drag_to(page.locator(f"[data-day='{thursday}']"))
    page.locator("#told").get_by_text("Chen Meilin").wait_for()
    assert day_of(page, "Chen") == thursday
    page.click(".told-undo")
    page.locator("#told").get_by_text("As it was").wait_for()
    assert day_of(page, "Chen") == tuesday
    assert str(Action.objects.get(client__number="C-1").opens_on) == tuesday
    # by keyboard: what the day would hold is said, Escape changes nothing, Enter drops
    page.locator("[data-id]:has-text('Chen') .name").focus()
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.locator("#live").get_by_text("2 of 1").wait_for(state="attached")
    assert page.locator(".target [data-load].late").inner_text() == "2 of 1"
    clean(page)
    page.keyboard.press("Escape")
    assert page.locator(".target").count() == 0
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("#told").get_by_text("Moved to").wait_for()
    assert day_of(page, "Chen") == wednesday
    assert page.evaluate("document.activeElement.textContent") == "Chen Meilin"
    # a day off is refused for what the rhythm placed: the row stays, the reason is said
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator("#told").get_by_text("This is a day off").wait_for()
    assert day_of(page, "Chen") == wednesday
    clean(page)


def test_in_the_month_a_row_goes_a_week_down_and_an_appointment_goes_along(open_as, alice, week):
    action = Action.objects.get(client__number="C-2")
    at = datetime.combine(week + timedelta(days=2), time(10), alice.zone)
    services.make_appointment(actor=alice, action=action, starts_at=at)
    page = open_as(alice)
    page.goto(f"/plan/?view=month&on={week}")
    clean(page)
    page.locator("[data-id]:has-text('Ximena') .name").focus()
    for key in ("m", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    page.locator("#told").get_by_text("Ximena").wait_for()
    assert day_of(page, "Ximena") == str(week + timedelta(days=1))
    action.refresh_from_db()
    assert action.appointment.starts_at.date() == week + timedelta(days=1)


def test_an_appointment_says_what_stands_against_it_and_a_gift_is_ordered_from_its_panel(
    open_as, alice, week
):
    page = open_as(alice)
    for name, minute in (("Chen", "00"), ("Ximena", "30")):
        page.goto(f"/plan/?on={week}")
        row = page.locator(f"[data-id]:has-text('{name}')")
        row.hover()
        row.get_by_role("link", name="Appointment").click()
        page.fill("#id_on", str(week + timedelta(days=4)))
        page.fill("#id_at", f"10:{minute}")
        page.locator("#id_at").press("Tab")
        page.locator("#heed").get_by_text("is a day off").wait_for()
        if name == "Ximena":
            page.locator("#heed").get_by_text("There is an appointment with Chen Meilin").wait_for()
            page.click("[data-save]")
            page.get_by_label("There is an appointment with Chen Meilin, 10:00 to 11:00.").check()
            clean(page)
        page.click("[data-save]")
        page.locator("#told").get_by_text(f"10:{minute}").wait_for()
        assert day_of(page, name) == str(week + timedelta(days=4))
    page.goto("/client/C-1/plan/")
    page.get_by_role("link", name="Courtesy").click()
    page.fill("#id_what", "Peonies")
    page.click("[data-save]")
    page.locator("#told").get_by_text("Gift planned, not bought.").wait_for()
    page.get_by_role("link", name="Courtesy").click()
    clean(page)
    page.get_by_role("button", name="It is ordered").click()
    page.locator("#told").get_by_text("ordered, to be given").wait_for()
