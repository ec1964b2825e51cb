"""What is planned with the clients: the rows of Today and of the weeks to come."""

from collections.abc import Iterator
from datetime import timedelta

from bankcrm.generated.bank import Bank
from bankcrm.generated.copying import copy
from interactions.models import Action

ABOUT = (
    "Ask about the summer",
    "Review of the portfolio",
    "Call back as agreed",
    "Send the offer",
    "Say thank you",
)


def make_actions(bank: Bank) -> int:
    """15 to 40 rows on the Today of every manager, and as many again in the weeks to come."""
    draw = bank.random
    books: dict[int, list[int]] = {}
    for index in range(bank.client_count):
        if bank.manager_of[index] and index not in bank.closed:
            books.setdefault(bank.manager_of[index], []).append(index)

    def actions() -> Iterator[tuple]:
        for manager in sorted(books):
            book = books[manager]
            now = min(draw.randint(15, 40), len(book))
            chosen = draw.sample(book, min(now * 2, len(book)))
            for place, index in enumerate(chosen):
                if place < now:
                    opens = bank.on - timedelta(days=draw.randint(0, 6))
                    due = max(opens, bank.on + timedelta(days=draw.randint(-3, 8)))
                else:
                    opens = bank.on + timedelta(days=draw.randint(1, 40))
                    due = opens + timedelta(days=draw.randint(0, 5))
                theme, source, about, amount, event = (
                    "keeping_in_touch",
                    "",
                    draw.choice(ABOUT),
                    None,
                    None,
                )
                if index in bank.maturing:
                    event, amount = bank.maturing[index]
                    theme, source, about = "maturity", "maturity", ""
                elif draw.random() < 0.2:
                    theme, source, about, event = "birthday", "birthday", "", due
                currency = bank.leaf(index).place.currency if amount else ""
                origin = "occurrence" if source else "by_hand"
                yield (
                    index + 1,
                    bank.themes[theme],
                    opens,
                    due,
                    origin,
                    source,
                    about,
                    event,
                    amount,
                    currency,
                )

    return copy(
        Action,
        "id client_id theme_id opens_on due_on origin source about event_on amount currency channel state "
        "cost_currency reason created_at",
        ((n, *row, "call", "planned", "", "", bank.midnight) for n, row in enumerate(actions(), 1)),
    )
