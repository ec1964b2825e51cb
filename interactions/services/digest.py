"""The morning digest: one mail a day to each person with something on Today. It names no client."""

from datetime import date, datetime

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import saying
from interactions.models import Action
from messaging.models import Message
from messaging.services import queue_message
from staff.models import User

LATEST = 5  # hours after the first moment, in which a digest still makes sense


def send_digests(*, now: datetime) -> int:
    """Queue the digest of everyone whose local morning has come; how many were newly queued.

    Repeatable: the message's key is the person and their date, so a second run queues nothing.
    """
    queued = 0
    people = User.objects.active().filter(role__in=("account_manager", "supervisor")).exclude(email="")
    mornings = {}
    for user in people.select_related("branch"):
        local = timezone.localtime(now, timezone=user.zone)
        if settings.DIGEST_HOUR <= local.hour < settings.DIGEST_HOUR + LATEST:
            mornings[f"digest/{user.pk}/{local.date()}"] = (user, local.date())
    told = Message.objects.filter(dedupe_key__in=mornings).values_list("dedupe_key", flat=True)
    for key in mornings.keys() - set(told):
        user, today = mornings[key]
        count, late = _waiting(user, today)
        if not count:
            continue
        with translation.override(user.language or settings.LANGUAGE_CODE):
            subject = ngettext("%(count)s action today", "%(count)s actions today", count) % {"count": count}
            lines = [_("Good morning, %(name)s.") % {"name": user.get_short_name()}, "", subject + "."]
            if late:
                lines.append(
                    ngettext("%(count)s of them is late.", "%(count)s of them are late.", late)
                    % {"count": late}
                )
            lines += ["", f"{settings.PUBLIC_URL}/today/", "", saying.day(today, "yMMMMEEEEd")]
            queue_message(
                user=user,
                address=user.email,
                kind="digest",
                subject=f"{settings.BANK_NAME}: {subject}",
                body="\n".join(lines),
                dedupe_key=key,
            )
        queued += 1
    return queued


def _waiting(user: User, today: date) -> tuple[int, int]:
    """How many actions wait for a person today, and how many of them are late. One query."""
    late = Count("pk", filter=Q(due_on__lt=today))
    found = Action.objects.waiting_for(user, today).due(today).aggregate(count=Count("pk"), late=late)
    return found["count"], found["late"]
