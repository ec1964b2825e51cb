"""What was followed up: opportunities, promises, the rhythm of contacts, agreements, saying the same again."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from metrics.money import by_currency, in_reporting, rate_of, reporting, totalled
from metrics.periods import Period
from metrics.querysets import REACHED, TOLD, Selection, narrowed, population, rows

TOLD_BEFORE = TOLD.replace("c.", "e.")  # the same of an earlier contact
# What the front desk wrote down in passing moves no rhythm (`ContactQuerySet.moving_cadence`).
PASSING = """(c.direction = 'in' AND c.channel = 'branch' AND c.theme_id IS NULL AND EXISTS (
                             SELECT FROM staff_user u WHERE u.id = c.staff_id AND u.role = 'front_desk'))"""

AGES = ("0-7", "8-30", "31-90", "91-")  # days since it was raised, at the period's end

# One row for each opportunity raised before the window's end; not those voiced in a contact that was voided.
#
# "Open" reads closing day and ledger: an opportunity that was lost then and has been opened again since was
# not open. Followed is judged only where the days for it ended in the window. The first stage is no change.
OPPORTUNITIES = f"""
        opportunity AS (
            SELECT p.win, p.client_id, p.of_group, o.amount,
                   CASE WHEN o.amount IS NULL THEN '' ELSE o.currency END AS currency,
                   {in_reporting("o.amount", "rate_raised")} AS raised_converted,
                   {in_reporting("o.amount", "rate_at_end")} AS converted,
                   o.raised_at >= p.from_at AS is_raised,
                   d.is_due,
                   d.is_due AND (
                       EXISTS (SELECT 1 FROM interactions_contact c
                                WHERE c.client_id = o.client_id AND c.voided_at IS NULL AND {REACHED}
                                  AND c.occurred_at > o.raised_at AND c.occurred_at < d.until_at
                                  AND c.id IS DISTINCT FROM o.contact_id)
                       OR EXISTS (SELECT 1 FROM interactions_stagechange s
                                    JOIN interactions_stagechange b ON b.opportunity_id = s.opportunity_id
                                     AND (b.at, b.id) < (s.at, s.id)
                                   WHERE s.opportunity_id = o.id
                                     AND s.at > o.raised_at AND s.at < d.until_at)
                   ) AS is_followed,
                   d.is_open,
                   p.to_on - d.raised_on AS age,
                   d.is_open AND o.next_on < p.to_on AS is_overdue
              FROM population p
              JOIN interactions_opportunity o ON o.client_id = p.client_id AND o.raised_at < p.until_at
              LEFT JOIN interactions_contact v ON v.id = o.contact_id
             CROSS JOIN LATERAL (
                SELECT (o.raised_at AT TIME ZONE p.time_zone)::date AS raised_on OFFSET 0
             ) r
             CROSS JOIN LATERAL (
                SELECT r.raised_on,
                       r.raised_on BETWEEN p.from_on - %(follow_up_days)s::int
                                       AND p.to_on - %(follow_up_days)s::int AS is_due,
                       (r.raised_on + %(follow_up_days)s::int + 1)::timestamp AT TIME ZONE p.time_zone
                           AS until_at,
                       (o.closed_at IS NULL OR o.closed_at >= p.until_at)
                       AND NOT EXISTS (
                           SELECT 1 FROM (
                               SELECT s.stage FROM interactions_stagechange s
                                WHERE s.opportunity_id = o.id AND s.at < p.until_at
                                ORDER BY s.at DESC, s.id DESC LIMIT 1
                           ) then_at WHERE then_at.stage IN ('won', 'lost')
                       ) AS is_open
                OFFSET 0
             ) d{rate_of("rate_raised", "o.currency", "d.raised_on")}{rate_of("rate_at_end", "o.currency", "p.to_on")}
             WHERE v.voided_at IS NULL{{of_opportunity}}
        )"""

# One row for each promise whose window ended in the window, withdrawn ones aside.
PROMISES = f"""
        promise AS (
            SELECT p.win, p.client_id, p.of_group,
                   EXISTS (SELECT 1 FROM interactions_contact c
                            WHERE c.client_id = m.client_id AND c.voided_at IS NULL AND {REACHED}
                              AND c.occurred_at >= m.opens_on::timestamp AT TIME ZONE p.time_zone
                              AND c.occurred_at < (m.due_on + 1)::timestamp AT TIME ZONE p.time_zone
                              AND c.recorded_at >= m.noted_at
                              AND c.id IS DISTINCT FROM m.contact_id) AS is_kept
              FROM population p
              JOIN interactions_promise m ON m.client_id = p.client_id
               AND m.due_on >= p.from_on AND m.due_on <= p.to_on AND m.withdrawn_at IS NULL
        )"""

# One row for each reached contact and sent message of the window. Days are calendar days of the branch.
REPETITIONS = f"""
        heard AS (
            SELECT p.win, p.client_id, p.of_group,
                   t.minimum_gap_days > 0 AND NOT t.is_duty AND EXISTS (
                       SELECT 1 FROM interactions_contact e
                        WHERE e.client_id = c.client_id AND e.theme_id = c.theme_id
                          AND e.voided_at IS NULL AND {TOLD_BEFORE}
                          AND (e.occurred_at, e.id) < (c.occurred_at, c.id)
                          AND e.occurred_at >= ((c.occurred_at AT TIME ZONE p.time_zone)::date
                                                - t.minimum_gap_days + 1)::timestamp AT TIME ZONE p.time_zone
                   ) AS is_again
              FROM population p
             CROSS JOIN LATERAL (
                SELECT c.id, c.client_id, c.occurred_at, c.theme_id FROM interactions_contact c
                 WHERE c.client_id = p.client_id AND c.voided_at IS NULL AND {TOLD}
                   AND c.occurred_at >= p.from_at AND c.occurred_at < p.until_at{{of_contact}}
                OFFSET 0  -- one short range of contacts a client, not every contact the client ever had
             ) c
              LEFT JOIN clients_theme t ON t.id = c.theme_id
        )"""

# One row for each outgoing contact outside the version of the agreement that was in force on its day by the
# branch's clock. Says in SQL what `ContactAgreement.breaches` says of one; a test holds the two together.
# Imported contacts count: the client was disturbed, whoever wrote it down.
BREACHES = """
        breach AS (
            SELECT DISTINCT p.win, p.client_id, p.of_group, c.id
              FROM population p
              JOIN clients_contactagreement g ON g.client_id = p.client_id
               AND g.approved_on <= p.to_on AND (g.to_on IS NULL OR g.to_on > p.from_on)
              JOIN interactions_contact c ON c.client_id = p.client_id
               AND c.voided_at IS NULL AND c.direction = 'out'
               AND c.occurred_at >= p.from_at AND c.occurred_at < p.until_at{of_contact}
              LEFT JOIN clients_theme t ON t.id = c.theme_id
             CROSS JOIN LATERAL (SELECT c.occurred_at AT TIME ZONE p.time_zone AS at) l
             WHERE l.at::date >= g.approved_on AND (g.to_on IS NULL OR l.at::date < g.to_on)
               AND ((cardinality(g.channels) > 0 AND c.channel <> ALL (g.channels))
                 OR (cardinality(g.themes) > 0 AND t.code <> ALL (g.themes))
                 OR (cardinality(g.weekdays) > 0 AND extract(isodow FROM l.at) - 1 <> ALL (g.weekdays))
                 OR l.at::time < g.from_time OR l.at::time >= g.to_time
                 OR (g.minutes > 0 AND c.duration_seconds > g.minutes * 60))
        )"""

# One row for each client: days without a reached contact at the window's end, and how many there may be.
#
# Never reached: since the book was taken over, else since the client is one; where neither is known,
# lateness is not either. An agreed interval takes the place of the tier's ideal, and nobody is past the
# maximum before the interval they agreed to.
CADENCE = f"""
        cadence AS (
            SELECT p.win, p.client_id, p.of_group,
                   p.to_on - coalesce(
                       (SELECT (max(c.occurred_at) AT TIME ZONE p.time_zone)::date
                          FROM interactions_contact c
                         WHERE c.client_id = p.client_id AND c.voided_at IS NULL AND {REACHED}
                           AND c.occurred_at < p.until_at AND NOT {PASSING}),
                       (SELECT min(a.from_on) FROM clients_assignment a
                         WHERE a.client_id = p.client_id AND a.role = 'primary' AND a.from_on <= p.to_on
                           AND (a.to_on IS NULL OR a.to_on > p.to_on)),
                       (SELECT k.since FROM clients_client k WHERE k.id = p.client_id)
                   ) AS days,
                   coalesce(g.interval_days, t.ideal_days) AS ideal,
                   CASE WHEN t.maximum_days IS NOT NULL
                        THEN greatest(t.maximum_days, g.interval_days) END AS most
              FROM population p
              LEFT JOIN clients_tier t ON t.id = p.tier_id
              LEFT JOIN LATERAL (
                SELECT g.interval_days FROM clients_contactagreement g
                 WHERE g.client_id = p.client_id AND g.approved_on <= p.to_on
                   AND (g.to_on IS NULL OR g.to_on > p.to_on)
                 ORDER BY g.approved_on DESC, g.id DESC LIMIT 1
              ) g ON TRUE
        )"""


def opportunities(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Opportunities raised, due to be followed and followed, open by age, and overdue, with their amounts.

    Of each window and group: `raised`, `open`, `open_0-7` … and `overdue` are counts, `raised_amounts` …
    map a currency to (amount, count). Groups without opportunities have no row.
    """
    ctes, params = population(selection, windows, by)
    kinds = {
        "raised": "o.is_raised",
        "open": "o.is_open",
        "open_0-7": "o.is_open AND o.age <= 7",
        "open_8-30": "o.is_open AND o.age BETWEEN 8 AND 30",
        "open_31-90": "o.is_open AND o.age BETWEEN 31 AND 90",
        "open_91-": "o.is_open AND o.age > 90",
        "overdue": "o.is_overdue",
    }
    columns = ",".join(
        totalled(
            name,
            amount="o.amount",
            # What was voiced is a flow, what is open a stock.
            converted="o.raised_converted" if name == "raised" else "o.converted",
            where=condition,
        )
        for name, condition in kinds.items()
    )
    found = rows(
        f"""
        WITH {ctes}, {OPPORTUNITIES.format(**narrowed(selection))}
        SELECT o.win, o.of_group, grouping(o.of_group) = 1 AS is_total, o.currency,
               count(*) FILTER (WHERE o.is_due) AS due,
               count(*) FILTER (WHERE o.is_followed) AS followed,{columns}
          FROM opportunity o
         GROUP BY GROUPING SETS ((o.win, o.of_group, o.currency), (o.win, o.currency))
        """,
        params | {"follow_up_days": settings.FOLLOW_UP_DAYS} | reporting(),
    )
    return by_currency(found, counts=("due", "followed"), amounts=tuple(kinds))


