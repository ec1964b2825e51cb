"""What the bank sells and what clients hold and bought."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.querysets import OfClientQuerySet
from common.calendars import WorkingCalendar
from common.history import tracked
from portfolio.querysets import HoldingQuerySet, PurchaseQuerySet


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


@tracked()
class Holding(models.Model):
    """One position, counted once, by its owner (`client`); other parties stand in HoldingParty."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        MATURED = "matured", _("matured")
        CLOSED = "closed", _("closed")

    number = models.CharField(_("holding number"), max_length=40, unique=True, db_collation="C")
    client = models.ForeignKey(Client, models.PROTECT, related_name="holdings")
    product = models.ForeignKey(Product, models.PROTECT, related_name="holdings")
    opened_on = models.DateField(_("opened"))
    matures_on = models.DateField(_("matures"), null=True, blank=True)
    principal = models.DecimalField(_("principal"), max_digits=18, decimal_places=2)
    currency = Currency(_("currency"))
    rate = models.DecimalField(_("rate"), max_digits=9, decimal_places=6, null=True, blank=True)
    units = models.DecimalField(_("units"), max_digits=20, decimal_places=6, null=True, blank=True)
    market_value = models.DecimalField(
        _("market value"), max_digits=18, decimal_places=2, null=True, blank=True
    )
    as_of = models.DateField(_("as of"))
    auto_renew = models.BooleanField(_("renews by itself"), default=False)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)

    objects = HoldingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(matures_on=None) | Q(matures_on__gte=F("opened_on")),
                name="holding_matures_after_opened",
            ),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="holding_currency_iso"),
            models.CheckConstraint(
                condition=Q(status__in=["open", "matured", "closed"]), name="holding_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["client", "status"], name="holding_client"),
            models.Index(
                fields=["matures_on"],
                condition=Q(status="open", matures_on__isnull=False),
                name="holding_maturing",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def value(self):
        """Market value where there is one, else the principal."""
        return self.principal if self.market_value is None else self.market_value

    def effective_maturity(self, working: WorkingCalendar) -> date | None:
        """The nominal maturity moved to the next working day of the branch's calendar."""
        return working.next_working(self.matures_on) if self.matures_on else None


@tracked()
class HoldingParty(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        JOINT = "joint", _("joint owner")
        AUTHORISED_USER = "authorised_user", _("authorised user")

    holding = models.ForeignKey(Holding, models.CASCADE, related_name="parties")
    client = models.ForeignKey(Client, models.PROTECT, related_name="holding_parties")
    role = models.CharField(max_length=16, choices=Role)

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["holding", "client"], name="holding_party_once")]
        indexes = [models.Index(fields=["client"], name="holding_party_client")]


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
