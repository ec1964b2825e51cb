"""Clients, and everything the bank's export says of them that lives in other tables.

Who owns a field (domain.md): core banking owns number, kind, names, birth date, document, branch and status,
and the contact points it sent itself; they are overwritten. The CRM owns assignment and tier after the first
load (unless the settings say otherwise), facts, and contact points that staff entered: there a file only
fills what is empty, and a different value is kept in CoreValue, "core says …".
"""

from collections.abc import Callable
from datetime import date, timedelta

import phonenumbers
from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clients.models import (
    Assignment,
    Client,
    ContactPoint,
    CoreValue,
    DatedFact,
    Fact,
    FactType,
)
from clients.search import document_key, key_hash, tokens, vector
from clients.services import refresh_search
from common.crypto import encrypt
from common.text import sort_key
from corebanking.cells import Code, ComingBack, Country, Day, Document, Email, OneOf, Phone, Text, Whole
from corebanking.kinds.base import UNCHANGED, UPDATE, Column, Kind, Ref, Scope, Write
from corebanking.mapping import Mapping
from corebanking.refusals import RowRejected
from staff.models import Branch

POINTS = ("phone", "email", "address")
FACTS = ("occupation", "employer")
NAMES = ("name", "given_name", "family_name", "native_name")
BIRTH_CODES = {"person": "birthday", "organisation": "founding"}  # kind of client: kind of date
BIRTH = ("calendar", "year", "month", "day", "is_leap_month")

_BIRTH_TEXT = """
    (CASE WHEN {t}.calendar = 'lunar' THEN 'lunar:' ELSE '' END)
    || CASE WHEN {t}.month IS NULL THEN lpad({t}.year::text, 4, '0') ELSE
        COALESCE(lpad({t}.year::text, 4, '0'), '-') || '-' || (CASE WHEN {t}.is_leap_month THEN 'L' ELSE '' END)
        || lpad({t}.month::text, 2, '0') || '-' || lpad({t}.day::text, 2, '0') END
"""


_LEDGER = "INSERT INTO clients_factchange (client_id, fact_type_id, slot, old_hash, new_hash, by_kind, actor_id, at)"


def _hash(expression: str) -> str:
    """SQL of clients.services.value_hash."""
    return f"encode(sha256(convert_to({expression}, 'UTF8')), 'hex')"


def _said(field: str, value: str) -> str:
    """SQL: core banking's differing word is already on record."""
    return (
        f"EXISTS (SELECT 1 FROM clients_corevalue w WHERE w.client_id = t.id AND w.field = '{field}'"
        f" AND w.value = {value})"
    )


def _on_record(field: str) -> str:
    return f"EXISTS (SELECT 1 FROM clients_corevalue w WHERE w.client_id = t.id AND w.field = '{field}')"


def _point_act(kind: str) -> str:
    """i: a new one; u: core's own changes; v: staff's stands, core's word is kept; d: they agree again."""
    return f"""
        CASE WHEN s.{kind} IS NULL THEN NULL
             WHEN COALESCE(c.{kind}_same, false) THEN CASE WHEN {_on_record(kind)} THEN 'd' END
             WHEN c.{kind}_core IS NOT NULL THEN 'u'
             WHEN c.{kind}_any THEN CASE WHEN {_said(kind, f"s.{kind}")} THEN NULL ELSE 'v' END
             ELSE 'i' END
    """


def _fact_act(code: str) -> str:
    value = f"left(s.{code}, 254)"
    return f"""
        CASE WHEN s.{code} IS NULL THEN NULL
             WHEN COALESCE(f.{code}_same, false) THEN CASE WHEN {_on_record(code)} THEN 'd' END
             WHEN f.{code}_any THEN CASE WHEN {_said(code, value)} THEN NULL ELSE 'v' END
             ELSE 'i' END
    """


