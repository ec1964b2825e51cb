"""Promises: noted in one line, understood as a window, kept by an action inside it."""

import uuid
from dataclasses import dataclass
from datetime import date, time

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, Theme
from clients.services.ground import may_edit, may_plan, required
from common.text import clean_line
from interactions.models import Action, Contact, Promise
from interactions.services.actions import MAX_AHEAD
from staff.models import User

LENGTH = 300


@dataclass(frozen=True)
class Noted:
    """A promise as it was confirmed on screen."""

    text: str
    opens_on: date
    due_on: date
    due_at: time | None = None


@transaction.atomic
def note_promise(
    *,
    actor: User,
    client: Client,
    noted: Noted,
    contact: Contact | None = None,
    submission: uuid.UUID | None = None,
) -> Promise:
    """Write a promise down with the action that keeps it: open from the window's start, due by its end.

    Visibility: the client must be editable by the actor. Repeatable: the same `submission` is one promise.
    Raises: ValidationError on `text` or `due_on`; PermissionDenied.
    """
    may_edit(actor, client)
    known = _submitted(actor, client, submission)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return write_promise(
                actor=actor, client=client, noted=noted, contact=contact, submission=submission
            )
    except IntegrityError:
        known = _submitted(actor, client, submission)  # the same form sent twice at once
        if known is None:
            raise
        return known


def _submitted(actor: User, client: Client, submission: uuid.UUID | None) -> Promise | None:
    """The promise that a form has already become. Raises: PermissionDenied where it is another's."""
    known = None if submission is None else Promise.objects.filter(submission=submission).first()
    if known is not None and (known.noted_by_id != actor.pk or known.client_id != client.pk):
        raise PermissionDenied
    return known


def write_promise(
    *,
    actor: User,
    client: Client,
    noted: Noted,
    contact: Contact | None = None,
    submission: uuid.UUID | None = None,
) -> Promise:
    """What `note_promise` does once the right to is settled. The caller has checked it and opened a transaction."""
    may_plan(client)
    today = client.branch.today()
    text = required("text", noted.text, _("Write what was said."), most=LENGTH)
    check_window(noted, today=today)
    action = Action.objects.create(
        client=client,
        theme=Theme.objects.get(code="promise"),
        channel="call",
        opens_on=noted.opens_on,
        due_on=noted.due_on,
        due_at=noted.due_at,
        origin=Action.Origin.PROMISE,
        source="promise",
        about=text,
        event_on=today,
        from_contact=contact,
        created_by=actor,
    )
    return Promise.objects.create(
        client=client,
        text=text,
        opens_on=noted.opens_on,
        due_on=noted.due_on,
        due_at=noted.due_at,
        action=action,
        contact=contact,
        noted_by=actor,
        submission=submission,
    )


def check_window(noted: Noted, *, today: date) -> None:
    """Whether a promise can still be kept in its window. Raises ValidationError on `due_on`."""
    if noted.due_on < today:
        raise ValidationError({"due_on": _("Choose today or a later day.")})
    if noted.due_on > today + MAX_AHEAD:
        raise ValidationError({"due_on": _("Choose a day within the next two years.")})
    if noted.opens_on > noted.due_on:
        raise ValidationError({"due_on": _("The window ends before it begins.")})


@transaction.atomic
def withdraw_promise(*, actor: User, promise: Promise, reason: str) -> Promise:
    """The promise is not to be kept: noted wrongly, or overtaken. Its action is cancelled.

    A second call changes nothing. Raises: ValidationError on `reason`; PermissionDenied.
    """
    may_edit(actor, promise)
    reason = clean_line(reason)[:LENGTH]
    if not reason:
        raise ValidationError({"reason": _("Write why it is not to be kept.")})
    promise = Promise.objects.select_for_update(of=("self",)).get(pk=promise.pk)
    if promise.is_withdrawn:
        return promise
    promise.withdrawn_at, promise.withdrawn_reason = timezone.now(), reason
    promise.save(update_fields=["withdrawn_at", "withdrawn_reason"])
    close_actions([promise.action_id], state=Action.State.CANCELLED, reason=reason)
    return promise


def close_actions(ids, *, state: str, reason: str = "") -> int:
    """Close those of some actions that are open; how many. For the rows above that own them."""
    return (
        Action.objects.open()
        .filter(pk__in=[pk for pk in ids if pk])
        .update(state=state, reason=reason[:300], closed_at=timezone.now())
    )
