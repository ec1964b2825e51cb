"""Rules that the outbox must obey."""

from datetime import timedelta

from django.utils import timezone

from common.checks import found
from messaging import gateways
from messaging.models import Message, Notification
from messaging.services import MOST_ATTEMPTS, STUCK_AFTER

SWEEPER_GRACE = timedelta(minutes=5)
LONGEST_QUEUE = timedelta(hours=2)
LONGEST_UNDECIDED = timedelta(days=7)


def checks() -> list[str]:
    now = timezone.now()
    return [
        *found(
            Message.objects.stuck(now - STUCK_AFTER - SWEEPER_GRACE), "messages are stuck while being sent"
        ),
        *found(Message.objects.due(now - LONGEST_QUEUE), "messages have been due for over two hours"),
        *found(
            Message.objects.filter(state="sending", claimed_at=None), "messages being sent were never claimed"
        ),
        *found(Message.objects.filter(attempts__gt=MOST_ATTEMPTS), "messages were tried too often"),
        *found(
            Message.objects.undecided().filter(claimed_at__lt=now - LONGEST_UNDECIDED),
            "messages wait for a person to decide for over a week",
        ),
        *found(
            Message.objects.exclude(channel__in=gateways.GATEWAYS).filter(state="queued"),
            "messages wait for a channel that has no gateway",
        ),
        *found(
            Message.objects.exclude(unsubscribe_url="").exclude(channel="email"),
            "messages other than mail carry a mail's link to unsubscribe",
        ),
        *found(Notification.objects.filter(count=0), "notifications count nothing"),
    ]
