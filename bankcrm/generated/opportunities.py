"""Interests that clients voiced in contacts, each with its stages."""

from collections.abc import Iterator
from datetime import timedelta

from bankcrm.generated.bank import Bank
from bankcrm.generated.copying import copy
from bankcrm.generated.holdings import PRODUCTS
from interactions.models import Opportunity, StageChange


def make_opportunities(bank: Bank) -> int:
    """Interests voiced in contacts, each with its stages. Today holds other actions, so none stands there."""
    draw, stages = bank.random, []

    def opportunities() -> Iterator[tuple]:
        for pk, (contact, index, manager, at) in enumerate(bank.voiced, 1):
            product = draw.randint(1, len(PRODUCTS))
            amount = draw.randint(2, 200) * 500
            end = min(at + timedelta(days=draw.randint(2, 40)), bank.midnight)
            is_old = at < bank.midnight - timedelta(days=45)
            is_lost = index in bank.closed or (is_old and draw.random() < 0.5)
            stage = "lost" if is_lost else draw.choice(("interest", "interest", "intention", "proposal"))
            stages.append((pk, "interest", at, manager))
            if stage != "interest":
                stages.append((pk, stage, max(end, at), manager))
            yield (
                pk,
                index + 1,
                product,
                PRODUCTS[product - 1][1],
                amount,
                bank.leaf(index).place.currency,
                stage,
                bank.on + timedelta(days=draw.randint(-5, 20)),
                contact,
                at,
                manager,
                "Would rather wait" if is_lost else "",
                max(end, at) if is_lost else None,
            )

    made = copy(
        Opportunity,
        "id client_id product_id kind amount currency stage next_on contact_id raised_at raised_by_id lost_reason "
        "closed_at next_step note suitability_reason is_imported",
        ((*row, "", "", "", False) for row in opportunities()),
    )
    copy(StageChange, "id opportunity_id stage at by_id", ((n, *row) for n, row in enumerate(stages, 1)))
    return made
