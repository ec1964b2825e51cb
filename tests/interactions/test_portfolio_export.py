"""The lists of the portfolio as files: what is shown, masked as shown, recorded."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from common.models import AuditEntry
from tests.factories import (
    ActionFactory,
    AdviceFactory,
    ClientFactory,
    LimitCrossingFactory,
    MaturityFactory,
    MovementFactory,
    MovementReasonFactory,
    OccurrenceFactory,
    ProductFactory,
    PurchaseFactory,
)

EXPORT = "/portfolio/export/"
SHOWN = ["maturing", "outcome", "limits", "review", "moved"]


def exported(browser, **asked) -> list[list]:
    """The head and the rows of a CSV file, as text."""
    answer = browser.get(EXPORT, {"format": "csv", **asked})
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def write(client) -> None:
    """A row of every list."""
    today = client.branch.today()
    fund = ProductFactory(kind="fund", name="World fund")
    MaturityFactory(client=client, matures_on=today + timedelta(days=10))
    MaturityFactory(client=client)
    moved = MovementFactory(client=client, booked_on=today - timedelta(days=2), counterparty_bank="Banco Sur")
    MovementReasonFactory(movement=moved, competitor="Banco Norte", note="Her brother works there")
    bought = PurchaseFactory(client=client, product=fund)
    crossing = LimitCrossingFactory(purchase=bought, on=today)
    duty = ActionFactory(client=client, source="limit")
    OccurrenceFactory(
        client=client,
        source="limit",
        subject=f"purchase/{bought.number}/{crossing.side}/T-{crossing.on}",
        action=duty,
    )
    AdviceFactory(action=duty, client=client, decision="thinks")
    ActionFactory(client=client, source="purchase_review", about="World fund", event_on=today)


def test_file_of_maturities_says_what_matures_when_and_how_much(signed_in, alice, carla):
    write(carla)
    browser, today = signed_in(alice), carla.branch.today()
    for show, day in (("maturing", today + timedelta(days=10)), ("outcome", today)):
        head, *rows = exported(browser, show=show)
        assert len(rows) == 1
        row = dict(zip(head, rows[0], strict=True))
        assert (row["Client number"], row["Name"]) == ("N-1", "Carla Núñez")
        assert (row["Matures"], row["By contract"], row["Ended early"]) == (str(day), str(day), "")
        assert (row["Amount"], row["Currency"]) == ("10000.00", "EUR")


def test_file_of_limits_says_which_was_crossed_and_what_the_client_decided(signed_in, alice, carla):
    write(carla)
    head, row = exported(signed_in(alice), show="limits")
    said = dict(zip(head, row, strict=True))
    assert (said["Product"], said["Which limit"], said["Price"]) == ("World fund", "loss limit", "8.900000")
    assert said["The client's decision"] == "Thinks it over"


def test_file_of_purchases_to_review_says_why_and_by_when(signed_in, alice, carla):
    write(carla)
    head, row = exported(signed_in(alice), show="review")
    said = dict(zip(head, row, strict=True))
    assert "World fund" in said["Why"]
    assert said["Due"] == str(carla.actions.get(source="purchase_review").due_on)


def test_file_of_movements_says_where_money_went_and_why(signed_in, alice, carla):
    write(carla)
    head, row = exported(signed_in(alice), show="moved")
    said = dict(zip(head, row, strict=True))
    assert (said["In"], said["Out"], said["Other bank"]) == ("", "300.00", "Banco Norte")
    assert (said["Why"], said["Note"]) == ("A better rate", "Her brother works there")


def test_spreadsheet_holds_days_and_amounts_as_such_and_runs_nothing(signed_in, alice, carla):
    carla.name = "=1+1"
    carla.save()
    write(carla)
    answer = signed_in(alice).get(EXPORT, {"show": "moved"})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="portfolio-moved.xlsx"'
    _head, row = load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
    assert row[1] == "'=1+1"
    assert row[2].date() == carla.branch.today() - timedelta(days=2)
    assert Decimal(str(row[4])) == 300


@pytest.mark.parametrize("show", SHOWN)
def test_file_holds_whom_the_page_shows_and_nobody_else(
    signed_in, alice, bob, anna, carla, nina, simon, show
):
    for client in (carla, nina, simon):
        write(client)

    def seen(user, **asked) -> set[str]:
        return {row[0] for row in exported(signed_in(user), show=show, **asked)[1:]}

    assert seen(alice) == {"N-1"}
    assert seen(bob) == {"N-1", "N-2"}
    assert seen(bob, manager="anna") == {"N-2"}
    assert seen(bob, manager="charlie") == set()
    assert seen(alice, manager="anna") == {"N-1"}  # one's own book, whoever is named


@pytest.mark.parametrize("show", SHOWN)
def test_head_office_without_the_right_exports_numbers_and_no_free_word(signed_in, dora, carla, show):
    write(carla)
    head, row = exported(signed_in(dora), show=show)
    assert row[:2] == ["N-1", "Client N-1"]
    assert not {"Carla Núñez", "Banco Norte", "Banco Sur", "Her brother works there"} & set(row)
    assert len(head) == len(row)


def test_export_is_recorded_with_its_list_and_count(signed_in, bob, anna, carla, nina):
    for client in (carla, nina):
        write(client)
    exported(signed_in(bob), show="moved", manager="anna", cursor="x")
    exported(signed_in(bob), show="nonsense")
    entries = AuditEntry.objects.filter(act="export", actor_id=bob.pk, subject="portfolio").order_by("pk")
    assert [(entry.detail, entry.count) for entry in entries] == [
        ("show=moved&manager=anna", 1),
        ("show=maturing", 2),
    ]


def test_page_links_to_the_file_of_what_it_shows(signed_in, alice, bob, carla):
    text = signed_in(bob).get("/portfolio/?show=limits&manager=alice&cursor=x").content.decode()
    assert 'href="/portfolio/export/?show=limits&amp;manager=alice"' in text
    text = signed_in(alice).get("/portfolio/?manager=anna").content.decode()
    assert 'href="/portfolio/export/?show=maturing"' in text


@pytest.mark.parametrize("show", SHOWN)
def test_file_costs_the_same_queries_for_two_rows_and_for_forty(signed_in, alice, north, show):
    browser, counts = signed_in(alice), []
    for count in (2, 38):
        for _turn in range(count):
            write(ClientFactory(branch=north, manager=alice))
        browser.get("/portfolio/")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            rows = exported(browser, show=show)[1:]
        counts.append((len(asked), len(rows)))
    assert [rows for _asked, rows in counts] == [2, 40]
    assert counts[0][0] == counts[1][0] <= 14, counts


@pytest.mark.parametrize("show", SHOWN)
def test_large_file_is_read_page_by_page_without_a_gap(signed_in, alice, north, monkeypatch, show):
    monkeypatch.setattr("interactions.views.portfolio_lists.CHUNK", 3)
    for _turn in range(10):
        write(ClientFactory(branch=north, manager=alice))
    rows = exported(signed_in(alice), show=show)[1:]
    assert len({row[0] for row in rows}) == len(rows) == 10
