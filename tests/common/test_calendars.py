"""Working days, and dates that come back every year."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.calendars import WorkingCalendar, in_year, originals_between, returns_between
from common.models import Holiday

DAYS = st.dates(date(1999, 1, 1), date(2104, 12, 31))


@pytest.mark.parametrize(("setting", "expected"), [("02-28", date(2027, 2, 28)), ("03-01", date(2027, 3, 1))])
def test_29_february_falls_as_the_bank_says_and_on_itself_in_leap_years(settings, setting, expected):
    settings.FEB_29_FALLS_ON = setting
    assert in_year(2, 29, 2027) == expected
    assert in_year(2, 29, 2028) == date(2028, 2, 29)
    assert in_year(2, 29, 2100) == expected.replace(year=2100)


@pytest.mark.parametrize("setting", ["02-28", "03-01"])
def test_originals_are_those_that_come_back_on_each_day(settings, setting):
    settings.FEB_29_FALLS_ON = setting

    @given(DAYS, st.integers(0, 200))
    def check(start, length):
        end = start + timedelta(days=length)
        every = [(day.month, day.day) for day in (date(2000, 1, 1) + timedelta(days=n) for n in range(366))]
        expected = {original: on for original in every for on in returns_between(*original, start, end)}
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
