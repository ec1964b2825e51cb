"""Festivals that are kept by custom or religion, wherever one lives: when they fall and what they are called.

Days come from the `holidays` library, the lunar calendar and dateutil's Easter; nothing is reckoned here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from dateutil.easter import EASTER_ORTHODOX, EASTER_WESTERN, easter
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common import lunar
from common.calendars import public_holidays


@dataclass(frozen=True)
class Festival:
    """`names`: how people write it down, in any language; `unless`: words that make it another one."""

    title: Promise
    names: tuple[str, ...]
    falls: Callable[[int], list[date]]
    unless: tuple[str, ...] = ()


def _lunar(month: int, day: int) -> Callable[[int], list[date]]:
    def falls(year: int) -> list[date]:
        found = lunar.to_solar(year, month, day)
        return [found] if found else []

    return falls


def _public(country: str, name: str) -> Callable[[int], list[date]]:
    """The days that a country's calendar calls so: first days only, and none on which it is merely observed."""

    def falls(year: int) -> list[date]:
        days = public_holidays(country, "", year, "en_US")
        called = sorted(day for day, said in days.items() if name in said.split("; "))
        return [day for day in called if day - timedelta(days=1) not in called]

    return falls


ORTHODOX = ("orthodox", "ortodox", "东正教")
FESTIVALS = {
    "spring_festival": Festival(
        _("Spring Festival"),
        ("春节", "过年", "spring festival", "chinese new year", "lunar new year", "año nuevo chino"),
        _lunar(1, 1),
    ),
    "dragon_boat": Festival(_("Dragon Boat Festival"), ("端午", "dragon boat"), _lunar(5, 5)),
    "mid_autumn": Festival(_("Mid-Autumn Festival"), ("中秋", "mid-autumn", "medio otoño"), _lunar(8, 15)),
    "eid_al_fitr": Festival(
        _("Eid al-Fitr"), ("eid al-fitr", "ramad", "开斋", "斋月"), _public("SG", "Eid al-Fitr")
    ),
    "eid_al_adha": Festival(_("Eid al-Adha"), ("eid al-adha", "古尔邦"), _public("SG", "Eid al-Adha")),
    "diwali": Festival(_("Diwali"), ("diwali", "deepavali", "排灯节"), _public("SG", "Diwali")),
    "pesach": Festival(_("Passover"), ("pesach", "passover", "pésaj", "逾越节"), _public("IL", "Pesach")),
    "rosh_hashanah": Festival(
        _("Rosh Hashanah"),
        ("rosh hashanah", "rosh hashaná", "犹太新年"),
        _public("IL", "Rosh Hashanah"),
    ),
    "easter": Festival(
        _("Easter"),
        ("easter", "pascua", "复活节"),
        lambda year: [easter(year, EASTER_WESTERN)],
        unless=(*ORTHODOX, "eastern"),
    ),
    "orthodox_easter": Festival(
        _("Orthodox Easter"),
        ("pascha", "orthodox easter", "pascua ortodoxa", "东正教"),
        lambda year: [easter(year, EASTER_ORTHODOX)],
    ),
    "christmas": Festival(
        _("Christmas"), ("christmas", "navidad", "圣诞"), lambda year: [date(year, 12, 25)], unless=ORTHODOX
    ),
}
NOT = re.compile(r"\b(not|no|never|without|ningun[oa]?|nunca|sin)\b|不|没")


def keeps(code: str, words: str) -> bool:
    """Whether somebody who is described so keeps a festival. A doubt greets nobody."""
    festival, said = FESTIVALS[code], words.casefold()
    if NOT.search(said) or any(word in said for word in festival.unless):
        return False
    return any(name in said for name in festival.names)


@lru_cache(maxsize=64)
def _year(year: int) -> tuple[tuple[str, date], ...]:
    return tuple((code, day) for code, festival in FESTIVALS.items() for day in festival.falls(year))


def falls_between(start: date, end: date) -> Iterator[tuple[str, date]]:
    """Every festival that falls from `start` to `end`, both included, with its day."""
    for year in range(start.year, end.year + 1):
        yield from ((code, day) for code, day in _year(year) if start <= day <= end)
