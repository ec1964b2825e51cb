"""Campaigns of the sample bank: one that is over, one that runs, one that waits for approval; a weekend and its guests."""

from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db import transaction

from bankcrm.sample.dice import Dice
from bankcrm.sample.files import Bank
from campaigns.models import Campaign, Event, Invitation, Target, TargetAction
from campaigns.services import members, save_segment
from campaigns.services.acting import end_campaign
from campaigns.services.campaigns import (
    ask_approval,
    decide_campaign,
    plan_campaign,
    price_groups,
    write_cost,
    write_material,
)
from campaigns.services.events import add_preparation, note_question, plan_event
from campaigns.services.invitations import answer_invitation, invite
from campaigns.services.launching import freeze
from clients.models import Theme, Tier
from interactions.models import Action, Contact
from interactions.services.cadence import refresh_cadence
from portfolio.models import Product
from staff.models import User

RESULTS = {"reached": 62, "no_answer": 24, "message_left": 9, "busy": 5}
OUTCOMES = {"interested": 24, "later": 20, "declined": 40, "bought": 10, "": 6}
ANSWERS = {"accepted": 44, "declined": 21, "asked": 35}
HAVE_MONEY = {"groups": [{"parts": [{"what": "assets", "how": "at_least", "value": "20000"}]}]}
KEY_CLIENTS = {
    "all": False,
    "groups": [
        {"all": False, "parts": [
            {"what": "tier", "how": "is", "value": "private"},
            {"what": "tier", "how": "is", "value": "gold"},
        ]},
        {"parts": [{"what": "assets", "how": "at_least", "value": "150000"}]},
    ],
}  # fmt: skip
WEEKEND = {
    "en": ("A weekend with precious metals", "The old mint, Calle de Jorge Juan 106, Madrid",
           "11:00 How gold is cast\n12:00 What it does beside other savings\n13:00 Questions over a glass of wine"),
    "es": ("Un fin de semana entre metales preciosos", "Antigua casa de la moneda, calle de Jorge Juan 106, Madrid",
           "11:00 Cómo se funde el oro\n12:00 Qué aporta junto a otros ahorros\n13:00 Preguntas y una copa de vino"),
    "zh-hans": ("贵金属周末", "马德里豪尔赫·胡安街106号旧造币厂",
                "11:00 黄金如何铸造\n12:00 黄金与其他储蓄的搭配\n13:00 品酒问答"),
}  # fmt: skip


@transaction.atomic
def campaign(bank: Bank) -> dict[str, int]:
    """The campaigns with their targets, calls, guests and costs; how many of each. All or nothing, and once."""
    if Campaign.objects.exists():
        return {"campaigns": Campaign.objects.count()}
    people = {user.staff_number: user for user in User.objects.select_related("branch")}
    head, second, madrid = people["1004"], people["1005"], people["2001"]
    _over(bank, head, second)
    weekend = _weekend(bank, madrid, head)
    _waiting(people["4001"])
    return {
        "campaigns": Campaign.objects.count(),
        "targets": Target.objects.count(),
        "guests": Invitation.objects.filter(event=weekend).count(),
    }


def _planned(actor: User, other: User, rule: dict, whom: str, **more) -> Campaign:
    segment = save_segment(actor=actor, name=whom, rule=rule).segment
    row = plan_campaign(
        actor=actor,
        segment=segment,
        theme=Theme.objects.get(code="product"),
        objective="product",
        frequency="once",
        **more,
    )
    ask_approval(actor=actor, campaign=row)
    return decide_campaign(actor=other, campaign=row, approved=True)


def _launched(row: Campaign, actor: User) -> Campaign:
    Campaign.objects.filter(pk=row.pk).update(state=Campaign.State.LAUNCHING, launched_by=actor)
    return freeze(row)


def _over(bank: Bank, head: User, second: User) -> None:
    """Term deposits before the winter: called, counted, over since two weeks."""
    random, as_of = Dice(f"{bank.wish.seed}/campaign"), bank.wish.as_of
    first, last = as_of - timedelta(days=75), as_of - timedelta(days=14)
    products = Product.objects.filter(kind="term_deposit").order_by("code")[:4]
    row = _planned(
        head, second, HAVE_MONEY, "Savers for term deposits",
        name="Winter deposits", code="WINTER-26", method="contacts", channels=["call", "visit"],
        starts_on=as_of, ends_on=as_of + timedelta(days=60), products=products,
        control_share=Decimal("0.2"), budget=Decimal("18000"), currency="EUR",
        script="Ask first what the money is for. Then twelve months against twenty-four, and what breaking early costs.",
    )  # fmt: skip
    price_groups(
        actor=head, campaign=row,
        costs={Tier.objects.get(code="private"): Decimal("9.50"), Tier.objects.get(code="gold"): Decimal("6"), None: Decimal("3.20")},
    )  # fmt: skip
    write_material(
        actor=head, campaign=row, title="What if rates rise?",
        text="Whoever splits the sum over two terms is never wholly wrong.",
    )  # fmt: skip
    row = _launched(row, head)
    contacts = []
    rounds = TargetAction.objects.filter(target__campaign=row).select_related(
        "target__client__branch", "target__manager"
    )
    for one in rounds.order_by("target_id"):
        target, manager = one.target, one.target.manager
        if manager is None or one.action_id is None or one.has_joined or random.random() < 0.1:
            continue
        on = first + timedelta(days=random.randint(0, (last - first).days))
        result = random.pick(RESULTS)
        at = datetime.combine(
            on, time(random.randint(9, 17), random.choice((5, 20, 40))), target.client.branch.zone
        )
        contacts.append(
            Contact(
                client=target.client, staff=manager, occurred_at=at, recorded_at=at + timedelta(minutes=12),
                channel="call", direction="out", theme=row.theme, result=result, action_id=one.action_id,
                campaign_code=row.code, duration_seconds=240 if result == "reached" else 20, effect="",
            )
        )  # fmt: skip
        state = "done" if result == "reached" else "expired"
        Action.objects.filter(pk=one.action_id).update(state=state, closed_at=at, opens_on=on, due_on=on)
        if result == "reached" and (outcome := random.pick(OUTCOMES)):
            target.outcome, target.outcome_at, target.outcome_by = outcome, at, manager
            target.save(update_fields=["outcome", "outcome_at", "outcome_by"])
    Contact.objects.bulk_create(contacts, batch_size=1000)
    refresh_cadence([contact.client_id for contact in contacts])
    Action.objects.open().filter(target_rounds__target__campaign=row, origin="campaign").update(
        opens_on=first, due_on=last
    )
    Campaign.objects.filter(pk=row.pk).update(
        starts_on=first, ends_on=last,
        launched_at=datetime.combine(first, time(8), head.zone),
    )  # fmt: skip
    row.refresh_from_db()
    for what, planned, actual in (
        ("Letters and leaflets", 1400, "1388.20"),
        ("Training of an evening", 900, "944.00"),
    ):
        write_cost(
            actor=head,
            campaign=row,
            what=what,
            planned_amount=Decimal(planned),
            actual_amount=Decimal(actual),
        )
    end_campaign(actor=head, campaign=row)


