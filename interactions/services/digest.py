"""The morning digest: one mail a day to each person with something on Today. It names no client."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common import saying
from interactions.models import Action
from messaging.services import queue_message
from staff.models import User


def send_digests(*, now: datetime) -> int:
    """Queue the digest of everyone whose local morning has come; how many were newly queued.

    Repeatable: the message's key is the person and their date, so a second run queues nothing.
    """
    queued = 0
    for user in User.objects.active().filter(role__in=("account_manager", "supervisor")):
        local = timezone.localtime(now, timezone=user.zone)
        if not settings.DIGEST_HOUR <= local.hour < settings.DIGEST_HOUR + 5:
            continue
        today = local.date()
        key = f"digest/{user.pk}/{today}"
        if user.messages.filter(dedupe_key=key).exists():
            continue
        due = Action.objects.waiting_for(user, today).due(today)
        count, late = due.count(), due.overdue(today).count()
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
