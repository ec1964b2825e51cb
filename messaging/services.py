"""The outbox: putting messages in, sending each at most once, and clearing up; and notices to staff."""

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from common.jobs import after_commit, waiting
from common.models import KeptAnswer
from common.text import clean_line
from messaging import gateways
from messaging.models import Message, Notification
from staff.models import Role, User

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
STUCK_AFTER = timedelta(minutes=10)  # far above what one sending may take
ENQUEUE_GRACE = timedelta(seconds=30)  # what is younger is on its way through the queue
SWEEP_SIZE = 5000  # as many a sweep, and never more in the queue because of it
FINISH_WAITS = (1, 2, 5, 10, 15)  # seconds until the database is asked again to take down how it ended
KEEP_ANSWERS = timedelta(days=1)

State = Message.State
_dice = secrets.SystemRandom()


Gate = Callable[[Message], bool | str | datetime]


@dataclass(frozen=True)
class Kind:
    """What the owner of a kind of message wants to be asked and told."""

    gate: Gate | None = None
    on_state: Callable[[Message], None] | None = None
    may_settle: Callable[[User, Message], bool] | None = None


_kinds: dict[str, Kind] = {}


def register_kind(
    kind: str,
    gate: Gate | None = None,
    on_state: Callable[[Message], None] | None = None,
    may_settle: Callable[[User, Message], bool] | None = None,
) -> None:
    """Make a kind of message known; called in `AppConfig.ready()` by the app that owns it.

    `gate(message)` is asked again at sending time: True lets it go, a moment keeps it until then, False or
    a reason stops it for good.
    `on_state(message)` is called after each change of state, inside its transaction; what it raises is logged and
    takes back its own changes only, for how a sending ended is never forgotten.
    `may_settle(actor, message)` says who decides about one that may have left; without it, administrators.
    """
    _kinds[kind] = Kind(gate, on_state, may_settle)


@transaction.atomic
def queue_message(
    *,
    user: User | None = None,
    address: str,
    channel: str = "email",
    kind: str,
    subject: str,
    body: str,
    language: str = "",
    sender: str = "",
    reply_to: str = "",
    unsubscribe_url: str = "",
    calendar: str = "",
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
) -> Message:
    """Put one message into the outbox and return it; it leaves after the commit, or from `not_before` on.

    `address` is a mail address, a phone number (E.164) or a postal address in lines, as the channel needs.
    `language` and `sender` (lines) are a letter's, `reply_to`, `unsubscribe_url` and `calendar`
    (iCalendar) a mail's.

    Rule: staff (`user`) need no gate; anybody else is written to only through a registered gate.
    Repeatable: with the same `dedupe_key` the first message is returned and no second one made.
    Raises: ValueError for a message that no gate would be asked about.
    """
    if user is None and _kinds.get(kind, Kind()).gate is None:
        raise ValueError(f"{kind}: a message to somebody outside needs a registered gate.")
    fields = {
        "user": user,
        "address": address,
        "channel": channel,
        "kind": kind,
        "subject": clean_line(subject)[:200],
        "body": body,
        "language": language,
        "sender": sender,
        "reply_to": reply_to,
        "unsubscribe_url": unsubscribe_url,
        "calendar": calendar,
        "message_id": f"<{secrets.token_hex(16)}@{gateways.mail_domain()}>",
        "not_before": not_before or timezone.now(),
    }
    if dedupe_key is None:
        message = Message.objects.create(**fields)
    else:
        message, created = Message.objects.get_or_create(dedupe_key=dedupe_key, defaults=fields)
        if not created:
            return message
    if message.not_before <= timezone.now():
        after_commit("messaging.deliver", message.pk)
    return message


def deliver(message_id: int) -> str:
    """Send one message if it is due and nobody else has it; return its state afterwards ("" if not ours).

    Rule: the claim is committed before anything is said to the outside, so a process that dies in between
    leaves a trace and nothing is said twice. What may have left is *unknown* and waits for a person.
    Repeatable: yes, any number of times at once; one sends.
    """
    message = _claim(message_id)
    if message is None:
        return ""
    return _keep_trying(_attempt(message))


@dataclass(frozen=True)
class Ending:
    """How an attempt ended."""

    message: Message
    state: Message.State
    error: str = ""
    not_before: datetime | None = None


