"""What clients hold."""

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.querysets import OfClientQuerySet
from common.calendars import WorkingCalendar
from common.history import tracked
from portfolio.models.product import Currency, Product
from portfolio.querysets import HoldingQuerySet


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
