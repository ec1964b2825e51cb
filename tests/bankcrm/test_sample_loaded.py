"""A sample bank that is loaded: everything is there, and everybody has what they need. Loaded once for all of it."""

from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Count
from django.test import override_settings
from django.utils import timezone

from bankcrm.sample.cast import AWAY, MANAGERS, STAND_IN
from clients.checks import checks as client_checks
from clients.models import (
    Client,
    Consent,
    ContactAgreement,
    ContactPoint,
    DatedFact,
    FactChange,
    Household,
    SightGrant,
    Tier,
)
from corebanking.models import ImportJob
from interactions.checks import checks as interaction_checks
from interactions.models import (
    Action,
    Appointment,
    Contact,
    Courtesy,
    Opportunity,
    Promise,
    Referral,
    ServiceCase,
)
from metrics.checks import checks as metric_checks
from metrics.periods import Period
from metrics.reports import report, scope_of_bank
from portfolio.checks import checks as portfolio_checks
from portfolio.models import Holding, Purchase
from staff.models import Branch, User

CHECKS = (client_checks, portfolio_checks, interaction_checks, metric_checks)
PASSWORD = "quite-another-word"


def _load(**options) -> str:
    out = StringIO()
    call_command("load_sample", stdout=out, **{"clients": 120, **options})
    return out.getvalue()


@pytest.fixture(scope="module")
def loaded(module_db, tmp_path_factory):
    """A small sample bank as of today; what the command printed."""
    with (
        override_settings(UPLOADS_DIR=tmp_path_factory.mktemp("uploads")),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DEMO_PASSWORD", PASSWORD)
        with module_db():
            return _load()


@pytest.fixture
def said(loaded, db):
    """The same for one test, which may change what it likes."""
    return loaded


def _today_of(staff_number: str) -> list[Action]:
    user = User.objects.get(staff_number=staff_number)
    return list(Action.objects.waiting_for(user, user.today()).due(user.today()))


def test_files_come_in_whole_and_every_manager_has_work_today(said):
    jobs = list(ImportJob.objects.all())
    assert [job.kind for job in sorted(jobs, key=lambda job: job.pk)] == [
        "branches",
        "staff",
        "clients",
        "facts",
        "dated_facts",
        "consents",
        "agreements",
        "relations",
        "products",
        "prices",
        "rates",
        "holdings",
        "holding_parties",
        "purchases",
        "balances",
        "movements",
        "channel_use",
        "contacts",
    ]
    assert {job.state for job in jobs} == {"committed"}
    assert sum(job.rejected for job in jobs) == 0
    assert Client.objects.count() == 120
    assert set(Branch.objects.values_list("country", flat=True)) == {"ES", "CN", "MX"}
    assert Contact.objects.filter(is_imported=True).count() > 500
    assert Contact.objects.filter(is_imported=False).exists()
    assert Client.objects.exclude(last_reached_at=None).count() > 80
    assert DatedFact.objects.filter(kind="birthday").count() > 80
    assert all(len(_today_of(manager.staff_number)) >= 6 for manager in MANAGERS)
    origins = {action.source or action.origin for action in _today_of("2012")}
    assert {"birthday", "maturity", "by_hand"} <= origins
    assert "clients: 120" in said
    assert "The sample bank is loaded" in said


def test_everything_of_a_clients_file_is_there_and_nothing_is_wrong(said):
    assert [problem for check in CHECKS for problem in check()] == []
    assert FactChange.objects.filter(by_kind="staff").count() > 40
    assert Consent.objects.filter(granted=False).exists()
    assert ContactAgreement.objects.exists()
    assert Household.objects.exists()
    assert Purchase.objects.exclude(seller=None).exists()
    stages = set(Opportunity.objects.values_list("stage", flat=True))
    assert {"interest", "lost"} <= stages
    assert Opportunity.objects.filter(is_imported=True).exists()
    assert Opportunity.objects.filter(is_imported=False).exists()
    kept = Counter(Promise.objects.with_kept().values_list("is_kept", flat=True))
    assert kept[True] > 3 < kept[False]
    open_cases = ServiceCase.objects.open().annotate(done=Count("steps"))
    assert 4 <= open_cases.count() <= 6
    assert len(set(open_cases.values_list("done", flat=True))) >= 3
    assert sorted(Referral.objects.values_list("state", flat=True)) == ["accepted", "offered"]
    assert Appointment.objects.standing().exists()
    assert {"planned", "ordered", "waiting"} <= set(Courtesy.objects.values_list("state", flat=True))
    assert Client.objects.filter(is_restricted=True).count() == 1
    assert SightGrant.objects.filter(kind="break_glass", reviewed_at=None).count() == 1
    assert Tier.objects.get(code="private").guard_blocks


def test_indicators_of_what_was_learnt_are_not_zero(said):
    today = timezone.localdate()
    figures = report(scope_of_bank(), Period(today - timedelta(days=364), today, today)).total.figures
    for key in ("facts_gained", "new_information", "opportunities_raised", "sales", "promises_kept"):
        assert figures[key].numerator, key
    assert 0.2 < figures["completeness"].value < 0.6


def test_who_stands_in_sees_the_book_of_who_is_away(said):
    away, stand_in = (User.objects.get(staff_number=number) for number in (AWAY, STAND_IN))
    hers = set(Client.objects.visible_to(stand_in))
    assert set(Client.objects.visible_to(away)) < hers


def test_holding_with_several_parties_names_its_owner(said):
    shared = Holding.objects.filter(parties__isnull=False).distinct()
    assert shared.count() > 1
    for holding in shared:
        roles = dict(holding.parties.values_list("role", "client_id"))
        assert roles.pop("owner") == holding.client_id
        assert holding.client_id not in roles.values()


def test_phones_and_mail_are_invented(said):
    points = dict.fromkeys(("phone", "email"))
    for kind in points:
        points[kind] = list(ContactPoint.objects.filter(kind=kind).values_list("value", flat=True))
        assert len(points[kind]) == len(set(points[kind])) > 60
    assert all(value.endswith(".example") for value in points["email"])
    assert all(value.startswith(("+34699", "+861990", "+525550")) for value in points["phone"])


def test_second_load_changes_nothing(said):
    counts = (
        Client.objects.count(),
        Contact.objects.count(),
        Action.objects.count(),
        ImportJob.objects.count(),
    )
    assert "already loaded" in _load(clients=200, seed=5)
    assert counts == (
        Client.objects.count(),
        Contact.objects.count(),
        Action.objects.count(),
        ImportJob.objects.count(),
    )


def test_logins_open_and_are_printed_for_every_role(said, client, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", PASSWORD)
    assert client.login(username="2001", password=PASSWORD)
    out = StringIO()
    call_command("demo_logins", stdout=out)
    lines = out.getvalue().splitlines()
    assert len(lines) == 2 + 23
    assert sum(PASSWORD in line for line in lines) == 23
    for role in ("Account manager", "Branch supervisor", "Front desk", "Auditor", "Data officer"):
        assert any(line.startswith(role) for line in lines)
    monkeypatch.setenv("DEMO_PASSWORD", "changed-since-then")
    out = StringIO()
    call_command("demo_logins", stdout=out)
    assert "changed-since-then" not in out.getvalue()
