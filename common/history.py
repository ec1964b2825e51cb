"""The base of every history row. History itself is written by database triggers (pghistory)."""

import pghistory
import pghistory.models
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Func


class SessionUser(Func):
    """`session_user`: the database login, kept because plain SQL carries no acting person."""

    template = "session_user"
    output_field = models.CharField()


class Event(pghistory.models.Event):
    pgh_id = models.BigAutoField(primary_key=True)  # pghistory's own has 32 bits, which imports use up
    session_user = models.CharField(max_length=63, db_default=SessionUser(), editable=False)

    class Meta:
        abstract = True


def tracked(*, exclude: list[str] | None = None):
    """Class decorator: every insert, update and delete of this table becomes a history row."""
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=exclude,
        # Sealing and "changed since" read by time; a block range index costs bulk loading next to nothing.
        meta={"indexes": [BrinIndex(fields=["pgh_created_at"])]},
    )
