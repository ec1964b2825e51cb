"""When a message to a client leaves: its own day, the agreed hours, and no offer on top of another word."""

from datetime import date, datetime, time, timedelta

from django.db.models import Q
from django.utils import timezone

from clients.models import Client
from interactions.models import Action, ClientMessage, MessageKind
from interactions.moments import LOOK_AHEAD, is_too_late, next_moment, wanted_from
from interactions.services.permission import Ground

# What has no day of its own: it comes on a day on which nothing else does.
WAITS = (MessageKind.OFFER, MessageKind.ARTICLE, MessageKind.INVITATION)
AFTER_THE_FIRST = timedelta(minutes=1)


def event_of(action: Action | None) -> date | None:
    """The day that a greeting is for; None for what has no day of its own."""
    return action.event_on if action is not None and action.source in ("birthday", "holiday") else None


def moment_for(row: ClientMessage, client: Client, ground: Ground, now: datetime) -> datetime | None:
    """When a message leaves at the earliest; None where the agreement leaves no hour, or none near a greeting's day.

    Rule: at most one word a day that could as well come tomorrow. An offer, an article or an invitation waits for a day of the
    branch on which the client is sent nothing else; greetings, notices and duties keep their day.
    """
    zone, event_on = client.branch.zone, event_of(row.action)
    agreement, taken = ground.agreements.get(client.pk), _days_taken(row, client, now)
    after = wanted_from(channel=row.channel, event_on=event_on, zone=zone, now=now)
    for _n in range(LOOK_AHEAD):
        moment = next_moment(agreement=agreement, channel=row.channel, zone=zone, after=after)
        if moment is None:
            return None
        on = timezone.localtime(moment, zone).date()
        if on not in taken:
            return None if is_too_late(event_on, on) else moment
        after = datetime.combine(on + timedelta(days=1), time.min, zone)
    return None


def _days_taken(row: ClientMessage, client: Client, now: datetime) -> set[date]:
    """The days of the branch, today and later, on which something else is sent to the client before this.

    Of two that both wait the one approved first goes first, so that no two workers wait for one another.
    """
    if row.kind not in WAITS:
        return set()
    zone = client.branch.zone
    midnight = datetime.combine(timezone.localtime(now, zone).date(), time.min, zone)
    others = ClientMessage.objects.standing().filter(client=client).exclude(pk=row.pk)
    gone = others.filter(message__state__in=("sending", "sent", "unknown"), message__claimed_at__gte=midnight)
    waiting = others.filter(message__state="queued")
    if row.approved_at is not None:
        first = Q(approved_at__lt=row.approved_at) | Q(approved_at=row.approved_at, pk__lt=row.pk)
        waiting = waiting.filter(first | ~Q(kind__in=WAITS))
    moments = [
        *gone.values_list("message__claimed_at", flat=True),
        *(max(moment, now) for moment in waiting.values_list("message__not_before", flat=True)),
    ]
    return {timezone.localtime(moment, zone).date() for moment in moments}


def one_goes_first(row: ClientMessage, now: datetime) -> bool:
    """Whether one approved earlier about the same is leaving this moment: of two workers one waits and asks again."""
    others = ClientMessage.objects.on_their_way().filter(client=row.client_id, theme=row.theme_id)
    first = Q(approved_at__lt=row.approved_at) | Q(approved_at=row.approved_at, pk__lt=row.pk)
    return others.filter(first, message__not_before__lte=now).exists()
