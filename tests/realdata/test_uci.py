"""A real telephone campaign through the shipped mappings; its indicators counted once more from the raw file."""

import csv
import gzip
from collections import Counter
from datetime import date

import pytest

from clients.models import Client, Fact
from corebanking.services import import_path
from interactions.models import Contact
from metrics.periods import Period
from metrics.reports import report, scope_of_bank
from tests.factories import BranchFactory, UserFactory
from tests.realdata.conftest import DATA

FILE = DATA / "uci-bank-marketing" / "bank-full.csv.gz"
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
WHOLE = Period(date(2008, 5, 1), date(2010, 11, 30), date(2010, 11, 30))


@pytest.fixture(scope="module")
def raw():
    """Month (2008-05) and seconds of each call, in the order of the file."""
    calls, year, last = [], 2008, 0
    with gzip.open(FILE, "rt", encoding="ascii", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            month = MONTHS.index(row["month"]) + 1
            year, last = year + (month < last), month
            calls.append(
                (f"{year}-{month:02d}", date(year, month, int(row["day"])), int(row["duration"]), row["job"])
            )
    return calls


def _load(actor):
    return [
        import_path(actor=actor, kind=kind, path=FILE, mapping=f"uci_{kind}")
        for kind in ("clients", "contacts")
    ]


def test_whole_campaign_loads_and_its_indicators_are_those_of_the_raw_file(erin, bank, raw):
    branch = BranchFactory(code="UCI", time_zone="Europe/Lisbon", country="PT", parent=bank)
    UserFactory(staff_number="UCI", branch=branch)
    jobs = _load(erin)
    assert [(job.state, job.created, job.rejected) for job in jobs] == [("committed", 45_211, 0)] * 2

    assert Client.objects.count() == len(raw) == 45_211
    assert Fact.objects.count() == sum(job != "unknown" for *_rest, job in raw)
    number, (_month, day, seconds, _job) = 31_000, raw[31_000 - 1]
    call = Contact.objects.get(number=f"UCI-{number}")
    assert (call.client.number, call.duration_seconds) == (f"UCI-{number}", seconds)
    local = call.occurred_at.astimezone(branch.zone)
    assert (local.date(), local.hour, local.minute) == (day, 12, 0)

    called = Counter(month for month, *_rest in raw)
    reached = Counter(month for month, _day, seconds, _job in raw if seconds > 0)
    assert (called.total(), reached.total()) == (45_211, 45_208)
    made = report(scope_of_bank(branch="UCI"), WHOLE, by="month")
    whole = made.total.figures
    assert whole["contact_achievement"].numerator == 45_208
    assert whole["contact_achievement"].denominator == 45_211
    assert whole["contact_achievement"].value == pytest.approx(45_208 / 45_211)
    assert whole["contact_attempts"].value == 45_211
    assert whole["reach_per_attempt"].value == pytest.approx(45_208 / 45_211)
    by_month = {row.group.code: row.figures for row in made.rows}
    assert len(by_month) == 31
    for month, figures in by_month.items():
        assert figures["contact_achievement"].numerator == reached[month], month
        assert figures["contact_attempts"].value == called[month], month
        assert figures["reach_per_attempt"].numerator == reached[month], month

    assert all(getattr(job, "is_repeat", False) for job in _load(erin))
    assert Contact.objects.count() == 45_211
