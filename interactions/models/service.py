"""Service cases followed to satisfaction, and clients led to a specialist."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models import Assignment, Client
from clients.querysets import OfClientQuerySet
from common.history import tracked
from common.models import APPEND_ONLY
from interactions.models.action import Action
from interactions.models.contact import Contact
from interactions.querysets import OfCaseQuerySet, ServiceCaseQuerySet


@tracked()
class ServiceCase(models.Model):
    """A complaint, a loss, a request or a need the branch cannot serve today.

    Listen, answer (apologise or explain), propose, check satisfaction; each step is a row. The next
    one still owed stands on Today as the case's action, due by `due_at`.
    """

    class Kind(models.TextChoices):
        COMPLAINT = "complaint", _("Complaint")
        LOSS = "loss", _("Loss")
        REQUEST = "request", _("Request")
        UNMET_NEED = "unmet_need", _("Unmet need")

    class Outcome(models.TextChoices):
        KEPT = "kept", _("the client stayed")
        GREW = "grew", _("the relationship grew")
        LEFT = "left", _("the client left")

    client = models.ForeignKey(Client, models.CASCADE, related_name="service_cases")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    text = models.TextField(_("what happened"), max_length=4000)
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="service_cases")
    action = models.ForeignKey(Action, models.SET_NULL, null=True, related_name="service_cases")
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_at = models.DateTimeField(_("next step by"), null=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=4, choices=Outcome, blank=True)
    is_satisfied = models.BooleanField(_("is the client satisfied"), null=True, blank=True)

    objects = ServiceCaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="case_has_words"),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="", due_at__isnull=False)
                | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="case_closed_has_an_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "-opened_at"], name="case_client"),
            models.Index(fields=["due_at"], condition=Q(closed_at=None), name="case_due"),
            models.Index(fields=["action"], condition=Q(action__isnull=False), name="case_action"),
        ]

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class CaseStep(models.Model):
    """One step done. Append-only (trigger)."""

    class Step(models.TextChoices):
        LISTENED = "listened", _("Listened")
        ANSWERED = "answered", _("Apologised or explained")
        PROPOSED = "proposed", _("Proposed")
        CHECKED = "checked", _("Checked satisfaction")

    case = models.ForeignKey(ServiceCase, models.CASCADE, related_name="steps")
    step = models.CharField(max_length=8, choices=Step)
    note = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    was_late = models.BooleanField(default=False)

    objects = OfCaseQuerySet.as_manager()

    class Meta:
        triggers = [APPEND_ONLY]
        indexes = [models.Index(fields=["case", "at"], name="case_step_case")]


@tracked()
class Referral(models.Model):
    """A client led to a specialist, who sees the client for the time of the assignment."""

    class State(models.TextChoices):
        OFFERED = "offered", _("waiting for the specialist")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        DONE = "done", _("done")

    client = models.ForeignKey(Client, models.CASCADE, related_name="referrals")
    specialist = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="referrals")
    assignment = models.ForeignKey(Assignment, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(_("what for"), max_length=300)
    referred_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    referred_at = models.DateTimeField(default=timezone.now)
    until_on = models.DateField(_("until"))
    state = models.CharField(max_length=8, choices=State, default=State.OFFERED)
    answered_at = models.DateTimeField(null=True, blank=True)
    plan_delivered_on = models.DateField(_("plan delivered"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="referral_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(specialist=F("referred_by")), name="referral_to_somebody_else"
            ),
            models.UniqueConstraint(
                fields=["client", "specialist"],
                condition=Q(state__in=["offered", "accepted"]),
                name="referral_open_once",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=["offered", "accepted"], closed_at=None))
                | (Q(state__in=["declined", "done"], closed_at__isnull=False) & ~Q(outcome="")),
                name="referral_closed_has_an_outcome",
            ),
        ]
        indexes = [models.Index(fields=["client", "-referred_at"], name="referral_client")]

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
