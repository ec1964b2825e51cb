"""The 1999 Czech export through the shipped mappings, counted against the raw files."""

import csv
import gzip
from collections import Counter
from datetime import date

from django.conf import settings

from clients.models import Client
from corebanking.services import import_path
from portfolio.models import Holding, HoldingParty
from staff.models import Branch
from tests.realdata.conftest import DATA

STEPS = [
    ("branches", "district", "berka_branches"),
    ("products", None, None),
    ("clients", "client", "berka_clients"),
    ("holdings", "account", "berka_accounts"),
    ("holdings", "loan", "berka_loans"),
    ("holdings", "card", "berka_cards"),
    ("holding_parties", "disp", "berka_parties"),
]


def raw(name):
    with gzip.open(DATA / "berka-1999" / f"{name}.asc.gz", "rt", encoding="ascii", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def load(actor):
    for kind, name, mapping in STEPS:
        path = (
            DATA / "berka-1999" / f"{name}.asc.gz"
            if name
            else (settings.BASE_DIR / "corebanking" / "mappings" / "berka_products.csv")
        )
        yield import_path(actor=actor, kind=kind, path=path, mapping=mapping)


def test_the_whole_export_loads_as_counted_and_a_second_run_changes_nothing(erin):
    before = Branch.objects.count()
    assert {job.state for job in load(erin)} == {"committed"}
    clients = raw("client")
    assert Branch.objects.count() - before == len(raw("district")) == 77
    assert Client.objects.count() == len(clients) == 5369
    women = sum(int(row["birth_number"][2:4]) > 50 for row in clients)
    assert Counter(Client.objects.values_list("gender", flat=True)) == {"female": women, "male": 5369 - women}
    first = clients[0]
    born = Client.objects.get(number=first["client_id"]).dated_facts.get()
    month = int(first["birth_number"][2:4])
    wanted = (
        1900 + int(first["birth_number"][:2]),
        month - 50 * (month > 50),
        int(first["birth_number"][4:6]),
    )
    assert (born.year, born.month, born.day) == wanted
    kinds = Counter(Holding.objects.values_list("product__kind", flat=True))
    assert kinds == {"demand_deposit": 4500, "loan": 682, "card": 892}
    roles = Counter(HoldingParty.objects.values_list("role", flat=True))
    assert roles == {"owner": 4500, "authorised_user": 869}
    loan = raw("loan")[0]
    held = Holding.objects.get(number=f"L{loan['loan_id']}")
    assert str(held.principal) == f"{loan['amount']}.00"
    assert held.opened_on == date(1993, 7, 5)
    assert held.matures_on == date(1994, 7, 5)
    assert all(getattr(job, "is_repeat", False) for job in load(erin))
