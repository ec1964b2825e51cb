"""A gift or gesture that belongs to an action, what it costs, and who agreed to it."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from common.history import tracked
from interactions.models.action import Action
from interactions.querysets import CourtesyQuerySet


@tracked()
class Courtesy(models.Model):
    """One gift or gesture. It counts against the client's limit of the year it was planned for (`year`).

    Given is what was said to be given, or what stood when the action was done.
    """

    class Kind(models.TextChoices):
        GIFT = "gift", _("Gift")
        FLOWERS = "flowers", _("Flowers")
        CARD = "card", _("Card")
        MEAL = "meal", _("Meal")
        GESTURE = "gesture", _("Gesture")

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        WAITING = "waiting", _("waits for approval")
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")
        ORDERED = "ordered", _("ordered")
        GIVEN = "given", _("given")
        WITHDRAWN = "withdrawn", _("withdrawn")

    # Nothing stands in the way of these: when the action is done, they were given with it.
    FREE = (State.PLANNED, State.APPROVED, State.ORDERED)

    action = models.OneToOneField(Action, models.CASCADE, related_name="courtesy")
    kind = models.CharField(_("kind"), max_length=7, choices=Kind, default=Kind.GIFT)
    what = models.CharField(_("what"), max_length=200, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=12, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3)
    year = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(_("why"), max_length=300, blank=True)  # of the decision
    ordered_on = models.DateField(null=True, blank=True)
    given_on = models.DateField(null=True, blank=True)

    objects = CourtesyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(cost__gte=0), name="courtesy_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="courtesy_has_a_currency"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("approved", "refused"))
                | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="courtesy_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="refused") | ~Q(reason=""), name="courtesy_refused_with_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(state="ordered") | Q(ordered_on__isnull=False), name="courtesy_ordered_on_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(state="given") | Q(given_on__isnull=False), name="courtesy_given_on_a_day"
            ),
        ]
        indexes = [
            models.Index(fields=["asked_at"], condition=Q(state="waiting"), name="courtesy_waiting"),
        ]

    @property
    def client(self) -> Client:
        return self.action.client

    @property
    def is_given(self) -> bool:
        """Whether it was given: said so, or the action is done and nothing stood in the way."""
        return self.state == self.State.GIVEN or (
            self.state in self.FREE and self.action.state == Action.State.DONE
        )
