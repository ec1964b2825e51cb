"""The dashboard: who sees which rows, what is behind a figure, what leaves as a file."""

import csv
import io
import re
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from openpyxl import load_workbook

from clients.models import Theme, Tier
from common.models import AuditEntry
from metrics.behind import FIGURES
from metrics.definitions import INDICATORS
from metrics.periods import Period
from metrics.reports import report, scope_of_bank
from metrics.tables import CLIENTS_OF
from metrics.views.dashboard import _months_until
from portfolio.models import BalanceSnapshot, MaturityCase, Movement
from tests.factories import (
    AgreementFactory,
    BranchFactory,
    ClientFactory,
    ContactFactory,
    FactChangeFactory,
    HoldingFactory,
    OpportunityFactory,
    PromiseFactory,
    PurchaseFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r'X-CSRFToken": "\w+')
COUNTED_IN_CLIENTS = ("contact_achievement", "new_information", "overdue", "neglected")
MARCH = "period=dates&from_on=2026-03-01&to_on=2026-03-31"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Madrid"))


@pytest.fixture
def reached_carla(carla, alice, nina):
    """Carla was reached on 5 March, Nina was tried once; both are active in North."""
    ContactFactory(client=nina, staff=alice, occurred_at=at("2026-03-09T10:00"), result="no_answer")
    return ContactFactory(client=carla, staff=alice, occurred_at=at("2026-03-05T10:00"))


def page(browser, query: str = MARCH, name: str = "dashboard"):
    return browser.get(f"{reverse(name)}?{query}")


# -- who sees what ---------------------------------------------------------------------------------


def test_supervisor_sees_a_row_for_each_manager_and_the_whole(signed_in, bob, reached_carla):
    answer = page(signed_in(bob))

    assert [line.name for line in answer.context["rows"]] == ["Anna", "Alice"]  # furthest behind first
    assert (answer.context["total"].reached, answer.context["total"].clients) == (1, 2)
    assert "1 of 2 clients reached, 50%." in answer.text


def test_account_manager_sees_only_the_own_row(signed_in, alice, reached_carla):
    answer = page(signed_in(alice))

    assert [line.name for line in answer.context["rows"]] == ["Alice"]
    assert answer.context["total"].clients == 1
    assert "Anna" not in answer.text


def test_head_office_sees_branches(signed_in, dora, reached_carla, simon):
    answer = page(signed_in(dora))

    assert sorted(line.name for line in answer.context["rows"]) == ["North", "South"]


def test_head_office_sees_managers_once_a_single_branch_is_chosen(signed_in, dora, reached_carla):
    answer = page(signed_in(dora), f"{MARCH}&branch=NORTH")

    assert sorted(line.name for line in answer.context["rows"]) == ["Alice", "Anna"]


@pytest.mark.parametrize("name", ["erin", "frank", "gus", "hana", "ines"])
@pytest.mark.parametrize(
    "url", ["dashboard", "dashboard-month", "dashboard-clients", "dashboard-export", "dashboard-own"]
)
def test_roles_without_figures_get_403_whatever_they_ask_for(signed_in, cast, name, url):
    browser = signed_in(cast[name])
    assert page(browser, "", url).status_code == 403
    assert page(browser, "branch=NORTH", url).status_code == 403
    assert page(browser, "branch=NOWHERE", url).status_code == 403


@pytest.mark.parametrize("url", ["dashboard", "dashboard-month", "dashboard-clients", "dashboard-export"])
@pytest.mark.parametrize("query", ["branch=SOUTH", "manager=charlie", "branch=BANK", "campaign=SPRING"])
def test_another_branch_answers_like_an_absent_one(signed_in, bob, simon, url, query):
    browser = signed_in(bob)
    outside, absent = page(browser, query, url), page(browser, query.split("=")[0] + "=NOBODY", url)

    assert outside.status_code == absent.status_code == 404
    assert TOKEN.sub("", outside.text) == TOKEN.sub("", absent.text)


@pytest.mark.parametrize("query", ["manager=anna", "branch=NORTH", "branch=SOUTH", "manager=charlie"])
def test_account_manager_gets_404_for_anybody_else(signed_in, alice, anna, charlie, query):
    assert page(signed_in(alice), query).status_code == 404


def test_supervisor_opens_one_managers_row(signed_in, bob, reached_carla):
    answer = page(signed_in(bob), f"{MARCH}&manager=alice")

    assert [(line.name, line.clients, line.reached) for line in answer.context["rows"]] == [("Alice", 1, 1)]


