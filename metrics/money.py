"""Sales to the clients of a scope, money they brought, what they have with us, and what became of maturities.

Amounts stay in their currency. Beside them stands a total in the reporting currency, each amount converted
to the cent, so that rows add up to the whole; what has no rate of the last seven days is not in it.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings

from metrics.periods import Period
from metrics.querysets import Selection, narrowed, population, rows
from portfolio.rates import RATE_HOLDS, rate_sql
from portfolio.standing import FRESH


def rate_of(name: str, currency: str, day: str) -> str:
    """A lateral join `name` with the rate of a currency on a day (`portfolio.rates`); NULL where there is none.

    The planner looks each currency and day up once. Its parameters are those of `reporting()`.
    """
    return f"""
             CROSS JOIN LATERAL (SELECT {rate_sql(currency, day)} AS rate OFFSET 0) {name}"""


def in_reporting(amount: str, name: str) -> str:
    """An amount in the reporting currency, to the cent; NULL where `rate_of` found no rate."""
    return f"round({amount} / {name}.rate, 2)"


def reporting() -> dict[str, Any]:
    """What queries that convert need to know."""
    return {"reporting": settings.REPORTING_CURRENCY, "holds": RATE_HOLDS.days}


def totalled(
    name: str,
    *,
    amount: str = "x.amount",
    converted: str = "x.converted",
    times: str = "count(*)",
    where: str = "TRUE",
) -> str:
    """The columns of one figure of money that `by_currency` reads: how many, how much, and in what it adds up."""
    unconverted = f"{where} AND {amount} IS NOT NULL AND {converted} IS NULL"
    return f"""
               coalesce(({times} FILTER (WHERE {where}))::bigint, 0) AS "{name}",
               sum({amount}) FILTER (WHERE {where}) AS "{name}_amount",
               sum({converted}) FILTER (WHERE {where}) AS "{name}_converted",
               sum({amount}) FILTER (WHERE {unconverted}) AS "{name}_unconverted",
               coalesce(({times} FILTER (WHERE {unconverted}))::bigint, 0) AS "{name}_unconverted_count\""""


# One row for each purchase booked in the window, under the client's manager whoever sold it. A reversal
# takes away on the day it is booked.
SALES = f"""
        sale AS (
            SELECT p.win, p.client_id, p.of_group, p.to_on, q.id, q.product_id, d.name AS product, d.kind,
                   q.currency, q.amount, q.times,
                   {in_reporting("q.amount", "rate")} AS converted
              FROM population p
             CROSS JOIN LATERAL (
                SELECT q.id, q.product_id, q.bought_on, q.currency,
                       CASE WHEN q.reverses_id IS NULL THEN q.amount ELSE -q.amount END AS amount,
                       CASE WHEN q.reverses_id IS NULL THEN 1 ELSE -1 END AS times
                  FROM portfolio_purchase q
                 WHERE q.client_id = p.client_id AND q.bought_on >= p.from_on AND q.bought_on <= p.to_on{{of_purchase}}
                OFFSET 0  -- one short range a client
             ) q
              JOIN portfolio_product d ON d.id = q.product_id{rate_of("rate", "q.currency", "q.bought_on")}
        )"""

# One row for each movement from or to another bank booked in the window, what went out below nought.
MOVEMENTS = f"""
        movement AS (
            SELECT p.win, p.client_id, p.of_group, m.currency, m.amount,
                   {in_reporting("m.amount", "rate")} AS converted
              FROM population p
             CROSS JOIN LATERAL (
                SELECT m.booked_on, m.currency,
                       CASE m.direction WHEN 'in' THEN m.amount ELSE -m.amount END AS amount
                  FROM portfolio_movement m
                 WHERE m.client_id = p.client_id AND m.external
                   AND m.booked_on >= p.from_on AND m.booked_on <= p.to_on
                OFFSET 0
             ) m{rate_of("rate", "m.currency", "m.booked_on")}
        )"""

