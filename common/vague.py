"""Vague dates as bank staff note them, in English, Spanish and Chinese: "end of August", "下周五前".

No library does this: those that read dates return nothing for "a finales de agosto" or "八月底", or, in
silence, a wrong day. Here a line becomes tokens, each of one kind (one letter, see vague_words.py), and
short patterns over the letters find the date phrase. What is ambiguous or not understood is None: a
person is asked.

    start, early / principios / 初, 上旬   days 1 to 10         late / 下旬   day 21 to the end
    middle, mid / mediados / 中旬          days 11 to 20        end / finales / 底, 末   the last seven days
    a month, week, quarter or year alone   the whole of it      in n weeks, months   that day ± 2 days
    by, before / antes de, hasta / 前      from today until that day; until the eve of a month or a week

Without a year it is the next such window that is not over. "Next Friday" and 下周五 lie in the week after
this one; "el próximo viernes" is the first after today.
"""

import calendar
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from common.vague_words import Token, tokens_of

LONGEST_LINE = 1000  # characters
LONGEST_SPAN = timedelta(days=366)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """The days in which something is to happen, and where in the line they were read."""

    opens_on: date
    due_on: date
    due_at: time | None = None
    text: str = ""  # as typed: line[start:end]
    start: int = 0
    end: int = 0
    rule: str = ""  # date, day, month, period, weekday, relative, in, within; by_date and so on


class _Days(NamedTuple):
    opens_on: date
    due_on: date
    is_whole: bool = False  # a whole month, week or year: what is due before it is due before it opens


# Patterns over the kinds; <name> names the token that follows.
_GRAMMAR = """
date      WEEK <day>[Dn] [o-]? <month>M -? YEAR THAT
date      WEEK <month>M d? <day>[Dn] YEAR THAT
date      WEEK (?: <year>[YK] o? )? <month>L <day>D <sign>日? THAT
date      WEEK <figures>J THAT
month     EDGE <next>[FQG]? (?: <year>[YK] o? )? <month>[ML] <edge>b? YEAR
day       <day>[Dn] o? d? <unit>K | <unit>K o? <day>D 日
day       d <day>n (?![xUo]) | j <day>D (?![UMo]) | d <day>D (?=$|[,.Th])
day       <week>W ,? d? <day>[Dn] (?![UMo-]) | <day>D 日 THAT
period    EDGE <unit>K <edge>b?
period    NOUN <edge>[BXC] -? o? -? d? <unit>U | <unit>[月年U] <edge>b | <unit>U -? <edge>X (?!o)
period    <year>[YK] 年? <edge>b | <edge>X o? <year>Y
weekday   <week>W [o,]? d? <unit>K | <unit>K [,oi]{0,2} d? <week>W
weekday   <next>[FQG] <week>W | <week>W <next>Q? (?!U)
relative  <shift>R
in        I <count>[DNa] <unit>U 后? | <count>[DNa] <unit>U [后S]
within    w d? <count>[DNa] <unit>U | <count>[DNa] <unit>U 内 | [FQ] <count>[DN] <unit>U
"""
_SHORTHAND = {
    "EDGE": "(?: NOUN <edge>[BXC] -? o{0,2} -? I? d? )?",
    "NOUN": "(?! B(?!-?o) | XI )",  # the start of, not: they start in; late in, but not: they end in
    "YEAR": "(?: [o,]{0,2} d? U? <year>[YK] )?",
    "WEEK": "(?: <week>W ,? d? )?",
    "THAT": "(?: ,? <week>W (?!U) ,? )?",
}
# What looks like a date and is none, or is more than one: the whole line is then not understood.
_REFUSED = """
! | N[日月]                                   what is never a date
z[UWMLKR] | [UWMLK]z | z[DN]U                 last week, el lunes pasado
#[DN]?x?[UW] | n[UW] | W[oI]d?[ML]           the second Monday of August, 第三周
[DNa]UA | A[DNa]U | [DNa]U前                  two weeks ago, hace dos semanas, 两周前
e(?:[FGQ]?[UWMELRK月年日]|D[U日])             every Friday, los viernes, 每周
U[fP] | Wf[FQ] | WU                           two weeks before, the week after, Friday week
D年[L后前内b] | (?<![MLdo])DW                 26年8月: of which century? 两周一次
[DnN][-&a,P]d?[DnN](?:[o-]?M|L|U|日|o?d?K)    14 to 16 August, 2 or 3 weeks
[ML][Dn][-&a,P]d?[Dn](?!U)                    August 14 to 16
I[ML][Dn](?!日|[o-]?[ML])                     in August 3 clients
(?:^|[^DnoBXCI-])[ML]s                        August 14 300 clients
Ho?d?[MLK] | B[MLK] | U&a?H                    the second half of August, a week and a half
[KWRML]&d?[FGQz] | [ML]&d?K | [@h]D&D         this week or next, at 10 or 11
"""
_FILLERS = "dioI@h,a-"
_LEFT = re.compile("([fePq~])[dioI@h,aTp-]*$")
_RIGHT = re.compile("o?(?:[dioIh,@]*[Tp])*,?([前后q])")


