"""Imports of holdings and money that are taken back after the daily run."""

from datetime import date, timedelta

from corebanking.services import undo_import
from interactions.services import raise_due
from portfolio.models import ClientAssets, Holding, MaturityCase
from tests.factories import ProductFactory

HOLDINGS = (
    "holding_number,client_number,product_code,opened_on,matures_on,principal,currency,as_of\n"
    "H1,N-1,FUND,2026-01-02,2026-03-20,5000,EUR,2026-03-02\n"
)


def test_an_import_of_holdings_is_undone_with_the_cases_that_nobody_settled(load, erin, carla):
    ProductFactory(code="FUND", kind="fund")
    job = load(HOLDINGS, kind="holdings")
    raise_due(on=date(2026, 3, 2))
    assert MaturityCase.objects.exists()
    undo_import(actor=erin, job=job)
    assert not Holding.objects.exists()
    assert not MaturityCase.objects.exists()


def test_a_balance_of_a_day_to_come_does_not_stand_for_today(load, carla):
    today = carla.branch.today()
    head = "client_number,as_of,currency,deposits,investments\n"
    load(f"{head}N-1,{today + timedelta(days=365)},USD,1,0\nN-1,{today},USD,500,0\n", kind="balances")
    assert ClientAssets.objects.get().amount == 500
