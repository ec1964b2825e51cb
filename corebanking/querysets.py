"""Questions about imports."""

from datetime import datetime

from django.db.models import Q, QuerySet


class ImportJobQuerySet(QuerySet):
    def visible_to(self, user) -> "ImportJobQuerySet":
        """Imports are the administrators' work; nobody else learns that one exists. Fails closed."""
        if getattr(user, "is_active", False) and getattr(user, "role", "") == "administrator":
            return self.all()
        return self.none()

    editable_by = visible_to

    def committed_as(self, digest: str) -> "ImportJobQuerySet":
        """Committed imports of the same content, kind and mapping."""
        return self.filter(digest=digest, state="committed")

    def silent_since(self, moment: datetime) -> "ImportJobQuerySet":
        """Under way, yet nothing heard from their worker since a moment."""
        return self.filter(state__in=("uploaded", "checking", "committing"), heartbeat_at__lt=moment)

    def finished(self) -> "ImportJobQuerySet":
        return self.filter(
            Q(state__in=("committed", "refused", "failed", "undone")) | Q(state="checked", is_dry_run=True)
        )
