"""What is known about the clients of the sample bank, in the language of the place: facts, dates, consents, agreements."""

from datetime import date, timedelta

from bankcrm.sample.clients import SampleClient
from bankcrm.sample.dice import Dice

FACTS: dict[str, dict[str, tuple[str, ...]]] = {
    "es": {
        "family": (
            "dos hijas, la mayor en la universidad",
            "un hijo en Berlín, vuelve en verano",
            "viven con la abuela",
            "tres nietos, los recoge del colegio los martes",
            "se casa la hija en primavera",
            "gemelos de cuatro años",
            "cuida de su padre",
        ),
        "interest": (
            "coro del barrio, ensaya los jueves",
            "huerto y tomates antiguos",
            "vela ligera",
            "ajedrez por correspondencia",
            "relojes viejos",
            "maratón de Valencia",
            "cerámica",
            "ópera, abono de temporada",
            "senderismo en la sierra",
        ),
        "preference": (
            "solo depósitos, nada que baje",
            "quiere las cifras en papel",
            "prefiere plazos de un año",
            "nada de seguros",
            "le gusta comparar dos ofertas",
        ),
        "need": (
            "préstamo para el tejado del taller",
            "plan para la universidad de las hijas",
            "seguro para el local",
            "ordenar la herencia",
            "cuenta para la comunidad de vecinos",
        ),
        "goal": (
            "jubilarse a los 62 y viajar",
            "piso para la hija en cinco años",
            "abrir un segundo local",
            "dejar la casa del pueblo arreglada",
        ),
        "education": (
            "la hija estudia Medicina en Salamanca",
            "el hijo prepara oposiciones",
            "máster en Lisboa",
        ),
        "business": (
            "taller con seis empleados, va bien",
            "exporta conservas a Francia",
            "alquila dos naves",
            "traspasa la tienda este año",
        ),
        "personality": (
            "directo, sin rodeos",
            "necesita tiempo para decidir",
            "le gusta charlar antes",
            "muy puntual",
        ),
        "decides": (
            "deciden entre los dos",
            "decide ella",
            "consulta a su hermano, economista",
            "decide sin ayuda",
        ),
        "custom": ("celebra el santo, no el cumpleaños", "Ramadán", "Navidad en el pueblo", "ninguna fiesta"),
        "assets_elsewhere": (
            "depósito en Banco Austral",
            "fondo en Northgate",
            "ahorros en la caja del pueblo",
        ),
    },
    "zh": {
        "family": (
            "女儿今年高考",
            "儿子在苏州工作",
            "和父母同住",
            "两个孙子，周二接放学",
            "女儿明年春天结婚",
            "双胞胎四岁",
            "照顾母亲",
        ),
        "interest": (
            "书法，每周四上课",
            "养兰花",
            "下围棋",
            "收藏老茶壶",
            "跑马拉松",
            "合唱团",
            "周末钓鱼",
            "听昆曲",
            "登山",
        ),
        "preference": ("只要存款，不要会跌的", "要纸质材料", "喜欢一年期", "不谈保险", "喜欢比较两个方案"),
        "need": ("厂房屋顶翻修贷款", "给孩子准备学费", "店铺保险", "安排传承", "换一辆电动货车"),
        "goal": ("六十岁退休去旅行", "五年内给女儿买套小房子", "再开一家店", "翻修老家的房子"),
        "education": ("女儿在复旦读医学", "儿子准备考研", "孩子在学小提琴"),
        "business": ("餐厅生意稳定，十二个员工", "茶叶出口日本", "出租两间厂房", "打算把店转让"),
        "personality": ("说话直接", "做决定要时间", "喜欢先聊家常", "很守时"),
        "decides": ("夫妻商量着定", "爱人做主", "会问做会计的弟弟", "自己决定"),
        "custom": ("过农历生日", "清明回老家", "吃素，初一十五", "重视中秋"),
        "assets_elsewhere": ("汇江银行定期存款", "东埠银行理财", "老家信用社的存款"),
    },
}
# How often each kind is known of somebody of whom something is known.
KINDS = {
    "interest": 9,
    "family": 8,
    "need": 6,
    "preference": 5,
    "goal": 4,
    "personality": 4,
    "decides": 4,
    "custom": 3,
    "assets_elsewhere": 4,
    "business": 2,
    "education": 2,
}
HOW_MANY = {"private": (4, 7), "gold": (3, 6), "standard": (0, 2)}
BY_STAFF = 0.5  # of the facts: learnt by people in a contact; the others came with the old system's file
CONSENT_CHANNELS = ("call", "email", "sms", "messenger", "letter")
PURPOSES = {"care": 0.9, "marketing": 0.72, "education": 0.6}  # allowed, of those who were asked
HOW = {
    "es": ("firmado en la oficina", "por teléfono", "en la visita de enero"),
    "zh": ("网点签字", "电话确认", "上门拜访时约定"),
}


def facts_of(client: SampleClient, seed: int) -> list[tuple[str, str, bool]]:
    """Kind, value, and whether staff learnt it: the same for whoever asks."""
    random = Dice(f"{seed}/facts/{client.number}")
    if client.status == "prospect" or not client.is_person:
        return []
    low, high = HOW_MANY[client.tier]
    found: dict[tuple[str, str], bool] = {}
    words = FACTS[client.place.language]
    for _one in range(random.randint(low, high)):
        kind = random.pick(KINDS)
        is_single = kind in ("personality", "decides")
        if is_single and any(known == kind for known, _value in found):
            continue
        learnt = client.manager is not None and random.random() < BY_STAFF
        found[kind, random.choice(words[kind])] = learnt
    return [(kind, value, learnt) for (kind, value), learnt in found.items()]


