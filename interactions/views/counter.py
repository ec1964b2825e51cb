"""At the counter: an exact number, one card, note it, tell the manager. And the line on Today that answers."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from clients.models import Client, DatedFact, Fact
from common import audit, saying
from common.models import AuditEntry
from common.pages import go, shown_status, tell
from common.text import is_han, is_id
from common.vague import read
from interactions.forms.counter import CounterNoteForm, LookUpForm, TakeBackForm
from interactions.models import Arrival, Contact, Promise, ServiceCase
from interactions.services import counter as desk
from interactions.sources import MaturitySource
from interactions.views.following import window_words
from portfolio.models import Holding

TREATMENT = ("preference", "custom")
AHEAD = timedelta(days=30)
BIRTHDAY_AHEAD = timedelta(days=7)
MOST_PROMISES = 6
MOST_NOTES = 20
SIGHT, KEPT = "counter_sight", "counter_kept"  # what the session holds: the card in hand, a text without one


def _only_the_desk(request: HttpRequest) -> None:
    if request.user.role != "front_desk":
        raise Http404


# -- the page --------------------------------------------------------------------------------------


@sensitive_post_parameters("typed")
def counter(request: HttpRequest) -> HttpResponse:
    """One field, and the card in hand while it lasts. What is typed stands in no address."""
    _only_the_desk(request)
    if request.method != "POST":
        return _page(request, sight=request.session.get(SIGHT, ""))
    request.session.pop(SIGHT, None)
    form = LookUpForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            sight = desk.look_up(actor=request.user, **form.cleaned_data)
        except desk.TooManyLookups as limit:
            status = 429
            form.add_error("typed", _too_many(limit.minutes))
        else:
            if sight is not None:
                request.session[SIGHT] = sight
                return go(request, reverse("counter"))
            form.add_error("typed", _("No client found with exactly this number. Ask for the document."))
    return _page(request, look_up=form, status=status)


def _too_many(minutes: int) -> str:
    return ngettext(
        "You have looked up many numbers. Try again in %(count)s minute.",
        "You have looked up many numbers. Try again in %(count)s minutes.",
        minutes,
    ) % {"count": saying.number(minutes)}


def _page(
    request: HttpRequest,
    *,
    sight: str = "",
    look_up: LookUpForm | None = None,
    note: CounterNoteForm | None = None,
    reads: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page with the card of a sight, or with the field alone once that is over."""
    card = None
    if sight:
        try:
            client = desk.in_sight(actor=request.user, sight=sight)
        except desk.SightEnded:
            request.session.pop(SIGHT, None)
        else:
            audit.record(
                actor=request.user, act=AuditEntry.Act.READ, subject=f"client/{client.pk}", detail="counter"
            )
            card = _card(client) | _told(desk.arrival_in_sight(actor=request.user, sight=sight))
    if card and note is None:
        note = CounterNoteForm(initial={"text": request.session.pop(KEPT, "")})
    wrong = next((name for name in note.fields if name in note.errors), None) if note else None
    if note and wrong:
        note.fields[wrong].widget.attrs["autofocus"] = True
    context = {
        "card": card,
        "sight": sight,
        "look_up": look_up or LookUpForm(),
        "form": note,
        "reads": reads,
        "kept": request.session.get(KEPT, "") if card is None else "",
        "notes": _notes(request),
        "today": request.user.today(),
    }
    return render(request, "interactions/counter.html", context, status=status)


def _notes(request: HttpRequest) -> list[dict]:
    """One's own words of the last day: when and what, of whom only the initials."""
    rows = desk.own_notes(request.user).select_related("client", "note")[:MOST_NOTES]
    return [
        {
            "contact": contact,
            "who": initials(contact.client.name),
            "text": contact.note.text,
        }
        for contact in rows
    ]


def initials(name: str) -> str:
    """Enough to tell one's own notes apart, not enough to read a list of clients."""
    parts = name.split()
    if is_han(name[0]):
        return name[0]
    return " ".join(f"{part[0]}." for part in dict.fromkeys([parts[0], parts[-1]]))


# -- the card --------------------------------------------------------------------------------------


