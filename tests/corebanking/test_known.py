"""Facts and dates from files: they fill what is empty; what differs from ours stands beside it."""

import csv
from datetime import date
from pathlib import Path

import pghistory
import pytest

from clients.models import CoreValue, DatedFact, Fact, FactChange
from clients.services import Learnt, accept_core_value, learn, value_hash, write_dated_fact
from clients.services.known import DATE_CODES
from corebanking.kinds.clients.names import BIRTH_CODES
from corebanking.services import undo_import
from tests.factories import ClientFactory

FACTS = "client_number,fact_type,value,learnt_on\n"
KNOWN = "N-1,occupation,architect,2026-02-01\nN-1,interest,golf,\nN-1,interest,opera,\n"
DATES = "client_number,kind,date,person\n"
DAYS = "N-1,birthday,1972-05-20,\nN-1,wedding,--06-14,\nN-1,birthday,lunar:2010-L04-15,Ana\n"


def reasons(job):
    with Path(job.errors_path).open(encoding="utf-8", newline="") as file:
        return [(r["_row"], r["_column"], r["_reason"]) for r in csv.DictReader(file)]


def _facts():
    return sorted(Fact.objects.values_list("client__number", "type__code", "value"))


@pytest.fixture
def tell(alice):
    """What staff writes down by hand."""

    def _tell(client, code, value):
        from clients.models import FactType

        with pghistory.context(user=alice.pk):
            learn(actor=alice, client=client, learnt=[Learnt(FactType.objects.get(code=code), value)])

    return _tell


def test_facts_come_in_with_one_entry_of_the_ledger_each(load, carla, erin):
    job = load(FACTS + KNOWN, kind="facts")
    assert (job.state, job.created, job.rejected) == ("committed", 3, 0)
    assert _facts() == [
        ("N-1", "interest", "golf"),
        ("N-1", "interest", "opera"),
        ("N-1", "occupation", "architect"),
    ]
    fact = Fact.objects.get(value="architect")
    assert fact.learnt_on == date(2026, 2, 1)
    entry = FactChange.objects.get(slot=f"fact/{fact.pk}")
    assert (entry.by_kind, entry.actor, entry.old_hash, entry.new_hash) == (
        "import",
        erin,
        "",
        value_hash("architect"),
    )
    assert entry.fact_type.code == "occupation"


def test_same_facts_again_change_nothing(load, carla):
    load(FACTS + KNOWN, kind="facts")
    again = load(FACTS + KNOWN.replace("golf", "Golf") + "\n", kind="facts")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 3)
    assert FactChange.objects.count() == 3


def test_older_export_of_facts_says_nothing_new(load, carla):
    load(FACTS + KNOWN, kind="facts", source_date=date(2026, 5, 2))
    old = load(
        FACTS + KNOWN.replace("architect", "pupil"),
        kind="facts",
        name="old.csv",
        source_date=date(2026, 5, 1),
    )
    assert (old.updated, old.unchanged) == (0, 3)
    assert not CoreValue.objects.exists()


def test_what_staff_knows_stands_and_the_files_value_beside_it(load, carla, alice, tell):
    tell(carla, "occupation", "judge")
    job = load(FACTS + KNOWN, kind="facts")
    assert (job.created, job.updated) == (2, 1)
    assert Fact.objects.get(type__code="occupation").value == "judge"
    said = CoreValue.objects.get()
    assert (said.field, said.value) == ("occupation", "architect")
    again = load(FACTS + KNOWN + "\n", kind="facts")
    assert again.unchanged == 3
    accept_core_value(actor=alice, core_value=said)
    assert Fact.objects.get(type__code="occupation").value == "architect"


def test_core_says_goes_when_the_two_agree_again(load, carla, tell):
    tell(carla, "occupation", "judge")
    load(FACTS + KNOWN, kind="facts")
    load(FACTS + KNOWN.replace("architect", "Judge"), kind="facts", name="two.csv")
    assert not CoreValue.objects.exists()


def test_bad_facts_each_have_their_reason(load, carla):
    rows = [
        "N-9,occupation,architect,",
        "N-1,shoe_size,44,",
        "N-1,phone,+34600000000,",
        "N-1,interest,,",
        "N-1,interest,golf,2150-01-01",
        "N-1,employer,Kiln,",
        "N-1,employer,Mill,",
        "N-1,need,a loan,",
        "N-1,need,A LOAN,",
    ]
    job = load(FACTS + "\n".join(rows) + "\n", kind="facts", allow_rejected=1)
    assert (job.created, job.rejected) == (0, 9)
    assert reasons(job) == [
        ("2", "client_number", "unknown client"),
        ("3", "fact_type", "unknown kind of fact"),
        ("4", "fact_type", "is not kept as a fact; it has a file of its own"),
        ("5", "value", "is missing"),
        ("6", "learnt_on", "lies in the future"),
        ("7", "value", "stands beside another value in the file, and of this kind of fact there is one"),
        ("8", "value", "stands beside another value in the file, and of this kind of fact there is one"),
        ("9", "client_number", "stands in the file more than once, in rows 9, 10"),
        ("10", "client_number", "stands in the file more than once, in rows 9, 10"),
    ]
    mended = (
        Path(job.errors_path).read_text(encoding="utf-8").replace("N-9", "N-1").replace("shoe_size", "goal")
    )
    mended = (
        mended.replace("+34600000000", "x").replace("phone", "custom").replace("interest,,", "interest,golf,")
    )
    mended = (
        mended.replace("2150-01-01", "")
        .replace("employer,Mill", "education,Mill")
        .replace("A LOAN", "a flat")
    )
    again = load(mended.replace("interest,golf,,6", "interest,tennis,,6"), kind="facts", name="mended.csv")
    assert (again.state, again.created) == ("committed", 9)


