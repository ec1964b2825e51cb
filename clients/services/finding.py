"""The search words of a client follow from its names, numbers and contact points."""

from collections.abc import Iterable

from django.db import connection

from clients.models import Client, ContactPoint
from clients.search import tokens, vector
from common.text import sort_key


def refresh_search(client_ids: Iterable[int]) -> int:
    """Recompute sort name and search tokens of clients and return how many. Repeatable."""
    ids = list(client_ids)
    points: dict[int, dict[str, list[str]]] = {}
    for client_id, kind, value in ContactPoint.objects.filter(
        client__in=ids, kind__in=("phone", "email")
    ).values_list("client_id", "kind", "value"):
        points.setdefault(client_id, {"phone": [], "email": []})[kind].append(value)
    rows = []
    for client in Client.objects.filter(pk__in=ids).only(
        "number", "name", "legal_name", "given_name", "family_name", "native_name", "document_hash"
    ):
        known = points.get(client.pk, {"phone": [], "email": []})
        found = tokens(
            number=client.number,
            names=(client.name, client.legal_name, client.given_name, client.family_name, client.native_name),
            phones=tuple(known["phone"]),
            emails=tuple(known["email"]),
            hashed=client.document_hash,
        )
        rows.append((client.pk, sort_key(client.name), vector(found)))
    with connection.cursor() as cursor:
        for start in range(0, len(rows), 1000):
            part = rows[start : start + 1000]
            marks = ", ".join(["(%s, %s, %s)"] * len(part))
            cursor.execute(
                f"""
                UPDATE clients_client c SET sort_name = v.sort_name, search = v.search::tsvector
                FROM (VALUES {marks}) AS v (id, sort_name, search)
                WHERE c.id = v.id AND (c.sort_name, c.search) IS DISTINCT FROM (v.sort_name, v.search::tsvector)
                """,
                [value for row in part for value in row],
            )
    return len(rows)
