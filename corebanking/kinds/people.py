"""Relations between clients, and the households that a code of core banking puts them into."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from clients.models import Household, HouseholdMember, Relation, RelationKind
from clients.models.people import inverse_of
from corebanking.cells import Code, OneOf
from corebanking.kinds.base import Check, Column, Kind, Ref, Scope, Undoing, Write
from corebanking.kinds.ledger import LEDGER, OWN, change, reverse, sql_hash, types_by_code
from corebanking.kinds.portfolio import CLIENT
from corebanking.mapping import Mapping

# One row for two people, from whichever end it was said: it stands with the lower id (clients.services.relate).
_LOW = "LEAST(r_client_id.id, r_other_id.id)"
_HIGH = "GREATEST(r_client_id.id, r_other_id.id)"
_SAID = "CASE WHEN r_client_id.id < r_other_id.id THEN s.relation ELSE s.inverse END"
ROLES = {"spouse": "spouse", "partner": "spouse", "child": "child", "parent": "parent"}  # seen from the head
_FREE = "NOT EXISTS (SELECT 1 FROM clients_householdmember h WHERE h.client_id = {client})"

# Clients whom the file puts into more than one household.
_TORN = """SELECT q.number FROM (
    SELECT client_number AS number, household_code FROM {stage}
    UNION SELECT related_client_number, household_code FROM {stage}
) q GROUP BY q.number HAVING count(q.household_code) > 1"""


class Relations(Kind):
    """`relation` says what the related client is to the client. What is known already is left as it is.

    Who has a household keeps it: staff know better who lives with whom.
    """

    code = "relations"
    label = _("Relations and households")
    model = Relation
    masks = True
    columns = (
        Column("client_number", Code(40), required=True, key=True),
        Column("related_client_number", Code(40), required=True, key=True),
        Column("relation", OneOf(tuple(RelationKind.values)), required=True, key=True),
        Column("household_code", Code(40)),
    )
    derived = (("inverse", "text"),)
    refs = (CLIENT, Ref("related_client_number", "other_id", "clients_client", "number", _("unknown client")))
    plan_columns = (
        ("low_id", _LOW),
        ("high_id", _HIGH),
        ("said", _SAID),
        (
            "household_act",
            f"""CASE WHEN s.household_code IS NOT NULL AND ({_FREE.format(client="r_client_id.id")}
                OR {_FREE.format(client="r_other_id.id")}) THEN 'j' END""",
        ),
    )
    writes = (
        Write("client_id", "client_number", value="p.low_id", only_new=True),
        Write("other_id", "related_client_number", value="p.high_id", only_new=True),
        Write("kind", "relation", value="p.said", only_new=True),
    )
    inserts = {"person": "''"}
    checks = (
        Check("related_client_number", "p.client_id = p.other_id", _("is the client itself")),
        Check(
            "household_code",
            f"s.household_code IS NOT NULL AND (s.client_number IN ({_TORN}) OR s.related_client_number IN ({_TORN}))",
            _("names a client whom the file puts into another household as well"),
            needs=("household_code",),
        ),
    )
    undo_models = (Relation, Household, HouseholdMember)
    ledgers = {"clients_factchange": OWN}
    shown = ("client_number", "related_client_number", "relation", "household_code")

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list]:
        place = [column.name for column in cls.columns].index("relation")
        return lambda values: [inverse_of(values[place])]

    @classmethod
    def match(cls) -> str:
        return f"t.client_id = {_LOW} AND t.other_id = {_HIGH} AND t.kind = {_SAID}"

    @classmethod
    def acts(cls, scope: Scope) -> list[str]:
        return ["household_act"]

    @classmethod
    def older(cls, scope: Scope) -> str:
        return "false"  # what is known is never overwritten

    @classmethod
    def keeps_coverage(cls) -> bool:
        return False

    @classmethod
    def settling(cls, scope: Scope) -> list[str]:
        """A relation that the file says from both ends is made once."""
        return [
            f"""
            UPDATE {scope.plan} p SET target_id = q.first_id,
                act = CASE WHEN p.household_act IS NULL THEN '=' ELSE 'u' END
            FROM (
                SELECT row_no, row_number() OVER pair AS place, first_value(target_id) OVER pair AS first_id
                FROM {scope.plan} WHERE act = 'c'
                WINDOW pair AS (PARTITION BY low_id, high_id, said ORDER BY row_no)
            ) q WHERE q.row_no = p.row_no AND q.place > 1
            """
        ]

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        entry = change(
            scope,
            client="e.client_id",
            fact_type=format(types_by_code("relation")["relation"], "d"),
            slot="'relation/' || p.target_id",
            new=sql_hash("p.said || '/' || k.number"),
        )
        found = [
            cls.insert_sql(scope),
            f"""
            {LEDGER}
            SELECT {entry} FROM {scope.plan} p JOIN clients_client k ON k.id = p.high_id
            CROSS JOIN LATERAL (VALUES (p.low_id), (p.high_id)) e (client_id)
            WHERE p.act = 'c' ORDER BY p.target_id, e.client_id
            """,
        ]
        return [*found, *_household_sql(scope)] if scope.has("household_code") else found

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        """Both files learnt of it; history keeps the one where the row stands."""
        reverse(undoing, Relation, "'relation/' || u.id", clients=("client_id", "other_id"))


def _household_sql(scope: Scope) -> list[str]:
    """Households by their code, named after the client of their first row, who heads a new one."""
    joining = f"""{scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
        WHERE p.act IN ('c', 'u') AND p.household_act = 'j'"""
    roles = " ".join(f"WHEN '{kind}' THEN '{role}'" for kind, role in ROLES.items())
    return [
        f"""
        INSERT INTO clients_household (code, name)
        SELECT q.household_code, left(k.name, 120) FROM (
            SELECT DISTINCT ON (s.household_code) s.household_code, p.client_id
            FROM {joining} ORDER BY s.household_code, p.row_no
        ) q JOIN clients_client k ON k.id = q.client_id
        ON CONFLICT (code) DO NOTHING
        """,
        f"""
        WITH named AS (
            SELECT h.id AS household_id, p.row_no, p.client_id, p.other_id, s.relation,
                first_value(p.client_id) OVER (PARTITION BY h.id ORDER BY p.row_no) AS first_id,
                EXISTS (SELECT 1 FROM clients_householdmember m WHERE m.household_id = h.id AND m.role = 'head')
                    AS has_head
            FROM (SELECT p.*, s.household_code FROM {joining}) p
            JOIN {scope.stage} s ON s.row_no = p.row_no
            JOIN clients_household h ON h.code = p.household_code
        ), people AS (
            SELECT n.household_id, n.client_id, n.row_no, 0 AS place,
                CASE WHEN n.client_id = n.first_id AND NOT n.has_head THEN 'head' ELSE 'other' END AS role
            FROM named n
            UNION ALL
            SELECT n.household_id, n.other_id, n.row_no, 1,
                CASE WHEN n.client_id = n.first_id AND NOT n.has_head
                    THEN CASE n.relation {roles} ELSE 'other' END ELSE 'other' END
            FROM named n WHERE n.other_id <> n.first_id OR n.has_head
        )
        INSERT INTO clients_householdmember (household_id, client_id, person, role)
        SELECT DISTINCT ON (m.client_id) m.household_id, m.client_id, '', m.role FROM people m
        WHERE {_FREE.format(client="m.client_id")}
        ORDER BY m.client_id, m.role = 'other', m.row_no, m.place
        """,
    ]
