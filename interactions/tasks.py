"""Doorways for Celery: ids in, services called."""

import logging
from datetime import date

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from common.models import SavedRun
from interactions.services import raise_due
from interactions.services.digest import send_digests
from interactions.services.due import JOB, look_at_all
from interactions.services.markets import call_forgotten, call_holders
from portfolio.models import MarketEvent
from staff.models import Branch

logger = logging.getLogger(__name__)


@shared_task(name="interactions.morning", time_limit=300)
def morning() -> None:
    """Every quarter of an hour: start the daily run of the branches whose morning has come, one for each date."""
    waiting: dict[date, list[Branch]] = {}
    for branch in Branch.objects.order_by("pk"):
        local = timezone.localtime(timezone=branch.zone)
        if local.hour >= settings.MORNING_HOUR:
            waiting.setdefault(local.date(), []).append(branch)
    for on, branches in waiting.items():
        done = SavedRun.objects.filter(job=JOB, on=on, finished_at__isnull=False)
        codes = set(done.values_list("place", flat=True))
        left = [branch.pk for branch in branches if branch.code not in codes]
        if left:
            raise_for_branches.delay(left, on.isoformat())


@shared_task(name="interactions.raise_for_branches", time_limit=3600)
def raise_for_branches(branch_ids: list[int], on: str) -> None:
    """All at once; where that fails each alone, so that one branch's trouble stays its own."""
    try:
        raise_due(on=date.fromisoformat(on), branches=Branch.objects.filter(pk__in=branch_ids))
    except Exception:
        if len(branch_ids) == 1:
            raise
        logger.exception("raising together failed branches=%s on=%s", len(branch_ids), on)
        for branch_id in branch_ids:
            raise_for_branch.delay(branch_id, on)


@shared_task(name="interactions.raise_for_branch", time_limit=3600)
def raise_for_branch(branch_id: int, on: str) -> None:
    raise_due(on=date.fromisoformat(on), branches=Branch.objects.filter(pk=branch_id))


@shared_task(name="interactions.look_through", time_limit=3600)
def look_through() -> None:
    """Every night: look at all that stands, whatever history says has changed, and call who was forgotten."""
    look_at_all()
    call_forgotten()


@shared_task(name="interactions.call_holders", time_limit=3600)
def call_holders_of(event_id: int) -> None:
    """The calls of an event that has more holders than a request may wait for."""
    call_holders(MarketEvent.objects.get(pk=event_id))


@shared_task(name="interactions.digest", time_limit=600)
def digest() -> None:
    send_digests(now=timezone.now())
