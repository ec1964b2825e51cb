"""Invitations: made by the first channel that is allowed, answered, withdrawn; and how many may come.

Whatever changes who is coming locks the event first (`held`), so that two at once never fill the last place twice.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Answer, Arm, Attendance, Campaign, Event, Exclusion, Invitation, Target
from campaigns.querysets import PLANNERS
from clients.models import Channel, Client
from clients.querysets import ClientQuerySet
from common.calendars import LONGEST_REST, WorkingCalendar
from interactions.models import Action, ClientMessage, Severity
from interactions.services.contacts import log_contact
from interactions.services.opening import New, new_ids, open_actions
from interactions.services.permission import Ground, Hindrance
from staff.models import Role, User

MAY_INVITE = (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.HEAD_OFFICE)
CHUNK = 2000
MOST = 10_000  # in one go: some ten seconds
GONE = ("closed", "deceased")
COMING = (Answer.ACCEPTED, Answer.WAITING)  # who wishes to come


@dataclass
class Invited:
    """How many were invited, and whom it left out with the reason in words."""

    made: int = 0
    left_out: list[tuple[Client, str]] = field(default_factory=list)


# -- what holds for an event -----------------------------------------------------------------------


def held(event: Event) -> Event:
    """The event, locked until the transaction ends: whoever else changes who is coming waits."""
    rows = Event.objects.select_for_update(of=("self",), no_key=True).select_related("branch", "theme")
    return rows.get(pk=event.pk)


def local_day(event: Event) -> date:
    """The day of an event by the clock of its host."""
    return timezone.localtime(event.starts_at, event.branch.zone).date()


def standing(invitations: QuerySet[Invitation]) -> QuerySet[Invitation]:
    """Those that count: not withdrawn, and of clients who are still served."""
    return invitations.filter(withdrawn_at=None).exclude(client__status__in=GONE)


def room_taken(event: Event, *, without: Invitation | None = None) -> int:
    """Heads that are coming, companions included."""
    coming = standing(Invitation.objects.filter(event=event, answer=Answer.ACCEPTED))
    if without is not None:
        coming = coming.exclude(pk=without.pk)
    found = coming.aggregate(guests=Count("pk"), brought=Sum("companions"))
    return found["guests"] + (found["brought"] or 0)


def about(kind: str, event: Event, more: str = "") -> str:
    """What an action of an event says of itself, as `interactions.words` reads it: the kind, the title, a question."""
    title = event.words(event.language).title
    return f"{kind}: {title}\n{more}"[:300] if more else f"{kind}: {title}"


def _working_day_before(day: date, calendar: WorkingCalendar) -> date:
    for _n in range(LONGEST_REST):
        day -= timedelta(days=1)
        if calendar.is_working(day):
            break
    return day


def _answers_due(event: Event) -> date:
    """By when whoever invites is to have called: the working day before the last one for answers."""
    until = timezone.localtime(event.answer_until, event.branch.zone).date()
    return _working_day_before(until, event.branch.working_calendar())


# -- inviting --------------------------------------------------------------------------------------


@transaction.atomic
def invite(*, actor: User, event: Event, clients: ClientQuerySet, channels: Sequence[str]) -> Invited:
    """Invite clients, each by the first of the channels that is allowed; whom it leaves out comes with the reason.

    Rule: consent, agreement, status and an open complaint decide as they do for a message (`Ground`). To an event of a
    campaign its contacted targets alone are invited, never those whom it leaves alone; nor those whom another campaign
    of the theme leaves alone while it runs. Whom it leaves alone is told to those who plan. Who is invited already is
    left out; who was withdrawn, or has not answered and whom nobody has to ask any more, is invited anew, under the
    same number. Each invitation owns one action, open from today, due the working day before the last one for answers.
    Visibility: of the clients given those the actor works with; the event must be in sight.
    Raises: ValidationError by field (`channels`, `clients`), or where the event is over or called off; PermissionDenied.
    """
    if actor.role not in MAY_INVITE or not Event.objects.visible_to(actor).filter(pk=event.pk).exists():
        raise PermissionDenied
    ways = list(dict.fromkeys(channels))
    if not ways or set(ways) - set(Invitation.Way.values):
        raise ValidationError({"channels": _("Choose how to invite.")})
    row = held(event)
    _still_ahead(row)
    ids = list(clients.worked_by(actor).order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    if len(ids) > MOST:
        raise ValidationError({"clients": _("At most %(most)s clients in one go.") % {"most": MOST}})
    found, due_on = Invited(), _answers_due(row)
    for at in range(0, len(ids), CHUNK):
        _invite(actor, row, ids[at : at + CHUNK], ways, due_on, found)
    return found


def _still_ahead(event: Event) -> None:
    if event.cancelled_at is not None:
        raise ValidationError(_("This event was called off."))
    if event.closed_at is not None or event.ends_at <= timezone.now():
        raise ValidationError(_("This event is over."))


def _invite(actor: User, event: Event, ids: list[int], ways: list[str], due_on: date, found: Invited) -> None:
    """Invite one chunk. As many questions for two thousand as for two."""
    rows = Client.objects.filter(pk__in=ids).select_related("branch").defer("search", "document_number")
    clients = list(rows.by_name())
    ground = Ground.of(clients)
    known = Invitation.objects.filter(event=event, client__in=ids).select_related("action")
    there = {row.client_id: row for row in known}
    alone = set(_left_alone(event).filter(client__in=ids).values_list("client", flat=True))
    arms = (
        dict(Target.objects.filter(campaign=event.campaign_id, client__in=ids).values_list("client", "arm"))
        if event.campaign_id
        else None
    )
    chosen: list[tuple[Client, str]] = []
    for client in clients:
        why = _not_now(actor, client, there.get(client.pk), arms, alone)
        way, why = ("", why) if why else _way(client, event, ways, ground)
        if why:
            found.left_out.append((client, why))
        else:
            chosen.append((client, way))
    if not chosen:
        return
    actions = dict(zip([client.pk for client, _way in chosen], new_ids(len(chosen)), strict=True))
    event_on, said = local_day(event), about("invite", event)
    for way in ways:
        new = []
        for client in (client for client, chosen_way in chosen if chosen_way == way):
            today = client.branch.today()
            last = max(due_on, today)
            new.append(New(actions[client.pk], client.pk, today, last, Severity.USUAL, said, event_on))
        open_actions(new, theme=event.theme, channel=way, origin=Action.Origin.CAMPAIGN, source="event")
    _write(actor, event, chosen, actions, there)
    found.made += len(chosen)


def _left_alone(event: Event) -> QuerySet[Target]:
    """Whom other campaigns of the event's theme leave alone, of those that run until it takes place."""
    return Target.objects.filter(
        arm=Arm.CONTROL,
        campaign__state__in=(Campaign.State.RUNNING, Campaign.State.PAUSED),
        campaign__theme=event.theme_id,
        campaign__starts_on__lte=local_day(event),
        campaign__ends_on__gte=event.branch.today(),
    ).exclude(campaign=event.campaign_id)


