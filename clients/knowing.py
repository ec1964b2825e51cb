"""Everything that is known about one client, asked in one query and ready to be read.

A client file shows a dozen small lists. Each is a few rows, so they come together as JSON: asking one by
one costs more in round trips and in putting queries together than in answering them.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.dateparse import parse_date, parse_datetime, parse_time

from clients.completeness import IS_KNOWN, LAST_SAID, completeness, worth_asking
from clients.models import Client, Consent, ContactAgreement, ContactPoint, DatedFact, FactType
from clients.models.people import RelationKind, inverse_of
from clients.words import question
from staff.models import User

ASKED = 3  # how many questions "ask next" puts

_SQL = """
WITH said AS ({said})
SELECT
 (SELECT json_agg(x ORDER BY x.weight DESC, x.id) FROM (
    SELECT f.id, t.code, t.name, t.weight, f.value, f.learnt_on, f.amount, f.currency,
           s.at, u.name AS who, s.by_kind, s.contact_id, c.channel, c.occurred_at
      FROM clients_fact f JOIN clients_facttype t ON t.id = f.type_id
      LEFT JOIN said s ON s.slot = 'fact/' || f.id
      LEFT JOIN staff_user u ON u.id = s.actor_id
      LEFT JOIN {contacts} c ON c.id = s.contact_id
     WHERE f.client_id = %(id)s) x) AS facts,
 (SELECT json_agg(x ORDER BY x.id) FROM (
    SELECT id, kind, person, calendar, year, month, day, is_leap_month, lead_days FROM clients_datedfact
     WHERE client_id = %(id)s) x) AS dates,
 (SELECT json_agg(x) FROM (
    SELECT id, kind, value, is_primary, is_verified, entered_by, do_not_use FROM clients_contactpoint
     WHERE client_id = %(id)s ORDER BY kind, is_primary DESC, id) x) AS points,
 (SELECT json_agg(x ORDER BY x.role, x.id) FROM (
    SELECT a.id, a.role, a.from_on, a.manager_id, u.name, u.email, u.is_active
      FROM clients_assignment a JOIN staff_user u ON u.id = a.manager_id
     WHERE a.client_id = %(id)s AND (a.to_on IS NULL OR a.to_on > %(on)s)
       AND (a.from_on IS NULL OR a.from_on <= %(on)s)) x) AS managers,
 (SELECT json_agg(x) FROM (
    SELECT DISTINCT ON (channel, purpose) channel, purpose, granted, at, source FROM clients_consent
     WHERE client_id = %(id)s ORDER BY channel, purpose, at DESC, id DESC) x) AS consents,
 (SELECT row_to_json(x) FROM (
    SELECT id, approved_on, interval_days, channels, themes, weekdays, from_time, to_time, minutes, how
      FROM clients_contactagreement
     WHERE client_id = %(id)s AND approved_on <= %(on)s AND (to_on IS NULL OR to_on > %(on)s)
     ORDER BY approved_on DESC LIMIT 1) x) AS agreement,
 (SELECT json_agg(x ORDER BY x.id) FROM (
    SELECT id, client_id, other_id, person, kind FROM clients_relation
     WHERE client_id = %(id)s OR other_id = %(id)s) x) AS relations,
 (SELECT json_agg(x ORDER BY x.id) FROM (
    SELECT m.id, m.client_id, m.person, m.role, h.name AS household FROM clients_householdmember m
      JOIN clients_household h ON h.id = m.household_id
     WHERE m.household_id = (SELECT household_id FROM clients_householdmember WHERE client_id = %(id)s)) x)
 AS members,
 (SELECT json_agg(x ORDER BY x.weight DESC, x.id) FROM (
    SELECT id, code, name, lives_in, weight, is_many FROM clients_facttype) x) AS types,
 (SELECT json_agg(DISTINCT fact_type_id) FROM said WHERE {is_known}) AS learnt
