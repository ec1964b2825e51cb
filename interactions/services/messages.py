"""Messages to clients: written, approved, taken back, and what their sending leaves in the file."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from clients.models import Channel, Client, Theme
from clients.services import unsubscribe_token
from clients.services.ground import may_edit, may_plan
from common.logs import masked
from common.text import clean_line, has_nul
from interactions.models import SENT_BY, THEME_OF, Action, ClientMessage, Contact, ContactNote, MessageKind
from interactions.moments import is_too_late
from interactions.services.contacts import do_action
from interactions.services.guard import hold, repeats
from interactions.services.leaving import AFTER_THE_FIRST, event_of, moment_for, one_goes_first
from interactions.services.permission import Ground, Hindrance
from interactions.writing import MOST_PARTS, invites, is_over, sms_parts, unfilled
from messaging import services as outbox
from messaging.letters import letter_pdf, unprintable
from messaging.models import Message
from portfolio.models import Product
from portfolio.suitability import suitability
from staff.models import User

KIND = "client"  # of the outbox's rows
LONGEST = 5000
State = Message.State


def theme_of(kind: str, action: Action | None = None) -> Theme:
    """What a kind of message is about; an invitation about what its action is about."""
    if kind == MessageKind.INVITATION and action is not None:
        return action.theme
    return Theme.objects.get(code=THEME_OF[MessageKind(kind)])


# -- drafts ----------------------------------------------------------------------------------------


@transaction.atomic
def write_message(
    *,
    actor: User,
    client: Client,
    kind: str,
    channel: str,
    language: str,
    body: str,
    subject: str = "",
    action: Action | None = None,
    product: Product | None = None,
    suitability_reason: str = "",
    calendar: str = "",
    message: ClientMessage | None = None,
) -> ClientMessage:
    """Write a draft, or change one (`message`); nothing leaves before somebody approves it.

    Rule: of an action there is one message that stands, whoever writes it. An offer of a product that does not
    suit the client needs a reason. An invitation answers an action of an event; `calendar` (iCalendar) goes with an
    email. Visibility: the client must be the actor's to edit.
    Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, client)
    may_plan(client)
    if kind not in MessageKind.values:
        raise ValidationError({"kind": _("Choose what to write.")})
    if channel not in [way.value for way in SENT_BY]:
        raise ValidationError({"channel": _("Choose email, text message or letter.")})
    if language not in dict(settings.LANGUAGES):
        raise ValidationError({"language": _("Choose a language.")})
    if action is not None and (action.client_id != client.pk or not action.is_open):
        raise ValidationError({"action": _("This action is closed already.")})
    row = _changing(actor, message) if message is not None else ClientMessage(client=client, written_by=actor)
    if kind == MessageKind.MATURITY and (action is None or action.source != "maturity"):
        # A duty needs no consent: it must be one.
        raise ValidationError({"kind": _("Nothing of this client matures: choose something else.")})
    if kind == MessageKind.INVITATION and not invites(action):
        raise ValidationError(
            {"kind": _("Nobody has invited this client to an event: choose something else.")}
        )
    row.kind, row.theme = kind, theme_of(kind, action)
    row.action, row.channel, row.language = action, channel, language
    row.subject = _checked_subject(subject) if channel != Channel.SMS else ""
    row.body = _checked_body(body, channel)
    if channel == Channel.LETTER and (signs := unprintable(row.subject + row.body)):
        raise ValidationError({"body": _("A letter cannot show %(signs)s.") % {"signs": signs[:10]}})
    row.calendar = (calendar or row.calendar) if kind == MessageKind.INVITATION else ""
    row.product = product if kind == MessageKind.OFFER else None
    row.suitability_reason = _suits(client, row.product, suitability_reason)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ValidationError(_("Somebody has written about this already.")) from error
    return row


def _changing(actor: User, message: ClientMessage) -> ClientMessage:
    """The draft, locked. Raises: ValidationError where it is none any more."""
    may_edit(actor, message)
    row = ClientMessage.objects.select_for_update(of=("self",)).get(pk=message.pk)
    if not row.is_draft:
        raise ValidationError(_("This is no draft any more."))
    return row


def _checked_subject(subject: str) -> str:
    subject = clean_line(subject)
    if has_nul(subject):
        raise ValidationError({"subject": _("This holds a character that cannot be stored.")})
    if not subject:
        raise ValidationError({"subject": _("Write a subject.")})
    if len(subject) > 150:
        raise ValidationError(
            {"subject": _("This is too long: at most %(most)s characters.") % {"most": 150}}
        )
    return subject


