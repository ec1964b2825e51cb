"""Limits on twenty years of a real index: loaded as prices, every crossing as a person would count it."""

import csv
import gzip
from datetime import date
from decimal import Decimal

import pytest

from corebanking.services import import_path
from portfolio.models import LimitCrossing
from tests.factories import ProductFactory, PurchaseFactory
from tests.portfolio.test_limits import reference
from tests.realdata.conftest import DATA


@pytest.fixture(scope="module")
def closes():
    with gzip.open(DATA / "prices" / "sp500-2000.csv.gz", "rt") as file:
        return [(date.fromisoformat(row["date"]), Decimal(row["close"])) for row in csv.DictReader(file)]


def loaded(erin, path, closes):
    path.write_text("product_code,date,price\n" + "".join(f"INDEX,{day},{price}\n" for day, price in closes))
    job = import_path(actor=erin, kind="prices", path=path)
    assert (job.state, job.created, job.rejected) == ("committed", len(closes), 0)


def test_every_crossing_of_an_index_is_told_once_in_whichever_order_its_years_come(
    erin, north, carla, tmp_path, closes
):
    index = ProductFactory(code="INDEX", kind="fund")
    bought = [
        PurchaseFactory(product=index, client=carla, bought_on=day, stop_loss=low, take_profit=high)
        for day, low, high in (
            (date(2000, 1, 3), 900, 1500),
            (date(2003, 6, 2), 1000, 1250),
            (date(2008, 1, 2), Decimal("1099.5"), 1400),
            (date(2019, 1, 2), 2500, 3000),
        )
    ]
    half = len(closes) // 2
    loaded(erin, tmp_path / "late.csv", closes[half:])
    loaded(erin, tmp_path / "early.csv", closes[:half])
    for purchase in bought:
        since = [(day, price) for day, price in closes if day >= purchase.bought_on]
        for side, limit in (("loss", purchase.stop_loss), ("gain", purchase.take_profit)):
            rows = LimitCrossing.objects.standing().filter(purchase=purchase, side=side).order_by("on")
            wanted = reference(since, Decimal(limit), side)
            assert wanted, "a limit that is never crossed proves nothing"
            assert list(rows.values_list("on", flat=True)) == wanted