"""

_SAID = LAST_SAID.format(client="%(id)s")


@dataclass(frozen=True)
class KnownFact:
    id: int
    type: FactType
    value: str
    amount: Decimal | None
    currency: str
    who: str
    by_kind: str
    at: datetime | None
    learnt_on: date | None
    channel: str  # of the contact it was heard in
    heard_on: datetime | None


@dataclass(frozen=True)
class Close:
    """Somebody close: a client by id (to be looked up within sight) or a name."""

    id: int  # of the relation or the membership
    client_id: int | None
    person: str
    kind: str  # the relation from this client's side, or the role in the household


@dataclass
class Known:
    """What is known about one client on a day; nothing here was checked against anybody's sight."""

    client: Client
    facts: list[KnownFact]
    dates: list[DatedFact]
    points: list[ContactPoint]
    managers: list[dict[str, Any]]
    consents: dict[tuple[str, str], Consent]
    agreement: ContactAgreement | None
    relations: list[Close]
    members: list[Close]
    household: str
    types: list[FactType]
    learnt: set[int]  # ids of the fact types of which the ledger holds a value

    @property
    def usable_points(self) -> list[ContactPoint]:
        return [point for point in self.points if not point.do_not_use]

    @property
    def primary(self) -> dict[str, Any] | None:
        return next((one for one in self.managers if one["role"] == "primary"), None)

    @property
    def completeness(self) -> float:
        return completeness(self.types, self.learnt)

    def ask_next(self) -> list[tuple[FactType, str]]:
        """The heaviest unknown fact types with what to ask."""
        return [(kind, question(kind)) for kind in worth_asking(self.types, self.learnt, self.client)[:ASKED]]

    def others(self) -> set[int]:
        """Ids of the other clients that stand in relations and household."""
        return {one.client_id for one in (*self.relations, *self.members) if one.client_id}


def known_of(client: Client, *, contacts_table: str, on: date) -> Known:
    """What is known about a client on a day. `contacts_table` is named by the caller: it stands above."""
    quoted = connection.ops.quote_name(contacts_table)
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL.format(contacts=quoted, said=_SAID, is_known=IS_KNOWN), {"id": client.pk, "on": on}
        )
        row = cursor.fetchone()
    facts, dates, points, managers, consents, agreement, relations, members, types, learnt = (
        one if one is not None else [] for one in row
    )
    kinds = [FactType(**one) for one in types]
    by_code = {kind.code: kind for kind in kinds}
    return Known(
        client=client,
        facts=[_fact(one, by_code[one["code"]]) for one in facts],
        dates=[DatedFact(client=client, **one) for one in dates],
        points=[ContactPoint(client=client, **one) for one in points],
        managers=[one | {"from_on": _day(one["from_on"])} for one in managers],
        consents={
            (one["channel"], one["purpose"]): Consent(**one | {"at": _moment(one["at"])}) for one in consents
        },
        agreement=_agreement(client, agreement) if agreement else None,
        relations=[_relation(client, one) for one in relations],
        members=[
            Close(one["id"], one["client_id"], one["person"], one["role"])
            for one in members
            if one["client_id"] != client.pk
        ],
        household=members[0]["household"] if members else "",
        types=kinds,
        learnt=set(learnt),
    )


def _fact(one: dict, kind: FactType) -> KnownFact:
    return KnownFact(
        id=one["id"],
        type=kind,
        value=one["value"],
        amount=None if one["amount"] is None else Decimal(str(one["amount"])),
        currency=one["currency"],
        who=one["who"] or "",
        by_kind=one["by_kind"] or "",
        at=_moment(one["at"]),
        learnt_on=_day(one["learnt_on"]),
        channel=one["channel"] or "",
        heard_on=_moment(one["occurred_at"]),
    )


def _relation(client: Client, one: dict) -> Close:
    if one["client_id"] == client.pk:
        return Close(one["id"], one["other_id"], one["person"], one["kind"])
    return Close(one["id"], one["client_id"], one["person"], inverse_of(one["kind"]))


def _agreement(client: Client, one: dict) -> ContactAgreement:
    return ContactAgreement(
        client=client,
        **one
        | {
            "approved_on": _day(one["approved_on"]),
            "from_time": _clock(one["from_time"]),
            "to_time": _clock(one["to_time"]),
        },
    )


def _day(text: str | None) -> date | None:
    return parse_date(text) if text else None


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _clock(text: str | None) -> time | None:
    return parse_time(text) if text else None


def in_sight(user: User, ids: set[int]) -> dict[int, Client]:
    """Those of some clients whom a person may see, by id. No query where there are none."""
    if not ids:
        return {}
    rows = Client.objects.visible_to(user).filter(pk__in=ids)
    return rows.only("number", "name", "native_name", "status", "kind").in_bulk()


def relation_word(kind: str) -> str:
    return str(RelationKind(kind).label) if kind in RelationKind.values else kind
