"""Names as people search and sort them: case, accents and width do not matter, in any script."""

import re
import unicodedata
from functools import lru_cache

# Letters that carry no combining mark and so survive NFKD.
_PLAIN = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ı": "i",
        "ħ": "h",
        "ŧ": "t",
        "ŋ": "n",
    }
)
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_NOT_DIGIT = re.compile(r"[^0-9]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def fold(text: str) -> str:
    """Case-folded, accent-free, width-free form of a text."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold()
    combining = unicodedata.combining
    return "".join([c for c in folded if not combining(c)]).translate(_PLAIN)


def is_han(char: str) -> bool:
    """Whether a character is a Chinese one (CJK unified ideographs and extensions)."""
    point = ord(char)
    return 0x3400 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or 0x20000 <= point <= 0x323AF


# Names are made of few words, each of them many times. A space neither folds nor joins its neighbours, so
# what is between two spaces folds by itself.
@lru_cache(maxsize=20_000)
def _runs(piece: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(fold(piece)))


@lru_cache(maxsize=20_000)
def _words(piece: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in _runs(piece):
        if word.isascii() or not any(map(is_han, word)):
            found.append(word[:60])
            continue
        run = ""
        for char in word:
            if is_han(char):
                if run:
                    found.append(run)
                run = ""
                found.append(char)
            else:
                run += char
        if run:
            found.append(run)
    return tuple(found)


def words(text: str) -> list[str]:
    """Folded words of a text; each Chinese character is a word of its own."""
    return [word for piece in text.split(" ") for word in _words(piece)]


def sort_key(name: str) -> str:
    """The stored sort key of a name: folded words in order, at most 200 characters."""
    return " ".join([word for piece in name.split(" ") for word in _runs(piece)])[:200] or name[:200]


def clean_line(text: str) -> str:
    """One line as typed, without control characters (which no name, number or address holds)."""
    return " ".join(_CONTROL.sub("", text).split())


def has_nul(text: str) -> bool:
    return "\x00" in text


def is_id(text: str) -> bool:
    """Whether a text of an address is a number that a key may have; "²" is a digit to Python, but no number."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def digits(text: str) -> str:
    return _NOT_DIGIT.sub("", text)


def mask_digits(text: str) -> str:
    """Every digit but the last three becomes a bullet: what an audit entry may keep of a search."""
    left = sum(c.isdigit() for c in text) - 3
    out = []
    for char in text:
        if char.isdigit() and left > 0:
            out.append("•")
            left -= 1
        else:
            out.append(char)
    return "".join(out)
