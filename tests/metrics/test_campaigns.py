"""What a campaign came to: a case worked by hand, whose clients count, whose purchase it is, and who may read it."""

import csv
import io
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Campaign, Target
from clients.models import Assignment, Tier
from common.models import AuditEntry
from metrics.campaigns import review
from metrics.reports import NotInScope, report, scope_for, scope_of_bank
from tests.factories import (
    ActionFactory,
    BalanceFactory,
    CampaignFactory,
    CampaignGroupFactory,
    ClientFactory,
    ContactFactory,
    CostLineFactory,
    EventFactory,
    FactChangeFactory,
    InvitationFactory,
    MovementFactory,
    OpportunityFactory,
    ProductFactory,
    PurchaseFactory,
    TargetActionFactory,
    TargetFactory,
)

pytestmark = pytest.mark.django_db
TENTH = date(2026, 3, 10)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Madrid"))


@pytest.fixture(autouse=True)
def _euros(settings):
    settings.REPORTING_CURRENCY = "EUR"


@pytest.fixture
def deposit(db):
    return ProductFactory(kind="term_deposit", name="Spring deposit", currency="EUR")


@pytest.fixture
def fund(db):
    return ProductFactory(kind="fund", name="World fund", currency="EUR")


@pytest.fixture
def spring(deposit, north):
    return CampaignFactory(code="SPRING", name="Spring", state="ended", products=[deposit], branch=north)


def target(campaign, number: int, manager, arm: str = "treatment", **extra) -> Target:
    client = ClientFactory(number=f"{arm[0]}{number}", branch=manager.branch, manager=manager)
    return TargetFactory(campaign=campaign, client=client, arm=arm, **extra)


def bought(client, product, amount: int = 1000, on: date = TENTH, **extra):
    return PurchaseFactory(client=client, product=product, amount=Decimal(amount), bought_on=on, **extra)


def summed(code: str = "SPRING", user=None, **narrower):
    scope = scope_for(user, campaign=code, **narrower) if user else scope_of_bank(campaign=code, **narrower)
    return review(scope, scope.own_period())


def figures(code: str = "SPRING", **narrower) -> dict:
    scope = scope_of_bank(campaign=code, **narrower)
    return report(scope, scope.own_period()).total.figures


@pytest.fixture
def treated(spring, alice, anna):
    """Five of alice's and one of anna's, contacted."""
    return [target(spring, n, alice if n < 6 else anna) for n in range(1, 7)]


@pytest.fixture
def left_alone(spring, alice):
    return [target(spring, n, alice, "control") for n in range(1, 6)]


@pytest.fixture
def worked(spring, treated, left_alone, deposit, fund, alice):
    """t1 reached on the target's action and bought on the 10th; t2 reached in a contact that names the campaign;
    t3 tried; t4 reached, but not in the campaign; t5 bought on the 20th and gave it back on the 25th; t6 bought a
    fund, which the campaign does not sell. c1 was reached and bought on the 3rd."""
    one, two, three, four, five, six = (row.client for row in treated)
    action = TargetActionFactory(target=treated[0]).action
    ContactFactory(client=one, staff=alice, occurred_at=at("2026-03-05T10:00"), action=action)
    ContactFactory(client=two, staff=alice, occurred_at=at("2026-03-06T10:00"), campaign_code="SPRING")
    tried = TargetActionFactory(target=treated[2]).action
    ContactFactory(
        client=three, staff=alice, occurred_at=at("2026-03-06T11:00"), action=tried, result="no_answer"
    )
    ContactFactory(client=four, staff=alice, occurred_at=at("2026-03-06T12:00"))
    FactChangeFactory(client=one, at=at("2026-03-05T10:05"), actor=None)
    FactChangeFactory(client=four, at=at("2026-03-06T12:05"), actor=None)
    OpportunityFactory(client=one, product=deposit, raised_at=at("2026-03-05T10:00"), raised_by=alice)
    OpportunityFactory(
        client=two, kind="fund", product=fund, raised_at=at("2026-03-06T10:00"), raised_by=alice
    )
    bought(one, deposit, 1000)
    returned = bought(five, deposit, 500, date(2026, 3, 20))
    bought(five, deposit, 500, date(2026, 3, 25), reverses=returned)
    bought(six, fund, 700)
    MovementFactory(client=one, booked_on=TENTH, direction="in", amount=Decimal(300))
    MovementFactory(client=two, booked_on=TENTH, direction="out", amount=Decimal(50))
    control = left_alone[0].client
    ContactFactory(client=control, staff=alice, occurred_at=at("2026-03-02T10:00"))
    bought(control, deposit, 200, date(2026, 3, 3))
    for client, before, after in [(one, 1000, 1600), (two, 1000, 900), (control, 500, 510)]:
        for day, amount in ((date(2026, 2, 28), before), (date(2026, 3, 31), after)):
            BalanceFactory(client=client, as_of=day, deposits=Decimal(amount), investments=Decimal(0))
    BalanceFactory(client=three, as_of=date(2026, 3, 31))
    return spring


