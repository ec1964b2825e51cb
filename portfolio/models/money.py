"""Money by day: balances and movements; how clients use the bank's channels."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.querysets import OfClientQuerySet
from common.history import corrected
from portfolio.models.product import Currency, Loaded
from portfolio.querysets import MovementQuerySet


@corrected()
class BalanceSnapshot(Loaded):
    """What a client has with us at the end of a day, in one currency. Loans stand apart: they are no assets."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="balances", db_index=False)
    as_of = models.DateField(_("as of"))
    currency = Currency(_("currency"))
    deposits = models.DecimalField(_("deposits"), max_digits=18, decimal_places=2)
    investments = models.DecimalField(_("investments"), max_digits=18, decimal_places=2)
    loans = models.DecimalField(_("loans"), max_digits=18, decimal_places=2, default=0, db_default=0)

    objects = OfClientQuerySet.as_manager()

    merge_rule = "sum"  # of two rows of one client, day and currency

    class Meta(Loaded.Meta):
        constraints = [
            models.UniqueConstraint(fields=["client", "as_of", "currency"], name="balance_once"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="balance_currency_iso"),
        ]

    @property
    def assets(self):
        return self.deposits + self.investments


@corrected()
class Movement(Loaded):
    """Money booked in or out. `external`: from or to another bank, the client's own accounts there included."""

    class Direction(models.TextChoices):
        IN = "in", _("in")
        OUT = "out", _("out")

    number = models.CharField(_("movement number"), max_length=40, unique=True, db_collation="C")
    client = models.ForeignKey(Client, models.PROTECT, related_name="movements", db_index=False)
    booked_on = models.DateField(_("booked on"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = Currency(_("currency"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    counterparty_bank = models.CharField(_("other bank"), max_length=120, blank=True)
    external = models.BooleanField(_("with another bank"), default=False)

    objects = MovementQuerySet.as_manager()

    class Meta(Loaded.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="movement_amount_positive"),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="movement_currency_iso"),
            models.CheckConstraint(condition=Q(direction__in=["in", "out"]), name="movement_direction_known"),
        ]
        indexes = [
            *Loaded.Meta.indexes,
            models.Index(fields=["client", "-booked_on"], name="movement_client"),
            models.Index(fields=["booked_on"], condition=Q(external=True), name="movement_external"),
        ]

    def __str__(self) -> str:
        return self.number


@corrected()
class ChannelUse(Loaded):
    """How often a client used a channel of the bank in a month (its first day)."""

    class Way(models.TextChoices):
        BRANCH = "branch", _("Branch")
        MOBILE = "mobile", _("Mobile app")
        WEB = "web", _("Online bank")
        CALL_CENTRE = "call_centre", _("Call centre")

    client = models.ForeignKey(Client, models.CASCADE, related_name="channel_use", db_index=False)
    month = models.DateField(_("month"))
    channel = models.CharField(_("channel"), max_length=11, choices=Way)
    count = models.PositiveIntegerField(_("times"))

    objects = OfClientQuerySet.as_manager()

    merge_rule = "sum"

    class Meta(Loaded.Meta):
        constraints = [
            models.UniqueConstraint(fields=["client", "month", "channel"], name="channel_use_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="channel_use_is_of_a_month"),
        ]
