"""A client added by hand: the number it gets, and who is on file already and may be the same."""

from datetime import date
from difflib import SequenceMatcher
from itertools import combinations

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Value
from django.utils.translation import gettext as _

from clients.models import Client, ContactPoint, DatedFact
from clients.search import quoted
from clients.services.clients import create_client
from clients.services.known import phone_e164, write_dated_fact
from common.text import digits, fold, is_han, words
from staff.models import Branch, User

PREFIX = "CRM-"
LAST_NUMBER = 999_999
NUMBERS_LOCK = "clients/number"  # one advisory lock for all who take a number
MOST_WORDS = 6  # of a name, for looking: more only repeat what few find
MOST_SIMILAR = 10
LOOKED_AT = 60
NEARLY = 0.88  # likeness of two names from which one may be a slip of the other


def next_number() -> str:
    """The next free number for a client that core banking does not know yet. A proposal, not a promise."""
    last = (
        Client.objects.filter(number__regex=f"^{PREFIX}[0-9]{{6}}$")
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    following = int(last.removeprefix(PREFIX)) + 1 if last else 1
    if following > LAST_NUMBER:
        raise ValidationError({"number": _("Write a client number.")})
    return f"{PREFIX}{following:06d}"


@transaction.atomic
def quick_add(*, actor: User, data: dict, born_on: date | None = None) -> Client:
    """Create a client from little: `data` as `create_client` takes it, and the day of birth or founding.

    Rule: without a number it gets the next free one; two people adding at once get different ones, for they
    take turns until the first is written.
    Raises: ValidationError by field (`born_on` for the day); PermissionDenied.
    """
    if not data.get("number"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [NUMBERS_LOCK])
        data = data | {"number": next_number()}
    client = create_client(actor=actor, data=data)
    if born_on is not None:
        try:
            write_dated_fact(
                actor=actor,
                client=client,
                kind=_birth_kind(client.kind),
                year=born_on.year,
                month=born_on.month,
                day=born_on.day,
            )
        except ValidationError as error:
            raise ValidationError({"born_on": error.messages}) from error
    return client


def similar_clients(*, actor: User, data: dict) -> list[tuple[Client, list[str]]]:
    """Clients the actor may see who may be the one described, likeliest first, each with the reasons.

    `data` may hold name, native_name, phone, email, kind, branch, country and born_on. Reasons: phone, email,
    birth (the same name and day) and name. Nobody outside the actor's sight is ever hinted at.
    One query, by the index of the search words.
    """
    names = [data.get("name") or "", data.get("native_name") or ""]
    phone, email = _phone(data), fold((data.get("email") or "").strip())
    query = _query(names, phone, email)
    if not query:
        return []
    born_on = data.get("born_on")
    points = ContactPoint.objects.filter(client=OuterRef("pk"))
    births = DatedFact.objects.filter(client=OuterRef("pk"), person="", calendar="gregorian")
    if born_on:
        births = births.filter(
            kind=_birth_kind(data.get("kind")), year=born_on.year, month=born_on.month, day=born_on.day
        )
    rows = (
        Client.objects.visible_to(actor)
        .filter(_found_by(query))
        .select_related("tier", "branch")
        .with_manager()
        .defer("document_number")
        .annotate(
            has_phone=Exists(points.filter(kind="phone", value=phone)),
            has_email=Exists(points.filter(kind="email", value=email)),
            has_birth=Exists(births),
        )
        .order_by("-has_phone", "-has_email", "-has_birth", "sort_name", "pk")[:LOOKED_AT]
    )
    found = []
    for client in rows:
        reasons = [
            code for code, holds in (("phone", client.has_phone), ("email", client.has_email)) if holds
        ]
        if _same_name(names, client):
            reasons.append("birth" if born_on and client.has_birth else "name")
        if reasons:
            found.append((client, reasons))
    found.sort(key=lambda row: (row[1] == ["name"], -len(row[1])))  # a name alone says least
    return found[:MOST_SIMILAR]


def _birth_kind(kind: str | None) -> str:
    return "founding" if kind == Client.Kind.ORGANISATION else "birthday"


def _phone(data: dict) -> str:
    """The phone as it would be stored; nothing where it cannot be one, which the form says by itself."""
    branch = data.get("branch")
    country = data.get("country") or (branch.country if isinstance(branch, Branch) else "")
    try:
        return phone_e164(data["phone"], country) if data.get("phone") else ""
    except ValidationError:
        return ""


def _query(names: list[str], phone: str, email: str) -> str:
    """The tsquery of everybody who may be meant: same phone or email, two words of a name, or all beginnings."""
    asked = []
    if phone:
        asked.append(quoted("p" + digits(phone)[::-1]))
    if email:
        asked.append(quoted(email[:120]))
    for name in names:
        found = list(dict.fromkeys(words(name)))[:MOST_WORDS]
        if len(found) < 2 or is_han(found[0][0]):
            asked += [" & ".join(map(quoted, found))] if found else []
            continue
        asked += [f"{quoted(one)} & {quoted(other)}" for one, other in combinations(found, 2)]
        asked.append(" & ".join(f"{quoted(word[:3])}:*" for word in found))
    return " | ".join(f"({part})" for part in asked)


def _found_by(query: str) -> Func:
    typed = Func(Value(query), template="(%(expressions)s)::tsquery", output_field=BooleanField())
    return Func(
        F("search"), typed, template="(%(expressions)s)", arg_joiner=" @@ ", output_field=BooleanField()
    )


def _same_name(names: list[str], client: Client) -> bool:
    """Whether a name is the client's, in any order of words, in part, or but for a slip."""
    theirs = [set(words(name)) for name in (client.name, client.legal_name, client.native_name) if name]
    for mine in (set(words(name)) for name in names if name):
        for other in theirs:
            few, many = sorted((mine, other), key=len)
            if mine == other or (len(few) > 1 and few <= many and not any(is_han(w[0]) for w in few)):
                return True
            likeness = SequenceMatcher(None, " ".join(sorted(mine)), " ".join(sorted(other))).ratio()
            if len(few) > 1 and likeness >= NEARLY:
                return True
    return False
