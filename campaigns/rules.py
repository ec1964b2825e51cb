"""The rule of a segment: whom it takes in, checked, compiled into one question, and said in words.

A rule is two levels of and/or/not: groups of conditions. As data (JSON):
`{"all": true, "groups": [{"all": true, "not": false, "parts": [{"what": "tier", "how": "is", "value": "gold"}]}]}`;
a condition may name what it is `of` besides (a fact type, a kind of product, a channel).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, Sum
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from campaigns.choices import (
    branches,
    channels,
    fact_types,
    kinds_of_client,
    managers,
    product_kinds,
    products,
    statuses,
    tiers,
)
from clients.completeness import CompletenessOf
from clients.filters import languages
from clients.models import Assignment, DatedFact, Fact, HouseholdMember
from common import saying
from common.text import clean_line
from portfolio.models import ChannelUse, ClientAssets, Holding, MaturityCase, Purchase
from staff.models import Branch

MOST_GROUPS, MOST_PARTS = 6, 8
Choices = Callable[[], list[tuple[str, str]]]


@dataclass(frozen=True)
class Criterion:
    """One thing that can be asked of a client.

    `hows`: code of each way to ask → the words, with gaps for `value` and `of`. `value`: choice, number, days, money,
    text, or empty where none is asked for. `ask(how, value, of, today)` gives the condition.
    """

    label: Promise
    hows: dict[str, str]
    value: str
    ask: Callable[[str, Any, str, date], Q]
    choices: Choices | None = None
    of: Choices | None = None
    least: int = 0
    most: int = 10**15


def _is(how: str, condition: Q) -> Q:
    return ~condition if how in ("is_not", "no", "not_within", "unknown") else condition


def _compare(field: str, how: str, value: Any) -> Q:
    return Q(**{f"{field}__{'gte' if how == 'at_least' else 'lte'}": value})


def _of_branch(how: str, value: str, of: str, today: date) -> Q:
    found = Branch.objects.filter(code=value).values_list("pk", flat=True).first()
    return _is(how, Q(branch__in=Branch.objects.below(found).values("pk")) if found else Q(pk=None))


def _born(how: str, value: int, of: str, today: date) -> Q:
    """Whoever has had so many birthdays; of a lunar birthday the year is enough for no one's age in years."""
    born = DatedFact.objects.filter(kind="birthday", person="", calendar="gregorian", year__isnull=False)
    latest = today.replace(year=today.year - value, day=min(today.day, 28))
    had = Q(year__lt=latest.year) | Q(year=latest.year, month__lt=today.month)
    had |= Q(year=latest.year, month=today.month, day__lte=today.day)
    older = born.filter(had)
    if how == "at_least":
        return Q(pk__in=older.values("client"))
    over = today.replace(year=today.year - value - 1, day=min(today.day, 28))
    too_old = Q(year__lt=over.year) | Q(year=over.year, month__lt=today.month)
    too_old |= Q(year=over.year, month=today.month, day__lte=today.day)
    return Q(pk__in=born.values("client")) & ~Q(pk__in=born.filter(too_old).values("client"))


def _assets(how: str, value: Decimal, of: str, today: date) -> Q:
    return Q(pk__in=ClientAssets.objects.filter(_compare("amount", how, value)).values("client"))


def _fact(how: str, value: str, of: str, today: date) -> Q:
    known = Fact.objects.filter(type__code=of)
    if how == "says":
        known = known.filter(value__icontains=value)
    return _is(how, Q(pk__in=known.values("client")))


def _holds(how: str, value: Any, of: str, today: date) -> Q:
    held = Holding.objects.open().filter(product__kind=of)
    if how in ("at_least", "at_most"):
        sums = held.filter(currency=settings.REPORTING_CURRENCY).values("client")
        sums = sums.annotate(total=Sum("principal")).filter(_compare("total", how, value))
        return Q(pk__in=sums.values("client"))
    return _is(how, Q(pk__in=held.values("client")))


def _holds_product(how: str, value: str, of: str, today: date) -> Q:
    return _is(how, Q(pk__in=Holding.objects.open().filter(product__code=value).values("client")))


def _matures(how: str, value: int, of: str, today: date) -> Q:
    coming = MaturityCase.objects.unsettled().filter(
        broken_on=None, effective_on__range=(today, today + timedelta(days=value))
    )
    return _is(how, Q(pk__in=coming.values("client")))


