"""Sales to the clients of a scope, and how rows that are apart by currency become one.

Amounts stay in their currency. They are never added across currencies.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from metrics.periods import Period
from metrics.querysets import Selection, population, rows

# One row for each purchase booked in the window, under the client's manager whoever sold it. A reversal
# takes away on the day it is booked.
SALES = """
        sale AS (
            SELECT p.win, p.client_id, p.of_group, d.kind, q.currency,
                   CASE WHEN q.reverses_id IS NULL THEN q.amount ELSE -q.amount END AS amount,
                   CASE WHEN q.reverses_id IS NULL THEN 1 ELSE -1 END AS times
              FROM population p
              JOIN portfolio_purchase q ON q.client_id = p.client_id
               AND q.bought_on >= p.from_on AND q.bought_on <= p.to_on
              JOIN portfolio_product d ON d.id = q.product_id
        )"""


def sales(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Purchases booked in each window, by group: `sales` in all, `kinds` a count, and amounts by currency.

    `sales_amounts` maps a currency to (amount, count), `kind_amounts` a product kind to such a mapping.
    Groups without purchases have no row.
    """
    ctes, params = population(selection, windows, by)
    found = rows(
        f"""
        WITH {ctes}, {SALES}
        SELECT s.win, s.of_group, grouping(s.of_group) = 1 AS is_total, s.kind, s.currency,
               sum(s.times)::bigint AS sales, sum(s.amount) AS sales_amount
          FROM sale s
         GROUP BY GROUPING SETS ((s.win, s.of_group, s.kind, s.currency), (s.win, s.kind, s.currency))
         ORDER BY s.kind, s.currency
        """,
        params,
    )
    made = by_currency(found, amounts=("sales",))
    of_kind: dict[tuple, dict[str, dict[str, tuple[Decimal, int]]]] = {}
    for row in found:
        kinds = of_kind.setdefault(_place(row), {})
        kinds.setdefault(row["kind"], {})[row["currency"]] = (row["sales_amount"], row["sales"])
    for row in made:
        row["kind_amounts"] = of_kind[_place(row)]
    return made


def by_currency(
    found: Iterable[dict[str, Any]], *, counts: Sequence[str] = (), amounts: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows that are apart by currency made one for each window and group.

    Counts are added up; `{name}_amounts` maps each currency that has any to (amount, count). A row without a
    currency is about what has no amount.
    """
    made: dict[tuple, dict[str, Any]] = {}
    for row in found:
        place = _place(row)
        into = made.setdefault(
            place,
            {"win": row["win"], "of_group": row["of_group"], "is_total": row["is_total"]}
            | dict.fromkeys((*counts, *amounts), 0)
            | {f"{name}_amounts": {} for name in amounts},
        )
        for name in (*counts, *amounts):
            into[name] += row[name]
        for name in amounts:
            if row["currency"] and row[f"{name}_amount"] is not None:
                sums = into[f"{name}_amounts"]
                amount, count = sums.get(row["currency"], (Decimal(0), 0))
                sums[row["currency"]] = (amount + row[f"{name}_amount"], count + row[name])
    return list(made.values())


def _place(row: dict[str, Any]) -> tuple:
    return row["win"], row["of_group"], row["is_total"]


BEHIND = {"sales": (SALES, "EXISTS (SELECT 1 FROM sale s WHERE s.client_id = p.client_id)")}
