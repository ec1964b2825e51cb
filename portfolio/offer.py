"""What the bank sells, and so may offer a client."""

from datetime import date

from django.db.models import Q, QuerySet

from portfolio.models import Product

NOT_SOLD = ("card", "loan", "demand_deposit")


def on_sale(today: date) -> QuerySet[Product]:
    """Products a client may be offered on a day."""
    return Product.objects.filter(
        Q(sale_from=None) | Q(sale_from__lte=today), Q(sale_to=None) | Q(sale_to__gte=today)
    ).exclude(kind__in=NOT_SOLD)
