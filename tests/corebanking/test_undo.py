"""An import can be undone while nobody has changed its rows since; nothing is half undone."""

from datetime import date

import pghistory
import pytest

from clients.models import Assignment, Client, ContactPoint, CoreValue, FactChange, Standing
from clients.services import add_contact_point, change_client
from corebanking.models import Coverage, ImportJob
from corebanking.refusals import ImportRefused
from corebanking.services import undo_import
from interactions.models import Contact
from staff.models import Branch
from tests.corebanking.conftest import GOOD, HEAD
from tests.factories import ContactFactory, HoldingFactory

TABLES = (Client, ContactPoint, Assignment, Standing, CoreValue)


def _rows(*models):
    """Every row of tables, as text would show it."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def test_created_rows_go_and_the_same_file_can_be_loaded_again(load, erin):
    job = load(HEAD + GOOD)
    undone = undo_import(actor=erin, job=job)
    assert (undone.state, undone.undone_at is not None) == ("undone", True)
    assert not any(_rows(*TABLES, FactChange).values())
    assert not Coverage.objects.exists()
    again = load(HEAD + GOOD)
    assert (again.pk != job.pk, again.state, again.created) == (True, "committed", 3)
    assert Client.objects.matching("meilin").get().number == "K1"


def test_changed_rows_are_as_before(load, erin, anna):
    load(HEAD + GOOD, source_date=date(2026, 5, 1))
    before = _rows(Client, ContactPoint, Assignment, CoreValue)
    changed = (
        GOOD.replace("Chen Meilin", "Chen Meili")
        .replace("+34600111222", "+34600999888")
        .replace("alice,private,active", "anna,gold,dormant")
    )
    job = load(HEAD + changed, name="two.csv", source_date=date(2026, 5, 2))
    assert job.updated == 1
    assert before != _rows(Client, ContactPoint, Assignment, CoreValue)
    undo_import(actor=erin, job=job)
    assert _rows(Client, ContactPoint, Assignment, CoreValue) == before
    chen = Client.objects.get(number="K1")
    assert chen.standings.get(to_on=None).status == "active"
    assert list(Client.objects.matching("1222")) == [chen]
    assert not Client.objects.matching("9888").exists()


def test_core_values_that_the_import_removed_come_again(load, erin, anna):
    load(HEAD + GOOD)
    load(HEAD + GOOD.replace("alice,private", "anna,gold"), name="two.csv")
    before = _rows(CoreValue)
    assert len(before["CoreValue"]) == 2
    job = load(HEAD + GOOD + "\n", name="three.csv")
    assert not CoreValue.objects.exists()
    undo_import(actor=erin, job=job)
    assert _rows(CoreValue) == before


@pytest.mark.django_db(transaction=True)  # each commit needs its own moment
def test_fact_ledger_of_a_client_that_stays_is_reversed_not_cut(load, erin):
    load(HEAD + GOOD)
    count = FactChange.objects.count()
    job = load(HEAD + GOOD.replace("+34600111222", "+34600999888"), name="two.csv")
    made = FactChange.objects.order_by("pk").last()
    undo_import(actor=erin, job=job)
    assert FactChange.objects.count() == count + 2
    last = FactChange.objects.order_by("pk").last()
    assert (last.old_hash, last.new_hash) == (made.new_hash, made.old_hash)
    assert (last.slot, last.by_kind, last.actor) == (made.slot, "import", erin)


def _refused(erin, job, *said):
    before = _rows(*TABLES, FactChange)
    with pytest.raises(ImportRefused) as refusal:
        undo_import(actor=erin, job=job)
    for words in said:
        assert words in str(refusal.value)
    assert _rows(*TABLES, FactChange) == before
    job.refresh_from_db()
    assert job.state == "committed"


def test_row_that_staff_changed_since_keeps_the_import_from_being_undone(load, erin, alice):
    job = load(HEAD + GOOD)
    with pghistory.context(user=alice.pk):
        change_client(actor=alice, client=Client.objects.get(number="K1"), changes={"city": "Toledo"})
    _refused(erin, job, "1 row of this import was changed since")


def test_later_import_is_undone_first(load, erin):
    first = load(HEAD + GOOD, source_date=date(2026, 5, 1))
    second = load(HEAD + GOOD.replace("active", "dormant"), name="two.csv", source_date=date(2026, 5, 2))
    _refused(erin, first, "2 rows of this import were changed since")
    undo_import(actor=erin, job=second)
    undo_import(actor=erin, job=first)
    assert not Client.objects.exists()


def test_contact_logged_on_a_created_client_keeps_it(load, erin, alice):
    job = load(HEAD + GOOD)
    ContactFactory(client=Client.objects.get(number="K1"), staff=alice)
    HoldingFactory(client=Client.objects.get(number="K2"))
    HoldingFactory(client=Client.objects.get(number="K2"))
    _refused(erin, job, "Later rows refer to 2 rows that this import made")


def test_contact_point_that_staff_added_keeps_a_created_client(load, erin, alice):
    job = load(HEAD + GOOD)
    with pghistory.context(user=alice.pk):
        chosen = Client.objects.get(number="K2")
        add_contact_point(actor=alice, client=chosen, kind="email", value="a@b.example")
    _refused(erin, job, "Later rows refer to 1 row")


def test_value_that_staff_gave_meanwhile_stands_in_the_way(load, erin, alice):
    load(HEAD + GOOD)
    job = load(HEAD + GOOD.replace("+34600111222", "+34600999888"), name="two.csv")
    chen = Client.objects.get(number="K1")
    with pghistory.context(user=alice.pk):
        add_contact_point(actor=alice, client=chen, kind="phone", value="+34600111222")
    _refused(erin, job, "nothing was undone")


def test_former_document_number_is_not_kept_so_its_change_is_not_undone(load, erin):
    load(HEAD + GOOD)
    job = load(HEAD + GOOD.replace("AB12345", "AB99999"), name="two.csv")
    _refused(erin, job, "1 client had another document number before")


def test_document_number_that_the_import_brought_goes(load, erin):
    load(HEAD + GOOD.replace("AB12345", ""))
    job = load(HEAD + GOOD, name="two.csv")
    chen = Client.objects.get(number="K1")
    assert chen.open_document_number() == "AB12345"
    undo_import(actor=erin, job=job)
    chen.refresh_from_db()
    assert (chen.document_number, chen.document_hash, chen.document_hint) == (None, "", "")
    assert not Client.objects.matching("AB12345").exists()


@pytest.mark.django_db(transaction=True)  # no trigger can be switched off amid a transaction's writes
def test_row_from_before_history_cannot_be_put_back(load, erin):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE clients_client DISABLE TRIGGER USER")
    load(HEAD + GOOD)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE clients_client ENABLE TRIGGER USER")
    job = load(HEAD + GOOD.replace("active", "dormant"), name="two.csv")
    _refused(erin, job, "What stood in 2 rows before is not kept")


def test_next_due_day_that_the_bank_works_out_is_nobodys_change(load, erin):
    job = load(HEAD + GOOD)
    Client.objects.update(next_due_on=date(2026, 6, 1))
    undo_import(actor=erin, job=job)
    assert not Client.objects.exists()


def test_branches_and_the_tree_above_them(load, erin, north):
    job = load("code,name,parent_code\nX,New,\nY,Below,X\nNORTH,Moved,X\n", kind="branches")
    assert job.updated == 1
    undo_import(actor=erin, job=job)
    assert not Branch.objects.filter(code__in="XY").exists()
    fresh = Branch.objects.get(pk=north.pk)
    assert (fresh.name, fresh.parent_id, fresh.path) == (north.name, north.parent_id, north.path)


def test_contacts_and_the_last_reached_that_followed_from_them(load, erin, alice, carla):
    text = (
        "contact_number,client_number,staff_number,occurred_at,channel,result,note\n"
        "X1,N-1,alice,2026-03-01T10:00:00,call,reached,hello\n"
    )
    job = load(text, kind="contacts")
    carla.refresh_from_db()
    assert carla.last_reached_at is not None
    undo_import(actor=erin, job=job)
    carla.refresh_from_db()
    assert carla.last_reached_at is None
    assert not Contact.objects.exists()


def test_only_what_was_written_is_undone_and_only_once(load, erin):
    checked = load(HEAD + GOOD, dry_run=True)
    with pytest.raises(ImportRefused, match="Only an import that was written"):
        undo_import(actor=erin, job=checked)
    job = load(HEAD + GOOD)
    undo_import(actor=erin, job=job)
    with pytest.raises(ImportRefused, match="Only an import that was written"):
        undo_import(actor=erin, job=job)


def test_import_that_changed_nothing_leaves_nothing_to_undo(load, erin):
    load(HEAD + GOOD)
    job = load(HEAD + GOOD + "\n", name="two.csv")
    _refused(erin, job, "changed nothing")


def test_only_administrators_undo(load, alice):
    from django.core.exceptions import PermissionDenied

    job = load(HEAD + GOOD)
    with pytest.raises(PermissionDenied):
        undo_import(actor=alice, job=job)


def test_page_asks_once_more_and_undoes(load, erin, alice, signed_in):
    job = load(HEAD + GOOD)
    browser = signed_in(erin)
    page = browser.get(f"/imports/{job.pk}/").content.decode()
    assert "Undo it now" in page
    assert browser.get(f"/imports/{job.pk}/undo/").status_code == 405
    browser.post(f"/imports/{job.pk}/undo/")
    assert not Client.objects.exists()
    page = browser.get(f"/imports/{job.pk}/").content.decode()
    assert "Undo it now" not in page
    assert "undone" in page
    assert signed_in(alice).post(f"/imports/{job.pk}/undo/").status_code == 404


def test_page_says_why_it_cannot_be_undone(load, erin, alice, signed_in):
    job = load(HEAD + GOOD)
    ContactFactory(client=Client.objects.get(number="K1"), staff=alice)
    browser = signed_in(erin)
    said = browser.post(f"/imports/{job.pk}/undo/", follow=True).content.decode()
    assert "Later rows refer to 1 row" in said
    assert ImportJob.objects.get(pk=job.pk).state == "committed"
