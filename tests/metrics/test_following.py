"""Opportunities, promises, the rhythm of contacts, agreements and repetition: the edges of each definition."""

import math
import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from clients.models import Channel, Client, ContactAgreement, Standing, Theme, Tier
from interactions.models import Contact, Promise
from interactions.services.cadence import refresh_cadence
from metrics.figures import Figure, Sum
from metrics.periods import Period
from metrics.reports import report, scope_of_bank
from tests.factories import (
    AgreementFactory,
    BranchFactory,
    ClientFactory,
    ContactFactory,
    OpportunityFactory,
    PromiseFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MADRID = ZoneInfo("Europe/Madrid")
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 31))
APRIL = Period(date(2026, 4, 1), date(2026, 4, 30), date(2026, 4, 30))


def at(text: str, zone: ZoneInfo = MADRID) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def figure(key: str, period: Period = MARCH, **scope: str) -> Figure:
    return report(scope_of_bank(**scope), period, keys=[key]).total.figures[key]


@pytest.fixture
def ana(north):
    return UserFactory(staff_number="ana", name="Ana", branch=north)


@pytest.fixture
def one(north, ana):
    return ClientFactory(number="1", branch=north, manager=ana)


def reached(client, moment: str, **extra) -> Contact:
    return ContactFactory(client=client, occurred_at=at(moment), **extra)


# -- opportunities ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        ("2026-02-28T23:59:59", 0),
        ("2026-03-01T00:00:00", 1),
        ("2026-03-31T23:59:59", 1),
        ("2026-04-01T00:00:00", 0),
    ],
)
def test_an_interest_counts_on_the_day_it_was_voiced_by_the_branch_clock(one, moment, count):
    OpportunityFactory(client=one, raised_at=at(moment))

    assert figure("opportunities_raised").value == count


def test_what_was_voiced_in_a_voided_contact_counts_nowhere(one):
    contact = reached(one, "2026-03-03T10:00", voided_at=at("2026-03-03T11:00"), void_reason="Wrong client")
    OpportunityFactory(client=one, raised_at=contact.occurred_at, contact=contact)

    for key in ("opportunities_raised", "follow_up_open", "follow_up_overdue"):
        assert figure(key).value == 0
    assert figure("follow_up").denominator == 0


def test_amounts_of_several_currencies_stand_beside_each_other_and_are_not_added(one):
    for amount, currency in [(100, "EUR"), (50, "EUR"), (70, "USD"), (None, "")]:
        OpportunityFactory(client=one, raised_at=at("2026-03-03T10:00"), amount=amount, currency=currency)

    found = figure("opportunities_raised")
    assert (found.value, found.amount, found.currency) == (4, None, None)
    assert found.amounts == (Sum("EUR", Decimal(150), 2), Sum("USD", Decimal(70), 1))


def test_an_interest_without_an_amount_counts_and_adds_nothing(one):
    OpportunityFactory(client=one, raised_at=at("2026-03-03T10:00"), amount=None, currency="")

    found = figure("opportunities_raised")
    assert (found.value, found.amount, found.amounts) == (1, 0, ())


@pytest.mark.parametrize(
    ("raised", "is_due"),
    [
        ("2026-02-21T23:59", False),
        ("2026-02-22T00:00", True),
        ("2026-03-24T23:59", True),
        ("2026-03-25T00:00", False),
    ],
)
def test_those_are_due_whose_seventh_day_fell_into_the_period(one, raised, is_due):
    OpportunityFactory(client=one, raised_at=at(raised))

    assert figure("follow_up") == Figure(0.0 if is_due else None, 0, int(is_due))


@pytest.mark.parametrize(
    ("moment", "extra", "is_followed"),
    [
        ("2026-03-10T09:59", {}, False),  # before
        ("2026-03-10T10:00", {}, False),  # not later
        ("2026-03-10T10:01", {}, True),
        ("2026-03-17T23:59:59", {}, True),  # the seventh calendar day
        ("2026-03-18T00:00", {}, False),
        ("2026-03-12T10:00", {"result": "no_answer"}, False),
        ("2026-03-12T10:00", {"channel": "email"}, False),  # sent: reaches nobody
        ("2026-03-12T10:00", {"channel": "email", "direction": "in"}, True),
        ("2026-03-12T10:00", {"voided_at": at("2026-03-13T10:00"), "void_reason": "Wrong"}, False),
    ],
)
def test_a_later_reached_contact_in_time_follows_up(one, moment, extra, is_followed):
    OpportunityFactory(client=one, raised_at=at("2026-03-10T10:00"))
    reached(one, moment, **extra)

    assert figure("follow_up") == Figure(float(is_followed), int(is_followed), 1)


