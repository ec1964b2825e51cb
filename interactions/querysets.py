"""Questions about contacts, actions and occurrences. Sight always comes from the client."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    DateField,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from clients.querysets import ClientQuerySet, OfClientQuerySet
from common.calendars import LocalDay

SILENT = ("closed", "deceased", "blocked")  # nothing is planned with them
# Whoever has left, or looks after clients no longer, holds a book only until it is handed over: as if nobody did.
HELD = """SELECT 1 FROM clients_assignment h JOIN staff_user m ON m.id = h.manager_id
           WHERE h.client_id = a.client_id AND h.role = 'primary' AND h.to_on IS NULL
             AND m.is_active AND m.role = 'account_manager'"""
OWN_BOOK = """EXISTS (SELECT 1 FROM clients_assignment o WHERE o.client_id = a.client_id
               AND o.role = 'primary' AND o.to_on IS NULL AND o.manager_id = %s)"""
COVERED = "SELECT covered_id FROM staff_cover WHERE stand_in_id = %s AND from_on <= %s AND to_on >= %s"
GREETINGS = ("birthday", "anniversary", "holiday")
OWED, MONEY, TOUCH = 1, 2, 3
LATEST_LOGGED = timedelta(days=31)
WRITTEN = ("email", "letter", "sms")
# A letter or mail sent is never reached; an answer to it is (numbers.md).
REACHED = Q(voided_at=None, result="reached") & ~Q(direction="out", channel__in=WRITTEN)

# Sent out of the house: nobody was reached, yet the client was told.
SENT = Q(voided_at=None, result="message_left", direction="out", channel__in=WRITTEN)

# A word in passing, written down at the counter.
PASSING = Q(channel="branch", direction="in", theme=None, staff__role="front_desk")


class ContactQuerySet(OfClientQuerySet):
    def counted(self) -> "ContactQuerySet":
        """Contacts that count: a voided one counts nowhere."""
        return self.filter(voided_at=None)

    def reached(self) -> "ContactQuerySet":
        return self.filter(REACHED)

    def told(self) -> "ContactQuerySet":
        """By which the client was told something: reached, or written to."""
        return self.filter(REACHED | SENT)

    def editable_by(self, user) -> "ContactQuerySet":
        """One's own contacts; a supervisor's people's too. Always of clients that are visible.

        What the outbox sent stays as it was sent.
        """
        visible = self.visible_to(user).counted().filter(client_message=None)
        if getattr(user, "role", "") == "account_manager":
            return visible.filter(staff=user)
        if getattr(user, "role", "") == "supervisor":
            return visible
        return self.none()

    def tried_for(self, actions: list[int]) -> dict[int, list]:
        """Counted contacts that reached nobody, by the action they were for."""
        found: dict[int, list] = {}
        tried = self.counted().filter(action__in=actions).exclude(result="reached")
        for contact in tried.only("action", "result", "occurred_at", "voided_at") if actions else ():
            found.setdefault(contact.action_id, []).append(contact)
        return found

    def moving_cadence(self) -> "ContactQuerySet":
        """Reached contacts from which the next one is counted.

        What the front desk wrote down in passing counts as a contact, but only with a theme and a note does it
        stand for a talk (domain.md, At the counter). The note is never missing there.
        """
        return self.reached().exclude(PASSING)

    def noted_at_counter_by(self, user, since: datetime) -> "ContactQuerySet":
        """What a person at the front desk wrote down since a moment, of files that are not restricted."""
        if not getattr(user, "is_active", False) or getattr(user, "role", "") != "front_desk":
            return self.none()
        mine = self.filter(staff=user, channel="branch", direction="in", client__is_restricted=False)
        return mine.filter(occurred_at__gte=since).latest_first()

    def latest_first(self) -> "ContactQuerySet":
        return self.order_by("-occurred_at", "-pk")


class ContactNoteQuerySet(OfClientQuerySet):
    client_path = "contact__client"

    def visible_to(self, user) -> "ContactNoteQuerySet":
        """Notes have their own right: those who look after the client; of voided contacts only auditors."""
        role = getattr(user, "role", "")
        if role in ("account_manager", "supervisor"):
            return super().visible_to(user).filter(contact__voided_at=None)
        if role == "auditor":
            return super().visible_to(user)
        return self.none()


class ActionQuerySet(OfClientQuerySet):
    def open(self) -> "ActionQuerySet":
        return self.filter(state="planned")

    def editable_by(self, user) -> "ActionQuerySet":
        """Actions one may log, snooze, skip or hand over."""
        if getattr(user, "role", "") in ("account_manager", "supervisor"):
            return self.visible_to(user)
        return self.none()

    def waiting_for(self, user, today: date, clients: list[int] | None = None) -> "ActionQuerySet":
        """Open actions that are this person's: handed to them, or nobody's of clients in their book today.

        A supervisor has those of clients of their branches who have no account manager, or one who left.
        `clients` are the ids of `reachable_by`, where they are known already: a list of ids is quicker than
        asking again.
        """
        if not getattr(user, "is_active", False) or user.role not in ("account_manager", "supervisor"):
            return self.none()
        wanted = (
            self.reachable_by(user) if clients is None else RawSQL("SELECT unnest(%s::bigint[])", [clients])
        )
        workable = self.open().workable()
        if user.role == "account_manager":
            covered = RawSQL(COVERED, [user.pk, today, today])
            mine = Q(owner=None) | Q(owner=user) | Q(owner__in=covered)
            return workable.filter(mine, client__in=wanted)
        orphan = ~Exists(_primary().filter(manager__is_active=True, manager__role="account_manager"))
        return workable.filter(Q(client__in=wanted), Q(owner=user) | (Q(owner=None) & orphan))

    def in_hand_of(self, manager) -> "ActionQuerySet":
        """Open actions that are a person's by name, or nobody's of clients the person holds."""
        return self.open().of_plan(manager)

    def of_plan(self, manager) -> "ActionQuerySet":
        """Actions that are, or were when they were done, in the plan of a person; `around` asks the same."""
        held = _primary().filter(manager=manager)
        return self.filter(Q(owner=manager) | Q(Exists(held), owner=None))

    def with_day(self) -> "ActionQuerySet":
        """Annotates the day of the plan on which each stands: due, or put off to."""
        put_off = Coalesce(F("snoozed_until"), F("due_on"))
        return self.annotate(stands_on=Greatest(F("due_on"), put_off, output_field=DateField()))

    def workable(self) -> "ActionQuerySet":
        """What a client's status leaves: dormant, duties only; with an open complaint, no greeting and no campaign."""
        complaints = apps.get_model("interactions", "ServiceCase").objects.filter(
            client=OuterRef("client"), kind="complaint", closed_at=None
        )
        may_wait = Q(theme__code__in=GREETINGS) | Q(origin="campaign")
        return self.filter(
            Q(theme__is_duty=True) | (~Q(client__status="dormant") & (~may_wait | ~Exists(complaints)))
        )

    @staticmethod
    def reachable_by(user) -> "ClientQuerySet":
        """The clients a person works with and whom one may contact at all."""
        return apps.get_model("clients", "Client").objects.worked_by(user).filter(~Q(status__in=SILENT))

    def with_message(self) -> "ActionQuerySet":
        """Annotates `leaves_at`: when the message that answers it leaves, where one is on its way."""
        answering = apps.get_model("interactions", "ClientMessage").objects.on_their_way()
        leaves_at = answering.filter(action=OuterRef("pk")).values("message__not_before")
        return self.annotate(leaves_at=Subquery(leaves_at[:1]))

    def due(self, today: date) -> "ActionQuerySet":
        """Open by today, not put off past it, and not answered by a message that is on its way."""
        answered = apps.get_model("interactions", "ClientMessage").objects.on_their_way()
        return self.filter(
            Q(snoozed_until=None) | Q(snoozed_until__lte=today),
            ~Exists(answered.filter(action=OuterRef("pk"))),
            opens_on__lte=today,
        )

    def ranked(self, today: date) -> "ActionQuerySet":
        """In the order of Today: group, how pressing by the bank's rule, the moment it was or is due, money.

        Owed: a duty whose day has come or passed. Money: an amount, or a theme of sales. Else: keeping
        in touch. Late rows come first inside a group because their due date lies furthest back.
        """
        group = Case(
            When(Q(theme__is_duty=True, due_on__lte=today), then=Value(OWED)),
            When(Q(amount__isnull=False) | Q(theme__way="sales"), then=Value(MONEY)),
            default=Value(TOUCH),
            output_field=IntegerField(),
        )
        return self.annotate(
            group=group,
            is_late=Case(When(due_on__lt=today, then=True), default=False, output_field=BooleanField()),
        ).order_by(
            "group",
            "-severity",
            "due_on",
            F("due_at").asc(nulls_last=True),
            Coalesce(F("amount"), Value(0)).desc(),
            "pk",
        )

    def overdue(self, today: date) -> "ActionQuerySet":
        return self.open().filter(due_on__lt=today)

    def opening_in_week(self, monday: date) -> "ActionQuerySet":
        return self.filter(due_on__range=(monday, monday + timedelta(days=6)))


