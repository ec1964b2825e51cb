"""The guests of an event as a list shows them: which ones, how many, what was tried, and by whom they are looked after."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Event, Invitation
from campaigns.services.invitations import GONE, standing
from clients.models import Assignment
from common import saying
from interactions.models import ClientMessage, Contact
from interactions.words import contact_title

SHOWN = {
    "": gettext_lazy("All"),
    "asked": gettext_lazy("Not answered"),
    "accepted": gettext_lazy("Will come"),
    "waiting": gettext_lazy("Waiting"),
    "declined": gettext_lazy("Not coming"),
    "came": gettext_lazy("Came"),
    "no_show": gettext_lazy("Missed"),
    "withdrawn": gettext_lazy("Invitation withdrawn"),
}
_COUNTED = {
    "invited": Q(is_walk_in=False),
    "asked": Q(answer="asked", is_walk_in=False),
    "accepted": Q(answer="accepted"),
    "waiting": Q(answer="waiting"),
    "declined": Q(answer="declined"),
    "came": Q(attendance="came"),
    "no_show": Q(attendance="no_show"),
}


@dataclass(frozen=True)
class Counts:
    """How the guests of an event stand. Who was withdrawn, or is served no more, counts nowhere."""

    invited: int = 0
    asked: int = 0
    accepted: int = 0
    waiting: int = 0
    declined: int = 0
    came: int = 0
    no_show: int = 0
    brought: int = 0
    brought_came: int = 0

    @property
    def heads(self) -> int:
        """Who is coming, companions included."""
        return self.accepted + self.brought

    @property
    def there(self) -> int:
        """Clients and their companions who came."""
        return self.came + self.brought_came


def counts_of(invitations: QuerySet[Invitation]) -> dict[int, Counts]:
    """Counts of some invitations by event. One question."""
    asked: dict[str, Any] = {name: Count("pk", filter=which) for name, which in _COUNTED.items()}
    asked |= {
        "brought": Sum("companions", filter=Q(answer="accepted"), default=0),
        "brought_came": Sum("companions_came", filter=Q(attendance="came"), default=0),
    }
    rows: Any = standing(invitations).order_by().values("event").annotate(**asked)
    return {row["event"]: Counts(**{name: row[name] for name in asked}) for row in rows}


def guests_of(user, event: Event, *, show: str = "", manager: str = "") -> QuerySet[Invitation]:
    """The invitations of clients a person works with, as a filter shows them; of one account manager's if named."""
    rows = Invitation.objects.worked_by(user).filter(event=event)
    if manager:
        held = _primary().filter(manager__staff_number=manager)
        rows = rows.filter(Exists(held))
    if show == "withdrawn":
        return rows.exclude(withdrawn_at=None)
    rows = rows.filter(withdrawn_at=None)
    if show in _COUNTED:
        return standing(rows).filter(_COUNTED[show])
    return rows


def _primary() -> QuerySet[Assignment]:
    return Assignment.objects.filter(client=OuterRef("client"), role="primary", to_on=None)


def with_holder(invitations: QuerySet[Invitation]) -> QuerySet[Invitation]:
    """Annotates name and staff number of the account manager."""
    held = _primary()
    return invitations.annotate(
        holder=Subquery(held.values("manager__name")[:1]),
        holder_number=Subquery(held.values("manager__staff_number")[:1]),
    )


def by_manager(invitations: QuerySet[Invitation]) -> list[dict[str, Any]]:
    """How far each account manager has come with the invitations, by name; clients of nobody last. One question."""
    whose: Any = with_holder(standing(invitations)).order_by()
    rows = (
        whose.values("holder", "holder_number")
        .annotate(
            invited=Count("pk", filter=_COUNTED["invited"]),
            answered=Count("pk", filter=~Q(answer="asked")),
            accepted=Count("pk", filter=_COUNTED["accepted"]),
            came=Count("pk", filter=_COUNTED["came"]),
        )
        .order_by(F("holder").asc(nulls_last=True), "holder_number")
    )
    return list(rows)


def tries_of(invitations: list[Invitation], today) -> dict[int, str]:
    """What was tried for each, in words: attempts logged on its action, and its message. Two questions."""
    actions = {row.action_id: row.pk for row in invitations if row.action_id}
    logged = defaultdict(list)
    contacts = Contact.objects.filter(action__in=actions, voided_at=None).select_related("staff")
    for contact in contacts.order_by("occurred_at", "pk"):
        logged[actions[contact.action_id or 0]].append(contact)
    messages = ClientMessage.objects.standing().filter(action__in=actions).select_related("message")
    found = {pk: _tried(rows, today) for pk, rows in logged.items()}
    for message in messages:
        said = {
            "draft": _("A message is written, not approved."),
            "queued": _("A message is on its way."),
            "sending": _("A message is on its way."),
            "failed": _("The message did not leave."),
            "unknown": _("The message may not have arrived."),
        }.get(message.state)
        if said:
            pk = actions[message.action_id or 0]
            found[pk] = f"{found.get(pk, '')} {said}".strip()
    return found


def _tried(contacts: list[Contact], today) -> str:
    last = contacts[-1]
    words = {
        "count": len(contacts),
        "last": contact_title(last),
        "date": saying.when(last.occurred_at, today),
    }
    if len(contacts) == 1:
        return _("%(last)s, %(date)s.") % words
    return _("%(count)s tries; the last: %(last)s, %(date)s.") % words


def is_gone(invitation: Invitation) -> bool:
    """Whether the client is served no more: shown as such, and counted nowhere."""
    return invitation.client.status in GONE
