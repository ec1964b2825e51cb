"""A letter as PDF: A4, the address where the window of an envelope is (DIN 5008, form B; ISO 269 DL).

Pure: the same words on the same day give the same bytes.
"""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import groupby
from pathlib import Path

from babel.dates import format_date
from django.utils import translation
from fontTools.ttLib import TTFont
from fpdf import FPDF

from common import saying
from messaging.typesetting import lines_of

FONTS = Path(__file__).resolve().parent / "fonts"  # made by bankcrm.frontend
LATIN, HAN = "NotoSans", "NotoSansSC"  # Latin, Greek and Cyrillic of all Europe; Chinese

# Millimetres from the upper left corner of the page.
PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
LEFT, RIGHT, BOTTOM = 25.0, 190.0, 272.0
HEAD_TOP, HEAD_BOTTOM = 14.0, 44.0
RETURN_LINE = 58.5  # small, above the address, so that a returned letter finds its way
WINDOW_TOP, WINDOW_HEIGHT, WINDOW_WIDTH = 62.7, 27.3, 80.0
SUBJECT_TOP = 98.5
NEXT_PAGE_TOP = 30.0
# Of a list: a box to tick, then four columns.
ROW, BOX = 8.0, 4.0
COLUMNS, WIDTHS = (33.0, 49.0, 128.0, 156.0), (14.0, 77.0, 26.0, 34.0)
# Points.
BODY_SIZE, SUBJECT_SIZE, NAME_SIZE, SMALL_SIZE, TINY_SIZE = 10.5, 12.5, 13.0, 9.0, 6.5
POINT = 25.4 / 72
LEADING = 1.45
# Fonts have few of the many spaces; those in numbers ("10 000") must not break.
SPACES = {**dict.fromkeys(range(0x2000, 0x200B), " "), **dict.fromkeys((0x2007, 0x202F), "\u00a0")}


class UnprintableText(ValueError):
    """Signs that no font of ours has, such as emoji or Arabic. They are named in `signs`."""

    def __init__(self, signs: str) -> None:
        super().__init__(f"{len(signs)} signs cannot be printed")
        self.signs = signs


def unprintable(text: str) -> str:
    """The signs of a text that a letter cannot show, each once; "" when all is well."""
    known = _widths(LATIN).keys() | {"\n"}
    missing = dict.fromkeys(sign for sign in clean(text) if sign not in known)
    return "".join(sign for sign in missing if sign not in _widths(HAN)) if missing else ""