def _checked_body(body: str, channel: str) -> str:
    body = body.replace("\r\n", "\n").strip()
    if has_nul(body):
        raise ValidationError({"body": _("This holds a character that cannot be stored.")})
    if not body:
        raise ValidationError({"body": _("Write what the client is to read.")})
    if len(body) > LONGEST:
        raise ValidationError(
            {"body": _("This is too long: at most %(most)s characters.") % {"most": LONGEST}}
        )
    if channel == Channel.SMS and (parts := sms_parts(body)) > MOST_PARTS:
        raise ValidationError(
            {
                "body": _("This takes %(parts)s text messages, and %(most)s are the most.")
                % {"parts": parts, "most": MOST_PARTS}
            }
        )
    return body


def _suits(client: Client, product: Product | None, reason: str) -> str:
    if product is None:
        return ""
    found = suitability(client, product, today=client.branch.today())
    reason = clean_line(reason)[:300]
    if found.fits:
        return ""
    if not reason:
        raise ValidationError(
            {"suitability_reason": _("%(why)s Write why it suits all the same.") % {"why": found.words}}
        )
    return reason


@transaction.atomic
def drop_message(*, actor: User, message: ClientMessage) -> ClientMessage:
    """Throw a draft away, or put aside one that was not sent. A second call changes nothing.

    Raises: ValidationError for one that was sent, or is on its way.
    """
    may_edit(actor, message)
    row = ClientMessage.objects.select_for_update(of=("self",)).select_related("message").get(pk=message.pk)
    if row.is_dropped:
        return row
    if row.message is not None and row.message.state != State.FAILED:
        raise ValidationError(_("This is no draft any more."))
    row.dropped_at = timezone.now()
    row.save(update_fields=["dropped_at"])
    return row


# -- approval --------------------------------------------------------------------------------------


@transaction.atomic
def approve_message(
    *, actor: User, message: ClientMessage, repeat_reason: str = "", at: datetime | None = None
) -> ClientMessage:
    """Let a draft go: it enters the outbox and leaves at the next moment that suits the client.

    Rule: consent, agreement, status and repetition are asked here and again when it leaves (`may_leave`). A
    greeting leaves on its day. For a minute it can be taken back. `at` is one moment for many at once.
    Raises: ValidationError, on `repeat_reason` where the tier asks for one; PermissionDenied.
    """
    client = Client.objects.select_related("branch", "tier").get(pk=message.client_id)
    may_plan(client)  # the client first, as whoever writes or closes the file does: nobody waits in a ring
    row = _changing(actor, message)
    if holes := unfilled(row.kind, row.subject + row.body):
        raise ValidationError(
            {"body": _("Write what belongs in place of %(gaps)s.") % {"gaps": ", ".join(holes)}}
        )
    now = at or timezone.now()
    hold(client, row.theme)
    _not_twice(row)
    ground = Ground.of([client])
    hindrance = _hindrance(row, client, ground)
    if hindrance is not None:
        raise ValidationError(str(hindrance.label))
    row.suitability_reason = _suits(client, row.product, row.suitability_reason)  # as the client is now
    row.repeat_reason = _repeat_reason(actor, row, client, now, repeat_reason)
    leaves = moment_for(row, client, ground, now)
    if leaves is None:
        raise ValidationError(str(Hindrance.HOURS.label))
    row.approved_by, row.approved_at = actor, now
    row.message = outbox.queue_message(
        address=_checked_address(ground.addresses(client, row.channel)[0], row.channel),
        channel=row.channel,
        kind=KIND,
        subject=row.subject,
        body=outgoing(row),
        language=row.language,
        sender=_letterhead(client),
        reply_to=actor.email,
        unsubscribe_url=unsubscribe_url(client) if row.channel == Channel.EMAIL else "",
        calendar=row.calendar if row.channel == Channel.EMAIL else "",
        not_before=max(leaves, now + settings.CLIENT_MAIL_GRACE),
    )
    row.save()
    return row


@transaction.atomic
def send_message(*, actor: User, client: Client, repeat_reason: str = "", **text: Any) -> ClientMessage:
    """Write a message and approve it, both or neither; `text` as for `write_message`."""
    row = write_message(actor=actor, client=client, **text)
    return approve_message(actor=actor, message=row, repeat_reason=repeat_reason)


def _not_twice(row: ClientMessage) -> None:
    """Raise ValidationError where the very same words wait to leave already: a form was sent twice."""
    same = {name: getattr(row, name) for name in ("client", "kind", "channel", "subject", "body")}
    if ClientMessage.objects.on_their_way().filter(**same).exists():
        raise ValidationError(_("Somebody has written about this already."))


def _checked_address(address: str, channel: str) -> str:
    if channel == Channel.LETTER and (signs := unprintable(address)):
        raise ValidationError(
            {"channel": _("Our fonts cannot print %(signs)s of the address.") % {"signs": signs[:10]}}
        )
    return address


