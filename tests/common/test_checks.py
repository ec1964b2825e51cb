"""What `verify` finds: each rule holds for data made the usual way, and is missed when it is broken."""

import importlib
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from clients.models import Assignment, Client, ContactPoint, Fact, FactType, Standing
from clients.services import add_contact_point, record_fact_change
from interactions.models import Action, Contact
from interactions.services.cadence import refresh_cadence
from messaging.models import Message
from portfolio.models import BalanceSnapshot, HoldingParty, MaturityCase, MaturityPart
from portfolio.standing import reckon_assets
from staff.models import Branch, Cover, User
from tests.factories import (
    ActionFactory,
    ClientFactory,
    ContactFactory,
    CoverFactory,
    HoldingFactory,
    OccurrenceFactory,
)

APPS = ["staff", "messaging", "clients", "portfolio", "interactions"]


def _findings(app: str) -> list[str]:
    return importlib.import_module(f"{app}.checks").checks()


@pytest.fixture
def bank_at_work(alice, anna, bob, north):
    """A client of alice with all that belongs to one, and a second of anna."""
    client = ClientFactory(number="N-1", name="Carla Núñez", branch=north, manager=alice)
    add_contact_point(actor=alice, client=client, kind="phone", value="+34600111222")
    fact = Fact.objects.create(client=client, type=FactType.objects.get(code="occupation"), value="Architect")
    record_fact_change(
        actor=alice, client=client, code="occupation", slot=f"fact/{fact.pk}", old="", new="Architect"
    )
    action = ActionFactory(client=client)
    ContactFactory(client=client, staff=alice, action=action)
    OccurrenceFactory(client=client, action=action)
    holding = HoldingFactory(client=client)
    HoldingParty.objects.create(holding=holding, client=client, role="owner")
    MaturityCase.objects.create(
        holding=holding,
        client=client,
        matures_on=date(2026, 3, 2),
        effective_on=date(2026, 3, 2),
        principal=holding.principal,
        currency=holding.currency,
        opened_on=date(2026, 2, 2),
    )
    BalanceSnapshot.objects.create(
        client=client, as_of=date(2026, 3, 2), currency="USD", deposits=9, investments=0
    )
    reckon_assets()
    other = ClientFactory(number="N-2", name="Nina Berg", branch=north, manager=anna)
    HoldingParty.objects.create(holding=holding, client=other, role="joint")
    CoverFactory(covered=alice, stand_in=anna)
    Message.objects.create(user=alice, address=alice.email, kind="digest", subject="3", body="")
    refresh_cadence()
    return client


@pytest.mark.parametrize("app", APPS)
def test_data_made_the_usual_way_break_no_rule(bank_at_work, app):
    assert _findings(app) == []


