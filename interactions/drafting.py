"""Messages that the bank's templates can write for what is due: looked at, then approved, one by one or many.

Nothing is stored before a person edits or approves one: a birthday that was corrected, a deposit that was
prolonged or a greeting that was said by phone needs no clearing up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from clients.models import Client, Theme
from interactions.models import THEME_OF, Action, ClientMessage, MessageKind
from interactions.services.leaving import event_of, moment_for
from interactions.services.messages import theme_of
from interactions.services.permission import Ground
from interactions.writing import (
    Templates,
    form_of,
    invites,
    language_of,
    open_gaps,
    templates,
    values_for,
    written,
)
from staff.models import User

MOST = 200
# By the source of an action: what can be written without a person's own words. Of somebody close to the client
# (`about` of a birthday) the bank has nothing ready to say.
READY = Q(source="birthday", about="") | Q(source__in=("holiday", "maturity"))


@dataclass(frozen=True)
class Draft:
    """A message that is ready, not stored yet (`row`), and when it would leave."""

    action: Action
    row: ClientMessage
    leaves_at: datetime


def kind_for(action: Action) -> str:
    """What is written to answer an action, where a person writes it."""
    if action.source in ("holiday", "maturity") or (action.source == "birthday" and not action.about):
        return action.source
    if invites(action):
        return MessageKind.INVITATION
    of_theme = {
        theme: kind for kind, theme in THEME_OF.items() if kind not in ("birthday", "holiday", "maturity")
    }
    return of_theme.get(action.theme.code, MessageKind.NOTICE)


def ready_actions(user: User, today: date):
    """What is due for a person and can be written from a template, without a message that stands already."""
    standing = ClientMessage.objects.standing().filter(action=OuterRef("pk"))
    rows = Action.objects.waiting_for(user, today).due(today).filter(READY).exclude(Exists(standing))
    return (
        rows.select_related("client__branch", "client__tier", "theme")
        .defer("client__search", "client__document_number")
        .order_by("event_on", "client__sort_name", "pk")
    )


def drafts_for(user: User, actions: Iterable[Action]) -> tuple[list[Draft], list[Action]]:
    """The messages ready for some actions, and the actions for which none is: a constant number of questions."""
    actions = list(actions)
    ground = Ground.of({action.client_id: action.client for action in actions}.values())
    texts, now = templates(), timezone.now()
    ready: list[Draft] = []
    others: list[Action] = []
    for action in actions:
        draft = _draft(user, action, ground, texts, now)
        ready.append(draft) if draft else others.append(action)
    return ready, others


def _draft(user: User, action: Action, ground: Ground, texts: Templates, now: datetime) -> Draft | None:
    client, kind = action.client, action.source
    today = client.branch.today()
    # What comes late wants words of its own; a maturity is spoken of while there is something to decide.
    day = event_of(action) or action.due_on
    if day < today or (kind == "maturity" and day == today):
        return None
    for channel in ground.ways(client, action.theme):
        row = text_for(
            user,
            client=client,
            action=action,
            kind=kind,
            channel=channel,
            texts=texts,
            theme=action.theme,
            whole=True,
        )
        leaves_at = moment_for(row, client, ground, now) if row.body else None
        if leaves_at is not None:
            return Draft(action, row, leaves_at)
    return None


def text_for(
    user: User,
    *,
    client: Client,
    kind: str,
    channel: str,
    action: Action | None = None,
    language: str = "",
    product: str = "",
    theme: Theme | None = None,
    texts: Templates | None = None,
    whole: bool = False,
) -> ClientMessage:
    """A message as its template writes it, not stored; without text where there is none, or (`whole`) a hole in it."""
    language = language or language_of(client)
    row = ClientMessage(
        client=client, action=action, kind=kind, channel=channel, language=language, written_by=user
    )
    row.theme = theme or theme_of(kind, action)
    found = (templates() if texts is None else texts).get((kind, form_of(channel), language))
    if found is None:
        return row
    values = values_for(client=client, writer=user, language=language, action=action, product=product)
    if whole and open_gaps(found.subject + found.body, values):
        return row
    row.subject, row.body = written(found, values)
    return row
