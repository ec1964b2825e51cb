"""The bank's own calendar comes as a file: days off and worked weekends, for one place or for all."""

from datetime import date

from common.calendars import WorkingCalendar
from common.models import Holiday
from corebanking.services import undo_import

FILE = "date,name,is_day_off,country,region\n"
DAYS = (
    FILE
    + "2026-02-14,春节,no,CN,\n2026-02-16,春节,yes,CN,\n2026-05-04,Bridge day,yes,,\n2026-03-19,San José,yes,ES,VC\n"
)


def works(day, country="CN", region=""):
    working = WorkingCalendar.of(country=country, region=region, weekdays=[0, 1, 2, 3, 4])
    return working.is_working(date.fromisoformat(day))


def test_days_off_and_worked_weekends_hold_where_the_file_says(load):
    job = load(DAYS, kind="holidays")
    assert (job.created, job.rejected) == (4, 0)
    assert works("2026-02-14")  # a Saturday that is worked
    assert not works("2026-02-16")
    assert not works("2026-02-14", country="ES")
    assert not works("2026-05-04", country="MX")  # without a country: everywhere
    assert not works("2026-03-19", country="ES", region="VC")
    assert works("2026-03-19", country="MX")


def test_a_second_file_changes_what_it_says_anew_and_nothing_else(load):
    load(DAYS, kind="holidays")
    assert load(DAYS + "\n", kind="holidays").unchanged == 4
    job = load(FILE + "2026-02-16,Spring Festival,no,CN,\n", kind="holidays")
    assert (job.created, job.updated) == (0, 1)
    assert works("2026-02-16")
    assert Holiday.objects.count() == 4


def test_a_file_without_places_is_for_every_branch(load):
    load("date,name,is_day_off\n2026-05-04,Bridge day,yes\n", kind="holidays")
    row = Holiday.objects.get()
    assert (row.country, row.region) == ("", "")


def test_the_same_day_of_one_place_twice_is_set_aside(load):
    twice = "2026-02-16,a,yes,CN,\n2026-02-16,b,no,CN,\n2026-02-16,c,yes,,\n"
    job = load(FILE + twice, kind="holidays", allow_rejected=1.0)
    assert (job.created, job.rejected) == (1, 2)


def test_undone_it_is_as_it_was(load, erin):
    load(FILE + "2026-02-16,Before,yes,CN,\n", kind="holidays")
    job = load(DAYS, kind="holidays")
    undo_import(actor=erin, job=job)
    assert list(Holiday.objects.values_list("name", flat=True)) == ["Before"]
