"""The words of vague dates in three languages: a line becomes tokens, each of one kind. See vague.py.

Kinds (one letter, so that a line of tokens is a text that patterns can read):
M month, L month in Chinese, 月 年 日 their signs, W weekday, R day from today, U unit, K this or next unit,
Y year, D number up to 31, N other number, n ordinal, J date in figures, $ amount, s amount with spaces;
B X C b edges (start of, end of, early, 底), F next, Q próximo, G this, z last, # 第 and second, H half, A ago, S from now;
o of, d the, i on, I in, a one, w within, j el día, & and; P by, q at the latest, f after, e every, ~ not,
前 before, 后 after, 内 within; T time, p part of the day, k 一点, @ at, h a las, l las, c o'clock;
! never a date, x any other word, "," "-" and "." marks.
"""

import re
import unicodedata
from typing import Any, NamedTuple


class Token(NamedTuple):
    kind: str
    value: Any
    word: str  # folded
    start: int  # in the folded line
    end: int


# A kind, then value: what is said (_ is a space).

_WORDS = """
R 0: today hoy 今天 今日 | 1: tomorrow manana 明天 明日 | 3: 大后天
R 2: the_day_after_tomorrow day_after_tomorrow pasado_manana 后天 后日
R 0am: this_morning esta_manana 今早 | 0pm: this_afternoon this_evening esta_tarde
R 0night: tonight esta_noche 今晚 | 1am: 明早 | 1night: 明晚
K week0: 本周 这周 这个星期 这星期 本星期 这礼拜 这个礼拜 | week2: 下下周 下下星期 下下个星期
K week1: 下周 下个周 下一周 下星期 下个星期 下礼拜 下个礼拜
K month0: 本月 这个月 当月 | month1: 下月 下个月 | year0: 今年 本年 | year1: 明年 | year2: 后年
K quarter0: 本季度 这个季度 本季 | quarter1: 下季度 下个季度 下一季度
U day: day days dia dias 天 | week: week weeks semana semanas 周 星期 礼拜 个星期 个礼拜
U month: month months mes meses 个月 | year: year years ano anos
U quarter: quarter quarters trimestre trimestres 季度 季
月 month: 月
年 year: 年
日 : 日 号
# : 第 second third fourth segundo tercer tercero cuarto primer primera segunda tercera
B start: start principio principios comienzo comienzos inicio inicios primeros | middle: middle mediados
X start: beginning | end: end fin fines final finales
C start: early | middle: mid | late: late
b start: 初 上旬 | middle: 中旬 中 | late: 下旬 | end: 底 末
F : next
Q : proximo proxima proximos proximas que_viene que_entra siguiente siguientes entrante
G : this this_coming este esta
z : last past previous pasado pasada ultimo ultima anterior
o : of de del 的
d : the el la 在 于 end_of_day end_of_the_day close_of_business
i : on
j : el_dia
I : in en dentro_de 过 再过
w : within in_the_next within_the_next en_los_proximos en_las_proximas dentro_de_los_proximos
a 1: a an un
D 2: a_couple_of un_par_de
n 1: first primero
P : by before prior_to until till antes_de antes_del hasta no_later_than not_later_than 截至 截止
q : at_the_latest latest a_mas_tardar como_muy_tarde 最迟 最晚 不晚于
f : after since from desde despues_de despues_del tras a_partir_de a_partir_del 从 自 自从
f : except excepto salvo 除了
e : every each cada los todos_los todas_las 每 每个
A : ago hace atras
S : from_now from_today a_partir_de_hoy
& : and or to through y o u al 和 或 至 到
H : half medio media 半
~ : not no never nunca don't can't won't cannot 不 别 勿 不要 不能 不是
x : don't_forget do_not_forget not_forget no_olvidar no_olvide no_olvides 别忘 不要忘 勿忘
x : 超过 通过 经过 不过 过户 过期 过去 到期 前往 前台 前来 后续 起草 起床 末尾 中国 中心 中间 中文
前 : 前 之前 以前
后 : 后 之后 以后 起 开始 onwards onward en_adelante
内 : 内 之内 以内
@ : at
h : a_las sobre_las hacia_las
l : las
c : o'clock 点 点钟 时
k 1: 一点 | 2: 两点
p am: in_the_morning de_la_manana por_la_manana en_la_manana a_la_manana la_manana morning 上午 早上
p pm: in_the_afternoon in_the_evening de_la_tarde por_la_tarde en_la_tarde afternoon evening 下午
p night: at_night de_la_noche por_la_noche en_la_noche night 晚上
T : noon at_noon midday at_midday mediodia al_mediodia a_mediodia del_mediodia 中午 正午
! : yesterday ayer anteayer antier anoche last_night 昨天 昨日 昨晚 前天 前日 大前天 前后 去年 前年
! : 上周 上星期 上个星期 上礼拜 上个礼拜 上月 上个月 上季度 上个季度
! : weekend weekends fin_de_semana 周末 下周末 这周末 本周末 上周末 下个周末 这个周末
! : midnight medianoche half_past quarter_past quarter_to menos_cuarto 半夜 午夜
! : christmas easter navidad semana_santa 春节 元旦 国庆 中秋 端午 清明 元宵 圣诞 除夕
! : 农历 阴历 旧历 正月 腊月 冬月 闰月
! : working_days working_day business_days business_day habiles laborables 工作日 交易日
! : mondays tuesdays wednesdays thursdays fridays saturdays sundays sabados domingos
"""
_MONTHS = """january enero|february febrero|marzo|april abril|mayo|june junio|july julio|august agosto
|september septiembre setiembre|october octubre|november noviembre|december diciembre"""
_WEEKDAYS = """monday lunes|tuesday martes|wednesday miercoles|thursday jueves|friday viernes|saturday sabado
|sunday domingo"""
_NUMBERS = """one uno una|two dos|three tres|four cuatro|five cinco|six seis|seven siete|eight ocho|nine nueve
|ten diez|eleven once|twelve doce|thirteen trece|fourteen catorce|fifteen quince|sixteen dieciseis
|seventeen diecisiete|eighteen dieciocho|nineteen diecinueve|twenty veinte|veintiuno|veintidos|veintitres
|veinticuatro|veinticinco|veintiseis|veintisiete|veintiocho|veintinueve|thirty treinta"""
# Words that are dates only in some company: verbs, names, short forms.
_SHORT_MONTHS = "jan ene|feb|mar march|apr abr abril|may|jun|jul julio|aug ago|sep sept|oct|nov|dec dic"
_SHORT_WEEKDAYS = "mon|tue tues|wed|thu thur thurs|fri|sat|sun domingo"


