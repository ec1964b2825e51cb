"""Doorways for Celery: ids in, services called."""

from celery import shared_task

from campaigns.models import Campaign
from campaigns.services.acting import tend_campaigns
from campaigns.services.launching import freeze, launch_forgotten


@shared_task(name="campaigns.launch", time_limit=3600)
def launch(campaign_id: int) -> None:
    """Freeze the list of a campaign that is larger than a request may wait for."""
    freeze(Campaign.objects.get(pk=campaign_id))


@shared_task(name="campaigns.tend", time_limit=3600)
def tend() -> None:
    """Every night: launch what was forgotten, begin the rounds of the day, end what is over."""
    launch_forgotten()
    tend_campaigns()
