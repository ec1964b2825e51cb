"""Campaigns: the list, the plan with its costs, approval and launch, and how far it has come."""

from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.forms.campaigns import (
    CampaignForm,
    CostForm,
    ExtendForm,
    GroupsForm,
    MaterialForm,
    ReasonForm,
)
from campaigns.models import Campaign, CampaignGroup, CostLine, Event, Exclusion, Material, Target
from campaigns.rules import Known
from campaigns.services import acting, calling
from campaigns.services import campaigns as planning
from campaigns.services.launching import forecast, launch_campaign
from campaigns.services.segments import version_words
from common.pages import as_moment, as_number, editable, go, panel_form, tell, way_back
from common.paging import keyset

A_PAGE = 25
READERS = ("account_manager", "supervisor", "head_office")
State = Campaign.State
SHOWN = {
    "now": Q(state__in=(State.RUNNING, State.PAUSED, State.LAUNCHING)),
    "planned": Q(state__in=Campaign.PLANNING),
    "ended": Q(state=State.ENDED),
}


def only_readers(request: HttpRequest) -> None:
    if request.user.role not in READERS:
        raise Http404


def only_planners(request: HttpRequest) -> None:
    if request.user.role not in planning.MAY_PLAN:
        raise Http404


def seen(request: HttpRequest, code: str) -> Campaign:
    """The campaign of an address, as one may see it. Raises: Http404."""
    only_readers(request)
    rows = Campaign.objects.visible_to(request.user).select_related(
        "theme", "branch", "planned_by", "decided_by", "segment_version__segment"
    )
    return get_object_or_404(rows, code=code)


def changed(request: HttpRequest, code: str) -> Campaign:
    """The campaign of an address, as one may change it. Raises: Http404, PermissionDenied."""
    only_planners(request)
    return editable(
        request,
        Campaign.objects.select_related("theme", "branch", "segment_version__segment"),
        code=code,
    )


def campaign_list(request: HttpRequest) -> HttpResponse:
    """What runs, what is planned, what is over; of each how many of the clients in one's sight were reached."""
    only_readers(request)
    user, show = request.user, request.GET.get("show", "")
    rows = Campaign.objects.visible_to(user).standing()
    if show in SHOWN:
        rows = rows.filter(SHOWN[show])
    page = keyset(
        rows.select_related("branch", "theme"),
        keys=("-starts_on", "-id"),
        size=A_PAGE,
        cursor=request.GET.get("cursor", ""),
    )
    ids = [campaign.pk for campaign in page.rows]
    counted = (
        Target.objects.worked_by(user)
        .filter(campaign__in=ids, arm="treatment")
        .order_by()
        .values("campaign")
        .annotate(all=Count("pk"), said=Count("pk", filter=~Q(outcome="")))
    )
    counts = {row["campaign"]: row for row in counted}
    context = {
        "page": page,
        "rows": [
            {"campaign": campaign, "counts": counts.get(campaign.pk, {"all": 0, "said": 0})}
            for campaign in page.rows
        ],
        "show": show if show in SHOWN else "",
        "shows": [("now", _("Running")), ("planned", _("Planned")), ("ended", _("Ended"))],
        "may_plan": user.role in planning.MAY_PLAN,
    }
    return render(request, "campaigns/campaigns.html", context)


def campaign_add(request: HttpRequest) -> HttpResponse:
    only_planners(request)
    return _write(request, None)


def campaign_change(request: HttpRequest, code: str) -> HttpResponse:
    return _write(request, changed(request, code))


