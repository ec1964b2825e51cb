"""Working days against official notices: China's 2024 to 2026 with worked weekends, Spain's national days of 2025."""

import json
from datetime import date, timedelta

import pytest

from common.calendars import WorkingCalendar
from corebanking.services import import_path
from tests.realdata.conftest import DATA

WEEKDAYS = [0, 1, 2, 3, 4]


def notice(year):
    """date → whether it is a day off, as the State Council announced it."""
    days = json.loads((DATA / "holidays-cn" / f"{year}.json").read_text())["days"]
    return {date.fromisoformat(day["date"]): (day["isOffDay"], day["name"]) for day in days}


def every_day(year):
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def worked(year, **where):
    working = WorkingCalendar.of(weekdays=WEEKDAYS, **where)
    return {day for day in every_day(year) if working.is_working(day)}


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_the_notices_as_the_banks_own_calendar_give_chinas_working_days(erin, north, tmp_path, year):
    said = notice(year)
    path = tmp_path / "holidays.csv"
    rows = [f"{day},{name},{'yes' if off else 'no'},CN" for day, (off, name) in said.items()]
    path.write_text("date,name,is_day_off,country\n" + "\n".join(rows) + "\n")
    job = import_path(actor=erin, kind="holidays", path=path)
    assert (job.created, job.rejected) == (len(said), 0)
    expected = {
        day
        for day in every_day(year)
        if (not said[day][0] if day in said and day.year == year else day.weekday() in WEEKDAYS)
    }
    assert worked(year, country="CN", region="") == expected


@pytest.mark.parametrize("year", [2024, 2025])
def test_the_library_alone_knows_every_announced_day_off_of_china(db, year):
    """Worked weekends are the bank's own calendar's part; days off the library has from the notices too."""
    off = {day for day, (is_off, _name) in notice(year).items() if is_off and day.year == year}
    assert not off & worked(year, country="CN", region="")


def test_spains_national_days_are_no_working_days_and_no_other_weekday_is_lost(db):
    days = json.loads((DATA / "holidays-es" / "ES-2025.json").read_text())
    national = {date.fromisoformat(day["date"][:10]) for day in days if day["type"] == "public"}
    rest = {date.fromisoformat(day["date"][:10]) for day in days}
    found = worked(2025, country="ES", region="")
    idle = {day for day in every_day(2025) if day.weekday() in WEEKDAYS} - found
    assert idle <= rest
    assert not national & found
