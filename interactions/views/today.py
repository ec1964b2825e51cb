"""Today: what is due for the person, ranked, each with its reason in words; worked in place."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from clients.models import Client, ContactAgreement, ContactPoint, Theme
from clients.permits import agreement_words
from clients.sight import may_reveal
from clients.views.panels import editable_client
from common import saying
from common.pages import addresses, editable, go, shown_status, tell, way_back
from interactions import forms, services, words
from interactions.beside import begins_elsewhere, beside
from interactions.models import Action, Appointment, Arrival, Contact, Courtesy, HolderCall
from interactions.querysets import MONEY, OWED, SILENT, TOUCH, around
from interactions.services.actions import wake_action
from interactions.services.reopening import reopen_action
from interactions.views.file_people import joint_invitation
from staff.models import Cover

ROLES = ("account_manager", "supervisor")
MOST_ROWS = 200
GROUPS = {
    OWED: gettext_lazy("Owed today"),
    MONEY: gettext_lazy("Money about to move"),
    TOUCH: gettext_lazy("Keeping in touch"),
}
WAYS = (
    ("emotional", gettext_lazy("Care")),
    ("sales", gettext_lazy("Sales")),
    ("educational", gettext_lazy("Learning")),
)


# Read as plain values: a page of model instances, four a row, would take longer than its queries.
OWN = (
    "id",
    "client_id",
    "theme_id",
    "channel",
    "due_on",
    "due_at",
    "origin",
    "source",
    "about",
    "event_on",
    "years",
    "amount",
    "currency",
    "severity",
    "created_at",
)
OF_CLIENT = ("number", "name", "native_name", "country", "tier__name", "branch__country")
HOLDER = """
    SELECT ARRAY[u.id::text, u.name] FROM clients_assignment h JOIN staff_user u ON u.id = h.manager_id
     WHERE h.client_id = interactions_action.client_id AND h.role = 'primary' AND h.to_on IS NULL
"""
# Beside the row, not joined: with two more tables the database takes longer to plan the list than to read it.
MEETS = """
    SELECT ARRAY[p.minutes::text, p.place, p.answer] FROM interactions_appointment p
     WHERE p.action_id = interactions_action.id AND p.cancelled_at IS NULL
"""
GIVES = """
    SELECT ARRAY[c.kind, c.state] FROM interactions_courtesy c WHERE c.action_id = interactions_action.id