def clean(text: str) -> str:
    """Text as it is set: composed accents, plain line ends and spaces, nothing invisible."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).translate(SPACES)
    composed = unicodedata.normalize("NFC", plain)
    return "".join(
        sign for sign in composed if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cf")
    )


def letter_pdf(
    *, sender: str, address_lines: list[str], on: date, subject: str, body: str, language: str
) -> bytes:
    """The PDF of one letter; `sender` is a name and, in further lines, its address.

    Raises: UnprintableText; FileNotFoundError where the fonts are missing (`make setup`).
    """
    words = [sender, *address_lines, subject, body]
    if missing := unprintable("\n".join(words)):
        raise UnprintableText(missing)
    page = _Sheet(language, on, title=clean(subject))
    head = clean(sender).strip().split("\n")
    page.head(head)
    page.address(head, [clean(line) for line in address_lines])
    with translation.override(language):
        day = format_date(on, "long", locale=saying.locale())
    page.say(RIGHT, RETURN_LINE, day, SMALL_SIZE + 1, ends_there=True)
    page.body(clean(subject), clean(body))
    return page.bytes()


def list_pdf(
    *, title: str, lede: str, head: list[str], rows: list[list[str]], on: date, language: str
) -> bytes:
    """A list to tick off on paper: a box before each row. Signs that no font of ours has are shown as "?".

    The second column takes the room that is left; what is too long for its column is cut.
    Raises: FileNotFoundError where the fonts are missing (`make setup`).
    """
    page = _Sheet(language, on, title=_printable(title))
    y = page.list_head(title, lede, head)
    for row in rows:
        if y + ROW > BOTTOM:
            page.pdf.add_page()
            page.say(RIGHT, 18.0, str(page.pdf.page_no()), SMALL_SIZE, ends_there=True)
            y = NEXT_PAGE_TOP
            page.columns(y, head, SMALL_SIZE)
        y += ROW
        page.pdf.rect(LEFT, y - BOX + 0.4, BOX, BOX)
        page.columns(y, row, BODY_SIZE)
    return page.bytes()


def _printable(text: str) -> str:
    text = clean(text).replace("\n", " ")
    missing = unprintable(text)
    return "".join("?" if sign in missing else sign for sign in text)


class _Sheet:
    """The pages of one letter. Fonts are opened when a sign first needs them: Chinese has ten megabytes."""

    def __init__(self, language: str, on: date, title: str) -> None:
        self.fonts = (HAN, LATIN) if language.startswith("zh") else (LATIN, HAN)
        self.pdf = FPDF(format="A4")
        self.pdf.set_auto_page_break(False)
        self.pdf.set_title(title)
        self.pdf.set_lang({"zh-hans": "zh-Hans"}.get(language, language))
        self.pdf.set_creation_date(datetime.combine(on, time(), UTC))
        self.pdf.add_page()
        self.opened: set[str] = set()

    def head(self, sender: list[str]) -> None:
        y = HEAD_TOP
        for number, line in enumerate(sender):
            size = SMALL_SIZE if number else NAME_SIZE
            for part in self.broken(line, size, RIGHT - LEFT):
                y += size * POINT * LEADING
                if y <= HEAD_BOTTOM:
                    self.say(LEFT, y, part, size)

    def address(self, sender: list[str], lines: list[str]) -> None:
        back = next(iter(self.broken(" · ".join(sender), TINY_SIZE, WINDOW_WIDTH)), "")
        self.say(LEFT, RETURN_LINE, back.rstrip(" ·"), TINY_SIZE)
        size = BODY_SIZE
        while True:  # a long address is set smaller until the window shows all of it
            parts = [part for line in lines for part in self.broken(line, size, WINDOW_WIDTH)]
            step = size * POINT * 1.24
            if len(parts) * step <= WINDOW_HEIGHT or size <= TINY_SIZE:
                break
            size -= 0.5
        for number, part in enumerate(parts, start=1):
            self.say(LEFT, WINDOW_TOP + number * step - 0.8, part, size)

    def body(self, subject: str, body: str) -> None:
        y = SUBJECT_TOP
        for size, text in ((SUBJECT_SIZE, subject), (BODY_SIZE, f"\n{body.strip(chr(10))}")):
            for line in self.broken(text, size, RIGHT - LEFT):
                y += size * POINT * LEADING
                if y > BOTTOM:
                    self.pdf.add_page()
                    self.say(RIGHT, 18.0, str(self.pdf.page_no()), SMALL_SIZE, ends_there=True)
                    y = NEXT_PAGE_TOP
                self.say(LEFT, y, line, size)

    def list_head(self, title: str, lede: str, head: list[str]) -> float:
        """Title, one line beneath, the names of the columns; where the rows begin."""
        y = HEAD_TOP + NAME_SIZE * POINT * LEADING
        for line in self.broken(_printable(title), NAME_SIZE, RIGHT - LEFT):
            self.say(LEFT, y, line, NAME_SIZE)
            y += NAME_SIZE * POINT * LEADING
        for line in self.broken(_printable(lede), SMALL_SIZE, RIGHT - LEFT):
            self.say(LEFT, y, line, SMALL_SIZE)
            y += SMALL_SIZE * POINT * LEADING
        y += ROW / 2
        self.columns(y, head, SMALL_SIZE)
        return y

    def columns(self, y: float, cells: list[str], size: float) -> None:
        for x, width, cell in zip(COLUMNS, WIDTHS, cells, strict=True):
            self.say(x, y, next(iter(self.broken(_printable(cell), size, width)), ""), size)

    def say(self, x: float, y: float, line: str, size: float, *, ends_there: bool = False) -> None:
        """One line at a place, its foot at `y`, from `x` on or up to it."""
        if ends_there:
            x -= self.width(line, size)
        for font, run in self.runs(line):
            if font not in self.opened:
                self.pdf.add_font(font, fname=FONTS / f"{font}.ttf")
                self.opened.add(font)
            self.pdf.set_font(font, size=size)
            self.pdf.text(x, y, run)
            x += self.width(run, size)

    def broken(self, text: str, size: float, width: float) -> Iterator[str]:
        return lines_of(text, lambda part: self.width(part, size), width)

    def width(self, text: str, size: float) -> float:
        """Millimetres that a text takes."""
        return sum(_widths(self.font_of(sign))[sign] for sign in text) * size * POINT / 1000

    def runs(self, line: str) -> Iterator[tuple[str, str]]:
        for font, signs in groupby(line, self.font_of):
            yield font, "".join(signs)

    def font_of(self, sign: str) -> str:
        first, second = self.fonts
        return first if sign in _widths(first) else second

    def bytes(self) -> bytes:
        return bytes(self.pdf.output())


@cache
def _widths(font: str) -> dict[str, float]:
    """How wide each sign of a font is, in thousandths of its size."""
    with TTFont(FONTS / f"{font}.ttf", lazy=True) as opened:
        unit = 1000 / opened["head"].unitsPerEm
        advance = opened["hmtx"].metrics
        return {chr(code): advance[name][0] * unit for code, name in opened.getBestCmap().items()}
