"""Dates, numbers and lateness as people say them, in the active language (CLDR data through Babel)."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale, UnknownLocaleError, dates, lists, numbers
from django.db.models import Model
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.text import is_han

_LOCALES = {"en": "en_GB", "es": "es", "zh-hans": "zh_Hans_CN"}


@lru_cache(maxsize=8)
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES.get(language, "en_GB"))


def locale() -> Locale:
    return _locale(translation.get_language() or "en")


def quoted(text: str) -> str:
    """Somebody's own words between the language's quotation marks."""
    before, after = ("«", "»") if translation.get_language() == "es" else ("“", "”")
    return f"{before}{text}{after}"


def number(value: Decimal | int | float) -> str:
    """A count or figure with thousands separators; minus is U+2212."""
    if type(value) is int and 0 <= value < 1000:
        return str(value)  # the same in every language we speak, and by far the most frequent
    return numbers.format_decimal(value, locale=locale()).replace("-", "−")


@lru_cache(maxsize=16)
def _pattern(language: str, cents: bool) -> numbers.NumberPattern:
    return numbers.parse_pattern("#,##0.00" if cents else "#,##0")


def amount(value: Decimal, *, cents: bool = False) -> str:
    """Money without its currency: no cents unless they matter."""
    pattern = _pattern(translation.get_language() or "en", cents)
    return pattern.apply(value, locale()).replace("-", "−")


def compact(value: Decimal) -> str:
    """A sum where there is little room: "1.2M", "120万"; small ones as they are."""
    if abs(value) < 10_000:
        return amount(value)
    return numbers.format_compact_decimal(
        value, locale=locale(), fraction_digits=1 if abs(value) < 10**8 else 0
    )


def price(value: Decimal) -> str:
    """A price of one unit: as many decimals as it has, at least two."""
    return numbers.format_decimal(value, format="#,##0.00####", locale=locale()).replace("-", "−")


def percent(value: float | Decimal) -> str:
    """A fraction from 0 to 1 in percent without decimals: 41% in English, 41 % in Spanish."""
    return numbers.format_percent(value, locale=locale()).replace("-", "−")


def tenths(value: float | Decimal) -> str:
    """A fraction in percent with one decimal, where a point more or less matters: 5.4%."""
    pattern = "#,##0.0\u00a0%" if translation.get_language() == "es" else "#,##0.0%"
    return numbers.format_percent(value, format=pattern, locale=locale()).replace("-", "−")


def rate(value: float | Decimal) -> str:
    """A fraction in percent with two decimals, as rates are written: 1.95%."""
    return numbers.format_percent(value, format=_rate_pattern(), locale=locale()).replace("-", "−")


def _rate_pattern() -> str:
    return "#,##0.00\u00a0%" if translation.get_language() == "es" else "#,##0.00%"


def day(value: date, skeleton: str = "yMMMd") -> str:
    """A date by CLDR skeleton: yMMMd → 12 Aug 2026; MMMMEEEEd → Wednesday 12 August."""
    spoken = translation.get_language() or "en"
    return _day(spoken, value.year, value.month, value.day, skeleton)


# A page says the same few days again and again, and Babel takes its time over each.
@lru_cache(maxsize=4096)
def _day(spoken: str, year: int, month: int, on: int, skeleton: str) -> str:
    return dates.format_skeleton(skeleton, date(year, month, on), locale=_locale(spoken))


def clock(value: time | datetime) -> str:
    if isinstance(value, datetime):
        value = timezone.localtime(value).time()
    return _clock(translation.get_language() or "en", value.hour, value.minute)


@lru_cache(maxsize=4096)
def _clock(spoken: str, hour: int, minute: int) -> str:
    return dates.format_skeleton("Hm", datetime(2000, 1, 1, hour, minute), locale=_locale(spoken))


def exact(value: datetime) -> str:
    local = timezone.localtime(value)
    return f"{day(local.date(), 'yMMMMEEEEd')}, {clock(local)}"


def language(code: str) -> str:
    """A language by its code, in the active language; a code nobody knows stays as it is."""
    try:
        return Locale.parse(code, sep="-").get_display_name(locale()) or code
    except (UnknownLocaleError, ValueError):
        return code


def listed(items: list[str], *, goes_on: bool = False) -> str:
    """Names one after the other, the last one joined by "and" unless more is said after it."""
    return lists.format_list(items, style="unit" if goes_on else "standard", locale=locale())


def weekday(value: date) -> str:
    return _weekday(translation.get_language() or "en", value.weekday())


@lru_cache(maxsize=64)
def _weekday(spoken: str, number: int) -> str:
    return dates.format_date(date(2001, 1, 1 + number), "EEEE", locale=_locale(spoken))


def choice(row: Model, field: str) -> str:
    """What a field with choices says, as `get_…_display` does without building the choices anew each time."""
    value = getattr(row, field)
    return str(_choices(type(row), field).get(value, value))


@cache
def _choices(model: type[Model], field: str) -> dict:
    return dict(getattr(model._meta.get_field(field), "flatchoices", ()))


def month(value: int) -> str:
    """A month by its number from 1 to 12, as it stands alone."""
    if translation.get_language() == "zh-hans":
        # Asked for Chinese, Babel 2.18 gives the other languages Chinese months from then on.
        return f"{value}月"
    return dates.get_month_names("wide", context="stand-alone", locale=locale())[value]


def near_day(value: date, today: date) -> str:
    """Today, yesterday, tomorrow, else the date; the year only where it is another one."""
    if value == today:
        return _("Today")
    if value == today - timedelta(days=1):
        return _("Yesterday")
    if value == today + timedelta(days=1):
        return _("Tomorrow")
    return day(value, "MMMd" if value.year == today.year else "yMMMd")


def when(value: datetime, today: date) -> str:
    local = timezone.localtime(value)
    said = near_day(local.date(), today)
    return f"{said}, {clock(local)}" if local.date() == today else said


def due(due_on: date, today: date, due_at: time | None = None) -> str:
    """The right edge of a row: "5 days late", "today", "by 16:00", "by tomorrow", "by Friday", "by 3 Mar"."""
    gap = (due_on - today).days
    if gap < 0:
        return ngettext("%(count)s day late", "%(count)s days late", -gap) % {"count": number(-gap)}
    if gap == 0:
        return _("by %(time)s") % {"time": clock(due_at)} if due_at else _("today")
    if gap == 1:
        return _("by tomorrow")
    if gap < 7:
        return _("by %(weekday)s") % {"weekday": weekday(due_on)}
    return _("by %(date)s") % {"date": day(due_on, "MMMd" if due_on.year == today.year else "yMMMd")}


def in_days(value: date, today: date) -> str:
    """How far away a day is: today, tomorrow, in 5 days, 3 days ago."""
    gap = (value - today).days
    if gap == 0:
        return _("today")
    if gap == 1:
        return _("tomorrow")
    if gap == -1:
        return _("yesterday")
    if gap > 0:
        return ngettext("in %(count)s day", "in %(count)s days", gap) % {"count": number(gap)}
    return ngettext("%(count)s day ago", "%(count)s days ago", -gap) % {"count": number(-gap)}


def script_language(text: str) -> str:
    """The `lang` attribute of a name in its own script; empty where nothing needs saying."""
    if any(map(is_han, text)):
        return "ja" if any(0x3040 <= ord(c) <= 0x30FF for c in text) else "zh-Hans"
    if any(0xAC00 <= ord(c) <= 0xD7A3 for c in text):
        return "ko"
    if any(0x0600 <= ord(c) <= 0x06FF for c in text):
        return "ar"
    return ""


def weekdays(days: list[int]) -> str:
    """Days of the week (Monday is 0) as people write them: "Tue–Fri", "Mon, Wed"."""
    names = [
        dates.format_date(date(2024, 1, 1) + timedelta(days=number_), "EEE", locale=locale())
        for number_ in range(7)
    ]
    wanted = sorted(set(days))
    if len(wanted) > 2 and wanted == list(range(wanted[0], wanted[-1] + 1)):
        return f"{names[wanted[0]]}–{names[wanted[-1]]}"
    return ", ".join(names[number_] for number_ in wanted)


def marked(sentence: str, **said: str) -> str:
    """A translated sentence with its own markup, filled with words and nothing else: what is filled in is escaped."""
    for name in said:
        sentence = sentence.replace(f"%({name})s", f"{{{name}}}")
    return format_html(sentence, **said)
