"""What was promised: promises and next steps. Each has an action of its own, from the moment it was said."""

from collections.abc import Iterator

from interactions.models import Action, Promise
from interactions.sources.base import Asked, Due, Source


class PromiseSource(Source):
    """From the first day of the window on."""

    code = theme = "promise"
    escalate_after = 2
    lasts = True

    def due(self, asked: Asked) -> Iterator[Due]:
        rows = Promise.objects.filter(
            opens_on__range=(asked.since, asked.on),
            client__branch=asked.branch,
            client__status="active",
            action__state=Action.State.PLANNED,
        ).values_list(
            "pk", "client_id", "client__tier_id", "action_id", "action__owner_id", "opens_on", "due_on"
        )
        for pk, client_id, tier_id, action_id, owner_id, opens_on, due_on in rows.iterator(chunk_size=2000):
            yield Due(
                client_id=client_id,
                tier_id=tier_id,
                subject=f"promise/{pk}",
                due_on=due_on,
                lead_days=(due_on - opens_on).days,
                action_id=action_id,
                owner_id=owner_id,
            )


class NextStepSource(Source):
    """What was agreed in a contact or for an opportunity, on its day."""

    code = "next_step"
    theme = "other"
    escalate_after = 5
    lasts = True

    def due(self, asked: Asked) -> Iterator[Due]:
        rows = Action.objects.filter(
            origin=Action.Origin.NEXT_STEP,
            state=Action.State.PLANNED,
            due_on__range=(asked.since, asked.until),
            client__branch=asked.branch,
            client__status="active",
        ).values_list("pk", "client_id", "client__tier_id", "owner_id", "due_on")
        for pk, client_id, tier_id, owner_id, due_on in rows.iterator(chunk_size=2000):
            yield Due(
                client_id, tier_id, subject=f"action/{pk}", due_on=due_on, action_id=pk, owner_id=owner_id
            )
