"""What the bank sells, what it costs day by day, and what a currency is worth."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from common.history import corrected, tracked


class Currency(models.CharField):
    """An ISO 4217 code."""

    def __init__(self, *args, **kwargs):
        kwargs.setdefault("max_length", 3)
        super().__init__(*args, **kwargs)


@tracked()
class Product(models.Model):
    class Kind(models.TextChoices):
        DEMAND_DEPOSIT = "demand_deposit", _("Current account")
        TERM_DEPOSIT = "term_deposit", _("Term deposit")
        WEALTH_PRODUCT = "wealth_product", _("Wealth product")
        FUND = "fund", _("Fund")
        BOND = "bond", _("Bond")
        INSURANCE = "insurance", _("Insurance")
        PRECIOUS_METAL = "precious_metal", _("Precious metal")
        CARD = "card", _("Card")
        LOAN = "loan", _("Loan")
        OTHER = "other", _("Other")

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    currency = Currency(_("currency"))
    risk_level = models.PositiveSmallIntegerField(_("risk level"), null=True, blank=True)
    term_days = models.PositiveIntegerField(_("term in days"), null=True, blank=True)
    expected_return = models.DecimalField(
        _("expected return"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    minimum = models.DecimalField(_("minimum"), max_digits=18, decimal_places=2, null=True, blank=True)
    sale_from = models.DateField(_("on sale from"), null=True, blank=True)
    sale_to = models.DateField(_("on sale until"), null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(risk_level=None) | Q(risk_level__range=(1, 5)), name="product_risk_1_to_5"
            ),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="product_currency_iso"),
            models.CheckConstraint(
                condition=Q(sale_from=None) | Q(sale_to=None) | Q(sale_to__gte=F("sale_from")),
                name="product_sale_window",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Loaded(models.Model):
    """A row of a ledger that core banking delivers: its own history, but for what a correction overwrote.

    `load` is the history context of the import that wrote it, by which the import is undone.
    """

    load = models.UUIDField(null=True, editable=False)
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
        # "Changed since" reads by time; a block range index costs loading next to nothing.
        indexes = [BrinIndex(fields=["written_at"])]


@corrected()
class Price(Loaded):
    """What one unit of a product costs at the close of a day, in the product's currency."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="prices", db_index=False)
    on = models.DateField(_("date"))
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=6)

    class Meta(Loaded.Meta):
        constraints = [
            models.UniqueConstraint(fields=["product", "on"], name="price_once"),
            models.CheckConstraint(condition=Q(price__gt=0), name="price_positive"),
        ]


@corrected()
class Rate(Loaded):
    """Units of a currency for one of the reporting currency, on a day (exchange.md)."""

    currency = Currency(_("currency"))
    on = models.DateField(_("date"))
    rate = models.DecimalField(_("rate"), max_digits=18, decimal_places=8)

    class Meta(Loaded.Meta):
        constraints = [
            models.UniqueConstraint(fields=["currency", "on"], name="rate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_positive"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="rate_currency_iso"),
        ]