# -- periods ---------------------------------------------------------------------------------------


def test_without_choices_the_period_is_this_month_so_far(signed_in, bob, carla):
    answer = page(signed_in(bob), "")

    today = bob.today()
    assert (answer.context["asked"].period.from_on, answer.context["asked"].period.to_on) == (
        today.replace(day=1),
        today,
    )


@pytest.mark.parametrize(
    "query",
    [
        "period=dates&from_on=2026-03-31&to_on=2026-03-01",
        "period=dates&from_on=2026-03-01",
        "period=dates&from_on=yesterday&to_on=2026-03-01",
        "period=dates&from_on=2999-01-01&to_on=2999-02-01",
        "period=dates&from_on=1990-01-01&to_on=2026-01-01",
        "period=never",
        "rows=clients",
    ],
)
def test_a_period_that_cannot_be_counted_is_refused_at_its_field(signed_in, bob, carla, query):
    answer = page(signed_in(bob), query)

    assert answer.status_code == 400
    assert answer.context["form"].errors
    assert 'class="err"' in answer.text
    assert page(signed_in(bob), query, "dashboard-export").status_code == 404


def test_an_empty_branch_says_what_to_do(signed_in, bob):
    answer = page(signed_in(bob))

    assert answer.status_code == 200
    assert "No active client stands here" in answer.text


def test_clients_past_their_ideal_are_counted_today_and_sort_the_rows(signed_in, bob, carla, nina):
    type(carla).objects.filter(pk=carla.pk).update(next_due_on=date(2026, 1, 1))

    lines = page(signed_in(bob)).context["rows"]
    assert [(line.name, line.late) for line in lines] == [("Alice", 1), ("Anna", 0)]


# -- the other half --------------------------------------------------------------------------------


def test_the_second_half_works_as_a_fragment_and_as_a_page(signed_in, bob, reached_carla):
    browser = signed_in(bob)
    whole = page(browser, MARCH, "dashboard-month")
    part = browser.get(f"{reverse('dashboard-month')}?{MARCH}", headers={"HX-Request": "true"})

    assert "<html" in whole.text
    assert "<html" not in part.text
    assert 'id="difference" hx-swap-oob="true"' in part.text
    for answer in (whole, part):
        assert "That is 50 points ahead of February" in answer.text


def test_reached_day_by_day_is_cumulated_and_ends_with_the_figure(signed_in, bob, reached_carla):
    days = page(signed_in(bob), MARCH, "dashboard-month").context["days"]

    cells = [row["cells"][0] for row in days["table"]]
    assert cells[3:5] == ["0%", "50%"]
    assert cells[30] == "50%"


def test_a_year_is_not_drawn_by_day(signed_in, bob, reached_carla):
    query = "period=dates&from_on=2025-04-01&to_on=2026-03-31"
    assert page(signed_in(bob), query, "dashboard-month").context["days"] is None


def test_thirteen_months_end_with_the_period():
    months = _months_until(Period(date(2026, 3, 1), date(2026, 3, 12), date(2026, 3, 31)))

    assert len(months) == 13
    assert (months[0].from_on, months[0].to_on) == (date(2025, 3, 1), date(2025, 3, 31))
    assert (months[-1].from_on, months[-1].to_on) == (date(2026, 3, 1), date(2026, 3, 12))


@pytest.fixture
def busy(reached_carla, carla, nina, alice, anna):
    """Something of everything: Carla gained a fact, voiced an interest and bought; Nina waits and was let down."""
    FactChangeFactory(client=carla, at=at("2026-03-05T10:00"))
    OpportunityFactory(client=carla, raised_at=at("2026-03-05T10:00"), amount=500, currency="USD")
    OpportunityFactory(client=nina, raised_at=at("2026-02-01T10:00"), amount=None, currency="")
    PurchaseFactory(client=carla, bought_on=date(2026, 3, 6), amount=900, currency="USD")
    PurchaseFactory(client=carla, bought_on=date(2026, 2, 6), amount=600, currency="USD")
    PurchaseFactory(client=nina, bought_on=date(2026, 3, 6), amount=70, currency="EUR")
    PromiseFactory(
        client=nina, opens_on=date(2026, 3, 1), due_on=date(2026, 3, 9), noted_at=at("2026-02-20T10:00")
    )
    AgreementFactory(client=nina, channels=["visit"])
    gold = Tier.objects.get(code="gold")
    type(nina).objects.filter(pk=nina.pk).update(since=date(2025, 1, 1), tier=gold)
    nina.standings.update(tier=gold)
    day = date(2026, 3, 6)
    Movement.objects.create(
        number="M1", client=nina, booked_on=day, amount=80, currency="USD", direction="out", external=True
    )
    BalanceSnapshot.objects.create(client=nina, as_of=day, currency="USD", deposits=300, investments=0)
    MaturityCase.objects.create(
        holding=HoldingFactory(client=nina),
        client=nina,
        matures_on=day,
        effective_on=day,
        principal=70,
        currency="USD",
        opened_on=date(2026, 2, 4),
    )
    theme = Theme.objects.get(code="product")
    for moment in ("2026-03-05T11:00", "2026-03-06T11:00"):
        ContactFactory(client=carla, staff=anna, occurred_at=at(moment), theme=theme)


