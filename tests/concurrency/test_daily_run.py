"""Two workers with the same morning: the second waits, finds everything told and writes nothing."""

from datetime import date

import pytest

from clients.models import Tier
from interactions import tasks
from interactions.models import Action, Occurrence
from interactions.services import raise_due
from tests.concurrency.test_books import meanwhile
from tests.factories import ClientFactory, HoldingFactory

pytestmark = pytest.mark.django_db(transaction=True)

MONDAY = date(2026, 3, 2)


@pytest.fixture
def due(north, alice):
    clients = ClientFactory.create_batch(
        3,
        branch=north,
        manager=alice,
        tier=Tier.objects.get(code="gold"),
        birthday=date(1970, 3, 4),
        next_due_on=MONDAY,
        risk_valid_until=MONDAY,
    )
    for client in clients:
        HoldingFactory(client=client, matures_on=date(2026, 3, 6))


def test_two_runs_at_once_tell_everything_once(due):
    with meanwhile(lambda: raise_due(on=MONDAY)) as other:
        first = raise_due(on=MONDAY)
    assert not isinstance(other.outcome, Exception), other.outcome
    assert sum(other.outcome.raised.values()) == 0
    assert Occurrence.objects.count() == sum(first.raised.values()) == 3 * 5
    assert (
        Action.objects.count() == 3 * 4
    )  # both steps of a maturity are one, and the plan answers "not reached"


def test_where_raising_together_fails_each_branch_is_raised_alone(due, north, south, monkeypatch):
    def failing(*, on, branches):
        if len(branches) > 1 or south in branches:
            raise ValueError("a bad row")
        return raise_due(on=on, branches=branches)

    alone = []
    monkeypatch.setattr(tasks, "raise_due", failing)
    monkeypatch.setattr(tasks.raise_for_branch, "delay", lambda pk, on: alone.append(pk))
    tasks.raise_for_branches([north.pk, south.pk], MONDAY.isoformat())
    assert alone == [north.pk, south.pk]
    tasks.raise_for_branch(north.pk, MONDAY.isoformat())
    assert Occurrence.objects.exists()
    with pytest.raises(ValueError, match="bad row"):
        tasks.raise_for_branch(south.pk, MONDAY.isoformat())
