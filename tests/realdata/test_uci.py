"""A real telephone campaign through the shipped mappings; its figures counted once more from the raw file."""

import csv
import gzip
from collections import Counter
from datetime import date

import pytest
from django.db.models import Count, OuterRef, Q, Subquery

from campaigns.models import Campaign, Target
from clients.models import Client, Fact
from corebanking.services import import_path, undo_import
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
    """Month (2008-05), day and seconds of each call, the client's work and result, in the order of the file."""
    calls, year, last = [], 2008, 0
    with gzip.open(FILE, "rt", encoding="ascii", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            month = MONTHS.index(row["month"]) + 1
            year, last = year + (month < last), month
            on = date(year, month, int(row["day"]))
            calls.append((f"{year}-{month:02d}", on, int(row["duration"]), row["job"], row["y"]))
    return calls


def _load(actor):
    return [
        import_path(actor=actor, kind=kind, path=FILE, mapping=f"uci_{kind}")
        for kind in ("clients", "contacts", "targets")
    ]


def _conversion(campaign) -> dict[str, tuple[int, int]]:
    """Bought and asked by the client's work, where it is known."""
    work = Fact.objects.filter(client=OuterRef("client"), type__code="occupation").values("value")
    rows = campaign.targets.annotate(job=Subquery(work)).values("job").order_by()
    counts = rows.annotate(bought=Count("pk", filter=Q(outcome="bought")), asked=Count("pk"))
    return {row["job"] or "": (row["bought"], row["asked"]) for row in counts}


def test_whole_campaign_loads_and_its_indicators_are_those_of_the_raw_file(erin, bank, raw, tmp_path):
    branch = BranchFactory(code="UCI", time_zone="Europe/Lisbon", country="PT", parent=bank)
    UserFactory(staff_number="UCI", branch=branch)
    jobs = _load(erin)
    assert [(job.state, job.created, job.rejected) for job in jobs] == [("committed", 45_211, 0)] * 3

    assert Client.objects.count() == len(raw) == 45_211
    assert Fact.objects.count() == sum(job != "unknown" for *_rest, job, _y in raw)
    number, (_month, day, seconds, _job, said) = 31_000, raw[31_000 - 1]
    call = Contact.objects.get(number=f"UCI-{number}")
    assert (call.client.number, call.duration_seconds) == (f"UCI-{number}", seconds)
    local = call.occurred_at.astimezone(branch.zone)
    assert (local.date(), local.hour, local.minute) == (day, 12, 0)
    assert call.campaign_code == "UCI-2008"

    campaign = Campaign.objects.get()
    assert (campaign.code, campaign.is_from_file, campaign.state) == ("UCI-2008", True, "ended")
    target = campaign.targets.get(client__number=f"UCI-{number}")
    assert target.outcome == {"yes": "bought", "no": "declined"}[said]
    assert (target.outcome_at, target.manager.staff_number) == (call.occurred_at, "UCI")
    assert Counter(campaign.targets.values_list("arm", "outcome")) == {
        ("treatment", "bought"): 5_289,
        ("treatment", "declined"): 39_922,
    }
    asked, bought = Counter(), Counter()
    for *_rest, job, y in raw:
        asked[job] += 1
        bought[job] += y == "yes"
    assert len(asked) == 12
    assert _conversion(campaign) == {
        "" if job == "unknown" else job.replace("admin.", "administration"): (bought[job], asked[job])
        for job in asked
    }

    called = Counter(month for month, *_rest in raw)
    reached = Counter(month for month, _day, seconds, *_rest in raw if seconds > 0)
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
    assert (Contact.objects.count(), Target.objects.count()) == (45_211, 45_211)

    copy = tmp_path / "bank-full.csv"
    copy.write_bytes(gzip.decompress(FILE.read_bytes()) + b"\n")
    again = import_path(actor=erin, kind="targets", path=copy, mapping="uci_targets")
    assert (again.state, again.created, again.updated, again.unchanged) == ("committed", 0, 0, 45_211)
    undo_import(actor=erin, job=jobs[-1])
    assert (Target.objects.count(), Campaign.objects.count()) == (0, 0)
