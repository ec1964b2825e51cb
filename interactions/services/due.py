"""The daily run: what came due becomes occurrences, and each occurrence an action or part of one.

Twice, late, on two workers or after an outage: the same rows. The unique constraint of Occurrence
says what exists; only rows that this run inserted get an action.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from clients.models import Theme
from interactions.models import Action, Occurrence, ReminderRule
from interactions.services.opening import New, new_ids, open_actions
from interactions.services.overtaken import withdraw_from, without_appointment
from interactions.services.plans import PLAN_THEME, end_planned, plan_places
from interactions.services.touched import touched_since
from interactions.services.unheeded import tell_supervisors
from interactions.sources import SOURCES, Asked, Due, Places, Rules, Source, cause_of
from messaging.services import notify_each
from portfolio.maturing import tend_cases
from staff.models import Branch, User

logger = logging.getLogger(__name__)

JOB = "raise_due"
FIRST_LOOK_BACK = timedelta(days=7)
LONGEST_LOOK_BACK = timedelta(days=400)
SECOND_LOOK = timedelta(days=3)
CHUNK = 2000
MANY = 20_000  # rows of one run after which the database is to look at its tables anew
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
    400 days; 7 on a first run) is raised late and marked so. One transaction a source, for all branches that have
    the same day and the same last run.
    What is overtaken is withdrawn first, and the contacts of the coming weeks are placed (`plan_service`).
    Each cause has an action of its own. Without plans nobody is told as not reached. Repeatable: a second run writes nothing.
    """
    done = Raised(on=on or timezone.localdate())
    rules = all_rules()
    for together in _together(branches if branches is not None else Branch.objects.all(), on):
        _raise_for(together, rules, done, with_plans=with_plans)
    return done


def look_at_all() -> int:
    """Withdraw what is overtaken of all clients, and end planned contacts that are; how many actions ended.

    The daily run looks at clients of whom history tells a change. This one asks nobody. Repeatable.
    """
    by_day: dict[date, list[Branch]] = {}
    for branch in Branch.objects.all():
        by_day.setdefault(branch.today(), []).append(branch)
    ended = 0
    for day, branches in by_day.items():
        places = Places(branches)
        ended += withdraw_from(places.ids) + end_planned(places, on=day)
    return ended


@dataclass(frozen=True)
class Together:
    """Branches that have the same day and look back as far: they are asked at once."""

    on: date
    since: date
    branches: list[Branch] = field(default_factory=list)
    # For what lasts: of each branch, by id, since when it tells what became known late.
    began: dict[int, date] = field(default_factory=dict)
    last_runs: list[datetime | None] = field(default_factory=list)  # when they began

    @property
    def last_run(self) -> datetime | None:
        """Since when nobody has looked; None where some branch was never run."""
        moments = [moment for moment in self.last_runs if moment is not None]
        return min(moments) if len(moments) == len(self.last_runs) else None

    def add(self, branch: Branch, first: date | None, last_run: datetime | None) -> None:
        self.branches.append(branch)
        # However late it became known, but for what was over before the bank began.
        self.began[branch.pk] = max((first or self.on) - FIRST_LOOK_BACK, self.on - LONGEST_LOOK_BACK)
        self.last_runs.append(last_run)


def _since(on: date, first: date | None, last: date | None) -> date:
    """From which day on what passes is told, by the days of the first and the last run before."""
    if first is None or last is None:
        return on - FIRST_LOOK_BACK
    # Some days further than the last run: what was loaded a day late, or moved here meanwhile, is told late.
    return max(last - SECOND_LOOK, first - FIRST_LOOK_BACK, on - LONGEST_LOOK_BACK)


# Of some branches: the day of the first run before a day, that of the last one and when it began.
_RUNS = """
SELECT p.place,
       (SELECT min(r.on) FROM common_savedrun r
         WHERE r.job = %(job)s AND r.place = p.place AND r.on < %(on)s AND r.finished_at IS NOT NULL),
       last.on, last.started_at
  FROM unnest(%(places)s::text[]) AS p (place)
  LEFT JOIN LATERAL (
       SELECT r.on, r.started_at FROM common_savedrun r
        WHERE r.job = %(job)s AND r.place = p.place AND r.on < %(on)s AND r.finished_at IS NOT NULL
        ORDER BY r.on DESC LIMIT 1) last ON true
"""


def _together(branches: Iterable[Branch], on: date | None) -> Iterator[Together]:
    by_day: dict[date, dict[str, Branch]] = {}
    for branch in branches:
        by_day.setdefault(on or branch.today(), {})[branch.code] = branch
    for day, by_code in sorted(by_day.items()):
        found: dict[date, Together] = {}
        with connection.cursor() as cursor:
            cursor.execute(_RUNS, {"job": JOB, "on": day, "places": list(by_code)})
            for code, first, last, last_run in cursor.fetchall():
                since = _since(day, first, last)
                found.setdefault(since, Together(day, since)).add(by_code[code], first, last_run)
        yield from found.values()