def test_the_seventh_day_ends_by_the_branch_clock_though_the_clocks_change(one):
    OpportunityFactory(client=one, raised_at=at("2026-03-24T10:00"))  # summer time begins on 29 March
    reached(one, "2026-03-31T23:30")

    assert figure("follow_up").numerator == 1


def test_the_contact_in_which_it_was_voiced_is_no_follow_up(one):
    contact = reached(one, "2026-03-10T10:00")
    OpportunityFactory(client=one, raised_at=contact.occurred_at - timedelta(minutes=1), contact=contact)

    assert figure("follow_up") == Figure(0.0, 0, 1)


def test_a_first_stage_written_down_later_is_no_change_of_stage(one):
    opportunity = OpportunityFactory.build(
        client=one, raised_at=at("2026-03-10T10:00"), raised_by=UserFactory()
    )
    opportunity.save()
    opportunity.stages.create(stage="interest", at=at("2026-03-11T10:00"), by=opportunity.raised_by)

    assert figure("follow_up") == Figure(0.0, 0, 1)


@pytest.mark.parametrize(("moved", "is_followed"), [("2026-03-17T23:59", True), ("2026-03-18T00:00", False)])
def test_a_stage_change_in_time_follows_up_but_the_first_stage_is_none(one, moved, is_followed):
    OpportunityFactory(client=one, raised_at=at("2026-03-10T10:00"), moves=[("intention", at(moved))])
    OpportunityFactory(client=one, raised_at=at("2026-03-10T10:00"))

    assert figure("follow_up") == Figure(is_followed / 2, int(is_followed), 2)


def test_the_days_for_following_up_are_a_setting(one, settings):
    settings.FOLLOW_UP_DAYS = 2
    OpportunityFactory(client=one, raised_at=at("2026-03-29T10:00"))
    reached(one, "2026-03-31T10:00")
    late = ClientFactory(branch=one.branch)
    OpportunityFactory(client=late, raised_at=at("2026-03-10T10:00"))
    reached(late, "2026-03-13T10:00")

    assert figure("follow_up") == Figure(0.5, 1, 2)


def test_open_opportunities_by_age_as_they_stood_when_the_period_ended(one):
    for raised, extra in [
        ("2026-03-31T10:00", {}),  # 0 days
        ("2026-03-24T10:00", {}),  # 7
        ("2026-03-23T10:00", {}),  # 8
        ("2026-03-01T10:00", {}),  # 30
        ("2026-02-28T10:00", {}),  # 31
        ("2025-12-31T10:00", {}),  # 90
        ("2025-12-30T10:00", {}),  # 91
        ("2026-04-01T00:00", {}),  # not yet
        ("2026-03-05T10:00", {"stage": "lost", "closed_at": at("2026-03-31T23:59"), "next_on": None}),
        ("2026-03-05T10:00", {"stage": "lost", "closed_at": at("2026-04-01T00:00")}),  # 26, closed since
    ]:
        OpportunityFactory(client=one, raised_at=at(raised), **extra)

    found = figure("follow_up_open")
    assert found.value == 8
    assert [(part.code, part.count) for part in found.by_age] == [
        ("0-7", 2),
        ("8-30", 3),
        ("31-90", 2),
        ("91-", 1),
    ]
    assert found.by_age[0].amounts == (Sum("EUR", Decimal(20_000), 2),)


def test_an_opportunity_opened_again_since_was_not_open_while_it_was_lost(one):
    OpportunityFactory(
        client=one,
        raised_at=at("2026-03-05T10:00"),
        moves=[("lost", at("2026-03-20T10:00")), ("interest", at("2026-04-10T10:00"))],
    )

    assert figure("follow_up_open").value == 0
    assert figure("follow_up_open", APRIL).value == 1


