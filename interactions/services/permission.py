"""Whether a client may be written to, or contacted at all: asked when a message is approved, and again when it leaves;
and of each client of a campaign at its launch."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from clients.models import Channel, Client, Consent, ContactAgreement, ContactPoint, Theme
from clients.models.client import Status
from clients.models.consent import purpose_of
from clients.permits import Consents, is_allowed
from interactions.models import SENT_BY, ServiceCase

POINT_OF = {"email": "email", "sms": "phone", "letter": "address", "call": "phone", "messenger": "messenger"}


class Hindrance(TextChoices):
    """Why a message may not go. The code is what the outbox keeps; the words are for whoever wrote it."""

    STATUS = "status", _("The client's file is closed or blocked.")
    DORMANT = "dormant", _("The client is dormant: only duties are written about.")
    COMPLAINT = "complaint", _("A complaint is open: nothing but duties and notices goes out.")
    CONSENT = "consent", _("The client has not allowed this channel for it.")
    ADDRESS = "address", _("No address to send it to is on the file.")
    CHANNEL = "channel", _("The agreement names other channels.")
    THEME = "theme", _("The agreement names other themes.")
    HOURS = "hours", _("The agreement leaves no hour for it in the next two weeks.")
    REPEATED = "repeated", _("Somebody has spoken with the client about it meanwhile.")
    OVERTAKEN = "overtaken", _("What it answers was done or has gone.")
    TOO_LATE = "too_late", _("Its day has passed.")
    WRITER = "writer", _("Whoever approved it has left the bank.")
    TAKEN_BACK = "taken_back", _("It was taken back.")


@dataclass(frozen=True)
class Ground:
    """What decides about some clients, read once for all of them."""

    consents: dict[int, Consents]
    agreements: dict[int, ContactAgreement]
    points: dict[int, list[ContactPoint]]
    complaining: set[int]

    @classmethod
    def of(cls, clients: Iterable[Client]) -> "Ground":
        """Four questions, however many clients. Agreements are those in force on each branch's day."""
        known = {client.pk: client for client in clients}
        consents: dict[int, dict] = {}
        for consent in Consent.objects.filter(client__in=known).current():
            consents.setdefault(consent.client_id, {})[consent.channel, consent.purpose] = consent
        agreements = {}
        for agreement in ContactAgreement.objects.filter(client__in=known, to_on=None):
            if agreement.approved_on <= known[agreement.client_id].branch.today():
                agreements[agreement.client_id] = agreement
        points: dict[int, list[ContactPoint]] = {}
        for point in ContactPoint.objects.usable().filter(client__in=known):
            points.setdefault(point.client_id, []).append(point)
        complaints = ServiceCase.objects.open().complaints().filter(client__in=known)
        return cls(consents, agreements, points, set(complaints.values_list("client", flat=True)))

    def addresses(self, client: Client, channel: str) -> list[str]:
        """The usable addresses of a channel, the primary one first; a letter's in lines, with the name above."""
        kind = POINT_OF.get(channel, "")
        found = [point for point in self.points.get(client.pk, ()) if point.kind == kind]
        values = [point.value for point in sorted(found, key=lambda point: (not point.is_primary, point.pk))]
        if channel != Channel.LETTER:
            return values
        return [
            "\n".join([client.name, *(part.strip() for part in value.split(","))])[:500] for value in values
        ]

    def why_not(self, client: Client, channel: str, theme: Theme) -> Hindrance | None:
        """What stands in the way of contacting a client by a channel about a theme; None where nothing does.

        Rule (domain.md, Status rules and Consent): blocked, closed and deceased get nothing, dormant ones duties
        only; with an open complaint nothing that is not owed. A duty keeps to the agreed channels and hours, though
        not to the agreed themes. Fails closed: what was never asked is not allowed.
        """
        if client.status in (Status.CLOSED, Status.DECEASED, Status.BLOCKED):
            return Hindrance.STATUS
        if client.status == Status.DORMANT and not theme.is_duty:
            return Hindrance.DORMANT
        if client.pk in self.complaining and not theme.is_duty and theme.code != "service":
            return Hindrance.COMPLAINT
        if is_allowed(self.consents.get(client.pk, {}), channel, purpose_of(theme)) is not True:
            return Hindrance.CONSENT
        if channel in POINT_OF and not self.addresses(client, channel):
            return Hindrance.ADDRESS
        agreement = self.agreements.get(client.pk)
        if agreement is not None and agreement.channels and channel not in agreement.channels:
            return Hindrance.CHANNEL
        if (
            agreement is not None
            and agreement.themes
            and not theme.is_duty
            and theme.code not in agreement.themes
        ):
            return Hindrance.THEME
        return None

    def ways(self, client: Client, theme: Theme) -> list[str]:
        """The channels by which a client may be written to about a theme, the best first."""
        return [channel.value for channel in SENT_BY if self.why_not(client, channel, theme) is None]
