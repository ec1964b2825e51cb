"""When and where an action takes place, and what the client answered."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from common.history import tracked
from interactions.models.action import Action
from interactions.querysets import AppointmentQuerySet


@tracked()
class Appointment(models.Model):
    """Time and place of one action. It stands while the action is open: what ends the action ends it too.

    Made anew after it was cancelled, it is the same row, so that a calendar knows it again by `uid`;
    `sequence` grows with each change (RFC 5545).
    """

    class Answer(models.TextChoices):
        ASKED = "asked", _("not answered yet")
        CONFIRMED = "confirmed", _("confirmed")
        DECLINED = "declined", _("declined")

    action = models.OneToOneField(Action, models.CASCADE, related_name="appointment")
    starts_at = models.DateTimeField(_("starts"))
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=60)
    place = models.CharField(_("place"), max_length=200, blank=True)
    answer = models.CharField(_("the client"), max_length=9, choices=Answer, default=Answer.ASKED)
    answered_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(minutes__range=(5, 720)), name="appointment_minutes_sane"),
            models.CheckConstraint(
                condition=Q(answer="asked", answered_at=None)
                | (~Q(answer="asked") & Q(answered_at__isnull=False)),
                name="appointment_answer_has_a_time",
            ),
            models.UniqueConstraint(fields=["uid"], name="appointment_uid_once"),
        ]
        indexes = [
            models.Index(fields=["starts_at"], condition=Q(cancelled_at=None), name="appointment_starts"),
        ]

    @property
    def client(self) -> Client:
        return self.action.client

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def stands(self) -> bool:
        """Whether it is still to take place; the action's row is asked."""
        return self.cancelled_at is None and self.action.is_open
