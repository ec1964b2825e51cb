"""Words to clients: the bank's templates, and each message from its draft to its sending."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Client, Theme
from common.history import tracked
from interactions.models.action import Action
from interactions.models.contact import Contact
from interactions.querysets import ClientMessageQuerySet
from messaging.models import Message
from portfolio.models import Product


class MessageKind(models.TextChoices):
    """The closed list of what is written to clients."""

    BIRTHDAY = "birthday", _("Birthday greeting")
    HOLIDAY = "holiday", _("Holiday greeting")
    MATURITY = "maturity", _("Notice of a maturity")
    NOTICE = "notice", _("Account notice")
    OFFER = "offer", _("Offer")
    ARTICLE = "article", _("Article")
    INVITATION = "invitation", _("Invitation")


# What a message is about; consent, agreement and repetition follow from the theme. An invitation is about what its
# action is about.
THEME_OF = {
    MessageKind.BIRTHDAY: "birthday",
    MessageKind.HOLIDAY: "holiday",
    MessageKind.MATURITY: "maturity",
    MessageKind.NOTICE: "service",
    MessageKind.OFFER: "product",
    MessageKind.ARTICLE: "education",
}
SENT_BY = (Channel.EMAIL, Channel.SMS, Channel.LETTER)  # the ways out of the house, in the order of choice


@tracked()
class MessageTemplate(models.Model):
    """What the bank writes on an occasion: one text a kind, form and language."""

    class Form(models.TextChoices):
        LONG = "long", _("Email and letter")
        SHORT = "short", _("Text message")

    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind)
    form = models.CharField(_("for"), max_length=5, choices=Form)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=150, blank=True)
    body = models.TextField(_("text"), max_length=5000)

    class Meta:
        ordering = ["kind", "form", "language"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "form", "language"], name="message_template_once"),
            models.CheckConstraint(
                condition=Q(form="short") | ~Q(subject=""), name="message_template_long_has_a_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.language}"


@tracked(exclude=["body", "calendar"])
class ClientMessage(models.Model):
    """One message to a client. A draft until somebody approves it; then its state is that of the outbox.

    `message` is the outbox's row; `contact` what stands in the file once it was sent.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="messages")
    theme = models.ForeignKey(Theme, models.PROTECT, related_name="+")
    action = models.ForeignKey(Action, models.SET_NULL, null=True, blank=True, related_name="messages")
    kind = models.CharField(_("kind"), max_length=10, choices=MessageKind)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(_("subject"), max_length=150, blank=True)
    body = models.TextField(_("text"), max_length=5000)
    calendar = models.TextField(blank=True, default="", db_default="")  # iCalendar, attached to an email
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")
    suitability_reason = models.CharField(max_length=300, blank=True)
    repeat_reason = models.CharField(max_length=300, blank=True)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)
    message = models.OneToOneField(
        Message, models.PROTECT, null=True, blank=True, related_name="client_message"
    )
    contact = models.OneToOneField(
        Contact, models.SET_NULL, null=True, blank=True, related_name="client_message"
    )

    objects = ClientMessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["action"], condition=Q(dropped_at=None), name="client_message_one_an_action"
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None, message=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False, message__isnull=False),
                name="client_message_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=[channel.value for channel in SENT_BY]),
                name="client_message_channel_has_a_way_out",
            ),
        ]
        indexes = [
            models.Index(
                fields=["written_by", "-written_at"],
                condition=Q(dropped_at=None),
                name="client_message_writer",
            ),
            models.Index(fields=["client", "theme", "-approved_at"], name="client_message_told"),
            models.Index(
                fields=["-approved_at", "-id"],
                condition=Q(dropped_at=None, approved_at__isnull=False),
                name="client_message_latest",
            ),
        ]

    @property
    def is_draft(self) -> bool:
        return self.approved_at is None and self.dropped_at is None

    @property
    def state(self) -> str:
        """draft, dropped, or the outbox's: queued, sending, sent, failed, unknown."""
        if self.dropped_at is not None:
            return "dropped"
        return self.message.state if self.message is not None else "draft"

    @property
    def is_dropped(self) -> bool:
        return self.dropped_at is not None
