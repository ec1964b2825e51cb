"""Who works at the sample bank, and where."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

ROOT_CODE = "HQ"


@dataclass(frozen=True)
class Place:
    """A branch, with what its clients and its streets are like."""

    code: str
    name: str
    time_zone: str
    country: str
    region: str
    currency: str
    language: str  # of occupations, streets
    opens: int  # local hours in which people are called
    closes: int
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    cultures: dict[str, float]

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


ROOT = {
    "code": ROOT_CODE,
    "name": "Meridian head office",
    "time_zone": "Europe/Madrid",
    "country": "ES",
    "region": "MD",
}

MADRID = Place(
    "MAD",
    "Madrid Retiro",
    "Europe/Madrid",
    "ES",
    "MD",
    "EUR",
    "es",
    9,
    18,
    ("Madrid", "Madrid", "Madrid", "Alcalá de Henares", "Toledo", "Getafe", "Segovia", "Pozuelo de Alarcón"),
    (
        "Calle del Olivo",
        "Paseo de las Acacias",
        "Calle del Reloj",
        "Avenida de los Molinos",
        "Plaza de la Fuente",
    ),
    {
        "spanish": 50,
        "portuguese": 7,
        "arabic": 6,
        "english": 5,
        "french": 4,
        "german": 4,
        "polish": 5,
        "nigerian": 4,
        "chinese": 4,
        "indian": 3,
        "icelandic": 2,
        "turkish": 3,
        "vietnamese": 1,
        "mexican": 2,
    },
)
SHANGHAI = Place(
    "SHA",
    "Shanghai Suzhou Creek",
    "Asia/Shanghai",
    "CN",
    "",
    "CNY",
    "zh",
    9,
    18,
    ("上海", "上海", "上海", "苏州", "杭州", "无锡"),
    ("梧桐路", "清河路", "银杏街", "东亭路", "望江路"),
    {
        "chinese": 76,
        "japanese": 5,
        "korean": 5,
        "vietnamese": 4,
        "indian": 3,
        "english": 3,
        "german": 2,
        "french": 2,
    },
)
MEXICO = Place(
    "MEX",
    "México Alameda",
    "America/Mexico_City",
    "MX",
    "CMX",
    "MXN",
    "es",
    9,
    17,
    (
        "Ciudad de México",
        "Ciudad de México",
        "Ciudad de México",
        "Puebla",
        "Toluca",
        "Cuernavaca",
        "Querétaro",
    ),
    (
        "Calle Jacarandas",
        "Avenida del Ahuehuete",
        "Calle Tres Cruces",
        "Calzada de los Fresnos",
        "Privada del Sol",
    ),
    {
        "mexican": 70,
        "spanish": 5,
        "arabic": 4,
        "chinese": 4,
        "japanese": 3,
        "korean": 3,
        "english": 4,
        "german": 2,
        "french": 2,
        "portuguese": 3,
    },
)
PLACES = (MADRID, SHANGHAI, MEXICO)


@dataclass(frozen=True)
class Person:
    """One member of staff as the staff file has it."""

    staff_number: str
    name: str
    role: str
    branch: str
    language: str

    @property
    def email(self) -> str:
        return f"s{self.staff_number}@meridian.example"


@dataclass(frozen=True)
class Manager(Person):
    """An account manager, with what makes one differ from the next."""

    share: float  # of the branch's clients
    reach: float  # how likely one attempt reaches the client
    pace: float  # days between touches, against what the tier asks
    recording: float  # how long until a contact is written down, against the usual
    forgotten: float  # share of the book that nobody has touched for months
    pressure: int = 1  # how much falls due around today: 0 little, 1 as usual, 2 more than the day holds


HEAD_OFFICE = (
    Person("1001", "Ewa Lindgren", "administrator", ROOT_CODE, "en"),
    Person("1002", "Dragan Ćirković", "auditor", ROOT_CODE, "en"),
    Person("1003", "Salomé Figueiredo", "data_officer", ROOT_CODE, "en"),
    Person("1004", "Hannelore Weiß", "head_office", ROOT_CODE, "en"),
    Person("1005", "Marcial Urquijo", "head_office", ROOT_CODE, "es"),
)
ADMINISTRATOR = HEAD_OFFICE[0]
SEES_IDENTITIES = ("1004",)

SUPERVISORS = (
    Person("2001", "Teodora Vasilescu", "supervisor", "MAD", "en"),
    Person("3001", "Shen Yulan 沈玉兰", "supervisor", "SHA", "zh-hans"),
    Person("4001", "Octavio Madrigal Ponce", "supervisor", "MEX", "es"),
)
FRONT_DESK = (
    Person("2002", "Rocío Cabañas", "front_desk", "MAD", "es"),
    Person("3002", "Luo Xiaotong 罗晓彤", "front_desk", "SHA", "zh-hans"),
    Person("4002", "Citlali Bautista", "front_desk", "MEX", "es"),
)
_MANAGER = "account_manager"
MANAGERS = (
    Manager("2011", "Amaia Etxeberria", _MANAGER, "MAD", "en", 1.0, 0.72, 0.80, 0.4, 0.01, 0),
    Manager("2012", "Levent Karadağ", _MANAGER, "MAD", "es", 1.55, 0.47, 1.90, 3.5, 0.16, 2),
    Manager("2013", "Oisín Brennan", _MANAGER, "MAD", "en", 0.9, 0.60, 1.05, 1.0, 0.04, 0),
    Manager("2014", "Guadalupe Ferrándiz", _MANAGER, "MAD", "es", 0.95, 0.64, 1.00, 0.8, 0.02),
    Manager("3011", "Gu Wenlan 顾文澜", _MANAGER, "SHA", "zh-hans", 1.05, 0.68, 0.90, 0.6, 0.02),
    Manager("3012", "Tao Zhiyuan 陶志远", _MANAGER, "SHA", "zh-hans", 1.0, 0.61, 1.05, 1.0, 0.03),
    Manager("3013", "Anjali Raghavan", _MANAGER, "SHA", "en", 0.85, 0.63, 1.00, 0.9, 0.03),
    Manager("3014", "Qin Haoran 秦浩然", _MANAGER, "SHA", "zh-hans", 1.15, 0.55, 1.30, 1.8, 0.07),
    Manager("4011", "Renata Olvera Tamayo", _MANAGER, "MEX", "es", 1.0, 0.66, 0.95, 0.7, 0.02),
    Manager("4012", "Desmond Achebe", _MANAGER, "MEX", "en", 0.9, 0.60, 1.00, 1.0, 0.04),
    Manager("4013", "Ximena Rentería Casillas", _MANAGER, "MEX", "es", 1.0, 0.63, 1.05, 1.1, 0.03),
    Manager("4014", "Leobardo Huerta", _MANAGER, "MEX", "es", 1.1, 0.56, 1.25, 1.6, 0.06),
)
# Who is away this week, who works the book meanwhile, and who has arranged it.
AWAY, STAND_IN, AWAY_SUPERVISOR = "2013", "2011", "2001"

STAFF: tuple[Person, ...] = (*HEAD_OFFICE, *SUPERVISORS, *FRONT_DESK, *MANAGERS)


def managers_of(place: Place) -> list[Manager]:
    return [manager for manager in MANAGERS if manager.branch == place.code]