# One row for each client and currency of the last balance at the window's end, loans apart; a client without
# any has one row without a currency. `is_first` marks one row a client. Days are looked for in the index
# alone, so that a balance of every day costs no more than a balance a month.
BALANCES = f"""
        balance AS (
            SELECT p.win, p.client_id, p.of_group, b.currency, b.amount, coalesce(b.place, 1) = 1 AS is_first,
                   {in_reporting("b.amount", "rate")} AS converted
              FROM population p
              LEFT JOIN LATERAL (
                SELECT l.currency, s.deposits + s.investments AS amount, row_number() OVER () AS place
                  FROM (
                    SELECT d.currency, max(d.as_of) AS as_of FROM portfolio_balancesnapshot d
                     WHERE d.client_id = p.client_id
                       AND d.as_of <= p.to_on AND d.as_of >= p.to_on - {FRESH.days}
                     GROUP BY d.currency
                    OFFSET 0
                  ) l
                  JOIN portfolio_balancesnapshot s ON s.client_id = p.client_id
                   AND s.as_of = l.as_of AND s.currency = l.currency
                OFFSET 0
              ) b ON TRUE{rate_of("rate", "b.currency", "p.to_on")}
        )"""

# One row for each holding whose term ended in the window, those ended early aside. What became of it counts
# once the case is settled; until then all of it is unknown.
MATURITIES = f"""
        maturity AS (
            SELECT p.win, p.client_id, p.of_group, m.currency, m.principal AS amount, m.kept, m.unknown,
                   {in_reporting("m.principal", "rate")} AS converted,
                   {in_reporting("m.kept", "rate")} AS kept_converted,
                   {in_reporting("m.unknown", "rate")} AS unknown_converted
              FROM population p
             CROSS JOIN LATERAL (
                SELECT c.effective_on, c.currency, c.principal,
                       CASE WHEN c.settled_at IS NULL THEN 0 ELSE coalesce((
                           SELECT sum(t.amount) FROM portfolio_maturitypart t
                            WHERE t.case_id = c.id AND t.outcome IN ('renewed', 'moved')), 0) END AS kept,
                       CASE WHEN c.settled_at IS NULL THEN c.principal ELSE 0 END AS unknown
                  FROM portfolio_maturitycase c
                 WHERE c.client_id = p.client_id AND c.broken_on IS NULL
                   AND c.effective_on >= p.from_on AND c.effective_on <= p.to_on
                OFFSET 0
             ) m{rate_of("rate", "m.currency", "m.effective_on")}
        )"""


