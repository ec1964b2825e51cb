"""The plan of one account manager: what each day holds against what it has room for, by month, week and day."""

from calendar import Calendar
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from clients.sight import shown_name, shown_native, shown_words
from clients.views.panels import client_form, saved
from common import saying
from common.calendars import WorkingCalendar, public_holidays
from common.pages import editable, tell, way_back
from interactions import words
from interactions.forms.appointments import MoveActionForm
from interactions.models import Action
from interactions.services.moves import move_action
from interactions.views.appointments import put_back_url
from staff.models import Role, User

MONTH_ROWS = 3  # of a day in the month; the day itself shows all
VIEWS = {"week": gettext_lazy("Week"), "month": gettext_lazy("Month"), "day": gettext_lazy("Day")}
MOST_ROWS = 400  # of a view; a day that holds more says so by its number
SHOWN_AHEAD = timedelta(days=400)


def plan(request: HttpRequest) -> HttpResponse:
    """One's own plan; a supervisor names whose (`manager`)."""
    user = request.user
    manager = _whose(request)
    today = manager.today()
    view = request.GET.get("view", "week")
    view = view if view in VIEWS else "week"
    on = _day(request.GET.get("on", ""), today)
    first, last, before, after = _stretch(view, on)
    rows = list(_rows(user, manager, first, last))
    counts: dict[date, list[Action]] = {}
    for action in rows:
        counts.setdefault(action.stands_on, []).append(action)
    done = _done(user, manager, first, last)
    branch = manager.branch
    working = branch.working_calendar()
    room = max(manager.daily_capacity, 1)
    days = [
        _shown(
            user,
            first + timedelta(days=n),
            counts,
            done,
            working,
            room,
            today,
            most=MONTH_ROWS if view == "month" else None,
        )
        for n in range((last - first).days + 1)
    ]
    context = {
        "manager": manager,
        "is_own": manager == user,
        "view": view,
        "views": VIEWS.items(),
        "on": on,
        "title": _title(view, on, first, last),
        "days": days,
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)] if view == "month" else [],
        "weekdays": [saying.day(first + timedelta(days=n), "EEE") for n in range(7)],
        "before": before,
        "after": after,
        "today": today,
        "provisional": last.year if working.is_provisional(last.year, today) else None,
        "room": room,
        "over": sum(1 for day in days if day["over"]),
        "full": len(rows) == MOST_ROWS,
    }
    return render(request, "interactions/calendar.html", context)


def _whose(request: HttpRequest) -> User:
    user = request.user
    if user.role == Role.ACCOUNT_MANAGER:
        return user
    if user.role != Role.SUPERVISOR:
        raise Http404
    people = User.objects.visible_to(user).active().filter(role=Role.ACCOUNT_MANAGER)
    wanted = request.GET.get("manager", "")
    if not wanted:
        first = people.order_by("name").first()
        if first is None:
            raise Http404
        return first
    return get_object_or_404(people, staff_number=wanted)


def _day(text: str, today: date) -> date:
    """The day of an address; what is no day, or lies far away, is today."""
    try:
        on = parse_date(text)
    except ValueError:
        on = None
    return on if on is not None and abs(on - today) <= SHOWN_AHEAD else today


def _stretch(view: str, on: date) -> tuple[date, date, date, date]:
    """First and last day of a view, and where the arrows lead."""
    if view == "day":
        return on, on, on - timedelta(days=1), on + timedelta(days=1)
    if view == "week":
        monday = on - timedelta(days=on.weekday())
        return monday, monday + timedelta(days=6), monday - timedelta(days=7), monday + timedelta(days=7)
    shown = list(Calendar().itermonthdates(on.year, on.month))
    begins = on.replace(day=1)
    return shown[0], shown[-1], begins - timedelta(days=1), (begins + timedelta(days=31)).replace(day=1)


def _rows(user: User, manager: User, first: date, last: date):
    rows = Action.objects.visible_to(user).in_hand_of(manager).with_day()
    rows = rows.filter(stands_on__range=(first, last)).select_related(
        "client__tier", "client__branch", "theme", "appointment"
    )
    return rows.defer("client__search", "client__document_number").order_by("stands_on", "due_at", "pk")[
        :MOST_ROWS
    ]


