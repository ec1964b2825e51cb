"""Purchases from files: booked once, filled where empty, never overwritten; a reversal is a row of its own."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from corebanking.services import undo_import
from portfolio.models import Purchase
from tests.corebanking.test_known import reasons
from tests.factories import ProductFactory, PurchaseFactory

HEAD = "purchase_number,client_number,product_code,bought_on,amount,currency,stop_loss,take_profit,seller_staff_number,reverses_purchase_number\n"
SALE = "P1,N-1,FUND,2026-03-02,1500.50,EUR,9.5,14,alice,\n"
BACK = "P2,N-1,FUND,2026-03-09,1500.50,EUR,,,alice,P1\n"


@pytest.fixture(autouse=True)
def fund(db):
    return ProductFactory(code="FUND", kind="fund")


def test_purchase_and_its_reversal_come_in_together(load, carla, alice):
    carla.risk_profile = 3
    carla.save()
    job = load(HEAD + BACK + SALE, kind="purchases")
    assert (job.state, job.created) == ("committed", 2)
    sale = Purchase.objects.get(number="P1")
    assert (sale.amount, sale.stop_loss, sale.take_profit) == (Decimal("1500.50"), Decimal("9.5"), 14)
    assert (sale.seller, sale.risk_profile, sale.campaign_code, sale.reverses) == (alice, 3, "", None)
    assert sale.reversal.number == "P2"


def test_reversal_of_a_purchase_that_is_known(load, carla):
    load(HEAD + SALE, kind="purchases")
    assert load(HEAD + BACK, kind="purchases").created == 1
    assert Purchase.objects.get(number="P2").reverses.number == "P1"


def test_same_purchases_again_change_nothing(load, carla):
    load(HEAD + SALE + BACK, kind="purchases")
    again = load(HEAD + BACK + SALE, kind="purchases")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_what_was_empty_is_filled(load, carla, alice):
    load(HEAD + SALE.replace("9.5,14,alice", ",,"), kind="purchases")
    job = load(HEAD + SALE, kind="purchases")
    assert (job.created, job.updated, job.rejected) == (0, 1, 0)
    sale = Purchase.objects.get()
    assert (sale.stop_loss, sale.take_profit, sale.seller) == (Decimal("9.5"), 14, alice)
    assert load(HEAD + SALE.replace("9.5,14,alice", ",,") + "\n", kind="purchases").unchanged == 1


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("1500.50", "1500.51", "amount"),
        ("2026-03-02", "2026-03-03", "bought_on"),
        ("EUR", "USD", "currency"),
        ("9.5", "9", "stop_loss"),
        ("alice", "anna", "seller_staff_number"),
        ("N-1", "N-2", "client_number"),
    ],
)
def test_known_purchase_that_reads_otherwise_is_rejected(load, carla, nina, anna, old, new, column):
    load(HEAD + SALE, kind="purchases")
    job = load(HEAD + SALE.replace(old, new), kind="purchases", name="two.csv", allow_rejected=1)
    assert [(c, r) for _row, c, r in reasons(job)] == [
        (column, "stands otherwise in the bank, and a purchase is never overwritten: reverse it")
    ]
    assert Purchase.objects.get().amount == Decimal("1500.50")


def test_older_export_of_a_known_purchase_is_passed_over(load, carla):
    load(HEAD + SALE, kind="purchases", source_date=date(2026, 5, 2))
    old = load(
        HEAD + SALE.replace("1500.50", "1.00"), kind="purchases", name="old.csv", source_date=date(2026, 5, 1)
    )
    assert (old.state, old.older, old.rejected) == ("committed", 1, 0)


def test_bad_purchases_each_have_their_reason(load, carla, nina):
    PurchaseFactory(number="OLD", client=nina)
    PurchaseFactory(number="GONE", client=carla)
    PurchaseFactory(number="BACK", client=carla, reverses=Purchase.objects.get(number="GONE"))
    plain = "FUND,2026-03-02,10,EUR"
    rows = [
        f"A,N-9,{plain},,,,",
        "B,N-1,NONE,2026-03-02,10,EUR,,,,",
        "C,N-1,FUND,2026-03-02,0,EUR,,,,",
        f"D,N-1,{plain},,,zoe,",
        f"E,N-1,{plain},9,9,,",
        f"F,N-1,{plain},,,,NOWHERE",
        f"G,N-1,{plain},,,,OLD",
        f"H,N-1,{plain},,,,H",
        f"I,N-1,{plain},,,,GONE",
        f"J,N-1,{plain},,,,BACK",
        f"K,N-1,{plain},,,,A",
        f"L,N-1,{plain},,,,",
        f"L,N-1,{plain},,,,",
    ]
    job = load(HEAD + "\n".join(rows) + "\n", kind="purchases", allow_rejected=1)
    assert (job.rejected, job.created) == (len(rows), 0)
    found = {row: (column, reason) for row, column, reason in reasons(job)}
    assert found["2"] == ("client_number", "unknown client")
    assert found["3"] == ("product_code", "unknown product")
    assert found["4"] == ("amount", "is less than 0.01")
    assert found["5"] == ("seller_staff_number", "unknown staff number")
    assert found["6"] == ("take_profit", "is not above the loss limit")
    back = "reverses_purchase_number"
    assert found["7"] == (back, "unknown purchase, here and in the file")
    assert found["8"] == (back, "is a purchase of another client")
    assert found["9"] == (back, "is the purchase itself")
    assert found["10"] == (back, "is reversed by another one already")
    assert found["11"] == (back, "is a reversal itself")
    assert found["12"] == (back, "is a row of the file that cannot be taken")
    assert found["13"][0] == "purchase_number"
    text = Path(job.errors_path).read_text(encoding="utf-8")
    mended = "\n".join(line for line in text.splitlines() if line.startswith(("purchase_number", "A,", "K,")))
    assert load(mended.replace("N-9", "N-1") + "\n", kind="purchases", name="mended.csv").created == 2


def test_two_reversals_of_one_purchase_in_a_file_are_both_rejected(load, carla):
    job = load(HEAD + SALE + BACK + BACK.replace("P2", "P3"), kind="purchases", allow_rejected=1)
    assert (job.created, job.rejected) == (1, 2)


def test_undone_purchases_go_but_not_beneath_a_later_reversal(load, carla, erin):
    first = load(HEAD + SALE, kind="purchases")
    second = load(HEAD + BACK, kind="purchases")
    with pytest.raises(Exception, match="Later rows refer to 1 row"):
        undo_import(actor=erin, job=first)
    undo_import(actor=erin, job=second)
    undo_import(actor=erin, job=first)
    assert not Purchase.objects.exists()
    both = load(HEAD + SALE + BACK, kind="purchases", name="both.csv")
    undo_import(actor=erin, job=both)
    assert not Purchase.objects.exists()


def test_filled_purchase_is_as_before_when_undone(load, carla, erin):
    load(HEAD + SALE.replace("9.5,14,alice", ",,"), kind="purchases")
    job = load(HEAD + SALE, kind="purchases")
    undo_import(actor=erin, job=job)
    sale = Purchase.objects.get()
    assert (sale.stop_loss, sale.seller) == (None, None)
