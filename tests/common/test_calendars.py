"""Working days and hours, and dates that come back every year."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.calendars import NoWorkingDays, WorkingCalendar, in_year, originals_between, returns_between
from common.models import Holiday

DAYS = st.dates(date(1999, 1, 1), date(2104, 12, 31))

MADRID, MEXICO, SHANGHAI = map(ZoneInfo, ("Europe/Madrid", "America/Mexico_City", "Asia/Shanghai"))
ALL_WEEK = frozenset(range(7))


@pytest.mark.parametrize(("setting", "expected"), [("02-28", date(2027, 2, 28)), ("03-01", date(2027, 3, 1))])
def test_29_february_falls_as_the_bank_says_and_on_itself_in_leap_years(settings, setting, expected):
    settings.FEB_29_FALLS_ON = setting
    assert in_year(2, 29, 2027) == expected
    assert in_year(2, 29, 2028) == date(2028, 2, 29)
    assert in_year(2, 29, 2100) == expected.replace(year=2100)


@pytest.mark.parametrize("setting", ["02-28", "03-01"])
def test_originals_are_those_that_come_back_on_each_day(settings, setting):
    settings.FEB_29_FALLS_ON = setting

    @given(DAYS, st.integers(0, 800))
    def check(start, length):
        end = start + timedelta(days=length)
        every = [(day.month, day.day) for day in (date(2000, 1, 1) + timedelta(days=n) for n in range(366))]
        expected = {original: on for original in every if (on := returns_between(*original, start, end))}
        assert originals_between(start, end) == expected

    check()


def test_weekend_and_public_holiday_are_off_and_maturity_moves_to_the_next_working_day():
    spain = WorkingCalendar("ES")
    assert not spain.is_working(date(2026, 12, 25))
    assert not spain.is_working(date(2026, 8, 1))
    assert spain.next_working(date(2026, 12, 25)) == date(2026, 12, 28)


def test_banks_own_table_stands_over_both_and_the_most_particular_row_wins(db):
    saturday, monday = date(2026, 8, 1), date(2026, 8, 3)
    Holiday.objects.create(on=saturday, name="Worked", is_day_off=False)
    Holiday.objects.create(on=monday, name="Off", country="ES")
    Holiday.objects.create(on=monday, name="Not here", country="ES", region="MD", is_day_off=False)
    madrid = WorkingCalendar.of(country="ES", region="MD", weekdays=[0, 1, 2, 3, 4])
    seville = WorkingCalendar.of(country="ES", region="AN", weekdays=[0, 1, 2, 3, 4])
    assert madrid.is_working(saturday)
    assert madrid.is_working(monday)
    assert not seville.is_working(monday)


def test_country_unknown_to_the_library_has_only_weekends():
    nowhere = WorkingCalendar("XX")
    assert nowhere.is_working(date(2026, 12, 25))


def spain():
    return WorkingCalendar("ES", "MD")


def at(zone, month, day, hour, minute=0, year=2026):
    return datetime(year, month, day, hour, minute, tzinfo=zone)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ((8, 12, 10), 4, (8, 12, 14)),  # Wednesday, within the day
        ((8, 12, 10), 7, (8, 12, 17)),  # up to the close
        ((8, 12, 10), 8, (8, 13, 10)),
        ((8, 12, 9), 16, (8, 13, 17)),
        ((8, 14, 16, 30), 1, (8, 17, 9, 30)),  # over the weekend
        ((8, 15, 12), 1, (8, 17, 10)),  # begun on Saturday
        ((8, 12, 6), 1, (8, 12, 10)),  # before the opening
        ((8, 12, 20), 1, (8, 13, 10)),  # after the close
        ((4, 30, 16), 2, (5, 4, 10)),  # over 1 May and a weekend
        ((8, 15, 12), 0, (8, 17, 9)),  # a deadline lies in working hours
        ((8, 12, 17), 0, (8, 12, 17)),
        ((8, 12, 9), 1.5, (8, 12, 10, 30)),
    ],
)
def test_hours_pass_only_while_the_branch_works(start, hours, due):
    start, due = at(MADRID, *start), at(MADRID, *due)
    assert spain().add_working_hours(start, hours, zone=MADRID) == due
    assert spain().working_hours_between(start, due, zone=MADRID) == hours
    assert spain().working_hours_between(due, start, zone=MADRID) == -hours


def test_working_weekend_of_the_banks_table_counts_and_its_day_off_does_not():
    saturday, monday = date(2026, 8, 15), date(2026, 8, 17)
    shanghai = WorkingCalendar("CN", own={saturday: False, monday: True})
    start = at(SHANGHAI, 8, 14, 16)
    assert shanghai.add_working_hours(start, 9, zone=SHANGHAI) == at(SHANGHAI, 8, 15, 17)
    assert shanghai.add_working_hours(start, 10, zone=SHANGHAI) == at(SHANGHAI, 8, 18, 10)


def test_moment_is_told_in_the_branchs_zone_whatever_zone_it_came_in():
    start = datetime(2026, 8, 12, 1, 0, tzinfo=UTC)  # 9 o'clock in Shanghai, 3 in Madrid
    due = WorkingCalendar("CN").add_working_hours(start, 2, zone=SHANGHAI)
    assert due == at(SHANGHAI, 8, 12, 11)
    assert due.tzinfo is SHANGHAI
    assert spain().add_working_hours(start, 2, zone=MADRID) == at(MADRID, 8, 12, 11)


@pytest.mark.parametrize(
    ("zone", "day", "real"),
    [
        (MADRID, date(2026, 3, 29), 23),
        (MADRID, date(2026, 10, 25), 25),
        (MADRID, date(2026, 8, 12), 24),
        (MEXICO, date(2022, 4, 3), 23),
        (MEXICO, date(2022, 10, 30), 25),
        (MEXICO, date(2026, 4, 5), 24),  # no longer changed
        (SHANGHAI, date(1991, 4, 14), 23),
        (SHANGHAI, date(1991, 9, 15), 25),
        (SHANGHAI, date(2026, 3, 29), 24),
    ],
)
def test_day_on_which_the_clocks_change_has_the_hours_it_really_has(zone, day, real):
    always = WorkingCalendar("XX", weekdays=ALL_WEEK)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = datetime.fromisoformat(str(day + timedelta(days=1))).replace(tzinfo=zone)
    assert always.working_hours_between(midnight, following, zone=zone, opens=0, closes=24) == real
    assert always.add_working_hours(midnight, real, zone=zone, opens=0, closes=24) == following
    # Office hours are the same on that day as on any other.
    assert always.working_hours_between(midnight, following, zone=zone) == 8


def test_office_hours_keep_the_wall_clock_over_a_change():
    assert spain().add_working_hours(at(MADRID, 3, 27, 16), 2, zone=MADRID) == at(MADRID, 3, 30, 10)
    assert spain().add_working_hours(at(MADRID, 10, 23, 16), 2, zone=MADRID) == at(MADRID, 10, 26, 10)


ZONES = st.sampled_from(
    [(MADRID, "ES"), (MEXICO, "MX"), (SHANGHAI, "CN"), (ZoneInfo("America/Sao_Paulo"), "BR")]
)
MOMENTS = st.datetimes(datetime(1986, 1, 1), datetime(2040, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
WEEKDAYS = st.frozensets(st.integers(0, 6), min_size=1)
SHIFTS = st.sampled_from([(9, 17), (8.5, 14), (0, 24), (2, 3), (2.5, 10), (22, 24)])
MINUTES = st.integers(0, 60 * 60)


@given(ZONES, MOMENTS, MINUTES, MINUTES, WEEKDAYS, SHIFTS)
def test_what_is_added_is_what_is_measured_and_more_is_never_earlier(
    place, start, one, more, weekdays, shift
):
    zone, country = place
    hours = {"zone": zone, "opens": shift[0], "closes": shift[1]}
    working = WorkingCalendar(country, weekdays=weekdays)
    due = working.add_working_hours(start, one / 60, **hours)
    later = working.add_working_hours(start, (one + more) / 60, **hours)
    assert start <= due <= later
    assert working.working_hours_between(start, due, **hours) == pytest.approx(one / 60, abs=1e-8)
    assert working.working_hours_between(due, later, **hours) == pytest.approx(more / 60, abs=1e-8)
    assert working.is_working(due.date()) or (due.hour, due.minute) == (0, 0)


@given(DAYS, st.integers(0, 40), st.integers(0, 40), WEEKDAYS)
def test_working_days_added_are_those_measured(day, one, more, weekdays):
    working = WorkingCalendar("ES", weekdays=weekdays)
    due = working.add_working_days(day, one)
    later = working.add_working_days(day, one + more)
    assert working.working_days_between(day, due) == one
    assert working.working_days_between(due, later) == more
    assert working.working_days_between(later, day) == -one - more
    assert due == day or working.is_working(due)


def test_days_are_counted_over_weekends_and_holidays():
    assert spain().add_working_days(date(2026, 4, 30), 1) == date(2026, 5, 4)
    assert spain().add_working_days(date(2026, 8, 14), 0) == date(2026, 8, 14)
    assert spain().add_working_days(date(2026, 8, 15), 1) == date(2026, 8, 17)
    assert spain().working_days_between(date(2026, 4, 30), date(2026, 5, 5)) == 2


def test_what_cannot_be_reckoned_is_refused():
    never = WorkingCalendar("ES", weekdays=frozenset())
    noon = at(MADRID, 8, 12, 12)
    with pytest.raises(NoWorkingDays):
        never.add_working_hours(noon, 1, zone=MADRID)
    with pytest.raises(NoWorkingDays):
        never.add_working_days(noon.date(), 1)
    assert never.working_hours_between(noon, noon + timedelta(days=9), zone=MADRID) == 0
    for refused in (
        lambda: spain().add_working_hours(noon, -1, zone=MADRID),
        lambda: spain().add_working_days(noon.date(), -1),
        lambda: spain().add_working_hours(noon, 1, zone=MADRID, opens=17, closes=9),
        lambda: spain().add_working_hours(noon.replace(tzinfo=None), 1, zone=MADRID),
    ):
        with pytest.raises(ValueError, match=r"added|opens|zone"):
            refused()
