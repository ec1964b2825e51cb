"""The clients of the sample bank: who they are, who looks after them, when they have their birthday."""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from zlib import crc32

from bankcrm.sample import names
from bankcrm.sample.cast import PLACES, Manager, Place, managers_of
from bankcrm.sample.dice import Dice
from common.text import fold

TIERS = {"private": 7, "gold": 26, "standard": 67}
# Of the first clients of a book: those whose day comes these days should be worth a look.
FIRST_TIERS = ("private", "gold", "private", "gold", "gold", "standard", "gold", "standard")
STATUSES = {"active": 958, "dormant": 15, "prospect": 9, "closed": 8, "deceased": 6, "blocked": 4}
RISK = {1: 14, 2: 30, 3: 32, 4: 17, 5: 7}
PER_PLACE_WITHOUT_MANAGER = 3
MINIMUM_CLIENTS = 60

# Birthdays inside these days of today are only those given on purpose.
BIRTHDAYS_FROM, BIRTHDAYS_TO = -3, 8

# Spanish names most trades by gender: the woman's word before the stroke.
OCCUPATIONS = {
    "es": (
        "arquitecta|arquitecto",
        "profesora de instituto|profesor de instituto",
        "dentista",
        "notaria|notario",
        "ceramista",
        "veterinaria|veterinario",
        "dueña de un taller|dueño de un taller",
        "enfermera|enfermero",
        "jubilada|jubilado",
        "agricultora|agricultor",
        "abogada|abogado",
        "ingeniera de caminos|ingeniero de caminos",
        "panadera|panadero",
        "farmacéutica|farmacéutico",
        "directora de hotel|director de hotel",
        "transportista",
        "traductora|traductor",
        "cirujana|cirujano",
        "empresaria textil|empresario textil",
        "violinista",
    ),
    "zh": (
        "中学教师",
        "建筑师",
        "牙医",
        "退休工程师",
        "茶叶商",
        "餐厅老板",
        "外科医生",
        "律师",
        "程序员",
        "会计师",
        "服装厂厂长",
        "大学教授",
        "摄影师",
        "翻译",
        "药剂师",
        "物流公司经理",
        "书店店主",
        "园林设计师",
    ),
    "en": (
        "architect",
        "violin teacher",
        "dentist",
        "ship broker",
        "ceramicist",
        "vet",
        "owner of a garage",
        "nurse",
        "retired engineer",
        "importer of coffee",
        "lawyer",
        "bridge engineer",
        "pharmacist",
        "hotel manager",
        "translator",
        "surgeon",
        "chef",
        "lecturer in physics",
        "beekeeper",
        "tile merchant",
    ),
}
EMPLOYERS = {
    "es": (
        "Hospital del Valle",
        "Colegio Las Acacias",
        "Estudio Peñafría",
        "Talleres Monte Real",
        "Hotel Fuente Nueva",
        "Universidad del Alto Jarama",
        "Bufete Quintanilla",
        "por cuenta propia",
        "Ayuntamiento",
        "Conservas La Encina",
    ),
    "zh": (
        "清河第一中学",
        "云海物流",
        "东亭医院",
        "自营",
        "恒泰纺织",
        "望江大学",
        "银杏设计事务所",
        "锦兰餐饮",
    ),
    "en": (
        "Larkfield School",
        "self-employed",
        "St Brendan's Hospital",
        "Harrow Lane Studio",
        "Fenwater Shipping",
        "Tidemill Engineering",
        "University of the Estuary",
        "Copperbeech Hotels",
    ),
}
DOMAINS = {
    "MAD": ("correo.example", "buzon.example", "plaza.example"),
    "SHA": ("youjian.example", "xinxiang.example", "kiln.example"),
    "MEX": ("correo.example", "buzon.example", "mensaje.example"),
}
PHONES = {"MAD": ("+34699", 6), "SHA": ("+861990", 7), "MEX": ("+525550", 6)}
NEIGHBOURS = {"MAD": ("PT", "FR", "DE"), "SHA": ("SG", "JP"), "MEX": ("US", "ES")}


@dataclass
class SampleClient:
    """One client; `row` is what core banking sends about it."""

    number: str
    place: Place
    manager: Manager | None
    kind: str
    tier: str
    status: str
    since: date
    row: dict[str, str] = field(default_factory=dict)
    birthday: tuple[int, int] | None = None  # month and day, Gregorian

    @property
    def is_person(self) -> bool:
        return self.kind == "person"

    @property
    def is_active(self) -> bool:
        return self.status == "active"


