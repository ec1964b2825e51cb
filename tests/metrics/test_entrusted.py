"""Net new money, assets and matured money, worked by hand; what the reporting currency makes of several."""

import csv
import io
import json
import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.urls import reverse
from openpyxl import load_workbook

from clients.models import Standing
from metrics.definitions import BY_KEY
from metrics.figures import Figure, Matured, Sum, Total
from metrics.periods import Period
from metrics.reports import report, scope_of_bank
from portfolio.models import BalanceSnapshot, MaturityCase, MaturityPart, Movement, Rate
from tests.factories import (
    BranchFactory,
    ClientFactory,
    HoldingFactory,
    OpportunityFactory,
    ProductFactory,
    PurchaseFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 31))
TENTH, LAST = date(2026, 3, 10), date(2026, 3, 31)
KEYS = ("net_new_money", "aum", "maturity_retention")
ASKED = "period=dates&from_on=2026-03-01&to_on=2026-03-31"


@pytest.fixture(autouse=True)
def _dollars(settings):
    settings.REPORTING_CURRENCY = "USD"


@pytest.fixture
def one(north, alice):
    return ClientFactory(number="1", name="Olga One", branch=north, manager=alice)


@pytest.fixture
def two(north, anna):
    return ClientFactory(number="2", name="Tom Two", branch=north, manager=anna)


def moved(client, amount: str, on: date = TENTH, currency: str = "USD", external: bool = True):
    """Money in, or out where the amount is below nought."""
    return Movement.objects.create(
        number=f"M{Movement.objects.count()}",
        client=client,
        booked_on=on,
        amount=abs(Decimal(amount)),
        currency=currency,
        direction="out" if Decimal(amount) < 0 else "in",
        external=external,
    )


def has(
    client, deposits: str, investments: str = "0", on: date = LAST, currency: str = "USD", loans: str = "0"
):
    return BalanceSnapshot.objects.create(
        client=client,
        as_of=on,
        currency=currency,
        deposits=Decimal(deposits),
        investments=Decimal(investments),
        loans=Decimal(loans),
    )


def matured(client, principal: str, on: date = TENTH, currency: str = "USD", broken=None, **parts: str):
    """A term that ended; settled where it is said what became of it."""
    case = MaturityCase.objects.create(
        holding=HoldingFactory(client=client, currency=currency),
        client=client,
        matures_on=on,
        effective_on=on,
        principal=Decimal(principal),
        currency=currency,
        opened_on=on - timedelta(days=30),
        broken_on=broken,
    )
    for outcome, amount in parts.items():
        product = ProductFactory() if outcome == "moved" else None
        MaturityPart.objects.create(
            case=case, outcome=outcome, amount=Decimal(amount), currency=currency, product=product
        )
    if parts:
        MaturityCase.objects.filter(pk=case.pk).update(
            settled_at=datetime(2026, 4, 2, 9, tzinfo=ZoneInfo("UTC"))
        )
    return case


def rated(currency: str, on: date, rate: str):
    return Rate.objects.create(currency=currency, on=on, rate=Decimal(rate))


def found(key: str, period: Period = MARCH, **scope: str) -> Figure:
    return report(scope_of_bank(**scope), period, keys=[key]).total.figures[key]


# -- net new money ---------------------------------------------------------------------------------


def test_net_new_money_is_what_came_less_what_went_by_manager_and_in_the_branch(one, two):
    moved(one, "500.00")
    moved(one, "-120.50")
    moved(two, "-80.00", date(2026, 3, 31))
    moved(one, "9000", external=False)

    made = report(scope_of_bank(branch="NORTH"), MARCH, "manager", ["contact_achievement", "net_new_money"])
    rows = {row.group.code: row.figures["net_new_money"] for row in (*made.rows, made.total)}
    assert {code: figure.amount for code, figure in rows.items()} == {
        "alice": Decimal("379.50"),
        "anna": Decimal("-80.00"),
        "NORTH": Decimal("299.50"),
    }
    assert rows["NORTH"].value == 3
    assert rows["NORTH"].total == Total("USD", Decimal("299.50"))


