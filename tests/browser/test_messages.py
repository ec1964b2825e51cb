"""A morning's greetings: read, one changed by keyboard, all let go, one taken back; on a phone in the dark as well."""

from datetime import time, timedelta

import pytest
from django.conf import settings

from clients.models import Theme
from interactions.models import ClientMessage
from messaging.models import Message
from tests.factories import ActionFactory, ClientFactory, ConsentFactory

pytestmark = pytest.mark.django_db(transaction=True)
AXE = settings.LOCAL_DIR / "axe" / "axe.min.js"


@pytest.fixture(autouse=True)
def any_hour(settings):
    settings.CLIENT_HOURS = (time.min, time.max)


@pytest.fixture
def birthdays(north, alice):
    on = alice.today() + timedelta(days=2)
    for name, language in (("Amina Ortiz", "en"), ("Bruno Díaz", "es"), ("Chen Meilin", "zh-Hans")):
        client = ClientFactory(
            name=name, branch=north, manager=alice, language=language, email=f"{name[:2]}@x.example".lower()
        )
        ConsentFactory(client=client, channel="email", purpose="care")
        ActionFactory(
            client=client,
            theme=Theme.objects.get(code="birthday"),
            origin="occurrence",
            source="birthday",
            about="",
            event_on=on,
            due_on=on,
            opens_on=alice.today(),
        )


def _axe(page) -> list:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")
    return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found["violations"]]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (360, True)])
def test_greetings_are_read_changed_and_let_go_and_one_undo_brings_them_back(
    open_as, alice, birthdays, width, dark
):
    page = open_as(alice, width=width, dark=dark)
    page.goto("/messages/")
    page.wait_for_selector("text=3 are ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("summary", has_text="Feliz cumpleaños").click()
    page.wait_for_selector("text=Estimado/a Bruno Díaz:")
    assert _axe(page) == []

    page.locator(".mails li", has_text="Amina Ortiz").locator("a", has_text="Change").click()
    page.wait_for_selector("#panel textarea:focus")
    assert _axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#panel [name=language]").focus()
    page.locator("#panel [name=language]").select_option("es")
    page.wait_for_selector("#panel [name=subject][value='Feliz cumpleaños']")
    assert page.locator("#panel textarea").input_value().startswith("Estimado/a Amina")
    assert page.evaluate("document.activeElement.id") == "id_language"
    page.locator("#panel textarea").fill("Querida Amina: ¡felicidades!")
    page.locator("#panel [value=sms]").check()  # her own words stay, though a text message is not allowed
    page.wait_for_selector("#panel >> text=The client has not allowed this channel for it.")
    page.locator("#panel [value=email]").check()
    page.wait_for_selector("#panel >> text=Allowed.")
    assert page.locator("#panel textarea").input_value() == "Querida Amina: ¡felicidades!"
    page.locator("#panel textarea").press("Control+Enter")
    page.wait_for_selector("text=Approved for Amina Ortiz")
    assert ClientMessage.objects.get().body == "Querida Amina: ¡felicidades!"

    page.locator(".mails li", has_text="Chen Meilin").locator("input[type=checkbox]").uncheck()
    page.locator("button", has_text="Approve what is ticked").click()
    page.wait_for_selector("text=1 message approved.")
    assert set(Message.objects.values_list("state", flat=True)) == {"queued"}
    page.locator("button", has_text="Undo").click()
    page.wait_for_selector("text=1 message taken back.")
    page.goto("/messages/?show=going")
    assert page.locator(".mails li").count() == 1
    assert _axe(page) == []
