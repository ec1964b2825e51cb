"""`manage.py load_sample`: the sample bank of the demo, through the importer."""

import logging
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bankcrm.sample.cast import PLACES
from bankcrm.sample.clients import MINIMUM_CLIENTS
from bankcrm.sample.files import Wish
from bankcrm.sample.loading import SampleRefused, load_sample, loaded_run

MOST_CLIENTS = 100_000


def _clients(text: str) -> int:
    if not text.isdigit() or not MINIMUM_CLIENTS <= int(text) <= MOST_CLIENTS:
        raise ArgumentTypeError(f"a number from {MINIMUM_CLIENTS} to {MOST_CLIENTS:,}")
    return int(text)


class Command(BaseCommand):
    """Load the sample bank into an empty one; the same date, size and seed give the same bank."""

    help = "Loads a believable sample bank, anchored on a day, into an empty database (not in production)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=_clients, default=2400, help="how many clients (2400)")
        parser.add_argument(
            "--as-of", type=date.fromisoformat, metavar="DATE", help="the sample bank's today (today)"
        )
        parser.add_argument("--seed", type=int, default=1, help="another bank of the same kind (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        as_of = options["as_of"] or timezone.localdate()
        if as_of > max(timezone.localdate(timezone=place.zone) for place in PLACES):
            raise CommandError("The sample bank cannot be loaded as of a day that has not come yet.")
        started = time.monotonic()
        if loaded_run() is None:
            self._say(f"Loading the sample bank as of {as_of} …")
        logging.disable(logging.INFO)  # the lines below say it in words
        try:
            is_loaded = load_sample(
                wish=Wish(as_of=as_of, clients=options["clients"], seed=options["seed"]), say=self._say
            )
        except SampleRefused as refused:
            raise CommandError(str(refused)) from None
        finally:
            logging.disable(logging.NOTSET)
        if is_loaded:
            self._say(f"The sample bank is loaded ({time.monotonic() - started:.0f} s).")
        else:
            self._say("The sample bank is already loaded.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
