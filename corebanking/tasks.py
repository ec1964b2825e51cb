"""Doorways for Celery: ids in, services called."""

from celery import shared_task

from corebanking import services


@shared_task(name="corebanking.check", time_limit=3600)
def check(job_id: int) -> None:
    services.check_import(job_id=job_id)


@shared_task(name="corebanking.commit", time_limit=3600)
def commit(job_id: int) -> None:
    services.commit_import(actor=None, job_id=job_id)


@shared_task(name="corebanking.sweep", time_limit=300)
def sweep() -> None:
    services.sweep()
