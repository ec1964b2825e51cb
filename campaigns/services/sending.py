"""Invitations sent in writing: in the client's language, in the name of whoever looks after the client."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Exists, OuterRef, Prefetch
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from campaigns.calendars import invitation_calendar, times_changed
from campaigns.links import invitation_url, is_answerable
from campaigns.models import Answer, Event, Invitation
from clients.models import Assignment, Client
from clients.querysets import OfClientQuerySet
from common import saying
from interactions.drafting import text_for
from interactions.models import SENT_BY, Action, ClientMessage, MessageKind
from interactions.services.messages import approve_many
from interactions.writing import templates
from staff.models import Role, User

AT_ONCE = 200
IN_WRITING = [way.value for way in SENT_BY]


@dataclass(frozen=True)
class Sent:
    """The messages that are on their way; of the others client and reason."""

    through: list[ClientMessage]
    left: list[tuple[Client, str]]


def event_values(action: Action, language: str) -> Mapping[str, str]:
    """What an invitation says of its event: title, day and hour by the host's clock, place, number, personal link."""
    invitation = _invitation_of(action)
    if invitation is None:
        return {}
    event = invitation.event
    words = event.words(language)
    with translation.override(language), timezone.override(event.branch.zone):
        return {
            "event": words.title,
            "date": saying.exact(event.starts_at),
            # A link and a title with accents leave little room in a text message.
            "day": f"{saying.day(timezone.localdate(event.starts_at), 'MMMEd')}, {saying.clock(event.starts_at)}",
            "place": words.place,
            "number": str(invitation.number),
            "link": invitation_url(invitation),
        }


def no_answer_is_taken(action: Action) -> bool:
    """Whether an invitation would ask for an answer that nobody takes any more."""
    invitation = _invitation_of(action)
    return invitation is None or not is_answerable(invitation.event)


def _invitation_of(action: Action) -> Invitation | None:
    standing = [row for row in action.invitations.all() if row.withdrawn_at is None]
    return max(standing, key=lambda row: row.pk, default=None)


def invitations_to_send(user: User, event: Event) -> OfClientQuerySet:
    """Those of an event that wait to be sent in writing, of the clients a person works with, by their number."""
    standing = ClientMessage.objects.standing().filter(action=OuterRef("action"))
    rows = Invitation.objects.worked_by(user).filter(
        event=event,
        withdrawn_at=None,
        answer=Answer.ASKED,
        attendance="",
        channel__in=IN_WRITING,
        action__state=Action.State.PLANNED,
    )
    return rows.filter(~Exists(standing)).order_by("number")


def send_invitations(*, actor: User, event: Event, invitations: Iterable[Invitation]) -> Sent:
    """Write and approve the invitations, each for itself: at most 200 at once, those of the lowest numbers first.

    Rule: in the name of the primary account manager, where they are active; else of the supervisor who sends; never of
    head office, who may not write to a client. Consent, agreement, hours, repetition and one word a day hold as for
    every message. Repeatable: what stands already is not sent twice. Visibility: whoever may change the event, for the
    clients they work with. Raises: ValidationError once no answer is taken any more; PermissionDenied.
    """
    if not Event.objects.editable_by(actor).filter(pk=event.pk).exists():
        raise PermissionDenied
    event = Event.objects.select_related("branch").get(pk=event.pk)
    if not is_answerable(event):
        raise ValidationError(
            _("Nobody can answer any more: the event is over, called off, or it is too late.")
        )
    of_action = Invitation.objects.select_related("event__branch").prefetch_related("event__wordings")
    rows = list(
        invitations_to_send(actor, event)
        .filter(pk__in=[row.pk for row in invitations])
        .select_related("client__branch", "client__tier", "action__theme", "event__branch")
        .prefetch_related("event__wordings", Prefetch("action__invitations", queryset=of_action))[:AT_ONCE]
    )
    writers = _writers(actor, [row.client for row in rows])
    texts, now, changes = templates(), timezone.now(), times_changed(event)
    drafts: dict[User, list[ClientMessage]] = {}
    left: list[tuple[Client, str]] = []
    for row in rows:
        writer = writers.get(row.client_id)
        if writer is None:
            left.append((row.client, _("Nobody looks after this client: a supervisor has to send it.")))
            continue
        draft = _draft(row, writer, texts, changes)
        if not draft.body:
            language = saying.language(draft.language)
            left.append(
                (row.client, _("The bank has no text for it in %(language)s.") % {"language": language})
            )
            continue
        drafts.setdefault(writer, []).append(draft)
    through: list[ClientMessage] = []
    for writer, written in drafts.items():
        gone, others = approve_many(actor=writer, drafts=written, at=now)
        through += gone
        left += others
    return Sent(through, left)


def _draft(row: Invitation, writer: User, texts, changes: int) -> ClientMessage:
    action = cast(Action, row.action)  # asked for by `invitations_to_send`
    draft = text_for(
        writer,
        client=row.client,
        action=action,
        kind=MessageKind.INVITATION,
        channel=row.channel,
        theme=action.theme,
        texts=texts,
        whole=True,
    )
    if row.channel == "email":
        draft.calendar = invitation_calendar(row, draft.language, changes=changes).decode()
    return draft


def _writers(actor: User, clients: list[Client]) -> dict[int, User]:
    """In whose name each client is written to; absent where in nobody's."""
    held = Assignment.objects.filter(client__in=clients, role="primary", to_on=None, manager__is_active=True)
    theirs: dict[User, list[int]] = {}
    for row in held.select_related("manager__branch"):
        theirs.setdefault(row.manager, []).append(row.client_id)
    found = {pk: manager for manager, ids in theirs.items() for pk in _editable(manager, ids)}
    if actor.role == Role.SUPERVISOR:
        found |= dict.fromkeys(_editable(actor, [row.pk for row in clients if row.pk not in found]), actor)
    return found


def _editable(writer: User, ids: list[int]) -> list[int]:
    return list(Client.objects.editable_by(writer).filter(pk__in=ids).values_list("pk", flat=True))