class _NotUnderstood(ValueError):
    """The line names no day, or more than one."""


def _regex(pattern: str) -> re.Pattern:
    for name, meant in _SHORTHAND.items():
        pattern = pattern.replace(name, meant)
    numbers = iter(range(99))  # a name may stand in a pattern more than once
    return re.compile(
        re.sub(
            r"<(\w+)>(\[\w+\]|.)",
            lambda found: f"(?P<{found[1]}_{next(numbers)}>{found[2]})",
            pattern.replace(" ", ""),
        )
    )


_RULES = [(row.split()[0], _regex(row.split(maxsplit=1)[1])) for row in _GRAMMAR.strip().splitlines()]
_NEVER = _regex("|".join(re.split("  +", row)[0] for row in _REFUSED.strip().splitlines()))


def _of_unit(part: list[Token]) -> tuple[str, Any]:
    """Next week, la semana que viene. "Las próximas semanas" and "the next day" are no date."""
    unit = next(token for token in part if token.kind == "U")
    is_plural = unit.word[-1] == "s" and unit.word != "mes"
    if unit.value == "day" or is_plural:
        return "!", None
    return "K", (unit.value, 0 if part[0].kind == "G" else 1)


def _of_hour(part: list[Token]) -> tuple[str, Any]:
    hour, *more = (token for token in part if token.kind in "DkN")
    half = 30 if part[-1].kind == "H" else 0
    return "T", (hour.value, more[0].value if more else half, "")


_REDUCTIONS = [
    (re.compile("Y年"), lambda part: ("Y", part[0].value)),
    (re.compile("D月"), lambda part: ("L", part[0].value) if part[0].value <= 12 else ("!", None)),
    (re.compile("[GFQ]U|UQ"), _of_unit),
    (re.compile("Uo(?=[ML])"), lambda part: ("o" if part[0].value == "month" else "!", None)),
    (
        re.compile(
            "(?:(?<=p)k|k(?=H)|[@h]?Dc)(?:H|[DN]分?)?|@D(?![xUMNo$日月]|&D)|(?:h|(?<=P)l)D(?:&H)?(?![UMN$]|&D)|lD(?:&H)?(?=p)"
        ),
        _of_hour,
    ),
]


def _reduced(tokens: list[Token]) -> list[Token]:
    for pattern, meaning in _REDUCTIONS:
        kept, at = [], 0
        for found in pattern.finditer(_kinds(tokens)):
            part = tokens[found.start() : found.end()]
            kind, value = meaning(part)
            word = " ".join(token.word for token in part)
            kept += [*tokens[at : found.start()], Token(kind, value, word, part[0].start, part[-1].end)]
            at = found.end()
        tokens = kept + tokens[at:]
    return tokens


def _kinds(tokens: list[Token]) -> str:
    return "".join(token.kind for token in tokens)


def _one(day: date) -> _Days:
    return _Days(day, day)


def _on(year: int, month: int, day: int) -> _Days | None:
    is_valid = 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
    return _one(date(year, month, day)) if is_valid else None


def _in_month(year: int, month: int, edge: str = "") -> _Days:
    last = calendar.monthrange(year, month)[1]
    edges = {"start": (1, 10), "middle": (11, 20), "late": (21, last), "end": (last - 6, last)}
    first, until = edges.get(edge, (1, last))
    return _Days(date(year, month, first), date(year, month, until), not edge)


