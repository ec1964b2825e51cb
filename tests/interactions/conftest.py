"""The front desk at work, for the tests of the counter."""

from datetime import date, timedelta

import pytest

from interactions.services import counter as desk


@pytest.fixture
def sight(hana, carla):
    return desk.look_up(actor=hana, typed="N-1")


@pytest.fixture
def at_desk(signed_in, hana):
    return signed_in(hana)


def find(browser, typed, **more):
    return browser.post("/counter/", {"typed": typed} | more)


def note(actor, sight, **more):
    said = {"kind": "need", "text": "Wants a safe for jewellery"} | more
    return desk.note_at_counter(actor=actor, sight=sight, **said)


def in_days(client, n) -> date:
    return client.branch.today() + timedelta(days=n)