def test_what_came_of_it_stands_by_manager_with_the_whole_last(signed_in, bob, busy):
    answer = page(signed_in(bob), MARCH, "dashboard-month")

    nina, carla, whole = answer.context["achieved"]  # most past their maximum first
    assert [line.name for line in (nina, carla, whole)] == ["Anna", "Alice", "North"]
    assert [line.facts.value for line in (nina, carla, whole)] == ["0 · 0", "1 · 0", "1 · 0"]
    assert [line.enriched.value for line in (nina, carla, whole)] == ["–", "100%", "100%"]
    assert [line.raised.value for line in (nina, carla, whole)] == ["0", "1", "1"]
    assert [line.followed.value for line in (nina, carla, whole)] == ["–", "1 of 1", "1 of 1"]
    assert [line.promises.value for line in (nina, carla, whole)] == ["0 of 1", "–", "0 of 1"]
    assert [line.neglected.value for line in (nina, carla, whole)] == ["1", "0", "1"]
    assert [[str(one.amount) for one in line.sales.sums] for line in (nina, carla, whole)] == [
        ["70.00"],
        ["900.00"],
        ["70.00", "900.00"],
    ]
    assert [one.currency for one in whole.sales.sums] == ["EUR", "USD"]
    assert "manager=anna" in nina.promises.url
    assert nina.raised.url == ""


def test_a_single_currency_of_sales_stands_once_at_the_head(signed_in, bob, carla, nina):
    PurchaseFactory(client=carla, bought_on=date(2026, 3, 6), amount=900, currency="USD")
    answer = page(signed_in(bob), MARCH, "dashboard-month")

    assert answer.context["currency"] == "USD"
    sums = [line.sales.sums for line in answer.context["achieved"]]
    assert sorted((one.currency, int(one.amount)) for line in sums for one in line) == [
        ("", 0),
        ("", 900),
        ("", 900),
    ]


def test_figures_stand_under_their_tracks_against_two_other_periods(signed_in, bob, busy):
    answer = page(signed_in(bob), MARCH, "dashboard-month")

    tracks = {str(track["name"]): track["lines"] for track in answer.context["tracks"]}
    assert list(tracks) == [
        "Contact",
        "What was learnt",
        "Opportunities",
        "Sales",
        "Money with us",
        "Lateness",
    ]
    sales, deposits = tracks["Sales"]
    assert [[(one.currency, str(one.amount)) for one in cell.sums] for cell in sales.cells] == [
        [("EUR", "70.00"), ("USD", "900.00")],
        [("USD", "600.00")],
        [("USD", "0")],
    ]
    assert (deposits.name, deposits.is_part) == ("Term deposit", True)
    facts = tracks["What was learnt"][0]
    assert [cell.value for cell in facts.cells] == ["1 · 0", "0 · 0", "0 · 0"]
    ages = [line for line in tracks["Opportunities"] if line.is_part]
    assert [[cell.value for cell in line.cells] for line in ages] == [
        ["0", "0", "0"],
        ["1", "1", "0"],
        ["1", "0", "0"],
        ["0", "0", "0"],
    ]
    assert '<th scope="rowgroup" colspan="4">Opportunities</th>' in answer.text


def test_every_definition_stands_on_the_page(signed_in, bob, carla):
    text = page(signed_in(bob)).text

    for indicator in INDICATORS:
        assert escape(str(indicator.definition)) in text


def test_who_waits_longest_stands_first(signed_in, bob, reached_carla, nina, north, anna):
    ClientFactory(name="Reached once", branch=north, manager=anna, last_reached_at=at("2025-12-01T10:00"))

    waiting = page(signed_in(bob), MARCH, "dashboard-month").context["waiting"]
    assert [row["name"] for row in waiting] == ["Nina Berg", "Reached once"]
    assert [row["attempts"] for row in waiting] == ["1 attempt", "never tried"]


