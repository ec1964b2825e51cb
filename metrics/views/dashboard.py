"""The dashboard: how many clients were reached, by whom, compared with when; and who is behind a figure."""

import json
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clients.models import Client
from clients.sight import shown_name, shown_native
from common import audit, saying
from common.exports import as_csv, as_xlsx
from common.models import AuditEntry
from common.paging import PAGE_SIZES, keyset
from interactions.models import Contact
from interactions.querysets import WRITTEN
from metrics import behind, querysets, tables, words
from metrics.definitions import SHARE
from metrics.figures import divided
from metrics.forms import YEAR, ClientsForm, ScopeForm
from metrics.periods import Kind, Period, PeriodError, add_months, month_end
from metrics.reports import (
    BRANCH,
    MANAGER,
    NotInScope,
    Report,
    Row,
    Scope,
    nobody,
    report,
    reports,
    scope_for,
)
from staff.models import Branch, Role

QUICK = ("contact_achievement", "contact_attempts", "reach_per_attempt")
MONTHS_SHOWN = 13
LONGEST_BY_DAY = 62
NOBODY_SHOWN = 5
BAR = 72


@dataclass
class Asked:
    """What a request asks for, once it is known to be the person's to see."""

    form: ScopeForm
    scope: Scope
    period: Period
    before: Period
    by: str
    today: date
    branches: list[Branch]

    def query(self, **changes: str | None) -> str:
        """The address of the same question, changed in places."""
        params = {
            name: str(self.form.data.get(name, "")) for name in self.form.fields if self.form.data.get(name)
        }
        params |= {name: value or "" for name, value in changes.items()}
        return urlencode({name: value for name, value in params.items() if value})


def _asked(request: HttpRequest, form_class: type[ScopeForm] = ScopeForm) -> Asked:
    """Raises PermissionDenied for roles without figures, Http404 outside the person's scope."""
    try:
        scope = scope_for(
            request.user,
            branch=request.GET.get("branch", "").strip(),
            manager=request.GET.get("manager", "").strip(),
            campaign=request.GET.get("campaign", "").strip(),
        )
    except NotInScope:
        raise Http404 from None
    branches = list(Branch.objects.branches_of(request.user).order_by("name"))
    choices = [(branch.code, branch.name) for branch in branches] if len(branches) > 1 else []
    today = scope.today()
    try:
        own = scope.own_period()
    except PeriodError:  # a campaign that has not begun
        own = None
    form = form_class(request.GET, today=today, branches=choices, own=own)
    form.is_valid()
    period = form.asked()
    before = period.year_before() if form.cleaned_data.get("compare") == YEAR else period.previous()
    return Asked(form, scope, period, before, _rows_by(request.user, form, scope, branches), today, branches)


def _rows_by(user, form: ScopeForm, scope: Scope, branches: list[Branch]) -> str:
    """Head office reads branches until it has chosen one without others below; everyone else reads managers."""
    wanted = form.cleaned_data.get("rows")
    if wanted:
        return str(wanted)
    if user.role != Role.HEAD_OFFICE or scope.manager:
        return MANAGER
    return BRANCH if _below(scope, branches) else MANAGER


def _below(scope: Scope, branches: list[Branch]) -> int:
    """How many branches lie below the scope's."""
    if scope.branch is None:
        return len(branches)
    return sum(scope.branch.pk in branch.path for branch in branches) - 1


# -- the page --------------------------------------------------------------------------------------


def dashboard(request: HttpRequest) -> HttpResponse:
    asked = _asked(request)
    now = report(asked.scope, asked.period, asked.by, QUICK)
    late = querysets.past_ideal(asked.scope.selection, asked.by, asked.today)
    total, rows = _line(now.total, now, sum(late.values()), asked), _lines(now, late, asked)
    context = {
        **_frame(request, asked),
        "total": total,
        "rows": rows,
        "lines": [*rows, total] if len(rows) > 1 else rows,
        "tracks": tables.by_track(),
        "by_branch": asked.by == BRANCH,
    }
    return render(request, "metrics/dashboard.html", context, status=400 if asked.form.errors else 200)


