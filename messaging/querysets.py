"""Questions about messages and notifications."""

from datetime import datetime

from django.db.models import QuerySet


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
