"""What changed is found by history, whoever changed it: the daily run leaves nothing for the look at everything."""

import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pgtrigger
import pytest
from django.db import connection
from django.utils import timezone

from clients.models import Assignment, Client, DatedFact, Tier
from clients.services import write_dated_fact
from interactions import services
from interactions.models import Action, Occurrence
from interactions.services import raise_due, touched
from interactions.services.due import look_at_all
from interactions.services.overtaken import withdraw_overtaken
from interactions.services.plans import plan_service
from interactions.services.touched import LONGEST_SILENCE, touched_since
from portfolio.models import Holding, Purchase
from staff.models import User
from tests.factories import (
    ActionFactory,
    AppointmentFactory,
    ClientFactory,
    ContactFactory,
    HoldingFactory,
    ProductFactory,
    PurchaseFactory,
)

HISTORY = re.findall(r"FROM (\w+event) e", touched._TOUCHED)


@pytest.fixture
def on(north):
    return north.today()


@pytest.fixture
def bank(north, alice, on):
    """A client with one of everything that is due, and a planned contact; another with nothing."""
    soon = on + timedelta(days=4)
    client = ClientFactory(
        branch=north,
        manager=alice,
        tier=Tier.objects.get(code="gold"),
        number="ALL",
        next_due_on=on + timedelta(days=20),
        risk_valid_until=soon,
        document_valid_until=soon,
        weakening_since=on,
    )
    ClientFactory(branch=north, number="NONE")
    write_dated_fact(actor=alice, client=client, kind="birthday", month=soon.month, day=soon.day)
    HoldingFactory(client=client, number="H", matures_on=soon)
    fund = ProductFactory(kind="fund")
    PurchaseFactory(client=client, product=fund, bought_on=on - timedelta(days=90), number="P")
    Action.objects.all().delete()
    # The relationship's talk is one of the theme: with it nothing else is planned.
    Client.objects.filter(number="ALL").update(weakening_since=None)
    raise_due(on=on)
    assert set(Action.objects.open().values_list("source", flat=True)) == {
        "", "birthday", "maturity", "risk_expiry", "document_expiry", "purchase_review",
    }  # fmt: skip
    long_ago()
    return client


def long_ago():
    """What happened so far is no news to the next morning."""
    with pgtrigger.ignore():
        for table in HISTORY:
            by_sql(f"UPDATE {table} SET pgh_created_at = pgh_created_at - interval '30 days'")


