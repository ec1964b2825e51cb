"""What happened: contacts, one row an attempt, and the confidential words beside them."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Client, Theme
from common.history import tracked
from interactions.models.action import Action
from interactions.querysets import WRITTEN, ContactNoteQuerySet, ContactQuerySet


@tracked()
class Contact(models.Model):
    """One attempt to communicate, reached or not, in any channel and direction."""

    class Direction(models.TextChoices):
        OUT = "out", _("outgoing")
        IN = "in", _("incoming")

    class Result(models.TextChoices):
        REACHED = "reached", _("Reached")
        NO_ANSWER = "no_answer", _("No answer")
        MESSAGE_LEFT = "message_left", _("Message left")
        BUSY = "busy", _("Busy")
        WRONG_NUMBER = "wrong_number", _("Wrong number")
        DECLINED = "declined", _("Declined")

    class Effect(models.TextChoices):
        STRENGTHENED = "strengthened", _("Stronger")
        EXTENDED = "extended", _("Wider")
        UNCHANGED = "unchanged", _("Unchanged")
        WEAKENED = "weakened", _("Weaker")
        ENDED = "ended", _("Ended")

    number = models.CharField(max_length=60, null=True, blank=True, unique=True)  # contact number of a file
    client = models.ForeignKey(Client, models.CASCADE, related_name="contacts", db_index=False)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="contacts", db_index=False
    )
    occurred_at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(default=timezone.now)
    duration_seconds = models.PositiveIntegerField(_("duration"), null=True, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction, default=Direction.OUT)
    theme = models.ForeignKey(Theme, models.PROTECT, null=True, blank=True, related_name="contacts")
    result = models.CharField(_("result"), max_length=12, choices=Result)
    participants = models.CharField(_("with"), max_length=200, blank=True)
    effect = models.CharField(_("the relationship is now"), max_length=12, choices=Effect, blank=True)
    action = models.ForeignKey(
        Action, models.SET_NULL, null=True, blank=True, related_name="contacts", db_index=False
    )
    campaign_code = models.CharField(max_length=40, blank=True)
    is_imported = models.BooleanField(default=False)
    submission = models.UUIDField(null=True, blank=True, unique=True)  # one form sent twice is one contact
    # why it was said again so soon
    repeat_reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    changed_reason = models.CharField(max_length=300, blank=True)
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    void_reason = models.CharField(max_length=300, blank=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(occurred_at__lte=F("recorded_at") + timedelta(minutes=5)),
                name="contact_not_in_the_future",
            ),
            models.CheckConstraint(
                condition=Q(
                    result__in=["reached", "no_answer", "message_left", "busy", "wrong_number", "declined"]
                ),
                name="contact_result_known",
            ),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="contact_channel_known"),
            models.CheckConstraint(
                condition=Q(voided_at=None) | ~Q(void_reason=""), name="contact_void_has_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-occurred_at", "-id"], name="contact_client"),
            models.Index(
                fields=["client", "occurred_at"],
                condition=Q(voided_at=None),
                include=["result", "direction", "channel"],
                name="contact_counted",
            ),
            models.Index(fields=["staff", "-occurred_at"], name="contact_staff"),
            models.Index(fields=["action"], condition=Q(action__isnull=False), name="contact_action"),
        ]

    @property
    def is_reached(self) -> bool:
        return self.result == self.Result.REACHED

    @property
    def is_sent(self) -> bool:
        """A mail, letter or text that went out: nobody was reached, yet the client was told."""
        sent = self.result == self.Result.MESSAGE_LEFT and self.direction == self.Direction.OUT
        return sent and self.channel in WRITTEN

    @property
    def is_void(self) -> bool:
        return self.voided_at is not None

    def changes_freely(self) -> bool:
        """For 24 hours a contact changes without a reason; later only with one."""
        return timezone.now() - self.recorded_at <= settings.CONTACT_FREE_EDIT


@tracked()
class ContactNote(models.Model):
    """What was said: confidential, apart from the fact that the contact took place."""

    contact = models.OneToOneField(Contact, models.CASCADE, related_name="note")
    text = models.TextField(max_length=8000)

    objects = ContactNoteQuerySet.as_manager()
