"""Names as people search and sort them: case, accents and width do not matter, in any script."""

import re
import unicodedata

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
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def fold(text: str) -> str:
    """Case-folded, accent-free, width-free form of a text."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in folded if not unicodedata.combining(c)).translate(_PLAIN)


def is_han(char: str) -> bool:
    """Whether a character is a Chinese one (CJK unified ideographs and extensions)."""
    point = ord(char)
    return 0x3400 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or 0x20000 <= point <= 0x323AF


def words(text: str) -> list[str]:
    """Folded words of a text; each Chinese character is a word of its own."""
    found: list[str] = []
    for word in _WORD.findall(fold(text)):
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
    return found


def sort_key(name: str) -> str:
    """The stored sort key of a name: folded words in order, at most 200 characters."""
    return " ".join(_WORD.findall(fold(name)))[:200] or name[:200]


def clean_line(text: str) -> str:
    """One line as typed, without control characters (which no name, number or address holds)."""
    return " ".join(_CONTROL.sub("", text).split())


def has_nul(text: str) -> bool:
    return "\x00" in text


def digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit() and c.isascii())


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
