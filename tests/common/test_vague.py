"""Vague dates as bank staff note them, in three languages."""

import time as clock
import unicodedata
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.vague import LONGEST_LINE, Window, read

WEDNESDAY = date(2026, 8, 12)
SUNDAY = date(2026, 8, 16)
MID_SEPTEMBER = date(2026, 9, 15)  # a Tuesday
LAST_OF_JANUARY = date(2027, 1, 31)  # a Sunday
YEARS_END = date(2026, 12, 30)  # a Wednesday

# Phrase, today if not the Wednesday, the days it means (one, or first/last), and the time.
ENGLISH = [
    ("my deposit at Northgate falls due end of August", "2026-08-25/2026-08-31"),
    ("end of August", MID_SEPTEMBER, "2027-08-25/2027-08-31"),
    ("the END OF AUGUST, he says", date(2026, 8, 31), "2026-08-25/2026-08-31"),
    ("end August", "2026-08-25/2026-08-31"),
    ("by the end of August", "2026-08-12/2026-08-31"),
    ("end of February", "2027-02-22/2027-02-28"),
    ("end of February 2028", "2028-02-23/2028-02-29"),
    ("start of September", "2026-09-01/2026-09-10"),
    ("the beginning of September", "2026-09-01/2026-09-10"),
    ("early September", "2026-09-01/2026-09-10"),
    ("early in September", "2026-09-01/2026-09-10"),
    ("early August", "2027-08-01/2027-08-10"),
    ("mid-September", "2026-09-11/2026-09-20"),
    ("mid September", "2026-09-11/2026-09-20"),
    ("in the middle of next month", "2026-09-11/2026-09-20"),
    ("late September", "2026-09-21/2026-09-30"),
    ("late next month", "2026-09-21/2026-09-30"),
    ("August", "2026-08-01/2026-08-31"),
    ("a deposit that matures in August", MID_SEPTEMBER, "2027-08-01/2027-08-31"),
    ("in September 2027", "2027-09-01/2027-09-30"),
    ("September next year", "2027-09-01/2027-09-30"),
    ("next August", "2027-08-01/2027-08-31"),
    ("next September", "2026-09-01/2026-09-30"),
    ("this August", "2026-08-01/2026-08-31"),
    ("in May", "2027-05-01/2027-05-31"),
    ("by may", "2026-08-12/2027-04-30"),
    ("it matures May, he thinks", "2027-05-01/2027-05-31"),
    ("the end of march", "2027-03-25/2027-03-31"),
    ("mid Aug", "2026-08-11/2026-08-20"),
    ("by end Aug.", "2026-08-12/2026-08-31"),
    ("he is in town next week", "2026-08-17/2026-08-23"),
    ("next week", SUNDAY, "2026-08-17/2026-08-23"),
    ("this week", "2026-08-10/2026-08-16"),
    ("next month", "2026-09-01/2026-09-30"),
    ("next month", YEARS_END, "2027-01-01/2027-01-31"),
    ("this month", "2026-08-01/2026-08-31"),
    ("next quarter", "2026-10-01/2026-12-31"),
    ("end of the quarter", "2026-09-24/2026-09-30"),
    ("end of the month", "2026-08-25/2026-08-31"),
    ("start of the month", "2026-09-01/2026-09-10"),
    ("at month-end", "2026-08-25/2026-08-31"),
    ("end of the year", "2026-12-25/2026-12-31"),
    ("end of next year", "2027-12-25/2027-12-31"),
    ("year-end", YEARS_END, "2026-12-25/2026-12-31"),
    ("end of 2027", "2027-12-25/2027-12-31"),
    ("call in three days", "2026-08-15"),
    ("in 45 days", "2026-09-26"),
    ("in two weeks", "2026-08-24/2026-08-28"),
    ("in a week", "2026-08-17/2026-08-21"),
    ("a couple of weeks from now", "2026-08-24/2026-08-28"),
    ("in two months", "2026-10-10/2026-10-14"),
    ("in a month", LAST_OF_JANUARY, "2027-02-26/2027-03-02"),
    ("within 3 days", "2026-08-12/2026-08-15"),
    ("in the next two weeks", "2026-08-12/2026-08-26"),
    ("today", "2026-08-12"),
    ("tomorrow morning", "2026-08-13"),
    ("the day after tomorrow", "2026-08-14"),
    ("on Friday", "2026-08-14"),
    ("on Wednesday", "2026-08-12"),
    ("Tue", "2026-08-18"),
    ("next Friday", "2026-08-21"),
    ("this Friday", "2026-08-14"),
    ("Friday next week", "2026-08-21"),
    ("next week, on Friday", "2026-08-21"),
    ("by Friday", "2026-08-12/2026-08-14"),
    ("no later than Friday", "2026-08-12/2026-08-14"),
    ("Friday at the latest", "2026-08-12/2026-08-14"),
    ("by close of business Friday", "2026-08-12/2026-08-14"),
    ("before September", "2026-08-12/2026-08-31"),
    ("don't forget to call before Friday", "2026-08-12/2026-08-14"),
    ("Not reached, call before Friday", "2026-08-12/2026-08-14"),
    ("send the 12-month offer before tomorrow noon", "2026-08-12/2026-08-13", time(12)),
    ("14 August", "2026-08-14"),
    ("August 14", "2026-08-14"),
    ("on the 14th of August", MID_SEPTEMBER, "2027-08-14"),
    ("August 14th, 2027", "2027-08-14"),
    ("14-Aug-2026", "2026-08-14"),
    ("first of September", "2026-09-01"),
    ("5 May", "2027-05-05"),
    ("Friday, 14 August", "2026-08-14"),
    ("14 August (Friday)", "2026-08-14"),
    ("29 February", "2028-02-29"),
    ("it pays 3 August 5,000", "2027-08-03"),
    ("-5,000 on 3 September", "2026-09-03"),
    ("at 3.25% in September", "2026-09-01/2026-09-30"),
    ("due 14/8", "2026-08-14"),
    ("due 8/14", "2026-08-14"),
    ("due 9/9", "2026-09-09"),
    ("due 2026-08-14", "2026-08-14"),
    ("due 14.8.2026", "2026-08-14"),
    ("on the 15th", "2026-08-15"),
    ("on the 15th of next month", "2026-09-15"),
    ("this month, on 20 August", "2026-08-20"),
    ("today at noon", "2026-08-12", time(12)),
    ("Friday at 10:30", "2026-08-14", time(10, 30)),
    ("Friday at 10", "2026-08-14", time(10)),
    ("at 3 pm on Friday", "2026-08-14", time(15)),
    ("tomorrow afternoon at 3", "2026-08-13", time(15)),
    ("tonight at 8", "2026-08-12", time(20)),
    ("14 August, 9 o'clock", "2026-08-14", time(9)),
    ("before 1 September at 10am", "2026-08-12/2026-09-01", time(10)),
    ("Mr Sun comes on Friday", "2026-08-14"),
    ("look at 10 accounts tomorrow", "2026-08-13"),
]
SPANISH = [
    ("mi plazo vence a finales de agosto", "2026-08-25/2026-08-31"),
    ("a finales de agosto", MID_SEPTEMBER, "2027-08-25/2027-08-31"),
    ("A FINES DE AGOSTO", "2026-08-25/2026-08-31"),
    ("fin de agosto", "2026-08-25/2026-08-31"),
    ("al final de agosto", "2026-08-25/2026-08-31"),
    ("antes de finales de agosto", "2026-08-12/2026-08-31"),
    ("a finales de agosto de 2027", "2027-08-25/2027-08-31"),
    ("a finales del mes de septiembre", "2026-09-24/2026-09-30"),
    ("a principios de septiembre", "2026-09-01/2026-09-10"),
    ("comienzos de septiembre", "2026-09-01/2026-09-10"),
    ("a inicios de septiembre", "2026-09-01/2026-09-10"),
    ("a primeros de septiembre", "2026-09-01/2026-09-10"),
    ("a principios del mes que viene", "2026-09-01/2026-09-10"),
    ("a mediados de septiembre", "2026-09-11/2026-09-20"),
    ("a mediados del próximo mes", "2026-09-11/2026-09-20"),
    ("en agosto", "2026-08-01/2026-08-31"),
    ("vence en agosto", MID_SEPTEMBER, "2027-08-01/2027-08-31"),
    ("en setiembre", "2026-09-01/2026-09-30"),
    ("agosto del año que viene", "2027-08-01/2027-08-31"),
    ("en marzo de 2027", "2027-03-01/2027-03-31"),
    ("en mayo", "2027-05-01/2027-05-31"),
    ("en julio", "2027-07-01/2027-07-31"),
    ("el próximo septiembre", "2026-09-01/2026-09-30"),
    ("la próxima semana", "2026-08-17/2026-08-23"),
    ("la semana próxima", "2026-08-17/2026-08-23"),
    ("viene la semana que viene", "2026-08-17/2026-08-23"),
    ("esta semana", "2026-08-10/2026-08-16"),
    ("el mes que viene", "2026-09-01/2026-09-30"),
    ("el próximo mes", YEARS_END, "2027-01-01/2027-01-31"),
    ("este mes", "2026-08-01/2026-08-31"),
    ("fin de mes", "2026-08-25/2026-08-31"),
    ("a fin de este mes", "2026-08-25/2026-08-31"),
    ("a finales del mes que viene", "2026-09-24/2026-09-30"),
    ("fin de trimestre", "2026-09-24/2026-09-30"),
    ("el trimestre que viene", "2026-10-01/2026-12-31"),
    ("fin de año", "2026-12-25/2026-12-31"),
    ("a finales de año", "2026-12-25/2026-12-31"),
    ("a finales de 2027", "2027-12-25/2027-12-31"),
    ("llamar en tres días", "2026-08-15"),
    ("dentro de quince días", "2026-08-27"),
    ("dentro de dos semanas", "2026-08-24/2026-08-28"),
    ("en 2 semanas", "2026-08-24/2026-08-28"),
    ("dentro de una semana", "2026-08-17/2026-08-21"),
    ("en un par de semanas", "2026-08-24/2026-08-28"),
    ("en tres meses", "2026-11-10/2026-11-14"),
    ("dentro de un mes", LAST_OF_JANUARY, "2027-02-26/2027-03-02"),
    ("en los próximos 3 días", "2026-08-12/2026-08-15"),
    ("hoy", "2026-08-12"),
    ("llamar mañana", "2026-08-13"),
    ("mañana por la mañana", "2026-08-13"),
    ("pasado mañana", "2026-08-14"),
    ("hasta mañana", "2026-08-12/2026-08-13"),
    ("el viernes", "2026-08-14"),
    ("el miercoles", "2026-08-12"),
    ("el sábado", "2026-08-15"),
    ("el próximo viernes", "2026-08-14"),
    ("el próximo miércoles", "2026-08-19"),
    ("el viernes que viene", "2026-08-14"),
    ("el viernes de la semana que viene", "2026-08-21"),
    ("el viernes por la tarde", "2026-08-14"),
    ("antes del viernes", "2026-08-12/2026-08-14"),
    ("hasta el viernes", "2026-08-12/2026-08-14"),
    ("el viernes a más tardar", "2026-08-12/2026-08-14"),
    ("antes de septiembre", "2026-08-12/2026-08-31"),
    ("No contesta; llamar antes del viernes", "2026-08-12/2026-08-14"),
    ("14 de agosto", "2026-08-14"),
    ("el 14 de agosto de 2027", "2027-08-14"),
    ("el 14 de agosto del 2027", "2027-08-14"),
    ("el primero de septiembre", "2026-09-01"),
    ("quince de septiembre", "2026-09-15"),
    ("3 de mar", "2027-03-03"),
    ("14 ago", "2026-08-14"),
    ("el viernes 14 de agosto", "2026-08-14"),
    ("el viernes 14", "2026-08-14"),
    ("el día 15", "2026-08-15"),
    ("el 15 del mes que viene", "2026-09-15"),
    ("vence el 14/8", "2026-08-14"),
    ("vence el 1/2", "2027-02-01"),
    ("la cita es el 01/02/2027", "2027-02-01"),
    ("el 3 de septiembre 5.000 euros", "2026-09-03"),
    ("el 3 de septiembre 300 000 euros", "2026-09-03"),
    ("al 3,25 % en septiembre", "2026-09-01/2026-09-30"),
    ("mañana a las 10", "2026-08-13", time(10)),
    ("el 20/8 a las 10.30", "2026-08-20", time(10, 30)),
    ("mañana al mediodía", "2026-08-13", time(12)),
    ("mañana antes de las 10", "2026-08-13", time(10)),
    ("antes de mañana a mediodía", "2026-08-12/2026-08-13", time(12)),
    ("el viernes a las 3 de la tarde", "2026-08-14", time(15)),
    ("el viernes a las diez y media", "2026-08-14", time(10, 30)),
    ("esta noche a las 8", "2026-08-12", time(20)),
    ("llamar a Julio mañana", "2026-08-13"),
]
CHINESE = [
    ("八月底他的存款到期", "2026-08-25/2026-08-31"),
    ("八月底", MID_SEPTEMBER, "2027-08-25/2027-08-31"),
    ("8月底", "2026-08-25/2026-08-31"),
    ("８月末", "2026-08-25/2026-08-31"),
    ("8月底前", "2026-08-12/2026-08-31"),
    ("二月底", "2027-02-22/2027-02-28"),
    ("明年八月底", "2027-08-25/2027-08-31"),
    ("2027年8月底", "2027-08-25/2027-08-31"),
    ("九月初", "2026-09-01/2026-09-10"),
    ("九月上旬", "2026-09-01/2026-09-10"),
    ("九月中旬", "2026-09-11/2026-09-20"),
    ("9月中", "2026-09-11/2026-09-20"),
    ("九月下旬", "2026-09-21/2026-09-30"),
    ("八月", "2026-08-01/2026-08-31"),
    ("8月到期", MID_SEPTEMBER, "2027-08-01/2027-08-31"),
    ("十二月", "2026-12-01/2026-12-31"),
    ("明年三月", "2027-03-01/2027-03-31"),
    ("下周他来", "2026-08-17/2026-08-23"),
    ("下個星期", "2026-08-17/2026-08-23"),
    ("下星期", SUNDAY, "2026-08-17/2026-08-23"),
    ("下週", "2026-08-17/2026-08-23"),
    ("下下周", "2026-08-24/2026-08-30"),
    ("这周", "2026-08-10/2026-08-16"),
    ("本周内", "2026-08-10/2026-08-16"),
    ("下个月", "2026-09-01/2026-09-30"),
    ("下月", YEARS_END, "2027-01-01/2027-01-31"),
    ("本月", "2026-08-01/2026-08-31"),
    ("月底", "2026-08-25/2026-08-31"),
    ("月初", "2026-09-01/2026-09-10"),
    ("月中给他打电话", "2026-08-11/2026-08-20"),
    ("本月底", "2026-08-25/2026-08-31"),
    ("下个月底", "2026-09-24/2026-09-30"),
    ("下月中旬", "2026-09-11/2026-09-20"),
    ("季度末", "2026-09-24/2026-09-30"),
    ("下季度", "2026-10-01/2026-12-31"),
    ("年底", "2026-12-25/2026-12-31"),
    ("今年年底", "2026-12-25/2026-12-31"),
    ("明年底", "2027-12-25/2027-12-31"),
    ("2027年底", "2027-12-25/2027-12-31"),
    ("3天后", "2026-08-15"),
    ("十五天后联系", "2026-08-27"),
    ("过三天再打", "2026-08-15"),
    ("两周后", "2026-08-24/2026-08-28"),
    ("兩個星期後", "2026-08-24/2026-08-28"),
    ("一周以后", "2026-08-17/2026-08-21"),
    ("三个月后", "2026-11-10/2026-11-14"),
    ("一个月后", LAST_OF_JANUARY, "2027-02-26/2027-03-02"),
    ("3天内", "2026-08-12/2026-08-15"),
    ("两周之内", "2026-08-12/2026-08-26"),
    ("今天", "2026-08-12"),
    ("明天给他打电话", "2026-08-13"),
    ("后天", "2026-08-14"),
    ("大后天", "2026-08-15"),
    ("周五", "2026-08-14"),
    ("星期三", "2026-08-12"),
    ("禮拜五", "2026-08-14"),
    ("周日", "2026-08-16"),
    ("下周五", "2026-08-21"),
    ("下个星期天", "2026-08-23"),
    ("这周五", "2026-08-14"),
    ("下周的周五", "2026-08-21"),
    ("周五前", "2026-08-12/2026-08-14"),
    ("周五之前来", "2026-08-12/2026-08-14"),
    ("最迟周五", "2026-08-12/2026-08-14"),
    ("九月前", "2026-08-12/2026-08-31"),
    ("别忘了周五前打电话", "2026-08-12/2026-08-14"),
    ("8月14日", "2026-08-14"),
    ("８月１４號", "2026-08-14"),
    ("八月十四日", MID_SEPTEMBER, "2027-08-14"),
    ("八月廿三号", "2026-08-23"),
    ("2027年8月14日", "2027-08-14"),
    ("二〇二七年三月五日", "2027-03-05"),
    ("明年8月14日", "2027-08-14"),
    ("8月14日（周五）", "2026-08-14"),
    ("15号", "2026-08-15"),
    ("下月15号", "2026-09-15"),
    ("2026-08-14到期", "2026-08-14"),
    ("9月3日转30万元", "2026-09-03"),
    ("明天上午十点", "2026-08-13", time(10)),
    ("周五下午3点", "2026-08-14", time(15)),
    ("十月十四号上午十点半", "2026-10-14", time(10, 30)),
    ("后天下午两点半", "2026-08-14", time(14, 30)),
    ("周五10点30分", "2026-08-14", time(10, 30)),
    ("今晚八点", "2026-08-12", time(20)),
    ("明天中午前", "2026-08-12/2026-08-13", time(12)),
    ("周五15:30", "2026-08-14", time(15, 30)),
    ("一点建议，明天说", "2026-08-13"),
]
MIXED = [
    ("llamar end of August", "2026-08-25/2026-08-31"),
    ("the end of 八月", "2026-08-25/2026-08-31"),
    ("el próximo Friday", "2026-08-14"),
    ("下周 on Friday", "2026-08-21"),
    ("antes del 8月14日", "2026-08-12/2026-08-14"),
    ("tomorrow a las 10", "2026-08-13", time(10)),
]


