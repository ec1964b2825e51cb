"""Completeness as a condition of a segment says what the file says, of every client alike."""

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.rules import CRITERIA, checked, condition, said
from campaigns.services import members, save_segment
from clients.knowing import known_of
from clients.models import Client, FactType
from interactions.models import Contact
from tests.factories import ClientFactory, FactChangeFactory


def rule(how, value):
    return {"groups": [{"parts": [{"what": "completeness", "how": how, "value": str(value)}]}]}


def chosen(how, value, today):
    return set(Client.objects.filter(condition(checked(rule(how, value)), today)))


@pytest.fixture
def clients(north):
    """Some of whom nothing is known, some of whom everything; slots written, emptied, and moved to another type."""
    dice, types = random.Random(7), list(FactType.objects.all())
    found = ClientFactory.create_batch(12, branch=north)
    for n, client in enumerate(found):
        for _n in range(n * 5):
            kind = dice.choice(types)
            FactChangeFactory(
                client=client,
                fact_type=kind,
                slot=f"fact/{dice.randrange(12)}",
                new=dice.choice(["", "golf", "tea"]),
            )
    for kind in types:
        FactChangeFactory(client=found[-1], fact_type=kind, slot=f"type/{kind.pk}")
    return found


def test_it_is_the_share_that_the_file_shows(clients, north):
    today = north.today()
    shares = {
        client: 100 * known_of(client, contacts_table=Contact._meta.db_table, on=today).completeness
        for client in clients
    }
    assert min(shares.values()) == 0
    assert max(shares.values()) == 100
    assert len({round(share) for share in shares.values()}) > 5
    for value in (0, 1, 20, 35, 50, 99, 100):
        least = {client for client, share in shares.items() if round(share, 6) >= value}
        most = {client for client, share in shares.items() if round(share, 6) <= value}
        assert chosen("at_least", value, today) == least
        assert chosen("at_most", value, today) == most


def test_a_share_that_is_met_exactly_counts_either_way(north):
    client = ClientFactory(branch=north)
    FactType.objects.update(weight=0)
    half, other = FactType.objects.all()[:2]
    FactType.objects.filter(pk__in=(half.pk, other.pk)).update(weight=7)
    FactChangeFactory(client=client, fact_type=half)
    assert chosen("at_least", 50, north.today()) == chosen("at_most", 50, north.today()) == {client}
    assert not chosen("at_least", 51, north.today())


def test_a_catalogue_without_weights_knows_nothing_of_anybody(north):
    client = ClientFactory(branch=north)
    FactChangeFactory(client=client)
    FactType.objects.update(weight=0)
    assert chosen("at_most", 0, north.today()) == {client}
    assert not chosen("at_least", 1, north.today())


def test_it_is_joined_negated_said_and_asked_in_one_query(bob, clients):
    both = rule("at_least", 20)
    both["groups"][0] |= {"not": True}
    both["groups"].append({"parts": [{"what": "status", "how": "is", "value": "active"}]})
    version = save_segment(actor=bob, name="Little known", rule=both)
    assert said(version.rule) == "not (Completeness at least 20 percent) and Status is Active"
    found = members(version, bob)
    with CaptureQueriesContext(connection) as queries:
        low = set(found)
    assert len(queries) == 1
    assert low == set(clients) - chosen("at_least", 20, bob.today())
    # As a part of another question too, where the database knows the clients by another name.
    assert set(Client.objects.filter(pk__in=found.values("pk"))) == low
    assert CRITERIA["completeness"].most == 100
