"""Changes to clients: who they are, where they stand, who looks after them, who may look."""

import hashlib
from collections.abc import Iterable
from datetime import date, timedelta

import phonenumbers
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import (
    Assignment,
    Client,
    ContactPoint,
    FactChange,
    FactType,
    SightGrant,
    Standing,
)
from clients.querysets import ClientQuerySet
from clients.search import tokens, vector
from clients.sight import may_reveal
from common import audit
from common.models import AuditEntry
from common.text import clean_line, has_nul, sort_key
from staff.models import Branch, Role, User

# What staff may change of a client; core banking owns number, kind, branch, status and document.
STAFF_FIELDS = (
    "preferred_address",
    "native_name",
    "language",
    "city",
    "country",
    "tier",
    "trend",
    "risk_profile",
    "risk_assessed_on",
)
# What a system that holds clients:write, or a supervisor, may set on creation and upsert.
CORE_FIELDS = (
    "kind",
    "name",
    "legal_name",
    "given_name",
    "family_name",
    "gender",
    "branch",
    "status",
    "since",
)


def refresh_search(client_ids: Iterable[int]) -> int:
    """Recompute sort name and search tokens of clients and return how many. Repeatable."""
    ids = list(client_ids)
    points: dict[int, dict[str, list[str]]] = {}
    for client_id, kind, value in ContactPoint.objects.filter(
        client__in=ids, kind__in=("phone", "email")
    ).values_list("client_id", "kind", "value"):
        points.setdefault(client_id, {"phone": [], "email": []})[kind].append(value)
    rows = []
    for client in Client.objects.filter(pk__in=ids).only(
        "number", "name", "legal_name", "given_name", "family_name", "native_name", "document_hash"
    ):
        known = points.get(client.pk, {"phone": [], "email": []})
        found = tokens(
            number=client.number,
            names=(client.name, client.legal_name, client.given_name, client.family_name, client.native_name),
            phones=tuple(known["phone"]),
            emails=tuple(known["email"]),
            hashed=client.document_hash,
        )
        rows.append((client.pk, sort_key(client.name), vector(found)))
    with connection.cursor() as cursor:
        for start in range(0, len(rows), 1000):
            part = rows[start : start + 1000]
            marks = ", ".join(["(%s, %s, %s)"] * len(part))
            cursor.execute(
                f"""
                UPDATE clients_client c SET sort_name = v.sort_name, search = v.search::tsvector
                FROM (VALUES {marks}) AS v (id, sort_name, search)
                WHERE c.id = v.id AND (c.sort_name, c.search) IS DISTINCT FROM (v.sort_name, v.search::tsvector)
                """,
                [value for row in part for value in row],
            )
    return len(rows)


def value_hash(value: str) -> str:
    """The hash under which the fact ledger compares values; empty for an unknown value."""
    return hashlib.sha256(value.encode()).hexdigest() if value else ""


def record_fact_change(
    *,
    actor: User | None,
    client: Client,
    code: str,
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
        fact_type=FactType.objects.get(code=code),
        slot=slot,
        old_hash=value_hash(old),
        new_hash=value_hash(new),
        by_kind=by_kind,
        actor=actor,
        contact_id=contact_id,
    )


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
def add_contact_point(*, actor: User, client: Client, kind: str, value: str) -> ContactPoint:
    """Write down a way to reach the client; the first of its kind becomes the primary one.

    Effects: the fact ledger gets a change, search finds it. Repeatable: the same value is kept once.
    Raises: ValidationError on `value`; PermissionDenied outside the actor's sight.
    """
    _may_edit(actor, client)
    value = clean_line(value)
    try:
        if kind == ContactPoint.Kind.PHONE:
            value = phone_e164(value, client.country or client.branch.country)
        elif kind == ContactPoint.Kind.EMAIL:
            validate_email(value)
            value = value.lower()
    except ValidationError as error:
        raise ValidationError({kind: error.messages}) from error
    point, created = ContactPoint.objects.get_or_create(
        client=client,
        kind=kind,
        value=value,
        defaults={
            "entered_by": Client.Source.STAFF,
            "is_primary": not client.contact_points.filter(kind=kind, is_primary=True).exists(),
        },
    )
    if created and kind in ("phone", "email", "address"):
        record_fact_change(
            actor=actor, client=client, code=kind, slot=f"contact_point/{point.pk}", old="", new=value
        )
        refresh_search([client.pk])
    return point


