"""Messages to clients: those ready to be approved, those on their way, and the one that is being written."""

import hashlib
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from clients.models import Channel, Client, ContactPoint
from clients.sight import shown_name, shown_native
from clients.views.panels import client_form, editable_client
from common import audit, saying
from common.models import AuditEntry
from common.pages import as_moment, as_number, editable, go, panel, tell, way_back
from common.paging import keyset
from common.text import is_id
from interactions import words
from interactions.drafting import MOST, Draft, drafts_for, kind_for, ready_actions, text_for
from interactions.forms.messages import PROPOSES, MessageForm
from interactions.models import Action, ClientMessage, MessageKind
from interactions.services import messages as services
from interactions.services.guard import repeats
from interactions.services.leaving import moment_for
from interactions.services.messages import LONGEST, theme_of
from interactions.services.permission import Ground, Hindrance
from interactions.views.today import ROLES
from interactions.views.unheeded import holders
from interactions.writing import text_messages
from portfolio.models import Product

SHOWN = {
    "": gettext_lazy("To look through"),
    "going": gettext_lazy("On their way"),
    "stranded": gettext_lazy("Not sent"),
    "sent": gettext_lazy("Sent"),
}
A_PAGE = 25


def _only_those_who_write(request: HttpRequest) -> None:
    if request.user.role not in ROLES:
        raise Http404


# -- the list --------------------------------------------------------------------------------------


@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    """What is ready, and what became of what was approved."""
    _only_those_who_write(request)
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
        context |= {"page": page, "rows": [_row(user, row, today) for row in page.rows]}
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
        "seen": _mark(row.subject, row.body),
    }


def _row(user, row: ClientMessage, today: date) -> dict:
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
        "body": row.body,
        "language": row.language,
        "seen": _mark(row.subject, row.body),
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
        _row(user, row, today) | {"hindrance": ground.why_not(row.client, row.channel, row.theme)}
        for row in rows
    ]


def _why(error: str) -> str:
    """Why a message was not sent, in the reader's words; what a server said stays with the administrators."""
    if error in Hindrance.values:
        return str(Hindrance(error).label)
    return _("It could not be delivered. Check the address.")


def _mark(subject: str, body: str) -> str:
    """Tells one text from another: what is approved is what was read."""
    return hashlib.sha256(f"{subject}\n{body}".encode()).hexdigest()[:16]


