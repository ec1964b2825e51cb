"""What lasts until somebody acts: nobody reached, a profile or document that ends, a relationship that weakens."""

from collections.abc import Iterator
from datetime import date, datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from clients.models import Client
from interactions.models import Occurrence
from interactions.sources.base import READ, Asked, Due, Source
from staff.models import Branch


class _ClientSource(Source):
    """A day that stands on the client; once acted upon, it stands elsewhere."""

    lasts = True
    field: str

    def due(self, asked: Asked) -> Iterator[Due]:
        rows = self.clients(asked).values_list(
            "pk", "number", "tier_id", "branch_id", "last_reached_at", self.field
        )
        for client_id, number, tier_id, branch_id, reached_at, day in rows.iterator(chunk_size=READ):
            yield Due(
                client_id=client_id,
                tier_id=tier_id,
                subject=f"client/{number}",
                due_on=day,
                event_on=self.event_on(day, reached_at, asked.places.by_id[branch_id]),
            )

    def clients(self, asked: Asked) -> QuerySet:
        """Of whom this day was not told yet."""
        told = Occurrence.objects.filter(source=self.code, client=OuterRef("pk"), due_on=OuterRef(self.field))
        return Client.objects.filter(
            ~Exists(told),
            branch__in=asked.places.ids,
            status="active",
            **{f"{self.field}__range": (asked.since, asked.until)},
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