def make_facts(*, clients: list[SampleClient], as_of: date, seed: int) -> list[dict[str, str]]:
    """The facts that the old system knew, each with the day on which it was learnt, where that was noted."""
    rows = []
    for client in clients:
        random = Dice(f"{seed}/learnt/{client.number}")
        longest = max((as_of - client.since).days, 2)
        for kind, value, learnt in facts_of(client, seed):
            on = as_of - timedelta(days=random.randint(1, longest))
            if not learnt:
                rows.append(
                    {
                        "client_number": client.number,
                        "fact_type": kind,
                        "value": value,
                        "learnt_on": on.isoformat() if random.random() < 0.7 else "",
                    }
                )
    return rows


def make_dates(*, clients: list[SampleClient], as_of: date, seed: int) -> list[dict[str, str]]:
    """Weddings, and birthdays in the family; in Chinese families some by the lunar calendar."""
    rows = []
    for client in clients:
        random = Dice(f"{seed}/dates/{client.number}")
        share = {"private": 0.55, "gold": 0.35, "standard": 0.06}[client.tier]
        if not client.is_person or random.random() >= share:
            continue
        day = date(2023, 1, 1) + timedelta(days=random.randrange(365))
        year = as_of.year - random.randint(3, 45)
        text = f"{year}-{day:%m-%d}" if random.random() < 0.7 else f"--{day:%m-%d}"
        rows.append({"client_number": client.number, "kind": "wedding", "date": text, "person": ""})
        if random.random() < 0.5:
            who = random.choice(
                ("hija", "hijo", "madre") if client.place.language == "es" else ("女儿", "儿子", "母亲")
            )
            born = f"{as_of.year - random.randint(2, 30)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
            if client.row.get("language") == "zh" and random.random() < 0.5:
                born = f"lunar:{born}"
            rows.append({"client_number": client.number, "kind": "birthday", "date": born, "person": who})
    return rows


def make_consents(*, clients: list[SampleClient], as_of: date, seed: int) -> list[dict[str, str]]:
    """What clients said when they were asked: key clients about nearly everything, others about little."""
    rows = []
    for client in clients:
        random = Dice(f"{seed}/consents/{client.number}")
        asked = {"private": 0.92, "gold": 0.85, "standard": 0.14}[client.tier]
        if random.random() >= max(asked, 0.3):
            continue
        days = max((as_of - client.since).days - 2, 1)
        first = as_of - timedelta(days=min(days, random.randint(60, 1200)) + 1)
        for channel in CONSENT_CHANNELS:
            for purpose, allows in PURPOSES.items():
                if random.random() >= asked:
                    continue
                granted = random.random() < allows
                rows.append(_said(client, channel, purpose, granted, first, "form"))
                if granted and random.random() < 0.06:
                    later = first + timedelta(days=random.randint(1, max((as_of - first).days - 1, 1)))
                    rows.append(
                        _said(client, channel, purpose, False, min(later, as_of - timedelta(days=1)), "call")
                    )
    return rows


def _said(
    client: SampleClient, channel: str, purpose: str, granted: bool, on: date, how: str
) -> dict[str, str]:
    hour = 10 if granted else 12  # withdrawn on the very day, it was later
    return {
        "client_number": client.number,
        "channel": channel,
        "purpose": purpose,
        "granted": "yes" if granted else "no",
        "at": f"{on.isoformat()}T{hour}:00:00",
        "source": how,
    }


def make_agreements(*, clients: list[SampleClient], as_of: date, seed: int) -> list[dict[str, str]]:
    """How and how often a fifth of the key clients want to be contacted; some have changed their mind since."""
    rows = []
    for client in clients:
        random = Dice(f"{seed}/agreements/{client.number}")
        if client.tier == "standard" or not client.is_active or random.random() >= 0.2:
            continue
        longest = max((as_of - client.since).days, 12)
        days = sorted({random.randint(10, longest) for _ in range(1 + (random.random() < 0.2))}, reverse=True)
        for before in days:
            channels = ["call", "visit", "branch", "event", "video"]
            channels += [c for c in ("messenger", "email", "sms", "letter") if random.random() < 0.75]
            has_hours = random.random() < 0.35
            rows.append(
                {
                    "client_number": client.number,
                    "approved_on": (as_of - timedelta(days=before)).isoformat(),
                    "interval_days": str(random.choice((21, 30, 30, 45, 60, 90)))
                    if random.random() < 0.8
                    else "",
                    "channels": " ".join(channels),
                    "weekdays": "mon tue wed thu fri" if random.random() < 0.9 else "tue wed thu",
                    "from_hour": f"{client.place.opens:02d}:00" if has_hours else "",
                    "to_hour": f"{client.place.closes - random.randint(0, 1):02d}:00" if has_hours else "",
                    "minutes": str(random.choice((20, 30, 45))) if random.random() < 0.15 else "",
                    "how": random.choice(HOW[client.place.language]),
                }
            )
    return rows
