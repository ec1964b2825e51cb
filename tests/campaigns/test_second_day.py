"""Campaigns on the second day: complaints, mistakes, delivered lists, two at once, what was agreed, and who is left alone."""

from datetime import timedelta
from decimal import Decimal
from unittest import mock

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Exclusion, SegmentVersion, Target, TargetAction
from campaigns.services import acting, drop_segment, save_segment
from campaigns.services.acting import extend_campaign, tend_campaigns
from campaigns.services.calling import action_of, next_to_call, set_outcome
from campaigns.services.campaigns import (
    ask_approval,
    decide_campaign,
    drop_campaign,
    plan_campaign,
    price_groups,
    write_cost,
)
from campaigns.services.launching import freeze, launch_campaign
from campaigns.tasks import tend
from campaigns.views.campaigns import _money
from clients.models import Theme
from interactions.models import Action
from metrics.campaigns import review
from metrics.reports import scope_of_bank
from tests.campaigns.test_launching import approved, launched, planned, reachable
from tests.factories import (
    ActionFactory,
    CampaignFactory,
    ClientFactory,
    ConsentFactory,
    ProductFactory,
    ServiceCaseFactory,
    TargetFactory,
    UserFactory,
)

PLAN = (
    "name", "code", "theme", "objective", "method", "frequency", "channels", "starts_on", "ends_on", "branch",
    "script", "budget", "currency", "control_share",
)  # fmt: skip


@pytest.fixture
def product(db):
    return ProductFactory()


@pytest.fixture
def other_head(bank):
    return UserFactory(role="head_office", branch=bank, sees_identities=True)


@pytest.fixture
def people(north, alice, anna):
    return [reachable(north, alice) for _n in range(6)] + [reachable(north, anna) for _n in range(4)]


def delivered(bob, other_head, product, north, clients, **more):
    """A campaign whose list a file has delivered into its draft, launched."""
    campaign = planned(bob, product, branch=north, segment=None, **more)
    for client in clients:
        TargetFactory(campaign=campaign, client=client, channel="")
    ask_approval(actor=bob, campaign=campaign)
    decide_campaign(actor=other_head, campaign=campaign, approved=True)
    launch_campaign(actor=bob, campaign=campaign)
    return freeze(campaign)


def test_a_delivered_list_is_sorted_and_drawn_as_any_other(bob, alice, north, other_head, product, people):
    never_asked = ClientFactory(branch=north, manager=alice, phone="+34600111222")
    angry = reachable(north, alice)
    ServiceCaseFactory(client=angry, kind="complaint")
    campaign = delivered(
        bob, other_head, product, north, [*people, never_asked, angry], control_share=Decimal("0.3")
    )
    assert campaign.state == "running"
    reasons = dict(Exclusion.objects.values_list("client", "reason"))
    assert reasons == {never_asked.pk: "consent", angry.pk: "complaint"}
    arms = list(campaign.targets.values_list("arm", "channel"))
    assert sorted(arms) == [("control", "call")] * 3 + [("treatment", "call")] * 7
    assert TargetAction.objects.count() == 7


def test_a_delivered_list_takes_nobody_whom_another_campaign_leaves_alone(
    bob, alice, north, other_head, product, people
):
    first = launched(bob, other_head, product, branch=north, control_share=Decimal("0.5"))
    left_alone = first.targets.filter(arm="control").first().client
    fresh = reachable(north, alice)
    second = delivered(bob, other_head, product, north, [left_alone, fresh], code="TWO")
    assert [target.client for target in second.targets.all()] == [fresh]


def test_a_campaign_that_a_file_made_makes_no_calls(bob, alice, north):
    today = bob.today()
    campaign = CampaignFactory(
        state="running", is_from_file=True, channels=[], starts_on=today, ends_on=today + timedelta(days=9),
        planned_by=bob,
    )  # fmt: skip
    TargetFactory(campaign=campaign, channel="", client=ClientFactory(branch=north, manager=alice))
    tend_campaigns()
    assert not Action.objects.exists()


def test_the_next_round_asks_again_who_may_be_contacted(bob, north, other_head, product, people):
    campaign = launched(bob, other_head, product, branch=north, frequency="weekly", days=28)
    ServiceCaseFactory(client=people[0], kind="complaint")
    ConsentFactory(client=people[1], channel="call", purpose="marketing", granted=False)
    tend_campaigns(campaign.starts_on + timedelta(days=8))
    made = set(TargetAction.objects.filter(number=2).values_list("client", flat=True))
    assert made == {client.pk for client in people[2:]}


