"""Prices, rates, balances, movements and channel use of the sample bank: two years of days, thirteen of months."""

import math
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from bankcrm.sample.clients import SampleClient
from bankcrm.sample.dice import Dice
from bankcrm.sample.money import CURRENCIES, PER_USD, SampleHolding, products

PRICED = ("fund", "precious_metal")
DAYS_BACK = 760
MONTHS = 13
# How the last days went, as a share of the price: news on which clients are to be called.
FELL = {"FJE-CNY": -0.12, "FAE-MXN": -0.12, "FJA-CNY": -0.09, "FBA-EUR": -0.1, "FWE-USD": -0.09}
ROSE = {"AU10-USD": 0.2, "AU50-CNY": 0.2}
LAST_DAYS = 4
BANKS = ("Banco del Faro", "Kaihang Bank", "Union of Savers", "Casa Central", "First Quay Bank")


class Prices:
    """What a unit of each product costs on a day; on a weekend what it cost on Friday."""

    def __init__(self, as_of: date, seed: int) -> None:
        self.as_of = as_of
        self.of: dict[str, dict[date, float]] = {}
        for row in products(as_of):
            if row["kind"] in PRICED:
                code = row["product_code"]
                self.of[code] = self._path(code, Dice(f"{seed}/prices/{code}"))

    def _path(self, code: str, random: Dice) -> dict[date, float]:
        base, phase = random.uniform(12, 140), random.uniform(0, 2 * math.pi)
        found: dict[date, float] = {}
        price = base
        for back in range(DAYS_BACK, 0, -1):
            day = self.as_of - timedelta(days=back)
            if day.weekday() < 5:
                wave = 0.035 * math.sin(2 * math.pi * back / 190 + phase) + 0.05 * (1 - back / DAYS_BACK)
                last = max(LAST_DAYS + 1 - back, 0) / LAST_DAYS
                news = (FELL.get(code, 0.0) + ROSE.get(code, 0.0)) * last
                price = round(base * (1 + wave + news + random.uniform(-0.003, 0.003)), 4)
            found[day] = price
        return found

    def on(self, code: str, day: date) -> float | None:
        """The price of a day, None where the product has none."""
        path = self.of.get(code)
        return path.get(day) if path else None

    def rows(self) -> list[dict[str, str]]:
        return [
            {"product_code": code, "date": day.isoformat(), "price": f"{price:.4f}"}
            for code, path in self.of.items()
            for day, price in path.items()
            if day.weekday() < 5
        ]


def make_rates(*, as_of: date, seed: int) -> list[dict[str, str]]:
    """Each working day's rates against the dollar, the sample bank's reporting currency."""
    rows = []
    for currency in CURRENCIES:
        random = Dice(f"{seed}/rates/{currency}")
        for back in range(DAYS_BACK, 0, -1):
            day = as_of - timedelta(days=back)
            if currency != "USD" and day.weekday() < 5:
                wave = 0.02 * math.sin(back / 60) + random.uniform(-0.002, 0.002)
                rows.append(
                    {
                        "date": day.isoformat(),
                        "currency": currency,
                        "rate": f"{PER_USD[currency] * (1 + wave):.6f}",
                    }
                )
    return rows


def month_ends(as_of: date) -> list[date]:
    """The last days of the months gone by, and yesterday."""
    found, day = [as_of - timedelta(days=1)], as_of.replace(day=1) - timedelta(days=1)
    while len(found) < MONTHS + 1:
        if day not in found:
            found.append(day)
        day = day.replace(day=1) - timedelta(days=1)
    return sorted(found)


def make_balances(*, holdings: list[SampleHolding], as_of: date) -> list[dict[str, str]]:
    """What the holdings that were open on a day come to, by client and currency."""
    days = month_ends(as_of)
    sums: dict[tuple[str, date, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for holding in holdings:
        row = holding.row
        if holding.kind == "card" or row["status"] == "closed":
            continue
        opened = date.fromisoformat(row["opened_on"])
        ended = holding.matures_on if row["status"] == "matured" else None
        place = {"demand_deposit": 0, "term_deposit": 0, "loan": 2}.get(holding.kind, 1)
        value = Decimal(row.get("market_value") or row["principal"])
        for day in days:
            if opened <= day and (ended is None or day < ended):
                held = sums[row["client_number"], day, row["currency"]]
                held[place] += value
    return [
        {
            "client_number": number,
            "as_of": day.isoformat(),
            "currency": currency,
            "deposits": str(deposits),
            "investments": str(investments),
            "loans": str(loans),
        }
        for (number, day, currency), (deposits, investments, loans) in sorted(sums.items())
    ]


def make_movements(*, clients: list[SampleClient], as_of: date, seed: int) -> list[dict[str, str]]:
    """Money that came and went in the last year; what is external names the other bank."""
    random = Dice(f"{seed}/movements")
    sizes = {"private": 60_000, "gold": 12_000, "standard": 1_500}
    rows = []
    for client in clients:
        if not client.is_active:
            continue
        for _ in range(random.randint(0, 5)):
            booked = as_of - timedelta(days=random.randint(1, 365))
            if booked < client.since:
                continue
            external = random.random() < 0.55
            amount = random.uniform(0.1, 1) * sizes[client.tier] * PER_USD[client.place.currency]
            rows.append(
                {
                    "client_number": client.number,
                    "booked_on": booked.isoformat(),
                    "amount": f"{amount:.2f}",
                    "currency": client.place.currency,
                    "direction": random.pick({"in": 5.5, "out": 4.5}),
                    "counterparty_bank": random.choice(BANKS) if external else "",
                    "external": "yes" if external else "no",
                }
            )
    rows.sort(key=lambda row: (row["booked_on"], row["client_number"], row["amount"]))
    return [{"movement_number": f"M{at:07d}", **row} for at, row in enumerate(rows, start=1)]


def make_channel_use(*, clients: list[SampleClient], as_of: date, seed: int) -> list[dict[str, str]]:
    """How active clients used the bank's channels in the last three whole months."""
    random = Dice(f"{seed}/channels")
    months, day = [], as_of.replace(day=1)
    for _ in range(3):
        day = (day - timedelta(days=1)).replace(day=1)
        months.append(day)
    rows = []
    for client in clients:
        if not client.is_active:
            continue
        usual = {"branch": 1, "mobile": random.randint(0, 40), "web": random.randint(0, 8), "call_centre": 1}
        for month in sorted(months):
            for channel, most in usual.items():
                if count := random.randint(0, most):
                    rows.append(
                        {
                            "client_number": client.number,
                            "month": f"{month:%Y-%m}",
                            "channel": channel,
                            "count": str(count),
                        }
                    )
    return rows
