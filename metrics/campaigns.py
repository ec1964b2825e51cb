"""The first summing-up of a campaign: what came of it, the clients contacted and those left alone side by side.

Contacts, facts, opportunities and money are the registry's own queries over the frozen targets (`Scope.arms`). Here is
what a campaign adds: who bought and in which week, which products, the change of assets, what it cost and for whom.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from campaigns.costs import CENT, Costs, Group, Line, divided_costs, per, per_thousand
from campaigns.models import Arm
from metrics import figures
from metrics.definitions import BY_KEY
from metrics.figures import Figure, Row, divided
from metrics.money import BALANCES, MOVEMENTS, SALES, by_currency, reporting, totalled
from metrics.periods import Period
from metrics.querysets import OF_PRODUCTS, Selection, narrowed, population, rows
from metrics.reports import ARM, Scope, report

FEWEST = 5  # clients in each arm, below which nothing can be said of an effect
KEYS = (
    "contact_achievement",
    "facts_gained",
    "new_information",
    "opportunities_raised",
    "follow_up",
    "follow_up_overdue",
)
ARMS = tuple(Arm)

# The first purchase of a campaign's product by a client `p` in the window that was not reversed by its end, whichever
# campaign the purchase counts for: of both arms by the same rule.
FIRST_BOUGHT = f"""
                SELECT min(q.bought_on) AS first_on
                  FROM portfolio_purchase q
                 WHERE q.client_id = p.client_id AND q.bought_on >= p.from_on AND q.bought_on <= p.to_on
                   AND q.reverses_id IS NULL{OF_PRODUCTS}
                   AND coalesce((SELECT r.bought_on > p.to_on FROM portfolio_purchase r WHERE r.reverses_id = q.id), true)"""


@dataclass(frozen=True)
class Sold:
    """What was sold of a product: clients who bought and did not give it back, and the amounts."""

    product: str
    buyers: int
    sales: Figure
    is_named: bool = False  # by the campaign, which else is about every product


@dataclass(frozen=True)
class ArmFigures:
    """What came of one arm. Every client of it counts, reached or not (intention to treat).

    `change` is the mean change of assets of the `known` clients of whom a balance is known at both ends, in the
    reporting currency. `bought_by_week` are the buyers so far at the end of each week.
    """

    clients: int
    figures: dict[str, Figure]
    buyers: int
    bought_by_week: tuple[int, ...]
    sales: Figure
    sold: tuple[Sold, ...]
    sold_to: int  # clients with a purchase that counts for this campaign
    brought: Figure
    brought_by_buyers: Figure
    known: int
    change: Decimal | None

    @property
    def conversion(self) -> float | None:
        return divided(self.buyers, self.clients)

    def by_week(self) -> list[float | None]:
        return [divided(count, self.clients) for count in self.bought_by_week]


@dataclass(frozen=True)
class Review:
    """A campaign in its own days, as far as they have come, for a scope of it."""

    scope: Scope
    period: Period
    treated: ArmFigures
    control: ArmFigures
    costs: Costs
    tiers: dict[int | None, str]
    invited: int
    attending: int

    @property
    def is_part(self) -> bool:
        """Whether the scope is not all of the campaign."""
        return any(not one.group.is_inside and one.clients for one in self.costs.groups)

    @property
    def is_comparable(self) -> bool:
        return min(self.treated.clients, self.control.clients) >= FEWEST

    def weeks(self) -> list[date]:
        """The first day of each week of the campaign."""
        return [self.period.from_on + timedelta(days=7 * week) for week in range(_weeks(self.period))]

    def spent(self) -> Decimal:
        """What is known to have been spent, of a part of the campaign its share."""
        return self.costs.of().actual if self.is_part else self.costs.whole.actual

    def planned(self) -> Decimal:
        return self.costs.of().planned if self.is_part else self.costs.whole.planned

    def new_money(self) -> Decimal | None:
        """What the contacted clients brought, in the campaign's currency; None where it cannot be told in it."""
        brought, campaign = self.treated.brought, self.scope.campaign
        currency = campaign.currency if campaign else ""
        if brought.currency == currency or not brought.value:
            return brought.amount
        total = brought.total
        return None if total is None or total.currency != currency or total.unconverted else total.amount

    def costs_per(self) -> list[tuple[str, int | Decimal | None, Decimal | None]]:
        """What each unit of success cost: its code, how many there were, and the amount or None."""
        spent, money = self.spent(), self.new_money()
        reached = self.treated.figures["contact_achievement"].numerator or 0
        counts = {
            "invited": self.invited,
            "attending": self.attending,
            "reached": reached,
            "buyer": self.treated.buyers,
        }
        found: list[tuple[str, int | Decimal | None, Decimal | None]] = [
            (code, count, per(spent, count)) for code, count in counts.items()
        ]
        return [*found, ("new_money", money, per_thousand(spent, money))]


