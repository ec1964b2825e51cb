"""What the bank sells and what its clients hold."""

from collections.abc import Iterator
from datetime import timedelta

from bankcrm.generated.bank import Bank
from bankcrm.generated.copying import copy
from portfolio.models import Holding, HoldingParty, Product

PRODUCTS = [  # code, kind, term in days, risk
    ("TD-90", "term_deposit", 90, 1),
    ("TD-180", "term_deposit", 180, 1),
    ("TD-365", "term_deposit", 365, 1),
    ("WP-1", "wealth_product", 270, 2),
    ("WP-2", "wealth_product", 540, 3),
    ("FUND-A", "fund", None, 3),
    ("FUND-B", "fund", None, 5),
    ("BOND-5", "bond", 1825, 2),
    ("CUR", "demand_deposit", None, 1),
    ("CARD", "card", None, None),
    ("LOAN", "loan", 3650, None),
]


def make_holdings(bank: Bank) -> int:
    """The products, then positions with their joint holders; keeps what matures by the next month."""
    draw = bank.random
    products = [
        (pk, code, code, kind, "EUR", risk, term) for pk, (code, kind, term, risk) in enumerate(PRODUCTS, 1)
    ]
    copy(Product, "id code name kind currency risk_level term_days", products)
    parties: list[tuple] = []

    def holdings() -> Iterator[tuple]:
        pk = 0
        for index in range(bank.client_count):
            for _ in range(draw.choice((0, 1, 1, 2, 2, 3) if bank.manager_of[index] else (0, 1))):
                pk += 1
                product, (_code, _kind, term, _risk) = draw.choice(list(enumerate(PRODUCTS, 1)))
                principal = draw.randint(5, 4000) * 500
                opened = bank.on - timedelta(days=draw.randint(1, term - 1 if term else 2000))
                matures = opened + timedelta(days=term) if term else None
                if matures and matures <= bank.on + timedelta(days=30):
                    bank.maturing[index] = (matures, principal)
                if draw.random() < 0.05 and bank.client_count > 1:
                    parties.append((pk, (index + 1) % bank.client_count + 1))
                currency = bank.leaf(index).place.currency
                yield (pk, f"H{pk:09}", index + 1, product, opened, matures, principal, currency, bank.on)

    made = copy(
        Holding,
        "id number client_id product_id opened_on matures_on principal currency as_of auto_renew status",
        ((*row, False, "open") for row in holdings()),
    )
    copy(
        HoldingParty,
        "id holding_id client_id role",
        ((n, *row, "joint") for n, row in enumerate(parties, 1)),
    )
    return made
