"""A client who stands in the branch, said by the front desk to whoever looks after the client."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from clients.models import Client
from common.history import tracked
from interactions.querysets import ArrivalQuerySet
from staff.models import Branch


@tracked()
class Arrival(models.Model):
    """Told once, answered once, and gone from Today when it is closed or when two hours are over."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="arrivals", db_index=False)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+")  # where the client stands
    told_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    told_at = models.DateTimeField(default=timezone.now)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ArrivalQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None)
                | Q(answered_at__gte=F("told_at"), answered_by__isnull=False),
                name="arrival_answer_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=F("told_at")), name="arrival_closed_after_told"
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-told_at"], name="arrival_client"),
            models.Index(fields=["told_at"], condition=Q(closed_at=None), name="arrival_open"),
        ]

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
