"""Questions about messages and notifications."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, QuerySet


@dataclass(frozen=True)
class Bell:
    """What the bell of one person shows."""

    unread: int
    latest: datetime | None

    @property
    def mark(self) -> str:
        """Another one whenever something was told, counted up or read; it sorts by the latest."""
        at = f"{self.latest:%Y%m%d%H%M%S%f}" if self.latest else ""
        return f"{at}-{self.unread}"


class MessageQuerySet(QuerySet):
    def visible_to(self, user) -> "MessageQuerySet":
        """Mail to staff, for administrators. Mail to clients is seen with the client, by its owner's rule."""
        if getattr(user, "is_active", False) and user.role == "administrator":
            return self.filter(user__isnull=False)
        return self.none()

    editable_by = visible_to

    def undecided(self) -> "MessageQuerySet":
        """May have been sent; a person decides."""
        return self.filter(state="unknown")

    def due(self, now: datetime) -> "MessageQuerySet":
        return self.filter(state="queued", not_before__lte=now)

    def stuck(self, since: datetime) -> "MessageQuerySet":
        """Claimed before `since` and never finished: the worker died in between."""
        return self.filter(state="sending", claimed_at__lt=since)


class NotificationQuerySet(QuerySet):
    def visible_to(self, user) -> "NotificationQuerySet":
        if not getattr(user, "is_active", False):
            return self.none()
        return self.filter(user=user)

    editable_by = visible_to

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at=None)

    def bell(self) -> Bell:
        """How many are unread, and a mark that changes with them. One indexed query."""
        found = self.unread().aggregate(unread=Count("pk"), latest=Max("at"))
        return Bell(found["unread"], found["latest"])