def test_undone_facts_go_and_the_ledger_says_so(load, carla, erin, tell):
    tell(carla, "occupation", "judge")
    job = load(FACTS + KNOWN, kind="facts")
    undo_import(actor=erin, job=job)
    assert _facts() == [("N-1", "occupation", "judge")]
    assert not CoreValue.objects.exists()
    last = {c.slot: c.new_hash for c in FactChange.objects.order_by("pk")}
    assert sorted(last.values()) == ["", "", value_hash("judge")]
    assert load(FACTS + KNOWN, kind="facts").created == 2


def test_fact_that_staff_changed_keeps_its_import_from_being_undone(load, carla, erin, tell):
    job = load(FACTS + KNOWN, kind="facts")
    tell(carla, "occupation", "judge")
    with pytest.raises(Exception, match="changed since"):
        undo_import(actor=erin, job=job)


# -- dates ------------------------------------------------------------------------------------------


def test_codes_of_dates_are_those_of_the_pages():
    assert {kind: DATE_CODES[kind] for kind in BIRTH_CODES.values()} == {
        kind: kind for kind in BIRTH_CODES.values()
    }


def test_dates_come_in_each_with_its_kind_of_fact(load, carla):
    job = load(DATES + DAYS, kind="dated_facts")
    assert (job.state, job.created) == ("committed", 3)
    dates = {(d.kind, d.person): d.as_text() for d in DatedFact.objects.all()}
    assert dates == {
        ("birthday", ""): "1972-05-20",
        ("wedding", ""): "--06-14",
        ("birthday", "Ana"): "lunar:2010-L04-15",
    }
    entries = {c.slot: (c.fact_type.code, c.new_hash) for c in FactChange.objects.select_related("fact_type")}
    for row in DatedFact.objects.all():
        code = "family_date" if row.person else row.kind
        assert entries[f"dated_fact/{row.pk}"] == (code, value_hash(row.as_text()))


def test_same_dates_again_and_older_ones_change_nothing(load, carla):
    load(DATES + DAYS, kind="dated_facts", source_date=date(2026, 5, 2))
    again = load(DATES + DAYS + "\n", kind="dated_facts", source_date=date(2026, 5, 2))
    old = load(
        DATES + DAYS.replace("1972", "1962"), kind="dated_facts", name="old.csv", source_date=date(2026, 5, 1)
    )
    assert (again.unchanged, old.unchanged, old.updated) == (3, 3, 0)
    assert FactChange.objects.count() == 3
    assert not CoreValue.objects.exists()


def test_date_of_staff_stands_until_core_is_believed(load, carla, alice):
    with pghistory.context(user=alice.pk):
        write_dated_fact(actor=alice, client=carla, kind="wedding", month=6, day=15, year=1999)
    load(DATES + DAYS, kind="dated_facts")
    wedding = DatedFact.objects.get(kind="wedding")
    assert wedding.as_text() == "1999-06-15"
    said = CoreValue.objects.get()
    assert (said.field, said.value) == (f"dated_fact/{wedding.pk}", "--06-14")
    accept_core_value(actor=alice, core_value=said)
    wedding.refresh_from_db()
    assert wedding.as_text() == "--06-14"
    assert not CoreValue.objects.exists()


def test_bad_dates_each_have_their_reason(load, carla):
    tomorrow = date.today().replace(year=date.today().year + 1)
    rows = [
        "N-9,birthday,1972-05-20,",
        "N-1,name_day,1972-05-20,",
        "N-1,other,1972-02-30,",
        f"N-1,wedding,{tomorrow.isoformat()},",
        "N-1,birthday,1972-05-20,",
        "N-1,birthday,1973-05-20,",
    ]
    job = load(DATES + "\n".join(rows) + "\n", kind="dated_facts", allow_rejected=1)
    assert job.rejected == 6
    assert [(column, reason) for _row, column, reason in reasons(job)] == [
        ("client_number", "unknown client"),
        ("kind", "is not one of: birthday, wedding, founding, other"),
        ("date", "is not a day of the calendar"),
        ("date", "lies in the future"),
        ("client_number", "stands in the file more than once, in rows 6, 7"),
        ("client_number", "stands in the file more than once, in rows 6, 7"),
    ]


def test_undone_dates_go_and_come_again(load, carla, erin):
    job = load(DATES + DAYS, kind="dated_facts")
    undo_import(actor=erin, job=job)
    assert not DatedFact.objects.exists()
    assert FactChange.objects.filter(new_hash="").count() == 3
    assert load(DATES + DAYS, kind="dated_facts").created == 3


def test_preview_says_which_value_would_stand_beside(load, carla, tell):
    tell(carla, "occupation", "judge")
    job = load(FACTS + KNOWN, kind="facts", dry_run=True)
    job.refresh_from_db()
    line = next(line for line in job.preview if line["act"] == "u")
    assert line["changes"] == [{"column": "value", "how": "beside", "old": "•••", "new": "architect"}]
    assert [line["act"] for line in job.preview].count("c") == 2


def test_facts_of_many_clients_are_one_statement_each(load, north, alice, django_assert_max_num_queries):
    for number in range(30):
        ClientFactory(number=f"M-{number}", branch=north, manager=alice)
    rows = "".join(f"M-{number},occupation,judge,\n" for number in range(30))
    with django_assert_max_num_queries(60):
        assert load(FACTS + rows, kind="facts").created == 30
