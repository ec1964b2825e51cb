"""What comes due: the right rows, once, however often, late or in parallel the run is made."""

import json
from datetime import date, timedelta
from io import StringIO

from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.models import Tier
from interactions import tasks
from interactions.models import Action, Occurrence
from interactions.services import raise_due
from tests.factories import AppointmentFactory, BranchFactory, ClientFactory, HoldingFactory, ProductFactory

MONDAY = date(2026, 3, 2)


def rows(source):
    return list(
        Occurrence.objects.filter(source=source)
        .values_list("subject", "due_on", "is_late")
        .order_by("due_on", "pk")
    )


def test_birthday_is_raised_a_week_ahead_once(north, alice):
    client = ClientFactory(branch=north, manager=alice, birthday=date(1966, 3, 9))
    for _again in range(3):
        raise_due(on=MONDAY)
    fact = client.dated_facts.get()
    assert rows("birthday") == [(f"dated_fact/{fact.pk}", date(2026, 3, 9), False)]
    action = Action.objects.get()
    assert (action.due_on, action.years, action.opens_on) == (date(2026, 3, 9), 60, MONDAY)


def test_29_february_falls_on_the_28th_in_a_common_year(north):
    ClientFactory(branch=north, birthday=date(1980, 2, 29))
    raise_due(on=date(2026, 2, 21))
    assert [due for _s, due, _l in rows("birthday")] == [date(2026, 2, 28)]


def test_outage_gives_the_same_rows_marked_late(north):
    clients = [ClientFactory(branch=north, birthday=date(1970, 3, 8) + timedelta(days=n)) for n in range(6)]
    raise_due(on=MONDAY)
    before = Occurrence.objects.count()
    raise_due(on=MONDAY + timedelta(days=3))
    assert Occurrence.objects.count() == len(clients) - 1 == before + 3
    assert [late for _s, due, late in rows("birthday") if due == date(2026, 3, 10)] == [True]
    assert [late for _s, due, late in rows("birthday") if due == date(2026, 3, 12)] == [False]


def test_maturity_moves_to_the_next_working_day_and_comes_three_times_in_one_action(north, alice):
    client = ClientFactory(branch=north, manager=alice)
    HoldingFactory(
        client=client, number="H1", matures_on=date(2026, 4, 4)
    )  # a Saturday; Easter Monday follows
    for on in (date(2026, 3, 10), date(2026, 3, 31), date(2026, 4, 7)):
        raise_due(on=on)
    due = {due for _s, due, _l in rows("maturity")}
    assert len(due) == 1
    (effective,) = due
    assert effective.weekday() < 5
    assert effective > date(2026, 4, 4)
    assert {subject for subject, _d, _l in rows("maturity")} == {
        "holding/H1/T-30",
        "holding/H1/T-7",
        "holding/H1/T-0",
    }
    assert Action.objects.filter(source="maturity").count() == 1


def test_a_maturity_told_late_in_all_its_steps_stands_since_the_first_of_them(north):
    HoldingFactory(client=ClientFactory(branch=north), matures_on=MONDAY)
    raise_due(on=MONDAY)
    action = Action.objects.get()
    assert action.occurrences.count() == 3
    assert action.opens_on == MONDAY - timedelta(days=30)


def test_loan_and_card_do_not_mature(north):
    for kind in ("loan", "card"):
        HoldingFactory(
            client=ClientFactory(branch=north),
            product=ProductFactory(kind=kind),
            matures_on=MONDAY + timedelta(days=5),
        )
    raise_due(on=MONDAY)
    assert not rows("maturity")


def test_holiday_is_for_everyone_but_tiers_that_do_not_greet(north):
    ClientFactory(branch=north, number="G1")
    ClientFactory(branch=north, number="G2", tier=Tier.objects.get(code="gold"))
    ClientFactory(branch=north, number="G3", country="CN")
    raise_due(on=date(2026, 12, 22))
    assert [subject for subject, _d, _l in rows("holiday")] == ["holiday/ES/G1"]


def test_closed_and_deceased_clients_are_left_in_peace(north):
    for status in ("closed", "deceased", "blocked"):
        ClientFactory(branch=north, status=status, birthday=date(1970, 3, 5))
    raise_due(on=MONDAY)
    assert not Occurrence.objects.exists()


def test_command_prints_what_it_raised(north):
    ClientFactory(branch=north, number="B1", birthday=date(1990, 3, 5))
    out = StringIO()
    call_command("raise_due", "--on", "2026-03-02", "--json", "--list", stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["raised"] == {"birthday": 1}
    assert answer["occurrences"][0]["client_number"] == "B1"
    assert set(answer) == {"on", "raised", "late", "escalated", "occurrences"}


def test_two_branches_have_their_own_calendars(north, south):
    south.country = "CN"
    south.save()
    ClientFactory(branch=north, number="N"), ClientFactory(branch=south, number="S")
    raise_due(on=date(2026, 9, 29))
    assert {subject.split("/")[1] for subject, _d, _l in rows("holiday")} == {"CN"}


def test_a_branch_that_joined_later_is_told_nothing_of_before_it_began(north, south):
    raise_due(on=MONDAY - timedelta(days=60), branches=[north])
    raise_due(on=MONDAY)
    for branch, number in ((north, "N"), (south, "S")):
        ClientFactory(branch=branch, number=number, document_valid_until=MONDAY - timedelta(days=30))
    raise_due(on=MONDAY + timedelta(days=10))
    assert rows("document_expiry") == [("client/N", MONDAY - timedelta(days=30), True)]


def test_branches_whose_morning_has_come_are_raised_in_one_task(north, south, settings, monkeypatch):
    settings.MORNING_HOUR = 0
    asked = []
    monkeypatch.setattr(tasks.raise_for_branches, "delay", lambda *args: asked.append(args))
    tasks.morning()
    tasks.raise_for_branches([north.pk], north.today().isoformat())
    tasks.morning()
    everyone = {north.pk, south.pk, north.parent_id}
    assert [set(pks) for pks, _on in asked] == [everyone, everyone - {north.pk}]


def test_a_morning_asks_no_more_of_ten_branches_than_of_two(north, south, bank):
    def asked(day):
        with CaptureQueriesContext(connection) as queries:
            raise_due(on=day)
        return len(queries)

    raise_due(on=MONDAY)
    few = asked(date(2026, 3, 10))
    for _ in range(8):
        ClientFactory(branch=BranchFactory(parent=bank), birthday=date(1970, 3, 31))
    for day in (12, 17):
        raise_due(on=date(2026, 3, day))
    many = asked(date(2026, 3, 24))
    assert len(rows("birthday")) == 8
    assert many <= few + 10  # those that write rows, eight or one


def test_the_next_step_of_a_maturity_leaves_an_appointment_about_it_where_it_is(north, alice):
    client = ClientFactory(branch=north, manager=alice)
    HoldingFactory(client=client, matures_on=date(2026, 3, 31))
    raise_due(on=date(2026, 3, 2))
    action = Action.objects.get(source="maturity")
    agreed = date(2026, 3, 20)
    Action.objects.filter(pk=action.pk).update(due_on=agreed)
    AppointmentFactory(action=action)
    raise_due(on=date(2026, 3, 24))
    action.refresh_from_db()
    assert action.due_on == agreed
    assert action.occurrences.count() == 2
