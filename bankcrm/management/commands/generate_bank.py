"""`manage.py generate_bank`: a synthetic bank of any size, for benchmarks only.

History triggers are off while its rows go in (a bank that never existed has none), so this refuses a
database that holds any client, branch or contact: nobody's real rows can lose their history to it.
"""

import time
from argparse import ArgumentParser
from datetime import UTC, date, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bankcrm.generated.making import make_bank
from clients.models import Client
from interactions.models import Contact
from portfolio.models import Product
from staff.models import Branch


class Command(BaseCommand):
    """Fill an empty database with a believable bank, through COPY."""

    help = (
        "Fills an EMPTY database with a synthetic bank, for benchmarks. The same seed gives the same bank. "
        "Each client has ten facts with their entries in the ledger, three of them learnt by staff within the year; "
        "each with a manager four consents, one in twenty of these a contact agreement; one in twenty reached "
        "contacts brought an opportunity, half of the old ones lost since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=int, required=True, help="how many clients")
        parser.add_argument("--contacts", type=int, required=True, help="how many contacts of the year past")
        parser.add_argument("--seed", type=int, default=1, help="same seed, same bank (1)")
        parser.add_argument(
            "--on", type=date.fromisoformat, metavar="DATE", help="the bank's today (default: today, UTC)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["clients"] < 1 or options["contacts"] < 0:
            raise CommandError("--clients must be 1 or more, --contacts 0 or more.")
        if any(model.objects.exists() for model in (Client, Branch, Contact, Product)):
            raise CommandError("This database holds a bank already: generate_bank only fills an empty one.")
        on = options["on"] or datetime.now(UTC).date()
        started = time.monotonic()
        make_bank(
            clients=options["clients"],
            contacts=options["contacts"],
            seed=options["seed"],
            on=on,
            say=self._say,
        )
        self._say(f"{options['clients']:,} clients in {time.monotonic() - started:.0f} s")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
