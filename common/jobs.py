"""Work after the answer. Services name a task and ids; they never import tasks."""

import logging
import time

from celery import current_app
from django.db import transaction
from kombu.exceptions import ChannelError, OperationalError

logger = logging.getLogger(__name__)

# Seconds without another try once the queue could not be reached: whoever queues a thousand at once, or answers a
# request, waits for it once. The sweeper finds the rest.
PAUSE = 5.0
_quiet_until = 0.0


def after_commit(task: str, *ids: int | str) -> None:
    """Queue a task by name once the transaction has committed.

    A queue that cannot be reached loses nothing: rows are the truth and a sweeper finds them.
    """
    transaction.on_commit(lambda: _send(task, ids))


def waiting(queue: str) -> int | None:
    """How many tasks wait in a queue; None if it cannot be reached."""
    try:
        with current_app.connection_for_write() as connection:
            try:
                return connection.default_channel.queue_declare(queue, passive=True).message_count
            except ChannelError:  # an empty list is no list to Redis
                return 0
    except (OperationalError, OSError):
        return None


def _send(task: str, ids: tuple[int | str, ...]) -> None:
    global _quiet_until
    if time.monotonic() < _quiet_until:
        return
    try:
        current_app.send_task(task, args=ids, retry=False)
    except (OperationalError, OSError) as error:
        _quiet_until = time.monotonic() + PAUSE
        logger.warning("queue unreachable, left to the sweeper: %s %s (%s)", task, ids, type(error).__name__)
