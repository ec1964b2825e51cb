"""The bank's rules of reminding: how early, how pressing, how long unheeded."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clients.models import Tier
from interactions.models import ReminderRule
from interactions.sources import SOURCES
from staff.models import Role, User

LONGEST_LEAD = 366


@transaction.atomic
def set_rule(
    *,
    actor: User,
    source: str,
    tier: Tier | None,
    is_on: bool,
    lead_days: int,
    severity: int,
    escalate_after_days: int | None,
) -> ReminderRule:
    """Say how a source reminds, for one tier or for all without a rule of their own.

    It holds from the next daily run on; what was raised already stays as it is. Only administrators.
    Raises: ValidationError by field; PermissionDenied.
    """
    _may_rule(actor)
    if source not in {one.code for one in SOURCES}:
        raise ValidationError({"source": _("There is no such source.")})
    if lead_days > LONGEST_LEAD:
        raise ValidationError({"lead_days": _("At most a year ahead.")})
    rule, _made = ReminderRule.objects.update_or_create(
        source=source,
        tier=tier,
        defaults={
            "is_on": is_on,
            "lead_days": lead_days,
            "severity": severity,
            "escalate_after_days": escalate_after_days,
        },
    )
    return rule


@transaction.atomic
def drop_rule(*, actor: User, rule: ReminderRule) -> None:
    """Back to the rule of all tiers, or to the source's own. Only administrators."""
    _may_rule(actor)
    rule.delete()


def _may_rule(actor: User) -> None:
    if not actor.is_active or actor.role != Role.ADMINISTRATOR:
        raise PermissionDenied
