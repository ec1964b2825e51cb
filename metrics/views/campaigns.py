"""What a campaign came to: both arms side by side, buyers week by week, what was sold and what it cost."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Campaign
from common import audit, saying
from common.exports import as_csv, as_xlsx
from common.models import AuditEntry
from metrics import words
from metrics.campaigns import FEWEST, ArmFigures, Review, review
from metrics.definitions import BY_KEY
from metrics.figures import Figure
from metrics.periods import Period, PeriodError
from metrics.reports import NotInScope, Scope, scope_for
from metrics.tables import Cell, cell_of
from staff.models import Role


def campaign_review(request: HttpRequest, code: str) -> HttpResponse:
    """Both arms of a campaign side by side, for the clients of it in the person's scope."""
    scope, campaign = _scope(request, code)
    made = _review(scope, campaign)
    context: dict[str, Any] = {"campaign": campaign, "scope": scope, "empty": _empty(made, campaign)}
    if made is not None:
        context |= _shown(made, campaign, request)
    return render(request, "metrics/campaign_review.html", context)


def _scope(request: HttpRequest, code: str) -> tuple[Scope, Campaign]:
    """404 for a campaign that is absent or hidden, and for whoever has no figures at all."""
    asked = {name: request.GET.get(name, "").strip() for name in ("branch", "manager")}
    try:
        scope = scope_for(request.user, campaign=code, **asked)
    except (NotInScope, PermissionDenied):
        raise Http404 from None
    if scope.campaign is None:
        raise Http404
    return scope, scope.campaign


def _review(scope: Scope, campaign: Campaign) -> Review | None:
    """The summing-up; None where there is nothing yet to sum up."""
    try:
        period = scope.own_period()
    except PeriodError:
        return None
    return review(scope, period) if period and campaign.is_launched else None


def _empty(made: Review | None, campaign: Campaign) -> str:
    """Why there is nothing to show; empty where there is."""
    if not campaign.is_launched:
        return _("This campaign has not been launched: its clients are chosen and frozen then.")
    if made is None:
        return _("This campaign begins on %(day)s.") % {"day": saying.day(campaign.starts_on)}
    if not made.treated.clients and not made.control.clients:
        return _("No client of this campaign stood in your scope when it was launched.")
    return ""


# -- as a page ---------------------------------------------------------------------------------------


@dataclass
class Line:
    """A figure of both arms, ready to show."""

    name: str
    treated: Cell
    control: Cell
    difference: str = ""
    note: str = ""


PER = {
    "invited": lambda: _("client invited"),
    "attending": lambda: _("client attending"),
    "reached": lambda: _("client reached"),
    "buyer": lambda: _("buyer"),
}


def _shown(made: Review, campaign: Campaign, request: HttpRequest) -> dict[str, Any]:
    names = [_("Campaign"), _("Control")]
    arms = [made.treated, made.control] if made.control.clients else [made.treated]
    weeks = made.weeks()
    return {
        "review": made,
        "said": _verdict(made, campaign),
        "caution": _caution(made),
        "days": words.of_period(made.period, made.scope.today()),
        "part": _part(made, request),
        "products": saying.listed(
            list(dict.fromkeys(one.product for one in made.treated.sold if one.is_named))
        ),
        "shows_costs": _shows_costs(request),
        "lines": list(_lines(made)),
        "sold": made.treated.sold,
        "clients_url": _behind(made, "population"),
        "dashboard_url": f"{reverse('dashboard')}?{urlencode({'campaign': campaign.code})}",
        "chart": json.dumps(_chart(made, names, arms)),
        "chart_said": " ".join(
            _("%(name)s: %(share)s on the last day.") % {"name": name, "share": _tenths(arm.conversion)}
            for name, arm in zip(names, arms, strict=False)
        ),
        "arm_names": names[: len(arms)],
        "weeks": [
            {
                "day": day,
                "cells": [(arm.bought_by_week[week], _tenths(arm.by_week()[week])) for arm in arms],
            }
            for week, day in enumerate(weeks)
        ],
        "groups": [
            {"name": made.tiers.get(one.group.tier) or _("No tier"), "cost": one}
            for one in made.costs.groups
            if one.group.is_inside
        ],
        "per": list(_per(made)),
        "over": made.costs.whole.actual - campaign.budget if campaign.budget else None,
    }


def _verdict(made: Review, campaign: Campaign) -> str:
    """The first sentence, marked up: what is found, and what it is held against."""
    if campaign.objective == Campaign.Objective.RELATIONSHIP:
        reached, enriched = (
            made.treated.figures["contact_achievement"],
            made.treated.figures["new_information"],
        )
        said = _(
            "<b>%(share)s of the campaign’s clients were reached</b>, and %(other)s of their files enriched."
        )
        return saying.marked(said, share=_tenths(reached.value), other=_tenths(enriched.value))
    share = _tenths(made.treated.conversion)
    if not made.control.clients:
        return saying.marked(_("<b>%(share)s of the campaign’s clients bought</b>."), share=share)
    said = _("<b>%(share)s of the campaign’s clients bought, against %(other)s</b> in the control group.")
    return saying.marked(said, share=share, other=_tenths(made.control.conversion))


