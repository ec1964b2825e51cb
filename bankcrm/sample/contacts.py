"""A year of contacts: who was called, visited and written to, what came of it, when it was noted."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta

from bankcrm.sample import notes
from bankcrm.sample.cast import FRONT_DESK, PLACES, Manager, Place, managers_of
from bankcrm.sample.clients import SampleClient
from bankcrm.sample.dice import Dice
from bankcrm.sample.money import PER_USD, SampleHolding
from common.calendars import in_year, public_holidays

DAYS_BACK = 365
TOUCH_EVERY_DAYS = {"private": 24, "gold": 40, "standard": 92}
CHANNELS = {
    "MAD": {
        "call": 58,
        "visit": 6,
        "branch": 12,
        "video": 3,
        "messenger": 9,
        "email": 8,
        "sms": 2,
        "letter": 2,
    },
    "SHA": {"call": 42, "visit": 6, "branch": 10, "video": 3, "messenger": 33, "email": 3, "sms": 3},
    "MEX": {"call": 50, "visit": 7, "branch": 11, "video": 3, "messenger": 21, "email": 6, "sms": 2},
}
WRITTEN = ("email", "sms", "letter")
REACH = {"call": 1.0, "visit": 1.45, "branch": 2.0, "video": 1.4, "messenger": 1.1, "event": 2.0}
MISSED = {"no_answer": 62, "message_left": 20, "busy": 12, "declined": 4, "wrong_number": 2}
THEMES = {
    "private": {
        "keeping_in_touch": 40,
        "review": 26,
        "product": 16,
        "education": 8,
        "service": 8,
        "complaint": 2,
    },
    "gold": {
        "keeping_in_touch": 44,
        "review": 20,
        "product": 18,
        "education": 6,
        "service": 10,
        "complaint": 2,
    },
    "standard": {
        "keeping_in_touch": 50,
        "review": 10,
        "product": 18,
        "education": 4,
        "service": 16,
        "complaint": 2,
    },
}
SECONDS = {
    "call": (90, 900),
    "visit": (1500, 4200),
    "branch": (420, 2400),
    "video": (900, 2700),
    "messenger": (60, 600),
    "event": (3600, 7200),
}
# Months in which less is done, by country, and how much.
QUIET = {"ES": {8: 0.45, 12: 0.15}, "CN": {2: 0.35, 10: 0.15}, "MX": {12: 0.25, 4: 0.1}}
LONGEST_DELAY = timedelta(days=2)
AT_WORK_FROM, AT_WORK_TO = 8, 20  # local hours in which contacts are written down


class Days:
    """The working days of a place in the year before today."""

    def __init__(self, place: Place, as_of: date) -> None:
        start = as_of - timedelta(days=DAYS_BACK)
        closed: set[date] = set()
        for year in range(start.year, as_of.year + 1):
            closed |= set(public_holidays(place.country, place.region, year))
        all_days = [start + timedelta(days=shift) for shift in range(DAYS_BACK)]
        self.days = [day for day in all_days if day.weekday() < 5 and day not in closed]

    def at_or_after(self, day: date) -> date | None:
        index = bisect_left(self.days, day)
        return self.days[index] if index < len(self.days) else None


def make_contacts(
    *, clients: list[SampleClient], holdings: list[SampleHolding], as_of: date, seed: int
) -> list[dict[str, str]]:
    """The rows of the contact file in the order in which things happened."""
    maker = _Maker(Dice(f"{seed}/contacts"), as_of)
    matured: dict[str, list[date]] = {}
    for holding in holdings:
        if holding.row["status"] == "matured" and holding.matures_on:
            matured.setdefault(holding.client.number, []).append(holding.matures_on)
    for client in clients:
        if client.manager is not None:
            maker.client(client, client.manager, matured.get(client.number, []))
    rows = sorted(maker.rows, key=lambda row: (row[0], row[1]["client_number"], row[1]["result"]))
    for position, (_at, row) in enumerate(rows, start=1):
        row["contact_number"] = f"K{position:07d}"
    return [row for _at, row in rows]


class _Maker:
    def __init__(self, random: Dice, as_of: date) -> None:
        self.random = random
        self.as_of = as_of
        # Nothing may lie ahead of whoever loads the bank early in the day, west of Greenwich.
        self.end = datetime.combine(as_of, time(), UTC)
        self.days = {place.code: Days(place, as_of) for place in PLACES}
        self.desks = {person.branch: person for person in FRONT_DESK}
        self.rows: list[tuple[datetime, dict[str, str]]] = []

    def client(self, client: SampleClient, manager: Manager, matured: list[date]) -> None:
        random = self.random
        start = max(client.since, self.as_of - timedelta(days=DAYS_BACK))
        last = self.as_of - timedelta(days=1)
        if client.is_active and random.random() < manager.forgotten:
            last = self.as_of - timedelta(days=random.randint(124, 380))
        elif client.status in ("closed", "deceased"):
            last = self.as_of - timedelta(days=random.randint(60, 300))
        elif client.status in ("dormant", "blocked"):
            last = self.as_of - timedelta(days=random.randint(20, 200))
        every = TOUCH_EVERY_DAYS[client.tier] * manager.pace
        touches: list[tuple[date, str]] = []
        day = start + timedelta(days=random.random() * every)
        while day <= last:
            if random.random() >= QUIET[client.place.country].get(day.month, 0):
                touches.append((day, random.pick(THEMES[client.tier])))
            day += timedelta(days=every * random.uniform(0.6, 1.4))
        touches += self._occasions(client, matured, start, last)
        for day, theme in sorted(touches):
            self._touch(client, manager, day, theme, last)

    def _occasions(
        self, client: SampleClient, matured: list[date], start: date, last: date
    ) -> list[tuple[date, str]]:
        random, found = self.random, []
        for day in matured:
            found.append((day - timedelta(days=random.randint(2, 9)), "maturity"))
        if (
            client.birthday
            and random.random() < {"private": 0.85, "gold": 0.6, "standard": 0.12}[client.tier]
        ):
            for year in (start.year, last.year):
                found.append((in_year(*client.birthday, year), "birthday"))
        return [(day, theme) for day, theme in dict.fromkeys(found) if start <= day <= last]

    def _touch(self, client: SampleClient, manager: Manager, day: date, theme: str, last: date) -> None:
        """Attempts until the client is reached, at most three, some days apart."""
        random = self.random
        channel = "call" if theme in ("birthday", "maturity") else random.pick(CHANNELS[client.place.code])
        if theme == "education" and random.random() < 0.4:
            channel = "event"
        staff, at_desk = manager.staff_number, channel == "branch" and random.random() < 0.5
        if at_desk:
            staff, theme = self.desks[client.place.code].staff_number, "service"
        elif random.random() < 0.03:
            staff = random.choice(managers_of(client.place)).staff_number
        for _attempt in range(3):
            on = self.days[client.place.code].at_or_after(day)
            if on is None or on > last:
                return
            if channel in WRITTEN:
                self._write(client, manager, staff, on, channel, "out", theme, "message_left")
                if random.random() < 0.3:
                    answered = self.days[client.place.code].at_or_after(
                        on + timedelta(days=random.randint(1, 3))
                    )
                    if answered and answered <= last:
                        self._write(client, manager, staff, answered, channel, "in", theme, "reached")
                return
            comes_by = channel in ("branch", "event") or (
                channel in ("call", "messenger") and random.random() < 0.07
            )
            is_reached = comes_by or random.random() < manager.reach * REACH[channel]
            result = "reached" if is_reached else random.pick(MISSED)
            if result != "reached" and channel == "visit":
                result = "no_answer"
            direction = "in" if comes_by and channel != "event" else "out"
            self._write(client, manager, staff, on, channel, direction, theme, result)
            if result in ("reached", "declined", "wrong_number"):
                return
            day = on + timedelta(days=random.randint(1, 5))
            channel = "call" if channel == "visit" else channel

    def _write(
        self,
        client: SampleClient,
        manager: Manager,
        staff: str,
        on: date,
        channel: str,
        direction: str,
        theme: str,
        result: str,
    ) -> None:
        random, place = self.random, client.place
        minute = random.randint(0, (place.closes - place.opens) * 60 - 1)
        local = datetime.combine(on, time(place.opens), place.zone) + timedelta(minutes=minute)
        at = local.astimezone(UTC)
        if at > self.end - timedelta(minutes=30):
            return
        has_note = random.random() < (0.9 if result == "reached" else 0.35)
        words = ""
        if has_note:
            language = manager.language[:2]
            amount = round(
                random.choice((2_000, 8_000, 15_000, 25_000, 40_000, 60_000, 120_000))
                * PER_USD[place.currency]
            )
            digits = 10 ** (len(str(amount)) - 1)
            money = notes.spoken(round(amount / digits) * digits, place.currency, language)
            words = notes.note(random, language, theme, result, money)
        seconds = ""
        if result == "reached" and channel in SECONDS:
            low, high = SECONDS[channel]
            seconds = str(round(random.triangular(low, high, low * 1.8) / 30) * 30)
        self.rows.append(
            (
                at,
                {
                    "client_number": client.number,
                    "staff_number": staff,
                    "occurred_at": local.isoformat(timespec="seconds"),
                    "recorded_at": self._recorded(at, place, manager)
                    .astimezone(place.zone)
                    .isoformat(timespec="seconds"),
                    "channel": channel,
                    "direction": direction,
                    "duration_seconds": seconds,
                    "theme": theme,
                    "result": result,
                    "note": words,
                },
            )
        )

    def _recorded(self, at: datetime, place: Place, manager: Manager) -> datetime:
        """Most things are written down within the hour, some the next day; the overloaded take longer."""
        chance = self.random.random()
        if chance < 0.62:
            minutes = self.random.uniform(5, 60)
        elif chance < 0.88:
            minutes = self.random.uniform(60, 420)
        else:
            minutes = self.random.uniform(900, 2400)
        recorded = at + timedelta(minutes=5 + minutes * manager.recording)
        local = recorded.astimezone(place.zone)
        if not AT_WORK_FROM <= local.hour < AT_WORK_TO:  # nobody writes at night: next morning
            on = local.date() + timedelta(days=local.hour >= AT_WORK_TO)
            morning = datetime.combine(on, time(AT_WORK_FROM, self.random.randrange(60)), place.zone)
            recorded = max(recorded, morning.astimezone(UTC))
        return min(recorded, at + LONGEST_DELAY, self.end)
