"""Who holds some products, and how much."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from portfolio.models import Holding, Purchase


def holds(products: Iterable[int]) -> Q:
    """The condition on clients that one holds one of some products, by their ids.

    An open holding, or a standing purchase of what core banking does not deliver as a holding.
    """
    any_holding = Holding.objects.filter(client=OuterRef("pk"), product__in=products)
    bought = Purchase.objects.standing().filter(client=OuterRef("pk"), product__in=products)
    return Q(Exists(any_holding.filter(status="open"))) | (Q(Exists(bought)) & ~Q(Exists(any_holding)))


def held_by(clients: list[int], products: Iterable[int]) -> dict[int, list[tuple[str, Decimal]]]:
    """What some clients hold of some products, by client: each currency with its sum. Two questions.

    The value of open holdings; of whoever has none the amount of the standing purchases.
    """
    found: dict[int, list[tuple[str, Decimal]]] = {}
    rows = (
        Holding.objects.open()
        .filter(client__in=clients, product__in=products)
        .values_list("client", "currency")
        .order_by("client", "currency")
        .annotate(total=Sum(Coalesce(F("market_value"), F("principal"))))
    )
    for client_id, currency, total in rows:
        found.setdefault(client_id, []).append((currency, total))
    left = [pk for pk in clients if pk not in found]
    bought = (
        Purchase.objects.standing()
        .filter(client__in=left, product__in=products)
        .values_list("client", "currency")
        .order_by("client", "currency")
        .annotate(total=Sum("amount"))
    )
    for client_id, currency, total in bought:
        found.setdefault(client_id, []).append((currency, total))
    return found
