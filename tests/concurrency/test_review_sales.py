"""Two at the same moment: news of the market, and the cases that a daily run opens."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from clients.catalogue import ensure_catalogue
from interactions.models import Action, HolderCall
from interactions.services import markets, raise_due
from portfolio.models import MaturityCase
from tests.factories import BranchFactory, ClientFactory, HoldingFactory, ProductFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    ensure_catalogue()
    branch = BranchFactory()
    boss, fund = UserFactory(branch=branch, role="supervisor"), ProductFactory(kind="fund")
    client = ClientFactory(branch=branch, manager=UserFactory(branch=branch))
    HoldingFactory(client=client, product=fund)
    return boss, fund


def test_two_news_at_the_same_moment_make_one_call(scene, monkeypatch):
    boss, fund = scene
    met, real = threading.Barrier(2), markets.new_ids

    def slow(count):
        try:
            met.wait(timeout=0.7)  # both have looked for a standing talk, unless one waits its turn
        except threading.BrokenBarrierError:
            met.reset()
        return real(count)

    monkeypatch.setattr(markets, "new_ids", slow)

    def news():
        try:
            until = boss.today() + timedelta(days=3)
            markets.open_market_event(
                actor=boss, title="Rates rose", why="Hold.", products=[fund], until=until
            )
        finally:
            connection.close()

    threads = [threading.Thread(target=news) for _n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert HolderCall.objects.count() == 2
    assert Action.objects.count() == 1


def test_two_daily_runs_at_the_same_moment_open_one_case(scene):
    boss, _fund = scene
    client = ClientFactory(branch=boss.branch)
    for n in range(20):
        HoldingFactory(client=client, matures_on=boss.today() + timedelta(days=n))
    failed = []

    def run():
        try:
            raise_due()
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not failed
    assert MaturityCase.objects.count() == 20
    assert Action.objects.filter(source="maturity").count() == 20
