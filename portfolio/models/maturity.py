"""What becomes of money whose term ends."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clients.models import Client
from common.history import tracked
from portfolio.models.holding import Holding
from portfolio.models.product import Currency, Product
from portfolio.querysets import MaturityCaseQuerySet, OfCaseQuerySet

_ADDS_UP = """
IF EXISTS (
    SELECT 1 FROM portfolio_maturitycase c
     WHERE c.id = {case} AND c.settled_at IS NOT NULL
       AND c.principal <> (SELECT coalesce(sum(p.amount), 0) FROM portfolio_maturitypart p
                        WHERE p.case_id = c.id AND p.currency = c.currency)
) THEN
    RAISE EXCEPTION 'the parts of a settled maturity add up to its principal'
          USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""


def _adds_up(case: str, operation: pgtrigger.Operation) -> pgtrigger.Trigger:
    """Asked at the commit, when all parts are written."""
    return pgtrigger.Trigger(
        name="adds_up",
        when=pgtrigger.After,
        operation=operation,
        timing=pgtrigger.Deferred,
        func=_ADDS_UP.format(case=case),
    )


@tracked()
class MaturityCase(models.Model):
    """One holding whose term ends on a day: open from 30 days before, settled once it is known what became of it.

    `matures_on` is the day of the contract, `effective_on` the working day it moves to. `broken_on`: the
    holding ended before. `brought_amount` came from elsewhere on the occasion and is no part of the principal.
    """

    holding = models.ForeignKey(Holding, models.CASCADE, related_name="maturities")
    client = models.ForeignKey(Client, models.PROTECT, related_name="maturities", db_index=False)
    matures_on = models.DateField(_("matures"))
    effective_on = models.DateField(_("matures on the working day"))
    principal = models.DecimalField(_("principal"), max_digits=18, decimal_places=2)
    currency = Currency(_("currency"))
    opened_on = models.DateField()
    broken_on = models.DateField(_("ended early"), null=True, blank=True)
    brought_amount = models.DecimalField(
        _("brought from elsewhere"), max_digits=18, decimal_places=2, default=0, db_default=0
    )
    brought_from = models.CharField(_("from which bank"), max_length=120, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )  # empty though settled: core banking renewed it by itself

    objects = MaturityCaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["holding", "matures_on"], name="maturity_case_once"),
            models.CheckConstraint(
                condition=Q(principal__gte=0, brought_amount__gte=0), name="maturity_case_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False) | Q(settled_by=None), name="maturity_case_settled_at"
            ),
        ]
        indexes = [
            models.Index(fields=["client", "effective_on"], name="maturity_case_client"),
            models.Index(
                fields=["effective_on"], condition=Q(settled_at=None), name="maturity_case_unsettled"
            ),
        ]
        triggers = [_adds_up("NEW.id", pgtrigger.Insert | pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.holding_id}, {self.matures_on}"

    @property
    def mark(self) -> str:
        """Tells one writing down from another: who saves over what they have not seen is told."""
        return self.settled_at.isoformat() if self.settled_at is not None else ""


@tracked()
class MaturityPart(models.Model):
    """What became of a part of the principal. The parts of a settled case add up to it (trigger)."""

    class Outcome(models.TextChoices):
        RENEWED = "renewed", _("Renewed")
        MOVED = "moved", _("Moved into another product")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        LOST = "lost", _("Lost to another bank")

    KEPT = (Outcome.RENEWED, Outcome.MOVED)

    case = models.ForeignKey(MaturityCase, models.CASCADE, related_name="parts")
    outcome = models.CharField(_("what became of it"), max_length=9, choices=Outcome)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=2)
    currency = Currency(_("currency"))  # the case's
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")
    suitability_reason = models.CharField(_("why it suits all the same"), max_length=300, blank=True)
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OfCaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="maturity_part_positive"),
            models.CheckConstraint(
                condition=Q(outcome__in=["renewed", "moved", "withdrawn", "lost"]),
                name="maturity_part_known",
            ),
            models.CheckConstraint(
                condition=Q(outcome="moved", product__isnull=False)
                | Q(outcome="renewed")
                | Q(outcome__in=["withdrawn", "lost"], product=None),
                name="maturity_part_moved_into_a_product",
            ),
        ]
        triggers = [
            _adds_up(
                "coalesce(NEW.case_id, OLD.case_id)", pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete
            )
        ]