# -- worked by hand --------------------------------------------------------------------------------


def test_the_contacted_worked_by_hand(worked):
    arm = summed().treated

    reached = arm.figures["contact_achievement"]
    assert (reached.numerator, reached.denominator) == (2, 6)
    assert (arm.figures["facts_gained"].learnt, arm.figures["new_information"].numerator) == (2, 1)
    assert (arm.figures["opportunities_raised"].value, arm.figures["opportunities_raised"].amount) == (
        1,
        10_000,
    )
    assert (arm.clients, arm.buyers, arm.conversion) == (6, 1, 1 / 6)
    assert arm.bought_by_week == (0, 1, 1, 1, 1)
    assert (arm.sales.amount, arm.sold_to) == (1000, 1)
    assert [(one.product, one.buyers, one.sales.amount) for one in arm.sold] == [("Spring deposit", 1, 1000)]
    assert (arm.brought.amount, arm.brought_by_buyers.amount) == (250, 300)
    assert (arm.known, arm.change) == (2, Decimal("250.00"))


def test_the_control_group_worked_by_hand(worked):
    arm = summed().control

    reached = arm.figures["contact_achievement"]
    assert (reached.numerator, reached.denominator) == (1, 5)
    assert (arm.buyers, arm.bought_by_week, arm.sales.amount) == (1, (1, 1, 1, 1, 1), 200)
    assert (arm.known, arm.change) == (1, Decimal("10.00"))


