"""Messages to clients: those ready to be approved, those on their way, and the one that is being written."""

import hashlib
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from clients.models import Channel, Client
from clients.sight import shown_name, shown_native
from common import audit, saying
from common.logs import masked
from common.models import AuditEntry
from common.pages import as_moment, as_number, editable, go, tell, way_back
from common.paging import keyset
from common.text import is_id
from interactions import words
from interactions.drafting import MOST, Draft, drafts_for, ready_actions
from interactions.models import ClientMessage
from interactions.services import messages as services
from interactions.services.permission import Ground, Hindrance
from interactions.views.today import ROLES
from interactions.views.unheeded import holders

SHOWN = {
    "": gettext_lazy("To look through"),
    "going": gettext_lazy("On their way"),
    "stranded": gettext_lazy("Not sent"),
    "sent": gettext_lazy("Sent"),
}
A_PAGE = 25


def only_those_who_write(request: HttpRequest) -> None:
    if request.user.role not in ROLES:
        raise Http404


# -- the list --------------------------------------------------------------------------------------


@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    """What is ready, and what became of what was approved."""
    only_those_who_write(request)
    user, today = request.user, request.user.today()
    show = request.GET.get("show", "")
    if show not in SHOWN:
        show = ""
    mine = ClientMessage.objects.worked_by(user)
    counts = {"going": mine.on_their_way().count(), "stranded": mine.stranded().count()}
    context = {"show": show, "today": today, "counts": counts}
    if show:
        rows = {"going": mine.on_their_way(), "stranded": mine.stranded(), "sent": mine.sent()}[show]
        page = keyset(
            _whole(rows), keys=("-approved_at", "-id"), size=A_PAGE, cursor=request.GET.get("cursor", "")
        )
        context |= {"page": page, "rows": [line_of(user, row, today) for row in page.rows]}
    else:
        actions = list(ready_actions(user, today)[: MOST + 1])
        ready, others = drafts_for(user, actions[:MOST])
        held = holders([draft.row.client_id for draft in ready])
        own = _whole(ClientMessage.objects.drafts_for(user)).order_by("written_at", "pk")[:MOST]
        context |= {
            "ready": [_ready(user, draft, today, held) for draft in ready],
            "others": len(others),
            "own": _own(user, own, today),
            "full": len(actions) > MOST,
        }
        context["waiting"] = len(ready) + sum(row["hindrance"] is None for row in context["own"])
    context["shown"] = [(code, name, counts.get(code)) for code, name in SHOWN.items()]
    return render(request, "interactions/messages.html", context)


def _whole(rows):
    rows = rows.select_related(
        "client__branch", "client__tier", "theme", "action__theme", "message", "approved_by"
    )
    return rows.defer("client__search", "client__document_number")


def _ready(user, draft: Draft, today: date, held: dict[int, str]) -> dict:
    """A message that is ready, as a line of the list reads it."""
    action, row = draft.action, draft.row
    first, _rest = words.reason(words.shown_about(user, action), today)
    return {
        "action": action,
        "client": row.client,
        "name": shown_name(user, row.client),
        "native": shown_native(user, row.client),
        "holder": held.get(row.client_id, ""),
        "first": first,
        "subject": row.subject,
        "body": row.body,
        "language": row.language,
        "icon": words.CHANNEL_ICONS[row.channel],
        "channel": Channel(row.channel).label,
        "leaves": words.leaves(draft.leaves_at, today),
        "seen": mark_of(row.subject, row.body),
    }


def line_of(user, row: ClientMessage, today: date) -> dict:
    """A stored message as a line of the list reads it."""
    sent = row.message
    first = words.reason(words.shown_about(user, row.action), today)[0] if row.action else ""
    return {
        "row": row,
        "client": row.client,
        "name": shown_name(user, row.client),
        "native": shown_native(user, row.client),
        "first": first or row.get_kind_display(),
        "subject": row.subject,
        "body": row.body if row.is_draft else masked(row.body),
        "language": row.language,
        "seen": mark_of(row.subject, row.body),
        "icon": words.CHANNEL_ICONS[row.channel],
        "channel": saying.choice(row, "channel"),
        "leaves": words.leaves(sent.not_before, today) if sent is not None and sent.state == "queued" else "",
        "state": sent.state if sent is not None else "",
        "why": _why(sent.error) if sent is not None and sent.state == "failed" else "",
    }


def _own(user, rows, today: date) -> list[dict]:
    """Drafts that are stored, each with what stands against sending it as it is."""
    rows = list(rows)
    ground = Ground.of([row.client for row in rows])
    return [
        line_of(user, row, today) | {"hindrance": ground.why_not(row.client, row.channel, row.theme)}
        for row in rows
    ]


def _why(error: str) -> str:
    """Why a message was not sent, in the reader's words; what a server said stays with the administrators."""
    if error in Hindrance.values:
        return str(Hindrance(error).label)
    return _("It could not be delivered. Check the address.")


def mark_of(subject: str, body: str) -> str:
    """Tells one text from another: what is approved is what was read."""
    return hashlib.sha256(f"{subject}\n{body}".encode()).hexdigest()[:16]


