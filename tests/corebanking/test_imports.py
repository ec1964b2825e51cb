"""Imports: checked first, taken whole or not at all, the same file twice is one."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pghistory
import pytest

from clients.models import Client, CoreValue, FactChange
from corebanking.refusals import ImportRefused
from corebanking.services import import_path, undo_import
from interactions.checks import checks as interaction_checks
from interactions.models import Action, Contact, Opportunity, StageChange
from interactions.services import move_opportunity, refresh_cadence
from tests.corebanking.conftest import GOOD, HEAD
from tests.factories import ActionFactory, ContactFactory, HoldingFactory, ProductFactory


def test_clients_come_in_with_all_that_hangs_on_them(load, alice):
    job = load(HEAD + GOOD)
    assert (job.state, job.created, job.rejected) == ("committed", 3, 0)
    chen = Client.objects.get(number="K1")
    assert chen.assignments.get().manager == alice
    assert chen.standings.get().tier.code == "private"
    assert chen.dated_facts.get().as_text() == "1972-05-20"
    assert chen.open_document_number() == "AB12345"
    assert {p.value for p in chen.contact_points.all()} == {"+34600111222", "m@kiln.example"}
    assert list(Client.objects.matching("guð 29")) == []
    assert Client.objects.matching("gudmunds").get().number == "K2"
    assert Client.objects.matching("AB12345").get() == chen
    assert Client.objects.matching("1222").get() == chen
    assert set(FactChange.objects.values_list("by_kind", flat=True)) == {"import"}


def test_same_file_again_changes_nothing(load):
    first = load(HEAD + GOOD)
    again = load(HEAD + GOOD)
    assert again.pk == first.pk
    assert again.is_repeat
    job = load(HEAD + GOOD + "\n")  # other bytes, the same rows
    assert (job.created, job.updated, job.unchanged) == (0, 0, 3)


def test_one_bad_row_refuses_the_whole_and_nothing_is_half_done(load):
    job = load(HEAD + GOOD + "K4,person,Bad,1972-13-45,,,,NORTH,,,\n")
    assert job.state == "refused"
    assert not Client.objects.exists()


def test_good_rows_are_taken_and_the_mended_error_file_loads(load, tmp_path):
    bad = "K4,person,Bad Date,1972-13-45,,,,NORTH,,,\nK5,person,No Branch,,,,,NOWHERE,,,\n"
    job = load(HEAD + GOOD + bad, allow_rejected=0.5)
    assert (job.state, job.created, job.rejected) == ("committed", 3, 2)
    text = Path(job.errors_path).read_text(encoding="utf-8")
    assert "_reason" in text
    assert "unknown branch" in text
    assert "1972-13-45" in text
    mended = load(text.replace("1972-13-45", "1972-12-05").replace("NOWHERE", "NORTH"), name="mended.csv")
    assert (mended.state, mended.created) == ("committed", 2)
    assert Client.objects.count() == 5


def test_older_export_never_overwrites_newer_data(load):
    load(HEAD + GOOD, source_date=date(2026, 5, 2))
    job = load(HEAD + GOOD.replace("Chen Meilin", "Chen Old"), name="old.csv", source_date=date(2026, 5, 1))
    assert (job.state, job.updated) == ("committed", 0)
    assert Client.objects.get(number="K1").name == "Chen Meilin"


def test_what_the_crm_owns_is_kept_and_core_says_stands_beside_it(load, anna):
    load(HEAD + GOOD)
    job = load(HEAD + GOOD.replace("alice,private", "anna,gold"), name="two.csv")
    chen = Client.objects.get(number="K1")
    assert job.state == "committed"
    assert chen.tier.code == "private"
    assert chen.assignments.get(to_on=None).manager.staff_number == "alice"
    assert dict(CoreValue.objects.filter(client=chen).values_list("field", "value")) == {
        "manager": "anna",
        "tier": "gold",
    }


def test_status_change_closes_the_standing_and_opens_another(load):
    load(HEAD + GOOD)
    load(HEAD + GOOD.replace("private,active", "private,dormant"), name="two.csv")
    chen = Client.objects.get(number="K1")
    assert chen.status == "dormant"
    assert chen.standings.get(to_on=None).status == "dormant"


def test_dry_run_touches_nothing(load):
    job = load(HEAD + GOOD, dry_run=True)
    assert (job.state, job.created) == ("checked", 3)
    assert not Client.objects.exists()


def test_contacts_move_the_last_reached_and_are_no_recording_delay(load, alice, carla):
    text = (
        "contact_number,client_number,staff_number,occurred_at,channel,result,note\n"
        "X1,N-1,alice,2026-03-01T10:00:00,call,reached,hello\nX2,N-1,alice,2026-03-02T10:00:00,letter,reached,\n"
    )
    job = load(text, kind="contacts")
    assert (job.state, job.created) == ("committed", 2)
    carla.refresh_from_db()
    assert (
        carla.last_reached_at.isoformat() == "2026-03-01T09:00:00+00:00"
    )  # ten in Madrid; a letter reaches nobody
    assert Contact.objects.filter(is_imported=True).count() == 2


def test_contact_of_staff_is_not_touched_by_an_import(load, alice, carla):
    mine = ContactFactory(client=carla, staff=alice)
    load(
        "contact_number,client_number,staff_number,occurred_at,channel,result\n"
        "X1,N-1,alice,2026-03-01T10:00:00,call,busy\n",
        kind="contacts",
    )
    mine.refresh_from_db()
    assert mine.result == "reached"


def test_refusal_speaks_the_language_of_whoever_sent_the_file(load, erin):
    erin.language = "es"
    erin.save()
    assert load(HEAD).refusal == "El archivo tiene cabecera y ninguna fila."


def test_preview_keeps_the_order_of_the_columns(load):
    job = load(HEAD + GOOD, dry_run=True)
    job.refresh_from_db()
    first = job.preview[0]
    assert [name for name, _value in first["cells"]][:3] == ["client_number", "name", "phone"]
    assert dict(first["cells"])["name"] == "Chen Meilin"


def test_only_administrators_import(tmp_path, alice, erin):
    from django.core.exceptions import PermissionDenied

    path = tmp_path / "a.csv"
    path.write_text(HEAD + GOOD)
    with pytest.raises(PermissionDenied):
        import_path(actor=alice, kind="clients", path=path)


def test_page_checks_shows_and_commits(
    signed_in, erin, north, alice, settings, django_capture_on_commit_callbacks
):
    from django.core.files.uploadedfile import SimpleUploadedFile

    from corebanking import services
    from corebanking.models import ImportJob

    browser = signed_in(erin)
    file = SimpleUploadedFile("nightly.csv", (HEAD + GOOD + "K9,person,Bad,x,,,,NORTH,,,\n").encode())
    response = browser.post("/imports/", {"kind": "clients", "file": file})
    job = ImportJob.objects.get()
    assert response.url == f"/imports/{job.pk}/"
    services.check_import(job_id=job.pk)
    page = browser.get(response.url).content.decode()
    assert "Take the 3 good rows, set 1 aside" in page
    browser.post(f"/imports/{job.pk}/commit/", {"good": "1"})
    services.commit_import(actor=None, job_id=job.pk)
    assert Client.objects.count() == 3
    assert b"_reason" in b"".join(browser.get(f"/imports/{job.pk}/errors/").streaming_content)
    assert erin.notifications.filter(kind="import_done").exists()


# -- interests voiced in contacts -------------------------------------------------------------------

VOICED = (
    "contact_number,client_number,staff_number,occurred_at,channel,result,note,interest_product_code,"
    "interest_amount\n"
)


def _voiced(number, occurred, product="", amount=""):
    return f"{number},N-1,alice,{occurred.isoformat()},call,reached,hello,{product},{amount}\n"


@pytest.fixture
def today(north):
    return datetime.now(north.zone).replace(microsecond=0) - timedelta(hours=1)


def test_interest_voiced_becomes_an_opportunity_with_its_stage(load, alice, carla, today):
    fund = ProductFactory(code="FUND", name="Short Bond Fund", kind="fund", currency="USD")
    job = load(VOICED + _voiced("X1", today - timedelta(days=2), "FUND", "5000"), kind="contacts")
    assert (job.state, job.created) == ("committed", 1)
    made = Opportunity.objects.get()
    assert (made.product, made.kind, made.amount, made.currency) == (fund, "fund", 5000, "USD")
    assert (made.stage, made.is_imported, made.raised_by, made.raised_at) == (
        "interest",
        True,
        alice,
        made.contact.occurred_at,
    )
    assert made.next_on == (today - timedelta(days=2)).date() + timedelta(days=7)
    assert list(made.stages.values_list("stage", "at", "by")) == [("interest", made.raised_at, alice.pk)]
    action = made.action
    assert (action.theme.code, action.about, action.due_on, action.state) == (
        "product",
        "Short Bond Fund",
        made.next_on,
        "planned",
    )
    assert made.contact.note.text == "hello"
    assert interaction_checks() == []


def test_interest_of_long_ago_is_overdue_but_no_action(load, carla, today):
    load(VOICED + _voiced("X1", today - timedelta(days=400), amount="700"), kind="contacts")
    made = Opportunity.objects.get()
    assert (made.kind, made.product, made.currency) == ("other", None, "USD")
    assert made.next_on < today.date()
    assert made.action is None
    assert not Action.objects.exists()


def test_amount_without_product_is_in_the_clients_own_currency(load, carla, today):
    HoldingFactory(client=carla, currency="EUR")
    load(VOICED + _voiced("X1", today, amount="700"), kind="contacts")
    assert Opportunity.objects.get().currency == "EUR"
    assert Action.objects.get().amount == 700


def test_no_interest_is_no_opportunity_and_a_later_file_leaves_one_alone(load, alice, carla, today):
    load(VOICED + _voiced("X1", today, amount="700") + _voiced("X2", today, amount="0"), kind="contacts")
    made = Opportunity.objects.get()
    move_opportunity(actor=alice, opportunity=made, stage="lost", lost_reason="Has one")
    again = load(VOICED + _voiced("X1", today, amount="900"), kind="contacts", name="two.csv")
    assert again.unchanged == 1
    made.refresh_from_db()
    assert (made.stage, made.amount) == ("lost", 700)


def test_interest_of_a_closed_file_is_lost_at_once(load, carla, today):
    carla.status = "closed"
    carla.save()
    load(VOICED + _voiced("X1", today, amount="700"), kind="contacts")
    made = Opportunity.objects.get()
    assert (made.stage, list(made.stages.order_by("pk").values_list("stage", flat=True))) == (
        "lost",
        ["interest", "lost"],
    )
    assert not Action.objects.exists()
    assert interaction_checks() == []


def test_undone_contacts_take_their_opportunities_along(load, erin, carla, today):
    job = load(VOICED + _voiced("X1", today, amount="700"), kind="contacts")
    undo_import(actor=erin, job=job)
    assert not any(model.objects.exists() for model in (Contact, Opportunity, StageChange, Action))
    assert load(VOICED + _voiced("X1", today, amount="700"), kind="contacts").created == 1


def test_opportunity_that_staff_moved_keeps_its_contacts(load, erin, alice, carla, today):
    job = load(VOICED + _voiced("X1", today, amount="700"), kind="contacts")
    with pghistory.context(user=alice.pk):
        next_on = today.date() + timedelta(days=9)
        move_opportunity(
            actor=alice, opportunity=Opportunity.objects.get(), stage="intention", next_on=next_on
        )
    with pytest.raises(ImportRefused, match="changed since"):
        undo_import(actor=erin, job=job)


# -- what follows from changed clients ----------------------------------------------------------------


def test_closed_client_has_nothing_planned_any_more(load, alice):
    load(HEAD + GOOD)
    chen = Client.objects.get(number="K1")
    action = ActionFactory(client=chen)
    load(HEAD + GOOD.replace("private,active", "private,deceased"), name="two.csv")
    action.refresh_from_db()
    chen.refresh_from_db()
    assert (action.state, chen.next_due_on) == ("cancelled", None)


def test_new_client_is_due_from_the_day_of_the_assignment(load, alice):
    rows = GOOD.replace("\n", ",2026-01-05\n").replace("gold,active,2026-01-05", "gold,active,")
    load(HEAD.replace("status", "status,since") + rows)
    due = dict(Client.objects.values_list("number", "next_due_on"))
    assert due == {"K1": date(2026, 2, 4), "K2": None, "K3": None}  # K2: nobody knows since when
    assert refresh_cadence() == 0


def test_what_a_file_does_not_date_reaches_back_without_limit(load, alice):
    load(HEAD + GOOD)
    chen = Client.objects.get(number="K1")
    assert (chen.standings.get().from_on, chen.assignments.get().from_on) == (None, None)


def test_tier_that_a_file_fills_moves_the_next_due_day(load, alice):
    head, rows = HEAD.replace("status", "status,since"), GOOD.replace("\n", ",2026-01-05\n")
    load(head + rows.replace("alice,private", "alice,"))
    chen = Client.objects.get(number="K1")
    assert chen.next_due_on is None
    load(head + rows, name="two.csv")
    chen.refresh_from_db()
    assert chen.next_due_on == date(2026, 2, 4)
    assert refresh_cadence() == 0


def test_kinds_are_listed_in_the_order_in_which_a_bank_loads_them(signed_in, erin):
    kinds = [kind["kind"] for kind in signed_in(erin).get("/api/v1/imports/kinds/").json()]
    assert kinds == [
        "branches",
        "staff",
        "holidays",
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
        "targets",
    ]
