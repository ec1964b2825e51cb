"""Who brought whom to the bank: one introducer for each client, and never in a circle."""

from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from clients.models import Client, Introduction
from clients.services.ground import clean, may_edit
from staff.models import User

NOTE_LENGTH = 200
LOCK = "clients/introductions"  # one for all: a circle may be closed at any of its clients


@transaction.atomic
def introduce(
    *, actor: User, client: Client, by: Client, on: date | None = None, note: str = ""
) -> Introduction:
    """Write down that `by` brought the client to the bank, on a day (without one: today), with a short note.

    Rule: a client was brought by one client at most, a new introducer replaces the former, whom history keeps.
    Nobody is brought by whom they brought, at however many removes: asked under one lock, so that two acts at
    once do not close a circle that neither sees. The fact ledger has no such type: it is not a known fact.
    Visibility: the client must be editable; the introducer, and the one who is replaced, in the actor's sight.
    Repeatable. Raises: ValidationError by field (`by`, `on`, `note`); PermissionDenied.
    """
    may_edit(actor, client)
    if by.pk == client.pk:
        raise ValidationError({"by": _("Choose somebody else.")})
    if not Client.objects.editable_by(actor).filter(pk=by.pk).exists():
        raise ValidationError({"by": _("Choose a client of yours.")})
    today = client.branch.today()
    on = on or today
    if on > today:
        raise ValidationError({"on": _("This day has not come yet.")})
    note = clean({"note": note})["note"]
    if len(note) > NOTE_LENGTH:
        raise ValidationError(
            {"note": _("This is too long: at most %(most)s characters.") % {"most": NOTE_LENGTH}}
        )
    _one_at_a_time()
    if client.pk in _ancestors(by):
        raise ValidationError(
            {"by": _("This client was brought by the one you write about, directly or through others.")}
        )
    standing = Introduction.objects.filter(client=client).first()
    if standing is None:
        return Introduction.objects.create(client=client, introducer=by, introduced_on=on, note=note)
    _may_replace(actor, standing)
    if (standing.introducer_id, standing.introduced_on, standing.note) != (by.pk, on, note):
        standing.introducer, standing.introduced_on, standing.note = by, on, note
        standing.save(update_fields=["introducer", "introduced_on", "note"])
    return standing


@transaction.atomic
def unintroduce(*, actor: User, client: Client) -> None:
    """Take off the file who brought the client; history keeps it. Repeatable. Raises: PermissionDenied."""
    may_edit(actor, client)
    _one_at_a_time()
    standing = Introduction.objects.filter(client=client).first()
    if standing is None:  # somebody was faster
        return
    _may_replace(actor, standing)
    standing.delete()


def _may_replace(actor: User, standing: Introduction) -> None:
    """It is the introducer's merit as well: only who works with both may take it away."""
    if not Client.objects.editable_by(actor).filter(pk=standing.introducer_id).exists():
        raise PermissionDenied


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])


def _ancestors(client: Client) -> set[int]:
    """Ids of those who brought the client: the introducer, the introducer's, and so on to the root."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE up (id) AS (
                SELECT introducer_id FROM clients_introduction WHERE client_id = %s
                UNION
                SELECT i.introducer_id FROM up JOIN clients_introduction i ON i.client_id = up.id
            )
            SELECT id FROM up
            """,
            [client.pk],
        )
        return {pk for (pk,) in cursor.fetchall()}