"""


def _rows(user, today: date, reachable: list[int] | None) -> list[dict]:
    """The lines of Today, ready to be read: what a template would work out for each costs more than the page."""
    found = list(
        Action.objects.waiting_for(user, today, reachable)
        .due(today)
        .ranked(today)
        .annotate(
            holder=RawSQL(HOLDER, []),
            meets=RawSQL(MEETS, []),
            gives=RawSQL(GIVES, []),
        )
        .values(
            *OWN,
            *(f"client__{name}" for name in OF_CLIENT),
            *("theme__code", "theme__name", "theme__way", "theme__is_duty"),
            *("group", "is_late", "holder", "meets", "gives"),
        )[:MOST_ROWS]
    )
    attempts = Contact.objects.tried_for([values["id"] for values in found])
    file_of, hand_of = addresses("client-detail"), addresses("action-hand")
    themes: dict[int, Theme] = {}
    rows = []
    for values in found:
        action = Action(**{name: values[name] for name in OWN})
        action.group = values["group"]
        if action.theme_id not in themes:
            known = {name: values[f"theme__{name}"] for name in ("code", "name", "way", "is_duty")}
            themes[action.theme_id] = Theme(pk=action.theme_id, **known)
        action.theme = themes[action.theme_id]
        country = values["client__country"] or values["client__branch__country"]
        first, rest = words.reason(action, today, attempts.get(action.pk), country=country)
        meets = None
        if values["meets"]:
            minutes, place, answer = values["meets"]
            meets = Appointment(minutes=int(minutes), place=place, answer=answer)
            rest = words.and_then(rest, words.appointment(action, meets, meets.place))
        if values["gives"]:
            kind, state = values["gives"]
            given = Courtesy(kind=kind, state=state)
            rest = words.and_then(rest, words.courtesy(given, is_done=False))
        notes = [values["client__tier__name"]] if values["client__tier__name"] else []
        holder = values["holder"]
        if user.role == "account_manager" and holder and holder[0] != str(user.pk):
            notes.append(_("for %(name)s") % {"name": holder[1]})  # whose client it is
        gift = action.source == "birthday"
        name, native = values["client__name"], values["client__native_name"]
        rows.append(
            {
                "action": action,
                "pk": action.pk,
                "group": action.group,
                "way": action.theme.way,
                "number": values["client__number"],
                "url": file_of(values["client__number"]),
                "name": name,
                "native": native if native != name else "",
                "notes": ", ".join(notes),
                "first": first,
                "rest": rest,
                "due": words.due(action, today, meets),
                "is_late": values["is_late"],
                "icon": "gift" if gift else words.CHANNEL_ICONS.get(action.channel, "phone"),
                "label": saying.choice(action, "source" if gift else "channel"),
                "amount": action.amount,
                "currency": action.currency,
                "hand_url": hand_of(action.pk),
            }
        )
    return rows


def _week(user, today: date, counts: dict[date, tuple[int, int]]) -> list[dict]:
    """Planned and done a day of this week against what a day holds."""
    monday = today - timedelta(days=today.weekday())
    room = max(user.daily_capacity, 1)
    scale = 38 / max([room * 1.2, *(planned for planned, _done in counts.values())])
    working = user.branch.working_days if user.branch else range(5)
    days = []
    for offset in range(7):
        on = monday + timedelta(days=offset)
        planned, done = counts.get(on, (0, 0))
        over = max(0, planned - room)
        said = _("%(all)s due, %(done)s done, room for %(room)s")
        days.append(
            {
                "day": on.day,
                "name": saying.day(on, "EEE"),
                "all": planned,
                "said": said % {"all": planned, "done": done, "room": room},
                "now": on == today,
                "off": on.weekday() not in working,
                "y": _px(40 - planned * scale),
                "h": _px(planned * scale),
                "done_y": _px(40 - done * scale),
                "done_h": _px(done * scale),
                "over_h": _px(over * scale) if over else "",
                "cap_y": _px(40 - room * scale),
            }
        )
    return days


def _px(length: float) -> str:
    """A length inside a drawing: one decimal, a point in every language."""
    return f"{length:.1f}"


def _sight(user) -> tuple[list[int] | None, list[int] | None]:
    """Ids of the clients in an account manager's book, and of those one may contact.

    Three questions of the page start from them. A supervisor may see thousands: there each question asks.
    """
    if user.role != "account_manager":
        return None, None
    seen = list(Client.objects.worked_by(user).values_list("pk", "status"))
    return [pk for pk, _status in seen], [pk for pk, status in seen if status not in SILENT]


def today(request: HttpRequest) -> HttpResponse:
    user = request.user
    if user.role not in ROLES:
        raise Http404
    on = user.today()
    seen, reachable = _sight(user)
    rows = _rows(user, on, reachable)
    way = request.GET.get("way", "")
    shown = [row for row in rows if not way or row["way"] == way]
    groups = [
        {"name": name, "rows": [row for row in shown if row["group"] == group]}
        for group, name in GROUPS.items()
    ]
    beside = around(user, on, seen, reachable)
    context = {
        "today": on,
        "title": saying.day(on, "MMMMEEEEd"),
        "groups": [group for group in groups if group["rows"]],
        "count": len(rows),
        "lede": words.morning(len(rows), sum(row["is_late"] for row in rows), beside.reached),
        "full": len(rows) == MOST_ROWS,
        "ways": [(code, name, sum(row["way"] == code for row in rows)) for code, name in WAYS],
        "way": way,
        "in_hand": shown[0]["pk"] if shown else None,
        "dense": request.session.get("dense", False) and len(rows) > 15,
        "week": _week(user, on, beside.days),
        "tomorrow": beside.tomorrow,
        "arrivals": Arrival.objects.waiting_for(user).with_people(),
        "covers": list(Cover.objects.on(on).filter(stand_in=user).values_list("covered__name", "to_on")),
        "overdue_clients": Client.objects.visible_to(user).filter(next_due_on__lt=on, status="active").count()
        if not rows
        else None,
        "hand": _hand(request, shown[0]["action"], shown[0]["number"], on) if shown else None,
    }
    return render(request, "interactions/today.html", context)


def _hand(request: HttpRequest, action: Action, number: str, on: date) -> dict:
    """What opens under the row in hand."""
    last = (
        Contact.objects.reached()
        .filter(client=action.client_id)
        .latest_first()
        .select_related("note", "staff")
        .first()
    )
    agreement = ContactAgreement.objects.filter(client=action.client_id).in_force(on).first()
    if not hasattr(action, "group"):
        action.group = (
            OWED if action.theme.is_duty and action.due_on <= on else MONEY if action.amount else TOUCH
        )
    return {
        "action": action,
        "number": number,
        "last": last,
        "agreed": agreement_words(agreement) if agreement else "",
        "rank": words.rank(action, on),
        "to_say": _to_say(action),
        "beside": beside(action, number),
        "begins_elsewhere": begins_elsewhere(action),
        "phone": ContactPoint.objects.usable().filter(client=action.client_id, kind="phone").first(),
        "may_reveal": may_reveal(request.user),
        "today": on,
    }


def _to_say(action: Action) -> str:
    """What the bank wants said where news of the market called for it."""
    if action.theme.code != "product":
        return ""
    calls = HolderCall.objects.filter(action=action, event__closed_at=None).order_by("event_id")
    return "\n\n".join(calls.values_list("event__why", flat=True))


def _action(request: HttpRequest, pk: int) -> Action:
    return editable(request, Action.objects.select_related("client__branch", "client__tier", "theme"), pk=pk)


def action_hand(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of a row that opens when it is taken in hand; a page of its own without htmx."""
    action = _action(request, pk)
    context = {"hand": _hand(request, action, action.client.number, request.user.today())}
    if request.htmx:
        return render(request, "interactions/hand.html", context)
    return go(request, reverse("client-detail", args=[action.client.number]))


