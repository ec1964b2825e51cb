"""Books: who looks after whom, handed over with a reason, in whole or in part."""

from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, F, Q, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext as _

from clients.followers import rhythm_changed
from clients.models import Assignment, Client
from clients.querysets import ClientQuerySet
from clients.services.ground import may_edit
from messaging.services import notify
from staff.models import Role, User


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
    # Begun where it is tomorrow already, an assignment ends on the day it began.
    open_rows.filter(client__in=moving).update(to_on=Greatest(F("from_on"), Value(today)))
    Assignment.objects.bulk_create(
        [Assignment(client_id=pk, manager=to, from_on=today, reason=reason[:300]) for pk in sorted(moving)]
    )
    rhythm_changed(sorted(moving))
    if moving and to != actor:
        notify(user=to, kind="book", subject=f"book/{today}", url="/clients/", count=len(moving))
    return len(moving)


@transaction.atomic
def lend_client(
    *, actor: User, client: Client, to: User, from_on: date, to_on: date, reason: str
) -> Assignment:
    """Open a client to a second account manager from a day to a day, the last day included.

    Rule: a specialist sees the client for the time of the referral, no longer (domain.md, Referral).
    Visibility: the client must be editable by the actor, and not in an emergency only; a restricted file
    is lent by supervisors, who alone say who sees it. Raises: ValidationError, by field where it is one's.
    """
    may_edit(actor, client)
    worked = Client.objects.worked_by(actor).filter(pk=client.pk).only("is_restricted").first()
    if worked is None:
        raise ValidationError(_("A file opened in an emergency cannot be passed on."))
    if worked.is_restricted and actor.role != Role.SUPERVISOR:
        raise ValidationError(_("Only a supervisor says who else sees a restricted file."))
    if not to.is_active or to.role != Role.ACCOUNT_MANAGER:
        raise ValidationError({"to": _("Choose an active account manager.")})
    if to_on < from_on:
        raise ValidationError({"to_on": _("Choose a later day.")})
    if open_to(client, on=from_on).filter(manager=to).exists():
        raise ValidationError({"to": _("This person looks after the client already.")})
    return Assignment.objects.create(
        client=client,
        manager=to,
        role=Assignment.Role.SECONDARY,
        from_on=from_on,
        to_on=date.fromordinal(to_on.toordinal() + 1),
        reason=reason[:300],
    )


def open_to(client: Client, *, on: date):
    """The assignments of a client that stand on a day."""
    return Assignment.objects.filter(client=client).filter(
        Q(from_on=None) | Q(from_on__lte=on), Q(to_on=None) | Q(to_on__gt=on)
    )


def books_of_leavers(supervisor: User):
    """People who have left or lost the role and still hold clients, most first.

    Of each only the clients that the supervisor may see are counted, whatever branch the person is in:
    the client's branch decides (domain.md), and a number must not tell of a restricted file.
    """
    held = Q(
        assignments__to_on=None,
        assignments__role=Assignment.Role.PRIMARY,
        assignments__client__in=Client.objects.visible_to(supervisor),
    )
    return (
        User.objects.filter(held, Q(is_active=False) | ~Q(role=Role.ACCOUNT_MANAGER))
        .annotate(clients=Count("assignments"))
        .order_by("-clients", "name")
    )
