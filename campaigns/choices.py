"""What a condition of a segment may name: codes with their words."""

from clients import words as client_words
from clients.models import Client, FactType, Tier
from portfolio.models import ChannelUse, Product
from staff.models import Branch, Role, User

Pairs = list[tuple[str, str]]


def tiers() -> Pairs:
    return list(Tier.objects.values_list("code", "name"))


def branches() -> Pairs:
    return list(Branch.objects.order_by("name").values_list("code", "name"))


def managers() -> Pairs:
    people = User.objects.active().filter(role=Role.ACCOUNT_MANAGER).order_by("name")
    return list(people.values_list("staff_number", "name"))


def statuses() -> Pairs:
    return [(value, str(label)) for value, label in Client.Status.choices]


def kinds_of_client() -> Pairs:
    return [(value, str(label)) for value, label in Client.Kind.choices]


def fact_types() -> Pairs:
    rows = FactType.objects.filter(lives_in=FactType.Lives.FACT)
    return [(row.code, client_words.fact_name(row)) for row in rows]


def product_kinds() -> Pairs:
    return [(value, str(label)) for value, label in Product.Kind.choices]


def products() -> Pairs:
    return list(Product.objects.order_by("name", "code").values_list("code", "name"))


def channels() -> Pairs:
    return [(value, str(label)) for value, label in ChannelUse.Way.choices]
