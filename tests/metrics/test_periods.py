"""Periods: both ends included, open ones end today, and what each is compared with."""

from datetime import date

import pytest

from metrics.periods import LONGEST_DAYS, Kind, Period, PeriodError

D = date


def whole(from_on: date, to_on: date) -> Period:
    return Period(from_on, to_on, to_on)


@pytest.mark.parametrize(
    ("asked", "previous"),
    [
        (whole(D(2026, 3, 1), D(2026, 3, 31)), (D(2026, 2, 1), D(2026, 2, 28))),
        (whole(D(2026, 1, 1), D(2026, 3, 31)), (D(2025, 10, 1), D(2025, 12, 31))),
        (whole(D(2025, 1, 1), D(2025, 12, 31)), (D(2024, 1, 1), D(2024, 12, 31))),
        (whole(D(2026, 3, 2), D(2026, 3, 31)), (D(2026, 1, 31), D(2026, 3, 1))),  # 30 days
        (whole(D(2026, 8, 1), D(2026, 8, 12)), (D(2026, 7, 20), D(2026, 7, 31))),
        (whole(D(2026, 3, 5), D(2026, 3, 5)), (D(2026, 3, 4), D(2026, 3, 4))),
    ],
)
def test_the_previous_period_is_as_many_whole_months_or_as_many_days_before(asked, previous):
    before = asked.previous()
    assert (before.from_on, before.to_on) == previous


def test_an_open_month_is_compared_with_the_month_before_at_this_day():
    august = Period.of_kind(Kind.THIS_MONTH, D(2026, 8, 12))
    assert (august.from_on, august.to_on, august.is_open) == (D(2026, 8, 1), D(2026, 8, 12), True)
    assert (august.previous().from_on, august.previous().to_on) == (D(2026, 7, 1), D(2026, 7, 12))

    march = Period.of_kind(Kind.THIS_MONTH, D(2026, 3, 30))
    assert (march.previous().from_on, march.previous().to_on) == (D(2026, 2, 1), D(2026, 2, 28))


def test_the_year_before_takes_28_for_29_february():
    assert whole(D(2028, 2, 1), D(2028, 2, 29)).year_before().to_on == D(2027, 2, 28)
    assert whole(D(2028, 2, 29), D(2028, 3, 5)).year_before().from_on == D(2027, 2, 28)
    assert whole(D(2026, 3, 1), D(2026, 3, 31)).year_before() == whole(D(2025, 3, 1), D(2025, 3, 31))


def test_an_open_period_ends_today():
    asked = Period.asked(D(2026, 3, 1), D(2026, 12, 31), D(2026, 3, 10))
    assert (asked.to_on, asked.asked_to, asked.days()) == (D(2026, 3, 10), D(2026, 12, 31), 10)


@pytest.mark.parametrize(
    ("from_on", "to_on"),
    [
        (D(2026, 3, 2), D(2026, 3, 1)),
        (D(2026, 3, 11), D(2026, 3, 12)),
        (D(2026, 3, 10).replace(year=2022), D(2026, 3, 10)),
    ],
)
def test_a_period_that_cannot_be_counted_is_refused_with_a_sentence(from_on, to_on):
    with pytest.raises(PeriodError) as refused:
        Period.asked(from_on, to_on, D(2026, 3, 10))
    assert str(refused.value).endswith(".")
    assert LONGEST_DAYS > 1000


def test_months_are_cut_to_the_period():
    months = whole(D(2026, 1, 15), D(2026, 3, 10)).months()
    assert [(month.from_on, month.to_on) for month in months] == [
        (D(2026, 1, 15), D(2026, 1, 31)),
        (D(2026, 2, 1), D(2026, 2, 28)),
        (D(2026, 3, 1), D(2026, 3, 10)),
    ]


def test_the_named_periods():
    today = D(2026, 3, 10)
    assert Period.of_kind(Kind.LAST_MONTH, today) == whole(D(2026, 2, 1), D(2026, 2, 28))
    assert Period.of_kind(Kind.THIS_YEAR, today) == Period(D(2026, 1, 1), today, D(2026, 12, 31))
