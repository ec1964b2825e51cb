"""What is to be done: actions, and the occurrences that call for them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Client, Theme
from clients.querysets import OfClientQuerySet
from common.history import tracked
from interactions.querysets import ActionQuerySet, OccurrenceQuerySet
from portfolio.models import MarketEvent


class Source(models.TextChoices):
    """The closed list of occurrence sources."""

    BIRTHDAY = "birthday", _("Birthday")
    ANNIVERSARY = "anniversary", _("Anniversary")
    MATURITY = "maturity", _("Maturity")
    HOLIDAY = "holiday", _("Holiday")
    NOT_REACHED = "not_reached", _("Not reached")
    LIMIT = "limit", _("Limit")
    RISK_EXPIRY = "risk_expiry", _("Risk profile expires")
    DOCUMENT_EXPIRY = "document_expiry", _("Document expires")
    OUTFLOW = "outflow", _("Money left")
    PROMISE = "promise", _("Promise")
    NEXT_STEP = "next_step", _("Next step")
    RELATIONSHIP = "relationship", _("Relationship")
    PURCHASE_REVIEW = "purchase_review", _("Purchase review")
    TIER_UPGRADE = "tier_upgrade", _("Tier upgrade")
    EVENT = "event", _("Event")


class Severity(models.IntegerChoices):
    """How pressing a reminder is by the bank's rule."""

    LOW = 1, _("low")
    USUAL = 2, _("usual")
    URGENT = 3, _("urgent")


@tracked()
class Action(models.Model):
    """One planned piece of client maintenance. Everything on Today is an action.

    `owner` empty means whoever holds the client's book on that day; only a hand-over fills it.
    The reason in words is made from `source`, `about`, `event_on`, `years`, `amount` and `currency`.
    """

    class Origin(models.TextChoices):
        PLAN = "plan", _("plan")
        OCCURRENCE = "occurrence", _("occurrence")
        PROMISE = "promise", _("promise")
        NEXT_STEP = "next_step", _("next step")
        CAMPAIGN = "campaign", _("campaign")
        BY_HAND = "by_hand", _("by hand")

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        DONE = "done", _("done")
        SKIPPED = "skipped", _("skipped")
        CANCELLED = "cancelled", _("cancelled")
        EXPIRED = "expired", _("expired")

    client = models.ForeignKey(Client, models.CASCADE, related_name="actions")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_actions"
    )
    theme = models.ForeignKey(Theme, models.PROTECT, related_name="actions")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.CALL)
    opens_on = models.DateField(_("from"))
    due_on = models.DateField(_("by"))
    due_at = models.TimeField(_("at"), null=True, blank=True)
    origin = models.CharField(max_length=10, choices=Origin)
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    source = models.CharField(max_length=16, choices=Source, blank=True)
    about = models.CharField(_("what for"), max_length=300, blank=True)
    event_on = models.DateField(null=True, blank=True)  # the birthday, the maturity, the holiday
    years = models.SmallIntegerField(null=True, blank=True)  # which birthday it is
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    severity = models.PositiveSmallIntegerField(
        choices=Severity, default=Severity.USUAL, db_default=Severity.USUAL
    )
    estimated_cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    cost_currency = models.CharField(max_length=3, blank=True)
    snoozed_until = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # why skipped, cancelled or handed over
    from_contact = models.ForeignKey(
        "interactions.Contact", models.SET_NULL, null=True, blank=True, related_name="next_actions"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = ActionQuerySet.as_manager()

    # A promise, a case, an interest and what came due have days of their own, kept where they were given.
    MOVABLE = (Origin.PLAN, Origin.BY_HAND, Origin.CAMPAIGN)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gte=F("opens_on")), name="action_due_after_it_opens"),
            models.CheckConstraint(
                condition=Q(state="planned", closed_at=None)
                | (~Q(state="planned") & Q(closed_at__isnull=False)),
                name="action_closed_has_a_time",
            ),
            models.UniqueConstraint(
                fields=["client"], condition=Q(origin="plan", state="planned"), name="action_planned_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="skipped") | ~Q(reason=""), name="action_skipped_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | ~Q(currency=""), name="action_amount_has_a_currency"
            ),
        ]
        indexes = [
            models.Index(
                fields=["client", "opens_on"], condition=Q(state="planned"), name="action_open_client"
            ),
            models.Index(
                fields=["owner", "opens_on"], condition=Q(state="planned"), name="action_open_owner"
            ),
            models.Index(fields=["client", "-closed_at"], name="action_client_closed"),
            models.Index(fields=["due_on"], condition=Q(state="planned"), name="action_open_due"),
            models.Index(
                fields=["snoozed_until"],
                condition=Q(state="planned", snoozed_until__isnull=False),
                name="action_put_off",
            ),
            models.Index(
                fields=["due_on"], condition=Q(state="planned", origin="next_step"), name="action_next_step"
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.state == self.State.PLANNED

    @property
    def is_movable(self) -> bool:
        """Whether a person may give it another day: by its kind, or with its appointment; others are put off."""
        return self.origin in self.MOVABLE or self.standing_appointment is not None

    @property
    def standing_appointment(self):
        """Its appointment while that is to take place, else None. Rows of a list come with `appointment`."""
        found = getattr(self, "appointment", None)
        return found if found is not None and found.cancelled_at is None and self.is_open else None


@tracked()
class Occurrence(models.Model):
    """One coming-due of a source on a date. The unique constraint is what makes a second run harmless."""

    source = models.CharField(max_length=16, choices=Source)
    subject = models.CharField(max_length=80)  # "dated_fact/12", "holding/LD-7/T-30", "holiday/ES/client/9"
    due_on = models.DateField()
    client = models.ForeignKey(Client, models.CASCADE, related_name="occurrences")
    action = models.ForeignKey(Action, models.SET_NULL, null=True, related_name="occurrences")
    is_late = models.BooleanField(default=False)
    raised_on = models.DateField()  # the branch's date of the run
    escalated_on = models.DateField(null=True, blank=True)  # the supervisor was told that nobody had acted
    raised_at = models.DateTimeField(default=timezone.now)

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "subject", "due_on"], name="occurrence_once"),
        ]
        indexes = [models.Index(fields=["client", "-due_on"], name="occurrence_client")]


@tracked()
class HolderCall(models.Model):
    """That a client who holds a marked product is called about a market event: once each."""

    event = models.ForeignKey(MarketEvent, models.CASCADE, related_name="calls")
    client = models.ForeignKey(Client, models.CASCADE, related_name="holder_calls")
    action = models.ForeignKey(Action, models.SET_NULL, null=True, related_name="holder_calls")

    objects = OfClientQuerySet.as_manager()

    merge_rule = "keep"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "client"], name="holder_call_once")]
