"""The repetition guard: a client is not told the same thing twice because a colleague did not know.

Armed by a reached contact or a sent message of the theme inside its minimum gap, or by another person's open action of it;
attempts never arm it and duties are exempt (domain.md). It warns, or asks for a reason where the tier says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Assignment, Client, Theme
from common import saying
from interactions.models import Action, ClientMessage, Contact
from staff.models import User

# Of two people at the same moment the one who writes first may have begun a little later.
SAME_MOMENT = timedelta(minutes=5)


@dataclass(frozen=True)
class Repetition:
    """What would be repeated. `blocks`: the tier wants a reason; else it is only said."""

    theme: Theme
    by: str
    on: date
    blocks: bool
    again_on: date | None = None  # empty: a colleague means to speak about it, nobody has yet
    wrote: bool = False

    @property
    def words(self) -> str:
        """One sentence for the person about to do it."""
        names = {"name": self.by, "theme": str(self.theme), "date": saying.day(self.on, "MMMMEEEEd")}
        if self.again_on is None:
            return _("%(name)s means to speak about “%(theme)s” by %(date)s.") % names
        names["again"] = saying.day(self.again_on, "MMMMEEEEd")
        if self.wrote:
            return (
                _("%(name)s wrote about “%(theme)s” on %(date)s; the same may be said again from %(again)s.")
                % names
            )
        return (
            _("%(name)s spoke about “%(theme)s” on %(date)s; the same may be said again from %(again)s.")
            % names
        )


def hold(client: Client, theme: Theme) -> None:
    """Until the transaction ends nobody else may decide about this client and theme: of two, one wins."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('guard'), hashtext(%s))", [f"{client.pk}/{theme.pk}"]
        )


def hold_time(manager_id: int | None) -> None:
    """Until the transaction ends nobody else may decide about this person's time: of two appointments, one wins."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('appointment'), %s)", [manager_id or 0])


def repetition(
    *,
    actor: User,
    client: Client,
    theme: Theme | None,
    at: datetime | None = None,
    besides: Contact | None = None,
    action: Action | None = None,
) -> Repetition | None:
    """What a contact of a theme at a moment would repeat, or None. `action` is the one it fulfils."""
    if theme is None or theme.is_duty:
        return None
    blocks = bool(client.tier and client.tier.guard_blocks)
    at = at or timezone.now()
    if theme.minimum_gap_days:
        zone = client.branch.zone
        day = timezone.localtime(at, zone).date()
        since = datetime.combine(day - timedelta(days=theme.minimum_gap_days - 1), datetime.min.time(), zone)
        told = (
            Contact.objects.told()
            .filter(client=client, theme=theme, occurred_at__gte=since, occurred_at__lte=at + SAME_MOMENT)
            .select_related("staff")
            .latest_first()
        )
        if besides is not None:
            told = told.exclude(pk=besides.pk)
        last = told.first()
        if last is not None:
            on = timezone.localtime(last.occurred_at, zone).date()
            again = on + timedelta(days=theme.minimum_gap_days)
            return Repetition(theme, last.staff.name, on, blocks, again, wrote=not last.is_reached)
    meant = _meant_by_another(actor, client, theme, action)
    if meant is not None:
        return Repetition(theme, meant[0], meant[1].due_on, blocks)
    return None


def told_lately(clients: Iterable[Client], theme: Theme) -> set[int]:
    """Ids of the clients who were told of a theme inside its minimum gap, by the day of each branch. One question a zone."""
    if theme.is_duty or not theme.minimum_gap_days:
        return set()
    of_zone: dict[ZoneInfo, list[int]] = {}
    for client in clients:
        of_zone.setdefault(client.branch.zone, []).append(client.pk)
    found: set[int] = set()
    for zone, ids in of_zone.items():
        first = timezone.localdate(timezone=zone) - timedelta(days=theme.minimum_gap_days - 1)
        since = datetime.combine(first, datetime.min.time(), zone)
        told = Contact.objects.told().filter(client__in=ids, theme=theme, occurred_at__gte=since)
        found.update(told.values_list("client", flat=True))
    return found


def repeats(
    *, actor: User, client: Client, theme: Theme, at: datetime | None = None, action: Action | None = None
) -> Repetition | None:
    """What a message would repeat: as any contact (`repetition`), or another message that is on its way or may have left.

    A talk comes first, and stops what waits to be sent; of two messages neither would know of the other.
    """
    found = repetition(actor=actor, client=client, theme=theme, at=at, action=action)
    if found is not None or theme.is_duty or not theme.minimum_gap_days:
        return found
    perhaps = ClientMessage.objects.standing().filter(message__state__in=("queued", "sending", "unknown"))
    rows = perhaps.filter(client=client, theme=theme)
    if action is not None:
        rows = rows.exclude(action=action)
    going = rows.select_related("message", "approved_by").order_by("-approved_at", "pk").first()
    if going is None or going.message is None or going.approved_by is None:
        return None
    on = timezone.localtime(going.message.not_before, client.branch.zone).date()
    blocks = bool(client.tier and client.tier.guard_blocks)
    return Repetition(theme, going.approved_by.name, on, blocks)


def _meant_by_another(
    actor: User, client: Client, theme: Theme, action: Action | None
) -> tuple[str, Action] | None:
    """Another person's open action of the theme: handed to them, or of whoever holds the book."""
    today = client.branch.today()
    rows = Action.objects.open().filter(client=client, theme=theme, opens_on__lte=today).exclude(owner=actor)
    if action is not None:
        rows = rows.exclude(pk=action.pk)
    mine = Q(manager=actor) | Q(manager__in=User.objects.covered_by(actor, today).values("pk"))
    held = Assignment.objects.filter(client=client, to_on=None)
    for row in rows.select_related("owner").order_by("due_on", "pk"):
        if row.owner is not None:
            return row.owner.name, row
        if not held.filter(mine).exists():
            primary = held.filter(role="primary").select_related("manager").first()
            if primary is not None:
                return primary.manager.name, row
    return None
