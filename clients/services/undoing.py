"""The way back from the last change of something known: read from the history that the database keeps."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, ContactPoint, DatedFact, Fact, FactType, Introduction, Relation
from clients.models.people import inverse_of
from clients.services import introductions, known, people
from clients.services.ground import may_edit
from staff.models import User

WITHIN = timedelta(hours=1)
MODELS = {
    "fact": Fact,
    "point": ContactPoint,
    "date": DatedFact,
    "relation": Relation,
    "introduction": Introduction,
}


@transaction.atomic
def take_back(*, actor: User, client: Client, what: str, pk: int, act: str | None = None) -> None:
    """Undo the actor's own last change of one fact, contact point, date, relation or introduction of a client.

    Rule: what was added goes, what was changed or removed is as it was before; only within the hour, and
    only while nobody has changed it since. The ledger gets a further change, like any other. `act` is the id
    under which history groups what one request did: where it is given, no other change is taken back, so that
    a second click neither brings back what the first one took, nor undoes what the act found as it was.
    Raises: ValidationError where there is no way back; PermissionDenied outside the actor's sight.
    """
    may_edit(actor, client)
    model = MODELS[what]
    events = model.pgh_event_model.objects.filter(pgh_obj_id=pk).select_related("pgh_context")
    last, before = [*events.order_by("-pgh_id")[:2], None, None][:2]
    if last is None or client.pk not in (last.client_id, getattr(last, "other_id", None)):
        raise ValidationError(_("This cannot be taken back any more."))
    who = (last.pgh_context.metadata or {}).get("user") if last.pgh_context else None
    former = {"insert": None, "update": before, "delete": last}[last.pgh_label]
    is_another = act is not None and act != str(last.pgh_context_id)
    is_too_late = last.pgh_created_at < timezone.now() - WITHIN
    if who != actor.pk or is_another or is_too_late or (former is None and last.pgh_label == "update"):
        raise ValidationError(_("This cannot be taken back any more."))
    row = model.objects.filter(pk=pk).first()
    if row is None and former is None:
        raise ValidationError(_("This cannot be taken back any more."))
    back = {
        "fact": _fact,
        "point": _point,
        "date": _date,
        "relation": _relation,
        "introduction": _introduction,
    }
    back[what](actor, client, row, former)


def _fact(actor: User, client: Client, row: Fact | None, former) -> None:
    if former is None:
        known.forget_fact(actor=actor, fact=row)
        return
    if row is not None:
        row = known.change_fact(
            actor=actor, fact=row, value=former.value, amount=former.amount, currency=former.currency
        )
    else:
        kind = FactType.objects.get(pk=former.type_id)
        if not kind.is_many and Fact.objects.filter(client=client, type=kind).exists():
            raise ValidationError(_("This cannot be taken back any more."))
        learnt = known.Learnt(kind, former.value, former.amount, former.currency)
        (row,) = known.learn(actor=actor, client=client, learnt=[learnt])
    row.learnt_on = former.learnt_on
    row.save(update_fields=["learnt_on"])


def _point(actor: User, client: Client, row: ContactPoint | None, former) -> None:
    if former is None:
        known.remove_contact_point(actor=actor, point=row)
        return
    if row is None:
        row = known.add_contact_point(actor=actor, client=client, kind=former.kind, value=former.value)
    changes = {"value": former.value, "is_verified": former.is_verified, "do_not_use": former.do_not_use}
    if former.is_primary:
        changes["is_primary"] = True
    row = known.change_contact_point(actor=actor, point=row, **changes)
    row.entered_by = former.entered_by
    row.save(update_fields=["entered_by"])


def _date(actor: User, client: Client, row: DatedFact | None, former) -> None:
    if former is None:
        known.forget_dated_fact(actor=actor, dated=row)
        return
    parts = ("kind", "person", "calendar", "year", "month", "day", "is_leap_month", "lead_days")
    known.write_dated_fact(actor=actor, client=client, **{part: getattr(former, part) for part in parts})


def _relation(actor: User, client: Client, row: Relation | None, former) -> None:
    relation = row if former is None else former
    other = None
    if relation.other_id is not None:
        ends = {relation.client_id, relation.other_id}
        # The other one's file changes as well, and may be out of sight by now.
        other = Client.objects.editable_by(actor).filter(pk__in=ends - {client.pk}).first()
        if other is None:
            raise ValidationError(_("This cannot be taken back any more."))
    if former is None:
        people.unrelate(actor=actor, client=client, relation=row)
        return
    kind = former.kind if former.client_id == client.pk else inverse_of(former.kind)
    people.relate(actor=actor, client=client, kind=kind, other=other, person=former.person)


def _introduction(actor: User, client: Client, row: Introduction | None, former) -> None:
    if former is None:
        introductions.unintroduce(actor=actor, client=client)
        return
    by = Client.objects.editable_by(actor).filter(pk=former.introducer_id).first()
    # What was removed does not come back over what somebody has written down since.
    is_overtaken = row is None and Introduction.objects.filter(client=client).exists()
    if by is None or is_overtaken:
        raise ValidationError(_("This cannot be taken back any more."))
    introductions.introduce(actor=actor, client=client, by=by, on=former.introduced_on, note=former.note)
