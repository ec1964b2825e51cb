"""Contacts: logged in one go with what follows from them, corrected with history, voided with a reason."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, Theme
from clients.services import Learnt
from clients.services.ground import may_edit
from common.text import clean_line, has_nul
from interactions.models import Action, Contact, ContactNote, Opportunity, ServiceCase, Source
from interactions.querysets import WRITTEN
from interactions.services.actions import planned_action, planned_anew
from interactions.services.advice import Advised, owing_advice, write_advice
from interactions.services.cadence import refresh_cadence
from interactions.services.guard import hold, repetition
from interactions.services.heard import take_back, take_down
from interactions.services.opportunities import Interest
from interactions.services.promises import Noted
from staff.models import User

CHANGEABLE = (
    "occurred_at",
    "channel",
    "direction",
    "result",
    "theme",
    "duration_seconds",
    "participants",
    "effect",
)
OLDEST = timedelta(days=366)


@dataclass(frozen=True)
class NextStep:
    """The next action, agreed in the contact itself."""

    channel: str
    due_on: date
    due_at: time | None = None
    about: str = ""
    theme: Theme | None = None


def fulfils(contact: Contact) -> bool:
    """Whether a contact does what an action asked: the client was reached, or the written word was sent."""
    return contact.is_reached or contact.is_sent


def log_contact(
    *,
    actor: User,
    client: Client,
    channel: str,
    result: str,
    occurred_at: datetime | None = None,
    direction: str = Contact.Direction.OUT,
    theme: Theme | None = None,
    duration_seconds: int | None = None,
    note: str = "",
    participants: str = "",
    effect: str = "",
    action: Action | None = None,
    next_step: NextStep | None = None,
    learnt: Sequence[Learnt] = (),
    interest: Interest | None = None,
    promise: Noted | None = None,
    advice: Advised | None = None,
    repeat_reason: str = "",
    campaign_code: str = "",
    submission: uuid.UUID | None = None,
) -> Contact:
    """Log one attempt to communicate, with its note, what was heard and the next action.

    Rule: each attempt is a row; only a reached one moves the cadence and fulfils the action (a letter,
    mail or text sent fulfils it too, but reaches nobody). A theme said again inside its minimum gap needs
    a reason where the client's tier says so; of two people at the same moment one is asked for it.
    What a crossed limit asks for is done with `advice` alone.
    Visibility: the client must be editable by the actor; `action` must be one of the client's.
    Repeatable: the same `submission` gives the same contact, whatever else comes with it.
    Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, client)
    known = _submitted(actor, client, submission)
    if known is not None:
        return known
    if action is not None and action.client_id != client.pk:
        raise ValidationError({"action": _("This action belongs to another client.")})
    now = timezone.now()
    contact = Contact(
        client=client,
        staff=actor,
        occurred_at=occurred_at or now,
        recorded_at=now,
        duration_seconds=duration_seconds,
        channel=channel,
        direction=direction,
        theme=theme or (action.theme if action else None),
        result=result,
        participants=clean_line(participants),
        effect=effect if result == Contact.Result.REACHED else "",
        action=action,
        campaign_code=campaign_code,
        submission=submission,
    )
    _check(contact, now)
    try:
        # One transaction and no savepoint inside: each would be two more questions to the database.
        with transaction.atomic():
            contact.repeat_reason = _repeat_reason(contact, action, repeat_reason)
            written = _written(actor, client, contact, note, next_step, advice)
            if learnt or interest or promise:
                take_down(actor=actor, contact=contact, learnt=learnt, interest=interest, promise=promise)
            return written
    except IntegrityError:
        known = _submitted(actor, client, submission)  # the same form sent twice at once
        if known is None:
            raise
        return known


def _submitted(actor: User, client: Client, submission: uuid.UUID | None) -> Contact | None:
    """The contact that a form has already become. Raises: PermissionDenied where it is another's."""
    known = None if submission is None else Contact.objects.filter(submission=submission).first()
    if known is not None and (known.staff_id != actor.pk or known.client_id != client.pk):
        raise PermissionDenied
    return known


