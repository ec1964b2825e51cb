"""Rules that contacts, actions and occurrences must obey."""

from django.db.models import Exists, F, Max, OuterRef, Q, Subquery

from clients.models import Client
from common.checks import found, found_by_sql
from interactions.models import (
    Action,
    ClientMessage,
    Contact,
    ContactNote,
    Courtesy,
    Occurrence,
    Opportunity,
    Promise,
    Referral,
    ServiceCase,
)


def checks() -> list[str]:
    return [
        *_cadence(),
        *_actions(),
        *_appointments(),
        *_courtesies(),
        *_followed(),
        *_written(),
        *found(
            Occurrence.objects.exclude(action=None).exclude(client=F("action__client")),
            "occurrences answered by an action of another client",
        ),
        *found(
            Contact.objects.exclude(action=None).exclude(client=F("action__client")),
            "contacts that fulfil an action of another client",
        ),
        *found(ContactNote.objects.filter(text=""), "notes that say nothing"),
    ]


def _cadence() -> list[str]:
    """`Client.last_reached_at` is the last counted contact in which the client was really reached."""
    reached = (
        Contact.objects.moving_cadence()
        .filter(client=OuterRef("pk"))
        .values("client")
        .annotate(last=Max("occurred_at"))
        .values("last")
    )
    return found(
        Client.objects.annotate(last=Subquery(reached)).filter(
            ~Q(last_reached_at=F("last")) & ~Q(last_reached_at=None, last=None)
            | Q(last_reached_at=None, last__isnull=False)
            | Q(last_reached_at__isnull=False, last=None)
        ),
        "clients whose last reached contact is not the one noted",
    )


def _actions() -> list[str]:
    return [
        *found(
            Action.objects.open().filter(client__status__in=("closed", "deceased")),
            "open actions with clients whose file is closed",
        ),
        *found(
            Action.objects.exclude(from_contact=None).exclude(client=F("from_contact__client")),
            "actions that follow from a contact with another client",
        ),
        *found(
            Action.objects.filter(
                Exists(
                    Contact.objects.filter(action=OuterRef("pk"), voided_at__isnull=False, result="reached")
                ),
                ~Exists(Contact.objects.counted().filter(action=OuterRef("pk"))),
                state="done",
            ),
            "actions that only a voided contact has done",
        ),
    ]


def _written() -> list[str]:
    """Messages to clients: what was sent stands in the file, and is of the client it was written to."""
    return [
        *found(
            ClientMessage.objects.filter(message__state="sent", contact=None),
            "messages to clients that were sent and do not stand in the file",
        ),
        *found(
            ClientMessage.objects.exclude(contact=None).exclude(client=F("contact__client")),
            "messages to clients that stand in another client's file",
        ),
        *found(
            ClientMessage.objects.exclude(action=None).exclude(client=F("action__client")),
            "messages that answer an action of another client",
        ),
    ]


def _appointments() -> list[str]:
    """An action with an appointment is due at its moment, in the days and hours of the client's branch."""
    return found_by_sql(
        """
        SELECT p.id FROM interactions_appointment p
          JOIN interactions_action a ON a.id = p.action_id
          JOIN clients_client k ON k.id = a.client_id
          JOIN staff_branch b ON b.id = k.branch_id
         WHERE p.cancelled_at IS NULL AND a.state = 'planned'
           AND (a.due_on + a.due_at) IS DISTINCT FROM (p.starts_at AT TIME ZONE b.time_zone)
        """,
        "appointments at another moment than their action",
    )


def _courtesies() -> list[str]:
    """Nobody approves or refuses what they asked for themselves."""
    return found(
        Courtesy.objects.filter(state__in=("approved", "refused"), decided_by=F("asked_by")),
        "courtesies decided by whoever asked for them",
    )


def _followed() -> list[str]:
    """What clients voiced: stages as their ledger says, nothing open for a closed file, purchases of the client."""
    return [
        *found_by_sql(
            """
            SELECT o.id FROM interactions_opportunity o
              LEFT JOIN LATERAL (
                SELECT stage FROM interactions_stagechange s WHERE s.opportunity_id = o.id
                 ORDER BY at DESC, id DESC LIMIT 1) last ON true
             WHERE last.stage IS DISTINCT FROM o.stage
            """,
            "opportunities whose stage is not the last one of their ledger",
        ),
        *found(
            Opportunity.objects.exclude(purchase=None).exclude(client=F("purchase__client")),
            "opportunities won by a purchase of another client",
        ),
        *found(
            Opportunity.objects.open().filter(client__status__in=("closed", "deceased")),
            "open opportunities of clients whose file is closed",
        ),
        *found(
            Promise.objects.exclude(action=None).exclude(client=F("action__client")),
            "promises kept by an action of another client",
        ),
        *found(
            ServiceCase.objects.open().exclude(action__state="planned").exclude(action=None),
            "open cases whose action is closed",
        ),
        *found(
            Referral.objects.filter(closed_at__isnull=False, assignment__to_on=None).exclude(assignment=None),
            "ended referrals whose specialist still sees the client",
        ),
    ]
