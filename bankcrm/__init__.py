"""The front door: settings, urls, the API router, the Celery app. It wires and decides nothing."""

from bankcrm.celery import app as celery_app

__all__ = ["celery_app"]
