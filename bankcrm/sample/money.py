"""What the sample bank sells and what its clients hold."""

from dataclasses import dataclass
from datetime import date, timedelta

from bankcrm.sample.cast import MANAGERS, Manager
from bankcrm.sample.clients import SampleClient
from bankcrm.sample.dice import Dice

# Units of the currency for one US dollar, roughly.
PER_USD = {"EUR": 0.92, "CNY": 7.2, "MXN": 18.0, "USD": 1.0}
CURRENCIES = tuple(PER_USD)
TERMS = {3: 91, 6: 182, 12: 365, 24: 730}
RETURNS = {  # a year, for the terms above
    "EUR": (0.0195, 0.0215, 0.0240, 0.0250),
    "CNY": (0.0110, 0.0130, 0.0155, 0.0180),
    "MXN": (0.0720, 0.0745, 0.0780, 0.0775),
    "USD": (0.0355, 0.0365, 0.0390, 0.0375),
}
DEMAND = {"EUR": 0.0010, "CNY": 0.0005, "MXN": 0.0150, "USD": 0.0050}
LOANS = {"EUR": 0.0310, "CNY": 0.0335, "MXN": 0.1090, "USD": 0.0620}
ASSETS_USD = {"private": (400_000, 3_200_000), "gold": (70_000, 420_000), "standard": (1_500, 65_000)}

# Term deposits inside these days of today are only those given on purpose.
MATURITIES_TO = 33


@dataclass
class SampleHolding:
    """One position; `row` is what core banking sends."""

    client: SampleClient
    kind: str
    matures_on: date | None
    row: dict[str, str]


def products(as_of: date) -> list[dict[str, str]]:
    """The catalogue: every kind in the currencies in which the branches sell it."""
    rows = []
    since = date(as_of.year - 6, 1, 1).isoformat()

    def _add(code, name, kind, currency, risk, *, term=None, expected=None, minimum=None, until="") -> None:
        rows.append(
            {
                "product_code": code,
                "name": name,
                "kind": kind,
                "currency": currency,
                "risk_level": str(risk),
                "term_days": "" if term is None else str(term),
                "expected_return": "" if expected is None else f"{expected:.4f}",
                "minimum": "" if minimum is None else str(minimum),
                "sale_from": since,
                "sale_to": until,
            }
        )

    for currency in CURRENCIES:
        per = PER_USD[currency]
        _add(f"CA-{currency}", "Current account", "demand_deposit", currency, 1, expected=DEMAND[currency])
        for (months, days), rate in zip(TERMS.items(), RETURNS[currency], strict=True):
            _add(
                f"TD{months:02d}-{currency}",
                f"Term deposit, {months} months",
                "term_deposit",
                currency,
                1,
                term=days,
                expected=rate,
                minimum=as_agreed(1_000 * per),
            )
        _add(f"LH-{currency}", "Home loan", "loan", currency, 1, term=7300, expected=LOANS[currency])
        _add(f"CG-{currency}", "Gold card", "card", currency, 1)
    for code, name, kind, currency, risk, expected in (
        ("FSB-EUR", "Meridian Short Bond Fund", "fund", "EUR", 2, 0.026),
        ("FBA-EUR", "Meridian Balanced Fund", "fund", "EUR", 3, 0.045),
        ("FWE-USD", "Meridian World Equity Fund", "fund", "USD", 4, 0.065),
        ("FJA-CNY", "Jade River Balanced Fund", "fund", "CNY", 3, 0.040),
        ("FJE-CNY", "Jade River Small Companies Fund", "fund", "CNY", 5, 0.080),
        ("FAN-MXN", "Anáhuac Income Fund", "fund", "MXN", 2, 0.082),
        ("FAE-MXN", "Anáhuac Equity Fund", "fund", "MXN", 4, 0.105),
        ("BES-EUR", f"Estuary Bond {as_of.year + 3}", "bond", "EUR", 2, 0.0425),
        ("BHA-USD", f"Harbour Authority Bond {as_of.year + 2}", "bond", "USD", 2, 0.0480),
        ("BYR-CNY", f"Yangtze Rail Bond {as_of.year + 4}", "bond", "CNY", 2, 0.0290),
        ("BSM-MXN", f"Sierra Madre Water Bond {as_of.year + 3}", "bond", "MXN", 3, 0.0940),
        ("INA-EUR", "Family Annuity", "insurance", "EUR", 1, 0.018),
        ("INA-CNY", "Family Annuity", "insurance", "CNY", 1, 0.021),
        ("INA-MXN", "Family Annuity", "insurance", "MXN", 1, 0.050),
        ("WBS-CNY", "Steady Steps, 180 days", "wealth_product", "CNY", 2, 0.027),
        ("AU10-USD", "Gold bar, 10 g", "precious_metal", "USD", 4, None),
        ("AU50-CNY", "Gold bar, 50 g", "precious_metal", "CNY", 4, None),
    ):
        _add(
            code, name, kind, currency, risk, expected=expected, minimum=as_agreed(1_000 * PER_USD[currency])
        )
    _add(
        "FOC-USD",
        "Old Coast Growth Fund",
        "fund",
        "USD",
        5,
        expected=0.09,
        until=(as_of - timedelta(days=90)).isoformat(),
    )
    return rows


