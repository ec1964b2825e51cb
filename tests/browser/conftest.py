"""A real Chromium against the real server. Without one the journeys are not collected, and CI refuses that."""

import os
import shutil

import pytest

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
if CHROMIUM is None:
    if os.environ.get("CI"):
        raise RuntimeError("CI runs the browser journeys: install Chromium.")
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import sync_playwright

    # The driver runs its own event loop in this thread; the tests themselves are plain.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_as(chromium, live_server, client):
    """`open_as(user, width=1280)` gives a page with the person's session; errors of the page fail the test."""
    contexts, complaints = [], []

    def _open(user=None, *, width=1280, height=900, dark=False):
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            base_url=live_server.url,
            locale="en-GB",
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        if user is not None:
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            cookie = client.cookies["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None
        )
        return page

    yield _open
    for context in contexts:
        context.close()
    assert complaints == []