def _attempt(message: Message) -> Ending:
    try:
        answer = _ask_gate(message)
        if isinstance(answer, datetime):
            message.attempts -= 1  # nothing was tried
            return Ending(message, State.QUEUED, not_before=answer)
        if answer:
            return Ending(message, State.FAILED, answer)
    except Exception as error:  # somebody else's code, and nothing has left yet
        logger.exception("gate failed: message %s of kind %s", message.pk, message.kind)
        return _try_again(message, f"gate: {type(error).__name__}")
    try:
        gateways.send(message)
    except gateways.NotSent as error:
        return _try_again(message, str(error), timedelta(seconds=error.wait))
    except gateways.Refused as error:
        return Ending(message, State.FAILED, str(error))
    except gateways.Unclear as error:
        return Ending(message, State.UNKNOWN, str(error))
    except Exception as error:  # a gateway's own mistake, at whatever moment
        logger.exception("gateway failed: message %s by %s", message.pk, message.channel)
        return Ending(message, State.UNKNOWN, type(error).__name__)
    return Ending(message, State.SENT)


def _keep_trying(ending: Ending) -> str:
    """Finish, also when the database restarts meanwhile: what is known must not become unknown."""
    for wait in FINISH_WAITS:
        try:
            return _finish(ending)
        except (DatabaseError, InterfaceError) as error:
            if not isinstance(error, OperationalError) and connection.is_usable():
                raise  # a fault, and no restart
            known = (ending.message.pk, ending.state, type(error).__name__)
            logger.warning("message %s %s not yet written: %s", *known)
            connection.close()
            time.sleep(wait)
    return _finish(ending)


def _claim(message_id: int) -> Message | None:
    now = timezone.now()
    with transaction.atomic(durable=True):  # inside somebody's transaction the claim could vanish again
        claimed = Message.objects.raw(
            """
            UPDATE messaging_message SET state = 'sending', claimed_at = %s, attempts = attempts + 1
            WHERE id = %s AND state = 'queued' AND not_before <= %s
            RETURNING *
            """,
            [now, message_id, now],
        )
        return next(iter(claimed), None)


def _ask_gate(message: Message) -> str | datetime:
    """Why the message may not go, until when it waits, or ""."""
    if message.user is not None and not message.user.is_active:
        return "no longer on the staff"
    gate = _kinds.get(message.kind, Kind()).gate
    if gate is None:
        return "" if message.user is not None else "nobody vouches for this kind of message"
    answer = gate(message)
    if answer is True:
        return ""
    if isinstance(answer, datetime):
        return answer
    return answer or "stopped by its owner's rule"


def _try_again(message: Message, error: str, asked: timedelta = timedelta()) -> Ending:
    if message.attempts >= MOST_ATTEMPTS:
        return Ending(message, State.FAILED, error)
    wait = max(wait_after(message.attempts), asked)
    return Ending(message, State.QUEUED, error, not_before=timezone.now() + wait)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: four times longer each time, up to six hours, give or take 20 %.

    Eight attempts span most of a day; the jitter keeps a thousand mails from coming back in one second.
    """
    wait = min(FIRST_WAIT * 4 ** (attempts - 1), LONGEST_WAIT)
    return wait * _dice.uniform(0.8, 1.2)


@transaction.atomic
def _finish(ending: Ending) -> str:
    """Write down how an attempt ended. An attempt that the sweeper has given up still may say how it ended."""
    message = ending.message
    message.state = ending.state
    message.error = ending.error[:300]
    changes: dict[str, object] = {
        "state": message.state,
        "error": message.error,
        "attempts": message.attempts,
    }
    if ending.not_before is not None:
        message.not_before = changes["not_before"] = ending.not_before
    if message.state == State.SENT:
        message.sent_at = changes["sent_at"] = timezone.now()
    # The claim's own time tells this attempt from a later one.
    ours = Message.objects.filter(
        pk=message.pk, state__in=[State.SENDING, State.UNKNOWN], claimed_at=message.claimed_at
    )
    if not ours.update(**changes):
        return ""
    if message.state == State.UNKNOWN and message.user_id is not None:
        _ask_administrators()
    _tell_owner(message)
    logger.info("message %s %s attempt %s %s", message.pk, message.state, message.attempts, message.error)
    return message.state


def _ask_administrators() -> None:
    """Staff mail that may have left is theirs to decide; other mail its owner's, who is told by `on_state`."""
    administrators = User.objects.active().filter(role=Role.ADMINISTRATOR).values_list("pk", flat=True)
    notify_each(
        counts=dict.fromkeys(administrators, 1),
        kind="message_unknown",
        subject="outbox",
        url=reverse("outbox-list"),
    )


def _tell_owner(message: Message) -> None:
    on_state = _kinds.get(message.kind, Kind()).on_state
    if on_state is None:
        return
    try:
        with transaction.atomic():
            on_state(message)
    except Exception as error:
        if isinstance(error, OperationalError) or not connection.is_usable():
            raise  # the database takes our own change back as well
        logger.exception("on_state failed: message %s of kind %s", message.pk, message.kind)