def as_agreed(amount: float) -> int:
    """An amount as people agree on one: two leading digits, the rest zeros."""
    size = 10 ** max(len(str(int(amount))) - 2, 0)
    return max(round(amount / size) * size, 100)


def planned_maturities(random: Dice, manager: Manager, index: int) -> list[int]:
    """In how many days the deposits of one book fall due that Today is to show."""
    if manager.pressure == 0:
        return [1, 5, 0, random.randint(8, 30)]
    days = [0, 1, 5, *(random.randint(8, 30) for _ in range(2))]
    if manager.pressure == 2:
        days += [-2, -1, 2, 6, *(random.randint(9, 30) for _ in range(3))]
    elif index % 2:
        days.append(-2)
    return days


def make_holdings(*, clients: list[SampleClient], as_of: date, seed: int) -> list[SampleHolding]:
    """What every client holds, in the order of holding numbers."""
    random = Dice(f"{seed}/holdings")
    catalogue = {row["product_code"]: row for row in products(as_of)}
    maker = _Maker(random, as_of, catalogue)
    planned: dict[str, list[int]] = {}
    books: dict[str, list[SampleClient]] = {}
    for client in clients:
        if (
            client.manager
            and client.is_active
            and client.is_person
            and client.since < as_of - timedelta(days=200)
        ):
            books.setdefault(client.manager.staff_number, []).append(client)
    for index, manager in enumerate(MANAGERS):
        book = books.get(manager.staff_number, [])
        wealthy = [client for client in book if client.tier != "standard"] or book
        for days in planned_maturities(random, manager, index) if wealthy else ():
            planned.setdefault(random.choice(wealthy).number, []).append(days)
    for client in clients:
        maker.client(client, planned.get(client.number, []))
    return maker.holdings


