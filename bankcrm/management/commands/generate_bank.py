"""`manage.py generate_bank`: a synthetic bank of any size, for benchmarks only.

Deterministic: the same sizes, seed and date give the same bank (but for the nonces of encrypted document
numbers). Rows go in through COPY. History triggers
are off while they do (a bank that never existed has none), so this refuses a database that holds any
client, branch or contact: nobody's real rows can lose their history to it.
"""

import io
import random
import time
from argparse import ArgumentParser
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from clients.catalogue import ensure_catalogue
from clients.models import (
    Assignment,
    Client,
    Consent,
    ContactAgreement,
    ContactPoint,
    DatedFact,
    Fact,
    FactChange,
    FactType,
    Standing,
    Theme,
    Tier,
)
from clients.search import document_hash, tokens, vector
from clients.services import value_hash
from common.crypto import encrypt
from common.text import sort_key
from interactions.models import Action, Contact, ContactNote, Opportunity, StageChange
from portfolio.models import Holding, HoldingParty, Product
from staff.models import Branch, Cover, User
from staff.services import rebuild_branch_paths

CLIENTS_PER_BRANCH = 2500
BRANCHES_PER_REGION = 8
KEY_SHARE = 0.72
CHUNK = 20_000
DAYS = 365

PLACES = [  # country, time zone, currency, phone prefix, city
    ("ES", "Europe/Madrid", "EUR", "+346", "Madrid"),
    ("CZ", "Europe/Prague", "CZK", "+4207", "Prague"),
    ("MX", "America/Mexico_City", "MXN", "+5255", "Mexico City"),
    ("CN", "Asia/Shanghai", "CNY", "+8613", "Shanghai"),
    ("PT", "Europe/Lisbon", "EUR", "+3519", "Lisbon"),
]
# Given and family names that are written in the Latin alphabet, then Chinese ones with their own script.
GIVEN = [
    "Amina",
    "Bruno",
    "Carla",
    "Dmitri",
    "Elena",
    "Farid",
    "Grace",
    "Hiroshi",
    "Inés",
    "Jorge",
    "Katarzyna",
    "Lars",
    "María",
    "Nguyễn",
    "Oluwaseun",
    "Priya",
    "Rosa",
    "Søren",
    "Þórdís",
    "Ursula",
    "Vusi",
    "William",
    "Ximena",
    "Yıldız",
    "Zoë",
    "Álvaro",
    "Beatriz",
    "Chiara",
    "Dragan",
    "Émile",
]
FAMILY = [
    "Álvarez",
    "Boateng",
    "Carvalho",
    "Dvořák",
    "Eriksson",
    "Fernández",
    "García",
    "Hadžić",
    "Ivanova",
    "Jiménez",
    "Keller",
    "Łukasik",
    "Müller",
    "Nowak",
    "Okonkwo",
    "Petrović",
    "Quispe",
    "Raghunathan",
    "Şahin",
    "Tanaka",
    "Ueda",
    "Vargas",
    "Wiśniewska",
    "Xhaka",
    "Yılmaz",
    "Zapatero",
    "Núñez",
    "Lindqvist",
    "O'Brien",
    "Smith",
    "Rossi",
    "Haddad",
    "Cohen",
    "Moreno",
    "Ortiz",
    "Peña",
    "Ruiz",
    "Svoboda",
    "Novák",
    "Horváth",
    "Popescu",
    "Andersson",
    "Dupont",
    "Leroy",
]
MIDDLE = [
    "Adler",
    "Bauer",
    "Castro",
    "Duarte",
    "Engel",
    "Franco",
    "Gallo",
    "Hauser",
    "Iglesias",
    "Jansen",
    "Kovač",
    "Lopes",
    "Marín",
    "Neri",
    "Olsen",
    "Prado",
]
HAN_FAMILY = [
    "王Wang",
    "李Li",
    "张Zhang",
    "刘Liu",
    "陈Chen",
    "杨Yang",
    "赵Zhao",
    "黄Huang",
    "周Zhou",
    "吴Wu",
    "徐Xu",
    "孙Sun",
]
HAN_GIVEN = [
    "伟Wei",
    "芳Fang",
    "娜Na",
    "敏Min",
    "静Jing",
    "丽Li",
    "强Qiang",
    "磊Lei",
    "军Jun",
    "洋Yang",
    "勇Yong",
    "艳Yan",
    "杰Jie",
    "涛Tao",
    "明Ming",
    "超Chao",
]
CYRILLIC = ["Анна", "Дмитрий", "Елена", "Иван", "Мария", "Николай", "Ольга", "Пётр"]
GREEK = ["Ελένη", "Γιώργος", "Μαρία", "Νίκος", "Σοφία", "Δημήτρης"]
TRADES = [
    "Astilleros",
    "Bakery",
    "Canteras",
    "Dairy",
    "Estates",
    "Foundry",
    "Glass",
    "Harbour",
    "Imports",
    "Jewels",
    "Kilns",
    "Logistics",
    "Mills",
]
WORK = [
    "architect",
    "baker",
    "carpenter",
    "dentist",
    "engineer",
    "farmer",
    "judge",
    "lawyer",
    "nurse",
    "painter",
    "surgeon",
    "teacher",
]
LIKES = [
    "chess",
    "cycling",
    "football",
    "gardening",
    "golf",
    "hiking",
    "opera",
    "reading",
    "sailing",
    "tennis",
    "travel",
    "wine",
]
# What is known of a client, ten facts each: the kind of fact and its values. Those of KNOWN_BY_STAFF were learnt by
# the account manager within the year, the others came with a file.
KNOWN = (
    ("occupation", WORK),
    ("employer", TRADES),
    ("interest", LIKES),
    ("interest", [f"{one} with friends" for one in LIKES]),
    ("family", ["two daughters", "a son abroad", "three grandchildren", "lives with her mother", "twins"]),
    ("need", ["a loan for the roof", "money for university", "a safe", "insurance for the shop"]),
    ("goal", ["retire at 60", "a flat for the daughter", "a second shop", "travel"]),
    ("preference", ["deposits only", "figures on paper", "one year at most", "no insurance"]),
    ("personality", ["direct", "needs time", "likes to talk first", "punctual"]),
    ("assets_elsewhere", ["a deposit at Northgate", "a fund abroad", "savings in the village"]),
)
KNOWN_BY_STAFF = (3, 5, 8)
AGREED_EACH = 20  # one in so many clients with a manager has a contact agreement
AGREED_DAYS = (21, 30, 45, 60)
VOICED_SHARE = 0.05  # of the reached contacts brought an interest
CONSENTS = (("call", "care"), ("call", "marketing"), ("email", "care"), ("email", "marketing"))
TALK = (
    "Asked about the summer and the family.",
    "Wants to hear about deposits before the end of the quarter.",
    "Happy with the branch; prefers calls after six.",
    "Moving house in spring, new address to follow.",
    "Daughter starts university, asked about a savings plan.",
    "Thinks of selling the flat and asked what to do with the money.",
)
ABOUT = (
    "Ask about the summer",
    "Review of the portfolio",
    "Call back as agreed",
    "Send the offer",
    "Say thank you",
)
RESULTS = (
    ["reached"] * 56
    + ["no_answer"] * 22
    + ["message_left"] * 12
    + ["busy"] * 5
    + ["declined"] * 3
    + ["wrong_number"] * 2
)
CHANNELS = (
    ["call"] * 55
    + ["email"] * 11
    + ["branch"] * 10
    + ["visit"] * 8
    + ["messenger"] * 7
    + ["sms"] * 5
    + ["video"] * 3
    + ["letter"]
)
WRITTEN = {"email", "sms", "letter"}
PRODUCTS = [  # code, kind, term in days, risk
    ("TD-90", "term_deposit", 90, 1),
    ("TD-180", "term_deposit", 180, 1),
    ("TD-365", "term_deposit", 365, 1),
    ("WP-1", "wealth_product", 270, 2),
    ("WP-2", "wealth_product", 540, 3),
    ("FUND-A", "fund", None, 3),
    ("FUND-B", "fund", None, 5),
    ("BOND-5", "bond", 1825, 2),
    ("CUR", "demand_deposit", None, 1),
    ("CARD", "card", None, None),
    ("LOAN", "loan", 3650, None),
]


