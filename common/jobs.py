"""Work after the answer. Services name a task and ids; they never import tasks."""

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)


def after_commit(task: str, *ids: int | str) -> None:
    """Queue a task by name once the transaction has committed.

    A queue that cannot be reached loses nothing: rows are the truth and a sweeper finds them.
    """
    transaction.on_commit(lambda: _send(task, ids))


def _send(task: str, ids: tuple[int | str, ...]) -> None:
    try:
        current_app.send_task(task, args=ids, retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("queue unreachable, left to the sweeper: %s %s (%s)", task, ids, type(error).__name__)
