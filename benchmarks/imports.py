"""An import beside a plain COPY of the rows it wrote, into the tables it wrote, indexes on.

Both happen in a transaction that is taken back, so that the next run finds the same bank.
"""

import csv
import io
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice
from pathlib import Path

from django.apps import apps
from django.db import connection, models, transaction

from clients.models import Client
from corebanking.kinds import kind_of
from corebanking.models import Coverage
from corebanking.services import import_path
from portfolio.models import ClientAssets, LimitCrossing, Product
from staff.models import Branch, User

LEDGERS = ("prices", "rates", "balances", "movements", "channel_use")
PRODUCTS = 200
LAST = date(2026, 3, 31)


@dataclass(frozen=True)
class Imported:
    kind: str
    rows: int
    import_seconds: float
    copy_seconds: float
    copied_rows: int

    @property
    def per_second(self) -> float:
        return self.rows / self.import_seconds

    @property
    def share(self) -> float:
        """How fast the import is, as a share of COPY's speed."""
        return self.copy_seconds / self.import_seconds


def measured(count: int, kind: str = "clients") -> Imported:
    """Import new rows of a kind and write the same again by COPY. Raises RuntimeError where a row is refused."""
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        path = Path(folder) / f"{kind}.csv"
        _WRITERS[kind](path, count)
        tables = _tables(kind)
        marks = {table: _highest(table, key) for table, key in tables}
        with transaction.atomic(), connection.cursor() as cursor:
            started = time.perf_counter()
            job = import_path(actor=None, kind=kind, path=str(path), mapping=None)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            import_seconds = time.perf_counter() - started
            if job.created != count:
                raise RuntimeError(f"the import created {job.created} of {count} {kind}: {job.refusal}")
            written = [(table, _taken(cursor, table, key, marks[table])) for table, key in tables]
            transaction.set_rollback(True)
        written = [(table, rows) for table, rows in written if rows.tell()]
        with transaction.atomic(), connection.cursor() as cursor:
            # History is among the copied rows; its triggers would write it a second time.
            for table, _rows in written:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            started = time.perf_counter()
            copied = 0
            for table, rows in written:
                rows.seek(0)
                cursor.copy_expert(f"COPY {table} FROM STDIN", rows)
                copied += cursor.rowcount
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            copy_seconds = time.perf_counter() - started
        transaction.set_rollback(True)
    return Imported(kind, count, import_seconds, copy_seconds, copied)


def _write_clients(path: Path, count: int) -> None:
    head = [
        "client_number",
        "kind",
        "name",
        "given_name",
        "family_name",
        "native_name",
        "birth_date",
        "document_type",
        "document_country",
        "document_number",
        "phone",
        "email",
        "city",
        "country",
        "occupation",
        "branch_code",
        "manager_staff_number",
        "tier",
        "status",
        "since",
    ]
    managers = list(
        User.objects.filter(role="account_manager").order_by("pk").values_list("staff_number", "branch__code")
    )
    if not managers:
        managers = [("", Branch.objects.values_list("code", flat=True)[0])]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(head)
        for number in range(count):
            manager, branch = managers[number % len(managers)]
            rows.writerow(
                [
                    f"NEW-{number:07}",
                    "person",
                    f"Ilse Wiśniewska {number}",
                    "Ilse",
                    "Wiśniewska",
                    "王小明" if number % 5 == 0 else "",
                    f"19{number % 60 + 40}-0{number % 9 + 1}-1{number % 9}",
                    "passport",
                    "ES",
                    f"P{number:08}",
                    f"+3460{number % 10_000_000:07}",
                    f"new{number}@mail.example",
                    "Madrid",
                    "ES",
                    "architect" if number % 3 == 0 else "",
                    branch,
                    manager,
                    "gold",
                    "active",
                    "2019-04-01",
                ]
            )


# -- ledgers ---------------------------------------------------------------------------------------


def _write_ledger(kind: str) -> Callable[[Path, int], None]:
    """A file of so many rows: day after day, for products, currencies or the clients of the bank."""

    def _write(path: Path, count: int) -> None:
        named = {"prices": _products, "rates": _currencies}.get(kind, _client_numbers)()
        line = _LINES[kind]
        with path.open("w", newline="", encoding="utf-8") as file:
            file.write(",".join(column.name for column in kind_of(kind).columns) + "\n")
            turns = _turns(named, months=kind == "channel_use")
            file.writelines(
                line(number, name, day) + "\n" for number, (name, day) in enumerate(islice(turns, count))
            )

    return _write


def _turns(named: list[str], *, months: bool) -> Iterator[tuple[str, date]]:
    """Each name on the last day, then each on the one before."""
    day = LAST.replace(day=1) if months else LAST
    for name in cycle(named):
        yield name, day
        if name == named[-1]:
            day = (day - timedelta(days=1)).replace(day=1) if months else day - timedelta(days=1)


def _products() -> list[str]:
    codes = [f"BENCH-{number:03}" for number in range(PRODUCTS)]
    Product.objects.bulk_create(Product(code=code, name=code, kind="fund", currency="USD") for code in codes)
    return codes


def _currencies() -> list[str]:
    return [f"{a}{b}X" for a in "ABCDEF" for b in "ABCDE"]


def _client_numbers() -> list[str]:
    return list(Client.objects.order_by("pk").values_list("number", flat=True))


_LINES: dict[str, Callable[[int, str, date], str]] = {
    "prices": lambda n, code, day: f"{code},{day},{10 + n % 97}.{n % 10_000:04}",
    "rates": lambda n, code, day: f"{day},{code},{1 + n % 7}.{n % 100_000:05}",
    "balances": lambda n, client, day: f"{client},{day},EUR,{n % 90_000}.10,{n % 70_000}.20,{n % 9}.00",
    "movements": lambda n, client, day: (
        f"BENCH-{n},{client},{day},{n % 9_000 + 1}.50,EUR,{('in', 'out')[n % 2]},"
        + ("Banco Sur,yes" if n % 3 == 0 else ",no")
    ),
    "channel_use": lambda n, client, month: f"{client},{month},mobile,{n % 60}",
}
_WRITERS: dict[str, Callable[[Path, int], None]] = {
    "clients": _write_clients,
    **{kind: _write_ledger(kind) for kind in LEDGERS},
}


def _tables(kind: str) -> list[tuple[str, str]]:
    """Every table that a kind may write, with its key, parents before their children."""
    found: list[type[models.Model]]
    if kind == "clients":
        found = list(apps.get_app_config("clients").get_models())
        found.sort(key=lambda model: (model is not Client, model._meta.db_table))
    else:
        found = [*kind_of(kind).undo_models, Coverage]
        found += {"prices": [LimitCrossing], "balances": [ClientAssets]}.get(kind, [])
    return [(model._meta.db_table, model._meta.pk.column) for model in found]


def _highest(table: str, key: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max({key}), 0) FROM {table}")
        return int(cursor.fetchone()[0])


def _taken(cursor, table: str, key: str, above: int) -> io.StringIO:
    rows = io.StringIO()
    cursor.copy_expert(f"COPY (SELECT * FROM {table} WHERE {key} > {int(above)}) TO STDOUT", rows)
    return rows
