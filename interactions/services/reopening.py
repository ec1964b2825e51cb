"""Taking back a skip or a finish: what stood beside the action stands again, if there is still room for it."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.services.ground import may_edit, may_plan
from interactions.models import Action, Appointment
from interactions.services.actions import planned_anew
from interactions.services.contacts import fulfils
from interactions.services.courtesies import weigh_again
from interactions.services.moves import still_free
from staff.models import User


@transaction.atomic
def reopen_action(*, actor: User, action: Action) -> Action:
    """Take back a skip or a finish.

    Rule: its appointment stands again, unless the time was given away meanwhile; its courtesy counts again, and
    waits for a supervisor where the limit was used up meanwhile.
    What a contact has done stays done while that counts.
    Raises: ValidationError where the client's file was closed since, or the time is taken; PermissionDenied.
    """
    may_edit(actor, action)
    may_plan(action.client)
    action = Action.objects.select_for_update(of=("self",)).select_related("client__branch").get(pk=action.pk)
    if action.state in (Action.State.SKIPPED, Action.State.DONE):
        if planned_anew(action):
            raise ValidationError(_("The next contact is planned already."))
        if any(fulfils(contact) for contact in action.contacts.filter(voided_at=None)):
            raise ValidationError(_("This cannot be taken back any more."))
        was_skipped = action.state == Action.State.SKIPPED
        action.state, action.reason, action.closed_at = Action.State.PLANNED, "", None
        action.save(update_fields=["state", "reason", "closed_at"])
        stood = Appointment.objects.filter(action=action, cancelled_at=None)
        for appointment in stood:
            appointment.action = action
            if appointment.ends_at > timezone.now():
                still_free(actor, appointment)
        # A calendar that heard of the end has to hear that it stands again.
        stood.update(sequence=F("sequence") + 2)
        if was_skipped:
            weigh_again(action)
    return action