@pytest.mark.parametrize("what", ["complaint", "blocked", "dormant"])
def test_nobody_is_offered_who_may_not_be_called_now(what, alice, bob, north, other_head, product, people):
    campaign = launched(bob, other_head, product, branch=north)
    for client in people:
        if what == "complaint":
            ServiceCaseFactory(client=client, kind="complaint")
        else:
            client.status = what
            client.save()
    assert next_to_call(campaign, alice) is None


def test_who_said_no_is_not_offered_again_though_the_talk_is_anothers(
    alice, bob, north, other_head, product, people
):
    for client in people:
        ActionFactory(client=client, theme=Theme.objects.get(code="product"))
    campaign = launched(bob, other_head, product, branch=north)
    for target in campaign.targets.filter(manager=alice):
        set_outcome(actor=alice, target=target, outcome="declined")
    assert next_to_call(campaign, alice) is None
    assert Action.objects.open().count() == 10


def test_a_no_by_mistake_is_taken_back_with_its_call(alice, bob, north, other_head, product, people):
    campaign = launched(bob, other_head, product, branch=north)
    target = campaign.targets.get(client=people[0])
    set_outcome(actor=alice, target=target, outcome="declined")
    assert action_of(target).state == "skipped"
    set_outcome(actor=alice, target=target, outcome="")
    assert action_of(target).is_open


def test_a_longer_campaign_may_not_lie_over_another_that_has_its_clients(
    bob, north, other_head, product, people
):
    first = launched(bob, other_head, product, branch=north, control_share=Decimal("0.5"), days=7)
    starts = first.ends_on + timedelta(days=1)
    second = approved(
        bob,
        other_head,
        product,
        branch=north,
        code="TWO",
        starts_on=starts,
        ends_on=starts + timedelta(days=20),
    )
    launch_campaign(actor=bob, campaign=second)
    with pytest.raises(ValidationError) as error:
        extend_campaign(actor=bob, campaign=first, ends_on=first.ends_on + timedelta(days=14))
    assert "10 of its clients" in error.value.message_dict["ends_on"][0]


def test_a_campaign_extended_while_the_night_works_goes_on(bob, north, other_head, product, people):
    launched(bob, other_head, product, branch=north)
    today = bob.today()
    over = CampaignFactory(
        state="running", starts_on=today - timedelta(days=20), ends_on=today - timedelta(days=3),
        planned_by=bob, branch=north,
    )  # fmt: skip
    act = acting.act

    def while_it_works(row, *, on):
        if row.pk != over.pk:
            extend_campaign(actor=bob, campaign=over, ends_on=today + timedelta(days=20))
        return act(row, on=on)

    with mock.patch.object(acting, "act", while_it_works):
        tend_campaigns()
    over.refresh_from_db()
    assert over.state == "running"


def test_one_that_cannot_be_launched_holds_up_nobody_else(bob, north, other_head, product, people):
    running = launched(bob, other_head, product, branch=north, frequency="weekly", days=28)
    bad = approved(bob, other_head, product, branch=north, code="BAD")
    rule = {"all": True, "groups": [{"all": True, "not": False, "parts": [{"what": "gone", "how": "is"}]}]}
    version = SegmentVersion.objects.create(
        segment=bad.segment_version.segment, number=99, saved_by=bob, rule=rule
    )
    Campaign.objects.filter(pk=bad.pk).update(state="launching", launched_by=bob, segment_version=version)
    Campaign.objects.filter(pk=running.pk).update(starts_on=running.starts_on - timedelta(days=7))
    TargetAction.objects.all().delete()
    tend()
    assert TargetAction.objects.filter(number=2).count() == 10


def test_a_launch_that_takes_in_nobody_can_be_tried_again(dora, other_head, bank, product, people):
    rule = {"groups": [{"parts": [{"what": "fact", "how": "says", "of": "occupation", "value": "a"}]}]}
    segment = save_segment(actor=other_head, name="Words", rule=rule).segment
    campaign = planned(other_head, product, segment=segment)
    ask_approval(actor=other_head, campaign=campaign)
    third = UserFactory(role="head_office", branch=bank, sees_identities=True)
    decide_campaign(actor=third, campaign=campaign, approved=True)
    with pytest.raises(ValidationError):
        launch_campaign(actor=dora, campaign=campaign)  # who may not read words takes in nobody by them
    campaign.refresh_from_db()
    assert (campaign.state, campaign.reason) == ("approved", "Nobody would be in it today.")


