"""What a run found, against the bars, as RESULTS.md."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from django.db import connection

from benchmarks.imports import Imported
from benchmarks.timing import Compared

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
MOST_RATIO, MOST_P95, MOST_QUERIES = 4.0, 100.0, 12
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
    return Verdict(
        f"client import, {found.clients:,} new clients",
        "≥ 25% of COPY into the same tables, ≥ 8,000 rows/s",
        f"{found.share:.0%} of COPY ({found.copied_rows:,} rows in {found.copy_seconds:.1f} s); "
        f"{found.per_second:,.0f} rows/s",
        found.share >= 0.25 and found.per_second >= 8000,
    )


def of_load(per_second: float) -> Verdict:
    return Verdict("logging contacts, 8 connections", "≥ 120/s", f"{per_second:.0f}/s", per_second >= 120)


def line(verdict: Verdict) -> str:
    met = {True: "met", False: "MISSED", None: ""}[verdict.is_met]
    return f"{verdict.what:46} {met:7} {verdict.measured}"


def write(verdicts: list[Verdict], clients: int, contacts: int, path: Path = RESULTS) -> None:
    """Write the table of one run over the results of the last."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        server = cursor.fetchone()[0]
    lines = [
        "# Results of `make bench`",
        "",
        f"{datetime.now(UTC):%Y-%m-%d}, {clients:,} clients and {contacts:,} contacts made by `generate_bank`; "
        f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"Django {version('django')}, PostgreSQL {server.split()[0]}.",
        "",
        "Requests run one after another in one process, through the whole middleware, with a real session; the page",
        "and the bare view (one indexed query, a table of the same number of rows: `benchmarks/bare.py`) by turns.",
        "Nothing is cached but the session. Ratios compare within one run; milliseconds are this machine's.",
        "",
        "| what | bar | measured | |",
        "| --- | --- | --- | --- |",
    ]
    met = {True: "met", False: "**missed**", None: ""}
    lines += [f"| {v.what} | {v.bar} | {v.measured} | {met[v.is_met]} |" for v in verdicts]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
