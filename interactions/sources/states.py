"""What lasts until somebody acts: nobody reached, a profile or document that ends, a relationship that weakens."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from clients.models import Client
from interactions.models import Occurrence
from interactions.sources.base import Asked, Due, Source


class _ClientSource(Source):
    """A day that stands on the client; once acted upon, it stands elsewhere."""

    lasts = True
    field: str

    def due(self, asked: Asked) -> Iterator[Due]:
        for client in self.clients(asked).iterator(chunk_size=2000):
            day = getattr(client, self.field)
            yield Due(
                client_id=client.pk,
                tier_id=client.tier_id,
                subject=f"client/{client.number}",
                due_on=day,
                event_on=self.event_on(client, asked),
            )

    def clients(self, asked: Asked) -> QuerySet:
        """Of whom this day was not told yet: what lasts would else be read again every morning."""
        told = Occurrence.objects.filter(source=self.code, client=OuterRef("pk"), due_on=OuterRef(self.field))
        rows = Client.objects.filter(
            branch=asked.branch, status="active", **{f"{self.field}__range": (asked.since, asked.until)}
        )
        return rows.exclude(Exists(told)).only("number", "tier", "last_reached_at", self.field)

    def event_on(self, client: Client, asked: Asked):
        return getattr(client, self.field)


class NotReachedSource(_ClientSource):
    """The agreed interval, else the tier's ideal one, has passed; `event_on` is the last reached day."""

    code, theme = "not_reached", "keeping_in_touch"
    escalate_after = 14
    planned = True
    field = "next_due_on"

    def event_on(self, client: Client, asked: Asked):
        last = client.last_reached_at
        return timezone.localtime(last, asked.branch.zone).date() if last else None


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