def test_page_registry_api_command_and_export_give_one_figure(worked, signed_in, dora, capsys):
    made, found = summed().treated, figures()
    assert found["contact_achievement"] == made.figures["contact_achievement"]
    assert (found["sales"].amount, found["sales"].value) == (made.sales.amount, made.sales.value)
    assert found["net_new_money"].amount == made.brought.amount

    call_command("metrics", "--campaign", "SPRING", "--json")
    said = json.loads(capsys.readouterr().out)
    assert said["period"] == {"from": "2026-03-01", "to": "2026-03-31"}
    assert said["scope"] == {"kind": "campaign", "code": "SPRING", "name": "Spring"}
    assert said["rows"][0]["indicators"]["sales"]["amount"] == "1000.00"

    answer = signed_in(dora).get(reverse("api:metrics"), {"campaign": "SPRING"})
    assert answer.json()["rows"] == said["rows"]

    page = signed_in(dora).get(reverse("campaign-review", args=["SPRING"]))
    assert page.context["review"].treated.sales.amount == 1000
    file = signed_in(dora).get(reverse("campaign-review-export", args=["SPRING"]) + "?format=csv")
    lines = list(csv.reader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig"))))
    assert ["Sales", "Campaign", "1000.00", "1", "EUR"] in lines
    assert AuditEntry.objects.filter(act="export", subject="campaign-review").count() == 1


# -- who counts ------------------------------------------------------------------------------------


def test_every_target_counts_whatever_became_of_it(worked, treated, charlie):
    gone = treated[5].client
    gone.status = "closed"
    gone.save(update_fields=["status"])
    gone.standings.update(status="closed")
    moved = treated[4].client
    moved.branch = charlie.branch
    moved.save(update_fields=["branch"])
    Assignment.objects.filter(client=moved).update(to_on=date(2026, 3, 2))
    Assignment.objects.create(client=moved, manager=charlie, from_on=date(2026, 3, 2))

    assert figures()["contact_achievement"].denominator == 6
    rows = report(
        scope_of_bank(campaign="SPRING"), scope_of_bank(campaign="SPRING").own_period(), "manager"
    ).rows
    assert {row.group.code: row.figures["contact_achievement"].denominator for row in rows} == {
        "alice": 5,
        "anna": 1,
    }


def test_branch_and_manager_narrow_a_campaign(worked, spring, charlie):
    target(spring, 9, charlie)

    assert figures()["contact_achievement"].denominator == 7
    assert figures(branch="SOUTH")["contact_achievement"].denominator == 1
    assert figures(manager="anna")["contact_achievement"].denominator == 1
    assert figures(branch="SOUTH", manager="anna")["contact_achievement"].denominator == 0


def test_contacts_before_its_first_day_and_after_its_last_do_not_count(spring, treated, alice):
    action = TargetActionFactory(target=treated[0]).action
    for moment in ("2026-02-28T23:59", "2026-04-01T00:00"):
        ContactFactory(client=treated[0].client, staff=alice, occurred_at=at(moment), action=action)
    assert figures()["contact_attempts"].value == 0

    ContactFactory(client=treated[0].client, staff=alice, occurred_at=at("2026-03-31T23:59"), action=action)
    assert figures()["contact_attempts"].value == 1


def test_another_clients_action_is_not_the_targets(spring, treated, alice):
    foreign = TargetActionFactory(target=treated[1]).action
    own = ActionFactory(client=treated[0].client)
    for action in (foreign, own):
        ContactFactory(
            client=treated[0].client, staff=alice, occurred_at=at("2026-03-05T10:00"), action=action
        )

    assert figures()["contact_attempts"].value == 0


def test_a_campaign_that_names_no_product_counts_all(north, alice, fund, deposit):
    campaign = CampaignFactory(code="ALL", state="running")
    one = target(campaign, 1, alice).client
    bought(one, fund, 100)
    bought(one, deposit, 200)

    assert figures("ALL")["sales"].amount == 300


# -- whose purchase it is --------------------------------------------------------------------------


def sold_by(*codes: str) -> list[Decimal]:
    return [figures(code)["sales"].amount for code in codes]


@pytest.fixture
def summer(spring, deposit, treated):
    """A second campaign of the same product and client that begins a day later."""
    second = CampaignFactory(code="SUMMER", state="running", products=[deposit], starts_on=date(2026, 3, 2))
    TargetFactory(campaign=second, client=treated[0].client)
    return second


def test_a_purchase_belongs_to_the_earliest_campaign_open(summer, treated, deposit):
    bought(treated[0].client, deposit, 100)

    assert sold_by("SPRING", "SUMMER") == [100, 0]


def test_a_purchase_belongs_to_the_campaign_it_names(summer, treated, deposit):
    bought(treated[0].client, deposit, 100, campaign_code="SUMMER")

    assert sold_by("SPRING", "SUMMER") == [0, 100]


def test_a_purchase_that_names_a_campaign_nobody_knows_belongs_to_none(summer, treated, deposit):
    bought(treated[0].client, deposit, 100, campaign_code="AUTUMN")

    assert sold_by("SPRING", "SUMMER") == [0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"state": "draft", "launched_at": None},
        {"starts_on": date(2026, 3, 11)},
        {"ends_on": date(2026, 3, 9)},
    ],
)
def test_only_an_open_campaign_takes_a_purchase_from_a_later_one(summer, spring, treated, deposit, change):
    bought(treated[0].client, deposit, 100)
    Campaign.objects.filter(pk=spring.pk).update(**change)

    assert sold_by("SUMMER") == [100]


