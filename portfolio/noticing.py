"""Why money came from or went to another bank, as the client told it."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.services.ground import clean, may_edit
from portfolio.models import Movement, MovementReason
from staff.models import User


@transaction.atomic
def explain_movement(
    *, actor: User, movement: Movement, reason: str, competitor: str = "", note: str = ""
) -> MovementReason:
    """Write down, or correct, why money moved and to or from whom. Repeatable.

    Rule: money that stayed in the bank has no competitor and asks for no reason. Visibility: the client must be
    the actor's to edit. Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, movement)
    if not movement.external:
        raise ValidationError(_("This money stayed with us."))
    if reason not in MovementReason.Reason.values:
        raise ValidationError({"reason": _("Choose why.")})
    words = clean({"competitor": competitor[:120], "note": note[:300]})
    row, _created = MovementReason.objects.update_or_create(
        movement=movement,
        defaults={
            "client_id": movement.client_id,
            "reason": reason,
            "by": actor,
            "at": timezone.now(),
            **words,
        },
    )
    return row


@transaction.atomic
def forget_reason(*, actor: User, movement: Movement) -> None:
    """Take the reason back. A second call changes nothing."""
    may_edit(actor, movement)
    MovementReason.objects.filter(movement=movement).delete()
