"""The queries behind the indicators. Each names tables of the rooms below and imports no model.

Every query starts from the *population*: active clients of the scope, by branch, status and primary
account manager as they stood on the last day of each window. A window is one period; several are
answered at once (this month, the month before, the year before; or the twelve months of a year).
A client stands in one branch and one primary book on any day; `manage.py verify` reports where not.

The population of a campaign are its targets as frozen at launch, whatever became of them since, and what is
counted of them is the campaign's (`narrowed`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.expressions import RawSQL

from interactions.querysets import WRITTEN
from metrics.periods import Period

# A letter, an email or a text message that we sent reaches nobody until it is answered.
SENT_IN_WRITING = "({})".format(", ".join(f"'{channel}'" for channel in sorted(WRITTEN)))
REACHED = f"c.result = 'reached' AND NOT (c.direction = 'out' AND c.channel IN {SENT_IN_WRITING})"
# By which a client was told something: reached, or written to.
TOLD = (
    f"({REACHED} OR (c.result = 'message_left' AND c.direction = 'out' AND c.channel IN {SENT_IN_WRITING}))"
)

# What the outbox sent and wrote down itself; asked of written words only, which are few.
BY_ITSELF = f"""(c.direction = 'out' AND c.channel IN {SENT_IN_WRITING}
                 AND EXISTS (SELECT FROM interactions_clientmessage s WHERE s.contact_id = c.id))"""

NAMED = re.compile(r"%\((\w+)\)s")

GROUPS = {"": "NULL::bigint", "manager": "a.manager_id", "branch": "l.branch_id"}
GROUPS_OF_TARGETS = {
    "": "NULL::bigint",
    "manager": "t.manager_id",
    "branch": "t.branch_id",
    "arm": "(t.arm = 'control')::int::bigint",
}

# Rows of a contact `c`, an opportunity `o` and a purchase `q` that are a campaign's, as seen from one of its
# targets. Of the control group any contact counts, and any purchase of the campaign's products in its days.
_PRODUCTS = "SELECT f.product_id FROM campaigns_campaign_products f WHERE f.campaign_id = %(campaign)s"
_CAMPAIGNS_CONTACT = """
                AND EXISTS (
                    SELECT 1 FROM campaigns_target ct
                      JOIN campaigns_campaign cc ON cc.id = ct.campaign_id
                      JOIN staff_branch cb ON cb.id = ct.branch_id
                     WHERE ct.campaign_id = %(campaign)s AND ct.client_id = c.client_id
                       AND (ct.arm = 'control'
                         OR (c.occurred_at >= cc.starts_on::timestamp AT TIME ZONE cb.time_zone
                             AND c.occurred_at < (cc.ends_on + 1)::timestamp AT TIME ZONE cb.time_zone
                             AND (c.campaign_code = cc.code OR EXISTS (
                                 SELECT 1 FROM campaigns_targetaction cr
                                  WHERE cr.target_id = ct.id AND cr.action_id = c.action_id)
                               OR EXISTS (
                                 SELECT 1 FROM campaigns_invitation ci JOIN campaigns_event ce ON ce.id = ci.event_id
                                  WHERE ci.client_id = ct.client_id AND ce.campaign_id = cc.id
                                    AND c.action_id IN (ci.action_id, ci.follow_up_id)))))
                    OFFSET 0)"""
# Without a product, an opportunity is about its kind.
_CAMPAIGNS_OPPORTUNITY = f"""
               AND (NOT EXISTS ({_PRODUCTS}) OR o.product_id IN ({_PRODUCTS})
                    OR (o.product_id IS NULL AND o.kind IN (
                        SELECT fd.kind FROM portfolio_product fd WHERE fd.id IN ({_PRODUCTS}))))"""
OF_PRODUCTS = f"""
                   AND (NOT EXISTS ({_PRODUCTS}) OR q.product_id IN ({_PRODUCTS}))"""
# The campaign to which a purchase `s` that names none belongs: of those that run on its day and sell its
# product to the client, the one that began first.
_EARLIEST_OPEN = """
                        SELECT ek.id FROM campaigns_target et
                          JOIN campaigns_campaign ek ON ek.id = et.campaign_id
                         WHERE et.client_id = s.client_id AND et.arm = 'treatment'
                           AND ek.state IN ('running', 'paused', 'ended')
                           AND s.bought_on BETWEEN ek.starts_on AND ek.ends_on
                           AND (NOT EXISTS (SELECT 1 FROM campaigns_campaign_products ef
                                             WHERE ef.campaign_id = ek.id)
                             OR EXISTS (SELECT 1 FROM campaigns_campaign_products ef
                                         WHERE ef.campaign_id = ek.id AND ef.product_id = s.product_id))
                         ORDER BY ek.starts_on, ek.launched_at, ek.id LIMIT 1"""
# A reversal belongs where what it reverses does.
_CAMPAIGNS_PURCHASE = f"""{OF_PRODUCTS}
                   AND (SELECT CASE
                               WHEN ct.arm = 'control' THEN s.bought_on BETWEEN cc.starts_on AND cc.ends_on
                               WHEN s.campaign_code <> '' THEN s.campaign_code = cc.code
                               ELSE cc.id = ({_EARLIEST_OPEN}) END
                          FROM portfolio_purchase s
                          JOIN campaigns_campaign cc ON cc.id = %(campaign)s
                          JOIN campaigns_target ct ON ct.campaign_id = cc.id AND ct.client_id = s.client_id
                         WHERE s.id = coalesce(q.reverses_id, q.id))"""


@dataclass(frozen=True)
class Selection:
    """Which clients a figure is about: a branch with all below it, a manager, both, or (neither) the bank.

    Of a campaign: an arm of its targets, or (`arm` empty) both.
    """

    branch_id: int | None = None
    manager_id: int | None = None
    without_manager: bool = False
    campaign_id: int | None = None
    arm: str = "treatment"


def narrowed(selection: Selection) -> dict[str, str]:
    """What narrows contacts `c`, opportunities `o` and purchases `q` to those of the selection's campaign.

    Empty without one. The parameter is that of `population`.
    """
    if selection.campaign_id is None:
        return {"of_contact": "", "of_opportunity": "", "of_purchase": ""}
    return {
        "of_contact": _CAMPAIGNS_CONTACT,
        "of_opportunity": _CAMPAIGNS_OPPORTUNITY,
        "of_purchase": _CAMPAIGNS_PURCHASE,
    }


def population(selection: Selection, windows: Iterable[Period], by: str) -> tuple[str, dict[str, Any]]:
    """The CTEs `place` and `population` and their parameters.

    `population`: win, client_id, of_group, tier_id, from_on, to_on, from_at, until_at and the branch's
    time_zone. What a query does not name costs nothing.
    """
    windows = list(windows)
    params: dict[str, Any] = {
        "wins": list(range(len(windows))),
        "froms": [window.from_on for window in windows],
        "tos": [window.to_on for window in windows],
    }
    where_place, book, where_book = "", "", ""
    if selection.branch_id is not None:
        where_place = "WHERE b.path @> ARRAY[%(branch)s::bigint]"
        params["branch"] = selection.branch_id
    place = f"""
        place AS MATERIALIZED (
            SELECT w.win, w.from_on, w.to_on, b.id AS branch_id, b.time_zone,
                   w.from_on::timestamp AT TIME ZONE b.time_zone AS from_at,
                   (w.to_on + 1)::timestamp AT TIME ZONE b.time_zone AS until_at
              FROM unnest(%(wins)s::int[], %(froms)s::date[], %(tos)s::date[]) AS w(win, from_on, to_on)
             CROSS JOIN staff_branch b {where_place}
        )"""
    if selection.campaign_id is not None:
        return place + _targets(selection, by, params), params
    if by == "manager" or selection.manager_id is not None or selection.without_manager:
        book = """
              LEFT JOIN clients_assignment a ON a.client_id = s.client_id
               AND a.role = 'primary'
               AND (a.to_on IS NULL OR a.to_on > l.to_on)
               AND (a.from_on IS NULL OR a.from_on <= l.to_on)"""
    if selection.manager_id is not None:
        where_book = "WHERE a.manager_id = %(manager)s"
        params["manager"] = selection.manager_id
    elif selection.without_manager:
        where_book = "WHERE a.manager_id IS NULL"
    return (
        f"""{place},
        population AS (
            SELECT l.win, s.client_id, {GROUPS[by]} AS of_group, s.tier_id,
                   l.from_on, l.to_on, l.from_at, l.until_at, l.time_zone
              FROM place l
              JOIN clients_standing s ON s.branch_id = l.branch_id
               AND s.status = 'active'
               AND (s.to_on IS NULL OR s.to_on > l.to_on)
               AND (s.from_on IS NULL OR s.from_on <= l.to_on)
              {book}
             {where_book}
        )""",
        params,
    )


def _targets(selection: Selection, by: str, params: dict[str, Any]) -> str:
    """The CTE `population` of a campaign; adds its parameters. Branch, tier and manager are as frozen."""
    params["campaign"] = selection.campaign_id
    where = ""
    if selection.arm:
        where += " AND t.arm = %(arm)s"
        params["arm"] = selection.arm
    if selection.manager_id is not None:
        where += " AND t.manager_id = %(manager)s"
        params["manager"] = selection.manager_id
    elif selection.without_manager:
        where += " AND t.manager_id IS NULL"
    return f""",
        population AS (
            SELECT l.win, t.client_id, {GROUPS_OF_TARGETS[by]} AS of_group, t.tier_id,
                   l.from_on, l.to_on, l.from_at, l.until_at, l.time_zone
              FROM place l
              JOIN campaigns_target t ON t.branch_id = l.branch_id
               AND t.campaign_id = %(campaign)s{where}
        )"""


def achievement(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Population, reached clients, attempts and reached attempts of each window and group, and the total.

    One short index-only scan a client (contact_counted): the cost follows the population, not the bank.
    """
    ctes, params = population(selection, windows, by)
    return rows(
        f"""
        WITH {ctes}
        SELECT p.win, p.of_group, grouping(p.of_group) = 1 AS is_total,
               count(*) AS population,
               count(*) FILTER (WHERE x.reached) AS reached,
               sum(x.attempts)::bigint AS attempts,
               sum(x.reached_attempts)::bigint AS reached_attempts
          FROM population p
         CROSS JOIN LATERAL (
            SELECT bool_or({REACHED}) AS reached,
                   count(*) FILTER (WHERE c.direction = 'out') AS attempts,
                   count(*) FILTER (WHERE c.direction = 'out' AND {REACHED}) AS reached_attempts
              FROM interactions_contact c
             WHERE c.client_id = p.client_id AND c.voided_at IS NULL
               AND c.occurred_at >= p.from_at AND c.occurred_at < p.until_at{narrowed(selection)["of_contact"]}
         ) x
         GROUP BY GROUPING SETS ((p.win, p.of_group), (p.win))
        """,
        params,
    )


