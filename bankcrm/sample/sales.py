"""What clients of the sample bank bought in the last two years, and the interests that they voiced."""

from datetime import date, datetime, timedelta

from bankcrm.sample.clients import SampleClient
from bankcrm.sample.dice import Dice
from bankcrm.sample.ledgers import Prices
from bankcrm.sample.money import PER_USD, SampleHolding, as_agreed, products

DAYS_BACK = 730
SOLD = ("term_deposit", "fund", "bond", "insurance", "wealth_product", "precious_metal")
REVERSED = 0.015  # of the purchases: booked wrongly, taken back within days
INTERESTS_BACK = 150  # days
VOICED = 0.3  # of the talks about products
BOUGHT = 0.35  # of the interests that are old enough


def voice_interests(
    *, contacts: list[dict[str, str]], clients: list[SampleClient], prices: Prices, as_of: date, seed: int
) -> list[dict[str, str]]:
    """Write interests into the contacts' rows; returns the purchases that came of some of them."""
    random = Dice(f"{seed}/interests")
    known = {client.number: client for client in clients}
    bought = []
    for row in contacts:
        if row["theme"] not in ("product", "review") or row["result"] != "reached":
            continue
        on = datetime.fromisoformat(row["occurred_at"]).date()
        share = VOICED if row["theme"] == "product" else VOICED / 6
        client = known[row["client_number"]]
        if on < as_of - timedelta(days=INTERESTS_BACK) or random.random() >= share or not client.is_active:
            continue
        home = client.place.currency
        product = random.choice(_on_sale(home, as_of, int(client.row.get("risk_profile") or 1)))
        amount = as_agreed(random.choice((5_000, 10_000, 20_000, 40_000, 80_000)) * PER_USD[home])
        if random.random() < 0.92:
            row["interest_product_code"] = product["product_code"]
        if random.random() < 0.85 or not row.get("interest_product_code"):
            row["interest_amount"] = str(amount)
        day = on + timedelta(days=random.randint(3, 14))
        if row.get("interest_product_code") and day < as_of and random.random() < BOUGHT:
            bought.append(_purchase(client, product, day, float(amount), prices))
    return bought


def _on_sale(currency: str, as_of: date, risk: int) -> list[dict[str, str]]:
    return [
        row
        for row in products(as_of)
        if row["currency"] == currency
        and row["kind"] in SOLD
        and not row["sale_to"]
        and int(row["risk_level"]) <= max(risk, 1)
    ]


def make_purchases(
    *, holdings: list[SampleHolding], bought: list[dict[str, str]], prices: Prices, as_of: date, seed: int
) -> list[dict[str, str]]:
    """Every holding opened lately was bought; some purchases were booked wrongly and reversed."""
    random = Dice(f"{seed}/purchases")
    catalogue = {row["product_code"]: row for row in products(as_of)}
    rows = [dict(row) for row in bought]
    for holding in holdings:
        opened = date.fromisoformat(holding.row["opened_on"])
        amount = float(holding.row["principal"])
        if holding.kind not in SOLD or not as_of - timedelta(days=DAYS_BACK) <= opened < as_of or amount <= 0:
            continue
        product = catalogue[holding.row["product_code"]]
        rows.append(_purchase(holding.client, product, opened, amount, prices))
    rows.sort(key=lambda row: (row["bought_on"], row["client_number"], row["product_code"]))
    back = []
    for position, row in enumerate(rows, start=1):
        row["purchase_number"] = f"B{position:07d}"
        if random.random() < REVERSED:
            wrong = {**row, "purchase_number": f"W{position:07d}"}
            day = date.fromisoformat(row["bought_on"]) + timedelta(days=random.randint(1, 9))
            if day < as_of:
                back.append(wrong)
                back.append(
                    {
                        **wrong,
                        "purchase_number": f"R{position:07d}",
                        "bought_on": day.isoformat(),
                        "reverses_purchase_number": wrong["purchase_number"],
                    }
                )
    return sorted([*rows, *back], key=lambda row: (row["bought_on"], row["purchase_number"]))


def _purchase(
    client: SampleClient, product: dict[str, str], on: date, amount: float, prices: Prices
) -> dict[str, str]:
    """A sale at the price of its day, with limits around that."""
    row = {
        "client_number": client.number,
        "product_code": product["product_code"],
        "bought_on": on.isoformat(),
        "amount": f"{amount:.2f}",
        "currency": product["currency"],
        "expected_return": product["expected_return"],
        "seller_staff_number": client.manager.staff_number if client.manager else "",
    }
    price = prices.on(product["product_code"], on)
    if price is not None:
        row |= {
            "units": f"{amount / price:.4f}",
            "unit_price": f"{price:.4f}",
            "stop_loss": f"{price * 0.88:.4f}",
            "take_profit": f"{price * 1.22:.4f}",
        }
    return row