# -- who is behind a figure ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "names"),
    [
        ("population", ["Carla Núñez", "Nina Berg"]),
        ("reached", ["Carla Núñez"]),
        ("not_reached", ["Nina Berg"]),
        ("attempted", ["Carla Núñez", "Nina Berg"]),
        ("population&manager=anna", ["Nina Berg"]),
        ("population&of=nobody", []),
    ],
)
def test_the_clients_behind_a_figure(signed_in, bob, reached_carla, figure, names):
    answer = page(signed_in(bob), f"{MARCH}&figure={figure}", "dashboard-clients")

    assert [row["name"] for row in answer.context["rows"]] == names
    assert answer.context["hidden"] == 0


@pytest.mark.parametrize(
    ("figure", "names"),
    [
        ("facts_gained", ["Carla Núñez"]),
        ("new_information", ["Carla Núñez"]),
        ("opportunities_raised", ["Carla Núñez"]),
        ("follow_up", []),
        ("follow_up&from_on=2026-02-01&to_on=2026-02-28", ["Nina Berg"]),
        ("follow_up_open", ["Carla Núñez", "Nina Berg"]),
        ("follow_up_overdue", ["Carla Núñez", "Nina Berg"]),
        ("follow_up_overdue&to_on=2026-03-12", ["Nina Berg"]),
        ("promises", ["Nina Berg"]),
        ("overdue", ["Nina Berg"]),
        ("neglected", ["Nina Berg"]),
        ("neglected&manager=alice", []),
        ("repetition", ["Carla Núñez"]),
        ("agreement_breaches", ["Nina Berg"]),
        ("sales", ["Carla Núñez", "Nina Berg"]),
        ("sales&of=nobody", []),
        ("net_new_money", ["Nina Berg"]),
        ("aum", ["Nina Berg"]),
        ("maturity_retention", ["Nina Berg"]),
    ],
)
def test_the_clients_behind_what_came_of_it(signed_in, bob, busy, figure, names):
    asked = dict(pair.split("=") for pair in f"{MARCH}&figure={figure}".split("&"))
    answer = page(signed_in(bob), urlencode(asked), "dashboard-clients")

    assert [row["name"] for row in answer.context["rows"]] == names
    assert answer.context["hidden"] == 0
    assert "%(" not in answer.context["heading"]


@pytest.mark.parametrize("figure", sorted(FIGURES))
def test_behind_every_figure_restricted_files_are_counted_but_not_shown(
    signed_in, bob, busy, carla, nina, figure
):
    type(carla).objects.update(is_restricted=True)

    answer = page(signed_in(bob), f"{MARCH}&figure={figure}", "dashboard-clients")
    assert answer.context["rows"] == []
    assert (answer.context["hidden"] > 0) == (figure != "follow_up")
    assert "Carla" not in answer.text
    assert "Nina" not in answer.text


@pytest.mark.parametrize(
    ("figure", "key"), [(figure, key) for key, figure in CLIENTS_OF.items() if key in COUNTED_IN_CLIENTS]
)
def test_a_figure_of_clients_is_as_large_as_the_list_behind_it(signed_in, bob, busy, figure, key):
    made = report(
        scope_of_bank(branch="NORTH"), Period(date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 31))
    )

    answer = page(signed_in(bob), f"{MARCH}&figure={figure}", "dashboard-clients")
    assert answer.context["count"] == made.total.figures[key].numerator


def test_a_colleagues_contact_counts_and_says_by_whom(signed_in, bob, carla, anna):
    ContactFactory(client=carla, staff=anna, occurred_at=at("2026-03-31T23:30"))

    answer = page(signed_in(bob), f"{MARCH}&figure=reached&manager=alice", "dashboard-clients")
    assert "by Anna" in answer.text


def test_files_outside_ones_sight_are_counted_but_not_shown(signed_in, bob, alice, north, carla):
    ClientFactory(name="Hidden Person", branch=north, manager=alice, is_restricted=True)

    answer = page(signed_in(bob), f"{MARCH}&figure=population", "dashboard-clients")
    assert (answer.context["count"], answer.context["hidden"]) == (1, 1)
    assert "1 more is not shown" in answer.text
    assert "Hidden Person" not in answer.text