@pytest.mark.parametrize(
    ("next_on", "is_overdue"), [(date(2026, 3, 30), 1), (date(2026, 3, 31), 0), (date(2026, 4, 7), 0)]
)
def test_a_next_step_is_past_when_its_day_lies_before_the_last(one, next_on, is_overdue):
    OpportunityFactory(client=one, raised_at=at("2026-03-05T10:00"), next_on=next_on)
    OpportunityFactory(
        client=one,
        raised_at=at("2026-03-05T10:00"),
        next_on=date(2026, 3, 6),
        stage="lost",
        closed_at=at("2026-03-07T10:00"),
    )

    assert figure("follow_up_overdue").value == is_overdue


# -- promises --------------------------------------------------------------------------------------

WINDOW = {"opens_on": date(2026, 3, 11), "due_on": date(2026, 3, 20), "noted_at": at("2026-03-05T10:00")}


@pytest.mark.parametrize(
    ("moment", "extra", "is_kept"),
    [
        ("2026-03-10T23:59:59", {}, False),
        ("2026-03-11T00:00", {}, True),
        ("2026-03-20T23:59:59", {}, True),
        ("2026-03-21T00:00", {}, False),
        ("2026-03-15T10:00", {"result": "no_answer"}, False),
        ("2026-03-15T10:00", {"channel": "letter"}, False),
        ("2026-03-15T10:00", {"voided_at": at("2026-03-16T10:00"), "void_reason": "Wrong"}, False),
    ],
)
def test_a_promise_is_kept_by_a_reached_contact_inside_its_window(one, moment, extra, is_kept):
    PromiseFactory(client=one, **WINDOW)
    reached(one, moment, **extra)

    assert figure("promises_kept") == Figure(float(is_kept), int(is_kept), 1)


def test_a_contact_recorded_before_the_promise_was_noted_does_not_keep_it(one):
    heard_in = reached(one, "2026-03-12T10:00")
    PromiseFactory(client=one, **WINDOW | {"noted_at": at("2026-03-13T10:00")})
    PromiseFactory(client=one, **WINDOW | {"noted_at": heard_in.recorded_at}, contact=heard_in)

    assert figure("promises_kept") == Figure(0.0, 0, 2)


@pytest.mark.parametrize(
    ("due_on", "count"),
    [
        (date(2026, 2, 28), 0),
        (date(2026, 3, 1), 1),
        (date(2026, 3, 31), 1),
        (date(2026, 4, 1), 0),
    ],
)
def test_promises_belong_to_the_period_in_which_their_window_ended(one, due_on, count):
    PromiseFactory(client=one, opens_on=date(2026, 2, 1), due_on=due_on, noted_at=at("2026-01-05T10:00"))

    assert figure("promises_kept").denominator == count


def test_withdrawn_promises_are_left_out(one):
    PromiseFactory(client=one, **WINDOW, withdrawn_at=at("2026-03-12T10:00"))

    assert figure("promises_kept") == Figure(None, 0, 0)


def test_kept_says_what_the_clients_file_says(one):
    PromiseFactory(client=one, **WINDOW)
    PromiseFactory(client=one, **WINDOW | {"due_on": date(2026, 3, 12)})
    reached(one, "2026-03-15T10:00")

    assert figure("promises_kept").numerator == Promise.objects.with_kept().filter(is_kept=True).count() == 1


# -- repetition ------------------------------------------------------------------------------------


@pytest.fixture
def product(db):
    return Theme.objects.get(code="product")  # fourteen days


@pytest.mark.parametrize(
    ("before", "extra", "is_again"),
    [
        ("2026-03-05T23:59", {}, 0),  # fourteen days before
        ("2026-03-06T00:00", {}, 1),  # thirteen
        ("2026-03-19T09:59", {}, 1),
        ("2026-03-19T10:01", {}, 1),  # then this one is the second
        ("2026-03-10T10:00", {"result": "no_answer"}, 0),
        ("2026-03-10T10:00", {"channel": "email"}, 0),
        ("2026-03-10T10:00", {"voided_at": at("2026-03-11T10:00"), "void_reason": "Wrong"}, 0),
    ],
)
def test_the_same_theme_inside_its_gap_is_a_repetition(one, product, before, extra, is_again):
    reached(one, "2026-03-19T10:00", theme=product)
    reached(one, before, theme=product, **extra)

    assert figure("repetition").numerator == is_again