def _may_edit(actor: User, client: Client) -> None:
    if not Client.objects.editable_by(actor).filter(pk=client.pk).exists():
        raise PermissionDenied


def _clean(changes: dict) -> dict:
    cleaned = {}
    for field, value in changes.items():
        if isinstance(value, str):
            if has_nul(value):
                raise ValidationError({field: _("This holds a character that cannot be stored.")})
            value = clean_line(value)
        cleaned[field] = value
    return cleaned


@transaction.atomic
def create_client(*, actor: User, data: dict) -> Client:
    """Create a client from a page or the API; `data` holds model fields, and phone and email.

    Rule: supervisors create in their branches, account managers in their own branch and book.
    Raises: ValidationError by field, PermissionDenied.
    """
    if actor.role not in (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.HEAD_OFFICE):
        raise PermissionDenied
    data = _clean(data)
    phone, email = data.pop("phone", ""), data.pop("email", "")
    unknown = set(data) - {"number", *STAFF_FIELDS, *CORE_FIELDS}
    if unknown:
        raise ValidationError({field: _("This field cannot be set.") for field in sorted(unknown)})
    if data.get("branch") not in set(_branches_for(actor)):
        raise ValidationError({"branch": _("Choose one of your branches.")})
    client = Client(source=Client.Source.STAFF, **data)
    client.sort_name = sort_key(client.name)
    _derive_risk(client)
    client.full_clean()
    client.save()
    Standing.objects.create(
        client=client, branch=client.branch, tier=client.tier, status=client.status, from_on=client.since
    )
    if actor.role == Role.ACCOUNT_MANAGER:
        Assignment.objects.create(client=client, manager=actor, from_on=client.branch.today())
    refresh_search([client.pk])
    for kind, value in (("phone", phone), ("email", email)):
        if value:
            add_contact_point(actor=actor, client=client, kind=kind, value=value)
    return client


def _branches_for(actor: User):
    """Branches in which the actor may create clients."""
    if actor.role == Role.ACCOUNT_MANAGER:
        return Branch.objects.filter(pk=actor.branch_id)
    return Branch.objects.branches_of(actor)


@transaction.atomic
def change_client(*, actor: User, client: Client, changes: dict, as_core: bool = False) -> Client:
    """Change fields of a client; names, branch and status only `as_core` (the API's upsert).

    Effects: search and standing follow; history keeps the former values.
    Raises: ValidationError by field, PermissionDenied.
    """
    _may_edit_as(actor, client, as_core)
    client = Client.objects.select_for_update(of=("self",)).get(pk=client.pk)
    allowed = (*STAFF_FIELDS, *CORE_FIELDS) if as_core else STAFF_FIELDS
    changes = _clean(changes)
    phone, email = changes.pop("phone", ""), changes.pop("email", "")
    unknown = set(changes) - set(allowed)
    if unknown:
        raise ValidationError({field: _("This field cannot be changed here.") for field in sorted(unknown)})
    for field, value in changes.items():
        setattr(client, field, value)
    client.sort_name = sort_key(client.name)
    if "risk_profile" in changes or "risk_assessed_on" in changes:
        _derive_risk(client)
    client.full_clean()
    client.save()
    stand(client)
    refresh_search([client.pk])
    for kind, value in (("phone", phone), ("email", email)):
        if value:
            add_contact_point(actor=actor, client=client, kind=kind, value=value)
    return client


def _may_edit_as(actor: User, client: Client, as_core: bool) -> None:
    if (
        as_core
        and actor.role == Role.HEAD_OFFICE
        and Client.objects.visible_to(actor).filter(pk=client.pk).exists()
    ):
        return
    _may_edit(actor, client)


def _derive_risk(client: Client) -> None:
    if client.risk_profile and client.risk_assessed_on:
        client.risk_valid_until = client.risk_assessed_on + timedelta(days=settings.RISK_PROFILE_VALID_DAYS)