def case(row):
    phrase, *rest = row
    today = rest.pop(0) if isinstance(rest[0], date) else WEDNESDAY
    opens_on, _slash, due_on = rest.pop(0).partition("/")
    days = date.fromisoformat(opens_on), date.fromisoformat(due_on or opens_on)
    return pytest.param(phrase, today, *days, rest[0] if rest else None, id=f"{phrase}, {today}")


@pytest.mark.parametrize(
    ("phrase", "today", "opens_on", "due_on", "due_at"),
    [case(row) for row in [*ENGLISH, *SPANISH, *CHINESE, *MIXED]],
)
def test_phrase_becomes_the_window_it_means(phrase, today, opens_on, due_on, due_at):
    window = read(phrase, today=today)
    assert window is not None
    assert (window.opens_on, window.due_on, window.due_at) == (opens_on, due_on, due_at)
    assert phrase[window.start : window.end] == window.text != ""


@pytest.mark.parametrize(
    "line",
    [
        # nothing of the kind
        "",
        "call the client",
        "the 12-month offer",
        "depósito a 12 meses",
        "十二个月的存款",
        "24/7",
        "50/50",
        "the 5th floor",
        "3.25",
        # verbs, names and other words
        "I may call",
        "May I call?",
        "they march on",
        "He left. May was here",
        "this may take a while",
        "Julio quiere renovar",
        "Playa del Mar",
        "el segundo",
        "Mr Sun sat down",
        "sol y mar",
        "一点建议",
        "生日快乐",
        # the past
        "yesterday",
        "last week",
        "last Friday",
        "two weeks ago",
        "ayer",
        "el lunes pasado",
        "la semana pasada",
        "hace dos semanas",
        "上周",
        "上周五",
        "昨天",
        "两周前",
        "3天前",
        "14 August 2020",
        "el 14 de agosto de 2020",
        "2020年8月14日",
        "2020-08-14",
        # ambiguous
        "01/02/2027",
        "due on 1/2",
        "1/2到期",
        "tomorrow at 3",
        "明天3点",
        "at midnight on Friday",
        "mar 3",
        "八月十五",
        "26年8月",
        "下周一起吃饭",
        # no such day
        "31 June",
        "31/02/2027",
        "29 February 2027",
        "13月",
        "8月32日",
        "Friday, 13 August",
        # vaguer than a window, or a kind that is none
        "in a few days",
        "dentro de unos días",
        "几天后",
        "三四天后",
        "end of next week",
        "early next year",
        "the weekend",
        "el fin de semana",
        "周末",
        "las próximas semanas",
        "the second half of August",
        "first week of August",
        "the second Monday of August",
        "el segundo lunes de agosto",
        "八月第二个星期一",
        "in a week and a half",
        "un mes y medio después",
        "in 3 working days",
        "en 3 días hábiles",
        "3个工作日后",
        "at Christmas",
        "春节前",
        "八月初八",
        "农历八月十五日",
        # again and again, not at all, or open at one end
        "every Friday",
        "los viernes",
        "cada mes",
        "每周五",
        "on Fridays",
        "两周一次",
        "after Friday",
        "desde el viernes",
        "después del 14 de agosto",
        "8月14日之后",
        "明天起",
        "since March",
        "not before Friday",
        "no antes del viernes",
        "周五前不要打电话",
        "not on Friday",
        "two weeks before Friday",
        "the week after next",
        "a week from Friday",
        "超过3天",
        # two that say different things
        "Monday or Friday",
        "14 August and 15 September",
        "August or September",
        "between 14 and 16 August",
        "del 14 al 16 de agosto",
        "8月14日至16日",
        "周一到周五",
        "in 2 or 3 weeks",
        "en 2 o 3 semanas",
        "2-3天后",
        "he called on Monday, meet tomorrow",
        "next week or the week after",
        "next month and on 14 September",
        "before the end of the year he decides; it matures 14 September",
        "tomorrow at 10 or at 11",
        "mañana a las 10 u 11",
        # a time without a day, or with many
        "at 10:30",
        "al mediodía",
        "next week at 10",
        # begun already
        "before August",
        "八月前",
        # more than a year away
        "by 14 August 2030",
    ],
)
def test_what_is_ambiguous_or_not_understood_is_none(line):
    assert read(line, today=WEDNESDAY) is None


