"""The life of an import: received, checked into staging, committed in one transaction, or refused whole."""

import hashlib
import logging
import shutil
import uuid
from datetime import date, timedelta
from pathlib import Path

import pghistory
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from common.jobs import after_commit
from corebanking import reading, staging, tables
from corebanking.files import Source, too_large
from corebanking.kinds import Kind, kind_of
from corebanking.kinds.base import Scope
from corebanking.mapping import digest_of, load_shipped, load_text, read_mapping
from corebanking.models import ImportJob
from corebanking.refusals import ImportRefused
from corebanking.undo import take_back
from messaging.services import notify
from staff.models import Role, User

logger = logging.getLogger(__name__)
State = ImportJob.State
MANY_ROWS = 1000  # from here on the planner must know what was written, or the next check is slow


def _may_import(actor: User | None) -> None:
    if actor is not None and (not actor.is_active or actor.role != Role.ADMINISTRATOR):
        raise PermissionDenied


def _digest_of_file(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            found.update(chunk)
    return found.hexdigest()


def _new_job(
    *,
    actor,
    kind: str,
    path: Path,
    name: str,
    mapping_name: str,
    mapping_text: str,
    source_date: date | None,
    **more,
) -> ImportJob:
    kind_of(kind)
    known = read_mapping(mapping_text, mapping_name).date_of(name)
    return ImportJob.objects.create(
        kind=kind,
        uploaded_by=actor,
        file_name=name[:255],
        path=str(path),
        size=path.stat().st_size,
        digest=digest_of(_digest_of_file(path), kind, mapping_text),
        mapping_name=mapping_name[:80],
        mapping_text=mapping_text,
        source_date=source_date or known or timezone.localdate(),
        is_source_date_given=bool(source_date or known),
        **more,
    )


def import_path(
    *,
    actor: User | None,
    kind: str,
    path: str | Path,
    mapping: str | None = None,
    allow_rejected: float = 0.0,
    dry_run: bool = False,
    source_date: date | None = None,
) -> ImportJob:
    """One import from a file on this machine, from start to end, synchronously.

    Returns the job: committed, refused, or checked after a dry run. The same file again gives the
    committed job of the first time with `is_repeat` set, and changes nothing.
    Raises: ImportRefused where there is no such kind, mapping or file.
    """
    _may_import(actor)
    path = Path(path)
    if not path.is_file():
        raise ImportRefused(_("There is no file “%(name)s”.") % {"name": path.name})
    text = load_text(mapping) if mapping else ""
    job = _new_job(
        actor=actor,
        kind=kind,
        path=path.resolve(),
        name=path.name,
        mapping_name=Path(mapping).stem if mapping else "",
        mapping_text=text,
        source_date=source_date,
        is_dry_run=dry_run,
        allowed_rejected=allow_rejected,
    )
    earlier = ImportJob.objects.committed_as(job.digest).first()
    if earlier is not None and not dry_run:
        job.delete()
        earlier.is_repeat = True
        return earlier
    job = check_import(job_id=job.pk)
    if job.state != State.CHECKED or dry_run:
        return job
    if job.rejected and job.rejected > allow_rejected * job.read:
        return _refuse(job, _refusal_of(job))
    return commit_import(actor=actor, job_id=job.pk)


def _refusal_of(job: ImportJob) -> str:
    return _("%(rejected)s of %(read)s rows cannot be taken, so nothing was.") % {
        "rejected": job.rejected,
        "read": job.read,
    }


def receive_upload(
    *, actor: User, kind: str, mapping: str, file, source_date: date | None = None
) -> ImportJob:
    """Keep an uploaded file and queue its check. Only shipped mappings can be named by a request.

    Raises: ImportRefused, also where the same file was committed before.
    """
    _may_import(actor)
    if actor is None:
        raise PermissionDenied
    text = load_shipped(mapping) if mapping else ""
    if file.size > settings.MAX_UPLOAD_BYTES:
        raise ImportRefused(too_large())
    folder = Path(settings.UPLOADS_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / uuid.uuid4().hex
    with path.open("wb") as kept:
        shutil.copyfileobj(file, kept, 1 << 20)
    job = _new_job(
        actor=actor,
        kind=kind,
        path=path,
        name=Path(file.name).name,
        mapping_name=mapping,
        mapping_text=text,
        source_date=source_date,
        owns_file=True,
    )
    if ImportJob.objects.committed_as(job.digest).exists():
        job.delete()
        path.unlink(missing_ok=True)
        raise ImportRefused(_("This file was already imported; nothing was changed."))
    after_commit("corebanking.check", job.pk)
    return job


def check_import(*, job_id: int) -> ImportJob:
    """Phase one. Parse, stage and judge; nothing but staging is touched.

    Repeatable: a check that was cut off starts over. Effects: counts, preview, error file, a notice.
    """
    claimed = ImportJob.objects.filter(pk=job_id, state__in=(State.UPLOADED, State.CHECKING)).update(
        state=State.CHECKING, heartbeat_at=timezone.now()
    )
    job = ImportJob.objects.get(pk=job_id)
    if not claimed:
        return job
    with _language_of(job):
        return _check(job)


def _language_of(job: ImportJob):
    """A worker says what is wrong in the language of whoever sent the file."""
    chosen = job.uploaded_by.language if job.uploaded_by else ""
    return translation.override(chosen or translation.get_language())


def _check(job: ImportJob) -> ImportJob:
    try:
        kind, scope = reading.read_file(job)
        counts = staging.judge(kind, scope)
        job.refresh_from_db()
        _take_counts(job, counts)
        job.missing = staging.missing(kind, scope)
        job.preview = staging.preview(kind, scope)
        if job.rejected:
            job.errors_path = str(staging.write_errors(job, kind, scope))
        job.state, job.checked_at = State.CHECKED, timezone.now()
        job.save()
    except ImportRefused as error:
        return _refuse(job, str(error))
    if job.is_dry_run:
        tables.drop_tables(job)
    _tell(job, "import_ready")
    logger.info("import checked id=%s kind=%s read=%s rejected=%s", job.pk, job.kind, job.read, job.rejected)
    return job


def _take_counts(job: ImportJob, counts: dict[str, int]) -> None:
    job.created = counts.get("c", 0)
    job.updated = counts.get("u", 0)
    job.older = counts.get("o", 0)
    job.unchanged = counts.get("=", 0) + job.older
    job.rejected = counts["rejected"]


def _refuse(job: ImportJob, reason: str) -> ImportJob:
    tables.drop_tables(job)
    job.refresh_from_db()
    job.state, job.refusal = State.REFUSED, reason
    job.save()
    _tell(job, "import_refused")
    _forget_file(job)
    return job


def _forget_file(job: ImportJob) -> None:
    if job.owns_file:
        Path(job.path).unlink(missing_ok=True)


def _tell(job: ImportJob, kind: str) -> None:
    if job.uploaded_by and job.owns_file:
        notify(user=job.uploaded_by, kind=kind, subject=f"import/{job.pk}", url=f"/imports/{job.pk}/")


def order_commit(*, actor: User, job: ImportJob, allow_rejected: bool) -> ImportJob:
    """Decide on a checked import from its page: take the good rows, or refuse the whole where some are bad."""
    _may_import(actor)
    changed = ImportJob.objects.filter(pk=job.pk, state=State.CHECKED, is_dry_run=False).update(
        state=State.COMMITTING, allowed_rejected=1.0 if allow_rejected else 0.0, heartbeat_at=timezone.now()
    )
    if not changed:
        raise ImportRefused(_("This import is not waiting for a decision."))
    after_commit("corebanking.commit", job.pk)
    job.refresh_from_db()
    return job


def refuse_import(*, actor: User, job: ImportJob) -> ImportJob:
    """Throw a checked import away; nothing was written."""
    _may_import(actor)
    if not ImportJob.objects.filter(pk=job.pk, state=State.CHECKED).update(state=State.REFUSED):
        raise ImportRefused(_("This import is not waiting for a decision."))
    return _refuse(job, _("Thrown away by %(name)s; nothing was written.") % {"name": actor.name})


def commit_import(*, actor: User | None, job_id: int) -> ImportJob:
    """Phase two. Judge again against the bank as it is now and write, in one transaction.

    Two commits of one kind take turns. Repeatable: a committed import is left alone. History rows of
    the commit carry the import's id.
    """
    _may_import(actor)
    ImportJob.objects.filter(pk=job_id, state=State.CHECKED).update(
        state=State.COMMITTING, heartbeat_at=timezone.now()
    )
    try:
        with pghistory.context(import_id=job_id) as history, transaction.atomic():
            job = ImportJob.objects.select_for_update(of=("self",)).get(pk=job_id)
            if job.state != State.COMMITTING:
                return job
            kind, scope = kind_of(job.kind), _scope_again(job)
            if history.metadata == {"import_id": job_id}:  # else what it did is mixed with something else's
                job.history_id = scope.params["load"] = history.id
            _take_turns(job)
            counts = staging.judge(kind, scope)
            _take_counts(job, counts)
            if job.rejected > job.allowed_rejected * job.read:
                with _language_of(job):
                    raise ImportRefused(_refusal_of(job))
            _write(job, kind, scope)
            job.state, job.committed_at = State.COMMITTED, timezone.now()
            job.save()
    except ImportRefused as error:
        return _refuse(ImportJob.objects.get(pk=job_id), str(error))
    tables.drop_tables(job)
    if job.created + job.updated >= MANY_ROWS:
        tables.analyze(kind, job.created + job.updated)
    _forget_file(job)
    _tell(job, "import_done")
    logger.info(
        "import committed id=%s kind=%s created=%s updated=%s unchanged=%s rejected=%s",
        job.pk, job.kind, job.created, job.updated, job.unchanged, job.rejected,
    )  # fmt: skip
    return job


def _take_turns(job: ImportJob) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import/{job.kind}"])


def undo_import(*, actor: User | None, job: ImportJob) -> ImportJob:
    """Take a committed import back: rows it made go, rows it changed are as before. The file can come again.

    Raises: ImportRefused where rows were changed since or are referred to by later ones, saying how many;
    nothing is half undone.
    """
    _may_import(actor)
    with pghistory.context(undone_import_id=job.pk), transaction.atomic():
        job = ImportJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if job.state != State.COMMITTED:
            raise ImportRefused(_("Only an import that was written can be undone."))
        if job.history_id is None:
            raise ImportRefused(_("What this import did is not kept by itself, so it cannot be undone."))
        _take_turns(job)
        take_back(
            kind=kind_of(job.kind),
            job_id=job.pk,
            history_id=job.history_id,
            actor_id=actor.pk if actor else None,
        )
        job.state, job.undone_at = State.UNDONE, timezone.now()
        job.save()
    logger.info("import undone id=%s kind=%s", job.pk, job.kind)
    return job


def _scope_again(job: ImportJob) -> Scope:
    """The scope of a checked import: which columns its file had is read from its header again."""
    kind = kind_of(job.kind)
    mapping = read_mapping(job.mapping_text, job.mapping_name)
    with Source(Path(job.path), mapping.shape, job.file_name) as source:
        layout = reading.layout_of(job, kind, mapping, iter(source))
    return tables.scope_of(job, frozenset(layout.present))


def _write(job: ImportJob, kind: type[Kind], scope: Scope) -> None:
    with connection.cursor() as cursor:
        for statement in kind.statements(scope):
            if statement.strip():
                cursor.execute(statement, scope.words or None)
        if kind.keeps_coverage() and scope.acts.intersection(kind.covers):
            cursor.execute(
                f"""
                INSERT INTO corebanking_coverage (kind, object_id, as_of, job_id)
                SELECT %s, p.target_id, %s, %s FROM {scope.plan} p WHERE p.act IN %s
                ON CONFLICT (kind, object_id)
                DO UPDATE SET as_of = EXCLUDED.as_of, job_id = EXCLUDED.job_id
                WHERE corebanking_coverage.as_of < EXCLUDED.as_of
                """,
                [job.kind, job.source_date, job.pk, kind.covers],
            )
    kind.finish(scope)


def sweep(*, silent_minutes: int = 10) -> int:
    """Imports whose worker died: a check starts over, a commit is tried again; both are repeatable."""
    since = timezone.now() - timedelta(minutes=silent_minutes)
    found = 0
    for job in ImportJob.objects.silent_since(since).filter(owns_file=True):
        found += 1
        if job.attempt >= 3 or not Path(job.path).is_file():
            job.state, job.refusal = (
                State.FAILED,
                _("The import was cut off and could not be finished; nothing was written."),
            )
            job.save()
            tables.drop_tables(job)
            continue
        ImportJob.objects.filter(pk=job.pk).update(attempt=job.attempt + 1, heartbeat_at=timezone.now())
        after_commit("corebanking.commit" if job.state == State.COMMITTING else "corebanking.check", job.pk)
    return found