def promises(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Promises whose window ended in each window, by group, and those kept. No row where there were none."""
    ctes, params = population(selection, windows, by)
    return rows(
        f"""
        WITH {ctes}, {PROMISES}
        SELECT m.win, m.of_group, grouping(m.of_group) = 1 AS is_total,
               count(*) AS promised, count(*) FILTER (WHERE m.is_kept) AS kept
          FROM promise m
         GROUP BY GROUPING SETS ((m.win, m.of_group), (m.win))
        """,
        params,
    )


def repetition(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Reached contacts and sent messages of each window and group, and those whose theme was told too shortly before."""
    ctes, params = population(selection, windows, by)
    return rows(
        f"""
        WITH {ctes}, {REPETITIONS.format(**narrowed(selection))}
        SELECT h.win, h.of_group, grouping(h.of_group) = 1 AS is_total,
               count(*) AS reached, count(*) FILTER (WHERE h.is_again) AS repeated
          FROM heard h
         GROUP BY GROUPING SETS ((h.win, h.of_group), (h.win))
        """,
        params,
    )


def breaches(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Contacts outside the agreement in force, of each window and group. No row where there were none."""
    ctes, params = population(selection, windows, by)
    return rows(
        f"""
        WITH {ctes}, {BREACHES.format(**narrowed(selection))}
        SELECT b.win, b.of_group, grouping(b.of_group) = 1 AS is_total, count(*) AS breaches
          FROM breach b
         GROUP BY GROUPING SETS ((b.win, b.of_group), (b.win))
        """,
        params,
    )


def lateness(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Clients past their ideal and past their maximum interval at each window's end, by group."""
    ctes, params = population(selection, windows, by)
    return rows(
        f"""
        WITH {ctes}, {CADENCE}
        SELECT k.win, k.of_group, grouping(k.of_group) = 1 AS is_total,
               count(*) AS population,
               count(*) FILTER (WHERE k.days > k.ideal) AS overdue,
               count(*) FILTER (WHERE k.days > k.most) AS neglected
          FROM cadence k
         GROUP BY GROUPING SETS ((k.win, k.of_group), (k.win))
        """,
        params,
    )


def _with(table: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {table} x WHERE x.client_id = p.client_id AND {condition})"


BEHIND = {
    "opportunities_raised": (OPPORTUNITIES, _with("opportunity", "x.is_raised")),
    "follow_up": (OPPORTUNITIES, _with("opportunity", "x.is_due AND NOT x.is_followed")),
    "follow_up_open": (OPPORTUNITIES, _with("opportunity", "x.is_open")),
    "follow_up_overdue": (OPPORTUNITIES, _with("opportunity", "x.is_overdue")),
    "promises": (PROMISES, _with("promise", "NOT x.is_kept")),
    "repetition": (REPETITIONS, _with("heard", "x.is_again")),
    "agreement_breaches": (BREACHES, _with("breach", "TRUE")),
    "overdue": (CADENCE, _with("cadence", "x.days > x.ideal")),
    "neglected": (CADENCE, _with("cadence", "x.days > x.most")),
}