def test_window_says_where_it_was_read_and_by_which_rule():
    line = "Señora Pérez: antes del 14 de agosto, 300.000 €"
    assert read(line, today=WEDNESDAY) == Window(
        WEDNESDAY, date(2026, 8, 14), None, "antes del 14 de agosto", 14, 36, "by_date"
    )
    assert line[14:36] == "antes del 14 de agosto"


def test_place_is_that_in_the_line_as_typed_however_its_accents_are_coded():
    line = unicodedata.normalize("NFD", "José llamará pasado mañana")
    window = read(line, today=WEDNESDAY)
    assert unicodedata.normalize("NFC", window.text) == "pasado mañana"
    assert line[window.start : window.end] == window.text


def test_narrower_of_two_phrases_counts_where_the_other_holds_it():
    window = read("this month, surely on 20 August", today=WEDNESDAY)
    assert (window.opens_on, window.text) == (date(2026, 8, 20), "20 August")


def test_line_of_a_note_takes_less_than_a_millisecond_and_no_line_takes_long():
    note = "my deposit at Northgate falls due end of August, about 300,000 euros; call him on +34 600 123 456"
    began = clock.process_time()
    for _ in range(200):
        assert read(note, today=WEDNESDAY)
    assert (clock.process_time() - began) / 200 < 0.001
    hostile = [
        "1",
        "1 ",
        "1/",
        "八",
        "end of ",
        "1.1",
        "next week ",
        "8月",
        "周",
        "$1 ",
        "a ",
        "the day after ",
    ]
    began = clock.process_time()
    for part in hostile:
        read((part * LONGEST_LINE)[:LONGEST_LINE], today=WEDNESDAY)
    assert clock.process_time() - began < 1
    assert read("tomorrow " + "x" * LONGEST_LINE, today=WEDNESDAY) is None