def _frame(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    """What the page and its parts have in common: title and scope line."""
    said = words.of_period(asked.period, asked.today)
    manager = asked.scope.manager
    own = asked.scope.campaign is None and manager is not None and manager.pk == request.user.pk
    kind = asked.form.cleaned_data.get("period")
    return {
        "asked": asked,
        "form": asked.form,
        "title": _("Your book, %(period)s") % {"period": said}
        if own
        else _("%(scope)s, %(period)s") % {"scope": asked.scope.group.name, "period": said},
        "own": own,
        "below": _below(asked.scope, asked.branches) if asked.scope.branch else 0,
        "period_words": dict(Kind.choices)[kind] if kind and kind != Kind.DATES else said,
        "before_words": words.compared_with(asked.period, asked.before, asked.today),
        "query": asked.query(),
    }


@dataclass
class Line:
    """One row of the table, ready to show."""

    name: str
    url: str
    clients: int
    reached: int
    not_reached: int
    share: float | None
    attempts: str
    per_attempt: str
    late: int
    is_late: bool
    width: str
    mark: str
    clients_url: str
    reached_url: str
    not_reached_url: str
    bar: str = ""
    row_class: str = ""


def _lines(now: Report, late: dict[int | None, int], asked: Asked) -> list[Line]:
    """Most late first; then those furthest behind."""
    made = [_line(row, now, late.get(row.key, 0), asked, sum(late.values())) for row in now.rows]
    return sorted(made, key=lambda line: (-line.late, line.share or 0, line.name))


def _line(row: Row, now: Report, late: int, asked: Asked, late_in_all: int | None = None) -> Line:
    achievement = row.figures["contact_achievement"]
    clients, reached = achievement.denominator or 0, achievement.numerator or 0
    whole = now.total.figures["contact_achievement"]
    is_total = row is now.total
    target = {} if is_total else tables.target_of(row)

    def drill(figure: str) -> str:
        return _clients_url(asked, figure, **target)

    # Red is for the few: whoever has twice the lateness of the whole.
    usual = divided(late_in_all, whole.denominator) or 0
    return Line(
        name=row.group.name,
        url=""
        if is_total or "of" in target
        else f"{reverse('dashboard')}?{asked.query(**target, rows=None)}",
        clients=clients,
        reached=reached,
        not_reached=clients - reached,
        share=achievement.value,
        attempts=words.shown(row.figures["contact_attempts"], "count"),
        per_attempt=words.shown(row.figures["reach_per_attempt"], SHARE),
        late=late,
        is_late=not is_total and late > 2 and late >= 2 * usual * clients,
        width=f"{(achievement.value or 0) * BAR:.1f}",
        mark="" if is_total or whole.value is None else f"{min(whole.value * BAR, BAR - 1.5):.1f}",
        clients_url=drill("population"),
        reached_url=drill("reached"),
        not_reached_url=drill("not_reached"),
        bar="acc" if is_total else "",
        row_class="total" if is_total else "",
    )


def _clients_url(asked: Asked, figure: str, **changes: str | None) -> str:
    """Where the clients behind a figure are listed."""
    return f"{reverse('dashboard-clients')}?{asked.query(**changes, figure=figure, cursor=None)}"


# -- the heavier half, loaded after the page -----------------------------------------------------------


def dashboard_month(request: HttpRequest) -> HttpResponse:
    """What came of the contacts by row; figures against two other periods, by day, by month; who waits longest."""
    asked = _asked(request)
    periods = [asked.period, asked.period.previous(), asked.period.year_before()]
    made = reports(asked.scope, periods, asked.by)
    months = reports(asked.scope, _months_until(asked.period), keys=QUICK)
    reached = made[0].total.figures["contact_achievement"]
    before = made[2 if asked.form.cleaned_data.get("compare") == YEAR else 1]
    context = {
        **_frame(request, asked),
        "heads": [words.short(period, asked.today) for period in periods],
        **tables.by_rows(made[0], made[1], partial(_clients_url, asked)),
        "tracks": tables.against_periods(made, partial(_clients_url, asked)),
        "months": [
            {
                "name": saying.day(month.period.from_on, "yMMMM"),
                "url": f"{reverse('dashboard')}?{asked.query(**_dates(month.period))}",
                "achievement": month.total.figures["contact_achievement"],
                "attempts": month.total.figures["contact_attempts"],
                "per_attempt": month.total.figures["reach_per_attempt"],
            }
            for month in months
        ],
        "month_chart": json.dumps(_month_chart(months)),
        # The page's first sentence ends with this; it comes with the second half, so that the table is quick.
        "difference": words.difference(
            reached,
            before.total.figures["contact_achievement"],
            words.compared_with(asked.period, asked.before, asked.today),
        ),
        "days": _days(asked, made),
        "waiting": _waiting(request.user, asked),
        "waiting_count": (reached.denominator or 0) - (reached.numerator or 0),
        "waiting_query": asked.query(figure="not_reached"),
        "nobody": nobody().name,
    }
    template = "metrics/months.html" if request.htmx else "metrics/months_page.html"
    return render(request, template, context)


def _months_until(period: Period) -> list[Period]:
    """The thirteen calendar months that end with the period's last; this one so far."""
    first = period.to_on.replace(day=1)
    starts = [add_months(first, -count) for count in range(MONTHS_SHOWN - 1, -1, -1)]
    return [Period(start, min(month_end(start), period.to_on), month_end(start)) for start in starts]


def _dates(period: Period) -> dict[str, str]:
    return {"period": Kind.DATES, "from_on": period.from_on.isoformat(), "to_on": period.asked_to.isoformat()}


def _month_chart(months: list[Report]) -> dict[str, Any]:
    shares = [month.total.figures["contact_achievement"].value for month in months]
    return {
        "kind": "months",
        "labels": [saying.day(month.period.from_on, "MMM") for month in months],
        "values": [None if share is None else round(share * 100, 1) for share in shares],
    }


def _days(asked: Asked, made: list[Report]) -> dict[str, Any] | None:
    """The share reached, cumulated by day, now and before; None for periods too long to read by day."""
    longest = (asked.period.asked_to - asked.period.from_on).days + 1
    if longest > LONGEST_BY_DAY:
        return None
    whole = [Period(p.period.from_on, p.period.asked_to, p.period.asked_to) for p in made]
    whole[0] = asked.period
    # The earlier lines run to the end of their month, each over the population of its own last day.
    totals = [made[0], *reports(asked.scope, whole[1:], keys=("contact_achievement",))]
    counts: list[dict[int, int]] = [{} for _window in whole]
    for row in querysets.first_reached(asked.scope.selection, whole):
        counts[row["win"]][row["day"]] = row["clients"]
    lines = []
    for number, (period, total, by_day) in enumerate(zip(whole, totals, counts, strict=True)):
        population = total.total.figures["contact_achievement"].denominator
        reached, values = 0, []
        for day in range(period.days()):
            reached += by_day.get(day, 0)
            share = divided(reached, population)
            values.append(None if share is None else round(share * 100, 1))
        name = words.short(period, asked.today) if number else _("Now")
        lines.append({"name": name, "role": ("now", "before", "year")[number], "values": values})
    table = [
        {"day": day + 1, "cells": [_percent_on(line["values"], day) for line in lines]}
        for day in range(max(len(line["values"]) for line in lines))
    ]
    return {
        "chart": json.dumps({"kind": "days", "days": longest, "lines": lines}),
        "heads": [line["name"] for line in lines],
        "table": table,
        "said": " ".join(
            _("%(name)s: %(share)s on the last day.")
            % {"name": line["name"], "share": saying.percent(line["values"][-1] / 100)}
            for line in lines
            if line["values"] and line["values"][-1] is not None
        ),
    }


def _percent_on(values: list[float | None], day: int) -> str:
    """The share on a day, in the table beside the chart; empty for a day that has not come."""
    if day >= len(values):
        return ""
    value = values[day]
    return "–" if value is None else saying.percent(value / 100)


def _waiting(user, asked: Asked) -> list[dict[str, Any]]:
    """The clients of the scope, visible to the person, whom nobody has reached in the period, longest first."""
    ids = querysets.clients_behind(asked.scope.selection, asked.period, "not_reached")
    visible = querysets.among(Client.objects.visible_to(user), ids)
    rows = visible.select_related("tier").with_manager().defer("search", "document_number")
    clients = list(querysets.longest_unreached(rows)[:NOBODY_SHOWN])
    attempts = _contacts_in(asked, clients)
    shown = []
    for client in clients:
        tried = sum(contact.direction == Contact.Direction.OUT for contact in attempts.get(client.pk, []))
        days, most = None, client.tier.maximum_days if client.tier else None
        if client.last_reached_at:
            days = (asked.today - timezone.localtime(client.last_reached_at, asked.scope.zone).date()).days
        shown.append(
            {
                "client": client,
                "name": shown_name(user, client),
                "native": shown_native(user, client),
                "days": _("never")
                if days is None
                else ngettext("%(count)s day", "%(count)s days", days) % {"count": saying.number(days)},
                "agreed": _("at most every %(days)s") % {"days": saying.number(most)} if most else "",
                "is_late": most is not None and (days is None or days > most),
                "attempts": ngettext("%(count)s attempt", "%(count)s attempts", tried)
                % {"count": saying.number(tried)}
                if tried
                else _("never tried"),
            }
        )
    return shown


# -- who is behind a figure ------------------------------------------------------------------------


def dashboard_clients(request: HttpRequest) -> HttpResponse:
    """The clients behind a figure that the person may see, and how many more there are."""
    asked = _asked(request, ClientsForm)
    if asked.form.errors:
        raise Http404
    figure = asked.form.cleaned_data["figure"] or "population"
    selection, scope_name = asked.scope.selection, asked.scope.group.name
    if asked.form.cleaned_data["of"] and selection.manager_id is None:
        selection = replace(selection, without_manager=True)
        scope_name = nobody().name
    ids = behind.clients_behind(selection, asked.period, figure)
    visible = querysets.among(Client.objects.visible_to(request.user), ids)
    counted, seen = querysets.count_of(ids), visible.count()
    page = keyset(
        visible.select_related("branch").with_manager().defer("search", "document_number"),
        keys=("sort_name", "id"),
        size=PAGE_SIZES[0],
        cursor=request.GET.get("cursor", ""),
    )
    contacts = _contacts_in(asked, page.rows)
    rows = [_behind(request.user, client, contacts.get(client.pk, [])) for client in page.rows]
    context = {
        **_frame(request, asked),
        "heading": tables.HEADINGS[figure] % {"period": words.of_period(asked.period, asked.today)},
        "whose": scope_name,
        "count": seen,
        "hidden": counted - seen,
        "rows": rows,
        "page": page,
    }
    return render(request, "metrics/clients.html", context)


def _contacts_in(asked: Asked, clients: list[Client]) -> dict[int, list[Contact]]:
    """The counted contacts of some clients in the period, newest first, by client."""
    found: dict[int, list[Contact]] = {}
    if not clients:
        return found
    ids = querysets.contacts_of(asked.scope.selection, asked.period, [client.pk for client in clients])
    rows = querysets.among(Contact.objects.counted(), ids)
    for contact in rows.select_related("staff").latest_first():
        found.setdefault(contact.client_id, []).append(contact)
    return found


def _behind(user, client: Client, contacts: list[Contact]) -> dict[str, Any]:
    reached = next((contact for contact in contacts if _has_reached(contact)), None)
    return {
        "client": client,
        "name": shown_name(user, client),
        "native": shown_native(user, client),
        "reached": reached,
        "attempts": sum(contact.direction == Contact.Direction.OUT for contact in contacts),
    }


def _has_reached(contact: Contact) -> bool:
    """As the query of the indicator has it: what was only sent reaches nobody."""
    sent = contact.direction == Contact.Direction.OUT and contact.channel in WRITTEN
    return contact.is_reached and not sent


# -- export and the line on Today --------------------------------------------------------------------


def dashboard_export(request: HttpRequest) -> HttpResponse:
    """The table as a file, with every indicator; who took it out is recorded."""
    asked = _asked(request)
    if asked.form.errors:
        raise Http404
    made = report(asked.scope, asked.period, asked.by, is_compared=False)
    head = [
        _("Name"),
        _("Code"),
        _("Clients"),
        _("Clients reached"),
        _("Share reached"),
        _("Attempts"),
        _("Reached attempts"),
        _("Reached per attempt"),
        _("Contacts recorded"),
        _("Within 24 hours"),
        _("Median hours until recorded"),
        _("90th percentile, hours"),
        *tables.columns(),
    ]
    lines = [_cells(row) for row in [*made.rows, made.total]]
    span = f"{asked.period.from_on}–{asked.period.to_on}"
    audit.record(
        actor=request.user,
        act=AuditEntry.Act.EXPORT,
        subject="dashboard",
        detail=f"{asked.scope.group.code or asked.scope.group.kind} {span}",
        count=len(lines),
    )
    write = as_csv if request.GET.get("format") == "csv" else as_xlsx
    return write(
        f"dashboard-{asked.period.from_on}-{asked.period.to_on}", [str(title) for title in head], lines
    )


def _cells(row: Row) -> list[Any]:
    achievement, attempts = row.figures["contact_achievement"], row.figures["contact_attempts"]
    reach, delay = row.figures["reach_per_attempt"], row.figures["recording_delay"]
    return [
        row.group.name,
        row.group.code or "",
        achievement.denominator,
        achievement.numerator,
        achievement.value,
        attempts.value,
        reach.numerator,
        reach.value,
        delay.denominator,
        delay.numerator,
        delay.value,
        delay.p90,
        *tables.cells_of(row),
    ]


def dashboard_own(request: HttpRequest) -> HttpResponse:
    """This month's figures in a few lines, for the side of Today."""
    asked = _asked(request)
    now, before = reports(asked.scope, [asked.period, asked.before], keys=QUICK)
    achievement = now.total.figures["contact_achievement"]
    context = {
        "achievement": achievement,
        "attempts": now.total.figures["contact_attempts"],
        "per_attempt": now.total.figures["reach_per_attempt"],
        "difference": words.difference(
            achievement,
            before.total.figures["contact_achievement"],
            words.compared_with(asked.period, asked.before, asked.today),
        ),
    }
    return render(request, "metrics/own.html", context)