LONG_AGO = timezone.now() - timedelta(days=3)
BREAKS = {
    "branches whose path": ("staff", lambda: Branch.objects.filter(code="NORTH").update(path=[])),
    "people whose role works at a branch": (
        "staff",
        lambda: User.objects.filter(name="Bob").update(branch=None),
    ),
    "covers repeat": (
        "staff",
        lambda: CoverFactory(covered=Cover.objects.get().covered, stand_in=Cover.objects.get().stand_in),
    ),
    "messages are stuck": ("messaging", lambda: Message.objects.update(state="sending", claimed_at=LONG_AGO)),
    "messages have been due": ("messaging", lambda: Message.objects.update(not_before=LONG_AGO)),
    "messages being sent were never claimed": ("messaging", lambda: Message.objects.update(state="sending")),
    "messages wait for a person": (
        "messaging",
        lambda: Message.objects.update(state="unknown", claimed_at=LONG_AGO - timedelta(days=7)),
    ),
    "messages wait for a channel": ("messaging", lambda: Message.objects.update(channel="pigeon")),
    "messages other than mail": (
        "messaging",
        lambda: Message.objects.update(channel="sms", unsubscribe_url="https://x.example/"),
    ),
    "messages were tried too often": ("messaging", lambda: Message.objects.update(attempts=9)),
    "open assignments to people who look after no clients": (
        "clients",
        lambda: User.objects.filter(name="Alice").update(role="front_desk"),
    ),
    "assignments that are to begin": (
        "clients",
        lambda: (
            Assignment.objects.update(from_on=timezone.localdate() + timedelta(days=2)),
            User.objects.filter(name="Alice").update(is_active=False),
        ),
    ),
    "clients whose open standing": (
        "clients",
        lambda: Client.objects.filter(number="N-1").update(status="dormant"),
    ),
    "clients whose standings overlap": (
        "clients",
        lambda: Standing.objects.create(
            client=Client.objects.get(number="N-1"),
            branch=Branch.objects.get(code="NORTH"),
            status="active",
            from_on=date(2026, 1, 1),
            to_on=date(2026, 2, 1),
        ),
    ),
    "clients whose sort name or search words": (
        "clients",
        lambda: Client.objects.filter(number="N-1").update(name="Carla Berg"),
    ),
    "facts and contact points that the ledger": ("clients", lambda: Fact.objects.update(value="Painter")),
    "birthdays that the ledger": ("clients", lambda: ClientFactory(manager=None, birthday=date(1980, 2, 29))),
    "clients with a document number or its hash": (
        "clients",
        lambda: Client.objects.filter(number="N-1").update(document_hash="x"),
    ),
    "owners of a holding who are not the client": (
        "portfolio",
        lambda: (
            HoldingParty.objects.filter(role="owner").delete(),
            HoldingParty.objects.update(role="owner"),
        ),
    ),
    "holdings that name people but no owner": (
        "portfolio",
        lambda: HoldingParty.objects.filter(role="owner").delete(),
    ),
    "owners of a holding who stand beside it": (
        "portfolio",
        lambda: HoldingParty.objects.filter(role="owner").update(role="joint"),
    ),
    "maturities that have parts though nobody settled them": (
        "portfolio",
        lambda: MaturityPart.objects.create(
            case=MaturityCase.objects.get(), outcome="lost", amount=1, currency="EUR"
        ),
    ),
    "assets of a client computed from a balance that is not there": (
        "portfolio",
        lambda: BalanceSnapshot.objects.all().delete(),
    ),
    "clients whose last reached contact": (
        "interactions",
        lambda: Client.objects.update(last_reached_at=None),
    ),
    "occurrences answered by an action of another client": (
        "interactions",
        lambda: Action.objects.update(client=Client.objects.get(number="N-2")),
    ),
    "contacts that fulfil an action of another client": (
        "interactions",
        lambda: Contact.objects.update(client=Client.objects.get(number="N-2")),
    ),
    "actions that follow from a contact with another client": (
        "interactions",
        lambda: ActionFactory(client=Client.objects.get(number="N-2"), from_contact=Contact.objects.get()),
    ),
    "actions that only a voided contact has done": (
        "interactions",
        lambda: (
            Action.objects.update(state="done", closed_at=timezone.now()),
            Contact.objects.update(voided_at=timezone.now(), void_reason="wrong client"),
        ),
    ),
    "open actions with clients whose file is closed": (
        "interactions",
        lambda: Client.objects.filter(number="N-1").update(status="deceased"),
    ),
}


@pytest.mark.parametrize("words", BREAKS)
def test_broken_rule_is_found(bank_at_work, words):
    app, break_it = BREAKS[words]
    break_it()
    assert any(words in finding for finding in _findings(app))


def test_removed_fact_is_missed_by_the_ledger(bank_at_work):
    ContactPoint.objects.all().delete()
    assert any("contact_point/" in finding for finding in _findings("clients"))


def test_search_of_a_large_bank_is_looked_at_in_turns(bank_at_work, monkeypatch):
    from clients import checks

    monkeypatch.setattr(checks, "SEARCH_SAMPLE", 1)
    Client.objects.update(sort_name="x")
    found = 0
    for day in range(2):
        monkeypatch.setattr(
            checks.timezone, "localdate", lambda day=day: date(2026, 1, 1) + timedelta(days=day)
        )
        found += len(checks._search())
    assert found == 2
    assert set(Client.objects.values_list("sort_name", flat=True)) == {"x"}  # looked at, not repaired


def test_every_app_with_data_has_checks():
    for app in ("common", *APPS):
        assert app in settings.HOUSE_APPS
        assert callable(importlib.import_module(f"{app}.checks").checks)
