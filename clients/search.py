"""One search box, one index: what is stored for a client and what a typed text asks for.

Stored tokens: each folded word of each name, each Chinese character, the client number, `p` and the
phone's digits reversed (so that last digits are a prefix), the email and its local part, and `d` and
the keyed hash of the document number. A query is every typed word as a prefix, joined by "and".
"""

from django.db.models import BooleanField, F, Func
from django.db.models.expressions import RawSQL

from common.crypto import keyed_hash
from common.text import digits, fold, is_han, words

MIN_PHONE_DIGITS = 3
MAX_WORDS = 8


def document_key(number: str) -> str:
    """A document number as it is compared: letters and digits only, upper case."""
    folded = fold(number).upper()
    return folded if folded.isalnum() else "".join([c for c in folded if c.isalnum()])


def document_hash(number: str) -> str:
    return key_hash(document_key(number))


def key_hash(key: str) -> str:
    """The hash of a document number that is already a `document_key`."""
    return keyed_hash(f"document:{key}") if key else ""


def tokens(
    *,
    number: str,
    names: tuple[str, ...],
    phones: tuple[str, ...] = (),
    emails: tuple[str, ...] = (),
    hashed: str = "",
) -> list[str]:
    """Every token under which a client is found, sorted, without repeats."""
    found = {fold(number)[:60]}
    for name in names:
        if name:
            found.update(words(name))
    for phone in phones:
        reversed_digits = digits(phone)[::-1]
        if reversed_digits:
            found.add("p" + reversed_digits)
    for email in emails:
        folded = fold(email)
        if folded:
            found.add(folded[:120])
            found.update(words(folded.partition("@")[0]))
    if hashed:
        found.add("d" + hashed)
    found.discard("")
    return sorted(found)


def quoted(lexeme: str) -> str:
    """A lexeme as tsvector and tsquery literals write it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def vector(found: list[str]) -> str:
    """A tsvector literal of tokens."""
    joined = "' '".join(found)
    if "\\" in joined or joined.count("'") != 2 * (len(found) - 1):
        return " ".join(map(quoted, found))
    return f"'{joined}'" if found else ""


def search_query(text: str) -> str | None:
    """The tsquery literal for a typed text; None where nothing in it can be searched."""
    text = text.strip()
    if not text or len(text) > 200 or "\x00" in text:
        return None
    parts = []
    if "@" in text:
        return f"{quoted(fold(text)[:120])}:*"
    pieces = text.split()[:MAX_WORDS]
    joined = digits(text)
    if len(joined) >= MIN_PHONE_DIGITS and not any(c.isalpha() for c in text):
        # Only digits and signs: a client number, a document, or the end of a phone, spaced as people do.
        asked = [f"{quoted('p' + joined[::-1])}:*", f"{quoted(fold(''.join(pieces)))}:*"]
        hashed = document_hash(text)
        asked.append(quoted("d" + hashed))
        return "(" + " | ".join(asked) + ")"
    for piece in pieces:
        number = fold(piece)[:60]
        asked = []
        found = words(piece)
        if found:
            asked.append(
                "(" + " & ".join(f"{quoted(w)}:*" if not is_han(w[0]) else quoted(w) for w in found) + ")"
            )
        if number and (len(found) != 1 or found[0] != number):
            asked.append(f"{quoted(number)}:*")
        if any(c.isdigit() for c in piece) and len(document_key(piece)) >= 5:
            asked.append(quoted("d" + document_hash(piece)))
        if asked:
            parts.append("(" + " | ".join(asked) + ")")
    return " & ".join(parts) or None


def search_condition(text: str):
    """The indexed condition on `Client.search` for a typed text, or None."""
    query = search_query(text)
    return None if query is None else _holds(query)


def phone_condition(e164: str):
    """The indexed condition for one whole phone number: no beginning and no end of another."""
    return _holds(quoted("p" + digits(e164)[::-1]))


def _holds(query: str) -> Func:
    return Func(
        F("search"),
        RawSQL("%s::tsquery", [query]),
        template="(%(expressions)s)",
        arg_joiner=" @@ ",
        output_field=BooleanField(),
    )