def _card(client: Client) -> dict:
    """What the desk may know of the client who stands there: no amount, no contact point, no note."""
    today = client.branch.today()
    promises = list(
        Promise.objects.owed()
        .filter(client=client, opens_on__lte=today + AHEAD, due_on__gte=today - AHEAD)
        .order_by("due_on", "pk")[: MOST_PROMISES + 1]
    )
    complaints = ServiceCase.objects.open().complaints().filter(client=client)
    complaint = complaints.select_related("client__branch").order_by("opened_at").first()
    return {
        "client": client,
        "status": client.get_status_display() if client.status in ("blocked", "dormant", "prospect") else "",
        "complaint": _since(complaint, today) if complaint else "",
        "maturing": _maturing(client, today),
        "birthday": _birthday(client, today),
        "treatment": Fact.objects.filter(client=client, type__code__in=TREATMENT)
        .order_by("-type__weight", "pk")
        .values_list("value", flat=True),
        "promises": [
            {
                "text": promise.text,
                "due": saying.due(promise.due_on, today, promise.due_at),
                "late": promise.due_on < today,
            }
            for promise in promises[:MOST_PROMISES]
        ],
        "more_promises": len(promises) > MOST_PROMISES,
        "people": desk.looked_after(client),
    }


def _since(complaint: ServiceCase, today: date) -> str:
    on = complaint.opened_at.astimezone(complaint.client.branch.zone).date()
    return saying.day(on, "MMMMd" if on.year == today.year else "yMMMMd")


def _maturing(client: Client, today: date) -> list[dict]:
    """What matures within thirty days, on the working day on which it can be had: without its amount."""
    branch = client.branch
    holdings = (
        Holding.objects.maturing_between(today - MaturitySource.longest_move, today + AHEAD)
        .filter(client=client, product__kind__in=MaturitySource.kinds)
        .select_related("product")
        .order_by("matures_on", "number")
    )
    working = branch.working_calendar()
    found = []
    for holding in holdings:
        on = holding.effective_maturity(working)
        if on < today:
            continue
        names = {"product": holding.product.name, "when": saying.in_days(on, today)}
        said = (
            _("%(product)s renews by itself %(when)s.")
            if holding.auto_renew
            else _("%(product)s matures %(when)s.")
        )
        found.append({"first": said % names, "on": saying.day(on, "MMMMEEEEd"), "early": on > today})
    return found


def _birthday(client: Client, today: date) -> str:
    """The birthday of the next seven days, in words and without the age."""
    known = DatedFact.objects.filter(client=client, kind="birthday", person="").first()
    if known is None or client.kind != Client.Kind.PERSON:
        return ""
    for year in (today.year, today.year + 1):
        on = known.comes_back_in(year)
        if on is not None and today <= on <= today + BIRTHDAY_AHEAD:
            return _("Birthday %(when)s.") % {"when": saying.in_days(on, today)}
    return ""


def _told(arrival: Arrival | None) -> dict:
    """How far the telling has come: nobody was told, somebody was, somebody is on the way."""
    state = "none" if arrival is None else "answered" if arrival.answered_by_id else "told"
    return {"arrival": arrival, "state": state}


# -- what the desk does ------------------------------------------------------------------------------


@require_POST
@sensitive_post_parameters("text")
def counter_note(request: HttpRequest) -> HttpResponse:
    """Write one line down. A promise needs its days: read from the words and shown first, or asked for."""
    _only_the_desk(request)
    sight = request.POST.get("sight", "")
    form = CounterNoteForm(request.POST)
    reads = ""
    try:
        client = desk.in_sight(actor=request.user, sight=sight)
        if form.is_valid():
            data = form.cleaned_data
            if data["kind"] == desk.PROMISE and not (data["due_on"] or data["opens_on"]):
                form, reads = _read(request, form, client)
            if not reads and form.is_valid():
                contact = desk.note_at_counter(
                    actor=request.user,
                    sight=sight,
                    kind=data["kind"],
                    text=data["text"],
                    theme=data["theme"],
                    window=form.window(client.branch.today()),
                    submission=data["submission"],
                )
                tell(request, _("Noted."), undo_url=reverse("counter-undo", args=[contact.pk]))
                return go(request, reverse("counter"))
    except desk.SightEnded:
        return _ended(request)
    except ValidationError as error:
        form.add_service_errors(error)
    return _page(request, sight=sight, note=form, reads=reads, status=422)


def _read(request: HttpRequest, form: CounterNoteForm, client: Client) -> tuple[CounterNoteForm, str]:
    """The form with the days that its words mean, to be confirmed; where they mean none, they are asked for."""
    today = client.branch.today()
    window = read(form.cleaned_data["text"], today=today)
    if window is None:
        form.add_error(
            "due_on", _("No day is named that we know. Choose one, or write “in September” or “by Friday”.")
        )
        return form, ""
    filled = request.POST.copy()
    filled["opens_on"], filled["due_on"] = str(window.opens_on), str(window.due_on)
    filled["due_at"] = window.due_at.strftime("%H:%M") if window.due_at else ""
    said = {"window": window_words(window, today)}
    return CounterNoteForm(filled), _("%(window)s. Note it again if that is right.") % said