def _primary(client: str = "client") -> "OfClientQuerySet":
    """The open primary assignment of the outer row's client."""
    rows = apps.get_model("clients", "Assignment").objects
    return rows.filter(client=OuterRef(client), role="primary", to_on=None)


@dataclass(frozen=True)
class Around:
    """What stands around the list of Today: on each day of this week what one's own plan holds, planned or done,
    and done; how many wait from tomorrow on; how many contacts logged since midnight reached somebody."""

    days: dict[date, tuple[int, int]]
    tomorrow: int
    reached: int


def around(user, today: date, seen: list[int] | None, reachable: list[int] | None) -> Around:
    """The figures beside Today in one question.

    `seen` and `reachable` are ids of clients, all that the person works with and those one may contact
    (`reachable_by`); None where each has to be asked, as for a supervisor with thousands.
    """
    monday, tomorrow = today - timedelta(days=today.weekday()), today + timedelta(days=1)
    Client = apps.get_model("clients", "Client")
    in_sight, params_seen = _among(Client.objects.worked_by(user) if seen is None else seen)
    may_call, params_call = _among(ActionQuerySet.reachable_by(user) if reachable is None else reachable)
    if user.role == "account_manager":
        waits, params_waits = f"(a.owner_id IS NULL OR a.owner_id IN ({COVERED}))", [user.pk, today, today]
    else:
        waits, params_waits = f"a.owner_id IS NULL AND NOT EXISTS ({HELD})", []
    sql = f"""
        WITH near AS (
            SELECT GREATEST(a.due_on, a.snoozed_until) AS stands_on, a.state,
                   GREATEST(a.due_on, a.snoozed_until) BETWEEN %s AND %s AND a.state IN ('planned', 'done')
                   AND (a.owner_id = %s OR a.owner_id IS NULL AND {OWN_BOOK}) AS in_week,
                   a.state = 'planned' AND (a.opens_on = %s OR a.snoozed_until = %s)
                   AND (a.snoozed_until IS NULL OR a.snoozed_until <= %s)
                   AND {may_call} AND (a.owner_id = %s OR {waits}) AS opens
              FROM interactions_action a
             WHERE (a.owner_id = %s OR {in_sight})
               AND (a.due_on BETWEEN %s AND %s OR a.snoozed_until BETWEEN %s AND %s
                    OR a.opens_on = %s OR a.snoozed_until = %s)
        )
        SELECT stands_on, count(*) FILTER (WHERE in_week), count(*) FILTER (WHERE in_week AND state = 'done'),
               count(*) FILTER (WHERE opens), 0
          FROM near GROUP BY stands_on
        UNION ALL
        SELECT NULL, 0, 0, 0, count(*) FROM interactions_contact c
         WHERE c.staff_id = %s AND c.occurred_at >= %s AND c.recorded_at >= %s
           AND c.voided_at IS NULL AND c.result = 'reached'
           AND NOT (c.direction = 'out' AND c.channel = ANY(%s))
    """
    midnight = timezone.localtime(timezone=user.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    week, me = [monday, monday + timedelta(days=6)], user.pk
    params = [*week, me, me, tomorrow, tomorrow, tomorrow, *params_call, me, *params_waits]
    params += [me, *params_seen, *week, *week, tomorrow, tomorrow]
    # What is logged later than a month is no news of today, and the index goes by when it happened.
    params += [me, midnight - LATEST_LOGGED, midnight, list(WRITTEN)]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found = cursor.fetchall()
    return Around(
        days={on: (planned, done) for on, planned, done, _opens, _reached in found if on is not None},
        tomorrow=sum(row[3] for row in found),
        reached=sum(row[4] for row in found),
    )


def _among(clients: "ClientQuerySet | list[int]") -> tuple[str, list]:
    """The condition that an action is of one of some clients, with its parameters."""
    if isinstance(clients, list):
        return "a.client_id = ANY(%s::bigint[])", [clients]
    try:
        sql, params = clients.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "false", []
    return f"a.client_id IN ({sql})", list(params)


class AppointmentQuerySet(OfClientQuerySet):
    client_path = "action__client"

    def standing(self) -> "AppointmentQuerySet":
        """Still to take place: not cancelled, and the action is open."""
        return self.filter(cancelled_at=None, action__state="planned")

    def overlapping(self, starts_at: datetime, ends_at: datetime) -> "AppointmentQuerySet":
        """Those that share a moment with a stretch of time; what ends as the other begins does not."""
        long = ExpressionWrapper(F("minutes") * timedelta(minutes=1), output_field=DurationField())
        ends = ExpressionWrapper(F("starts_at") + long, output_field=DateTimeField())
        # None is longer than half a day: the index goes by when it begins.
        near = self.filter(starts_at__lt=ends_at, starts_at__gt=starts_at - timedelta(hours=12))
        return near.annotate(ends=ends).filter(ends__gt=starts_at)

    def in_hand_of(self, manager) -> "AppointmentQuerySet":
        """Of actions that are a person's by name, or nobody's of clients the person holds."""
        held = _primary("action__client").filter(manager=manager)
        return self.filter(Q(action__owner=manager) | Q(Exists(held), action__owner=None))


class CourtesyQuerySet(OfClientQuerySet):
    client_path = "action__client"

    def counting(self) -> "CourtesyQuerySet":
        """What counts against a limit: all but what was refused, withdrawn, or fell away with its action."""
        spent = Q(state__in=("ordered", "given")) | Q(action__state__in=("planned", "done"))
        return self.exclude(state__in=("refused", "withdrawn")).filter(spent)

    def waiting(self) -> "CourtesyQuerySet":
        """For a supervisor to decide about."""
        return self.filter(state="waiting", action__state="planned")


class OccurrenceQuerySet(OfClientQuerySet):
    def unheeded(self) -> "OccurrenceQuerySet":
        """Of which the supervisor was told that nobody had acted, and which are still open."""
        workable = apps.get_model("interactions", "Action").objects.open().workable()
        return self.filter(action__in=workable.exclude(client__status__in=SILENT).values("pk")).exclude(
            escalated_on=None
        )

    def plain(self) -> "OccurrenceQuerySet":
        """Of clients with whom every supervisor of their branch, or of one above, works: see `worked_by`.

        Their file is neither restricted nor opened to anybody in an emergency.
        """
        opened = apps.get_model("clients", "SightGrant").objects.filter(
            kind="break_glass", until_at__gt=timezone.now()
        )
        return self.filter(client__is_restricted=False).exclude(client__in=opened.values("client"))


class PromiseQuerySet(OfClientQuerySet):
    def open(self, today: date) -> "PromiseQuerySet":
        """Neither withdrawn nor kept, and the window not over."""
        return self.with_kept().filter(withdrawn_at=None, is_kept=False, due_on__gte=today)

    def with_kept(self) -> "PromiseQuerySet":
        """Annotates `is_kept`: a reached contact inside the window, in the days of the client's branch."""
        reached = apps.get_model("interactions", "Contact").objects.reached()
        return self.annotate(is_kept=Exists(_inside(reached)))

    def owed(self) -> "PromiseQuerySet":
        """Neither withdrawn nor talked about inside the window: a word in passing at the counter settles none."""
        talks = apps.get_model("interactions", "Contact").objects.moving_cadence()
        return self.filter(~Exists(_inside(talks)), withdrawn_at=None)


def _inside(contacts: "ContactQuerySet") -> "ContactQuerySet":
    """Those of some contacts that fall into a promise's window and were recorded after it was noted."""
    return contacts.annotate(local_on=LocalDay("client__branch__time_zone", "occurred_at")).filter(
        client=OuterRef("client"),
        local_on__gte=OuterRef("opens_on"),
        local_on__lte=OuterRef("due_on"),
        recorded_at__gte=OuterRef("noted_at"),
    )


class OpportunityQuerySet(OfClientQuerySet):
    def open(self) -> "OpportunityQuerySet":
        return self.filter(closed_at=None)

    def overdue_first(self) -> "OpportunityQuerySet":
        return self.order_by("next_on", "-amount", "pk")


class OfOpportunityQuerySet(OfClientQuerySet):
    client_path = "opportunity__client"


class ServiceCaseQuerySet(OfClientQuerySet):
    def open(self) -> "ServiceCaseQuerySet":
        return self.filter(closed_at=None)

    def complaints(self) -> "ServiceCaseQuerySet":
        return self.filter(kind="complaint")


class OfCaseQuerySet(OfClientQuerySet):
    client_path = "case__client"


class ClientMessageQuerySet(OfClientQuerySet):
    """Mail to clients goes with the client, as everything else does; the words with the right to notes."""

    def editable_by(self, user) -> "ClientMessageQuerySet":
        if getattr(user, "role", "") in ("account_manager", "supervisor"):
            return self.visible_to(user)
        return self.none()

    def worked_by(self, user) -> "ClientMessageQuerySet":
        """Of clients whom a person works with and writes to."""
        writes = getattr(user, "role", "") in ("account_manager", "supervisor")
        return super().worked_by(user) if writes else self.none()

    def drafts_for(self, user) -> "ClientMessageQuerySet":
        """Drafts that are this person's to let go: of the clients in hand.

        A supervisor has what they wrote, and those of clients whom nobody holds: what an account manager has not
        finished is let go by nobody else in passing.
        """
        drafts = self.worked_by(user).drafts()
        if getattr(user, "role", "") != "supervisor":
            return drafts
        held = _primary().filter(manager__is_active=True, manager__role="account_manager")
        return drafts.filter(Q(written_by=user) | ~Exists(held))

    def standing(self) -> "ClientMessageQuerySet":
        """Neither thrown away nor taken back."""
        return self.filter(dropped_at=None)

    def drafts(self) -> "ClientMessageQuerySet":
        return self.standing().filter(approved_at=None)

    def on_their_way(self) -> "ClientMessageQuerySet":
        return self.standing().filter(message__state__in=("queued", "sending"))

    def stranded(self) -> "ClientMessageQuerySet":
        """Not sent, or perhaps sent: a person decides."""
        return self.standing().filter(message__state__in=("failed", "unknown"))

    def sent(self) -> "ClientMessageQuerySet":
        return self.standing().filter(message__state="sent")


class ArrivalQuerySet(OfClientQuerySet):
    def standing(self) -> "ArrivalQuerySet":
        """Told within the last hours and not closed."""
        return self.filter(closed_at=None, told_at__gt=timezone.now() - settings.ARRIVAL_SHOWN)

    def waiting_for(self, user) -> "ArrivalQuerySet":
        """Clients in a branch today who wait for this person: of their own book, or of one they cover.

        A supervisor has those whose account manager is nobody, or somebody who left.
        """
        if getattr(user, "role", "") not in ("account_manager", "supervisor"):
            return self.none()
        morning = timezone.localtime(timezone=user.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        told = self.standing().filter(told_at__gte=morning)
        # Mostly nobody stands there, and whose clients they would be is a long question.
        waiting = list(told.values_list("pk", flat=True))
        if not waiting:
            return self.none()
        shown = self.visible_to(user).filter(pk__in=waiting)
        primary = _primary()
        if user.role == "supervisor":
            return shown.exclude(
                Exists(primary.filter(manager__is_active=True, manager__role="account_manager"))
            )
        covered = apps.get_model("staff", "User").objects.covered_by(user, user.today())
        mine = primary.filter(Q(manager=user) | Q(manager__in=covered.values("pk")))
        return shown.filter(Exists(mine))

    def with_people(self) -> "ArrivalQuerySet":
        """As a line reads them, the latest last."""
        return self.select_related("client", "branch", "told_by", "answered_by").order_by("pk")