def _bought(how: str, value: int, of: str, today: date) -> Q:
    since = today - timedelta(days=value)
    bought = Purchase.objects.standing().filter(product__kind=of, bought_on__gte=since)
    return _is(how, Q(pk__in=bought.values("client")))


def _uses(how: str, value: int, of: str, today: date) -> Q:
    first = (today.replace(day=1) - timedelta(days=80)).replace(day=1)
    used = ChannelUse.objects.filter(channel=of, month__gte=first).values("client")
    often = used.annotate(times=Sum("count")).filter(times__gte=value)
    return Q(pk__in=often.values("client")) if how == "at_least" else ~Q(pk__in=often.values("client"))


def _household(how: str, value: int, of: str, today: date) -> Q:
    large = HouseholdMember.objects.values("household").annotate(n=Count("pk")).filter(n__gte=value)
    members = HouseholdMember.objects.filter(household__in=large.values("household"), client__isnull=False)
    return Q(pk__in=members.values("client"))


def _reached(how: str, value: int, of: str, today: date) -> Q:
    return _is(
        how, Q(last_reached_at__isnull=False, last_reached_at__date__gte=today - timedelta(days=value))
    )


def _held_by(how: str, value: str, of: str, today: date) -> Q:
    held = Assignment.objects.filter(role="primary", to_on=None)
    if how != "nobody":
        held = held.filter(manager__staff_number=value)
    return ~Q(pk__in=held.values("client")) if how == "nobody" else Q(pk__in=held.values("client"))


def _since(how: str, value: int, of: str, today: date) -> Q:
    before = today - timedelta(days=value * 365)
    return Q(since__lte=before) if how == "at_least" else Q(since__gt=before)


def _complete(how: str, value: int, of: str, today: date) -> Q:
    share = CompletenessOf("pk")
    return Q(GreaterThanOrEqual(share, value) if how == "at_least" else LessThanOrEqual(share, value))


_CHOICE = {"is": gettext_noop("is %(value)s"), "is_not": gettext_noop("is not %(value)s")}
_SIZE = {"at_least": gettext_noop("at least %(value)s"), "at_most": gettext_noop("at most %(value)s")}

CRITERIA: dict[str, Criterion] = {
    "tier": Criterion(
        gettext_lazy("Tier"),
        _CHOICE,
        "choice",
        lambda how, value, of, today: _is(how, Q(tier__code=value)),
        choices=tiers,
    ),
    "branch": Criterion(gettext_lazy("Branch"), _CHOICE, "choice", _of_branch, choices=branches),
    "manager": Criterion(
        gettext_lazy("Account manager"),
        {"is": gettext_noop("is %(value)s"), "nobody": gettext_noop("is nobody")},
        "choice",
        _held_by,
        choices=managers,
    ),
    "status": Criterion(
        gettext_lazy("Status"),
        _CHOICE,
        "choice",
        lambda how, value, of, today: _is(how, Q(status=value)),
        choices=statuses,
    ),
    "kind": Criterion(
        gettext_lazy("Person or organisation"),
        _CHOICE,
        "choice",
        lambda how, value, of, today: _is(how, Q(kind=value)),
        choices=kinds_of_client,
    ),
    "language": Criterion(
        gettext_lazy("Language"),
        _CHOICE,
        "choice",
        lambda how, value, of, today: _is(how, Q(language=value) | Q(language__startswith=f"{value}-")),
        choices=languages,
    ),
    "city": Criterion(
        gettext_lazy("City"),
        _CHOICE,
        "text",
        lambda how, value, of, today: _is(how, Q(city__iexact=value)),
    ),
    "age": Criterion(gettext_lazy("Age in years"), _SIZE, "number", _born, most=120),
    "since": Criterion(gettext_lazy("Years with us"), _SIZE, "number", _since, most=120),
    "risk": Criterion(
        gettext_lazy("Risk profile"),
        _SIZE,
        "number",
        lambda how, value, of, today: _compare("risk_profile", how, value),
        least=1,
        most=5,
    ),
    "reached": Criterion(
        gettext_lazy("Last reached"),
        {
            "within": gettext_noop("within the last %(value)s days"),
            "not_within": gettext_noop("not within the last %(value)s days"),
        },
        "days",
        _reached,
    ),
    "assets": Criterion(gettext_lazy("Assets with us"), _SIZE, "money", _assets),
    "fact": Criterion(
        gettext_lazy("What is known"),
        {
            "known": gettext_noop("%(of)s is known"),
            "unknown": gettext_noop("%(of)s is not known"),
            "says": gettext_noop("%(of)s says “%(value)s”"),
        },
        "text",
        _fact,
        of=fact_types,
    ),
    "completeness": Criterion(
        gettext_lazy("Completeness"),
        {
            "at_least": gettext_noop("at least %(value)s percent"),
            "at_most": gettext_noop("at most %(value)s percent"),
        },
        "number",
        _complete,
        most=100,
    ),
    "holds": Criterion(
        gettext_lazy("Holds"),
        {
            "yes": gettext_noop("%(of)s"),
            "no": gettext_noop("no %(of)s"),
            "at_least": gettext_noop("%(of)s of at least %(value)s"),
            "at_most": gettext_noop("%(of)s of at most %(value)s"),
        },
        "money",
        _holds,
        of=product_kinds,
    ),
    "product": Criterion(
        gettext_lazy("Holds the product"),
        {"yes": gettext_noop("%(value)s"), "no": gettext_noop("not %(value)s")},
        "choice",
        _holds_product,
        choices=products,
    ),
    "matures": Criterion(
        gettext_lazy("Matures"),
        {
            "within": gettext_noop("within %(value)s days"),
            "not_within": gettext_noop("not within %(value)s days"),
        },
        "days",
        _matures,
    ),
    "bought": Criterion(
        gettext_lazy("Bought"),
        {
            "within": gettext_noop("%(of)s within the last %(value)s days"),
            "not_within": gettext_noop("no %(of)s within the last %(value)s days"),
        },
        "days",
        _bought,
        of=product_kinds,
    ),
    "channel": Criterion(
        gettext_lazy("Uses"),
        {
            "at_least": gettext_noop("%(of)s at least %(value)s times in three months"),
            "at_most": gettext_noop("%(of)s fewer than %(value)s times in three months"),
        },
        "number",
        _uses,
        of=channels,
        least=1,
    ),
    "household": Criterion(
        gettext_lazy("Household"),
        {"at_least": gettext_noop("of at least %(value)s people")},
        "number",
        _household,
        least=1,
        most=50,
    ),
}
WITHOUT_VALUE = {
    ("fact", "known"),
    ("fact", "unknown"),
    ("holds", "yes"),
    ("holds", "no"),
    ("manager", "nobody"),
}


