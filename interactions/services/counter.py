"""At the counter: one client found by an exact number, a word noted, the account manager told.

The front desk has no sight of its own (`ClientQuerySet.visible_to`): a look-up that names exactly one client
lends it one card for a quarter of an hour. What lends it is signed, bound to the person, and asked again by
every act here.
"""

import uuid
from dataclasses import dataclass
from datetime import date, time, timedelta
from math import ceil

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, ContactPoint, FactType, Theme
from clients.search import document_hash, phone_condition
from clients.services.ground import required
from clients.services.known import Learnt, phone_e164, write_facts
from common import audit
from common.models import AuditEntry
from common.text import clean_line, mask_digits
from interactions.models import Action, Arrival, Contact, ContactNote, ServiceCase
from interactions.services.cadence import refresh_cadence
from interactions.services.cases import write_case
from interactions.services.contacts import take_out
from interactions.services.promises import LENGTH, Noted, close_actions, write_promise
from messaging.services import notify_each
from staff.models import Role, User

NEED, UNMET, PROMISE = "need", "unmet", "promise"
KINDS = (NEED, UNMET, PROMISE)
SUBJECT = "counter"  # of the audit entries of look-ups
DOOR = "door"  # of looks at the door of an event
SALT = "interactions.counter"


class SightEnded(PermissionDenied):
    """The card is over, was somebody else's or never was: all answer alike."""


class TooManyLookups(Exception):
    """Raised instead of looking; `wait` says how long until the next one."""

    def __init__(self, wait: timedelta):
        super().__init__()
        self.minutes = max(1, ceil(wait.total_seconds() / 60))


@dataclass(frozen=True)
class Days:
    """When a promise is to be kept, as it was confirmed on screen."""

    opens_on: date
    due_on: date
    due_at: time | None = None


# -- finding ---------------------------------------------------------------------------------------


@transaction.atomic
def look_up(*, actor: User, typed: str, country: str = "") -> str | None:
    """Find the one client whose number, phone or document is exactly what was typed; their sight, or None.

    Rule: exactly one served client of the whole bank. Absent, restricted and several answer alike, by the same
    statements. A national phone number is read in the country of the actor's branch, `country` narrows
    documents. At most COUNTER_LOOKUPS in any COUNTER_WINDOW for a person.
    Effects: an audit entry, with the digits masked. Repeatable, and each time recorded.
    Raises: TooManyLookups; PermissionDenied for anybody but the front desk.
    """
    _at_the_desk(actor)
    _count(actor, SUBJECT, settings.COUNTER_LOOKUPS)
    found = list(
        Client.objects.filter(_exactly(actor, typed, country), is_restricted=False)
        .served()
        .order_by()
        .values_list("pk", flat=True)[:2]
    )
    audit.record(
        actor=actor,
        act=AuditEntry.Act.SEARCH,
        subject=SUBJECT,
        detail=mask_digits(typed),
        count=len(found),
    )
    if len(found) != 1:
        return None
    return signing.dumps([actor.pk, found[0]], salt=SALT)


@transaction.atomic
def count_look(*, actor: User, what: str, found: bool) -> None:
    """Count a look at one guest at a door; the same again counts once. A door sees more people than a counter does.

    At most DOOR_LOOKUPS in any COUNTER_WINDOW for a person.
    Effects: an audit entry that says `what`. Raises: TooManyLookups; PermissionDenied for anybody but the front desk.
    """
    _at_the_desk(actor)
    if not _looks(actor, DOOR).filter(detail=what).exists():
        _count(actor, DOOR, settings.DOOR_LOOKUPS)
        audit.record(actor=actor, act=AuditEntry.Act.SEARCH, subject=DOOR, detail=what, count=int(found))


def _at_the_desk(actor: User) -> None:
    if not actor.is_active or actor.role != Role.FRONT_DESK:
        raise PermissionDenied


