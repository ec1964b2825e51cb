"""What the client allows, and what the client and the bank agreed on how to keep in touch."""

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models.client import Client
from clients.models.practice import Channel
from clients.querysets import AgreementQuerySet, ConsentQuerySet
from common.history import tracked
from common.models import APPEND_ONLY


class Purpose(models.TextChoices):
    SERVICE = "service", _("service")  # duties that law or contract require: no consent is needed
    CARE = "care", _("care")
    MARKETING = "marketing", _("products")
    EDUCATION = "education", _("education")


# The purpose of a contact follows from the way of its theme; a duty is service.
PURPOSE_OF_WAY = {
    "emotional": Purpose.CARE,
    "sales": Purpose.MARKETING,
    "educational": Purpose.EDUCATION,
}


def purpose_of(theme) -> str:
    """What a contact of a theme is for; without a theme, or for a duty, service."""
    if theme is None or theme.is_duty:
        return Purpose.SERVICE
    return PURPOSE_OF_WAY[theme.way]


class Consent(models.Model):
    """One event: granted or withdrawn, for a channel and a purpose. The last one says what holds today.

    Append-only (trigger): a mistake is corrected by a further event.
    """

    class Source(models.TextChoices):
        FORM = "form", _("signed form")
        SPOKEN = "spoken", _("said to us")
        UNSUBSCRIBE = "unsubscribe", _("link in an email")
        IMPORT = "import", _("core banking")

    client = models.ForeignKey(Client, models.CASCADE, related_name="consents")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    granted = models.BooleanField(_("allowed"))
    source = models.CharField(_("how"), max_length=11, choices=Source)
    at = models.DateTimeField(_("when"), default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    note = models.CharField(_("note"), max_length=200, blank=True)
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        triggers = [APPEND_ONLY]
        constraints = [
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="consent_channel_known"),
            models.CheckConstraint(condition=Q(purpose__in=Purpose.values), name="consent_purpose_known"),
        ]
        indexes = [
            models.Index(fields=["client", "channel", "purpose", "-at", "-id"], name="consent_latest"),
        ]


@tracked()
class ContactAgreement(models.Model):
    """One version of how the client wants to be contacted; the open one is in force.

    `approved_on` is the first day, `to_on`, empty while in force, the first day that no longer counts.
    Empty lists mean that nothing was agreed about them.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="agreements")
    approved_on = models.DateField(_("approved on"))
    to_on = models.DateField(null=True)
    interval_days = models.PositiveSmallIntegerField(_("every … days"), null=True, blank=True)
    channels = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    themes = ArrayField(models.CharField(max_length=30), default=list, blank=True)  # codes
    weekdays = ArrayField(models.SmallIntegerField(), default=list, blank=True)  # Monday is 0
    from_time = models.TimeField(_("from"), null=True, blank=True)
    to_time = models.TimeField(_("to"), null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(_("at most … minutes"), null=True, blank=True)
    how = models.CharField(_("how it was agreed"), max_length=120, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=Q(to_on=None), name="agreement_one_in_force"
            ),
            models.CheckConstraint(
                condition=Q(to_on=None) | Q(to_on__gte=F("approved_on")),
                name="agreement_ends_after_it_begins",
            ),
            models.CheckConstraint(
                condition=Q(from_time=None, to_time=None) | Q(from_time__lt=F("to_time")),
                name="agreement_hours_in_order",
            ),
            models.CheckConstraint(
                condition=Q(interval_days=None) | Q(interval_days__range=(1, 1100)),
                name="agreement_interval_sane",
            ),
        ]
        indexes = [models.Index(fields=["client", "-approved_on"], name="agreement_client")]

    def breaches(
        self, *, channel: str, theme_code: str, at: datetime, minutes: int | None = None
    ) -> list[str]:
        """What a contact at a moment of the client's branch would break: channel, theme, weekday, hours, minutes.

        `at` is local. `metrics.querysets` says the same in SQL; a test holds the two together.
        """
        found = []
        if self.channels and channel not in self.channels:
            found.append("channel")
        if self.themes and theme_code and theme_code not in self.themes:
            found.append("theme")
        if self.weekdays and at.weekday() not in self.weekdays:
            found.append("weekday")
        if self.from_time and self.to_time and not self.from_time <= at.time() < self.to_time:
            found.append("hours")
        if self.minutes and minutes and minutes > self.minutes:
            found.append("minutes")
        return found
