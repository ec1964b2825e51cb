"""Appointments: made, changed, cancelled; what they clash with; what agreement and calendar say of them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Assignment, Client, ContactAgreement, Theme
from clients.permits import agreement_words
from clients.services.ground import clean
from clients.sight import shown_name
from common import saying
from interactions.models import Action, Appointment
from interactions.services.actions import held_open, plan_action
from interactions.services.guard import hold_time
from staff.models import User

MAX_AHEAD = timedelta(days=366)
CHANGEABLE = ("starts_at", "minutes", "place", "answer", "channel")


@dataclass(frozen=True)
class Clash:
    """Another appointment at the same time; `words` names it as far as the person may see it."""

    pk: int
    words: str


@transaction.atomic
def make_appointment(
    *,
    actor: User,
    action: Action,
    starts_at: datetime,
    minutes: int = 60,
    place: str = "",
    answer: str = Appointment.Answer.ASKED,
    channel: str | None = None,
    known: Collection[int] = (),
) -> Appointment:
    """Give an action its time and place. It then stands on that day, and the plan leaves it there.

    Rule: neither the account manager nor the client has another appointment at that time, unless the person
    knows (`known` are the clashes said and accepted, by id); of two people at the same moment one is told.
    Effects: the action is due at that moment of the client's branch. Made again after it was cancelled, it is
    the same appointment. Raises: ValidationError by field, on `known` for clashes; PermissionDenied.
    """
    action = held_open(actor, action)
    appointment = Appointment.objects.filter(action=action).first()
    if appointment is not None and appointment.cancelled_at is None:
        raise ValidationError(_("It has an appointment already."))
    if appointment is None:
        appointment = Appointment(action=action, made_by=actor)
    else:
        appointment.cancelled_at, appointment.sequence = None, appointment.sequence + 1
    appointment.action = action
    fields = {"starts_at": starts_at, "minutes": minutes, "place": place, "answer": answer}
    return _write(actor, appointment, fields, channel=channel, known=known)


@transaction.atomic
def plan_appointment(
    *, actor: User, client: Client, theme: Theme, channel: str, about: str, starts_at: datetime, **more
) -> Appointment:
    """Plan an action by hand together with its appointment; see `make_appointment`."""
    on = _local(client, starts_at).date()
    action = plan_action(
        actor=actor, client=client, theme=theme, channel=channel, due_on=on, about=about, origin="by_hand"
    )
    return make_appointment(actor=actor, action=action, starts_at=starts_at, **more)


@transaction.atomic
def change_appointment(
    *, actor: User, appointment: Appointment, changes: dict, known: Collection[int] = ()
) -> Appointment:
    """Another time or place, or what the client answered. At another time the client is to be asked anew.

    Raises: ValidationError by field, on `known` for clashes; PermissionDenied.
    """
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise ValidationError({field: _("This field cannot be changed here.") for field in sorted(unknown)})
    appointment = _standing(actor, appointment)
    changes = dict(changes)
    moves = changes.get("starts_at", appointment.starts_at) != appointment.starts_at
    if moves and changes.get("answer", appointment.answer) == appointment.answer:
        changes["answer"] = Appointment.Answer.ASKED
    appointment.sequence += 1
    channel = changes.pop("channel", None)
    taken = (appointment.starts_at, appointment.minutes)
    return _write(actor, appointment, changes, channel=channel, known=known, taken=taken)


@transaction.atomic
def cancel_appointment(*, actor: User, appointment: Appointment) -> Appointment:
    """It does not take place. The action stays on its day, without a time."""
    appointment = _standing(actor, appointment)
    appointment.cancelled_at, appointment.sequence = timezone.now(), appointment.sequence + 1
    appointment.save(update_fields=["cancelled_at", "sequence"])
    appointment.action.due_at = None
    appointment.action.save(update_fields=["due_at"])
    return appointment


def follow_move(*, actor: User, action: Action, known: Collection[int]) -> None:
    """The appointment of an action that was put on another day goes along, at its time of the day.

    The caller has moved the action, which is locked and open. Raises: ValidationError on `known` for clashes.
    """
    appointment = action.standing_appointment
    if appointment is None:
        return
    zone = action.client.branch.zone
    clock = timezone.localtime(appointment.starts_at, zone).time()
    appointment.action = action
    appointment.sequence += 1
    fields = {
        "starts_at": datetime.combine(action.due_on, clock, zone),
        "answer": Appointment.Answer.ASKED,
    }
    _write(actor, appointment, fields, known=known)


def _standing(actor: User, appointment: Appointment) -> Appointment:
    action = held_open(actor, appointment.action)
    appointment = Appointment.objects.get(pk=appointment.pk)
    if appointment.cancelled_at is not None:
        raise ValidationError(_("Somebody has cancelled this appointment."))
    appointment.action = action
    return appointment


def _write(
    actor: User,
    appointment: Appointment,
    fields: dict,
    *,
    channel: str | None = None,
    known: Collection[int] = (),
    taken: tuple[datetime, int] | None = None,
) -> Appointment:
    """Save an appointment and give its action day and time. The action and the client are locked.

    `taken` is the time it has already: kept, it is not asked about again.
    """
    action, now = appointment.action, timezone.now()
    answer = appointment.answer
    for field, value in clean(fields).items():
        setattr(appointment, field, value)
    if appointment.answer != answer or appointment.answered_at is None:
        appointment.answered_at = None if appointment.answer == Appointment.Answer.ASKED else now
    appointment.full_clean(exclude=["action", "made_by"], validate_unique=False, validate_constraints=False)
    if not 5 <= appointment.minutes <= 720:
        raise ValidationError({"minutes": _("Between 5 minutes and 12 hours.")})
    if (appointment.starts_at, appointment.minutes) != taken:
        _may_take(actor, appointment, known, now)
    appointment.save()
    if channel is not None:
        action.channel = channel
    local = _local(action.client, appointment.starts_at)
    is_planned = action.origin == Action.Origin.PLAN
    action.opens_on = local.date() if is_planned else min(action.opens_on, local.date())
    action.due_on, action.due_at, action.snoozed_until = local.date(), local.time(), None
    action.full_clean(
        exclude=["client", "owner", "theme", "created_by", "from_contact"],
        validate_unique=False,
        validate_constraints=False,
    )
    action.save(update_fields=["channel", "opens_on", "due_on", "due_at", "snoozed_until"])
    return appointment


def _may_take(actor: User, appointment: Appointment, known: Collection[int], now: datetime) -> None:
    """Raise ValidationError for a time that cannot be, and on `known` for clashes nobody has accepted."""
    if not now <= appointment.starts_at <= now + MAX_AHEAD:
        raise ValidationError({"starts_at": _("Choose a time that is to come, within the next year.")})
    hold_time(manager_of(appointment.action))
    unheard = [one for one in clashes(actor, appointment) if one.pk not in known]
    if unheard:
        raise ValidationError(
            {"known": [ValidationError(one.words, code=f"clash-{one.pk}") for one in unheard]}
        )


def _local(client: Client, at: datetime) -> datetime:
    return timezone.localtime(at, client.branch.zone)


# -- what stands in the way -----------------------------------------------------------------------


def manager_of(action: Action) -> int | None:
    """Whose time an appointment takes: to whom the action was handed, else who holds the book."""
    if action.owner_id:
        return action.owner_id
    held = Assignment.objects.filter(client=action.client_id, role="primary", to_on=None)
    return held.values_list("manager_id", flat=True).first()


def clashes(actor: User, appointment: Appointment) -> list[Clash]:
    """Other appointments at the same time of the account manager or of the client."""
    action = appointment.action
    rows = Appointment.objects.standing().overlapping(appointment.starts_at, appointment.ends_at)
    rows = rows.exclude(pk=appointment.pk).exclude(action=action.pk)
    theirs = rows.filter(action__client=action.client_id)
    manager_id = manager_of(action)
    if manager_id is not None:
        theirs = theirs | rows.in_hand_of(manager_id)
    theirs = theirs.select_related("action__client", "action__owner").order_by("starts_at", "pk")
    found = {row.pk: row for row in theirs}.values()
    seen = set(
        Client.objects.visible_to(actor)
        .filter(pk__in=[row.action.client_id for row in found])
        .values_list("pk", flat=True)
    )
    return [Clash(row.pk, _clash_words(actor, action, row, seen)) for row in found]


def _clash_words(actor: User, action: Action, row: Appointment, seen: set[int]) -> str:
    zone = action.client.branch.zone
    names = {
        "from": saying.clock(timezone.localtime(row.starts_at, zone).time()),
        "to": saying.clock(timezone.localtime(row.ends_at, zone).time()),
    }
    if row.action.client_id == action.client_id:
        return _("The client has another appointment, %(from)s to %(to)s.") % names
    if row.action.client_id not in seen:
        return _("There is another appointment, %(from)s to %(to)s.") % names
    names["name"] = shown_name(actor, row.action.client)
    return _("There is an appointment with %(name)s, %(from)s to %(to)s.") % names


def heed(appointment: Appointment) -> list[str]:
    """What agreement and calendar say against the time, in words. Nothing of it forbids."""
    action = appointment.action
    client = action.client
    at = _local(client, appointment.starts_at)
    said = []
    branch = client.branch
    working = branch.working_calendar()
    if not working.is_working(at.date()):
        said.append(_("%(date)s is a day off.") % {"date": saying.day(at.date(), "MMMMEEEEd")})
    agreement = ContactAgreement.objects.filter(client=client).in_force(at.date()).first()
    if agreement is not None and agreement.breaches(
        channel=action.channel,
        theme_code=action.theme.code if action.theme_id else "",
        at=at,
        minutes=appointment.minutes,
    ):
        said.append(_("Agreed: %(terms)s. This is outside it.") % {"terms": agreement_words(agreement)})
    return said