def test_another_theme_another_client_a_duty_or_none_repeats_nothing(one, product):
    maturity, review = Theme.objects.get(code="maturity"), Theme.objects.get(code="review")
    maturity.minimum_gap_days = 30  # a duty all the same
    maturity.save()
    other = ClientFactory(branch=one.branch)
    for client, theme in [(one, product), (one, review), (other, product), (one, maturity), (one, maturity)]:
        reached(client, "2026-03-10T10:00", theme=theme)
    for _ in range(2):
        reached(one, "2026-03-10T10:00")

    assert figure("repetition") == Figure(0.0, 0, 7)


def test_a_message_sent_counts_and_arms_like_a_talk_and_an_attempt_does_neither(one, product):
    sent = {"theme": product, "result": "message_left"}
    reached(one, "2026-03-03T10:00", channel="email", **sent)
    reached(one, "2026-03-06T10:00", theme=product)
    reached(one, "2026-03-07T10:00", theme=product, result="no_answer")
    reached(one, "2026-03-08T10:00", channel="call", **sent)  # on the answering machine

    assert figure("repetition") == Figure(0.5, 1, 2)


# -- agreements ------------------------------------------------------------------------------------


def test_each_contact_outside_the_agreement_counts_once(one):
    AgreementFactory(client=one, channels=["call"], weekdays=[0, 1], from_time=time(9), to_time=time(12))
    reached(one, "2026-03-02T10:00")  # a Monday
    reached(one, "2026-03-02T12:00", channel="visit")  # hour and channel
    reached(one, "2026-03-04T10:00", result="no_answer")  # a Wednesday
    reached(one, "2026-03-04T10:00", direction="in")
    reached(one, "2026-03-04T10:00", voided_at=at("2026-03-04T11:00"), void_reason="Wrong")
    reached(one, "2026-03-04T10:00", is_imported=True)

    assert figure("agreement_breaches").value == 3


def test_the_version_in_force_on_the_local_day_decides(one):
    AgreementFactory(client=one, channels=["call"], approved_on=date(2026, 3, 1), to_on=date(2026, 3, 10))
    AgreementFactory(client=one, channels=["visit"], approved_on=date(2026, 3, 10), to_on=date(2026, 3, 20))
    reached(one, "2026-02-28T23:30", channel="sms")
    reached(one, "2026-03-01T00:00", channel="sms")  # breach
    reached(one, "2026-03-09T23:59", channel="visit")  # breach
    reached(one, "2026-03-10T00:00", channel="visit")
    reached(one, "2026-03-20T00:00", channel="sms")

    assert figure("agreement_breaches").value == 2
    assert figure("agreement_breaches", MARCH.previous()).value == 0