def stand(client: Client) -> None:
    """Close the open standing and open a new one where branch, tier or status differ from it."""
    today = client.branch.today()
    row = Standing.objects.select_for_update().filter(client=client, to_on=None).first()
    now = (client.branch_id, client.tier_id, client.status)
    if row is not None:
        if (row.branch_id, row.tier_id, row.status) == now:
            return
        if row.from_on is not None and row.from_on >= today:
            row.branch, row.tier, row.status = client.branch, client.tier, client.status
            row.save()
            return
        row.to_on = today
        row.save(update_fields=["to_on"])
    Standing.objects.create(
        client=client,
        branch=client.branch,
        tier=client.tier,
        status=client.status,
        from_on=today if row else None,
    )


@transaction.atomic
def transfer_clients(
    *, actor: User, clients: ClientQuerySet, to: User, reason: str, on: date | None = None
) -> int:
    """Move clients to another account manager and return how many moved.

    Rule: a book changes hands with a reason; history stays; open actions follow by themselves, for
    nobody's actions belong to whoever holds the book (domain.md).
    Visibility: pass clients narrowed by `editable_by`; checked again here. Only supervisors transfer.
    Repeatable: clients already with that manager are left alone.
    Raises: ValidationError on `to` or `reason`, PermissionDenied.
    """
    if actor.role != Role.SUPERVISOR:
        raise PermissionDenied
    if not reason.strip():
        raise ValidationError({"reason": _("Write why the book changes hands.")})
    if not to.is_active or to.role != Role.ACCOUNT_MANAGER:
        raise ValidationError({"to": _("Choose an active account manager.")})
    wanted = set(clients.values_list("pk", flat=True))
    allowed = set(Client.objects.editable_by(actor).filter(pk__in=wanted).values_list("pk", flat=True))
    if allowed != wanted:
        raise PermissionDenied
    # One client at a time is locked in the order of ids, so that two transfers cannot block each other.
    list(
        Client.objects.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",)).values_list("pk")
    )
    open_rows = Assignment.objects.filter(client__in=wanted, role=Assignment.Role.PRIMARY, to_on=None)
    moving = wanted - set(open_rows.filter(manager=to).values_list("client_id", flat=True))
    today = on or actor.today()
    open_rows.filter(client__in=moving).update(to_on=today)
    Assignment.objects.bulk_create(
        [Assignment(client_id=pk, manager=to, from_on=today, reason=reason[:300]) for pk in sorted(moving)]
    )
    return len(moving)


@transaction.atomic
def open_with_reason(*, actor: User, number: str, reason: str) -> Client | None:
    """Lend the actor sight of one file for an hour; None where there is no such client.

    Rule: auditors and data officers open files one at a time with a reason (README, domain.md). The
    answer for an absent client is the same as for one that may not be opened.
    Effects: a sight grant and an audit entry.
    """
    if actor.role not in (Role.AUDITOR, Role.DATA_OFFICER):
        raise PermissionDenied
    reason = clean_line(reason)
    if len(reason) < 5:
        raise ValidationError({"reason": _("Write the reason in a few words; it is kept with your name.")})
    client = Client.objects.filter(number=number.strip()).first()
    if client is None:
        return None
    now = timezone.now()
    SightGrant.objects.create(
        client=client, user=actor, reason=reason, from_at=now, until_at=now + settings.SIGHT_GRANT
    )
    audit.record(actor=actor, act=AuditEntry.Act.GRANT, subject=f"client/{client.pk}", reason=reason)
    return client


@transaction.atomic
def reveal(*, actor: User, contact_point: ContactPoint) -> str:
    """One phone or email in clear, recorded before it is shown.

    Raises: PermissionDenied where the actor may not contact the client.
    """
    if (
        not may_reveal(actor)
        or not ContactPoint.objects.visible_to(actor).filter(pk=contact_point.pk).exists()
    ):
        raise PermissionDenied
    audit.record(
        actor=actor,
        act=AuditEntry.Act.REVEAL,
        subject=f"client/{contact_point.client_id}",
        detail=f"{contact_point.kind}/{contact_point.pk}",
    )
    return contact_point.value
