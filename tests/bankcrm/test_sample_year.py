"""A year of mornings on the sample bank: every birthday and every maturity stands on Today in its days.

What is right is worked out here day by day, the slow way round: the daily run goes from dates to days, this goes from
days to dates.
"""

from collections import defaultdict
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Max

from clients.models import Client, DatedFact
from common import lunar
from common.models import SavedRun
from interactions.models import Action, Occurrence
from interactions.services import raise_due
from portfolio.models import Holding
from staff.models import Branch, User

LEAD = timedelta(days=7)
STEP = 26  # mornings between two looks: what fell in between is told late and stands all the same
MATURING = ("term_deposit", "wealth_product", "bond", "fund", "insurance", "other")


@pytest.fixture
def bank(db):
    call_command("load_sample", stdout=StringIO(), clients=120)


def _falls_on(fact: DatedFact, day: date) -> bool:
    """Whether a date comes back on a day, asked of the day."""
    if fact.calendar == "lunar":
        there = lunar.from_solar(day)
        leap_here = there.is_leap
        if (there.month, there.day, leap_here) == (fact.month, fact.day, fact.is_leap_month):
            return True
        tomorrow = lunar.from_solar(day + timedelta(days=1))
        is_last = tomorrow.day == 1
        if fact.day == 30 and there.day == 29 and is_last and there.month == fact.month:
            return leap_here == fact.is_leap_month
        return False
    if (fact.month, fact.day) == (2, 29):
        is_leap = (date(day.year, 3, 1) - date(day.year, 2, 28)).days == 2
        return (day.month, day.day) == ((2, 29) if is_leap else (2, 28))
    return (fact.month, fact.day) == (day.month, day.day)


def _birthdays(first: date, last: date) -> dict[tuple[int, date], int]:
    """(dated fact, day) → client, of everybody who is to be remembered."""
    facts = DatedFact.objects.filter(kind="birthday", client__status="active", month__isnull=False)
    facts = facts.filter(is_leap_month=False, lead_days=None).exclude(client__tier__birthday_courtesy=False)
    found = {}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    for fact in facts:
        for day in days:
            if _falls_on(fact, day) and (fact.year is None or day.year > fact.year):
                found[fact.pk, day] = fact.client_id
    return found


def test_for_every_date_of_the_coming_year_the_right_people_stand_on_today_for_the_right_reason(bank):
    start = SavedRun.objects.filter(job="raise_due").aggregate(last=Max("on"))["last"]
    mornings = [start + timedelta(days=n) for n in range(1, 366, STEP)]
    for on in mornings:
        raise_due(on=on)
    end = mornings[-1]

    wanted = _birthdays(start + timedelta(days=1), end + LEAD)
    told = {
        (int(subject.partition("/")[2]), due_on): client
        for subject, due_on, client in Occurrence.objects.filter(
            source="birthday", due_on__gt=start, due_on__lte=end + LEAD
        ).values_list("subject", "due_on", "client")
    }
    plain = DatedFact.objects.filter(is_leap_month=False, lead_days=None).values_list("pk", flat=True)
    told = {key: client for key, client in told.items() if key[0] in set(plain)}
    assert told == wanted
    assert len(wanted) > 100
    assert any(DatedFact.objects.get(pk=pk).calendar == "lunar" for pk, _day in wanted)

    calendars = {branch.pk: branch.working_calendar() for branch in Branch.objects.all()}
    holdings = Holding.objects.open().filter(
        client__status="active", product__kind__in=MATURING, matures_on__gt=start + timedelta(days=40)
    )
    due = {
        (
            f"holding/{holding.number}/T-{step}",
            calendars[holding.client.branch_id].next_working(holding.matures_on),
        )
        for holding in holdings.select_related("client")
        for step in (30, 7, 0)
    }
    due = {
        (subject, day) for subject, day in due if day - timedelta(days=int(subject.rpartition("-")[2])) <= end
    }
    raised = Occurrence.objects.filter(source="maturity", due_on__gt=start + timedelta(days=40))
    later = {(subject, day) for subject, day in raised.values_list("subject", "due_on")}
    assert due - later == set()
    assert due

    _stands_on_today(wanted, end)


def _stands_on_today(wanted: dict[tuple[int, date], int], on: date) -> None:
    """Whoever has a birthday within the week stands on the Today of whoever works the book, as a birthday."""
    of_manager = defaultdict(set)
    for (_fact, day), client in wanted.items():
        if not on <= day <= on + LEAD:
            continue
        held = Client.objects.get(pk=client).assignments.filter(role="primary", to_on=None).first()
        if held is not None and held.manager.is_active and held.manager.role == "account_manager":
            of_manager[held.manager_id].add(client)
    assert of_manager
    complaining = set(
        Client.objects.filter(service_cases__kind="complaint", service_cases__closed_at=None).values_list(
            "pk", flat=True
        )
    )
    for manager, clients in of_manager.items():
        user = User.objects.get(pk=manager)
        due = Action.objects.waiting_for(user, on).due(on).filter(source="birthday")
        assert clients - complaining <= set(due.values_list("client", flat=True))
