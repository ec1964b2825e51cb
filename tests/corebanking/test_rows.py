"""Mappings that ask for the number of a row, and transforms that remember the rows before."""

from datetime import date
from pathlib import Path

import pytest

from clients.models import Client
from corebanking.refusals import ImportRefused, RowRejected
from corebanking.transforms import REMEMBERING
from interactions.models import Contact
from tests.factories import ClientFactory

CLIENTS = """kind = "clients"
[columns]
client_number = { from = "#row", template = "R-{value}" }
kind = { value = "person" }
name = "name"
branch_code = "branch"
"""
CONTACTS = """kind = "contacts"
[columns]
contact_number = { from = "#row", template = "R-{value}" }
client_number = { value = "N-1" }
staff_number = { value = "alice" }
channel = { value = "call" }
result = "result"
[columns.occurred_at]
from = ["day", "month"]
transform = "rising_date"
options = { first_year = 2023 }
template = "{value}T12:00:00"
"""


@pytest.fixture
def mapped(load, tmp_path):
    def _mapped(mapping, text, **more):
        path = tmp_path / "m.toml"
        path.write_text(mapping)
        kind = "contacts" if "contacts" in mapping else "clients"
        return load(text, kind=kind, mapping=str(path), **more)

    return _mapped


def test_rows_are_counted_without_the_header(mapped):
    assert mapped(CLIENTS, "name,branch\nAnn,NORTH\nBo,NORTH\n").created == 2
    assert dict(Client.objects.values_list("number", "name")) == {"R-1": "Ann", "R-2": "Bo"}


def test_mended_row_keeps_the_number_that_it_had(mapped):
    job = mapped(CLIENTS, "name,branch\nAnn,NORTH\nBo,NOWHERE\nCy\n", allow_rejected=1)
    assert (job.created, job.rejected) == (1, 2)
    text = Path(job.errors_path).read_text(encoding="utf-8")
    assert "the row has 1 cells, the header 2" in text
    mended = text.replace("NOWHERE", "NORTH").replace("Cy,,", "Cy,NORTH,")
    assert mapped(CLIENTS, mended, name="mended.csv").created == 2
    assert dict(Client.objects.values_list("number", "name")) == {"R-1": "Ann", "R-2": "Bo", "R-3": "Cy"}


def test_year_rises_where_the_month_falls(mapped, carla):
    text = "day,month,result\n5,may,reached\n30,dec,busy\n2,jan,reached\n2,1,reached\n29,feb,reached\n1,jan,busy\n"
    assert mapped(CONTACTS, text).created == 6
    days = [c.occurred_at.date() for c in Contact.objects.order_by("occurred_at", "number")]
    assert days == [
        date(2023, 5, 5),
        date(2023, 12, 30),
        date(2024, 1, 2),
        date(2024, 1, 2),
        date(2024, 2, 29),
        date(2025, 1, 1),
    ]


def test_bad_row_among_the_others_lets_no_year_rise_twice(mapped, north, alice, carla):
    months = ["nov", "jan", "mar", "feb"]
    rows = "".join(f"1,{months[n % 4]},{'reached' if n != 7 else 'sung'}\n" for n in range(8))
    job = mapped(CONTACTS, "day,month,result\n" + rows, allow_rejected=1)
    assert (job.created, job.rejected) == (7, 1)
    years = sorted(c.occurred_at.year for c in Contact.objects.all())
    assert years == [2023, 2024, 2024, 2025, 2025, 2026, 2026]


def test_error_file_of_such_a_mapping_cannot_be_read_by_itself(mapped, carla):
    job = mapped(CONTACTS, "day,month,result\n1,may,reached\n1,jan,sung\n", allow_rejected=1)
    text = Path(job.errors_path).read_text(encoding="utf-8").replace("sung", "reached")
    assert "mend the whole file" in mapped(CONTACTS, text, name="mended.csv").refusal


@pytest.mark.parametrize("options", ["first_yeer = 2008", 'first_year = "soon"', ""])
def test_options_that_a_transform_does_not_know_refuse_the_mapping(mapped, carla, options):
    ClientFactory(number="N-3")
    with pytest.raises(ImportRefused, match="wrong kind"):
        mapped(CONTACTS.replace("first_year = 2023", options), "day,month,result\n1,may,busy\n")


def test_day_that_is_none_leaves_the_year_alone():
    change = REMEMBERING["rising_date"](first_year=2023)
    assert change("5", "may") == "2023-05-05"
    for day, month in (("31", "feb"), ("5", "nix"), ("x", "may"), ("5", "13")):
        with pytest.raises(RowRejected):
            change(day, month)
    assert change("6", "May") == "2023-05-06"
