"""Files that are wrong, broken or meant to harm: refused or set aside with a sentence, and nothing loaded."""

import csv
import gzip
import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from clients.models import Client
from corebanking import files
from corebanking.refusals import ImportRefused
from corebanking.services import receive_upload
from tests.corebanking.conftest import GOOD, HEAD

NAMED = HEAD + "K1,person,{name},,,,,NORTH,,,\n"


@pytest.fixture
def refusal(load):
    """`refusal(data, "a.csv")`: why a file is refused whole. Nothing of it may be loaded."""

    def _refusal(data, name="a.csv", **more) -> str:
        try:
            job = load(data, name=name, allow_rejected=1, **more)
        except ImportRefused as error:
            said = str(error)
        else:
            assert job.state == "refused"
            said = job.refusal
        assert not Client.objects.exists()
        return said

    return _refusal


@pytest.fixture
def reasons(load):
    """`reasons(data)`: row, column, value and reason of each row that is set aside."""

    def _reasons(data, name="a.csv", **more) -> list[tuple]:
        job = load(data, name=name, dry_run=True, **more)
        assert (job.state, Client.objects.exists()) == ("checked", False)
        with Path(job.errors_path).open(encoding="utf-8", newline="") as file:
            return [(r["_row"], r["_column"], r["_value"], r["_reason"]) for r in csv.DictReader(file)]

    return _reasons


