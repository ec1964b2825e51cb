"""Who looked at what. Changes are kept by history; looks are kept here."""

from common.models import AuditEntry


def record(
    *,
    actor,
    act: AuditEntry.Act,
    subject: str = "",
    detail: str = "",
    reason: str = "",
    count: int | None = None,
) -> None:
    """Append one audit entry for a person (any object with pk and name)."""
    AuditEntry.objects.create(
        actor_id=actor.pk,
        actor_name=getattr(actor, "name", ""),
        act=act,
        subject=subject,
        detail=detail[:300],
        reason=reason[:500],
        count=count,
    )