def _caution(made: Review) -> str:
    """What may not be read out of the first sentence."""
    if not made.control.clients:
        return _("There is no control group, so no effect can be claimed.")
    if not made.is_comparable:
        return ngettext(
            "There is fewer than %(count)s client in an arm: no effect can be claimed.",
            "There are fewer than %(count)s clients in an arm: no effect can be claimed.",
            FEWEST,
        ) % {"count": FEWEST}
    return _("Two figures side by side are not yet an effect: chance alone sets them apart too.")


def _part(made: Review, request: HttpRequest) -> str:
    """Whose clients of the campaign these are, where they are not all of them."""
    scope = made.scope
    if scope.manager is not None:
        own = scope.manager.pk == request.user.pk
        return _("of it in your book") if own else _("of it with %(name)s") % {"name": scope.manager.name}
    if scope.branch is not None and made.is_part:
        own = scope.branch.pk == request.user.branch_id
        return (
            _("of it in your branches") if own else _("of it in %(branch)s") % {"branch": scope.branch.name}
        )
    return ""


def _tenths(share: float | None) -> str:
    return "–" if share is None else saying.tenths(share)


def _behind(made: Review, figure: str) -> str:
    """Where the contacted clients behind a figure are listed."""
    scope = made.scope
    asked = {
        "campaign": scope.group.code or "",
        "branch": scope.branch.code if scope.branch else "",
        "manager": scope.manager.staff_number if scope.manager else "",
        "figure": figure,
    }
    return (
        f"{reverse('dashboard-clients')}?{urlencode({name: value for name, value in asked.items() if value})}"
    )


def _lines(made: Review) -> Iterator[Line]:
    treated, control = made.treated, made.control

    def shares(name: str, key: str, figure: str, note: str = "", *, is_alike: bool = False) -> Line:
        ours, theirs = treated.figures[key], control.figures[key]
        # Contacts are counted by another rule in each arm: how far they lie apart would say nothing.
        apart = words.points(ours.value, theirs.value) if is_alike and control.clients else ""
        cells = [_share(one) for one in (ours, theirs)]
        cells[0].url = _behind(made, figure) if ours.numerator else ""
        return Line(name, cells[0], cells[1], apart, note)

    def money(name: str, key: str, ours: Figure, theirs: Figure, note: str = "") -> Line:
        cells = [cell_of(one, BY_KEY[key]) for one in (ours, theirs)]
        cells[0].url = _behind(made, key) if ours.amounts else ""
        return Line(name, cells[0], cells[1], note=note)

    facts = treated.figures["facts_gained"]
    yield shares(
        _("Reached"),
        "contact_achievement",
        "reached",
        _("in the campaign’s contacts; in the control group, in any"),
    )
    yield shares(
        _("Files enriched"),
        "new_information",
        "new_information",
        _("%(learnt)s facts learnt, %(corrected)s corrected")
        % {"learnt": saying.number(facts.learnt or 0), "corrected": saying.number(facts.corrected or 0)},
    )
    yield Line(
        _("Interests voiced"),
        *(_counted(made, arm, "opportunities_raised") for arm in (treated, control)),
        note=_("in the campaign’s products") if any(one.is_named for one in treated.sold) else "",
    )
    yield shares(_("Followed up in time"), "follow_up", "follow_up", is_alike=True)
    yield Line(
        _("Next step past its day"), *(_counted(made, arm, "follow_up_overdue") for arm in (treated, control))
    )
    others = treated.buyers - treated.sold_to
    yield Line(
        _("Bought a campaign product"),
        *(_bought(arm) for arm in (treated, control)),
        difference=words.points(treated.conversion, control.conversion) if control.clients else "",
        note=ngettext(
            "the purchase of %(count)s counts for another campaign",
            "the purchases of %(count)s count for another campaign",
            others,
        )
        % {"count": saying.number(others)}
        if others > 0
        else "",
    )
    yield money(_("Sales"), "sales", treated.sales, control.sales)
    by_buyers = treated.brought_by_buyers
    yield money(
        _("Net new money"),
        "net_new_money",
        treated.brought,
        control.brought,
        _("from those who bought: %(amounts)s")
        % {
            "amounts": saying.listed(
                [f"{one.currency} {saying.amount(one.amount)}" for one in by_buyers.amounts or ()]
            )
        }
        if by_buyers.amounts
        else "",
    )
    currency = treated.brought.total.currency if treated.brought.total else ""
    yield Line(
        _("Change of assets per client, %(currency)s") % {"currency": currency},
        _changed(treated),
        _changed(control),
        difference=words.signed_amount(treated.change - control.change)
        if treated.change is not None and control.change is not None
        else "–",
        note=_("where a balance is known at both ends"),
    )