def _ended(request: HttpRequest) -> HttpResponse:
    """The card is over; what was being written waits for the next one."""
    text = request.POST.get("text", "").replace("\x00", "").strip()[:300]
    if text:
        request.session[KEPT] = text
    if request.session.get(SIGHT) == request.POST.get("sight"):
        request.session.pop(SIGHT, None)
    tell(request, _("This card has closed. Find the client again."))
    return go(request, reverse("counter"))


@require_POST
def counter_tell(request: HttpRequest) -> HttpResponse:
    _only_the_desk(request)
    try:
        desk.tell_manager(actor=request.user, sight=request.POST.get("sight", ""))
    except desk.SightEnded:
        return _ended(request)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    return go(request, reverse("counter"))


@require_POST
def counter_left(request: HttpRequest) -> HttpResponse:
    """The client has left, or it was told by mistake."""
    _only_the_desk(request)
    try:
        desk.end_arrival(actor=request.user, sight=request.POST.get("sight", ""))
    except desk.SightEnded:
        return _ended(request)
    return go(request, reverse("counter"))


@require_POST
def counter_answer(request: HttpRequest) -> HttpResponse:
    """Whether somebody is on the way: asked by the open card, answered only where something has changed."""
    _only_the_desk(request)
    sight = request.POST.get("sight", "")
    try:
        told = _told(desk.arrival_in_sight(actor=request.user, sight=sight))
    except desk.SightEnded:
        return _ended(request)
    if not request.htmx:
        return go(request, reverse("counter"))
    if told["state"] == request.POST.get("state"):
        return HttpResponse(status=204)
    client = desk.in_sight(actor=request.user, sight=sight)
    card = {"people": desk.looked_after(client)} | told
    response = render(request, "interactions/counter_told.html", {"card": card, "sight": sight})
    if told["state"] == "answered":
        trigger_client_event(response, "crm:say", {"value": _on_the_way(told["arrival"])})
    return response


def _on_the_way(arrival: Arrival) -> str:
    return _("%(name)s is on the way, %(time)s.") % {
        "name": arrival.answered_by.get_short_name(),
        "time": saying.clock(arrival.answered_at),
    }


@require_POST
def counter_close(request: HttpRequest) -> HttpResponse:
    """Put the card away before the next client steps up."""
    _only_the_desk(request)
    request.session.pop(SIGHT, None)
    return go(request, reverse("counter"))


def counter_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one's own note of the last 24 hours, with a reason."""
    contact = _own_note(request, pk)
    form = TakeBackForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            desk.take_back_note(actor=request.user, contact=contact, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("reason", error)
        else:
            tell(request, _("The note is taken back."))
            return go(request, reverse("counter"))
    context = {"form": form, "contact": contact, "today": request.user.today()}
    return render(request, "interactions/counter_take_back.html", context, status=shown_status(request))


@require_POST
def counter_undo(request: HttpRequest, pk: int) -> HttpResponse:
    desk.undo_note(actor=request.user, contact=_own_note(request, pk))
    tell(request, _("The note is taken back."))
    return go(request, reverse("counter"))


def _own_note(request: HttpRequest, pk: int) -> Contact:
    _only_the_desk(request)
    return get_object_or_404(desk.own_notes(request.user).counted().select_related("note"), pk=pk)


# -- the line on Today -------------------------------------------------------------------------------


def arrival_list(request: HttpRequest) -> HttpResponse:
    """The clients who stand in a branch and wait for the reader; asked again by an open Today."""
    if request.user.role not in ("account_manager", "supervisor"):
        raise Http404
    if not request.htmx:
        return go(request, reverse("today"))
    arrivals = list(Arrival.objects.waiting_for(request.user).with_people())
    response = render(request, "interactions/arrivals.html", {"arrivals": arrivals})
    seen = request.GET.get("seen", "")
    if arrivals and arrivals[-1].pk > int(seen if is_id(seen) else 0):
        said = _("%(name)s is in the branch.") % {"name": arrivals[-1].client.name}
        trigger_client_event(response, "crm:say", {"value": said})
    return response


@require_POST
def arrival_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """On my way: the desk reads it within seconds."""
    desk.answer_arrival(actor=request.user, arrival=_waiting(request, pk))
    return _arrivals(request)


@require_POST
def arrival_close(request: HttpRequest, pk: int) -> HttpResponse:
    desk.close_arrival(actor=request.user, arrival=_waiting(request, pk))
    return _arrivals(request)


def _waiting(request: HttpRequest, pk: int) -> Arrival:
    return get_object_or_404(Arrival.objects.waiting_for(request.user), pk=pk)


def _arrivals(request: HttpRequest) -> HttpResponse:
    if not request.htmx:
        return go(request, reverse("today"))
    arrivals = Arrival.objects.waiting_for(request.user).with_people()
    return render(request, "interactions/arrivals.html", {"arrivals": arrivals})