def test_a_launcher_who_left_before_the_worker_came_freezes_nobody(dora, other_head, product, people):
    campaign = approved(dora, other_head, product)
    Campaign.objects.filter(pk=campaign.pk).update(state="launching", launched_by=dora)
    dora.is_active = False
    dora.save()
    assert freeze(campaign).state == "approved"
    assert not Target.objects.exists()


def test_what_was_approved_is_what_was_read(signed_in, bob, north, other_head, product, people):
    campaign = planned(bob, product, branch=north, budget=Decimal(10))
    ask_approval(actor=bob, campaign=campaign)
    browser = signed_in(other_head)
    read = browser.get("/campaigns/WINTER/").context["read"]
    planned(bob, product, branch=north, budget=Decimal(999_999), campaign=campaign)
    ask_approval(actor=bob, campaign=campaign)
    for body in ({"read": read}, {"read": "x"}, {}):
        browser.post("/campaigns/WINTER/approve/", body)
        campaign.refresh_from_db()
        assert campaign.state == "waiting"
    browser.post("/campaigns/WINTER/approve/", {"read": browser.get("/campaigns/WINTER/").context["read"]})
    campaign.refresh_from_db()
    assert campaign.state == "approved"


def test_planned_costs_after_approval_are_agreed_to_anew_and_actual_ones_are_not(
    bob, north, other_head, product, people
):
    campaign = approved(bob, other_head, product, branch=north)
    line = write_cost(actor=bob, campaign=campaign, what="Wine", actual_amount=Decimal("9.90"))
    campaign.refresh_from_db()
    assert campaign.state == "approved"
    write_cost(actor=bob, campaign=campaign, what="Wine", planned_amount=Decimal(10), line=line)
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    ask_approval(actor=bob, campaign=campaign)
    price_groups(actor=bob, campaign=campaign, costs={None: Decimal(9999)})
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    drop_campaign(actor=bob, campaign=campaign)
    with pytest.raises(ValidationError):
        price_groups(actor=bob, campaign=campaign, costs={None: Decimal(9)})


def test_a_client_costs_once_however_many_rounds_and_both_pages_say_the_same_sum(
    bob, north, other_head, product, people
):
    campaign = approved(bob, other_head, product, branch=north, frequency="weekly", days=28)
    price_groups(actor=bob, campaign=campaign, costs={None: Decimal("2.00")})
    write_cost(
        actor=bob, campaign=campaign, what="Wine", planned_amount=Decimal(100), actual_amount=Decimal(100)
    )
    ask_approval(actor=bob, campaign=campaign)
    decide_campaign(actor=other_head, campaign=campaign, approved=True)
    launch_campaign(actor=bob, campaign=campaign)
    for week in (7, 14, 21):
        Action.objects.open().update(state="done", closed_at=timezone.now())
        tend_campaigns(campaign.starts_on + timedelta(days=week))
    booked = Action.objects.filter(origin="campaign")
    assert booked.count() == 40
    assert booked.aggregate(total=Sum("estimated_cost"))["total"] == Decimal("20.00")
    scope = scope_of_bank(campaign="WINTER")
    found, summed = _money(Campaign.objects.get()), review(scope, scope.own_period())
    assert found["actual_total"] == summed.spent() == Decimal("120.00")
    assert found["planned_total"] == summed.planned() == Decimal("120.00")


def test_a_colleague_who_left_and_a_segment_put_aside_hold_up_no_other_change(
    alice, bob, north, product, people
):
    campaign = planned(bob, product, branch=north, responsible=[alice])
    segment = campaign.segment_version.segment
    alice.is_active = False
    alice.save()
    drop_segment(actor=bob, segment=segment)
    kept = {name: getattr(campaign, name) for name in PLAN}
    kept |= {"products": [product], "responsible": [alice], "segment": segment}
    changed = plan_campaign(actor=bob, campaign=campaign, keeps_version=True, **(kept | {"name": "New"}))
    assert (changed.name, changed.segment_version.segment) == ("New", segment)


def test_the_list_of_segments_reads_one_version_of_each(signed_in, bob, people):
    numbers = [client.number for client in people]
    segment = save_segment(actor=bob, name="Some", numbers=numbers).segment
    for n in range(1, 4):
        save_segment(actor=bob, name="Some", numbers=numbers[n:], segment=segment)
    browser = signed_in(bob)
    with CaptureQueriesContext(connection) as asked:
        page = browser.get("/segments/").content.decode()
    assert "A list of 7 client numbers" in page
    assert any(
        "DISTINCT ON" in one["sql"] and "segmentversion" in one["sql"] for one in asked.captured_queries
    )
