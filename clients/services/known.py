"""What is known about a client: facts, contact points and dates, each change appended to the ledger.

Any change by staff, client or import appends one `FactChange`; a slot is the row the value lives in.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from clients.completeness import completeness, worth_asking
from clients.models import Client, ContactPoint, DatedFact, Fact, FactChange, FactType
from clients.services.finding import refresh_search
from clients.services.ground import may_edit, required
from common.calendars import in_year
from common.text import clean_line, fold, has_nul
from staff.models import User

FACT_LENGTH = 500
POINT_CODES = ("phone", "email", "address", "messenger")
DATE_CODES = {"birthday": "birthday", "wedding": "wedding", "founding": "founding", "other": "other_date"}
OF_ANOTHER = "family_date"  # the fact type of a related person's dates


@dataclass(frozen=True)
class Learnt:
    """One fact heard in a contact."""

    type: FactType
    value: str
    amount: Decimal | None = None
    currency: str = ""


def value_hash(value: str) -> str:
    """The hash under which the fact ledger compares values; empty for an unknown value."""
    return hashlib.sha256(value.encode()).hexdigest() if value else ""


def record_fact_change(
    *,
    actor: User | None,
    client: Client,
    code: str | FactType,
    slot: str,
    old: str,
    new: str,
    by_kind: str = FactChange.ByKind.STAFF,
    contact_id: int | None = None,
) -> None:
    """Append one change to the fact ledger where old and new differ."""
    if old == new:
        return
    FactChange.objects.create(
        client=client,
        fact_type=code if isinstance(code, FactType) else FactType.objects.get(code=code),
        slot=slot,
        old_hash=value_hash(old),
        new_hash=value_hash(new),
        by_kind=by_kind,
        actor=actor,
        contact_id=contact_id,
    )


# -- facts -----------------------------------------------------------------------------------------


@transaction.atomic
def learn(
    *,
    actor: User,
    client: Client,
    learnt: Iterable[Learnt],
    contact_id: int | None = None,
    by_kind: str = FactChange.ByKind.STAFF,
) -> list[Fact]:
    """Write down facts, heard in a contact where one is given.

    Rule: a fact type that is not "several" has one row, which the new value replaces; of the others each
    value is a row, and one that is known already is left alone. An estimate goes with the value it was
    made of: a new value without one has none.
    Raises: ValidationError on `value`, `type` or `currency`; PermissionDenied outside the actor's sight.
    """
    learnt = list(learnt)
    if not learnt:
        return []
    may_edit(actor, client)
    return write_facts(actor=actor, client=client, learnt=learnt, contact_id=contact_id, by_kind=by_kind)


def write_facts(
    *,
    actor: User | None,
    client: Client,
    learnt: Iterable[Learnt],
    contact_id: int | None = None,
    by_kind: str = FactChange.ByKind.STAFF,
) -> list[Fact]:
    """What `learn` does once the right to is settled. The caller has checked it and opened a transaction."""
    _lock(client)
    today = client.branch.today()
    written = []
    for one in learnt:
        if one.type.lives_in != FactType.Lives.FACT:
            raise ValidationError({"type": _("This is written down in its own place, not as a fact.")})
        value = required("value", one.value, _("Write what you learnt."), most=FACT_LENGTH)
        rows = list(Fact.objects.filter(client=client, type=one.type).order_by("pk"))
        same = next((row for row in rows if fold(row.value) == fold(value)), None)
        row = same if one.type.is_many else (rows[0] if rows else None)
        if row is None:
            row, old = Fact(client=client, type=one.type), ""
        else:
            old = row.value
            estimate = (one.amount, one.currency)
            # The same but for case or accents is known already: writing it again is no news.
            if fold(old) == fold(value) and (one.amount is None or estimate == (row.amount, row.currency)):
                written.append(row)
                continue
        row.value, row.learnt_on = value, today
        if one.amount is not None:
            row.amount, row.currency = one.amount, _currency(one.currency)
        else:
            row.amount, row.currency = None, ""
        row.full_clean(exclude=["client", "type"], validate_constraints=False)
        row.save()
        record_fact_change(
            actor=actor,
            client=client,
            code=one.type,
            slot=f"fact/{row.pk}",
            old=old,
            new=value,
            by_kind=by_kind,
            contact_id=contact_id,
        )
        written.append(row)
    return written


@transaction.atomic
def change_fact(
    *, actor: User, fact: Fact, value: str, amount: Decimal | None = None, currency: str = ""
) -> Fact:
    """Correct the value of one fact; history and ledger keep the former one.

    Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, fact.client)
    fact = _still_there(
        Fact.objects.select_for_update(of=("self",)).select_related("client__branch", "type"), fact.pk
    )
    value = required("value", value, _("Write what you learnt."), most=FACT_LENGTH)
    old = fact.value
    fact.value, fact.amount = value, amount
    fact.currency = _currency(currency) if amount is not None else ""
    if old != value:
        fact.learnt_on = fact.client.branch.today()
    fact.save()
    record_fact_change(
        actor=actor, client=fact.client, code=fact.type, slot=f"fact/{fact.pk}", old=old, new=value
    )
    return fact