_BEGUN = """
INSERT INTO common_savedrun (job, place, "on", started_at, figures)
SELECT %(job)s, place, %(on)s, %(at)s, '{}' FROM unnest(%(places)s::text[]) AS p (place) ON CONFLICT DO NOTHING
"""
_FINISHED = """
UPDATE common_savedrun SET finished_at = %(at)s WHERE job = %(job)s AND "on" = %(on)s AND place = ANY(%(places)s)
"""


def _note(sql: str, codes: list[str], on: date) -> None:
    """Where a run of some branches has come to."""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"job": JOB, "on": on, "at": timezone.now(), "places": codes})


def _raise_for(together: Together, all_of: dict[str, Rules], done: Raised, *, with_plans: bool) -> None:
    on, codes = together.on, [branch.code for branch in together.branches]
    _note(_BEGUN, codes, on)
    places, touched = Places(together.branches), touched_since(together.last_run)
    withdraw_from(places.ids, touched)
    tend_cases(branches=places.ids, working=places.working, since=min(together.began.values()), on=on)
    told: Counter = Counter()
    talks: set[int] = (
        set()
    )  # whoever was told of something of the plan's theme needs no planned contact beside it
    for source in SOURCES:
        rules, began, told_now = all_of[source.code], together.began, Counter()
        if source.planned and with_plans:
            # Planned contacts answer it, within what a day holds: none is too old.
            plan_places(places, on=on, among=None if touched is None else [*touched, *talks])
            _raise_source(source, Asked(places, on - LONGEST_LOOK_BACK, on, rules), done, told_now)
        elif source.lasts and not source.planned:
            _raise_source(source, Asked(places, min(began.values()), on, rules, began), done, told_now)
        elif not source.planned:
            _raise_source(source, Asked(places, together.since, on, rules), done, told_now)
        told += told_now
        if source.theme == PLAN_THEME:
            talks |= {client_id for client_id, _owner_id in told_now}
    if sum(told.values()) > MANY:
        with connection.cursor() as cursor:
            # Else the next question looks at each row for each row.
            cursor.execute("ANALYZE interactions_occurrence, interactions_action")
    escalated = tell_supervisors(places, on, all_of)
    done.escalated += escalated
    _note(_FINISHED, codes, on)
    _tell(on, told)
    logger.info(
        "raised branches=%s on=%s rows=%s escalated=%s", len(codes), on, sum(told.values()), escalated
    )


@transaction.atomic
def _raise_source(source: Source, asked: Asked, done: Raised, told: Counter) -> None:
    with connection.cursor() as cursor:
        # Two runs take turns at a source, so that one open action of a cause is not made twice.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{JOB}/{source.code}"])
    noticed = map(partial(_noticed, asked.rules), source.due(asked))
    rows = (row for row in noticed if _is_told(row, asked, lasts=source.lasts))
    while chunk := list(islice(rows, CHUNK)):
        _write(source, asked.on, chunk, done, told)


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
    is_new = first >= asked.began.get(row.due.branch_id, asked.since) or row.due.due_on >= asked.on
    return row.rule.is_on and row.notice_on <= asked.on and is_new


_TELL = """
INSERT INTO interactions_occurrence
    (source, subject, due_on, client_id, action_id, is_late, raised_on, raised_at)
SELECT %(source)s, v.subject, v.due_on, v.client_id, v.action_id, v.is_late, %(on)s, %(at)s
  FROM unnest(%(subjects)s::text[], %(due_on)s::date[], %(clients)s::bigint[], %(actions)s::bigint[], %(late)s::bool[])
       AS v (subject, due_on, client_id, action_id, is_late)
    ON CONFLICT (source, subject, due_on) DO NOTHING
RETURNING id, subject, due_on, is_late
"""


