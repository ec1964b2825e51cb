"""Promises, service cases and referrals: noted, followed, ended."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.models import Client
from clients.sight import shown_name, shown_native, shown_words
from clients.views.panels import client_form, editable_client
from common import audit, saying
from common.models import AuditEntry
from common.pages import editable, go, shown_status, tell, way_back
from common.paging import keyset
from common.text import clean_line, mask_digits
from common.vague import read
from interactions import services
from interactions.forms import following as forms
from interactions.models import CaseStep, Promise, Referral, ServiceCase
from interactions.services import cases, referrals
from portfolio.recovery import recovery_of

ROLES = ("account_manager", "supervisor")


# -- promises --------------------------------------------------------------------------------------


def window_words(noted, today) -> str:
    """What was understood, whole: "From Monday 25 August, due by Sunday 31 August"."""
    due = saying.day(noted.due_on, "MMMMEEEEd" if noted.due_on.year == today.year else "yMMMMEEEEd")
    if noted.due_at:
        return _("Due on %(date)s, %(time)s") % {"date": due, "time": saying.clock(noted.due_at)}
    if noted.opens_on >= noted.due_on:
        return _("Due on %(date)s") % {"date": due}
    if noted.opens_on <= today:
        return _("From now on, due by %(date)s") % {"date": due}
    opens = saying.day(noted.opens_on, "MMMMEEEEd" if noted.opens_on.year == today.year else "yMMMMEEEEd")
    return _("On Today from %(opens)s, due by %(due)s") % {"opens": opens, "due": due}


def promise_read(request: HttpRequest) -> HttpResponse:
    """What a line is understood as, while it is typed."""
    if request.user.role not in ROLES:
        raise Http404
    text = (request.GET.get("promise") or request.GET.get("text") or "")[:300]
    today = request.user.today()
    window = read(text, today=today) if text.strip() else None
    context = {"words": window_words(window, today) if window else "", "typed": bool(text.strip())}
    return render(request, "interactions/promise_read.html", context)


def promise_note(request: HttpRequest) -> HttpResponse:
    """Note a promise heard in passing. "Name: words" of Today's line finds the client by itself."""
    if request.user.role not in ROLES:
        raise Http404
    number, text = request.GET.get("client", ""), request.GET.get("text", "")[:400].strip()
    if not number:
        return _whose(request, text)
    client = editable_client(request, number)
    today = client.branch.today()
    back = way_back(request, reverse("client-detail", args=[client.number]))
    form = forms.PromiseForm(request.POST or None, today=today, initial={"text": text})
    if request.method == "POST" and form.is_valid():
        try:
            promise = services.note_promise(
                actor=request.user,
                client=client,
                noted=form.cleaned_data["noted"],
                submission=form.cleaned_data["submission"],
            )
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            said = _("Noted for %(name)s. %(window)s.") % {
                "name": client.name,
                "window": window_words(promise, today),
            }
            tell(request, said, undo_url=reverse("promise-undo", args=[promise.pk]))
            return go(request, back)
    window = read(text, today=today) if text else None
    return client_form(
        request,
        client,
        form=form,
        title=_("Note a promise"),
        save=_("Note it"),
        back=back,
        below="interactions/promise_read.html",
        words=window_words(window, today) if window else "",
        typed=bool(text),
    )


def _whose(request: HttpRequest, text: str) -> HttpResponse:
    """Whose promise it is: the name before a colon, else a search of one's own."""
    name, colon, words = text.partition(":" if ":" in text else "：")
    if not colon:
        name, words = "", text
    query = request.GET.get("q", name).strip()
    rows = []
    if query:
        found = Client.objects.editable_by(request.user).served().matching(query)
        rows = list(found.select_related("tier").defer("search", "document_number").by_name()[:8])
        audit.record(
            actor=request.user,
            act=AuditEntry.Act.SEARCH,
            detail=mask_digits(clean_line(query)),
            count=len(rows),
        )
    if colon and len(rows) == 1:
        return go(request, _note_url(request, rows[0], words))
    context = {
        "rows": [(client, _note_url(request, client, words)) for client in rows],
        "text": words.strip(),
        "q": query,
        "back": way_back(request, reverse("today")),
    }
    return render(request, "interactions/promise_whose.html", context)


def _note_url(request: HttpRequest, client: Client, words: str) -> str:
    query = QueryDict(mutable=True)
    query.update(
        {"client": client.number, "text": words.strip(), "next": way_back(request, reverse("today"))}
    )
    return f"{reverse('promise-note')}?{query.urlencode()}"


