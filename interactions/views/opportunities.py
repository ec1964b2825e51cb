"""Opportunities: a board by stage and a list; raise, change, move, take back."""

from django.core.exceptions import ValidationError
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.models import Assignment
from clients.sight import shown_name, shown_native, shown_words
from clients.views.panels import client_form, editable_client
from common import saying
from common.pages import editable, go, panel_form, tell, way_back
from common.paging import keyset
from interactions import services
from interactions.forms.opportunities import MoveForm, OpportunityForm
from interactions.models import Opportunity, Stage
from interactions.models.opportunity import OPEN_STAGES
from interactions.services.opportunities import Interest, reopen_opportunity
from staff.models import User

ROLES = ("account_manager", "supervisor", "head_office")
A_STAGE = 50  # rows of one stage on the board; the list has all


def _visible(request: HttpRequest):
    if request.user.role not in ROLES:
        raise Http404
    rows = Opportunity.objects.visible_to(request.user)
    manager = request.GET.get("manager", "")
    if manager and request.user.role != "account_manager":
        held = Assignment.objects.filter(role="primary", to_on=None, manager__staff_number=manager)
        rows = rows.filter(client__in=held.values("client"))
    return rows


def opportunity_list(request: HttpRequest) -> HttpResponse:
    """The board of what is open, overdue next steps first; or everything as a list."""
    user = request.user
    rows = _visible(request)
    today = user.today()
    view = "list" if request.GET.get("view") == "list" else "board"
    related = rows.select_related("client__tier", "product").defer(
        "client__search", "client__document_number"
    )
    context: dict = {"view": view, "today": today, "may_move": user.role != "head_office"}
    if view == "list":
        show = request.GET.get("show", "open")
        wanted = {"won": Q(stage=Stage.WON), "lost": Q(stage=Stage.LOST), "all": Q()}.get(
            show, Q(closed_at=None)
        )
        page = keyset(
            related.filter(wanted), keys=("-raised_at", "-id"), size=25, cursor=request.GET.get("cursor", "")
        )
        context |= {"page": page, "rows": [_row(user, one, today) for one in page.rows], "show": show}
    else:
        context["stages"] = _board(user, related.open(), today)
    if user.role != "account_manager":
        context["managers"] = User.objects.visible_to(user).active().filter(role="account_manager")[:200]
        context["manager"] = request.GET.get("manager", "")
    late = rows.open().filter(next_on__lt=today).count()
    context["late"] = late
    context["open_count"] = rows.open().count()
    return render(request, "interactions/opportunities.html", context)


def _board(user, rows, today) -> list[dict]:
    sums: dict[str, list] = {stage: [] for stage in OPEN_STAGES}
    counts = dict.fromkeys(OPEN_STAGES, 0)
    for row in rows.order_by().values("stage", "currency").annotate(n=Count("pk"), total=Sum("amount")):
        counts[row["stage"]] += row["n"]
        if row["total"] is not None:
            sums[row["stage"]].append((row["currency"], row["total"]))
    return [
        {
            "code": stage,
            "name": Stage(stage).label,
            "count": counts[stage],
            "sums": sorted(sums[stage], key=lambda one: -one[1]),
            "rows": [_row(user, one, today) for one in rows.filter(stage=stage).overdue_first()[:A_STAGE]],
            "more": max(0, counts[stage] - A_STAGE),
            "on": [(code, Stage(code).label) for code in Stage.values if code != stage],
        }
        for stage in OPEN_STAGES
    ]


def _row(user, one: Opportunity, today) -> dict:
    return {
        "opportunity": one,
        "name": shown_name(user, one.client),
        "native": shown_native(user, one.client),
        "step": shown_words(user, one.next_step),
        "note": shown_words(user, one.note),
        "lost": shown_words(user, one.lost_reason),
        "when": saying.due(one.next_on, today) if one.is_open else "",
        "is_late": one.is_open and one.next_on < today,
    }


