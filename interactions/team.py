"""What each person of a team has on their hands, counted over the clients that the reader may see."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from clients.models import Assignment, Client
from clients.services import books_of_leavers
from interactions.models import Action
from staff.models import User


@dataclass
class Load:
    """One person's clients, and the open and late actions that are theirs: by name, or with the book."""

    clients: int = 0
    open: int = 0
    late: int = 0
    named: int = 0  # of the open ones, theirs by name


def loads(user: User, people: Iterable[int], today: date) -> dict[int, Load]:
    """The load of each person, by id, in three queries whatever their number."""
    people = list(people)
    found: dict[int, Load] = defaultdict(Load)
    visible = Client.objects.visible_to(user)
    held = Assignment.objects.filter(manager__in=people, role=Assignment.Role.PRIMARY, to_on=None)
    for manager, clients in (
        held.filter(client__in=visible).order_by().values_list("manager").annotate(n=Count("pk"))
    ):
        found[manager].clients = clients
    worked = visible.served().exclude(status=Client.Status.BLOCKED)
    actions = Action.objects.open().filter(client__in=worked).order_by()
    counts = {"all": Count("pk"), "late": Count("pk", filter=Q(due_on__lt=today))}
    with_the_book = actions.filter(owner=None, client__assignments__in=held)
    for manager, count, late in with_the_book.values_list("client__assignments__manager").annotate(**counts):
        found[manager].open += count
        found[manager].late += late
    for owner, count, late in actions.filter(owner__in=people).values_list("owner").annotate(**counts):
        found[owner].open += count
        found[owner].late += late
        found[owner].named += count
    return found


def leavers(user: User) -> list[User]:
    """People who have left or lost the role and still have clients, or open actions by name; most clients first."""
    books = {person.pk: person for person in books_of_leavers(user)}
    gone = Q(owner__is_active=False) | ~Q(owner__role__in=(User.Role.ACCOUNT_MANAGER, User.Role.SUPERVISOR))
    owners = (
        Action.objects.open()
        .visible_to(user)
        .filter(gone, owner__isnull=False)
        .exclude(owner__in=list(books))
        .values("owner")
    )
    return [*books.values(), *User.objects.filter(pk__in=owners).order_by("name")]
