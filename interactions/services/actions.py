"""Actions: planned by hand, put off, skipped, handed over, finished. Only here, whatever called for them."""

from datetime import date, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, Theme
from clients.services.ground import may_edit, may_plan
from common.text import clean_line
from interactions.models import Action, Appointment, Contact
from interactions.services.guard import hold_time
from messaging.services import notify
from staff.models import User

MAX_AHEAD = timedelta(days=2 * 366)


@transaction.atomic
def plan_action(
    *,
    actor: User,
    client: Client,
    theme: Theme,
    channel: str,
    due_on: date,
    opens_on: date | None = None,
    due_at: time | None = None,
    about: str = "",
    owner: User | None = None,
    origin: str = Action.Origin.BY_HAND,
) -> Action:
    """Plan one action by hand. It stands on Today from `opens_on`, by default the day itself.

    Visibility: the client must be editable by the actor. Owner empty: whoever holds the book.
    Raises: ValidationError by field, PermissionDenied.
    """
    may_edit(actor, client)
    action = planned_action(
        actor=actor,
        client=client,
        theme=theme,
        channel=channel,
        due_on=due_on,
        opens_on=opens_on,
        due_at=due_at,
        about=about,
        owner=owner,
        origin=origin,
    )
    action.save()
    return action


def planned_action(
    *,
    actor: User,
    client: Client,
    theme: Theme,
    channel: str,
    due_on: date,
    opens_on: date | None = None,
    due_at: time | None = None,
    about: str = "",
    owner: User | None = None,
    origin: str,
    from_contact: Contact | None = None,
) -> Action:
    """A checked action that the caller saves in one transaction; the client is known to be the actor's to edit.

    Raises: ValidationError by field.
    """
    may_plan(client)
    today = actor.today()
    if due_on < today:
        raise ValidationError({"due_on": _("Choose today or a later day.")})
    if due_on > today + MAX_AHEAD:
        raise ValidationError({"due_on": _("Choose a day within the next two years.")})
    if owner is not None and not people_who_may_take(client).filter(pk=owner.pk).exists():
        raise ValidationError({"owner": _("This person does not look after the client.")})
    action = Action(
        client=client,
        owner=owner,
        theme=theme,
        channel=channel,
        opens_on=min(opens_on or due_on, due_on),
        due_on=due_on,
        due_at=due_at,
        about=clean_line(about)[:300],
        origin=origin,
        from_contact=from_contact,
        created_by=actor,
    )
    action.full_clean(
        exclude=["client", "owner", "theme", "created_by", "from_contact"], validate_constraints=False
    )
    return action


def people_who_may_take(client: Client):
    """Active people to whom an action of this client can be handed: its managers, their covers, supervisors.

    Of a restricted file only those who see it: its managers, and account managers and supervisors named there.
    """
    today = client.branch.today()
    path = client.branch.path
    managers = Q(role="account_manager", assignments__client=client, assignments__to_on=None)
    if client.is_restricted:
        named = client.sight_grants.filter(kind="named", until_at=None)
        roles = ("account_manager", "supervisor")
        return (
            User.objects.active().filter(managers | Q(role__in=roles, pk__in=named.values("user"))).distinct()
        )
    return (
        User.objects.active()
        .filter(
            managers
            | Q(
                role="account_manager",
                stands_in__from_on__lte=today,
                stands_in__to_on__gte=today,
                stands_in__covered__assignments__client=client,
                stands_in__covered__assignments__to_on=None,
            )
            | Q(role="supervisor", branch__in=path)
        )
        .distinct()
    )


def _locked(actor: User, action: Action) -> Action:
    """The action, locked, if it is open and the actor may work on it."""
    may_edit(actor, action)
    rows = Action.objects.select_for_update(of=("self",)).select_related("client__branch", "client__tier")
    locked = rows.select_related("theme", "owner").get(pk=action.pk)
    if not locked.is_open:
        raise ValidationError(
            _("Somebody has already closed this: it is %(state)s.") % {"state": locked.get_state_display()}
        )
    return locked


