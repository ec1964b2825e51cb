"""Campaigns: whom they are for, how, what they cost, and the clients frozen at launch."""

from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.models.segment import SegmentVersion
from campaigns.querysets import CampaignQuerySet, PartQuerySet, TargetQuerySet
from clients.models import Channel, Client, Theme, Tier
from clients.querysets import OfClientQuerySet
from common.history import tracked
from interactions.models import Action
from portfolio.models import Product
from portfolio.models.product import Currency
from staff.models import Branch


@tracked()
class Campaign(models.Model):
    """A theme for chosen clients in a period. Both days are included, by the clock of each client's branch.

    `branch` empty: the whole bank. `code` stands in contacts and purchases, in files and in addresses.
    """

    class Objective(models.TextChoices):
        RELATIONSHIP = "relationship", _("Relationship")
        PRODUCT = "product", _("Product")

    class Method(models.TextChoices):
        CONTACTS = "contacts", _("Contacts, one by one")
        EVENT = "event", _("An event with invitations")

    class Frequency(models.TextChoices):
        ONCE = "once", _("once")
        WEEKLY = "weekly", _("every week")
        FORTNIGHTLY = "fortnightly", _("every two weeks")
        MONTHLY = "monthly", _("every four weeks")

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        WAITING = "waiting", _("waits for approval")
        APPROVED = "approved", _("approved")
        LAUNCHING = "launching", _("is being launched")
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        ENDED = "ended", _("ended")
        DROPPED = "dropped", _("put aside")

    EVERY = {
        Frequency.WEEKLY: timedelta(days=7),
        Frequency.FORTNIGHTLY: timedelta(days=14),
        Frequency.MONTHLY: timedelta(days=28),
    }
    PLANNING = (State.DRAFT, State.WAITING, State.APPROVED)  # nobody is frozen yet
    LAUNCHED = (State.RUNNING, State.PAUSED, State.ENDED)

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    theme = models.ForeignKey(Theme, models.PROTECT, related_name="+", verbose_name=_("theme"))
    objective = models.CharField(_("objective"), max_length=12, choices=Objective, default=Objective.PRODUCT)
    method = models.CharField(_("method"), max_length=8, choices=Method, default=Method.CONTACTS)
    frequency = models.CharField(_("how often"), max_length=11, choices=Frequency, default=Frequency.ONCE)
    # In the order of choice: each client is contacted by the first one that is allowed.
    channels = ArrayField(models.CharField(max_length=10, choices=Channel), default=list)
    products = models.ManyToManyField(Product, related_name="+", blank=True, verbose_name=_("products"))
    segment_version = models.ForeignKey(
        SegmentVersion, models.PROTECT, null=True, blank=True, related_name="campaigns"
    )
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="campaigns")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to"))
    script = models.TextField(_("what to say"), max_length=8000, blank=True)
    budget = models.DecimalField(_("budget"), max_digits=14, decimal_places=2, default=0)
    currency = Currency(_("currency"))
    control_share = models.DecimalField(_("left alone"), max_digits=4, decimal_places=3, default=0)
    seed = models.PositiveBigIntegerField(
        default=0
    )  # of the draw of arms: the same again gives the same arms
    responsible = models.ManyToManyField(
        settings.AUTH_USER_MODEL, related_name="+", blank=True, verbose_name=_("responsible")
    )
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    is_from_file = models.BooleanField(default=False)  # its targets were delivered, not chosen here
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    planned_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # why it was refused, paused or ended
    launched_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    launched_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cloned_from = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")

    objects = CampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(code__regex=r"^[A-Za-z0-9._-]+$"), name="campaign_code_plain"),
            models.CheckConstraint(condition=~Q(name=""), name="campaign_has_a_name"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="campaign_ends_after_it_starts"
            ),
            models.CheckConstraint(condition=Q(budget__gte=0), name="campaign_budget_not_negative"),
            models.CheckConstraint(
                condition=Q(control_share__gte=0, control_share__lte=0.5),
                name="campaign_control_at_most_half",
            ),
            models.CheckConstraint(condition=Q(currency__regex="^[A-Z]{3}$"), name="campaign_currency_iso"),
            models.CheckConstraint(
                condition=~Q(state__in=["running", "paused", "ended"]) | Q(launched_at__isnull=False),
                name="campaign_launched_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["-starts_on", "-id"], name="campaign_latest")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_planning(self) -> bool:
        return self.state in self.PLANNING

    @property
    def is_launched(self) -> bool:
        return self.state in self.LAUNCHED

    def rounds(self, until: date | None = None) -> list[tuple[date, date]]:
        """First and last day of each round of contacts; of those that begin by a day, where one is given."""
        step = self.EVERY.get(self.Frequency(self.frequency))
        if step is None:
            return [(self.starts_on, self.ends_on)]
        found, first = [], self.starts_on
        while first <= min(self.ends_on, until or self.ends_on):
            found.append((first, min(first + step - timedelta(days=1), self.ends_on)))
            first += step
        return found


@tracked()
class CampaignGroup(models.Model):
    """What a client of a tier costs; without a tier, what any other client costs."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="groups")
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, related_name="+")
    unit_cost = models.DecimalField(_("cost a client"), max_digits=12, decimal_places=2)
    currency = Currency(_("currency"))

    objects = PartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "tier"], nulls_distinct=False, name="campaign_group_once"
            ),
            models.CheckConstraint(condition=Q(unit_cost__gte=0), name="campaign_group_cost_not_negative"),
        ]


@tracked()
class CostLine(models.Model):
    """One cost, planned and actual. Without a tier it is shared by all clients of the campaign."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="cost_lines")
    event = models.ForeignKey(
        "campaigns.Event", models.SET_NULL, null=True, blank=True, related_name="cost_lines"
    )
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, related_name="+")
    what = models.CharField(_("what for"), max_length=150)
    planned_amount = models.DecimalField(_("planned"), max_digits=14, decimal_places=2, default=0)
    actual_amount = models.DecimalField(_("actual"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = Currency(_("currency"))
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)

    objects = PartQuerySet.as_manager()

    class Meta:
        ordering = ["written_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(what=""), name="cost_line_says_what_for"),
            models.CheckConstraint(condition=Q(planned_amount__gte=0), name="cost_line_planned_not_negative"),
            models.CheckConstraint(
                condition=Q(actual_amount=None) | Q(actual_amount__gte=0),
                name="cost_line_actual_not_negative",
            ),
        ]


@tracked()
class Material(models.Model):
    """What an account manager has at hand: facts, an answer to an objection, where the leaflets lie."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="materials")
    title = models.CharField(_("title"), max_length=150)
    text = models.TextField(_("text"), max_length=8000)

    objects = PartQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(condition=~Q(title=""), name="material_has_a_title")]


class Arm(models.TextChoices):
    TREATMENT = "treatment", _("contacted")
    CONTROL = "control", _("left alone")


@tracked()
class Target(models.Model):
    """A client of a campaign as frozen at launch: arm, why included, and branch, tier and manager as they were.

    `groups` are the numbers (from 1) of the groups of the segment's rule that took the client in; empty where a list
    named the client or a file delivered it.
    """

    class Outcome(models.TextChoices):
        INTERESTED = "interested", _("interested")
        LATER = "later", _("to be asked again")
        DECLINED = "declined", _("not interested")
        BOUGHT = "bought", _("bought")
        UNREACHABLE = "unreachable", _("cannot be reached")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="targets", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="targets")
    arm = models.CharField(max_length=9, choices=Arm)
    groups = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    channel = models.CharField(max_length=10, choices=Channel, blank=True)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(_("result"), max_length=11, choices=Outcome, blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)
    outcome_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )

    objects = TargetQuerySet.as_manager()

    merge_rule = "keep"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "client"], name="target_once"),
            models.CheckConstraint(condition=Q(arm__in=Arm.values), name="target_arm_known"),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(outcome_at__isnull=False), name="target_outcome_has_a_time"
            ),
        ]
        indexes = [models.Index(fields=["campaign", "arm", "outcome"], name="target_progress")]


@tracked()
class TargetAction(models.Model):
    """What a target asks for in one round: an action of its own, or the one of the theme that stood already."""

    target = models.ForeignKey(Target, models.CASCADE, related_name="rounds", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    number = models.PositiveSmallIntegerField()  # of the round, from 1
    action = models.ForeignKey(Action, models.SET_NULL, null=True, related_name="target_rounds")
    has_joined = models.BooleanField(
        default=False
    )  # the action is another's, and stays when the campaign ends

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["target", "number"], name="target_action_once")]


@tracked()
class Exclusion(models.Model):
    """A client whom the rule chose and the campaign leaves out, with the reason, as found at launch."""

    class Reason(models.TextChoices):
        STATUS = "status", _("The file is dormant, blocked or closed.")
        COMPLAINT = "complaint", _("A complaint is open.")
        CONSENT = "consent", _("Not allowed by any channel of the campaign.")
        ADDRESS = "address", _("No phone or address of the campaign's channels.")
        AGREEMENT = "agreement", _("The agreement names other channels or themes.")
        GUARD = "guard", _("Told about the same theme a short time ago.")
        CAMPAIGN = "campaign", _("In another campaign that is running.")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="exclusions", db_index=False)
    client = models.ForeignKey(Client, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=9, choices=Reason)

    objects = OfClientQuerySet.as_manager()

    merge_rule = "keep"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "client"], name="exclusion_once")]
