"""A branch in Madrid, one in Shanghai and one in Mexico City each get their morning at their morning."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from interactions import tasks
from interactions.models import Occurrence
from interactions.services import raise_due
from staff.models import Branch
from tests.factories import BranchFactory, ClientFactory, DatedFactFactory

ZONES = {"MAD": "Europe/Madrid", "SHA": "Asia/Shanghai", "MEX": "America/Mexico_City"}


@pytest.fixture
def cities(db):
    for code, zone in ZONES.items():
        branch = BranchFactory(code=code, time_zone=zone)
        for day in range(1, 32):
            client = ClientFactory(number=f"{code}-{day}", branch=branch)
            DatedFactFactory(client=client, kind="birthday", month=3, day=day, year=1970)


@pytest.fixture
def clock(monkeypatch):
    """Sets the time of the world."""

    class Clock:
        now = datetime(2026, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(timezone, "now", lambda: Clock.now)
    return Clock


@pytest.fixture
def started(monkeypatch, clock):
    """Each run that beat started: the branch, its date, and when by its own clock; it is done at once."""
    runs = []

    def run(branch_ids: list[int], on: str) -> None:
        for branch in Branch.objects.filter(pk__in=branch_ids):
            runs.append((branch.code, on, clock.now.astimezone(ZoneInfo(branch.time_zone))))
        tasks.raise_for_branches(branch_ids, on)

    monkeypatch.setattr(tasks.raise_for_branches, "delay", run)
    return runs


def _beat(clock, first: datetime, last: datetime) -> None:
    clock.now = first
    while clock.now < last:
        tasks.morning()
        clock.now += timedelta(minutes=15)


def test_each_branch_runs_once_a_day_between_five_and_a_quarter_past_by_its_own_clock(cities, clock, started):
    # Over the night in which Madrid's summer begins.
    _beat(clock, datetime(2026, 3, 27, 0, tzinfo=UTC), datetime(2026, 3, 31, 0, tzinfo=UTC))
    assert max(Counter((code, on) for code, on, _at in started).values()) == 1
    for code in ZONES:
        days = [(on, at) for branch, on, at in started if branch == code]
        first_whole = [on for on, at in days if at.date().isoformat() == on]
        assert first_whole == [on for on, _at in days]  # the date is the branch's own
        assert all((at.hour, at.minute) == (5, 0) for _on, at in days[1:]), code
    # At nine in the evening of London it is five in the morning of the next day in Shanghai.
    assert [on for code, on, _at in started if code == "SHA"] == [f"2026-03-{day}" for day in range(27, 32)]


def test_a_birthday_on_the_seventh_day_is_told_on_the_morning_of_the_place_where_the_client_lives(
    cities, clock, started
):
    _beat(clock, datetime(2026, 3, 1, 20, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC))
    for code, morning in (
        ("SHA", "2026-03-01T21:00"),
        ("MAD", "2026-03-02T04:00"),
        ("MEX", "2026-03-02T11:00"),
    ):
        told = Occurrence.objects.get(client__number=f"{code}-9", source="birthday")
        assert told.raised_at == datetime.fromisoformat(morning).replace(tzinfo=UTC), code
        assert told.raised_on.isoformat() == "2026-03-02"
        assert not told.is_late


def test_after_an_outage_of_three_days_the_next_morning_tells_all_and_a_second_run_nothing(
    cities, clock, started
):
    _beat(clock, datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 13, tzinfo=UTC))
    before = Occurrence.objects.count()
    _beat(clock, datetime(2026, 3, 5, 12, tzinfo=UTC), datetime(2026, 3, 5, 13, tzinfo=UTC))
    madrid = Occurrence.objects.filter(client__branch__code="MAD", source="birthday")
    assert set(madrid.filter(is_late=True, raised_on="2026-03-05").values_list("due_on__day", flat=True)) == {
        10,
        11,
    }
    assert madrid.get(due_on="2026-03-12").is_late is False
    assert Occurrence.objects.count() > before
    assert raise_due(on=None).occurrences == []
