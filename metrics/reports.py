"""Scopes and reports: what page, command, API and export share. Nothing here is written anywhere.

Who may open a scope is decided here (own row, own branches, all); which client identities a person may
then read is decided by `Client.objects.visible_to`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Arm, Campaign
from campaigns.querysets import CampaignQuerySet
from common import saying
from metrics.definitions import BY_KEY, INDICATORS, Indicator, Query
from metrics.figures import Figure, compared
from metrics.periods import Period
from metrics.querysets import Selection
from staff.models import Branch, Role, User

MANAGER, BRANCH, MONTH, ARM = "manager", "branch", "month", "arm"
BY = (MANAGER, BRANCH, MONTH)
ROLES_WITH_FIGURES = (Role.ACCOUNT_MANAGER, Role.SUPERVISOR, Role.HEAD_OFFICE)


class NotInScope(LookupError):
    """A branch, manager or campaign that is absent, or not this person's: the two answer alike."""


@dataclass(frozen=True)
class Group:
    """What a row is about. `code` is a staff number, a branch or campaign code, a month (2026-03) or an arm."""

    kind: str
    code: str | None
    name: str

    def as_dict(self) -> dict[str, str | None]:
        return {"kind": self.kind, "code": self.code, "name": self.name}


@dataclass(frozen=True)
class Scope:
    """Whose clients are counted, and by which clock "today" is told."""

    group: Group
    selection: Selection
    zone: ZoneInfo
    branch: Branch | None = None
    manager: User | None = None
    campaign: Campaign | None = None

    def today(self) -> date:
        return timezone.localdate(timezone=self.zone)

    def own_period(self) -> Period | None:
        """The days of the scope's campaign, up to today; None without one. Raises PeriodError before its first day."""
        if self.campaign is None:
            return None
        return Period.asked(self.campaign.starts_on, self.campaign.ends_on, self.today())

    def arms(self) -> "Scope":
        """The same with both arms of its campaign, for reports by arm."""
        return replace(self, selection=replace(self.selection, arm=""))


@dataclass(frozen=True)
class Row:
    group: Group
    figures: dict[str, Figure]
    key: int | None = None  # the manager's or branch's id; None for clients without a manager, months, totals

    def as_dict(self) -> dict[str, Any]:
        return {
            "group": self.group.as_dict(),
            "indicators": {key: figure.as_dict() for key, figure in self.figures.items()},
        }


@dataclass(frozen=True)
class Report:
    """The figures of one scope and period. `total` is about the whole scope."""

    period: Period
    scope: Scope
    rows: list[Row]
    total: Row
    as_of: datetime = field(default_factory=timezone.now)

    def as_dict(self) -> dict[str, Any]:
        return {
            "period": {"from": self.period.from_on.isoformat(), "to": self.period.to_on.isoformat()},
            "scope": self.scope.group.as_dict(),
            "as_of": self.as_of.astimezone(ZoneInfo("UTC")).isoformat(timespec="seconds"),
            "rows": [row.as_dict() for row in self.rows],
        }


# -- scopes ----------------------------------------------------------------------------------------


def scope_for(user, *, branch: str = "", manager: str = "", campaign: str = "") -> Scope:
    """The scope a person asks for: their own by default, a part of it by branch code or staff number.

    account manager → the own row; supervisor → own branches; head office → everything. Of a campaign that the
    person may see: its targets in the same rows and branches, as frozen at launch.
    Raises: PermissionDenied for every other role (figures are not theirs at all); NotInScope for a branch,
    a manager or a campaign that is absent or outside.
    """
    if not getattr(user, "is_active", False) or getattr(user, "role", "") not in ROLES_WITH_FIGURES:
        raise PermissionDenied
    about = _campaign_in(campaign, Campaign.objects.visible_to(user))
    if user.role == Role.ACCOUNT_MANAGER:
        if branch or manager not in ("", user.staff_number):
            raise NotInScope
        return _scope(None, user, about)
    branches = Branch.objects.branches_of(user)
    if user.role == Role.SUPERVISOR and not user.branch_id:
        raise PermissionDenied
    place: Branch | None = user.branch if user.role == Role.SUPERVISOR else None
    if branch:
        place = branches.filter(code=branch).first()
        if place is None:
            raise NotInScope
    return _scope(place, _manager_in(manager, branches) if manager else None, about)


def scope_of_bank(*, branch: str = "", manager: str = "", campaign: str = "") -> Scope:
    """A scope for whoever runs commands on the server. Raises NotInScope for what is absent."""
    about = _campaign_in(campaign, Campaign.objects.all())
    place = Branch.objects.filter(code=branch).first() if branch else None
    person = User.objects.filter(staff_number=manager).first() if manager else None
    if (branch and place is None) or (manager and person is None):
        raise NotInScope
    return _scope(place, person, about)


def _campaign_in(code: str, campaigns: CampaignQuerySet) -> Campaign | None:
    found = campaigns.filter(code=code).first() if code else None
    if code and found is None:
        raise NotInScope
    return found


def _manager_in(staff_number: str, branches) -> User:
    """Somebody who works in one of the branches, or looks after a client of theirs."""
    found = (
        User.objects.filter(staff_number=staff_number)
        .filter(Q(branch__in=branches) | Q(assignments__client__branch__in=branches))
        .distinct()
        .first()
    )
    if found is None:
        raise NotInScope
    return found


