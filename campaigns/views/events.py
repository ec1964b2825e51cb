"""Events: the list, the page of one with its guests, checklist, programme and questions; and planning one."""

from typing import cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from campaigns import services
from campaigns.forms.events import CancelForm, EventForm, PreparationForm, QuestionForm, ReplyForm
from campaigns.guests import Counts, counts_of
from campaigns.models import Event, EventQuestion, Invitation, LectureSeries, Preparation
from campaigns.querysets import PLANNERS
from campaigns.services.events import hosts_for
from campaigns.services.invitations import MAY_INVITE, local_day
from campaigns.views.guests import guest_list
from clients.sight import shown_name, shown_words
from common.pages import editable, go, panel_form, shown_status, tell, way_back
from common.paging import keyset

A_PAGE = 25
SEES = ("account_manager", "supervisor", "head_office", "front_desk")
SHOWN = {"": gettext_lazy("Coming"), "past": gettext_lazy("Past"), "off": gettext_lazy("Called off")}


def _only_those_who_see(request: HttpRequest) -> None:
    if request.user.role not in SEES:
        raise Http404


@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """The events in one's sight: those to come, the next one first; those that are over; those called off."""
    _only_those_who_see(request)
    show = request.GET.get("show", "")
    if show not in SHOWN:
        show = ""
    events = Event.objects.visible_to(request.user).select_related("branch", "campaign")
    events, now = events.prefetch_related("wordings"), timezone.now()
    found = {
        "": events.filter(cancelled_at=None, closed_at=None, ends_at__gte=now),
        "past": events.filter(cancelled_at=None).exclude(closed_at=None, ends_at__gte=now),
        "off": events.exclude(cancelled_at=None),
    }[show]
    page = keyset(
        found,
        keys=("-starts_at", "-id") if show else ("starts_at", "id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    counts = counts_of(Invitation.objects.filter(event__in=[event.pk for event in page.rows]))
    context = {
        "page": page,
        "show": show,
        "shown": list(SHOWN.items()),
        "rows": [
            {
                "event": event,
                "words": event.words(),
                "counts": counts.get(event.pk, Counts()),
                "on": local_day(event),
                "at": timezone.localtime(event.starts_at, event.branch.zone).time(),
            }
            for event in page.rows
        ],
        "may_plan": request.user.role in PLANNERS,
    }
    return render(request, "campaigns/events.html", context)


@require_safe
def event_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One event: who is coming of the clients one works with, what is to be prepared, what was asked."""
    _only_those_who_see(request)
    user, event = request.user, _seen(request, pk)
    zone, mine = event.branch.zone, Event.objects.editable_by(user).filter(pk=event.pk).exists()
    all_counts = counts_of(Invitation.objects.filter(event=event)).get(event.pk, Counts())
    is_over = event.closed_at is not None or event.ends_at <= timezone.now()
    context = {
        "event": event,
        "words": event.words(),
        "on": local_day(event),
        "starts_at": timezone.localtime(event.starts_at, zone),
        "ends_at": timezone.localtime(event.ends_at, zone),
        "ends_on": timezone.localtime(event.ends_at, zone).date(),
        "answer_until": timezone.localtime(event.answer_until, zone),
        "counts": all_counts,
        "is_over": is_over,
        "today": user.today(),
        "lines": _checklist(request, event, mine),
        "questions": _questions(request, event),
        "may_change": mine and event.is_open,
        "may_invite": user.role in MAY_INVITE and event.is_open and not is_over,
        "may_reply": user.role in MAY_INVITE,
        "here": request.get_full_path(),
    } | guest_list(request, event, all_counts)
    return render(request, "campaigns/event.html", context)


def _seen(request: HttpRequest, pk: int) -> Event:
    events = Event.objects.visible_to(request.user).select_related("branch", "theme", "campaign", "series")
    return get_object_or_404(events.prefetch_related("wordings"), pk=pk)


def _checklist(request: HttpRequest, event: Event, mine: bool) -> list[dict]:
    lines = event.preparations.select_related("owner", "done_by")
    return [
        {
            "line": line,
            "may_tick": mine or line.owner_id == request.user.pk,
            "may_drop": mine,
            "is_late": line.done_at is None and line.due_on < event.branch.today(),
        }
        for line in lines
    ]


def _questions(request: HttpRequest, event: Event) -> list[dict]:
    """What was asked, with who asked where the client is in one's sight; words may name somebody."""
    user = request.user
    questions = list(event.questions.select_related("invitation__client", "replied_by", "noted_by"))
    asked = Invitation.objects.worked_by(user).filter(questions__in=questions)
    seen = set(asked.values_list("pk", flat=True)) if questions else set()
    return [
        {
            "question": question,
            "text": shown_words(user, question.text),
            "reply": shown_words(user, question.reply),
            "client": question.invitation.client if question.invitation_id in seen else None,
            "name": shown_name(user, question.invitation.client) if question.invitation_id in seen else "",
        }
        for question in questions
    ]


# -- planning --------------------------------------------------------------------------------------


def event_add(request: HttpRequest) -> HttpResponse:
    if not hosts_for(request.user).exists():
        raise Http404
    return _plan(request, None)


def event_change(request: HttpRequest, pk: int) -> HttpResponse:
    _only_those_who_see(request)
    rows = Event.objects.select_related("branch", "series").prefetch_related("wordings")
    return _plan(request, cast(Event, editable(request, rows, pk=pk)))


def _plan(request: HttpRequest, event: Event | None) -> HttpResponse:
    user = request.user
    form = EventForm(request.POST or None, user=user, event=event)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():  # a series is not kept without the event that named it
                series = services.series_named(actor=user, name=form.cleaned_data["series"])
                saved = services.plan_event(actor=user, event=event, series=series, **form.planned())
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Saved: %(name)s.") % {"name": saved.title})
            return go(request, reverse("event-detail", args=[saved.pk]))
    context = {
        "event": event,
        "form": form,
        "series": list(LectureSeries.objects.values_list("name", flat=True)),
        "back": reverse("event-detail", args=[event.pk]) if event else reverse("event-list"),
    }
    return render(request, "campaigns/event_form.html", context, status=shown_status(request))


def event_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Call it off, with a reason; who meant to come is to be told."""
    _only_those_who_see(request)
    event = cast(Event, editable(request, Event.objects.select_related("branch"), pk=pk))
    form = CancelForm(request.POST or None)
    back = reverse("event-detail", args=[pk])
    if request.method == "POST" and form.is_valid():
        try:
            services.cancel_event(actor=request.user, event=event, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Called off. Today has whoever meant to come, to be told."))
            return go(request, back)
    words = {"title": _("Call the event off"), "save": _("Call it off"), "sub": event.title}
    return panel_form(request, form=form, back=back, url=request.get_full_path(), **words)


# -- the checklist ---------------------------------------------------------------------------------


def preparation_add(request: HttpRequest, pk: int) -> HttpResponse:
    _only_those_who_see(request)
    event = cast(Event, editable(request, Event.objects.select_related("branch"), pk=pk))
    form = PreparationForm(request.POST or None, user=request.user, event=event)
    back = reverse("event-detail", args=[pk])
    if request.method == "POST" and form.is_valid():
        try:
            services.add_preparation(actor=request.user, event=event, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("On the checklist: %(what)s.") % {"what": form.cleaned_data["what"]})
            return go(request, back)
    words = {"title": _("To be prepared"), "save": _("Put it on the list"), "sub": event.title}
    return panel_form(request, form=form, back=back, **words)


@require_POST
def preparation_tick(request: HttpRequest, pk: int) -> HttpResponse:
    _only_those_who_see(request)
    line = get_object_or_404(Preparation.objects.visible_to(request.user), pk=pk)
    is_done = request.POST.get("done") != "no"
    services.tick_preparation(actor=request.user, preparation=line, is_done=is_done)
    return go(request, way_back(request, reverse("event-detail", args=[line.event_id])))


@require_POST
def preparation_drop(request: HttpRequest, pk: int) -> HttpResponse:
    _only_those_who_see(request)
    line = get_object_or_404(Preparation.objects.visible_to(request.user), pk=pk)
    services.drop_preparation(actor=request.user, preparation=line)
    tell(request, _("Off the checklist: %(what)s.") % {"what": line.what})
    return go(request, reverse("event-detail", args=[line.event_id]))


# -- questions -------------------------------------------------------------------------------------


def question_note(request: HttpRequest, pk: int) -> HttpResponse:
    _only_those_who_see(request)
    event = _seen(request, pk)
    form = QuestionForm(request.POST or None, user=request.user, event=event)
    back = reverse("event-detail", args=[pk])
    if request.method == "POST" and form.is_valid():
        try:
            services.note_question(actor=request.user, event=event, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("The question is written down."))
            return go(request, back)
    words = {"title": _("A question"), "save": _("Write it down"), "sub": event.title}
    return panel_form(request, form=form, back=back, **words)


def question_reply(request: HttpRequest, pk: int) -> HttpResponse:
    _only_those_who_see(request)
    user = request.user
    rows = EventQuestion.objects.visible_to(user).select_related("event")
    question = get_object_or_404(rows, pk=pk)
    if user.role not in MAY_INVITE or not user.may_see_identities:
        raise PermissionDenied
    form = ReplyForm(request.POST or None, question=question)
    back = reverse("event-detail", args=[question.event_id])
    if request.method == "POST" and form.is_valid():
        try:
            services.reply_question(actor=user, question=question, reply=form.cleaned_data["reply"])
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("The answer is written down."))
            return go(request, back)
    words = {"title": _("What was answered"), "save": _("Save"), "said": question.text}
    return panel_form(request, form=form, back=back, **words)