def review(scope: Scope, period: Period) -> Review:
    """Sum up the scope's campaign over a period, which is its own days (`Scope.own_period`).

    Visibility: the scope has been passed (`scope_for`). The control arm is narrowed as the treated one is.
    """
    both = scope.arms()
    made = {row.key: row for row in report(both, period, ARM, KEYS, is_compared=False).rows}
    people, costs, invited, attending, tiers = _people(both.selection, period)
    sold, brought = _sold(both.selection, period), _brought(both.selection, period)
    changes = _changes(both.selection, period)
    arms = []
    for place in range(len(ARMS)):
        by_week = people.get(place, {})
        change = changes.get(place, {})
        known = change.get("known", 0)
        together = sold.get((place, None)) or Sold("", 0, figures.sales({}))
        arms.append(
            ArmFigures(
                clients=sum(by_week.values()),
                figures=made[place].figures if place in made else _nothing(),
                buyers=sum(count for week, count in by_week.items() if week is not None),
                bought_by_week=_so_far(by_week, _weeks(period)),
                sales=together.sales,
                sold=tuple(one for (arm, product), one in sold.items() if arm == place and product),
                sold_to=together.buyers,
                brought=figures.net_new_money(brought.get((place, None), {})),
                brought_by_buyers=figures.net_new_money(brought.get((place, True), {})),
                known=known,
                change=(change["change"] / known).quantize(CENT) if known else None,
            )
        )
    return Review(scope, period, arms[0], arms[1], costs, tiers, invited, attending)


def _nothing() -> dict[str, Figure]:
    return {key: BY_KEY[key].figure({}) for key in KEYS}