def _in_order(kind: str, first: int, listed: str) -> dict[str, tuple[str, Any]]:
    groups = enumerate(listed.split("|"), first)
    return {word: (kind, number) for number, group in groups for word in group.split()}


def _vocabulary() -> dict[str, tuple[str, Any]]:
    """Word → kind and value: a number or a name; of R and K the pair of name and number."""
    found: dict[str, tuple[str, Any]] = {}
    for row in _WORDS.strip().splitlines():
        for meant in row[2:].split("|"):
            value, said = meant.split(":")
            name, number = re.sub(r"[\d ]", "", value), int(re.sub(r"\D", "", value) or 0)
            worth = (name, number) if row[0] in "RK" else name or number
            found |= {word.replace("_", " "): (row[0], worth) for word in said.split()}
    found |= {word: ("T", (12, 0, "noon")) for word, (kind, _worth) in found.items() if kind == "T"}
    return found | _in_order("D", 1, _NUMBERS) | _in_order("M", 1, _MONTHS) | _in_order("W", 0, _WEEKDAYS)


_VOCABULARY = _vocabulary()
_DOUBTFUL = _in_order("M", 1, _SHORT_MONTHS) | _in_order("W", 0, _SHORT_WEEKDAYS)
_LONGEST_PHRASE = 5  # pieces
_SPANISH_WORDS = "el la los las un una del al en con por para que su mi se le lo vence antes hasta"
_ENGLISH_WORDS = "the of on by and to at for in his her their my an is are it call before until due"