class Command(BaseCommand):
    """Fill an empty database with a believable bank, through COPY."""

    help = (
        "Fills an EMPTY database with a synthetic bank, for benchmarks. The same seed gives the same bank. "
        "Each client has ten facts with their entries in the ledger, three of them learnt by staff within the year; "
        "each with a manager four consents, one in twenty of these a contact agreement; one in twenty reached "
        "contacts brought an opportunity, half of the old ones lost since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--clients", type=int, required=True, help="how many clients")
        parser.add_argument("--contacts", type=int, required=True, help="how many contacts of the year past")
        parser.add_argument("--seed", type=int, default=1, help="same seed, same bank (1)")
        parser.add_argument(
            "--on", type=date.fromisoformat, metavar="DATE", help="the bank's today (default: today, UTC)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["clients"] < 1 or options["contacts"] < 0:
            raise CommandError("--clients must be 1 or more, --contacts 0 or more.")
        if any(model.objects.exists() for model in (Client, Branch, Contact, Product)):
            raise CommandError("This database holds a bank already: generate_bank only fills an empty one.")
        on = options["on"] or datetime.now(UTC).date()
        started = time.monotonic()
        Generator(options["clients"], options["contacts"], options["seed"], on, self._say).run()
        self._say(f"{options['clients']:,} clients in {time.monotonic() - started:.0f} s")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


@dataclass
class Leaf:
    """One branch that holds clients, with its people."""

    id: int
    place: int
    size: int
    managers: list[int] = field(default_factory=list)


class Generator:
    """Builds the bank table by table; ids are given here, so that later tables know them."""

    def __init__(self, clients: int, contacts: int, seed: int, on: date, say) -> None:
        self.count, self.contact_count, self.on, self.say = clients, contacts, on, say
        self.random = random.Random(f"{seed}/{clients}/{contacts}")
        self.midnight = datetime.combine(on, clock(0), UTC)
        self.leaves: list[Leaf] = []
        # By client index (id - 1): the branch's place in `leaves`, the primary manager (0: none).
        self.leaf_of = array("l")
        self.manager_of = array("l")
        self.ideal_of = array("l")
        self.since_of: list[date] = []
        self.last_reached: list[datetime | None] = []
        self.closed: set[int] = set()  # client indexes with whom nothing is planned any more
        self.voiced: list[tuple[int, int, int, datetime]] = []  # contact, client index, manager, when

    def run(self) -> None:
        ensure_catalogue()
        self.tiers = {tier.code: tier for tier in Tier.objects.all()}
        self.themes = dict(Theme.objects.values_list("code", "pk"))
        self.fact_types = dict(FactType.objects.values_list("code", "pk"))
        with without_history():
            self._branches_and_staff()
            self._books()
            self._step("contacts", self._contacts)
            self._step("clients", self._clients)
            self._step("facts", self._facts)
            self._step("consents", self._consents)
            self._step("agreements", self._agreements)
            self._step("holdings", self._holdings)
            self._step("opportunities", self._opportunities)
            self._step("actions", self._actions)
        self.say("Counting what is where …")
        with connection.cursor() as cursor:
            for model in LOADED:
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), "
                    f"(SELECT coalesce(max(id), 0) + 1 FROM {model._meta.db_table}), false)"
                )
        if not connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")

    def _step(self, what: str, work) -> None:
        started = time.monotonic()
        rows = work()
        self.say(f"{rows:,} {what} in {time.monotonic() - started:.0f} s")

    # -- the house ---------------------------------------------------------------------------------

    def _branches_and_staff(self) -> None:
        leaf_count = max(1, round(self.count / CLIENTS_PER_BRANCH)) if self.count > 500 else 1
        region_count = max(1, round(leaf_count / BRANCHES_PER_REGION))
        branches, people = [(1, "BANK", "Bank", None, *PLACES[0][:2])], []
        region_ids = range(2, 2 + region_count)
        for number, region_id in enumerate(region_ids):
            country, zone = PLACES[number % len(PLACES)][:2]
            branches.append((region_id, f"R{number + 1:02}", f"Region {number + 1}", 1, country, zone))
        base = self.count // leaf_count
        for number in range(leaf_count):
            place = number % region_count % len(PLACES)
            leaf_id = 2 + region_count + number
            branches.append(
                (
                    leaf_id,
                    f"B{number + 1:04}",
                    f"Branch {number + 1}",
                    region_ids[number % region_count],
                    *PLACES[place][:2],
                )
            )
            self.leaves.append(Leaf(leaf_id, place, base + (number < self.count - base * leaf_count)))
        copy(
            Branch,
            "id code name parent_id country time_zone path region working_days",
            ((*row, "{}", "", "{0,1,2,3,4}") for row in branches),
        )
        rebuild_branch_paths()

        def person(role: str, branch_id: int, letter: str) -> int:
            pk = len(people) + 1
            name = f"{self.random.choice(GIVEN)} {self.random.choice(FAMILY)}"
            number = f"{letter}{pk:05}"
            people.append((pk, number, name, f"{number.lower()}@bank.example", role, branch_id, "!"))
            return pk

        for role in ("administrator", "auditor", "data_officer", "head_office"):
            person(role, 1, "H")
        for region_id in region_ids:
            person("supervisor", region_id, "S")
        for leaf in self.leaves:
            person("supervisor", leaf.id, "S")
            person("front_desk", leaf.id, "F")
            left = round(leaf.size * KEY_SHARE)
            while left > 0:
                book = min(left, self.random.randint(140, 360))
                leaf.managers += [person("account_manager", leaf.id, "M")]
                left -= book
        copy(
            User,
            "id staff_number name email role branch_id password language time_zone is_active is_superuser "
            "sees_identities daily_capacity remembered_channel",
            ((*row, "", "", True, False, False, 15, "") for row in people),
        )
        copy(
            Cover,
            "id covered_id stand_in_id from_on to_on",
            (
                (
                    number,
                    leaf.managers[0],
                    leaf.managers[1],
                    self.on - timedelta(days=2),
                    self.on + timedelta(days=5),
                )
                for number, leaf in enumerate((leaf for leaf in self.leaves if len(leaf.managers) > 1), 1)
                if number % 4 == 0
            ),
        )

    def _books(self) -> None:
        """Who looks after whom: key clients have a manager, few of the others do."""
        draw = self.random
        order = [place for place, leaf in enumerate(self.leaves) for _ in range(leaf.size)]
        draw.shuffle(order)  # the clients of a branch do not lie side by side in a real bank either
        for place in order:
            leaf = self.leaves[place]
            is_key = draw.random() < KEY_SHARE
            self.leaf_of.append(place)
            self.manager_of.append(
                draw.choice(leaf.managers) if leaf.managers and (is_key or draw.random() < 0.1) else 0
            )
            self.ideal_of.append(0 if not is_key else 30 if draw.random() < 0.15 else 60)
            self.since_of.append(self.on - timedelta(days=draw.randint(400, 9000)))
        self.last_reached = [None] * self.count

    # -- contacts, before clients, so that a client knows when it was last reached -------------------

    def _contacts(self) -> int:
        draw, total = self.random, self.contact_count
        key = [n for n in range(self.count) if self.manager_of[n]] or list(range(self.count))
        start = self.midnight - timedelta(days=DAYS)
        zones = [ZoneInfo(place[1]) for place in PLACES]
        themes = [
            self.themes[code]
            for code in ("keeping_in_touch", "review", "product", "service", "birthday", "other")
        ]
        notes: list[tuple] = []

        def contacts() -> Iterator[tuple]:
            for number in range(1, total + 1):
                # In the order of their days, as in a bank that works; the last ones lie two days back, so that
                # nothing has happened later than now in any time zone.
                client = draw.choice(key) if draw.random() < 0.9 else draw.randrange(self.count)
                leaf = self.leaves[self.leaf_of[client]]
                day = (start + timedelta(days=(DAYS - 2) * number / total)).date()
                if day.weekday() > 4 and draw.random() < 0.9:
                    day -= timedelta(days=day.weekday() - 4)
                at = datetime.combine(day, clock(draw.randint(8, 18), draw.randint(0, 59)), zones[leaf.place])
                manager = self.manager_of[client]
                if not manager or draw.random() < 0.06:
                    manager = draw.choice(leaf.managers)
                channel, result = draw.choice(CHANNELS), draw.choice(RESULTS)
                direction = "in" if draw.random() < 0.12 else "out"
                if direction == "in":
                    result = "reached"
                elif channel in WRITTEN:
                    result = "message_left"
                elif channel in ("visit", "branch"):
                    result = "reached"
                if result == "reached":
                    known = self.last_reached[client]
                    if known is None or known < at:
                        self.last_reached[client] = at
                    if draw.random() < VOICED_SHARE:
                        self.voiced.append((number, client, manager, at))
                late = timedelta(
                    minutes=draw.randint(1, 90) if draw.random() < 0.8 else draw.randint(90, 4000)
                )
                yield (
                    number,
                    client + 1,
                    manager,
                    at,
                    min(at + late, max(at, self.midnight)),
                    draw.randint(60, 1800) if result == "reached" else None,
                    channel,
                    direction,
                    draw.choice(themes),
                    result,
                )
                if draw.random() < 0.35:
                    notes.append((number, draw.choice(TALK)))

        made = copy(
            Contact,
            "id client_id staff_id occurred_at recorded_at duration_seconds channel direction theme_id result "
            "participants effect campaign_code is_imported repeat_reason changed_reason void_reason",
            ((*row, "", "", "", False, "", "", "") for row in contacts()),
        )
        copy(ContactNote, "id contact_id text", ((n, *note) for n, note in enumerate(notes, 1)))
        return made

    # -- clients and what hangs on them --------------------------------------------------------------

    def _name(self, number: int) -> tuple[str, str, str, str, str]:
        """Name, given, family, native name, kind."""
        draw = self.random
        kind = draw.random()
        if kind < 0.06:
            return f"{draw.choice(FAMILY)} {draw.choice(TRADES)} {number}", "", "", "", "organisation"
        if kind < 0.22:
            family, first = draw.choice(HAN_FAMILY), draw.choice(HAN_GIVEN)
            second = draw.choice(HAN_GIVEN) if draw.random() < 0.7 else ""
            given = first[1:] + second[1:].lower()
            return f"{family[1:]} {given}", given, family[1:], family[0] + first[0] + second[:1], "person"
        given, family = draw.choice(GIVEN), f"{draw.choice(FAMILY)} {draw.choice(MIDDLE)}"
        native = ""
        if kind < 0.28:
            native = f"{draw.choice(CYRILLIC)} {draw.choice(CYRILLIC)}ев"
        elif kind < 0.31:
            native = f"{draw.choice(GREEK)} Παπ{draw.choice(GREEK).lower()}"
        return f"{given} {family}", given, family, native, "person"

    def _clients(self) -> int:
        draw = self.random
        points: list[tuple] = []
        dates: list[tuple] = []
        standings: list[tuple] = []
        books: list[tuple] = []

        def clients() -> Iterator[tuple]:
            for index in range(self.count):
                pk, leaf = index + 1, self.leaves[self.leaf_of[index]]
                country, _zone, _currency, prefix, city = PLACES[leaf.place]
                name, given, family, native, kind = self._name(pk)
                number = f"{pk:08}"
                ideal, reached = self.ideal_of[index], self.last_reached[index]
                tier = self.tiers["private" if ideal == 30 else "gold" if ideal else "standard"]
                status = (
                    "active"
                    if draw.random() < 0.95
                    else draw.choice(("dormant", "closed", "prospect", "deceased"))
                )
                phone = f"{prefix}{draw.randrange(10**7, 10**8)}"
                email = f"c{pk}@mail.example" if draw.random() < 0.7 else ""
                document = (
                    f"{draw.randrange(10**7, 10**8)}{draw.choice('ABCDEFGH')}" if kind == "person" else ""
                )
                hashed = document_hash(document)
                born = date(draw.randint(1940, 2004), draw.randint(1, 12), draw.randint(1, 28))
                points.append((pk, "phone", phone, True))
                if email:
                    points.append((pk, "email", email, True))
                if kind == "person" and draw.random() < 0.9:
                    dates.append((pk, "birthday", born.year, born.month, born.day))
                is_closed = status in ("closed", "deceased")
                if is_closed:
                    self.closed.add(index)
                self._stands(index, leaf, tier.pk, status, standings)
                self._belongs(index, leaf, books)
                since = self.since_of[index]
                from_day = reached.date() if reached else self._open_since(index)
                days = None if is_closed else self._agreed_days(index) or tier.ideal_days
                yield (
                    pk,
                    number,
                    kind,
                    name,
                    given,
                    family,
                    native,
                    sort_key(name),
                    draw.choice(("female", "male")) if kind == "person" else "",
                    city,
                    country,
                    "passport" if document else "",
                    country if document else "",
                    "\\x" + encrypt(document).hex() if document else None,
                    hashed,
                    document[-3:],
                    leaf.id,
                    tier.pk,
                    status,
                    draw.randint(1, 5),
                    since,
                    reached,
                    from_day + timedelta(days=days)
                    if from_day and days and status not in ("closed", "deceased")
                    else None,
                    vector(
                        tokens(
                            number=number,
                            names=(name, given, family, native),
                            phones=(phone,),
                            emails=(email,),
                            hashed=hashed,
                        )
                    ),
                    self.midnight,
                    "en",
                    "steady",
                    "core",
                    False,
                    "",
                    "",
                )

        made = copy(
            Client,
            "id number kind name given_name family_name native_name sort_name gender city country document_type "
            "document_country document_number document_hash document_hint branch_id tier_id status risk_profile since "
            "last_reached_at next_due_on search created_at language trend source is_restricted legal_name "
            "preferred_address",
            clients(),
        )
        copy(
            ContactPoint,
            "id client_id kind value is_primary is_verified entered_by do_not_use",
            ((n, *row, False, "core", False) for n, row in enumerate(points, 1)),
        )
        copy(
            DatedFact,
            "id client_id kind year month day person calendar is_leap_month",
            ((n, *row, "", "gregorian", False) for n, row in enumerate(dates, 1)),
        )
        self._ledger(points, dates)
        copy(
            Standing,
            "id client_id branch_id tier_id status from_on to_on",
            ((n, *row) for n, row in enumerate(standings, 1)),
        )
        copy(
            Assignment,
            "id client_id manager_id role from_on to_on reason",
            ((n, *row, "") for n, row in enumerate(books, 1)),
        )
        return made

    def _ledger(self, points: list[tuple], dates: list[tuple]) -> None:
        """How each of these became known: by the file from core banking."""
        known = [
            (row[0], self.fact_types[row[1]], f"contact_point/{n}", row[2]) for n, row in enumerate(points, 1)
        ]
        known += [
            (client, self.fact_types["birthday"], f"dated_fact/{n}", f"{year:04}-{month:02}-{day:02}")
            for n, (client, _kind, year, month, day) in enumerate(dates, 1)
        ]
        self.changes = copy(
            FactChange,
            "id client_id fact_type_id slot old_hash new_hash by_kind at",
            (
                (n, client, fact_type, slot, "", value_hash(value), "import", self.midnight)
                for n, (client, fact_type, slot, value) in enumerate(known, 1)
            ),
        )

    def _facts(self) -> int:
        """Ten facts a client and as many entries of the ledger: too many to keep, so both are made twice over."""
        each, days = len(KNOWN), [(self.midnight - timedelta(days=n)).isoformat() for n in range(1, DAYS)]
        facts = [
            [f"\t{self.fact_types[code]}\t{text(value)}\t\n" for value in values] for code, values in KNOWN
        ]
        entries = [[f"\t\t{value_hash(value)}\t" for value in values] for _code, values in KNOWN]
        types = [f"\t{self.fact_types[code]}\tfact/" for code, _values in KNOWN]
        by_file = f"import\t\\N\t{self.midnight.isoformat()}\n"
        sizes = [(place, len(values)) for place, (_code, values) in enumerate(KNOWN)]

        def written() -> Iterator[str]:
            for index in range(self.count):
                first = index * each + 1
                for place, size in sizes:
                    yield f"{first + place}\t{index + 1}{facts[place][(index + index // 7 + place) % size]}"

        def known() -> Iterator[str]:
            number = self.changes
            for index in range(self.count):
                first, manager = index * each + 1, self.manager_of[index]
                for place, size in sizes:
                    number += 1
                    how = by_file
                    if manager and place in KNOWN_BY_STAFF:
                        how = f"staff\t{manager}\t{days[(index * 7 + place * 31) % len(days)]}\n"
                    hashed = entries[place][(index + index // 7 + place) % size]
                    yield f"{number}\t{index + 1}{types[place]}{first + place}{hashed}{how}"

        copy_lines(Fact, "id client_id type_id value currency", written())
        self.changes += copy_lines(
            FactChange, "id client_id fact_type_id slot old_hash new_hash by_kind actor_id at", known()
        )
        return self.count * each

    def _consents(self) -> int:
        """What clients with a manager said when they were asked; one in 25 took a word back within the year."""
        asked = (self.midnight - timedelta(days=2 * DAYS)).isoformat()

        def consents() -> Iterator[str]:
            number = 0
            for index in range(self.count):
                if not self.manager_of[index]:
                    continue
                for place, (channel, purpose) in enumerate(CONSENTS):
                    number += 1
                    granted = "f" if (index + place * 3) % 7 == 0 else "t"
                    yield f"{number}\t{index + 1}\t{channel}\t{purpose}\t{granted}\timport\t{asked}\t\t{asked}\n"
                if index % 25 == 0:
                    number += 1
                    at = (self.midnight - timedelta(days=1 + index % (DAYS - 1))).isoformat()
                    yield f"{number}\t{index + 1}\tcall\tmarketing\tf\tspoken\t{at}\t\t{at}\n"

        return copy_lines(
            Consent, "id client_id channel purpose granted source at note recorded_at", consents()
        )

    def _agreed_days(self, index: int) -> int | None:
        """The interval that a client agreed to; None for most."""
        if not self.manager_of[index] or index % AGREED_EACH:
            return None
        return AGREED_DAYS[index // AGREED_EACH % len(AGREED_DAYS)]

    def _agreements(self) -> int:
        made = []
        for index in range(self.count):
            days = self._agreed_days(index)
            if days:
                on = self.on - timedelta(days=10 + index // AGREED_EACH % 300)
                made.append((len(made) + 1, index + 1, on, days))
        copy(
            ContactAgreement,
            "id client_id approved_on interval_days channels themes weekdays how",
            ((*row, "{branch,call,email,visit}", "{}", "{0,1,2,3,4}", "") for row in made),
        )
        agreed = self.fact_types["agreement"]
        hashes = {days: value_hash(f"{days}|branch,call,email,visit||0,1,2,3,4||") for days in AGREED_DAYS}
        self.changes += copy(
            FactChange,
            "id client_id fact_type_id slot old_hash new_hash by_kind at",
            (
                (self.changes + pk, client, agreed, "agreement", "", hashes[days], "import", self.midnight)
                for pk, client, _on, days in made
            ),
        )
        return len(made)

    def _stands(self, index: int, leaf: Leaf, tier_id: int, status: str, standings: list[tuple]) -> None:
        """Most clients never moved; a few came from another branch or were dormant within the year."""
        changed = self.random.random()
        if changed > 0.06:
            standings.append((index + 1, leaf.id, tier_id, status, None, None))
            return
        day = self.on - timedelta(days=self.random.randint(1, DAYS))
        before = self.random.choice(self.leaves).id if changed < 0.04 else leaf.id
        standings.append(
            (index + 1, before, tier_id, "dormant" if before == leaf.id else "active", None, day)
        )
        standings.append((index + 1, leaf.id, tier_id, status, day, None))

    def _belongs(self, index: int, leaf: Leaf, books: list[tuple]) -> None:
        manager = self.manager_of[index]
        if not manager:
            return
        since = self._open_since(index)
        if since is not None:
            books.append((index + 1, self._manager_before(index, leaf), "primary", None, since))
        books.append((index + 1, manager, "primary", since, None))
        if index % 50 == 0:
            books.append((index + 1, self._manager_before(index, leaf), "secondary", None, None))

    def _open_since(self, index: int) -> date | None:
        """The day since which the open assignment holds: empty for most, within the year for one in twelve."""
        if not self.manager_of[index] or index % 12:
            return None
        return self.on - timedelta(days=1 + index // 12 * 7 % DAYS)

    def _manager_before(self, index: int, leaf: Leaf) -> int:
        return leaf.managers[(leaf.managers.index(self.manager_of[index]) + 1) % len(leaf.managers)]

    # -- money and work ------------------------------------------------------------------------------

    def _holdings(self) -> int:
        draw = self.random
        products = [
            (pk, code, code, kind, "EUR", risk, term)
            for pk, (code, kind, term, risk) in enumerate(PRODUCTS, 1)
        ]
        copy(Product, "id code name kind currency risk_level term_days", products)
        self.maturing: dict[int, tuple[date, int]] = {}
        parties: list[tuple] = []

        def holdings() -> Iterator[tuple]:
            pk = 0
            for index in range(self.count):
                for _ in range(
                    draw.choice((0, 1, 1, 2, 2, 3)) if self.manager_of[index] else draw.choice((0, 1))
                ):
                    pk += 1
                    product, (_code, _kind, term, _risk) = draw.choice(list(enumerate(PRODUCTS, 1)))
                    principal = draw.randint(5, 4000) * 500
                    opened = self.on - timedelta(days=draw.randint(1, term - 1 if term else 2000))
                    matures = opened + timedelta(days=term) if term else None
                    if matures and matures <= self.on + timedelta(days=30):
                        self.maturing[index] = (matures, principal)
                    if draw.random() < 0.05 and self.count > 1:
                        parties.append((pk, (index + 1) % self.count + 1))
                    currency = PLACES[self.leaves[self.leaf_of[index]].place][2]
                    yield (pk, f"H{pk:09}", index + 1, product, opened, matures, principal, currency, self.on)

        made = copy(
            Holding,
            "id number client_id product_id opened_on matures_on principal currency as_of auto_renew status",
            ((*row, False, "open") for row in holdings()),
        )
        copy(
            HoldingParty,
            "id holding_id client_id role",
            ((n, *row, "joint") for n, row in enumerate(parties, 1)),
        )
        return made

    def _opportunities(self) -> int:
        """Interests voiced in contacts, each with its stages. Today holds other actions, so none stands there."""
        draw, stages = self.random, []

        def opportunities() -> Iterator[tuple]:
            for pk, (contact, index, manager, at) in enumerate(self.voiced, 1):
                product = draw.randint(1, len(PRODUCTS))
                amount = draw.randint(2, 200) * 500
                end = min(at + timedelta(days=draw.randint(2, 40)), self.midnight)
                is_old = at < self.midnight - timedelta(days=45)
                is_lost = index in self.closed or (is_old and draw.random() < 0.5)
                stage = "lost" if is_lost else draw.choice(("interest", "interest", "intention", "proposal"))
                stages.append((pk, "interest", at, manager))
                if stage != "interest":
                    stages.append((pk, stage, max(end, at), manager))
                yield (
                    pk,
                    index + 1,
                    product,
                    PRODUCTS[product - 1][1],
                    amount,
                    PLACES[self.leaves[self.leaf_of[index]].place][2],
                    stage,
                    self.on + timedelta(days=draw.randint(-5, 20)),
                    contact,
                    at,
                    manager,
                    "Would rather wait" if is_lost else "",
                    max(end, at) if is_lost else None,
                )

        made = copy(
            Opportunity,
            "id client_id product_id kind amount currency stage next_on contact_id raised_at raised_by_id lost_reason "
            "closed_at next_step note suitability_reason is_imported",
            ((*row, "", "", "", False) for row in opportunities()),
        )
        copy(StageChange, "id opportunity_id stage at by_id", ((n, *row) for n, row in enumerate(stages, 1)))
        return made

    def _actions(self) -> int:
        """15 to 40 rows on the Today of every manager, and as many again in the weeks to come."""
        draw = self.random
        books: dict[int, list[int]] = {}
        for index in range(self.count):
            if self.manager_of[index] and index not in self.closed:
                books.setdefault(self.manager_of[index], []).append(index)

        def actions() -> Iterator[tuple]:
            for manager in sorted(books):
                book = books[manager]
                now = min(draw.randint(15, 40), len(book))
                chosen = draw.sample(book, min(now * 2, len(book)))
                for place, index in enumerate(chosen):
                    if place < now:
                        opens = self.on - timedelta(days=draw.randint(0, 6))
                        due = max(opens, self.on + timedelta(days=draw.randint(-3, 8)))
                    else:
                        opens = self.on + timedelta(days=draw.randint(1, 40))
                        due = opens + timedelta(days=draw.randint(0, 5))
                    theme, source, about, amount, event = (
                        "keeping_in_touch",
                        "",
                        draw.choice(ABOUT),
                        None,
                        None,
                    )
                    if index in self.maturing:
                        event, amount = self.maturing[index]
                        theme, source, about = "maturity", "maturity", ""
                    elif draw.random() < 0.2:
                        theme, source, about, event = "birthday", "birthday", "", due
                    currency = PLACES[self.leaves[self.leaf_of[index]].place][2] if amount else ""
                    origin = "occurrence" if source else "by_hand"
                    yield (
                        index + 1,
                        self.themes[theme],
                        opens,
                        due,
                        origin,
                        source,
                        about,
                        event,
                        amount,
                        currency,
                    )

        return copy(
            Action,
            "id client_id theme_id opens_on due_on origin source about event_on amount currency channel state "
            "cost_currency reason created_at",
            ((n, *row, "call", "planned", "", "", self.midnight) for n, row in enumerate(actions(), 1)),
        )


LOADED = [
    Branch, User, Cover, Client, ContactPoint, DatedFact, Fact, FactChange, Consent, ContactAgreement, Standing,
    Assignment, Product, Holding, HoldingParty, Contact, ContactNote, Opportunity, StageChange, Action,
]  # fmt: skip


@contextmanager
def without_history() -> Iterator[None]:
    """One transaction in which history triggers are off and keys between tables are checked at its end."""
    tables = [model._meta.db_table for model in LOADED]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # tables are not filled in the order of their keys
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def copy(model, columns: str, rows: Iterable[tuple]) -> int:
    """COPY rows into a model's table and return how many."""
    return copy_lines(model, columns, ("\t".join([text(value) for value in row]) + "\n" for row in rows))


def copy_lines(model, columns: str, lines: Iterable[str]) -> int:
    """COPY lines that are already as COPY reads them into a model's table and return how many."""
    names = columns.split()
    sql = f"COPY {model._meta.db_table} ({', '.join(names)}) FROM STDIN"
    count = 0
    with connection.cursor() as cursor:
        buffer = io.StringIO()
        for line in lines:
            buffer.write(line)
            count += 1
            if count % CHUNK == 0:
                buffer.seek(0)
                cursor.copy_expert(sql, buffer)
                buffer = io.StringIO()
        buffer.seek(0)
        cursor.copy_expert(sql, buffer)
    return count


def text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
