"""Appointments: made, changed and cancelled in a panel; each as a calendar file."""

from datetime import datetime
from urllib.parse import urlencode

import pghistory
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from clients.models import Channel
from clients.sight import shown_name, shown_words
from clients.views.panels import client_form, editable_client, saved
from common import saying
from common.pages import editable, go, tell, way_back
from common.text import is_id
from interactions import services
from interactions.calendars import CONTENT_TYPE, appointment_event, calendar_of
from interactions.forms.appointments import AppointmentForm, PlanAppointmentForm
from interactions.models import Action, Appointment
from interactions.services.appointments import clashes, heed


def put_back_url(action: Action, back: str) -> str:
    """The address that takes back what this request did to the day and time of an action."""
    with pghistory.context() as act:
        query = urlencode({"act": act.id, "next": back})
    return f"{reverse('action-put-back', args=[action.pk])}?{query}"


def _action(request: HttpRequest, pk: int) -> Action:
    rows = Action.objects.select_related("client__branch", "client__tier", "theme", "appointment")
    return editable(request, rows, pk=pk)


def appointment(request: HttpRequest, pk: int) -> HttpResponse:
    """The appointment of an action: made, or changed where there is one."""
    action = _action(request, pk)
    found = action.standing_appointment
    form = AppointmentForm(request.POST or None, client=action.client, action=action)
    back = way_back(request, reverse("client-tab", args=[action.client.number, "plan"]))
    if request.method == "POST" and form.is_valid():
        try:
            if found is None:
                found = services.make_appointment(actor=request.user, action=action, **form.cleaned_data)
            else:
                known = form.cleaned_data.pop("known")
                found = services.change_appointment(
                    actor=request.user, appointment=found, changes=form.cleaned_data, known=known
                )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return _kept(request, found, back)
    more = {}
    if found is not None:
        more = {
            "file_url": reverse("appointment-file", args=[found.pk]),
            "remove": _("Cancel the appointment"),
            "remove_url": reverse("appointment-cancel", args=[found.pk]),
        }
    return _panel(request, action.client, form, back, action=action, **more)


def appointment_plan(request: HttpRequest, number: str) -> HttpResponse:
    """An appointment with a client for which nothing is planned yet."""
    client = editable_client(request, number)
    form = PlanAppointmentForm(request.POST or None, client=client, action=None)
    back = way_back(request, reverse("client-tab", args=[client.number, "plan"]))
    if request.method == "POST" and form.is_valid():
        try:
            found = services.plan_appointment(actor=request.user, client=client, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return _kept(request, found, back)
    return _panel(request, client, form, back)


def _panel(request, client, form, back: str, *, action: Action | None = None, **more) -> HttpResponse:
    heed_url = reverse("appointment-heed", args=[client.number])
    return client_form(
        request,
        client,
        form=form,
        title=_("Appointment"),
        save=_("Save"),
        back=back,
        heed_url=f"{heed_url}?action={action.pk}" if action else heed_url,
        template="interactions/appointment.html",
        **more,
    )


def _kept(request: HttpRequest, found: Appointment, back: str) -> HttpResponse:
    action = found.action
    said = _("%(date)s, %(time)s: %(name)s.") % {
        "date": saying.day(action.due_on, "MMMMEEEEd"),
        "time": saying.clock(action.due_at),
        "name": action.client.name,
    }
    text = " ".join([said, *heed(found)])
    return saved(request, text, back, undo_url=put_back_url(action, back))


@require_safe
def appointment_heed(request: HttpRequest, number: str) -> HttpResponse:
    """What stands against a time while it is being chosen: clashes, the agreement, a day off."""
    client = editable_client(request, number)
    wanted = request.GET.get("action", "")
    action = None
    if is_id(wanted):
        rows = Action.objects.filter(client=client).select_related("theme", "owner", "appointment")
        action = get_object_or_404(rows, pk=int(wanted))
    said = []
    at = _moment(request, client)
    if at is not None:
        found = Appointment(action=action or Action(client=client), starts_at=at)
        found.action.client = client
        channel, minutes = request.GET.get("channel", ""), request.GET.get("minutes", "")
        if channel in Channel.values:
            found.action.channel = channel
        if minutes.isdecimal() and 5 <= int(minutes[:4]) <= 720:
            found.minutes = int(minutes[:4])
        said = [*(one.words for one in clashes(request.user, found)), *heed(found)]
    return render(request, "interactions/appointment_heed.html", {"said": said})


def _moment(request: HttpRequest, client) -> datetime | None:
    try:
        on, at = parse_date(request.GET.get("on", "")), parse_time(request.GET.get("at", ""))
    except ValueError:
        return None
    return datetime.combine(on, at, client.branch.zone) if on and at else None


def _appointment(request: HttpRequest, pk: int) -> Appointment:
    return editable(request, Appointment.objects.select_related("action__client__branch"), pk=pk)


@require_POST
def appointment_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = _appointment(request, pk)
    action = found.action
    back = way_back(request, reverse("client-tab", args=[action.client.number, "plan"]))
    try:
        services.cancel_appointment(actor=request.user, appointment=found)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
        return go(request, back)
    text = _("Appointment cancelled: %(name)s.") % {"name": action.client.name}
    return saved(request, text, back, undo_url=put_back_url(action, back))


@require_POST
def action_put_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a move or a change of the appointment: exactly as it was."""
    action = _action(request, pk)
    try:
        services.put_back(actor=request.user, action=action, act=request.GET.get("act", ""))
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("As it was: %(name)s.") % {"name": action.client.name})
    return go(request, way_back(request, reverse("plan")))


@require_safe
def appointment_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The calendar file of one appointment, for whoever may see the action."""
    rows = Appointment.objects.visible_to(request.user).select_related("action__client")
    found = get_object_or_404(rows, pk=pk)
    who, place = shown_name(request.user, found.action.client), shown_words(request.user, found.place)
    event = appointment_event(found, who=who, place=place)
    response = HttpResponse(calendar_of([event]), content_type=CONTENT_TYPE)
    name = f"{timezone.localtime(found.starts_at).date()}-{found.pk}.ics"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