@require_POST
def messages_approve(request: HttpRequest) -> HttpResponse:
    """Approve what is ticked, of the drafts that are ready and of those that are stored."""
    _only_those_who_write(request)
    user, today = request.user, request.user.today()
    ticked = {int(text) for text in request.POST.getlist("action") if is_id(text)}
    actions = ready_actions(user, today).filter(pk__in=ticked)[:MOST]
    ready, _others = drafts_for(user, actions)
    chosen = [
        draft.row
        for draft in ready
        if request.POST.get(f"seen-{draft.action.pk}") == _mark(draft.row.subject, draft.row.body)
    ]
    stored = {int(text) for text in request.POST.getlist("message") if is_id(text)}
    own = ClientMessage.objects.drafts_for(user).filter(pk__in=stored)
    chosen += [
        row
        for row in own.select_related("client__branch", "client__tier", "theme", "action")[:MOST]
        if request.POST.get(f"seen-message-{row.pk}") == _mark(row.subject, row.body)
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
    _only_those_who_write(request)
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


# -- one message -----------------------------------------------------------------------------------


def message_write(request: HttpRequest, number: str) -> HttpResponse:
    """Write to a client, to answer an action (`action`) or without one."""
    client = editable_client(request, number)
    back = way_back(request, reverse("client-detail", args=[client.number]))
    wanted = request.POST.get("action") or request.GET.get("action") or ""
    action = None
    if wanted:
        if not is_id(wanted):
            raise Http404
        rows = Action.objects.select_related("client__branch", "client__tier", "theme")
        action = editable(request, rows, pk=int(wanted), client=client)
        standing = ClientMessage.objects.standing().filter(action=action).first()
        if standing is not None:
            return redirect(
                _with_back("message-detail", standing, back)
            )  # what asks follows it: a panel stays one
    return _write(request, client, action, None, back)


def message_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft, to go on writing; what was approved, to read."""
    rows = ClientMessage.objects.select_related(
        "client__branch", "client__tier", "theme", "action__theme", "message", "approved_by", "product"
    )
    row = editable(request, rows, pk=pk)
    if row.action is not None:
        row.action.client = row.client
    audit.record(
        actor=request.user, act=AuditEntry.Act.READ, subject=f"client/{row.client_id}", detail="message"
    )
    back = way_back(request, reverse("message-list"))
    if row.is_draft:
        return _write(request, row.client, row.action, row, back)
    context = {
        "row": _row(request.user, row, request.user.today()),
        "message": row,
        "today": request.user.today(),
        "title": row.get_kind_display(),
        "client": row.client,
        "sub": shown_name(request.user, row.client),
        "sub_native": shown_native(request.user, row.client),
        "back": back,
    }
    return panel(request, "interactions/message.html", context)


@dataclass(frozen=True)
class Wanted:
    """What is to be written: the choices that make the text that the bank proposes."""

    kind: str
    channel: str
    language: str
    product: Product | None


def _write(
    request: HttpRequest, client: Client, action: Action | None, row: ClientMessage | None, back: str
) -> HttpResponse:
    user = request.user
    ground = Ground.of([client])
    wanted = _wanted(request, client, action, row, ground)
    theme = theme_of(wanted.kind)
    found = repeats(actor=user, client=client, theme=theme, action=action)
    redrawn = request.POST.get("do") == "redraw"  # another choice: the bank's text follows, nothing is done
    sent = request.method == "POST" and not redrawn
    form = MessageForm(
        request.POST if sent else None,
        client=client,
        action=action,
        url=request.path,
        again=found is not None and found.blocks,
        redrawn=redrawn,
        initial=_initial(request, client, action, row, wanted),
    )
    if request.method == "POST" and form.is_valid():
        data = {
            name: form.cleaned_data[name] for name in (*PROPOSES, "subject", "body", "suitability_reason")
        }
        sends = request.POST.get("do") != "keep"
        try:
            if sends:
                data["repeat_reason"] = form.cleaned_data["repeat_reason"]
            write = services.send_message if sends else services.write_message
            kept = write(actor=user, client=client, action=action, message=row, **data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            undo = _with_back("message-take-back", kept, back) if sends else ""
            tell(request, _kept(kept, user, sends=sends), undo_url=undo)
            return go(request, back)
    shown = ClientMessage(client=client, theme=theme, action=action, kind=wanted.kind, channel=wanted.channel)
    hindrance = ground.why_not(client, wanted.channel, theme)
    leaves = moment_for(shown, client, ground, timezone.now()) if hindrance is None else None
    heed = [_hindered(hindrance, ground.ways(client, theme))] if hindrance else []
    if hindrance is None and leaves is None:
        heed.append(str(Hindrance.HOURS.label))
    if found is not None:
        heed.append(found.words)
    more = (
        {"remove": _("Throw away"), "remove_url": reverse("message-drop", args=[row.pk])}
        if row is not None
        else {}
    )
    answer = client_form(
        request,
        client,
        form=form,
        title=str(MessageKind(wanted.kind).label),
        save=_("Approve") if leaves else "",
        back=back,
        heed=heed,
        action=action,
        leaves=words.leaves(leaves, user.today()) if leaves else "",
        length=text_messages(form["body"].value() or "") if wanted.channel == Channel.SMS else "",
        to=_masked(ground, client, wanted.channel) if leaves else "",
        template="interactions/message_form.html",
        **more,
    )
    if redrawn:
        answer.status_code = 200
    return answer


def _hindered(hindrance: Hindrance, ways: list[str]) -> str:
    """What stands in the way, and by which channel the client may be written to all the same."""
    if not ways:
        return str(hindrance.label)
    names = saying.listed([str(Channel(way).label) for way in ways])
    return _("%(why)s Allowed: %(channels)s.") % {"why": hindrance.label, "channels": names}


@require_POST
def message_length(request: HttpRequest) -> HttpResponse:
    """How many text messages a text takes, while it is typed."""
    _only_those_who_write(request)
    return HttpResponse(text_messages(request.POST.get("body", "")[:LONGEST]))


def _with_back(name: str, row: ClientMessage, back: str) -> str:
    """An address of a message from which one returns to where one was."""
    return f"{reverse(name, args=[row.pk])}?{urlencode({'next': back})}"


def _kept(row: ClientMessage, user, *, sends: bool) -> str:
    name = row.client.name
    if not sends:
        return _("Kept as a draft: %(name)s.") % {"name": name}
    return _("Approved for %(name)s: %(leaves)s.") % {
        "name": name,
        "leaves": words.leaves(row.message.not_before, user.today()),
    }


def _wanted(
    request, client: Client, action: Action | None, row: ClientMessage | None, ground: Ground
) -> Wanted:
    asked = request.POST if request.method == "POST" else request.GET
    kinds = MessageKind.values
    kind = row.kind if row else kind_for(action) if action else MessageKind.NOTICE.value
    if asked.get("kind") in kinds:
        kind = asked["kind"]
    theme = theme_of(kind)
    ways = ground.ways(client, theme)
    channel = row.channel if row else ways[0] if ways else Channel.EMAIL.value
    if asked.get("channel") in dict(MessageForm.base_fields["channel"].choices):
        channel = asked["channel"]
    language = asked.get("language") or (row.language if row else "")
    if language not in dict(MessageForm.base_fields["language"].choices):
        language = ""
    product = row.product if row else None
    if is_id(asked.get("product") or ""):
        product = Product.objects.filter(pk=int(asked["product"])).first()
    return Wanted(kind, channel, language, product if kind == MessageKind.OFFER else None)


def _initial(
    request, client: Client, action: Action | None, row: ClientMessage | None, wanted: Wanted
) -> dict:
    """What the form shows: words that somebody typed stay, the bank's proposal follows the choices."""
    asked = request.POST
    proposal = text_for(
        request.user,
        action=action,
        client=client,
        kind=wanted.kind,
        channel=wanted.channel,
        language=wanted.language,
        product=wanted.product.name if wanted.product else "",
        theme=theme_of(wanted.kind),
    )
    subject, body = proposal.subject, proposal.body
    proposed = _mark(subject, body)
    typed_subject, typed_body = asked.get("subject", ""), asked.get("body", "").replace("\r\n", "\n")
    if typed_body and _mark(typed_subject, typed_body) != asked.get("proposed", ""):
        subject, body = typed_subject or subject, typed_body
    elif row is not None and not typed_body:
        subject, body, proposed = row.subject, row.body, ""
    return {
        "kind": wanted.kind,
        "channel": wanted.channel,
        "language": wanted.language or proposal.language,
        "product": wanted.product.pk if wanted.product else None,
        "subject": subject,
        "body": body,
        "proposed": proposed,
        "suitability_reason": asked.get("suitability_reason", row.suitability_reason if row else ""),
    }


def _masked(ground: Ground, client: Client, channel: str) -> str:
    """Where it goes, enough to recognise it."""
    address = ground.addresses(client, channel)[0]
    kind = {"email": "email", "sms": "phone"}.get(channel, "address")
    masked = ContactPoint(kind=kind, value=address).masked
    return f"{masked}, {address.splitlines()[-1]}" if channel == Channel.LETTER else masked


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