def make_clients(*, count: int, as_of: date, seed: int) -> list[SampleClient]:
    """`count` clients in the order of their numbers; the same arguments give the same clients."""
    random = Dice(f"{seed}/clients")
    numbers = iter(random.sample(range(104_000_000, 104_999_999), count))
    phones = {code: iter(random.sample(range(10**width), count)) for code, (_prefix, width) in PHONES.items()}
    maker = _Maker(random, as_of, phones)
    clients: list[SampleClient] = []
    for place, size in zip(PLACES, _split(count, [1.0] * len(PLACES)), strict=True):
        managers = managers_of(place)
        books = _split(size - PER_PLACE_WITHOUT_MANAGER, [manager.share for manager in managers])
        for manager, book in zip(managers, books, strict=True):
            days = maker.birthdays_of(manager)
            for position in range(book):
                clients.append(maker.client(str(next(numbers)), place, manager, position, days))
        for _position in range(PER_PLACE_WITHOUT_MANAGER):
            clients.append(maker.client(str(next(numbers)), place, None, len(FIRST_TIERS), []))
    return sorted(clients, key=lambda client: client.number)


def _split(total: int, shares: list[float]) -> list[int]:
    """Whole numbers in proportion to shares, adding up to the total."""
    edges, reached = [0], 0.0
    for share in shares:
        reached += share
        edges.append(round(total * reached / sum(shares)))
    return [after - before for before, after in pairwise(edges)]


