"""A year of what staff learnt, followed up and promised, and what is under way today: no file carries it.

What lies in the past is written with its own day, for services only know today; what happens today goes
through them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone

from bankcrm.sample.cast import MANAGERS, PLACES, SUPERVISORS, Manager
from bankcrm.sample.clients import SampleClient
from bankcrm.sample.dice import Dice
from bankcrm.sample.facts import facts_of
from bankcrm.sample.files import Bank
from bankcrm.sample.money import PER_USD, as_agreed
from clients.models import Client, Fact, FactChange, FactType, Theme, Tier
from clients.services import open_with_reason, restrict_file, value_hash
from interactions.models import (
    Action,
    Contact,
    Opportunity,
    Promise,
    ReminderRule,
    Source,
    StageChange,
)
from interactions.services import (
    Interest,
    Noted,
    answer_referral,
    close_case,
    deliver_plan,
    move_opportunity,
    note_promise,
    open_case,
    raise_opportunity,
    refer,
    take_step,
)
from interactions.services.opportunities import purchases_for
from staff.models import User

STEPS = {
    "es": ("Enviar la comparación en dos hojas", "Llamar con los números", "Traer el contrato a la firma"),
    "zh": ("发两页对比材料", "带测算再打一次", "准备合同签字"),
    "en": ("Send the comparison on two pages", "Call with the figures", "Bring the contract to sign"),
}
LOST = {
    "es": ("Prefiere esperar", "Lo contrató en Banco Austral", "El plazo le parece largo"),
    "zh": ("想再等等", "在汇江银行买了", "觉得期限太长"),
    "en": ("Would rather wait", "Bought it at Northgate", "Finds the term too long"),
}
PROMISES = {
    "es": (
        "Vence mi depósito en Banco Austral",
        "Vendemos el piso, llámeme entonces",
        "Cobro la paga extra, veremos qué hacemos",
        "Vuelvo de viaje y lo hablamos",
    ),
    "zh": ("我在汇江银行的存款到期", "房子卖掉以后再联系我", "年终奖到账再商量", "出差回来再谈"),
    "en": (
        "My deposit at Northgate falls due",
        "We sell the flat then, call me",
        "The bonus comes in, let us talk",
        "Back from the journey, ring me",
    ),
}
CASES = {  # kind, words, and how many steps have been taken
    "es": (
        ("complaint", "Le cobraron dos veces la comisión de la tarjeta", 1),
        ("unmet_need", "Pide una caja de seguridad y en la oficina no hay", 2),
    ),
    "zh": (("complaint", "柜台排队一个半小时，没有人解释", 0), ("request", "想把对账单改成按季度寄送", 3)),
    "en": (
        ("loss", "Moved the salary to another bank after the fee change", 2),
        ("complaint", "A transfer took five days and nobody could say why", 3),
    ),
}
SAID = {
    "es": (
        "Escuchado por teléfono",
        "Disculpas y explicación por escrito",
        "Propuesta: devolver la comisión",
    ),
    "zh": ("电话听取了情况", "已道歉并书面说明", "建议退还费用"),
    "en": ("Listened on the phone", "Apologised and explained in writing", "Proposed to refund the fee"),
}
CORRECTED = 0.12  # of the facts that staff learnt and that may be corrected


@dataclass
class Reached:
    """One contact in which a client was reached."""

    id: int
    client_id: int
    staff_id: int
    occurred_at: datetime
    recorded_at: datetime


def write_the_year(bank: Bank) -> dict[str, int]:
    """Facts learnt in contacts, opportunities followed, promises of last month: each on its own day."""
    clients = {row.number: row for row in Client.objects.select_related("branch")}
    talks = _talks()
    return {
        "facts learnt": _learn(bank, clients, talks),
        "opportunities followed": _follow(bank),
        "promises": _promises_of_last_month(bank, clients, talks),
    }


def _talks() -> dict[int, list[Reached]]:
    """The contacts in which each client was reached, in their order."""
    found: dict[int, list[Reached]] = {}
    columns = ("pk", "client_id", "staff_id", "occurred_at", "recorded_at")
    rows = Contact.objects.reached().filter(is_imported=True).order_by("occurred_at", "pk")
    for row in rows.values_list(*columns):
        found.setdefault(row[1], []).append(Reached(*row))
    return found


def _learn(bank: Bank, clients: dict[str, Client], talks: dict[int, list[Reached]]) -> int:
    """Facts as staff wrote them down after a talk, with their entries in the ledger; some corrected later."""
    types = {one.code: one for one in FactType.objects.all()}
    facts: list[Fact] = []
    heard: list[tuple[Reached, Reached | None, str]] = []
    for sample in bank.clients:
        random = Dice(f"{bank.wish.seed}/heard/{sample.number}")
        client = clients[sample.number]
        met = talks.get(client.pk, [])
        for code, value, learnt in facts_of(sample, bank.wish.seed):
            if not learnt or not met:
                continue
            talk = random.choice(met)
            on = timezone.localtime(talk.occurred_at, client.branch.zone).date()
            later = [one for one in met if one.occurred_at > talk.occurred_at]
            was, talked_again = "", None
            if later and types[code].is_many and random.random() < CORRECTED:
                was = {"es": "por confirmar: ", "zh": "待确认："}[sample.place.language] + value
                talked_again = random.choice(later)
                on = timezone.localtime(talked_again.occurred_at, client.branch.zone).date()
            fact = Fact(client=client, type=types[code], value=value, learnt_on=on)
            if code == "assets_elsewhere":
                home = sample.place.currency
                fact.amount = Decimal(as_agreed(random.choice((10_000, 30_000, 80_000)) * PER_USD[home]))
                fact.currency = home
            facts.append(fact)
            heard.append((talk, talked_again, was))
    Fact.objects.bulk_create(facts, batch_size=2000)
    changes = []
    for fact, (talk, again, was) in zip(facts, heard, strict=True):
        changes.append(_known(fact, talk, "", was or fact.value))
        if again is not None:
            changes.append(_known(fact, again, was, fact.value))
    changes.sort(key=lambda change: change.at)
    FactChange.objects.bulk_create(changes, batch_size=2000)
    return len(facts)


def _known(fact: Fact, talk: Reached, old: str, new: str) -> FactChange:
    return FactChange(
        client=fact.client,
        fact_type=fact.type,
        slot=f"fact/{fact.pk}",
        old_hash=value_hash(old),
        new_hash=value_hash(new),
        by_kind=FactChange.ByKind.STAFF,
        actor_id=talk.staff_id,
        contact_id=talk.id,
        at=talk.recorded_at,
    )


def _follow(bank: Bank) -> int:
    """What became of the interests that the contacts brought: won, lost, further on, or left lying."""
    languages = {client.number: client.place.language for client in bank.clients}
    now = timezone.now()
    followed: list[Opportunity] = []
    steps: list[Opportunity] = []
    stages: list[StageChange] = []
    taken: list[int] = []  # purchases that have won one
    product_theme = Theme.objects.get(code="product")
    for one in Opportunity.objects.open().select_related("client__branch", "product", "action", "contact"):
        random = Dice(f"{bank.wish.seed}/followed/{one.contact.number}")
        language, today = languages[one.client.number], one.client.branch.today()
        bought = purchases_for(one).filter(product=one.product).exclude(pk__in=taken)
        purchase = bought.first()
        days = (now - one.raised_at).days
        chance = random.random()
        if purchase is not None:
            at = min(datetime.combine(purchase.bought_on, time(15), one.client.branch.zone), now)
            _move(one, "proposal", one.raised_at + (at - one.raised_at) / 2, stages)
            taken.append(purchase.pk)
            one.purchase, one.closed_at = purchase, max(at, one.raised_at + timedelta(hours=1))
            _move(one, "won", one.closed_at, stages)
        elif days > 25 and chance < 0.75:
            at = one.raised_at + timedelta(days=random.randint(2, 20))
            one.lost_reason, one.closed_at = random.choice(LOST[language]), at
            _move(one, "lost", at, stages)
        elif days > 2 and chance < 0.9:
            at = one.raised_at + timedelta(days=random.randint(1, min(days, 12)))
            one.next_on = today + timedelta(days=random.randint(-6, 9))
            one.next_step = random.choice(STEPS[language])
            _move(one, "intention", at, stages)
            if chance < 0.4 and (at := at + timedelta(days=1)) < now:
                _move(one, "proposal", at, stages)
            steps.append(one)
        followed.append(one)
    for one in steps:
        action = one.action or Action(client=one.client, theme=product_theme, origin=Action.Origin.NEXT_STEP)
        action.source, action.about = "", one.next_step
        action.opens_on = action.due_on = one.next_on or one.client.branch.today()
        action.amount, action.currency = one.amount, one.currency
        action.from_contact_id, action.created_by_id = one.contact_id, one.raised_by_id
        action.save()
        one.action = action
    columns = ["stage", "next_step", "next_on", "lost_reason", "closed_at", "purchase", "action"]
    Opportunity.objects.bulk_update(followed, columns, batch_size=500)
    StageChange.objects.bulk_create(stages)
    ended = Action.objects.open().filter(opportunities__closed_at__isnull=False)
    ended.update(state=Action.State.DONE, closed_at=now)
    return len(followed)


def _move(one: Opportunity, stage: str, at: datetime, stages: list[StageChange]) -> None:
    one.stage = stage
    stages.append(StageChange(opportunity=one, stage=stage, at=at, by_id=one.raised_by_id))


def _promises_of_last_month(bank: Bank, clients: dict[str, Client], talks: dict[int, list[Reached]]) -> int:
    """Promises whose window is over: most were kept by a talk inside it; one waits on a desk since."""
    theme = Theme.objects.get(code="promise")
    people = {user.staff_number: user for user in User.objects.all()}
    made = 0
    for manager in MANAGERS:
        random = Dice(f"{bank.wish.seed}/promised/{manager.staff_number}")
        language = _language(manager)
        for sample in random.sample(_book(bank, manager), min(5, len(_book(bank, manager)))):
            client = clients[sample.number]
            since = timezone.now() - timedelta(days=34)
            lately = [one for one in talks.get(client.pk, []) if one.occurred_at > since]
            today = client.branch.today()
            if lately:
                day = timezone.localtime(lately[-1].occurred_at, client.branch.zone).date()
            elif random.random() < 0.5:
                day = today - timedelta(days=random.randint(9, 25))
            else:
                continue
            opens_on, due_on = (
                day - timedelta(days=2),
                min(day + timedelta(days=3), today - timedelta(days=1)),
            )
            if due_on < opens_on:
                continue
            noted_at = datetime.combine(opens_on - timedelta(days=6), time(11), client.branch.zone)
            state = Action.State.DONE if lately else Action.State.EXPIRED
            if not lately and manager.pressure == 2:
                state = Action.State.PLANNED  # on Today as late
            text = random.choice(PROMISES[language])
            action = Action.objects.create(
                client=client,
                theme=theme,
                opens_on=opens_on,
                due_on=due_on,
                origin=Action.Origin.PROMISE,
                source="promise",
                about=text,
                event_on=noted_at.date(),
                state=state,
                created_by=people[manager.staff_number],
                created_at=noted_at,
                closed_at=None
                if state == Action.State.PLANNED
                else datetime.combine(due_on, time(17), client.branch.zone),
            )
            Promise.objects.create(
                client=client,
                text=text,
                opens_on=opens_on,
                due_on=due_on,
                action=action,
                noted_by=people[manager.staff_number],
                noted_at=noted_at,
            )
            made += 1
    return made


def _book(bank: Bank, manager: Manager) -> list[SampleClient]:
    """Key clients of a book with whom something can be planned."""
    return [
        client
        for client in bank.clients
        if client.manager == manager and client.is_active and client.is_person and client.tier != "standard"
    ]


def _language(manager: Manager) -> str:
    return manager.language[:2]


# -- today ------------------------------------------------------------------------------------------


def start_today(bank: Bank) -> dict[str, int]:
    """What is under way on the sample's day, by the people's own services."""
    people = {user.staff_number: user for user in User.objects.select_related("branch")}
    done = {"opportunities": 0, "promises heard": 0, "cases": 0, "referrals": 0}
    for position, manager in enumerate(MANAGERS):
        random = Dice(f"{bank.wish.seed}/today/{manager.staff_number}")
        book, user, language = _book(bank, manager), people[manager.staff_number], _language(manager)
        numbers = random.sample([client.number for client in book], min(len(book), 5))
        chosen = Client.objects.select_related("branch").in_bulk(numbers, field_name="number")
        clients = [chosen[number] for number in numbers]
        currency = book[0].place.currency if book else ""
        if clients:
            _hear_interest(user, clients.pop(), position, language, currency, random)
            done["opportunities"] += 1
        for client in [clients.pop() for _one in range(min(len(clients), 1 + position % 2))]:
            _hear_promise(user, client, random.choice(PROMISES[language]), position)
            done["promises heard"] += 1
        if position in (0, 1, 3, 4, 7, 9) and clients:
            _open_case(user, clients.pop(), position, language)
            done["cases"] += 1
        if position in (3, 8) and clients:
            _lead_to_specialist(user, clients.pop(), people, position, language)
            done["referrals"] += 1
    _restrict_one(bank, people)
    _open_in_an_emergency(bank, people)
    return done


def _hear_interest(
    user: User, client: Client, position: int, language: str, currency: str, random: Dice
) -> None:
    kind = random.choice(("term_deposit", "fund", "insurance", "bond"))
    opportunity = raise_opportunity(
        actor=user,
        client=client,
        interest=Interest(
            next_on=client.branch.today() + timedelta(days=random.randint(1, 6)),
            kind=kind,
            amount=Decimal(as_agreed(random.choice((8_000, 25_000, 60_000)) * PER_USD[currency])),
            currency=currency,
            next_step=random.choice(STEPS[language]),
        ),
    )
    if position % 3 == 0:
        move_opportunity(
            actor=user,
            opportunity=opportunity,
            stage="proposal",
            next_on=client.branch.today() + timedelta(days=2),
            next_step=random.choice(STEPS[language]),
        )
    elif position % 3 == 1:
        move_opportunity(
            actor=user, opportunity=opportunity, stage="lost", lost_reason=random.choice(LOST[language])
        )


def _hear_promise(user: User, client: Client, text: str, position: int) -> None:
    opens_on = client.branch.today() + timedelta(days=3 + position)
    note_promise(actor=user, client=client, noted=Noted(text, opens_on, opens_on + timedelta(days=6)))


def _open_case(user: User, client: Client, position: int, language: str) -> None:
    kind, text, steps = CASES[language][position % 2]
    case = open_case(actor=user, client=client, kind=kind, text=text)
    for step, note in list(zip(("listened", "answered", "proposed"), SAID[language], strict=True))[:steps]:
        case = take_step(actor=user, case=case, step=step, note=note)
    if position == 9:
        close_case(actor=user, case=case, outcome="kept", is_satisfied=True, note=SAID[language][1])


def _lead_to_specialist(
    user: User, client: Client, people: dict[str, User], position: int, language: str
) -> None:
    reason = {
        "es": "Plan de jubilación y herencia",
        "zh": "养老和传承规划",
        "en": "Retirement and inheritance",
    }
    until = client.branch.today() + timedelta(days=60)
    to = people[MANAGERS[position - 3].staff_number]
    referral = refer(actor=user, client=client, to=to, reason=reason[language], until_on=until)
    if position == 8:
        referral = answer_referral(actor=to, referral=referral, accepts=True)
        deliver_plan(actor=user, referral=referral, on=client.branch.today())


def _restrict_one(bank: Bank, people: dict[str, User]) -> None:
    """A public figure at the first branch: named people only."""
    supervisor = SUPERVISORS[0]
    number = next(c.number for c in bank.clients if c.place.code == supervisor.branch and _is_quiet(c))
    client = Client.objects.select_related("branch").get(number=number)
    restrict_file(
        actor=people[supervisor.staff_number], client=client, is_restricted=True, reason="Public figure"
    )


def _open_in_an_emergency(bank: Bank, people: dict[str, User]) -> None:
    """A colleague opened a file of another book; the supervisor has yet to look at it."""
    place = PLACES[-1]
    manager, colleague = [one for one in MANAGERS if one.branch == place.code][:2]
    number = next(c.number for c in reversed(bank.clients) if c.manager == colleague and _is_quiet(c))
    open_with_reason(
        actor=people[manager.staff_number],
        number=number,
        reason="Cliente en la oficina con la tarjeta robada; su gestor no está",
    )


def _is_quiet(client: SampleClient) -> bool:
    return bool(client.manager and client.is_person and client.is_active and client.tier == "private")


def strict_tiers(codes: Iterable[str] = ("private",)) -> None:
    """Whom one does not bother twice: there a repetition asks for a reason."""
    Tier.objects.filter(code__in=codes).update(guard_blocks=True)


def reminder_rules() -> None:
    """Purchases are looked after again with private clients alone."""
    for tier, is_on in ((None, False), (Tier.objects.get(code="private"), True)):
        rule = {"is_on": is_on, "escalate_after_days": 14}
        ReminderRule.objects.get_or_create(source=Source.PURCHASE_REVIEW, tier=tier, defaults=rule)
