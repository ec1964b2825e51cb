"""What was advised when a price crossed a limit, and what the client decided."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from clients.querysets import OfClientQuerySet
from common.history import tracked
from interactions.models.action import Action
from interactions.models.contact import Contact


@tracked()
class Advice(models.Model):
    """The duty of a crossed limit is done once the client has decided; who thinks it over is asked again."""

    class Advised(models.TextChoices):
        HOLD = "hold", _("Hold")
        REDUCE = "reduce", _("Reduce")
        SELL = "sell", _("Sell")
        SWITCH = "switch", _("Switch to another product")
        BUY = "buy", _("Buy more")

    class Decision(models.TextChoices):
        HOLDS = "holds", _("Holds")
        REDUCES = "reduces", _("Reduces")
        SELLS = "sells", _("Sells")
        SWITCHES = "switches", _("Switches")
        BUYS = "buys", _("Buys more")
        THINKS = "thinks", _("Thinks it over")

    client = models.ForeignKey(Client, models.CASCADE, related_name="advice", db_index=False)
    action = models.OneToOneField(Action, models.CASCADE, related_name="advice")
    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="advice"
    )  # in which it was last spoken of
    advised = models.CharField(_("advice"), max_length=6, choices=Advised)
    decision = models.CharField(_("the client's decision"), max_length=8, choices=Decision)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(advised__in=["hold", "reduce", "sell", "switch", "buy"])
                & Q(decision__in=["holds", "reduces", "sells", "switches", "buys", "thinks"]),
                name="advice_known",
            ),
        ]
        indexes = [models.Index(fields=["client", "-at"], name="advice_client")]

    @property
    def is_decided(self) -> bool:
        return self.decision != self.Decision.THINKS