def _count(actor: User, subject: str, most: int) -> None:
    """The limit is kept by the trail itself; a person's look-ups take turns, so that none slips past it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('counter'), %s)", [actor.pk % 2**31])
    latest = list(_looks(actor, subject).order_by("-at").values_list("at", flat=True)[:most])
    if len(latest) >= most:
        raise TooManyLookups(latest[-1] - (timezone.now() - settings.COUNTER_WINDOW))


def _looks(actor: User, subject: str) -> QuerySet[AuditEntry]:
    """The look-ups of a person within the window."""
    since = timezone.now() - settings.COUNTER_WINDOW
    return AuditEntry.objects.filter(
        actor_id=actor.pk, act=AuditEntry.Act.SEARCH, subject=subject, at__gt=since
    )


def _exactly(actor: User, typed: str, country: str) -> Q:
    """Whole numbers only, each by its own index: no beginning of one, no end, no name."""
    typed = clean_line(typed)
    asked = Q(number__in={typed, typed.upper()})
    phone = _phone(typed, actor.branch.country if actor.branch else "")
    if phone:
        usable = ContactPoint.objects.usable().filter(client=OuterRef("pk"), kind="phone", value=phone)
        asked |= Q(phone_condition(phone), Exists(usable))
    hashed = document_hash(typed)
    if hashed:
        document = Q(document_hash=hashed)
        if country:
            document &= Q(document_country__in=("", country))
        asked |= document
    return asked


def _phone(typed: str, country: str) -> str:
    if any(char.isalpha() for char in typed):  # a phone spelt in letters is somebody's document
        return ""
    try:
        return phone_e164(typed, country)
    except ValidationError:
        return ""


def in_sight(*, actor: User, sight: str) -> Client:
    """The client that a sight lends to the actor, as long as it lasts.

    Raises: SightEnded where it is over, forged or another person's, or the client's file was closed meanwhile.
    """
    _at_the_desk(actor)
    try:
        person, client = signing.loads(sight, salt=SALT, max_age=settings.COUNTER_SIGHT)
    except (signing.BadSignature, ValueError, TypeError):
        raise SightEnded from None
    if person != actor.pk:
        raise SightEnded
    found = (
        Client.objects.filter(pk=client, is_restricted=False)
        .served()
        .select_related("branch", "tier")
        .defer("search", "document_number")
        .first()
    )
    if found is None:
        raise SightEnded
    return found


# -- noting ----------------------------------------------------------------------------------------


@transaction.atomic
def note_at_counter(
    *,
    actor: User,
    sight: str,
    kind: str,
    text: str,
    theme: Theme | None = None,
    window: Days | None = None,
    submission: uuid.UUID | None = None,
) -> Contact:
    """Write down what was overheard: a need, a need that cannot be met today, or a promise with its window.

    Rule: it counts as a contact in person, reached; it moves the cadence only with a theme (domain.md).
    Visibility: what the sight lends. Repeatable: the same `submission` is one note.
    Effects: a contact with its note; a need becomes a fact, an unmet one a case that the account manager still
    has to listen to, a promise an action.
    Raises: ValidationError by field; SightEnded.
    """
    client = in_sight(actor=actor, sight=sight)
    if submission is not None:
        known = Contact.objects.filter(submission=submission).first()
        if known is not None:
            return _own(known, actor, client)
    if kind not in KINDS:
        raise ValidationError({"kind": _("Choose what it is.")})
    text = required("text", text, _("Write what was said."), most=LENGTH)
    if kind == PROMISE and window is None:
        raise ValidationError({"due_on": _("Choose the day by which it is to be kept.")})
    now = timezone.now()
    contact = Contact(
        client=client,
        staff=actor,
        occurred_at=now,
        recorded_at=now,
        channel="branch",
        direction=Contact.Direction.IN,
        result=Contact.Result.REACHED,
        theme=theme,
        submission=submission,
    )
    try:
        with transaction.atomic():
            contact.save()
    except IntegrityError:  # the same form, sent twice at once
        if submission is None:
            raise
        return _own(Contact.objects.get(submission=submission), actor, client)
    ContactNote.objects.create(contact=contact, text=text)
    if kind == NEED:
        need = Learnt(FactType.objects.get(code="need"), text)
        write_facts(actor=actor, client=client, learnt=[need], contact_id=contact.pk)
    elif kind == UNMET:
        write_case(
            actor=actor,
            client=client,
            kind=ServiceCase.Kind.UNMET_NEED,
            text=text,
            contact=contact,
            heard=False,
        )
    elif window is not None:
        noted = Noted(text, window.opens_on, window.due_on, window.due_at)
        write_promise(actor=actor, client=client, noted=noted, contact=contact)
    refresh_cadence([client.pk])
    return contact


def _own(contact: Contact, actor: User, client: Client) -> Contact:
    if contact.staff_id != actor.pk or contact.client_id != client.pk:
        raise PermissionDenied
    return contact


def own_notes(actor: User):
    """What the actor wrote down at the counter and can still take back, newest first."""
    return Contact.objects.noted_at_counter_by(actor, timezone.now() - settings.CONTACT_FREE_EDIT)


@transaction.atomic
def take_back_note(*, actor: User, contact: Contact, reason: str) -> Contact:
    """Take back one's own note of the last 24 hours, with what followed from it.

    Effects: the contact counts nowhere, its promise is withdrawn, its need leaves the file unless somebody has
    changed it since, its case goes unless somebody has taken a step in it. A second call changes nothing.
    Raises: ValidationError on `reason`; PermissionDenied.
    """
    if not own_notes(actor).filter(pk=contact.pk).exists():
        raise PermissionDenied
    reason = required("reason", reason, _("Write why it is taken back."), most=LENGTH)
    if contact.is_void:
        return contact
    contact = take_out(actor=actor, contact=contact, reason=reason)
    for case in contact.service_cases.open().filter(steps=None):
        close_actions([case.action_id], state=Action.State.CANCELLED, reason=reason)
        case.delete()
    return contact


@transaction.atomic
def undo_note(*, actor: User, contact: Contact) -> Contact:
    """Take back a note just written: the reason is the undoing."""
    return take_back_note(actor=actor, contact=contact, reason=_("Undone by its author"))


# -- telling ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LookedAfter:
    """Who looks after a client today: the account manager, who stands in, or the nearest supervisors."""

    manager: User | None
    stand_ins: list[User]
    supervisors: list[User]

    @property
    def is_away(self) -> bool:
        return bool(self.stand_ins)

    @property
    def told(self) -> list[User]:
        return [person for person in (self.manager, *self.stand_ins, *self.supervisors) if person is not None]


def looked_after(client: Client) -> LookedAfter:
    """The active account manager and who covers today; where there is none, the nearest supervisors."""
    today = client.branch.today()
    manager = (
        User.objects.active()
        .filter(
            role=Role.ACCOUNT_MANAGER,
            assignments__client=client,
            assignments__role="primary",
            assignments__to_on=None,
        )
        .first()
    )
    if manager is not None:
        covering = User.objects.active().filter(
            stands_in__covered=manager, stands_in__from_on__lte=today, stands_in__to_on__gte=today
        )
        return LookedAfter(manager, list(covering.order_by("name").distinct()), [])
    return LookedAfter(None, [], User.objects.nearest_supervisors(client.branch))


@transaction.atomic
def tell_manager(*, actor: User, sight: str) -> Arrival:
    """Tell whoever looks after the client that they are in the branch now.

    Visibility: what the sight lends. Repeatable: while an arrival stands open, telling again is the same one.
    Effects: an arrival, which stands on Today of those told for two hours, and a notification to each.
    Raises: ValidationError where nobody is there to be told; SightEnded.
    """
    client = in_sight(actor=actor, sight=sight)
    Client.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=client.pk)
    standing = Arrival.objects.standing().filter(client=client).order_by("-told_at").first()
    if standing is not None:
        return standing
    people = looked_after(client).told
    if not people:
        raise ValidationError(_("Nobody looks after this client today. Please ask in the branch."))
    arrival = Arrival.objects.create(
        client=client, branch=actor.branch or client.branch, told_by=actor, told_at=timezone.now()
    )
    notify_each(
        counts={person.pk: 1 for person in people},
        kind="in_branch",
        subject=f"arrival/{arrival.pk}",
        url="/today/",
    )
    return arrival


def arrival_in_sight(*, actor: User, sight: str) -> Arrival | None:
    """The open arrival of the client that a sight lends, whoever at the desk told it."""
    client = in_sight(actor=actor, sight=sight)
    return (
        Arrival.objects.standing()
        .filter(client=client)
        .select_related("answered_by", "told_by")
        .order_by("-told_at")
        .first()
    )


@transaction.atomic
def end_arrival(*, actor: User, sight: str) -> None:
    """The client has left, or was told by mistake: it stands on nobody's Today any more. Repeatable."""
    client = in_sight(actor=actor, sight=sight)
    for arrival in Arrival.objects.standing().filter(client=client).select_for_update(of=("self",)):
        _close(arrival)


@transaction.atomic
def answer_arrival(*, actor: User, arrival: Arrival) -> Arrival:
    """ "On my way": the desk sees who comes. The first answer stands; a second changes nothing.

    Raises: PermissionDenied where it does not wait for the actor.
    """
    arrival = _waiting(actor, arrival)
    if arrival.is_open and arrival.answered_by_id is None:
        arrival.answered_by, arrival.answered_at = actor, timezone.now()
        arrival.save(update_fields=["answered_by", "answered_at"])
    return arrival


@transaction.atomic
def close_arrival(*, actor: User, arrival: Arrival) -> Arrival:
    """The account manager has met the client, or the client has left. Raises: PermissionDenied."""
    arrival = _waiting(actor, arrival)
    _close(arrival)
    return arrival


def _waiting(actor: User, arrival: Arrival) -> Arrival:
    if not Arrival.objects.waiting_for(actor).filter(pk=arrival.pk).exists():
        raise PermissionDenied
    return Arrival.objects.select_for_update(of=("self",)).select_related("answered_by").get(pk=arrival.pk)


def _close(arrival: Arrival) -> None:
    if arrival.is_open:
        arrival.closed_at = max(timezone.now(), arrival.told_at)
        arrival.save(update_fields=["closed_at"])
