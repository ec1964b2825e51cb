"""People who belong together: typed relations and households."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from clients.models.client import Client
from clients.querysets import OfClientQuerySet, RelationQuerySet
from common.history import tracked


class RelationKind(models.TextChoices):
    """What the other one is to the client."""

    SPOUSE = "spouse", _("spouse")
    PARTNER = "partner", _("partner in life")
    PARENT = "parent", _("parent")
    CHILD = "child", _("child")
    SIBLING = "sibling", _("sister or brother")
    GRANDPARENT = "grandparent", _("grandparent")
    GRANDCHILD = "grandchild", _("grandchild")
    RELATIVE = "relative", _("relative")
    FRIEND = "friend", _("friend")
    BUSINESS_PARTNER = "business_partner", _("business partner")
    EMPLOYER = "employer", _("employer")
    EMPLOYEE = "employee", _("employee")
    COMPANY = "company", _("own company")
    OWNER = "owner", _("owner")
    GUARDIAN = "guardian", _("guardian")
    WARD = "ward", _("ward")
    ADVISER = "adviser", _("adviser")
    ADVISED = "advised", _("advised person")


_OPPOSITES = (
    ("parent", "child"),
    ("grandparent", "grandchild"),
    ("employer", "employee"),
    ("company", "owner"),
    ("guardian", "ward"),
    ("adviser", "advised"),
)
INVERSE = dict(_OPPOSITES) | {b: a for a, b in _OPPOSITES}


def inverse_of(kind: str) -> str:
    """What the client is to the other one; the same for spouses, siblings and the like."""
    return INVERSE.get(kind, kind)


@tracked()
class Relation(models.Model):
    """`other` (a client) or `person` (a name) is the `kind` of `client`. Two clients share one row.

    Between two clients the row stands with the one of the lower id, so that "her mother" and "her
    daughter" said of the same two people is one relation; `services.relate` sees to it.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="relations")
    other = models.ForeignKey(Client, models.CASCADE, null=True, blank=True, related_name="relations_from")
    person = models.CharField(_("name"), max_length=120, blank=True)
    kind = models.CharField(_("is the client's"), max_length=16, choices=RelationKind)

    objects = RelationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(other=None) & ~Q(person="")) | Q(other__isnull=False, person=""),
                name="relation_to_a_client_or_a_name",
            ),
            models.CheckConstraint(
                condition=Q(other=None) | Q(client__lt=F("other")), name="relation_stands_with_the_lower_id"
            ),
            models.CheckConstraint(condition=Q(kind__in=RelationKind.values), name="relation_kind_known"),
            models.UniqueConstraint(fields=["client", "other", "kind"], name="relation_once"),
            models.UniqueConstraint(
                fields=["client", "person", "kind"], condition=~Q(person=""), name="relation_to_a_name_once"
            ),
        ]


@tracked()
class Household(models.Model):
    """People who live and decide together. Clients of it are seen one by one, each by the rule of sight."""

    code = models.CharField(_("code"), max_length=40, unique=True, null=True, blank=True)  # core banking's
    name = models.CharField(_("name"), max_length=120)


@tracked()
class HouseholdMember(models.Model):
    class Role(models.TextChoices):
        HEAD = "head", _("head")
        SPOUSE = "spouse", _("spouse")
        CHILD = "child", _("child")
        PARENT = "parent", _("parent")
        OTHER = "other", _("member")

    household = models.ForeignKey(Household, models.CASCADE, related_name="members")
    client = models.OneToOneField(
        Client, models.CASCADE, null=True, blank=True, related_name="household_member"
    )
    person = models.CharField(_("name"), max_length=120, blank=True)
    role = models.CharField(_("role"), max_length=6, choices=Role, default=Role.OTHER)

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(client=None) & ~Q(person="")) | Q(client__isnull=False, person=""),
                name="household_member_is_a_client_or_a_name",
            ),
            models.UniqueConstraint(
                fields=["household", "person"], condition=~Q(person=""), name="household_name_once"
            ),
            models.UniqueConstraint(
                fields=["household"], condition=Q(role="head"), name="household_has_one_head"
            ),
        ]


@tracked()
class Introduction(models.Model):
    """`introducer` brought `client` to the bank. Together they form trees: nobody was brought by whom they brought.

    That no circle closes is asked under a lock by `services.introduce`; a constraint sees one row only.
    """

    client = models.OneToOneField(Client, models.CASCADE, related_name="introduction")
    introducer = models.ForeignKey(Client, models.CASCADE, related_name="introductions_made")
    introduced_on = models.DateField(_("introduced on"))
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(client=F("introducer")), name="introduction_not_of_oneself"),
        ]
