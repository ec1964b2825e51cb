"""The tree of introductions below one client, asked in one query: ids only, checked against nobody's sight."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

from clients.models import Client

DEEPEST = 20  # steps below the client; who stands deeper is said to be there, not followed
MOST = 5_000  # clients of one tree

_SQL = """
WITH RECURSIVE down (client_id, introducer_id, introduced_on, note, depth) AS (
    SELECT client_id, introducer_id, introduced_on, note, 1 FROM clients_introduction WHERE introducer_id = %(id)s
    UNION ALL
    SELECT i.client_id, i.introducer_id, i.introduced_on, i.note, down.depth + 1
      FROM down JOIN clients_introduction i ON i.introducer_id = down.client_id
     WHERE down.depth <= %(deepest)s
)
SELECT client_id, introducer_id, introduced_on, note, 0 AS depth FROM clients_introduction WHERE client_id = %(id)s
UNION ALL
SELECT * FROM (SELECT * FROM down ORDER BY depth, introduced_on, client_id LIMIT %(most)s) x
ORDER BY depth, introduced_on, client_id
"""


@dataclass(frozen=True)
class Introduced:
    client_id: int
    by_id: int
    on: date
    note: str
    depth: int


@dataclass(frozen=True)
class Introductions:
    """Who brought a client, and everybody whom the client brought, directly (depth 1) or through others."""

    came: Introduced | None
    brought: list[Introduced]  # whoever brought somebody stands before them
    is_cut: bool  # there are more, deeper or beyond the most

    def ids(self) -> set[int]:
        return {one.client_id for one in self.brought} | ({self.came.by_id} if self.came else set())


def introductions_of(client: Client) -> Introductions:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"id": client.pk, "deepest": DEEPEST, "most": MOST + 1})
        rows = [Introduced(*row) for row in cursor.fetchall()]
    came = next((row for row in rows if row.depth == 0), None)
    below: dict[int, Introduced] = {}
    for row in rows:
        if 0 < row.depth <= DEEPEST and row.client_id != client.pk:
            below.setdefault(row.client_id, row)
    is_cut = len(rows) - bool(came) > MOST or any(row.depth > DEEPEST for row in rows)
    return Introductions(came, list(below.values())[:MOST], is_cut)
