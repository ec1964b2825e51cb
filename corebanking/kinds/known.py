"""What is known about clients: facts, and dates that come back.

The CRM owns both (domain.md): a file fills only what is empty. Of a fact type that may be several, a further
value is a further row; of any other a different value is kept beside ours as "core says".
"""

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from clients.models import CoreValue, DatedFact, Fact
from clients.services.known import DATE_CODES, FACT_LENGTH, OF_ANOTHER
from common.text import fold
from corebanking.cells import Code, ComingBack, Day, OneOf, Text
from corebanking.kinds.base import CREATE, UPDATE, Change, Check, Column, Kind, Ref, Scope, Undoing, Write
from corebanking.kinds.clients.deriving import birth_parts
from corebanking.kinds.clients.names import BIRTH
from corebanking.kinds.ledger import (
    LEDGER,
    OWN,
    change,
    core_act,
    core_values,
    reverse,
    sql_hash,
    types_by_code,
)
from corebanking.kinds.portfolio import CLIENT
from corebanking.mapping import Mapping

BRANCH_JOIN = "LEFT JOIN staff_branch r_branch ON r_branch.id = r_client_id.branch_id"
TODAY = ("today", "(now() AT TIME ZONE r_branch.time_zone)::date")
# What common.text.fold does, near enough for comparing; the same text always counts as the same.
FOLDED = r"regexp_replace(lower(normalize({value}, NFKD)), '[\u0300-\u036f]', '', 'g')"


class Facts(Kind):
    code = "facts"
    label = _("Facts")
    model = Fact
    masks = True
    columns = (
        Column("client_number", Code(40), required=True, key=True),
        Column("fact_type", Code(40), required=True, key=True),
        Column("value", Text(FACT_LENGTH, folds_breaks=True), required=True, key=True),
        Column("learnt_on", Day()),
    )
    derived = (("folded", "text"),)
    refs = (CLIENT, Ref("fact_type", "type_id", "clients_facttype", "code", _("unknown kind of fact")))
    plan_joins = BRANCH_JOIN
    plan_columns = (
        TODAY,
        ("is_many", "r_type_id.is_many"),
        ("lives_in", "r_type_id.lives_in"),
        (
            "core_act",
            "CASE WHEN t.id IS NOT NULL AND NOT r_type_id.is_many THEN "
            + core_act(
                same=f"(t.value = s.value OR {FOLDED.format(value='t.value')} = s.folded)",
                field="s.fact_type",
                value="s.value",
                client="t.client_id",
            )
            + " END",
        ),
    )
    writes = (
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("type_id", "fact_type", value="r_type_id.id", only_new=True),
        Write("value", "value", only_new=True),
        Write("learnt_on", "learnt_on", new="NULL", only_new=True),
    )
    inserts = {"currency": "''"}
    checks = (
        Check("fact_type", "p.lives_in <> 'fact'", _("is not kept as a fact; it has a file of its own")),
        Check(
            "value",
            """NOT p.is_many AND EXISTS (
                SELECT 1 FROM {stage} o WHERE o.client_number = s.client_number
                AND o.fact_type = s.fact_type AND o.folded <> s.folded)""",
            _("stands beside another value in the file, and of this kind of fact there is one"),
        ),
        Check("learnt_on", "s.learnt_on > p.today", _("lies in the future"), needs=("learnt_on",)),
    )
    undo_models = (Fact, CoreValue)
    ledgers = {"clients_factchange": OWN}
    shown = ("client_number", "fact_type", "value")

    @classmethod
    def key_columns(cls) -> tuple[str, ...]:
        """Written with another case or accent it is the same value."""
        return ("client_number", "fact_type", "folded")

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list]:
        place = [column.name for column in cls.columns].index("value")
        return lambda values: [fold(values[place])]

    @classmethod
    def match(cls) -> str:
        return f"""t.id = (
            SELECT k.id FROM clients_fact k WHERE k.client_id = r_client_id.id AND k.type_id = r_type_id.id
            AND (NOT r_type_id.is_many OR k.value = s.value OR {FOLDED.format(value="k.value")} = s.folded)
            ORDER BY k.value <> s.value, k.id LIMIT 1)"""

    @classmethod
    def acts(cls, scope: Scope) -> list[str]:
        return ["core_act"]

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        found = []
        if CREATE in scope.acts:
            entry = change(
                scope,
                client="p.client_id",
                fact_type="p.type_id",
                slot="'fact/' || p.target_id",
                new=sql_hash("s.value"),
            )
            found += [cls.insert_sql(scope), _ledger_sql(scope, entry)]
        if UPDATE in scope.acts:
            found += core_values(scope, field="s.fact_type", value="s.value")
        return found

    @classmethod
    def changes(cls, scope: Scope) -> list[Change]:
        return [Change("value", "t.value", "false", "p.core_act = 'v'")]

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        reverse(undoing, Fact, "'fact/' || u.id")


