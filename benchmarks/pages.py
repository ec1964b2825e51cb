"""The pages that runtime.md sets bars for, as the people who use them ask for them."""

import uuid
from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone

from benchmarks.timing import Compared, compare, signed_in
from clients.models import Assignment, Client
from interactions.models import Action
from staff.models import User

WORDS = ["carv", "王", "müller", "ana", "petrovic", "刘", "o'b", "zoe"]
PEOPLE = 8


def people() -> tuple[list[User], list[User]]:
    """Some account managers with large books, and supervisors of single branches."""
    leaf = User.objects.filter(branch__children=None, is_active=True)
    managers = list(
        leaf.filter(role="account_manager", assignments__isnull=False).distinct().order_by("pk")[:PEOPLE]
    )
    supervisors = list(leaf.filter(role="supervisor").order_by("pk")[:PEOPLE])
    return managers, supervisors


def measured(rounds: int) -> Iterator[Compared]:
    """Each page in turn, beside the bare view of as many rows."""
    managers, supervisors = people()
    at = {user.pk: signed_in(user) for user in (*managers, *supervisors)}

    def asks(users: list[User], *urls: str, **headers) -> list:
        made = []
        for number in range(max(len(users), len(urls))):
            browser, url = at[users[number % len(users)].pk], urls[number % len(urls)]
            made.append(lambda browser=browser, url=url: browser.get(url, **headers))
        return made

    def bare(user: User, rows: int):
        return lambda: at[user.pk].get(reverse("bare", args=[rows]))

    clients = reverse("client-list")
    manager, supervisor = managers[0], supervisors[0]
    yield compare("client list, manager, 25 rows", asks(managers, clients), bare(manager, 25), rounds)
    yield compare(
        "client list, supervisor, 25 rows", asks(supervisors, clients), bare(supervisor, 25), rounds
    )
    yield compare(
        "client list, supervisor, 100 rows",
        asks(supervisors, f"{clients}?size=100"),
        bare(supervisor, 100),
        rounds,
    )
    searches = [f"{clients}?q={word}" for word in WORDS]
    yield compare("search, manager", asks(managers, *searches), bare(manager, 25), rounds)
    yield compare("search, supervisor", asks(supervisors, *searches), bare(supervisor, 25), rounds)

    due = [Action.objects.waiting_for(user, user.today()).due(user.today()).count() for user in managers]
    usual = sorted(due)[len(due) // 2]
    yield compare(f"Today, {usual} rows", asks(managers, reverse("today")), bare(manager, usual), rounds)

    book = [client.number for client in books(managers)]
    files = [reverse("client-detail", args=[number]) for number in book]
    yield compare("client file", asks(managers, *files), bare(manager, 25), rounds)
    yield compare("dashboard, branch", asks(supervisors, reverse("dashboard")), bare(supervisor, 25), rounds)
    later = reverse("dashboard-month")
    yield compare(
        "dashboard, its second half (loaded after it)",
        asks(supervisors, later, headers={"HX-Request": "true"}),
        None,
        max(10, rounds // 5),
    )
    forms = [f"{reverse('contact-log')}?client={number}" for number in book]
    yield compare("contact form", asks(managers, *forms), None, rounds)
    yield compare("logging a contact", posts(at, managers, forms), None, rounds)


def books(managers: list[User]) -> list[Client]:
    """One client of each manager."""
    firsts = []
    for manager in managers:
        held = Assignment.objects.filter(manager=manager, role="primary", to_on=None, client__status="active")
        firsts.append(held.select_related("client").order_by("pk")[3].client)
    return firsts


def form_of(on) -> dict[str, str]:
    """What somebody fills in: a contact with a note and the next step."""
    return {
        "channel": "call",
        "result": "reached",
        "direction": "out",
        "effect": "unchanged",
        "note": "Asked about the summer and the family.",
        "next_about": "Call back as agreed",
        "next_on": on.isoformat(),
        "next_channel": "call",
        "submission": str(uuid.uuid4()),
    }


def posts(at: dict, managers: list[User], urls: list[str]) -> list:
    on = timezone.localdate() + timezone.timedelta(days=9)
    return [
        lambda browser=at[user.pk], url=url: browser.post(url, form_of(on))
        for user, url in zip(managers, urls, strict=True)
    ]