@given(seed=st.integers(0, 2**32))
@checked(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_query_and_the_model_agree_on_what_breaks_an_agreement(db, seed):
    draw = random.Random(seed)
    themes = list(Theme.objects.all())
    period = Period(date(2026, 3, 20), date(2026, 4, 10), date(2026, 4, 10))
    with transaction.atomic():
        staff = UserFactory()
        clients = []
        for zone in ("Europe/Madrid", "America/Santiago", "Asia/Shanghai"):  # two of them change their clocks
            branch = BranchFactory(code=zone, time_zone=zone)
            clients += Client.objects.bulk_create(
                Client(number=f"{zone[:2]}{n}", name="x", sort_name="x", branch=branch) for n in range(4)
            )
        Standing.objects.bulk_create(
            Standing(client=client, branch=client.branch, status="active") for client in clients
        )
        agreements = {}
        for client in clients:
            first = date(2026, 3, 15) + timedelta(days=draw.randrange(15))
            second = first + timedelta(days=draw.randrange(1, 10))
            hours = sorted(draw.sample(range(24), 2))
            versions = []
            for since, until in [(first, second), (second, draw.choice([None, second + timedelta(days=5)]))]:
                has_hours = draw.random() < 0.5
                versions.append(
                    ContactAgreement(
                        client=client,
                        approved_on=since,
                        to_on=until,
                        channels=draw.sample(Channel.values, draw.choice([0, 0, 3, 5])),
                        themes=[theme.code for theme in draw.sample(themes, draw.choice([0, 0, 4, 8]))],
                        weekdays=draw.sample(range(7), draw.choice([0, 0, 4, 6])),
                        from_time=time(hours[0]) if has_hours else None,
                        to_time=time(hours[1]) if has_hours else None,
                        minutes=draw.choice([None, 0, 1, 20]),
                    )
                )
            agreements[client] = ContactAgreement.objects.bulk_create(versions)
        contacts = Contact.objects.bulk_create(
            Contact(
                client=draw.choice(clients),
                staff=staff,
                occurred_at=(
                    moment := datetime(2026, 3, 19, tzinfo=UTC) + timedelta(minutes=15 * draw.randrange(2300))
                ),
                recorded_at=moment,
                channel=draw.choice(Channel.values),
                direction=draw.choice(["out", "out", "in"]),
                theme=draw.choice([None, *themes]),
                result=draw.choice(["reached", "no_answer"]),
                duration_seconds=draw.choice([None, 0, 60, 61, 1200, 1201, 4000]),
            )
            for _ in range(150)
        )

        expected = 0
        for contact in contacts:
            local = contact.occurred_at.astimezone(contact.client.branch.zone)
            if contact.direction == "in" or not period.from_on <= local.date() <= period.to_on:
                continue
            for agreement in agreements[contact.client]:
                if agreement.approved_on <= local.date() and (
                    not agreement.to_on or local.date() < agreement.to_on
                ):
                    expected += bool(
                        agreement.breaches(
                            channel=contact.channel,
                            theme_code=contact.theme.code if contact.theme else "",
                            at=local,
                            minutes=math.ceil(contact.duration_seconds / 60)
                            if contact.duration_seconds
                            else None,
                        )
                    )
        assert figure("agreement_breaches", period).value == expected
        transaction.set_rollback(True)


# -- who waits -------------------------------------------------------------------------------------


@pytest.fixture
def gold(db):
    return Tier.objects.get(code="gold")  # every 60 days, at most 120


def late(period: Period = MARCH) -> tuple[int, int]:
    figures = report(scope_of_bank(), period, keys=["overdue", "neglected"]).total.figures
    return figures["overdue"].value, figures["neglected"].value


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-30T00:00", (0, 0)),  # 60 days
        ("2026-01-29T23:59", (1, 0)),  # 61
        ("2025-12-01T00:00", (1, 0)),  # 120
        ("2025-11-30T23:59", (1, 1)),  # 121
        ("2026-03-31T23:59", (0, 0)),
        ("2026-04-01T00:00", (1, 1)),  # after the end: until then never, since the book began
    ],
)
def test_lateness_is_counted_from_the_last_reached_contact_before_the_end(north, ana, gold, moment, expected):
    client = ClientFactory(branch=north, manager=ana, tier=gold)
    client.assignments.update(from_on=date(2025, 1, 1))
    reached(client, moment)
    reached(client, "2026-03-30T10:00", result="no_answer")
    reached(client, "2026-03-30T10:00", channel="sms")
    reached(client, "2026-03-30T10:00", voided_at=at("2026-03-30T11:00"), void_reason="Wrong")

    assert late() == expected


def test_clients_never_reached_wait_since_the_book_was_taken_over_else_since_they_came(north, ana, gold):
    taken_over = ClientFactory(branch=north, manager=ana, tier=gold, since=date(2020, 1, 1))
    taken_over.assignments.update(from_on=date(2026, 2, 1))
    assert late() == (0, 0)
    taken_over.assignments.update(from_on=None)
    assert late() == (1, 1)

    ClientFactory(branch=north, tier=gold, since=date(2026, 1, 15))  # nobody's
    ClientFactory(branch=north, tier=gold)  # since when nobody knows
    assert late() == (2, 1)


