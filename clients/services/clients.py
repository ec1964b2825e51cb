"""Who clients are and where they stand: created, changed, found again by search."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clients.followers import rhythm_changed, status_changed
from clients.models import Assignment, Client, Standing
from clients.services.finding import refresh_search
from clients.services.ground import clean, may_edit
from clients.services.known import add_contact_point
from common.text import sort_key
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
    "document_valid_until",
)


@transaction.atomic
def create_client(*, actor: User, data: dict) -> Client:
    """Create a client from a page or the API; `data` holds model fields, and phone and email.

    Rule: supervisors create in their branches, account managers in their own branch and book.
    Raises: ValidationError by field, PermissionDenied.
    """
    if actor.role not in (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.HEAD_OFFICE):
        raise PermissionDenied
    data = clean(data)
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
        # Where the manager is, it may still be the day before: whoever adds a client sees it at once.
        from_on = min(client.branch.today(), actor.today())
        Assignment.objects.create(client=client, manager=actor, from_on=from_on)
    refresh_search([client.pk])
    for kind, value in (("phone", phone), ("email", email)):
        if value:
            add_contact_point(actor=actor, client=client, kind=kind, value=value)
    rhythm_changed([client.pk])
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
    before = (client.status, client.tier_id)
    allowed = (*STAFF_FIELDS, *CORE_FIELDS) if as_core else STAFF_FIELDS
    changes = clean(changes)
    phone, email = changes.pop("phone", ""), changes.pop("email", "")
    unknown = set(changes) - set(allowed)
    if unknown:
        raise ValidationError({field: _("This field cannot be changed here.") for field in sorted(unknown)})
    for field, value in changes.items():
        setattr(client, field, value)
    client.sort_name = sort_key(client.name)
    if "risk_profile" in changes or "risk_assessed_on" in changes:
        _derive_risk(client)
    if client.trend != Client.Trend.WEAKENING:
        client.weakening_since = None
    elif "trend" in changes and client.weakening_since is None:
        client.weakening_since = client.branch.today()
    client.full_clean()
    client.save()
    stand(client)
    refresh_search([client.pk])
    for kind, value in (("phone", phone), ("email", email)):
        if value:
            add_contact_point(actor=actor, client=client, kind=kind, value=value)
    if client.status != before[0]:
        status_changed([client.pk])
    if client.tier_id != before[1]:
        rhythm_changed([client.pk])
    return client


def _may_edit_as(actor: User, client: Client, as_core: bool) -> None:
    if (
        as_core
        and actor.role == Role.HEAD_OFFICE
        and Client.objects.visible_to(actor).filter(pk=client.pk).exists()
    ):
        return
    may_edit(actor, client)


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
