"""Courtesies: planned in a panel, taken on step by step; what waits for the supervisor, with sum and limit."""

from decimal import Decimal
from urllib.parse import urlencode

import pghistory
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.sight import shown_name, shown_native, shown_words
from clients.views.panels import client_form, saved
from common import saying
from common.pages import editable, go, tell, way_back
from common.paging import keyset
from interactions import services, words
from interactions.forms.courtesies import CourtesyForm, DecideForm
from interactions.models import Action, Courtesy
from interactions.services.courtesies import CHANGEABLE, STEPS, State, Weighed, undo_courtesy_step, weigh
from staff.models import Role

OPEN = (State.PLANNED, State.WAITING, State.APPROVED)


def courtesy(request: HttpRequest, pk: int) -> HttpResponse:
    """The courtesy of an action: planned, or changed where there is one."""
    rows = Action.objects.select_related("client__branch", "client__tier", "theme", "courtesy__decided_by")
    action = editable(request, rows, pk=pk)
    found = getattr(action, "courtesy", None)
    found = None if found is not None and found.state in (State.REFUSED, State.WITHDRAWN) else found
    tier = action.client.tier
    currency = tier.threshold_currency if tier else settings.REPORTING_CURRENCY
    initial = {name: getattr(found, name) for name in CHANGEABLE} if found else {"currency": currency}
    form = CourtesyForm(request.POST or None, initial=initial)
    back = way_back(request, reverse("client-tab", args=[action.client.number, "plan"]))
    if request.method == "POST" and form.is_valid():
        try:
            if found is None:
                kept = services.plan_courtesy(actor=request.user, action=action, **form.cleaned_data)
            else:
                kept = services.change_courtesy(actor=request.user, courtesy=found, changes=form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            said = words.courtesy(kept, is_done=False)
            return saved(
                request, f"{action.client.name}. {said}", back, undo_url=_undo_new(found, kept, back)
            )
    may_change = found is None or found.state in OPEN
    refused = getattr(action, "courtesy", None)
    return client_form(
        request,
        action.client,
        form=form,
        title=_("Courtesy"),
        save=_("Save") if may_change else "",
        back=back,
        template="interactions/courtesy.html",
        may_change=may_change,
        courtesy=found,
        said_so_far=words.courtesy(refused, action.state == Action.State.DONE) if refused else "",
        decision=refused.reason if refused and refused.decided_by else "",
        decided_by=refused.decided_by.name if refused and refused.decided_by else "",
        weighed=_limit_words(
            weigh(found or Courtesy(action=action, year=action.due_on.year, currency=currency))
        ),
        steps=[
            (name, reverse("courtesy-step", args=[found.pk, step]))
            for step, name in _steps().items()
            if found.state in STEPS[step]
        ]
        if found
        else [],
    )


def _undo_new(found: Courtesy | None, kept: Courtesy, back: str) -> str:
    """A courtesy that was planned this moment is taken back by withdrawing it."""
    if found is not None:
        return ""
    return f"{reverse('courtesy-step', args=[kept.pk, State.WITHDRAWN])}?{urlencode({'next': back})}"


def _steps() -> dict[State, str]:
    return {
        State.ORDERED: _("It is ordered"),
        State.GIVEN: _("It was given"),
        State.WITHDRAWN: _("Withdraw it"),
    }


def _limit_words(weighed: Weighed) -> str:
    """What the client's year holds against the limit."""
    if weighed.limit is None:
        return _(
            "There is no limit for this client: whatever costs something needs the supervisor's approval."
        )
    return _("This year %(currency)s %(spent)s of %(limit)s are planned or given otherwise.") % {
        "currency": weighed.currency,
        "spent": saying.amount(weighed.spent, cents=True),
        "limit": saying.amount(weighed.limit, cents=True),
    }


def _courtesy(request: HttpRequest, pk: int) -> Courtesy:
    rows = Courtesy.objects.select_related("action__client__branch", "action__client__tier", "asked_by")
    return editable(request, rows, pk=pk)


@require_POST
def courtesy_step(request: HttpRequest, pk: int, to: str) -> HttpResponse:
    """Ordered, given or withdrawn."""
    if to not in STEPS:
        raise Http404
    found = _courtesy(request, pk)
    client = found.action.client
    back = way_back(request, reverse("client-tab", args=[client.number, "plan"]))
    try:
        found = services.take_courtesy_step(actor=request.user, courtesy=found, to=to)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
        return go(request, back)
    said = words.courtesy(found, is_done=False) or _("Courtesy withdrawn.")
    with pghistory.context() as act:
        query = urlencode({"act": act.id, "next": back})
    undo_url = f"{reverse('courtesy-undo', args=[found.pk])}?{query}"
    return saved(request, f"{client.name}. {said}", back, undo_url=undo_url)


@require_POST
def courtesy_undo(request: HttpRequest, pk: int) -> HttpResponse:
    found = _courtesy(request, pk)
    try:
        undo_courtesy_step(actor=request.user, courtesy=found, act=request.GET.get("act", ""))
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("As it was: %(name)s.") % {"name": found.action.client.name})
    return go(request, way_back(request, reverse("today")))