WORDS = sorted({word for row in [*ENGLISH, *SPANISH, *CHINESE] for word in row[0].split()})
TODAYS = st.dates(date(1990, 1, 1), date(2120, 12, 31))
LINES = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join),
    st.lists(
        st.sampled_from([char for word in WORDS for char in word if ord(char) > 0x3000]), max_size=8
    ).map("".join),
    st.tuples(st.sampled_from([row[0] for row in [*ENGLISH, *SPANISH, *CHINESE]]), st.text(max_size=9)).map(
        " ".join
    ),
)


@given(LINES, TODAYS)
def test_no_line_raises_and_no_window_is_over_or_longer_than_a_year(line, today):
    window = read(line, today=today)
    if window:
        assert today <= window.due_on
        assert window.opens_on <= window.due_on <= window.opens_on + timedelta(days=366)
        assert window.text == line[window.start : window.end] != ""
        assert window.rule


@pytest.mark.parametrize("today", [date.min, date.max, date(9999, 12, 1), date(1, 1, 2)])
@pytest.mark.parametrize("row", [*ENGLISH[::7], *SPANISH[::7], *CHINESE[::7]], ids=lambda row: row[0])
def test_first_and_last_years_of_the_calendar_raise_nothing(row, today):
    window = read(row[0], today=today)
    assert window is None or window.due_on >= today


