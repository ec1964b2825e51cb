"""Tables that know no domain: the audit trail, its daily seals, holidays, answers kept for replays."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.history import tracked

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class AuditEntry(models.Model):
    """One look, search, reveal or export. Append-only: a trigger refuses change and deletion."""

    class Act(models.TextChoices):
        READ = "read", _("opened the file")
        REVEAL = "reveal", _("looked at")
        SEARCH = "search", _("searched")
        EXPORT = "export", _("exported")
        GRANT = "grant", _("opened with a reason")
        LOGIN = "login", _("logged in")

    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor_id = models.BigIntegerField(null=True)  # staff stands above common: an id, not a key
    actor_name = models.CharField(max_length=200, blank=True)
    act = models.CharField(max_length=10, choices=Act)
    subject = models.CharField(max_length=60, blank=True)  # "client/12"
    detail = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    count = models.PositiveIntegerField(null=True)

    class Meta:
        triggers = [APPEND_ONLY]
        indexes = [
            models.Index(fields=["subject", "-at"], name="audit_subject"),
            models.Index(fields=["actor_id", "-at"], name="audit_actor"),
        ]


class DaySeal(models.Model):
    """The digest of one closed day (UTC) of audit and history, including the day before's digest."""

    day = models.DateField(unique=True)
    digest = models.CharField(max_length=64)
    rows = models.PositiveBigIntegerField()
    shape = models.JSONField(default=dict)  # table → its columns on that day: later migrations break no seal
    sealed_at = models.DateTimeField(default=timezone.now)


@tracked()
class Holiday(models.Model):
    """The bank's own calendar: a day off, or a weekend day that is worked."""

    on = models.DateField()
    name = models.CharField(max_length=120)
    is_day_off = models.BooleanField(default=True)
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=10, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["on", "country", "region"], name="holiday_once"),
        ]


class KeptAnswer(models.Model):
    """The first answer to a write that carried an Idempotency-Key (exchange.md)."""

    owner = models.CharField(max_length=80)  # who asked: "user/3" or "application/7"
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    headers = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="kept_answer_once")]


class SavedRun(models.Model):
    """One run of a daily job for one place: repeatable, so a second row for the day never appears."""

    job = models.CharField(max_length=40)
    place = models.CharField(max_length=40)
    on = models.DateField()
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    figures = ArrayField(models.CharField(max_length=80), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "place", "on"], name="run_once")]
        indexes = [models.Index(fields=["job", "-on"], condition=Q(finished_at=None), name="run_open")]


@tracked()
class MachineScopes(models.Model):
    """The most that a machine's application may ask a token for. Without a row it gets nothing."""

    application = models.OneToOneField(
        "oauth2_provider.Application", models.CASCADE, primary_key=True, related_name="machine_scopes"
    )
    scopes = ArrayField(models.CharField(max_length=40), default=list)
