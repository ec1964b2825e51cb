"""Who brought whom at the sample bank: a merchant with twelve neighbours, and a chain of friends."""

from datetime import date, timedelta
from itertools import pairwise

from bankcrm.sample.cast import MANAGERS, SUPERVISORS
from clients.models import Client, Introduction
from clients.services import introduce
from staff.models import User

BROUGHT = 12  # by the merchant
STEPS = 5  # of the chain, which begins with the first neighbour
NOTES = {
    "en": ("From the trade fair", "Neighbours in the market hall", "Through the tennis club"),
    "es": ("De la feria comercial", "Vecinos del mercado", "Del club de tenis"),
    "zh": ("展会上认识", "市场里的邻居", "网球俱乐部的朋友"),
}


def introduce_clients(as_of: date) -> int:
    """In each place, from its first book; how many were brought. The last of the twelve is of another book.

    The merchant's own account manager sees that one only as a client outside the book; the supervisor, who
    writes them down, sees all.
    """
    people = {user.staff_number: user for user in User.objects.all()}
    for person in SUPERVISORS:
        first = next(manager for manager in MANAGERS if manager.branch == person.branch)
        actor, manager = people[person.staff_number], people[first.staff_number]
        _bring(actor, manager, NOTES[person.language[:2]], as_of)
    return Introduction.objects.count()


def _bring(actor: User, manager: User, notes: tuple[str, ...], as_of: date) -> None:
    clients = _clients_of(actor)
    mine = [client for client in clients if client.manager_id == manager.pk]
    others = [client for client in clients if client.manager_id not in (manager.pk, None)]
    merchant = next((client for client in [*mine, *others] if client.kind == Client.Kind.ORGANISATION), None)
    persons = [client for client in [*mine, *others] if client.kind == Client.Kind.PERSON]
    if merchant is None or len(persons) < BROUGHT + STEPS:  # a bank too small for this
        return
    people, last = persons[: BROUGHT - 1 + STEPS], persons[-1]
    neighbours, friends = people[: BROUGHT - 1], people[BROUGHT - 1 :]
    brought = [
        *((client, merchant, notes[at % 2], 40 + 23 * at) for at, client in enumerate(neighbours)),
        (last, merchant, notes[0], 18),
        *((client, by, notes[2], 35) for by, client in pairwise([neighbours[0], *friends])),
    ]
    for client, by, note, days_ago in brought:
        introduce(actor=actor, client=client, by=by, on=as_of - timedelta(days=days_ago), note=note)


def _clients_of(supervisor: User) -> list[Client]:
    """The active clients of a place, by number, with whose they are."""
    rows = Client.objects.editable_by(supervisor).filter(status="active").with_manager()
    rows = rows.select_related("branch").defer("search", "document_number")
    return list(rows.order_by("number"))
