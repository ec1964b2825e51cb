"""Relations between people and the households they form."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from clients.models import Client, Household, HouseholdMember, Relation
from clients.models.people import inverse_of
from clients.services.ground import may_edit, required
from clients.services.known import record_fact_change
from common.text import clean_line
from staff.models import User

MOST_MEMBERS = 50


@transaction.atomic
def relate(
    *,
    actor: User,
    client: Client,
    kind: str,
    other: Client | None = None,
    person: str = "",
    contact_id: int | None = None,
) -> Relation:
    """Write down that another client, or somebody by name, is the client's `kind` (mother, company, …).

    Rule: one relation of two clients is one row, from whichever end it was said; both files learn of it.
    Visibility: the client must be editable; the other one is given by the caller from what the actor sees.
    Repeatable. Raises: ValidationError by field; PermissionDenied.
    """
    may_edit(actor, client)
    if other is not None:
        if other.pk == client.pk:
            raise ValidationError({"other": _("Choose somebody else.")})
        first, second, said = (
            (client, other, kind) if client.pk < other.pk else (other, client, inverse_of(kind))
        )
        _lock_all(first.pk, second.pk)
        relation, created = Relation.objects.get_or_create(client=first, other=second, kind=said)
    else:
        person = required("person", person, _("Write the name, or choose a client."), most=120)
        relation, created = Relation.objects.get_or_create(client=client, person=person, kind=kind)
    relation.full_clean(exclude=["client", "other"], validate_unique=False, validate_constraints=False)
    if created:
        _both_know(actor, relation, old="", new=_text(relation), contact_id=contact_id)
    return relation


@transaction.atomic
def unrelate(*, actor: User, client: Client, relation: Relation) -> None:
    """Take a relation off both files."""
    may_edit(actor, client)
    if client.pk not in (relation.client_id, relation.other_id):
        raise ValidationError({"relation": _("This relation is another client's.")})
    _lock_all(relation.client_id, relation.other_id)
    if not Relation.objects.filter(pk=relation.pk).exists():  # somebody was faster
        return
    _both_know(actor, relation, old=_text(relation), new="")
    relation.delete()


def _both_know(actor: User, relation: Relation, *, old: str, new: str, contact_id: int | None = None) -> None:
    for end in (relation.client, relation.other):
        if end is not None:
            record_fact_change(
                actor=actor,
                client=end,
                code="relation",
                slot=f"relation/{relation.pk}",
                old=old,
                new=new,
                contact_id=contact_id,
            )


def _text(relation: Relation) -> str:
    return f"{relation.kind}/{relation.other.number if relation.other else relation.person}"


def _lock_all(*ids: int | None) -> None:
    """Always in the order of ids, so that two people joining the same two clients cannot block each other."""
    list(
        Client.objects.filter(pk__in=[pk for pk in ids if pk])
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
        .only("pk")
    )


@transaction.atomic
def join_household(
    *, actor: User, client: Client, member: Client | None = None, person: str = "", role: str
) -> HouseholdMember:
    """Add a client or somebody by name to the client's household, which is made where there is none.

    Rule: a client belongs to one household at most; it has one head. Raises: ValidationError by field.
    """
    may_edit(actor, client)
    _lock_all(client.pk, member.pk if member else None)  # or two at once would make two households
    mine = HouseholdMember.objects.filter(client=client).select_related("household").first()
    if mine is None:
        household = Household.objects.create(name=client.name[:120])
        mine_role = (
            HouseholdMember.Role.OTHER if role == HouseholdMember.Role.HEAD else HouseholdMember.Role.HEAD
        )
        mine = HouseholdMember.objects.create(household=household, client=client, role=mine_role)
    household = Household.objects.select_for_update().get(pk=mine.household_id)
    if household.members.count() >= MOST_MEMBERS:
        raise ValidationError(
            {"member": _("A household has at most %(most)s people.") % {"most": MOST_MEMBERS}}
        )
    if role == HouseholdMember.Role.HEAD and household.members.filter(role="head").exists():
        raise ValidationError({"role": _("This household has a head already.")})
    if member is not None:
        there = HouseholdMember.objects.filter(client=member).first()
        if there is not None and there.household_id == household.pk:
            there.role = role
            there.save(update_fields=["role"])
            return there
        if there is not None:
            raise ValidationError({"member": _("This client belongs to another household.")})
        return HouseholdMember.objects.create(household=household, client=member, role=role)
    person = required("person", person, _("Write the name, or choose a client."), most=120)
    row, _created = HouseholdMember.objects.update_or_create(
        household=household, person=person, defaults={"role": role}
    )
    return row


@transaction.atomic
def leave_household(*, actor: User, client: Client, member: HouseholdMember) -> None:
    """Take somebody out of the client's household; with one person left there is none any more."""
    may_edit(actor, client)
    household = Household.objects.select_for_update().filter(pk=member.household_id).first()
    if household is None:  # somebody was faster
        return
    if not household.members.filter(client=client).exists():
        raise ValidationError({"member": _("This household is another client's.")})
    member.delete()
    if household.members.count() < 2 or not household.members.filter(client__isnull=False).exists():
        household.delete()


@transaction.atomic
def name_household(*, actor: User, client: Client, name: str) -> Household:
    may_edit(actor, client)
    household = Household.objects.select_for_update().get(members__client=client)
    household.name = clean_line(name)[:120] or household.name
    household.save(update_fields=["name"])
    return household
