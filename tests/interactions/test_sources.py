"""Every source of reminders: the right day, the right words, late when it is late, gone when its cause is gone."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import translation

from clients.models import DatedFact, FactType, Tier
from clients.services import change_client, forget_dated_fact, write_dated_fact
from common.festivals import keeps
from common.models import Holiday
from interactions import services, words
from interactions.models import Action, Occurrence, ReminderRule, Severity
from interactions.services import raise_due
from interactions.services.cadence import refresh_cadence
from interactions.services.status import settle_status
from tests.factories import (
    ActionFactory,
    ClientFactory,
    ContactFactory,
    FactFactory,
    HoldingFactory,
    ProductFactory,
    PromiseFactory,
    PurchaseFactory,
)

MONDAY = date(2026, 3, 2)
DONE_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def rows(source):
    found = Occurrence.objects.filter(source=source).order_by("due_on", "pk")
    return list(found.values_list("due_on", "is_late"))


def said(action=None, on=MONDAY):
    return " ".join(words.reason(action or Action.objects.get(), on)).strip()


def dated(client, **fields):
    return DatedFact.objects.create(client=client, **({"kind": "birthday"} | fields))


# -- dates that come back --------------------------------------------------------------------------


def test_a_childs_birthday_is_told_with_the_childs_name(north):
    client = ClientFactory(branch=north)
    dated(client, person="Ana", year=2008, month=3, day=5)
    raise_due(on=MONDAY)
    assert said() == "Ana turns 18 in 3 days. Thursday 5 March"


def test_a_lunar_birthday_falls_on_its_day_and_counts_lunar_years(north):
    dated(ClientFactory(branch=north), calendar="lunar", year=1980, month=1, day=15)
    raise_due(on=date(2026, 2, 24))
    assert rows("birthday") == [(date(2026, 3, 3), False)]  # the Lantern Festival of 2026
    assert Action.objects.get().years == 46


def test_a_date_in_a_leap_month_comes_back_in_the_ordinary_one_where_there_is_none(north):
    dated(ClientFactory(branch=north), calendar="lunar", year=1995, month=8, day=10, is_leap_month=True)
    dated(ClientFactory(branch=north), calendar="lunar", month=8, day=10)
    raise_due(on=date(2026, 9, 20))
    assert [due for due, _late in rows("birthday")] == [date(2026, 9, 20)] * 2


@pytest.mark.parametrize(
    ("kind", "person", "words_on_it"),
    [
        ("wedding", "", "Wedding day in 3 days, 26 years. Thursday 5 March"),
        ("founding", "", "Founding day in 3 days, 26 years. Thursday 5 March"),
        ("other", "Ana", "A date to remember in 3 days. Thursday 5 March, of Ana"),
    ],
)
def test_anniversaries_say_what_they_are(north, kind, person, words_on_it):
    dated(ClientFactory(branch=north), kind=kind, person=person, year=2000, month=3, day=5)
    raise_due(on=date(2026, 2, 26))
    assert rows("anniversary") == [(date(2026, 3, 5), False)]
    assert said() == words_on_it


def test_a_date_with_days_of_its_own_is_told_so_many_days_ahead(north):
    dated(ClientFactory(branch=north), month=3, day=30, lead_days=28)
    dated(ClientFactory(branch=north), month=3, day=4, lead_days=0)
    raise_due(on=MONDAY)
    assert rows("birthday") == [(date(2026, 3, 30), False)]
    raise_due(on=date(2026, 3, 4))
    assert [due for due, _late in rows("birthday")] == [date(2026, 3, 4), date(2026, 3, 30)]


def test_after_more_than_a_year_without_a_run_both_birthdays_are_told_late(north):
    dated(ClientFactory(branch=north), month=3, day=10)
    raise_due(on=MONDAY - timedelta(days=7))
    raise_due(on=MONDAY + timedelta(days=390))
    assert rows("birthday") == [(date(2026, 3, 10), True), (date(2027, 3, 10), True)]


def test_a_year_alone_reminds_of_nothing_and_nobody_is_greeted_on_being_born(north):
    dated(ClientFactory(branch=north), year=1980)
    dated(ClientFactory(branch=north), year=2026, month=3, day=4)
    raise_due(on=MONDAY)
    assert not rows("birthday")


def test_a_festival_greets_only_those_who_are_known_to_keep_it(north):
    custom = FactType.objects.get(code="custom")
    keeps, other = ClientFactory(branch=north, number="K1"), ClientFactory(branch=north, number="K2")
    FactFactory(client=keeps, type=custom, value="Celebra el Año Nuevo chino con la familia")
    FactFactory(client=other, type=custom, value="ninguna fiesta")
    raise_due(on=date(2026, 2, 15))
    found = Occurrence.objects.filter(subject__startswith="festival/")
    assert list(found.values_list("subject", "due_on")) == [
        ("festival/spring_festival/K1", date(2026, 2, 17))
    ]
    assert said(on=date(2026, 2, 15)) == "Spring Festival in 2 days. A greeting is due."
    with translation.override("es"):
        assert said(on=date(2026, 2, 15)).startswith("Fiesta de la Primavera")


@pytest.mark.parametrize(
    ("festival", "words_on_file", "is_kept"),
    [
        ("easter", "Eastern Orthodox", False),
        ("orthodox_easter", "Keeps Orthodox Easter", True),
        ("christmas", "Does not keep Christmas", False),
        ("christmas", "Navidad en el pueblo", True),
        ("spring_festival", "Lunar New Year", True),
        ("spring_festival", "不过年", False),
    ],
)
def test_a_greeting_goes_only_where_the_words_are_plain(festival, words_on_file, is_kept):
    assert keeps(festival, words_on_file) is is_kept


def test_a_feast_of_several_days_is_greeted_once_and_a_day_that_makes_up_for_another_not_at_all(north):
    ClientFactory(branch=north, country="CN", number="CN1")
    ClientFactory(branch=north, country="US", number="US1")
    for on in (date(2026, 2, 14), date(2026, 2, 20), date(2026, 7, 2)):
        raise_due(on=on)
    told = Occurrence.objects.filter(source="holiday").values_list("subject", "due_on")
    chinese = [due for subject, due in told if subject.endswith("CN1") and due.month == 2]
    assert chinese == [date(2026, 2, 17)]
    assert [due for subject, due in told if subject.endswith("US1") and due.month == 7] == [date(2026, 7, 4)]


# -- maturities ------------------------------------------------------------------------------------


def test_a_maturity_says_the_day_it_falls_on_and_the_day_of_the_contract(north):
    product = ProductFactory(name="Deposit 12 months")
    HoldingFactory(client=ClientFactory(branch=north), product=product, matures_on=date(2026, 3, 7))
    raise_due(on=MONDAY)
    assert said() == (
        "Deposit 12 months matures in 7 days. "
        "On Monday 9 March; by contract Saturday 7 March, no working day."
    )


# -- what lasts ------------------------------------------------------------------------------------


@pytest.fixture
def reached(north, alice):
    """A gold client whose last talk lies so long back that the next was due on Monday."""
    tier = Tier.objects.get(code="gold")
    client = ClientFactory(branch=north, manager=alice, tier=tier)
    day = MONDAY - timedelta(days=tier.ideal_days)
    moment = datetime.combine(day, datetime.min.time(), UTC).replace(hour=12)
    ContactFactory(client=client, staff=alice, occurred_at=moment)
    refresh_cadence([client.pk])
    return client


def test_not_reached_says_for_how_long_and_what_was_agreed(reached):
    raise_due(on=MONDAY)
    days = Tier.objects.get(code="gold").ideal_days
    assert rows("not_reached") == [(MONDAY, False)]
    on = MONDAY + timedelta(days=5)
    assert said(on=on) == f"Not reached for {days + 5} days. Agreed every {days} days."


def test_a_contact_that_reaches_ends_the_reminder_and_taken_back_it_is_told_again(reached, alice):
    raise_due(on=MONDAY)
    contact = services.log_contact(actor=alice, client=reached, channel="call", result="reached")
    assert not Action.objects.open().exists()
    raise_due(on=MONDAY + timedelta(days=1))
    assert not Action.objects.open().exists()
    services.undo_contact(actor=alice, contact=contact)
    raise_due(on=MONDAY + timedelta(days=2))
    assert rows("not_reached") == [(MONDAY, True)]
    assert Action.objects.open().count() == 1


def test_a_contact_logged_for_the_reminder_fulfils_it(reached, alice):
    raise_due(on=MONDAY)
    action = Action.objects.get()
    services.log_contact(actor=alice, client=reached, channel="call", result="reached", action=action)
    action.refresh_from_db()
    assert action.state == "done"


def test_an_attempt_ends_no_reminder(reached, alice):
    raise_due(on=MONDAY)
    services.log_contact(actor=alice, client=reached, channel="call", result="no_answer")
    assert Action.objects.get().state == "planned"


@pytest.mark.parametrize(
    ("source", "field"),
    [("risk_expiry", "risk_valid_until"), ("document_expiry", "document_valid_until")],
)
def test_what_became_known_only_afterwards_is_told_late_but_not_what_was_over_before_the_bank_began(
    north, source, field
):
    raise_due(on=MONDAY)
    ClientFactory(branch=north, number="NEW", **{field: MONDAY + timedelta(days=3)})
    ClientFactory(branch=north, number="OLD", **{field: MONDAY - timedelta(days=30)})
    raise_due(on=MONDAY + timedelta(days=9))
    assert rows(source) == [(MONDAY + timedelta(days=3), True)]


def test_nobody_waits_too_long_to_be_told_as_not_reached_and_a_stricter_tier_tells_at_once(reached, alice):
    tier = Tier.objects.get(code="gold")
    raise_due(on=MONDAY - timedelta(days=20))
    assert not rows("not_reached")
    Tier.objects.filter(pk=tier.pk).update(ideal_days=10, maximum_days=20)
    refresh_cadence([reached.pk])
    raise_due(on=MONDAY - timedelta(days=19))
    assert [late for _due, late in rows("not_reached")] == [True]
    assert Action.objects.open().count() == 1


@pytest.mark.parametrize(
    ("field", "source", "before", "after"),
    [
        (
            "risk_valid_until",
            "risk_expiry",
            "The risk profile expires in 14 days.",
            "The risk profile expired 2 days ago.",
        ),
        (
            "document_valid_until",
            "document_expiry",
            "The identity document expires in 14 days.",
            "The identity document expired 2 days ago.",
        ),
    ],
)
def test_what_expires_is_told_two_weeks_ahead_and_is_over_once_renewed(north, field, source, before, after):
    ends = MONDAY + timedelta(days=14)
    client = ClientFactory(branch=north, **{field: ends})
    raise_due(on=MONDAY - timedelta(days=1))
    assert not rows(source)
    raise_due(on=MONDAY)
    assert rows(source) == [(ends, False)]
    assert said().startswith(before)
    assert said(on=ends + timedelta(days=2)).startswith(after)
    type(client).objects.filter(pk=client.pk).update(**{field: ends + timedelta(days=730)})
    raise_due(on=MONDAY + timedelta(days=1))
    assert Action.objects.get().state == "expired"


def test_a_relationship_judged_to_be_weakening_asks_for_a_talk_until_judged_anew(alice, carla):
    change_client(actor=alice, client=carla, changes={"trend": "weakening"})
    today = carla.branch.today()
    raise_due(on=today)
    assert rows("relationship") == [(today, False)]
    assert said(on=today) == "The relationship is weakening. Judged so: today."
    change_client(actor=alice, client=carla, changes={"trend": "steady"})
    raise_due(on=today + timedelta(days=1))
    assert Action.objects.get().state == "expired"
    change_client(actor=alice, client=carla, changes={"trend": "weakening"})
    assert Action.objects.count() == 1


def test_each_cause_has_an_action_of_its_own_and_ends_alone(reached, alice):
    type(reached).objects.filter(pk=reached.pk).update(weakening_since=MONDAY, trend="weakening")
    raise_due(on=MONDAY)
    assert Action.objects.open().count() == 2
    services.log_contact(actor=alice, client=reached, channel="call", result="reached")
    assert Action.objects.open().get().source == "relationship"


def test_a_purchase_is_looked_after_every_ninety_days_until_it_has_matured(north, settings):
    settings.PURCHASE_REVIEW_DAYS = {"": 90, "bond": 0}
    client = ClientFactory(branch=north)
    fund = ProductFactory(kind="fund", name="Balanced fund")
    PurchaseFactory(client=client, product=fund, bought_on=MONDAY - timedelta(days=180), number="A")
    PurchaseFactory(client=client, product=ProductFactory(kind="bond"), bought_on=MONDAY - timedelta(days=90))
    short = ProductFactory(kind="wealth_product", term_days=60)
    PurchaseFactory(client=client, product=short, bought_on=MONDAY - timedelta(days=90))
    back = PurchaseFactory(client=client, product=fund, bought_on=MONDAY - timedelta(days=90))
    PurchaseFactory(client=client, product=fund, reverses=back, bought_on=MONDAY - timedelta(days=90))
    raise_due(on=MONDAY)
    assert list(Occurrence.objects.values_list("subject", "due_on")) == [("purchase/A", MONDAY)]
    assert said() == "Look after the purchase: Balanced fund. Bought on 3 Sept 2025."


# -- what was promised -----------------------------------------------------------------------------


def test_promise_and_next_step_are_told_on_the_action_they_have_already(north, alice):
    client = ClientFactory(branch=north, manager=alice)
    theirs = ActionFactory(client=client, origin="promise", source="promise", opens_on=MONDAY)
    PromiseFactory(client=client, opens_on=MONDAY, due_on=MONDAY + timedelta(days=6), action=theirs)
    step = ActionFactory(client=client, origin="next_step", opens_on=MONDAY, due_on=MONDAY)
    for _again in range(2):
        raise_due(on=MONDAY)
    assert Action.objects.count() == 2
    linked = dict(Occurrence.objects.values_list("source", "action_id"))
    assert linked == {"promise": theirs.pk, "next_step": step.pk}


def test_a_withdrawn_promise_and_a_step_that_was_taken_are_not_told(north):
    done = ActionFactory(
        client=ClientFactory(branch=north), state="cancelled", opens_on=MONDAY, closed_at=DONE_AT
    )
    PromiseFactory(client=done.client, opens_on=MONDAY, action=done)
    ActionFactory(client=done.client, origin="next_step", state="done", opens_on=MONDAY, closed_at=DONE_AT)
    raise_due(on=MONDAY)
    assert not Occurrence.objects.exists()


def test_what_a_person_planned_keeps_its_day_its_words_and_its_hour(north):
    client = ClientFactory(branch=north, risk_valid_until=MONDAY, next_due_on=MONDAY)
    theirs = ActionFactory(
        client=client,
        about="Visit with the notary",
        opens_on=MONDAY,
        due_on=date(2026, 3, 20),
        due_at=time(15),
    )
    raise_due(on=MONDAY)
    theirs.refresh_from_db()
    assert (theirs.about, theirs.due_on, theirs.due_at) == (
        "Visit with the notary",
        date(2026, 3, 20),
        time(15),
    )
    assert Action.objects.exclude(pk=theirs.pk).count() == 2


# -- corrected, renewed, reopened ------------------------------------------------------------------


def test_a_corrected_birthday_is_told_on_its_new_day_and_no_more_on_the_old_one(north, alice, carla):
    today = carla.branch.today()
    on = today + timedelta(days=4)
    write_dated_fact(actor=alice, client=carla, kind="birthday", month=on.month, day=on.day)
    raise_due(on=today)
    assert [due for due, _late in rows("birthday")] == [on]
    right = today + timedelta(days=6)
    write_dated_fact(actor=alice, client=carla, kind="birthday", month=right.month, day=right.day)
    raise_due(on=today + timedelta(days=1))
    assert [due for due, _late in rows("birthday")] == [right]
    assert Action.objects.open().get(source="birthday").event_on == right


def test_a_date_taken_off_the_file_reminds_of_nothing(north, alice, carla):
    today = carla.branch.today()
    on = today + timedelta(days=4)
    dated_fact = write_dated_fact(actor=alice, client=carla, kind="birthday", month=on.month, day=on.day)
    raise_due(on=today)
    forget_dated_fact(actor=alice, dated=dated_fact)
    raise_due(on=today + timedelta(days=1))
    assert not Action.objects.open().filter(source="birthday").exists()


def test_a_prolonged_deposit_is_told_for_its_new_day_and_a_closed_one_not_at_all(north):
    longer = HoldingFactory(client=ClientFactory(branch=north), number="L", matures_on=date(2026, 3, 4))
    HoldingFactory(client=ClientFactory(branch=north), number="C", matures_on=date(2026, 3, 4))
    raise_due(on=MONDAY)
    assert Action.objects.open().count() == 2
    type(longer).objects.filter(number="L").update(matures_on=date(2026, 3, 25))
    type(longer).objects.filter(number="C").update(status="closed")
    raise_due(on=MONDAY + timedelta(days=1))
    action = Action.objects.open().get()
    assert (action.client, action.due_on) == (longer.client, date(2026, 3, 25))


def test_two_deposits_of_one_client_are_two_rows(north):
    client = ClientFactory(branch=north)
    for number in ("A", "B"):
        HoldingFactory(client=client, number=number, matures_on=date(2026, 3, 4))
    raise_due(on=MONDAY)
    assert Action.objects.open().count() == 2


def test_a_bank_holiday_that_comes_later_tells_no_maturity_twice(north):
    HoldingFactory(client=ClientFactory(branch=north), number="H", matures_on=date(2026, 3, 25))
    raise_due(on=MONDAY)
    Action.objects.update(state="done", closed_at=DONE_AT)
    Holiday.objects.create(on=date(2026, 3, 25), name="Bridge", country="ES")
    raise_due(on=MONDAY + timedelta(days=1))
    assert Action.objects.count() == 1


def test_a_file_closed_by_mistake_and_opened_again_gets_its_reminders_back(north, bob, carla):
    type(carla).objects.filter(pk=carla.pk).update(document_valid_until=MONDAY + timedelta(days=5))
    raise_due(on=MONDAY)
    for status in ("closed", "active"):
        type(carla).objects.filter(pk=carla.pk).update(status=status)
        settle_status([carla.pk])
        raise_due(on=MONDAY + timedelta(days=1))
        assert Action.objects.open().exists() is (status == "active")


def test_a_planned_contact_that_was_made_and_taken_back_does_not_stand_beside_the_next_one(reached, alice):
    Tier.objects.update(ideal_days=10, maximum_days=20)
    raise_due(on=MONDAY)
    contact = services.log_contact(
        actor=alice, client=reached, channel="call", result="reached", action=Action.objects.get()
    )
    today = reached.branch.today()
    raise_due(on=today)
    assert Action.objects.open().get().origin == "plan"
    services.undo_contact(actor=alice, contact=contact)
    assert Action.objects.open().filter(origin="plan").count() <= 1
    raise_due(on=today + timedelta(days=1))
    assert Action.objects.open().filter(origin="plan").count() == 1


# -- the bank's rules ------------------------------------------------------------------------------


def test_a_rule_says_how_early_how_pressing_and_whether_at_all_and_a_tiers_own_goes_first(north):
    gold = Tier.objects.get(code="gold")
    ReminderRule.objects.create(source="risk_expiry", lead_days=10)
    ReminderRule.objects.create(source="risk_expiry", tier=gold, lead_days=60, severity=Severity.URGENT)
    ReminderRule.objects.create(source="document_expiry", is_on=False)
    ends = MONDAY + timedelta(days=40)
    ClientFactory(branch=north, number="G", tier=gold, risk_valid_until=ends, document_valid_until=MONDAY)
    ClientFactory(branch=north, number="P", risk_valid_until=ends, document_valid_until=MONDAY)
    raise_due(on=MONDAY)
    action = Action.objects.get()
    assert (action.client.number, action.severity) == ("G", Severity.URGENT)
    raise_due(on=ends - timedelta(days=10))
    assert rows("risk_expiry") == [(ends, True), (ends, False)]


def test_urgent_rows_stand_before_the_others_of_their_group(north, alice):
    client = ClientFactory(branch=north, manager=alice)
    ActionFactory(client=client, due_on=MONDAY - timedelta(days=9), opens_on=MONDAY - timedelta(days=9))
    urgent = ActionFactory(client=client, due_on=MONDAY, opens_on=MONDAY, severity=Severity.URGENT)
    ranked = Action.objects.ranked(MONDAY)
    assert ranked.first() == urgent
    assert "urgent" in words.rank(ranked.first(), MONDAY)


def test_the_list_of_sources_is_whole():
    from interactions.sources import SOURCES

    codes = {source.code for source in SOURCES}
    assert codes == {
        "birthday", "anniversary", "maturity", "holiday", "not_reached", "risk_expiry", "document_expiry",
        "promise", "next_step", "relationship", "purchase_review", "limit", "outflow", "tier_upgrade",
    }  # fmt: skip