@require_POST
def messages_approve(request: HttpRequest) -> HttpResponse:
    """Approve what is ticked, of the drafts that are ready and of those that are stored."""
    only_those_who_write(request)
    user, today = request.user, request.user.today()
    ticked = {int(text) for text in request.POST.getlist("action") if is_id(text)}
    actions = ready_actions(user, today).filter(pk__in=ticked)[:MOST]
    ready, _others = drafts_for(user, actions)
    chosen = [
        draft.row
        for draft in ready
        if request.POST.get(f"seen-{draft.action.pk}") == mark_of(draft.row.subject, draft.row.body)
    ]
    stored = {int(text) for text in request.POST.getlist("message") if is_id(text)}
    own = ClientMessage.objects.drafts_for(user).filter(pk__in=stored)
    chosen += [
        row
        for row in own.select_related("client__branch", "client__tier", "theme", "action")[:MOST]
        if request.POST.get(f"seen-message-{row.pk}") == mark_of(row.subject, row.body)
    ]
    at = timezone.now()
    through, left = services.approve_many(actor=user, drafts=chosen, at=at)
    gone = len(ticked) + len(stored) - len(chosen)
    tell(
        request,
        _said(through, left, gone, today),
        undo_url=reverse("messages-undo", args=[as_number(at)]) if through else "",
    )
    return go(request, reverse("message-list"))


def _said(through: list[ClientMessage], left: list[tuple[Client, str]], gone: int, today: date) -> str:
    said = [
        ngettext("%(count)s message approved.", "%(count)s messages approved.", len(through))
        % {"count": saying.number(len(through))}
    ]
    if through:
        first = min(row.message.not_before for row in through if row.message is not None)
        when = words.leaves(first, today)
        said.append(
            (_("It %(leaves)s.") if len(through) == 1 else _("The first %(leaves)s.")) % {"leaves": when}
        )
    said += [f"{client.name}: {why}" for client, why in left[:3]]
    rest = len(left[3:]) + gone
    if rest:
        said.append(
            ngettext(
                "%(count)s was left: look at it again.", "%(count)s were left: look at them again.", rest
            )
            % {"count": saying.number(rest)}
        )
    return " ".join(said)


@require_POST
def messages_undo(request: HttpRequest, at: int) -> HttpResponse:
    """Take back what one approved at a moment, as far as it has not left."""
    only_those_who_write(request)
    rows = ClientMessage.objects.editable_by(request.user).on_their_way()
    count = 0
    for row in rows.filter(approved_by=request.user, approved_at=as_moment(at)):
        try:
            services.take_back_message(actor=request.user, message=row)
        except ValidationError:
            continue  # it has left meanwhile
        count += 1
    said = ngettext("%(count)s message taken back.", "%(count)s messages taken back.", count)
    tell(request, said % {"count": saying.number(count)})
    return go(request, reverse("message-list"))


# -- what is done to one ----------------------------------------------------------------------------


def _mine(request: HttpRequest, pk: int) -> ClientMessage:
    return editable(request, ClientMessage.objects.select_related("client__branch", "message"), pk=pk)


def _act(request: HttpRequest, service, said: str, **more) -> HttpResponse:
    """Do one thing to a message, say so in a line, and go back."""
    try:
        service(**more)
    except ValidationError as error:
        said = " ".join(error.messages)
    tell(request, said)
    return go(request, way_back(request, reverse("message-list")))


@require_safe
def message_letter(request: HttpRequest, pk: int) -> HttpResponse:
    """The letter as it is printed."""
    row = editable(request, ClientMessage.objects.select_related("client__branch", "message"), pk=pk)
    if row.channel != Channel.LETTER:
        raise Http404
    try:
        content = services.letter_of(row)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
        return go(request, reverse("message-list"))
    audit.record(
        actor=request.user, act=AuditEntry.Act.READ, subject=f"client/{row.client_id}", detail="message"
    )
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="letter-{row.pk}.pdf"'
    return response


@require_POST
def message_drop(request: HttpRequest, pk: int) -> HttpResponse:
    row = _mine(request, pk)
    said = _("Put aside: %(name)s.") % {"name": row.client.name}
    return _act(request, services.drop_message, said, actor=request.user, message=row)


@require_POST
def message_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    row = _mine(request, pk)
    said = _("Taken back, a draft again: %(name)s.") % {"name": row.client.name}
    return _act(request, services.take_back_message, said, actor=request.user, message=row)


@require_POST
def message_settle(request: HttpRequest, pk: int) -> HttpResponse:
    """Whether one that may have left did: a person decides."""
    row = _mine(request, pk)
    decision = request.POST.get("decision")
    if decision not in ("sent", "again"):
        raise PermissionDenied
    said = (
        _("Written down as sent: %(name)s.") if decision == "sent" else _("Goes out again: %(name)s.")
    ) % {"name": row.client.name}
    return _act(
        request, services.settle_message, said, actor=request.user, message=row, was_sent=decision == "sent"
    )