@pytest.mark.parametrize(
    ("on", "count"),
    [(date(2026, 2, 28), 0), (date(2026, 3, 1), 1), (date(2026, 3, 31), 1), (date(2026, 4, 1), 0)],
)
def test_a_movement_counts_on_the_day_it_is_booked(one, on, count):
    moved(one, "500", on)

    assert found("net_new_money").value == count


def test_without_movements_net_new_money_is_nought(one):
    figure = found("net_new_money")

    assert (figure.value, figure.amount, figure.currency, figure.amounts) == (0, 0, "USD", ())
    assert figure.total == Total("USD", Decimal("0.00"))


def test_money_counts_for_whoever_had_the_client_on_the_last_day(north, south, one):
    moved(one, "500")
    one.standings.update(to_on=date(2026, 3, 20))
    Standing.objects.create(client=one, branch=south, status="active", from_on=date(2026, 3, 20))

    assert found("net_new_money", branch="NORTH").value == 0
    assert found("net_new_money", branch="SOUTH").amount == 500


def test_the_page_says_that_own_accounts_elsewhere_and_salaries_are_included():
    assert "own accounts elsewhere and salaries are included" in str(BY_KEY["net_new_money"].definition)


# -- assets ----------------------------------------------------------------------------------------


def test_assets_are_deposits_and_investments_of_the_last_balance_without_loans(one, two):
    has(one, "9999", on=date(2026, 3, 5))
    has(one, "100.10", "200.20", date(2026, 3, 28), loans="5000")
    has(one, "7777", on=date(2026, 4, 1))
    has(two, "50", on=date(2026, 2, 28))  # 31 days before the end

    made = report(scope_of_bank(branch="NORTH"), MARCH, "manager", ["contact_achievement", "aum"])
    rows = {row.group.code: row.figures["aum"] for row in (*made.rows, made.total)}
    assert {code: figure.amount for code, figure in rows.items()} == {
        "alice": Decimal("300.30"),
        "anna": Decimal("50.00"),
        "NORTH": Decimal("350.30"),
    }


def test_a_balance_of_more_than_31_days_is_not_known_and_that_is_not_nought(one, two):
    has(one, "50", on=date(2026, 2, 27))

    figure = found("aum")
    assert replace(figure, previous=None, year_before=None) == Figure(None, 0, 2, amounts=())
    assert (figure.previous.amount, figure.change) == (50, None)


def test_each_currency_has_its_own_last_balance_and_a_client_counts_once(one, two):
    has(one, "100", on=date(2026, 3, 20))
    has(one, "70", on=date(2026, 3, 31), currency="EUR")
    has(one, "60", on=date(2026, 3, 30), currency="EUR")
    has(two, "5")

    figure = found("aum")
    assert figure.amounts == (Sum("EUR", Decimal(70), 1), Sum("USD", Decimal(105), 2))
    assert (figure.value, figure.numerator, figure.denominator) == (2, 2, 2)


def test_assets_are_held_against_the_end_of_the_period_before(one, north, alice):
    has(one, "100", on=date(2026, 2, 28))
    has(one, "125")
    left = ClientFactory(branch=north, manager=alice)
    left.standings.update(to_on=date(2026, 3, 1))
    has(left, "900", on=date(2026, 2, 28))

    figure = found("aum")
    assert (figure.amount, figure.previous.amount) == (125, 1000)
    assert figure.change == -0.875


# -- matured money ---------------------------------------------------------------------------------


def test_the_share_of_matured_money_that_stayed(one, two):
    matured(one, "100", renewed="60", moved="20", withdrawn="20")
    matured(two, "300", lost="300")
    matured(one, "5000", renewed="5000", broken=date(2026, 3, 2))
    matured(one, "700", date(2026, 4, 1), renewed="700")

    made = report(
        scope_of_bank(branch="NORTH"), MARCH, "manager", ["contact_achievement", "maturity_retention"]
    )
    rows = {row.group.code: row.figures["maturity_retention"] for row in (*made.rows, made.total)}
    assert {code: figure.value for code, figure in rows.items()} == {"alice": 0.8, "anna": 0.0, "NORTH": 0.2}
    assert rows["NORTH"].by_currency == (Matured("USD", 2, Decimal(400), Decimal(80), Decimal(0)),)
    assert rows["NORTH"].amount == 400


