"""What lasts until somebody acts: nobody reached, a profile or document that ends, a relationship that weakens."""

from collections.abc import Iterator
from datetime import date, datetime

from django.utils import timezone

from interactions.sources.base import Asked, Due, Source, read
from staff.models import Branch

# Of whom this day was not told yet.
_CLIENTS = """
SELECT k.id, k.branch_id, k.tier_id, k.number, k.last_reached_at, k.{field}
  FROM clients_client k
 WHERE k.status = 'active' AND k.{field} BETWEEN %(since)s AND %(until)s AND k.branch_id = ANY(%(branches)s)
   AND NOT EXISTS (SELECT FROM interactions_occurrence o
                    WHERE o.source = %(source)s AND o.client_id = k.id AND o.due_on = k.{field})
"""


class _ClientSource(Source):
    """A day that stands on the client; once acted upon, it stands elsewhere."""

    lasts = True
    field: str

    def due(self, asked: Asked) -> Iterator[Due]:
        params = {
            "source": self.code,
            "branches": asked.places.ids,
            "since": asked.since,
            "until": asked.until,
        }
        for client_id, branch_id, tier_id, number, reached_at, day in read(
            _CLIENTS.format(field=self.field), params
        ):
            yield Due(
                client_id=client_id,
                branch_id=branch_id,
                tier_id=tier_id,
                subject=f"client/{number}",
                due_on=day,
                event_on=self.event_on(day, reached_at, asked.places.by_id[branch_id]),
            )

    def event_on(self, day: date, reached_at: datetime | None, branch: Branch) -> date | None:
        return day


class NotReachedSource(_ClientSource):
    """The agreed interval, else the tier's ideal one, has passed; `event_on` is the last reached day."""

    code, theme = "not_reached", "keeping_in_touch"
    escalate_after = 14
    planned = True
    field = "next_due_on"

    def event_on(self, day: date, reached_at: datetime | None, branch: Branch) -> date | None:
        return timezone.localtime(reached_at, branch.zone).date() if reached_at else None


class RiskExpirySource(_ClientSource):
    code, theme = "risk_expiry", "service"
    lead_days = 14
    escalate_after = 14
    field = "risk_valid_until"


class DocumentExpirySource(_ClientSource):
    code, theme = "document_expiry", "service"
    lead_days = 14
    escalate_after = 14
    field = "document_valid_until"


class RelationshipSource(_ClientSource):
    """The account manager judged that the relationship weakens."""

    code, theme = "relationship", "keeping_in_touch"
    escalate_after = 7
    field = "weakening_since"
