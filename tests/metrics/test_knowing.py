"""What was learnt, and how complete files are: scripted sequences that must gain nothing, and a slow reference."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.models import Client, FactChange, FactType, Standing
from clients.services import value_hash
from metrics.figures import Figure
from metrics.periods import Period
from metrics.reports import report, reports, scope_of_bank
from tests.factories import BranchFactory, ClientFactory, ContactFactory, FactChangeFactory, UserFactory

pytestmark = pytest.mark.django_db

MADRID = ZoneInfo("Europe/Madrid")
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 31))
KEYS = ["facts_gained", "new_information"]


def at(text: str, zone: ZoneInfo = MADRID) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def script(client, *lines: tuple, slot: str = "fact/1", code: str = "interest") -> None:
    """Write lines (moment, by kind, new value) into the ledger, each from the value before it."""
    old = ""
    for moment, by_kind, new in lines:
        FactChangeFactory(
            client=client, code=code, slot=slot, old=old, new=new, by_kind=by_kind, at=at(moment), actor=None
        )
        old = new


def gained(period: Period = MARCH) -> tuple[int, int]:
    figure = report(scope_of_bank(), period, keys=["facts_gained"]).total.figures["facts_gained"]
    assert figure.value == figure.learnt + figure.corrected
    return figure.learnt, figure.corrected


# -- facts gained ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([("2026-03-03", "staff", "golf")], (1, 0), id="learnt"),
        pytest.param(
            [("2026-02-03", "staff", "golf"), ("2026-03-03", "staff", "chess")], (0, 1), id="corrected"
        ),
        pytest.param(
            [("2026-02-03", "staff", "golf"), ("2026-03-03", "staff", "golf")], (0, 0), id="rewritten"
        ),
        pytest.param(
            [
                ("2026-03-03", "staff", "golf"),
                ("2026-03-04", "staff", "chess"),
                ("2026-03-05", "staff", "go"),
            ],
            (1, 0),
            id="thrice in one slot is once",
        ),
        pytest.param(
            [
                ("2026-02-03", "staff", "golf"),
                ("2026-03-03", "staff", "chess"),
                ("2026-03-10", "staff", "golf"),
            ],
            (0, 0),
            id="changed and reverted",
        ),
        pytest.param([("2026-02-03", "staff", "golf"), ("2026-03-03", "staff", "")], (0, 0), id="emptied"),
        pytest.param(
            [("2026-02-03", "staff", "golf"), ("2026-03-03", "staff", ""), ("2026-03-04", "staff", "golf")],
            (0, 0),
            id="emptied and refilled",
        ),
        pytest.param(
            [("2026-02-03", "staff", "golf"), ("2026-03-03", "staff", ""), ("2026-03-04", "staff", "chess")],
            (0, 1),
            id="emptied and filled with something else",
        ),
        pytest.param(
            [("2026-03-03", "staff", "golf"), ("2026-03-04", "staff", "")], (0, 0), id="filled and emptied"
        ),
        pytest.param([("2026-03-03", "import", "golf")], (0, 0), id="imported"),
        pytest.param([("2026-03-03", "client", "golf")], (0, 0), id="said by the client's own form"),
        pytest.param(
            [("2026-03-03", "import", "golf"), ("2026-03-04", "staff", "chess")], (1, 0), id="import, staff"
        ),
        pytest.param(
            [("2026-03-03", "staff", "golf"), ("2026-03-04", "import", "chess")], (0, 0), id="staff, import"
        ),
        pytest.param(
            [("2026-03-03", "import", "golf"), ("2026-03-04", "staff", "golf")],
            (0, 0),
            id="imported, rewritten",
        ),
        pytest.param(
            [("2026-03-03", "staff", "golf"), ("2026-03-04", "import", "golf")],
            (1, 0),
            id="staff first, import agrees",
        ),
        pytest.param(
            [("2026-03-03", "import", "golf"), ("2026-03-04", "staff", ""), ("2026-03-05", "staff", "golf")],
            (0, 0),
            id="imported, emptied and refilled by staff",
        ),
        pytest.param(
            [
                ("2026-03-03", "import", "golf"),
                ("2026-03-04", "staff", "chess"),
                ("2026-03-05", "staff", "golf"),
            ],
            (0, 0),
            id="imported, changed and reverted by staff",
        ),
        pytest.param(
            [
                ("2026-03-03", "staff", "golf"),
                ("2026-03-04", "import", "chess"),
                ("2026-03-05", "staff", "golf"),
            ],
            (1, 0),
            id="staff restores what an import overwrote",
        ),
        pytest.param(
            [("2026-02-28T23:59:59", "staff", "golf"), ("2026-04-01T00:00:00", "staff", "chess")],
            (0, 0),
            id="outside both ends",
        ),
        pytest.param(
            [("2026-02-27", "staff", "golf"), ("2026-03-31T23:59:59.999999", "staff", "chess")],
            (0, 1),
            id="the last moment",
        ),
        pytest.param([("2026-03-01T00:00:00", "staff", "golf")], (1, 0), id="the first moment"),
        pytest.param(
            [("2026-03-31", "staff", "golf"), ("2026-04-01", "staff", "")],
            (1, 0),
            id="emptied after the period",
        ),
    ],
)
def test_a_scripted_slot_gains_what_its_two_ends_say(north, lines, expected):
    script(ClientFactory(branch=north), *lines)

    assert gained() == expected


def test_a_change_reverted_in_the_next_period_counts_in_each_as_its_ends_say(north):
    client = ClientFactory(branch=north)
    script(
        client,
        ("2026-01-05", "staff", "golf"),
        ("2026-02-28T23:59", "staff", "chess"),
        ("2026-03-01T00:01", "staff", "golf"),
    )

    assert gained(Period(date(2026, 2, 1), date(2026, 2, 28), date(2026, 2, 28))) == (0, 1)
    assert gained() == (0, 1)
    assert gained(Period(date(2026, 2, 1), date(2026, 3, 31), date(2026, 3, 31))) == (0, 0)


def test_two_people_writing_one_slot_gain_it_once_and_two_slots_twice(north, ana, bo):
    client = ClientFactory(branch=north)
    FactChangeFactory(client=client, old="", new="golf", at=at("2026-03-03"), actor=ana)
    FactChangeFactory(client=client, old="golf", new="chess", at=at("2026-03-04"), actor=bo)
    assert gained() == (1, 0)

    FactChangeFactory(client=client, slot="fact/2", old="", new="opera", at=at("2026-03-04"), actor=bo)
    assert gained() == (2, 0)


def test_two_changes_of_one_moment_stand_in_the_order_they_were_written(north):
    script(ClientFactory(branch=north), ("2026-03-03", "staff", "golf"), ("2026-03-03", "staff", ""))

    assert gained() == (0, 0)


def test_taking_a_fact_off_the_file_and_writing_it_down_again_gains_nothing(north):
    client = ClientFactory(branch=north)
    script(client, ("2026-02-03", "import", "golf"), ("2026-03-03", "staff", ""))
    script(client, ("2026-03-03T00:01", "staff", "golf"), slot="fact/2")

    assert gained() == (0, 0)

    # Of another type, or of another client, the same word is news.
    script(client, ("2026-03-03T00:01", "staff", "golf"), slot="fact/3", code="preference")
    script(ClientFactory(branch=north), ("2026-03-03T00:01", "staff", "golf"), slot="fact/4")
    assert gained() == (2, 0)


@pytest.fixture
def ana(north):
    return UserFactory(staff_number="ana", name="Ana", branch=north)


@pytest.fixture
def bo(north):
    return UserFactory(staff_number="bo", name="Bo", branch=north)


def test_midnight_is_that_of_the_clients_branch(bank):
    moment = at("2026-03-31T20:00", ZoneInfo("UTC"))  # 1 April in Tokyo, 31 March in Lima
    for code, zone in [("TYO", "Asia/Tokyo"), ("LIM", "America/Lima")]:
        client = ClientFactory(branch=BranchFactory(code=code, parent=bank, time_zone=zone))
        FactChangeFactory(client=client, at=moment)

    made = report(scope_of_bank(), MARCH, "branch", ["contact_achievement", "facts_gained"])
    assert {row.group.code: row.figures["facts_gained"].value for row in made.rows} == {"TYO": 0, "LIM": 1}


@pytest.mark.parametrize(("moment", "expected"), [("2026-03-31T23:59:59", 1), ("2026-04-01T00:00:00", 0)])
def test_the_last_second_counts_though_the_clocks_were_changed_in_the_month(north, moment, expected):
    FactChangeFactory(client=ClientFactory(branch=north), at=at(moment))

    assert gained() == (expected, 0)


def test_facts_count_for_the_branch_and_book_of_the_last_day(north, south, ana, bo):
    client = ClientFactory(branch=north, manager=ana)
    client.standings.update(to_on=date(2026, 3, 20))
    Standing.objects.create(client=client, branch=south, status="active", from_on=date(2026, 3, 20))
    client.assignments.update(to_on=date(2026, 3, 20))
    client.assignments.create(manager=bo, from_on=date(2026, 3, 20))
    script(client, ("2026-03-03", "staff", "golf"))

    assert report(scope_of_bank(branch="NORTH"), MARCH).total.figures["facts_gained"].value == 0
    [row] = report(scope_of_bank(branch="SOUTH"), MARCH, "manager").rows
    assert (row.group.code, row.figures["facts_gained"].learnt) == ("bo", 1)


def test_a_client_who_is_not_active_gains_nothing(north):
    script(ClientFactory(branch=north, status="dormant"), ("2026-03-03", "staff", "golf"))

    assert gained() == (0, 0)


# -- files enriched --------------------------------------------------------------------------------


def test_only_clients_both_reached_and_enriched_are_new_information(north, ana):
    reached, tried, quiet, voided = (ClientFactory(branch=north, manager=ana) for _ in range(4))
    for client in (reached, tried, voided):
        script(client, ("2026-03-03", "staff", "golf"), ("2026-03-04", "staff", "chess"))
    script(reached, ("2026-03-03", "staff", "judge"), slot="fact/9", code="occupation")
    ContactFactory(client=reached, staff=ana, occurred_at=at("2026-03-31T23:30"))
    ContactFactory(client=quiet, staff=ana, occurred_at=at("2026-03-05T10:00"))
    ContactFactory(client=tried, staff=ana, occurred_at=at("2026-03-05T10:00"), result="no_answer")
    ContactFactory(
        client=voided,
        staff=ana,
        occurred_at=at("2026-03-05T10:00"),
        voided_at=at("2026-03-06T10:00"),
        void_reason="Wrong client",
    )

    figures = report(scope_of_bank(), MARCH, "manager", KEYS).rows[0].figures
    assert figures["new_information"] == Figure(0.5, 1, 2)
    assert figures["facts_gained"].learnt == 4


# -- completeness ----------------------------------------------------------------------------------


@pytest.fixture
def four_types(db):
    """Weights 8, 6 and 6 of 20 that there are to know."""
    FactType.objects.exclude(code__in=["occupation", "interest", "email"]).update(weight=0)
    FactType.objects.filter(code="email").update(weight=6)


def complete(day: date) -> Figure:
    period = Period(day, day, day)
    return report(scope_of_bank(), period, keys=["completeness"]).total.figures["completeness"]


def test_completeness_is_the_mean_weight_known_as_it_stood_on_the_day(north, four_types):
    first, _second = ClientFactory(branch=north), ClientFactory(branch=north)
    script(first, ("2026-02-03", "import", "a@x.example"), slot="contact_point/1", code="email")
    script(first, ("2026-03-03", "staff", "golf"), ("2026-03-20", "staff", ""), slot="fact/1")
    script(first, ("2026-03-10", "client", "chess"), ("2026-04-20", "staff", ""), slot="fact/2")

    assert complete(date(2026, 2, 2)) == Figure(0.0, 0, 40)
    assert complete(date(2026, 2, 3)) == Figure(0.15, 6, 40)
    assert complete(date(2026, 3, 3)) == Figure(0.30, 12, 40)
    assert complete(date(2026, 3, 15)) == Figure(0.30, 12, 40)  # two interests are one known type
    assert complete(date(2026, 3, 25)) == Figure(0.30, 12, 40)  # one of them is still known
    assert complete(date(2026, 4, 20)) == Figure(0.15, 6, 40)


def test_a_value_known_before_the_ledger_began_is_known_once_it_has_changed(north, four_types):
    FactChangeFactory(client=ClientFactory(branch=north), old="golf", new="chess", at=at("2026-03-03"))

    assert complete(date(2026, 3, 3)) == Figure(0.30, 6, 20)


def test_a_catalogue_without_weights_has_no_completeness(north):
    FactType.objects.update(weight=0)
    ClientFactory(branch=north)

    assert complete(date(2026, 3, 3)).value is None


# -- against a slow reference ----------------------------------------------------------------------


def slow(changes, first: datetime, after: datetime) -> tuple[int, int]:
    """Facts gained by one client: the definition read aloud, slot by slot."""
    slots: dict = {}
    for change in sorted(changes, key=lambda change: (change.at, change.pk)):
        slots.setdefault((change.fact_type_id, change.slot), []).append(change)
    starts, ends = {}, {}
    for slot, rows in slots.items():
        before = [row for row in rows if row.at < first]
        until = [row for row in rows if row.at < after]
        starts[slot] = before[-1].new_hash if before else ""
        ends[slot] = until[-1].new_hash if until else ""
    learnt = corrected = 0
    for slot, rows in slots.items():
        start, end = starts[slot], ends[slot]
        if not end or end == start:
            continue
        inside = [row for row in rows if first <= row.at < after and row.old_hash != row.new_hash]
        bringing = [row for row in inside if row.new_hash == end]
        if inside[-1].by_kind != "staff" or bringing[0].by_kind != "staff":
            continue
        moved = any(
            other[0] == slot[0] and held == end and ends[other] != end for other, held in starts.items()
        )
        if moved:
            continue
        learnt, corrected = learnt + (not start), corrected + bool(start)
    return learnt, corrected


def slow_completeness(changes, after: datetime, weights: dict[int, int]) -> int:
    last = {}
    for change in sorted(changes, key=lambda change: (change.at, change.pk)):
        if change.at < after:
            last[change.fact_type_id, change.slot] = change.new_hash
    return sum(weights[type_id] for type_id in {key[0] for key, value in last.items() if value})


@given(seed=st.integers(0, 2**32), start=st.integers(0, 20), length=st.integers(0, 20))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_ledger_query_agrees_with_a_slow_reading_of_the_definition(db, seed, start, length):
    draw = random.Random(seed)
    period = Period(*(date(2026, 3, 10) + timedelta(days=n) for n in (start, start + length, start + length)))
    with transaction.atomic():
        bank = BranchFactory(code="B", time_zone="UTC")
        places = [
            BranchFactory(code=zone, parent=bank, time_zone=zone)
            for zone in ("Europe/Madrid", "America/Santiago", "Asia/Shanghai")
        ]
        clients = Client.objects.bulk_create(
            Client(number=str(n), name=str(n), sort_name=str(n), branch=draw.choice(places)) for n in range(6)
        )
        Standing.objects.bulk_create(
            Standing(client=client, branch=client.branch, status="active") for client in clients
        )
        types = list(FactType.objects.filter(code__in=["interest", "occupation", "family"]))
        weights = dict(FactType.objects.values_list("pk", "weight"))
        held: dict = {}
        moment = datetime(2026, 3, 8, tzinfo=UTC)
        changes = []
        for _ in range(150):
            moment += timedelta(minutes=15 * draw.randrange(0, 24))
            key = (draw.choice(clients), draw.choice(types), f"fact/{draw.randrange(2)}")
            new = value_hash(draw.choice(["", "a", "b", "c"]))
            changes.append(
                FactChange(
                    client=key[0],
                    fact_type=key[1],
                    slot=key[2],
                    old_hash=held.get(key, ""),
                    new_hash=new,
                    by_kind=draw.choice(["staff", "staff", "import", "client"]),
                    at=moment,
                )
            )
            held[key] = new
        FactChange.objects.bulk_create(changes)

        expected, weight = {}, 0
        for client in clients:
            zone = client.branch.zone
            first = datetime.combine(period.from_on, datetime.min.time(), zone)
            after = datetime.combine(period.to_on + timedelta(days=1), datetime.min.time(), zone)
            own = [change for change in changes if change.client_id == client.pk]
            learnt, corrected = slow(own, first, after)
            before = expected.get(client.branch.code, (0, 0))
            expected[client.branch.code] = (before[0] + learnt, before[1] + corrected)
            weight += slow_completeness(own, after, weights)
        keys = ["contact_achievement", "facts_gained", "completeness"]
        made, again = reports(scope_of_bank(), [period, MARCH], "branch", keys)
        assert {
            row.group.code: (row.figures["facts_gained"].learnt, row.figures["facts_gained"].corrected)
            for row in made.rows
        } == expected
        total = made.total.figures
        assert total["facts_gained"].value == sum(map(sum, expected.values()))
        assert total["completeness"].numerator == weight
        assert total["completeness"].denominator == 6 * sum(weights.values())
        assert again.total.figures == report(scope_of_bank(), MARCH, keys=keys).total.figures
        transaction.set_rollback(True)