def test_what_is_not_settled_counts_as_not_kept_and_is_shown(one):
    matured(one, "100", renewed="100")
    open_case = matured(one, "300")
    MaturityPart.objects.create(case=open_case, outcome="renewed", amount=Decimal(50), currency="USD")

    figure = found("maturity_retention")
    assert figure.value == 0.25
    assert figure.by_currency == (Matured("USD", 2, Decimal(400), Decimal(100), Decimal(300)),)


def test_where_nothing_matured_there_is_no_share(one):
    matured(one, "100", broken=TENTH)

    figure = found("maturity_retention")
    assert (figure.value, figure.by_currency, figure.amounts) == (None, (), ())


def test_a_share_across_currencies_stands_only_where_each_has_a_rate(one):
    matured(one, "100", renewed="100")
    matured(one, "50", currency="EUR", lost="50")

    assert found("maturity_retention").value is None
    assert [(part.currency, part.value) for part in found("maturity_retention").by_currency] == [
        ("EUR", 0.0),
        ("USD", 1.0),
    ]
    rated("EUR", TENTH, "0.5")
    assert found("maturity_retention").value == 0.5


# -- in the reporting currency ---------------------------------------------------------------------


def test_flows_take_the_rate_of_their_day_and_stocks_that_of_the_periods_end(one):
    rated("EUR", date(2026, 3, 9), "0.5")
    rated("EUR", date(2026, 3, 30), "0.25")
    moved(one, "100", TENTH, "EUR")
    PurchaseFactory(client=one, bought_on=TENTH, amount=Decimal(10), currency="EUR")
    has(one, "100", on=TENTH, currency="EUR")
    moment = datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Europe/Madrid"))
    OpportunityFactory(client=one, raised_at=moment, amount=Decimal(30), currency="EUR")

    keys = ["net_new_money", "sales", "aum", "opportunities_raised", "follow_up_open"]
    figures = report(scope_of_bank(), MARCH, keys=keys).total.figures
    assert {key: figure.total for key, figure in figures.items()} == {
        "net_new_money": Total("USD", Decimal("200.00")),
        "sales": Total("USD", Decimal("20.00")),
        "aum": Total("USD", Decimal("400.00")),
        "opportunities_raised": Total("USD", Decimal("60.00")),
        "follow_up_open": Total("USD", Decimal("120.00")),
    }
    assert {(figure.amount, figure.currency) for figure in figures.values()} == {
        (100, "EUR"),
        (10, "EUR"),
        (30, "EUR"),
    }


@pytest.mark.parametrize(("days", "amount"), [(0, 200), (7, 200), (8, None), (-1, None)])
def test_a_rate_is_at_most_seven_days_old(one, days, amount):
    rated("EUR", TENTH - timedelta(days=days), "0.5")
    moved(one, "100", TENTH, "EUR")

    assert found("net_new_money").total.amount == amount


def test_what_has_no_rate_stands_unconverted_beside_the_rest(one):
    rated("EUR", TENTH, "0.5")
    moved(one, "100", TENTH, "EUR")
    moved(one, "40", date(2026, 3, 29), "EUR")
    moved(one, "-7", TENTH, "GBP")
    moved(one, "3")

    figure = found("net_new_money")
    assert figure.amounts == (
        Sum("EUR", Decimal(140), 2),
        Sum("GBP", Decimal(-7), 1),
        Sum("USD", Decimal(3), 1),
    )
    assert figure.total == Total(
        "USD", Decimal("203.00"), (Sum("EUR", Decimal(40), 1), Sum("GBP", Decimal(-7), 1))
    )


def test_the_reporting_currency_is_worth_itself_whatever_the_rates_say(one):
    rated("USD", TENTH, "2")
    moved(one, "100")

    assert found("net_new_money").total == Total("USD", Decimal("100.00"))


