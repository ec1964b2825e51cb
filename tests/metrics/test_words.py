"""Periods and comparisons as people say them."""

from datetime import date

import pytest
from django.utils import translation

from metrics import words
from metrics.figures import Figure
from metrics.periods import Kind, Period

TODAY = date(2026, 8, 12)
AUGUST = Period.of_kind(Kind.THIS_MONTH, TODAY)
JULY = Period.of_kind(Kind.LAST_MONTH, TODAY)


def test_a_closed_month_is_its_name():
    assert words.of_period(JULY, TODAY) == "July"
    assert words.of_period(JULY.year_before(), TODAY) == "July 2025"


def test_an_open_month_is_held_against_the_month_before_at_this_day():
    assert words.of_period(AUGUST, TODAY) == "1–12 Aug"
    assert words.compared_with(AUGUST, AUGUST.previous(), TODAY) == "July at this day"
    assert words.compared_with(JULY, JULY.previous(), TODAY) == "June"


def test_a_whole_year_is_its_number():
    assert words.of_period(Period(date(2025, 1, 1), date(2025, 12, 31), date(2025, 12, 31)), TODAY) == "2025"


@pytest.mark.parametrize(("language", "said"), [("en", "July"), ("es", "julio"), ("zh-hans", "7月")])
def test_months_in_each_language(language, said):
    with translation.override(language):
        assert words.of_period(JULY, TODAY) == said


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (Figure(0.41, 41, 100), Figure(0.45, 45, 100), "That is 4 points behind July."),
        (Figure(0.42, 42, 100), Figure(0.41, 41, 100), "That is 1 point ahead of July."),
        (Figure(0.414, 414, 1000), Figure(0.41, 41, 100), "That is level with July."),
        (Figure(None, 0, 0), Figure(0.41, 41, 100), ""),
        (Figure(0.41, 41, 100), Figure(None, 0, 0), ""),
    ],
)
def test_the_difference_is_a_whole_sentence_or_nothing(now, before, said):
    assert words.difference(now, before, "July") == said


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0.0, "0 minutes"), (0.5, "30 minutes"), (1.0, "1 hour"), (28.8, "29 hours"), (2.25, "2.2 hours")],
)
def test_hours_are_said_as_long_as_they_are(hours, said):
    assert words.hours(hours) == said


def test_a_dash_stands_where_there_is_nothing_to_divide():
    assert words.shown(Figure(None, 0, 0), "share") == "–"
    assert words.shown(Figure(0, 0), "count") == "0"
    assert words.shown(Figure(0.5, 1, 2), "share") == "50%"