def _written(
    actor: User,
    client: Client,
    contact: Contact,
    note: str,
    next_step: NextStep | None,
    advice: Advised | None,
) -> Contact:
    """Write a new contact down with everything that follows from it."""
    contact.save()
    note = _checked_note(note)
    if note:
        ContactNote.objects.create(contact=contact, text=note)
    if advice is not None:
        write_advice(contact=contact, advice=advice)
    do_action(contact)
    if next_step is not None:
        planned_action(
            actor=actor,
            client=client,
            theme=next_step.theme or contact.theme or Theme.objects.get(code="keeping_in_touch"),
            channel=next_step.channel,
            due_on=next_step.due_on,
            due_at=next_step.due_at,
            about=next_step.about,
            origin=Action.Origin.NEXT_STEP,
            from_contact=contact,
        ).save()
    if contact.result == Contact.Result.REACHED:
        refresh_cadence([client.pk])
    if actor.remembered_channel != contact.channel:
        User.objects.filter(pk=actor.pk).update(remembered_channel=contact.channel)
    return contact


def do_action(contact: Contact) -> None:
    """Close the action that a new contact fulfils.

    What a case owes stands until its next step is written there, a crossed limit until the client has decided.
    """
    if contact.action is not None and fulfils(contact):
        if contact.action.source == Source.LIMIT and owing_advice().filter(pk=contact.action.pk).exists():
            return
        owed = ServiceCase.objects.open().filter(action=contact.action.pk)
        Action.objects.open().filter(~Exists(owed), pk=contact.action.pk).update(
            state=Action.State.DONE, closed_at=contact.recorded_at
        )


def _repeat_reason(contact: Contact, action: Action | None, reason: str) -> str:
    """The reason for a repetition, required where the tier blocks; empty where nothing is repeated."""
    theme = contact.theme
    if theme is None or theme.is_duty or not theme.minimum_gap_days:
        return ""
    if contact.direction != Contact.Direction.OUT or contact.result != Contact.Result.REACHED:
        return ""
    hold(contact.client, theme)
    found = repetition(
        actor=contact.staff, client=contact.client, theme=theme, at=contact.occurred_at, action=action
    )
    reason = clean_line(reason)[:300]
    if found is None:
        return ""
    if found.blocks and not reason:
        raise ValidationError(
            {"repeat_reason": _("%(what)s Write why, and you may save.") % {"what": found.words}}
        )
    return reason


def _check(contact: Contact, now: datetime) -> None:
    contact.full_clean(
        exclude=["client", "staff", "theme", "action", "voided_by"],
        validate_unique=False,
        validate_constraints=False,
    )
    if contact.occurred_at > now + timedelta(minutes=1):
        raise ValidationError(
            {"occurred_at": _("A contact cannot lie in the future. To plan one, use Next.")}
        )
    if contact.occurred_at > contact.recorded_at + timedelta(minutes=5):
        raise ValidationError({"occurred_at": _("It took place before it was written down.")})
    if contact.occurred_at < contact.recorded_at - OLDEST and not contact.is_imported:
        raise ValidationError({"occurred_at": _("This is more than a year ago. Check the date.")})
    if (
        contact.result == Contact.Result.REACHED
        and contact.direction == Contact.Direction.OUT
        and contact.channel in WRITTEN
    ):
        raise ValidationError(
            {
                "result": _(
                    "What was only sent has reached nobody yet: choose “Message left”, or “incoming” for an answer."
                )
            }
        )


def _checked_note(text: str) -> str:
    text = text.strip()
    if has_nul(text):
        raise ValidationError({"note": _("The note holds a character that cannot be stored.")})
    if len(text) > 8000:
        raise ValidationError({"note": _("The note is too long: at most 8,000 characters.")})
    return text


def _write_note(contact: Contact, text: str) -> None:
    text = _checked_note(text)
    if text:
        ContactNote.objects.update_or_create(contact=contact, defaults={"text": text})
    else:
        ContactNote.objects.filter(contact=contact).delete()


