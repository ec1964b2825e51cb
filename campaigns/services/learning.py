"""What clients learn from: articles and cases are written, published and sent, each to a client at most once."""

import logging
import re
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from campaigns.models import LectureSeries, Piece, PieceSending, PieceWords
from campaigns.querysets import PLANNERS
from clients.models import Assignment, Channel, Client, Consent
from clients.models.consent import purpose_of
from clients.querysets import ClientQuerySet, OfClientQuerySet
from clients.services.ground import required
from common.jobs import after_commit
from common.text import has_nul
from interactions.models import ClientMessage, Contact, MessageKind
from interactions.services.messages import approve_many, theme_of
from interactions.services.permission import Ground, Hindrance
from interactions.writing import language_of, unfilled, values_for
from messaging import services as outbox
from staff.models import User

logger = logging.getLogger(__name__)

READING_SALT = "campaigns.reading"
AT_ONCE = 50  # as many are written before the answer; of more a worker takes care
MOST = 20_000  # clients of one sending
CHUNK = 2000
TEASER = 400  # characters of the text that the mail holds
LONGEST = 40_000
FORGOTTEN_AFTER = timedelta(hours=1)  # far above what a worker takes to come to a row
# What a sending has come to. A message that was not sent, or was put aside, has not reached the client.
NEVER_LEFT = Q(message__dropped_at__isnull=False) | Q(message__message__state="failed")
SENT = Q(message__dropped_at=None, message__message__state__in=("sent", "unknown"))
# Nothing of it has left: a draft, what waits, and what could be made a draft again.
STOPPABLE = Q(approved_at=None) | Q(message__state__in=("queued", "failed"))
_BETWEEN = re.compile(r"\n\s*\n")


# -- writing ---------------------------------------------------------------------------------------


@transaction.atomic
def write_piece(
    *, actor: User, kind: str, language: str, words: dict[str, dict[str, str]], piece: Piece | None = None
) -> Piece:
    """Write an article or a case, or change a draft. `words`: language → `title` and `body`; empty ones are left out.

    Rule: the words in the piece's own language must be there; once it is published they stay as they are.
    Visibility: supervisors and head office; a draft is changed by whoever wrote it, and by head office.
    Raises: ValidationError by field (`kind`, `language`, `title_<language>`, `body_<language>`); PermissionDenied.
    """
    _may_plan(actor)
    if kind not in Piece.Kind.values:
        raise ValidationError({"kind": _("Choose an article or a case.")})
    known = dict(settings.LANGUAGES)
    if language not in known or not set(words) <= set(known):
        raise ValidationError({"language": _("Choose a language.")})
    found = _checked_words(language, words)
    row = _held(actor, piece) if piece is not None else Piece(written_by=actor)
    if row.published_at is not None or row.withdrawn_at is not None:
        raise ValidationError(_("This is no draft any more: its words stay as they are."))
    row.kind, row.language = kind, language
    row.save()
    row.wordings.exclude(language__in=found).delete()
    for code, (title, body) in found.items():
        PieceWords.objects.update_or_create(piece=row, language=code, defaults={"title": title, "body": body})
    return row


def _may_plan(actor: User) -> None:
    if not actor.is_active or actor.role not in PLANNERS:
        raise PermissionDenied


def _checked_words(own: str, words: dict[str, dict[str, str]]) -> dict[str, tuple[str, str]]:
    found = {}
    for language, said in words.items():
        title, body = said.get("title", "").strip(), said.get("body", "").replace("\r\n", "\n").strip()
        if not title and not body and language != own:
            continue
        title = required(f"title_{language}", title, _("Give it a title."), most=150)
        body = _checked_body(f"body_{language}", body)
        for field, text in ((f"title_{language}", title), (f"body_{language}", body)):
            if holes := unfilled(MessageKind.ARTICLE, text):
                raise ValidationError({field: _("Nothing fills %(gaps)s here.") % {"gaps": ", ".join(holes)}})
        found[language] = (title, body)
    if own not in found:
        raise ValidationError({f"title_{own}": _("Give it a title.")})
    return found


