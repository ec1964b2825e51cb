"""What the bank notices about money: why it came or left, news of the market, what a client has in all."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client, Tier
from clients.querysets import OfClientQuerySet
from common.history import tracked
from portfolio.models.money import Movement
from portfolio.models.product import Currency, Product


@tracked()
class MovementReason(models.Model):
    """Why money came from or went to another bank, as the client told it."""

    class Reason(models.TextChoices):
        RATE = "rate", _("A better rate")
        PRODUCT = "product", _("A product we lack")
        SERVICE = "service", _("Service or trust")
        SPENDING = "spending", _("House, car or other spending")
        BUSINESS = "business", _("Business")
        FAMILY = "family", _("Family")
        SALARY = "salary", _("Salary or pension")
        OTHER = "other", _("Something else")

    movement = models.OneToOneField(Movement, models.CASCADE, related_name="reason")
    client = models.ForeignKey(Client, models.PROTECT, related_name="movement_reasons")
    reason = models.CharField(_("why"), max_length=8, choices=Reason)
    competitor = models.CharField(_("other bank"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = OfClientQuerySet.as_manager()


@tracked()
class MarketEvent(models.Model):
    """Something that moves the market: some products are marked, and those who hold them are called."""

    title = models.CharField(_("what happened"), max_length=150)
    why = models.TextField(_("what to tell the clients"), max_length=4000)
    on = models.DateField(_("date"))
    until = models.DateField(_("call until"))
    products = models.ManyToManyField(Product, related_name="market_events", verbose_name=_("products"))
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-on", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=models.F("on")), name="market_event_until_after"),
            models.CheckConstraint(condition=~Q(title="") & ~Q(why=""), name="market_event_has_words"),
        ]

    def __str__(self) -> str:
        return self.title


class ClientAssets(models.Model):
    """What a client has with us in the reporting currency, computed from the last balances; loans are none.

    `over_tier`: the highest tier whose threshold the assets have reached and that lies above the client's own,
    without a break since `over_since`. Derived: `portfolio.standing` writes it and nobody else.
    """

    client = models.OneToOneField(Client, models.CASCADE, primary_key=True, related_name="assets")
    as_of = models.DateField(_("as of"))
    amount = models.DecimalField(_("assets"), max_digits=20, decimal_places=2)
    currency = Currency(_("currency"))  # the reporting currency then
    over_tier = models.ForeignKey(Tier, models.CASCADE, null=True, related_name="+")
    over_since = models.DateField(null=True)
    over_ended_at = models.DateTimeField(null=True)  # when they were last found below it again

    objects = OfClientQuerySet.as_manager()

    merge_rule = "newest"  # and computed anew with the next balances

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(over_tier=None, over_since=None)
                | Q(over_tier__isnull=False, over_since__isnull=False),
                name="client_assets_over_since",
            )
        ]
        indexes = [
            models.Index(
                fields=["over_since"], condition=Q(over_tier__isnull=False), name="client_assets_over"
            ),
            models.Index(
                fields=["over_ended_at"],
                condition=Q(over_ended_at__isnull=False),
                name="client_assets_ended",
            ),
            models.Index(fields=["amount"], name="client_assets_amount"),
        ]