@transaction.atomic
def change_contact(
    *, actor: User, contact: Contact, changes: dict, note: str | None = None, reason: str = ""
) -> Contact:
    """Correct a contact: freely for 24 hours, later only with a reason. History keeps the versions.

    Effects: the action it fulfils and the client's cadence follow the corrected result.
    Raises: ValidationError by field; PermissionDenied where it is not the actor's to change.
    """
    may_edit(actor, contact)
    contact = (
        Contact.objects.select_for_update(of=("self",)).select_related("client", "action").get(pk=contact.pk)
    )
    if contact.is_void:
        raise PermissionDenied
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise ValidationError({field: _("This field cannot be changed here.") for field in sorted(unknown)})
    reason = clean_line(reason)
    if not contact.changes_freely() and not reason:
        raise ValidationError({"reason": _("After 24 hours a contact changes only with a reason.")})
    did = fulfils(contact)
    for field, value in changes.items():
        setattr(contact, field, clean_line(value) if field == "participants" else value)
    if contact.result != Contact.Result.REACHED:
        contact.effect = ""
    if reason:
        contact.changed_reason = reason[:300]
    _check(contact, timezone.now())
    contact.save()
    if note is not None:
        _write_note(contact, note)
    if contact.action and did != fulfils(contact):
        _settle_action(contact.action)
    refresh_cadence([contact.client_id])
    return contact


def _settle_action(action: Action) -> None:
    """Done while some counted contact fulfils it, else open again; cancelled where nobody asks for it any more."""
    action = Action.objects.select_for_update(of=("self",)).select_related("client").get(pk=action.pk)
    doing = [c for c in action.contacts.filter(voided_at=None) if fulfils(c)]
    if owing_advice().filter(pk=action.pk).exists():
        doing = []
    if doing and action.state == Action.State.PLANNED:
        action.state, action.closed_at = Action.State.DONE, timezone.now()
        action.save(update_fields=["state", "closed_at"])
    elif not doing and action.state == Action.State.DONE and not _is_wanted(action):
        action.state, action.reason = Action.State.CANCELLED, _("Nothing asks for it any more.")
        action.save(update_fields=["state", "reason"])
    elif not doing and action.state == Action.State.DONE and planned_anew(action):
        action.state = Action.State.EXPIRED
        action.save(update_fields=["state"])
    elif not doing and action.state == Action.State.DONE:
        action.state, action.closed_at = Action.State.PLANNED, None
        action.save(update_fields=["state", "closed_at"])


def _is_wanted(action: Action) -> bool:
    """Whether an action may open again: the file is not closed, nor all that the action was planned for."""
    owners = [
        *action.promises.values_list("withdrawn_at", flat=True),
        *action.opportunities.values_list("closed_at", flat=True),
        *action.service_cases.values_list("closed_at", flat=True),
    ]
    return action.client.is_served and (not owners or None in owners)


@transaction.atomic
def void_contact(*, actor: User, contact: Contact, reason: str) -> Contact:
    """Take a contact out of every count, for instance one logged on the wrong client.

    Effects: its action opens again, next steps it planned are cancelled, its note stays for auditors
    only, the cadence follows. A second call changes nothing.
    Raises: ValidationError on `reason`; PermissionDenied.
    """
    reason = clean_line(reason)
    if not reason:
        raise ValidationError({"reason": _("Write why the contact does not count.")})
    may_edit(actor, contact)
    return take_out(actor=actor, contact=contact, reason=reason)


def take_out(*, actor: User, contact: Contact, reason: str) -> Contact:
    """What `void_contact` does once the right to is settled. The caller has checked it and opened a transaction."""
    contact = Contact.objects.select_for_update(of=("self",)).select_related("action").get(pk=contact.pk)
    if contact.is_void:
        return contact
    contact.voided_at, contact.voided_by, contact.void_reason = timezone.now(), actor, reason[:300]
    contact.save(update_fields=["voided_at", "voided_by", "void_reason"])
    contact.advice.all().delete()
    if contact.action and fulfils(contact):
        _settle_action(contact.action)
    take_back(actor=actor, contact=contact, reason=reason)
    # What others have built on goes on, and with it its next step.
    contact.next_actions.open().exclude(
        Exists(Opportunity.objects.open().filter(action=OuterRef("pk")))
    ).exclude(Exists(ServiceCase.objects.open().filter(action=OuterRef("pk")))).update(
        state=Action.State.CANCELLED, closed_at=timezone.now(), reason=reason[:300]
    )
    refresh_cadence([contact.client_id])
    return contact


@transaction.atomic
def undo_contact(*, actor: User, contact: Contact) -> Contact:
    """Take back one's own contact just logged: a void whose reason is the undoing."""
    if contact.staff_id != actor.pk or not contact.changes_freely():
        raise PermissionDenied
    return void_contact(actor=actor, contact=contact, reason=_("Undone by its author"))