MONTHS = [
    ("January", "enero", "一月"),
    ("February", "febrero", "二月"),
    ("March", "marzo", "三月"),
    ("April", "abril", "四月"),
    ("May", "mayo", "五月"),
    ("June", "junio", "六月"),
    ("July", "julio", "七月"),
    ("August", "agosto", "八月"),
    ("September", "septiembre", "九月"),
    ("October", "octubre", "十月"),
    ("November", "noviembre", "十一月"),
    ("December", "diciembre", "十二月"),
]


@given(st.sampled_from(MONTHS), TODAYS)
def test_every_month_is_the_same_in_each_language_whole_and_by_its_parts(names, today):
    english, spanish, chinese = names
    number = MONTHS.index(names) + 1
    for said in (
        (f"in {english}", f"en {spanish}", chinese, f"{number}月"),
        (f"early {english}", f"a principios de {spanish}", f"{chinese}初", f"{chinese}上旬"),
        (f"mid-{english}", f"a mediados de {spanish}", f"{chinese}中旬"),
        (f"end of {english}", f"a finales de {spanish}", f"{chinese}底", f"{number}月末"),
        (f"12 {english}", f"12 de {spanish}", f"{chinese}十二日", f"{number}月12号", f"{english} 12"),
    ):
        windows = {(w.opens_on, w.due_on) for w in (read(phrase, today=today) for phrase in said) if w}
        assert len(windows) == 1, said
        assert windows.pop()[0].month == number
        assert all(read(phrase, today=today) for phrase in said)


def meaning(window):
    return window and (window.opens_on, window.due_on, window.due_at, window.rule)


@given(st.sampled_from([row[0] for row in [*ENGLISH, *SPANISH, *CHINESE]]), TODAYS)
def test_case_width_and_accents_do_not_matter(phrase, today):
    if any(word in phrase for word in ("Julio", "May")):  # a name, or not, by its capital
        return
    window = read(phrase, today=today)
    plain = "".join(c for c in unicodedata.normalize("NFKD", phrase) if not unicodedata.combining(c))
    for other in (phrase.upper(), phrase.lower(), plain, unicodedata.normalize("NFD", phrase)):
        same = read(other, today=today)
        assert meaning(same) == meaning(window)