def test_rows_in_the_reporting_currency_add_up_to_the_cent(north, one, two):
    rated("EUR", TENTH, "0.93")
    alone = ClientFactory(branch=north)
    for client in (one, two, alone):
        moved(client, "0.33", TENTH, "EUR")
        moved(client, "10.01", TENTH, "EUR")

    made = report(scope_of_bank(branch="NORTH"), MARCH, "manager", ["contact_achievement", "net_new_money"])
    assert len(made.rows) == 3
    amounts = [row.figures["net_new_money"].total.amount for row in made.rows]
    assert sum(amounts) == made.total.figures["net_new_money"].total.amount
    assert amounts[0] == Decimal("11.11")  # 0.35 + 10.76


def test_a_change_across_currencies_is_that_of_the_totals_where_all_has_a_rate(one):
    has(one, "100", on=date(2026, 2, 28))
    has(one, "100", on=LAST)
    has(one, "50", on=LAST, currency="EUR")
    assert found("aum").change is None

    rated("EUR", LAST, "0.5")
    assert found("aum").change == 1.0


def test_nothing_is_said_to_grow_from_less_than_nothing(one):
    bought = PurchaseFactory(client=one, bought_on=date(2026, 1, 5), amount=Decimal(100), currency="USD")
    PurchaseFactory(
        client=one, bought_on=date(2026, 2, 5), amount=Decimal(100), currency="USD", reverses=bought
    )
    PurchaseFactory(client=one, bought_on=TENTH, amount=Decimal(50), currency="USD")

    assert found("sales").previous.amount == -100
    assert found("sales").change is None


# -- against a slow reading ------------------------------------------------------------------------


def worth(amount: Decimal, currency: str, on: date) -> Decimal | None:
    """An amount in dollars by the last rate of the week, one rate at a time."""
    if currency == "USD":
        return amount
    rates = Rate.objects.filter(currency=currency, on__lte=on, on__gt=on - timedelta(days=8)).order_by("-on")
    return (amount / rates[0].rate).quantize(Decimal("0.01"), ROUND_HALF_UP) if rates else None


def read_slowly(flows: list[tuple[Decimal, str, date]]) -> tuple[dict, Decimal | None, dict]:
    """Sums by currency, their total in dollars, and what has no rate."""
    amounts: dict[str, Decimal] = {}
    without: dict[str, Decimal] = {}
    values = []
    for amount, currency, on in flows:
        amounts[currency] = amounts.get(currency, Decimal(0)) + amount
        value = worth(amount, currency, on)
        if value is None:
            without[currency] = without.get(currency, Decimal(0)) + amount
        else:
            values.append(value)
    return amounts, sum(values) if values else None, without


