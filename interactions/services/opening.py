"""Many new actions in one statement."""

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from clients.models import Theme
from interactions.models import Action

_OPEN = """
INSERT INTO interactions_action
    (id, client_id, theme_id, channel, opens_on, due_on, origin, state, source, severity, about, event_on, years,
     amount, currency, cost_currency, reason, created_at)
SELECT coalesce(v.id, nextval(pg_get_serial_sequence('interactions_action', 'id'))), v.client_id, %(theme)s, %(channel)s,
       v.opens_on, v.due_on, %(origin)s, 'planned', %(source)s, v.severity, v.about, v.event_on, v.years, v.amount,
       v.currency, '', '', %(at)s
  FROM unnest(%(id)s::bigint[], %(client_id)s::bigint[], %(opens_on)s::date[], %(due_on)s::date[], %(severity)s::int[],
              %(about)s::text[], %(event_on)s::date[], %(years)s::int[], %(amount)s::numeric[], %(currency)s::text[])
       AS v (id, client_id, opens_on, due_on, severity, about, event_on, years, amount, currency)
"""


class New(NamedTuple):
    """An action to come; its id where it was given one already."""

    id: int | None
    client_id: int
    opens_on: date
    due_on: date
    severity: int
    about: str = ""
    event_on: date | None = None
    years: int | None = None
    amount: Decimal | None = None
    currency: str = ""


def new_ids(count: int) -> list[int]:
    """Ids for actions to come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('interactions_action', 'id')) FROM generate_series(1, %s)",
            [count],
        )
        return [pk for (pk,) in cursor.fetchall()]


def open_actions(
    rows: Collection[New], *, theme: Theme, channel: str, origin: Action.Origin, source: str = ""
) -> None:
    """Write actions of one kind."""
    if not rows:
        return
    of: dict[str, Any] = {
        "theme": theme.pk,
        "channel": channel,
        "origin": origin.value,
        "source": source,
        "at": timezone.now(),
    }
    columns = dict(zip(New._fields, (list(column) for column in zip(*rows, strict=True)), strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, of | columns)
