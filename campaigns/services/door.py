"""At the door of an event: who is there, who came without an invitation, and who did not come.

Whoever decides holds the event first (`held`): of two at the same number the second sees what the first has done.
"""

import secrets
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Answer, Attendance, Event, Guest, Invitation
from campaigns.services.invitations import held, settle_attendance
from clients.models import Client
from clients.services.ground import clean, required
from staff.models import Role, User

AT_THE_DOOR = (Role.FRONT_DESK, Role.SUPERVISOR, Role.ACCOUNT_MANAGER)
MOST_COMPANIONS = 99  # of a walk-in, whom nobody has asked


@dataclass(frozen=True)
class Heads:
    """How many are there, walk-ins, companions and guests included; how many said that they come."""

    here: int
    expected: int


def is_on(event: Event) -> bool:
    """Whether it is one of the event's days where it takes place."""
    zone = event.branch.zone
    first = timezone.localtime(event.starts_at, zone).date()
    return first <= event.branch.today() <= timezone.localtime(event.ends_at, zone).date()


def is_ahead(event: Event) -> bool:
    """Whether the event's first day is still to come where it takes place."""
    return event.branch.today() < timezone.localtime(event.starts_at, event.branch.zone).date()


def heads(event: Event) -> Heads:
    came, coming = Q(attendance=Attendance.CAME), Q(answer=Answer.ACCEPTED, withdrawn_at=None)
    found = Invitation.objects.filter(event=event).aggregate(
        came=Count("pk", filter=came),
        brought=Sum("companions_came", filter=came, default=0),
        coming=Count("pk", filter=coming),
        bringing=Sum("companions", filter=coming, default=0),
    )
    guests = Guest.objects.filter(event=event).count()
    return Heads(found["came"] + found["brought"] + guests, found["coming"] + found["bringing"])


def at_the_door(actor: User, event: Event) -> None:
    """Raise PermissionDenied for whoever does not stand at this door.

    Rule: supervisors and account managers who see the event; the front desk of its branch, on its days only. Before its
    first day nobody is let in by anybody; after it, others than the desk write down what the paper says.
    """
    if actor.role not in AT_THE_DOOR or not Event.objects.visible_to(actor).filter(pk=event.pk).exists():
        raise PermissionDenied
    if actor.role == Role.FRONT_DESK and not is_on(event):
        raise PermissionDenied


def _lets_in(event: Event) -> None:
    _still_open(event)
    if is_ahead(event):
        raise ValidationError(_("The event has not begun yet."))


def _still_open(event: Event) -> None:
    if event.cancelled_at is not None:
        raise ValidationError(_("The event was called off."))
    if event.closed_at is not None:
        raise ValidationError(_("The door is closed."))


def _companions(count: int, most: int) -> int:
    if count < 0:
        raise ValidationError({"companions_came": _("Write a number from 0 on.")})
    if count > most:
        raise ValidationError({"companions_came": _("At most %(most)s.") % {"most": most}})
    return count


@transaction.atomic
def check_in(*, actor: User, invitation: Invitation, companions_came: int = 0) -> Invitation:
    """The client of an invitation is here, with so many companions; whatever they had answered.

    Repeatable: whoever is here already stays so, since when and with whom they came. Of two at once one checks in.
    Visibility: `at_the_door`. Raises: ValidationError by field; PermissionDenied.
    """
    at_the_door(actor, invitation.event)
    event = held(invitation.event)
    row = Invitation.objects.select_for_update(of=("self",)).select_related("client").get(pk=invitation.pk)
    row.event = event
    if row.attendance == Attendance.CAME:
        return row
    _lets_in(event)
    if row.withdrawn_at is not None:
        raise ValidationError(_("This invitation was withdrawn."))
    count = _companions(companions_came, max(event.companions_most, row.companions))
    return _came(row, actor, count)


def _came(row: Invitation, actor: User, companions: int) -> Invitation:
    row.attendance, row.came_at = Attendance.CAME, timezone.now()
    row.companions_came, row.checked_in_by = companions, actor
    row.save()
    return row


@transaction.atomic
def undo_check_in(*, actor: User, invitation: Invitation) -> None:
    """They are not here after all: as if nobody had been let in; a walk-in goes. Repeatable.

    A walk-in whose invitation had been withdrawn is withdrawn again.

    Raises: ValidationError once the door is closed; PermissionDenied.
    """
    at_the_door(actor, invitation.event)
    event = held(invitation.event)
    row = Invitation.objects.select_for_update(of=("self",)).filter(pk=invitation.pk).first()
    if row is None or row.attendance != Attendance.CAME:
        return
    _still_open(event)
    if row.is_walk_in and not row.channel:
        row.delete()
        return
    if row.is_walk_in:
        row.is_walk_in, row.withdrawn_at, row.key = False, timezone.now(), _key()
    row.attendance, row.came_at, row.companions_came, row.checked_in_by = "", None, 0, None
    row.save()


