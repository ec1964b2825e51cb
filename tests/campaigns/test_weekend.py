"""The precious-metals weekend, from the rule to the sums: 300 invited in five channels, 120 come, 18 buy."""

from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.models import Event, Guest, Invitation, Target
from campaigns.services import save_segment
from campaigns.services.aftermath import follow_events
from campaigns.services.campaigns import (
    ask_approval,
    decide_campaign,
    plan_campaign,
    price_groups,
    write_cost,
)
from campaigns.services.door import check_in, close_door, walk_in, welcome_guest
from campaigns.services.events import add_preparation, note_question, plan_event, reply_question
from campaigns.services.invitations import answer_invitation, invite, log_answer
from campaigns.services.launching import freeze
from clients.models import Client, Consent, ContactPoint, Theme, Tier
from interactions.models import Action
from metrics.campaigns import review
from metrics.reports import scope_of_bank
from tests.factories import ClientFactory, ProductFactory, PurchaseFactory, UserFactory

WAYS = ("call", "email", "sms", "letter", "visit")


@pytest.fixture
def gold_bars(db):
    return ProductFactory(code="AU10", name="Gold bar", kind="precious_metal", currency="EUR", risk_level=4)


@pytest.fixture
def head(bank):
    return UserFactory(role="head_office", branch=bank, sees_identities=True)


@pytest.fixture
def guests(north, alice, anna):
    """340 clients, each with one way that they allow; sixty to seventy a way."""
    gold, rows = Tier.objects.get(code="gold"), []
    for n in range(340):
        row = ClientFactory(branch=north, manager=(alice, anna)[n % 2], tier=gold if n % 3 else None)
        way = WAYS[n % 5]
        point = {"call": "phone", "sms": "phone", "email": "email", "letter": "address"}.get(way)
        value = {"phone": "+34600111222", "email": f"guest{n}@x.example", "address": "Calle Mayor 1, Madrid"}
        if point:
            ContactPoint.objects.create(client=row, kind=point, value=value[point], is_primary=True)
        Consent.objects.create(
            client=row, channel=way, purpose="marketing", granted=True, source="spoken", at=timezone.now()
        )
        rows.append(row)
    return rows


def planned(bob, head, gold_bars):
    rule = {"groups": [{"parts": [{"what": "kind", "how": "is", "value": "person"}]}]}
    today = bob.today()
    campaign = plan_campaign(
        actor=bob, name="Precious-metals weekend", code="METALS", theme=Theme.objects.get(code="product"),
        objective="product", method="event", frequency="once", channels=list(WAYS), starts_on=today,
        ends_on=today + timedelta(days=60), products=[gold_bars],
        segment=save_segment(actor=bob, name="Persons", rule=rule).segment, control_share=Decimal("40") / 340,
        budget=Decimal("9000"), currency="EUR",
    )  # fmt: skip
    ask_approval(actor=bob, campaign=campaign)
    decide_campaign(actor=head, campaign=campaign, approved=True)
    campaign.refresh_from_db()
    campaign.control_share = Decimal("0.118")
    campaign.state, campaign.launched_by = "launching", bob
    campaign.save()
    return freeze(campaign)


