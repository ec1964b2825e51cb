"""A book changes hands: with a reason, at once, and with history."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from clients.models import Assignment, Client
from clients.services import create_client, transfer_clients
from interactions.models import Action
from tests.factories import ActionFactory, BranchFactory, UserFactory


def test_book_moves_with_its_open_actions_and_keeps_its_history(alice, anna, bob, carla):
    ActionFactory(client=carla)
    book = Client.objects.filter(pk=carla.pk)
    assert transfer_clients(actor=bob, clients=book, to=anna, reason="Alice leaves") == 1
    assert transfer_clients(actor=bob, clients=book, to=anna, reason="Again") == 0
    assert not Client.objects.visible_to(alice).exists()
    assert Action.objects.waiting_for(anna, anna.today()).count() == 1
    assert not Action.objects.waiting_for(alice, alice.today()).exists()
    rows = (
        Assignment.objects.filter(client=carla).order_by("pk").values_list("manager__staff_number", "to_on")
    )
    assert list(rows) == [("alice", bob.today()), ("anna", None)]


def test_transfer_needs_a_reason_an_active_manager_and_ones_own_branch(
    alice, anna, bob, charlie, simon, carla
):
    book = Client.objects.filter(pk=carla.pk)
    with pytest.raises(ValidationError):
        transfer_clients(actor=bob, clients=book, to=anna, reason=" ")
    with pytest.raises(ValidationError):
        transfer_clients(actor=bob, clients=book, to=bob, reason="No manager")
    with pytest.raises(PermissionDenied):
        transfer_clients(actor=alice, clients=book, to=anna, reason="Mine to give")
    with pytest.raises(PermissionDenied):
        transfer_clients(actor=bob, clients=Client.objects.filter(pk=simon.pk), to=anna, reason="Not his")
    assert Client.objects.visible_to(alice).get() == carla


def test_an_estimate_goes_with_the_value_it_was_made_of(alice, carla):
    from decimal import Decimal

    from clients.models import FactType
    from clients.services import Learnt, learn

    work = FactType.objects.get(code="occupation")

    def write(value, amount=None, currency=""):
        (fact,) = learn(actor=alice, client=carla, learnt=[Learnt(work, value, amount, currency)])
        fact.refresh_from_db()
        return fact.value, fact.amount, fact.currency

    assert write("teacher", Decimal(2000), "EUR") == ("teacher", Decimal(2000), "EUR")
    assert write("teacher", Decimal(2000), "USD") == ("teacher", Decimal(2000), "USD")
    assert write("Teacher") == ("teacher", Decimal(2000), "USD")
    assert write("painter") == ("painter", None, "")


@pytest.fixture
def east(bank, monkeypatch):
    """A branch in which it is tomorrow already: 2 January in Shanghai, the 1st in Madrid."""
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 1, 1, 20, tzinfo=UTC))
    return BranchFactory(parent=bank, time_zone="Asia/Shanghai")


def test_a_client_added_where_it_is_tomorrow_is_seen_at_once(east):
    manager = UserFactory(branch=east, time_zone="Europe/Madrid")
    data = {"number": "E-1", "name": "Li Na", "branch": east, "phone": "+34600999888"}
    added = create_client(actor=manager, data=data)
    assert Client.objects.visible_to(manager).filter(pk=added.pk).exists()


def test_a_book_begun_where_it_is_tomorrow_changes_hands_today(bank, east, anna):
    supervisor = UserFactory(role="supervisor", branch=bank)
    added = create_client(
        actor=UserFactory(branch=east), data={"number": "E-1", "name": "Li Na", "branch": east}
    )
    book = Client.objects.filter(pk=added.pk)
    assert transfer_clients(actor=supervisor, clients=book, to=anna, reason="Moved") == 1
    assert Client.objects.visible_to(anna).get() == added
    former = Assignment.objects.get(client=added, to_on__isnull=False)
    assert former.to_on == former.from_on  # it never counted for a day
