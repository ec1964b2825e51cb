"""Segments: looked at while they are written, saved in versions, and who is in them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Segment, SegmentVersion
from campaigns.rules import Known, checked, condition, reads_words, said
from clients.models import Client
from clients.querysets import ClientQuerySet
from clients.services.ground import required
from common import saying
from staff.models import Role, User

MAY_WRITE = (Role.SUPERVISOR, Role.HEAD_OFFICE)
SAMPLE = 8
MOST_NUMBERS = 50_000


@dataclass(frozen=True)
class Look:
    """What a rule takes in of a person's sight: how many, and a few of them by name."""

    count: int
    sample: list[Client]


def members(version: SegmentVersion, user: User) -> ClientQuerySet:
    """The clients of a segment whom a person works with, as it chooses today.

    Visibility: `Client.worked_by`; without the right to identities nobody of a rule that reads what clients told.
    """
    clients = Client.objects.worked_by(user)
    if version.numbers is not None:
        return clients.filter(number__in=version.numbers)
    rule = version.rule or {}
    if reads_words(rule) and not user.may_see_identities:
        return clients.none()
    return clients.filter(condition(rule, user.today()))


def look(user: User, rule: dict) -> Look:
    """Count and sample of a rule that is still being written. Raises: ValidationError where it is none."""
    rule = _allowed(user, rule)
    found = Client.objects.worked_by(user).filter(condition(rule, user.today()))
    few = found.select_related("tier", "branch").defer("search", "document_number").by_name()[:SAMPLE]
    return Look(found.count(), list(few))


def _allowed(user: User, rule: dict | None) -> dict:
    """A checked rule that the person may ask. Raises: ValidationError."""
    found = checked(rule)
    if reads_words(found) and not user.may_see_identities:
        raise ValidationError(_("What clients told may be asked for with the right to identities alone."))
    return found


@transaction.atomic
def save_segment(
    *,
    actor: User,
    name: str,
    rule: dict | None = None,
    numbers: Iterable[str] | None = None,
    segment: Segment | None = None,
) -> SegmentVersion:
    """Save a rule, or a pasted list, under a name; of a segment that stands, a further version.

    Rule: earlier versions stay as they are; the same rule again makes none. A list holds only numbers of clients whom
    the actor sees; the others are named in the error alike, whether they are absent or hidden.
    Visibility: supervisors and head office; a segment is changed by whoever owns it.
    Raises: ValidationError by field (`name`, `rule`, `numbers`); PermissionDenied.
    """
    if actor.role not in MAY_WRITE or not actor.is_active:
        raise PermissionDenied
    name = required("name", name, _("Give it a name."), most=120)
    try:
        found_rule = _allowed(actor, rule) if numbers is None else None
    except ValidationError as error:
        raise ValidationError({"rule": error.messages}) from error
    found_numbers = _known(actor, numbers) if numbers is not None else None
    if segment is not None:
        if not Segment.objects.editable_by(actor).filter(pk=segment.pk).exists():
            raise PermissionDenied
        row = Segment.objects.select_for_update().get(pk=segment.pk)
    else:
        row = Segment(owner=actor)
    row.name = name
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise ValidationError({"name": _("You have a segment of this name already.")}) from error
    last = row.versions.order_by("-number").first()
    if last is not None and (last.rule, last.numbers) == (found_rule, found_numbers):
        return last
    return SegmentVersion.objects.create(
        segment=row,
        number=last.number + 1 if last else 1,
        rule=found_rule,
        numbers=found_numbers,
        saved_by=actor,
    )


def _known(actor: User, numbers: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(number.strip() for number in numbers if number.strip()))
    if not wanted:
        raise ValidationError({"numbers": _("Paste at least one client number.")})
    if len(wanted) > MOST_NUMBERS:
        raise ValidationError({"numbers": _("At most %(most)s numbers.") % {"most": MOST_NUMBERS}})
    seen = set(Client.objects.worked_by(actor).filter(number__in=wanted).values_list("number", flat=True))
    absent = [number for number in wanted if number not in seen]
    if absent:
        said = {"numbers": ", ".join(absent[:5]), "count": len(absent)}
        raise ValidationError({"numbers": _("%(count)s numbers are not known: %(numbers)s") % said})
    return wanted


@transaction.atomic
def drop_segment(*, actor: User, segment: Segment) -> None:
    """Take a segment off the list; its versions stay. A second call changes nothing."""
    if not Segment.objects.filter(pk=segment.pk, owner=actor).exists() or not actor.is_active:
        raise PermissionDenied
    Segment.objects.filter(pk=segment.pk, dropped_at=None).update(dropped_at=timezone.now())


@transaction.atomic
def restore_segment(*, actor: User, segment: Segment) -> None:
    """Bring a dropped segment back. Raises: ValidationError where another took its name."""
    if not Segment.objects.filter(pk=segment.pk, owner=actor).exists() or not actor.is_active:
        raise PermissionDenied
    try:
        with transaction.atomic():
            Segment.objects.filter(pk=segment.pk).update(dropped_at=None)
    except IntegrityError as error:
        raise ValidationError(_("You have a segment of this name already.")) from error


def version_words(version: SegmentVersion, known: Known) -> str:
    """Whom a version chooses, in words. `known` keeps the words of codes that were asked for already."""
    if version.numbers is not None:
        return _("A list of %(count)s client numbers") % {"count": saying.number(len(version.numbers))}
    try:
        return said(version.rule or {}, known)
    except KeyError:  # a condition that a later release no longer knows
        return _("A rule that can no longer be read")