def _done(user: User, manager: User, first: date, last: date) -> dict[date, int]:
    """What of the plan is done, by the day on which it stood: it took its room."""
    rows = Action.objects.visible_to(user).of_plan(manager).filter(state=Action.State.DONE).with_day()
    counted = rows.filter(stands_on__range=(first, last)).values("stands_on").annotate(count=Count("pk"))
    return dict(counted.order_by().values_list("stands_on", "count"))


def _shown(
    user: User,
    day: date,
    counts: dict[date, list[Action]],
    done: dict[date, int],
    working: WorkingCalendar,
    room: int,
    today: date,
    *,
    most: int | None,
) -> dict:
    actions, is_done = counts.get(day, []), done.get(day, 0)
    count = len(actions) + is_done
    is_working = working.is_working(day)
    holiday = "" if is_working or day.weekday() >= 5 else _holiday(working, day)

    def said(count: int) -> str:
        if is_working:
            return _("%(all)s of %(room)s") % {"all": count, "room": room}
        return _("%(count)s on a day off") % {"count": count}

    return {
        "day": day,
        "number": day.day,
        "name": saying.day(day, "EEEEd"),
        "is_now": day == today,
        "is_off": not is_working,
        "is_worked_weekend": is_working and day.weekday() >= 5,
        "holiday": holiday,
        "count": count,
        "done": is_done,
        "said": said(count),
        "full_name": saying.day(day, "MMMMEEEEd"),
        "with_one_more": said(count + 1),
        "is_full": count + 1 > (room if is_working else 0),
        "over": max(0, count - (room if is_working else 0)),
        "share": f"{min(count / room, 1) * 100:.0f}",
        "rows": [_row(user, action, today) for action in actions[:most]],
        "more": max(0, len(actions) - most) if most is not None else 0,
    }


def _holiday(working: WorkingCalendar, day: date) -> str:
    wanted = words.HOLIDAY_LANGUAGES.get(get_language() or "en")
    named = public_holidays(working.country, working.region, day.year, wanted)
    return named.get(day) or _("Day off")


def _row(user: User, action: Action, today: date) -> dict:
    first, rest = words.reason(words.shown_about(user, action), today)
    found = action.standing_appointment
    return {
        "action": action,
        "name": shown_name(user, action.client),
        "native": shown_native(user, action.client),
        "first": first,
        "rest": rest,
        "at": action.due_at,
        "answered": words.answered(found) if found else "",
        "meets": words.appointment(action, found, shown_words(user, found.place)) if found else "",
        "icon": "gift" if action.source == "birthday" else words.CHANNEL_ICONS.get(action.channel, "phone"),
        "is_late": action.due_on < today,
        "may_move": action.is_movable,
    }


def _title(view: str, on: date, first: date, last: date) -> str:
    if view == "day":
        return saying.day(on, "yMMMMEEEEd")
    if view == "month":
        return saying.day(on, "yMMMM")
    return _("%(first)s to %(last)s") % {
        "first": saying.day(first, "MMMd"),
        "last": saying.day(last, "yMMMd"),
    }


def action_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one action on another day: dragged there, by keyboard, or by the form of a phone."""
    rows = Action.objects.select_related("client__branch", "client__tier", "theme")
    action = editable(request, rows, pk=pk)
    form = MoveActionForm(request.POST or None, action=action)
    back = way_back(request, reverse("plan"))
    dropped = request.headers.get("Accept") == "application/json"
    if request.method == "POST" and form.is_valid():
        try:
            moved = move_action(actor=request.user, action=action, **form.cleaned_data)
        except ValidationError as error:
            if dropped:
                return JsonResponse({"said": " ".join(error.messages)}, status=422)
            form.add_service_errors(error)
        else:
            day = saying.day(moved.due_on, "MMMMEEEEd")
            text = _("Moved to %(date)s: %(name)s.") % {"date": day, "name": action.client.name}
            undo = put_back_url(action, back)
            if dropped:
                tell(request, text, undo_url=undo)
                return JsonResponse({"said": text})
            return saved(request, text, back, undo_url=undo)
    elif dropped:
        return JsonResponse({"said": " ".join(form.errors.get("to", []))}, status=422)
    return client_form(request, action.client, form=form, title=_("Another day"), save=_("Move"), back=back)
