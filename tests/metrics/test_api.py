"""The command and the API give what the page shows, in the shape that others build on."""

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from metrics.checks import checks
from tests.factories import ContactFactory, FactChangeFactory, OpportunityFactory, PurchaseFactory

pytestmark = pytest.mark.django_db

ASKED = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture
def one_reached(carla, nina, alice):
    at = datetime(2026, 3, 5, 10, tzinfo=ZoneInfo("Europe/Madrid"))
    return ContactFactory(client=carla, staff=alice, occurred_at=at)


def ask(browser, **changes):
    return browser.get(reverse("api:metrics"), ASKED | changes)


def told(capsys, *options: str) -> dict:
    call_command("metrics", "--from", ASKED["from"], "--to", ASKED["to"], *options, "--json")
    return json.loads(capsys.readouterr().out)


def test_page_command_and_api_give_the_same_rows(signed_in, bob, one_reached, capsys):
    command = told(capsys, "--branch", "NORTH", "--by", "manager")
    api = ask(signed_in(bob), by="manager").json()
    page = signed_in(bob).get(f"{reverse('dashboard')}?period=dates&from_on=2026-03-01&to_on=2026-03-31")

    assert command["rows"] == api["rows"]
    assert set(api) == {"period", "scope", "as_of", "rows"}
    assert api["period"] == ASKED
    assert api["scope"] == {"kind": "branch", "code": "NORTH", "name": "North"}
    shares = {row["group"]["name"]: row["indicators"]["contact_achievement"]["value"] for row in api["rows"]}
    assert shares == {line.name: line.share for line in page.context["rows"]} == {"Alice": 1.0, "Anna": 0.0}


def test_money_and_its_parts_are_the_same_from_command_and_api(
    signed_in, bob, carla, nina, one_reached, capsys
):
    FactChangeFactory(client=carla, at=one_reached.occurred_at)
    OpportunityFactory(client=carla, raised_at=one_reached.occurred_at, amount=500, currency="EUR")
    PurchaseFactory(client=carla, bought_on=date(2026, 3, 6), amount=900, currency="USD")
    PurchaseFactory(client=nina, bought_on=date(2026, 3, 6), amount=70, currency="EUR")

    command = told(capsys, "--branch", "NORTH", "--by", "manager")
    api = ask(signed_in(bob), by="manager").json()
    assert command["rows"] == api["rows"]
    [whole] = ask(signed_in(bob)).json()["rows"]
    sales = whole["indicators"]["sales"]
    assert (sales["value"], sales["amount"], sales["currency"], sales["change"]) == (2, None, None, None)
    assert sales["amounts"] == [
        {"currency": "EUR", "amount": "70.00", "count": 1},
        {"currency": "USD", "amount": "900.00", "count": 1},
    ]
    assert sales["previous"]["value"] == 0
    raised = whole["indicators"]["opportunities_raised"]
    assert (raised["value"], raised["amount"], raised["currency"]) == (1, "500.00", "EUR")
    shape = {"value", "numerator", "denominator", "amount", "currency"}
    assert all(shape <= set(figure) for row in api["rows"] for figure in row["indicators"].values())


def test_without_by_the_one_row_is_the_scope(signed_in, bob, one_reached, capsys):
    for answer in (ask(signed_in(bob)).json(), told(capsys, "--branch", "NORTH")):
        assert [row["group"] for row in answer["rows"]] == [answer["scope"]]
        figures = answer["rows"][0]["indicators"]
        assert figures["contact_achievement"]["numerator"] == 1
        assert figures["contact_achievement"]["denominator"] == 2


def test_by_month(signed_in, bob, one_reached):
    rows = ask(signed_in(bob), **{"from": "2026-02-01", "by": "month"}).json()["rows"]
    assert [row["group"]["code"] for row in rows] == ["2026-02", "2026-03"]
    assert [row["indicators"]["contact_achievement"]["numerator"] for row in rows] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": ""}, "from"),
        ({"to": "31/03/2026"}, "to"),
        ({"to": "2026-02-01"}, "to"),
        ({"from": "2999-01-01", "to": "2999-02-01"}, "to"),
        ({"by": "week"}, "by"),
        ({"tier": "gold"}, "tier"),
    ],
)
def test_bad_input_is_a_400_that_names_the_field(signed_in, bob, changes, field):
    answer = ask(signed_in(bob), **changes)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    "changes", [{"branch": "SOUTH"}, {"branch": "NOWHERE"}, {"manager": "charlie"}, {"campaign": "SPRING"}]
)
def test_outside_ones_scope_is_as_absent(signed_in, bob, simon, changes):
    assert ask(signed_in(bob), **changes).status_code == 404


@pytest.mark.parametrize("name", ["erin", "frank", "gus", "hana", "ines"])
def test_roles_without_figures_get_403(signed_in, cast, name):
    assert ask(signed_in(cast[name])).status_code == 403


def test_account_manager_gets_the_own_row(signed_in, alice, one_reached):
    answer = ask(signed_in(alice), by="manager").json()
    assert [row["group"]["code"] for row in answer["rows"]] == ["alice"]


@pytest.mark.parametrize(
    "options",
    [
        ["--from", "2026-03-01", "--to", "March"],
        ["--from", "2026-03-02", "--to", "2026-03-01"],
        ["--from", "2026-03-01", "--to", "2026-03-31", "--branch", "NOWHERE"],
        ["--from", "2026-03-01", "--to", "2026-03-31", "--manager", "nobody"],
        ["--from", "2026-03-01", "--to", "2026-03-31", "--campaign", "SPRING"],
    ],
)
def test_the_command_refuses_with_a_sentence(bank, options):
    with pytest.raises(CommandError) as refused:
        call_command("metrics", *options, "--json")
    assert str(refused.value).endswith(".")


def test_the_command_without_json_is_for_people(one_reached, capsys):
    call_command("metrics", "--from", ASKED["from"], "--to", ASKED["to"], "--by", "branch")
    said = capsys.readouterr().out
    assert "North" in said
    assert "contact_achievement" in said
    assert "(1 of 2)" in said
    assert "follow_up_open" in said


def test_a_client_in_two_books_on_one_day_is_reported(carla, anna):
    assert checks() == []

    carla.assignments.create(manager=anna, to_on=date(2026, 1, 1))
    assert [str(carla.pk) in line for line in checks()] == [True]

    carla.assignments.filter(to_on=None).update(from_on=date(2026, 1, 1))
    assert checks() == []