_SIMPLE = str.maketrans("號週個後點這兩內鐘時禮從過當間來開’", "号周个后点这两内钟时礼从过当间来开'")
_HAN_DIGITS = dict(zip("〇零一二三四五六七八九两", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2), strict=True))
_HAN_TENS = {"十": 10, "一十": 10, "二十": 20, "廿": 20, "三十": 30, "卅": 30}
_NUM = "[〇零一二三四五六七八九十廿卅两]"
_PIECE = re.compile(
    rf"""
    (?P<iso> [12]\d{{3}} (?P<a>[-/.]) \d{{1,2}} (?P=a) \d{{1,2}} (?![-/.]?\d) )
  | (?P<figures> \d{{1,2}} (?P<b>[-/.]) \d{{1,2}} (?P=b) (?:\d{{4}}|\d{{2}}) (?![-/.]?\d)
        | \d{{1,2}}/\d{{1,2}} (?![-/]?\d) )
  | (?P<clock> \d{{1,2}} (?: [:h]\d{{2}}(?![:\d]) (?:\ ?[ap]\.?m\b\.?)? | \ ?[ap]\.?m\b\.? | \ ?h\b )
        | (?<=las\ )\d{{1,2}}\.\d{{2}}(?!\d) )
  | (?P<hanweekday> (?: (?P<which>上上?个?|下下?个?|这个?|本) | (?<![一二两三四五六七八九十半几每数\d个]) )
        (?:周|星期|礼拜) (?P<wday>[一二三四五六日天]) (?<!一(?=[般些直定共样个次位])) (?!程|期|常|报) )
  | (?P<amount> [€$£¥]\ ?\d[\d.,]* | \d{{1,3}}(?:[.,]\d{{3}})+(?:[.,]\d+)? | \d+[.,]\d+ | {_NUM}+[百千万亿元块]+
        | \d+\ ?(?: [%‰€£¥$百千万亿元块] | (?:percent|per\ cent|por\ ciento|eur|euros?|usd|dollars?|dolares
        |pesos|mil|thousand|million|millions|millon|millones)\b ) )
  | (?P<spaced> \d{{1,3}}(?:\ \d{{3}}(?!\d))+ )
  | (?P<ordinal> \d{{1,2}}(?:st|nd|rd|th|\.?[oa])\b )
  | (?P<number> \d+ | {_NUM}+ )
  | (?P<lunar> 初[一二三四五六七八九十](?!个) )
  | (?P<word> [a-z][a-z0-9_]*(?:'t\b|'clock\b)? )
  | (?P<mark> [^ ] )
    """,
    re.VERBOSE | re.ASCII,
)
_MARKS = {
    char: kind for kind, chars in (("-", "-–—/"), (",", ",(),、'\""), (".", ".;:!?。")) for char in chars
}


def _fold(text: str) -> tuple[str, list[int]]:
    """The line without case, accents and width, in simplified characters, and where each letter stood."""
    letters: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if not char.isascii():
            char = unicodedata.normalize("NFKD", char).casefold().translate(_SIMPLE)
        for letter in char.lower():
            letter = " " if letter.isspace() else letter
            if not unicodedata.combining(letter) and (letter != " " or letters[-1:] not in ([], [" "])):
                letters.append(letter)
                places.append(place)
    return "".join(letters), places


def _integer(text: str) -> int | None:
    """15, 十五, 廿三, 二〇二六; None for characters that are not one number (三四)."""
    if text.isascii():
        return int(text) if len(text) <= 4 else None
    if len(text) in (1, 4) and all(char in _HAN_DIGITS for char in text):
        return int("".join(str(_HAN_DIGITS[char]) for char in text))
    if text in _HAN_TENS:
        return _HAN_TENS[text]
    tens, ones = _HAN_TENS.get(text[:-1]), _HAN_DIGITS.get(text[-1])
    return tens + ones if tens and ones else None


def _of_number(text: str) -> tuple[str, Any]:
    value = _integer(text)
    if value is None:
        return "x", None
    if len(text) == 4 and 1900 <= value <= 2199:
        return "Y", value
    return ("D" if 1 <= value <= 31 and len(text) < 4 else "N"), value


def _of_figures(text: str, is_spanish: bool) -> tuple[str, Any]:
    """14/8, 14/8/26. Where day and month could change places, only a Spanish line says which is which."""
    first, second, *rest = map(int, re.split("[-/.]", text))
    if text == "24/7" or not (1 <= first <= 31 and 1 <= second <= 31):
        return "x", None
    year = rest[0] + (2000 if rest[0] < 100 else 0) if rest else None
    if is_spanish or first == second or first > 12:
        return "J", (year, second, first)
    return ("J", (year, first, second)) if second > 12 else ("!", None)


def _of_clock(text: str) -> tuple[str, Any]:
    hour, minute, half = re.match(r"(\d+)(?:[:h.](\d\d))? ?([ap])?", text).groups()  # type: ignore[union-attr]
    is_sure = text[0] == "0" and minute is not None
    return "T", (int(hour), int(minute or 0), {"a": "am", "p": "pm"}.get(half, "sure" if is_sure else ""))


