"""Celery's doorway to the daily seals."""

import logging

from celery import shared_task

from common import seals

logger = logging.getLogger(__name__)


@shared_task(name="common.seal", time_limit=3600, ignore_result=True)
def seal() -> None:
    """Seal the days that are over. Given twice, the second finds nothing to do."""
    days = seals.seal_days()
    if days:
        logger.info("sealed %s days up to %s", len(days), days[-1])
