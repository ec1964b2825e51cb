"""What was promised: promises and next steps. Each has an action of its own, from the moment it was said."""

from collections.abc import Iterator

from interactions.sources.base import Asked, Due, Source, read

_PROMISES = """
SELECT p.client_id, k.branch_id, k.tier_id, p.id, p.action_id, a.owner_id, p.opens_on, p.due_on
  FROM interactions_promise p
  JOIN interactions_action a ON a.id = p.action_id AND a.state = 'planned'
  JOIN clients_client k ON k.id = p.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
 WHERE p.opens_on BETWEEN %(since)s AND %(on)s
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s AND o.subject = 'promise/' || p.id AND o.due_on = p.due_on)
"""
_STEPS = """
SELECT a.client_id, k.branch_id, k.tier_id, a.id, a.owner_id, a.due_on
  FROM interactions_action a
  JOIN clients_client k ON k.id = a.client_id AND k.status = 'active' AND k.branch_id = ANY(%(branches)s)
 WHERE a.origin = 'next_step' AND a.state = 'planned' AND a.due_on BETWEEN %(since)s AND %(until)s
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s AND o.subject = 'action/' || a.id AND o.due_on = a.due_on)
"""


class PromiseSource(Source):
    """From the first day of the window on."""

    code = theme = "promise"
    escalate_after = 2
    lasts = True

    def due(self, asked: Asked) -> Iterator[Due]:
        params = {
            "source": self.code,
            "branches": asked.places.ids,
            "since": asked.since,
            "on": asked.on,
        }
        for client_id, branch_id, tier_id, pk, action_id, owner_id, opens_on, due_on in read(
            _PROMISES, params
        ):
            yield Due(
                client_id=client_id,
                branch_id=branch_id,
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
        params = {
            "source": self.code,
            "branches": asked.places.ids,
            "since": asked.since,
            "until": asked.until,
        }
        for client_id, branch_id, tier_id, pk, owner_id, due_on in read(_STEPS, params):
            yield Due(
                client_id=client_id,
                branch_id=branch_id,
                tier_id=tier_id,
                subject=f"action/{pk}",
                due_on=due_on,
                action_id=pk,
                owner_id=owner_id,
            )
