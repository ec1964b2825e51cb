"""What was heard in a contact: facts, an interest, a promise; and what becomes of it when the contact is voided."""

from collections.abc import Iterable

from django.apps import apps
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from clients.models import Fact, FactChange, FactType
from clients.services import Learnt, learn, record_fact_change, value_hash
from clients.services.known import drop_fact
from interactions.models import Action, Contact, Opportunity, Promise, Stage, StageChange
from interactions.services.opportunities import Interest, raise_opportunity
from interactions.services.promises import Noted, close_actions, note_promise
from staff.models import User


def take_down(
    *,
    actor: User,
    contact: Contact,
    learnt: Iterable[Learnt] = (),
    interest: Interest | None = None,
    promise: Noted | None = None,
) -> None:
    """Write down what a contact just logged brought. Part of the caller's transaction.

    Raises: ValidationError by field, as the services of each do.
    """
    learn(actor=actor, client=contact.client, learnt=learnt, contact_id=contact.pk)
    if interest is not None:
        raise_opportunity(actor=actor, client=contact.client, interest=interest, contact=contact)
    if promise is not None:
        note_promise(actor=actor, client=contact.client, noted=promise, contact=contact)


def take_back(*, actor: User, contact: Contact, reason: str) -> None:
    """Undo what a voided contact brought, where nobody has built on it since.

    Facts go back to what they were, unless they changed again; promises are withdrawn; opportunities still
    in their first stage are closed as lost with the reason. Part of the caller's transaction, who has checked
    that the contact is the actor's to void.
    """
    now = timezone.now()
    for change in (
        FactChange.objects.filter(contact_id=contact.pk).select_related("fact_type").order_by("-pk")
    ):
        _put_back(actor, contact, change)
    for promise in Promise.objects.filter(contact=contact, withdrawn_at=None).select_for_update(of=("self",)):
        promise.withdrawn_at, promise.withdrawn_reason = now, reason[:300]
        promise.save(update_fields=["withdrawn_at", "withdrawn_reason"])
        close_actions([promise.action_id], state=Action.State.CANCELLED, reason=reason)
    raised = Opportunity.objects.open().filter(contact=contact).select_for_update(of=("self",))
    for opportunity in raised:
        if opportunity.stages.count() > 1:
            continue
        opportunity.stage, opportunity.lost_reason, opportunity.closed_at = Stage.LOST, reason[:300], now
        opportunity.save(update_fields=["stage", "lost_reason", "closed_at"])
        StageChange.objects.create(opportunity=opportunity, stage=Stage.LOST, at=now, by=actor)
        close_actions([opportunity.action_id], state=Action.State.CANCELLED, reason=reason)


def _put_back(actor: User, contact: Contact, change: FactChange) -> None:
    """One fact as it was before a change, if the slot still holds what that change wrote."""
    table, _slash, key = change.slot.partition("/")
    if table != "fact" or not key.isdigit():
        return
    fact = (
        Fact.objects.select_for_update(of=("self",))
        .select_related("client__branch", "type")
        .filter(pk=key)
        .first()
    )
    if fact is None or value_hash(fact.value) != change.new_hash:
        return
    if not change.old_hash:
        drop_fact(actor=actor, fact=fact)
        return
    # History keeps the former value; the ledger only its hash.
    event = apps.get_model("clients", "FactEvent")
    former = event.objects.filter(pgh_obj_id=fact.pk).filter(~Q(value=fact.value)).order_by("-pgh_id")
    for row in former[:50]:
        if value_hash(row.value) == change.old_hash:
            written = fact.value
            fact.value, fact.learnt_on = row.value, row.learnt_on
            fact.amount, fact.currency = row.amount, row.currency
            fact.save()
            record_fact_change(
                actor=actor, client=fact.client, code=fact.type, slot=change.slot, old=written, new=row.value
            )
            return


def learnt_in(contacts: list[Contact]) -> dict[int, list[str]]:
    """What was learnt in some contacts, in words, by contact: the value where it still stands, else its type."""
    if not contacts:
        return {}
    found: dict[int, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT g.contact_id, t.code, t.name, f.value, g.new_hash
              FROM clients_factchange g
              JOIN clients_facttype t ON t.id = g.fact_type_id
              LEFT JOIN clients_fact f ON 'fact/' || f.id = g.slot AND f.client_id = g.client_id
             WHERE g.contact_id = ANY(%s) AND g.new_hash <> ''
             ORDER BY g.id
            """,
            [[contact.pk for contact in contacts]],
        )
        for contact_id, code, name, value, new_hash in cursor.fetchall():
            stands = value is not None and value_hash(value) == new_hash
            said = value if stands else str(FactType(code=code, name=name))
            found.setdefault(contact_id, []).append(said)
    return found