def _of_han_weekday(found: re.Match) -> tuple[str, Any]:
    number, which = "一二三四五六日天".index(found["wday"]), found["which"] or ""
    if which[:1] == "上":
        return "!", None
    return "W", min(number, 6) + (7 * (1 + which.count("下")) if which else 0)


def _of_piece(found: re.Match, is_spanish: bool) -> tuple[str, Any]:
    """The kind and value of what is no word. A weekday of a given week counts on: 这周一 is 7, 下周一 is 14."""
    text = found[0]
    match found.lastgroup:
        case "number":
            return _of_number(text)
        case "iso":
            return "J", tuple(map(int, re.split("[-/.]", text)))
        case "figures":
            return _of_figures(text, is_spanish)
        case "clock":
            return _of_clock(text)
        case "hanweekday":
            return _of_han_weekday(found)
        case "ordinal":
            return "n", int(re.sub(r"\D", "", text))
        case "spaced":
            return ("s" if int(text.split()[0]) <= 31 else "$"), None
        case "amount":
            return "$", None
        case "lunar":
            return "!", None
    return _MARKS.get(text, "x"), None


def tokens_of(typed: str) -> tuple[list[Token], list[int]]:
    """The tokens of a line, and for each letter of the folded line where it stood in the typed one."""
    line, places = _fold(typed)
    pieces = list(_PIECE.finditer(line))
    words = {piece[0] for piece in pieces if piece.lastgroup == "word"}
    is_spanish = len(words & {*_SPANISH_WORDS.split()}) > len(words & {*_ENGLISH_WORDS.split()})
    tokens: list[Token] = []
    at = 0
    while at < len(pieces):
        start, size, meaning = pieces[at].start(), 1, None
        if pieces[at].lastgroup in ("word", "mark") or not pieces[at][0].isascii():
            for size in range(min(_LONGEST_PHRASE, len(pieces) - at), 0, -1):
                word = line[start : pieces[at + size - 1].end()]
                if meaning := ("?", None) if word in _DOUBTFUL else _VOCABULARY.get(word):
                    break
        end = pieces[at + size - 1].end()
        kind, value = meaning or _of_piece(pieces[at], is_spanish)
        if not (line[start:end] == "." and tokens and tokens[-1].kind == "?" and tokens[-1].end == start):
            tokens.append(Token(kind, value, line[start:end], start, end))
        at += size
    for n, token in enumerate(tokens):
        if token.kind == "?":
            is_capital = typed[places[token.start]].isupper() and typed[places[token.end - 1]].islower()
            kind, value = ("A" if token.word == "ago" else "x"), None
            if _is_meant(tokens, n, is_capital, is_spanish):
                kind, value = _DOUBTFUL[token.word]
            tokens[n] = token._replace(kind=kind, value=value)
    return tokens, places


def _is_meant(tokens: list[Token], n: int, is_capital: bool, is_spanish: bool) -> bool:
    """Whether a doubtful word is a month or weekday here: by its neighbours, its capital or the lack of one."""
    word = tokens[n].word
    near = [token.kind for token in tokens[:n] if token.kind != "d"]
    left, beyond = ["^", "^", *near][-1], ["^", "^", *near][-2]
    right = tokens[n + 1].kind if n + 1 < len(tokens) else "^"
    after_day = left in "Dn" or (left in "o-" and beyond in "Dn")
    if len(tokens) == 1:
        return True
    if word == "mar":  # the sea, Tuesday, March
        return after_day or (right in "Dn" and is_capital and not is_spanish)
    if word == "ago":  # agosto, or long ago
        return after_day and right != "x"
    if word in ("julio", "abril", "domingo"):  # a name, if it has a capital
        return not is_capital or tokens[n - 1].kind == "d" or left in "oIPBXCfzGQ&Dn" or right in "DnYQ"
    if _DOUBTFUL[word][0] == "W":
        follows = n > 0 and tokens[n - 1].kind in "iPfeFGz"
        return word[:2] in ("fr", "tu", "th") or follows or (is_capital and right in "DnMJT")
    if left in "oIPBXCf" or right in "DnY":
        return True
    if after_day:
        return is_capital or right != "x" or word not in ("may", "march")
    return word in ("may", "march") and is_capital and left not in "^." and right != "x"
