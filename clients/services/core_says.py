"""What core banking says where the CRM owns the field and holds another value: accepted or ignored."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clients.models import Client, CoreValue, DatedFact, FactType, Tier
from clients.services.books import transfer_clients
from clients.services.clients import change_client
from clients.services.consents import approve_agreement, terms_of
from clients.services.ground import may_edit
from clients.services.known import (
    Learnt,
    add_contact_point,
    change_contact_point,
    learn,
    write_dated_fact,
)
from staff.models import Role, User

POINTS = ("phone", "email", "address")
AGREEMENT, DATE = "agreement", "dated_fact/"  # the field names a date by its row
OF_SUPERVISORS = ("manager", "tier")  # a manager does not take clients, nor raise their tier


@transaction.atomic
def accept_core_value(*, actor: User, core_value: CoreValue) -> None:
    """Core banking is right: its value is written by the actor, and the two agree again.

    Rule: the CRM owns the field (domain.md, Who owns a field), so a person decides; book and tier are the
    supervisor's. A contact point becomes the primary one of its kind, and the former one stays.
    Raises: ValidationError where the value cannot be written; PermissionDenied.
    """
    may_settle(actor, core_value)
    client, field, value = core_value.client, core_value.field, core_value.value
    if field in POINTS:
        point = add_contact_point(actor=actor, client=client, kind=field, value=value)
        if not point.is_primary or point.do_not_use:
            change_contact_point(actor=actor, point=point, is_primary=True, do_not_use=False)
    elif field == "tier":
        tier = Tier.objects.filter(code=value).first()
        if tier is None:
            raise ValidationError(_("There is no such tier any more."))
        change_client(actor=actor, client=client, changes={"tier": tier})
    elif field == "manager":
        manager = User.objects.filter(staff_number=value).first()
        if manager is None:
            raise ValidationError(_("There is no such person any more."))
        book = Client.objects.editable_by(actor).filter(pk=client.pk)
        transfer_clients(actor=actor, clients=book, to=manager, reason=_("As core banking says."))
    elif field == AGREEMENT:
        terms = terms_of(value)
        approve_agreement(actor=actor, client=client, how=_("As core banking says."), **terms)
    elif field.startswith(DATE):
        dated = dated_fact_of(core_value)
        if dated is None:
            raise ValidationError(_("This date is not on the file any more."))
        write_dated_fact(
            actor=actor,
            client=client,
            kind=dated.kind,
            person=dated.person,
            lead_days=dated.lead_days,
            **date_of(value),
        )
    else:
        learn(actor=actor, client=client, learnt=[Learnt(FactType.objects.get(code=field), value)])
    core_value.delete()


@transaction.atomic
def ignore_core_value(*, actor: User, core_value: CoreValue) -> CoreValue:
    """Ours stays. Core banking's word is shown no more until it says something else. Repeatable."""
    may_settle(actor, core_value)
    if core_value.ignored_at is None:
        core_value.ignored_at = timezone.now()
        core_value.save(update_fields=["ignored_at"])
    return core_value


@transaction.atomic
def heed_core_value(*, actor: User, core_value: CoreValue) -> CoreValue:
    """What was ignored is shown again: the way back from `ignore_core_value`. Repeatable."""
    may_settle(actor, core_value)
    core_value.ignored_at = None
    core_value.save(update_fields=["ignored_at"])
    return core_value


def dated_fact_of(core_value: CoreValue) -> DatedFact | None:
    """The date on the file that core banking says otherwise; None where it says something else, or it is gone."""
    _table, _slash, key = core_value.field.partition(DATE)
    return DatedFact.objects.filter(client=core_value.client_id, pk=key).first() if key.isdigit() else None


def date_of(text: str) -> dict:
    """The parts of a date as `DatedFact.as_text` writes it."""
    calendar = DatedFact.Calendar.GREGORIAN
    if text.startswith("lunar:"):
        calendar, text = DatedFact.Calendar.LUNAR, text.removeprefix("lunar:")
    year, month, day = text, "", ""
    if len(text) > 4:
        year, month, day = ("", *text[2:].split("-")) if text.startswith("--") else text.split("-")
    return {
        "calendar": calendar,
        "year": int(year) if year else None,
        "month": int(month.removeprefix("L")) if month else None,
        "day": int(day) if day else None,
        "is_leap_month": month.startswith("L"),
    }


def may_settle(actor: User, core_value: CoreValue) -> None:
    """Raise PermissionDenied where the actor may not decide about what core banking says."""
    may_edit(actor, core_value.client)
    if core_value.field in OF_SUPERVISORS and actor.role != Role.SUPERVISOR:
        raise PermissionDenied
