"""The bell of a page that stays open."""

import pytest
from django.urls import reverse

from messaging.services import notify

pytestmark = pytest.mark.django_db(transaction=True)


def test_open_page_learns_of_news_once_a_minute_and_says_it_aloud_but_not_while_hidden(open_as, alice):
    asked = []
    page = open_as(alice)
    page.on("request", lambda request: asked.append(request.url) if "/bell/" in request.url else None)
    page.clock.install()
    page.goto(reverse("notification-list"))
    assert page.get_by_role("link", name="Notifications, 0 unread").count() == 1

    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.clock.run_for(300_000)
    assert asked == []

    notify(user=alice, kind="referral", subject="referral/1")
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#bell[aria-label='Notifications, 1 unread']")
    page.wait_for_selector("#notices >> text=A colleague leads a client to you")  # the list as well
    page.clock.run_for(100)
    assert page.text_content("#live") == "Notifications, 1 unread"

    with page.expect_response("**/bell/**") as answered:
        page.clock.run_for(65_000)
    assert answered.value.status == 204
    assert len(asked) == 2
    page.context.clear_cookies()  # the session ends
    with page.expect_response("**/accounts/login/**"):
        page.clock.run_for(65_000)
    assert page.get_by_role("link", name="Notifications, 1 unread").count() == 1
    assert page.locator("input[type=password]").count() == 0