def _promise(request: HttpRequest, pk: int) -> Promise:
    return editable(request, Promise.objects.select_related("client"), pk=pk)


def promise_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    promise = _promise(request, pk)
    form = forms.WithdrawForm(request.POST or None)
    back = way_back(request, reverse("client-detail", args=[promise.client.number]))
    if request.method == "POST" and form.is_valid():
        try:
            services.withdraw_promise(actor=request.user, promise=promise, reason=form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("The promise is withdrawn."))
            return go(request, back)
    return client_form(
        request,
        promise.client,
        form=form,
        title=_("Withdraw a promise"),
        save=_("Withdraw it"),
        back=back,
        said=promise.text,
    )


@require_POST
def promise_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one's own promise just noted."""
    promise = _promise(request, pk)
    if promise.noted_by_id != request.user.pk:
        raise PermissionDenied
    services.withdraw_promise(actor=request.user, promise=promise, reason=_("Undone by its author"))
    tell(request, _("Promise of %(name)s taken back.") % {"name": promise.client.name})
    return go(request, way_back(request, reverse("client-detail", args=[promise.client.number])))


# -- service cases ---------------------------------------------------------------------------------


def case_list(request: HttpRequest) -> HttpResponse:
    """Open cases of one's clients, what is due first; or those that ended."""
    user = request.user
    if user.role not in ROLES:
        raise Http404
    show = request.GET.get("show", "")
    rows = ServiceCase.objects.visible_to(user).select_related("client__tier", "client__branch", "opened_by")
    rows = rows.defer("client__search", "client__document_number")
    if show == "closed":
        rows, keys = rows.exclude(closed_at=None), ("-opened_at", "-id")
    else:
        rows, keys = rows.open(), ("due_at", "id")
    page = keyset(rows, keys=keys, size=25, cursor=request.GET.get("cursor", ""))
    now = timezone.now()
    shown = [_case_row(user, case, now) for case in page.rows]
    return render(
        request, "interactions/cases.html", {"page": page, "rows": shown, "show": show, "today": user.today()}
    )


def _case_row(user, case: ServiceCase, now) -> dict:
    due = timezone.localtime(case.due_at, user.zone) if case.due_at else None
    return {
        "case": case,
        "name": shown_name(user, case.client),
        "native": shown_native(user, case.client),
        "text": shown_words(user, case.text),
        "is_late": case.is_open and case.due_at < now,
        "when": saying.due(due.date(), user.today(), due.time()) if due and case.is_open else "",
    }


