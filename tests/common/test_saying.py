"""Dates, numbers and lateness as each language says them."""

from datetime import date, time
from decimal import Decimal

import pytest
from django import forms
from django.utils import translation

from common import saying

TODAY = date(2026, 8, 12)  # a Wednesday


@pytest.mark.parametrize(
    ("language", "number", "percent", "day"),
    [
        ("en", "1,234,567", "41%", "12 Aug 2026"),
        ("es", "1.234.567", "41\xa0%", "12 ago 2026"),
        ("zh-hans", "1,234,567", "41%", "2026年8月12日"),
    ],
)
def test_numbers_and_dates_follow_the_language(language, number, percent, day):
    with translation.override(language):
        assert saying.number(1234567) == number
        assert saying.amount(Decimal("1234567.00")) == number
        assert saying.percent(0.41) == percent
        assert saying.day(TODAY) == day


def test_minus_is_a_minus_sign():
    assert saying.number(-5) == "−5"
    assert saying.amount(Decimal("-310000")) == "−310,000"
    assert saying.amount(Decimal("12.5"), cents=True) == "12.50"


@pytest.mark.parametrize(
    ("due_on", "due_at", "said"),
    [
        (date(2026, 8, 7), None, "5 days late"),
        (date(2026, 8, 11), None, "1 day late"),
        (TODAY, None, "today"),
        (TODAY, time(16), "by 16:00"),
        (date(2026, 8, 13), None, "by tomorrow"),
        (date(2026, 8, 14), None, "by Friday"),
        (date(2026, 8, 30), None, "by 30 Aug"),
        (date(2027, 3, 3), None, "by 3 Mar 2027"),
    ],
)
def test_lateness_is_said_in_words(due_on, due_at, said):
    with translation.override("en"):
        assert saying.due(due_on, TODAY, due_at) == said


def test_native_names_carry_their_language():
    assert saying.script_language("陈美玲") == "zh-Hans"
    assert saying.script_language("Carla") == ""


def test_a_choice_is_said_as_its_own_method_would(carla):
    for spoken in ("en", "es", "zh-hans"):
        with translation.override(spoken):
            carla.status = "dormant"
            assert saying.choice(carla, "status") == carla.get_status_display()
    carla.status = "from an older release"
    assert saying.choice(carla, "status") == "from an older release"


def test_select_is_written_as_the_framework_writes_it_and_escaped():
    groups = [("A & B", [("<1>", 'Say "yes" & <b>no</b>')]), ("2", "two")]
    html = forms.Select(attrs={"class": "x"}, choices=groups).render("n", "<1>")
    assert '<optgroup label="A &amp; B">' in html
    assert (
        '<option value="&lt;1&gt;" selected>Say &quot;yes&quot; &amp; &lt;b&gt;no&lt;/b&gt;</option>' in html
    )
    assert '<option value="2">two</option>' in html
    assert html.strip().startswith('<select name="n" class="x">')


def test_one_language_leaves_its_months_to_no_other():
    said = {}
    for language in ("zh-hans", "es", "en", "es", "zh-hans"):
        with translation.override(language):
            said[language] = saying.month(10)
            assert saying.day(date(2026, 10, 3), "yMMMM") != ""
    assert said == {"zh-hans": "10月", "es": "octubre", "en": "October"}
