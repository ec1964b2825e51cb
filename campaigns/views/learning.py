"""Articles and cases: written, published, sent, and who opened them; series of lectures; the reader's own page."""

import pghistory
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.forms.learning import AudienceForm, PieceForm, SeriesForm
from campaigns.models import Attendance, Event, Invitation, LectureSeries, Piece, PieceSending
from campaigns.querysets import PLANNERS
from campaigns.services import learning as services
from clients.models import Client
from clients.querysets import OfClientQuerySet
from clients.sight import shown_name, shown_native
from common import audit, saying
from common.exports import EXPORT_LIMIT, as_csv, as_xlsx
from common.models import AuditEntry
from common.pages import editable, go, panel_form, shown_status, tell, way_back
from common.paging import keyset, read_through
from common.rates import too_many
from staff.models import User

A_PAGE = 25
MOST_LECTURES = 200  # of one series
READINGS = 30  # a minute from one address
READERS = (*PLANNERS, "account_manager")
NOBODY = {"sent": 0, "opened": 0, "waiting": 0}


def _only(request: HttpRequest, roles: tuple[str, ...]) -> None:
    if request.user.role not in roles:
        raise Http404


# -- pieces ----------------------------------------------------------------------------------------


@require_safe
def piece_list(request: HttpRequest) -> HttpResponse:
    """The latest first, with how many of the clients one works with were sent each and opened it."""
    _only(request, READERS)
    user = request.user
    page = keyset(
        Piece.objects.visible_to(user).select_related("written_by").prefetch_related("wordings"),
        keys=("-written_at", "-id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    counted = _counted(PieceSending.objects.worked_by(user).filter(piece__in=page.rows), "piece")
    rows = [
        {"piece": piece, "languages": _languages(piece)} | counted.get(piece.pk, NOBODY)
        for piece in page.rows
    ]
    context = {"page": page, "rows": rows, "may_write": user.role in PLANNERS, "today": user.today()}
    return render(request, "campaigns/pieces.html", context)


def _counted(rows: OfClientQuerySet, by: str) -> dict:
    """Sent, opened and waiting, by piece or by language."""
    waiting = ~services.SENT & ~Q(pk__in=PieceSending.objects.filter(services.NEVER_LEFT).values("pk"))
    counted = rows.values(by).annotate(
        sent=Count("pk", filter=services.SENT),
        opened=Count("pk", filter=services.SENT & Q(opened_at__isnull=False)),
        waiting=Count("pk", filter=waiting),
    )
    return {row.pop(by): row for row in counted.order_by(by)}


def _languages(piece: Piece) -> str:
    order = [code for code, _name in settings.LANGUAGES]
    codes = sorted((row.language for row in piece.wordings.all()), key=order.index)
    return saying.listed([saying.language(code) for code in codes])


def piece_add(request: HttpRequest) -> HttpResponse:
    _only(request, PLANNERS)
    return _write(request, None)


def piece_change(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft's words. What is published stays as it is."""
    _only(request, PLANNERS)
    piece = editable(request, Piece.objects.prefetch_related("wordings"), pk=pk)
    if piece.published_at is not None or piece.withdrawn_at is not None:
        raise Http404
    return _write(request, piece)


def _write(request: HttpRequest, piece: Piece | None) -> HttpResponse:
    form = PieceForm(
        request.POST or None, initial=PieceForm.initial_of(piece, get_language() or settings.LANGUAGE_CODE)
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            saved = services.write_piece(
                actor=request.user,
                kind=data["kind"],
                language=data["language"],
                words=form.words(),
                piece=piece,
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Saved: %(name)s.") % {"name": saved.title})
            return go(request, reverse("piece-detail", args=[saved.pk]))
    return panel_form(
        request,
        form=form,
        title=piece.title if piece else _("An article or a case"),
        save=_("Save"),
        back=reverse("piece-detail", args=[piece.pk]) if piece else reverse("piece-list"),
    )


@require_safe
def piece_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Its words, and to whom of the clients one works with it went. The look is recorded."""
    _only(request, READERS)
    user = request.user
    rows = Piece.objects.visible_to(user).select_related("written_by").prefetch_related("wordings")
    piece = get_object_or_404(rows, pk=pk)
    said = piece.words(request.GET.get("language"))
    sendings = PieceSending.objects.worked_by(user).filter(piece=piece)
    page = keyset(
        _whole(sendings), keys=("-sent_at", "-id"), size=A_PAGE, cursor=request.GET.get("cursor", "")
    )
    by_language = _counted(sendings, "language")
    if page.rows:
        audit.record(actor=user, act=AuditEntry.Act.SEARCH, subject=f"piece/{piece.pk}", detail="sent to")
    may_plan = user.role in PLANNERS
    context = {
        "piece": piece,
        "said": said,
        "paragraphs": services.paragraphs(said.body),
        "languages": [row.language for row in piece.wordings.all()],
        "counts": {name: sum(row[name] for row in by_language.values()) for name in NOBODY},
        "by_language": [{"language": code} | row for code, row in by_language.items()],
        "page": page,
        "rows": [_line(user, row) for row in page.rows],
        "may_send": may_plan and piece.published_at is not None and piece.withdrawn_at is None,
        "may_change": Piece.objects.editable_by(user).filter(pk=piece.pk).exists(),
        "today": user.today(),
    }
    return render(request, "campaigns/piece.html", context)


def _whole(sendings: OfClientQuerySet) -> OfClientQuerySet:
    rows = sendings.select_related("client__tier", "client__branch", "message__message")
    return rows.defer("client__search", "client__document_number", "message__body", "message__message__body")


def _line(user: User, row: PieceSending) -> dict:
    """A sending as the list and the file read it."""
    return {
        "sending": row,
        "client": row.client,
        "name": shown_name(user, row.client),
        "native": shown_native(user, row.client),
        "sent_at": _sent_at(row),
        "state": _state(row),
    }


def _sent_at(row: PieceSending):
    message = row.message.message if row.message is not None else None
    if message is None or message.state not in ("sent", "unknown"):
        return None
    return message.sent_at or message.claimed_at


def _state(row: PieceSending) -> str:
    """What became of it, where it has not left."""
    if row.message is None:
        return _("waits to be written")
    if row.message.dropped_at is not None:
        return _("put aside")
    if row.message.message is None:
        return _("a draft")
    return saying.choice(row.message.message, "state")


def piece_export(request: HttpRequest, pk: int) -> HttpResponse:
    """To whom it went, as a file: what the page shows, of the clients one works with. Recorded."""
    _only(request, READERS)
    user = request.user
    piece = get_object_or_404(Piece.objects.visible_to(user), pk=pk)
    sendings = PieceSending.objects.worked_by(user).filter(piece=piece)
    audit.record(
        actor=user,
        act=AuditEntry.Act.EXPORT,
        subject=f"piece/{piece.pk}",
        detail="sent to",
        count=min(sendings.count(), EXPORT_LIMIT),
    )
    head = [_("Client number"), _("Client"), _("Branch"), _("Language"), _("State"), _("Sent"), _("Opened")]
    lines = (
        [
            row.client.number,
            shown_name(user, row.client),
            row.client.branch.name,
            saying.language(row.language),
            _state(row),
            _sent_at(row),
            row.opened_at,
        ]
        for row in read_through(_whole(sendings), keys=("-sent_at", "-id"), most=EXPORT_LIMIT)
    )
    write = as_csv if request.GET.get("format") == "csv" else as_xlsx
    return write(f"piece-{piece.pk}", head, lines)


@require_POST
def piece_publish(request: HttpRequest, pk: int) -> HttpResponse:
    _only(request, PLANNERS)
    piece = editable(request, Piece.objects.prefetch_related("wordings"), pk=pk)
    try:
        services.publish_piece(actor=request.user, piece=piece)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Published: %(name)s.") % {"name": piece.title})
    return go(request, reverse("piece-detail", args=[pk]))


@require_POST
def piece_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    _only(request, PLANNERS)
    piece = editable(request, Piece.objects.prefetch_related("wordings"), pk=pk)
    services.withdraw_piece(actor=request.user, piece=piece)
    tell(
        request,
        _("Withdrawn: %(name)s.") % {"name": piece.title},
        undo_url=reverse("piece-restore", args=[pk]),
    )
    return go(request, reverse("piece-detail", args=[pk]))


@require_POST
def piece_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of withdrawing."""
    _only(request, PLANNERS)
    piece = editable(request, Piece.objects.prefetch_related("wordings"), pk=pk)
    services.restore_piece(actor=request.user, piece=piece)
    tell(request, _("In use again: %(name)s.") % {"name": piece.title})
    return go(request, reverse("piece-detail", args=[pk]))


def piece_send(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose to whom; how many would get it, have had it and may not stands there before the button that sends it."""
    _only(request, PLANNERS)
    user = request.user
    pieces = Piece.objects.visible_to(user).filter(published_at__isnull=False, withdrawn_at=None)
    piece = get_object_or_404(pieces.prefetch_related("wordings"), pk=pk)
    asked = request.POST if request.method == "POST" else request.GET
    form = AudienceForm(asked if "audience" in asked else None, user=user)
    found = None
    if form.is_valid():
        try:
            if request.method == "POST":
                sent = services.send_piece(actor=user, piece=piece, clients=form.clients())
                tell(request, _told(sent))
                return go(request, reverse("piece-detail", args=[pk]))
            found = services.audience(actor=user, piece=piece, clients=form.clients())
        except ValidationError as error:
            form.add_service_errors(error)
    context = {"piece": piece, "form": form, "found": found, "chosen": asked.get("audience", "")}
    return render(request, "campaigns/piece_send.html", context, status=shown_status(request))


def _told(sent: services.Sending) -> str:
    words = ngettext("It goes to %(count)s client.", "It goes to %(count)s clients.", sent.made)
    words %= {"count": saying.number(sent.made)}
    if sent.is_later:
        words += " " + _("The mails are written in the next minutes.")
    if sent.left:
        left = ngettext(
            "%(count)s was left out: %(why)s",
            "%(count)s were left out, the first one: %(why)s",
            len(sent.left),
        )
        words += " " + left % {"count": saying.number(len(sent.left)), "why": sent.left[0][1]}
    return words


# -- for the client --------------------------------------------------------------------------------


@login_not_required
@require_safe
def reading(request: HttpRequest, token: str) -> HttpResponse:
    """The personal link: the piece in the language it was sent in, without a login and without a word about the reader.

    The first opening is noted, as a look is recorded: the reader changes nothing by it. A request for the head alone,
    one that a browser makes in advance, one too many and one of our own staff are no opening.
    """
    # The secret stands in the path, which history would keep with whatever this request writes.
    with pghistory.context(url="/reading/"):
        if too_many(request, "reading", READINGS):
            return _for_reader(render(request, "campaigns/reading.html", {"wait": True}, status=429))
        row = services.sending_of_token(token)
        if row is None:
            raise Http404
        is_ahead = "prefetch" in request.headers.get("Sec-Purpose", "")
        if request.method == "GET" and not is_ahead and not request.user.is_authenticated:
            services.note_opening(row)
    said = row.piece.words(row.language)
    with translation.override(said.language):
        request.LANGUAGE_CODE = said.language
        context = {"said": said, "paragraphs": services.paragraphs(said.body)}
        response = _for_reader(render(request, "campaigns/reading.html", context))
    response["Content-Language"] = said.language
    return response


def _for_reader(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


# -- lectures --------------------------------------------------------------------------------------


@require_safe
def series_list(request: HttpRequest) -> HttpResponse:
    """By name, with how many lectures of each one sees."""
    _only(request, READERS)
    page = keyset(
        LectureSeries.objects.select_related("planned_by"),
        keys=("name", "id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    seen = Event.objects.visible_to(request.user).filter(series__in=page.rows, cancelled_at=None)
    counted = dict(seen.values("series").annotate(n=Count("pk")).order_by().values_list("series", "n"))
    context = {
        "page": page,
        "rows": [{"series": series, "lectures": counted.get(series.pk, 0)} for series in page.rows],
        "may_write": request.user.role in PLANNERS,
    }
    return render(request, "campaigns/series_list.html", context)


def series_add(request: HttpRequest) -> HttpResponse:
    _only(request, PLANNERS)
    return _write_series(request, None)


def series_change(request: HttpRequest, pk: int) -> HttpResponse:
    """The words of a series, for whoever planned it and for head office."""
    _only(request, PLANNERS)
    return _write_series(request, get_object_or_404(services.series_changed_by(request.user), pk=pk))


def _write_series(request: HttpRequest, series: LectureSeries | None) -> HttpResponse:
    initial = {"name": series.name, "about": series.about} if series else {}
    form = SeriesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            saved = services.write_series(actor=request.user, series=series, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Saved: %(name)s.") % {"name": saved.name})
            return go(request, reverse("series-detail", args=[saved.pk]))
    url = reverse("series-detail", args=[series.pk]) if series else reverse("series-list")
    return panel_form(
        request,
        form=form,
        title=series.name if series else _("A series of lectures"),
        save=_("Save"),
        back=way_back(request, url),
    )


@require_safe
def series_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Its lectures, and who of the clients one works with came to how many of them. The look is recorded."""
    _only(request, READERS)
    user = request.user
    series = get_object_or_404(LectureSeries.objects.select_related("planned_by"), pk=pk)
    lectures = list(
        Event.objects.visible_to(user)
        .filter(series=series)
        .select_related("branch")
        .prefetch_related("wordings")
        .order_by("starts_at", "pk")[:MOST_LECTURES]
    )
    came = Invitation.objects.filter(event__series=series, attendance=Attendance.CAME)
    page = keyset(
        Client.objects.worked_by(user)
        .filter(Exists(came.filter(client=OuterRef("pk"))))
        .select_related("tier", "branch")
        .defer("search", "document_number"),
        keys=("sort_name", "id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    mine = came.filter(client__in=page.rows)
    times = dict(mine.values("client").annotate(n=Count("pk")).order_by().values_list("client", "n"))
    here = Invitation.objects.worked_by(user).filter(event__in=lectures, attendance=Attendance.CAME)
    attended = dict(here.values("event").annotate(n=Count("pk")).order_by().values_list("event", "n"))
    if page.rows:
        audit.record(actor=user, act=AuditEntry.Act.SEARCH, subject=f"series/{series.pk}", detail="who came")
    held = [{"event": event, "came": attended.get(event.pk, 0)} for event in lectures]
    context = {
        "series": series,
        "lectures": held,
        "page": page,
        "rows": [
            {
                "client": client,
                "name": shown_name(user, client),
                "native": shown_native(user, client),
                "times": times.get(client.pk, 0),
            }
            for client in page.rows
        ],
        "may_change": services.series_changed_by(user).filter(pk=series.pk).exists(),
        "today": user.today(),
    }
    return render(request, "campaigns/series.html", context)
