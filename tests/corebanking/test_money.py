"""The ledgers of money from files: prices, rates, balances, movements, channel use."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from corebanking.models import ImportJob
from corebanking.refusals import ImportRefused
from corebanking.services import undo_import
from portfolio.models import BalanceSnapshot, ChannelUse, ClientAssets, LimitCrossing, Movement, Price, Rate
from tests.corebanking.test_known import reasons
from tests.factories import ProductFactory, PurchaseFactory

PRICES = "product_code,date,price\n"
BALANCES = "client_number,as_of,currency,deposits,investments,loans\n"
MOVED = (
    "movement_number,client_number,booked_on,amount,currency,direction,counterparty_bank,external\n"
    "M1,N-1,2026-03-02,300000.00,EUR,out,Banco Sur,yes\n"
    "M2,N-1,2026-03-03,12.50,EUR,in,,\n"
)


@pytest.fixture
def fund(db):
    return ProductFactory(code="FUND", kind="fund")


@pytest.fixture
def bought(fund, carla):
    return PurchaseFactory(
        product=fund, client=carla, number="P1", bought_on=date(2026, 3, 2), stop_loss=9, take_profit=12
    )


def test_load_of_prices_notes_what_was_crossed_and_the_same_again_nothing(load, bought):
    job = load(PRICES + "FUND,2026-03-02,10\nFUND,2026-03-03,8.5\n", kind="prices")
    assert (job.state, job.created) == ("committed", 2)
    crossing = LimitCrossing.objects.get()
    assert (crossing.on, crossing.side, crossing.price) == (date(2026, 3, 3), "loss", Decimal("8.5"))
    again = load(PRICES + "FUND,2026-03-03,8.5\nFUND,2026-03-02,10\n", kind="prices")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert LimitCrossing.objects.count() == 1


def test_corrected_price_takes_its_crossing_back(load, bought):
    load(PRICES + "FUND,2026-03-03,8.5\n", kind="prices")
    assert load(PRICES + "FUND,2026-03-03,9.5\n", kind="prices").updated == 1
    assert not LimitCrossing.objects.standing().exists()


def test_undone_prices_are_gone_with_what_they_crossed(load, erin, bought):
    first = load(PRICES + "FUND,2026-03-02,10\n", kind="prices")
    undo_import(actor=erin, job=load(PRICES + "FUND,2026-03-02,8\nFUND,2026-03-03,8.5\n", kind="prices"))
    assert list(Price.objects.values_list("on", "price")) == [(date(2026, 3, 2), Decimal(10))]
    assert not LimitCrossing.objects.standing().exists()
    undo_import(actor=erin, job=first)
    assert not Price.objects.exists()


def test_prices_that_were_corrected_since_are_not_undone(load, erin, fund):
    job = load(PRICES + "FUND,2026-03-02,10\nFUND,2026-03-03,11\n", kind="prices")
    load(PRICES + "FUND,2026-03-03,12\n", kind="prices")
    with pytest.raises(ImportRefused, match="1 row"):
        undo_import(actor=erin, job=job)
    assert Price.objects.count() == 2


def test_older_export_of_prices_never_overwrites_a_newer_one(load, fund):
    load(PRICES + "FUND,2026-03-02,10\n", kind="prices", source_date=date(2026, 3, 10))
    load(PRICES + "FUND,2026-03-02,11\n", kind="prices", source_date=date(2026, 3, 5))
    assert Price.objects.get().price == 10


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("NONE,2026-03-02,10", "product_code"),
        ("FUND,02/03/2026,10", "date"),
        ("FUND,2026-03-02,0", "price"),
        ("FUND,2026-03-02,-1", "price"),
        ("FUND,2026-03-02,=1+1", "price"),
        ("FUND,2026-03-02,", "price"),
    ],
)
def test_bad_price_is_refused_by_its_column_and_nothing_is_written(load, fund, row, column):
    job = load(f"{PRICES}FUND,2026-03-01,10\n{row}\n", kind="prices")
    assert (job.state, job.rejected) == ("refused", 1)
    assert column in {found[1] for found in reasons(job)}
    assert not Price.objects.exists()


def test_purchase_that_comes_after_its_prices_has_its_crossing(load, carla, fund):
    load(PRICES + "FUND,2026-03-02,10\nFUND,2026-03-03,8.5\n", kind="prices")
    head = "purchase_number,client_number,product_code,bought_on,amount,currency,stop_loss\n"
    load(head + "P1,N-1,FUND,2026-03-02,1000,EUR,9\n", kind="purchases")
    assert LimitCrossing.objects.get().on == date(2026, 3, 3)


def test_purchase_with_a_crossing_is_undone_with_it(load, erin, carla, fund):
    load(PRICES + "FUND,2026-03-03,8.5\n", kind="prices")
    head = "purchase_number,client_number,product_code,bought_on,amount,currency,stop_loss\n"
    undo_import(actor=erin, job=load(head + "P1,N-1,FUND,2026-03-02,1000,EUR,9\n", kind="purchases"))
    assert not LimitCrossing.objects.exists()


def test_reversal_takes_the_crossing_back_and_its_undoing_brings_it_again(load, erin, carla, fund, bought):
    load(PRICES + "FUND,2026-03-03,8.5\n", kind="prices")
    head = "purchase_number,client_number,product_code,bought_on,amount,currency,reverses_purchase_number\n"
    job = load(f"{head}P2,N-1,FUND,2026-03-09,{bought.amount},{bought.currency},P1\n", kind="purchases")
    assert LimitCrossing.objects.get().gone_at is not None
    undo_import(actor=erin, job=job)
    assert LimitCrossing.objects.get().gone_at is None


def test_rates_are_loaded_and_corrected(load):
    load("date,currency,rate\n2026-03-02,EUR,0.92\n2026-03-02,JPY,149.5\n", kind="rates")
    assert load("date,currency,rate\n2026-03-02,EUR,0.93\n", kind="rates").updated == 1
    assert Rate.objects.get(currency="EUR").rate == Decimal("0.93")
    assert Rate.pgh_event_model.objects.get().rate == Decimal("0.92")  # what the correction overwrote


def test_balances_are_kept_by_day_and_currency_and_undone(load, erin, carla):
    load(BALANCES + "N-1,2026-03-31,EUR,100.10,50,\nN-1,2026-03-31,USD,1,0,7\n", kind="balances")
    assert BalanceSnapshot.objects.get(currency="EUR").assets == Decimal("150.10")
    job = load(BALANCES + "N-1,2026-03-31,EUR,200,50,9\nN-1,2026-04-30,EUR,300,0,\n", kind="balances")
    assert (job.created, job.updated) == (1, 1)
    undo_import(actor=erin, job=job)
    assert list(
        BalanceSnapshot.objects.order_by("currency").values_list("currency", "deposits", "loans")
    ) == [
        ("EUR", Decimal("100.10"), 0),
        ("USD", Decimal(1), 7),
    ]


def test_loaded_balances_say_what_a_client_has_and_undone_ones_no_more(load, erin, carla):
    load(BALANCES + "N-1,2026-03-31,USD,100.10,50,7\n", kind="balances")
    assert ClientAssets.objects.get().amount == Decimal("150.10")
    later = load(BALANCES + "N-1,2026-04-30,USD,300,0,\n", kind="balances")
    assert ClientAssets.objects.get().amount == 300
    undo_import(actor=erin, job=later)
    assert ClientAssets.objects.get().amount == Decimal("150.10")


def test_movements_are_booked_once_and_never_overwritten(load, carla):
    assert load(MOVED, kind="movements").created == 2
    assert Movement.objects.external().get().counterparty_bank == "Banco Sur"
    assert load(MOVED + "\n", kind="movements").unchanged == 2
    job = load(MOVED.replace("300000.00", "400000.00"), kind="movements")
    assert (job.state, job.rejected) == ("refused", 1)
    assert "never overwritten" in str(reasons(job))
    assert Movement.objects.get(number="M1").amount == 300000


def test_movements_are_undone(load, erin, carla):
    undo_import(actor=erin, job=load(MOVED, kind="movements"))
    assert not Movement.objects.exists()
    assert load(MOVED, kind="movements").created == 2


def test_channel_use_takes_a_month_or_any_of_its_days(load, carla):
    head = "client_number,month,channel,count\n"
    load(head + "N-1,2026-03,mobile,12\nN-1,2026-04-17,web,3\n", kind="channel_use")
    rows = ChannelUse.objects.order_by("month").values_list("month", "channel", "count")
    assert list(rows) == [(date(2026, 3, 1), "mobile", 12), (date(2026, 4, 1), "web", 3)]
    twice = load(head + "N-1,2026-05,mobile,1\nN-1,2026-05-31,mobile,2\n", kind="channel_use")
    assert (twice.state, twice.rejected) == ("refused", 2)


@pytest.mark.parametrize("kind", ["balances", "movements", "channel_use"])
def test_preview_masks_what_is_stored_of_clients(load, carla, kind):
    files = {
        "balances": (BALANCES + "N-1,2026-03-31,EUR,123456.78,50,\n", "123456.78", "99.00"),
        "channel_use": ("client_number,month,channel,count\nN-1,2026-03,mobile,77\n", "77", "3"),
        "movements": (MOVED, "Banco Sur", "Banco Sur"),
    }
    text, old, new = files[kind]
    load(text, kind=kind)
    job = load(text.replace(old, new), kind=kind, dry_run=True)
    assert isinstance(job, ImportJob)
    told = str(job.preview)
    assert "'old': '123456.78'" not in told
    assert "'old': '77'" not in told


def test_long_file_of_prices_leaves_its_table_known_to_the_planner(load, fund):
    """Its day is called "on", a word of SQL's own."""
    days = (date(2020, 1, 1) + timedelta(days=n) for n in range(1200))
    job = load(PRICES + "".join(f"FUND,{day},10\n" for day in days), kind="prices")
    assert (job.state, job.created) == ("committed", 1200)