def opportunity_raise(request: HttpRequest, number: str) -> HttpResponse:
    """Write down an interest without logging a contact."""
    client = editable_client(request, number)
    asked = {name: request.GET.get(name, "") for name in ("product", "amount", "currency")}
    form = OpportunityForm(
        request.POST or None, client=client, initial={name: text for name, text in asked.items() if text}
    )
    back = way_back(request, reverse("client-tab", args=[number, "opportunities"]))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        data["stage"] = data["stage"] or Stage.INTEREST
        try:
            services.raise_opportunity(actor=request.user, client=client, interest=Interest(**data))
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Interest of %(name)s written down.") % {"name": client.name})
            return go(request, back)
    return client_form(
        request,
        client,
        form=form,
        title=_("An interest to follow"),
        save=_("Write it down"),
        back=back,
    )


def _opportunity(request: HttpRequest, pk: int) -> Opportunity:
    rows = Opportunity.objects.select_related("client__branch", "client__tier", "product")
    return editable(request, rows, pk=pk)


def opportunity_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Product, amount, next step; and the stages it went through."""
    one = _opportunity(request, pk)
    initial = {
        "product": one.product_id,
        "kind": "" if one.product_id else one.kind,
        "amount": one.amount,
        "currency": one.currency,
        "note": one.note,
        "next_step": one.next_step,
        "next_on": one.next_on,
        "suitability_reason": one.suitability_reason,
    }
    form = OpportunityForm(request.POST or None, client=one.client, opportunity=one, initial=initial)
    back = way_back(request, reverse("opportunity-list"))
    if request.method == "POST" and form.is_valid():
        try:
            services.change_opportunity(actor=request.user, opportunity=one, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(
                request,
                _("Changed: %(what)s for %(name)s.") % {"what": one.what, "name": one.client.name},
            )
            return go(request, back)
    return client_form(
        request,
        one.client,
        form=form,
        title=one.what,
        save=_("Save"),
        back=back,
        below="interactions/stages.html",
        stages=one.stages.select_related("by").order_by("at", "pk"),
        today=request.user.today(),
    )


def opportunity_move(request: HttpRequest, pk: int, stage: str) -> HttpResponse:
    """Enter a stage; each asks for what it needs: a day, a reason, a purchase."""
    if stage not in Stage.values:
        raise Http404
    one = _opportunity(request, pk)
    form = MoveForm(request.POST or None, opportunity=one, stage=stage)
    back = way_back(request, reverse("opportunity-list"))
    if request.method == "POST" and form.is_valid():
        data = {**form.cleaned_data, "stage": stage}
        try:
            services.move_opportunity(actor=request.user, opportunity=one, **data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            said = {
                Stage.WON: _("Won: %(what)s for %(name)s."),
                Stage.LOST: _("Lost: %(what)s for %(name)s."),
            }.get(Stage(stage), _("Moved on: %(what)s for %(name)s."))
            undo = reverse("opportunity-reopen", args=[pk]) if stage in (Stage.WON, Stage.LOST) else ""
            tell(request, said % {"what": one.what, "name": one.client.name}, undo_url=undo)
            return go(request, back)
    nothing = stage == Stage.WON and not form.fields["purchase"].queryset.exists()
    return panel_form(
        request,
        form=form,
        title=str(Stage(stage).label),
        save="" if nothing else _("Save"),
        back=back,
        sub=_("%(what)s for %(name)s") % {"what": one.what, "name": one.client.name},
        heed=[_("No purchase since then is known yet; it comes with the next export.")] if nothing else [],
    )


@require_POST
def opportunity_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    one = _opportunity(request, pk)
    try:
        reopen_opportunity(actor=request.user, opportunity=one, next_on=one.next_on or request.user.today())
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, _("Open again: %(what)s for %(name)s.") % {"what": one.what, "name": one.client.name})
    return go(request, way_back(request, reverse("opportunity-list")))
