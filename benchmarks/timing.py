"""Timing requests in this process: one after another, the page and its yardstick by turns."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.http import HttpResponse
from django.test import Client as Browser

WARM_UP = 5


@dataclass(frozen=True)
class Timed:
    """Milliseconds of one thing, and how many queries it ran."""

    median: float
    p95: float
    queries: int


@dataclass(frozen=True)
class Compared:
    """A page beside the bare view with as many rows, in the same run."""

    name: str
    page: Timed
    bare: Timed | None = None

    @property
    def ratio(self) -> float | None:
        return self.page.median / self.bare.median if self.bare else None


class Counter:
    """Counts what goes to the database."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        return execute(sql, params, many, context)


def signed_in(user) -> Browser:
    browser = Browser(SERVER_NAME="localhost")
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def timed(samples: Sequence[float], queries: int) -> Timed:
    return Timed(statistics.median(samples), statistics.quantiles(samples, n=20)[-1], queries)


def compare(
    name: str, asks: Sequence[Callable[[], HttpResponse]], bare: Callable | None, rounds: int
) -> Compared:
    """Time some requests in turn with the bare view. Each must answer with success."""
    took: dict[str, list[float]] = {"page": [], "bare": []}
    queries: dict[str, int] = {"page": 0, "bare": 0}
    for number in range(rounds + WARM_UP):
        for kind, ask in (("page", asks[number % len(asks)]), ("bare", bare)):
            if ask is None:
                continue
            counter = Counter()
            with connection.execute_wrapper(counter):
                started = time.perf_counter()
                response = ask()
                elapsed = (time.perf_counter() - started) * 1000
            if response.status_code >= 400:
                raise RuntimeError(f"{name}: the page answered {response.status_code}")
            queries[kind] = max(queries[kind], counter.count)
            if number >= WARM_UP:
                took[kind].append(elapsed)
    return Compared(
        name,
        timed(took["page"], queries["page"]),
        timed(took["bare"], queries["bare"]) if bare else None,
    )
