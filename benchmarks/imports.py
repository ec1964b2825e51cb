"""The client import beside a plain COPY of the rows it wrote, into the tables it wrote, indexes on.

Both happen in a transaction that is taken back, so that the next run finds the same bank.
"""

import csv
import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.db import connection, transaction

from clients.models import Client
from corebanking.services import import_path
from staff.models import Branch, User


@dataclass(frozen=True)
class Imported:
    clients: int
    import_seconds: float
    copy_seconds: float
    copied_rows: int

    @property
    def per_second(self) -> float:
        return self.clients / self.import_seconds

    @property
    def share(self) -> float:
        """How fast the import is, as a share of COPY's speed."""
        return self.copy_seconds / self.import_seconds


def measured(count: int) -> Imported:
    """Import new clients and write the same rows again by COPY. Raises RuntimeError where a row is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clients.csv"
        _write(path, count)
        marks = {table: _highest(table, key) for table, key in _tables()}
        with transaction.atomic(), connection.cursor() as cursor:
            started = time.perf_counter()
            job = import_path(actor=None, kind="clients", path=str(path), mapping=None)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            import_seconds = time.perf_counter() - started
            if job.created != count:
                raise RuntimeError(f"the import created {job.created} of {count} clients: {job.refusal}")
            written = [(table, _taken(cursor, table, key, marks[table])) for table, key in _tables()]
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
    return Imported(count, import_seconds, copy_seconds, copied)


def _write(path: Path, count: int) -> None:
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


def _tables() -> list[tuple[str, str]]:
    """Every table of the clients' room and of its history, with its key, parents before their children."""
    models = list(apps.get_app_config("clients").get_models())
    models.sort(key=lambda model: (model is not Client, model._meta.db_table))
    return [(model._meta.db_table, model._meta.pk.column) for model in models]


def _highest(table: str, key: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max({key}), 0) FROM {table}")
        return int(cursor.fetchone()[0])


def _taken(cursor, table: str, key: str, above: int) -> io.StringIO:
    rows = io.StringIO()
    cursor.copy_expert(f"COPY (SELECT * FROM {table} WHERE {key} > {int(above)}) TO STDOUT", rows)
    return rows
