"""What a source is asked and what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import connection

from common.calendars import WorkingCalendar
from interactions.models import ReminderRule
from staff.models import Branch

READ = 2000  # rows at a time


def cause_of(subject: str) -> str:
    """What a coming-due is about: the steps before one maturity ("holding/LD-7/T-30") are about the same."""
    return subject.partition("/T-")[0]


@dataclass(frozen=True)
class Due:
    """One coming-due. It stands on Today `lead_days` before `due_on`: its own where given, else the rule's.

    `about` and `event_on` are what the reason in words is made of; `action_id` is the action that a promise or
    a next step has already.
    """

    client_id: int
    branch_id: int
    tier_id: int | None
    subject: str
    due_on: date
    event_on: date | None = None
    lead_days: int | None = None
    about: str = ""
    years: int | None = None
    amount: Decimal | None = None
    currency: str = ""
    action_id: int | None = None
    owner_id: int | None = None  # to whom that action was handed

    @property
    def cause(self) -> str:
        return cause_of(self.subject)


@dataclass(frozen=True)
class Rules:
    """The bank's rules of one source: one for each tier that has its own, and one for all the others."""

    source: "Source"
    by_tier: dict[int | None, ReminderRule] = field(default_factory=dict)

    def of(self, tier_id: int | None) -> ReminderRule:
        return self.by_tier.get(tier_id) or self.by_tier.get(None) or self.source.usual

    @property
    def leads(self) -> list[int]:
        """How many days ahead the tiers are reminded."""
        return [rule.lead_days for rule in (self.of(None), *self.by_tier.values())]


class Places:
    """Branches that are asked at once, for they have one day: by id, each with its calendar.

    Branches of one country, region and week share a calendar; `number` says which of `calendars` it is.
    """

    def __init__(self, branches: Iterable[Branch]) -> None:
        self.by_id = {branch.pk: branch for branch in branches}
        self.calendars: list[WorkingCalendar] = []
        self._numbers: dict[int, int] = {}
        known: dict[tuple, int] = {}
        for branch in self.by_id.values():
            place = (branch.country, branch.region, *branch.working_days)
            if place not in known:
                known[place] = len(self.calendars)
                self.calendars.append(branch.working_calendar())
            self._numbers[branch.pk] = known[place]

    @property
    def ids(self) -> list[int]:
        return list(self.by_id)

    def number(self, branch_id: int) -> int:
        return self._numbers[branch_id]

    def working(self, branch_id: int) -> WorkingCalendar:
        return self.calendars[self._numbers[branch_id]]


@dataclass(frozen=True)
class Asked:
    """What came due between two days, both included, for the clients of some branches?

    `began` says of a branch that it looks back less far than `since`.
    """

    places: Places
    since: date
    on: date
    rules: Rules
    began: Mapping[int, date] = field(default_factory=dict)

    @property
    def until(self) -> date:
        """The last due day whose notice day may have come."""
        return self.on + timedelta(days=max(self.rules.leads))

    @property
    def ahead(self) -> date:
        """The first due day of what does not last: not over yet, or noticed since; before it nothing is told."""
        return max(self.since, min(self.on, self.since + timedelta(days=min(self.rules.leads))))


def read(sql: str, params: Mapping[str, Any]) -> Iterator[tuple]:
    """The rows of a query, a few thousand at a time."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(READ):
            yield from rows


class Source(ABC):
    """One kind of coming-due. It writes nothing and decides nothing else.

    It reads only rows that are due and leaves out in its own question what was told: a morning costs what came
    due, not all that stands. What it answers twice all the same is told once.

    `lead_days` and `escalate_after` are what holds where the bank has no rule of its own. `lasts`: the cause
    goes on until somebody acts, and is never too old to be told; else a date that has passed is over.
    `planned`: the service plan answers it, within what a day holds. `longest_move`: so far the calendar moves a
    day; what was told for a day that near is not told again.
    """

    code: str
    theme: str
    channel = "call"
    lead_days = 0
    escalate_after: int | None = None
    lasts = False
    planned = False
    longest_move: timedelta | None = None

    @abstractmethod
    def due(self, asked: Asked) -> Iterator[Due]:
        """What came due; see `Asked`."""

    @cached_property
    def usual(self) -> ReminderRule:
        return ReminderRule(
            source=self.code, lead_days=self.lead_days, escalate_after_days=self.escalate_after
        )
