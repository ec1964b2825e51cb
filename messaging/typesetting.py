"""Breaking text into lines: at spaces between words, between the signs of Chinese, and inside a word that is too long."""

import re
from collections.abc import Callable, Iterator

# What may not start a line stays with the sign before it, what may not end one with the sign after it (GB/T 15834).
CLOSING = "，。、；：？！）》〉」』】〕”’…—～·％,.;:?!)]}%»"
OPENING = "（《〈「『【〔“‘([{«¿¡"
HAN = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
# The smallest pieces that stay together: one Chinese sign or one word, with what clings to it. A no-break
# space is part of a word.
PIECE = re.compile(
    rf" +|[{re.escape(OPENING)}]*(?:[{HAN}]|[^ {HAN}{re.escape(OPENING)}]+)[{re.escape(CLOSING)}]*"
    rf"|[{re.escape(OPENING + CLOSING)}]+"
)


def lines_of(text: str, width_of: Callable[[str], float], width: float) -> Iterator[str]:
    """Yield the lines of a text, none above `width` in the measure of `width_of`. Empty lines are kept."""
    for paragraph in text.split("\n"):
        yield from _lines(paragraph.rstrip(), width_of, width)


def _lines(paragraph: str, width_of: Callable[[str], float], width: float) -> Iterator[str]:
    line, used = "", 0.0
    for piece in PIECE.findall(paragraph):
        wide = width_of(piece)
        if used + wide <= width:
            line, used = line + piece, used + wide
            continue
        if piece.isspace():  # a line's end needs no space
            yield line
            line, used = "", 0.0
            continue
        if line.strip():
            yield line.rstrip()
        *full, line = _cut(piece, width_of, width)
        yield from full
        used = width_of(line)
    yield line.rstrip()


def _cut(word: str, width_of: Callable[[str], float], width: float) -> list[str]:
    """A word in parts that fit; one sign at least in each."""
    parts, used = [""], 0.0
    for sign in word:
        wide = width_of(sign)
        if parts[-1] and used + wide > width:
            parts.append("")
            used = 0.0
        parts[-1] += sign
        used += wide
    return parts
