"""Rules that clients, books and what is known must obey."""

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from clients.models import Assignment, Client, DatedFact, FactChange, Standing
from clients.services import refresh_search
from common.checks import EXAMPLES, found, found_by_sql
from staff.models import Role

SEARCH_SAMPLE = 20_000  # clients whose search is recomputed in one run; every client has its turn
_BATCH = 2_000


def checks() -> list[str]:
    return [*_books(), *_standings(), *_search(), *_ledger(), *_agreements(), *_people(), *_documents()]


def _books() -> list[str]:
    open_rows = Assignment.objects.filter(to_on=None)
    twice = Assignment.objects.filter(
        ~Q(pk=OuterRef("pk")), client=OuterRef("client"), role=Assignment.Role.PRIMARY, to_on=None
    )
    return [
        *found(
            open_rows.filter(Exists(twice), role=Assignment.Role.PRIMARY),
            "open primary assignments beside another one of the same client",
        ),
        *found(
            open_rows.exclude(manager__role__in=(Role.ACCOUNT_MANAGER, Role.SUPERVISOR)),
            "open assignments to people who look after no clients",
        ),
        # Somebody who has left keeps an open book only until it is handed over; nobody new gets one.
        *found(
            open_rows.filter(manager__is_active=False, from_on__gt=timezone.localdate()),
            "assignments that are to begin, to people who have left",
        ),
    ]


def _standings() -> list[str]:
    """What stood on a day is read from the ledger; its open row is today's branch, tier and status."""
    open_row = Standing.objects.filter(client=OuterRef("pk"), to_on=None)
    same = open_row.filter(
        Q(tier=OuterRef("tier")) | Q(tier=None, client__tier=None),
        branch=OuterRef("branch"),
        status=OuterRef("status"),
    )
    return [
        *found(
            Client.objects.filter(~Exists(same)),
            "clients whose open standing is not their branch, tier and status",
        ),
        *found_by_sql(
            """
            SELECT DISTINCT client_id FROM (
                SELECT client_id, from_on, lag(to_on) OVER rows AS ended_on, row_number() OVER rows AS place
                FROM clients_standing
                WINDOW rows AS (PARTITION BY client_id ORDER BY to_on NULLS LAST)
            ) s WHERE place > 1 AND from_on IS DISTINCT FROM ended_on
            """,
            "clients whose standings overlap or leave days out",
        ),
    ]


def _search() -> list[str]:
    """The stored sort name and search words are those that would be computed today.

    They are recomputed for some clients inside a transaction that is taken back. Above the sample's size
    a different part of the clients has its turn each day.
    """
    turns = max(1, -(-Client.objects.count() // SEARCH_SAMPLE))
    turn = timezone.localdate().toordinal() % turns
    ids = list(
        Client.objects.annotate(turn=F("pk") % turns)
        .filter(turn=turn)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    stale: list[int] = []
    with transaction.atomic():
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            before = _stored_search(batch)
            refresh_search(batch)
            after = _stored_search(batch)
            stale += [pk for pk in batch if before.get(pk) != after.get(pk)]
        transaction.set_rollback(True)
    if not stale:
        return []
    examples = ", ".join(map(str, stale[:EXAMPLES]))
    return [f"{len(stale)} clients whose sort name or search words are out of date: {examples}"]


def _stored_search(ids: list[int]) -> dict[int, tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, sort_name, md5(search::text) FROM clients_client WHERE id = ANY(%s)", [ids]
        )
        return {pk: tuple(rest) for pk, *rest in cursor.fetchall()}


def _ledger() -> list[str]:
    """Indicators read the ledger alone: its last word on each slot is what the slot holds."""
    return [
        *found_by_sql(
            """
            WITH held AS (
                SELECT 'fact/' || id AS slot, client_id, value FROM clients_fact
                UNION ALL
                SELECT 'contact_point/' || id, client_id, value FROM clients_contactpoint
                WHERE kind IN ('phone', 'email', 'address')
            ), said AS (
                SELECT DISTINCT ON (client_id, slot) client_id, slot, new_hash FROM clients_factchange
                WHERE slot LIKE 'fact/%' OR slot LIKE 'contact_point/%'
                ORDER BY client_id, slot, id DESC
            )
            SELECT coalesce(held.slot, said.slot) FROM held FULL JOIN said USING (client_id, slot)
            WHERE coalesce(encode(sha256(convert_to(held.value, 'UTF8')), 'hex'), '') <> coalesce(said.new_hash, '')
            """,
            "facts and contact points that the ledger of changes knows otherwise",
        ),
        *found(
            DatedFact.objects.filter(
                ~Exists(
                    FactChange.objects.filter(client=OuterRef("client"), fact_type__code="birthday").exclude(
                        new_hash=""
                    )
                ),
                kind=DatedFact.Kind.BIRTHDAY,
                person="",
            ),
            "birthdays that the ledger of changes does not know",
        ),
    ]


def _agreements() -> list[str]:
    """One version of an agreement holds on any day."""
    return found_by_sql(
        """
        SELECT DISTINCT a.client_id FROM clients_contactagreement a
          JOIN clients_contactagreement b ON b.client_id = a.client_id AND b.id <> a.id
           AND b.approved_on >= a.approved_on AND (a.to_on IS NULL OR b.approved_on < a.to_on)
        """,
        "clients with two contact agreements on one day",
    )


def _people() -> list[str]:
    return [
        *found_by_sql(
            """
            SELECT h.id FROM clients_household h LEFT JOIN clients_householdmember m ON m.household_id = h.id
             GROUP BY h.id HAVING count(m.client_id) = 0
            """,
            "households without a client",
        ),
        # Whoever stands in a circle comes by again on the way up; the path keeps the walk from going on for ever.
        *found_by_sql(
            """
            WITH RECURSIVE up (start_id, at_id, path) AS (
                SELECT client_id, introducer_id, ARRAY[introducer_id] FROM clients_introduction
                UNION ALL
                SELECT up.start_id, i.introducer_id, up.path || i.introducer_id
                  FROM up JOIN clients_introduction i ON i.client_id = up.at_id
                 WHERE NOT i.introducer_id = ANY(up.path)
            )
            SELECT DISTINCT start_id FROM up WHERE at_id = start_id
            """,
            "clients who were brought by somebody whom they brought themselves",
        ),
    ]


def _documents() -> list[str]:
    """A document number and its hash for exact search come and go together."""
    return found(
        Client.objects.filter(
            Q(document_number=None) & ~Q(document_hash="")
            | Q(document_number__isnull=False, document_hash="")
        ),
        "clients with a document number or its hash, but not both",
    )