def test_the_manager_of_the_last_day_counts_not_a_later_one(north, ana, gold):
    client = ClientFactory(branch=north, manager=ana, tier=gold)
    client.assignments.update(from_on=date(2026, 1, 15), to_on=date(2026, 4, 5))
    client.assignments.create(manager=UserFactory(branch=north), from_on=date(2026, 4, 5))

    assert late() == (1, 0)
    assert late(APRIL) == (0, 0)


def test_an_agreed_interval_takes_the_place_of_the_ideal_while_it_is_in_force(north, gold):
    client = ClientFactory(branch=north, tier=gold)
    reached(client, "2026-01-15T10:00")  # 75 days
    assert late() == (1, 0)

    AgreementFactory(client=client, interval_days=90, to_on=date(2026, 4, 10))
    assert late() == (0, 0)
    assert late(APRIL) == (1, 0)  # 105 days, and the agreement has ended

    often = ClientFactory(branch=north, tier=None)
    AgreementFactory(client=often, interval_days=10)
    reached(often, "2026-03-15T10:00")
    assert late() == (1, 0)


def test_nobody_is_past_the_maximum_before_the_interval_they_agreed_to(north, gold):
    client = ClientFactory(branch=north, tier=gold)
    AgreementFactory(client=client, interval_days=180)
    reached(client, "2025-11-01T10:00")  # 150 days

    assert late() == (0, 0)


def test_the_tier_is_that_of_the_last_day(north, gold):
    client = ClientFactory(branch=north, tier=gold)
    client.standings.update(to_on=date(2026, 4, 1))
    standard = Tier.objects.get(code="standard")
    Standing.objects.create(
        client=client, branch=north, tier=standard, status="active", from_on=date(2026, 4, 1)
    )
    reached(client, "2026-01-15T10:00")

    assert late() == (1, 0)
    assert late(APRIL) == (0, 0)


def test_without_a_tier_or_agreement_nobody_is_late(one):
    reached(one, "2020-01-15T10:00")

    assert late() == (0, 0)


def test_a_word_in_passing_at_the_counter_moves_no_rhythm(north, ana, gold, hana, product):
    client = ClientFactory(branch=north, tier=gold, manager=ana)
    reached(client, "2026-01-02T10:00")
    assert late() == (1, 0)
    desk = {"staff": hana, "channel": "branch", "direction": "in"}
    reached(client, "2026-03-30T10:00", **desk)
    assert late() == (1, 0)
    reached(client, "2026-03-30T11:00", **desk, theme=product)
    assert late() == (0, 0)


def test_today_the_figure_is_the_one_by_which_lists_mark_the_late(north, ana, gold, settings):
    today = ana.today()
    for days in (59, 60, 61, 62):
        client = ClientFactory(branch=north, manager=ana, tier=gold)
        moment = datetime.combine(today - timedelta(days=days), time(12), MADRID)
        ContactFactory(client=client, occurred_at=moment)
    refresh_cadence()

    found = late(Period(today, today, today))
    assert found == (2, 0)
    with timezone.override(MADRID):
        assert Client.objects.late().count() == 2


# -- and all of them -------------------------------------------------------------------------------


def test_a_client_who_moved_counts_where_it_stood_on_the_last_day(north, south, one, product):
    one.standings.update(to_on=date(2026, 3, 20))
    Standing.objects.create(client=one, branch=south, status="active", from_on=date(2026, 3, 20))
    OpportunityFactory(client=one, raised_at=at("2026-03-05T10:00"))
    PromiseFactory(client=one, **WINDOW)
    AgreementFactory(client=one, channels=["visit"])
    for _ in range(2):
        reached(one, "2026-03-06T10:00", theme=product)

    keys = [
        "opportunities_raised",
        "follow_up",
        "follow_up_open",
        "agreement_breaches",
        "repetition",
        "promises_kept",
    ]
    left = report(scope_of_bank(branch="NORTH"), MARCH, keys=keys).total.figures
    come = report(scope_of_bank(branch="SOUTH"), MARCH, keys=keys).total.figures
    assert [bool(left[key].denominator or left[key].value) for key in keys] == [False] * 6
    assert [come[key].value for key in keys] == [1, 1.0, 1, 2, 0.5, 0.0]
