"""Chinese lunar dates, against typed almanac dates and against the moon itself."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from math import radians, sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import lunar
from common.lunar import (
    FIRST_DAY,
    LAST_DAY,
    LunarDate,
    age_on,
    from_solar,
    in_lunar_year,
    originals_between,
    returns_between,
    to_solar,
)

# New year's day (month and day) of every lunar year from 1900 to 2099, as almanacs print them.
NEW_YEARS = """
0131 0219 0208 0129 0216 0204 0125 0213 0202 0122  0210 0130 0218 0206 0126 0214 0203 0123 0211 0201
0220 0208 0128 0216 0205 0124 0213 0202 0123 0210  0130 0217 0206 0126 0214 0204 0124 0211 0131 0219
0208 0127 0215 0205 0125 0213 0202 0122 0210 0129  0217 0206 0127 0214 0203 0124 0212 0131 0218 0208
0128 0215 0205 0125 0213 0202 0121 0209 0130 0217  0206 0127 0215 0203 0123 0211 0131 0218 0207 0128
0216 0205 0125 0213 0202 0220 0209 0129 0217 0206  0127 0215 0204 0123 0210 0131 0219 0207 0128 0216
0205 0124 0212 0201 0122 0209 0129 0218 0207 0126  0214 0203 0123 0210 0131 0219 0208 0128 0216 0205
0125 0212 0201 0122 0210 0129 0217 0206 0126 0213  0203 0123 0211 0131 0219 0208 0128 0215 0204 0124
0212 0201 0122 0210 0130 0217 0206 0126 0214 0202  0123 0211 0201 0219 0208 0128 0215 0204 0124 0212
0202 0121 0209 0129 0217 0205 0126 0214 0203 0123  0211 0131 0219 0207 0127 0215 0205 0124 0212 0202
0122 0209 0129 0217 0206 0126 0214 0203 0124 0210  0130 0218 0207 0127 0215 0205 0125 0212 0201 0121
"""
LEAP_MONTHS = """
1900-8 1903-5 1906-4 1909-2 1911-6 1914-5 1917-2 1919-7 1922-5 1925-4 1928-2 1930-6 1933-5 1936-3 1938-7
1941-6 1944-4 1947-2 1949-7 1952-5 1955-3 1957-8 1960-6 1963-4 1966-3 1968-7 1971-5 1974-4 1976-8 1979-6
1982-4 1984-10 1987-6 1990-5 1993-3 1995-8 1998-5 2001-4 2004-2 2006-7 2009-5 2012-4 2014-9 2017-6 2020-4
2023-2 2025-6 2028-5 2031-3 2033-11 2036-6 2039-5 2042-2 2044-7 2047-5 2050-3 2052-8 2055-6 2058-4 2061-3
2063-7 2066-5 2069-4 2071-8 2074-6 2077-4 2080-3 2082-7 2085-5 2088-4 2090-8 2093-6 2096-4 2099-2
"""

MONTH, DAY = st.integers(1, 12), st.integers(1, 30)
DAYS = st.dates(FIRST_DAY, LAST_DAY)


def days_from(first, last):
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def test_new_year_falls_on_the_almanacs_day_in_each_of_two_hundred_years():
    told = [to_solar(year, 1, 1) for year in range(1900, 2100)]
    assert [on.strftime("%m%d") for on in told] == NEW_YEARS.split()
    assert [on.year for on in told] == list(range(1900, 2100))


def test_leap_months_are_the_almanacs():
    found = [
        f"{year}-{month}"
        for year in range(1900, 2100)
        for month in range(1, 13)
        if to_solar(year, month, 1, is_leap=True)
    ]
    assert found == LEAP_MONTHS.split()


@pytest.mark.parametrize(
    ("solar", "lunar_date"),
    [
        (date(1900, 1, 31), LunarDate(1900, 1, 1)),
        (date(1980, 2, 29), LunarDate(1980, 1, 14)),
        (date(1984, 11, 23), LunarDate(1984, 10, 1, True)),
        (date(2000, 2, 5), LunarDate(2000, 1, 1)),
        (date(2020, 5, 23), LunarDate(2020, 4, 1, True)),
        (date(2020, 10, 1), LunarDate(2020, 8, 15)),
        (date(2023, 1, 21), LunarDate(2022, 12, 30)),
        (date(2023, 1, 22), LunarDate(2023, 1, 1)),
        (date(2023, 3, 22), LunarDate(2023, 2, 1, True)),
        (date(2024, 2, 10), LunarDate(2024, 1, 1)),
        (date(2025, 1, 29), LunarDate(2025, 1, 1)),
        (date(2025, 7, 25), LunarDate(2025, 6, 1, True)),
        (date(2026, 2, 17), LunarDate(2026, 1, 1)),
        (date(2026, 9, 25), LunarDate(2026, 8, 15)),
        (date(2033, 1, 31), LunarDate(2033, 1, 1)),
        (date(2033, 12, 22), LunarDate(2033, 11, 1, True)),
        (date(2100, 2, 8), LunarDate(2099, 12, 30)),
    ],
)
def test_known_days_are_told_both_ways(solar, lunar_date):
    assert from_solar(solar) == lunar_date
    assert to_solar(lunar_date.year, lunar_date.month, lunar_date.day, lunar_date.is_leap) == solar


def test_every_day_of_two_centuries_comes_back_to_itself():
    for day in days_from(date(1901, 1, 1), date(2098, 12, 31)):
        told = from_solar(day)
        assert to_solar(told.year, told.month, told.day, told.is_leap) == day


def new_moon(number):
    """Time (UTC) of a new moon counted from January 2000, to about a minute: Meeus, chapter 49."""
    t = number / 1236.85
    e = 1 - 0.002516 * t
    sun = radians(2.5534 + 29.10535670 * number)
    moon = radians(201.5643 + 385.81693528 * number + 0.0107582 * t * t)
    lat = radians(160.7108 + 390.67050284 * number - 0.0016118 * t * t)
    node = radians(124.7746 - 1.56375588 * number + 0.0020672 * t * t)
    terms = [
        (-0.40720, moon),
        (0.17241 * e, sun),
        (0.01608, 2 * moon),
        (0.01039, 2 * lat),
        (0.00739 * e, moon - sun),
        (-0.00514 * e, moon + sun),
        (0.00208 * e * e, 2 * sun),
        (-0.00111, moon - 2 * lat),
        (-0.00057, moon + 2 * lat),
        (0.00056 * e, 2 * moon + sun),
        (-0.00042, 3 * moon),
        (0.00042 * e, sun + 2 * lat),
        (0.00038 * e, sun - 2 * lat),
        (-0.00024 * e, 2 * moon - sun),
        (-0.00017, node),
        (0.000325, radians(299.77 + 0.107408 * number - 0.009173 * t * t)),
    ]
    days = 29.530588861 * number + 0.00015437 * t * t + sum(size * sin(angle) for size, angle in terms)
    clock_runs_ahead = timedelta(seconds=63 + 65 * t)  # terrestrial time less universal time, roughly
    return datetime(2000, 1, 6, 14, 20, 38, tzinfo=UTC) + timedelta(days=days) - clock_runs_ahead


def test_every_month_begins_on_the_day_of_its_new_moon_in_beijing():
    begins = {day for day in days_from(FIRST_DAY, LAST_DAY - timedelta(days=31)) if from_solar(day).day == 1}
    told, astray = set(), []
    for number in range(-1236, 1237):
        # Until 1928 the calendar went by the sun over Beijing, since then by the zone's time.
        moon = new_moon(number)
        moon += timedelta(hours=8) if moon.year > 1928 else timedelta(hours=7, minutes=45, seconds=40)
        around = {(moon + timedelta(minutes=give)).date() for give in (-2, 2)} & begins
        told |= around
        if len(around) != 1:
            astray.append(moon.date())
    # The almanac then in force put this new moon, seven minutes before midnight, on the next day.
    assert astray == [date(1906, 4, 23)]
    assert begins - told <= {FIRST_DAY, date(1906, 4, 24)}
    assert len(told) == 2472


def test_day_30_falls_on_day_29_of_a_short_month():
    assert to_solar(2026, 4, 30) is None
    assert in_lunar_year(4, 30, False, 2026) == to_solar(2026, 4, 29)
    assert in_lunar_year(3, 30, False, 2026) == to_solar(2026, 3, 30)
    assert in_lunar_year(6, 30, True, 2025) == to_solar(2025, 6, 29, is_leap=True)


def test_leap_month_birthday_falls_in_the_leap_month_else_in_the_ordinary_one():
    assert in_lunar_year(6, 10, True, 2025) == to_solar(2025, 6, 10, is_leap=True) == date(2025, 8, 3)
    assert in_lunar_year(6, 10, False, 2025) == to_solar(2025, 6, 10) == date(2025, 7, 4)
    assert in_lunar_year(6, 10, True, 2026) == in_lunar_year(6, 10, False, 2026) == to_solar(2026, 6, 10)


def test_a_date_moved_once_does_not_stay_moved():
    told = returns_between(3, 30, False, date(2024, 1, 1), date(2028, 12, 31))
    assert [from_solar(on).day for on in told] == [29, 30, 30, 29, 30]


def test_one_gregorian_year_may_hold_two_birthdays_or_none():
    def in_year(year):
        return returns_between(12, 1, False, date(year, 1, 1), date(year, 12, 31))

    assert in_year(2023) == []
    assert in_year(2024) == [date(2024, 1, 11), date(2024, 12, 31)]
    assert in_year(2025) == []
    assert in_year(2026) == [date(2026, 1, 19)]


@given(MONTH, DAY, st.booleans(), st.integers(1901, 2098))
def test_each_original_comes_back_once_in_each_lunar_year(month, day, is_leap, year):
    start, end = to_solar(year, 1, 1), to_solar(year + 1, 1, 1) - timedelta(days=1)
    (on,) = returns_between(month, day, is_leap, start, end)
    told = from_solar(on)
    assert (told.year, told.month) == (year, month)
    assert told.is_leap == (is_leap and to_solar(year, month, 1, is_leap=True) is not None)
    assert told.day == day or (told.day, day) == (29, 30)


@given(DAYS, st.integers(0, 430))
def test_originals_are_those_that_come_back_on_each_day(start, length):
    end = start + timedelta(days=length)
    every = [(month, day, leap) for month in range(1, 13) for day in range(1, 31) for leap in (False, True)]
    expected = {original: returns_between(*original, start, end) for original in every}
    assert originals_between(start, end) == {original: on for original, on in expected.items() if on}


def test_several_originals_share_a_day_and_a_long_window_holds_both_dates_of_one():
    last_of_april = date(2026, 6, 14)  # 29 of a fourth month that has no thirtieth and no leap month
    assert originals_between(last_of_april, last_of_april) == {
        (4, 29, False): [last_of_april],
        (4, 30, False): [last_of_april],
        (4, 29, True): [last_of_april],
        (4, 30, True): [last_of_april],
    }
    assert originals_between(date(2025, 7, 1), date(2026, 7, 31))[6, 10, False] == [
        date(2025, 7, 4),
        date(2026, 7, 23),
    ]
    shared = Counter(len(on) for on in originals_between(date(2025, 1, 1), date(2026, 2, 10)).values())
    assert set(shared) == {1, 2}


def test_age_counts_lunar_years():
    born = LunarDate(1980, 4, 15)
    fiftieth = to_solar(2030, 4, 15)
    assert age_on(born, fiftieth) == 50
    assert age_on(born, fiftieth - timedelta(days=1)) == 49
    assert age_on(born, to_solar(1980, 4, 15)) == 0
    assert (
        age_on(LunarDate(2023, 12, 1), date(2024, 12, 31)) == 1
    )  # the year's second birthday, the first to come back
    assert age_on(LunarDate(2020, 4, 30, True), to_solar(2026, 4, 29)) == 6


@pytest.mark.parametrize(
    ("original", "written"),
    [
        ((1, 1, False), "正月初一"),
        ((4, 15, False), "四月十五"),
        ((4, 1, True), "闰四月初一"),
        ((6, 10, False), "六月初十"),
        ((10, 11, False), "十月十一"),
        ((11, 20, True), "闰十一月二十"),
        ((12, 29, False), "十二月二十九"),
        ((8, 30, False), "八月三十"),
    ],
)
def test_dates_are_written_in_characters(original, written):
    assert lunar.text(*original) == written


def test_what_is_no_lunar_date_is_none_or_said_to_be_outside():
    assert to_solar(1899, 12, 1) is None
    assert to_solar(2100, 1, 1) is None
    assert to_solar(2026, 6, 1, is_leap=True) is None
    assert to_solar(2026, 1, 31) is None
    assert to_solar(2026, 13, 1) is None
    assert in_lunar_year(1, 31, False, 2026) is None
    assert returns_between(1, 1, False, date(1800, 1, 1), date(1899, 12, 31)) == []
    assert originals_between(date(2100, 2, 9), date(2100, 12, 31)) == {}
    for day in (FIRST_DAY - timedelta(days=1), LAST_DAY + timedelta(days=1)):
        with pytest.raises(ValueError, match="outside the lunar years 1900 to 2099"):
            from_solar(day)
    with pytest.raises(ValueError, match="no day of the lunar calendar"):
        lunar.text(13, 1)
