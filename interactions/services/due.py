"""The daily run: what came due becomes occurrences, and each occurrence an action or part of one.

Twice, late, on two workers or after an outage: the same rows. The unique constraint of Occurrence
says what exists; only rows that this run inserted get an action.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from itertools import islice

from django.db import connection, transaction
from django.db.models import Exists, F, Max, Min, OuterRef, Value
from django.db.models.functions import Least
from django.urls import reverse
from django.utils import timezone
from psycopg2.extras import execute_values

from clients.models import Assignment, Theme
from common.calendars import WorkingCalendar
from common.models import SavedRun
from interactions.models import Action, Contact, Occurrence, ReminderRule
from interactions.services.overtaken import withdraw_overtaken
from interactions.services.plans import plan_service
from interactions.sources import SOURCES, Asked, Due, Rules, Source, cause_of
from messaging.services import notify
from staff.models import Branch, User

logger = logging.getLogger(__name__)

JOB = "raise_due"
FIRST_LOOK_BACK = timedelta(days=7)
LONGEST_LOOK_BACK = timedelta(days=400)
SECOND_LOOK = timedelta(days=3)
CHUNK = 2000
REASON = ("about", "event_on", "years", "amount", "currency")  # what the words are made of


@dataclass
class Raised:
    """What one run did; `occurrences` are the ids it wrote."""

    on: date
    raised: Counter = field(default_factory=Counter)
    late: int = 0
    escalated: int = 0
    occurrences: list[int] = field(default_factory=list)


def raise_due(
    *, on: date | None = None, branches: Iterable[Branch] | None = None, with_plans: bool = True
) -> Raised:
    """Raise everything due on a date, in every branch's own calendar (default: each branch's today).

    Rule: a source's row is raised from its notice day on; what was missed since the last run (at most
    400 days; 7 on a first run) is raised late and marked so. One transaction a branch and source.
    What is overtaken is withdrawn first, and the contacts of the coming weeks are placed (`plan_service`).
    Each cause has an action of its own. Without plans nobody is told as not reached. Repeatable: a second run writes nothing.
    """
    done = Raised(on=on or timezone.localdate())
    rules = all_rules()
    for branch in branches if branches is not None else Branch.objects.order_by("pk"):
        day = on or branch.today()
        withdraw_overtaken(branch)
        _raise_for_branch(branch, day, rules, done, with_plans=with_plans)
    return done


def _raise_for_branch(
    branch: Branch, on: date, all_of: dict[str, Rules], done: Raised, *, with_plans: bool
) -> None:
    runs = SavedRun.objects.filter(job=JOB, place=branch.code, on__lt=on, finished_at__isnull=False)
    known = runs.aggregate(first=Min("on"), last=Max("on"))
    # Some days further than the last run: what was loaded a day late, or moved here meanwhile, is told late.
    since = (
        max(known["last"] - SECOND_LOOK, known["first"] - FIRST_LOOK_BACK, on - LONGEST_LOOK_BACK)
        if known["last"]
        else on - FIRST_LOOK_BACK
    )
    # What lasts is told however late it became known, but for what was over before the bank began.
    began = max((known["first"] or on) - FIRST_LOOK_BACK, on - LONGEST_LOOK_BACK)
    working = WorkingCalendar.of(country=branch.country, region=branch.region, weekdays=branch.working_days)
    run, _made = SavedRun.objects.get_or_create(job=JOB, place=branch.code, on=on)
    told: Counter = Counter()
    for source in SOURCES:
        rules = all_of[source.code]
        asked = Asked(branch, working, began if source.lasts else since, on, rules)
        if source.planned:
            # Planned contacts answer it, within what a day holds: none is too old.
            if not with_plans:
                continue
            asked = replace(asked, since=on - LONGEST_LOOK_BACK)
            plan_service(branch, on=on)
        with transaction.atomic(), connection.cursor() as cursor:
            # Two runs of one branch take turns, so that one open action of a theme is not made twice.
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{JOB}/{branch.code}/{source.code}"]
            )
            noticed = map(partial(_noticed, rules), source.due(asked))
            rows = (row for row in noticed if _is_told(row, asked, lasts=source.lasts))
            while chunk := list(islice(rows, CHUNK)):
                _write(source, on, chunk, done, told)
    escalated = _escalate(branch, on, all_of)
    done.escalated += escalated
    SavedRun.objects.filter(pk=run.pk).update(finished_at=timezone.now())
    _tell(branch, on, told)
    logger.info("raised branch=%s on=%s rows=%s escalated=%s", branch.code, on, sum(told.values()), escalated)


def all_rules() -> dict[str, Rules]:
    """The bank's rules of every source as they stand, by its code."""
    found: dict[str, Rules] = {source.code: Rules(source) for source in SOURCES}
    for rule in ReminderRule.objects.filter(source__in=found):
        found[rule.source].by_tier[rule.tier_id] = rule
    return found