def delays(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Hours from occurred to recorded of the contacts of each window and group that a person wrote down."""
    ctes, params = population(selection, windows, by)
    return rows(
        f"""
        WITH {ctes}
        SELECT p.win, p.of_group, grouping(p.of_group) = 1 AS is_total,
               count(*) AS contacts,
               count(*) FILTER (WHERE x.hours <= 24) AS within_a_day,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY x.hours) AS median,
               percentile_cont(0.9) WITHIN GROUP (ORDER BY x.hours) AS p90
          FROM population p
         CROSS JOIN LATERAL (
            SELECT greatest(extract(epoch FROM c.recorded_at - c.occurred_at) / 3600, 0)::float8 AS hours
              FROM interactions_contact c
             WHERE c.client_id = p.client_id AND c.voided_at IS NULL AND NOT c.is_imported AND NOT {BY_ITSELF}
               AND c.occurred_at >= p.from_at AND c.occurred_at < p.until_at{narrowed(selection)["of_contact"]}
            OFFSET 0  -- keeps the planner on the index of the client: its guess of a range per client is too high
         ) x
         GROUP BY GROUPING SETS ((p.win, p.of_group), (p.win))
        """,
        params,
    )


def first_reached(selection: Selection, windows: Iterable[Period]) -> list[dict[str, Any]]:
    """How many clients of each window were reached for the first time on its n-th day, from 0."""
    ctes, params = population(selection, windows, "")
    return rows(
        f"""
        WITH {ctes}
        SELECT p.win, (x.first_at AT TIME ZONE p.time_zone)::date - p.from_on AS day, count(*) AS clients
          FROM population p
         CROSS JOIN LATERAL (
            SELECT min(c.occurred_at) AS first_at
              FROM interactions_contact c
             WHERE c.client_id = p.client_id AND c.voided_at IS NULL AND {REACHED}
               AND c.occurred_at >= p.from_at AND c.occurred_at < p.until_at{narrowed(selection)["of_contact"]}
         ) x
         WHERE x.first_at IS NOT NULL
         GROUP BY 1, 2
        """,
        params,
    )


BEHIND = {
    "population": "TRUE",
    "reached": f"EXISTS ({{contacts}} AND {REACHED})",
    "not_reached": f"NOT EXISTS ({{contacts}} AND {REACHED})",
    "attempted": "EXISTS ({contacts} AND c.direction = 'out')",
}


def clients_behind(selection: Selection, period: Period, figure: str) -> tuple[str, list[Any]]:
    """The ids of the clients behind one figure, as a subquery with its parameters in order."""
    ctes, params = population(selection, [period], "")
    contacts = f"""
            SELECT 1 FROM interactions_contact c
             WHERE c.client_id = p.client_id AND c.voided_at IS NULL
               AND c.occurred_at >= p.from_at AND c.occurred_at < p.until_at{narrowed(selection)["of_contact"]}"""
    return positional(
        f"(WITH {ctes} SELECT p.client_id FROM population p WHERE {BEHIND[figure].format(contacts=contacts)})",
        params,
    )


def contacts_of(selection: Selection, period: Period, client_ids: list[int]) -> tuple[str, list[Any]]:
    """The ids of the counted contacts of some clients of the population in the period, as a subquery."""
    ctes, params = population(selection, [period], "")
    return positional(
        f"""(WITH {ctes}
        SELECT c.id FROM population p
          JOIN interactions_contact c ON c.client_id = p.client_id AND c.voided_at IS NULL
           AND c.occurred_at >= p.from_at AND c.occurred_at < p.until_at{narrowed(selection)["of_contact"]}
         WHERE p.client_id = ANY(%(ids)s))""",
        params | {"ids": client_ids},
    )


def among(queryset: QuerySet, subquery: tuple[str, list[Any]]) -> QuerySet:
    """The rows whose id is in a subquery of this module."""
    return queryset.filter(pk__in=RawSQL(*subquery))


def count_of(subquery: tuple[str, list[Any]]) -> int:
    """How many ids a subquery of this module gives."""
    sql, params = subquery
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {sql} ids", params)
        return int(cursor.fetchone()[0])


def longest_unreached(clients: QuerySet) -> QuerySet:
    """Never reached first, then by how long ago."""
    return clients.order_by(F("last_reached_at").asc(nulls_first=True), "pk")


def past_ideal(selection: Selection, by: str, today: date) -> dict[int | None, int]:
    """Clients past their ideal interval on a day, by manager or branch as they are now, or as a campaign froze them."""
    where, params = ["k.status = 'active'", "k.next_due_on < %(today)s"], {"today": today}
    if selection.campaign_id is not None:
        ctes, of_campaign = population(selection, [Period(today, today, today)], by)
        late = rows(
            f"""
            WITH {ctes}
            SELECT p.of_group, count(*) AS clients
              FROM population p JOIN clients_client k ON k.id = p.client_id
             WHERE {" AND ".join(where)}
             GROUP BY 1
            """,
            params | of_campaign,
        )
        return {row["of_group"]: row["clients"] for row in late}
    if selection.branch_id is not None:
        where.append("k.branch_id IN (SELECT id FROM staff_branch WHERE path @> ARRAY[%(branch)s::bigint])")
        params["branch"] = selection.branch_id
    if selection.manager_id is not None:
        where.append("a.manager_id = %(manager)s")
        params["manager"] = selection.manager_id
    found = rows(
        f"""
        SELECT {"a.manager_id" if by == "manager" else "k.branch_id"} AS of_group, count(*) AS clients
          FROM clients_client k
          LEFT JOIN clients_assignment a ON a.client_id = k.id AND a.role = 'primary' AND a.to_on IS NULL
         WHERE {" AND ".join(where)}
         GROUP BY 1
        """,
        params,
    )
    return {row["of_group"]: row["clients"] for row in found}


def positional(sql: str, params: dict[str, Any]) -> tuple[str, list[Any]]:
    """Named parameters made positional, as the ORM's raw expressions need them."""
    return NAMED.sub("%s", sql), [params[name] for name in NAMED.findall(sql)]


def rows(sql: str, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Run one query and return its rows as dictionaries."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
