"""The files that core banking would send, in the order in which they are loaded."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bankcrm.sample.cast import PLACES, ROOT, STAFF
from bankcrm.sample.clients import SampleClient, make_clients
from bankcrm.sample.contacts import make_contacts
from bankcrm.sample.facts import make_agreements, make_consents, make_dates, make_facts
from bankcrm.sample.families import make_relations
from bankcrm.sample.ledgers import (
    Prices,
    make_balances,
    make_channel_use,
    make_movements,
    make_rates,
)
from bankcrm.sample.money import make_holdings, make_parties, products
from bankcrm.sample.sales import make_purchases, voice_interests

COLUMNS: dict[str, tuple[str, ...]] = {
    "branches": ("code", "name", "parent_code", "time_zone", "country", "region"),
    "staff": ("staff_number", "name", "email", "role", "branch_code", "language", "active"),
    "clients": (
        "client_number",
        "kind",
        "name",
        "given_name",
        "family_name",
        "native_name",
        "gender",
        "birth_date",
        "document_type",
        "document_country",
        "document_number",
        "phone",
        "email",
        "address",
        "city",
        "country",
        "language",
        "occupation",
        "employer",
        "branch_code",
        "manager_staff_number",
        "tier",
        "risk_profile",
        "risk_assessed_on",
        "document_valid_until",
        "status",
        "since",
    ),
    "facts": ("client_number", "fact_type", "value", "learnt_on"),
    "dated_facts": ("client_number", "kind", "date", "person"),
    "consents": ("client_number", "channel", "purpose", "granted", "at", "source"),
    "agreements": (
        "client_number",
        "approved_on",
        "interval_days",
        "channels",
        "weekdays",
        "from_hour",
        "to_hour",
        "minutes",
        "how",
    ),
    "relations": ("client_number", "related_client_number", "relation", "household_code"),
    "products": (
        "product_code",
        "name",
        "kind",
        "currency",
        "risk_level",
        "term_days",
        "expected_return",
        "minimum",
        "sale_from",
        "sale_to",
    ),
    "prices": ("product_code", "date", "price"),
    "rates": ("date", "currency", "rate"),
    "holdings": (
        "holding_number",
        "client_number",
        "product_code",
        "opened_on",
        "matures_on",
        "principal",
        "currency",
        "rate",
        "units",
        "market_value",
        "as_of",
        "auto_renew",
        "status",
    ),
    "holding_parties": ("holding_number", "client_number", "role"),
    "purchases": (
        "purchase_number",
        "client_number",
        "product_code",
        "bought_on",
        "amount",
        "currency",
        "units",
        "unit_price",
        "expected_return",
        "stop_loss",
        "take_profit",
        "seller_staff_number",
        "reverses_purchase_number",
    ),
    "balances": ("client_number", "as_of", "currency", "deposits", "investments", "loans"),
    "movements": (
        "movement_number",
        "client_number",
        "booked_on",
        "amount",
        "currency",
        "direction",
        "counterparty_bank",
        "external",
    ),
    "channel_use": ("client_number", "month", "channel", "count"),
    "contacts": (
        "contact_number",
        "client_number",
        "staff_number",
        "occurred_at",
        "recorded_at",
        "channel",
        "direction",
        "duration_seconds",
        "theme",
        "result",
        "note",
        "interest_product_code",
        "interest_amount",
    ),
}
KINDS = tuple(COLUMNS)


@dataclass(frozen=True)
class Wish:
    """What makes one sample bank: the same wish gives the same bytes."""

    as_of: date
    clients: int = 2400
    seed: int = 1


@dataclass
class Bank:
    """The rows of every kind, and the clients behind them."""

    wish: Wish
    rows: dict[str, list[dict[str, str]]]
    clients: list[SampleClient]


def make_bank(wish: Wish) -> Bank:
    """Put the whole bank together; nothing but the wish decides how it comes out."""
    clients = make_clients(count=wish.clients, as_of=wish.as_of, seed=wish.seed)
    holdings = make_holdings(clients=clients, as_of=wish.as_of, seed=wish.seed)
    same: dict[str, Any] = {"clients": clients, "as_of": wish.as_of, "seed": wish.seed}
    contacts = make_contacts(holdings=holdings, **same)
    prices = Prices(wish.as_of, wish.seed)
    bought = voice_interests(contacts=contacts, prices=prices, **same)
    rows = {
        "branches": _branches(),
        "staff": _staff(),
        "clients": [client.row for client in clients],
        "facts": make_facts(**same),
        "dated_facts": make_dates(**same),
        "consents": make_consents(**same),
        "agreements": make_agreements(**same),
        "relations": make_relations(clients=clients, seed=wish.seed),
        "products": products(wish.as_of),
        "prices": prices.rows(),
        "rates": make_rates(as_of=wish.as_of, seed=wish.seed),
        "holdings": [holding.row for holding in holdings],
        "holding_parties": make_parties(holdings=holdings, seed=wish.seed),
        "purchases": make_purchases(
            holdings=holdings, bought=bought, prices=prices, as_of=wish.as_of, seed=wish.seed
        ),
        "balances": make_balances(holdings=holdings, as_of=wish.as_of),
        "movements": make_movements(**same),
        "channel_use": make_channel_use(**same),
        "contacts": contacts,
    }
    return Bank(wish, rows, clients)


def _branches() -> list[dict[str, str]]:
    return [
        {**ROOT, "parent_code": ""},
        *(
            {
                "code": place.code,
                "name": place.name,
                "parent_code": ROOT["code"],
                "time_zone": place.time_zone,
                "country": place.country,
                "region": place.region,
            }
            for place in PLACES
        ),
    ]


def _staff() -> list[dict[str, str]]:
    return [
        {
            "staff_number": person.staff_number,
            "name": person.name,
            "email": person.email,
            "role": person.role,
            "branch_code": person.branch,
            "language": person.language,
            "active": "yes",
        }
        for person in STAFF
    ]


def write_files(bank: Bank, folder: Path) -> dict[str, Path]:
    """One UTF-8 CSV a kind in the canonical columns; returns where each lies, in loading order."""
    paths = {}
    for kind in KINDS:
        paths[kind] = folder / f"{kind}-{bank.wish.as_of.isoformat()}.csv"
        _write(paths[kind], COLUMNS[kind], bank.rows[kind])
    return paths


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
