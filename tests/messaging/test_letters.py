"""Letters: what stands on the page, and that the same letter is always the same bytes."""

import datetime
import hashlib
import io
import os
import subprocess
import sys

import pypdf
import pytest

from messaging.letters import UnprintableText, letter_pdf, unprintable
from messaging.typesetting import lines_of

LETTER = {
    "sender": "Meridian\nGran Vía 1, 28013 Madrid",
    "address_lines": ["Sra. Carla Núñez", "Calle Mayor 1", "28013 Madrid"],
    "on": datetime.date(2026, 8, 12),
    "subject": "Su depósito",
    "body": "¿Sabía usted?\n\n10\u202f000 €",
    "language": "es",
}


def _pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


@pytest.mark.parametrize(
    ("language", "day", "body"),
    [
        ("es", "12 de agosto de 2026", "¿Qué tal, señor Núñez? Über Łódź, Γιώργος, Київ"),
        ("zh-hans", "2026年8月12日", "尊敬的王女士：您好，€ 100"),
        ("en", "12 August 2026", "Dear Ms Wang 王小明"),
    ],
)
def test_letter_shows_every_language_with_its_fonts_inside(language, day, body):
    pdf = letter_pdf(**{**LETTER, "language": language, "body": body})
    (page,) = _pages(pdf)
    for words in (day, body, "Carla Núñez", "28013 Madrid"):
        assert words in page
    assert b"/FontFile2" in pdf
    assert len(pdf) < 150_000


def test_same_letter_is_the_same_bytes_in_another_process():
    code = f"import sys; import datetime; from messaging.letters import letter_pdf; sys.stdout.buffer.write(letter_pdf(**{LETTER!r}))"
    other = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        capture_output=True,
        check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "bankcrm.settings", "PYTHONHASHSEED": "7"},
    )
    assert b"/CreationDate (D:20260812000000" in other.stdout
    assert hashlib.sha256(other.stdout).digest() == hashlib.sha256(letter_pdf(**LETTER)).digest()


def test_long_letter_goes_on_with_its_page_number_and_keeps_its_empty_lines():
    pages = _pages(letter_pdf(**{**LETTER, "body": "\n\n".join(f"Párrafo {n}." for n in range(60))}))
    assert len(pages) == 3
    assert "Carla" not in pages[1]
    assert [page.split("\n")[0] for page in pages[1:]] == ["2", "3"]
    assert sum(page.count("Párrafo") for page in pages) == 60


def test_address_stands_in_the_window_however_long_it_is():
    found = []

    def note(text, _matrix, position, *_font):
        if text.strip():
            found.append((position[4] / 72 * 25.4, 297 - position[5] / 72 * 25.4, text))

    lines = [f"Line {n} of an address that is far too long for the window" for n in range(8)]
    pdf = letter_pdf(**{**LETTER, "address_lines": lines})
    pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text(visitor_text=note)
    placed = [(x, y) for x, y, text in found if "Line" in text]
    assert len(placed) >= 8
    assert all(20 <= x <= 105 and 45 <= y <= 90 for x, y in placed)


def test_signs_without_a_font_are_named_and_never_printed_as_boxes():
    assert unprintable("Año 王 😀 e\u0301\u200d ع") == "😀ع"
    with pytest.raises(UnprintableText):
        letter_pdf(**{**LETTER, "body": "😀"})


def _broken(text, width):
    return list(lines_of(text, len, width))


def test_lines_break_at_spaces_and_inside_what_is_too_long():
    assert _broken("one two  three", 7) == ["one two", "three"]
    assert _broken("a\n\n  b", 7) == ["a", "", "  b"]
    assert _broken("see abcdefghij now", 4) == ["see", "abcd", "efgh", "ij", "now"]
    assert _broken("10\u00a0000 €", 6) == ["10\u00a0000", "€"]


def test_chinese_breaks_between_signs_but_no_punctuation_starts_or_opens_at_the_wrong_end():
    assert _broken("您好王女士，谢谢", 5) == ["您好王女", "士，谢谢"]
    assert _broken("您好王女（谢谢）", 5) == ["您好王女", "（谢谢）"]
    assert "".join(_broken("您的存款2026年到期。", 4)) == "您的存款2026年到期。"