@transaction.atomic
def forget_fact(*, actor: User, fact: Fact) -> None:
    """Take a fact off the file: it was wrong, or the client asked. The ledger says that it is known no more."""
    may_edit(actor, fact.client)
    drop_fact(actor=actor, fact=fact)


def drop_fact(*, actor: User, fact: Fact) -> None:
    """What `forget_fact` does once the right to is settled. The caller has checked it."""
    found = Fact.objects.select_for_update(of=("self",)).select_related("client", "type")
    for row in found.filter(pk=fact.pk):  # none where somebody was faster
        record_fact_change(
            actor=actor, client=row.client, code=row.type, slot=f"fact/{row.pk}", old=row.value, new=""
        )
        row.delete()


def _currency(code: str) -> str:
    """An ISO 4217 code. Raises ValidationError on `currency`."""
    code = clean_line(code).upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValidationError({"currency": _("Write the currency's three letters, like EUR.")})
    return code


def _still_there(rows: QuerySet, pk: int):
    """A row that is to be changed. Raises ValidationError where it was taken off the file meanwhile."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise ValidationError(_("Somebody has taken this off the file meanwhile."))
    return row


def _lock(client: Client) -> None:
    """Two people writing facts of one client take turns, so that one value is not written twice."""
    Client.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=client.pk)


# -- contact points --------------------------------------------------------------------------------


def phone_e164(text: str, country: str = "") -> str:
    """A phone number in E.164; national numbers are read in the given country.

    Raises: ValidationError saying what to write instead.
    """
    try:
        parsed = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        raise ValidationError(_("Write the phone number with its country code, like +34 600 123 456."))
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@transaction.atomic
def add_contact_point(
    *, actor: User, client: Client, kind: str, value: str, contact_id: int | None = None
) -> ContactPoint:
    """Write down a way to reach the client; the first of its kind becomes the primary one.

    Effects: the fact ledger gets a change, search finds it. Repeatable: the same value is kept once.
    Raises: ValidationError on the kind's name; PermissionDenied outside the actor's sight.
    """
    may_edit(actor, client)
    value = _point_value(client, kind, value)
    _lock(client)  # or two people at once would both write the primary one
    point, created = ContactPoint.objects.get_or_create(
        client=client,
        kind=kind,
        value=value,
        defaults={
            "entered_by": Client.Source.STAFF,
            "is_primary": not client.contact_points.filter(kind=kind, is_primary=True).exists(),
        },
    )
    if created:
        _point_known(actor, point, "", value, contact_id)
    return point


@transaction.atomic
def change_contact_point(*, actor: User, point: ContactPoint, **changes) -> ContactPoint:
    """Change value, `is_primary`, `is_verified` or `do_not_use` of a contact point.

    Raises: ValidationError by field; PermissionDenied.
    """
    client = point.client
    may_edit(actor, client)
    _lock(client)
    point = _still_there(ContactPoint.objects.select_related("client__branch"), point.pk)
    unknown = set(changes) - {"value", "is_primary", "is_verified", "do_not_use"}
    if unknown:
        raise ValidationError({field: _("This field cannot be changed here.") for field in sorted(unknown)})
    old = point.value
    if "value" in changes:
        value = _point_value(client, point.kind, changes.pop("value"))
        twin = ContactPoint.objects.filter(client=client, kind=point.kind, value=value).exclude(pk=point.pk)
        if twin.exists():
            raise ValidationError({point.kind: _("This is on the file already.")})
        point.value = value
        if value != old:
            point.is_verified = False
            point.entered_by = (
                Client.Source.STAFF
            )  # core's word is now the staff's: files do not overwrite it
    if changes.get("is_primary"):
        others = ContactPoint.objects.filter(client=client, kind=point.kind, is_primary=True)
        others.exclude(pk=point.pk).update(is_primary=False)
    for field, value in changes.items():
        setattr(point, field, value)
    point.save()
    if point.value != old:
        _point_known(actor, point, old, point.value, None)
    return point


@transaction.atomic
def remove_contact_point(*, actor: User, point: ContactPoint) -> None:
    """Take a contact point off the file; another of its kind becomes the primary one."""
    may_edit(actor, point.client)
    _lock(point.client)
    if not ContactPoint.objects.filter(pk=point.pk).exists():  # somebody was faster
        return
    point.refresh_from_db(fields=["value", "is_primary"])
    _point_known(actor, point, point.value, "", None)
    client, kind, was_primary = point.client, point.kind, point.is_primary
    point.delete()
    if was_primary:
        other = ContactPoint.objects.filter(client=client, kind=kind, do_not_use=False).order_by("pk").first()
        if other is not None:
            other.is_primary = True
            other.save(update_fields=["is_primary"])
    refresh_search([client.pk])


def _point_value(client: Client, kind: str, value: str) -> str:
    """The value as it is stored. Raises ValidationError on the kind's name."""
    if has_nul(value):
        raise ValidationError({kind: _("This holds a character that cannot be stored.")})
    value = clean_line(value)
    if not value:
        raise ValidationError({kind: _("Write the number or address.")})
    if len(value) > 254:
        raise ValidationError({kind: _("This is too long: at most %(most)s characters.") % {"most": 254}})
    try:
        if kind == ContactPoint.Kind.PHONE:
            value = phone_e164(value, client.country or client.branch.country)
        elif kind == ContactPoint.Kind.EMAIL:
            validate_email(value)
            value = value.lower()
    except ValidationError as error:
        raise ValidationError({kind: error.messages}) from error
    return value


