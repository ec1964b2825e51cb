"""Figures as tables: by track against other periods, by manager or branch, and as columns of a file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from common import saying
from metrics import words
from metrics.definitions import BY_KEY, INDICATORS, MONEY, SHARE, TRACKS, Indicator
from metrics.figures import Figure, Part, Sum, divided, grown
from metrics.reports import BRANCH, Report, Row
from portfolio.models import Product

BAR = 72
# Which clients stand behind a figure (see metrics.behind), and what they are called.
CLIENTS_OF = {
    "contact_achievement": "reached",
    "contact_attempts": "attempted",
    "promises_kept": "promises",
    **{
        key: key
        for key in (
            "repetition",
            "agreement_breaches",
            "facts_gained",
            "new_information",
            "opportunities_raised",
            "follow_up",
            "follow_up_open",
            "follow_up_overdue",
            "sales",
            "net_new_money",
            "aum",
            "maturity_retention",
            "overdue",
            "neglected",
        )
    },
}
HEADINGS: dict[str, str | Promise] = {
    "population": gettext_lazy("Clients, %(period)s"),
    "reached": gettext_lazy("Clients reached, %(period)s"),
    "not_reached": gettext_lazy("Clients not reached, %(period)s"),
    "attempted": gettext_lazy("Clients we tried to reach, %(period)s"),
    "repetition": gettext_lazy("Clients told the same again too soon, %(period)s"),
    "agreement_breaches": gettext_lazy("Clients contacted outside their agreement, %(period)s"),
    "facts_gained": gettext_lazy("Clients about whom something was learnt, %(period)s"),
    "new_information": gettext_lazy("Clients reached whose files were enriched, %(period)s"),
    "opportunities_raised": gettext_lazy("Clients who voiced an interest, %(period)s"),
    "follow_up": gettext_lazy("Clients whose interest was not followed up in time, %(period)s"),
    "follow_up_open": gettext_lazy("Clients with an open opportunity at the end, %(period)s"),
    "follow_up_overdue": gettext_lazy("Clients with a next step past its day at the end, %(period)s"),
    "promises": gettext_lazy("Clients to whom a promise was not kept, %(period)s"),
    "overdue": gettext_lazy("Clients past their ideal interval at the end, %(period)s"),
    "neglected": gettext_lazy("Clients past their maximum interval at the end, %(period)s"),
    "sales": gettext_lazy("Clients who bought, %(period)s"),
    "net_new_money": gettext_lazy("Clients with money from or to other banks, %(period)s"),
    "aum": gettext_lazy("Clients with a known balance at the end, %(period)s"),
    "maturity_retention": gettext_lazy("Clients whose matured money was not kept, or not yet, %(period)s"),
}


def by_track(indicators: Sequence[Indicator] = INDICATORS) -> list[tuple[str | Promise, list[Indicator]]]:
    """The indicators under the names of their tracks, in order."""
    found = [(name, [one for one in indicators if one.track == track]) for track, name in TRACKS.items()]
    return [(name, members) for name, members in found if members]


# -- against other periods -------------------------------------------------------------------------


@dataclass
class Cell:
    """A value with the lines beneath it; `url` leads to the clients behind it."""

    value: str
    notes: Sequence[str] = ()
    sums: Sequence[Sum] = ()
    url: str = ""


@dataclass
class Line:
    """One figure, or (`is_part`) one part of the figure above it."""

    name: str | Promise
    cells: list[Cell]
    unit: str = ""
    is_part: bool = False


def against_periods(made: Sequence[Report], drill: Callable[[str], str]) -> list[dict[str, Any]]:
    """Every figure of several periods, the first of which is the one asked for, under its track."""
    return [
        {"name": name, "lines": [line for one in members for line in _lines(made, one, drill)]}
        for name, members in by_track()
    ]


def _lines(made: Sequence[Report], indicator: Indicator, drill: Callable[[str], str]) -> list[Line]:
    figures = [report.total.figures[indicator.key] for report in made]
    cells = [cell_of(figure, indicator) for figure in figures]
    if indicator.key in CLIENTS_OF and _has_clients(figures[0]):
        cells[0].url = drill(CLIENTS_OF[indicator.key])
    unit = _("learnt · corrected") if indicator.key == "facts_gained" else ""
    found = [Line(indicator.name, cells, unit)]
    if figures[0].by_age is not None:
        names = {"0-7": _("up to 7 days"), "8-30": _("8 to 30 days"), "31-90": _("31 to 90 days")}
        parts = [{part.code: part for part in figure.by_age or ()} for figure in figures]
        for age in parts[0]:
            counted = [Cell(saying.number(by_age[age].count)) for by_age in parts]
            found.append(Line(names.get(age, _("more than 90 days")), counted, is_part=True))
    if figures[0].by_kind is not None:
        parts = [{part.code: part for part in figure.by_kind or ()} for figure in figures]
        for kind, name in Product.Kind.choices:
            if any(kind in by_kind for by_kind in parts):
                sold = [Cell("", sums=_sums(by_kind.get(kind))) for by_kind in parts]
                found.append(Line(name, sold, is_part=True))
    return found


def _sums(part: Part | None) -> tuple[Sum, ...]:
    return part.amounts if part else ()


def cell_of(figure: Figure, indicator: Indicator) -> Cell:
    """A value, and beneath it the counts, percentiles or amounts it stands on."""
    if indicator.unit == MONEY:
        if figure.value is None:
            return Cell("–", _counted(figure, indicator))
        sums = figure.amounts or (Sum(figure.currency or "", Decimal(0), 0),)
        return Cell("", [*_together(figure), *_counted(figure, indicator)], sums)
    if figure.by_currency is not None:
        return Cell(words.shown(figure, indicator.unit), _kept(figure))
    if figure.learnt is not None and figure.corrected is not None:
        return Cell(f"{saying.number(figure.learnt)} · {saying.number(figure.corrected)}")
    shown = words.shown(figure, indicator.unit)
    if indicator.unit == SHARE and figure.denominator and indicator.key != "completeness":
        return Cell(shown, [_part(figure)])
    if figure.p90 is not None and figure.share is not None:
        nine_of_ten = _("nine of ten within %(hours)s") % {"hours": words.hours(figure.p90)}
        return Cell(
            shown, [nine_of_ten, _("%(share)s within a day") % {"share": saying.percent(figure.share)}]
        )
    if figure.amounts:
        return Cell(shown, [*(_said(one.currency, one.amount) for one in figure.amounts), *_together(figure)])
    return Cell(shown)


def _has_clients(figure: Figure) -> bool:
    return figure.value is not None or bool(figure.amounts)


def _said(currency: str, amount: Decimal) -> str:
    return f"{currency} {saying.amount(amount)}"


def _counted(figure: Figure, indicator: Indicator) -> list[str]:
    """How many purchases, movements or clients an amount is about."""
    count = int(figure.value or 0)
    values = {"count": saying.number(count)}
    if indicator.key == "sales":
        return [ngettext("%(count)s purchase", "%(count)s purchases", count) % values]
    if indicator.key == "net_new_money":
        return [ngettext("%(count)s movement", "%(count)s movements", count) % values]
    values["clients"] = saying.number(figure.denominator or 0)
    many = figure.denominator or 0
    return [ngettext("%(count)s of %(clients)s client", "%(count)s of %(clients)s clients", many) % values]


def _together(figure: Figure) -> list[str]:
    """What other currencies come to in the reporting currency, and beside it what has no rate."""
    total = figure.total
    if total is None or all(one.currency == total.currency for one in figure.amounts or ()):
        return []
    notes = []
    if total.amount is not None:
        notes.append(_("together %(amount)s") % {"amount": _said(total.currency, total.amount)})
    if total.unconverted:
        amounts = saying.listed([_said(one.currency, one.amount) for one in total.unconverted])
        notes.append(_("without a rate: %(amounts)s") % {"amounts": amounts})
    return notes


def _kept(figure: Figure) -> list[str]:
    """What was kept of what matured, in each currency, and of how much nobody knows yet."""
    notes = []
    for one in figure.by_currency or ():
        values = {"part": _said(one.currency, one.kept), "whole": saying.amount(one.matured)}
        notes.append(_("%(part)s of %(whole)s") % values)
        if one.unknown:
            notes.append(_("not settled: %(amount)s") % {"amount": _said(one.currency, one.unknown)})
    return notes


def _part(figure: Figure) -> str:
    return _("%(part)s of %(whole)s") % {
        "part": saying.number(figure.numerator or 0),
        "whole": saying.number(figure.denominator or 0),
    }


# -- by manager or branch --------------------------------------------------------------------------


@dataclass
class Achieved:
    """What came of the contacts of one manager or branch, ready to show."""

    name: str
    facts: Cell
    enriched: Cell
    width: float
    mark: float | None
    raised: Cell
    followed: Cell
    steps: Cell
    promises: Cell
    overdue: Cell
    neglected: Cell
    is_late: bool
    sales: Cell


def by_rows(now: Report, before: Report, drill: Callable[..., str]) -> dict[str, Any]:
    """What the tables by manager or branch are drawn of."""
    return {
        "achieved": by_row(now, drill),
        "currency": now.total.figures["sales"].currency,
        "entrusted": entrusted(now, before, drill),
    }


def by_row(made: Report, drill: Callable[..., str]) -> list[Achieved]:
    """A line for each row of a report, most past their maximum first, and last the whole.

    `drill(figure, **changes)` gives the address of the clients behind a figure of a row.
    """
    rows = sorted(made.rows, key=lambda row: (-int(row.figures["neglected"].value or 0), row.group.name))
    return [_achieved(row, made.total, drill) for row in (*rows, made.total)]


def target_of(row: Row) -> dict[str, str | None]:
    """What narrows the address of a page to a row."""
    if row.group.kind == BRANCH:
        return {"branch": row.group.code}
    return {"manager": row.group.code} if row.group.code else {"of": "nobody"}


def _achieved(row: Row, total: Row, drill: Callable[..., str]) -> Achieved:
    figures, is_total = row.figures, row is total
    target = {} if is_total else target_of(row)

    def cell(key: str, value: str, counted: float | None) -> Cell:
        return Cell(value, url=drill(CLIENTS_OF[key], **target) if counted else "")

    def count(key: str) -> Cell:
        return cell(key, saying.number(figures[key].value or 0), figures[key].value)

    def kept(key: str) -> Cell:
        """Counts before percentages; the link leads to those that were not."""
        figure = figures[key]
        if not figure.denominator:
            return Cell("–")
        return cell(key, _part(figure), figure.denominator - (figure.numerator or 0))

    facts, enriched, sold = (figures[key] for key in ("facts_gained", "new_information", "sales"))
    whole = total.figures["new_information"].value
    clients = figures["contact_achievement"].denominator or 0
    late = int(figures["neglected"].value or 0)
    # Red is for the few: whoever has twice the lateness of the whole.
    everyone = total.figures["contact_achievement"].denominator
    usual = divided(int(total.figures["neglected"].value or 0), everyone) or 0
    sums = sold.amounts or (Sum("", Decimal(0), 0),)
    return Achieved(
        name=row.group.name,
        facts=cell(
            "facts_gained",
            f"{saying.number(facts.learnt or 0)} · {saying.number(facts.corrected or 0)}",
            facts.value,
        ),
        enriched=cell("new_information", words.shown(enriched, SHARE), enriched.numerator),
        width=round((enriched.value or 0) * BAR, 1),
        mark=None if is_total or whole is None else round(min(whole * BAR, BAR - 1.5), 1),
        raised=count("opportunities_raised"),
        followed=kept("follow_up"),
        steps=count("follow_up_overdue"),
        promises=kept("promises_kept"),
        overdue=count("overdue"),
        neglected=count("neglected"),
        is_late=not is_total and late > 2 and late >= 2 * usual * clients,
        sales=Cell(
            "",
            _together(sold),
            # Where all is in one currency, the head of the column names it.
            sums=[replace(one, currency="") for one in sums] if total.figures["sales"].currency else sums,
            url=drill("sales", **target) if sold.amounts else "",
        ),
    )


@dataclass
class Entrusted:
    """The money of one manager's or branch's clients, ready to show."""

    name: str
    brought: Cell
    assets: Cell
    kept: Cell


def entrusted(now: Report, before: Report, drill: Callable[..., str]) -> list[Entrusted]:
    """A line for each row of a report, in the order of the report, and last the whole.

    Assets are held against the same row of the report before.
    """
    earlier = {row.key: row for row in before.rows}
    lines = [_entrusted(row, earlier.get(row.key), partial(drill, **target_of(row))) for row in now.rows]
    return [*lines, _entrusted(now.total, before.total, drill)]


def _entrusted(row: Row, before: Row | None, drill: Callable[..., str]) -> Entrusted:
    def cell(key: str) -> Cell:
        made = cell_of(row.figures[key], BY_KEY[key])
        if row.figures[key].amounts:
            made.url = drill(CLIENTS_OF[key])
        return made

    assets = cell("aum")
    change = grown(row.figures["aum"], before.figures["aum"]) if before else None
    if change is not None:
        since = _("%(change)s since the period before") % {"change": words.signed(change)}
        assets.notes = [since, *assets.notes]
    return Entrusted(row.group.name, cell("net_new_money"), assets, cell("maturity_retention"))


# -- as a file -------------------------------------------------------------------------------------


def columns() -> list[str]:
    """The heads of the columns that `cells_of` fills, beyond those of contact."""
    found: list[str] = []
    for indicator in INDICATORS[4:]:
        name = str(indicator.name)
        if indicator.key == "facts_gained":
            found += [_("Facts learnt"), _("Facts corrected")]
        elif indicator.key == "maturity_retention":
            values = {"name": name}
            found += [
                name,
                _("%(name)s: matured") % values,
                _("%(name)s: kept") % values,
                _("%(name)s: not settled") % values,
            ]
        elif indicator.unit == SHARE:
            values = {"name": name}
            found += [name, _("%(name)s: counted") % values, _("%(name)s: of") % values]
        else:
            found.append(name)
            if indicator.key in _WITH_AMOUNT:
                values = {"name": name, "currency": settings.REPORTING_CURRENCY}
                found += [
                    _("%(name)s: amounts") % values,
                    _("%(name)s: together in %(currency)s") % values,
                    _("%(name)s: without a rate") % values,
                ]
    return found


_WITH_AMOUNT = (
    "opportunities_raised",
    "follow_up_open",
    "follow_up_overdue",
    "sales",
    "net_new_money",
    "aum",
)


def cells_of(row: Row) -> list[Any]:
    """A row's figures as numbers; amounts with their currencies, because they are never added."""
    found: list[Any] = []
    for indicator in INDICATORS[4:]:
        figure = row.figures[indicator.key]
        if indicator.key == "facts_gained":
            found += [figure.learnt, figure.corrected]
        elif indicator.key == "maturity_retention":
            parts = figure.by_currency or ()
            found += [
                figure.value,
                _amounts((one.matured, one.currency) for one in parts),
                _amounts((one.kept, one.currency) for one in parts),
                _amounts((one.unknown, one.currency) for one in parts if one.unknown),
            ]
        elif indicator.unit == SHARE:
            found += [figure.value, figure.numerator, figure.denominator]
        else:
            found.append(figure.value)
            if indicator.key in _WITH_AMOUNT:
                total = figure.total
                found += [
                    _amounts((one.amount, one.currency) for one in figure.amounts or ()),
                    total.amount if total else None,
                    _amounts((one.amount, one.currency) for one in (total.unconverted if total else ())),
                ]
    return found


def _amounts(found: Iterable[tuple[Decimal, str]]) -> str:
    return "; ".join(f"{amount} {currency}" for amount, currency in found)