def _hindrance(row: ClientMessage, client: Client, ground: Ground) -> Hindrance | None:
    """What stands in the way of a message as things are: the client, what it answers, its day."""
    found = ground.why_not(client, row.channel, row.theme)
    if found is None and row.action is not None and not row.action.is_open:
        return Hindrance.OVERTAKEN
    if found is None and is_too_late(event_of(row.action), client.branch.today()):
        return Hindrance.TOO_LATE
    if found is None and row.kind == MessageKind.INVITATION and is_over(row.action):
        return Hindrance.TOO_LATE
    return found


def _letterhead(client: Client) -> str:
    return f"{settings.BANK_NAME}\n{client.branch.name}"


def _repeat_reason(actor: User, row: ClientMessage, client: Client, now: datetime, reason: str) -> str:
    found = repeats(actor=actor, client=client, theme=row.theme, at=now, action=row.action)
    reason = clean_line(reason)[:300]
    if found is None:
        return ""
    if found.blocks and not reason:
        raise ValidationError(
            {"repeat_reason": _("%(what)s Write why, and you may send it.") % {"what": found.words}}
        )
    return reason


def unsubscribe_url(client: Client) -> str:
    return settings.PUBLIC_URL + reverse("unsubscribe", args=[unsubscribe_token(client)])


def outgoing(row: ClientMessage) -> str:
    """The text as it leaves: an email ends with the way to receive no more of them."""
    if row.channel != Channel.EMAIL:
        return row.body
    with translation.override(row.language):
        foot = _("If you would rather not receive such emails: %(link)s")
        return f"{row.body}\n\n-- \n{foot % {'link': unsubscribe_url(row.client)}}\n"


def approve_many(
    *, actor: User, drafts: Iterable[ClientMessage], at: datetime
) -> tuple[list[ClientMessage], list[tuple[Client, str]]]:
    """Write and approve many, each for itself; those that went through, and of the others client and reason.

    Rule: what would be said again too soon is left to be looked at alone, whether the tier blocks or warns.
    """
    through: list[ClientMessage] = []
    left: list[tuple[Client, str]] = []
    for draft in drafts:
        try:
            with transaction.atomic():
                row = draft if draft.pk else _saved(actor, draft)
                found = repeats(actor=actor, client=row.client, theme=row.theme, at=at, action=row.action)
                if found is not None:
                    raise ValidationError(found.words)
                through.append(approve_message(actor=actor, message=row, at=at))
        except ValidationError as error:
            left.append((draft.client, " ".join(error.messages)))
    return through, left


def _saved(actor: User, draft: ClientMessage) -> ClientMessage:
    return write_message(
        actor=actor,
        client=draft.client,
        kind=draft.kind,
        channel=draft.channel,
        language=draft.language,
        subject=draft.subject,
        body=draft.body,
        action=draft.action,
        calendar=draft.calendar,
    )


@transaction.atomic
def take_back_message(*, actor: User, message: ClientMessage) -> ClientMessage:
    """Take back an approval while nothing has left, or take up what was not sent: a draft again.

    Raises: ValidationError where it is on its way already.
    """
    may_edit(actor, message)
    row = ClientMessage.objects.select_for_update(of=("self",)).select_related("message").get(pk=message.pk)
    if row.message is None or row.is_dropped:
        return row
    has_failed = row.message.state == State.FAILED
    if not has_failed and not outbox.stop_message(message=row.message, reason=Hindrance.TAKEN_BACK):
        raise ValidationError(_("Too late: it has left."))
    row.message, row.approved_by, row.approved_at, row.repeat_reason = None, None, None, ""
    row.save()
    return row


@transaction.atomic
def settle_message(*, actor: User, message: ClientMessage, was_sent: bool) -> None:
    """A person who looks after the client decides about one that may have left.

    Raises: ValidationError when somebody has decided already; PermissionDenied.
    """
    may_edit(actor, message)
    if message.message is None:
        raise ValidationError(_("Somebody has decided about this message already."))
    outbox.settle_unknown(actor=actor, message=message.message, was_sent=was_sent)


def may_settle(actor: User, message: Message) -> bool:
    """Whoever looks after the client decides, and nobody else."""
    return ClientMessage.objects.editable_by(actor).filter(message=message).exists()