def _not_now(
    actor: User,
    client: Client,
    invitation: Invitation | None,
    arms: dict[int, str] | None,
    alone: set[int],
) -> str:
    """Why a client is not invited by any channel, whatever is allowed; empty where nothing is in the way."""
    if invitation is not None and invitation.withdrawn_at is None and not _lapsed(invitation):
        return _("Invited already.")
    arm = None if arms is None else arms.get(client.pk, "")
    if arm == Arm.CONTROL and actor.role in PLANNERS:
        return _("The campaign leaves this client alone, to compare.")
    if arm is not None and arm != Arm.TREATMENT:
        return _("Not among the clients of the campaign.")
    return str(Exclusion.Reason.CAMPAIGN.label) if client.pk in alone else ""


def _lapsed(invitation: Invitation) -> bool:
    """Whether nobody has answered it, and nobody has to ask any more: the file was closed meanwhile."""
    if invitation.answer != Answer.ASKED or invitation.attendance:
        return False
    return invitation.action is None or invitation.action.state == Action.State.CANCELLED


def _way(client: Client, event: Event, ways: list[str], ground: Ground) -> tuple[str, str]:
    """The channel by which a client is invited, or why by none."""
    hindrances: dict[str, Hindrance] = {}
    for way in ways:
        hindrance = ground.why_not(client, way, event.theme)
        if hindrance is None:
            return way, ""
        hindrances[way] = hindrance
    said = {way: _in_words(way, hindrance) for way, hindrance in hindrances.items()}
    if len(set(said.values())) == 1:
        return "", next(iter(said.values()))
    return "", " ".join(
        _("%(channel)s: %(why)s") % {"channel": Invitation.Way(way).label, "why": why}
        for way, why in said.items()
    )


