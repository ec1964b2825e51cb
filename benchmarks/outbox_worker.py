"""The Celery application of a worker in the proof: the bank's own, in a hurry, and with a clock that may be moved.

OUTBOX_HURRY=1 shortens the waits that are minutes in a bank. OUTBOX_CLOCK moves the clock by so many seconds.
OUTBOX_CONTROL=1 sends before it claims and repeats what is unclear: the mistake that the proof must find.
"""

import ctypes
import os
import signal
import sys
from datetime import timedelta

import django
from celery.signals import worker_process_init
from django.utils import timezone

from bankcrm.celery import app


def die_with_parent(**_signal) -> None:
    """Nobody is left behind, in this process and in those it forks, when whoever started it is killed (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


die_with_parent()
worker_process_init.connect(die_with_parent)

django.setup()

from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402

from messaging import gateways, services  # noqa: E402
from messaging.models import Message  # noqa: E402

KIND = "proof"
COUNTED = "outbox-counted"


def hurry(stuck_after: float = 12) -> None:
    """Minutes become seconds, in this process."""
    services.FIRST_WAIT, services.LONGEST_WAIT = timedelta(seconds=0.5), timedelta(seconds=3)
    services.STUCK_AFTER, services.ENQUEUE_GRACE = timedelta(seconds=stuck_after), timedelta(seconds=1)
    services.MOST_ATTEMPTS = 1000  # the server's bad luck is no reason to give up
    services.FINISH_WAITS = (0.5, 1, 2, 4)
    settings.EMAIL_TIMEOUT = 5


def move_clock(seconds: float) -> None:
    """Every `timezone.now()` of this process is so much later."""
    real, offset = timezone.now, timedelta(seconds=seconds)
    timezone.now = lambda: real() + offset


def deliver_carelessly(message_id: int) -> str:
    """The control: looks, sends, and only then writes it down."""
    message = Message.objects.due(timezone.now()).filter(pk=message_id).first()
    if message is None:
        return ""
    try:
        gateways.send(message)
    except gateways.GatewayError:
        return "queued"
    Message.objects.filter(pk=message_id).update(state="sent", sent_at=timezone.now())
    return "sent"


@app.task(name="benchmarks.count", time_limit=120, ignore_result=True)
def count(number: int) -> None:
    """The yardstick of speed: a task that only counts."""
    cache.incr(COUNTED)


services.register_kind(KIND, gate=lambda message: True)
if os.environ.get("OUTBOX_HURRY"):
    hurry()
if os.environ.get("OUTBOX_CLOCK"):
    move_clock(float(os.environ["OUTBOX_CLOCK"]))
if os.environ.get("OUTBOX_CONTROL"):
    services.deliver = deliver_carelessly