def _write(source: Source, on: date, chunk: list[Noticed], done: Raised, told: Counter) -> None:
    """Occurrences first: only those that were new get the actions whose ids they were given."""
    chunk = sorted(_without_moved(source, chunk), key=lambda row: row.due.due_on)
    if not chunk:
        return
    standing = _standing(source, chunk)
    causes = {row.due.cause for row in chunk if row.due.action_id is None} - standing.keys()
    coming = dict(zip(causes, new_ids(len(causes)), strict=True))
    actions = [row.due.action_id or standing.get(row.due.cause) or coming[row.due.cause] for row in chunk]
    with connection.cursor() as cursor:
        cursor.execute(
            _TELL,
            {
                "source": source.code,
                "on": on,
                "at": timezone.now(),
                "subjects": [row.due.subject for row in chunk],
                "due_on": [row.due.due_on for row in chunk],
                "clients": [row.due.client_id for row in chunk],
                "actions": actions,
                "late": [row.notice_on < on for row in chunk],
            },
        )
        inserted = cursor.fetchall()
    new = {(subject, due_on) for _pk, subject, due_on, _late in inserted}
    done.raised[source.code] += len(inserted)
    done.late += sum(late for *_rest, late in inserted)
    done.occurrences += [pk for pk, *_rest in inserted]

    fresh: dict[int, Noticed] = {}
    anew: dict[int, Due] = {}
    for row, pk in zip(chunk, actions, strict=True):
        due = row.due
        if (due.subject, due.due_on) not in new:
            continue
        if due.action_id is None and due.cause in standing:
            if not source.planned:
                anew[pk] = due
            continue
        told[due.client_id, due.owner_id] += 1
        if due.action_id is None:
            fresh.setdefault(pk, row)
    open_actions(
        [_new(pk, row) for pk, row in fresh.items()],
        theme=Theme.objects.get(code=source.theme),
        channel=source.channel,
        origin=Action.Origin.OCCURRENCE,
        source=source.code,
    )
    _tell_anew(anew)


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


_STANDING = """
SELECT o.subject, o.action_id
  FROM interactions_occurrence o
  JOIN interactions_action a ON a.id = o.action_id AND a.state = 'planned' AND a.origin = 'occurrence'
 WHERE o.client_id = ANY(%(clients)s) AND o.source = %(source)s
"""
_PLANNED = """
SELECT client_id, id FROM interactions_action
 WHERE client_id = ANY(%(clients)s) AND origin = 'plan' AND state = 'planned'
"""


def _standing(source: Source, rows: list[Noticed]) -> dict[str, int]:
    """Open actions by cause: of an earlier step or day of the same cause, or a contact that is planned anyway."""
    with connection.cursor() as cursor:
        cursor.execute(
            _PLANNED if source.planned else _STANDING,
            {"source": source.code, "clients": [row.due.client_id for row in rows]},
        )
        found = cursor.fetchall()
    if source.planned:
        by_client = dict(found)
        return {row.due.cause: by_client[row.due.client_id] for row in rows if row.due.client_id in by_client}
    causes = {row.due.cause for row in rows}
    return {cause: pk for subject, pk in found if (cause := cause_of(subject)) in causes}


_ANEW = """
UPDATE interactions_action a
   SET due_on = v.due_on, opens_on = least(a.opens_on, v.due_on), event_on = v.event_on, about = v.about,
       years = v.years, amount = v.amount, currency = v.currency
  FROM unnest(%(id)s::bigint[], %(due_on)s::date[], %(event_on)s::date[], %(about)s::text[], %(years)s::int[],
              %(amount)s::numeric[], %(currency)s::text[]) AS v (id, due_on, event_on, about, years, amount, currency)
 WHERE a.id = v.id AND a.state = 'planned' AND (a.due_on, a.event_on) IS DISTINCT FROM (v.due_on, v.event_on)
   AND {free}
"""


def _tell_anew(anew: dict[int, Due]) -> None:
    """The open action of a cause says what the cause says now; what a person did to it stays."""
    if anew:
        with connection.cursor() as cursor:
            cursor.execute(
                _ANEW.format(free=without_appointment("a")),
                {"id": list(anew)} | _columns(anew.values(), ("due_on", *REASON)),
            )


def _new(pk: int, row: Noticed) -> New:
    due = row.due
    return New(
        pk, due.client_id, row.notice_on, due.due_on, row.rule.severity,
        due.about, due.event_on, due.years, due.amount, due.currency,
    )  # fmt: skip


def _columns(rows: Iterable[Due], names: Iterable[str]) -> dict[str, list]:
    return {name: [getattr(row, name) for row in rows] for name in names}


_HELD = """
SELECT client_id, manager_id FROM clients_assignment
 WHERE client_id = ANY(%s) AND role = 'primary' AND to_on IS NULL
"""


def _tell(on: date, told: Counter) -> None:
    """One notice a person and day, with how many came due: to whom an action was handed, else who holds the book."""
    if not told:
        return
    clients = {client_id for client_id, owner_id in told if owner_id is None}
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [list(clients)])
        held = dict(cursor.fetchall())
    people: Counter = Counter()
    for (client_id, owner_id), count in told.items():
        people[owner_id or held.get(client_id)] += count
    active = User.objects.active().filter(pk__in=[pk for pk in people if pk]).values_list("pk", flat=True)
    notify_each(counts={pk: people[pk] for pk in active}, kind="due", subject=f"day/{on}", url="/today/")


def rows_of(done: Raised) -> list[dict]:
    """Every row of a run as the command prints it."""
    rows = Occurrence.objects.filter(pk__in=done.occurrences).annotate(client_number=F("client__number"))
    return list(
        rows.order_by("source", "due_on", "subject").values(
            "source", "client_number", "subject", "due_on", "is_late"
        )
    )
