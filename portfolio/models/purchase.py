"""What clients bought, with the limits they set, and when a price crossed one."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from common.history import tracked
from portfolio.models.product import Currency, Product
from portfolio.querysets import LimitCrossingQuerySet, PurchaseQuerySet


@tracked()
class Purchase(models.Model):
    """One sale as it was booked, never overwritten; a reversal is a row that points at what it reverses."""

    number = models.CharField(_("purchase number"), max_length=40, unique=True, db_collation="C")
    client = models.ForeignKey(Client, models.PROTECT, related_name="purchases")
    product = models.ForeignKey(Product, models.PROTECT, related_name="purchases")
    bought_on = models.DateField(_("bought on"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = Currency(_("currency"))
    units = models.DecimalField(_("units"), max_digits=20, decimal_places=6, null=True, blank=True)
    unit_price = models.DecimalField(_("price"), max_digits=18, decimal_places=6, null=True, blank=True)
    expected_return = models.DecimalField(
        _("expected return"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    stop_loss = models.DecimalField(_("loss limit"), max_digits=18, decimal_places=6, null=True, blank=True)
    take_profit = models.DecimalField(_("gain limit"), max_digits=18, decimal_places=6, null=True, blank=True)
    risk_profile = models.PositiveSmallIntegerField(_("risk profile then"), null=True, blank=True)
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="sales"
    )
    campaign_code = models.CharField(max_length=40, blank=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversal")

    objects = PurchaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="purchase_amount_positive"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="purchase_currency_iso"),
            models.CheckConstraint(
                condition=Q(risk_profile=None) | Q(risk_profile__range=(1, 5)), name="purchase_risk_1_to_5"
            ),
            models.CheckConstraint(
                condition=Q(stop_loss=None) | Q(take_profit=None) | Q(stop_loss__lt=F("take_profit")),
                name="purchase_limits_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-bought_on"], name="purchase_client"),
            models.Index(fields=["bought_on"], name="purchase_day"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def signed_amount(self):
        """What the purchase adds to sales: a reversal takes away."""
        return -self.amount if self.reverses_id else self.amount


class Side(models.TextChoices):
    LOSS = "loss", _("loss limit")
    GAIN = "gain", _("gain limit")


@tracked()
class LimitCrossing(models.Model):
    """A price that crossed a limit of a purchase: one row a crossing (portfolio.limits says when it is one).

    `gone_at`: a price was corrected, or the purchase reversed, so that it never was one.
    """

    purchase = models.ForeignKey(Purchase, models.CASCADE, related_name="crossings", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="limit_crossings", db_index=False)
    side = models.CharField(_("limit"), max_length=4, choices=Side)
    on = models.DateField(_("date"))
    limit = models.DecimalField(_("limit"), max_digits=18, decimal_places=6)
    price = models.DecimalField(_("price"), max_digits=18, decimal_places=6)
    noted_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)

    objects = LimitCrossingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purchase", "side", "on"], name="limit_crossing_once"),
        ]
        indexes = [
            models.Index(fields=["client", "-on"], name="limit_crossing_client"),
            models.Index(fields=["on"], condition=Q(gone_at=None), name="limit_crossing_day"),
        ]
