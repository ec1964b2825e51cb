"""Rules that choose clients, saved and versioned."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.querysets import SegmentQuerySet
from common.history import tracked
from common.models import APPEND_ONLY


@tracked()
class Segment(models.Model):
    """A name for clients that a rule or a list chooses. What it chooses stands in its versions."""

    name = models.CharField(_("name"), max_length=120)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="segments")
    created_at = models.DateTimeField(default=timezone.now)
    dropped_at = models.DateTimeField(null=True, blank=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "name"], condition=Q(dropped_at=None), name="segment_name_once"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="segment_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def current(self) -> "SegmentVersion":
        return self.versions.latest("number")


class SegmentVersion(models.Model):
    """A rule (campaigns.rules), or a pasted list of client numbers, as it stood. Append-only (trigger)."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    rule = models.JSONField(null=True)
    numbers = ArrayField(models.CharField(max_length=40), null=True)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        constraints = [
            models.UniqueConstraint(fields=["segment", "number"], name="segment_version_once"),
            models.CheckConstraint(
                condition=Q(rule__isnull=False, numbers=None) | Q(rule=None, numbers__isnull=False),
                name="segment_version_rule_or_list",
            ),
        ]
