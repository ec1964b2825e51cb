"""What clients allow and what was agreed with them: events of consent, versions of the contact agreement."""

from collections.abc import Callable

from django.db import connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from clients.followers import rhythm_changed
from clients.models import Channel, Consent, ContactAgreement, CoreValue, Purpose
from clients.services.consents import AGREEMENT_SLOT, FIRST_YEAR
from corebanking.cells import Clock, Code, Day, Moment, OneOf, Several, Text, Whole, YesNo, is_local
from corebanking.kinds.base import CREATE, Change, Check, Column, Kind, Scope, Undoing, Write
from corebanking.kinds.known import BRANCH_JOIN, TODAY
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
from corebanking.refusals import ImportRefused, RowRejected

# A time without an offset is the time at the client's branch. The target is found by it, so no join helps yet.
_AT = """CASE WHEN s.at_is_local
    THEN s.at::timestamp AT TIME ZONE (SELECT b.time_zone FROM staff_branch b WHERE b.id = r_client_id.branch_id)
    ELSE s.at::timestamptz END"""


class Consents(Kind):
    """Events, each kept once: what the client said of a channel and a purpose at a moment."""

    code = "consents"
    label = _("Consents")
    model = Consent
    masks = True
    columns = (
        Column("client_number", Code(40), required=True, key=True),
        Column("channel", OneOf(tuple(Channel.values)), required=True, key=True),
        Column("purpose", OneOf(tuple(Purpose.values)), required=True, key=True),
        Column("granted", YesNo(), required=True),
        Column("at", Moment(), required=True, key=True),
        Column("source", Text(200)),
    )
    # a time is kept as it was written, for whose clock it is told by
    derived = (("at_is_local", "boolean"),)
    refs = (CLIENT,)
    plan_columns = (("at", _AT),)
    writes = (
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("channel", "channel", only_new=True),
        Write("purpose", "purpose", only_new=True),
        Write("granted", "granted", only_new=True),
        Write("at", "at", value="p.at", only_new=True),
        Write("note", "source", only_new=True),
    )
    inserts = {"source": "'import'", "recorded_at": "now()"}
    checks = (
        Check("at", "p.at > now() + interval '5 minutes'", _("lies in the future")),
        Check("at", f"p.at < '{FIRST_YEAR}-01-01'", _("is a date out of all bounds")),
    )
    shown = ("client_number", "channel", "purpose", "granted", "at")

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list]:
        place = [column.name for column in cls.columns].index("at")
        return lambda values: [is_local(values[place])]

    @classmethod
    def match(cls) -> str:
        """The last word of that moment: a consent that an undone import brought was taken back after it."""
        return f"""t.granted = s.granted AND t.id = (
            SELECT k.id FROM clients_consent k WHERE k.client_id = r_client_id.id
            AND k.channel = s.channel AND k.purpose = s.purpose AND k.at = ({_AT})
            ORDER BY k.id DESC LIMIT 1)"""

    @classmethod
    def older(cls, scope: Scope) -> str:
        return "false"  # an event is never overwritten, and an older one that comes late changes no later one

    @classmethod
    def keeps_coverage(cls) -> bool:
        return False

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        """Events stay: messages may have gone out by them. Each gets a later word of its own moment.

        It says what held before; where nothing had ever been said, that it is not allowed.
        """
        if not Consent.objects.filter(source=Consent.Source.IMPORT, recorded_at=undoing.at).exists():
            raise ImportRefused(_now("This import changed nothing, so there is nothing to undo."))
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO clients_consent (client_id, channel, purpose, granted, source, at, by_id, note, recorded_at)
                SELECT c.client_id, c.channel, c.purpose, NOT c.granted, 'import', c.at, %(actor)s::bigint, %(note)s, now()
                FROM clients_consent c
                WHERE c.source = 'import' AND c.recorded_at = %(at)s AND c.granted <> COALESCE((
                    SELECT b.granted FROM clients_consent b
                    WHERE b.client_id = c.client_id AND b.channel = c.channel AND b.purpose = c.purpose
                    AND (b.at, b.id) < (c.at, c.id) AND NOT (b.source = 'import' AND b.recorded_at = %(at)s)
                    ORDER BY b.at DESC, b.id DESC LIMIT 1
                ), false) ORDER BY c.id
                """,
                undoing.names | {"note": _now("The import was undone.")[:200]},
            )


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The agreed terms as clients.services.consents.agreement_text writes them; the file says nothing of themes.
_TERMS = """(COALESCE({t}.interval_days::text, '') || '|' || array_to_string({t}.channels, ',') || '|' || {themes}
    || '|' || array_to_string({t}.weekdays, ',') || '|'
    || COALESCE(left({t}.from_time::text, 5) || '-' || left({t}.to_time::text, 5), '')
    || '|' || COALESCE(NULLIF({t}.minutes, 0)::text, ''))"""
TERMS = _TERMS.replace("{themes}", "array_to_string({t}.themes, ',')")
TERMS_OF_FILES = _TERMS.replace("{themes}", "''")


class Agreements(Kind):
    """Versions by the day on which the client approved them; an earlier one than the last changes nothing."""

    code = "agreements"
    label = _("Contact agreements")
    model = ContactAgreement
    masks = True
    columns = (
        Column("client_number", Code(40), required=True, key=True),
        Column("approved_on", Day(), required=True, key=True),
        Column("interval_days", Whole(1, 1100)),
        Column("channels", Several(tuple(Channel.values))),
        Column("weekdays", Several(WEEKDAYS, tuple("0123456"))),
        Column("from_hour", Clock()),
        Column("to_hour", Clock()),
        Column("minutes", Whole(1, 1440)),
        Column("how", Text(120)),
    )
    derived = (("terms", "text"),)
    refs = (CLIENT,)
    plan_joins = BRANCH_JOIN
    plan_columns = (
        TODAY,
        (
            "core_act",
            """CASE WHEN t.id IS NULL THEN 'd'
                     WHEN t.approved_on = s.approved_on AND t.to_on IS NULL THEN """
            + core_act(
                same=f"{TERMS_OF_FILES.format(t='t')} = s.terms",
                field="'agreement'",
                value="s.terms",
                client="t.client_id",
            )
            + " END",
        ),
    )
    writes = (
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("approved_on", "approved_on", only_new=True),
        Write("interval_days", "interval_days", new="NULL", only_new=True),
        Write("channels", "channels", new="'{}'", only_new=True),
        Write("weekdays", "weekdays", value="s.weekdays::smallint[]", new="'{}'", only_new=True),
        Write("from_time", "from_hour", new="NULL", only_new=True),
        Write("to_time", "to_hour", new="NULL", only_new=True),
        Write("minutes", "minutes", new="NULL", only_new=True),
        Write("how", "how", only_new=True),
    )
    checks = (Check("approved_on", "s.approved_on > p.today", _("lies in the future")),)
    undo_models = (ContactAgreement, CoreValue)
    ledgers = {"clients_factchange": OWN}
    shown = ("client_number", "approved_on", "interval_days", "channels", "weekdays", "from_hour", "to_hour")

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list]:
        place = {column.name: index for index, column in enumerate(cls.columns)}
        names = ("interval_days", "channels", "weekdays", "from_hour", "to_hour", "minutes")
        places = [place[name] for name in names]

        def derive(values: list) -> list:
            interval, channels, weekdays, start, end, minutes = (values[place] for place in places)
            if (start is None) != (end is None):
                raise _rejected("to_hour", _now("needs both hours, or none"))
            if start is not None and start >= end:
                raise _rejected("to_hour", _now("is not after the first hour"))
            listed = ",".join(sorted(channels[1:-1].split(","))) if channels else ""
            if channels:
                values[places[1]] = "{" + listed + "}"
            days = weekdays[1:-1] if weekdays else ""
            hours = f"{start}-{end}" if start else ""
            numbers = [str(int(number)) if number else "" for number in (interval, minutes)]
            return ["|".join((numbers[0], listed, "", days, hours, numbers[1]))]

        return derive

    @classmethod
    def match(cls) -> str:
        """The version of that day; else the last one that came after it or held longer."""
        return """t.id = (
            SELECT k.id FROM clients_contactagreement k WHERE k.client_id = r_client_id.id
            AND (k.approved_on = s.approved_on OR COALESCE(k.to_on, k.approved_on) > s.approved_on)
            ORDER BY k.approved_on <> s.approved_on, k.approved_on DESC, k.id DESC LIMIT 1)"""

    @classmethod
    def older(cls, scope: Scope) -> str:
        return f"t.approved_on <> s.approved_on OR t.to_on IS NOT NULL OR COALESCE({super().older(scope)}, false)"

    @classmethod
    def acts(cls, scope: Scope) -> list[str]:
        return ["core_act"]

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        staged = f"{scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no"
        found = []
        if CREATE in scope.acts:
            entry = change(
                scope,
                client="q.client_id",
                fact_type=format(types_by_code("agreement")["agreement"], "d"),
                slot=f"'{AGREEMENT_SLOT}'",
                old="q.was",
                new="q.becomes",
            )
            found = [
                f"""
                {LEDGER}
                SELECT {entry} FROM (
                    SELECT p.client_id, s.approved_on, {sql_hash("s.terms")} AS becomes, COALESCE(
                        lag({sql_hash("s.terms")}) OVER (PARTITION BY p.client_id ORDER BY s.approved_on),
                        {sql_hash(TERMS.format(t="o"))}, '') AS was
                    FROM {staged}
                    LEFT JOIN clients_contactagreement o ON o.client_id = p.client_id AND o.to_on IS NULL
                    WHERE p.act = 'c'
                ) q WHERE q.was <> q.becomes ORDER BY q.client_id, q.approved_on
                """,
                f"""
                UPDATE clients_contactagreement o SET to_on = q.approved_on
                FROM (SELECT p.client_id, min(s.approved_on) AS approved_on
                      FROM {staged} WHERE p.act = 'c' GROUP BY 1) q
                WHERE o.client_id = q.client_id AND o.to_on IS NULL
                """,
                cls.insert_sql(scope),
            ]
        return [*found, *core_values(scope, field="'agreement'", value="s.terms")]

    @classmethod
    def insert_sql(cls, scope: Scope) -> str:
        values = {write.target: cls._new_value(write, scope) for write in cls.writes}
        actor = scope.params.get("actor_id")
        values |= {
            "to_on": "lead(s.approved_on) OVER (PARTITION BY p.client_id ORDER BY s.approved_on)",
            "themes": "'{}'",
            "recorded_by_id": "NULL" if actor is None else format(actor, "d"),
        }
        return f"""
            INSERT INTO {cls.table()} (id, {", ".join(values)})
            SELECT p.target_id, {", ".join(values.values())}
            FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            WHERE p.act = 'c' ORDER BY p.target_id
        """

    @classmethod
    def changes(cls, scope: Scope) -> list[Change]:
        found = {
            "interval_days": "t.interval_days::text",
            "channels": "array_to_string(t.channels, ', ')",
            "weekdays": "array_to_string(t.weekdays, ', ')",
            "from_hour": "t.from_time::text",
            "to_hour": "t.to_time::text",
            "minutes": "t.minutes::text",
        }
        return [Change(column, old, "false", "p.core_act = 'v'") for column, old in found.items()]

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""

    @classmethod
    def finish(cls, scope: Scope) -> None:
        """An agreed interval takes the place of the tier's: the next due day follows."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT client_id FROM {scope.plan} WHERE act = 'c'")
            rhythm_changed([row[0] for row in cursor.fetchall()])

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        hashed = sql_hash(TERMS.format(t="e"))
        reverse(undoing, ContactAgreement, f"'{AGREEMENT_SLOT}' AND r.new_hash = {hashed}")

    @classmethod
    def after_undo(cls, undoing: Undoing) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT DISTINCT e.client_id FROM {undoing.table(ContactAgreement)} u
                JOIN {undoing.history(ContactAgreement)} e ON e.pgh_id = u.last
                """
            )
            rhythm_changed([row[0] for row in cursor.fetchall()])


def _rejected(column: str, reason: str) -> RowRejected:
    rejected = RowRejected(reason)
    rejected.column = column
    return rejected
