"""The message that is being written, and one that was approved, to read."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.models import Channel, Client, ContactPoint
from clients.sight import shown_name, shown_native
from clients.views.panels import client_form, editable_client
from common import audit, saying
from common.models import AuditEntry
from common.pages import editable, go, panel, tell, way_back
from common.text import is_id
from interactions import words
from interactions.drafting import kind_for, text_for
from interactions.forms.messages import PROPOSES, MessageForm, may_be
from interactions.models import Action, ClientMessage, MessageKind
from interactions.services import messages as services
from interactions.services.guard import repeats
from interactions.services.leaving import moment_for
from interactions.services.messages import LONGEST, theme_of
from interactions.services.permission import Ground, Hindrance
from interactions.views.messages import line_of, mark_of, only_those_who_write
from interactions.writing import text_messages
from portfolio.models import Product


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
        "row": line_of(request.user, row, request.user.today()),
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
    theme = theme_of(wanted.kind, action)
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
    only_those_who_write(request)
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
    if asked.get("kind") in kinds and may_be(asked["kind"], action):
        kind = asked["kind"]
    theme = theme_of(kind, action)
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
        theme=theme_of(wanted.kind, action),
    )
    subject, body = proposal.subject, proposal.body
    proposed = mark_of(subject, body)
    typed_subject, typed_body = asked.get("subject", ""), asked.get("body", "").replace("\r\n", "\n")
    if typed_body and mark_of(typed_subject, typed_body) != asked.get("proposed", ""):
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