def test_the_weekend_is_planned_held_and_summed_up(
    bob, alice, anna, head, hana, guests, gold_bars, north, signed_in
):
    campaign = planned(bob, head, gold_bars)
    treated = Client.objects.filter(targets__campaign=campaign, targets__arm="treatment")
    assert (treated.count(), Target.objects.filter(arm="control").count()) == (300, 40)

    # The plan: place, time, room, who prepares what.
    zone, day = north.zone, north.today() + timedelta(days=12)
    event = plan_event(
        actor=bob, branch=north, theme=campaign.theme, campaign=campaign, language="en",
        starts_at=datetime.combine(day, time(11), zone), ends_at=datetime.combine(day, time(14), zone),
        answer_until=datetime.combine(day - timedelta(days=2), time(18), zone), capacity=130, companions_most=1,
        words={"en": {"title": "A weekend with gold", "place": "The mint", "programme": "11:00 Casting"}},
    )  # fmt: skip
    add_preparation(
        actor=bob, event=event, kind="gift", what="Medals", owner=alice, due_on=day - timedelta(days=1)
    )

    # The invitations: everybody of the contacted arm, nobody of the other.
    done = invite(actor=bob, event=event, clients=Client.objects.all(), channels=list(WAYS))
    assert (done.made, len(done.left_out)) == (300, 40)
    rows = list(Invitation.objects.filter(event=event).order_by("number").select_related("client", "action"))
    assert [row.number for row in rows] == list(range(1, 301))
    by_way = Counter(row.channel for row in rows)
    assert set(by_way) == set(WAYS)
    assert min(by_way.values()) > 40
    assert all(row.action.is_open and row.action.source == "event" for row in rows)

    # The answers: more wish to come than there is room for.
    by_phone = [row for row in rows[:140] if row.channel == "call"][:10]
    talk = {"channel": "call", "result": "reached"}
    for row in rows[:140]:
        if row in by_phone:
            log_answer(actor=bob, invitation=row, contact=talk, answer="accepted")
        else:
            answer_invitation(invitation=row, answer="accepted", through="staff", actor=bob)
    answers = Counter(Invitation.objects.values_list("answer", flat=True))
    assert (answers["accepted"], answers["waiting"], answers["asked"]) == (130, 10, 160)
    for row in rows[:4]:
        answer_invitation(invitation=row, answer="declined", through="staff", actor=bob)
    answers = Counter(Invitation.objects.values_list("answer", flat=True))
    assert (answers["accepted"], answers["waiting"], answers["declined"]) == (130, 6, 4)
    assert Invitation.objects.get(pk=rows[130].pk).answer == "accepted"  # who waited longest moved up

    # The day itself.
    Event.objects.filter(pk=event.pk).update(
        starts_at=timezone.now() - timedelta(minutes=30),
        ends_at=timezone.now() + timedelta(hours=2),
        answer_until=timezone.now() - timedelta(days=1),
    )
    event.refresh_from_db()
    coming = list(Invitation.objects.filter(event=event, answer="accepted").order_by("number"))
    for row in coming[:119]:
        check_in(actor=hana, invitation=row)
    check_in(actor=hana, invitation=coming[0])  # shown twice at the door: once inside
    walk_in(actor=bob, event=event, client=Client.objects.get(pk=rows[200].client_id))
    welcome_guest(actor=hana, event=event, name="A neighbour", phone="+34600999888")
    assert Invitation.objects.filter(event=event, attendance="came").count() == 120
    assert Guest.objects.count() == 1
    question = note_question(actor=bob, event=event, text="What does storage cost?", invitation=coming[0])
    reply_question(actor=bob, question=question, reply="Nothing for a year.")
    close_door(actor=bob, event=event)
    came = Counter(Invitation.objects.values_list("attendance", flat=True))
    assert (came["came"], came["no_show"]) == (120, 11)

    # The day after: each who came is thanked once, each who was missed is called once.
    Event.objects.filter(pk=event.pk).update(
        starts_at=timezone.now() - timedelta(days=4, hours=3),
        ends_at=timezone.now() - timedelta(days=4),
        answer_until=timezone.now() - timedelta(days=5),
    )
    follow_events(on=north.today())
    follow_events(on=north.today())
    followed = Invitation.objects.filter(event=event, follow_up__isnull=False)
    assert followed.count() == 131
    assert Action.objects.filter(followed_ups__in=followed, state="planned").distinct().count() == 131

    # Eighteen buy, and one of those left alone.
    buyers = [row.client for row in coming[:18]]
    for buyer in buyers:
        PurchaseFactory(
            client=buyer, product=gold_bars, amount=Decimal("2500"), bought_on=north.today(), currency="EUR"
        )
    left_alone = Target.objects.filter(campaign=campaign, arm="control").first().client
    PurchaseFactory(
        client=left_alone, product=gold_bars, amount=Decimal("900"), bought_on=north.today(), currency="EUR"
    )

    # What it cost, to the cent.
    price_groups(
        actor=bob,
        campaign=campaign,
        costs={Tier.objects.get(code="gold"): Decimal("3.10"), None: Decimal("1.05")},
    )
    write_cost(
        actor=bob,
        campaign=campaign,
        event=event,
        what="The mint",
        planned_amount=Decimal("2000"),
        actual_amount=Decimal("2000.01"),
    )
    write_cost(
        actor=bob,
        campaign=campaign,
        event=event,
        what="Wine",
        planned_amount=Decimal("900"),
        actual_amount=Decimal("899.98"),
    )
    gold_guests = Target.objects.filter(campaign=campaign, arm="treatment", tier__code="gold").count()
    heads = gold_guests * Decimal("3.10") + (300 - gold_guests) * Decimal("1.05")

    scope = scope_of_bank(campaign="METALS")
    found = review(scope, scope.own_period())
    assert (found.treated.clients, found.control.clients) == (300, 40)
    assert (found.invited, found.attending) == (300, 120)
    assert (found.treated.buyers, found.control.buyers) == (18, 1)
    assert found.treated.conversion == 18 / 300
    assert found.treated.figures["contact_achievement"].numerator == 10
    assert {(one.currency, one.amount) for one in found.treated.sales.amounts} == {
        ("EUR", Decimal("45000.00"))
    }
    total = heads + Decimal("2899.99")
    assert found.spent() == total
    assert sum(one.cost.actual for one in found.costs.groups) == total
    per = {code: cost for code, _count, cost in found.costs_per()}
    assert per["invited"] == (total / 300).quantize(Decimal("0.01"))
    assert per["attending"] == (total / 120).quantize(Decimal("0.01"))
    assert per["reached"] == (total / 10).quantize(Decimal("0.01"))
    assert per["buyer"] == (total / 18).quantize(Decimal("0.01"))
    assert per["new_money"] is None  # nothing was brought from elsewhere

    page = signed_in(bob).get("/campaigns/METALS/review/")
    assert page.status_code == 200
    assert (
        "<b>6.0% of the campaign’s clients bought, against 2.5%</b> in the control group."
        in page.content.decode()
    )
    assert f"{total:,.2f}" in page.content.decode()
