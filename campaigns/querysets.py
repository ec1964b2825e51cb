"""Questions about segments."""

from django.db.models import Q, QuerySet


class SegmentQuerySet(QuerySet):
    def visible_to(self, user) -> "SegmentQuerySet":
        """Head office sees every segment; a supervisor their own and those of head office."""
        if not getattr(user, "is_active", False) or user.role not in ("supervisor", "head_office"):
            return self.none()
        standing = self.filter(dropped_at=None)
        return (
            standing
            if user.role == "head_office"
            else standing.filter(Q(owner=user) | Q(owner__role="head_office"))
        )

    def editable_by(self, user) -> "SegmentQuerySet":
        return self.visible_to(user).filter(owner=user)
