"""The outbox and staff notifications. Rows are the truth; a lost queue loses nothing."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.history import tracked
from messaging.querysets import MessageQuerySet, NotificationQuerySet


@tracked(exclude=["body", "unsubscribe_url", "calendar"])
class Message(models.Model):
    """One word to send: queued → sending → sent, failed, or unknown (it may have left; a person decides)."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("not sent")
        UNKNOWN = "unknown", _("perhaps sent")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="messages")
    address = models.CharField(max_length=500)  # a letter's has lines
    channel = models.CharField(max_length=10, default="email")
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    # Empty by the database too: an older release writes on while a new one is rolled out.
    language = models.CharField(max_length=10, blank=True, default="", db_default="")  # a letter's
    sender = models.CharField(
        max_length=300, blank=True, default="", db_default=""
    )  # lines at a letter's head
    reply_to = models.CharField(max_length=254, blank=True, default="", db_default="")  # a mail's
    unsubscribe_url = models.CharField(max_length=500, blank=True, default="", db_default="")  # RFC 8058
    calendar = models.TextField(blank=True, default="", db_default="")  # iCalendar, attached to a mail
    dedupe_key = models.CharField(max_length=120, null=True, unique=True)  # same key: the same message
    message_id = models.CharField(max_length=200, blank=True)  # Message-ID of the mail, stable over retries
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state="queued"), name="message_queued"),
            models.Index(fields=["claimed_at"], condition=Q(state="sending"), name="message_sending"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "sent", "failed", "unknown"]),
                name="message_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="sent") | Q(sent_at__isnull=False), name="message_sent_has_a_time"
            ),
        ]


@tracked()
class Notification(models.Model):
    """A word to one person in the app. Several about the same thing become one that counts."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=60)  # what it is about: "import/12", "day/2026-08-12"
    count = models.PositiveIntegerField(default=1)
    url = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-at"]
        indexes = [
            models.Index(fields=["user", "-at", "-id"], name="notification_user"),
            models.Index(fields=["user"], condition=Q(read_at=None), name="notification_unread"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "subject"], condition=Q(read_at=None), name="notification_unread_once"
            ),
        ]