def _weeks(period: Period) -> int:
    return -(-period.days() // 7)


def _so_far(by_week: dict[int | None, int], weeks: int) -> tuple[int, ...]:
    found, bought = [], 0
    for week in range(weeks):
        bought += by_week.get(week, 0)
        found.append(bought)
    return tuple(found)


# -- queries -----------------------------------------------------------------------------------------


def _people(
    selection: Selection, period: Period
) -> tuple[dict[int, dict[int | None, int]], Costs, int, int, dict[int | None, str]]:
    """Clients of each arm by the week in which they first bought (None: not at all), and what the campaign cost.

    Costs are divided over all who are contacted, in the scope or outside. Invited and attending are clients of the
    scope, once each, at whatever events of the campaign; walk-ins attend without having been invited.
    """
    ctes, params = population(selection, [period], ARM)
    found = rows(
        f"""
        WITH {ctes},
        guest AS (
            SELECT i.client_id, bool_or(NOT i.is_walk_in AND i.withdrawn_at IS NULL) AS is_invited,
                   bool_or(i.attendance = 'came') AS has_come
              FROM campaigns_event e JOIN campaigns_invitation i ON i.event_id = e.id
             WHERE e.campaign_id = %(campaign)s
             GROUP BY 1
        )
        SELECT (t.arm = 'control')::int AS arm, t.tier_id, r.name AS tier, p.client_id IS NOT NULL AS is_inside,
               (x.first_on - p.from_on) / 7 AS week, count(*) AS clients,
               count(*) FILTER (WHERE g.is_invited) AS invited,
               count(*) FILTER (WHERE g.has_come) AS attending
          FROM campaigns_target t
          LEFT JOIN population p ON p.client_id = t.client_id
          LEFT JOIN clients_tier r ON r.id = t.tier_id
          LEFT JOIN guest g ON g.client_id = t.client_id
          LEFT JOIN LATERAL ({FIRST_BOUGHT}
          ) x ON TRUE
         WHERE t.campaign_id = %(campaign)s
         GROUP BY 1, 2, 3, 4, 5
         ORDER BY 3 NULLS LAST
        """,
        params,
    )
    people: dict[int, dict[int | None, int]] = {}
    clients: dict[Group, int] = {}
    for row in found:
        if row["is_inside"]:
            by_week = people.setdefault(row["arm"], {})
            by_week[row["week"]] = by_week.get(row["week"], 0) + row["clients"]
        if not row["arm"]:
            group = Group(row["tier_id"], row["is_inside"])
            clients[group] = clients.get(group, 0) + row["clients"]
    treated = [row for row in found if row["is_inside"] and not row["arm"]]
    return (
        people,
        _costs(selection, clients),
        sum(row["invited"] for row in treated),
        sum(row["attending"] for row in treated),
        {row["tier_id"]: row["tier"] or "" for row in found},
    )


def _costs(selection: Selection, clients: dict[Group, int]) -> Costs:
    found = rows(
        """
        SELECT l.tier_id, NULL AS unit_cost, l.planned_amount, l.actual_amount
          FROM campaigns_costline l WHERE l.campaign_id = %(campaign)s
        UNION ALL
        SELECT g.tier_id, g.unit_cost, NULL, NULL
          FROM campaigns_campaigngroup g WHERE g.campaign_id = %(campaign)s
        """,
        {"campaign": selection.campaign_id},
    )
    units = {row["tier_id"]: row["unit_cost"] for row in found if row["unit_cost"] is not None}
    lines = [
        Line(row["planned_amount"], row["actual_amount"], row["tier_id"])
        for row in found
        if row["unit_cost"] is None
    ]
    return divided_costs(lines, units, clients)


Place = tuple[int, Any]


def _sold(selection: Selection, period: Period) -> dict[Place, Sold]:
    """What was sold, by arm and product (None: all together); products that the campaign names also where nothing was."""
    ctes, params = population(selection, [period], ARM)
    found = rows(
        f"""
        WITH {ctes}, {SALES.format(**narrowed(selection))}
        SELECT x.of_group, grouping(x.product_id) = 1 AS is_whole, x.product_id, x.product, x.currency,
               count(DISTINCT x.client_id) FILTER (WHERE x.times > 0 AND NOT EXISTS (
                   SELECT 1 FROM portfolio_purchase r
                    WHERE r.reverses_id = x.id AND r.bought_on <= x.to_on)) AS buyers,
               {totalled("sales", times="sum(x.times)")}
          FROM sale x
         GROUP BY GROUPING SETS ((x.of_group, x.product_id, x.product, x.currency),
                                 (x.of_group, x.product_id, x.product), (x.of_group, x.currency), (x.of_group))
        UNION ALL
        SELECT 0, FALSE, d.id, d.name, NULL, NULL, NULL, NULL, NULL, NULL, NULL
          FROM campaigns_campaign_products f JOIN portfolio_product d ON d.id = f.product_id
         WHERE f.campaign_id = %(campaign)s
         ORDER BY product, product_id, currency
        """,
        params | reporting(),
    )
    made: dict[Place, Sold] = {}
    for place, members in _places(found, lambda row: None if row["is_whole"] else row["product_id"]).items():
        wholes = [row for row in members if row["currency"] is None]
        together = by_currency((row for row in members if row["currency"]), amounts=("sales",))
        made[place] = Sold(
            wholes[0]["product"] or "",
            max(row["buyers"] or 0 for row in wholes),
            figures.sales(together[0] if together else {}),
            any(row["buyers"] is None for row in wholes),
        )
    return made


def _brought(selection: Selection, period: Period) -> dict[Place, Row]:
    """By arm, and (True) of those in it who bought, a row for `figures.net_new_money`."""
    ctes, params = population(selection, [period], ARM)
    found = rows(
        f"""
        WITH {ctes}, {MOVEMENTS},
        moved AS (
            SELECT m.*, (SELECT x.first_on IS NOT NULL FROM ({FIRST_BOUGHT}) x) AS has_bought
              FROM movement m JOIN population p ON p.client_id = m.client_id
        )
        SELECT x.of_group, grouping(x.has_bought) = 1 AS is_whole, x.has_bought, x.currency,
               {totalled("movements")}
          FROM moved x
         GROUP BY GROUPING SETS ((x.of_group, x.has_bought, x.currency), (x.of_group, x.currency))
        """,
        params | reporting(),
    )
    return {
        place: by_currency(members, amounts=("movements",))[0]
        for place, members in _places(
            found, lambda row: None if row["is_whole"] else row["has_bought"]
        ).items()
    }


def _changes(selection: Selection, period: Period) -> dict[int, dict[str, Any]]:
    """Of each arm the clients of whom a balance is known at both ends, and by how much their assets changed in all.

    A balance without a rate of its day is not known. The beginning is the evening before the first day.
    """
    before = period.from_on - timedelta(days=1)
    ctes, params = population(selection, [period, Period(before, before, before)], ARM)
    found = rows(
        f"""
        WITH {ctes}, {BALANCES},
        known AS (
            SELECT b.client_id, b.of_group, sum(CASE b.win WHEN 0 THEN b.converted ELSE -b.converted END) AS change
              FROM balance b WHERE b.currency IS NOT NULL
             GROUP BY 1, 2
            HAVING count(*) = count(b.converted) AND bool_or(b.win = 0) AND bool_or(b.win = 1)
        )
        SELECT k.of_group, count(*) AS known, sum(k.change) AS change FROM known k GROUP BY 1
        """,
        params | reporting(),
    )
    return {row["of_group"]: row for row in found}


def _places(found: Iterable[dict[str, Any]], part: Any) -> dict[Place, list[dict[str, Any]]]:
    """Rows by arm and part, made such as `by_currency` reads."""
    places: dict[Place, list[dict[str, Any]]] = {}
    for row in found:
        key = (row["of_group"], part(row))
        places.setdefault(key, []).append(row | {"win": 0, "is_total": False})
    return places
