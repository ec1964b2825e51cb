"""Imports: checked first, taken whole or not at all, the same file twice is one."""

from pathlib import Path

import pytest

from clients.models import Client, CoreValue, FactChange
from corebanking.services import import_path
from interactions.models import Contact
from tests.corebanking.conftest import GOOD, HEAD
from tests.factories import ContactFactory


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
    from datetime import date

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
