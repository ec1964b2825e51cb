"""Who looks after whom: key clients have an account manager, few of the others do."""

from datetime import date, timedelta

from bankcrm.generated.bank import DAYS, Bank
from bankcrm.generated.copying import copy
from clients.models import Assignment

KEY_SHARE = 0.72


def share_out(bank: Bank) -> None:
    """Give each client a branch, most key ones a manager, and how often they are to be reached."""
    draw = bank.random
    order = [place for place, leaf in enumerate(bank.leaves) for _ in range(leaf.size)]
    draw.shuffle(order)  # the clients of a branch do not lie side by side in a real bank either
    for place in order:
        leaf = bank.leaves[place]
        is_key = draw.random() < KEY_SHARE
        bank.leaf_of.append(place)
        bank.manager_of.append(
            draw.choice(leaf.managers) if leaf.managers and (is_key or draw.random() < 0.1) else 0
        )
        bank.ideal_of.append(0 if not is_key else 30 if draw.random() < 0.15 else 60)
        bank.since_of.append(bank.on - timedelta(days=draw.randint(400, 9000)))


def make_assignments(bank: Bank) -> None:
    """The books of the managers: one client in twelve changed hands within the year, one in fifty has a second."""
    books: list[tuple] = []
    for index in range(bank.client_count):
        manager = bank.manager_of[index]
        if not manager:
            continue
        since = open_since(bank, index)
        if since is not None:
            books.append((index + 1, _manager_before(bank, index), "primary", None, since))
        books.append((index + 1, manager, "primary", since, None))
        if index % 50 == 0:
            books.append((index + 1, _manager_before(bank, index), "secondary", None, None))
    copy(
        Assignment,
        "id client_id manager_id role from_on to_on reason",
        ((n, *row, "") for n, row in enumerate(books, 1)),
    )


def open_since(bank: Bank, index: int) -> date | None:
    """The day since which the open assignment holds: empty for most, within the year for one in twelve."""
    if not bank.manager_of[index] or index % 12:
        return None
    return bank.on - timedelta(days=1 + index // 12 * 7 % DAYS)


def _manager_before(bank: Bank, index: int) -> int:
    managers = bank.leaf(index).managers
    return managers[(managers.index(bank.manager_of[index]) + 1) % len(managers)]
