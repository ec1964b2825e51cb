"""Who is behind a figure: the clients that a query counted, by the very rows that it counted."""

from typing import Any

from django.conf import settings

from metrics import following, knowing, money, querysets
from metrics.periods import Period
from metrics.querysets import Selection, narrowed, population, positional

# A figure: the common table expressions it needs, and which clients `p` of the population it means.
FIGURES: dict[str, tuple[str, str]] = {**knowing.BEHIND, **following.BEHIND, **money.BEHIND}
BEHIND = [*querysets.BEHIND, *FIGURES]


def clients_behind(selection: Selection, period: Period, figure: str) -> tuple[str, list[Any]]:
    """The ids of the clients behind one figure, as a subquery with its parameters in order."""
    if figure not in FIGURES:
        return querysets.clients_behind(selection, period, figure)
    ctes, params = population(selection, [period], "")
    events, condition = (sql.format(**narrowed(selection)) for sql in FIGURES[figure])
    return positional(
        f"(WITH {ctes}, {events} SELECT p.client_id FROM population p WHERE {condition})",
        params | {"follow_up_days": settings.FOLLOW_UP_DAYS} | money.reporting(),
    )