def test_a_client_handed_over_since_is_counted_but_not_shown_to_its_former_manager(
    signed_in, alice, anna, carla
):
    carla.assignments.update(to_on=date(2026, 4, 10))
    carla.assignments.create(manager=anna, from_on=date(2026, 4, 10))

    answer = page(signed_in(alice), f"{MARCH}&figure=population", "dashboard-clients")
    assert (answer.context["count"], answer.context["hidden"]) == (0, 1)
    assert "Carla" not in answer.text


def test_head_office_reads_numbers_for_names(signed_in, dora, carla):
    answer = page(signed_in(dora), f"{MARCH}&figure=population", "dashboard-clients")
    assert "Carla" not in answer.text
    assert "Client N-1" in answer.text

    dora.sees_identities = True
    dora.save()
    assert "Carla" in page(signed_in(dora), f"{MARCH}&figure=population", "dashboard-clients").text


def test_names_are_written_as_text(signed_in, bob, north, alice):
    ClientFactory(name="<script>alert(1)</script>", branch=north, manager=alice)
    UserFactory(name="x")
    alice.name = "<b>Alice</b>"
    alice.save()

    assert "<script>alert" not in page(signed_in(bob), f"{MARCH}&figure=population", "dashboard-clients").text
    assert "<b>Alice" not in page(signed_in(bob)).text


# -- export ----------------------------------------------------------------------------------------


def test_the_export_holds_what_the_table_shows_and_is_recorded(signed_in, bob, reached_carla):
    answer = page(signed_in(bob), MARCH, "dashboard-export")

    rows = list(load_workbook(io.BytesIO(answer.getvalue())).active.iter_rows(values_only=True))
    assert [row[:5] for row in rows[1:]] == [
        ("Alice", "alice", 1, 1, 1),
        ("Anna", "anna", 1, 0, 0),
        ("North", "NORTH", 2, 1, 0.5),
    ]
    assert len({len(row) for row in rows}) == 1
    assert None not in rows[0]
    entry = AuditEntry.objects.get(act=AuditEntry.Act.EXPORT)
    assert (entry.actor_id, entry.subject, entry.count) == (bob.pk, "dashboard", 3)
    assert "NORTH" in entry.detail


def test_the_export_keeps_currencies_apart(signed_in, bob, busy):
    text = page(signed_in(bob), f"{MARCH}&format=csv", "dashboard-export").getvalue().decode("utf-8-sig")

    head, *rows = list(csv.reader(io.StringIO(text)))
    whole = dict(zip(head, rows[-1], strict=True))
    assert (whole["Sales"], whole["Sales: amounts"]) == ("2", "70.00 EUR; 900.00 USD")
    assert (whole["Facts learnt"], whole["Facts corrected"]) == ("1", "0")
    assert (whole["Promises kept: counted"], whole["Promises kept: of"]) == ("0", "1")


def test_a_name_that_is_a_formula_leaves_as_text(signed_in, bob, alice, carla):
    alice.name = "=HYPERLINK(1)"
    alice.save()

    text = page(signed_in(bob), f"{MARCH}&format=csv", "dashboard-export").getvalue().decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[1][0] == "'=HYPERLINK(1)"


# -- on Today, and cost ----------------------------------------------------------------------------


def test_the_line_on_today_is_about_the_own_book(signed_in, alice, carla, nina):
    ContactFactory(client=carla, staff=alice, occurred_at=timezone.now())

    answer = signed_in(alice).get(reverse("dashboard-own"), headers={"HX-Request": "true"})
    assert "1 of 1" in answer.text


@pytest.mark.parametrize(
    ("name", "most"),
    [("dashboard", 8), ("dashboard-month", 22), ("dashboard-clients", 12), ("dashboard-export", 20)],
)
def test_forty_managers_cost_as_many_queries_as_two(
    signed_in, bob, north, name, most, django_assert_num_queries, django_assert_max_num_queries
):
    def fill(count):
        for _ in range(count):
            manager = UserFactory(branch=north)
            client = ClientFactory(branch=BranchFactory(parent=north), manager=manager)
            ContactFactory(client=client, staff=manager, occurred_at=at("2026-03-05T10:00"))
            FactChangeFactory(client=client, at=at("2026-03-05T10:00"))
            OpportunityFactory(client=client, raised_by=manager, raised_at=at("2026-03-05T10:00"))
            PurchaseFactory(client=client, bought_on=date(2026, 3, 5))

    fill(2)
    browser = signed_in(bob)
    page(browser, MARCH, name)
    with django_assert_max_num_queries(most) as few:
        page(browser, MARCH, name)
    fill(38)
    with django_assert_num_queries(len(few)):
        page(browser, MARCH, name)
