"""The practice of the bank: tiers of service and the themes of contacts."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clients.words import theme_name
from common.history import tracked


class Channel(models.TextChoices):
    """The closed list of channels: of contacts, consents and agreements."""

    VISIT = "visit", _("Visit")
    BRANCH = "branch", _("In the branch")
    CALL = "call", _("Call")
    VIDEO = "video", _("Video call")
    SMS = "sms", _("Text message")
    EMAIL = "email", _("Email")
    MESSENGER = "messenger", _("Messenger")
    LETTER = "letter", _("Letter")
    EVENT = "event", _("Event")


@tracked()
class Tier(models.Model):
    """The service level, from assets: how often and how a client is to be contacted."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=60)
    rank = models.PositiveSmallIntegerField(default=0)  # higher is more
    threshold = models.DecimalField(_("assets from"), max_digits=18, decimal_places=2, default=0)
    threshold_currency = models.CharField(max_length=3, default="USD")
    is_key = models.BooleanField(_("asks for a named account manager"), default=True)
    ideal_days = models.PositiveSmallIntegerField(_("ideal days between contacts"), null=True, blank=True)
    maximum_days = models.PositiveSmallIntegerField(_("most days between contacts"), null=True, blank=True)
    birthday_courtesy = models.BooleanField(_("birthdays are remembered"), default=True)
    holiday_courtesy = models.BooleanField(_("holidays are greeted"), default=True)
    gift_limit = models.DecimalField(_("gifts a year up to"), max_digits=12, decimal_places=2, default=0)
    guard_blocks = models.BooleanField(_("a repetition needs a reason"), default=False)  # else it only warns

    class Meta:
        ordering = ["-rank", "name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ideal_days=None) | Q(maximum_days=None) | Q(ideal_days__lte=F("maximum_days")),
                name="tier_ideal_before_maximum",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class Theme(models.Model):
    """What a contact is about, how soon the same may be said again, and whether it is a duty."""

    class Way(models.TextChoices):
        EMOTIONAL = "emotional", _("Care")
        SALES = "sales", _("Sales")
        EDUCATIONAL = "educational", _("Learning")

    code = models.CharField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=80)
    way = models.CharField(_("way"), max_length=12, choices=Way, default=Way.EMOTIONAL)
    minimum_gap_days = models.PositiveSmallIntegerField(_("days before the same again"), default=0)
    is_duty = models.BooleanField(_("is a duty"), default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return theme_name(self)