def held_open(actor: User, action: Action) -> Action:
    """The action, locked together with its client's status, if it is open and the actor may work on it.

    Raises: ValidationError where it is closed, or the client's file is; PermissionDenied.
    """
    may_edit(actor, action)
    may_plan(action.client)
    return _locked(actor, action)


@transaction.atomic
def snooze_action(*, actor: User, action: Action, until: date) -> Action:
    """Put an action off to a day; it stays overdue once its due day has passed.

    Raises: ValidationError on `until` unless it lies ahead, within 90 days.
    """
    action = _locked(actor, action)
    today = actor.today()
    if not today < until <= today + timedelta(days=90):
        raise ValidationError({"until": _("Choose a day after today, at most 90 days ahead.")})
    appointment = action.standing_appointment
    if appointment is not None and appointment.starts_at > timezone.now() and until > action.due_on:
        raise ValidationError({"until": _("There is an appointment before that. Change it instead.")})
    action.snoozed_until = until
    action.save(update_fields=["snoozed_until"])
    return action


@transaction.atomic
def skip_action(*, actor: User, action: Action, reason: str) -> Action:
    """Decide not to do it, with a reason. What an open case owes ends with its step, there."""
    action = _locked(actor, action)
    _of_no_case(action)
    reason = clean_line(reason)
    if not reason:
        raise ValidationError({"reason": _("Write why it is skipped.")})
    return _close(action, Action.State.SKIPPED, reason)


@transaction.atomic
def finish_action(*, actor: User, action: Action) -> Action:
    """Mark as done without a contact (flowers ordered, letter handed in); what a case owes, in the case."""
    action = _locked(actor, action)
    _of_no_case(action)
    return _close(action, Action.State.DONE, "")


def _of_no_case(action: Action) -> None:
    """Raise ValidationError where an open case owes the action: it would be owed by nobody any more."""
    if action.service_cases.filter(closed_at=None).exists():
        raise ValidationError(_("A case is open. Write its next step down there, or close it."))


def _close(action: Action, state: str, reason: str) -> Action:
    action.state, action.reason, action.closed_at = state, reason[:300], timezone.now()
    action.save(update_fields=["state", "reason", "closed_at"])
    return action


def planned_anew(action: Action) -> bool:
    """Whether this is a planned contact and the client has the next one already: two cannot stand."""
    others = Action.objects.open().filter(client=action.client_id, origin=Action.Origin.PLAN)
    return action.origin == Action.Origin.PLAN and others.exclude(pk=action.pk).exists()


@transaction.atomic
def wake_action(*, actor: User, action: Action) -> Action:
    """Take back a snooze."""
    action = _locked(actor, action)
    action.snoozed_until = None
    action.save(update_fields=["snoozed_until"])
    return action


@transaction.atomic
def hand_over_action(*, actor: User, action: Action, to: User, reason: str) -> Action:
    """Give one action to a colleague who may see the client; they are told. Its appointment becomes theirs.

    Raises: ValidationError on `to` or `reason`.
    """
    action = _locked(actor, action)
    reason = clean_line(reason)
    if not reason:
        raise ValidationError({"reason": _("Write why it is handed over.")})
    if not people_who_may_take(action.client).filter(pk=to.pk).exists():
        raise ValidationError({"to": _("This person does not look after the client.")})
    appointment = action.standing_appointment
    if appointment is not None:
        hold_time(to.pk)
        taken = Appointment.objects.standing().overlapping(appointment.starts_at, appointment.ends_at)
        if taken.in_hand_of(to).exclude(action=action).exists():
            raise ValidationError({"to": _("This person has another appointment at that time.")})
    action.owner, action.reason, action.snoozed_until = to, reason[:300], None
    action.save(update_fields=["owner", "reason", "snoozed_until"])
    if to != actor:
        notify(user=to, kind="handed_over", subject=f"action/{action.pk}", url="/today/")
    return action
