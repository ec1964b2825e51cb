"""Another day for an action, by hand; and the way back from a move or an appointment, read from history."""

from collections.abc import Collection
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.services.ground import may_edit, may_plan
from interactions.models import Action, Appointment, Courtesy
from interactions.services.appointments import clashes, follow_move, manager_of
from interactions.services.guard import hold_time
from staff.models import User

LONGEST_MOVE = timedelta(days=366)
UNDO_WITHIN = timedelta(hours=1)
DAYS = ("channel", "opens_on", "due_on", "due_at", "snoozed_until")
TIMES = ("starts_at", "minutes", "place", "answer", "answered_at", "cancelled_at")


@transaction.atomic
def move_action(*, actor: User, action: Action, to: date, known: Collection[int] = ()) -> Action:
    """Put an open action on another day; the plan leaves it there. Its appointment goes along.

    Rule: what the rhythm planned stays on working days, for the next morning would move it again.
    Raises: ValidationError on `to` for a day that has passed, lies far away or is a day off; on `known` where
    the appointment would clash (`services.appointments`); PermissionDenied.
    """
    may_edit(actor, action)
    may_plan(action.client)
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("client__branch", "theme", "owner", "appointment")
        .get(pk=action.pk)
    )
    branch = action.client.branch
    today = branch.today()
    if action.state != Action.State.PLANNED:
        raise ValidationError(_("This action is closed already."))
    if not action.is_movable:
        raise ValidationError(_("This keeps its day. Put it off instead."))
    if not today <= to <= today + LONGEST_MOVE:
        raise ValidationError({"to": _("Choose a day within the next year.")})
    is_planned = action.origin == Action.Origin.PLAN
    by_rhythm = is_planned and action.standing_appointment is None
    if by_rhythm and not branch.working_calendar().is_working(to):
        raise ValidationError({"to": _("This is a day off. Choose a working day.")})
    action.opens_on = to if is_planned else min(action.opens_on, to)
    action.due_on, action.snoozed_until = to, None
    if action.standing_appointment is None:
        action.save(update_fields=["opens_on", "due_on", "snoozed_until"])
    else:
        follow_move(actor=actor, action=action, known=known)
    return action


@transaction.atomic
def put_back(*, actor: User, action: Action, act: str) -> Action:
    """Undo what one request of the actor's did to an action's day and appointment.

    Rule: `act` is the id under which history groups what the request did; only within the hour, and only
    while nobody has changed it since. What was planned by the request itself is cancelled.
    Raises: ValidationError where there is no way back; PermissionDenied.
    """
    may_edit(actor, action)
    may_plan(action.client)
    action = Action.objects.select_for_update(of=("self",)).select_related("client__branch").get(pk=action.pk)
    if not action.is_open:
        raise ValidationError(_("This cannot be taken back any more."))
    appointment = Appointment.objects.filter(action=action).first()
    if appointment is not None:
        appointment.action = action
    days = before_act(actor, action, act)
    times = before_act(actor, appointment, act) if appointment else None
    if days is None and times is None:
        raise ValidationError(_("This cannot be taken back any more."))
    if appointment is not None and times is not None:
        former = times["former"]
        for field in TIMES if former else ():
            setattr(appointment, field, getattr(former, field))
        if former is None:
            appointment.cancelled_at = timezone.now()
        else:
            still_free(actor, appointment)
        appointment.sequence += 1
        appointment.save(update_fields=[*TIMES, "sequence"])
    if days is not None and days["former"] is None:
        action.state, action.reason = Action.State.CANCELLED, _("Undone by its author")
        action.closed_at = timezone.now()
        action.save(update_fields=["state", "reason", "closed_at"])
    elif days is not None:
        for field in DAYS:
            setattr(action, field, getattr(days["former"], field))
        action.save(update_fields=DAYS)
    return action


def still_free(actor: User, appointment: Appointment) -> None:
    """Raise ValidationError where the time of an appointment that stands again was given away meanwhile."""
    if appointment.cancelled_at is None:
        hold_time(manager_of(appointment.action))
        taken = clashes(actor, appointment)
        if taken:
            raise ValidationError([one.words for one in taken])


def before_act(actor: User, row: Action | Appointment | Courtesy, act: str) -> dict | None:
    """The row as it was before an act of the actor's (`former`, None where the act made it); None if untouched.

    Raises: ValidationError where somebody changed it since.
    """
    events = type(row).pgh_event_model.objects.filter(pgh_obj_id=row.pk).order_by("-pgh_id")
    last = events.select_related("pgh_context").first()
    if last is None or str(last.pgh_context_id) != act:
        if events.filter(pgh_context_id=act).exists():
            raise ValidationError(_("This cannot be taken back any more."))
        return None
    who = (last.pgh_context.metadata or {}).get("user") if last.pgh_context else None
    if who != actor.pk or last.pgh_created_at < timezone.now() - UNDO_WITHIN:
        raise ValidationError(_("This cannot be taken back any more."))
    return {"former": events.exclude(pgh_context_id=act).first()}
