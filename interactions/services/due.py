"""The daily run: what came due becomes occurrences, and each occurrence an action or part of one.

Twice, late, on two workers or after an outage: the same rows. The unique constraint of Occurrence
says what exists; only rows that this run inserted get an action.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from psycopg2.extras import execute_values

from clients.models import Assignment, Theme
from common.calendars import WorkingCalendar
from common.models import SavedRun
from interactions.models import Action, Occurrence
from interactions.sources import SOURCES, Due
from messaging.services import notify
from staff.models import Branch, User

logger = logging.getLogger(__name__)

JOB = "raise_due"
FIRST_LOOK_BACK = timedelta(days=7)
LONGEST_LOOK_BACK = timedelta(days=400)
CHUNK = 2000


@dataclass
class Raised:
    """What one run did; `occurrences` are the ids it wrote."""

    on: date
    raised: Counter = field(default_factory=Counter)
    late: int = 0
    escalated: int = 0
    occurrences: list[int] = field(default_factory=list)


def raise_due(*, on: date | None = None, branches: Iterable[Branch] | None = None) -> Raised:
    """Raise everything due on a date, in every branch's own calendar (default: each branch's today).

    Rule: a source's row is raised from its notice day on; what was missed since the last run (at most
    400 days; 7 on a first run) is raised late and marked so. One transaction a branch and source.
    Repeatable: a second run writes nothing.
    """
    done = Raised(on=on or timezone.localdate())
    for branch in branches if branches is not None else Branch.objects.order_by("pk"):
        _raise_for_branch(branch, on or branch.today(), done)
    return done


def _raise_for_branch(branch: Branch, on: date, done: Raised) -> None:
    before = SavedRun.objects.filter(job=JOB, place=branch.code, on__lt=on, finished_at__isnull=False)
    last = before.order_by("-on").values_list("on", flat=True).first()
    since = max(last + timedelta(days=1), on - LONGEST_LOOK_BACK) if last else on - FIRST_LOOK_BACK
    working = WorkingCalendar.of(country=branch.country, region=branch.region, weekdays=branch.working_days)
    run, _made = SavedRun.objects.get_or_create(job=JOB, place=branch.code, on=on)
    told: Counter = Counter()
    for source in SOURCES:
        theme = Theme.objects.get(code=source.theme)
        with transaction.atomic(), connection.cursor() as cursor:
            # Two runs of one branch take turns, so that one open action of a theme is not made twice.
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{JOB}/{branch.code}/{source.code}"]
            )
            rows = (
                row
                for row in source.due(branch=branch, working=working, since=since, on=on)
                if row.notice_on <= on and (row.notice_on >= since or row.due_on >= on)
            )
            while chunk := list(islice(rows, CHUNK)):
                _write(source, theme, on, chunk, done, told)
    SavedRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    _tell(branch, on, told)
    logger.info("raised branch=%s on=%s rows=%s", branch.code, on, sum(told.values()))


def _write(source, theme: Theme, on: date, chunk: list[Due], done: Raised, told: Counter) -> None:
    with connection.cursor() as cursor:
        inserted = execute_values(
            cursor.cursor,
            """
            INSERT INTO interactions_occurrence
                (source, subject, due_on, client_id, is_late, raised_on, raised_at)
            VALUES %s ON CONFLICT (source, subject, due_on) DO NOTHING
            RETURNING id, subject, due_on, is_late
            """,
            [
                (source.code, d.subject, d.due_on, d.client_id, d.notice_on < on, on, timezone.now())
                for d in chunk
            ],
            fetch=True,
            page_size=CHUNK,
        )
    if not inserted:
        return
    new = {(subject, due_on): pk for pk, subject, due_on, _late in inserted}
    done.raised[source.code] += len(inserted)
    done.late += sum(late for *_rest, late in inserted)
    done.occurrences += new.values()

    dues = [d for d in chunk if (d.subject, d.due_on) in new]
    open_now = {
        action.client_id: action
        for action in Action.objects.open()
        .filter(client__in={d.client_id for d in dues}, theme=theme, owner=None)
        .order_by("-due_on", "-pk")  # the most pressing one is kept last, and so wins
    }
    fresh: dict[int, Action] = {}
    for d in sorted(dues, key=lambda d: d.due_on):
        action = open_now.get(d.client_id)
        if action is None:
            action = _action(source, theme, d)
            open_now[d.client_id] = fresh[d.client_id] = action
            told[d.client_id] += 1
        elif d.due_on < action.due_on and action.pk:
            action.due_on, action.event_on, action.about = d.due_on, d.event_on, d.about
            action.years, action.amount, action.currency = d.years, d.amount, d.currency
            action.opens_on = min(action.opens_on, d.due_on)
            action.save()
    Action.objects.bulk_create(fresh.values(), batch_size=500)
    links = [(new[d.subject, d.due_on], open_now[d.client_id].pk) for d in dues]
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "UPDATE interactions_occurrence o SET action_id = v.action FROM (VALUES %s) AS v (id, action) WHERE o.id = v.id",
            links,
            page_size=CHUNK,
        )


def _action(source, theme: Theme, d: Due) -> Action:
    return Action(
        client_id=d.client_id,
        theme=theme,
        channel=source.channel,
        opens_on=d.notice_on,
        due_on=d.due_on,
        origin=Action.Origin.OCCURRENCE,
        source=source.code,
        about=d.about,
        event_on=d.event_on,
        years=d.years,
        amount=d.amount,
        currency=d.currency,
    )


def _tell(branch: Branch, on: date, told: Counter) -> None:
    """One notice a manager and day, with how many came due."""
    if not told:
        return
    holders: Counter = Counter()
    rows = Assignment.objects.filter(client__in=told, role=Assignment.Role.PRIMARY, to_on=None)
    for manager_id, client_id in rows.values_list("manager_id", "client_id"):
        holders[manager_id] += told[client_id]
    for user in User.objects.active().filter(pk__in=holders):
        notify(user=user, kind="due", subject=f"day/{on}", url="/today/", count=holders[user.pk])


def rows_of(done: Raised) -> list[dict]:
    """Every row of a run as the command prints it."""
    rows = Occurrence.objects.filter(pk__in=done.occurrences).annotate(client_number=F("client__number"))
    return list(
        rows.order_by("source", "due_on", "subject").values(
            "source", "client_number", "subject", "due_on", "is_late"
        )
    )