def sweep(now: datetime | None = None) -> dict[str, int]:
    """Find what a lost queue or a dead worker left behind, and return how much: every minute, repeatable.

    Effects: due messages that wait are enqueued (again; a claim makes a second one harmless) as far as the queue
    has room, so that a queue that stands still does not grow; those being sent for over ten minutes become
    unknown, or wait again where a second sending changes nothing (a letter); kept answers older than a day are dropped.
    """
    now = now or timezone.now()
    unknown = 0
    for message in Message.objects.stuck(now - STUCK_AFTER).order_by("pk")[:SWEEP_SIZE]:
        if gateways.may_repeat(message.channel):
            _finish(_try_again(message, "the worker died while sending"))
        elif _finish(Ending(message, State.UNKNOWN, "the worker died while sending")):
            unknown += 1
    if unknown:
        logger.warning("%s messages may or may not have been sent and wait for a person", unknown)
    queued = waiting("sending")
    room = 0 if queued is None else max(0, SWEEP_SIZE - queued)
    due = Message.objects.due(now - ENQUEUE_GRACE).order_by("not_before")
    enqueued = list(due.values_list("pk", flat=True)[:room])
    for pk in enqueued:
        after_commit("messaging.deliver", pk)
    dropped, _rows = KeptAnswer.objects.filter(at__lt=now - KEEP_ANSWERS).delete()
    return {"enqueued": len(enqueued), "unknown": unknown, "dropped": dropped}


@transaction.atomic
def settle_unknown(*, actor: User, message: Message, was_sent: bool) -> Message:
    """A person decides about a message that may have left: it did, or it is to be sent (again).

    Rule: administrators, or whom the owner of its kind names; only for messages in state unknown.
    Raises: PermissionDenied, ValidationError when somebody has decided already.
    """
    may_settle = _kinds.get(message.kind, Kind()).may_settle or _is_administrator
    if not actor.is_active or not may_settle(actor, message):
        raise PermissionDenied
    message = Message.objects.select_for_update().get(pk=message.pk)
    if message.state != State.UNKNOWN:
        raise ValidationError(_("Somebody has decided about this message already."))
    if was_sent:
        message.state, message.sent_at = State.SENT, message.claimed_at or timezone.now()
    else:
        message.state, message.not_before = State.QUEUED, timezone.now()
        message.attempts = 0
        after_commit("messaging.deliver", message.pk)
    message.save(update_fields=["state", "sent_at", "not_before", "attempts"])
    _tell_owner(message)
    return message


def _is_administrator(actor: User, message: Message) -> bool:
    return actor.role == Role.ADMINISTRATOR


@transaction.atomic
def stop_message(*, message: Message, reason: str) -> bool:
    """Stop a message that has not been claimed yet; whether it could be. Nothing is told to its owner, who asked."""
    waiting = Message.objects.filter(pk=message.pk, state=State.QUEUED)
    return bool(waiting.update(state=State.FAILED, error=reason))


# -- notifications --------------------------------------------------------------------------------


def notify(*, user: User, kind: str, subject: str, url: str = "", count: int = 1) -> None:
    """Tell one person something in the app; what is unread about the same subject counts up instead.

    `subject` says what it is about ("import/12", "day/2026-08-12"), `url` is a path of ours.
    """
    notify_each(counts={user.pk: count}, kind=kind, subject=subject, url=url)


def notify_each(*, counts: dict[int, int], kind: str, subject: str, url: str = "") -> None:
    """Tell many people at once (user id → count), in one statement. Safe at any number of times at once."""
    if not counts:
        return
    people = sorted(counts)  # the same order everywhere: two statements never wait for each other in a ring
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO messaging_notification (user_id, kind, subject, count, url, at)
            SELECT told.user_id, %s, %s, told.count, %s, %s
            FROM unnest(%s::bigint[], %s::integer[]) AS told (user_id, count)
            ON CONFLICT (user_id, kind, subject) WHERE read_at IS NULL DO UPDATE SET
                count = messaging_notification.count + EXCLUDED.count,
                url = EXCLUDED.url,
                at = EXCLUDED.at
            """,
            [kind, subject, url, timezone.now(), people, [counts[pk] for pk in people]],
        )


def mark_read(*, actor: User, notifications: Iterable[Notification] | None = None) -> int:
    """Mark the actor's own unread notifications as read (all of them without a list); return how many. Repeatable."""
    unread = Notification.objects.visible_to(actor).unread()
    if notifications is not None:
        unread = unread.filter(pk__in=[notification.pk for notification in notifications])
    return unread.update(read_at=timezone.now())
