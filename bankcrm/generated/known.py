"""What is known of the clients, each piece with its entry in the ledger: facts, consents, agreements."""

from collections.abc import Iterator
from datetime import timedelta

from bankcrm.generated.bank import DAYS, Bank
from bankcrm.generated.copying import copy, copy_lines, text
from bankcrm.generated.names import TRADES
from clients.models import Consent, ContactAgreement, Fact, FactChange
from clients.services import value_hash

WORK = [
    "architect",
    "baker",
    "carpenter",
    "dentist",
    "engineer",
    "farmer",
    "judge",
    "lawyer",
    "nurse",
    "painter",
    "surgeon",
    "teacher",
]
LIKES = [
    "chess",
    "cycling",
    "football",
    "gardening",
    "golf",
    "hiking",
    "opera",
    "reading",
    "sailing",
    "tennis",
    "travel",
    "wine",
]
# What is known of a client, ten facts each: the kind of fact and its values. Those of KNOWN_BY_STAFF were learnt by
# the account manager within the year, the others came with a file.
KNOWN = (
    ("occupation", WORK),
    ("employer", TRADES),
    ("interest", LIKES),
    ("interest", [f"{one} with friends" for one in LIKES]),
    ("family", ["two daughters", "a son abroad", "three grandchildren", "lives with her mother", "twins"]),
    ("need", ["a loan for the roof", "money for university", "a safe", "insurance for the shop"]),
    ("goal", ["retire at 60", "a flat for the daughter", "a second shop", "travel"]),
    ("preference", ["deposits only", "figures on paper", "one year at most", "no insurance"]),
    ("personality", ["direct", "needs time", "likes to talk first", "punctual"]),
    ("assets_elsewhere", ["a deposit at Northgate", "a fund abroad", "savings in the village"]),
)
KNOWN_BY_STAFF = (3, 5, 8)
AGREED_EACH = 20  # one in so many clients with a manager has a contact agreement
AGREED_DAYS = (21, 30, 45, 60)
CONSENTS = (("call", "care"), ("call", "marketing"), ("email", "care"), ("email", "marketing"))


def write_ledger(bank: Bank, points: list[tuple], dates: list[tuple]) -> None:
    """How each of these became known: by the file from core banking."""
    known = [
        (row[0], bank.fact_types[row[1]], f"contact_point/{n}", row[2]) for n, row in enumerate(points, 1)
    ]
    known += [
        (client, bank.fact_types["birthday"], f"dated_fact/{n}", f"{year:04}-{month:02}-{day:02}")
        for n, (client, _kind, year, month, day) in enumerate(dates, 1)
    ]
    bank.changes = copy(
        FactChange,
        "id client_id fact_type_id slot old_hash new_hash by_kind at",
        (
            (n, client, fact_type, slot, "", value_hash(value), "import", bank.midnight)
            for n, (client, fact_type, slot, value) in enumerate(known, 1)
        ),
    )


def make_facts(bank: Bank) -> int:
    """Ten facts a client and as many entries of the ledger: too many to keep, so both are made twice over."""
    each, days = len(KNOWN), [(bank.midnight - timedelta(days=n)).isoformat() for n in range(1, DAYS)]
    facts = [[f"\t{bank.fact_types[code]}\t{text(value)}\t\n" for value in values] for code, values in KNOWN]
    entries = [[f"\t\t{value_hash(value)}\t" for value in values] for _code, values in KNOWN]
    types = [f"\t{bank.fact_types[code]}\tfact/" for code, _values in KNOWN]
    by_file = f"import\t\\N\t{bank.midnight.isoformat()}\n"
    sizes = [(place, len(values)) for place, (_code, values) in enumerate(KNOWN)]

    def written() -> Iterator[str]:
        for index in range(bank.client_count):
            first = index * each + 1
            for place, size in sizes:
                yield f"{first + place}\t{index + 1}{facts[place][(index + index // 7 + place) % size]}"

    def known() -> Iterator[str]:
        number = bank.changes
        for index in range(bank.client_count):
            first, manager = index * each + 1, bank.manager_of[index]
            for place, size in sizes:
                number += 1
                how = by_file
                if manager and place in KNOWN_BY_STAFF:
                    how = f"staff\t{manager}\t{days[(index * 7 + place * 31) % len(days)]}\n"
                hashed = entries[place][(index + index // 7 + place) % size]
                yield f"{number}\t{index + 1}{types[place]}{first + place}{hashed}{how}"

    copy_lines(Fact, "id client_id type_id value currency", written())
    bank.changes += copy_lines(
        FactChange, "id client_id fact_type_id slot old_hash new_hash by_kind actor_id at", known()
    )
    return bank.client_count * each


def make_consents(bank: Bank) -> int:
    """What clients with a manager said when they were asked; one in 25 took a word back within the year."""
    asked = (bank.midnight - timedelta(days=2 * DAYS)).isoformat()

    def consents() -> Iterator[str]:
        number = 0
        for index in range(bank.client_count):
            if not bank.manager_of[index]:
                continue
            for place, (channel, purpose) in enumerate(CONSENTS):
                number += 1
                granted = "f" if (index + place * 3) % 7 == 0 else "t"
                yield f"{number}\t{index + 1}\t{channel}\t{purpose}\t{granted}\timport\t{asked}\t\t{asked}\n"
            if index % 25 == 0:
                number += 1
                at = (bank.midnight - timedelta(days=1 + index % (DAYS - 1))).isoformat()
                yield f"{number}\t{index + 1}\tcall\tmarketing\tf\tspoken\t{at}\t\t{at}\n"

    return copy_lines(Consent, "id client_id channel purpose granted source at note recorded_at", consents())


def make_agreements(bank: Bank) -> int:
    """How often some clients agreed to be contacted, each with its entry in the ledger."""
    made: list[tuple] = []
    for index in range(bank.client_count):
        days = agreed_days(bank, index)
        if days:
            on = bank.on - timedelta(days=10 + index // AGREED_EACH % 300)
            made.append((len(made) + 1, index + 1, on, days))
    copy(
        ContactAgreement,
        "id client_id approved_on interval_days channels themes weekdays how",
        ((*row, "{branch,call,email,visit}", "{}", "{0,1,2,3,4}", "") for row in made),
    )
    agreed = bank.fact_types["agreement"]
    hashes = {days: value_hash(f"{days}|branch,call,email,visit||0,1,2,3,4||") for days in AGREED_DAYS}
    bank.changes += copy(
        FactChange,
        "id client_id fact_type_id slot old_hash new_hash by_kind at",
        (
            (bank.changes + pk, client, agreed, "agreement", "", hashes[days], "import", bank.midnight)
            for pk, client, _on, days in made
        ),
    )
    return len(made)


def agreed_days(bank: Bank, index: int) -> int | None:
    """The interval that a client agreed to; None for most."""
    if not bank.manager_of[index] or index % AGREED_EACH:
        return None
    return AGREED_DAYS[index // AGREED_EACH % len(AGREED_DAYS)]
