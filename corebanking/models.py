"""Imports: one row a file, from its upload to its commit or refusal, and what newer exports have covered."""

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.history import tracked
from corebanking.querysets import ImportJobQuerySet

PROGRESS = [
    "bytes_read",
    "read",
    "rejected",
    "heartbeat_at",
]


@tracked(exclude=["preview", *PROGRESS])
class ImportJob(models.Model):
    """One file on its way in. The row is the truth: a lost queue or a killed worker loses nothing."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("waiting to be checked")
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        COMMITTING = "committing", _("being written")
        COMMITTED = "committed", _("committed")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")
        UNDONE = "undone", _("undone")

    kind = models.CharField(_("kind"), max_length=30)
    state = models.CharField(max_length=10, choices=State, default=State.UPLOADED)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="imports"
    )
    file_name = models.CharField(_("file"), max_length=255)
    path = models.CharField(max_length=1000)
    owns_file = models.BooleanField(default=False)  # uploaded: ours to delete when the import is over
    size = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64)  # of content, kind and mapping: the same file again
    mapping_name = models.CharField(_("mapping"), max_length=80, blank=True)
    mapping_text = models.TextField(blank=True)
    lookup_paths = models.JSONField(default=dict, blank=True)  # name of a lookup's file -> where it lies
    source_date = models.DateField(_("as of"))
    is_source_date_given = models.BooleanField(default=False)
    is_dry_run = models.BooleanField(default=False)
    allowed_rejected = models.FloatField(default=0.0)  # share of rows that may be set aside

    attempt = models.PositiveSmallIntegerField(default=0)  # of checking, or of committing
    bytes_read = models.PositiveBigIntegerField(default=0)
    read = models.PositiveBigIntegerField(default=0)
    created = models.PositiveBigIntegerField(default=0)
    updated = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    older = models.PositiveBigIntegerField(default=0)  # of the unchanged: newer data stood already
    rejected = models.PositiveBigIntegerField(default=0)
    missing = models.PositiveBigIntegerField(default=0)  # known to us, not in the file: reported only
    preview = models.JSONField(default=list, blank=True)
    refusal = models.TextField(blank=True)  # one sentence: why the whole file was refused, or what failed
    errors_path = models.CharField(max_length=1000, blank=True)
    history_id = models.UUIDField(null=True, blank=True, unique=True)  # pghistory context of the commit

    created_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True, blank=True)
    committed_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "uploaded",
                        "checking",
                        "checked",
                        "committing",
                        "committed",
                        "refused",
                        "failed",
                        "undone",
                    ]
                ),
                name="import_state_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["committed", "undone"]) | Q(committed_at__isnull=False),
                name="import_committed_has_a_time",
            ),
            models.CheckConstraint(condition=Q(allowed_rejected__range=(0, 1)), name="import_share_0_to_1"),
            models.CheckConstraint(
                condition=Q(older__lte=F("unchanged")), name="import_older_within_unchanged"
            ),
        ]
        indexes = [
            models.Index(fields=["digest"], condition=Q(state="committed"), name="import_digest"),
            models.Index(fields=["-created_at", "-id"], name="import_latest"),
            models.Index(
                fields=["heartbeat_at"],
                condition=Q(state__in=["uploaded", "checking", "committing"]),
                name="import_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.UPLOADED, self.State.CHECKING, self.State.COMMITTING)

    @property
    def may_be_undone(self) -> bool:
        """Whether it may be asked for; whether it can be done shows when it is tried."""
        return self.state == self.State.COMMITTED and self.history_id is not None

    def shows_values_to(self, user) -> bool:
        """Whoever sent a file sees what stands in it; nobody sees clients by way of another's file."""
        return self.uploaded_by_id is None or self.uploaded_by_id == user.pk

    @property
    def good(self) -> int:
        """Rows that a commit would take."""
        return self.read - self.rejected

    @property
    def errors_name(self) -> str:
        """The name under which the error file is handed out."""
        stem = self.file_name.split(".")[0] or self.kind
        return f"{stem}-errors{Path(self.errors_path).suffix}"


class Coverage(models.Model):
    """The source date of the newest export that held a row, where the row itself does not keep it.

    An unchanged row is not written, yet an older export that comes late must not overwrite it.
    """

    kind = models.CharField(max_length=30)
    object_id = models.BigIntegerField()
    as_of = models.DateField()
    job_id = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "object_id"], name="coverage_once")]
        indexes = [models.Index(fields=["job_id"], name="coverage_job")]
