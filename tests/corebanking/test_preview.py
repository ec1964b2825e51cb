"""The preview tells what an import would do, in the file's own values; stored ones stay masked."""

from clients.models import Client
from clients.services import add_contact_point
from corebanking.staging import masked
from tests.corebanking.conftest import GOOD, HEAD
from tests.factories import UserFactory


def _preview(job):
    job.refresh_from_db()
    return {dict(line["cells"])[next(iter(dict(line["cells"])))]: line for line in job.preview}


def _changes(line):
    return {c["column"]: (c["how"], c["old"], c["new"]) for c in line["changes"]}


def test_new_rows_show_the_files_values_and_no_change(load):
    line = _preview(load(HEAD + GOOD, dry_run=True))["K1"]
    assert (line["act"], line["changes"]) == ("c", [])
    assert dict(line["cells"])["phone"] == "+34600111222"


def test_changed_columns_show_old_and_new_with_the_old_masked(load, anna):
    load(HEAD + GOOD)
    text = (
        GOOD.replace("Chen Meilin", "Chen Meili")
        .replace("+34600111222", "+34600999888")
        .replace("1972-05-20", "1972-05-21")
        .replace("AB12345", "AB99999")
        .replace("active\nK2", "dormant\nK2")
    )
    line = _preview(load(HEAD + text, name="two.csv", dry_run=True))["K1"]
    assert line["act"] == "u"
    assert _changes(line) == {
        "name": ("new", "•••", "Chen Meili"),
        "phone": ("new", "•••222", "+34600999888"),
        "birth_date": ("new", "•••", "1972-05-21"),
        "document_number": ("new", "•••", "AB99999"),
        "status": ("new", "•••", "dormant"),
    }


def test_what_the_crm_owns_is_told_to_stand(load, anna):
    load(HEAD + GOOD)
    line = _preview(load(HEAD + GOOD.replace("alice,private", "anna,gold"), name="two.csv", dry_run=True))[
        "K1"
    ]
    assert _changes(line) == {
        "manager_staff_number": ("beside", "•••", "anna"),
        "tier": ("beside", "•••", "gold"),
    }


def test_stored_phone_of_staff_stands_and_stays_masked(load, alice):
    load(HEAD + GOOD.replace("+34600111222", ""))
    chen = Client.objects.get(number="K1")
    add_contact_point(actor=alice, client=chen, kind="phone", value="+34611000777")
    line = _preview(load(HEAD + GOOD, name="two.csv", dry_run=True))["K1"]
    assert _changes(line) == {"phone": ("beside", "•••777", "+34600111222")}


def test_cell_that_clears_shows_nothing_as_new(load):
    load(HEAD + GOOD)
    line = _preview(load(HEAD + GOOD.replace("AB12345", ""), name="two.csv", dry_run=True))["K1"]
    assert _changes(line) == {"document_number": ("new", "•••", "")}


def test_what_is_no_client_data_is_not_masked(load, north):
    job = load("code,name,parent_code\nSUB,Below,\nNORTH,Renamed,SUB\n", kind="branches", dry_run=True)
    assert _changes(_preview(job)["NORTH"]) == {
        "name": ("new", north.name, "Renamed"),
        "parent_code": ("new", "BANK", "SUB"),
    }


def test_contacts_show_changed_note_and_result(load, carla):
    head = "contact_number,client_number,staff_number,occurred_at,channel,result,note\n"
    load(head + "X1,N-1,alice,2026-03-01T10:00:00,call,reached,hello\n", kind="contacts")
    text = head + "X1,N-1,alice,2026-03-01T10:00:00,call,busy,other\n"
    job = load(text, kind="contacts", name="two.csv", dry_run=True)
    assert _changes(_preview(job)["X1"]) == {
        "result": ("new", "•••", "busy"),
        "note": ("new", "•••", "other"),
    }


def test_mask_leaves_three_digits_of_a_long_value_at_most():
    assert [masked(v) for v in ("+34600111222", "AB12345", "123456", "Chen Meilin", "")] == [
        "•••222", "•••345", "•••", "•••", "•••",
    ]  # fmt: skip


def test_page_shows_old_and_new_to_whoever_sent_the_file_only(load, erin, signed_in):
    load(HEAD + GOOD)
    job = load(
        HEAD + GOOD.replace("Chen Meilin", "Chen Meili") + "K9,person,Bad,x,,,,NORTH,,,\n",
        name="two.csv",
        dry_run=True,
    )
    page = signed_in(erin).get(f"/imports/{job.pk}/").content.decode()
    assert "name: ••• → Chen Meili" in page
    other = signed_in(UserFactory(role="administrator", branch=None))
    page = other.get(f"/imports/{job.pk}/").content.decode()
    assert "Chen Meili" not in page
    assert "shown to whoever sent it" in page
    assert other.get(f"/imports/{job.pk}/errors/").status_code == 404