def _zip(files, method=zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def _sheet(*rows) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


# -- the file -------------------------------------------------------------------------------------


def test_empty_file_and_file_of_a_header_only(refusal):
    assert refusal(b"") == "The file is empty."
    assert refusal(gzip.compress(b""), "a.csv.gz") == "The file is empty."
    assert refusal(HEAD) == "The file holds a header and no rows."


def test_unknown_doubled_and_missing_column_are_named(refusal):
    said = refusal((HEAD + GOOD).replace("tier", "teir", 1))
    assert said.startswith("Column 10 of the header, “teir”, is not known. Known are: client_number, kind,")
    said = refusal((HEAD + GOOD).replace("tier", "phone", 1))
    assert said == "The header names “phone” twice, in columns 6 and 10."
    assert refusal(GOOD.replace("K1", "client_number").replace("person", "kind", 1)).startswith("Column 3 of")
    said = refusal("client_number,name\nK1,Chen\n")
    assert said == "The file lacks the required columns kind, branch_code."


def test_byte_that_is_not_the_declared_encoding_is_named_with_its_place(refusal):
    text = NAMED.format(name="Muñoz").encode("latin-1")
    assert refusal(text) == f"Byte {text.index(0xF1)} of the file is not UTF-8 (0xf1, about row 2)."
    # far into the file, and packed: the place is that of the text
    good = "".join(f"A{n},person,Álvarez {n},,,,,NORTH,,,\n" for n in range(20_000)).encode()
    long = HEAD.encode() + good + b"Z,person,Mu\xf1oz,,,,,NORTH,,,\n"
    said = f"Byte {long.index(0xF1)} of the file is not UTF-8 (0xf1, about row 20002)."
    assert refusal(long) == said
    assert refusal(gzip.compress(long), "a.csv.gz") == said


@pytest.mark.parametrize(
    ("encoding", "byte"), [("gb18030", b"\xff"), ("windows-1252", b"\x81")], ids=["gb18030", "windows-1252"]
)
def test_other_encodings_are_declared_and_obeyed(load, refusal, tmp_path, encoding, byte):
    mapping = tmp_path / "m.toml"
    mapping.write_text(f'kind = "clients"\n[file]\nencoding = "{encoding}"\n')
    name = "王小明" if encoding == "gb18030" else "Muñoz €"
    bad = NAMED.format(name="X").encode().replace(b"X", byte)
    said = refusal(bad, mapping=str(mapping))
    assert said.startswith(f"Byte {bad.index(byte)} of the file is not {encoding.upper()} (0x{byte.hex()}")
    codec = "cp1252" if encoding == "windows-1252" else encoding
    assert load(NAMED.format(name=name).encode(codec), mapping=str(mapping)).state == "committed"
    assert Client.objects.get().name == name


def test_byte_order_mark_is_no_part_of_the_first_column(load):
    assert load(b"\xef\xbb\xbf" + (HEAD + GOOD).encode()).state == "committed"


def test_file_that_is_not_text(refusal):
    said = "“a.csv” is a PDF file; send CSV text, XLSX, gzip or zip."
    assert refusal(b"%PDF-1.4 something", "a.csv") == said
    assert refusal(b"client_number\x00kind\n") == "Byte 13 of the file is zero: this is not text."
    assert (
        refusal((HEAD + GOOD).encode("utf-16"))
        == "“a.csv” is a UTF-16 file; send CSV text, XLSX, gzip or zip."
    )


def test_file_that_is_not_what_its_name_says(refusal):
    text = (HEAD + GOOD).encode()
    said = "“{}” is not what its name says: inside it is {}."
    assert refusal(text, "a.xlsx") == said.format("a.xlsx", "text")
    assert refusal(_zip({"a.csv": text}), "a.xlsx") == said.format("a.xlsx", "zip")
    assert refusal(gzip.compress(text), "a.csv") == said.format("a.csv", "gzip")
    assert refusal(_sheet(["client_number"]), "a.zip") == said.format("a.zip", "XLSX")


def test_packed_file_that_was_cut_or_damaged(refusal):
    text = (HEAD + GOOD * 300).encode()
    assert refusal(gzip.compress(text)[:-20], "a.csv.gz").startswith(
        "The packed file is damaged or cut short"
    )
    assert refusal(_zip({"a.csv": text})[:-40], "a.zip") == "The zip file is damaged or cut short."
    whole = bytearray(_zip({"a.csv": text}, zipfile.ZIP_STORED))
    whole[200] ^= 1
    assert refusal(bytes(whole), "a.zip").startswith("The packed file is damaged or cut short")


def test_zip_must_hold_one_file(refusal):
    assert (
        refusal(_zip({"a": b"1", "b": b"2"}), "a.zip") == "The zip holds 2 files; it must hold exactly one."
    )
    assert refusal(_zip({"a/": b""}), "a.zip") == "The zip holds 0 files; it must hold exactly one."


def test_file_above_the_limit(refusal, erin, settings):
    settings.MAX_UPLOAD_BYTES = 3 * 2**20
    said = "The file is larger than the 3 MB that may be sent."
    large = (HEAD + GOOD * 30_000).encode()
    assert len(large) > settings.MAX_UPLOAD_BYTES
    assert refusal(large) == said
    with pytest.raises(ImportRefused) as error:
        receive_upload(actor=erin, kind="clients", mapping="", file=SimpleUploadedFile("a.csv", large))
    assert str(error.value) == said
    assert not any(Path(settings.UPLOADS_DIR).rglob("*")) if Path(settings.UPLOADS_DIR).exists() else True


def test_bomb_is_stopped_while_it_unpacks(refusal, settings, monkeypatch):
    monkeypatch.setattr(files, "RATIO_FROM", 2**18)
    said = "Unpacked, the file grows beyond what may be loaded; it is refused unread."
    lines = (HEAD + "K1,person,Chen,,,,,NORTH,,,\n" * 50_000).encode()
    assert refusal(gzip.compress(lines), "a.csv.gz") == said  # by its ratio
    assert refusal(_zip({"a.csv": lines}), "a.zip") == said
    settings.MAX_UNPACKED_BYTES = 2**18
    assert refusal(gzip.compress((HEAD + GOOD * 2000).encode()), "a.csv.gz") == said  # by its size
    assert refusal(_zip({"a.csv": lines}), "a.zip") == said
    assert refusal(_zip({"xl/workbook.xml": b" " * 2**21}), "a.xlsx") == said


def test_line_and_quotes_without_an_end(refusal):
    said = refusal(gzip.compress(HEAD.encode() + b"x" * 10_000_000), "a.csv.gz")
    assert said.startswith("A line of more than 4194304 bytes ends nowhere")
    said = refusal(HEAD + 'K1,person,"open,,,,,NORTH,,,\n' + GOOD * 2000)
    assert said == "Row 2 holds a field of more than 131072 characters; a quote may be left open."
    assert refusal(HEAD + 'K1,person,"a"b,,,,,NORTH,,,\n') == "Row 2 cannot be read: its quotes do not match."


def test_spreadsheet_that_is_none_or_declares_entities(refusal):
    damaged = "The spreadsheet is damaged and cannot be read."
    assert refusal(_zip({"xl/workbook.xml": b"<x"}), "a.xlsx") == damaged
    assert refusal(_zip({"xl/workbook.xml": b"no markup at all"}), "a.xlsx") == damaged
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    said = refusal(_zip({"xl/workbook.xml": entity}), "a.xlsx")
    assert said == "The spreadsheet declares entities, which no spreadsheet needs."
    assert refusal(b"PK\x03\x04 and nothing of a zip", "a.xlsx") == "The zip file is damaged or cut short."
    assert "macros" not in refusal(b"\xd0\xcf\x11\xe0 old", "a.xlsx")


# -- its rows -------------------------------------------------------------------------------------


def test_missing_value_bad_date_and_unknown_code_are_set_aside_with_their_place(reasons):
    text = (
        HEAD
        + "K1,person,,,,,,NORTH,,,\n"
        + "K2,person,Chen,1972-13-45,,,,NORTH,,,\n"
        + "K3,person,Chen,,,,,NOWHERE,,,\n"
        + "K4,person,Chen,,,12,,NORTH,,,\n"
        + "K5,robot,Chen,,,,,NORTH,,,\n"
        + "K6,person,Chen,,,,,NORTH\n"
    )
    assert reasons(text) == [
        ("2", "name", "", "is missing"),
        ("3", "birth_date", "1972-13-45", "is not a day of the calendar"),
        ("4", "branch_code", "NOWHERE", "unknown branch"),
        (
            "5",
            "phone",
            "12",
            "is not a phone number of ES; write it with its country code, like +34 600 123 456",
        ),
        ("6", "kind", "robot", "is not one of: person, organisation"),
        ("7", "", "", "the row has 8 cells, the header 11"),
    ]


def test_key_that_stands_twice_names_every_row(reasons):
    text = HEAD + GOOD + "K1,person,Again,,,,,NORTH,,,\n"
    said = "stands in the file more than once, in rows 2, 5"
    assert reasons(text) == [("2", "client_number", "K1", said), ("5", "client_number", "K1", said)]


def test_one_bad_row_among_many_is_the_only_one_set_aside(reasons):
    rows = [f"A{n},person,Name {n},,,,,NORTH,,,\n" for n in range(1200)]
    rows[700] = "A700,person,Name,1999-99-99,,,,NORTH,,,\n"
    found = reasons(HEAD + "".join(rows))
    assert found == [("702", "birth_date", "1999-99-99", "is not a day of the calendar")]


def test_backslashes_and_what_copy_would_take_for_null_are_kept(load):
    names = ["\\N", "a\\tb", "O'Neill \\ 'x'", "\\."]
    load(HEAD + "".join(f"K{n},person,{name},,,,,NORTH,,,\n" for n, name in enumerate(names)))
    assert list(Client.objects.order_by("number").values_list("name", flat=True)) == names


def test_control_characters_are_set_aside(reasons):
    found = reasons(HEAD + "K1,person,a\x01,,,,,NORTH,,,\nK2,person,\x01,,,,,NORTH,,,\n")
    assert [reason for *_rest, reason in found] == ["holds a control character that cannot be stored"] * 2


FORMULA = '=HYPERLINK("http://x.example")'


def test_formula_of_a_spreadsheet_is_set_aside(load, tmp_path):
    data = _sheet(HEAD.strip().split(","), ["K1", "person", FORMULA, *[None] * 4, "NORTH"])
    job = load(data, name="a.xlsx", dry_run=True)
    assert (job.read, job.rejected) == (1, 1)
    from openpyxl import load_workbook

    row = [cell.value for cell in load_workbook(job.errors_path).active[2]]
    assert row[-4:] == ["2", "name", f"'{FORMULA}", "is a formula; write the value itself"]
    assert row[2] == f"'{FORMULA}"


def test_formula_in_a_column_that_the_mapping_makes_is_set_aside(load, tmp_path):
    mapping = tmp_path / "m.toml"
    mapping.write_text(
        'kind = "clients"\n[columns]\nclient_number = "no"\nkind = { value = "person" }\n'
        'name = { from = "who", transform = "upper" }\nbranch_code = "branch"\n'
    )
    data = _sheet(["no", "who", "branch"], ["K1", FORMULA, "NORTH"], ["K2", "Chen", "NORTH"])
    job = load(data, name="a.xlsx", mapping=str(mapping), dry_run=True)
    assert (job.read, job.created, job.rejected) == (2, 1, 1)


def test_formula_in_a_text_file_is_text_and_harmless_in_the_error_file(reasons):
    assert reasons(HEAD + "K1,person,=1+1,1972-13-45,,,,NORTH,,,\n")[0][1] == "birth_date"


def test_error_file_guards_what_a_spreadsheet_would_run(load):
    job = load(HEAD + "K1,person,=1+1,1972-13-45,,,,NORTH,,,\n", dry_run=True)
    assert "'=1+1" in Path(job.errors_path).read_text(encoding="utf-8")
    mended = Path(job.errors_path).read_text(encoding="utf-8").replace("1972-13-45", "1972-12-05")
    load(mended, name="mended.csv")
    assert Client.objects.get().name == "=1+1"


def test_row_of_a_spreadsheet_may_end_with_empty_cells(load):
    data = _sheet(HEAD.strip().split(","), ["K1", "person", "Chen", *[None] * 4, "NORTH"])
    assert load(data, name="a.xlsx").created == 1
    head = [
        "client_number",
        "kind",
        "name",
        "branch_code",
        "phone",
        "email",
        "address",
        "city",
        "country",
        "language",
        "tier",
    ]
    assert load(_sheet(head, ["K2", "person", "Chen", "NORTH"]), name="b.xlsx").created == 1
