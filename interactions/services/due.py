"""The daily run: what came due becomes occurrences, and each occurrence an action or part of one.

Twice, late, on two workers or after an outage: the same rows. The unique constraint of Occurrence
says what exists; only rows that this run inserted get an action.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import islice

from django.db import connection, transaction
from django.db.models import Exists, F, Max, Min, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from psycopg2.extras import execute_values

from clients.models import Assignment, Theme
from common.calendars import WorkingCalendar
from common.models import SavedRun
from interactions.models import Action, Contact, Occurrence, ReminderRule
from interactions.services.overtaken import settle_overtaken
from interactions.services.plans import plan_service
from interactions.sources import SOURCES, Asked, Due, Rules, Source
from messaging.services import notify
from staff.models import Branch, User

logger = logging.getLogger(__name__)

JOB = "raise_due"
FIRST_LOOK_BACK = timedelta(days=7)
LONGEST_LOOK_BACK = timedelta(days=400)
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
    Then the contacts of the coming weeks are placed (`plan_service`). Repeatable: a second run writes nothing.
    """
    done = Raised(on=on or timezone.localdate())
    rules = all_rules()
    for branch in branches if branches is not None else Branch.objects.order_by("pk"):
        _raise_for_branch(branch, on or branch.today(), rules, done)
        if with_plans:
            plan_service(branch, on=on or branch.today())
    return done


def _raise_for_branch(branch: Branch, on: date, all_of: dict[str, Rules], done: Raised) -> None:
    runs = SavedRun.objects.filter(job=JOB, place=branch.code, on__lt=on, finished_at__isnull=False)
    known = runs.aggregate(first=Min("on"), last=Max("on"))
    since = (
        max(known["last"] + timedelta(days=1), on - LONGEST_LOOK_BACK)
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
        with transaction.atomic(), connection.cursor() as cursor:
            # Two runs of one branch take turns, so that one open action of a theme is not made twice.
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{JOB}/{branch.code}/{source.code}"]
            )
            rows = (row for row in map(partial(_noticed, rules), source.due(asked)) if _is_told(row, asked))
            while chunk := list(islice(rows, CHUNK)):
                _write(source, on, chunk, done, told)
    settle_overtaken(branch)
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


def _is_told(row: Noticed, asked: Asked) -> bool:
    is_new = row.notice_on >= asked.since or row.due.due_on >= asked.on
    return row.rule.is_on and row.notice_on <= asked.on and is_new


def _write(source: Source, on: date, chunk: list[Noticed], done: Raised, told: Counter) -> None:
    theme = Theme.objects.get(code=source.theme)
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
    open_now = {
        action.client_id: action
        for action in Action.objects.open()
        .filter(
            client__in={row.due.client_id for row in rows if row.due.action_id is None},
            theme=theme,
            owner=None,
        )
        .order_by("-due_on", "-pk")  # the most pressing one is kept last, and so wins
    }
    fresh: dict[int, Action] = {}
    for row in sorted(rows, key=lambda row: row.due.due_on):
        client_id = row.due.client_id
        told[client_id] += row.due.action_id is not None
        if row.due.action_id is not None:
            continue
        action = open_now.get(client_id)
        if action is None:
            open_now[client_id] = fresh[client_id] = _action(source, theme, row)
            told[client_id] += 1
        elif action.pk:
            _join(source, action, row)
    Action.objects.bulk_create(fresh.values(), batch_size=500)
    links = [
        (new[row.due.subject, row.due.due_on], row.due.action_id or open_now[row.due.client_id].pk)
        for row in rows
    ]
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            "UPDATE interactions_occurrence o SET action_id = v.action FROM (VALUES %s) AS v (id, action) WHERE o.id = v.id",
            links,
            page_size=CHUNK,
        )


def _join(source: Source, action: Action, row: Noticed) -> None:
    """One more occasion for an action that is open: the earlier day and the higher severity hold.

    Only what an occurrence wrote is written over; the words of a person stay. A planned contact is the answer
    to a rhythm that is over: it keeps the day on which there is room for it.
    """
    due = row.due
    if action.origin == Action.Origin.PLAN and source.code == "not_reached":
        return
    action.severity = max(action.severity, row.rule.severity)
    if due.due_on < action.due_on:
        action.due_on, action.opens_on = due.due_on, min(action.opens_on, row.notice_on)
        if action.origin == Action.Origin.OCCURRENCE:
            action.source, action.channel = source.code, source.channel
            for name in REASON:
                setattr(action, name, getattr(due, name))
    action.save()


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
            action__state=Action.State.PLANNED,
            client__branch=branch,
            client__status="active",
            escalated_on=None,
            due_on__lt=on,
            source__in=rules,
        )
        .filter(Q(action__snoozed_until=None) | Q(action__snoozed_until__lte=on))
        .exclude(Exists(tried))
        .values_list("pk", "source", "due_on", "client__tier_id", "action_id")
    )
    late: dict[int, int] = {}
    for pk, source, due_on, tier_id, action_id in waiting.iterator(chunk_size=CHUNK):
        days = rules[source].of(tier_id).escalate_after_days
        if days is not None and due_on + timedelta(days=days) < on:
            late[pk] = action_id
    with transaction.atomic():
        told = Occurrence.objects.filter(pk__in=late, escalated_on=None).update(escalated_on=on)
        if told:
            for user in User.objects.nearest_supervisors(branch):
                notify(
                    user=user,
                    kind="escalation",
                    subject=f"escalation/{branch.code}/{on}",
                    url=reverse("unheeded"),
                    count=len(set(late.values())),
                )
    return told


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