# -- checked ---------------------------------------------------------------------------------------


def checked(rule: Any) -> dict:
    """The rule in its plain form: nothing empty, every value of its kind.

    Raises: ValidationError, with the place in words: group, condition, what is wrong.
    """
    if not isinstance(rule, dict) or not isinstance(rule.get("groups"), list):
        raise ValidationError(_("A rule is made of groups of conditions."))
    groups = [_group(group, at) for at, group in enumerate(rule["groups"], start=1)]
    groups = [group for group in groups if group["parts"]]
    if not groups:
        raise ValidationError(_("Choose at least one condition."))
    if len(groups) > MOST_GROUPS:
        raise ValidationError(_("At most %(most)s groups.") % {"most": MOST_GROUPS})
    return {"all": bool(rule.get("all", True)), "groups": groups}


def _group(group: Any, at: int) -> dict:
    if not isinstance(group, dict) or not isinstance(group.get("parts"), list):
        raise ValidationError(_("Group %(at)s is made of conditions.") % {"at": at})
    if len(group["parts"]) > MOST_PARTS:
        raise ValidationError(
            _("Group %(at)s: at most %(most)s conditions.") % {"at": at, "most": MOST_PARTS}
        )
    parts = []
    for number, part in enumerate(group["parts"], start=1):
        try:
            parts.append(_part(part))
        except ValidationError as error:
            said = {"at": at, "number": number, "why": " ".join(error.messages)}
            raise ValidationError(_("Group %(at)s, condition %(number)s: %(why)s") % said) from error
    return {"all": bool(group.get("all", True)), "not": bool(group.get("not", False)), "parts": parts}


def _part(part: Any) -> dict:
    if not isinstance(part, dict):
        raise ValidationError(_("This is no condition."))
    criterion = CRITERIA.get(str(part.get("what")))
    if criterion is None:
        raise ValidationError(_("Choose what is asked."))
    how = str(part.get("how"))
    if how not in criterion.hows:
        raise ValidationError(_("Choose how it is compared."))
    clean = {"what": str(part["what"]), "how": how}
    if criterion.of is not None:
        clean["of"] = _one_of(part.get("of"), criterion.of)
    if (clean["what"], how) not in WITHOUT_VALUE:
        clean["value"] = _value(part.get("value"), criterion)
    return clean


