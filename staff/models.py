"""People of the bank, the tree of branches they belong to, and who stands in for whom."""

from datetime import date
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.calendars import WorkingCalendar
from common.history import tracked
from staff.querysets import BranchQuerySet, CoverQuerySet, OwnQuerySet, UserManager


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            _("“%(name)s” is not a time zone; write one like Europe/Madrid."), params={"name": name}
        )


def working_week() -> list[int]:
    return [0, 1, 2, 3, 4]


@tracked()
class Branch(models.Model):
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    path = ArrayField(models.BigIntegerField(), default=list, editable=False)  # ids from the root to itself
    country = models.CharField(_("country"), max_length=2, blank=True)
    region = models.CharField(_("region"), max_length=10, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=40, default="UTC", validators=[validate_time_zone]
    )
    working_days = ArrayField(models.SmallIntegerField(), default=working_week)  # Monday is 0

    objects = BranchQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [GinIndex(fields=["path"], name="branch_path")]
        constraints = [
            models.CheckConstraint(condition=~Q(parent=F("id")), name="branch_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def today(self) -> date:
        return timezone.localdate(timezone=self.zone)

    def working_calendar(self) -> WorkingCalendar:
        """The branch's working days: its week, the holidays of its place and the bank's own table. One question."""
        return WorkingCalendar.of(country=self.country, region=self.region, weekdays=self.working_days)


class Role(models.TextChoices):
    ACCOUNT_MANAGER = "account_manager", _("Account manager")
    SUPERVISOR = "supervisor", _("Branch supervisor")
    FRONT_DESK = "front_desk", _("Front desk")
    HEAD_OFFICE = "head_office", _("Head office")
    ADMINISTRATOR = "administrator", _("Administrator")
    AUDITOR = "auditor", _("Auditor")
    DATA_OFFICER = "data_officer", _("Data officer")


@tracked(exclude=["password", "last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    Role = Role

    staff_number = models.CharField(_("staff number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("email"), unique=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, blank=True)
    branch = models.ForeignKey(Branch, models.PROTECT, null=True, blank=True, related_name="staff")
    language = models.CharField(_("language"), max_length=10, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=40, blank=True, validators=[validate_time_zone])
    is_active = models.BooleanField(_("active"), default=True)
    sees_identities = models.BooleanField(_("sees client identities"), default=False)  # head office only
    daily_capacity = models.PositiveSmallIntegerField(_("contacts a day"), default=15)
    remembered_channel = models.CharField(max_length=10, blank=True)

    objects = UserManager()

    USERNAME_FIELD = "staff_number"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name", "email"]

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["branch", "role"], name="user_branch_role")]
        constraints = [
            models.CheckConstraint(condition=Q(role="") | Q(role__in=Role.values), name="user_role_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone or (self.branch.time_zone if self.branch else "UTC"))

    def today(self) -> date:
        return timezone.localdate(timezone=self.zone)

    @property
    def may_see_identities(self) -> bool:
        """Head office works with figures; names and contact points need the right beside the role."""
        return self.role != Role.HEAD_OFFICE or self.sees_identities


@tracked()
class Cover(models.Model):
    """One account manager stands in for another from a day to a day, both included."""

    covered = models.ForeignKey(User, models.PROTECT, related_name="covers_of")
    stand_in = models.ForeignKey(User, models.PROTECT, related_name="stands_in")
    from_on = models.DateField(_("from"))
    to_on = models.DateField(_("to"))

    objects = CoverQuerySet.as_manager()

    class Meta:
        ordering = ["from_on"]
        constraints = [
            models.CheckConstraint(condition=Q(to_on__gte=F("from_on")), name="cover_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(covered=F("stand_in")), name="cover_by_another_person"),
        ]

    def __str__(self) -> str:
        return f"{self.covered_id} → {self.stand_in_id}"


@tracked()
class SavedView(models.Model):
    """A list as one person wants to find it again: filters and columns as the page's own query string."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40)  # the name of the list's address
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000)
    position = models.PositiveSmallIntegerField(default=0)

    objects = OwnQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "page", "name"], name="saved_view_name_once"),
            models.CheckConstraint(condition=~Q(name=""), name="saved_view_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name
