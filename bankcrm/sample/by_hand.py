"""What people of the sample bank would have done themselves: no file carries these, services do.

Every line is in the language of whoever wrote it, as it would be in a bank of three countries.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from bankcrm.sample import notes
from bankcrm.sample.cast import AWAY, AWAY_SUPERVISOR, MANAGERS, STAND_IN, Manager
from bankcrm.sample.dice import Dice
from bankcrm.sample.files import Bank
from bankcrm.sample.money import PER_USD
from clients.models import Client, Theme
from interactions.services import NextStep, log_contact, plan_action
from staff.models import Branch, User
from staff.services import arrange_cover

COVER_DAYS_BEFORE, COVER_DAYS_AFTER = 2, 9


@dataclass(frozen=True)
class Plan:
    """One thing to do: its theme and channel, when it is due, and what for: two wordings a language."""

    theme: str
    channel: str
    due_in_days: int
    at: time | None
    about: dict[str, tuple[str, str]]


PLANS = (
    Plan(
        "complaint",
        "call",
        0,
        time(16),
        {
            "en": (
                "Complaint about card fees: an answer is promised for this afternoon",
                "A transfer took five days: the explanation is promised for this afternoon",
            ),
            "es": (
                "Queja por las comisiones de la tarjeta: respuesta prometida para esta tarde",
                "Una transferencia tardó cinco días: explicación prometida para esta tarde",
            ),
            "zh": ("投诉卡费：答应今天下午答复", "一笔转账五天才到账：答应今天下午说明原因"),
        },
    ),
    Plan(
        "promise",
        "call",
        2,
        None,
        {
            "en": (
                "“My deposit at Northgate falls due at the end of the month”: ask what becomes of it",
                "“We sell the flat in Toledo Street this month”: ask where the money goes",
            ),
            "es": (
                "«Mi depósito en Banco Austral vence a fin de mes»: preguntar qué hará con él",
                "«Este mes vendemos el piso»: preguntar dónde irá el dinero",
            ),
            "zh": ("“我在汇江银行的存款月底到期”：问问打算怎么安排", "“这个月要卖掉老房子”：问问钱怎么安排"),
        },
    ),
    Plan(
        "product",
        "call",
        1,
        None,
        {
            "en": (
                "Asked about a retirement plan last week. No follow-up yet",
                "Wanted figures for a loan on a workshop roof. Not sent yet",
            ),
            "es": (
                "Preguntó la semana pasada por un plan de jubilación. Aún sin respuesta",
                "Quería números para financiar el tejado del taller. Aún sin enviar",
            ),
            "zh": ("上周问过养老产品，还没有答复", "想贷款翻修厂房屋顶，测算还没发"),
        },
    ),
    Plan(
        "keeping_in_touch",
        "visit",
        3,
        None,
        {
            "en": (
                "Opens a second shop on Saturday: flowers and a few minutes",
                "Out of hospital since Monday: a short visit, no business",
            ),
            "es": (
                "Abre su segundo local el sábado: llevar flores y quedarse un rato",
                "Salió del hospital el lunes: visita breve, sin hablar de negocios",
            ),
            "zh": ("第二家店周六开张：送花，去坐坐", "周一出院：上门看望，不谈业务"),
        },
    ),
    Plan(
        "review",
        "branch",
        4,
        time(11, 30),
        {
            "en": (
                "Half-yearly review; bring the comparison with the index on paper",
                "Risk profile is two years old: go through the questions again, over tea",
            ),
            "es": (
                "Revisión semestral; llevar en papel la comparación con el índice",
                "El perfil de riesgo tiene dos años: repasar las preguntas con un café",
            ),
            "zh": ("半年回顾，带上和指数对比的纸质材料", "风险测评已满两年：喝茶时重做一遍"),
        },
    ),
    Plan(
        "education",
        "call",
        5,
        None,
        {
            "en": (
                "Invite to the lecture “Inheritance without surprises”",
                "Invite to the evening “What a rate cut does to deposits”, may bring a guest",
            ),
            "es": (
                "Invitar a la conferencia «Herencias sin sorpresas»",
                "Invitar a la tarde «Qué pasa con los depósitos si bajan los tipos», con acompañante",
            ),
            "zh": ("邀请参加“安心传承”讲座", "邀请参加“降息与存款”晚间讲座，可带一位朋友"),
        },
    ),
    Plan(
        "service",
        "email",
        0,
        None,
        {
            "en": (
                "Send the form to name an authorised user, signed copy comes back by post",
                "Statements go to the old address: send the form for the change",
            ),
            "es": (
                "Enviar el formulario para autorizar a otra persona; la copia firmada llega por correo",
                "Los extractos llegan al domicilio antiguo: enviar el formulario de cambio",
            ),
            "zh": ("发授权人申请表，签好的原件邮寄回来", "对账单还寄到旧地址：发变更表"),
        },
    ),
)
PLANS_BY_PRESSURE = {0: (1, 2, 3), 1: (0, 1, 2, 4), 2: (0, 1, 2, 3, 4, 5, 6)}

STEPS: dict[str, tuple[str, ...]] = {
    "en": (
        "Send the offer that was asked for",
        "Call again about the maturing deposit",
        "Tea in the branch, with figures",
    ),
    "es": (
        "Enviar la oferta que pidió",
        "Volver a llamar por el depósito que vence",
        "Café en la oficina, con cifras",
    ),
    "zh": ("把要的方案发过去", "到期存款的事再打一次电话", "约到网点喝茶，带上测算"),
}
# Of each manager's last contacts: theme, channel, result, days until the next step (none: nothing agreed).
LAST_CONTACTS = (
    ("product", "call", "reached", 1),
    ("review", "branch", "reached", None),
    ("keeping_in_touch", "call", "no_answer", None),
    ("maturity", "call", "reached", 3),
)


def work_by_hand(bank: Bank) -> dict[str, int]:
    """Plans, last contacts with their next steps, and one cover; returns how many of each.

    Not repeatable: the caller runs it once, in one transaction with the note that it is done.
    """
    themes = {theme.code: theme for theme in Theme.objects.all()}
    people = {
        user.staff_number: user
        for user in User.objects.filter(staff_number__in=[m.staff_number for m in MANAGERS])
    }
    done = {"plans": 0, "contacts": 0, "covers": 0}
    for position, manager in enumerate(MANAGERS):
        user = people[manager.staff_number]
        clients = _clients_of(manager, bank)
        language = manager.language[:2]
        for index in PLANS_BY_PRESSURE[manager.pressure][: len(clients)]:
            _plan(user, PLANS[index], clients.pop(), themes, PLANS[index].about[language][position // 2 % 2])
            done["plans"] += 1
        for theme, channel, result, days in LAST_CONTACTS[: len(clients)]:
            _contact(user, manager, clients.pop(), themes[theme], channel, result, days, bank)
            done["contacts"] += 1
    _arrange_cover(people, bank.wish.as_of)
    done["covers"] = 1
    return done


def _clients_of(manager: Manager, bank: Bank) -> list[Client]:
    """Some clients of a book, the same ones each time, persons with something to talk about."""
    random = Dice(f"{bank.wish.seed}/by hand/{manager.staff_number}")
    numbers = [
        client.number
        for client in bank.clients
        if client.manager == manager and client.is_person and client.is_active and client.tier != "standard"
    ]
    chosen = random.sample(numbers, min(len(numbers), 12))
    found = Client.objects.select_related("branch").in_bulk(chosen, field_name="number")
    return [found[number] for number in chosen]


def _plan(user: User, plan: Plan, client: Client, themes: dict[str, Theme], about: str) -> None:
    today = user.today()
    plan_action(
        actor=user,
        client=client,
        theme=themes[plan.theme],
        channel=plan.channel,
        opens_on=today,
        due_on=today + timedelta(days=plan.due_in_days),
        due_at=plan.at,
        about=about,
    )


def _contact(
    user: User,
    manager: Manager,
    client: Client,
    theme: Theme,
    channel: str,
    result: str,
    next_in_days: int | None,
    bank: Bank,
) -> None:
    random = Dice(f"{bank.wish.seed}/last/{client.number}")
    language = manager.language[:2]
    currency = next(sample.place.currency for sample in bank.clients if sample.number == client.number)
    money = notes.spoken(round(20_000 * PER_USD[currency]), currency, language)
    step = None
    if next_in_days is not None:
        step = NextStep(
            channel="branch" if next_in_days > 2 else "call",
            due_on=user.today() + timedelta(days=next_in_days),
            about=random.choice(STEPS[language]),
            theme=theme,
        )
    log_contact(
        actor=user,
        client=client,
        channel=channel,
        result=result,
        occurred_at=_not_long_ago(user, client.branch, random),
        theme=theme,
        duration_seconds=random.randrange(120, 900, 30) if result == "reached" else None,
        note=notes.note(random, language, theme.code, result, money),
        effect=random.choice(("strengthened", "extended", "unchanged", "unchanged")),
        next_step=step,
    )


def _not_long_ago(user: User, branch: Branch, random: Dice) -> datetime:
    """Within the last hour and a half in working hours, else late on the last working day."""
    working = branch.working_calendar()
    just_now = timezone.now() - timedelta(minutes=random.randint(6, 90))
    local = just_now.astimezone(user.zone)
    if 9 <= local.hour < 19 and working.is_working(local.date()):
        return just_now
    day = user.today() - timedelta(days=1)
    while not working.is_working(day):
        day -= timedelta(days=1)
    return datetime.combine(day, time(random.randint(15, 17), random.randrange(60)), user.zone)


def _arrange_cover(people: dict[str, User], as_of: date) -> None:
    away, stand_in = people[AWAY], people[STAND_IN]
    arrange_cover(
        actor=User.objects.get(staff_number=AWAY_SUPERVISOR),
        covered=away,
        stand_in=stand_in,
        from_on=as_of - timedelta(days=COVER_DAYS_BEFORE),
        to_on=as_of + timedelta(days=COVER_DAYS_AFTER),
    )
