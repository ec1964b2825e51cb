"""What a client's status does at once: closed and deceased end every plan."""

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import Value
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client
from common.calendars import LocalDay
from interactions.models import Action, Occurrence, Opportunity, Promise, ServiceCase, Stage, StageChange
from interactions.services.messages import withdraw_messages


@transaction.atomic
def settle_status(client_ids: Iterable[int]) -> int:
    """Cancel what is planned with clients who are closed or have died; how many actions were cancelled.

    Rule: deceased and closed cancel plans, greetings, invitations and actions at once (domain.md). Dormant
    and blocked clients keep theirs: Today leaves them out while the status lasts (`workable`). Repeatable.
    """
    ended = list(
        Client.objects.filter(pk__in=list(client_ids), status__in=("closed", "deceased")).values_list(
            "pk", flat=True
        )
    )
    if not ended:
        return 0
    now = timezone.now()
    reason = _("The client's file was closed.")
    # Nobody acted on these: should the file be opened again, what stands then is told anew.
    Occurrence.objects.filter(
        client__in=ended, action__state=Action.State.PLANNED, action__origin=Action.Origin.OCCURRENCE
    ).delete()
    cancelled = (
        Action.objects.open()
        .filter(client__in=ended)
        .update(state=Action.State.CANCELLED, closed_at=now, reason=reason)
    )
    withdraw_messages(ended)
    # Whether a window is over is asked in the days of the client's branch.
    today = LocalDay("client__branch__time_zone", Value(now))
    promises = Promise.objects.filter(client__in=ended, withdrawn_at=None, due_on__gte=today)
    promises.update(withdrawn_at=now, withdrawn_reason=reason)
    opportunities = list(Opportunity.objects.open().filter(client__in=ended).select_for_update())
    for opportunity in opportunities:
        opportunity.stage, opportunity.lost_reason, opportunity.closed_at = Stage.LOST, reason, now
        opportunity.save(update_fields=["stage", "lost_reason", "closed_at"])
    StageChange.objects.bulk_create(
        StageChange(opportunity=one, stage=Stage.LOST, at=now, by_id=one.raised_by_id)
        for one in opportunities
    )
    ServiceCase.objects.open().filter(client__in=ended).update(
        outcome=ServiceCase.Outcome.LEFT, closed_at=now
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE clients_client SET next_due_on = NULL WHERE id = ANY(%s) AND next_due_on IS NOT NULL",
            [ended],
        )
    return cancelled
