"""Advice on a crossed limit: given in a contact that reached the client, with what the client decided."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from interactions.models import Action, Advice, Contact, Source


@dataclass(frozen=True)
class Advised:
    """What was advised and decided: codes of Advice."""

    advised: str
    decision: str


def owing_advice() -> QuerySet[Action]:
    """Actions that no contact alone can do: the client has not decided what to do about a crossed limit."""
    decided = Advice.objects.filter(action=OuterRef("pk")).exclude(decision=Advice.Decision.THINKS)
    return Action.objects.filter(~Exists(decided), source=Source.LIMIT)


def write_advice(*, contact: Contact, advice: Advised) -> Advice:
    """Write down what was advised in a contact just logged. Part of the caller's transaction, who checked the right.

    Rule (domain.md, portfolio): the duty of a crossed limit asks for advice and the client's decision.
    Raises: ValidationError on `advice` or `decision`.
    """
    action = contact.action
    if action is None or action.source != Source.LIMIT:
        raise ValidationError({"advice": _("Advice belongs to a crossed limit.")})
    if contact.result != Contact.Result.REACHED:
        raise ValidationError({"decision": _("Who was not reached has decided nothing.")})
    if advice.advised not in Advice.Advised.values:
        raise ValidationError({"advice": _("Choose what was advised.")})
    if advice.decision not in Advice.Decision.values:
        raise ValidationError({"decision": _("Choose what the client decided.")})
    written, _created = Advice.objects.update_or_create(
        action=action,
        defaults={
            "client_id": contact.client_id,
            "contact": contact,
            "advised": advice.advised,
            "decision": advice.decision,
            "by": contact.staff,
            "at": contact.occurred_at,
        },
    )
    return written