def _one_of(given: Any, choices: Choices) -> str:
    if str(given) not in dict(choices()):
        raise ValidationError(_("Choose one of the list."))
    return str(given)


def _value(given: Any, criterion: Criterion) -> str:
    """A value as it is kept: text. Numbers are whole, sums have cents."""
    text = clean_line(str(given if given is not None else ""))
    if criterion.value == "choice":
        return _one_of(text, criterion.choices or list)
    if criterion.value == "text":
        if not text or len(text) > 100:
            raise ValidationError(_("Write at most a hundred characters."))
        return text
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValidationError(_("Write a number.")) from error
    if not number.is_finite() or not criterion.least <= number <= criterion.most:
        raise ValidationError(
            _("Write a number from %(least)s to %(most)s.")
            % {"least": saying.number(criterion.least), "most": saying.number(criterion.most)}
        )
    if criterion.value == "money":
        return str(number.quantize(Decimal("0.01")))
    if number != number.to_integral_value() or (criterion.value == "days" and number > 4000):
        raise ValidationError(_("Write a whole number."))
    return str(int(number))


def reads_words(rule: dict) -> bool:
    """Whether a rule asks for words that clients told: from who is in it they could be read one by one."""
    return any(
        part["what"] == "fact" and part["how"] == "says"
        for group in rule["groups"]
        for part in group["parts"]
    )


# -- compiled --------------------------------------------------------------------------------------


def condition(rule: dict, today: date) -> Q:
    """The condition on clients that a checked rule is, on a day. One question, however many parts."""
    return _joined([_group_condition(group, today) for group in rule["groups"]], is_and=rule["all"])


def _group_condition(group: dict, today: date) -> Q:
    found = _joined([_part_condition(part, today) for part in group["parts"]], is_and=group["all"])
    return ~found if group["not"] else found


def _joined(parts: list[Q], *, is_and: bool) -> Q:
    found = parts[0]
    for part in parts[1:]:
        found = found & part if is_and else found | part
    return found


def _part_condition(part: dict, today: date) -> Q:
    criterion = CRITERIA[part["what"]]
    value: Any = part.get("value", "")
    if criterion.value in ("number", "days") and value:
        value = int(value)
    elif criterion.value == "money" and value:
        value = Decimal(value)
    return criterion.ask(part["how"], value, part.get("of", ""), today)


# -- said ------------------------------------------------------------------------------------------


Known = dict[Choices, dict[str, str]]


def said(rule: dict, known: Known | None = None) -> str:
    """The rule in words: "Tier is Gold and Assets with us at least USD 100,000".

    `known` keeps the words of choices from one rule to the next, so that a list of rules asks for them once.
    """
    known = {} if known is None else known
    groups = []
    for group in rule["groups"]:
        words = _between([_part_said(part, known) for part in group["parts"]], is_and=group["all"])
        if group["not"]:
            words = _("not (%(words)s)") % {"words": words}
        elif len(rule["groups"]) > 1 and len(group["parts"]) > 1:
            words = _("(%(words)s)") % {"words": words}
        groups.append(words)
    return _between(groups, is_and=rule["all"])


def _between(parts: list[str], *, is_and: bool) -> str:
    found = parts[0]
    for part in parts[1:]:
        pair = {"first": found, "second": part}
        found = (_("%(first)s and %(second)s") if is_and else _("%(first)s or %(second)s")) % pair
    return found


def _words_of(choices: Choices, code: str, known: Known) -> str:
    if choices not in known:
        known[choices] = {value: str(words) for value, words in choices()}
    return known[choices].get(code, code)


def _part_said(part: dict, known: Known) -> str:
    criterion = CRITERIA[part["what"]]
    value = part.get("value", "")
    if criterion.value == "choice" and criterion.choices is not None:
        value = _words_of(criterion.choices, value, known)
    elif criterion.value == "money" and value:
        value = f"{settings.REPORTING_CURRENCY} {saying.amount(Decimal(value))}"
    elif criterion.value in ("number", "days") and value:
        value = saying.number(int(value))
    of = part.get("of", "")
    if criterion.of is not None:
        of = _words_of(criterion.of, of, known)
    asked = _(criterion.hows[part["how"]]) % {"value": value, "of": of}
    return _("%(what)s %(asked)s") % {"what": criterion.label, "asked": asked}
