"""The calendar at a secret address: what stands there, for whom, and that the secret stays one."""

import logging
import re
from datetime import datetime, timedelta

import pghistory.models
import pytest
from django.utils import timezone
from gunicorn.glogging import Logger
from icalendar import Calendar

from bankcrm.gunicorn import QuietLogger
from clients.services import transfer_clients
from common.logs import MaskSecrets
from common.models import AuditEntry
from interactions import services
from interactions.models import CalendarFeed
from interactions.services.feeds import make_feed, revoke_feed
from interactions.views import feeds
from tests.factories import ActionFactory, ClientFactory


@pytest.fixture
def meeting(alice, carla):
    """Carla meets Alice in two days; her action speaks of what must not leave."""
    action = ActionFactory(client=carla, about="Ask about the divorce")
    at = (timezone.now() + timedelta(days=2)).replace(hour=10, minute=0, second=0, microsecond=0)
    return services.make_appointment(actor=alice, action=action, starts_at=at, place="Room 2")


@pytest.fixture
def token(alice):
    return make_feed(actor=alice)


@pytest.fixture
def read(client):
    def _read(token):
        answer = client.get(f"/calendar/{token}.ics")
        assert answer.status_code == 200
        calendar = Calendar.from_ical(answer.content)
        events = calendar.walk("VEVENT")
        timed = [event for event in events if isinstance(event.decoded("DTSTART"), datetime)]
        return timed, [event for event in events if event not in timed], answer

    return _read


def test_appointments_by_initials_and_days_by_how_much_they_hold(meeting, token, carla, read):
    ActionFactory.create_batch(2, client=carla)
    (one,), days, answer = read(token)
    assert one["SUMMARY"] == "Call: C. N., North"
    assert one.decoded("DTSTART") == meeting.starts_at
    assert [day["SUMMARY"] for day in days] == ["2 contacts", "1 contact"]
    for said in (b"Carla", "Núñez".encode(), b"divorce", b"Room 2"):
        assert said not in answer.content
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Type"].startswith("text/calendar")


def test_a_bank_that_wants_names_gets_names(meeting, token, read, settings):
    settings.FEED_NAMES = True
    (one,) = read(token)[0]
    assert (one["SUMMARY"], one["LOCATION"]) == ("Call: Carla Núñez", "Room 2")


def test_a_client_handed_over_is_gone_from_the_next_reading(meeting, token, carla, anna, bob, read):
    clients = type(carla).objects.filter(pk=carla.pk)
    transfer_clients(actor=bob, clients=clients, to=anna, reason="New branch")
    assert read(token)[:2] == ([], [])
    assert len(read(make_feed(actor=anna))[0]) == 1


def test_unknown_revoked_and_whoever_left_or_lost_the_role_are_absent_alike(
    client, alice, anna, bob, charlie, token
):
    gone = {"unknown": "x" * 43, "former": token}
    make_feed(actor=alice)
    gone["revoked"] = make_feed(actor=anna)
    revoke_feed(actor=anna)
    gone["left"] = make_feed(actor=bob)
    type(bob).objects.filter(pk=bob.pk).update(is_active=False)
    gone["no role"] = make_feed(actor=charlie)
    type(charlie).objects.filter(pk=charlie.pk).update(role="administrator")
    answers = {why: client.get(f"/calendar/{secret}.ics") for why, secret in gone.items()}
    assert {answer.status_code for answer in answers.values()} == {404}
    csrf = re.compile(rb'X-CSRFToken": "[^"]*"')
    assert len({csrf.sub(b"", answer.content) for answer in answers.values()}) == 1
    assert not AuditEntry.objects.filter(detail="calendar feed").exists()


def test_it_is_read_only(client, token):
    assert client.head(f"/calendar/{token}.ics").status_code == 200
    for method in (client.post, client.put, client.delete):
        assert method(f"/calendar/{token}.ics").status_code == 405


def test_readings_are_recorded_once_a_day(client, alice, token):
    for _ in range(3):
        client.get(f"/calendar/{token}.ics")
    assert AuditEntry.objects.filter(actor_id=alice.pk, act="export").count() == 1
    CalendarFeed.objects.update(last_read_at=timezone.now() - timedelta(days=1))
    client.get(f"/calendar/{token}.ics")
    assert AuditEntry.objects.filter(actor_id=alice.pk, act="export").count() == 2


def test_the_secret_is_shown_once_and_kept_nowhere(signed_in, alice, client):
    browser = signed_in(alice)
    shown = browser.post("/plan/elsewhere/")
    token = shown.context["address"].rpartition("/")[2].removesuffix(".ics")
    assert len(token) >= 40
    assert token not in browser.get("/plan/elsewhere/").content.decode()
    assert token not in str(dict(browser.session))
    browser.logout()
    assert browser.get(f"/calendar/{token}.ics").status_code == 200
    assert token not in str(list(CalendarFeed.objects.values()))
    assert token not in str(list(AuditEntry.objects.values()))
    assert token not in str(list(pghistory.models.Context.objects.values_list("metadata", flat=True)))


def test_the_secret_reaches_no_log(client, token, monkeypatch, settings):
    monkeypatch.setattr(feeds, "_events", lambda user: 1 / 0)
    client.raise_request_exception = False
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["secrets"]
    handler, lines = logging.StreamHandler(), []
    handler.addFilter(MaskSecrets())
    handler.emit = lambda record: lines.append(handler.format(record))
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        assert client.get(f"/calendar/{token}.ics").status_code == 500
    finally:
        logger.removeHandler(handler)
    assert "/calendar/•••" in lines[0]
    assert token not in "".join(lines)


def test_the_web_server_logs_no_secret():
    class Said(QuietLogger):
        def __init__(self):
            pass

    atoms = {"U": "/calendar/geheim.ics", "r": "GET /calendar/geheim.ics HTTP/1.1", "B": 12}
    real, Logger.atoms = Logger.atoms, lambda *args: atoms
    try:
        said = Said().atoms(None, None, None, None)
    finally:
        Logger.atoms = real
    assert said == {"U": "/calendar/•••", "r": "GET /calendar/••• HTTP/1.1", "B": 12}


def test_one_address_that_asks_too_often_waits(client, token, monkeypatch):
    monkeypatch.setattr(feeds, "READINGS", 2)
    codes = [client.get(f"/calendar/{token}.ics").status_code for _ in range(4)]
    assert codes == [200, 200, 429, 429]


def test_it_costs_the_same_for_2_appointments_and_for_20(
    client, alice, meeting, token, django_assert_max_num_queries
):
    client.get(f"/calendar/{token}.ics")
    with django_assert_max_num_queries(6) as few:
        client.get(f"/calendar/{token}.ics")
    for hours in range(20):
        other = ClientFactory(branch=alice.branch, manager=alice)
        at = meeting.starts_at + timedelta(hours=2 + hours)
        services.make_appointment(actor=alice, action=ActionFactory(client=other), starts_at=at, place="x")
    with django_assert_max_num_queries(6) as many:
        client.get(f"/calendar/{token}.ics")
    assert len(few) == len(many)


def test_the_address_is_for_those_who_have_a_plan(signed_in, erin):
    assert signed_in(erin).post("/plan/elsewhere/").status_code == 404
    assert not CalendarFeed.objects.exists()