def _scope(branch: Branch | None, manager: User | None, campaign: Campaign | None = None) -> Scope:
    selection = Selection(
        branch.pk if branch else None,
        manager.pk if manager else None,
        campaign_id=campaign.pk if campaign else None,
    )
    if manager is not None:
        group, zone = Group(MANAGER, manager.staff_number, manager.name), manager.zone
    elif branch is not None:
        group, zone = Group(BRANCH, branch.code, branch.name), branch.zone
    else:
        root = Branch.objects.filter(parent=None).order_by("pk").first()
        group, zone = Group("bank", None, settings.BANK_NAME), root.zone if root else ZoneInfo("UTC")
    if campaign is not None:
        group = Group("campaign", campaign.code, campaign.name)
    return Scope(group, selection, zone, branch, manager, campaign)


# -- reports ---------------------------------------------------------------------------------------


def report(
    scope: Scope,
    period: Period,
    by: str = "",
    keys: Sequence[str] | None = None,
    *,
    is_compared: bool = True,
) -> Report:
    """Every indicator (or those named) of a scope and period.

    `by` empty: one row, the scope. By manager or branch: a row each, clients without a manager a row of
    their own, in order of name. By month: a row each month, every one with its own population. By arm: of a
    campaign, a row for those contacted and one for those left alone (`Scope.arms`).
    """
    if by == MONTH:
        periods = [period, *period.months()]
        whole, *months = reports(scope, periods, keys=keys, is_compared=is_compared)
        rows = [Row(month_group(month.period), month.total.figures) for month in months]
        return Report(period, scope, rows, whole.total)
    return reports(scope, [period], by, keys, is_compared=is_compared)[0]


def reports(
    scope: Scope,
    periods: Sequence[Period],
    by: str = "",
    keys: Sequence[str] | None = None,
    *,
    is_compared: bool = False,
) -> list[Report]:
    """The same for several periods at once: one query for each query of the registry, however many.

    Where `is_compared`, figures that carry the period before and the year before get them, each over its own
    population.
    """
    indicators = INDICATORS if keys is None else [BY_KEY[key] for key in keys]
    asked = list(dict.fromkeys(periods))
    around = [other for period in asked for other in (period, period.previous(), period.year_before())]
    found: dict[Query, dict[tuple[Period, Any], dict[str, Any]]] = {}
    for query in {query: None for indicator in indicators for query in indicator.queries}:
        carries = is_compared and any(i.is_compared for i in indicators if query in i.queries)
        windows = list(dict.fromkeys(around)) if carries else asked
        found[query] = {
            (windows[row["win"]], "total" if row["is_total"] else row["of_group"]): row
            for row in query(scope.selection, windows, by)
        }

    def figure(indicator: Indicator, period: Period, key: Any) -> Figure:
        row: dict[str, Any] = {}
        for query in indicator.queries:
            row |= found[query].get((period, key), {})
        return indicator.figure(row)

    def figures(period: Period, key: Any) -> dict[str, Figure]:
        made = {indicator.key: figure(indicator, period, key) for indicator in indicators}
        for indicator in indicators:
            if is_compared and indicator.is_compared:
                others = (
                    figure(indicator, other, key) for other in (period.previous(), period.year_before())
                )
                made[indicator.key] = compared(made[indicator.key], *others)
        return made

    present: dict[Period, set[Any]] = {period: set() for period in asked}
    for rows_of_query in found.values():
        for period, key in rows_of_query:
            if key != "total" and period in present:
                present[period].add(key)
    groups = _groups(by, set().union(*present.values()))
    made = []
    for period in periods:
        total = Row(scope.group, figures(period, "total"))
        rows = [Row(group, figures(period, key), key) for key, group in groups if key in present[period]]
        made.append(Report(period, scope, rows if by else [total], total))
    return made


def month_group(period: Period) -> Group:
    return Group(MONTH, f"{period.from_on:%Y-%m}", saying.day(period.from_on, "yMMMM"))


def nobody() -> Group:
    return Group(MANAGER, None, _("Without an account manager"))


def _groups(by: str, keys: Iterable[int | None]) -> list[tuple[int | None, Group]]:
    """Names of managers or branches by id, in order; clients without a manager last."""
    wanted = {key for key in keys if key is not None}
    named: list[tuple[int | None, Group]] = []
    if by == MANAGER:
        people = (
            User.objects.filter(pk__in=wanted)
            .order_by("name", "pk")
            .values_list("pk", "staff_number", "name")
        )
        named = [(pk, Group(MANAGER, number, name)) for pk, number, name in people]
        if None in set(keys):
            named.append((None, nobody()))
    elif by == BRANCH:
        places = Branch.objects.filter(pk__in=wanted).order_by("name", "pk").values_list("pk", "code", "name")
        named = [(pk, Group(BRANCH, code, name)) for pk, code, name in places]
    elif by == ARM:
        named = [(place, Group(ARM, arm, str(arm.label))) for place, arm in enumerate(Arm) if place in wanted]
    return named


def indicators_of(report: Report) -> list[Indicator]:
    return [BY_KEY[key] for key in report.total.figures]