class _Maker:
    def __init__(self, random: Dice, as_of: date, catalogue: dict[str, dict[str, str]]) -> None:
        self.random = random
        self.as_of = as_of
        self.catalogue = catalogue
        self.holdings: list[SampleHolding] = []
        self.by_currency: dict[str, list[dict[str, str]]] = {currency: [] for currency in CURRENCIES}
        for row in catalogue.values():
            if row["kind"] in ("fund", "bond", "insurance", "wealth_product", "precious_metal"):
                self.by_currency[row["currency"]].append(row)

    def client(self, client: SampleClient, planned: list[int]) -> None:
        random = self.random
        if client.status == "prospect":
            return
        low, high = ASSETS_USD[client.tier]
        usd = random.triangular(low, high, low + (high - low) * 0.2)
        home = client.place.currency
        assets = usd * PER_USD[home]
        is_closed = client.status in ("closed", "deceased")
        self._current_account(client, home, assets * random.uniform(0.03, 0.15), is_closed=is_closed)
        for days in planned:
            self._term_deposit(
                client, home, assets * random.uniform(0.15, 0.4), self.as_of + timedelta(days=days)
            )
        if is_closed:
            return
        if client.tier != "standard" and random.random() < 0.3 and home != "USD":
            self._current_account(client, "USD", usd * random.uniform(0.02, 0.1))
        for _ in range(random.pick(_DEPOSITS[client.tier])):
            currency = "USD" if client.tier != "standard" and random.random() < 0.2 else home
            share = usd * PER_USD[currency] * random.uniform(0.1, 0.35)
            self._later_deposit(client, currency, share)
        if random.random() < _MATURED[client.tier]:
            self._matured_deposit(client, home, assets * random.uniform(0.1, 0.3))
        for _ in range(random.pick(_INVESTMENTS[client.tier])):
            currency = "USD" if random.random() < 0.25 else home
            self._investment(client, currency, usd * PER_USD[currency] * random.uniform(0.05, 0.3))
        if client.is_person and random.random() < 0.14:
            self._loan(client, home, random.uniform(40_000, 380_000) * PER_USD[home])
        if client.is_person and random.random() < _CARDS[client.tier]:
            self._card(client, home)

    def _write(
        self, client: SampleClient, code: str, opened: date, principal: float, **extra: object
    ) -> None:
        product = self.catalogue[code]
        matures_on = extra.pop("matures_on", None)
        row = {
            "holding_number": f"H{70_000_000 + len(self.holdings) * 7:08d}",
            "client_number": client.number,
            "product_code": code,
            "opened_on": opened.isoformat(),
            "matures_on": matures_on.isoformat() if isinstance(matures_on, date) else "",
            "principal": f"{principal:.2f}",
            "currency": product["currency"],
            "rate": product["expected_return"],
            "as_of": (self.as_of - timedelta(days=1)).isoformat(),
            "auto_renew": "no",
            "status": "open",
        }
        row |= {column: str(value) for column, value in extra.items()}
        self.holdings.append(
            SampleHolding(client, product["kind"], matures_on if isinstance(matures_on, date) else None, row)
        )

    def _day_since(self, client: SampleClient, most_days: int = 3000) -> date:
        longest = max((self.as_of - client.since).days, 3)
        return self.as_of - timedelta(days=self.random.randint(2, min(longest, most_days)))

    def _current_account(
        self, client: SampleClient, currency: str, amount: float, *, is_closed: bool = False
    ) -> None:
        balance = 0.0 if is_closed else max(amount, 40) + self.random.random()
        status = "closed" if is_closed else "open"
        self._write(client, f"CA-{currency}", client.since, balance, status=status)

    def _term_deposit(self, client: SampleClient, currency: str, amount: float, matures_on: date) -> None:
        months = self.random.choice(
            [m for m in (3, 6, 12) if m < 12 or client.since < self.as_of - timedelta(days=400)]
        )
        opened = matures_on - timedelta(days=TERMS[months])
        renews = "yes" if self.random.random() < 0.1 else "no"
        self._write(
            client,
            f"TD{months:02d}-{currency}",
            opened,
            as_agreed(amount),
            matures_on=matures_on,
            auto_renew=renews,
        )

    def _later_deposit(self, client: SampleClient, currency: str, amount: float) -> None:
        months = self.random.choice((3, 6, 12, 12, 24))
        days = self.random.randint(MATURITIES_TO + 1, TERMS[months])
        matures_on = self.as_of + timedelta(days=days)
        opened = matures_on - timedelta(days=TERMS[months])
        if opened < client.since:  # a new client: opened at the beginning of the relationship
            opened, matures_on = client.since, client.since + timedelta(days=TERMS[months])
            if matures_on <= self.as_of + timedelta(days=MATURITIES_TO):
                return
        renews = "yes" if self.random.random() < 0.2 else "no"
        self._write(
            client,
            f"TD{months:02d}-{currency}",
            opened,
            as_agreed(amount),
            matures_on=matures_on,
            auto_renew=renews,
        )

    def _matured_deposit(self, client: SampleClient, currency: str, amount: float) -> None:
        matures_on = self.as_of - timedelta(days=self.random.randint(12, 350))
        months = self.random.choice((3, 6, 12))
        opened = matures_on - timedelta(days=TERMS[months])
        if opened >= client.since:
            self._write(
                client,
                f"TD{months:02d}-{currency}",
                opened,
                as_agreed(amount),
                matures_on=matures_on,
                status="matured",
            )

    def _investment(self, client: SampleClient, currency: str, amount: float) -> None:
        random = self.random
        on_sale = [row for row in self.by_currency[currency] if not row["sale_to"]]
        risk = int(client.row.get("risk_profile") or 2)
        fitting = [row for row in on_sale if int(row["risk_level"]) <= risk] or on_sale[:1]
        product = random.choice(fitting)
        opened = self._day_since(client, 1400)
        principal = as_agreed(amount)
        extra: dict[str, object] = {"rate": "" if product["kind"] == "fund" else product["expected_return"]}
        if product["kind"] in ("fund", "wealth_product", "precious_metal"):
            price = random.uniform(8, 160)
            gain = random.uniform(-0.12, 0.06) + 0.05 * (self.as_of - opened).days / 365
            extra |= {"units": f"{principal / price:.4f}", "market_value": f"{principal * (1 + gain):.2f}"}
        if product["kind"] == "bond":
            extra["matures_on"] = date(int(product["name"].split()[-1]), 6, 15)
            extra["market_value"] = f"{principal * random.uniform(0.95, 1.04):.2f}"
        self._write(client, product["product_code"], opened, principal, **extra)

    def _loan(self, client: SampleClient, currency: str, amount: float) -> None:
        opened = self._day_since(client, 3600)
        matures_on = date(
            opened.year + self.random.choice((10, 15, 20, 25)), opened.month, min(opened.day, 28)
        )
        self._write(client, f"LH-{currency}", opened, as_agreed(amount), matures_on=matures_on)

    def _card(self, client: SampleClient, currency: str) -> None:
        opened = self._day_since(client, 1200)
        self._write(client, f"CG-{currency}", opened, 0)