def _in_words(way: str, hindrance: Hindrance) -> str:
    if way == Channel.CALL and hindrance == Hindrance.ADDRESS:
        return _("No usable phone number is on the file.")
    return str(hindrance.label)


def _write(
    actor: User,
    event: Event,
    chosen: list[tuple[Client, str]],
    actions: dict[int, int],
    there: dict[int, Invitation],
) -> None:
    last = Invitation.objects.filter(event=event).order_by("-number").values_list("number", flat=True).first()
    number, now = last or 0, timezone.now()
    new, anew = [], []
    for client, way in chosen:
        row = there.get(client.pk)
        if row is None:
            number += 1
            row = Invitation(event=event, client=client, number=number)
            new.append(row)
        else:
            row.withdrawn_at, row.answer, row.answered_at, row.companions = None, Answer.ASKED, None, 0
            row.answered_through, row.answered_to = "", None
            anew.append(row)
        row.key, row.channel, row.action_id = secrets.token_urlsafe(12), way, actions[client.pk]
        row.invited_by, row.invited_at = actor, now
    Invitation.objects.bulk_create(new)
    if anew:
        written = ["withdrawn_at", "answer", "answered_at", "companions", "answered_through", "answered_to"]
        written += ["key", "channel", "action", "invited_by", "invited_at"]
        Invitation.objects.bulk_update(anew, written)


# -- answering -------------------------------------------------------------------------------------


@transaction.atomic
def answer_invitation(
    *, invitation: Invitation, answer: str, companions: int = 0, through: str, actor: User | None = None
) -> Invitation:
    """Take down whether a client comes, and with how many. The same answer again changes nothing.

    Rule: who accepts and finds no room for the whole party waits. Who declines, or brings fewer, makes room for those
    who wait: the oldest whose whole party fits. Nobody who is coming loses the place by asking for more: it is refused
    on `companions`. By the personal link answers are taken until `answer_until`, told to us until the event's end.
    Effects: the action to invite the client is done, by whichever way the answer came.
    Visibility: told to staff, the client must be the actor's to edit; by the link nobody is asked.
    Raises: ValidationError by field (`answer`, `companions`), or where no answer is taken any more; PermissionDenied.
    """
    if through == Invitation.Through.STAFF or actor is not None:
        mine = Invitation.objects.editable_by(actor).filter(pk=invitation.pk)
        if not mine.exists():
            raise PermissionDenied
    if answer not in (Answer.ACCEPTED, Answer.DECLINED):
        raise ValidationError({"answer": _("Choose whether the client comes.")})
    event = held(invitation.event)
    row = _answerable(event, invitation, through)
    companions = companions if answer == Answer.ACCEPTED else 0
    given = Answer.DECLINED if row.answer == Answer.DECLINED else Answer.ACCEPTED
    if row.answer != Answer.ASKED and (given, row.companions) == (answer, companions):
        return row
    if not 0 <= companions <= event.companions_most:
        most = {"most": event.companions_most}
        raise ValidationError({"companions": _("At most %(most)s may come along.") % most})
    if answer == Answer.ACCEPTED and not row.client.is_served:
        raise ValidationError(_("The client's file is closed."))
    now = timezone.now()
    if answer == Answer.DECLINED or row.answer in (Answer.ASKED, Answer.DECLINED):
        row.answered_at = now  # who waits, or comes with others than before, keeps the place in the line
    row.answer = _settled(event, row, answer, companions)
    row.companions, row.answered_through, row.answered_to = companions, through, actor
    row.save(update_fields=["answer", "answered_at", "answered_through", "answered_to", "companions"])
    _close(Q(pk=row.action_id), Action.State.DONE)
    if answer == Answer.DECLINED:
        _close(Q(pk=row.follow_up_id), Action.State.CANCELLED, _("The client is not coming."))
    move_up(event)
    return row