def _weekend(bank: Bank, madrid: User, head: User) -> Event:
    """The precious-metals weekend of Madrid: guests invited by every channel, some coming, some waiting."""
    # An event lies ahead, whatever day the bank is of.
    random, as_of = Dice(f"{bank.wish.seed}/weekend"), max(bank.wish.as_of, madrid.today())
    day = as_of + timedelta(days=(5 - as_of.weekday()) % 7 or 7)
    day = day if (day - as_of).days > 4 else day + timedelta(days=7)
    row = _planned(
        madrid, head, KEY_CLIENTS, "Key clients of Madrid",
        name="Precious-metals weekend", code="METALS-26", method="event",
        channels=["call", "email", "sms", "letter", "visit"], starts_on=as_of, ends_on=day + timedelta(days=45),
        products=Product.objects.filter(kind="precious_metal"), control_share=Decimal("0.1"),
        budget=Decimal("6500"), currency="EUR",
        script="An invitation, not an offer: the mint opens its doors for our guests. Gold is a small part of a whole.",
    )  # fmt: skip
    row = _launched(row, madrid)
    zone = madrid.zone
    event = plan_event(
        actor=madrid, branch=madrid.branch, theme=Theme.objects.get(code="product"), campaign=row,
        starts_at=datetime.combine(day, time(11), zone), ends_at=datetime.combine(day, time(14), zone),
        answer_until=datetime.combine(day - timedelta(days=2), time(18), zone),
        capacity=40, companions_most=2, language="en",
        words={code: {"title": a, "place": b, "programme": c} for code, (a, b, c) in WEEKEND.items()},
    )  # fmt: skip
    rest = members(row.segment_version, madrid).filter(targets__campaign=row, targets__arm="treatment")
    for channel in ("visit", "email", "sms", "letter", "call"):
        some = [
            pk
            for pk in rest.exclude(invitations__event=event).values_list("pk", flat=True)
            if channel == "call" or random.random() < 0.25
        ]
        invite(
            actor=madrid, event=event, clients=rest.filter(pk__in=some), channels=[channel, "call", "visit"]
        )
    guests = Invitation.objects.filter(event=event).select_related("client").order_by("number")
    for invitation in guests:
        answer = random.pick(ANSWERS)
        if answer != "asked":
            answer_invitation(
                invitation=invitation, answer=answer, companions=random.choice((0, 0, 0, 1)) if answer == "accepted" else 0,
                through="staff", actor=madrid,
            )  # fmt: skip
    front = User.objects.get(staff_number="2002")
    for kind, what, days in (
        ("place", "The mint: keys, chairs, cloakroom", 7), ("equipment", "Projector and two microphones", 3),
        ("material", "Sixty programmes in three languages", 3), ("staff", "Two at the door from half past ten", 2),
        ("gift", "A medal for every guest", 4),
    ):  # fmt: skip
        due = max(day - timedelta(days=days), as_of)
        add_preparation(
            actor=madrid,
            event=event,
            kind=kind,
            what=what,
            owner=front if kind == "staff" else madrid,
            due_on=due,
        )
    note_question(
        actor=madrid, event=event, text="Is there somewhere to park?", reply="Under the Plaza de Colón."
    )
    write_cost(
        actor=madrid, campaign=row, event=event, what="The mint for a morning", planned_amount=Decimal("2200")
    )
    write_cost(
        actor=madrid, campaign=row, event=event, what="Wine and bread", planned_amount=Decimal("1150.50")
    )

    return event


def _waiting(actor: User) -> None:
    """One that Mexico has planned and somebody else has to approve."""
    segment = save_segment(actor=actor, name="Ahorradores", rule=HAVE_MONEY).segment
    today = actor.today()
    row = plan_campaign(
        actor=actor, name="Fondos para principiantes", code="FONDOS-26", theme=Theme.objects.get(code="education"),
        objective="relationship", method="contacts", frequency="monthly", channels=["call"],
        starts_on=today + timedelta(days=7), ends_on=today + timedelta(days=67), segment=segment,
        control_share=Decimal("0.1"), budget=Decimal("30000"), currency="MXN",
        script="Qué es un fondo, qué no es, y por qué se compra para años.",
    )  # fmt: skip
    ask_approval(actor=actor, campaign=row)
