"""Rows into tables through COPY, while the triggers that keep history rest."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from clients.models import (
    Assignment,
    Client,
    Consent,
    ContactAgreement,
    ContactPoint,
    DatedFact,
    Fact,
    FactChange,
    Standing,
)
from interactions.models import Action, Contact, ContactNote, Opportunity, StageChange
from portfolio.models import Holding, HoldingParty, Product
from staff.models import Branch, Cover, User

CHUNK = 20_000
LOADED = [
    Branch, User, Cover, Client, ContactPoint, DatedFact, Fact, FactChange, Consent, ContactAgreement, Standing,
    Assignment, Product, Holding, HoldingParty, Contact, ContactNote, Opportunity, StageChange, Action,
]  # fmt: skip


@contextmanager
def without_history() -> Iterator[None]:
    """One transaction in which history triggers are off and keys between tables are checked at its end."""
    tables = [model._meta.db_table for model in LOADED]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # tables are not filled in the order of their keys
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def restart_ids() -> None:
    """Let the ids of the next rows go on where the loaded ones end."""
    with connection.cursor() as cursor:
        for model in LOADED:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), "
                f"(SELECT coalesce(max(id), 0) + 1 FROM {model._meta.db_table}), false)"
            )


def copy(model: type[Model], columns: str, rows: Iterable[tuple]) -> int:
    """COPY rows into a model's table and return how many."""
    return copy_lines(model, columns, ("\t".join([text(value) for value in row]) + "\n" for row in rows))


def copy_lines(model: type[Model], columns: str, lines: Iterable[str]) -> int:
    """COPY lines that are already as COPY reads them into a model's table and return how many."""
    names = columns.split()
    sql = f"COPY {model._meta.db_table} ({', '.join(names)}) FROM STDIN"
    count = 0
    with connection.cursor() as cursor:
        buffer = io.StringIO()
        for line in lines:
            buffer.write(line)
            count += 1
            if count % CHUNK == 0:
                buffer.seek(0)
                cursor.copy_expert(sql, buffer)
                buffer = io.StringIO()
        buffer.seek(0)
        cursor.copy_expert(sql, buffer)
    return count


def text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", " ").replace("\n", " ")
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
