"""Putting the bank together, kind by kind, in the order in which they need each other."""

import time
from collections.abc import Callable
from datetime import date
from random import Random

from django.db import connection

from bankcrm.generated.actions import make_actions
from bankcrm.generated.bank import Bank
from bankcrm.generated.books import share_out
from bankcrm.generated.clients import make_clients
from bankcrm.generated.contacts import make_contacts
from bankcrm.generated.copying import restart_ids, without_history
from bankcrm.generated.holdings import make_holdings
from bankcrm.generated.known import make_agreements, make_consents, make_facts
from bankcrm.generated.opportunities import make_opportunities
from bankcrm.generated.people import make_people
from clients.catalogue import ensure_catalogue
from clients.models import FactType, Theme, Tier

# Each takes its chance from the same stream: another order is another bank.
STEPS: tuple[tuple[str, Callable[[Bank], int]], ...] = (
    ("contacts", make_contacts),
    ("clients", make_clients),
    ("facts", make_facts),
    ("consents", make_consents),
    ("agreements", make_agreements),
    ("holdings", make_holdings),
    ("opportunities", make_opportunities),
    ("actions", make_actions),
)


def make_bank(*, clients: int, contacts: int, seed: int, on: date, say: Callable[[str], None]) -> None:
    """Make a bank of so many clients and contacts of the year before `on`; `say` gets lines of progress.

    Rule: the caller has made sure that the database holds no bank, for no history is written meanwhile.
    Effects: all rows in one transaction; then VACUUM ANALYZE, unless the caller has a transaction open.
    Repeatable: no, ids begin at 1.
    """
    ensure_catalogue()
    bank = Bank(
        client_count=clients,
        contact_count=contacts,
        on=on,
        random=Random(f"{seed}/{clients}/{contacts}"),
        tiers={tier.code: tier for tier in Tier.objects.all()},
        themes=dict(Theme.objects.values_list("code", "pk")),
        fact_types=dict(FactType.objects.values_list("code", "pk")),
    )
    with without_history():
        make_people(bank)
        share_out(bank)
        for what, make in STEPS:
            started = time.monotonic()
            rows = make(bank)
            say(f"{rows:,} {what} in {time.monotonic() - started:.0f} s")
    say("Counting what is where …")
    restart_ids()
    if not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
