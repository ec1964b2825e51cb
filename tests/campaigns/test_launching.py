"""Launch: the list is frozen with its reasons, arms and channels, and becomes actions within the period."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from campaigns.models import Campaign, Exclusion, Segment, Target, TargetAction
from campaigns.services import save_segment
from campaigns.services.acting import (
    end_campaign,
    extend_campaign,
    pause_campaign,
    resume_campaign,
    tend_campaigns,
)
from campaigns.services.campaigns import (
    ask_approval,
    clone_campaign,
    decide_campaign,
    plan_campaign,
    price_groups,
    write_cost,
)
from campaigns.services.launching import forecast, freeze, launch_campaign, launch_forgotten
from clients.models import ContactAgreement, Theme, Tier
from interactions.models import Action
from tests.factories import (
    ActionFactory,
    ClientFactory,
    ConsentFactory,
    ContactFactory,
    ProductFactory,
    ServiceCaseFactory,
    UserFactory,
)

EVERYBODY = {"groups": [{"parts": [{"what": "kind", "how": "is", "value": "person"}]}]}


def reachable(branch, manager, **more):
    """A client who has a phone and allows calls about products."""
    client = ClientFactory(branch=branch, manager=manager, phone="+34600111222", **more)
    ConsentFactory(client=client, channel="call", purpose="marketing")
    return client


@pytest.fixture
def gold(db):
    return Tier.objects.get(code="gold")


@pytest.fixture
def product(db):
    return ProductFactory()


@pytest.fixture
def other_head(bank):
    return UserFactory(role="head_office", branch=bank, sees_identities=True)


def planned(actor, product, *, days=14, branch=None, **more) -> Campaign:
    segment, _made = Segment.objects.get_or_create(name="Everybody", owner=actor)
    if not segment.versions.exists():
        save_segment(actor=actor, name="Everybody", rule=EVERYBODY, segment=segment)
    today = actor.today()
    wanted = {
        "name": "Winter deposits",
        "code": "WINTER",
        "theme": Theme.objects.get(code="product"),
        "objective": "product",
        "method": "contacts",
        "frequency": "once",
        "channels": ["call"],
        "starts_on": today,
        "ends_on": today + timedelta(days=days - 1),
        "products": [product],
        "segment": segment,
        "branch": branch,
        "control_share": Decimal("0"),
    }
    return plan_campaign(actor=actor, **(wanted | more))


def approved(actor, other, product, **more) -> Campaign:
    campaign = planned(actor, product, **more)
    ask_approval(actor=actor, campaign=campaign)
    return decide_campaign(actor=other, campaign=campaign, approved=True)


def launched(actor, other, product, **more) -> Campaign:
    return launch_campaign(actor=actor, campaign=approved(actor, other, product, **more))


@pytest.fixture
def people(north, south, alice, anna, charlie):
    return [reachable(north, alice) for _n in range(6)] + [reachable(north, anna) for _n in range(4)]


def test_a_launch_freezes_the_list_and_makes_one_action_a_client(dora, other_head, product, people):
    campaign = launched(dora, other_head, product)
    assert campaign.state == "running"
    targets = Target.objects.filter(campaign=campaign)
    assert {t.client_id for t in targets} == {client.pk for client in people}
    assert {(t.arm, t.channel, tuple(t.groups)) for t in targets} == {("treatment", "call", (1,))}
    rounds = TargetAction.objects.filter(target__campaign=campaign).select_related("action")
    assert rounds.count() == 10
    for row in rounds:
        action = row.action
        assert (action.origin, action.state, action.about) == ("campaign", "planned", "Winter deposits")
        assert campaign.starts_on <= action.due_on <= campaign.ends_on
        assert action.owner is None


def test_later_changes_of_rule_tier_and_manager_change_nothing_of_the_list(
    dora, other_head, product, people, gold, anna, north
):
    campaign = launched(dora, other_head, product)
    before = list(Target.objects.order_by("pk").values())
    segment = campaign.segment_version.segment
    save_segment(
        actor=dora,
        name="Everybody",
        rule={"groups": [{"parts": [{"what": "tier", "how": "is", "value": "gold"}]}]},
        segment=segment,
    )
    people[0].tier = gold
    people[0].save()
    reachable(north, anna)
    freeze(campaign)
    launch_campaign(actor=dora, campaign=campaign)
    assert list(Target.objects.order_by("pk").values()) == before


def test_control_clients_are_drawn_by_seed_and_get_no_action(dora, other_head, product, people):
    campaign = launched(dora, other_head, product, control_share=Decimal("0.3"))
    control = Target.objects.filter(campaign=campaign, arm="control")
    assert control.count() == 3
    assert not Action.objects.filter(client__in=control.values("client")).exists()
    assert TargetAction.objects.count() == 7


def test_who_is_left_out_stands_there_with_the_reason(dora, other_head, product, people, north, alice):
    product_theme = Theme.objects.get(code="product")
    silent = ClientFactory(branch=north, manager=alice, phone="+34600111222")  # never asked
    mute = ClientFactory(branch=north, manager=alice)
    ConsentFactory(client=mute, channel="call", purpose="marketing")
    dormant = reachable(north, alice, status="dormant")
    angry = reachable(north, alice)
    ServiceCaseFactory(client=angry, kind="complaint")
    agreed = reachable(north, alice)
    ContactAgreement.objects.create(client=agreed, approved_on=agreed.branch.today(), channels=["visit"])
    told = reachable(north, alice)
    ContactFactory(client=told, staff=alice, theme=product_theme, result="reached")
    launched(dora, other_head, product)
    found = dict(Exclusion.objects.values_list("client", "reason"))
    assert found == {
        silent.pk: "consent",
        mute.pk: "address",
        dormant.pk: "status",
        angry.pk: "complaint",
        agreed.pk: "agreement",
        told.pk: "guard",
    }


def test_a_client_in_another_running_campaign_is_left_out_in_either_arm(
    dora, other_head, product, people, north, alice
):
    launched(dora, other_head, product, control_share=Decimal("0.5"))
    later = reachable(north, alice)
    second = approved(dora, other_head, product, code="SECOND", name="Second")
    assert forecast(second, dora).left_out == {"campaign": 10}
    second = launch_campaign(actor=dora, campaign=second)
    assert [target.client for target in second.targets.all()] == [later]
    assert list(second.exclusions.values_list("reason", flat=True)) == ["campaign"] * 10


def test_a_campaign_of_a_branch_takes_clients_of_that_branch_only(
    dora, bob, other_head, product, people, south, charlie
):
    outside = reachable(south, charlie)
    campaign = planned(bob, product)
    assert campaign.branch == bob.branch  # a supervisor's own branch is the widest
    ask_approval(actor=bob, campaign=campaign)
    decide_campaign(actor=dora, campaign=campaign, approved=True)
    launch_campaign(actor=bob, campaign=campaign)
    assert campaign.targets.count() == 10
    assert not campaign.targets.filter(client=outside).exists()
    with pytest.raises(ValidationError) as error:
        planned(bob, product, code="B2", branch=south)
    assert "branch" in error.value.message_dict


def test_actions_are_spread_over_the_period_within_what_a_day_holds(dora, other_head, product, north, alice):
    alice.daily_capacity = 2
    alice.save()
    for _n in range(12):
        reachable(north, alice)
    campaign = launched(dora, other_head, product, days=21)
    days = list(Action.objects.filter(origin="campaign").values_list("due_on", flat=True))
    assert len(days) == 12
    assert max(days.count(day) for day in days) <= 2
    working = north.working_calendar()
    assert all(working.is_working(day) for day in days)
    assert max(days) - min(days) >= timedelta(days=10)
    assert max(days) <= campaign.ends_on


def test_an_open_action_of_the_theme_is_joined_and_stays_when_the_campaign_ends(
    dora, other_head, product, people
):
    standing = ActionFactory(client=people[0], theme=Theme.objects.get(code="product"))
    campaign = launched(dora, other_head, product)
    row = TargetAction.objects.get(client=people[0])
    assert (row.action_id, row.has_joined) == (standing.pk, True)
    assert Action.objects.filter(origin="campaign").count() == 9
    end_campaign(actor=dora, campaign=campaign, reason="Enough")
    standing.refresh_from_db()
    assert standing.state == "planned"
    assert set(Action.objects.filter(origin="campaign").values_list("state", flat=True)) == {"cancelled"}


def test_pause_takes_actions_off_and_resume_spreads_them_again(dora, other_head, product, people):
    campaign = launched(dora, other_head, product)
    first = TargetAction.objects.order_by("pk").first().action
    first.state, first.closed_at = "done", first.created_at
    first.save()
    pause_campaign(actor=dora, campaign=campaign, reason="Prices move")
    assert Action.objects.open().count() == 0
    tend_campaigns()
    assert Action.objects.open().count() == 0
    resume_campaign(actor=dora, campaign=campaign)
    assert Action.objects.open().count() == 9
    assert TargetAction.objects.count() == 10
    resume_campaign(actor=dora, campaign=campaign)
    assert Action.objects.open().count() == 9


def test_a_weekly_campaign_asks_again_each_week_but_not_whoever_said_no(dora, other_head, product, people):
    campaign = launched(dora, other_head, product, days=21, frequency="weekly")
    assert TargetAction.objects.count() == 10
    Action.objects.update(state="done", closed_at=campaign.launched_at)
    no = Target.objects.first()
    no.outcome, no.outcome_at = "declined", campaign.launched_at
    no.save()
    tend_campaigns(campaign.starts_on + timedelta(days=7))
    assert TargetAction.objects.filter(number=2).count() == 9
    tend_campaigns(campaign.starts_on + timedelta(days=8))
    assert TargetAction.objects.count() == 19


def test_a_campaign_ends_by_itself_after_its_last_day_and_can_be_extended_before(
    dora, other_head, product, people
):
    campaign = launched(dora, other_head, product)
    with pytest.raises(ValidationError):
        extend_campaign(actor=dora, campaign=campaign, ends_on=campaign.ends_on)
    extend_campaign(actor=dora, campaign=campaign, ends_on=campaign.ends_on + timedelta(days=7))
    tend_campaigns(campaign.ends_on + timedelta(days=2))
    campaign.refresh_from_db()
    assert campaign.state == "running"
    tend_campaigns(campaign.ends_on + timedelta(days=2))
    campaign.refresh_from_db()
    assert campaign.state == "ended"
    assert not Action.objects.open().exists()


def test_two_people_agree_before_anything_is_launched(dora, bob, alice, other_head, product, people):
    campaign = planned(dora, product)
    with pytest.raises(ValidationError):
        launch_campaign(actor=dora, campaign=campaign)
    ask_approval(actor=dora, campaign=campaign)
    for nobody in (dora, alice, bob):  # who asked; no role for it; a branch below
        with pytest.raises(PermissionDenied):
            decide_campaign(actor=nobody, campaign=campaign, approved=True)
    with pytest.raises(ValidationError) as error:
        decide_campaign(actor=other_head, campaign=campaign, approved=False)
    assert "reason" in error.value.message_dict
    decide_campaign(actor=other_head, campaign=campaign, approved=False, reason="Too many calls")
    campaign.refresh_from_db()
    assert (campaign.state, campaign.reason) == ("draft", "Too many calls")
    assert not Target.objects.exists()


def test_a_change_after_approval_asks_for_it_again(dora, other_head, product, people):
    campaign = approved(dora, other_head, product)
    changed = planned(dora, product, campaign=campaign, name="Another")
    assert (changed.pk, changed.state) == (campaign.pk, "draft")


def test_after_launch_whom_and_how_stand(dora, other_head, product, people):
    campaign = launched(dora, other_head, product)
    with pytest.raises(ValidationError):
        planned(dora, product, campaign=campaign, name="Another")


def test_a_launch_that_fails_half_way_leaves_nothing_and_the_night_repeats_it(
    dora, other_head, product, people, monkeypatch
):
    campaign = approved(dora, other_head, product)
    Campaign.objects.filter(pk=campaign.pk).update(state="launching", launched_by=dora)

    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("campaigns.services.launching.act", broken)
    assert launch_forgotten() == 0
    assert not Target.objects.exists()
    monkeypatch.undo()
    assert launch_forgotten() == 1
    assert (Target.objects.count(), Action.objects.count()) == (10, 10)
    assert launch_forgotten() == 0


def test_many_are_frozen_by_a_worker(dora, other_head, product, people, monkeypatch):
    sent = []
    monkeypatch.setattr("campaigns.services.launching.AT_ONCE", 5)
    monkeypatch.setattr("campaigns.services.launching.after_commit", lambda *said: sent.append(said))
    campaign = launched(dora, other_head, product)
    assert (campaign.state, sent) == ("launching", [("campaigns.launch", campaign.pk)])
    assert freeze(campaign).state == "running"


def test_a_copy_has_the_plan_and_nothing_of_what_happened(dora, other_head, product, people, gold):
    campaign = launched(dora, other_head, product)
    price_groups(actor=dora, campaign=campaign, costs={gold: Decimal("12.50"), None: Decimal("3")})
    write_cost(
        actor=dora,
        campaign=campaign,
        what="Brochures",
        planned_amount=Decimal("100"),
        actual_amount=Decimal("99.99"),
    )
    copy = clone_campaign(actor=dora, campaign=campaign)
    assert (copy.state, copy.code, copy.planned_by) == ("draft", "WINTER-2", dora)
    assert not copy.targets.exists()
    assert list(copy.products.all()) == [product]
    assert copy.seed != campaign.seed
    line = copy.cost_lines.get()
    assert (line.what, line.planned_amount, line.actual_amount) == ("Brochures", Decimal("100"), None)
    assert copy.groups.count() == 2


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("name", {"name": " "}),
        ("code", {"code": "a b"}),
        ("code", {"code": "add"}),
        ("channels", {"channels": []}),
        ("channels", {"channels": ["pigeon"]}),
        ("objective", {"objective": "fame"}),
        ("control_share", {"control_share": Decimal("0.6")}),
        ("budget", {"budget": Decimal("-1")}),
        ("budget", {"budget": Decimal("NaN")}),
        ("currency", {"currency": "EURO"}),
        ("script", {"script": "a\0b"}),
    ],
)
def test_what_is_wrong_is_named(dora, product, people, field, wrong):
    with pytest.raises(ValidationError) as error:
        planned(dora, product, **wrong)
    assert field in error.value.message_dict
    assert not Campaign.objects.exists()


def test_costs_of_a_group_stand_in_the_actions(dora, other_head, product, north, alice, gold):
    rich, other = reachable(north, alice, tier=gold), reachable(north, alice)
    campaign = planned(dora, product)
    price_groups(actor=dora, campaign=campaign, costs={gold: Decimal("40"), None: Decimal("5")})
    ask_approval(actor=dora, campaign=campaign)
    decide_campaign(actor=other_head, campaign=campaign, approved=True)
    launch_campaign(actor=dora, campaign=campaign)
    cost = dict(Action.objects.values_list("client", "estimated_cost"))
    assert cost == {rich.pk: Decimal("40"), other.pk: Decimal("5")}


def test_of_many_a_sample_is_looked_at_and_said_so(
    dora, other_head, product, people, north, alice, monkeypatch
):
    for _n in range(10):
        ClientFactory(branch=north, manager=alice, phone="+34600111222")  # never asked
    monkeypatch.setattr("campaigns.services.launching.SAMPLE", 8)
    found = forecast(planned(dora, product), dora)
    assert (found.chosen, found.looked_at) == (20, 8)
    assert found.included + found.left_out.get("consent", 0) == 8
    assert found.expected == round(20 * found.included / 8)