def _checked_body(field: str, body: str) -> str:
    if has_nul(body):
        raise ValidationError({field: _("This holds a character that cannot be stored.")})
    if not body:
        raise ValidationError({field: _("Write what the client is to read.")})
    if len(body) > LONGEST:
        raise ValidationError(
            {field: _("This is too long: at most %(most)s characters.") % {"most": LONGEST}}
        )
    return body


def _held(actor: User, piece: Piece) -> Piece:
    """The piece, locked, for whoever may change it. Two who send, withdraw or change it take turns."""
    if not Piece.objects.editable_by(actor).filter(pk=piece.pk).exists():
        raise PermissionDenied
    return Piece.objects.select_for_update(no_key=True).get(pk=piece.pk)


@transaction.atomic
def publish_piece(*, actor: User, piece: Piece) -> Piece:
    """Let account managers read it and planners send it. A second call changes nothing.

    Raises: ValidationError where it was withdrawn; PermissionDenied.
    """
    row = _held(actor, piece)
    if row.withdrawn_at is not None:
        raise ValidationError(_("This was withdrawn."))
    if row.published_at is None:
        row.published_at = timezone.now()
        row.save(update_fields=["published_at"])
    return row


@transaction.atomic
def withdraw_piece(*, actor: User, piece: Piece) -> Piece:
    """Take a piece, or a draft, out of use: nobody is sent it, its links lead nowhere. A second call changes nothing.

    Effects: what waits to leave is stopped, of more than a few by a worker; those clients have not had it.
    """
    row = _held(actor, piece)
    if row.withdrawn_at is None:
        row.withdrawn_at = timezone.now()
        row.save(update_fields=["withdrawn_at"])
        if _to_stop(row).count() > AT_ONCE:
            after_commit("campaigns.send_piece", row.pk)
        else:
            _stop(row)
    return row


@transaction.atomic
def restore_piece(*, actor: User, piece: Piece) -> Piece:
    """Undo of withdrawing: links lead to it again. What was stopped stays stopped and may be sent anew."""
    row = _held(actor, piece)
    if row.withdrawn_at is not None:
        row.withdrawn_at = None
        row.save(update_fields=["withdrawn_at"])
    return row


def _to_stop(piece: Piece) -> OfClientQuerySet:
    return ClientMessage.objects.standing().filter(STOPPABLE, piece_sending__piece=piece)


def _stop(piece: Piece) -> None:
    """Nothing of a withdrawn piece leaves any more. Repeatable."""
    piece.sendings.filter(message=None).delete()
    ended = []
    # Held before the outbox is asked, as when an approval is taken back.
    for row in _to_stop(piece).select_related("message").order_by("pk").select_for_update(of=("self",)):
        is_still = row.message is None or row.message.state == "failed"
        if is_still or outbox.stop_message(message=row.message, reason=Hindrance.TAKEN_BACK):
            ended.append(row.pk)
    ClientMessage.objects.filter(pk__in=ended).update(dropped_at=timezone.now())


# -- to whom ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Audience:
    """What sending a piece to some clients would come to. `lately`: of those who would get it, how many were told
    something of the kind a short time ago; where that is too soon they are left out when it is written."""

    would: int
    had: int
    may_not: int
    lately: int


def audience(*, actor: User, piece: Piece, clients: ClientQuerySet) -> Audience:
    """How many of some clients would get a piece, have had it, and may not be sent it.

    Visibility: `Client.worked_by`. Raises: ValidationError on `audience` where there are too many.
    """
    mine = _mine(actor, clients)
    had = mine.filter(Exists(_had(piece))).count()
    fit = [client.pk for client in _fit(piece, mine)]
    theme = theme_of(MessageKind.ARTICLE)
    since = timezone.now() - timedelta(days=theme.minimum_gap_days)
    told = Contact.objects.told().filter(client__in=fit, theme=theme, occurred_at__gt=since)
    lately = told.aggregate(clients=Count("client", distinct=True))["clients"]
    return Audience(len(fit), had, mine.count() - had - len(fit), lately)