@dataclass(frozen=True)
class Noticed:
    """A coming-due with what the rule of the client's tier makes of it."""

    due: Due
    rule: ReminderRule
    notice_on: date


def _noticed(rules: Rules, due: Due) -> Noticed:
    rule = rules.of(due.tier_id)
    lead = rule.lead_days if due.lead_days is None else due.lead_days
    return Noticed(due, rule, due.due_on - timedelta(days=lead))


def _is_told(row: Noticed, asked: Asked, *, lasts: bool) -> bool:
    first = row.due.due_on if lasts else row.notice_on
    is_new = first >= asked.since or row.due.due_on >= asked.on
    return row.rule.is_on and row.notice_on <= asked.on and is_new


def _write(source: Source, on: date, chunk: list[Noticed], done: Raised, told: Counter) -> None:
    theme = Theme.objects.get(code=source.theme)
    chunk = _without_moved(source, chunk)
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
                (
                    source.code,
                    row.due.subject,
                    row.due.due_on,
                    row.due.client_id,
                    row.notice_on < on,
                    on,
                    timezone.now(),
                )
                for row in chunk
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

    rows = [row for row in chunk if (row.due.subject, row.due.due_on) in new]
    standing = _standing(source, rows)
    fresh: dict[str, Action] = {}
    links: list[tuple[int, str | int]] = []
    for row in sorted(rows, key=lambda row: row.due.due_on):
        due, cause = row.due, row.due.cause
        pk = due.action_id or standing.get(cause)
        if pk is None and cause not in fresh:
            fresh[cause] = _action(source, theme, row)
        elif pk is not None and due.action_id is None and not source.planned:
            _tell_anew(pk, row)
        if pk is None or due.action_id is not None:
            told[due.client_id, due.owner_id] += 1
        links.append((new[due.subject, due.due_on], cause if pk is None else pk))
    Action.objects.bulk_create(fresh.values(), batch_size=500)
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "UPDATE interactions_occurrence o SET action_id = v.action FROM (VALUES %s) AS v (id, action) WHERE o.id = v.id",
            [(pk, fresh[to].pk if isinstance(to, str) else to) for pk, to in links],
            page_size=CHUNK,
        )


def _without_moved(source: Source, chunk: list[Noticed]) -> list[Noticed]:
    """Leave out what was told for a day nearby: the calendar moved the day, not the bank."""
    longest = source.longest_move
    if longest is None:
        return chunk
    known: dict[str, list[date]] = {}
    rows = Occurrence.objects.filter(source=source.code, subject__in=[row.due.subject for row in chunk])
    for subject, day in rows.values_list("subject", "due_on"):
        known.setdefault(subject, []).append(day)
    return [
        row
        for row in chunk
        if not any(
            day != row.due.due_on and abs(day - row.due.due_on) <= longest
            for day in known.get(row.due.subject, ())
        )
    ]


def _standing(source: Source, rows: list[Noticed]) -> dict[str, int]:
    """Open actions by cause: of an earlier step or day of the same cause, or a contact that is planned anyway."""
    if source.planned:
        planned = Action.objects.open().filter(
            origin=Action.Origin.PLAN, client__in=[row.due.client_id for row in rows]
        )
        by_client = dict(planned.values_list("client_id", "pk"))
        return {row.due.cause: by_client[row.due.client_id] for row in rows if row.due.client_id in by_client}
    causes = {row.due.cause for row in rows}
    clients = [row.due.client_id for row in rows]
    told = Occurrence.objects.filter(
        source=source.code,
        client__in=clients,
        action__state=Action.State.PLANNED,
        action__origin=Action.Origin.OCCURRENCE,
    ).values_list("subject", "action_id")
    found = ((cause_of(subject), pk) for subject, pk in told)
    return {cause: pk for cause, pk in found if cause in causes}