def by_sql(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def by_copy(alice):
    row = Purchase.objects.get(number="P")
    line = f"R\t{row.client_id}\t{row.product_id}\t{row.bought_on}\t{row.amount}\t{row.pk}\tEUR\t\n"
    with connection.cursor() as cursor:
        cursor.copy_expert(
            "COPY portfolio_purchase (number, client_id, product_id, bought_on, amount, reverses_id, currency, "
            "campaign_code) FROM STDIN",
            StringIO(line),
        )


def leave(alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)


def reach(alice):
    moment = timezone.now()
    ContactFactory(client=Client.objects.get(number="ALL"), staff=alice, occurred_at=moment)
    services.refresh_cadence()


CHANGES = {
    "renewed by plain SQL": (
        lambda alice: by_sql("UPDATE clients_client SET risk_valid_until = risk_valid_until + 700"),
        {"risk_expiry"},
    ),
    "a day taken off": (lambda alice: Client.objects.update(document_valid_until=None), {"document_expiry"}),
    "a date corrected": (
        lambda alice: write_dated_fact(
            actor=alice, client=Client.objects.get(number="ALL"), kind="birthday", month=1, day=1
        ),
        {"birthday"},
    ),
    "a deposit prolonged": (
        lambda alice: Holding.objects.update(matures_on=date(2040, 1, 2)),
        {"maturity"},
    ),
    "a deposit that is another's now": (
        lambda alice: Holding.objects.update(client=Client.objects.get(number="NONE")),
        {"maturity"},
    ),
    "a deposit gone": (lambda alice: Holding.objects.all().delete(), {"maturity"}),
    "a purchase taken back through COPY": (by_copy, {"purchase_review"}),
    "somebody reached": (reach, {""}),
    "a file that rests": (lambda alice: Client.objects.update(status="dormant"), {""}),
    "an account manager who left": (leave, {""}),
    "a book that nobody holds": (
        lambda alice: Assignment.objects.filter(client__number="ALL").update(to_on=alice.today()),
        {""},
    ),
    "a talk that somebody planned": (
        lambda alice: ActionFactory(client=Client.objects.get(number="ALL")),
        {""},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whoever_changes_what_a_reminder_hangs_on_the_next_morning_withdraws_it(
    bank, north, alice, on, change
):
    act, ended = CHANGES[change]
    before = set(Action.objects.open().values_list("pk", flat=True))
    act(alice)
    raise_due(on=on + timedelta(days=1))
    gone = Action.objects.filter(pk__in=before, state="expired")
    assert set(gone.values_list("source", flat=True)) == ended
    assert withdraw_overtaken(north) == 0
    assert plan_service(north, on=on + timedelta(days=1)).ended == 0


def test_an_action_that_is_opened_again_after_its_cause_has_gone_ends_the_next_morning(bank, on):
    done = Action.objects.filter(source="risk_expiry")
    done.update(state="done", closed_at=timezone.now())
    Client.objects.update(risk_valid_until=None)
    raise_due(on=on + timedelta(days=1))
    assert done.get().state == "done"
    long_ago()
    done.update(state="planned", closed_at=None)
    raise_due(on=on + timedelta(days=2))
    assert done.get().state == "expired"


def test_an_appointment_keeps_what_is_overtaken_and_cancelled_no_longer(bank, alice, on):
    action = Action.objects.get(source="risk_expiry")
    met = AppointmentFactory(action=action, made_by=alice)
    Client.objects.filter(pk=bank.pk).update(risk_valid_until=None)
    raise_due(on=on + timedelta(days=1))
    long_ago()
    type(met).objects.update(cancelled_at=timezone.now())
    action.refresh_from_db()
    assert action.state == "planned"
    raise_due(on=on + timedelta(days=2))
    action.refresh_from_db()
    assert action.state == "expired"


def test_what_the_morning_itself_tells_ends_the_planned_contact_beside_it(bank, on):
    Client.objects.filter(pk=bank.pk).update(weakening_since=on + timedelta(days=1))
    long_ago()
    raise_due(on=on + timedelta(days=1))
    assert Action.objects.open().filter(source="relationship").exists()
    assert Action.objects.get(origin="plan").state == "expired"


def test_a_morning_without_changes_looks_at_nobody(bank):
    assert touched_since(timezone.now()) == []
    Client.objects.update(city="Ávila")
    assert touched_since(timezone.now()) == [bank.pk]


def test_after_a_long_silence_everything_is_looked_at(bank):
    assert touched_since(None) is None
    assert touched_since(timezone.now() - LONGEST_SILENCE - timedelta(minutes=1)) is None


def test_what_history_does_not_tell_the_night_finds(bank, north, on):
    with pgtrigger.ignore():
        Client.objects.update(risk_valid_until=None, next_due_on=None)
    raise_due(on=on + timedelta(days=1))
    assert not Action.objects.filter(state="expired").exists()
    assert look_at_all() == 2
    assert look_at_all() == 0
    assert not Action.objects.open().filter(source__in=["", "risk_expiry"]).exists()


def test_what_was_acted_on_stays_whatever_changes(bank, on):
    Action.objects.update(state="done", closed_at=datetime(2026, 1, 1, tzinfo=UTC))
    told = Occurrence.objects.count()
    DatedFact.objects.all().delete()
    Client.objects.update(risk_valid_until=None, document_valid_until=None, next_due_on=None)
    raise_due(on=on + timedelta(days=1))
    assert Occurrence.objects.count() == told
    assert not Action.objects.filter(state="expired").exists()
