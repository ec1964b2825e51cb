"""An interest or intention to buy that the client voiced, followed until it is won or lost."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from common.history import tracked
from common.models import APPEND_ONLY
from interactions.models.action import Action
from interactions.models.contact import Contact
from interactions.querysets import OfOpportunityQuerySet, OpportunityQuerySet
from portfolio.models import Currency, Product, Purchase


class Stage(models.TextChoices):
    INTEREST = "interest", _("Interest")
    INTENTION = "intention", _("Intention")
    PROPOSAL = "proposal", _("Proposal")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


OPEN_STAGES = ("interest", "intention", "proposal")


@tracked()
class Opportunity(models.Model):
    """While it is open it has a next step with a date; the step is an action on Today."""

    Stage = Stage

    client = models.ForeignKey(Client, models.CASCADE, related_name="opportunities")
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="opportunities")
    kind = models.CharField(_("kind of product"), max_length=20, choices=Product.Kind)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2, null=True, blank=True)
    currency = Currency(_("currency"), blank=True)
    stage = models.CharField(_("stage"), max_length=9, choices=Stage, default=Stage.INTEREST)
    next_step = models.CharField(_("next step"), max_length=300, blank=True)
    next_on = models.DateField(_("next step on"), null=True, blank=True)
    action = models.ForeignKey(Action, models.SET_NULL, null=True, related_name="opportunities")
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, related_name="opportunities"
    )  # voiced in
    note = models.CharField(_("in the client's words"), max_length=300, blank=True)
    raised_at = models.DateTimeField(default=timezone.now)
    raised_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    suitability_reason = models.CharField(_("why it suits all the same"), max_length=300, blank=True)
    lost_reason = models.CharField(_("why it was lost"), max_length=300, blank=True)
    purchase = models.OneToOneField(
        Purchase, models.PROTECT, null=True, blank=True, related_name="opportunity"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    is_imported = models.BooleanField(default=False)

    objects = OpportunityQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="opportunity_stage_known"),
            models.CheckConstraint(
                condition=(Q(stage__in=OPEN_STAGES, closed_at=None, next_on__isnull=False))
                | (~Q(stage__in=OPEN_STAGES) & Q(closed_at__isnull=False)),
                name="opportunity_open_has_a_next_step",
            ),
            models.CheckConstraint(
                condition=~Q(stage="lost") | ~Q(lost_reason=""), name="opportunity_lost_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(purchase=None) | Q(stage="won"), name="opportunity_purchase_wins"
            ),
            models.CheckConstraint(
                condition=Q(amount=None) | ~Q(currency=""), name="opportunity_amount_has_a_currency"
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-raised_at"], name="opportunity_client"),
            models.Index(fields=["next_on"], condition=Q(closed_at=None), name="opportunity_next"),
            models.Index(fields=["contact"], condition=Q(contact__isnull=False), name="opportunity_contact"),
            models.Index(fields=["action"], condition=Q(action__isnull=False), name="opportunity_action"),
        ]

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN_STAGES

    @property
    def what(self) -> str:
        """The product, else its kind."""
        return self.product.name if self.product else self.get_kind_display()


class StageChange(models.Model):
    """Each stage an opportunity entered, the first included. Append-only (trigger)."""

    opportunity = models.ForeignKey(Opportunity, models.CASCADE, related_name="stages")
    stage = models.CharField(max_length=9, choices=Stage)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = OfOpportunityQuerySet.as_manager()

    class Meta:
        triggers = [APPEND_ONLY]
        indexes = [models.Index(fields=["opportunity", "at"], name="stage_change_opportunity")]