def _tell_anew(pk: int, row: Noticed) -> None:
    """The open action of a cause says what the cause says now; what a person did to it stays."""
    due = row.due
    Action.objects.open().filter(pk=pk).exclude(due_on=due.due_on, event_on=due.event_on).update(
        due_on=due.due_on,
        opens_on=Least(F("opens_on"), Value(due.due_on)),
        **{name: getattr(due, name) for name in REASON},
    )


def _action(source: Source, theme: Theme, row: Noticed) -> Action:
    return Action(
        client_id=row.due.client_id,
        theme=theme,
        channel=source.channel,
        opens_on=row.notice_on,
        due_on=row.due.due_on,
        origin=Action.Origin.OCCURRENCE,
        source=source.code,
        severity=row.rule.severity,
        **{name: getattr(row.due, name) for name in REASON},
    )


# -- nobody acted ------------------------------------------------------------------------------------


def _escalate(branch: Branch, on: date, rules: dict[str, Rules]) -> int:
    """Tell the supervisors of what is open beyond its rule's days though nobody tried; how many rows.

    An attempt is an act, and so is putting off until a later day. Each row is told once.
    """
    tried = Contact.objects.counted().filter(action=OuterRef("action"))
    waiting = (
        Occurrence.objects.filter(
            client__branch=branch,
            client__status="active",
            action__state=Action.State.PLANNED,
            escalated_on=None,
            due_on__lt=on,
            source__in=rules,
        )
        .exclude(Exists(tried))
        .values_list("pk", "source", "due_on", "raised_on", "action__snoozed_until", "client__tier_id")
    )
    late: list[int] = []
    for pk, source, due_on, raised_on, snoozed, tier_id in waiting.iterator(chunk_size=CHUNK):
        rule = rules[source].of(tier_id)
        days = rule.escalate_after_days
        # From the day on which somebody could act.
        begins = max(day for day in (due_on, raised_on, snoozed) if day is not None)
        if rule.is_on and days is not None and begins + timedelta(days=days) < on:
            late.append(pk)
    workable = Action.objects.open().workable()
    late = list(Occurrence.objects.filter(pk__in=late, action__in=workable).values_list("pk", flat=True))
    supervisors = User.objects.nearest_supervisors(branch) if late else []
    if not supervisors:
        return 0  # nobody to tell yet: asked again tomorrow
    with transaction.atomic():
        told = Occurrence.objects.filter(pk__in=late, escalated_on=None).update(escalated_on=on)
        for user in supervisors:
            seen = Occurrence.objects.worked_by(user).filter(pk__in=late).values("action").distinct().count()
            if seen:
                subject = f"escalation/{branch.code}/{on}"
                notify(user=user, kind="escalation", subject=subject, url=reverse("unheeded"), count=seen)
    return told


def _tell(branch: Branch, on: date, told: Counter) -> None:
    """One notice a person and day, with how many came due: to whom an action was handed, else who holds the book."""
    if not told:
        return
    clients = {client_id for client_id, owner_id in told if owner_id is None}
    rows = Assignment.objects.filter(client__in=clients, role=Assignment.Role.PRIMARY, to_on=None)
    held = dict(rows.values_list("client_id", "manager_id"))
    people: Counter = Counter()
    for (client_id, owner_id), count in told.items():
        people[owner_id or held.get(client_id)] += count
    for user in User.objects.active().filter(pk__in=[pk for pk in people if pk]):
        notify(user=user, kind="due", subject=f"day/{on}", url="/today/", count=people[user.pk])


def rows_of(done: Raised) -> list[dict]:
    """Every row of a run as the command prints it."""
    rows = Occurrence.objects.filter(pk__in=done.occurrences).annotate(client_number=F("client__number"))
    return list(
        rows.order_by("source", "due_on", "subject").values(
            "source", "client_number", "subject", "due_on", "is_late"
        )
    )
