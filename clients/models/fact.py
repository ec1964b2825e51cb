"""What is known about a client, and the ledger of how it became known."""

from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models.client import Client
from clients.querysets import OfClientQuerySet
from clients.words import fact_name
from common.calendars import in_year
from common.history import tracked
from common.models import APPEND_ONLY


@tracked()
class FactType(models.Model):
    """One entry of the catalogue: how much knowing it weighs and where its value lives."""

    class Lives(models.TextChoices):
        FACT = "fact", _("a fact")
        CONTACT_POINT = "contact_point", _("a contact point")
        DATED_FACT = "dated_fact", _("a dated fact")
        RELATION = "relation", _("a relation")
        AGREEMENT = "agreement", _("a contact agreement")

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    lives_in = models.CharField(max_length=14, choices=Lives, default=Lives.FACT)
    weight = models.PositiveSmallIntegerField(_("weight"), default=1)
    is_many = models.BooleanField(_("may be several"), default=False)

    class Meta:
        ordering = ["-weight", "name"]

    def __str__(self) -> str:
        return fact_name(self)


@tracked()
class Fact(models.Model):
    client = models.ForeignKey(Client, models.CASCADE, related_name="facts", db_index=False)
    type = models.ForeignKey(FactType, models.PROTECT, related_name="facts", db_index=False)
    value = models.CharField(max_length=500)
    learnt_on = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)  # an estimate
    currency = models.CharField(max_length=3, blank=True, default="", db_default="")

    objects = OfClientQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["client", "type"], name="fact_client_type")]
        constraints = [
            models.CheckConstraint(condition=~Q(value=""), name="fact_has_a_value"),
            models.CheckConstraint(
                condition=Q(amount=None, currency="") | Q(amount__isnull=False, currency__regex="^[A-Z]{3}$"),
                name="fact_amount_has_a_currency",
            ),
        ]


@tracked()
class DatedFact(models.Model):
    """A date that comes back. The next occurrence is always computed from the original date."""

    class Kind(models.TextChoices):
        BIRTHDAY = "birthday", _("Birthday")
        WEDDING = "wedding", _("Wedding")
        FOUNDING = "founding", _("Founding day")
        OTHER = "other", _("Other")

    class Calendar(models.TextChoices):
        GREGORIAN = "gregorian", _("Gregorian")
        LUNAR = "lunar", _("Chinese lunar")

    client = models.ForeignKey(Client, models.CASCADE, related_name="dated_facts", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    person = models.CharField(max_length=120, blank=True)  # empty: the client
    calendar = models.CharField(max_length=10, choices=Calendar, default=Calendar.GREGORIAN)
    year = models.SmallIntegerField(null=True, blank=True)
    month = models.SmallIntegerField(null=True, blank=True)  # empty: only the year is known
    day = models.SmallIntegerField(null=True, blank=True)
    is_leap_month = models.BooleanField(default=False)
    lead_days = models.SmallIntegerField(null=True, blank=True)  # empty: the source's own

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "kind", "person"], name="dated_fact_once"),
            models.CheckConstraint(
                condition=Q(month=None, day=None, year__isnull=False)
                | Q(month__range=(1, 12), day__range=(1, 31)),
                name="dated_fact_is_a_date",
            ),
            models.CheckConstraint(
                condition=Q(is_leap_month=False) | Q(calendar="lunar"), name="dated_fact_leap_month_is_lunar"
            ),
        ]
        indexes = [
            models.Index(fields=["calendar", "kind", "month", "day"], name="dated_fact_comes_back"),
            models.Index(fields=["kind"], condition=Q(lead_days__isnull=False), name="dated_fact_own_lead"),
        ]

    def comes_back_in(self, year: int) -> date | None:
        """The Gregorian date of this year's coming-back; None for lunar dates and bare years."""
        if self.calendar != self.Calendar.GREGORIAN or self.month is None:
            return None
        return in_year(self.month, self.day or 1, year)

    def as_text(self) -> str:
        """The way files write it: 1980-02-29, --02-29, 1980, lunar:1980-L04-15."""
        prefix = "lunar:" if self.calendar == self.Calendar.LUNAR else ""
        if self.month is None:
            return f"{prefix}{self.year:04d}"
        leap = "L" if self.is_leap_month else ""
        year = f"{self.year:04d}" if self.year is not None else "-"
        return f"{prefix}{year}-{leap}{self.month:02d}-{self.day:02d}"


class FactChange(models.Model):
    """The ledger of what became known. Append-only (trigger); indicators read only this."""

    class ByKind(models.TextChoices):
        STAFF = "staff", _("staff")
        CLIENT = "client", _("client")
        IMPORT = "import", _("import")

    client = models.ForeignKey(Client, models.CASCADE, related_name="fact_changes", db_index=False)
    fact_type = models.ForeignKey(FactType, models.PROTECT, related_name="+", db_index=False)
    slot = models.CharField(max_length=40)  # the row it lives in: "fact/12", "contact_point/3"
    old_hash = models.CharField(max_length=64, blank=True)  # empty: was not known
    new_hash = models.CharField(max_length=64, blank=True)  # empty: no longer known
    by_kind = models.CharField(max_length=6, choices=ByKind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    contact_id = models.BigIntegerField(null=True)  # interactions stands above: an id, not a key
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        triggers = [APPEND_ONLY]
        indexes = [
            models.Index(fields=["client", "at"], name="fact_change_client"),
            models.Index(
                fields=["contact_id"], condition=Q(contact_id__isnull=False), name="fact_change_contact"
            ),
        ]
