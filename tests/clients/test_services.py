"""A book changes hands: with a reason, at once, and with history."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from clients.models import Assignment, Client
from clients.services import transfer_clients
from interactions.models import Action
from tests.factories import ActionFactory


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
