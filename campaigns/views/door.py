"""The door of an event, on a phone: one number, one card, let in; and for organisers the list on paper."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from campaigns.forms.door import CheckInForm, GuestForm, WalkInForm
from campaigns.models import Answer, Attendance, Event, Guest, Invitation
from campaigns.services import door as services
from clients.models import Client
from clients.sight import shown_name, shown_native
from common import audit, saying
from common.models import AuditEntry
from common.pages import editable, go, tell
from common.text import is_id
from interactions.services import counter as desk
from interactions.views.counter import initials
from messaging.letters import list_pdf
from staff.models import Role

MOST_ON_PAPER = 5000
MOST_DOORS = 100
A_DAY = timedelta(days=1)  # and no zone is further away


def _event(request: HttpRequest, pk: int) -> Event:
    """The event whose door the person may stand at. Raises: Http404."""
    if request.user.role not in services.AT_THE_DOOR:
        raise Http404
    rows = Event.objects.visible_to(request.user).select_related("branch").prefetch_related("wordings")
    return get_object_or_404(rows, pk=pk)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if is_id(text) and int(text) < 2**31 else None


def _invitation(event: Event, number: int | None) -> Invitation | None:
    if number is None:
        return None
    rows = Invitation.objects.filter(event=event, number=number).select_related(
        "client__branch", "client__tier"
    )
    found = rows.defer("client__search", "client__document_number").first()
    if found is not None:
        found.event = event
    return found


@require_safe
def doors(request: HttpRequest) -> HttpResponse:
    """The events of today at whose door one may stand; a single one opens at once. Never who is invited."""
    if request.user.role not in services.AT_THE_DOOR:
        raise Http404
    now = timezone.now()
    near = Event.objects.visible_to(request.user).filter(
        cancelled_at=None, starts_at__lt=now + A_DAY, ends_at__gt=now - A_DAY
    )
    near = near.select_related("branch").prefetch_related("wordings").order_by("starts_at", "pk")
    today = [event for event in near[:MOST_DOORS] if services.is_on(event)]
    if len(today) == 1:
        return redirect("event-door", today[0].pk)
    rows = []
    for event in today:
        with timezone.override(event.branch.zone):
            rows.append({"event": event, "place": event.words().place, "time": saying.clock(event.starts_at)})
    return render(request, "campaigns/door_today.html", {"rows": rows})


# -- the page --------------------------------------------------------------------------------------


@require_safe
def event_door(request: HttpRequest, pk: int) -> HttpResponse:
    """One field; with a number (typed, or read from a QR code by the phone's camera) the card of that invitation."""
    event = _event(request, pk)
    typed = request.GET.get("number", "")
    if not typed or not _is_open_to(request, event):
        return _page(request, event)
    try:
        found = _look_up(request, event, typed)
    except desk.TooManyLookups as limit:
        return _page(request, event, typed=typed, error=_too_many(limit.minutes), status=429)
    if found is None:
        return _page(request, event, typed=typed, error=_("No invitation to this event has this number."))
    return _page(request, event, found=found)


def _look_up(request: HttpRequest, event: Event, typed: str) -> Invitation | None:
    """The invitation of a number. The desk has a limit, so that nobody reads the list by counting."""
    number = _number(typed)
    found = _invitation(event, number)
    if request.user.role == Role.FRONT_DESK and number is not None:
        what = f"event/{event.pk} {number}"
        desk.count_look(actor=request.user, what=what, found=found is not None)
    return found


def _is_open_to(request: HttpRequest, event: Event) -> bool:
    if request.user.role == Role.FRONT_DESK:
        return event.is_open and services.is_on(event)
    return event.is_open and not services.is_ahead(event)


def _page(
    request: HttpRequest,
    event: Event,
    *,
    found: Invitation | None = None,
    typed: str = "",
    error: str = "",
    check: CheckInForm | None = None,
    walk: WalkInForm | None = None,
    guest: GuestForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with at most one card. Looking at one is recorded, as at the counter."""
    card = _card(request, found, check) if found is not None else None
    with timezone.override(event.branch.zone):
        context = {
            "event": event,
            "heads": services.heads(event),
            "is_open": _is_open_to(request, event),
            "on": saying.day(timezone.localdate(event.starts_at), "MMMMEEEEd"),
            "card": card,
            "typed": typed,
            "error": error,
            "walk": walk or WalkInForm(event=event),
            "guest": guest or GuestForm(),
            "organises": Event.objects.editable_by(request.user).filter(pk=event.pk).exists(),
            "has_begun": event.starts_at <= timezone.now(),
        }
        return render(request, "campaigns/door.html", context, status=status)


def _card(request: HttpRequest, found: Invitation, check: CheckInForm | None) -> dict:
    audit.record(
        actor=request.user, act=AuditEntry.Act.READ, subject=f"client/{found.client_id}", detail="door"
    )
    is_here, client = found.attendance == Attendance.CAME, found.client
    is_known = _knows(request.user, client)
    return {
        "invitation": found,
        "name": shown_name(request.user, client) if is_known else initials(client.name),
        "native": shown_native(request.user, client) if is_known else "",
        "tier": client.tier.name if is_known and client.tier else "",
        "answer": saying.choice(found, "answer"),
        "is_here": is_here,
        "form": check or CheckInForm(invitation=found),
    }


def _knows(user, client: Client) -> bool:
    """The desk hears the name from whoever stands there; all others read it where they see the client."""
    if user.role == Role.FRONT_DESK:
        return not client.is_restricted
    return Client.objects.visible_to(user).filter(pk=client.pk).exists()


def _name(user, client: Client) -> str:
    return shown_name(user, client) if _knows(user, client) else initials(client.name)


# -- what is done there ----------------------------------------------------------------------------


@require_POST
def event_check_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Let in, with the limit of looking. Of two at the same number the second is told since when they are here."""
    event = _event(request, pk)
    services.at_the_door(request.user, event)
    typed = request.POST.get("number", "")
    try:
        found = _look_up(request, event, typed)
    except desk.TooManyLookups as limit:
        return _page(request, event, typed=typed, error=_too_many(limit.minutes), status=429)
    if found is None:
        raise Http404
    form = CheckInForm(request.POST, invitation=found)
    if form.is_valid():
        before = timezone.now()
        try:
            row = services.check_in(actor=request.user, invitation=found, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            _say(request, event, row, is_new=row.came_at >= before)
            return go(request, reverse("event-door", args=[pk]))
    return _page(request, event, found=found, check=form, status=422)


def _say(request: HttpRequest, event: Event, row: Invitation, *, is_new: bool) -> None:
    name = _name(request.user, row.client)
    if not is_new:
        with timezone.override(event.branch.zone):
            said = {"name": name, "time": saying.clock(row.came_at)}
        tell(request, _("%(name)s: already here since %(time)s.") % said)
        return
    undo = reverse("event-check-in-undo", args=[event.pk, row.number])
    if not row.companions_came:
        tell(request, _("%(name)s is here.") % {"name": name}, undo_url=undo)
        return
    said = ngettext(
        "%(name)s is here, with %(count)s companion.",
        "%(name)s is here, with %(count)s companions.",
        row.companions_came,
    )
    tell(request, said % {"name": name, "count": saying.number(row.companions_came)}, undo_url=undo)


@require_POST
def event_check_in_undo(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    event = _event(request, pk)
    found = _invitation(event, number if number < 2**31 else None)
    if found is None:
        raise Http404
    try:
        services.undo_check_in(actor=request.user, invitation=found)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Not here after all: number %(number)s.") % {"number": number})
    return go(request, reverse("event-door", args=[pk]))


@require_POST
def event_walk_in(request: HttpRequest, pk: int) -> HttpResponse:
    """A client without an invitation, by the exact number: the desk finds any, as at the counter and with its limit."""
    event = _event(request, pk)
    services.at_the_door(request.user, event)
    form = WalkInForm(request.POST, event=event)
    status = 422
    if form.is_valid():
        try:
            client = _client(request, form.cleaned_data["client"])
            if client is None:
                form.add_error("client", _("No client found with exactly this number. Ask for the document."))
            else:
                before = timezone.now()
                row = services.walk_in(
                    actor=request.user,
                    event=event,
                    client=client,
                    companions_came=form.cleaned_data["companions_came"],
                )
                _say(request, event, row, is_new=row.came_at >= before)
                return go(request, reverse("event-door", args=[pk]))
        except desk.TooManyLookups as limit:
            status = 429
            form.add_error("client", _too_many(limit.minutes))
        except ValidationError as error:
            form.add_service_errors(error)
    return _page(request, event, walk=form, status=status)


def _too_many(minutes: int) -> str:
    return ngettext(
        "You have looked up many numbers. Try again in %(count)s minute.",
        "You have looked up many numbers. Try again in %(count)s minutes.",
        minutes,
    ) % {"count": saying.number(minutes)}


def _client(request: HttpRequest, typed: str) -> Client | None:
    if request.user.role == Role.FRONT_DESK:
        sight = desk.look_up(actor=request.user, typed=typed)
        return desk.in_sight(actor=request.user, sight=sight) if sight else None
    rows = Client.objects.worked_by(request.user).served()
    return rows.filter(number__in={typed, typed.upper()}).first()


@require_POST
def event_guest(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody who is no client: a name, and who brought them."""
    event = _event(request, pk)
    form = GuestForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        brought_by = _invitation(event, data["brought_by"])
        try:
            if data["brought_by"] is not None and brought_by is None:
                raise ValidationError({"brought_by": _("No invitation to this event has this number.")})
            guest = services.welcome_guest(
                actor=request.user, event=event, name=data["name"], phone=data["phone"], brought_by=brought_by
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            undo = reverse("event-guest-undo", args=[pk, guest.pk])
            tell(request, _("%(name)s is here.") % {"name": guest.name}, undo_url=undo)
            return go(request, reverse("event-door", args=[pk]))
    services.at_the_door(request.user, event)
    return _page(request, event, guest=form, status=422)


@require_POST
def event_guest_undo(request: HttpRequest, pk: int, guest: int) -> HttpResponse:
    event = _event(request, pk)
    row = Guest.objects.filter(event=event, pk=guest if guest < 2**63 else 0).first()
    if row is not None:
        row.event = event
        try:
            services.undo_guest(actor=request.user, guest=row)
        except ValidationError as error:
            tell(request, " ".join(error.messages))
    return go(request, reverse("event-door", args=[pk]))


# -- for organisers --------------------------------------------------------------------------------


@require_POST
def event_door_close(request: HttpRequest, pk: int) -> HttpResponse:
    event = editable(request, Event.objects.select_related("branch"), pk=pk)
    try:
        missed = services.close_door(actor=request.user, event=event)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        said = ngettext(
            "The door is closed. %(count)s guest did not come.",
            "The door is closed. %(count)s guests did not come.",
            missed,
        )
        undo = reverse("event-door-open", args=[pk])
        tell(request, said % {"count": saying.number(missed)}, undo_url=undo)
    return go(request, _back(request, event))


@require_POST
def event_door_open(request: HttpRequest, pk: int) -> HttpResponse:
    event = editable(request, Event.objects.select_related("branch"), pk=pk)
    services.open_door(actor=request.user, event=event)
    tell(request, _("The door is open again."))
    return go(request, _back(request, event))


def _back(request: HttpRequest, event: Event) -> str:
    """Head office may close a door, but does not stand at one."""
    name = "event-door" if request.user.role in services.AT_THE_DOOR else "event-detail"
    return reverse(name, args=[event.pk])


@require_safe
def event_door_list(request: HttpRequest, pk: int) -> HttpResponse:
    """Who said that they come, and who waits, by name, to tick off on paper. Recorded."""
    rows = Event.objects.select_related("branch").prefetch_related("wordings")
    event = editable(request, rows, pk=pk)
    coming = Invitation.objects.filter(
        event=event, withdrawn_at=None, answer__in=(Answer.ACCEPTED, Answer.WAITING)
    )
    coming = coming.exclude(client__status__in=("closed", "deceased")).select_related("client__branch")
    coming = coming.defer("client__search", "client__document_number").order_by("client__sort_name", "number")
    found = list(coming[:MOST_ON_PAPER])
    mine = set(
        Client.objects.visible_to(request.user)
        .filter(pk__in=[row.client_id for row in found])
        .values_list("pk", flat=True)
    )
    audit.record(
        actor=request.user,
        act=AuditEntry.Act.EXPORT,
        subject=f"event/{event.pk}",
        detail="door",
        count=len(found),
    )
    with timezone.override(event.branch.zone):
        lede = f"{saying.exact(event.starts_at)} · {event.words().place}"
    body = list_pdf(
        title=event.title,
        lede=lede,
        head=[_("Number"), _("Name"), _("Companions"), _("Answer")],
        rows=[
            [
                str(row.number),
                shown_name(request.user, row.client) if row.client_id in mine else initials(row.client.name),
                str(row.companions or ""),
                "" if row.answer == Answer.ACCEPTED else saying.choice(row, "answer"),
            ]
            for row in found
        ],
        on=event.branch.today(),
        language=get_language() or "en",
    )
    response = HttpResponse(body, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="door-{event.pk}.pdf"'
    return response
