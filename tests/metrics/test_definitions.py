"""The indicators: the worked example of the design by literal values, then the edges, then a slow reference."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.models import Assignment, Client, Standing
from interactions.models import Contact
from messaging.models import Message
from metrics.definitions import INDICATORS
from metrics.figures import Figure
from metrics.periods import Period
from metrics.reports import report, reports, scope_of_bank
from staff.models import Branch, User
from tests.factories import (
    BranchFactory,
    ClientFactory,
    ClientMessageFactory,
    ContactFactory,
    FactChangeFactory,
    OpportunityFactory,
    ProductFactory,
    PurchaseFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MADRID = ZoneInfo("Europe/Madrid")
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 31))


def at(text: str, zone: ZoneInfo = MADRID) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def rows_of(made) -> dict[str, dict[str, Figure]]:
    return {row.group.code or row.group.kind: row.figures for row in made.rows}


@pytest.fixture
def ana(north):
    return UserFactory(staff_number="ana", name="Ana", branch=north)


@pytest.fixture
def bo(north):
    return UserFactory(staff_number="bo", name="Bo", branch=north)


@pytest.fixture
def six(north, ana, bo):
    """Clients 1 to 4 of Ana, 5 and 6 of Bo."""
    return {n: ClientFactory(number=str(n), branch=north, manager=ana if n <= 4 else bo) for n in range(1, 7)}


@pytest.fixture
def worked_example(six, ana, bo):
    for day, staff, number, result in [
        ("2026-03-03T10:00", ana, 1, "reached"),
        ("2026-03-05T10:00", ana, 2, "no_answer"),
        ("2026-03-09T10:00", ana, 2, "no_answer"),
        ("2026-03-12T10:00", bo, 3, "reached"),
        ("2026-02-28T10:00", ana, 4, "reached"),
    ]:
        ContactFactory(
            client=six[number], staff=staff, occurred_at=at(day), recorded_at=at(day), result=result
        )
    ContactFactory(
        client=six[5], staff=bo, occurred_at=at("2026-03-20T10:00"), recorded_at=at("2026-03-22T10:00")
    )
    return six


@pytest.fixture
def whole_example(worked_example, ana, bo):
    """The rest of the example: facts, opportunities, purchases."""
    one, three, five, six = (worked_example[n] for n in (1, 3, 5, 6))
    for client, code, slot, old, new, day, by_kind in [
        (one, "occupation", "fact/1", "", "architect", "2026-03-03T10:05", "staff"),
        (one, "interest", "fact/2", "golf", "tennis", "2026-03-03T10:05", "staff"),
        (one, "interest", "fact/2", "tennis", "golf", "2026-03-10T10:05", "staff"),
        (five, "family", "fact/3", "children 1", "children 2", "2026-03-20T10:05", "staff"),
        (three, "email", "contact_point/4", "", "three@x.example", "2026-03-15T02:00", "import"),
    ]:
        FactChangeFactory(
            client=client, code=code, slot=slot, old=old, new=new, at=at(day), by_kind=by_kind, actor=None
        )
    deposit = ProductFactory(kind="term_deposit", currency="USD")
    fund = ProductFactory(kind="fund", currency="USD")
    bought = PurchaseFactory(client=one, product=deposit, bought_on=date(2026, 3, 15), amount=Decimal(50_000))
    PurchaseFactory(client=six, product=fund, bought_on=date(2026, 2, 10), amount=Decimal(40_000))
    OpportunityFactory(
        client=one,
        amount=Decimal(50_000),
        currency="USD",
        raised_at=at("2026-03-03T10:00"),
        raised_by=ana,
        stage="won",
        purchase=bought,
        closed_at=at("2026-03-15T12:00"),
        moves=[("intention", at("2026-03-08T09:00")), ("won", at("2026-03-15T12:00"))],
        contact=one.contacts.get(),
    )
    OpportunityFactory(
        client=five,
        amount=Decimal(20_000),
        currency="USD",
        raised_at=at("2026-03-20T10:00"),
        raised_by=bo,
        stage="intention",
        next_on=date(2026, 3, 25),
        contact=five.contacts.get(),
    )
    return worked_example


def test_the_worked_example_by_manager(worked_example):
    made = report(scope_of_bank(branch="NORTH"), MARCH, "manager")

    assert [row.group.name for row in made.rows] == ["Ana", "Bo"]
    ana, bo = (row.figures for row in made.rows)
    assert ana["contact_achievement"] == Figure(0.50, 2, 4)
    assert bo["contact_achievement"] == Figure(0.50, 1, 2)
    assert made.total.figures["contact_achievement"] == Figure(0.50, 3, 6)
    assert ana["contact_attempts"].value == 4
    assert bo["contact_attempts"].value == 1
    assert made.total.figures["contact_attempts"].value == 5
    assert ana["reach_per_attempt"] == Figure(0.50, 2, 4)
    assert bo["reach_per_attempt"] == Figure(1.00, 1, 1)
    assert made.total.figures["reach_per_attempt"] == Figure(0.60, 3, 5)


def test_the_worked_example_of_recording_delay(worked_example):
    made = report(scope_of_bank(branch="NORTH"), MARCH, "manager")

    ana, bo = (row.figures["recording_delay"] for row in made.rows)
    assert ana == Figure(0.0, 4, 4, p90=0.0)
    assert bo == Figure(48.0, 0, 1, p90=48.0)
    total = made.total.figures["recording_delay"]
    assert (total.value, total.numerator, total.denominator, total.share) == (0.0, 4, 5, 0.8)
    assert total.p90 == pytest.approx(28.8)  # percentile_cont: 0.6 of the way from 0 to 48


def test_the_worked_example_as_others_read_it(worked_example):
    made = report(scope_of_bank(branch="NORTH"), MARCH).as_dict()

    assert made["period"] == {"from": "2026-03-01", "to": "2026-03-31"}
    assert made["scope"] == {"kind": "branch", "code": "NORTH", "name": "North"}
    [row] = made["rows"]
    assert row["group"] == made["scope"]
    assert row["indicators"]["contact_achievement"] == {
        "value": 0.5,
        "numerator": 3,
        "denominator": 6,
        "amount": None,
        "currency": None,
    }


def test_the_worked_example_of_what_was_learnt(whole_example):
    made = report(scope_of_bank(branch="NORTH"), MARCH, "manager")

    ana, bo = (row.figures for row in made.rows)
    north = made.total.figures
    assert [(f["facts_gained"].learnt, f["facts_gained"].corrected) for f in (ana, bo, north)] == [
        (1, 0),
        (0, 1),
        (1, 1),
    ]
    assert north["facts_gained"].value == 2
    assert ana["new_information"] == Figure(0.50, 1, 2)
    assert bo["new_information"] == Figure(1.00, 1, 1)
    assert north["new_information"] == Figure(pytest.approx(0.67, abs=0.01), 2, 3)


def test_the_worked_example_of_opportunities(whole_example):
    made = report(scope_of_bank(branch="NORTH"), MARCH, "manager")

    ana, bo = (row.figures for row in made.rows)
    north = made.total.figures
    raised = [f["opportunities_raised"] for f in (ana, bo, north)]
    assert [(f.value, f.amount, f.currency) for f in raised] == [
        (1, 50_000, "USD"),
        (1, 20_000, "USD"),
        (2, 70_000, "USD"),
    ]
    assert ana["follow_up"] == Figure(1.0, 1, 1)
    assert bo["follow_up"] == Figure(0.0, 0, 1)
    assert north["follow_up"] == Figure(0.50, 1, 2)
    assert [f["follow_up_overdue"].value for f in (ana, bo, north)] == [0, 1, 1]
    assert north["follow_up_overdue"].amount == 20_000
    assert [f["follow_up_open"].value for f in (ana, bo, north)] == [0, 1, 1]
    assert [(part.code, part.count) for part in north["follow_up_open"].by_age] == [
        ("0-7", 0),
        ("8-30", 1),
        ("31-90", 0),
        ("91-", 0),
    ]


def test_the_worked_example_of_sales(whole_example):
    made = report(scope_of_bank(branch="NORTH"), MARCH, "manager")

    sales = [row.figures["sales"] for row in (*made.rows, made.total)]
    assert [(f.amount, f.previous.amount) for f in sales] == [(50_000, 0), (0, 40_000), (50_000, 40_000)]
    assert [f.change for f in sales] == [None, -1.0, 0.25]
    assert [f.year_before.amount for f in sales] == [0, 0, 0]
    assert [(part.code, part.count) for part in sales[2].by_kind] == [("term_deposit", 1)]
    assert [(part.code, part.count) for part in sales[2].previous.by_kind] == [("fund", 1)]


def test_the_worked_example_of_money_as_others_read_it(whole_example):
    [row] = report(scope_of_bank(branch="NORTH"), MARCH).as_dict()["rows"]

    sales = row["indicators"]["sales"]
    assert (sales["value"], sales["amount"], sales["currency"]) == (1, "50000.00", "USD")
    assert sales["amounts"] == [{"currency": "USD", "amount": "50000.00", "count": 1}]
    assert sales["total"] == {"currency": "USD", "amount": "50000.00", "unconverted": []}
    assert sales["by_kind"] == [{"kind": "term_deposit", "count": 1, "amounts": sales["amounts"]}]
    assert (sales["previous"]["amount"], sales["change"]) == ("40000.00", 0.25)
    assert (sales["year_before"]["amount"], sales["change_from_year_before"]) == ("0.00", None)
    assert row["indicators"]["facts_gained"] == {
        "value": 2,
        "numerator": 2,
        "denominator": None,
        "amount": None,
        "currency": None,
        "learnt": 1,
        "corrected": 1,
    }
    assert [part["age"] for part in row["indicators"]["follow_up_open"]["by_age"]] == [
        "0-7",
        "8-30",
        "31-90",
        "91-",
    ]


def test_every_indicator_has_a_definition_that_a_supervisor_can_read():
    assert [indicator.key for indicator in INDICATORS] == [
        "contact_achievement",
        "contact_attempts",
        "reach_per_attempt",
        "recording_delay",
        "repetition",
        "agreement_breaches",
        "facts_gained",
        "new_information",
        "completeness",
        "opportunities_raised",
        "follow_up",
        "follow_up_open",
        "follow_up_overdue",
        "sales",
        "net_new_money",
        "aum",
        "maturity_retention",
        "overdue",
        "neglected",
        "promises_kept",
    ]
    for indicator in INDICATORS:
        assert len(str(indicator.definition)) > 60
        assert "_" not in str(indicator.definition)


def test_an_empty_population_has_no_share_rather_than_nought(north):
    figures = report(scope_of_bank(branch="NORTH"), MARCH).total.figures

    assert figures["contact_achievement"] == Figure(None, 0, 0)
    assert figures["contact_attempts"].value == 0
    assert figures["reach_per_attempt"] == Figure(None, 0, 0)
    for key in (
        "recording_delay",
        "repetition",
        "new_information",
        "completeness",
        "follow_up",
        "promises_kept",
    ):
        assert figures[key] == Figure(None, 0, 0), key
    for key in (
        "facts_gained",
        "agreement_breaches",
        "opportunities_raised",
        "sales",
        "net_new_money",
        "overdue",
        "neglected",
    ):
        assert figures[key].value == 0, key
    for key in ("aum", "maturity_retention"):
        assert figures[key].value is None, key
        assert figures[key].amounts == (), key


def test_clients_without_attempts_have_no_reach_per_attempt_but_an_achievement_of_nought(six):
    figures = report(scope_of_bank(branch="NORTH"), MARCH).total.figures

    assert figures["contact_achievement"] == Figure(0.0, 0, 6)
    assert figures["reach_per_attempt"].value is None


@pytest.mark.parametrize(
    ("moment", "reached"),
    [
        ("2026-02-28T23:59:59", 0),
        ("2026-03-01T00:00:00", 1),
        ("2026-03-31T23:30:00", 1),  # 21:30 UTC: summer time began on 29 March
        ("2026-04-01T00:00:00", 0),  # 22:00 UTC on 31 March
    ],
)
def test_both_ends_of_the_period_count_by_the_branch_clock(six, ana, moment, reached):
    ContactFactory(client=six[1], staff=ana, occurred_at=at(moment))

    assert report(scope_of_bank(), MARCH).total.figures["contact_achievement"].numerator == reached


def test_each_client_counts_by_the_clock_of_its_own_branch(bank, ana):
    tokyo = BranchFactory(code="TYO", parent=bank, time_zone="Asia/Tokyo")
    lima = BranchFactory(code="LIM", parent=bank, time_zone="America/Lima")
    moment = at("2026-03-31T20:00", ZoneInfo("UTC"))  # 1 April in Tokyo, 31 March in Lima
    for branch in (tokyo, lima):
        ContactFactory(client=ClientFactory(branch=branch, manager=ana), staff=ana, occurred_at=moment)

    made = rows_of(report(scope_of_bank(), MARCH, "branch"))
    assert made["TYO"]["contact_achievement"].value == 0.0
    assert made["LIM"]["contact_achievement"].value == 1.0


def test_a_voided_contact_counts_nowhere(six, ana):
    ContactFactory(
        client=six[1],
        staff=ana,
        occurred_at=at("2026-03-03T10:00"),
        voided_at=timezone.now(),
        void_reason="Wrong",
    )

    figures = report(scope_of_bank(), MARCH).total.figures
    assert figures["contact_achievement"].numerator == 0
    assert figures["contact_attempts"].value == 0
    assert figures["recording_delay"].denominator == 0


@pytest.mark.parametrize("channel", ["letter", "email", "sms"])
def test_what_we_send_in_writing_reaches_nobody_and_its_answer_does(six, ana, channel):
    sent = ContactFactory(client=six[1], staff=ana, occurred_at=at("2026-03-03T10:00"), channel=channel)
    figures = report(scope_of_bank(), MARCH).total.figures
    assert figures["contact_achievement"].numerator == 0
    assert figures["reach_per_attempt"] == Figure(0.0, 0, 1)

    Contact.objects.filter(pk=sent.pk).update(direction="in")
    figures = report(scope_of_bank(), MARCH).total.figures
    assert figures["contact_achievement"].numerator == 1
    assert figures["contact_attempts"].value == 0


def test_only_clients_active_on_the_last_day_are_the_population(north, ana):
    for status in ("prospect", "dormant", "closed", "deceased", "blocked"):
        ClientFactory(branch=north, manager=ana, status=status)
    dormant_since = ClientFactory(branch=north, manager=ana, status="dormant")
    dormant_since.standings.update(from_on=date(2026, 4, 1))
    Standing.objects.create(client=dormant_since, branch=north, status="active", to_on=date(2026, 4, 1))

    assert report(scope_of_bank(), MARCH).total.figures["contact_achievement"].denominator == 1


def test_a_client_that_moved_branch_counts_where_it_stood_on_the_last_day(north, south, ana):
    moved = ClientFactory(branch=south, manager=ana)
    moved.standings.update(from_on=date(2026, 3, 31))
    Standing.objects.create(client=moved, branch=north, status="active", to_on=date(2026, 3, 31))
    to_the_30th = Period(date(2026, 3, 1), date(2026, 3, 30), date(2026, 3, 30))

    assert list(rows_of(report(scope_of_bank(), MARCH, "branch"))) == ["SOUTH"]
    assert list(rows_of(report(scope_of_bank(), to_the_30th, "branch"))) == ["NORTH"]


def test_the_primary_manager_of_the_last_day_has_the_client(north, ana, bo):
    handed_over = ClientFactory(branch=north)
    Assignment.objects.create(client=handed_over, manager=ana, to_on=date(2026, 3, 15))
    Assignment.objects.create(client=handed_over, manager=bo, from_on=date(2026, 3, 15))
    ContactFactory(client=handed_over, staff=ana, occurred_at=at("2026-03-03T10:00"))
    to_the_14th = Period(date(2026, 3, 1), date(2026, 3, 14), date(2026, 3, 14))

    assert list(rows_of(report(scope_of_bank(), MARCH, "manager"))) == ["bo"]
    assert list(rows_of(report(scope_of_bank(), to_the_14th, "manager"))) == ["ana"]
    assert report(scope_of_bank(manager="bo"), MARCH).total.figures["contact_achievement"].value == 1.0
    assert report(scope_of_bank(manager="ana"), MARCH).total.figures["contact_achievement"].value is None


def test_a_secondary_manager_has_no_row(north, ana, bo):
    client = ClientFactory(branch=north, manager=ana)
    Assignment.objects.create(client=client, manager=bo, role="secondary")

    assert list(rows_of(report(scope_of_bank(), MARCH, "manager"))) == ["ana"]


def test_clients_without_a_manager_are_a_row_so_that_rows_add_up(six, north):
    ContactFactory(client=ClientFactory(branch=north), occurred_at=at("2026-03-03T10:00"))

    made = report(scope_of_bank(), MARCH, "manager")
    assert [(row.group.code, row.figures["contact_achievement"].denominator) for row in made.rows] == [
        ("ana", 4),
        ("bo", 2),
        (None, 1),
    ]
    assert made.total.figures["contact_achievement"] == Figure(1 / 7, 1, 7)


def test_a_branch_holds_the_branches_below_it(bank, north, south, ana):
    for branch in (bank, north, south):
        ClientFactory(branch=branch, manager=ana)

    assert report(scope_of_bank(branch="BANK"), MARCH).total.figures["contact_achievement"].denominator == 3
    assert report(scope_of_bank(branch="NORTH"), MARCH).total.figures["contact_achievement"].denominator == 1


def test_each_month_has_the_population_of_its_own_last_day(north, ana):
    ClientFactory(branch=north, manager=ana)
    joined_in_march = ClientFactory(branch=north, manager=ana)
    joined_in_march.standings.update(from_on=date(2026, 3, 2))
    ContactFactory(client=joined_in_march, staff=ana, occurred_at=at("2026-03-05T10:00"))

    made = report(scope_of_bank(), Period(date(2026, 2, 10), date(2026, 3, 31), date(2026, 3, 31)), "month")
    assert [(row.group.kind, row.group.code) for row in made.rows] == [
        ("month", "2026-02"),
        ("month", "2026-03"),
    ]
    assert made.rows[0].figures["contact_achievement"] == Figure(0.0, 0, 1)
    assert made.rows[1].figures["contact_achievement"] == Figure(0.5, 1, 2)


def test_imported_contacts_count_as_contacts_but_not_as_delay(six, ana):
    ContactFactory(
        client=six[1],
        staff=ana,
        occurred_at=at("2026-03-03T10:00"),
        recorded_at=at("2026-03-30T10:00"),
        is_imported=True,
    )

    figures = report(scope_of_bank(), MARCH).total.figures
    assert figures["contact_achievement"].numerator == 1
    assert figures["recording_delay"] == Figure(None, 0, 0)


def test_a_message_that_wrote_itself_down_is_an_attempt_but_no_delay(six, ana):
    contact = ContactFactory(
        client=six[1],
        staff=ana,
        occurred_at=at("2026-03-03T10:00"),
        channel="email",
        result="message_left",
    )
    written = {"client": six[1], "written_by": ana, "approved_by": ana, "approved_at": at("2026-03-03T09:00")}
    message = Message.objects.create(address="one@x.example", kind="client", subject="Hi", body="Hello")
    ClientMessageFactory(contact=contact, message=message, **written)

    figures = report(scope_of_bank(), MARCH).total.figures
    assert figures["contact_attempts"].value == 1
    assert figures["recording_delay"] == Figure(None, 0, 0)


def test_a_client_in_two_books_on_one_day_counts_once(north, ana, bo):
    client = ClientFactory(branch=north, manager=ana)
    Assignment.objects.create(client=client, manager=bo, to_on=date(2026, 12, 31))
    ContactFactory(client=client, staff=ana, occurred_at=at("2026-03-05T10:00"))

    figures = report(scope_of_bank(), MARCH).total.figures
    assert figures["contact_achievement"] == Figure(1.0, 1, 1)
    assert figures["contact_attempts"].value == 1
    assert figures["recording_delay"].denominator == 1


@pytest.mark.parametrize("by", ["", "manager", "branch", "month"])
def test_forty_clients_cost_as_many_queries_as_two(north, django_assert_num_queries, by):
    def fill(count):
        for _ in range(count):
            ContactFactory(
                client=ClientFactory(branch=BranchFactory(parent=north), manager=UserFactory(branch=north)),
                occurred_at=at("2026-03-05T10:00"),
            )

    fill(2)
    scope = scope_of_bank(branch="NORTH")
    queries = len({query for indicator in INDICATORS for query in indicator.queries})
    names = 1 if by in ("manager", "branch") else 0
    with django_assert_num_queries(queries + names):
        assert len(report(scope, MARCH, by).rows) >= 1
    fill(38)
    with django_assert_num_queries(queries + names):
        assert len(report(scope, MARCH, by).rows) >= 1


# -- against a slow reference ----------------------------------------------------------------------


def stands(row, day: date) -> bool:
    return (row.from_on is None or row.from_on <= day) and (row.to_on is None or row.to_on > day)


def slow(branch_ids, period: Period, by: str) -> dict:
    """The first three indicators by reading the definition aloud, one client at a time."""
    groups: dict = {}
    for client in Client.objects.prefetch_related("standings__branch", "assignments", "contacts"):
        standing = next((s for s in client.standings.all() if stands(s, period.to_on)), None)
        if standing is None or standing.status != "active" or standing.branch_id not in branch_ids:
            continue
        book = next(
            (a for a in client.assignments.all() if a.role == "primary" and stands(a, period.to_on)), None
        )
        key = {"": None, "manager": book and book.manager_id, "branch": standing.branch_id}[by]
        row = groups.setdefault(key, [0, 0, 0, 0])
        reached = False
        for contact in client.contacts.all():
            day = contact.occurred_at.astimezone(standing.branch.zone).date()
            if contact.voided_at or not period.from_on <= day <= period.to_on:
                continue
            counts = contact.result == "reached" and not (
                contact.direction == "out" and contact.channel in ("letter", "email", "sms")
            )
            reached |= counts
            if contact.direction == "out":
                row[2] += 1
                row[3] += counts
        row[0] += 1
        row[1] += reached
    return {key: tuple(row) for key, row in groups.items()}


def ledger(draw: random.Random, days: list[date], pieces: int) -> list[tuple[date | None, date | None]]:
    """Spans that follow each other without gap or overlap, open at both ends."""
    cuts = sorted(draw.sample(days, pieces - 1))
    ends = [None, *cuts, None]
    return list(pairwise(ends))


@given(seed=st.integers(0, 2**32), start=st.integers(0, 50), length=st.integers(1, 40))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_query_agrees_with_a_slow_reading_of_the_definition(db, django_db_blocker, seed, start, length):
    from django.db import transaction

    draw = random.Random(seed)
    period = Period(*(date(2026, 3, 1) + timedelta(days=n) for n in (start, start + length, start + length)))
    with transaction.atomic():
        bank = BranchFactory(code="B", time_zone="UTC")
        places = [
            BranchFactory(code=zone, parent=bank, time_zone=zone)
            for zone in ("Europe/Madrid", "America/Santiago", "Asia/Shanghai")
        ]
        people = [UserFactory(branch=draw.choice(places)) for _ in range(3)]
        days = [date(2026, 2, 20) + timedelta(days=n) for n in range(90)]
        clients = Client.objects.bulk_create(
            Client(number=str(n), name=str(n), sort_name=str(n), branch=draw.choice(places))
            for n in range(12)
        )
        Standing.objects.bulk_create(
            Standing(
                client=client,
                branch=draw.choice(places),
                status=draw.choice(["active", "active", "active", "dormant"]),
                from_on=since,
                to_on=until,
            )
            for client in clients
            for since, until in ledger(draw, days, draw.randint(1, 3))
        )
        Assignment.objects.bulk_create(
            Assignment(client=client, manager=draw.choice(people), from_on=since, to_on=until)
            for client in clients
            for since, until in ledger(draw, days, draw.randint(1, 3))
            if draw.random() < 0.8
        )
        contacts = []
        for _ in range(60):
            moment = datetime(2026, 2, 20, tzinfo=ZoneInfo("UTC")) + timedelta(
                minutes=15 * draw.randrange(90 * 96)
            )
            voided = draw.random() < 0.1
            contacts.append(
                Contact(
                    client=draw.choice(clients),
                    staff=draw.choice(people),
                    occurred_at=moment,
                    recorded_at=moment,
                    channel=draw.choice(["call", "email", "letter", "sms", "visit"]),
                    direction=draw.choice(["in", "out", "out"]),
                    result=draw.choice(["reached", "reached", "no_answer"]),
                    voided_at=moment if voided else None,
                    void_reason="Wrong" if voided else "",
                )
            )
        Contact.objects.bulk_create(contacts)

        for branch, by in [("", "manager"), ("", "branch"), ("Europe/Madrid", ""), ("B", "manager")]:
            ids = set(Branch.objects.values_list("pk", flat=True))
            if branch:
                ids = set(
                    Branch.objects.below(Branch.objects.get(code=branch).pk).values_list("pk", flat=True)
                )
            expected = slow(ids, period, by)
            made = report(
                scope_of_bank(branch=branch), period, by, ["contact_achievement", "reach_per_attempt"]
            )
            found = {}
            for row in made.rows:
                share, reach = row.figures["contact_achievement"], row.figures["reach_per_attempt"]
                key = row.key if by else None
                found[key] = (share.denominator, share.numerator, reach.denominator, reach.numerator)
            if not by:
                expected = expected or {None: (0, 0, 0, 0)}
            assert found == expected
            total = made.total.figures["contact_achievement"]
            assert total.denominator == sum(row[0] for row in expected.values())
            assert total.numerator == sum(row[1] for row in expected.values())
        assert User.objects.count() == 3
        transaction.set_rollback(True)


def test_several_periods_at_once_equal_each_alone(whole_example):
    scope = scope_of_bank(branch="NORTH")
    asked = [MARCH, MARCH.previous(), MARCH.year_before()]

    together = reports(scope, asked, "manager")
    for period, made in zip(asked, together, strict=True):
        alone = report(scope, period, "manager", is_compared=False)
        assert rows_of(made) == rows_of(alone)
        assert made.total.figures == alone.total.figures
    assert together[1].total.figures["contact_achievement"] == Figure(1 / 6, 1, 6)