def _point_known(actor: User, point: ContactPoint, old: str, new: str, contact_id: int | None) -> None:
    if point.kind in POINT_CODES:
        record_fact_change(
            actor=actor,
            client=point.client,
            code=point.kind,
            slot=f"contact_point/{point.pk}",
            old=old,
            new=new,
            contact_id=contact_id,
        )
    refresh_search([point.client_id])


# -- dates that come back --------------------------------------------------------------------------


@transaction.atomic
def write_dated_fact(
    *,
    actor: User,
    client: Client,
    kind: str,
    month: int | None,
    day: int | None,
    year: int | None = None,
    calendar: str = DatedFact.Calendar.GREGORIAN,
    is_leap_month: bool = False,
    person: str = "",
    lead_days: int | None = None,
    contact_id: int | None = None,
) -> DatedFact:
    """Write down a date that comes back, of the client or (`person`) of somebody close; one of a kind and person.

    Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, client)
    _lock(client)
    person = clean_line(person)[:120]
    row = DatedFact.objects.filter(client=client, kind=kind, person=person).first()
    old = row.as_text() if row else ""
    row = row or DatedFact(client=client, kind=kind, person=person)
    row.calendar, row.year, row.month, row.day = calendar, year, month, day
    row.is_leap_month = is_leap_month and calendar == DatedFact.Calendar.LUNAR
    row.lead_days = lead_days
    check_date(row, today=client.branch.today())
    row.full_clean(exclude=["client"], validate_unique=False, validate_constraints=False)
    row.save()
    record_fact_change(
        actor=actor,
        client=client,
        code=date_code(row),
        slot=f"dated_fact/{row.pk}",
        old=old,
        new=row.as_text(),
        contact_id=contact_id,
    )
    return row


@transaction.atomic
def forget_dated_fact(*, actor: User, dated: DatedFact) -> None:
    """Take a date off the file."""
    may_edit(actor, dated.client)
    _lock(dated.client)
    if not DatedFact.objects.filter(pk=dated.pk).exists():  # somebody was faster
        return
    dated.refresh_from_db(fields=["kind", "person", "calendar", "year", "month", "day", "is_leap_month"])
    record_fact_change(
        actor=actor,
        client=dated.client,
        code=date_code(dated),
        slot=f"dated_fact/{dated.pk}",
        old=dated.as_text(),
        new="",
    )
    dated.delete()


def date_code(dated: DatedFact) -> str:
    """The code of the fact type a date belongs to."""
    return OF_ANOTHER if dated.person else DATE_CODES[dated.kind]


def check_date(dated: DatedFact, *, today: date) -> None:
    """Whether there is such a day. Raises ValidationError on `day`, `month` or `year`."""
    year, month, day = dated.year, dated.month, dated.day
    if month is None or day is None:
        if year is None or month is not None or day is not None:
            raise ValidationError({"day": _("Give day and month, or the year alone.")})
    elif not 1 <= month <= 12:
        raise ValidationError({"month": _("There are twelve months.")})
    elif dated.calendar == DatedFact.Calendar.LUNAR:
        if not 1 <= day <= 30:
            raise ValidationError({"day": _("A lunar month has at most 30 days.")})
    else:
        try:
            date(year or 2000, month, day)
        except ValueError:
            raise ValidationError({"day": _("There is no such day in this month.")}) from None
    if year is None:
        return
    if not 1850 <= year <= today.year:
        raise ValidationError({"year": _("Give a year between 1850 and this one.")})
    if dated.calendar == DatedFact.Calendar.GREGORIAN and month and in_year(month, day, year) > today:
        raise ValidationError({"year": _("This day has not come yet.")})


# -- completeness ----------------------------------------------------------------------------------


def completeness_of(
    client: Client, changes: dict[str, FactChange], types: Iterable[FactType] | None = None
) -> tuple[float, list[FactType]]:
    """The weighted share of fact types known, and those unknown that are worth asking for, heaviest first.

    `changes` is `provenance_of(client)`: the same ledger that the indicator reads (numbers.md). What only
    the other kind of client has is not asked for. `types`: the catalogue, where it is at hand.
    """
    known = {change.fact_type_id for change in changes.values() if change.new_hash}
    types = list({one.pk: one for one in (FactType.objects.all() if types is None else types)}.values())
    return completeness(types, known), worth_asking(types, known, client)


# -- provenance ------------------------------------------------------------------------------------


def provenance_of(client: Client) -> dict[str, FactChange]:
    """The last change of each slot of the client, by slot: who, when, in which contact."""
    rows = FactChange.objects.filter(client=client).order_by("slot", "-at", "-pk").distinct("slot")
    return {row.slot: row for row in rows.select_related("actor")}