def test_the_control_group_of_the_first_leaves_the_purchase_to_the_second(summer, spring, treated, deposit):
    bought(treated[0].client, deposit, 100)
    Target.objects.filter(pk=treated[0].pk).update(arm="control")

    assert sold_by("SPRING", "SUMMER") == [0, 100]
    assert summed().control.sales.amount == 100  # beside it, and in no total


def test_a_reversal_takes_away_from_the_campaign_of_what_it_reverses(summer, treated, deposit):
    first = bought(treated[0].client, deposit, 100, date(2026, 3, 1))
    bought(treated[0].client, deposit, 100, date(2026, 3, 5), reverses=first)
    bought(treated[0].client, deposit, 40, date(2026, 3, 6), campaign_code="SUMMER")

    assert sold_by("SPRING", "SUMMER") == [0, 40]
    assert summed().treated.sold_to == 0


def test_never_to_two_in_the_banks_total(summer, treated, deposit, fund):
    for day in range(1, 31):
        bought(treated[day % 6].client, deposit if day % 2 else fund, day, date(2026, 3, day))
    everything = sum(day for day in range(1, 31) if day % 2)

    assert sum(sold_by("SPRING", "SUMMER")) == everything


# -- what it cost ----------------------------------------------------------------------------------


def test_costs_and_what_each_unit_cost(worked, treated, left_alone):
    gold = Tier.objects.create(code="gold-x", name="Gold", threshold=0)
    Target.objects.filter(pk__in=[row.pk for row in treated[:2]]).update(tier=gold)
    CampaignGroupFactory(campaign=worked, unit_cost=Decimal("2.00"))
    CampaignGroupFactory(campaign=worked, tier=gold, unit_cost=Decimal("5.00"))
    CostLineFactory(campaign=worked, planned_amount=Decimal("100.00"), actual_amount=Decimal("100.01"))
    CostLineFactory(campaign=worked, planned_amount=Decimal("30.00"), tier=gold)
    evening = EventFactory(campaign=worked)
    InvitationFactory(event=evening, client=treated[0].client, attendance="came")
    InvitationFactory(event=evening, client=treated[1].client)
    InvitationFactory(event=EventFactory(campaign=worked), client=treated[1].client)
    InvitationFactory(event=EventFactory(), client=treated[2].client)  # of another campaign

    made = summed()

    # 4 × 2.00 + 2 × 5.00 = 18.00; 100.01 over 2 and 4: 33.34 (rest 1/3 … 0.337) and 66.67
    gold_costs, others = made.costs.groups
    assert (gold_costs.clients, others.clients) == (2, 4)
    assert (gold_costs.cost.actual, others.cost.actual) == (Decimal("43.34"), Decimal("74.67"))
    assert (made.spent(), made.planned()) == (Decimal("118.01"), Decimal("148.00"))
    assert made.costs_per() == [
        ("invited", 2, Decimal("59.00")),
        ("attending", 1, Decimal("118.01")),
        ("reached", 2, Decimal("59.00")),
        ("buyer", 1, Decimal("118.01")),
        ("new_money", Decimal("250.00"), Decimal("472.04")),
    ]


def test_a_part_of_the_campaign_bears_its_share(worked, spring, charlie):
    target(spring, 9, charlie)
    CostLineFactory(campaign=spring, actual_amount=Decimal("70.00"))

    north, south = summed(branch="NORTH"), summed(branch="SOUTH")
    assert (north.spent(), south.spent(), south.is_part) == (Decimal("60.00"), Decimal("10.00"), True)
    assert summed().is_part is False
    assert summed().spent() == Decimal("70.00")


# -- who may read it -------------------------------------------------------------------------------


def test_each_reads_the_clients_of_their_own_scope(worked, spring, alice, anna, bob, charlie, dora):
    target(spring, 9, charlie)

    counts = {}
    for user in (alice, anna, bob, charlie, dora):
        counts[user.staff_number] = summed(user=user).treated.clients
    assert counts == {"alice": 5, "anna": 1, "bob": 6, "charlie": 1, "dora": 7}