def letter_of(row: ClientMessage) -> bytes:
    """The letter as it is, or would be, printed. Raises: ValidationError where no address is on the file."""
    ground = Ground.of([row.client])
    addresses = [row.message.address] if row.message else ground.addresses(row.client, Channel.LETTER)
    if not addresses:
        raise ValidationError(str(Hindrance.ADDRESS.label))
    sent_at = row.message.sent_at if row.message else None
    return letter_pdf(
        sender=_letterhead(row.client),
        address_lines=_checked_address(addresses[0], Channel.LETTER).split("\n"),
        on=timezone.localtime(sent_at, row.client.branch.zone).date()
        if sent_at
        else row.client.branch.today(),
        subject=row.subject,
        body=row.body,
        language=row.language,
    )


def withdraw_messages(client_ids: list[int]) -> None:
    """The files were closed: nothing of theirs leaves any more, and drafts go. Repeatable."""
    standing = ClientMessage.objects.standing().filter(client__in=client_ids).select_related("message")
    # Held before the outbox is asked, as when an approval is taken back.
    held = standing.exclude(message__state=State.SENT).order_by("pk").select_for_update(of=("self",))
    ended = []
    for row in held:
        if row.message is None or outbox.stop_message(message=row.message, reason=Hindrance.STATUS):
            ended.append(row.pk)
    ClientMessage.objects.filter(pk__in=ended).update(dropped_at=timezone.now())


# -- what the outbox asks and tells ----------------------------------------------------------------


def may_leave(message: Message) -> bool | str | datetime:
    """The gate: True, the code of what is in the way, or the moment until which it waits.

    Asked at sending time of the rows as they are then: consent, agreement, status, complaint, address,
    whether what it answers still stands, and whether somebody has spoken about it since the approval.
    """
    row = (
        ClientMessage.objects.standing()
        .select_related("client__branch", "client__tier", "theme", "action", "approved_by")
        .filter(message=message)
        .first()
    )
    if row is None or row.approved_by is None:
        return Hindrance.TAKEN_BACK.value
    if not row.approved_by.is_active:
        return Hindrance.WRITER.value  # it speaks in their name, and answers would reach nobody
    client, now = row.client, timezone.now()
    ground = Ground.of([client])
    hindrance = _hindrance(row, client, ground)
    if hindrance is None and message.address not in ground.addresses(client, row.channel):
        hindrance = Hindrance.ADDRESS
    guarded = not row.theme.is_duty and row.theme.minimum_gap_days and not row.repeat_reason
    if hindrance is None and guarded:
        since = Contact.objects.told().filter(
            client=client, theme=row.theme, occurred_at__gt=cast(datetime, row.approved_at)
        )
        hindrance = Hindrance.REPEATED if since.exists() else None
    if hindrance is not None:
        return hindrance.value
    moment = moment_for(row, client, ground, now)
    if moment is None:
        return Hindrance.HOURS.value
    if moment <= now and guarded and one_goes_first(row, now):
        return now + AFTER_THE_FIRST
    return True if moment <= now else moment


def heed_state(message: Message) -> None:
    """Inside the outbox's transaction: what was sent stands in the file; what strands is told to a person."""
    row = ClientMessage.objects.select_related("client__branch", "action").filter(message=message).first()
    if row is None or row.approved_by_id is None:
        return
    if message.state == State.SENT and row.contact_id is None:
        row.contact = _written_down(row, message)
        row.save(update_fields=["contact"])
    elif message.state in (State.FAILED, State.UNKNOWN) and not row.is_dropped:
        for user in _whom_to_tell(row):
            outbox.notify(
                user=user,
                kind="client_message",
                subject="messages",
                url=reverse("message-list") + "?show=stranded",
            )


def _written_down(row: ClientMessage, message: Message) -> Contact:
    """The contact that a sent message is: outgoing, nobody reached, what it answered is done."""
    sent_at = cast(datetime, message.sent_at)
    contact = Contact.objects.create(
        client=row.client,
        staff_id=row.approved_by_id,
        occurred_at=sent_at,
        recorded_at=max(sent_at, timezone.now()),
        channel=row.channel,
        direction=Contact.Direction.OUT,
        theme_id=row.theme_id,
        result=Contact.Result.MESSAGE_LEFT,
        action=row.action,
        repeat_reason=row.repeat_reason,
    )
    # Whoever reads the file may not answer in the client's name: a personal link is no note.
    text = masked(f"{row.subject}\n\n{row.body}" if row.subject else row.body)
    ContactNote.objects.create(contact=contact, text=text)
    do_action(contact)
    return contact


def _whom_to_tell(row: ClientMessage) -> list[User]:
    """Whoever let it go, while they look after the client; else the supervisors."""
    writer = User.objects.active().filter(pk=row.approved_by_id).first()
    if writer is not None and Client.objects.editable_by(writer).filter(pk=row.client_id).exists():
        return [writer]
    return list(User.objects.nearest_supervisors(row.client.branch))
