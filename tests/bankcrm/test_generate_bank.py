"""The synthetic bank for benchmarks: the same seed, the same bank; never into a bank that exists."""

from datetime import date

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count

from clients.checks import checks as client_checks
from clients.models import (
    Assignment,
    Client,
    Consent,
    ContactAgreement,
    Fact,
    FactChange,
    Standing,
)
from interactions.checks import checks as interaction_checks
from interactions.models import Action, Contact, Opportunity
from interactions.services import refresh_cadence
from metrics.checks import checks as metric_checks
from staff.models import Branch, User

pytestmark = pytest.mark.django_db

SIZE = {"clients": 600, "contacts": 3000, "on": date(2026, 8, 12)}
TABLES = ["staff_branch", "staff_user", "clients_standing", "clients_assignment", "clients_contactpoint", "clients_datedfact", "clients_fact", "clients_factchange", "portfolio_holding", "interactions_contact", "interactions_contactnote", "interactions_action", "clients_consent", "clients_contactagreement", "interactions_opportunity", "interactions_stagechange"]  # fmt: skip


def generate(seed: int) -> None:
    call_command("generate_bank", **SIZE, seed=seed, verbosity=0)


def digests() -> dict[str, str]:
    """One digest a table; of clients without the ciphertext, whose nonces are fresh each time."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM {table} t")
            found[table] = cursor.fetchone()[0]
        cursor.execute(
            "SELECT md5(string_agg((to_jsonb(t) - 'document_number')::text, '|' ORDER BY id)) FROM clients_client t"
        )
        found["clients_client"] = cursor.fetchone()[0]
    return found


def wipe() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE staff_branch, staff_user, clients_client, portfolio_product CASCADE")


def test_the_same_seed_gives_the_same_bank_and_another_one_does_not():
    made = []
    for seed in (1, 1, 2):
        generate(seed)
        made.append(digests())
        wipe()

    assert made[0] == made[1]
    assert made[0]["interactions_contact"] != made[2]["interactions_contact"]


def test_what_is_made_is_a_bank_that_obeys_the_rules():
    generate(1)

    assert (Client.objects.count(), Contact.objects.count()) == (600, 3000)
    assert Client.objects.exclude(native_name="").exists()
    assert refresh_cadence() == 0  # last reached and next due are what the contacts say
    assert client_checks() + metric_checks() + interaction_checks() == []
    assert Standing.objects.filter(to_on=None).count() == 600
    manager = User.objects.filter(role="account_manager").first()
    assert Assignment.objects.filter(manager=manager, to_on=None, role="primary").count() > 100
    due = Action.objects.waiting_for(manager, SIZE["on"]).due(SIZE["on"]).count()
    assert 10 <= due <= 40
    assert set(Fact.objects.values("client").annotate(n=Count("pk")).values_list("n", flat=True)) == {10}
    assert set(FactChange.objects.values_list("by_kind", flat=True)) == {"import", "staff"}
    managed = Assignment.objects.filter(to_on=None, role="primary").count()
    assert managed * 4 <= Consent.objects.count() <= managed * 4.2
    assert 10 < ContactAgreement.objects.count() < 60
    assert {"interest", "intention", "proposal", "lost"} == set(
        Opportunity.objects.values_list("stage", flat=True)
    )
    Branch.objects.create(code="NEXT", name="Ids go on where the loaded ones end")


def test_history_is_in_force_again_afterwards():
    generate(1)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'pgtrigger%' AND tgenabled = 'D'")
        assert cursor.fetchone()[0] == 0
    assert pgtrigger.registered()


def test_a_bank_that_exists_is_refused(north):
    with pytest.raises(CommandError, match="holds a bank already"):
        generate(1)
    assert Client.objects.count() == 0


def test_sizes_below_one_client_are_refused():
    with pytest.raises(CommandError):
        call_command("generate_bank", clients=0, contacts=10)
