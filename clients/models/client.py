"""The client, how to reach one, and what stood on a day."""

from datetime import date

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models.practice import Tier
from clients.querysets import ClientQuerySet, ContactPointQuerySet, OfClientQuerySet
from common.crypto import decrypt
from common.history import tracked
from staff.models import Branch


class Status(models.TextChoices):
    PROSPECT = "prospect", _("Prospect")
    ACTIVE = "active", _("Active")
    DORMANT = "dormant", _("Dormant")
    CLOSED = "closed", _("Closed")
    DECEASED = "deceased", _("Deceased")
    BLOCKED = "blocked", _("Blocked")


class Trend(models.TextChoices):
    STRENGTHENING = "strengthening", _("getting stronger")
    STEADY = "steady", _("steady")
    WEAKENING = "weakening", _("getting weaker")


@tracked(exclude=["search", "document_number"])  # a retired key must not keep old ciphertext alive
class Client(models.Model):
    """A person or organisation the bank serves. What is learnt about one lives in facts, not here."""

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        ORGANISATION = "organisation", _("Organisation")

    class Gender(models.TextChoices):
        FEMALE = "female", _("Female")
        MALE = "male", _("Male")
        OTHER = "other", _("Other")

    class Source(models.TextChoices):
        CORE = "core", _("core banking")
        STAFF = "staff", _("staff")

    Status = Status
    Trend = Trend

    number = models.CharField(_("client number"), max_length=40, db_collation="C")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=200)
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True)
    given_name = models.CharField(_("given name"), max_length=100, blank=True)
    family_name = models.CharField(_("family name"), max_length=100, blank=True)
    native_name = models.CharField(_("name in its own script"), max_length=100, blank=True)
    preferred_address = models.CharField(_("how to address"), max_length=100, blank=True)
    sort_name = models.CharField(max_length=200, db_collation="C", editable=False)
    gender = models.CharField(_("gender"), max_length=6, choices=Gender, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)

    document_type = models.CharField(_("document type"), max_length=30, blank=True)
    document_country = models.CharField(_("document country"), max_length=2, blank=True)
    document_number = models.BinaryField(null=True, editable=False)  # common.crypto
    document_hash = models.CharField(max_length=64, blank=True, editable=False)
    document_hint = models.CharField(max_length=3, blank=True, editable=False)  # its last characters

    # client_branch_sort begins with it; an index of its own would only slow imports down. So below.
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="clients", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, blank=True, related_name="clients")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    trend = models.CharField(_("relationship"), max_length=14, choices=Trend, default=Trend.STEADY)
    risk_profile = models.PositiveSmallIntegerField(_("risk profile"), null=True, blank=True)
    risk_assessed_on = models.DateField(null=True, blank=True)
    risk_valid_until = models.DateField(null=True, blank=True)
    document_valid_until = models.DateField(_("document valid until"), null=True, blank=True)
    # The day on which the trend was last judged to be weakening; none while it is not.
    weakening_since = models.DateField(null=True, blank=True, editable=False)
    since = models.DateField(_("client since"), null=True, blank=True)
    source = models.CharField(max_length=5, choices=Source, default=Source.CORE)
    is_restricted = models.BooleanField(_("restricted file"), default=False)
    core_as_of = models.DateField(null=True, blank=True)  # source date of the export last obeyed

    # Written only by interactions: lists, segments and Today need them indexed.
    last_reached_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_due_on = models.DateField(null=True, blank=True, editable=False)

    search = SearchVectorField(editable=False, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="client_number_once"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="client_status_known"),
            models.CheckConstraint(
                condition=Q(risk_profile=None) | Q(risk_profile__range=(1, 5)), name="client_risk_1_to_5"
            ),
            # Letters, digits, dot, dash, underscore: a number stands in addresses of pages.
            models.CheckConstraint(
                condition=Q(number__regex=r"^[A-Za-z0-9._-]+$"), name="client_number_plain"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="client_has_a_name"),
            models.CheckConstraint(
                condition=Q(risk_assessed_on=None)
                | Q(risk_valid_until=None)
                | Q(risk_valid_until__gte=F("risk_assessed_on")),
                name="client_risk_valid_after_assessed",
            ),
        ]
        indexes = [
            models.Index(fields=["sort_name", "id"], name="client_sort"),
            models.Index(fields=["branch", "sort_name", "id"], name="client_branch_sort"),
            models.Index(fields=["document_hash"], condition=~Q(document_hash=""), name="client_document"),
            models.Index(
                fields=["next_due_on"], condition=Q(next_due_on__isnull=False), name="client_next_due"
            ),
            models.Index(fields=["branch", "last_reached_at"], name="client_branch_reached"),
            models.Index(fields=["last_reached_at", "id"], name="client_reached"),
            models.Index(
                fields=["branch", "next_due_on"],
                include=["id"],  # the plan finds who is missing in it without opening a client
                condition=Q(status="active", next_due_on__isnull=False),
                name="client_branch_due_id",
            ),
            models.Index(fields=["country"], condition=Q(status="active"), name="client_country"),
            *(
                models.Index(
                    fields=["branch", field],
                    condition=Q(status="active", **{f"{field}__isnull": False}),
                    name=f"client_{name}",
                )
                for field, name in (
                    ("risk_valid_until", "risk_ends"),
                    ("document_valid_until", "document_ends"),
                    ("weakening_since", "weakening"),
                )
            ),
            GinIndex(OpClass(F("search"), name="tsvector_ops"), name="client_search"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_served(self) -> bool:
        """Whether any contact may still be planned with this client."""
        return self.status not in (Status.CLOSED, Status.DECEASED)

    @property
    def other_script(self) -> str:
        """The native name where it adds to the name."""
        return self.native_name if self.native_name and self.native_name != self.name else ""

    def open_document_number(self) -> str:
        """The document number in clear. The caller records the look."""
        return decrypt(self.document_number) if self.document_number else ""


class Standing(models.Model):
    """Branch, tier and status from a day to a day: the ledger that reviews of the past read.

    `from_on` empty reaches back without limit; `to_on` empty is today's; the day `to_on` is the
    first day that no longer counts. Append-only but for closing the open row.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="standings")
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="+", db_index=False)
    tier = models.ForeignKey(Tier, models.PROTECT, null=True, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=Status)
    from_on = models.DateField(null=True)
    to_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client"], condition=Q(to_on=None), name="standing_one_open"),
            models.CheckConstraint(
                condition=Q(from_on=None) | Q(to_on=None) | Q(to_on__gt=F("from_on")),
                name="standing_has_days",
            ),
        ]
        indexes = [
            models.Index(
                fields=["branch", "to_on"], include=["client", "status", "from_on"], name="standing_branch"
            )
        ]


@tracked()
class ContactPoint(models.Model):
    """One way to reach a client. Phones in E.164, emails in lower case."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone")
        EMAIL = "email", _("Email")
        ADDRESS = "address", _("Address")
        MESSENGER = "messenger", _("Messenger")

    client = models.ForeignKey(Client, models.CASCADE, related_name="contact_points", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=254)
    is_primary = models.BooleanField(default=False)
    is_verified = models.BooleanField(default=False)
    entered_by = models.CharField(max_length=5, choices=Client.Source, default=Client.Source.STAFF)
    do_not_use = models.BooleanField(default=False)

    objects = ContactPointQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "-is_primary", "id"]
        constraints = [
            models.UniqueConstraint(fields=["client", "kind", "value"], name="contact_point_once"),
            models.UniqueConstraint(
                fields=["client", "kind"], condition=Q(is_primary=True), name="contact_point_one_primary"
            ),
        ]

    @property
    def masked(self) -> str:
        """Enough to recognise it, not enough to use it."""
        if self.kind == self.Kind.EMAIL:
            local, _at, host = self.value.partition("@")
            return f"{local[:1]}•••••@{host}"
        if self.kind == self.Kind.PHONE:
            return f"{self.value[:3]} ••• ••• {self.value[-3:]}"
        return "••••••"


@tracked()
class CoreValue(models.Model):
    """What core banking says where the CRM owns the field and holds another value: accept or ignore."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="core_values")
    field = models.CharField(max_length=40)
    value = models.CharField(max_length=254)
    said_at = models.DateTimeField(default=timezone.now)
    ignored_at = models.DateTimeField(null=True, blank=True)

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "field"], name="core_value_once")]


def age_on(birth: date, day: date) -> int:
    """Whole years from a birth date to a day."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
