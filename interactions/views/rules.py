"""The bank's rules of reminding, for administrators."""

from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from clients.models import Tier
from common.pages import go, panel_form, tell
from interactions.forms.rules import RuleForm
from interactions.models import ReminderRule, Source
from interactions.services.rules import drop_rule, set_rule
from interactions.sources import SOURCES
from staff.models import Role


def _only_administrators(request: HttpRequest) -> None:
    if request.user.role != Role.ADMINISTRATOR:
        raise Http404


def rule_list(request: HttpRequest) -> HttpResponse:
    """Every source with the rule that holds for all tiers, and those of single tiers beneath."""
    _only_administrators(request)
    rules: dict[str, list[ReminderRule]] = {}
    for rule in ReminderRule.objects.select_related("tier").order_by("-tier__rank"):
        rules.setdefault(rule.source, []).append(rule)
    rows = []
    for source in SOURCES:
        own = rules.get(source.code, [])
        general = next((rule for rule in own if rule.tier_id is None), None)
        url = reverse("rule-change", args=[source.code])
        rows.append(
            {
                "url": url,
                "name": Source(source.code).label,
                "general": general or source.usual,
                "is_usual": general is None,
                "tiers": [
                    (rule, f"{url}?{urlencode({'tier': rule.tier.code})}")
                    for rule in own
                    if rule.tier is not None
                ],
            }
        )
    return render(request, "interactions/rules.html", {"rows": rows})


def rule_change(request: HttpRequest, source: str) -> HttpResponse:
    """How one source reminds; `tier` in the address is the tier whose rule it is."""
    _only_administrators(request)
    one = next((one for one in SOURCES if one.code == source), None)
    if one is None:
        raise Http404
    wanted = request.GET.get("tier", "")
    tier = get_object_or_404(Tier, code=wanted) if wanted else None
    rule = ReminderRule.objects.filter(source=source, tier=tier).first()
    shown = rule or ReminderRule.objects.filter(source=source, tier=None).first() or one.usual
    initial = {
        "tier": wanted,
        "is_on": shown.is_on,
        "lead_days": shown.lead_days,
        "severity": shown.severity,
        "escalate_after_days": shown.escalate_after_days,
    }
    form = RuleForm(request.POST or None, initial=initial)
    back = reverse("rule-list")
    if request.method == "POST" and form.is_valid():
        try:
            set_rule(actor=request.user, source=source, **form.cleaned_data)
        except ValidationError as error:
            form.add_service_errors(error)
        else:
            tell(request, _("Holds from the next morning on."))
            return go(request, back)
    drops = (
        {"remove": _("Drop this rule"), "remove_url": reverse("rule-drop", args=[rule.pk])} if rule else {}
    )
    title = str(Source(source).label)
    return panel_form(request, form=form, title=title, save=_("Save"), back=back, **drops)


@require_POST
def rule_drop(request: HttpRequest, pk: int) -> HttpResponse:
    _only_administrators(request)
    drop_rule(actor=request.user, rule=get_object_or_404(ReminderRule, pk=pk))
    tell(request, _("The rule is dropped."))
    return go(request, reverse("rule-list"))
