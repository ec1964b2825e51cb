"""The book: which clients an account manager looks after, from a day to a day; and lent sight."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clients.models.client import Client
from clients.querysets import OfClientQuerySet
from common.history import tracked


@tracked()
class Assignment(models.Model):
    """`from_on` is the first day; `to_on`, empty while open, is the first day that no longer counts.

    An empty `from_on` reaches back without limit: a bank loaded today can be reviewed for last year.
    """

    class Role(models.TextChoices):
        PRIMARY = "primary", _("primary")
        SECONDARY = "secondary", _("secondary")

    client = models.ForeignKey(Client, models.CASCADE, related_name="assignments", db_index=False)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="assignments", db_index=False
    )
    role = models.CharField(max_length=10, choices=Role, default=Role.PRIMARY)
    from_on = models.DateField(null=True)
    to_on = models.DateField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    objects = OfClientQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["client"], condition=Q(to_on=None, role="primary"), name="assignment_one_open_primary"
            ),
            models.CheckConstraint(
                condition=Q(from_on=None) | Q(to_on=None) | Q(to_on__gte=F("from_on")),
                name="assignment_ends_after_it_begins",
            ),
        ]
        indexes = [
            models.Index(
                fields=["manager", "to_on"], include=["client", "from_on"], name="assignment_manager"
            ),
            models.Index(fields=["client", "role", "to_on"], name="assignment_client"),
        ]


@tracked()
class SightGrant(models.Model):
    """One file opened to someone beside the book and the branch: with a reason for a short time, or by name."""

    class Kind(models.TextChoices):
        REASON = "reason", _("opened with a reason")  # auditors and data officers
        BREAK_GLASS = "break_glass", _("opened in an emergency")  # told to those who look after the client
        NAMED = "named", _("named on a restricted file")  # until it is taken back

    client = models.ForeignKey(Client, models.CASCADE, related_name="sight_grants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="sight_grants")
    kind = models.CharField(max_length=11, choices=Kind, default=Kind.REASON)
    reason = models.CharField(max_length=500)
    from_at = models.DateTimeField(default=timezone.now)
    until_at = models.DateTimeField(null=True)  # empty: a name on a restricted file
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    review = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "until_at"], name="sight_grant_user"),
            models.Index(
                fields=["client"],
                condition=Q(kind="break_glass", reviewed_at=None),
                name="sight_grant_review",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="named", until_at=None) | Q(until_at__gt=F("from_at")),
                name="sight_grant_lasts",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="sight_grant_has_a_reason"),
            models.UniqueConstraint(
                fields=["client", "user"],
                condition=Q(kind="named", until_at=None),
                name="sight_grant_named_once",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at=None, review="", reviewed_by=None)
                | (Q(reviewed_at__isnull=False, reviewed_by__isnull=False) & ~Q(review="")),
                name="sight_grant_review_is_whole",
            ),
        ]
