"""What was promised: promises and next steps. Each has an action of its own, from the moment it was said."""

from collections.abc import Iterator

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat

from interactions.models import Action, Occurrence, Promise
from interactions.sources.base import READ, Asked, Due, Source


def _told(source: str, prefix: str) -> Exists:
    """Whether the day of a row was told; its subject is its key behind a prefix."""
    subject = Concat(Value(prefix), Cast(OuterRef("pk"), CharField()))
    told: QuerySet = Occurrence.objects.filter(source=source, subject=subject, due_on=OuterRef("due_on"))
    return Exists(told)


class PromiseSource(Source):
    """From the first day of the window on."""

    code = theme = "promise"
    escalate_after = 2
    lasts = True

    def due(self, asked: Asked) -> Iterator[Due]:
        rows = Promise.objects.filter(
            ~_told(self.code, "promise/"),
            opens_on__range=(asked.since, asked.on),
            client__branch__in=asked.places.ids,
            client__status="active",
            action__state=Action.State.PLANNED,
        ).values_list(
            "pk", "client_id", "client__tier_id", "action_id", "action__owner_id", "opens_on", "due_on"
        )
        for pk, client_id, tier_id, action_id, owner_id, opens_on, due_on in rows.iterator(chunk_size=READ):
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
            ~_told(self.code, "action/"),
            origin=Action.Origin.NEXT_STEP,
            state=Action.State.PLANNED,
            due_on__range=(asked.since, asked.until),
            client__branch__in=asked.places.ids,
            client__status="active",
        ).values_list("pk", "client_id", "client__tier_id", "owner_id", "due_on")
        for pk, client_id, tier_id, owner_id, due_on in rows.iterator(chunk_size=READ):
            yield Due(
                client_id, tier_id, subject=f"action/{pk}", due_on=due_on, action_id=pk, owner_id=owner_id
            )
