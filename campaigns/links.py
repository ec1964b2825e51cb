"""The personal link of an invitation: whoever holds it answers without a login, whoever guesses learns nothing.

The token is the invitation's id and key, signed with a salt of its own: one that was tampered with is refused before
the database is asked, and a new key makes the old link worthless. It says nothing of the client.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Answer, Event, Invitation

SALT = "campaigns.invitation"


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT, sep=".")


def invitation_token(invitation: Invitation) -> str:
    return _signer().sign(f"{invitation.pk}.{invitation.key}")


def invitation_of_token(token: str) -> Invitation | None:
    """The invitation a link is about, with its client and its event; None where the link opens nothing.

    Rule: the link of a withdrawn invitation, of an event that was called off or is over, and of a closed file opens
    nothing. What was tampered with costs no query.
    """
    try:
        pk, _dot, key = _signer().unsign(token).partition(".")
    except signing.BadSignature:
        return None
    rows = Invitation.objects.filter(
        pk=int(pk),
        key=key,
        withdrawn_at=None,
        event__cancelled_at=None,
        event__ends_at__gt=timezone.now(),
    )
    rows = rows.exclude(client__status__in=("closed", "deceased"))
    rows = rows.select_related("client", "event__branch").prefetch_related("event__wordings")
    return rows.defer("client__search", "client__document_number").first()


def is_answerable(event: Event) -> bool:
    """Whether answers are taken still."""
    return event.is_open and timezone.now() <= event.answer_until


def is_shown(invitation: Invitation) -> bool:
    """Whether the link still opens its page: while answers are taken, and until the end for whoever is coming."""
    return is_answerable(invitation.event) or (
        invitation.event.is_open and invitation.answer == Answer.ACCEPTED
    )


def invitation_url(invitation: Invitation) -> str:
    return settings.PUBLIC_URL + reverse("invitation-public", args=[invitation_token(invitation)])


def door_url(invitation: Invitation) -> str:
    """What the QR code says: the page of the door, for staff who are logged in."""
    address = reverse("event-door", args=[invitation.event_id])
    return f"{settings.PUBLIC_URL}{address}?number={invitation.number}"
