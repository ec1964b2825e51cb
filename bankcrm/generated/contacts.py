"""A year of contacts with their notes.

They are made before the clients, so that a client knows when it was last reached.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from bankcrm.generated.bank import DAYS, Bank
from bankcrm.generated.copying import copy
from interactions.models import Contact, ContactNote

VOICED_SHARE = 0.05  # of the reached contacts brought an interest
TALK = (
    "Asked about the summer and the family.",
    "Wants to hear about deposits before the end of the quarter.",
    "Happy with the branch; prefers calls after six.",
    "Moving house in spring, new address to follow.",
    "Daughter starts university, asked about a savings plan.",
    "Thinks of selling the flat and asked what to do with the money.",
)
RESULTS = (
    ["reached"] * 56
    + ["no_answer"] * 22
    + ["message_left"] * 12
    + ["busy"] * 5
    + ["declined"] * 3
    + ["wrong_number"] * 2
)
CHANNELS = (
    ["call"] * 55
    + ["email"] * 11
    + ["branch"] * 10
    + ["visit"] * 8
    + ["messenger"] * 7
    + ["sms"] * 5
    + ["video"] * 3
    + ["letter"]
)
WRITTEN = {"email", "sms", "letter"}
THEMES = ("keeping_in_touch", "review", "product", "service", "birthday", "other")


def make_contacts(bank: Bank) -> int:
    """The contacts in the order of their days; keeps who was last reached when, and who voiced an interest."""
    draw, total = bank.random, bank.contact_count
    key = [n for n in range(bank.client_count) if bank.manager_of[n]] or list(range(bank.client_count))
    start = bank.midnight - timedelta(days=DAYS)
    themes = [bank.themes[code] for code in THEMES]
    notes: list[tuple] = []
    bank.last_reached = [None] * bank.client_count

    def contacts() -> Iterator[tuple]:
        for number in range(1, total + 1):
            # In the order of their days, as in a bank that works; the last ones lie two days back, so that
            # nothing has happened later than now in any time zone.
            client = draw.choice(key) if draw.random() < 0.9 else draw.randrange(bank.client_count)
            leaf = bank.leaf(client)
            day = (start + timedelta(days=(DAYS - 2) * number / total)).date()
            if day.weekday() > 4 and draw.random() < 0.9:
                day -= timedelta(days=day.weekday() - 4)
            hour = clock(draw.randint(8, 18), draw.randint(0, 59))
            at = datetime.combine(day, hour, ZoneInfo(leaf.place.time_zone))
            manager = bank.manager_of[client]
            if not manager or draw.random() < 0.06:
                manager = draw.choice(leaf.managers)
            channel, result = draw.choice(CHANNELS), draw.choice(RESULTS)
            direction = "in" if draw.random() < 0.12 else "out"
            if direction == "in":
                result = "reached"
            elif channel in WRITTEN:
                result = "message_left"
            elif channel in ("visit", "branch"):
                result = "reached"
            if result == "reached":
                known = bank.last_reached[client]
                if known is None or known < at:
                    bank.last_reached[client] = at
                if draw.random() < VOICED_SHARE:
                    bank.voiced.append((number, client, manager, at))
            late = timedelta(minutes=draw.randint(1, 90) if draw.random() < 0.8 else draw.randint(90, 4000))
            yield (
                number,
                client + 1,
                manager,
                at,
                min(at + late, max(at, bank.midnight)),
                draw.randint(60, 1800) if result == "reached" else None,
                channel,
                direction,
                draw.choice(themes),
                result,
            )
            if draw.random() < 0.35:
                notes.append((number, draw.choice(TALK)))

    made = copy(
        Contact,
        "id client_id staff_id occurred_at recorded_at duration_seconds channel direction theme_id result "
        "participants effect campaign_code is_imported repeat_reason changed_reason void_reason",
        ((*row, "", "", "", False, "", "", "") for row in contacts()),
    )
    copy(ContactNote, "id contact_id text", ((n, *note) for n, note in enumerate(notes, 1)))
    return made
