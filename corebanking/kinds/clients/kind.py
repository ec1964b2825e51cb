"""Clients, and everything the bank's export says of them that lives in other tables.

Who owns a field (domain.md): core banking owns number, kind, names, birth date, document, branch and status,
and the contact points it sent itself; they are overwritten. The CRM owns assignment and tier after the first
load (unless the settings say otherwise), facts, and contact points that staff entered: there a file only
fills what is empty, and a different value is kept in CoreValue, "core says …".
"""

from collections.abc import Callable
from dataclasses import replace

from django.db import connection
from django.utils.translation import gettext_lazy as _

from clients.followers import rhythm_changed, status_changed
from clients.models import Assignment, Client, ContactPoint, CoreValue, DatedFact, Fact
from clients.services import refresh_search
from corebanking.cells import Code, ComingBack, Country, Day, Document, Email, OneOf, Phone, Text, Whole
from corebanking.kinds.base import UNCHANGED, UPDATE, Change, Column, Kind, Ref, Scope, Undoing, Write
from corebanking.kinds.clients.deriving import deriver
from corebanking.kinds.clients.names import FACTS, NAMES, POINTS
from corebanking.kinds.clients.planning import changes as hanging_changes
from corebanking.kinds.clients.planning import plan_parts
from corebanking.kinds.clients.undoing import after_undo, before_undo, other_documents
from corebanking.kinds.clients.writing import (
    SINCE,
    assignment_sql,
    birth_changes,
    core_value_sql,
    news_sql,
    point_changes,
    standing_sql,
)
from corebanking.kinds.ledger import OWN
from corebanking.mapping import Mapping


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
        Column("document_valid_until", Day()),
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
        Write("document_valid_until", "document_valid_until", new="NULL"),
        Write("status", "status", new="'active'"),
        Write("since", "since", new="NULL"),
        Write("tier_id", "tier", value="r_tier_id.id", new="NULL", only_new=True),
    )
    undo_models = (Client, ContactPoint, Fact, DatedFact, Assignment, CoreValue)
    covers = (UNCHANGED,)  # the others keep their date in `core_as_of`
    computed = {Client: ("last_reached_at", "next_due_on")}
    ledgers = {
        "clients_standing": "true",  # it follows the client, whose own row says whether anything changed
        "clients_factchange": OWN,
    }
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
        return deriver(cls.columns)

    # -- planning --------------------------------------------------------------------------------

    @classmethod
    def plan_parts(cls, scope: Scope) -> tuple[list[tuple[str, str]], str]:
        return plan_parts(scope)

    @classmethod
    def changes(cls, scope: Scope) -> list[Change]:
        # of a document only a keyed hash can be compared, and that is no text for people
        own = [
            replace(change, old="NULLIF(t.document_hint, '')")
            if change.column == "document_number"
            else change
            for change in super().changes(scope)
        ]
        return [*own, *hanging_changes(scope)]

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
            # never reached yet: counted from the assignment, as interactions.services.refresh_cadence does
            "next_due_on": f"""CASE WHEN p.manager_act = 'i' AND COALESCE(s.status, 'active') NOT IN ('closed', 'deceased')
                THEN {SINCE} + (SELECT x.ideal_days FROM clients_tier x WHERE x.id = p.tier_id) END""",
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
                    found += point_changes(scope, staged, kind)
            if scope.has("birth_date"):
                found += birth_changes(scope, staged)
        found.append(news_sql(scope, staged))
        found += standing_sql(scope, staged)
        if scope.has("manager_staff_number"):
            found += assignment_sql(scope, staged)
        if UPDATE in scope.acts:
            found += core_value_sql(scope, staged)
        return found

    @classmethod
    def finish(cls, scope: Scope) -> None:
        """What follows from changed clients: plans from status, tier and book, then their search tokens."""
        if UPDATE in scope.acts:
            cls._tell_followers(scope)
        cls._refresh_search(scope)

    @classmethod
    def _tell_followers(cls, scope: Scope) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT target_id, status_moves FROM {scope.plan} WHERE act = 'u'
                AND (status_moves OR tier_act = 'i' OR manager_act IN ('i', 'u')) ORDER BY target_id
                """
            )
            found = cursor.fetchall()
        status_changed(pk for pk, status_moves in found if status_moves)
        rhythm_changed(pk for pk, _status_moves in found)

    @classmethod
    def _refresh_search(cls, scope: Scope) -> None:
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

    # -- undoing ---------------------------------------------------------------------------------

    @classmethod
    def undo_obstacles(cls, undoing: Undoing) -> list[str]:
        return other_documents(undoing)

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        before_undo(undoing)

    @classmethod
    def after_undo(cls, undoing: Undoing) -> None:
        after_undo(undoing)
