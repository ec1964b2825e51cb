"""Doorways for Celery: ids in, services called."""

from datetime import date

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from common.models import SavedRun
from interactions.services import raise_due
from interactions.services.digest import send_digests
from interactions.services.due import JOB
from staff.models import Branch


@shared_task(name="interactions.morning", time_limit=300)
def morning() -> None:
    """Every quarter of an hour: start the daily run of each branch whose morning has come."""
    for branch in Branch.objects.all():
        local = timezone.localtime(timezone=branch.zone)
        if local.hour < settings.MORNING_HOUR:
            continue
        done = SavedRun.objects.filter(
            job=JOB, place=branch.code, on=local.date(), finished_at__isnull=False
        ).exists()
        if not done:
            raise_for_branch.delay(branch.pk, local.date().isoformat())


@shared_task(name="interactions.raise_for_branch", time_limit=3600)
def raise_for_branch(branch_id: int, on: str) -> None:
    raise_due(on=date.fromisoformat(on), branches=Branch.objects.filter(pk=branch_id))


@shared_task(name="interactions.digest", time_limit=600)
def digest() -> None:
    send_digests(now=timezone.now())
