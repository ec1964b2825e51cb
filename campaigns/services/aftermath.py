"""The day after an event: who came is thanked, who was missed is called, a question left open is answered."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from campaigns.models import Answer, Attendance, Event, EventQuestion, Invitation
from campaigns.services.invitations import (
    CHUNK,
    held,
    move_up,
    settle_attendance,
    standing,
    tell_clients,
)
from common.calendars import LocalDay
from interactions.models import Action

LONGEST = timedelta(days=30)  # what ended before is no news to anybody
A_DAY = timedelta(days=1)  # and no zone is further away
WITHIN = 3  # working days
KIND_OF = {Attendance.CAME: "came", Attendance.NO_SHOW: "missed"}


def follow_events(on: date) -> int:
    """Make what is to be done after the events that are over by a day; how many actions. Repeatable, every night.

    Rule: on the working day after an event, by the calendar and the clock of its host, its door is closed if nobody has,
    and for each client who came there is one action to thank them, for each no-show one to call, due by the third
    working day after it. What the client asked and nobody has answered stands in it. Whoever was taken for missed and
    has come after all is thanked instead, unless somebody has called already.
    Before an event, places that have become free since are given to those who wait.
    """
    for pk in _waited_for().values_list("pk", flat=True):
        _move_up(pk)
    made = 0
    for event in _over(on).select_related("branch").order_by("pk"):
        ended_on = timezone.localtime(event.ends_at, event.branch.zone).date()
        calendar = event.branch.working_calendar()
        today = min(on, event.branch.today())  # in the west the day after begins later than here
        if calendar.next_working(ended_on + timedelta(days=1)) <= today:
            made += _follow(event, due_on=calendar.add_working_days(ended_on, WITHIN))
    return made


def _waited_for() -> QuerySet[Event]:
    waiting = standing(Invitation.objects.filter(event=OuterRef("pk"), answer=Answer.WAITING))
    return Event.objects.filter(
        Exists(waiting), cancelled_at=None, closed_at=None, ends_at__gt=timezone.now()
    )


@transaction.atomic
def _move_up(pk: int) -> None:
    move_up(held(Event(pk=pk)))


def _over(on: date) -> QuerySet[Event]:
    """Events that ended before a day and have something left to do."""
    ended = Event.objects.filter(cancelled_at=None, ends_at__lt=timezone.now()).annotate(
        ended_on=LocalDay("branch__time_zone", "ends_at")
    )
    owed = _owing(Invitation.objects.filter(event=OuterRef("pk")))
    return ended.filter(Q(closed_at=None) | Exists(owed), ended_on__lt=on, ended_on__gte=on - LONGEST - A_DAY)


def _owing(invitations: QuerySet[Invitation]) -> QuerySet[Invitation]:
    """Those whose clients came or were missed, without the action that follows from it."""
    told = Action.objects.filter(pk=OuterRef("follow_up"))
    done = Q(about__startswith="came: ") | Q(about__startswith="missed: ")
    came = Q(about__startswith="came: ") | Q(done, ~Q(state=Action.State.PLANNED))
    missed = Q(about__startswith="missed: ") | Q(done, ~Q(state=Action.State.PLANNED))
    return standing(invitations).filter(
        Q(~Exists(told.filter(came)), attendance=Attendance.CAME)
        | Q(~Exists(told.filter(missed)), attendance=Attendance.NO_SHOW)
    )


@transaction.atomic
def _follow(event: Event, *, due_on: date) -> int:
    if event.closed_at is None:
        settle_attendance(event)
    row = held(event)
    owing = list(
        _owing(Invitation.objects.filter(event=row)).select_related("client__branch").order_by("number")
    )
    asked: dict[int, str] = {}
    open_questions = EventQuestion.objects.filter(event=row, reply="", invitation__in=owing)
    for pk, text in open_questions.values_list("invitation", "text"):
        asked[pk] = " / ".join(part for part in (asked.get(pk), " ".join(text.split())) if part)
    made = 0
    for attendance, kind in KIND_OF.items():
        rows = [one for one in owing if one.attendance == attendance]
        for at in range(0, len(rows), CHUNK):
            made += tell_clients(row, rows[at : at + CHUNK], kind, due_on=due_on, more=asked)
    return made