class Clients(Kind):
    code = "clients"
    label = _("Clients")
    model = Client
    key = "number"
    masks = True
    columns = (
        Column("client_number", Code(40), required=True, key=True),
        Column("kind", OneOf(tuple(Client.Kind.values)), required=True),
        Column("name", Text(200), required=True),
        Column("given_name", Text(100), keeps=False),
        Column("family_name", Text(100), keeps=False),
        Column("native_name", Text(100)),
        Column("gender", OneOf(tuple(Client.Gender.values))),
        Column("birth_date", ComingBack()),
        Column("document_type", Text(30), keeps=False),
        Column("document_country", Country(), keeps=False),
        Column("document_number", Document(60), keeps=False),
        Column("phone", Phone()),
        Column("email", Email(254)),
        Column("address", Text(254, folds_breaks=True)),
        Column("city", Text(100)),
        Column("country", Country()),
        Column("language", Code(10)),
        Column("occupation", Text(500)),
        Column("employer", Text(500)),
        Column("branch_code", Code(20), required=True),
        Column("manager_staff_number", Code(20)),
        Column("tier", Code(20)),
        Column("risk_profile", Whole(1, 5)),
        Column("risk_assessed_on", Day()),
        Column("status", OneOf(tuple(Client.Status.values))),
        Column("since", Day()),
    )
    derived = (
        ("document_cipher", "text"),
        ("document_hash", "text"),
        ("document_hint", "text"),
        ("birth_calendar", "text"),
        ("birth_year", "smallint"),
        ("birth_month", "smallint"),
        ("birth_day", "smallint"),
        ("birth_is_leap_month", "boolean"),
        ("risk_valid_until", "date"),
        ("sort_name", "text"),
        ("search", "tsvector"),
    )
    refs = (
        Ref("branch_code", "branch_id", "staff_branch", "code", _("unknown branch")),
        Ref("manager_staff_number", "manager_id", "staff_user", "staff_number", _("unknown manager")),
        Ref("tier", "tier_id", "clients_tier", "code", _("unknown tier")),
    )
    writes = (
        Write("number", "client_number", only_new=True),
        Write("kind", "kind"),
        Write("name", "name"),
        Write("sort_name", "name", value="s.sort_name"),
        Write("given_name", "given_name"),
        Write("family_name", "family_name"),
        Write("native_name", "native_name"),
        Write("gender", "gender"),
        Write("document_type", "document_type"),
        Write("document_country", "document_country"),
        Write("document_hash", "document_number", value="s.document_hash"),
        Write("document_hint", "document_number", value="s.document_hint"),
        Write("city", "city"),
        Write("country", "country"),
        Write("language", "language"),
        Write("branch_id", "branch_code", value="r_branch_id.id"),
        Write("risk_profile", "risk_profile", new="NULL"),
        Write("risk_assessed_on", "risk_assessed_on", new="NULL"),
        Write("risk_valid_until", "risk_assessed_on", value="s.risk_valid_until", new="NULL"),
        Write("status", "status", new="'active'"),
        Write("since", "since", new="NULL"),
        Write("tier_id", "tier", value="r_tier_id.id", new="NULL", only_new=True),
    )
    undo_models = (Client, ContactPoint, Fact, DatedFact, Assignment, CoreValue)
    covers = (UNCHANGED,)  # the others keep their date in `core_as_of`
    ledgers = ("clients_standing", "clients_factchange")
    shown = (
        "client_number",
        "name",
        "phone",
        "email",
        "branch_code",
        "manager_staff_number",
        "tier",
        "status",
    )

    # -- staging ---------------------------------------------------------------------------------

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list]:
        place = {column.name: index for index, column in enumerate(cls.columns)}
        number, name, given, family, native = (
            place[c] for c in ("client_number", "name", "given_name", "family_name", "native_name")
        )
        document, phone, email, birth = (
            place[c] for c in ("document_number", "phone", "email", "birth_date")
        )
        country, branch, assessed = place["country"], place["branch_code"], place["risk_assessed_on"]
        valid = timedelta(days=settings.RISK_PROFILE_VALID_DAYS)
        countries = dict(Branch.objects.values_list("code", "country"))
        until: dict[str, str] = {}

        def derive(values: list) -> list:
            cipher = hashed = hint = None
            typed = values[document]
            if typed is not None:
                key = document_key(typed)
                cipher, hashed = encrypt(typed).hex(), key_hash(key)
                hint = key[-3:] if len(key) >= 6 else ""
            given_phone = values[phone]
            if given_phone is not None and not _is_e164(given_phone):
                given_phone = values[phone] = e164(
                    given_phone, values[country] or countries.get(values[branch] or "") or ""
                )
            born = values[birth]
            parts = [None] * 5 if born is None else birth_parts(born)
            valid_until = None
            on = values[assessed]
            if on is not None:
                valid_until = until.get(on)
                if valid_until is None:
                    valid_until = until[on] = (date.fromisoformat(on) + valid).isoformat()
            found = tokens(
                number=values[number],
                names=(values[name], values[given], values[family], values[native]),
                phones=(given_phone,) if given_phone else (),
                emails=(values[email],) if values[email] else (),
                hashed=hashed or "",
            )
            return [cipher, hashed, hint, *parts, valid_until, sort_key(values[name]), vector(found)]

        return derive

    # -- planning --------------------------------------------------------------------------------

    @classmethod
    def plan_parts(cls, scope: Scope) -> tuple[list[tuple[str, str]], str]:
        """Plan columns and joins: what becomes of each thing that lives outside the client's own row."""
        types = dict(
            FactType.objects.filter(code__in=(*POINTS, *FACTS, "birthday", "founding")).values_list(
                "code", "id"
            )
        )
        scope.params["types"] = types
        points = ", ".join(
            f"""
            bool_or(k.value = s.{kind}) FILTER (WHERE k.kind = '{kind}') AS {kind}_same,
            min(k.id) FILTER (WHERE k.kind = '{kind}' AND k.entered_by = 'core') AS {kind}_core,
            COALESCE(bool_or(k.kind = '{kind}'), false) AS {kind}_any
            """
            for kind in POINTS
        )
        facts = ", ".join(
            f"""
            bool_or(k.value = s.{code}) FILTER (WHERE k.type_id = {types[code]:d}) AS {code}_same,
            COALESCE(bool_or(k.type_id = {types[code]:d}), false) AS {code}_any
            """
            for code in FACTS
        )
        joins = f"""
            LEFT JOIN LATERAL (
                SELECT {points},
                    count(*) FILTER (
                        WHERE k.kind IN ('phone', 'email')
                        AND k.value <> COALESCE(s.phone, '') AND k.value <> COALESCE(s.email, '')
                    ) AS others
                FROM clients_contactpoint k WHERE k.client_id = t.id GROUP BY k.client_id
            ) c ON t.id IS NOT NULL
            LEFT JOIN clients_datedfact d ON d.client_id = t.id AND d.person = ''
                AND d.kind = CASE s.kind WHEN 'person' THEN 'birthday' ELSE 'founding' END
            LEFT JOIN clients_assignment a ON a.client_id = t.id AND a.role = 'primary' AND a.to_on IS NULL
        """
        if scope.has("occupation") or scope.has("employer"):
            joins += f"""
            LEFT JOIN LATERAL (
                SELECT {facts} FROM clients_fact k WHERE k.client_id = t.id GROUP BY k.client_id
            ) f ON t.id IS NOT NULL AND (s.occupation IS NOT NULL OR s.employer IS NOT NULL)
            """
        birth_same = " AND ".join(f"d.{part} IS NOT DISTINCT FROM s.birth_{part}" for part in BIRTH)
        columns = [
            ("today", "(now() AT TIME ZONE r_branch_id.time_zone)::date"),
            *[(f"{kind}_act", _point_act(kind)) for kind in POINTS if scope.has(kind)],
            *[(f"{kind}_point", f"c.{kind}_core") for kind in POINTS if scope.has(kind)],
            *[(f"{code}_act", _fact_act(code)) for code in FACTS if scope.has(code)],
            ("dated_id", "d.id"),
            (
                "dated_act",
                f"""CASE WHEN s.birth_date IS NULL THEN NULL WHEN d.id IS NULL THEN 'i'
                         WHEN NOT ({birth_same}) THEN 'u' END""",
            ),
            ("assignment_id", "a.id"),
            (
                "manager_act",
                f"""CASE WHEN r_manager_id.id IS NULL THEN NULL WHEN a.id IS NULL THEN 'i'
                         WHEN a.manager_id = r_manager_id.id THEN CASE WHEN {_on_record("manager")} THEN 'd' END
                         {"WHEN true THEN 'u'" if settings.CORE_OWNS_ASSIGNMENT else ""}
                         WHEN {_said("manager", "s.manager_staff_number")} THEN NULL ELSE 'v' END""",
            ),
            (
                "tier_act",
                f"""CASE WHEN r_tier_id.id IS NULL OR t.id IS NULL THEN NULL WHEN t.tier_id IS NULL THEN 'i'
                         WHEN t.tier_id = r_tier_id.id THEN CASE WHEN {_on_record("tier")} THEN 'd' END
                         {"WHEN true THEN 'i'" if settings.CORE_OWNS_TIER else ""}
                         WHEN {_said("tier", "s.tier")} THEN NULL ELSE 'v' END""",
            ),
            ("others", "COALESCE(c.others, 0)"),
            (
                "has_other_names",
                "COALESCE(t.legal_name <> '' OR (s.native_name IS NULL AND t.native_name <> ''), false)",
            ),
        ]
        return columns, joins

    @classmethod
    def acts(cls, scope: Scope) -> list[str]:
        """Plan columns that say that something beside the client's own row is written."""
        return [
            *[f"{kind}_act" for kind in (*POINTS, *FACTS) if scope.has(kind)],
            "dated_act",
            "manager_act",
            "tier_act",
        ]

    @classmethod
    def older(cls, scope: Scope) -> str:
        day = f"DATE '{scope.source_date.isoformat()}'"
        return f"COALESCE(t.core_as_of > {day}, false) OR COALESCE(v.as_of > {day}, false)"

    # -- writing ---------------------------------------------------------------------------------

    @classmethod
    def insert_sql(cls, scope: Scope) -> str:
        values = {write.target: cls._new_value(write, scope) for write in cls.writes}
        values |= {
            "document_number": "decode(s.document_cipher, 'hex')",
            "search": "s.search",
            "core_as_of": f"DATE '{scope.source_date.isoformat()}'",
            "source": "'core'",
            "legal_name": "''",
            "preferred_address": "''",
            "trend": "'steady'",
            "is_restricted": "false",
            "created_at": "now()",
        }
        return f"""
            INSERT INTO clients_client (id, {", ".join(values)})
            SELECT p.target_id, {", ".join(values.values())}
            FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            WHERE p.act = 'c' ORDER BY p.target_id
        """

    @classmethod
    def update_sql(cls, scope: Scope, extra: str = "") -> str:
        sets = [
            "tier_id = CASE WHEN p.tier_act = 'i' THEN p.tier_id ELSE t.tier_id END",
            f"core_as_of = DATE '{scope.source_date.isoformat()}'",
            "source = 'core'",
            f"search = CASE WHEN {cls._search_is_whole(scope)} THEN s.search ELSE t.search END",
        ]
        if scope.has("document_number"):
            sets.append(
                """document_number = CASE WHEN t.document_hash = COALESCE(s.document_hash, '')
                   THEN t.document_number ELSE decode(s.document_cipher, 'hex') END"""
            )
        return super().update_sql(scope, ", ".join(sets))

    @classmethod
    def _search_is_whole(cls, scope: Scope) -> str:
        """SQL over the plan: the tokens made while reading the file are all that the client is found by."""
        if not all(scope.has(c) for c in (*NAMES, "phone", "email", "document_number")):
            return "false"
        return """(p.others - (p.phone_act IS NOT DISTINCT FROM 'u')::int - (p.email_act IS NOT DISTINCT FROM 'u')::int
                   <= 0 AND p.phone_act IS DISTINCT FROM 'v' AND p.email_act IS DISTINCT FROM 'v'
                   AND NOT p.has_other_names)"""

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        staged = f"{scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no"
        found = super().statements(scope)
        if UPDATE in scope.acts:
            for kind in POINTS:
                if scope.has(kind):
                    found += cls._point_changes(scope, staged, kind)
            if scope.has("birth_date"):
                found += cls._birth_changes(scope, staged)
        found.append(cls._news_sql(scope, staged))
        found += cls._standing_sql(scope, staged)
        if scope.has("manager_staff_number"):
            found += cls._assignment_sql(scope, staged)
        if UPDATE in scope.acts:
            found += cls._core_value_sql(scope, staged)
        return found

    @classmethod
    def _change(cls, scope: Scope, fact_type: str, slot: str, old: str, new: str) -> str:
        """The columns of one FactChange, as SELECT list over `r` (the row that was written)."""
        actor = scope.params.get("actor_id")
        return f"""r.client_id, {fact_type}, {slot}, {old}, {new}, 'import',
                   {"NULL" if actor is None else format(actor, "d")}::bigint, now()"""

    @classmethod
    def _point_changes(cls, scope: Scope, staged: str, kind: str) -> list[str]:
        fact_type = format(scope.params["types"][kind], "d")
        slot, old, new = "'contact_point/' || r.id", _hash("r.value"), _hash(f"s.{kind}")
        return [
            f"""
            {_LEDGER}
            SELECT {cls._change(scope, fact_type, slot, old, new)}
            FROM {staged} JOIN clients_contactpoint r ON r.id = p.{kind}_point
            WHERE p.act = 'u' AND p.{kind}_act = 'u'
            """,
            f"""
            UPDATE clients_contactpoint k SET value = s.{kind}, is_verified = false, do_not_use = false
            FROM {staged} WHERE p.act = 'u' AND p.{kind}_act = 'u' AND k.id = p.{kind}_point
            """,
        ]

    @classmethod
    def _birth_changes(cls, scope: Scope, staged: str) -> list[str]:
        found = []
        for client_kind, code in BIRTH_CODES.items():
            if code not in scope.params["types"]:  # a bank may keep founding days out of its catalogue
                continue
            fact_type = format(scope.params["types"][code], "d")
            slot, old, new = "'dated_fact/' || r.id", _hash(_BIRTH_TEXT.format(t="r")), _hash("s.birth_date")
            found.append(
                f"""
                {_LEDGER}
                SELECT {cls._change(scope, fact_type, slot, old, new)}
                FROM {staged} JOIN clients_datedfact r ON r.id = p.dated_id
                WHERE p.act = 'u' AND p.dated_act = 'u' AND s.kind = '{client_kind}'
                """
            )
        sets = ", ".join(f"{part} = s.birth_{part}" for part in BIRTH)
        found.append(
            f"""
            UPDATE clients_datedfact d SET {sets}
            FROM {staged} WHERE p.act = 'u' AND p.dated_act = 'u' AND d.id = p.dated_id
            """
        )
        return found

    @classmethod
    def _news_sql(cls, scope: Scope, staged: str) -> str:
        """Contact points, facts and birth dates that were not known, and their entries in the ledger.

        One statement, and in the order of the clients: every index on the client then grows at its end.
        """
        types = scope.params["types"]
        points = [kind for kind in POINTS if scope.has(kind)]
        facts = [code for code in FACTS if scope.has(code)]
        taken = [f"s.{c}, p.{c}_act" for c in (*points, *facts)]
        parts, written = [], []
        if points:
            values = ", ".join(f"('{kind}', n.{kind}, n.{kind}_act)" for kind in points)
            parts.append(
                f"""points AS (
                    INSERT INTO clients_contactpoint
                        (client_id, kind, value, is_primary, is_verified, entered_by, do_not_use)
                    SELECT n.client_id, k.kind, k.value, true, false, 'core', false
                    FROM n CROSS JOIN LATERAL (VALUES {values}) k (kind, value, act) WHERE k.act = 'i'
                    RETURNING id, client_id, kind, value
                )"""
            )
            codes = " ".join(f"WHEN '{kind}' THEN {types[kind]:d}" for kind in points)
            written.append(
                f"SELECT client_id, CASE kind {codes} END, 'contact_point/' || id, value FROM points"
            )
        if facts:
            values = ", ".join(f"({types[code]:d}, n.{code}, n.{code}_act)" for code in facts)
            parts.append(
                f"""facts AS (
                    INSERT INTO clients_fact (client_id, type_id, value)
                    SELECT n.client_id, k.type_id, k.value
                    FROM n CROSS JOIN LATERAL (VALUES {values}) k (type_id, value, act) WHERE k.act = 'i'
                    RETURNING id, client_id, type_id, value
                )"""
            )
            written.append("SELECT client_id, type_id, 'fact/' || id, value FROM facts")
        if scope.has("birth_date"):
            columns = ", ".join(f"birth_{part}" for part in BIRTH)
            taken.append(f"s.kind AS client_kind, p.dated_act, {columns}")
            kinds = " ".join(f"WHEN '{kind}' THEN '{code}'" for kind, code in BIRTH_CODES.items())
            parts.append(
                f"""dated AS (
                    INSERT INTO clients_datedfact (client_id, kind, person, {", ".join(BIRTH)})
                    SELECT n.client_id, CASE n.client_kind {kinds} END, '', {columns}
                    FROM n WHERE n.dated_act = 'i' RETURNING *
                )"""
            )
            written += [
                f"SELECT client_id, {types[code]:d}, 'dated_fact/' || id, {_BIRTH_TEXT.format(t='dated')}"
                f" FROM dated WHERE kind = '{code}'"
                for code in BIRTH_CODES.values()
                if code in types  # a bank may keep founding days out of its catalogue
            ]
        if not parts:
            return ""
        return f"""
            WITH n AS MATERIALIZED (
                SELECT p.target_id AS client_id, {", ".join(taken)}
                FROM {staged} WHERE p.act IN ('c', 'u') ORDER BY p.target_id
            ), {", ".join(parts)}
            {_LEDGER}
            SELECT {cls._change(scope, "r.type_id", "r.slot", "''", _hash("r.value"))}
            FROM ({" UNION ALL ".join(written)}) r (client_id, type_id, slot, value) ORDER BY r.client_id
        """

    @classmethod
    def _standing_sql(cls, scope: Scope, staged: str) -> list[str]:
        stands = "(st.branch_id, st.tier_id, st.status) IS DISTINCT FROM (c.branch_id, c.tier_id, c.status)"
        changed = f"""
            FROM {scope.plan} p JOIN clients_client c ON c.id = p.target_id
            WHERE p.act = 'u' AND st.client_id = c.id AND st.to_on IS NULL AND {stands}
        """
        first = f"""
            INSERT INTO clients_standing (client_id, branch_id, tier_id, status, from_on)
            SELECT p.target_id, p.branch_id, p.tier_id, COALESCE(s.status, 'active'), LEAST(s.since, p.today)
            FROM {staged} WHERE p.act = 'c' ORDER BY p.target_id
        """
        if UPDATE not in scope.acts:
            return [first]
        return [
            first,
            # a second change on the same day replaces the first one's row: no standing lasts no day
            f"""
            UPDATE clients_standing st SET branch_id = c.branch_id, tier_id = c.tier_id, status = c.status
            {changed} AND st.from_on >= p.today
            """,
            f"UPDATE clients_standing st SET to_on = p.today {changed}",
            f"""
            INSERT INTO clients_standing (client_id, branch_id, tier_id, status, from_on)
            SELECT c.id, c.branch_id, c.tier_id, c.status,
                CASE WHEN EXISTS (SELECT 1 FROM clients_standing o WHERE o.client_id = c.id) THEN p.today END
            FROM {scope.plan} p JOIN clients_client c ON c.id = p.target_id
            WHERE p.act = 'u'
            AND NOT EXISTS (SELECT 1 FROM clients_standing o WHERE o.client_id = c.id AND o.to_on IS NULL)
            """,
        ]

    @classmethod
    def _assignment_sql(cls, scope: Scope, staged: str) -> list[str]:
        ended = f"""
            UPDATE clients_assignment a SET to_on = GREATEST(p.today, a.from_on)
            FROM {staged} WHERE p.act = 'u' AND p.manager_act = 'u' AND a.id = p.assignment_id
        """
        return [
            ended if UPDATE in scope.acts else "",
            f"""
            INSERT INTO clients_assignment (client_id, manager_id, role, from_on, reason)
            SELECT p.target_id, p.manager_id, 'primary',
                CASE p.act WHEN 'c' THEN LEAST(s.since, p.today) ELSE p.today END, ''
            FROM {staged} WHERE p.act IN ('c', 'u') AND p.manager_act IN ('i', 'u') ORDER BY p.target_id
            """,
        ]

    @classmethod
    def _core_value_sql(cls, scope: Scope, staged: str) -> list[str]:
        fields = {
            **{kind: f"s.{kind}" for kind in POINTS if scope.has(kind)},
            **{code: f"left(s.{code}, 254)" for code in FACTS if scope.has(code)},
            "manager": "s.manager_staff_number",
            "tier": "s.tier",
        }
        found = []
        for field, value in fields.items():
            found.append(
                f"""
                INSERT INTO clients_corevalue (client_id, field, value, said_at)
                SELECT p.target_id, '{field}', {value}, now()
                FROM {staged} WHERE p.act = 'u' AND p.{field}_act = 'v'
                ON CONFLICT (client_id, field)
                DO UPDATE SET value = EXCLUDED.value, said_at = EXCLUDED.said_at, ignored_at = NULL
                """
            )
            found.append(
                f"""
                DELETE FROM clients_corevalue w USING {scope.plan} p
                WHERE p.act = 'u' AND p.{field}_act = 'd' AND w.client_id = p.target_id AND w.field = '{field}'
                """
            )
        return found

    @classmethod
    def finish(cls, scope: Scope) -> None:
        """Search tokens of clients that are found by more than the file says, such as staff's phones."""
        last = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"""
                    SELECT p.target_id FROM {scope.plan} p
                    WHERE p.act = 'u' AND NOT {cls._search_is_whole(scope)} AND p.target_id > %s
                    ORDER BY p.target_id LIMIT 5000
                    """,
                    [last],
                )
                ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                return
            refresh_search(ids)
            last = ids[-1]

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return f"""
            SELECT count(*) FROM clients_client t
            WHERE t.source = 'core' AND t.status NOT IN ('closed', 'deceased')
            AND NOT EXISTS (SELECT 1 FROM {scope.stage} s WHERE s.client_number = t.number)
        """

    @classmethod
    def after_undo(
        cls, removed: dict[type[Model], list[int]], restored: dict[type[Model], list[int]]
    ) -> None:
        """Search follows the restored rows."""
        touched = set(restored.get(Client, []))
        for start in range(0, len(ids := sorted(touched)), 5000):
            refresh_search(ids[start : start + 5000])


def _is_e164(text: str) -> bool:
    """The fast way for what is E.164 already; the library takes a hundred times as long."""
    return (
        text[0] == "+" and text.isascii() and text[1:].isdigit() and 8 <= len(text) <= 16 and text[1] != "0"
    )


def e164(text: str, country: str) -> str:
    """A phone as E.164; national numbers are read in the country of the client, else of the branch."""
    try:
        parsed = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        rejected = RowRejected(
            _t("is not a phone number of %(country)s; write it with its country code, like +34 600 123 456")
            % {"country": country}
            if country
            else _t("is not a phone number with its country code, like +34 600 123 456")
        )
        rejected.column = "phone"
        raise rejected
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def birth_parts(text: str) -> list[str | None]:
    """Calendar, year, month, day and leap month of a canonical coming-back date."""
    lunar = text.startswith("lunar:")
    rest = text[6:] if lunar else text
    leap = "L" in rest
    rest = rest.replace("L", "")
    calendar = "lunar" if lunar else "gregorian"
    if len(rest) == 4:
        return [calendar, rest, None, None, "f"]
    year = None if rest.startswith("--") else rest[:4]
    return [calendar, year, rest[-5:-3], rest[-2:], "t" if leap else "f"]