def case_open(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    form = forms.CaseForm(request.POST or None)
    back = way_back(request, reverse("client-tab", args=[number, "service"]))
    if request.method == "POST" and form.is_valid():
        try:
            case = services.open_case(actor=request.user, client=client, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Case opened: first step by %(when)s.") % {"when": saying.exact(case.due_at)})
            return go(request, back)
    return client_form(
        request,
        client,
        form=form,
        title=_("Open a case"),
        save=_("Open it"),
        back=back,
    )


CASES = ServiceCase.objects.select_related("client__branch", "client__tier", "opened_by")


def case_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One case with its steps; the next step is written here."""
    user = request.user
    if not user.may_see_identities:
        raise PermissionDenied
    is_sent = request.method == "POST"
    case = editable(request, CASES, pk=pk) if is_sent else get_object_or_404(CASES.visible_to(user), pk=pk)
    may_edit = is_sent or ServiceCase.objects.editable_by(user).filter(pk=pk).exists()
    # What was typed stays on the page, even where a colleague has closed the case meanwhile.
    form = forms.StepForm(request.POST or None, case=case) if is_sent or (may_edit and case.is_open) else None
    if form is not None and is_sent and form.is_valid():
        try:
            services.take_step(actor=user, case=case, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Written down."))
            return go(request, reverse("case-detail", args=[pk]))
    context = {
        **_case_row(user, case, timezone.now()),
        "form": form,
        "steps": case.steps.select_related("by").order_by("at", "pk"),
        "owed": CaseStep.Step(cases.next_step(case)).label if case.is_open else "",
        "may_edit": may_edit,
        "today": user.today(),
        "client": case.client,
        "money": _money(case),
    }
    return render(request, "interactions/case.html", context, status=shown_status(request))


def _money(case: ServiceCase) -> dict | None:
    """What the client had with us before the case, what is there now, and what became of it, in words."""
    zone = case.client.branch.zone
    opened_on = timezone.localtime(case.opened_at, zone).date()
    found = recovery_of(case.client, opened_on)
    if found is None:
        return None
    if not found.fell:
        said = _("Nothing was taken away since.")
    elif found.came_back_on is not None:
        said = _("It was whole again on %(date)s.") % {"date": saying.day(found.came_back_on)}
    else:
        said = _("It is not whole again.")
    codes = sorted({*found.before, *found.now}, key=lambda code: -found.before.get(code, 0))
    return {
        "said": said,
        "is_whole": not found.fell or found.came_back_on is not None,
        "before_on": found.before_on,
        "now_on": found.now_on,
        "rows": [
            (code, found.before.get(code), found.lowest.get(code), found.now.get(code)) for code in codes
        ],
    }


def case_close(request: HttpRequest, pk: int) -> HttpResponse:
    case = editable(request, CASES, pk=pk)
    form = forms.CloseCaseForm(request.POST or None)
    back = way_back(request, reverse("case-detail", args=[pk]))
    if request.method == "POST" and form.is_valid():
        try:
            services.close_case(actor=request.user, case=case, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Case closed."), undo_url=reverse("case-reopen", args=[pk]))
            return go(request, back)
    return client_form(
        request, case.client, form=form, title=_("Close the case"), save=_("Close it"), back=back
    )


@require_POST
def case_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    case = editable(request, CASES, pk=pk)
    try:
        services.reopen_case(actor=request.user, case=case)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("The case is open again."))
    return go(request, reverse("case-detail", args=[pk]))


# -- referrals -------------------------------------------------------------------------------------


def referral_list(request: HttpRequest) -> HttpResponse:
    """Clients led to me, clients I led to others; a supervisor sees those of the branches."""
    user = request.user
    if user.role not in ROLES:
        raise Http404
    rows = Referral.objects.visible_to(user).select_related("client__tier", "specialist", "referred_by")
    rows = rows.defer("client__search", "client__document_number")
    open_rows = list(rows.filter(closed_at=None).order_by("referred_at", "pk")[:200])
    ended = list(rows.exclude(closed_at=None).order_by("-closed_at", "-pk")[:20])
    context = {
        "to_me": [row for row in open_rows if row.specialist_id == user.pk],
        "others": [row for row in open_rows if row.specialist_id != user.pk],
        "ended": ended,
        "today": user.today(),
    }
    return render(request, "interactions/referrals.html", context)


def referral_make(request: HttpRequest, number: str) -> HttpResponse:
    client = editable_client(request, number)
    form = forms.ReferralForm(request.POST or None, client=client, user=request.user)
    back = way_back(request, reverse("client-detail", args=[number]))
    if request.method == "POST" and form.is_valid():
        try:
            services.refer(actor=request.user, client=client, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(
                request,
                _("%(name)s sees the client from now on.") % {"name": form.cleaned_data["to"].name},
            )
            return go(request, back)
    return client_form(
        request,
        client,
        form=form,
        title=_("Lead to a specialist"),
        save=_("Lead the client there"),
        back=back,
    )


def _referral(request: HttpRequest, pk: int) -> Referral:
    rows = Referral.objects.select_related("client__branch", "specialist", "referred_by")
    return editable(request, rows, pk=pk)


@require_POST
def referral_accept(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        services.answer_referral(actor=request.user, referral=_referral(request, pk), accepts=True)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Accepted."))
    return go(request, reverse("referral-list"))


@require_POST
def referral_plan(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan was handed over today."""
    referral = _referral(request, pk)
    try:
        referrals.deliver_plan(actor=request.user, referral=referral, on=referral.client.branch.today())
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Plan delivered today."))
    return go(request, reverse("referral-list"))


def referral_end(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Decline with a reason, or finish with what came of it."""
    referral = _referral(request, pk)
    declines = what == "decline"
    form = forms.ReferralEndForm(request.POST or None, referral=referral, declines=declines)
    back = way_back(request, reverse("referral-list"))
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data["words"]
        try:
            if declines:
                services.answer_referral(actor=request.user, referral=referral, accepts=False, reason=words)
            else:
                services.finish_referral(actor=request.user, referral=referral, outcome=words)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Declined.") if declines else _("The referral has ended."))
            return go(request, back)
    return client_form(
        request,
        referral.client,
        form=form,
        title=_("Decline") if declines else _("End the referral"),
        save=_("Decline") if declines else _("End it"),
        back=back,
    )