def sales(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Purchases booked in each window, by group: `sales` in all, amounts by currency, and `kind_amounts`.

    `sales_amounts` maps a currency to (amount, count), `kind_amounts` a product kind to such a mapping.
    Groups without purchases have no row.
    """
    found = _apart(selection, windows, by, SALES, "sale", totalled("sales", times="sum(x.times)"), ("kind",))
    made = by_currency(found, amounts=("sales",))
    of_kind: dict[tuple, dict[str, dict[str, tuple[Decimal, int]]]] = {}
    for row in found:
        kinds = of_kind.setdefault(_place(row), {})
        kinds.setdefault(row["kind"], {})[row["currency"]] = (row["sales_amount"], row["sales"])
    for row in made:
        row["kind_amounts"] = of_kind[_place(row)]
    return made


def net_new_money(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Movements from other banks less those to them, by group and currency. No row where there were none."""
    found = _apart(selection, windows, by, MOVEMENTS, "movement", totalled("movements"))
    return by_currency(found, amounts=("movements",))


def assets(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Deposits and investments at each window's end, by group and currency.

    `clients` is the population, `known` those of them of whom a balance is young enough.
    """
    counts = """
               count(*) FILTER (WHERE x.is_first) AS clients,
               count(*) FILTER (WHERE x.is_first AND x.currency IS NOT NULL) AS known,"""
    columns = counts + totalled("assets", where="x.currency IS NOT NULL")
    found = _apart(selection, windows, by, BALANCES, "balance", columns)
    return by_currency(found, counts=("clients", "known"), amounts=("assets",))


def maturities(selection: Selection, windows: Iterable[Period], by: str) -> list[dict[str, Any]]:
    """Principal that matured, was kept, and of which it is unknown, by group and currency; no row without any."""
    columns = ",".join(
        (
            totalled("matured"),
            totalled("kept", amount="x.kept", converted="x.kept_converted", where="x.kept > 0"),
            totalled("unknown", amount="x.unknown", converted="x.unknown_converted", where="x.unknown > 0"),
        )
    )
    found = _apart(selection, windows, by, MATURITIES, "maturity", columns)
    return by_currency(found, amounts=("matured", "kept", "unknown"))


def _apart(
    selection: Selection,
    windows: Iterable[Period],
    by: str,
    events: str,
    table: str,
    columns: str,
    also: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Rows of each window and group apart by currency (and what else is named), in that order."""
    ctes, params = population(selection, windows, by)
    apart = ", ".join(f"x.{name}" for name in (*also, "currency"))
    return rows(
        f"""
        WITH {ctes}, {events.format(**narrowed(selection))}
        SELECT x.win, x.of_group, grouping(x.of_group) = 1 AS is_total, {apart}, {columns}
          FROM {table} x
         GROUP BY GROUPING SETS ((x.win, x.of_group, {apart}), (x.win, {apart}))
         ORDER BY {apart}
        """,
        params | reporting(),
    )


def by_currency(
    found: Iterable[dict[str, Any]], *, counts: Sequence[str] = (), amounts: Sequence[str]
) -> list[dict[str, Any]]:
    """Rows that are apart by currency made one for each window and group.

    Counts are added up; `{name}_amounts` maps each currency that has any to (amount, count), and so does
    `{name}_unconverted` for what has no rate; `{name}_converted` is the sum of the rest in the reporting
    currency, None where there is none. A row without a currency is about what has no amount.
    """
    made: dict[tuple, dict[str, Any]] = {}
    for row in found:
        place = _place(row)
        into = made.setdefault(
            place,
            {"win": row["win"], "of_group": row["of_group"], "is_total": row["is_total"]}
            | dict.fromkeys((*counts, *amounts), 0)
            | {f"{name}_amounts": {} for name in amounts}
            | {f"{name}_unconverted": {} for name in amounts}
            | {f"{name}_converted": None for name in amounts},
        )
        for name in (*counts, *amounts):
            into[name] += row[name]
        for name in amounts:
            _add(into[f"{name}_amounts"], row["currency"], row[f"{name}_amount"], row[name])
            without = row[f"{name}_unconverted_count"]
            _add(into[f"{name}_unconverted"], row["currency"], row[f"{name}_unconverted"], without)
            if row[f"{name}_converted"] is not None:
                into[f"{name}_converted"] = (into[f"{name}_converted"] or 0) + row[f"{name}_converted"]
    return list(made.values())


def _add(
    sums: dict[str, tuple[Decimal, int]], currency: str | None, amount: Decimal | None, count: int
) -> None:
    if currency and amount is not None:
        before, counted = sums.get(currency, (Decimal(0), 0))
        sums[currency] = (before + amount, counted + count)


def _place(row: dict[str, Any]) -> tuple:
    return row["win"], row["of_group"], row["is_total"]


def _with(table: str, condition: str = "TRUE") -> str:
    return f"EXISTS (SELECT 1 FROM {table} x WHERE x.client_id = p.client_id AND {condition})"


BEHIND = {
    "sales": (SALES, _with("sale")),
    "net_new_money": (MOVEMENTS, _with("movement")),
    "aum": (BALANCES, _with("balance", "x.currency IS NOT NULL")),
    "maturity_retention": (MATURITIES, _with("maturity", "x.kept < x.amount")),
}
