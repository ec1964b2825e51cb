"""Clients, how they are reached, their birthdays, and where they stood within the year."""

from collections.abc import Iterator
from datetime import date, timedelta

from bankcrm.generated.bank import DAYS, Bank
from bankcrm.generated.books import make_assignments, open_since
from bankcrm.generated.copying import copy
from bankcrm.generated.known import agreed_days, write_ledger
from bankcrm.generated.names import client_name
from clients.models import Client, ContactPoint, DatedFact, Standing
from clients.search import document_hash, tokens, vector
from common.crypto import encrypt
from common.text import sort_key

CLOSED = ("closed", "deceased")


def make_clients(bank: Bank) -> int:
    """The clients and what core banking sends with them; keeps who is closed."""
    draw = bank.random
    points: list[tuple] = []
    dates: list[tuple] = []
    standings: list[tuple] = []

    def clients() -> Iterator[tuple]:
        for index in range(bank.client_count):
            pk, leaf = index + 1, bank.leaf(index)
            place = leaf.place
            name, given, family, native, kind = client_name(draw, pk)
            number = f"{pk:08}"
            ideal, reached = bank.ideal_of[index], bank.last_reached[index]
            tier = bank.tiers["private" if ideal == 30 else "gold" if ideal else "standard"]
            status = (
                "active"
                if draw.random() < 0.95
                else draw.choice(("dormant", "closed", "prospect", "deceased"))
            )
            phone = f"{place.phone_prefix}{draw.randrange(10**7, 10**8)}"
            email = f"c{pk}@mail.example" if draw.random() < 0.7 else ""
            document = f"{draw.randrange(10**7, 10**8)}{draw.choice('ABCDEFGH')}" if kind == "person" else ""
            hashed = document_hash(document)
            born = date(draw.randint(1940, 2004), draw.randint(1, 12), draw.randint(1, 28))
            points.append((pk, "phone", phone, True))
            if email:
                points.append((pk, "email", email, True))
            if kind == "person" and draw.random() < 0.9:
                dates.append((pk, "birthday", born.year, born.month, born.day))
            is_closed = status in CLOSED
            if is_closed:
                bank.closed.add(index)
            standings.extend(_standings(bank, index, tier.pk, status))
            from_day = reached.date() if reached else open_since(bank, index)
            days = None if is_closed else agreed_days(bank, index) or tier.ideal_days
            yield (
                pk,
                number,
                kind,
                name,
                given,
                family,
                native,
                sort_key(name),
                draw.choice(("female", "male")) if kind == "person" else "",
                place.city,
                place.country,
                "passport" if document else "",
                place.country if document else "",
                "\\x" + encrypt(document).hex() if document else None,
                hashed,
                document[-3:],
                leaf.id,
                tier.pk,
                status,
                draw.randint(1, 5),
                bank.since_of[index],
                reached,
                from_day + timedelta(days=days) if from_day and days else None,
                vector(
                    tokens(
                        number=number,
                        names=(name, given, family, native),
                        phones=(phone,),
                        emails=(email,),
                        hashed=hashed,
                    )
                ),
                bank.midnight,
                "en",
                "steady",
                "core",
                False,
                "",
                "",
            )

    made = copy(
        Client,
        "id number kind name given_name family_name native_name sort_name gender city country document_type "
        "document_country document_number document_hash document_hint branch_id tier_id status risk_profile since "
        "last_reached_at next_due_on search created_at language trend source is_restricted legal_name "
        "preferred_address",
        clients(),
    )
    copy(
        ContactPoint,
        "id client_id kind value is_primary is_verified entered_by do_not_use",
        ((n, *row, False, "core", False) for n, row in enumerate(points, 1)),
    )
    copy(
        DatedFact,
        "id client_id kind year month day person calendar is_leap_month",
        ((n, *row, "", "gregorian", False) for n, row in enumerate(dates, 1)),
    )
    write_ledger(bank, points, dates)
    copy(
        Standing,
        "id client_id branch_id tier_id status from_on to_on",
        ((n, *row) for n, row in enumerate(standings, 1)),
    )
    make_assignments(bank)
    return made


def _standings(bank: Bank, index: int, tier_id: int, status: str) -> list[tuple]:
    """Most clients never moved; a few came from another branch or were dormant within the year."""
    draw, leaf = bank.random, bank.leaf(index)
    changed = draw.random()
    if changed > 0.06:
        return [(index + 1, leaf.id, tier_id, status, None, None)]
    day = bank.on - timedelta(days=draw.randint(1, DAYS))
    before = draw.choice(bank.leaves).id if changed < 0.04 else leaf.id
    return [
        (index + 1, before, tier_id, "dormant" if before == leaf.id else "active", None, day),
        (index + 1, leaf.id, tier_id, status, day, None),
    ]