def _in_unit(today: date, unit: str, shift: int, edge: str = "") -> _Days | None:
    """This unit or a later one; of quarters and years only the end is a window, of weeks nothing."""
    if unit == "week":
        monday = today + timedelta(days=7 * shift - today.weekday())
        return None if edge else _Days(monday, monday + 6 * DAY, True)
    length = {"month": 1, "quarter": 3, "year": 12}.get(unit)
    if not length or (length > 1 and edge not in ("", "end")):
        return None
    years, month = divmod((today.month - 1) // length * length + shift * length, 12)
    last = _in_month(today.year + years, month + length, edge)
    return last if edge else _Days(date(today.year + years, month + 1, 1), last.due_on, True)


def _years(today: date, year: Token | None) -> Iterable[int]:
    """The year that is named, else this one and the next (up to eight for 29 February)."""
    if year is None:
        return range(today.year, today.year + 9)
    if year.kind == "Y":
        return [year.value]
    return [today.year + year.value[1]] if year.value[0] == "year" else []


def _counted(today: date, count: Token, unit: Token) -> tuple[date, timedelta] | None:
    """The day so many units from today, and how vague it is. "In 12 month deposits" is no date."""
    if count.value > 1 and unit.word in ("day", "week", "month", "dia", "semana", "mes"):
        return None
    if unit.value in ("day", "week"):
        days = count.value * (7 if unit.value == "week" else 1)
        return today + days * DAY, (2 * DAY if unit.value == "week" else timedelta())
    month = _in_unit(today, unit.value, count.value) if unit.value == "month" else None
    return (min(month.opens_on + (today.day - 1) * DAY, month.due_on), 2 * DAY) if month else None


def _choices(rule: str, named: dict[str, Token], today: date) -> Iterable[_Days | None]:
    """The days that a phrase may name, in the order in which they are meant: the first not over is."""
    day, unit, week, count = (named.get(name) for name in ("day", "unit", "week", "count"))
    edge = named["edge"].value if "edge" in named else ""
    years = _years(today, named.get("year"))
    match rule:
        case "date" if "figures" in named:
            year, month, number = named["figures"].value
            return (_on(each, month, number) for each in ([year] if year else years))
        case "date" if day and (named["month"].kind != "L" or day.word.isascii() or "sign" in named):
            month = named["month"].value
            return (_on(each, month, day.value) for each in years)
        case "month":
            months = (_in_month(each, named["month"].value, edge) for each in years)
            match named["next"].kind if "next" in named else "":
                case "G":
                    return list(months)[:1]
                case "F" | "Q":
                    return (each for each in months if each.opens_on > today)
            return months
        case "day" if day and not (unit and unit.value[0] != "month"):
            firsts = (_in_unit(today, "month", shift) for shift in ([unit.value[1]] if unit else [0, 1, 2]))
            return (_on(each.opens_on.year, each.opens_on.month, day.value) for each in firsts if each)
        case "period" if unit:
            choices = [unit.value] if unit.kind == "K" else [(unit.value, 0), (unit.value, 1)]
            return (_in_unit(today, name, shift, edge) for name, shift in choices)
        case "period" if edge == "end":
            return (_in_month(each, 12, edge) for each in years)
        case "weekday" if week and not (unit and unit.value[0] != "week"):
            return [_on_weekday(today, week.value, unit, named.get("next"))]
        case "relative":
            return [_one(today + named["shift"].value[1] * DAY)]
        case "in" | "within" if count and unit and (target := _counted(today, count, unit)):
            middle, give = target
            return [_Days(today, middle) if rule == "within" else _Days(middle - give, middle + give)]
    return []


def _on_weekday(today: date, value: int, unit: Token | None, after: Token | None) -> _Days:
    weeks, number = divmod(value, 7)
    if unit or weeks or (after and after.kind == "F"):
        shift = unit.value[1] if unit else weeks - 1 if weeks else 1
        return _one(today + (7 * shift - today.weekday() + number) * DAY)
    first = today + DAY if after and after.kind == "Q" else today
    return _one(first + (number - first.weekday()) % 7 * DAY)


class _Phrase(NamedTuple):
    rule: str
    start: int  # in the tokens
    end: int
    days: _Days


def _phrases(tokens: list[Token], kinds: str, today: date) -> list[_Phrase]:
    """What the rules find, the longest of each place. Raises _NotUnderstood where one is no date."""
    matches = [(found, rule) for rule, regex in _RULES for found in regex.finditer(kinds)]
    phrases: list[_Phrase] = []
    for found, rule in sorted(matches, key=lambda match: (match[0].start(), -match[0].end())):
        start, end = found.span()
        if phrases and end <= phrases[-1].end:
            continue
        if phrases and start < phrases[-1].end:
            raise _NotUnderstood("Two phrases share a word.")
        named = {
            name.split("_")[0]: tokens[found.start(name)] for name, kind in found.groupdict().items() if kind
        }
        days = next((each for each in _choices(rule, named, today) if each and each.due_on >= today), None)
        if days is None or ("week" in named and named["week"].value % 7 != days.due_on.weekday()):
            raise _NotUnderstood("There is no such day, or no more.")
        phrases.append(_Phrase(rule, start, end, days))
    return [_in_company(phrase, kinds, today) for phrase in phrases]


def _in_company(phrase: _Phrase, kinds: str, today: date) -> _Phrase:
    """The phrase with the word for by or before at either side. Raises _NotUnderstood for after, every and not."""
    rule, start, end, days = phrase
    left, right = _LEFT.search(kinds[:start]), _RIGHT.match(kinds, end)
    before, behind = left[1] if left else "", right[1] if right else ""
    is_by = before in ("P", "q") or behind in ("前", "q")
    clause = re.split("[.,]", kinds[:start])[-1] + re.split("[.,]", kinds[end:])[0]
    if before in ("f", "e", "~") or behind == "后" or (is_by and "~" in clause):
        raise _NotUnderstood("The phrase says when not, or since when.")
    if not is_by:
        return phrase
    due_on = days.opens_on - DAY if days.is_whole and "q" not in (before, behind) else days.due_on
    if due_on < today:
        raise _NotUnderstood("It has begun already.")
    start = left.start() if left and before in ("P", "q") else start
    end = right.end() if right and behind in ("前", "q") else end
    return _Phrase(f"by_{rule}", start, end, _Days(today, due_on))


def _clock(hour: int, minute: int, part: str) -> time:
    """A time of day. Raises _NotUnderstood for one to six o'clock without morning or afternoon, and at midnight."""
    if (part in ("", "am") and 1 <= hour <= 6 - (part == "am")) or (hour > 11 and part in ("am", "night")):
        raise _NotUnderstood("Which half of the day?")
    is_late = part in ("pm", "night") or (part == "noon" and hour < 3)
    return time(hour + 12 if is_late and hour < 12 else hour, minute)


def read(text: str, *, today: date) -> Window | None:
    """The window that a line speaks of, in any of the three languages or a mixture; None if not understood.

    Of two phrases the one that lies within the other counts; two that say different things are None. So
    is a window that is over, one of more than a year, and a line of more than LONGEST_LINE characters.
    """
    try:
        return _read(text, today) if len(text) <= LONGEST_LINE else None
    except (ValueError, OverflowError):  # the calendar ends with the year 9999
        return None


def _read(text: str, today: date) -> Window | None:
    tokens, places = tokens_of(text)
    tokens = _reduced(tokens)
    kinds = _kinds(tokens)
    phrases = [] if _NEVER.search(kinds) else _phrases(tokens, kinds, today)
    if not phrases:
        return None
    phrase = min(phrases, key=lambda each: each.days.due_on - each.days.opens_on)
    rule, start, end, days = phrase
    for each in phrases:
        holds = each.days.opens_on <= days.opens_on and days.due_on <= each.days.due_on
        if each.days[:2] != days[:2] and (not holds or each.rule.startswith("by_")):
            return None
    for one, two in pairwise(phrases):
        if "&" in kinds[one.end : two.start] and not kinds[one.end : two.start].strip("&" + _FILLERS):
            return None
    parts = {token.value if token.kind == "p" else token.value[0] for token in tokens if token.kind in "pR"}
    part = max(parts, default="") if len(parts - {""}) < 2 else ""
    times = set()
    for n, token in enumerate(tokens):
        if token.kind == "T":
            hour, minute, own = token.value
            times.add(_clock(hour, minute, own or part))
            start, end = min(start, n), max(end, n + 1)
    is_one_day = days.opens_on == days.due_on or rule.startswith("by_")
    if days.due_on - days.opens_on > LONGEST_SPAN or len(times) > 1 or (times and not is_one_day):
        return None
    end += len(kinds[end:]) - len(kinds[end:].lstrip("p"))  # tomorrow morning
    first, last = places[tokens[start].start], places[tokens[end - 1].end - 1] + 1
    while last < len(text) and unicodedata.combining(text[last]):
        last += 1
    due_at = times.pop() if times else None
    return Window(days.opens_on, days.due_on, due_at, text[first:last], first, last, rule)