def read(figure: Figure) -> tuple[dict, Decimal | None, dict]:
    return (
        {one.currency: one.amount for one in figure.amounts},
        figure.total.amount,
        {one.currency: one.amount for one in figure.total.unconverted},
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_queries_agree_with_a_slow_reading_of_the_definitions(one, two, seed):
    draw = random.Random(seed)
    days = [date(2026, 2, 1) + timedelta(days=n) for n in range(70)]
    for currency in ("EUR", "GBP"):
        for on in draw.sample(days, 6):
            rated(currency, on, f"0.{draw.randrange(10, 99)}")
    for client in (one, two):
        for _ in range(25):
            amount, currency = f"{draw.randrange(-9999, 9999) or 1}.37", draw.choice(["USD", "EUR", "GBP"])
            moved(client, amount, draw.choice(days), currency, external=draw.random() < 0.8)
        for on in draw.sample(days, 8):
            has(client, str(draw.randrange(999)), "0.55", on, draw.choice(["USD", "EUR", "GBP"]))

    flows = [
        (row.amount if row.direction == "in" else -row.amount, row.currency, row.booked_on)
        for row in Movement.objects.external()
        if MARCH.from_on <= row.booked_on <= MARCH.to_on
    ]
    last = {}
    for row in BalanceSnapshot.objects.order_by("as_of"):
        if MARCH.to_on - timedelta(days=31) <= row.as_of <= MARCH.to_on:
            last[row.client_id, row.currency] = row.assets
    stocks = [(assets, currency, MARCH.to_on) for (_client, currency), assets in last.items()]

    figures = report(scope_of_bank(), MARCH, keys=["net_new_money", "aum"]).total.figures
    assert read(figures["net_new_money"]) == read_slowly(flows)
    assert read(figures["aum"]) == read_slowly(stocks)
    assert figures["aum"].value == len({client for client, _currency in last})


# -- the same everywhere ---------------------------------------------------------------------------


@pytest.fixture
def busy(one, two):
    """Two managers' clients with money in two currencies, one of which has a rate only early in the month."""
    rated("EUR", TENTH, "0.5")
    moved(one, "100", TENTH, "EUR")
    moved(one, "-30")
    moved(two, "12", date(2026, 3, 30), "EUR")
    has(one, "1000", "500")
    has(one, "900", on=date(2026, 2, 28))
    has(two, "80", currency="EUR")
    matured(one, "200", renewed="150", withdrawn="50")
    matured(two, "40", currency="EUR")


def test_page_command_api_and_export_give_the_same_figures(signed_in, bob, busy, capsys):
    call_command(
        "metrics",
        "--from",
        "2026-03-01",
        "--to",
        "2026-03-31",
        "--branch",
        "NORTH",
        "--by",
        "manager",
        "--json",
    )
    command = json.loads(capsys.readouterr().out)["rows"]
    browser = signed_in(bob)
    api = browser.get(
        reverse("api:metrics"), {"from": "2026-03-01", "to": "2026-03-31", "by": "manager"}
    ).json()["rows"]
    assert command == api
    alice = api[0]["indicators"]
    assert alice["net_new_money"]["total"] == {"currency": "USD", "amount": "170.00", "unconverted": []}
    assert (alice["aum"]["amount"], alice["aum"]["value"]) == ("1500.00", 1)
    assert alice["aum"]["change"] == pytest.approx(2 / 3)
    assert alice["maturity_retention"]["by_currency"] == [
        {
            "currency": "USD",
            "count": 1,
            "value": 0.75,
            "matured": "200.00",
            "kept": "150.00",
            "unknown": "0.00",
        }
    ]

    page = browser.get(f"{reverse('dashboard-month')}?{ASKED}")
    first, second, whole = page.context["entrusted"]
    assert [line.name for line in (first, second, whole)] == ["Alice", "Anna", "North"]
    assert [(one.currency, str(one.amount)) for one in first.brought.sums] == [
        ("EUR", "100.00"),
        ("USD", "-30.00"),
    ]
    assert first.brought.notes == ["together USD 170", "2 movements"]
    assert second.brought.notes == ["without a rate: EUR 12", "1 movement"]
    assert whole.brought.notes == ["together USD 170", "without a rate: EUR 12", "3 movements"]
    assert first.assets.notes == ["+67% since the period before", "1 of 1 client"]
    assert (first.kept.value, first.kept.notes) == ("75%", ["USD 150 of 200"])
    assert (second.kept.value, second.kept.notes) == ("0%", ["EUR 0 of 40", "not settled: EUR 40"])
    # 40 euros had a rate on their day, 80 dollars: 150 of 280 dollars were kept.
    assert (whole.kept.value, whole.kept.notes) == (
        "54%",
        ["EUR 0 of 40", "not settled: EUR 40", "USD 150 of 200"],
    )
    money = next(track for track in page.context["tracks"] if str(track["name"]) == "Money with us")
    assert money["lines"][0].cells[0].notes == whole.brought.notes

    text = browser.get(f"{reverse('dashboard-export')}?{ASKED}&format=csv").getvalue().decode("utf-8-sig")
    head, *rows = list(csv.reader(io.StringIO(text)))
    exported = dict(zip(head, rows[-1], strict=True))
    assert exported["Net new money"] == "3"
    assert exported["Net new money: amounts"] == "112.00 EUR; -30.00 USD"
    assert exported["Net new money: together in USD"] == "170.00"
    assert exported["Net new money: without a rate"] == "12.00 EUR"
    assert exported["Assets with us: amounts"] == "80.00 EUR; 1500.00 USD"
    assert exported["Matured money kept: matured"] == "40.00 EUR; 200.00 USD"
    assert exported["Matured money kept: kept"] == "0.00 EUR; 150.00 USD"
    assert exported["Matured money kept: not settled"] == "40.00 EUR"
    book = load_workbook(io.BytesIO(browser.get(f"{reverse('dashboard-export')}?{ASKED}").getvalue()))
    head, *rows = list(book.active.iter_rows(values_only=True))
    assert dict(zip(head, rows[-1], strict=True))["Net new money: together in USD"] == 170


def test_the_command_for_people_says_what_has_no_rate(busy, capsys):
    call_command("metrics", "--from", "2026-03-01", "--to", "2026-03-31", "--branch", "NORTH")

    said = capsys.readouterr().out
    assert "112.00 EUR  -30.00 USD  = 170.00 USD  + 12.00 EUR" in said
    assert "(kept 0.00, not settled 40.00 EUR)" in said


def test_where_no_balance_is_known_the_page_shows_a_dash(signed_in, bob, one):
    page = signed_in(bob).get(f"{reverse('dashboard-month')}?{ASKED}")

    line = page.context["entrusted"][0]
    assert (line.assets.value, line.assets.sums, line.assets.url) == ("–", (), "")
    assert line.assets.notes == ["0 of 1 client"]
    assert line.kept.value == "–"


@pytest.mark.parametrize(
    ("figure", "names"),
    [
        ("net_new_money", ["Olga One", "Tom Two"]),
        ("aum", ["Olga One", "Tom Two"]),
        ("aum&manager=anna", ["Tom Two"]),
        ("maturity_retention", ["Olga One", "Tom Two"]),
        ("sales", []),
    ],
)
def test_the_clients_behind_the_money(signed_in, bob, busy, north, alice, figure, names):
    other = ClientFactory(name="Wholly Kept", branch=north, manager=alice)
    matured(other, "10", renewed="10")
    answer = signed_in(bob).get(f"{reverse('dashboard-clients')}?{ASKED}&figure={figure}")

    assert [row["name"] for row in answer.context["rows"]] == names
    assert answer.context["hidden"] == 0


@pytest.mark.parametrize("figure", KEYS)
def test_restricted_files_are_counted_behind_the_money_but_not_shown(signed_in, bob, busy, one, figure):
    type(one).objects.filter(pk=one.pk).update(is_restricted=True)

    answer = signed_in(bob).get(f"{reverse('dashboard-clients')}?{ASKED}&figure={figure}")
    assert [row["name"] for row in answer.context["rows"]] == ["Tom Two"]
    assert answer.context["hidden"] == 1
    assert "1 more is not shown" in answer.text


@pytest.mark.parametrize("figure", KEYS)
def test_a_colleagues_money_answers_like_an_absent_one(signed_in, alice, busy, figure):
    browser = signed_in(alice)

    for whose in ("manager=anna", "manager=nobody", "branch=NORTH"):
        asked = f"{ASKED}&figure={figure}&{whose}"
        assert browser.get(f"{reverse('dashboard-clients')}?{asked}").status_code == 404
        assert browser.get(f"{reverse('dashboard-month')}?{asked}").status_code == 404
    own = browser.get(f"{reverse('dashboard-clients')}?{ASKED}&figure={figure}")
    assert [row["name"] for row in own.context["rows"]] == ["Olga One"]


@pytest.mark.parametrize("by", ["", "manager", "branch", "month"])
def test_forty_clients_with_money_cost_as_many_queries_as_two(north, django_assert_num_queries, by):
    def fill(count):
        for number in range(count):
            client = ClientFactory(branch=BranchFactory(parent=north), manager=UserFactory(branch=north))
            currency = ("USD", "EUR", "GBP")[number % 3]
            moved(client, "5", currency=currency)
            has(client, "5", currency=currency)
            matured(client, "5", currency=currency)

    fill(2)
    scope = scope_of_bank(branch="NORTH")
    names = 1 if by in ("manager", "branch") else 0
    with django_assert_num_queries(len(KEYS) + names):
        report(scope, MARCH, by, KEYS)
    fill(38)
    with django_assert_num_queries(len(KEYS) + names):
        report(scope, MARCH, by, KEYS)
