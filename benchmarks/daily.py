"""The daily run over a bank of its own, beside the bare SQL that finds and inserts the same rows.

Both happen in a transaction that is taken back, so that the next run finds the same bank. The mornings of the days
before stay, each with the day's work that followed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from benchmarks.timing import Counter
from clients.models import Client, Theme
from common.calendars import WorkingCalendar
from common.models import SavedRun
from interactions.models import Action, Occurrence
from interactions.services import raise_due
from interactions.services.due import JOB
from interactions.services.plans import HORIZON
from interactions.services.touched import LONGEST_TRANSACTION
from interactions.sources.purchases import MOST_REVIEWS
from staff.models import Branch

DAYS_BEFORE = 4
# What people did since yesterday: of ten actions that had come due nine, a nightly file changed one client in a
# hundred, and of those who were talked to the next contact is due again.
WORK = """
WITH done AS (
    UPDATE interactions_action SET state = 'done', closed_at = now()
     WHERE state = 'planned' AND due_on <= %(on)s AND id %% 10 <> 0
    RETURNING client_id, origin
)
UPDATE clients_client SET next_due_on = %(on)s::date + 400, last_reached_at = now()
 WHERE id IN (SELECT client_id FROM done WHERE origin = 'plan');
UPDATE clients_client SET city = city || ' ' WHERE id %% 100 = 7;
"""
ACTION = """
INSERT INTO interactions_action
    (id, client_id, theme_id, channel, opens_on, due_on, origin, state, source, severity, about, event_on, years,
     amount, currency, cost_currency, reason, created_at)
SELECT action_id, client_id, {theme}, 'call', %(on)s, due_on, '{origin}', 'planned', '{source}', 2, about, event_on, years,
       amount, currency, '', '', now()
  FROM found WHERE is_new