def _write(request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
    form = CampaignForm(request.POST or None, user=request.user, campaign=campaign)
    if request.method == "POST" and form.is_valid():
        try:
            row = planning.plan_campaign(actor=request.user, campaign=campaign, **form.planned())
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Saved: %(name)s.") % {"name": row.name})
            return go(request, reverse("campaign-detail", args=[row.code]))
    url = reverse("campaign-change", args=[campaign.code]) if campaign else reverse("campaign-add")
    return panel_form(
        request,
        form=form,
        title=campaign.name if campaign else _("Plan a campaign"),
        save=_("Save"),
        back=reverse("campaign-detail", args=[campaign.code]) if campaign else reverse("campaign-list"),
        url=url,
    )


def campaign_detail(request: HttpRequest, code: str) -> HttpResponse:
    """The plan, what it costs, what is at hand; once launched, how far each account manager has come."""
    user, campaign = request.user, seen(request, code)
    may_change = Campaign.objects.editable_by(user).filter(pk=campaign.pk).exists()
    version = campaign.segment_version
    known: Known = {}
    context = {
        "campaign": campaign,
        "today": user.today(),
        "products": list(campaign.products.all()),
        "channels": [
            str(dict(Target._meta.get_field("channel").choices).get(c, c)) for c in campaign.channels
        ],
        "responsible": list(campaign.responsible.all()),
        "said": version_words(version, known) if version is not None else "",
        "materials": list(campaign.materials.all()),
        "occasions": list(
            Event.objects.visible_to(user)
            .filter(campaign=campaign)
            .prefetch_related("wordings")
            .order_by("starts_at")
        ),
        "may_change": may_change,
        "read": as_number(campaign.asked_at) if campaign.asked_at else 0,
        "may_decide": campaign.state == State.WAITING and planning.may_decide(user, campaign),
        "shows_money": user.role in planning.MAY_PLAN,
    }
    if context["shows_money"]:
        context |= _money(campaign)
    if campaign.is_launched:
        context |= _how_far(campaign, user)
    return render(request, "campaigns/campaign.html", context)


def _money(campaign: Campaign) -> dict:
    lines = list(campaign.cost_lines.select_related("tier"))
    groups = list(campaign.groups.select_related("tier").order_by("-tier__rank"))
    by_tier = dict(
        campaign.targets.treated()
        .order_by()
        .values_list("tier")
        .annotate(n=Count("pk"))
        .values_list("tier", "n")
    )
    per_head = [
        {"group": group, "count": count, "amount": group.unit_cost * count}
        for group, count in _heads(groups, by_tier)
    ]
    totals = campaign.cost_lines.aggregate(planned=Sum("planned_amount"), actual=Sum("actual_amount"))
    # What a client costs is planned and spent alike once the list is frozen, as in the review (campaigns.costs).
    heads = sum(row["amount"] for row in per_head)
    is_known = totals["actual"] is not None or heads
    return {
        "lines": lines,
        "per_head": per_head,
        "planned_total": (totals["planned"] or 0) + heads,
        "actual_total": (totals["actual"] or 0) + heads if is_known else None,
    }


def _heads(groups: list[CampaignGroup], by_tier: dict[int | None, int]) -> list[tuple[CampaignGroup, int]]:
    """Each group of costs with its clients: who is in no group by tier is in that of all others."""
    named = {group.tier_id for group in groups if group.tier_id is not None}
    others = sum(count for tier, count in by_tier.items() if tier not in named)
    return [(group, others if group.tier_id is None else by_tier.get(group.tier_id, 0)) for group in groups]


def _how_far(campaign: Campaign, user) -> dict:
    rows = calling.progress(campaign, user)
    left_out = (
        Exclusion.objects.worked_by(user)
        .filter(campaign=campaign)
        .order_by()
        .values_list("reason")
        .annotate(n=Count("pk"))
        .order_by("-n")
    )
    outcomes = (
        Target.objects.worked_by(user)
        .filter(campaign=campaign, arm="treatment")
        .exclude(outcome="")
        .order_by()
        .values_list("outcome")
        .annotate(n=Count("pk"))
        .order_by("-n")
    )
    control = Target.objects.worked_by(user).filter(campaign=campaign, arm="control").count()
    return {
        "progress": rows,
        "all": sum(row.all for row in rows),
        "reached": sum(row.reached for row in rows),
        "open": sum(row.open for row in rows),
        "late": sum(row.late for row in rows),
        "control": control,
        "left_out": [(Exclusion.Reason(reason).label, count) for reason, count in left_out],
        "outcomes": [(code, Target.Outcome(code).label, count) for code, count in outcomes],
    }


def campaign_forecast(request: HttpRequest, code: str) -> HttpResponse:
    """How many a launch would take in today, and why the others are left out. Counted anew each time."""
    campaign = changed(request, code)
    found = forecast(campaign, request.user)
    control = round(campaign.control_share * found.expected)
    groups = list(campaign.groups.all())
    treated = Decimal(found.expected - control) / found.included if found.included else Decimal(0)
    heads = sum(group.unit_cost * count * treated for group, count in _heads(groups, found.by_tier))
    lines = campaign.cost_lines.aggregate(planned=Sum("planned_amount"))["planned"] or 0
    context = {
        "campaign": campaign,
        "forecast": found,
        "control": control,
        "contacted": found.expected - control,
        "cost": (lines + heads).quantize(Decimal(1)) if groups else None,
        "is_sample": found.looked_at < found.chosen,
        "reasons": [
            (Exclusion.Reason(reason).label, count)
            for reason, count in sorted(found.left_out.items(), key=lambda one: -one[1])
        ],
    }
    return render(request, "campaigns/forecast.html", context)


def _reason(request: HttpRequest, campaign: Campaign, *, title: str, save: str, do, required: bool, url: str):
    """A panel that asks why, and does it."""
    form = ReasonForm(request.POST or None, required=required)
    back = reverse("campaign-detail", args=[campaign.code])
    if request.method == "POST" and form.is_valid():
        try:
            do(form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return go(request, back)
    return panel_form(request, form=form, title=title, save=save, back=back, url=url)


@require_POST
def campaign_ask(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    return _done(
        request,
        campaign,
        lambda: planning.ask_approval(actor=request.user, campaign=campaign),
        _("It waits for approval: %(name)s."),
    )


@require_POST
def campaign_approve(request: HttpRequest, code: str) -> HttpResponse:
    campaign = seen(request, code)
    return _done(
        request,
        campaign,
        lambda: planning.decide_campaign(
            actor=request.user, campaign=campaign, approved=True, read_at=_read_at(request)
        ),
        _("Approved: %(name)s."),
    )


def _read_at(request: HttpRequest) -> datetime:
    """The moment of the asking that was read: without one, nothing was."""
    given = request.POST.get("read", "")
    return as_moment(int(given)) if given.isascii() and given.isdigit() and len(given) < 20 else as_moment(0)


def campaign_refuse(request: HttpRequest, code: str) -> HttpResponse:
    campaign = seen(request, code)
    if campaign.state != State.WAITING or not planning.may_decide(request.user, campaign):
        raise Http404
    return _reason(
        request,
        campaign,
        title=_("Refuse: %(name)s") % {"name": campaign.name},
        save=_("Refuse"),
        do=lambda why: planning.decide_campaign(
            actor=request.user, campaign=campaign, approved=False, reason=why
        ),
        required=True,
        url=reverse("campaign-refuse", args=[code]),
    )


@require_POST
def campaign_launch(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    return _done(
        request,
        campaign,
        lambda: launch_campaign(actor=request.user, campaign=campaign),
        _("Launched: %(name)s. Its list is frozen."),
    )


@require_POST
def campaign_resume(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    return _done(
        request,
        campaign,
        lambda: acting.resume_campaign(actor=request.user, campaign=campaign),
        _("It runs again: %(name)s."),
    )


@require_POST
def campaign_drop(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    try:
        planning.drop_campaign(actor=request.user, campaign=campaign)
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        said = _("Put aside: %(name)s.") % {"name": campaign.name}
        tell(request, said, undo_url=reverse("campaign-restore", args=[code]))
    return go(request, reverse("campaign-list"))


@require_POST
def campaign_restore(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    return _done(
        request,
        campaign,
        lambda: planning.restore_campaign(actor=request.user, campaign=campaign),
        _("Back on the list: %(name)s."),
    )


@require_POST
def campaign_clone(request: HttpRequest, code: str) -> HttpResponse:
    only_planners(request)
    row = planning.clone_campaign(actor=request.user, campaign=seen(request, code))
    tell(request, _("A copy as a draft: %(name)s.") % {"name": row.name})
    return go(request, reverse("campaign-change", args=[row.code]))


def _done(request: HttpRequest, campaign: Campaign, do, words: str) -> HttpResponse:
    """Do it and say so, or say why not."""
    try:
        do()
    except ValidationError as error:
        tell(request, " ".join(error.messages))
    else:
        tell(request, words % {"name": campaign.name})
    return go(request, reverse("campaign-detail", args=[campaign.code]))


def campaign_pause(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    return _reason(
        request,
        campaign,
        title=_("Pause: %(name)s") % {"name": campaign.name},
        save=_("Pause"),
        do=lambda why: acting.pause_campaign(actor=request.user, campaign=campaign, reason=why),
        required=False,
        url=reverse("campaign-pause", args=[code]),
    )


def campaign_end(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    return _reason(
        request,
        campaign,
        title=_("End: %(name)s") % {"name": campaign.name},
        save=_("End the campaign"),
        do=lambda why: acting.end_campaign(actor=request.user, campaign=campaign, reason=why),
        required=True,
        url=reverse("campaign-end", args=[code]),
    )


def _panel(request: HttpRequest, campaign: Campaign, *, form, title: str, do, url: str, remove_url: str = ""):
    """A panel over the campaign's page."""
    back = way_back(request, reverse("campaign-detail", args=[campaign.code]))
    if request.method == "POST" and form.is_valid():
        try:
            do()
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            return go(request, back)
    more = {"remove_url": remove_url, "remove": _("Take it off")} if remove_url else {}
    return panel_form(request, form=form, title=title, save=_("Save"), back=back, url=url, **more)


def campaign_extend(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    form = ExtendForm(request.POST or None, ends_on=campaign.ends_on)
    return _panel(
        request,
        campaign,
        form=form,
        title=_("A later last day"),
        do=lambda: acting.extend_campaign(actor=request.user, campaign=campaign, **form.cleaned_data),
        url=reverse("campaign-extend", args=[code]),
    )


def campaign_groups(request: HttpRequest, code: str) -> HttpResponse:
    campaign = changed(request, code)
    form = GroupsForm(request.POST or None, campaign=campaign)
    return _panel(
        request,
        campaign,
        form=form,
        title=_("What one client costs, %(currency)s") % {"currency": campaign.currency},
        do=lambda: planning.price_groups(actor=request.user, campaign=campaign, costs=form.costs()),
        url=reverse("campaign-groups", args=[code]),
    )


def campaign_cost(request: HttpRequest, code: str, pk: int = 0) -> HttpResponse:
    """Write down a cost (`pk` 0), or change one."""
    campaign = changed(request, code)
    line = get_object_or_404(CostLine, pk=pk, campaign=campaign) if pk else None
    form = CostForm(request.POST or None, line=line)
    return _panel(
        request,
        campaign,
        form=form,
        title=_("A cost, %(currency)s") % {"currency": campaign.currency},
        do=lambda: planning.write_cost(actor=request.user, campaign=campaign, line=line, **form.cleaned_data),
        url=reverse("campaign-cost", args=[code, pk]),
        remove_url=reverse("campaign-cost-drop", args=[code, pk]) if pk else "",
    )


@require_POST
def campaign_cost_drop(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    campaign = changed(request, code)
    line = get_object_or_404(CostLine.objects.select_related("campaign"), pk=pk, campaign=campaign)
    planning.drop_cost(actor=request.user, line=line)
    tell(request, _("Taken off: %(what)s.") % {"what": line.what})
    return go(request, reverse("campaign-detail", args=[code]))


def campaign_material(request: HttpRequest, code: str, pk: int = 0) -> HttpResponse:
    campaign = changed(request, code)
    row = get_object_or_404(Material, pk=pk, campaign=campaign) if pk else None
    initial = {"title": row.title, "text": row.text} if row else {}
    form = MaterialForm(request.POST or None, initial=initial)
    return _panel(
        request,
        campaign,
        form=form,
        title=_("To have at hand"),
        do=lambda: planning.write_material(
            actor=request.user, campaign=campaign, material=row, **form.cleaned_data
        ),
        url=reverse("campaign-material", args=[code, pk]),
        remove_url=reverse("campaign-material-drop", args=[code, pk]) if pk else "",
    )


@require_POST
def campaign_material_drop(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    campaign = changed(request, code)
    row = get_object_or_404(Material.objects.select_related("campaign"), pk=pk, campaign=campaign)
    planning.drop_material(actor=request.user, material=row)
    tell(request, _("Taken off: %(what)s.") % {"what": row.title})
    return go(request, reverse("campaign-detail", args=[code]))
