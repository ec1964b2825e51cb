"""Referrals: a client led to a specialist, who sees the client for the time of it and no longer."""

from datetime import date, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Assignment, Client
from clients.services import lend_client
from clients.services.ground import may_edit, may_plan, required
from interactions.models import Referral
from messaging.services import notify
from staff.models import Role, User

LONGEST = timedelta(days=366)


def specialists_for(client: Client, actor: User):
    """Active account managers of the branch tree's top down to the client's branch, but those who have the client."""
    root = client.branch.path[0]
    return (
        User.objects.active()
        .filter(role=Role.ACCOUNT_MANAGER, branch__path__contains=[root])
        .exclude(pk=actor.pk)
        .exclude(assignments__client=client, assignments__to_on=None)
        .order_by("name")
    )


@transaction.atomic
def refer(*, actor: User, client: Client, to: User, reason: str, until_on: date) -> Referral:
    """Lead a client to a specialist: sight from today to the last day, and a word to the specialist.

    Visibility: the client must be editable by the actor. Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, client)
    may_plan(client)
    today = client.branch.today()
    reason = required("reason", reason, _("Write what the specialist is to do."), most=300)
    if not today <= until_on <= today + LONGEST:
        raise ValidationError({"until_on": _("Choose a day within the next year.")})
    if not specialists_for(client, actor).filter(pk=to.pk).exists():
        raise ValidationError({"to": _("Choose an account manager who does not have this client yet.")})
    if Referral.objects.filter(client=client, specialist=to, closed_at=None).exists():
        raise ValidationError({"to": _("This client has been led to this person already.")})
    # Where the specialist is, it may still be the day before: nobody waits for midnight to see the client.
    from_on = min(today, to.today())
    assignment = lend_client(
        actor=actor, client=client, to=to, from_on=from_on, to_on=until_on, reason=reason
    )
    referral = Referral.objects.create(
        client=client,
        specialist=to,
        assignment=assignment,
        reason=reason,
        referred_by=actor,
        until_on=until_on,
    )
    notify(user=to, kind="referral", subject=f"referral/{referral.pk}", url="/referrals/")
    return referral


def _locked(actor: User, referral: Referral) -> Referral:
    may_edit(actor, referral)
    locked = (
        Referral.objects.select_for_update(of=("self",)).select_related("client__branch").get(pk=referral.pk)
    )
    if not locked.is_open:
        raise ValidationError(_("This referral has ended already."))
    return locked


@transaction.atomic
def answer_referral(*, actor: User, referral: Referral, accepts: bool, reason: str = "") -> Referral:
    """The specialist accepts, or declines with a reason and loses sight of the client at once."""
    referral = _locked(actor, referral)
    if referral.specialist_id != actor.pk:
        raise PermissionDenied
    if referral.state != Referral.State.OFFERED:
        raise ValidationError(_("This has been answered already."))
    referral.answered_at = timezone.now()
    if accepts:
        referral.state = Referral.State.ACCEPTED
        referral.save(update_fields=["state", "answered_at"])
        return referral
    reason = required("reason", reason, _("Write why you decline."), most=300)
    return _end(referral, Referral.State.DECLINED, reason)


@transaction.atomic
def deliver_plan(*, actor: User, referral: Referral, on: date) -> Referral:
    """The specialist's plan is in the client's hands."""
    referral = _locked(actor, referral)
    if (
        on > referral.client.branch.today()
        or on < timezone.localtime(referral.referred_at, referral.client.branch.zone).date()
    ):
        raise ValidationError({"on": _("Choose a day from the referral until today.")})
    referral.plan_delivered_on = on
    referral.save(update_fields=["plan_delivered_on"])
    return referral


@transaction.atomic
def finish_referral(*, actor: User, referral: Referral, outcome: str) -> Referral:
    """The specialist's part is done; sight of the client ends today."""
    referral = _locked(actor, referral)
    return _end(
        referral, Referral.State.DONE, required("outcome", outcome, _("Write what came of it."), most=300)
    )


def _end(referral: Referral, state: str, outcome: str) -> Referral:
    now = timezone.now()
    referral.state, referral.outcome, referral.closed_at = state, outcome, now
    referral.answered_at = referral.answered_at or now
    referral.save()
    today = min(referral.client.branch.today(), referral.specialist.today())
    row = Assignment.objects.filter(pk=referral.assignment_id).first()
    if row is not None and (row.to_on is None or row.to_on > today):
        row.to_on = max(today, row.from_on or today)
        row.save(update_fields=["to_on"])
    if referral.referred_by_id:
        notify(
            user=referral.referred_by,
            kind="referral_ended",
            subject=f"referral/{referral.pk}",
            url=f"/client/{referral.client.number}/",
        )
    return referral
