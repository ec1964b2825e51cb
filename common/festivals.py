"""Festivals that are kept by custom or religion, wherever one lives: when they fall and what they are called.

Days come from the `holidays` library, the lunar calendar and dateutil's Easter; nothing is reckoned here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from dateutil.easter import EASTER_ORTHODOX, EASTER_WESTERN, easter
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common import lunar
from common.calendars import public_holidays


@dataclass(frozen=True)
class Festival:
    """`names`: how people write it down, in any language; a part of the word is enough."""

    title: Promise
    names: tuple[str, ...]
    falls: Callable[[int], date | None]


def _lunar(month: int, day: int) -> Callable[[int], date | None]:
    return lambda year: lunar.to_solar(year, month, day)


def _public(country: str, name: str) -> Callable[[int], date | None]:
    """The first day that a country's calendar calls so; where observed on another day too, the real one."""

    def falls(year: int) -> date | None:
        days = public_holidays(country, "", year, "en_US")
        return min((day for day, said in days.items() if said.startswith(name)), default=None)

    return falls


FESTIVALS = {
    "spring_festival": Festival(
        _("Spring Festival"), ("春节", "过年", "chinese new year", "año nuevo chino"), _lunar(1, 1)
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
        _("Rosh Hashanah"), ("rosh hashanah", "rosh hashaná", "犹太新年"), _public("IL", "Rosh Hashanah")
    ),
    "easter": Festival(
        _("Easter"), ("easter", "pascua", "复活节"), lambda year: easter(year, EASTER_WESTERN)
    ),
    "orthodox_easter": Festival(
        _("Orthodox Easter"), ("pascha", "orthodox", "ortodox"), lambda year: easter(year, EASTER_ORTHODOX)
    ),
    "christmas": Festival(_("Christmas"), ("christmas", "navidad", "圣诞"), lambda year: date(year, 12, 25)),
}


@lru_cache(maxsize=64)
def _year(year: int) -> tuple[tuple[str, date], ...]:
    falls = ((code, festival.falls(year)) for code, festival in FESTIVALS.items())
    return tuple((code, day) for code, day in falls if day is not None)


def falls_between(start: date, end: date) -> Iterator[tuple[str, date]]:
    """Every festival that falls from `start` to `end`, both included, with its day."""
    for year in range(start.year, end.year + 1):
        yield from ((code, day) for code, day in _year(year) if start <= day <= end)