def _mine(actor: User, clients: ClientQuerySet) -> ClientQuerySet:
    return Client.objects.worked_by(actor).filter(pk__in=clients.order_by().values("pk"))


def _had(piece: Piece) -> OfClientQuerySet:
    """That a client has had a piece, or that it is on its way or in an account manager's hands."""
    never = PieceSending.objects.filter(NEVER_LEFT, pk=OuterRef("pk"))
    return PieceSending.objects.filter(~Exists(never), piece=piece, client=OuterRef("pk"))


def _fit(piece: Piece, clients: ClientQuerySet) -> list[Client]:
    """Those of some clients who may be sent a piece and have not had it, by id.

    The rule is `Ground.why_not`; the database is asked first for those who ever allowed it at all.
    """
    theme = theme_of(MessageKind.ARTICLE)
    allowed = Consent.objects.filter(
        client=OuterRef("pk"), channel=Channel.EMAIL, purpose=purpose_of(theme), granted=True
    )
    hopeful = clients.filter(Exists(allowed)).exclude(Exists(_had(piece)))
    ids = list(hopeful.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    if len(ids) > MOST:
        raise ValidationError({"audience": _("At most %(most)s clients at once.") % {"most": MOST}})
    fit: list[Client] = []
    for at in range(0, len(ids), CHUNK):
        some = list(
            Client.objects.filter(pk__in=ids[at : at + CHUNK])
            .select_related("branch")
            .defer("search", "document_number")
            .order_by("pk")
        )
        ground = Ground.of(some)
        fit += [client for client in some if ground.why_not(client, Channel.EMAIL, theme) is None]
    return fit


# -- sending ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sending:
    """How many clients a piece goes to, and why others were left out when it was written to them.

    `is_later`: a worker writes them, so that nothing is known of those left out yet.
    """

    made: int
    left: list[tuple[Client, str]]
    is_later: bool = False


def send_piece(*, actor: User, piece: Piece, clients: ClientQuerySet) -> Sending:
    """Send a piece to those of some clients who allowed it and have not had it, each in the own language.

    Rule (domain.md: to those who consented; the same piece never twice): a message that never left does not count.
    It goes out as mail of the client's account manager, where there is none of a supervisor, with a teaser and a
    personal link, and is asked once more when it is written and when it leaves. Whoever would hear of the theme too
    soon again is left out. Who cannot be written to has not had it.
    Visibility: supervisors and head office, of clients they work with. Repeatable: yes, whoever has it is passed over.
    Raises: ValidationError (on `audience` where there are too many); PermissionDenied.
    """
    _may_plan(actor)
    if not Piece.objects.visible_to(actor).filter(pk=piece.pk).exists():
        raise PermissionDenied
    with transaction.atomic():
        row = Piece.objects.select_for_update(no_key=True).get(pk=piece.pk)
        if row.published_at is None or row.withdrawn_at is not None:
            raise ValidationError(_("Only what is published can be sent."))
        made = _put_down(actor, row, _fit(row, _mine(actor, clients)))
        if len(made) > AT_ONCE:
            after_commit("campaigns.send_piece", row.pk)
    if len(made) > AT_ONCE:
        return Sending(len(made), [], is_later=True)
    left = _write_to(row, made)
    return Sending(len(made) - len(left), left)


def _put_down(actor: User, piece: Piece, clients: list[Client]) -> list[int]:
    """One row a client, before anything is written; their ids. A row whose message never left is used again."""
    languages, now = set(piece.wordings.values_list("language", flat=True)), timezone.now()
    failed = ClientMessage.objects.standing().filter(
        piece_sending__piece=piece, piece_sending__client__in=clients, message__state="failed"
    )
    # Held, for an account manager may be making a draft of it at this moment: then it is theirs.
    held = [row.pk for row in failed.order_by("pk").select_for_update(of=("self",))]
    ClientMessage.objects.filter(pk__in=held).update(dropped_at=now)
    earlier = {row.client_id: row for row in piece.sendings.filter(client__in=clients)}
    free = piece.sendings.filter(client__in=clients, message__dropped_at__isnull=False)
    again = set(free.values_list("pk", flat=True))
    fresh, anew = [], []
    for client in clients:
        row = earlier.get(client.pk)
        if row is not None and row.pk not in again:
            continue
        if row is None:
            row = PieceSending(piece=piece, client=client)
            fresh.append(row)
        else:
            anew.append(row)
        spoken = language_of(client)
        row.language = spoken if spoken in languages else piece.language
        row.key, row.message, row.opened_at = secrets.token_urlsafe(12), None, None
        row.sent_by, row.sent_at = actor, now
    PieceSending.objects.bulk_create(fresh, batch_size=CHUNK)
    fields = ["language", "key", "message", "opened_at", "sent_by", "sent_at"]
    PieceSending.objects.bulk_update(anew, fields, batch_size=CHUNK)
    return [row.pk for row in (*fresh, *anew)]


def settle_piece(piece: Piece) -> None:
    """What a worker does: write to those who wait for a piece; of a withdrawn one, stop what waits. Repeatable."""
    with transaction.atomic():
        row = Piece.objects.select_for_update(no_key=True).get(pk=piece.pk)
        if row.withdrawn_at is not None:
            _stop(row)
            return
    waiting = row.sendings.filter(message=None).order_by("client")
    _write_to(row, list(waiting.values_list("pk", flat=True)))


def send_forgotten() -> int:
    """Settle the pieces whose task was lost; how many. Repeatable, every night."""
    since = timezone.now() - FORGOTTEN_AFTER
    waiting = PieceSending.objects.filter(piece=OuterRef("pk"), message=None, sent_at__lt=since)
    going = ClientMessage.objects.standing().filter(STOPPABLE, piece_sending__piece=OuterRef("pk"))
    rows = Piece.objects.filter(Exists(waiting) | Q(Exists(going), withdrawn_at__isnull=False))
    pieces = list(rows.order_by("pk"))
    for piece in pieces:
        settle_piece(piece)
    return len(pieces)


def _write_to(piece: Piece, ids: list[int]) -> list[tuple[Client, str]]:
    """Write to those who wait, each in a transaction of its own, so that one bad row stops nobody."""
    begun, left = time.monotonic(), []
    for pk in ids:
        try:
            found = _write(pk)
        except Exception:
            logger.exception("piece %s: sending %s failed, left to the night", piece.pk, pk)
            continue
        if found is not None:
            left.append(found)
    took = time.monotonic() - begun
    logger.info("piece %s: written=%s left=%s seconds=%.1f", piece.pk, len(ids) - len(left), len(left), took)
    return left


@transaction.atomic
def _write(pk: int) -> tuple[Client, str] | None:
    """Write to one who waits; None, or why not, and then the row is gone. Of two at once one writes.

    The piece is held first, so that none leaves of one that is being withdrawn.
    """
    held = Piece.objects.select_for_update(no_key=True, of=("self",)).prefetch_related("wordings")
    piece = held.filter(sendings=pk).first()
    rows = PieceSending.objects.select_for_update(of=("self",)).select_related(
        "client__branch", "client__tier"
    )
    row = rows.filter(pk=pk, message=None).first()
    if piece is None or row is None:
        return None
    why = ""
    writer = _writer_for(row.client)
    if piece.withdrawn_at is not None:
        why = _("This was withdrawn.")
    elif writer is None:
        why = _("Nobody looks after this client.")
    else:
        through, left = approve_many(actor=writer, drafts=[_mail(piece, row, writer)], at=timezone.now())
        if through:
            row.message = through[0]
            row.save(update_fields=["message"])
            return None
        why = left[0][1]
    row.delete()
    return row.client, why


def _writer_for(client: Client) -> User | None:
    """In whose name a client is written to: the account manager's, else the nearest supervisor's."""
    held = Assignment.objects.filter(client=client, role="primary", to_on=None, manager__is_active=True)
    people = [row.manager for row in held.select_related("manager__branch")]
    for user in people + User.objects.nearest_supervisors(client.branch):
        if Client.objects.editable_by(user).filter(pk=client.pk).exists():
            return user
    return None


def _mail(piece: Piece, row: PieceSending, writer: User) -> ClientMessage:
    said = piece.words(row.language)
    values = values_for(client=row.client, writer=writer, language=row.language, action=None)
    with translation.override(row.language):
        body = _(
            "Dear %(client)s,\n\n%(teaser)s\n\nRead on: %(link)s\n\nWith kind regards\n%(manager)s\n%(bank)s, %(branch)s"
        ) % (values | {"teaser": teaser(said.body), "link": reading_url(row)})
    return ClientMessage(
        client=row.client,
        kind=MessageKind.ARTICLE,
        channel=Channel.EMAIL,
        language=row.language,
        subject=said.title,
        body=body,
    )


def paragraphs(body: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(body) if part.strip()]


def teaser(body: str) -> str:
    """The first paragraph, cut after a word where it is long."""
    first = " ".join(paragraphs(body)[0].split())
    if len(first) <= TEASER:
        return first
    cut = first[:TEASER]
    return (cut.rsplit(" ", 1)[0] if " " in cut[TEASER // 2 :] else cut).rstrip(" ,;:.–-") + "…"


# -- the personal link -----------------------------------------------------------------------------


def reading_token(row: PieceSending) -> str:
    """What the link of a mail carries: which sending, and its key, signed."""
    return signing.Signer(salt=READING_SALT).sign_object([row.pk, row.key])


def reading_url(row: PieceSending) -> str:
    return settings.PUBLIC_URL + reverse("reading", args=[reading_token(row)])


def sending_of_token(token: str) -> PieceSending | None:
    """The sending a link is about; None for a link that was tampered with, is no longer good, or of a withdrawn piece."""
    try:
        found = signing.Signer(salt=READING_SALT).unsign_object(token)
    except signing.BadSignature:
        return None
    pk, key = found if isinstance(found, list) and len(found) == 2 else (None, None)
    if not isinstance(pk, int) or not isinstance(key, str):
        return None
    rows = PieceSending.objects.filter(pk=pk, key=key, piece__withdrawn_at=None)
    return rows.select_related("piece").prefetch_related("piece__wordings").first()


def note_opening(row: PieceSending) -> None:
    """The personal link was followed: the first time is kept. Repeatable."""
    PieceSending.objects.filter(pk=row.pk, opened_at=None).update(opened_at=timezone.now())


# -- lectures --------------------------------------------------------------------------------------


def series_changed_by(actor: User):
    """The series that a person may change: their own; head office's all."""
    if not actor.is_active or actor.role not in PLANNERS:
        return LectureSeries.objects.none()
    rows = LectureSeries.objects.all()
    return rows if actor.role == "head_office" else rows.filter(planned_by=actor)


@transaction.atomic
def write_series(
    *, actor: User, name: str, about: str = "", series: LectureSeries | None = None
) -> LectureSeries:
    """Begin a series of lectures, or change its words.

    Visibility: supervisors and head office; it is changed by whoever planned it, and by head office.
    Raises: ValidationError by field (`name`, `about`); PermissionDenied.
    """
    _may_plan(actor)
    name = required("name", name, _("Give it a name."), most=120)
    about = about.replace("\r\n", "\n").strip()
    if has_nul(about):
        raise ValidationError({"about": _("This holds a character that cannot be stored.")})
    if len(about) > 2000:
        raise ValidationError({"about": _("This is too long: at most %(most)s characters.") % {"most": 2000}})
    if series is not None:
        row = series_changed_by(actor).select_for_update().filter(pk=series.pk).first()
        if row is None:
            raise PermissionDenied
    else:
        row = LectureSeries(planned_by=actor)
    row.name, row.about = name, about
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ValidationError({"name": _("There is a series of this name already.")}) from error
    return row
