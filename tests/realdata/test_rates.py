"""Eighteen years of the European Central Bank's reference rates, loaded as the bank would load them."""

import csv
import gzip
from datetime import date
from decimal import Decimal

import pytest

from corebanking.services import import_path
from portfolio.models import Rate
from tests.realdata.conftest import DATA

FILE = DATA / "fx-ecb" / "eurofxref-hist.csv.gz"


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """The file as it is: a head with the currencies, then a day a line, the newest first, each with a comma at its end."""
    with gzip.open(FILE, "rt", encoding="ascii") as file:
        return file.read().splitlines()


@pytest.fixture(scope="module")
def long(lines) -> list[str]:
    """A row a day and currency, where there was a rate."""
    _date, *currencies = lines[0].rstrip(",").split(",")
    found = []
    for line in lines[1:]:
        day, *rates = line.rstrip(",").split(",")
        found += [f"{day},{c},{rate}" for c, rate in zip(currencies, rates, strict=True) if rate != "N/A"]
    return found


def loaded(erin, path, rows):
    path.write_text("\n".join(["date,currency,rate", *rows]) + "\n")
    return import_path(actor=erin, kind="rates", path=path)


def test_every_rate_of_the_file_stands_in_the_ledger_and_loading_twice_changes_nothing(
    erin, tmp_path, lines, long
):
    job = loaded(erin, tmp_path / "rates.csv", long)
    assert (job.state, job.created, job.rejected) == ("committed", len(long), 0)

    # Read once more by another reader than the one that wrote the rows.
    with gzip.open(FILE, "rt", newline="") as file:
        wanted = {
            (date.fromisoformat(row["Date"]), currency): Decimal(rate)
            for row in csv.DictReader(file)
            for currency, rate in row.items()
            if len(currency) == 3 and rate != "N/A"
        }
    rows = Rate.objects.values_list("on", "currency", "rate", "pk")
    assert {(on, currency): rate for on, currency, rate, _pk in rows} == wanted
    cells = "".join(lines[1:]).count(",") - len(lines[1:])
    assert len(wanted) == cells - "".join(lines[1:]).count("N/A")
    assert wanted[date(1999, 1, 4), "TRL"] == 372274  # before the lira lost six noughts
    assert wanted[date(2016, 10, 27), "USD"] == Decimal("1.0927")

    same = loaded(erin, tmp_path / "rates.csv", long)
    assert (same.pk, same.is_repeat) == (job.pk, True)
    turned = loaded(erin, tmp_path / "oldest-first.csv", long[::-1])
    assert (turned.created, turned.updated, turned.unchanged) == (0, 0, len(long))
    assert set(Rate.objects.values_list("on", "currency", "rate", "pk")) == set(rows)
    assert not Rate.pgh_event_model.objects.exists()


def test_one_corrected_rate_is_the_only_one_that_changes(erin, tmp_path, long):
    last = long[:40]
    loaded(erin, tmp_path / "rates.csv", last)
    day, currency, rate = last[0].split(",")
    job = loaded(erin, tmp_path / "corrected.csv", [f"{day},{currency},{rate}1", *last[1:]])
    assert (job.created, job.updated, job.unchanged) == (0, 1, 39)
    assert Rate.objects.get(on=day, currency=currency).rate == Decimal(f"{rate}1")
    assert Rate.pgh_event_model.objects.get().rate == Decimal(rate)