def _ledger_sql(scope: Scope, entry: str) -> str:
    """The entries of created rows, in their order."""
    return f"""
        {LEDGER}
        SELECT {entry}
        FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
        WHERE p.act = 'c' ORDER BY p.target_id
    """


_SAME_DATE = " AND ".join(f"t.{part} IS NOT DISTINCT FROM s.{part}" for part in BIRTH)
DATE_FIELD = "'dated_fact/' || {id}"  # of "core says": the row that it is about


class DatedFacts(Kind):
    """Dates that come back, of the client or (`person`) of somebody close; one of a kind and person."""

    code = "dated_facts"
    label = _("Dates that come back")
    model = DatedFact
    masks = True
    columns = (
        Column("client_number", Code(40), required=True, key=True),
        Column("kind", OneOf(tuple(DatedFact.Kind.values)), required=True, key=True),
        Column("date", ComingBack(), required=True),
        Column("person", Text(120), key=True),
    )
    derived = (
        ("calendar", "text"),
        ("year", "smallint"),
        ("month", "smallint"),
        ("day", "smallint"),
        ("is_leap_month", "boolean"),
    )
    refs = (CLIENT,)
    plan_joins = BRANCH_JOIN
    plan_columns = (
        TODAY,
        (
            "core_act",
            "CASE WHEN t.id IS NOT NULL THEN "
            + core_act(
                same=f"({_SAME_DATE})",
                field=DATE_FIELD.format(id="t.id"),
                value="s.date",
                client="t.client_id",
            )
            + " END",
        ),
    )
    writes = (
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("kind", "kind", only_new=True),
        *(Write(part, "date", value=f"s.{part}", only_new=True) for part in BIRTH),
        Write("person", "person", only_new=True),
    )
    checks = (
        Check(
            "date",
            """s.year > extract(year FROM p.today) OR (s.calendar = 'gregorian' AND s.month IS NOT NULL
               AND (s.year, s.month, s.day) > (extract(year FROM p.today), extract(month FROM p.today),
                   extract(day FROM p.today)))""",
            _("lies in the future"),
        ),
    )
    undo_models = (DatedFact, CoreValue)
    ledgers = {"clients_factchange": OWN}
    shown = ("client_number", "kind", "person", "date")

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list]:
        place = [column.name for column in cls.columns].index("date")
        return lambda values: birth_parts(values[place])

    @classmethod
    def match(cls) -> str:
        return "t.client_id = r_client_id.id AND t.kind = s.kind AND t.person = COALESCE(s.person, '')"

    @classmethod
    def acts(cls, scope: Scope) -> list[str]:
        return ["core_act"]

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        found = []
        if CREATE in scope.acts:
            types = types_by_code(*DATE_CODES.values(), OF_ANOTHER)
            own = " ".join(f"WHEN '{kind}' THEN {types[code]:d}" for kind, code in DATE_CODES.items())
            entry = change(
                scope,
                client="p.client_id",
                fact_type=f"CASE WHEN s.person IS NULL THEN CASE s.kind {own} END ELSE {types[OF_ANOTHER]:d} END",
                slot="'dated_fact/' || p.target_id",
                new=sql_hash("s.date"),
            )
            found += [cls.insert_sql(scope), _ledger_sql(scope, entry)]
        if UPDATE in scope.acts:
            found += core_values(scope, field=DATE_FIELD.format(id="p.target_id"), value="s.date")
        return found

    @classmethod
    def changes(cls, scope: Scope) -> list[Change]:
        return [Change("date", "COALESCE(t.year::text, t.kind)", "false", "p.core_act = 'v'")]

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        reverse(undoing, DatedFact, "'dated_fact/' || u.id")
