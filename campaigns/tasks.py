"""Doorways for Celery: ids in, services called."""

import logging

from celery import shared_task
from django.utils import timezone

from campaigns.models import Campaign, Piece
from campaigns.services.acting import tend_campaigns
from campaigns.services.aftermath import follow_events
from campaigns.services.launching import freeze, launch_forgotten
from campaigns.services.learning import send_forgotten, settle_piece

logger = logging.getLogger(__name__)


@shared_task(name="campaigns.launch", time_limit=3600)
def launch(campaign_id: int) -> None:
    """Freeze the list of a campaign that is larger than a request may wait for."""
    freeze(Campaign.objects.get(pk=campaign_id))


@shared_task(name="campaigns.tend", time_limit=3600)
def tend() -> None:
    """Twice an hour: launch what was forgotten, begin the rounds of the day, end what is over, follow up events, send
    what clients are to read and a lost queue forgot."""
    steps = (launch_forgotten, tend_campaigns, lambda: follow_events(timezone.localdate()), send_forgotten)
    for step in steps:
        try:
            step()
        except Exception:
            logger.exception("a step of the night failed")


@shared_task(name="campaigns.send_piece", time_limit=3600)
def send_piece(piece_id: int) -> None:
    """Write a piece to those who wait for it, or stop what waits of one that was withdrawn."""
    settle_piece(Piece.objects.get(pk=piece_id))
