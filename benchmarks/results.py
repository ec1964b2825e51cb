"""What a run found, against the bars, as RESULTS.md."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from django.db import connection

from benchmarks.daily import Mornings, Rows
from benchmarks.imports import Imported
from benchmarks.timing import Compared

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
MOST_RATIO, MOST_P95, MOST_QUERIES = 4.0, 100.0, 12
MOST_DAILY_RATIO, MOST_DAILY_SECONDS = 3.0, 60.0
DAILY = "# Results of `manage.py bench --daily`"
BARS = {"contact form": (40.0, None), "logging a contact": (20.0, 15)}  # median, queries


@dataclass(frozen=True)
class Verdict:
    """One line of the table."""

    what: str
    bar: str
    measured: str
    is_met: bool | None  # None: for information


def of_page(found: Compared) -> Verdict:
    page = found.page
    said = f"{page.median:.1f} ms, 95th percentile {page.p95:.1f} ms, {page.queries} queries"
    if found.bare and found.ratio:
        return Verdict(
            found.name,
            f"≤ {MOST_RATIO:g} × bare view, 95th percentile < {MOST_P95:g} ms, ≤ {MOST_QUERIES} queries",
            f"{found.ratio:.1f} × ({found.bare.median:.1f} ms); {said}",
            found.ratio <= MOST_RATIO and page.p95 < MOST_P95 and page.queries <= MOST_QUERIES,
        )
    if found.name in BARS:
        median, queries = BARS[found.name]
        bar = f"≤ {median:g} ms" + (f", ≤ {queries} queries" if queries else "")
        return Verdict(
            found.name, bar, said, page.median <= median and (queries is None or page.queries <= queries)
        )
    return Verdict(found.name, "–", said, None)


def of_import(found: Imported) -> Verdict:
    is_clients = found.kind == "clients"
    return Verdict(
        f"client import, {found.rows:,} new clients"
        if is_clients
        else f"{found.kind}, {found.rows:,} new rows",
        "≥ 25% of COPY into the same tables" + (", ≥ 8,000 rows/s" if is_clients else ""),
        f"{found.share:.0%} of COPY ({found.copied_rows:,} rows in {found.copy_seconds:.1f} s); "
        f"{found.per_second:,.0f} rows/s",
        found.share >= 0.25 and (not is_clients or found.per_second >= 8000),
    )


def of_load(per_second: float) -> Verdict:
    return Verdict("logging contacts, 8 connections", "≥ 120/s", f"{per_second:.0f}/s", per_second >= 120)


def of_daily(found: Mornings) -> list[Verdict]:
    bar = f"≤ {MOST_DAILY_RATIO:g} × bare SQL, < {MOST_DAILY_SECONDS:g} s"
    ordinary = found.ordinary
    verdicts = [
        Verdict(
            "an ordinary morning",
            bar,
            f"{found.ratio:.1f} × ({found.bare.seconds:.2f} s); {_took(ordinary)}",
            found.ratio <= MOST_DAILY_RATIO and ordinary.seconds < MOST_DAILY_SECONDS,
        ),
        Verdict("a morning with nothing new", "–", _took(found.idle), None),
    ]
    if found.first:
        verdicts.append(Verdict("the first morning of the bank", "–", _took(found.first), None))
    return verdicts


def _took(rows: Rows) -> str:
    return f"{rows.seconds:.2f} s, {rows.occurrences:,} occurrences, {rows.actions:,} actions, {rows.queries} queries"


def line(verdict: Verdict) -> str:
    met = {True: "met", False: "MISSED", None: ""}[verdict.is_met]
    return f"{verdict.what:46} {met:7} {verdict.measured}"


def write(verdicts: list[Verdict], clients: int, contacts: int, path: Path = RESULTS) -> None:
    """Write the table of one run over the results of the last; what stands below of the daily run stays."""
    below = _below(path)
    text = "\n".join(
        [
            "# Results of `make bench`",
            "",
            f"{clients:,} clients and {contacts:,} contacts made by `generate_bank`; {_machine()}",
            "",
            "Requests run one after another in one process, through the whole middleware, with a real session; the page",
            "and the bare view (one indexed query, a table of the same number of rows: `benchmarks/bare.py`) by turns.",
            "Nothing is cached but the session. Ratios compare within one run; milliseconds are this machine's.",
            "",
            *_table(verdicts),
        ]
    )
    path.write_text(f"{text}\n{below}", encoding="utf-8")


def write_daily(verdicts: list[Verdict], found: Mornings, path: Path = RESULTS) -> None:
    """Write the daily run's own part below the table of the others."""
    above = path.read_text(encoding="utf-8").partition(f"\n{DAILY}")[0]
    text = "\n".join(
        [
            DAILY,
            "",
            f"{found.clients:,} clients in {found.branches:,} branches (`benchmarks/daily_bank.py`); {_machine()}",
            "",
            "One process, all branches. The bare SQL is one statement a source that looks for that day alone and inserts the",
            "same rows, history and all (`benchmarks/daily.py`); both by turns, each taken back.",
            "",
            *_table(verdicts),
        ]
    )
    path.write_text(f"{above}\n{text}\n", encoding="utf-8")


def _below(path: Path) -> str:
    if not path.exists():
        return ""
    _above, found, rest = path.read_text(encoding="utf-8").partition(f"\n{DAILY}")
    return found + rest


def _machine() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        server = cursor.fetchone()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, Django {version('django')}, PostgreSQL {server.split()[0]}."
    )


def _table(verdicts: list[Verdict]) -> list[str]:
    met = {True: "met", False: "**missed**", None: ""}
    return [
        "| what | bar | measured | |",
        "| --- | --- | --- | --- |",
        *(f"| {v.what} | {v.bar} | {v.measured} | {met[v.is_met]} |" for v in verdicts),
    ]