@transaction.atomic
def log_answer(
    *,
    actor: User,
    invitation: Invitation,
    contact: dict[str, Any] | None,
    answer: str = "",
    companions: int = 0,
) -> Invitation:
    """Log a try to invite a client (`contact`, as `log_contact` takes it) with the answer, both or neither.

    Without a contact the answer alone is taken down, without an answer the try alone. A form sent twice is one.
    The contact is one of the event's campaign, if it has one.
    Raises: ValidationError by field, as `log_contact` and `answer_invitation` do; PermissionDenied.
    """
    if not Invitation.objects.editable_by(actor).filter(pk=invitation.pk).exists():
        raise PermissionDenied
    event = held(invitation.event)  # before the contact closes the action, as for everybody else
    invitation.refresh_from_db(fields=["withdrawn_at", "action"])
    if contact is not None:
        if invitation.withdrawn_at is not None:
            raise ValidationError(_("This invitation was withdrawn."))
        log_contact(
            actor=actor,
            client=invitation.client,
            theme=event.theme,
            action=invitation.action,
            campaign_code=event.campaign.code if event.campaign else "",
            **contact,
        )
    if not answer:
        return invitation
    return answer_invitation(
        invitation=invitation,
        answer=answer,
        companions=companions,
        through=Invitation.Through.STAFF,
        actor=actor,
    )


def _answerable(event: Event, invitation: Invitation, through: str) -> Invitation:
    """The invitation, locked with its event, if an answer is still taken. Raises: ValidationError."""
    rows = Invitation.objects.select_for_update(of=("self",), no_key=True).select_related("client__branch")
    row = rows.get(pk=invitation.pk)
    row.event = event
    _still_ahead(event)
    if row.withdrawn_at is not None:
        raise ValidationError(_("This invitation was withdrawn."))
    if through == Invitation.Through.LINK and event.answer_until < timezone.now():
        raise ValidationError(_("The time for answers is over."))
    return row


def _settled(event: Event, row: Invitation, answer: str, companions: int) -> str:
    """What an answer comes to, with the room that is left. Raises: ValidationError on `companions`."""
    if answer == Answer.DECLINED:
        return Answer.DECLINED
    if event.capacity is None:
        return Answer.ACCEPTED
    left = event.capacity - room_taken(event, without=row)
    if 1 + companions <= left:
        return Answer.ACCEPTED
    if row.answer == Answer.ACCEPTED and companions > row.companions:
        said = {"most": max(left - 1, row.companions)}
        raise ValidationError({"companions": _("There is room for at most %(most)s with you.") % said})
    return Answer.ACCEPTED if row.answer == Answer.ACCEPTED else Answer.WAITING


def move_up(event: Event) -> int:
    """Let those who wait come as far as there is room, the oldest first, whole parties only; how many parties.

    The caller holds the event. Effects: for each an action to tell the client that a place is free. Repeatable.
    """
    if not event.is_open or event.ends_at <= timezone.now():
        return 0
    waiting = standing(Invitation.objects.filter(event=event, answer=Answer.WAITING))
    line = list(waiting.select_related("client__branch").order_by("answered_at", "pk"))
    if not line:
        return 0
    left = None if event.capacity is None else event.capacity - room_taken(event)
    moved = []
    for row in line:
        party = 1 + row.companions
        if left is None or party <= left:
            moved.append(row)
            left = None if left is None else left - party
    Invitation.objects.filter(pk__in=[row.pk for row in moved]).update(answer=Answer.ACCEPTED)
    tell_clients(event, moved, "free", due_on=_day_before(event))
    return len(moved)


def _day_before(event: Event) -> date:
    return _working_day_before(local_day(event), event.branch.working_calendar())


@transaction.atomic
def withdraw_invitation(*, actor: User, invitation: Invitation) -> Invitation:
    """Take an invitation back: its link no longer opens, its place is free. A second call changes nothing.

    Visibility: whoever may change the client's file, or the event. Raises: ValidationError for a client who has come
    already, or an event that is over; PermissionDenied.
    """
    mine = Invitation.objects.editable_by(actor).filter(pk=invitation.pk)
    if not mine.exists() and not Event.objects.editable_by(actor).filter(pk=invitation.event_id).exists():
        raise PermissionDenied
    event = held(invitation.event)
    row = Invitation.objects.select_for_update(of=("self",), no_key=True).get(pk=invitation.pk)
    if row.withdrawn_at is not None:
        return row
    _still_ahead(event)
    if row.attendance == Attendance.CAME:
        raise ValidationError(_("The client has come already."))
    row.withdrawn_at, row.key = timezone.now(), secrets.token_urlsafe(12)
    row.save(update_fields=["withdrawn_at", "key"])
    asked = Q(pk__in=[pk for pk in (row.action_id, row.follow_up_id) if pk])
    _close(asked, Action.State.CANCELLED, _("The invitation was withdrawn."))
    move_up(event)
    return row


# -- what is to be told ----------------------------------------------------------------------------


