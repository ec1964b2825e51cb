"""Two people at the same moment: one book, two hand-overs; one client, two plans. Each time one wins."""

from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from clients.models import Assignment, Client, Theme
from clients.services import transfer_clients
from interactions.models import Action
from interactions.services import bulk
from tests.factories import ClientFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


class Other(Thread):
    """A second person's act, on a connection of its own; `outcome` is what came of it."""

    def __init__(self, act):
        super().__init__()
        self.act, self.outcome, self.pid = act, None, None

    def run(self):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pid = cursor.fetchone()[0]
            self.outcome = self.act()
        except Exception as error:
            self.outcome = error
        finally:
            connection.close()

    def waits(self) -> None:
        """Come back once the other one waits for a lock of ours, or is done."""
        while self.is_alive():
            if self.pid is None:
                continue
            with connection.cursor() as cursor:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [self.pid])
                if cursor.fetchone()[0]:
                    return


@contextmanager
def meanwhile(act):
    """Do something in a transaction while the other one begins; both are done afterwards."""
    other = Other(act)
    with transaction.atomic():
        yield other
        other.start()
        other.waits()
    other.join()


@pytest.fixture
def book(north, alice):
    return ClientFactory.create_batch(6, branch=north, manager=alice)


def holders() -> set[str]:
    return set(Assignment.objects.filter(to_on=None).values_list("manager__name", flat=True))


def test_of_two_supervisors_handing_over_the_same_book_one_wins_and_the_other_is_told(
    book, alice, anna, bob, north
):
    beth, bill = UserFactory(name="Beth", branch=north), UserFactory(role="supervisor", branch=north)
    with meanwhile(lambda: bulk.hand_over_book(actor=bill, owner=alice, to=[beth], reason="Second")) as other:
        done = bulk.hand_over_book(actor=bob, owner=alice, to=[anna], reason="First")
    assert done.clients == {anna.pk: 6}
    assert isinstance(other.outcome, ValidationError)
    assert holders() == {"Anna"}
    assert Assignment.objects.filter(to_on=None).count() == 6
    assert Assignment.objects.count() == 12


def test_without_asking_again_after_the_lock_the_second_would_take_the_book_away(
    book, alice, anna, bob, north
):
    """The control: the plain transfer of the same clients, read before the lock, moves them once more."""
    beth, bill = UserFactory(name="Beth", branch=north), UserFactory(role="supervisor", branch=north)
    ids = list(bulk.book_of(bob, alice).values_list("pk", flat=True))
    with meanwhile(
        lambda: transfer_clients(
            actor=bill, clients=Client.objects.filter(pk__in=ids), to=beth, reason="Second"
        )
    ) as other:
        transfer_clients(actor=bob, clients=Client.objects.filter(pk__in=ids), to=anna, reason="First")
    assert other.outcome == 6
    assert holders() == {"Beth"}


def test_of_two_who_plan_the_same_for_the_same_clients_one_wins(book, alice, bob):
    def plan(actor):
        return bulk.plan_actions(
            actor=actor,
            clients=Client.objects.editable_by(actor),
            theme=Theme.objects.get(code="review"),
            channel="call",
            due_on=actor.today() + timedelta(days=1),
            about="Yearly review",
        )

    with meanwhile(lambda: plan(alice)) as other:
        first = plan(bob)
    assert first.planned == 6
    assert (other.outcome.planned, other.outcome.had) == (0, 6)
    assert Action.objects.count() == 6


def test_chosen_clients_of_which_some_are_moving_follow_the_last_word_with_one_manager_each(
    book, alice, anna, bob, north
):
    beth = UserFactory(name="Beth", branch=north)
    some = Client.objects.filter(pk__in=[client.pk for client in book[:3]])
    with meanwhile(
        lambda: bulk.hand_over_clients(actor=bob, clients=some, to=beth, reason="Second")
    ) as other:
        bulk.hand_over_book(actor=bob, owner=alice, to=[anna], reason="First")
    assert other.outcome.clients == 3
    open_rows = Assignment.objects.filter(to_on=None, role="primary")
    assert open_rows.count() == open_rows.values("client").distinct().count() == 6
