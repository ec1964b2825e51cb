"""Celery's doorway to the outbox."""

from celery import shared_task

from messaging import services


@shared_task(name="messaging.deliver", time_limit=120, ignore_result=True)
def deliver(message_id: int) -> str:
    """Send one message. Given twice, it is sent once; killed half-way, the sweeper calls it unknown."""
    return services.deliver(message_id)


@shared_task(name="messaging.sweep", time_limit=120, ignore_result=True)
def sweep() -> dict[str, int]:
    """Clear up after lost queues and dead workers."""
    return services.sweep()
