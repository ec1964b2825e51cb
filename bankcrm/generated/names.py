"""What clients and staff are called, in several scripts."""

from random import Random

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


def staff_name(draw: Random) -> str:
    """The name of somebody who works in the bank."""
    return f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}"


def client_name(draw: Random, number: int) -> tuple[str, str, str, str, str]:
    """Name, given, family, native name, kind."""
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
