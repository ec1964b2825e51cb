"""The secret address of one's own calendar: made, revoked, and asked for by whoever holds it."""

import hashlib
import secrets

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from common import audit
from common.models import AuditEntry
from interactions.models import CalendarFeed
from staff.models import User

ROLES = ("account_manager", "supervisor")  # those who have a plan


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_feed(*, actor: User) -> str:
    """A new secret address for the actor's plan; the former one ends. Returns its secret, which is kept nowhere.

    Raises: PermissionDenied for a role that has no plan.
    """
    if actor.role not in ROLES or not actor.is_active:
        raise PermissionDenied
    User.objects.select_for_update(of=("self",), no_key=True).get(
        pk=actor.pk
    )  # of two at once the later stands
    revoke_feed(actor=actor)
    token = secrets.token_urlsafe(32)
    CalendarFeed.objects.create(user=actor, token_hash=_digest(token))
    return token


def revoke_feed(*, actor: User) -> None:
    """The actor's address answers nobody any more. A second call changes nothing."""
    CalendarFeed.objects.filter(user=actor, revoked_at=None).update(revoked_at=timezone.now())


def feed_of(token: str) -> CalendarFeed | None:
    """The feed that a secret opens, for a person who is active and has a plan; else None, whatever is wrong."""
    asked = CalendarFeed.objects.select_related("user__branch").filter(
        token_hash=_digest(token), revoked_at=None, user__is_active=True, user__role__in=ROLES
    )
    return asked.first()


def note_reading(feed: CalendarFeed) -> None:
    """Once a day of its person, however often a program asks, that the plan was read. Safe at any number at once."""
    now = timezone.now()
    midnight = timezone.localtime(now, feed.user.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    unread = CalendarFeed.objects.filter(Q(last_read_at=None) | Q(last_read_at__lt=midnight), pk=feed.pk)
    with transaction.atomic():
        if unread.update(last_read_at=now):
            audit.record(
                actor=feed.user, act=AuditEntry.Act.EXPORT, subject=f"feed/{feed.pk}", detail="calendar feed"
            )
