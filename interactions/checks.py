"""Rules that contacts, actions and occurrences must obey."""

from django.db.models import Exists, F, Max, OuterRef, Q, Subquery

from clients.models import Client
from common.checks import found
from interactions.models import Action, Contact, ContactNote, Occurrence


def checks() -> list[str]:
    return [
        *_cadence(),
        *_actions(),
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
            Action.objects.filter(state="done", contacts__voided_at__isnull=False).exclude(
                Exists(Contact.objects.counted().filter(action=OuterRef("pk")))
            ),
            "actions that only a voided contact has done",
        ),
    ]
