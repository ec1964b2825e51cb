"""The bank's rules of reminding."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from clients.models import Tier
from common.history import tracked
from interactions.models.action import Severity, Source


@tracked()
class ReminderRule(models.Model):
    """How early, how pressing and how long unheeded, for one source: of a tier, or of all tiers without their own.

    Without a rule the source's own days hold (interactions.sources).
    """

    source = models.CharField(_("source"), max_length=16, choices=Source)
    tier = models.ForeignKey(
        Tier, models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("tier")
    )
    is_on = models.BooleanField(_("reminds"), default=True)
    lead_days = models.PositiveSmallIntegerField(_("days ahead"), default=0)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity, default=Severity.USUAL)
    escalate_after_days = models.PositiveSmallIntegerField(
        _("days until the supervisor is told"), null=True, blank=True
    )  # empty: never

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "tier"], nulls_distinct=False, name="reminder_rule_once"
            ),
            models.CheckConstraint(condition=Q(lead_days__lte=366), name="reminder_rule_within_a_year"),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()}, {self.tier or '–'}"