@transaction.atomic
def walk_in(*, actor: User, event: Event, client: Client, companions_came: int = 0) -> Invitation:
    """A client who was not invited is here; one who was is checked in by the invitation.

    Rule: of the clients that the actor works with; the front desk, of any that is neither restricted nor closed, for
    whoever stands there has said their number. Who had been invited, and was withdrawn, walks in under the old
    number, and takes no place that was promised. Repeatable.
    Visibility: `at_the_door`. Raises: ValidationError by field; PermissionDenied.
    """
    at_the_door(actor, event)
    if not _who_may_be_let_in(actor).filter(pk=client.pk).exists():
        raise PermissionDenied
    event = held(event)
    row = Invitation.objects.select_for_update(of=("self",)).filter(event=event, client=client).first()
    if row is not None and row.withdrawn_at is None:
        row.event = event
        return check_in(actor=actor, invitation=row, companions_came=companions_came)
    _lets_in(event)
    count = _companions(companions_came, MOST_COMPANIONS)
    if row is not None:
        row.withdrawn_at, row.key, row.is_walk_in = None, _key(), True
        row.answer, row.answered_at, row.companions = Answer.ASKED, None, 0
        row.answered_through, row.answered_to = "", None
        return _came(row, actor, count)
    last = Invitation.objects.filter(event=event).aggregate(last=Max("number"))["last"] or 0
    row = Invitation(
        event=event, client=client, number=last + 1, key=_key(), invited_by=actor, is_walk_in=True
    )
    return _came(row, actor, count)


def _key() -> str:
    return secrets.token_urlsafe(12)


def _who_may_be_let_in(actor: User):
    if actor.role == Role.FRONT_DESK:
        return Client.objects.filter(is_restricted=False).served()
    return Client.objects.worked_by(actor).served()


@transaction.atomic
def welcome_guest(
    *, actor: User, event: Event, name: str, phone: str = "", brought_by: Invitation | None = None
) -> Guest:
    """Somebody who is no client is here, by name; `brought_by` a client who is invited.

    Visibility: `at_the_door`. Raises: ValidationError by field; PermissionDenied.
    """
    at_the_door(actor, event)
    name = required("name", name, _("Write who it is."), most=150)
    phone = clean({"phone": phone})["phone"]
    if len(phone) > 40:
        raise ValidationError({"phone": _("This is too long: at most %(most)s characters.") % {"most": 40}})
    if brought_by is not None and brought_by.event_id != event.pk:
        raise ValidationError({"brought_by": _("No invitation to this event has this number.")})
    _lets_in(held(event))
    return Guest.objects.create(
        event=event, name=name, phone=phone, brought_by=brought_by, checked_in_by=actor
    )


@transaction.atomic
def undo_guest(*, actor: User, guest: Guest) -> None:
    """Nobody of this name is here after all. Repeatable. Raises: ValidationError; PermissionDenied."""
    at_the_door(actor, guest.event)
    _still_open(held(guest.event))
    Guest.objects.filter(pk=guest.pk).delete()


@transaction.atomic
def close_door(*, actor: User, event: Event) -> int:
    """Nobody comes any more: whoever said so and is not here is a no-show; how many. A second call changes nothing.

    Rule: not before it has begun. Visibility: whoever may change the event. Raises: ValidationError; PermissionDenied.
    """
    event = _of_organiser(actor, event)
    if event.closed_at is not None:
        return 0
    _still_open(event)
    if timezone.now() < event.starts_at:
        raise ValidationError(_("The event has not begun yet."))
    return settle_attendance(event)


@transaction.atomic
def open_door(*, actor: User, event: Event) -> None:
    """The door was closed too early: who did not come may come still. Repeatable. Raises: PermissionDenied."""
    event = _of_organiser(actor, event)
    if event.closed_at is None:
        return
    event.closed_at = None
    event.save(update_fields=["closed_at"])
    Invitation.objects.filter(event=event, attendance=Attendance.NO_SHOW).update(attendance="")


def _of_organiser(actor: User, event: Event) -> Event:
    if not Event.objects.editable_by(actor).filter(pk=event.pk).exists():
        raise PermissionDenied
    return held(event)
