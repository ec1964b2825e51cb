"""Today: what is due for the person, ranked, each with its reason in words; worked in place."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from clients.models import Assignment, Client, ContactPoint
from clients.sight import may_reveal
from common import saying
from common.pages import go, tell, way_back
from interactions import forms, services, words
from interactions.models import Action, Arrival, Contact, Occurrence
from interactions.querysets import MONEY, OWED, TOUCH
from interactions.services.actions import reopen_action, wake_action
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


@dataclass
class Row:
    """One line of Today, ready to be read."""

    action: Action
    first: str
    rest: str
    due: str
    icon: str
    holder: str  # whose client it is, where that is not the reader


def _rows(request: HttpRequest, today: date) -> list[Row]:
    user = request.user
    primary = Assignment.objects.filter(client=OuterRef("client"), role="primary", to_on=None)
    occasions = (
        Occurrence.objects.filter(action=OuterRef("pk"))
        .order_by()
        .values("action")
        .annotate(n=Count("due_on", distinct=True))
        .values("n")
    )
    actions = (
        Action.objects.waiting_for(user, today)
        .due(today)
        .ranked(today)
        .select_related("client__tier", "client__branch", "theme")
        .defer("client__search", "client__document_number")
        .prefetch_related(
            Prefetch(
                "contacts", Contact.objects.counted().only("action", "result", "occurred_at", "voided_at")
            )
        )
        .annotate(
            holder_id=primary.values("manager_id")[:1],
            holder_name=primary.values("manager__name")[:1],
            occasions=Coalesce(Subquery(occasions), Value(0)),
        )[:MOST_ROWS]
    )
    rows = []
    for action in actions:
        first, rest = words.reason(action, today, list(action.contacts.all()))
        if action.occasions > 1:
            more = saying.number(action.occasions - 1)
            rest = f"{rest} " + _("And %(count)s more of the kind.") % {"count": more}
        rows.append(
            Row(
                action=action,
                first=first,
                rest=rest,
                due=saying.due(action.due_on, today, action.due_at),
                icon="gift"
                if action.source == "birthday"
                else words.CHANNEL_ICONS.get(action.channel, "phone"),
                holder=action.holder_name or ""
                if user.role == "account_manager" and action.holder_id != user.pk
                else "",
            )
        )
    return rows


def _week(user, today: date) -> list[dict]:
    """Planned and done a day of this week against what a day holds."""
    monday = today - timedelta(days=today.weekday())
    mine = Q(owner=user) | Q(owner=None, client__in=Client.objects.visible_to(user))
    counts = {
        row["due_on"]: row
        for row in Action.objects.opening_in_week(monday)
        .filter(mine, state__in=("planned", "done"))
        .order_by()
        .values("due_on")
        .annotate(all=Count("pk"), done=Count("pk", filter=Q(state="done")))
    }
    room = max(user.daily_capacity, 1)
    top = max([room * 1.2, *(row["all"] for row in counts.values())])
    days = []
    for offset in range(7):
        on = monday + timedelta(days=offset)
        row = counts.get(on, {"all": 0, "done": 0})
        scale = 38 / top
        days.append(
            {
                "on": on,
                "name": saying.day(on, "EEE"),
                "all": row["all"],
                "done": row["done"],
                "room": room,
                "now": on == today,
                "off": on.weekday() not in (user.branch.working_days if user.branch else range(5)),
                "y": 40 - row["all"] * scale,
                "h": row["all"] * scale,
                "done_y": 40 - row["done"] * scale,
                "done_h": row["done"] * scale,
                "over_h": max(0, row["all"] - room) * scale,
                "cap_y": 40 - room * scale,
            }
        )
    return days


def today(request: HttpRequest) -> HttpResponse:
    user = request.user
    if user.role not in ROLES:
        raise Http404
    on = user.today()
    rows = _rows(request, on)
    way = request.GET.get("way", "")
    counts = [(code, name, sum(row.action.theme.way == code for row in rows)) for code, name in WAYS]
    shown = [row for row in rows if not way or row.action.theme.way == way]
    groups = [
        {"name": name, "rows": [row for row in shown if row.action.group == group]}
        for group, name in GROUPS.items()
    ]
    midnight = timezone.localtime(timezone=user.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    context = {
        "today": on,
        "title": saying.day(on, "MMMMEEEEd"),
        "groups": [group for group in groups if group["rows"]],
        "count": len(rows),
        "lede": words.morning(
            len(rows),
            sum(row.action.is_late for row in rows),
            Contact.objects.reached().filter(staff=user, recorded_at__gte=midnight).count(),
        ),
        "full": len(rows) == MOST_ROWS,
        "ways": counts,
        "way": way,
        "in_hand": shown[0].action.pk if shown else None,
        "dense": request.session.get("dense", False) and len(rows) > 15,
        "week": _week(user, on),
        "tomorrow": Action.objects.waiting_for(user, on)
        .filter(Q(opens_on=on + timedelta(days=1)) | Q(snoozed_until=on + timedelta(days=1)))
        .count(),
        "arrivals": Arrival.objects.waiting_for(user).with_people(),
        "covers": Cover.objects.on(on).filter(stand_in=user).select_related("covered"),
        "overdue_clients": Client.objects.visible_to(user).filter(next_due_on__lt=on, status="active").count()
        if not rows
        else None,
    }
    if rows:
        context["hand"] = _hand(request, shown[0].action, on) if shown else None
    return render(request, "interactions/today.html", context)


def _hand(request: HttpRequest, action: Action, on: date) -> dict:
    """What opens under the row in hand."""
    last = (
        Contact.objects.reached()
        .filter(client=action.client_id)
        .latest_first()
        .select_related("note", "staff")
        .first()
    )
    if not hasattr(action, "group"):
        action.group = (
            OWED if action.theme.is_duty and action.due_on <= on else MONEY if action.amount else TOUCH
        )
    return {
        "action": action,
        "last": last,
        "rank": words.rank(action, on),
        "phone": ContactPoint.objects.usable().filter(client=action.client_id, kind="phone").first(),
        "may_reveal": may_reveal(request.user),
        "today": on,
    }


def _action(request: HttpRequest, pk: int) -> Action:
    """An action to work on: absent where its client is not visible, refused where it is only to be looked at."""
    rows = Action.objects.select_related("client__branch", "client__tier", "theme")
    action = get_object_or_404(rows.visible_to(request.user), pk=pk)
    if not Action.objects.editable_by(request.user).filter(pk=pk).exists():
        raise PermissionDenied
    return action


def action_hand(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of a row that opens when it is taken in hand; a page of its own without htmx."""
    action = _action(request, pk)
    context = {"hand": _hand(request, action, request.user.today())}
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
    status = 200
    back = way_back(request, reverse("today"))
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                service(actor=request.user, action=action, **form.cleaned_data)
            except ValidationError as error:
                form.add_error(None, error)
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
    return render(request, template, context, status=status)


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
    client = get_object_or_404(Client.objects.editable_by(request.user), number=request.GET.get("client", ""))
    form = forms.PlanForm(request.POST or None)
    status = 200
    back = way_back(request, reverse("client-detail", args=[client.number]))
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                action = services.plan_action(actor=request.user, client=client, **form.cleaned_data)
            except ValidationError as error:
                for field, errors in getattr(error, "error_dict", {None: [error]}).items():
                    form.add_error(field if field in form.fields else None, errors)
            else:
                tell(request, _("Planned: %(date)s.") % {"date": saying.day(action.due_on, "MMMMEEEEd")})
                return go(request, back)
    context = {"form": form, "client": client, "back": back}
    return render(request, "interactions/plan.html", context, status=status)
