"""Promises: noted in one line, kept inside their window, withdrawn with a reason."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from interactions import services
from interactions.models import Action, Promise
from interactions.services import Noted
from tests.factories import BranchFactory, ClientFactory, ContactFactory, PromiseFactory


@pytest.fixture
def today(north):
    return north.today()


def _note(actor, client, today, days=10, **extra):
    noted = Noted("deposit falls due", today + timedelta(days=3), today + timedelta(days=days))
    return services.note_promise(actor=actor, client=client, noted=noted, **extra)


def test_a_promise_owns_an_action_open_from_its_window_and_due_by_its_end(alice, carla, today):
    promise = _note(alice, carla, today)
    action = promise.action
    assert (action.opens_on, action.due_on) == (promise.opens_on, promise.due_on)
    assert action.theme.code == "promise"
    assert action.theme.is_duty
    assert not Action.objects.waiting_for(alice, today).due(today).exists()
    later = today + timedelta(days=3)
    assert list(Action.objects.waiting_for(alice, later).due(later)) == [action]


def test_the_reason_on_today_is_what_was_said(alice, carla, today):
    from interactions.words import reason

    first, rest = reason(_note(alice, carla, today).action, today)
    assert "deposit falls due" in first + rest


def test_one_form_sent_twice_is_one_promise(alice, carla, today):
    import uuid

    key = uuid.uuid4()
    assert _note(alice, carla, today, submission=key).pk == _note(alice, carla, today, submission=key).pk
    assert Promise.objects.count() == Action.objects.count() == 1


@pytest.mark.parametrize("days", [-1, 3 * 366])
def test_a_day_past_or_far_away_is_refused_by_name(days, alice, carla, today):
    noted = Noted("x", min(today, today + timedelta(days=days)), today + timedelta(days=days))
    with pytest.raises(ValidationError) as error:
        services.note_promise(actor=alice, client=carla, noted=noted)
    assert "due_on" in error.value.error_dict


def test_a_colleague_without_the_client_notes_nothing(anna, charlie, dora, frank, carla, today):
    for person in (anna, charlie, dora, frank):
        with pytest.raises(PermissionDenied):
            _note(person, carla, today)
    assert not Promise.objects.exists()


def test_kept_by_a_reached_contact_inside_the_window_and_by_nothing_else(alice, carla, today):
    promise = PromiseFactory(
        client=carla,
        opens_on=today - timedelta(days=5),
        due_on=today - timedelta(days=2),
        noted_at=timezone.now() - timedelta(days=20),
    )

    def is_kept():
        return Promise.objects.with_kept().get(pk=promise.pk).is_kept

    now = timezone.now()
    assert not is_kept()
    ContactFactory(client=carla, staff=alice, occurred_at=now - timedelta(days=3), result="no_answer")
    ContactFactory(client=carla, staff=alice, occurred_at=now - timedelta(days=9))
    ContactFactory(client=carla, staff=alice, occurred_at=now - timedelta(hours=1))
    assert not is_kept()
    ContactFactory(client=carla, staff=alice, occurred_at=now - timedelta(days=3))
    assert is_kept()


@pytest.mark.parametrize("asked_in", ["UTC", "Asia/Shanghai", "America/Mexico_City"])
@pytest.mark.parametrize("hour", [0, 12, 23])
def test_a_contact_counts_on_its_day_in_the_clients_branch_whoever_asks(bank, alice, asked_in, hour):
    east = BranchFactory(parent=bank, time_zone="Asia/Shanghai")
    client = ClientFactory(branch=east)
    day = date(2026, 3, 10)
    promise = PromiseFactory(
        client=client, opens_on=day, due_on=day, noted_at=datetime(2026, 3, 1, tzinfo=UTC)
    )
    moment = datetime(2026, 3, 10, hour, 30, tzinfo=east.zone)
    ContactFactory(client=client, staff=alice, occurred_at=moment, recorded_at=moment)
    with timezone.override(asked_in):
        assert Promise.objects.with_kept().get(pk=promise.pk).is_kept
        assert not Promise.objects.owed().filter(pk=promise.pk).exists()


def test_withdrawing_needs_a_reason_and_cancels_the_action(alice, carla, today):
    promise = _note(alice, carla, today)
    with pytest.raises(ValidationError):
        services.withdraw_promise(actor=alice, promise=promise, reason=" ")
    services.withdraw_promise(actor=alice, promise=promise, reason="noted for the wrong sister")
    promise.action.refresh_from_db()
    assert promise.action.state == "cancelled"
    again = services.withdraw_promise(actor=alice, promise=promise, reason="other words")
    assert again.withdrawn_reason == "noted for the wrong sister"


def test_the_line_on_today_finds_the_client_by_the_name_before_the_colon(signed_in, alice, carla, nina):
    browser = signed_in(alice)
    answer = browser.get("/promises/note/", {"text": "Núñez: call her tomorrow"})
    assert answer.status_code == 302
    assert "client=N-1" in answer.url
    page = browser.get("/promises/note/", {"text": "Berg: call her tomorrow"}).content.decode()
    assert "Nina" not in page
    assert "N-2" not in page


def test_a_line_without_a_day_asks_for_one_and_keeps_what_was_typed(signed_in, alice, carla):
    browser = signed_in(alice)
    address = "/promises/note/?client=N-1"
    answer = browser.post(address, {"text": "call about the flat after the holidays"})
    assert answer.status_code == 422
    assert "call about the flat" in answer.content.decode()
    assert not Promise.objects.exists()
    day = carla.branch.today() + timedelta(days=20)
    assert (
        browser.post(address, {"text": "call about the flat", "due_on": day.isoformat()}).status_code == 302
    )
    assert Promise.objects.get().due_on == day


def test_the_words_of_a_promise_go_with_the_right_to_identities(signed_in, alice, dora, carla, today):
    services.note_promise(actor=alice, client=carla, noted=Noted("Carla wants a boat", today, today))
    for tab in ("", "plan/"):
        page = signed_in(dora).get(f"/client/N-1/{tab}").content.decode()
        assert "Promise of" in page
        assert "boat" not in page
    assert "Carla wants a boat" in signed_in(alice).get("/client/N-1/plan/").content.decode()