"""
TELL = """
WITH found AS MATERIALIZED ({found}),
told AS (
    INSERT INTO interactions_occurrence (source, subject, due_on, client_id, action_id, is_late, raised_on, raised_at)
    SELECT '{source}', subject, due_on, client_id, action_id, false, %(on)s, now() FROM found
    ON CONFLICT DO NOTHING RETURNING id
), opened AS ({opened} RETURNING id)
SELECT (SELECT count(*) FROM told), (SELECT count(*) FROM opened)
"""
NEXT = "nextval('interactions_action_id_seq')"
PLAIN = "NULL::smallint AS years, NULL::numeric AS amount, '' AS currency, true AS is_new"
ACTIVE = "k.status = 'active'"


def _of_client(field: str, ahead: int) -> str:
    return f"""SELECT {NEXT} AS action_id, k.id AS client_id, 'client/' || k.number AS subject, k.{field} AS due_on,
        k.{field} AS event_on, '' AS about, {PLAIN} FROM clients_client k
        WHERE {ACTIVE} AND k.{field} = %(on)s::date + {ahead}"""


FOUND = {
    "birthday": f"""SELECT {NEXT} AS action_id, f.client_id, 'dated_fact/' || f.id AS subject, %(on)s::date + 7 AS due_on,
        %(on)s::date + 7 AS event_on, '' AS about, extract(year FROM %(on)s::date + 7)::int - f.year AS years,
        NULL::numeric AS amount, '' AS currency, true AS is_new
        FROM clients_datedfact f JOIN clients_client k ON k.id = f.client_id LEFT JOIN clients_tier t ON t.id = k.tier_id
        WHERE f.calendar = 'gregorian' AND f.kind = 'birthday' AND f.month = extract(month FROM %(on)s::date + 7)
          AND f.day = extract(day FROM %(on)s::date + 7) AND {ACTIVE} AND t.birthday_courtesy IS NOT FALSE""",
    "maturity": f"""SELECT coalesce(o.action_id, {NEXT}) AS action_id, h.client_id,
        'holding/' || h.number || '/T-' || m.step AS subject, m.due_on, h.matures_on AS event_on, p.name AS about,
        NULL::smallint AS years, h.principal AS amount, h.currency, o.id IS NULL AS is_new
        FROM unnest(%(countries)s::text[], %(nominal)s::date[], %(due)s::date[], %(steps)s::int[])
             AS m (country, matures_on, due_on, step)
        JOIN portfolio_holding h ON h.matures_on = m.matures_on AND h.status = 'open'
        JOIN portfolio_product p ON p.id = h.product_id
        JOIN clients_client k ON k.id = h.client_id AND {ACTIVE}
        JOIN staff_branch b ON b.id = k.branch_id AND b.country = m.country
        LEFT JOIN interactions_occurrence o ON o.source = 'maturity' AND m.step < 30
             AND o.subject = 'holding/' || h.number || '/T-30' AND o.due_on = m.due_on""",
    "risk_expiry": _of_client("risk_valid_until", 14),
    "document_expiry": _of_client("document_valid_until", 14),
    "relationship": _of_client("weakening_since", 0),
    "purchase_review": f"""SELECT {NEXT} AS action_id, p.client_id, 'purchase/' || p.number AS subject, %(on)s::date AS due_on,
        p.bought_on AS event_on, d.name AS about, {PLAIN}
        FROM portfolio_purchase p JOIN portfolio_product d ON d.id = p.product_id
        JOIN clients_client k ON k.id = p.client_id AND {ACTIVE} WHERE p.bought_on = ANY(%(bought_on)s)""",
    "promise": f"""SELECT p.action_id, p.client_id, 'promise/' || p.id AS subject, p.due_on, p.due_on AS event_on, '' AS about,
        NULL::smallint AS years, NULL::numeric AS amount, '' AS currency, false AS is_new
        FROM interactions_promise p JOIN interactions_action a ON a.id = p.action_id AND a.state = 'planned'
        JOIN clients_client k ON k.id = p.client_id AND {ACTIVE} WHERE p.opens_on = %(on)s""",
    "next_step": f"""SELECT a.id AS action_id, a.client_id, 'action/' || a.id AS subject, a.due_on, a.due_on AS event_on, '' AS about,
        NULL::smallint AS years, NULL::numeric AS amount, '' AS currency, false AS is_new
        FROM interactions_action a JOIN clients_client k ON k.id = a.client_id AND {ACTIVE}
        WHERE a.origin = 'next_step' AND a.state = 'planned' AND a.due_on = %(on)s""",
    "not_reached": f"""SELECT coalesce(a.id, {NEXT}) AS action_id, k.id AS client_id, 'client/' || k.number AS subject,
        k.next_due_on AS due_on, k.last_reached_at::date AS event_on, '' AS about, NULL::smallint AS years,
        NULL::numeric AS amount, '' AS currency, a.id IS NULL AS is_new
        FROM clients_client k
        LEFT JOIN interactions_action a ON a.client_id = k.id AND a.origin = 'plan' AND a.state = 'planned'
        WHERE {ACTIVE} AND k.next_due_on = %(on)s""",
}
# The contacts that enter the plan, each on its ideal day.
PLAN = f"""
WITH found AS MATERIALIZED (
    SELECT {NEXT} AS action_id, k.id AS client_id, k.next_due_on AS due_on, k.next_due_on AS event_on,
           k.last_reached_at::date::text AS about, {PLAIN}
      FROM clients_client k
      JOIN clients_assignment h ON h.client_id = k.id AND h.role = 'primary' AND h.to_on IS NULL
     WHERE {ACTIVE} AND k.next_due_on = %(on)s::date + {HORIZON.days}
       AND NOT EXISTS (SELECT FROM interactions_action a WHERE a.client_id = k.id AND a.state = 'planned'
                          AND a.theme_id = %(keeping_in_touch)s)
), opened AS ({{opened}} RETURNING id)
SELECT 0, (SELECT count(*) FROM opened)
"""


@dataclass(frozen=True)
class Rows:
    """What was written, in how long."""

    occurrences: int
    actions: int
    seconds: float
    queries: int = 0


@dataclass(frozen=True)
class Mornings:
    clients: int
    branches: int
    first: Rows | None  # None where the bank had its first morning in an earlier run
    bare: Rows
    ordinary: Rows
    idle: Rows

    @property
    def ratio(self) -> float:
        return self.ordinary.seconds / self.bare.seconds


def measured(on: date, rounds: int = 5) -> Mornings:
    """An ordinary morning, the bare SQL and a morning with nothing new, by turns; the medians of some rounds."""
    first = _mornings(on)
    taken: dict[str, list[Rows]] = {"bare": [], "ordinary": [], "idle": []}
    for _round in range(rounds):
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # what the last round took back
        with transaction.atomic():
            taken["bare"].append(_timed(lambda: _bare(on)))
            transaction.set_rollback(True)
        with transaction.atomic():
            taken["ordinary"].append(_timed(lambda: raise_due(on=on)))
            taken["idle"].append(_timed(lambda: raise_due(on=on)))
            transaction.set_rollback(True)
    found = {kind: sorted(rows, key=lambda row: row.seconds)[rounds // 2] for kind, rows in taken.items()}
    return Mornings(Client.objects.count(), Branch.objects.count(), first, **found)


def _mornings(before: date) -> Rows | None:
    """The mornings of some days, each with its work after it, once for a bank; how long the first one took."""
    if SavedRun.objects.filter(job=JOB).exists():
        return None
    days = [before - timedelta(days=n) for n in range(DAYS_BEFORE, 0, -1)]
    taken = []
    for on in days:
        taken.append(_timed(lambda on=on: raise_due(on=on)))
        with connection.cursor() as cursor:
            # Only the last day's work is news: what is older was seen the morning before.
            SavedRun.objects.filter(job=JOB, on=on).update(started_at=timezone.now() + LONGEST_TRANSACTION)
            cursor.execute(WORK, {"on": on})
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")
    return taken[0]


def _timed(run: Callable[[], object]) -> Rows:
    before = Occurrence.objects.count(), Action.objects.count()
    counter = Counter()
    started = time.perf_counter()
    with connection.execute_wrapper(counter):
        run()
        if connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    seconds = time.perf_counter() - started
    return Rows(
        Occurrence.objects.count() - before[0], Action.objects.count() - before[1], seconds, counter.count
    )


def _bare(on: date) -> None:
    """One statement a source, by whoever knows that yesterday's run told all else."""
    themes = dict(Theme.objects.values_list("code", "pk"))
    params = {"on": on, "bought_on": _bought_on(on), "keeping_in_touch": themes["keeping_in_touch"]}
    params |= _maturities(on)
    theme_of = {"risk_expiry": "service", "document_expiry": "service", "purchase_review": "review"}
    with connection.cursor() as cursor:
        opened = ACTION.format(theme=themes["keeping_in_touch"], origin="plan", source="")
        cursor.execute(PLAN.format(opened=opened), params)
        for source, found in FOUND.items():
            theme = themes.get(theme_of.get(source, source), themes["keeping_in_touch"])
            opened = ACTION.format(theme=theme, origin="occurrence", source=source)
            cursor.execute(TELL.format(found=found, source=source, opened=opened), params)


def _bought_on(on: date) -> list[date]:
    every = settings.PURCHASE_REVIEW_DAYS[""]
    return [on - timedelta(days=every * n) for n in range(1, MOST_REVIEWS + 1)]


def _maturities(on: date) -> dict[str, list]:
    """Days of contracts whose working day lies 30, 7 or no days ahead, by country."""
    rows = []
    for country in Branch.objects.values_list("country", flat=True).distinct().order_by("country"):
        working = WorkingCalendar.of(country=country, region="", weekdays=range(5))
        for step in (30, 7, 0):
            due_on = on + timedelta(days=step)
            nominal = (due_on - timedelta(days=n) for n in range(15))
            rows += [(country, day, due_on, step) for day in nominal if working.next_working(day) == due_on]
    return dict(
        zip(
            ("countries", "nominal", "due", "steps"),
            (list(column) for column in zip(*rows, strict=True)),
            strict=True,
        )
    )
