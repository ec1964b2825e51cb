"""Who may look beside the book and the branch: with a reason, in an emergency, by name; and reveals."""

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, ContactPoint, SightGrant
from clients.services.ground import may_edit, required
from clients.sight import may_reveal
from common import audit
from common.models import AuditEntry
from common.text import clean_line
from messaging.services import notify
from staff.models import Branch, Role, User

WITH_A_REASON = (Role.AUDITOR, Role.DATA_OFFICER)
IN_AN_EMERGENCY = (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.HEAD_OFFICE)


def may_open(user: User) -> bool:
    """Whether a person may open a file outside their sight with a reason."""
    return user.role in WITH_A_REASON or (user.role in IN_AN_EMERGENCY and user.may_see_identities)


@transaction.atomic
def open_with_reason(*, actor: User, number: str, reason: str) -> Client | None:
    """Lend the actor sight of one file for an hour; None where there is no such client.

    Rule: auditors and data officers open files one at a time with a reason; account managers, supervisors
    and head office with the right to identities in an emergency ("break-glass", domain.md): those who look
    after the client are told, and the supervisor reviews it. A restricted file opens to auditors and data
    officers alone; to others it answers as an absent one does.
    Effects: a sight grant and an audit entry. A file already in sight needs no grant.
    """
    if not may_open(actor):
        raise PermissionDenied
    reason = clean_line(reason)
    if len(reason) < 5:
        raise ValidationError({"reason": _("Write the reason in a few words; it is kept with your name.")})
    client = Client.objects.select_related("branch").filter(number=number.strip()).first()
    if client is None:
        return None
    is_emergency = actor.role in IN_AN_EMERGENCY
    if is_emergency:
        if Client.objects.visible_to(actor).filter(pk=client.pk).exists():
            return client
        if client.is_restricted:
            return None
    now = timezone.now()
    grant = SightGrant.objects.create(
        client=client,
        user=actor,
        kind=SightGrant.Kind.BREAK_GLASS if is_emergency else SightGrant.Kind.REASON,
        reason=reason[:500],
        from_at=now,
        until_at=now + settings.SIGHT_GRANT,
    )
    audit.record(actor=actor, act=AuditEntry.Act.GRANT, subject=f"client/{client.pk}", reason=reason[:500])
    if is_emergency:
        for person in lookers_after(client):
            if person.pk != actor.pk:
                notify(user=person, kind="file_opened", subject=f"grant/{grant.pk}", url="/team/opened/")
    return client


def lookers_after(client: Client) -> list[User]:
    """The client's account managers and the active supervisors of the branch and of those above it."""
    managers = User.objects.active().filter(assignments__client=client, assignments__to_on=None)
    supervisors = User.objects.active().filter(role=Role.SUPERVISOR, branch__in=client.branch.path)
    return list({user.pk: user for user in (*managers, *supervisors)}.values())


def openings_of(supervisor: User):
    """Emergencies in the supervisor's branches, reviewed or not, oldest first."""
    if supervisor.role != Role.SUPERVISOR:
        return SightGrant.objects.none()
    return (
        SightGrant.objects.filter(
            kind=SightGrant.Kind.BREAK_GLASS, client__branch__in=Branch.objects.branches_of(supervisor)
        )
        .filter(client__in=Client.objects.visible_to(supervisor))
        .select_related("client", "user", "reviewed_by")
        .order_by("from_at", "pk")
    )


def to_review(supervisor: User):
    """Emergencies that wait for the supervisor's review, oldest first; one's own are somebody else's."""
    return openings_of(supervisor).filter(reviewed_at=None).exclude(user=supervisor)


@transaction.atomic
def review_opening(*, actor: User, grant: SightGrant, review: str) -> SightGrant:
    """The supervisor writes what was found about an emergency. Once; nobody reviews their own.

    Raises: ValidationError on `review`; PermissionDenied.
    """
    if grant.user_id == actor.pk or not openings_of(actor).filter(pk=grant.pk).exists():
        raise PermissionDenied
    review = required("review", review, _("Write what you found."), most=500)
    changed = SightGrant.objects.filter(pk=grant.pk, reviewed_at=None).update(
        reviewed_by=actor, reviewed_at=timezone.now(), review=review
    )
    if not changed:
        raise ValidationError(_("Somebody has already reviewed this."))
    grant.refresh_from_db()
    return grant


@transaction.atomic
def restrict_file(*, actor: User, client: Client, is_restricted: bool, reason: str) -> Client:
    """Close a file to all but named people, or open it again. Only supervisors who see it.

    Rule: files of staff, their families and public figures are for named people only (domain.md, Sight).
    Effects: the actor is named, so that the file is never nobody's; open assignments keep their sight, and an
    emergency's hour is over.
    Raises: ValidationError on `reason`; PermissionDenied.
    """
    if actor.role != Role.SUPERVISOR:
        raise PermissionDenied
    may_edit(actor, client)
    reason = required("reason", reason, _("Write why the file is restricted or opened."), most=500)
    client = Client.objects.select_for_update(of=("self",)).get(pk=client.pk)
    if is_restricted:
        _name(client, actor, actor, reason)
        now = timezone.now()
        client.sight_grants.filter(kind=SightGrant.Kind.BREAK_GLASS, until_at__gt=now).update(until_at=now)
    else:
        client.sight_grants.filter(kind=SightGrant.Kind.NAMED, until_at=None).update(
            kind=SightGrant.Kind.REASON, until_at=timezone.now()
        )
    client.is_restricted = is_restricted
    client.save(update_fields=["is_restricted"])
    audit.record(actor=actor, act=AuditEntry.Act.GRANT, subject=f"client/{client.pk}", reason=reason)
    return client


@transaction.atomic
def name_reader(*, actor: User, client: Client, user: User, reason: str) -> SightGrant:
    """Let one more person see a restricted file. Only by a supervisor who sees it."""
    if actor.role != Role.SUPERVISOR:
        raise PermissionDenied
    may_edit(actor, client)
    if not client.is_restricted:
        raise ValidationError(_("This file is not restricted."))
    if not user.is_active or user.role not in (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.HEAD_OFFICE):
        raise ValidationError({"user": _("Choose an active colleague who works with clients.")})
    return _name(client, user, actor, required("reason", reason, _("Write why."), most=500))


def _name(client: Client, user: User, actor: User, reason: str) -> SightGrant:
    grant, _created = SightGrant.objects.get_or_create(
        client=client,
        user=user,
        kind=SightGrant.Kind.NAMED,
        until_at=None,
        defaults={"reason": reason, "granted_by": actor},
    )
    return grant


@transaction.atomic
def unname_reader(*, actor: User, grant: SightGrant) -> None:
    """Take a name off a restricted file; the actor's own stays as long as it is the last supervisor's."""
    if actor.role != Role.SUPERVISOR or grant.kind != SightGrant.Kind.NAMED or grant.until_at:
        raise PermissionDenied
    may_edit(actor, grant.client)
    others = grant.client.sight_grants.filter(
        kind=SightGrant.Kind.NAMED, until_at=None, user__role=Role.SUPERVISOR, user__is_active=True
    ).exclude(pk=grant.pk)
    if grant.user.role == Role.SUPERVISOR and not others.exists():
        raise ValidationError(_("One supervisor has to stay named on a restricted file."))
    SightGrant.objects.filter(pk=grant.pk).update(kind=SightGrant.Kind.REASON, until_at=timezone.now())


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