def test_hidden_campaigns_answer_as_absent_ones(worked, charlie, signed_in, dora):
    for code in ("SPRING", "NOWHERE"):
        with pytest.raises(NotInScope):
            scope_for(charlie, campaign=code)
        assert signed_in(charlie).get(reverse("campaign-review", args=[code])).status_code == 404
        assert signed_in(charlie).get(reverse("campaign-review-export", args=[code])).status_code == 404
    assert (
        signed_in(dora).get(reverse("campaign-review", args=["SPRING"]) + "?branch=NOWHERE").status_code
        == 404
    )


def test_clients_behind_a_figure_are_those_counted(worked, signed_in, bob):
    for figure, numbers in [
        ("population", ["t1", "t2", "t3", "t4", "t5", "t6"]),
        ("reached", ["t1", "t2"]),
        ("not_reached", ["t3", "t4", "t5", "t6"]),
        ("new_information", ["t1"]),
        ("opportunities_raised", ["t1"]),
        ("sales", ["t1", "t5"]),
    ]:
        answer = signed_in(bob).get(f"{reverse('dashboard-clients')}?campaign=SPRING&figure={figure}")
        assert sorted(row["client"].number for row in answer.context["rows"]) == numbers, figure


def test_dashboard_of_a_campaign_reads_its_own_days(worked, signed_in, bob):
    answer = signed_in(bob).get(f"{reverse('dashboard')}?campaign=SPRING")

    assert (answer.context["total"].reached, answer.context["total"].clients) == (2, 6)
    assert {line.name for line in answer.context["rows"]} == {"Alice", "Anna"}
    assert "campaign=SPRING" in answer.context["total"].reached_url


# -- the page --------------------------------------------------------------------------------------


def read(signed_in, user, code: str = "SPRING") -> str:
    return signed_in(user).get(reverse("campaign-review", args=[code])).text


def test_first_sentence_says_both_shares_and_claims_no_effect(worked, signed_in, dora, bob):
    text = read(signed_in, dora)

    assert "16.7% of the campaign’s clients bought, against 20.0%</b> in the control group." in text
    assert "not yet an effect" in text
    assert "−3.3 points" in text
    assert "of it in" not in text


def test_without_a_control_group_no_effect_can_be_claimed(spring, treated, signed_in, dora):
    text = read(signed_in, dora)

    assert "There is no control group, so no effect can be claimed." in text
    assert "Difference" not in text


def test_with_few_clients_in_an_arm_no_effect_can_be_claimed(spring, treated, alice, signed_in, dora):
    for number in range(4):
        target(spring, number, alice, "control")
    few = read(signed_in, dora)
    target(spring, 4, alice, "control")

    assert "fewer than 5 clients in an arm: no effect can be claimed" in few
    assert "fewer than 5 clients" not in read(signed_in, dora)


def test_supervisor_reads_that_it_is_a_part(worked, spring, charlie, signed_in, bob):
    target(spring, 9, charlie)

    assert "of it in your branches" in read(signed_in, bob)


def test_before_the_launch_there_is_nothing_to_count(north, signed_in, dora):
    CampaignFactory(code="DRAFT")

    assert "has not been launched" in read(signed_in, dora, "DRAFT")


def test_a_campaign_launched_before_its_first_day_says_when_it_begins(signed_in, dora):
    first = date.today() + timedelta(days=40)
    CampaignFactory(code="SOON", state="running", starts_on=first, ends_on=first)

    assert "This campaign begins on" in read(signed_in, dora, "SOON")
    assert signed_in(dora).get(reverse("campaign-review-export", args=["SOON"])).status_code == 404


def test_twelve_queries_however_many_targets(worked, spring, signed_in, dora, alice):
    browser = signed_in(dora)
    browser.get(reverse("campaign-review", args=["SPRING"]))

    def count() -> int:
        with CaptureQueriesContext(connection) as found:
            browser.get(reverse("campaign-review", args=["SPRING"]))
        return len(found)

    few = count()
    for number in range(10, 40):
        target(spring, number, alice)
    assert count() == few <= 12