def dense(request: HttpRequest) -> HttpResponse:
    request.session["dense"] = not request.session.get("dense", False)
    return go(request, reverse("today"))


today_dense = require_POST(dense)

CHANGES = {
    "snooze": (forms.SnoozeForm, services.snooze_action, gettext_lazy("Snooze")),
    "skip": (forms.SkipForm, services.skip_action, gettext_lazy("Skip")),
    "hand-over": (forms.HandOverForm, services.hand_over_action, gettext_lazy("Hand over")),
}
UNDO = {"skip": reopen_action, "done": reopen_action, "snooze": wake_action}


def action_change(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Snooze, skip or hand over one action: a fragment in its row, or a page."""
    action = _action(request, pk)
    form_class, service, title = CHANGES[what]
    form = form_class(request.POST or None, action=action, user=request.user)
    back = way_back(request, reverse("today"))
    if request.method == "POST" and form.is_valid():
        try:
            service(actor=request.user, action=action, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            said = {
                "snooze": _("Put off: %(name)s."),
                "skip": _("Skipped: %(name)s."),
                "hand-over": _("Handed over: %(name)s."),
            }[what] % {"name": action.client.name}
            undo = reverse("action-undo", args=[pk, what]) if what in UNDO else ""
            tell(request, said, undo_url=undo)
            return go(request, back)
    context = {
        "action": action,
        "form": form,
        "what": what,
        "title": title,
        "back": back,
        "today": request.user.today(),
    }
    template = "interactions/change.html" if request.htmx else "interactions/change_page.html"
    return render(request, template, context, status=shown_status(request))


@require_POST
def action_done(request: HttpRequest, pk: int) -> HttpResponse:
    action = _action(request, pk)
    try:
        services.finish_action(actor=request.user, action=action)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(
            request,
            _("Done: %(name)s.") % {"name": action.client.name},
            undo_url=reverse("action-undo", args=[pk, "done"]),
        )
    return go(request, way_back(request, reverse("today")))


@require_POST
def action_undo(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    if what not in UNDO:
        raise Http404
    action = _action(request, pk)
    try:
        UNDO[what](actor=request.user, action=action)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Back on the list: %(name)s.") % {"name": action.client.name})
    return go(request, way_back(request, reverse("today")))


def action_plan(request: HttpRequest) -> HttpResponse:
    """Plan an action for a client, by hand."""
    client = editable_client(request, request.GET.get("client", ""))
    initial = joint_invitation(request.user, client, request.GET.get("fact", ""))
    form = forms.PlanForm(request.POST or None, initial=initial)
    back = way_back(request, reverse("client-detail", args=[client.number]))
    if request.method == "POST" and form.is_valid():
        try:
            action = services.plan_action(actor=request.user, client=client, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Planned: %(date)s.") % {"date": saying.day(action.due_on, "MMMMEEEEd")})
            return go(request, back)
    context = {"form": form, "client": client, "back": back}
    return render(request, "interactions/plan.html", context, status=shown_status(request))