_DEPOSITS = {"private": {1: 3, 2: 5, 3: 2}, "gold": {0: 3, 1: 5, 2: 2}, "standard": {0: 7, 1: 3}}
_INVESTMENTS = {"private": {1: 2, 2: 4, 3: 3, 4: 1}, "gold": {0: 3, 1: 5, 2: 2}, "standard": {0: 9, 1: 1}}
_MATURED = {"private": 0.5, "gold": 0.35, "standard": 0.1}
_CARDS = {"private": 0.7, "gold": 0.55, "standard": 0.15}


def make_parties(*, holdings: list[SampleHolding], seed: int) -> list[dict[str, str]]:
    """Holdings of more than one: the owner, and a joint owner or authorised user of the same book."""
    random = Dice(f"{seed}/parties")
    books: dict[tuple[str, str], list[str]] = {}
    for holding in holdings:
        client = holding.client
        if client.is_person and client.is_active and client.manager:
            members = books.setdefault((client.place.code, client.manager.staff_number), [])
            if client.number not in members[-1:]:
                members.append(client.number)
    rows = []
    for holding in holdings:
        client = holding.client
        if client.manager is None or holding.row["status"] != "open" or holding.kind == "card":
            continue
        chance, role = (0.05, "joint") if client.is_person else (0.45, "authorised_user")
        if random.random() >= chance:
            continue
        other = random.choice(books.get((client.place.code, client.manager.staff_number), [client.number]))
        if other == client.number:
            continue
        number = holding.row["holding_number"]
        rows.append({"holding_number": number, "client_number": client.number, "role": "owner"})
        rows.append({"holding_number": number, "client_number": other, "role": role})
    return rows