def tell_clients(
    event: Event,
    invitations: Iterable[Invitation],
    kind: str,
    *,
    due_on: date,
    more: dict[int, str] | None = None,
) -> int:
    """Make one action for each client, for whoever holds the book, and note it as the follow-up; how many.

    `kind` is what it says (`interactions.words`), `more` a question by invitation. The last one to be told takes the
    place of an earlier one that nobody has done. Rows come with client and branch.
    """
    rows = list(invitations)
    if not rows:
        return 0
    event_on, ids = local_day(event), new_ids(len(rows))
    _close(
        Q(pk__in=[row.follow_up_id for row in rows if row.follow_up_id]),
        Action.State.CANCELLED,
        _("Something newer is to be told."),
    )
    new = []
    for row, pk in zip(rows, ids, strict=True):
        today = row.client.branch.today()
        said = about(kind, event, (more or {}).get(row.pk, ""))
        new.append(New(pk, row.client_id, today, max(due_on, today), Severity.USUAL, said, event_on))
        row.follow_up_id = pk
    open_actions(new, theme=event.theme, channel="call", origin=Action.Origin.CAMPAIGN, source="event")
    Invitation.objects.bulk_update(rows, ["follow_up"], batch_size=CHUNK)
    return len(rows)


def tell_all_asked(event: Event, kind: str) -> int:
    """One action for each client who wishes to come, or was asked and has not said no: it was called off, or changed.

    Whoever is asked in writing holds the old words; whom nobody has asked yet is told nothing, nor who is there already.
    """
    written = ClientMessage.objects.standing().filter(action=OuterRef("action"))
    asked = Q(answer=Answer.ASKED) & (Q(action__state=Action.State.DONE) | Exists(written))
    rows = standing(Invitation.objects.filter(Q(answer__in=COMING) | asked, event=event, attendance=""))
    return tell_clients(
        event, rows.select_related("client__branch").order_by("number"), kind, due_on=_day_before(event)
    )


def follow_change(event: Event) -> None:
    """Open actions to invite to an event, or to tell of it, follow its title, its day and its last day for answers."""
    now_on = {"event_on": local_day(event)}
    asked = Action.objects.open().filter(invitations__event=event)
    due_on = Greatest(F("opens_on"), Value(_answers_due(event)))
    Action.objects.filter(pk__in=list(asked.values_list("pk", flat=True))).update(
        about=about("invite", event), due_on=due_on, **now_on
    )
    told = Action.objects.open().filter(followed_ups__event=event)
    for kind in ("free", "moved"):
        same = list(told.filter(about__startswith=f"{kind}: ").values_list("pk", flat=True))
        Action.objects.filter(pk__in=same).update(about=about(kind, event), **now_on)


def stop_asking(event: Event, reason: str) -> int:
    """Cancel what is still open to invite to an event, or to tell of it; how many actions."""
    asked = Q(invitations__event=event) | Q(followed_ups__event=event)
    return _close(asked, Action.State.CANCELLED, reason)


def _close(which: Q, state: str, reason: str = "") -> int:
    rows = list(Action.objects.open().filter(which).values_list("pk", flat=True))
    return (
        Action.objects.open()
        .filter(pk__in=rows)
        .update(state=state, closed_at=timezone.now(), reason=reason[:300])
        if rows
        else 0
    )


# -- when it is over -------------------------------------------------------------------------------


@transaction.atomic
def settle_attendance(event: Event) -> int:
    """Close the door: who said they would come and did not is a no-show; how many. Repeatable.

    Rule: who never answered, waits or declined is missed by nobody. Effects: nobody is asked to invite any more,
    nor to tell of a place or a new day.
    """
    row = held(event)
    if row.cancelled_at is not None:
        return 0
    if row.closed_at is None:
        row.closed_at = timezone.now()
        row.save(update_fields=["closed_at"])
    told = Q(about__startswith="free: ") | Q(about__startswith="moved: ")
    asked = Action.objects.open().filter(Q(invitations__event=row) | Q(told, followed_ups__event=row))
    _close(
        Q(pk__in=list(asked.values_list("pk", flat=True))), Action.State.CANCELLED, _("The event is over.")
    )
    missed = standing(Invitation.objects.filter(event=row, answer=Answer.ACCEPTED, attendance=""))
    return Invitation.objects.filter(pk__in=list(missed.values_list("pk", flat=True))).update(
        attendance=Attendance.NO_SHOW
    )
