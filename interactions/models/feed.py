"""One's own plan in another calendar program, at a secret address."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.history import tracked
from staff.querysets import OwnQuerySet


@tracked(exclude=["last_read_at"])
class CalendarFeed(models.Model):
    """An address that reads one person's plan without a login. Only the digest of its secret is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    token_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_read_at = models.DateTimeField(
        null=True, blank=True
    )  # the first reading of the last day it was read

    objects = OwnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="feed_token_once"),
            models.UniqueConstraint(fields=["user"], condition=Q(revoked_at=None), name="feed_one_in_use"),
        ]