def courtesy_list(request: HttpRequest) -> HttpResponse:
    """What waits for the supervisor's decision, the oldest first, with what the year holds and the limit."""
    user = request.user
    if user.role != Role.SUPERVISOR:
        raise Http404
    rows = Courtesy.objects.visible_to(user).waiting()
    rows = rows.select_related("action__client__tier", "action__client__branch", "action__theme", "asked_by")
    rows = rows.defer("action__client__search", "action__client__document_number")
    page = keyset(rows, keys=("asked_at", "id"), size=25, cursor=request.GET.get("cursor", ""))
    today, spent = user.today(), _spent(page.rows)
    context = {
        "page": page,
        "today": today,
        "rows": [
            {
                "courtesy": row,
                "name": shown_name(user, row.action.client),
                "native": shown_native(user, row.action.client),
                "what": shown_words(user, row.what),
                "reason": words.reason(words.shown_about(user, row.action), today),
                "why": _why(
                    weigh(
                        row,
                        spent.get((row.action.client_id, row.year, _limits_in(row)), Decimal(0)) - _own(row),
                    )
                ),
                "is_mine": row.asked_by_id == user.pk,
            }
            for row in page.rows
        ],
    }
    return render(request, "interactions/courtesies.html", context)


def _limits_in(row: Courtesy) -> str:
    tier = row.action.client.tier
    return tier.threshold_currency if tier else ""


def _own(row: Courtesy) -> Decimal:
    """What of the sum is this one itself."""
    return row.cost if row.currency == _limits_in(row) else Decimal(0)


def _spent(rows: list[Courtesy]) -> dict[tuple[int, int, str], Decimal]:
    """What counts of the clients of some courtesies, by client, year and currency: one question for the page."""
    counted = Courtesy.objects.counting().filter(action__client__in=[row.action.client_id for row in rows])
    sums = counted.values("action__client", "year", "currency").order_by().annotate(sum=Sum("cost"))
    return {(row["action__client"], row["year"], row["currency"]): row["sum"] for row in sums}


def _why(weighed: Weighed) -> str:
    """Why it needs a decision: no limit, another currency, or above the limit with what is there already."""
    if weighed.limit is None:
        return _("There is no gift limit for this client.")
    limit = {
        "currency": weighed.currency,
        "limit": saying.amount(weighed.limit, cents=True),
        "spent": saying.amount(weighed.spent, cents=True),
        "sum": saying.amount(weighed.spent + weighed.cost, cents=True),
    }
    if weighed.cost_currency != weighed.currency:
        return (
            _("Another currency than the limit's: %(currency)s %(spent)s of %(limit)s this year so far.")
            % limit
        )
    return _("%(currency)s %(spent)s this year so far, %(sum)s with this; the limit is %(limit)s.") % limit


def courtesy_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or refuse, with words."""
    found = _courtesy(request, pk)
    if request.user.role != Role.SUPERVISOR or found.asked_by_id == request.user.pk:
        raise PermissionDenied
    form = DecideForm(request.POST or None)
    back = way_back(request, reverse("courtesy-list"))
    if request.method == "POST" and form.is_valid():
        try:
            found = services.decide_courtesy(actor=request.user, courtesy=found, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            approved = found.state == State.APPROVED
            said = _("Approved: %(name)s.") if approved else _("Refused: %(name)s.")
            return saved(request, said % {"name": found.action.client.name}, back)
    said = f"{saying.choice(found, 'kind')}{': ' if found.what else ''}{found.what}"
    return client_form(
        request,
        found.action.client,
        form=form,
        title=_("Courtesy"),
        save=_("Decide"),
        back=back,
        said=said,
        heed=[_why(weigh(found))],
    )