def _share(figure: Figure) -> Cell:
    if not figure.denominator:
        return Cell("–")
    values = {"part": saying.number(figure.numerator or 0), "whole": saying.number(figure.denominator)}
    return Cell(saying.tenths(figure.value or 0), [_("%(part)s of %(whole)s") % values])


def _counted(made: Review, arm: ArmFigures, key: str) -> Cell:
    cell = cell_of(arm.figures[key], BY_KEY[key])
    if arm is made.treated and arm.figures[key].value:
        cell.url = _behind(made, key)
    return cell


def _bought(arm: ArmFigures) -> Cell:
    return _share(Figure(arm.conversion, arm.buyers, arm.clients))


def _changed(arm: ArmFigures) -> Cell:
    values = {"count": saying.number(arm.known), "clients": saying.number(arm.clients)}
    return Cell(
        "–" if arm.change is None else words.signed_amount(arm.change),
        [
            ngettext("%(count)s of %(clients)s client", "%(count)s of %(clients)s clients", arm.clients)
            % values
        ],
    )


def _chart(made: Review, names: list[str], arms: list[ArmFigures]) -> dict[str, Any]:
    return {
        "kind": "weeks",
        "labels": [saying.day(day, "MMMd") for day in made.weeks()],
        "lines": [
            {"name": name, "values": [None if one is None else round(one * 100, 1) for one in arm.by_week()]}
            for name, arm in zip(names, arms, strict=False)
        ],
    }


def _per(made: Review) -> Iterator[dict[str, Any]]:
    for code, count, cost in made.costs_per():
        if code == "new_money":
            name = _("1,000 of new money")
            shown = "–" if count is None else saying.amount(count / 1000)
        else:
            name, shown = PER[code](), saying.number(count or 0)
        yield {"name": name, "count": shown, "cost": cost}


# -- as a file ---------------------------------------------------------------------------------------


def campaign_review_export(request: HttpRequest, code: str) -> HttpResponse:
    """Every figure of the page as a line of a file; who took it out is recorded."""
    scope, campaign = _scope(request, code)
    made = _review(scope, campaign)
    if made is None:
        raise Http404
    head = [_("Figure"), _("Of"), _("Value"), _("Out of"), _("Currency")]
    lines = list(_cells(made, campaign, with_costs=_shows_costs(request)))
    audit.record(
        actor=request.user,
        act=AuditEntry.Act.EXPORT,
        subject="campaign-review",
        detail=f"{campaign.code} {_span(made.period)}",
        count=len(lines),
    )
    write = as_csv if request.GET.get("format") == "csv" else as_xlsx
    return write(f"review-{campaign.code}", head, lines)


def _span(period: Period) -> str:
    return f"{period.from_on}–{period.to_on}"


def _shows_costs(request: HttpRequest) -> bool:
    """Costs and budget are for those who plan campaigns."""
    return request.user.role != Role.ACCOUNT_MANAGER


def _cells(made: Review, campaign: Campaign, *, with_costs: bool) -> Iterator[list[Any]]:
    for name, arm in ((_("Campaign"), made.treated), (_("Control"), made.control)):
        yield [_("Clients"), name, arm.clients, None, ""]
        for key, figure in arm.figures.items():
            yield [str(BY_KEY[key].name), name, figure.value, figure.denominator, ""]
        yield [_("Bought a campaign product"), name, arm.buyers, arm.clients, ""]
        for title, money in ((_("Sales"), arm.sales), (_("Net new money"), arm.brought)):
            for one in money.amounts or ():
                yield [title, name, one.amount, one.count, one.currency]
        currency = arm.brought.total.currency if arm.brought.total else ""
        yield [_("Change of assets per client"), name, arm.change, arm.known, currency]
        for week, day in enumerate(made.weeks()):
            title = _("Buyers in the week from %(day)s and before") % {"day": day.isoformat()}
            yield [title, name, arm.bought_by_week[week], arm.clients, ""]
    for sold in made.treated.sold:
        for one in sold.sales.amounts or ():
            yield [_("Sold"), sold.product, one.amount, sold.buyers, one.currency]
    if not with_costs:
        return
    for group in made.costs.groups:
        if group.group.is_inside:
            tier = made.tiers.get(group.group.tier) or _("No tier")
            yield [_("Cost planned"), tier, group.cost.planned, group.clients, campaign.currency]
            yield [_("Cost spent"), tier, group.cost.actual, group.clients, campaign.currency]
    yield [_("Cost planned"), _("Together"), made.planned(), None, campaign.currency]
    yield [_("Cost spent"), _("Together"), made.spent(), None, campaign.currency]
    for code, count, cost in made.costs_per():
        title = PER[code]() if code in PER else _("1,000 of new money")
        yield [_("Cost per"), title, cost, count, campaign.currency]
