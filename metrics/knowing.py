"""What was learnt about the clients of a scope, and how much of their files is known.

Both read only the ledger of fact changes (`clients_factchange`), never the facts as they are today.
"""

from collections.abc import Iterable
from typing import Any

from metrics.periods import Period
from metrics.querysets import REACHED, Selection, narrowed, population, rows

# One row for each client about whom staff learnt something in the window.
#
# A slot counts when its value at the window's end is known and differs from that at its start, so that
# rewriting, change-and-revert and emptying are nothing. Where staff and others changed the same slot, it
# counts when staff made the last change that led to the end value, and nobody else had brought that value
# inside the window before. A value that another slot of the same type gave up inside the window has only
# moved (taken off the file and written down again, it lies in a new row).
# The value at the start is the old value of the first change inside: no history need be read.
GAINED = """
        slot AS (
            SELECT p.win, p.client_id, p.of_group, p.from_at, p.until_at, f.fact_type_id,
                   (array_agg(f.old_hash ORDER BY f.at, f.id))[1] AS was,
                   (array_agg(f.new_hash ORDER BY f.at DESC, f.id DESC))[1] AS is_now,
                   array_agg(f.new_hash ORDER BY f.at, f.id) AS became,
                   array_agg(f.by_kind ORDER BY f.at, f.id) AS by_kind
              FROM population p
             CROSS JOIN LATERAL (
                SELECT f.*, bool_or(f.by_kind = 'staff') OVER () AS has_staff
                  FROM clients_factchange f
                 WHERE f.client_id = p.client_id AND f.at >= p.from_at AND f.at < p.until_at
                   AND f.old_hash <> f.new_hash
                OFFSET 0  -- one short range of the ledger a client, not the client's whole ledger
             ) f
             WHERE f.has_staff  -- the many clients whom only a file has changed need no sorting
             GROUP BY p.win, p.client_id, p.of_group, p.from_at, p.until_at, f.fact_type_id, f.slot
        ),
        changed AS (
            SELECT s.*, array_agg(s.was) OVER (PARTITION BY s.win, s.client_id, s.of_group, s.fact_type_id)
                        AS given_up
              FROM slot s WHERE s.is_now <> s.was
        ),
        gained AS (
            SELECT e.win, e.client_id, e.of_group, e.from_at, e.until_at,
                   count(*) FILTER (WHERE e.was = '') AS learnt,
                   count(*) FILTER (WHERE e.was <> '') AS corrected
              FROM changed e
             WHERE e.is_now <> '' AND e.is_now <> ALL (e.given_up)
               AND e.by_kind[cardinality(e.by_kind)] = 'staff'
               AND e.by_kind[array_position(e.became, e.is_now)] = 'staff'
             GROUP BY 1, 2, 3, 4, 5
        )"""
WAS_REACHED = f"""EXISTS (
            SELECT 1 FROM interactions_contact c
             WHERE c.client_id = g.client_id AND c.voided_at IS NULL AND {REACHED}
               AND c.occurred_at >= g.from_at AND c.occurred_at < g.until_at{{of_contact}})"""


def facts(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Slots learnt and corrected, and the clients both reached and enriched, of each window and group.

    Groups about which nothing was learnt have no row.
    """
    ctes, params = population(selection, windows, by)
    return rows(
        f"""
        WITH {ctes}, {GAINED}
        SELECT g.win, g.of_group, grouping(g.of_group) = 1 AS is_total,
               sum(g.learnt)::bigint AS learnt,
               sum(g.corrected)::bigint AS corrected,
               count(*) FILTER (WHERE {WAS_REACHED.format(**narrowed(selection))}) AS enriched
          FROM gained g
         GROUP BY GROUPING SETS ((g.win, g.of_group), (g.win))
        """,
        params,
    )


def completeness(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """The weights known of the files of each window and group, and those there are to know.

    A fact type is known when the last change of one of its slots, up to the window's end, left a value.
    """
    ctes, params = population(selection, windows, by)
    return rows(
        f"""
        WITH {ctes}
        SELECT p.win, p.of_group, grouping(p.of_group) = 1 AS is_total,
               sum(x.weight)::bigint AS known,
               (count(*) * (SELECT coalesce(sum(weight), 0) FROM clients_facttype))::bigint AS to_know
          FROM population p
         CROSS JOIN LATERAL (
            SELECT coalesce(sum(t.weight), 0) AS weight
              FROM clients_facttype t
             WHERE t.id IN (
                SELECT l.fact_type_id
                  FROM (SELECT DISTINCT ON (f.fact_type_id, f.slot)
                               f.fact_type_id, f.new_hash
                          FROM clients_factchange f
                         WHERE f.client_id = p.client_id AND f.at < p.until_at
                         ORDER BY f.fact_type_id, f.slot, f.at DESC, f.id DESC) l
                 WHERE l.new_hash <> '')
         ) x
         GROUP BY GROUPING SETS ((p.win, p.of_group), (p.win))
        """,
        params,
    )


BEHIND = {
    "facts_gained": (GAINED, "EXISTS (SELECT 1 FROM gained g WHERE g.client_id = p.client_id)"),
    "new_information": (
        GAINED,
        f"EXISTS (SELECT 1 FROM gained g WHERE g.client_id = p.client_id AND {WAS_REACHED})",
    ),
}