class _Maker:
    def __init__(self, random: Dice, as_of: date, phones: dict) -> None:
        self.random = random
        self.as_of = as_of
        self.phones = phones
        self.seen_names: set[str] = set()
        self.seen_documents: set[str] = set()
        window = [as_of + timedelta(days=shift) for shift in range(BIRTHDAYS_FROM, BIRTHDAYS_TO + 1)]
        self.taken = {(day.month, day.day) for day in window}
        if self.taken & {(2, 28), (3, 1)}:
            self.taken.add((2, 29))  # which comes back on one of these

    def birthdays_of(self, manager: Manager) -> list[date]:
        """The coming-backs planned in a book: one yesterday, and two to four within the week."""
        ahead = 2 if manager.pressure == 0 else self.random.randint(2, 4)
        shifts = [-1, self.random.randint(0, 2), *(self.random.randint(1, 7) for _ in range(ahead - 1))]
        return [self.as_of + timedelta(days=shift) for shift in shifts]

    def client(
        self, number: str, place: Place, manager: Manager | None, position: int, birthdays: list[date]
    ) -> SampleClient:
        random = self.random
        is_first = position < len(FIRST_TIERS)
        kind = "person" if is_first or random.random() > 0.07 else "organisation"
        tier = FIRST_TIERS[position] if is_first else random.pick(TIERS)
        if manager is None:
            tier = "standard"
        status = "active" if is_first or manager is None else random.pick(STATUSES)
        years = random.choice((0.4, 1, 2, 3, 5, 6, 8, 11, 14, 19))
        since = self.as_of - timedelta(days=int(years * 365 * random.uniform(0.5, 1)) + 20)
        client = SampleClient(number, place, manager, kind, tier, status, since)
        client.row = {
            "client_number": number,
            "kind": kind,
            "branch_code": place.code,
            "manager_staff_number": manager.staff_number if manager else "",
            "tier": tier,
            "status": status,
            "since": since.isoformat(),
        }
        if client.is_person:
            self._person(client, birthdays[position] if position < len(birthdays) else None)
        else:
            self._organisation(client)
        self._place_and_phone(client)
        self._risk(client)
        return client

    def _unused(self, make) -> names.Name:
        for _attempt in range(12):
            name = make()
            if name.name not in self.seen_names:
                break
        self.seen_names.add(name.name)
        return name

    def _person(self, client: SampleClient, comes_back_on: date | None) -> None:
        random = self.random
        culture = random.pick(client.place.cultures)
        gender = random.choice((names.FEMALE, names.MALE))
        name = self._unused(lambda: names.person(random, culture, gender))
        language, nationality = names.SPEAKS[culture]
        client.row |= {
            "name": name.name,
            "given_name": name.given,
            "family_name": name.family,
            "native_name": name.native,
            "gender": gender if random.random() > 0.005 else "other",
            "language": language,
        }
        born = self._birth(client, comes_back_on, is_chinese=culture == "chinese")
        speaks = {"es": "es", "zh": "zh"}.get(language, "en")
        if random.random() < 0.82:
            forms = random.choice(OCCUPATIONS[speaks]).split("|")
            client.row["occupation"] = forms[0] if gender == names.FEMALE else forms[-1]
            if random.random() < 0.6:
                client.row["employer"] = random.choice(EMPLOYERS[speaks])
        self._document(client, nationality, born)
        if random.random() < 0.84:
            local = ".".join(_ascii(part) for part in (name.given.split()[0], name.family.split()[-1]))
            client.row["email"] = f"{local}{client.number[-3:]}@{random.choice(DOMAINS[client.place.code])}"

    def _birth(self, client: SampleClient, comes_back_on: date | None, *, is_chinese: bool) -> int:
        """Write the birth date in one of the ways in which banks know it; returns the year born."""
        random = self.random
        year = self.as_of.year - round(random.triangular(19, 91, 52))
        if comes_back_on is not None:
            if comes_back_on.month == 2 and comes_back_on.day == 29:
                year -= year % 4
            elif random.random() < 0.25:
                year = self.as_of.year - random.choice(
                    (50, 60, 70)
                )  # round birthdays are the ones to call for
            client.birthday = (comes_back_on.month, comes_back_on.day)
            client.row["birth_date"] = f"{year:04d}-{comes_back_on.month:02d}-{comes_back_on.day:02d}"
            return year
        month, day = self._free_day()
        chance = random.random()
        if chance < 0.006 and (2, 29) not in self.taken:
            year -= year % 4
            month, day, chance = 2, 29, 1.0
        if is_chinese and chance > 0.9:
            client.row["birth_date"] = (
                f"lunar:{year:04d}-{random.randint(1, 12):02d}-{random.randint(1, 29):02d}"
            )
            return year
        if chance < 0.02:
            client.row["birth_date"] = f"--{month:02d}-{day:02d}"
        elif chance < 0.03:
            client.row["birth_date"] = f"{year:04d}"
            return year
        elif chance > 0.05:
            client.row["birth_date"] = f"{year:04d}-{month:02d}-{day:02d}"
        else:
            return year
        client.birthday = (month, day)
        return year

    def _free_day(self) -> tuple[int, int]:
        while True:
            day = date(2023, 1, 1) + timedelta(days=self.random.randrange(365))
            if (day.month, day.day) not in self.taken:
                return day.month, day.day

    def _organisation(self, client: SampleClient) -> None:
        random = self.random
        name = self._unused(lambda: names.organisation(random, client.place.country))
        month, day = self._free_day()
        founded = min(self.as_of.year - random.randint(2, 60), client.since.year - 1)
        client.row |= {
            "name": name.name,
            "native_name": name.native,
            "language": {"CN": "zh"}.get(client.place.country, "es"),
            "birth_date": f"{founded:04d}-{month:02d}-{day:02d}",
            "document_type": "tax_number",
            "document_country": client.place.country,
            "document_number": self._fresh_number(lambda: f"X{random.randrange(10**8):08d}"),
            "email": f"oficina{client.number[-4:]}@{DOMAINS[client.place.code][0]}"
            if client.place.country != "CN"
            else f"office{client.number[-4:]}@{DOMAINS['SHA'][0]}",
        }

    def _document(self, client: SampleClient, nationality: str, born: int) -> None:
        random = self.random
        home = client.place.country
        if nationality != home:
            make, kind = (
                (lambda: f"{random.choice('KPXZ')}{random.choice('ADEH')}{random.randrange(10**7):07d}"),
                "passport",
            )
        elif home == "CN":
            # 000000 is no district, so that the number can be nobody's.
            make, kind = (lambda: f"000000{born}{random.randrange(10**8):08d}"), "identity_card"
        elif home == "MX":
            make, kind = (lambda: f"XX{random.randrange(10**11):011d}"), "voter_card"
        else:
            make, kind = (
                (lambda: f"{random.randrange(10**8):08d}{random.choice('TRWAGMYFP')}"),
                "identity_card",
            )
        client.row |= {
            "document_type": kind,
            "document_country": nationality,
            "document_number": self._fresh_number(make),
            # Its own dice: from a few weeks past to eight years ahead, whoever else is drawn.
            "document_valid_until": (
                self.as_of + timedelta(days=crc32(client.number.encode()) % 2960 - 40)
            ).isoformat(),
        }

    def _fresh_number(self, make) -> str:
        number = make()
        while number in self.seen_documents:
            number = make()
        self.seen_documents.add(number)
        return number

    def _place_and_phone(self, client: SampleClient) -> None:
        random, place = self.random, client.place
        lives_abroad = random.random() < 0.03
        street, house = random.choice(place.streets), random.randint(1, 140)
        client.row |= {
            "country": random.choice(NEIGHBOURS[place.code]) if lives_abroad else place.country,
            "city": "" if lives_abroad else random.choice(place.cities),
            "address": ""
            if lives_abroad
            else (
                f"{street}{house}号{random.randint(101, 1804)}室"
                if place.country == "CN"
                else f"{street} {house}"
            ),
        }
        prefix, width = PHONES[place.code]
        serial = next(self.phones[place.code])
        if random.random() < 0.97:
            client.row["phone"] = f"{prefix}{serial:0{width}d}"

    def _risk(self, client: SampleClient) -> None:
        random = self.random
        if client.status == "prospect" or random.random() < 0.08:
            return
        client.row["risk_profile"] = random.pick(RISK)
        client.row["risk_assessed_on"] = max(
            client.since, self.as_of - timedelta(days=random.randint(5, 760))
        ).isoformat()


def _ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", fold(text))
    return "".join(c for c in plain if c.isascii() and c.isalnum()) or "mail"
