"""What an action leads to beside a contact: the maturity and what fits, why money left, a specialist, a campaign's call."""

from django.urls import reverse
from django.utils.translation import gettext as _

from interactions.models import Action, Source
from interactions.sources import cause_of
from portfolio.models import MaturityCase, Movement


def beside(action: Action, number: str) -> tuple[str, str] | None:
    """Words and address of the panel that belongs to an action of a client (`number`); None for most. Two questions
    at most."""
    if action.origin == Action.Origin.CAMPAIGN and action.source == "":
        return _("Script and result"), reverse("campaign-action", args=[action.pk])
    if action.origin == Action.Origin.CAMPAIGN:
        return _("The answer"), reverse("campaign-action", args=[action.pk])
    if action.source == Source.TIER_UPGRADE:
        return _("Lead to a specialist"), reverse("referral-make", args=[number])
    if action.source not in (Source.MATURITY, Source.OUTFLOW):
        return None
    told = action.occurrences.filter(source=action.source).order_by("pk").first()
    if told is None:
        return None
    key = cause_of(told.subject).partition("/")[2]
    if action.source == Source.OUTFLOW:
        movement = Movement.objects.filter(number=key, client=action.client_id).first()
        return (
            (_("Write down why"), reverse("movement-reason", args=[movement.pk]))
            if movement is not None
            else None
        )
    cases = MaturityCase.objects.filter(holding__number=key, client=action.client_id)
    case = cases.filter(matures_on=action.event_on).first() if action.event_on else None
    return (_("The maturity"), reverse("maturity", args=[case.pk])) if case is not None else None


def begins_elsewhere(action: Action) -> bool:
    """Whether the contact is logged on a page of its own: a call of a campaign with its script, an invitation with its
    answer."""
    is_invitation = action.source == Source.EVENT and action.about.startswith(("invite:", "free:"))
    return action.origin == Action.Origin.CAMPAIGN and (action.source == "" or is_invitation)
