"""What is worked out of a client's row while it is read: document, phone, birth date, search words."""

from collections.abc import Callable
from datetime import date, timedelta

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext as _

from clients.search import document_key, key_hash, tokens, vector
from common.crypto import encrypt
from common.text import sort_key
from corebanking.kinds.base import Column
from corebanking.refusals import RowRejected
from staff.models import Branch


def deriver(columns: tuple[Column, ...]) -> Callable[[list], list]:
    """A function from a row's parsed values to its derived ones; it also writes the phone as E.164."""
    place = {column.name: index for index, column in enumerate(columns)}
    number, name, given, family, native = (
        place[c] for c in ("client_number", "name", "given_name", "family_name", "native_name")
    )
    document, phone, email, birth = (place[c] for c in ("document_number", "phone", "email", "birth_date"))
    country, branch, assessed = place["country"], place["branch_code"], place["risk_assessed_on"]
    valid = timedelta(days=settings.RISK_PROFILE_VALID_DAYS)
    countries = dict(Branch.objects.values_list("code", "country"))
    until: dict[str, str] = {}

    def derive(values: list) -> list:
        cipher = hashed = hint = None
        typed = values[document]
        if typed is not None:
            key = document_key(typed)
            cipher, hashed = encrypt(typed).hex(), key_hash(key)
            hint = key[-3:] if len(key) >= 6 else ""
        given_phone = values[phone]
        if given_phone is not None and not _is_e164(given_phone):
            given_phone = values[phone] = e164(
                given_phone, values[country] or countries.get(values[branch] or "") or ""
            )
        born = values[birth]
        parts = [None] * 5 if born is None else birth_parts(born)
        valid_until = None
        on = values[assessed]
        if on is not None:
            valid_until = until.get(on)
            if valid_until is None:
                valid_until = until[on] = (date.fromisoformat(on) + valid).isoformat()
        found = tokens(
            number=values[number],
            names=(values[name], values[given], values[family], values[native]),
            phones=(given_phone,) if given_phone else (),
            emails=(values[email],) if values[email] else (),
            hashed=hashed or "",
        )
        return [cipher, hashed, hint, *parts, valid_until, sort_key(values[name]), vector(found)]

    return derive


def _is_e164(text: str) -> bool:
    """The fast way for what is E.164 already; the library takes a hundred times as long."""
    return (
        text[0] == "+" and text.isascii() and text[1:].isdigit() and 8 <= len(text) <= 16 and text[1] != "0"
    )


def e164(text: str, country: str) -> str:
    """A phone as E.164; national numbers are read in the country of the client, else of the branch."""
    try:
        parsed = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        rejected = RowRejected(
            _("is not a phone number of %(country)s; write it with its country code, like +34 600 123 456")
            % {"country": country}
            if country
            else _("is not a phone number with its country code, like +34 600 123 456")
        )
        rejected.column = "phone"
        raise rejected
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def birth_parts(text: str) -> list[str | None]:
    """Calendar, year, month, day and leap month of a canonical coming-back date."""
    lunar = text.startswith("lunar:")
    rest = text[6:] if lunar else text
    leap = "L" in rest
    rest = rest.replace("L", "")
    calendar = "lunar" if lunar else "gregorian"
    if len(rest) == 4:
        return [calendar, rest, None, None, "f"]
    year = None if rest.startswith("--") else rest[:4]
    return [calendar, year, rest[-5:-3], rest[-2:], "t" if leap else "f"]
