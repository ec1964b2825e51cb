"""Contacts made elsewhere. They are no new information and no recording delay (`is_imported`)."""

from collections.abc import Callable
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext_lazy as _

from clients.models import Channel
from corebanking.cells import Code, Moment, Number, OneOf, Text, Whole
from corebanking.kinds.base import Change, Check, Column, Kind, Ref, Scope, Undoing, Write
from corebanking.kinds.portfolio import CLIENT
from corebanking.mapping import Mapping
from interactions.models import Contact, ContactNote
from interactions.services import refresh_cadence


def _moment(column: str) -> str:
    """A time of the file; without an offset it is the time at the client's branch."""
    return f"""
        CASE WHEN s.{column}_is_local
            THEN s.{column}::timestamp AT TIME ZONE COALESCE(r_branch.time_zone, 'UTC')
            ELSE s.{column}::timestamptz END
    """


class Contacts(Kind):
    code = "contacts"
    label = _("Contacts")
    model = Contact
    key = "number"
    masks = True
    columns = (
        Column("contact_number", Code(60), required=True, key=True),
        Column("client_number", Code(40), required=True),
        Column("staff_number", Code(20), required=True),
        Column("occurred_at", Moment(), required=True),
        Column("recorded_at", Moment()),
        Column("channel", OneOf(tuple(Channel.values)), required=True),
        Column("direction", OneOf(tuple(Contact.Direction.values))),
        Column("duration_seconds", Whole(0, 604_800)),
        Column("theme", Code(30)),
        Column("result", OneOf(tuple(Contact.Result.values)), required=True),
        Column("campaign_code", Code(40)),
        Column("note", Text(7_000, lines=True)),
        Column("interest_product_code", Code(40)),
        Column("interest_amount", Number(16, 2, Decimal(0))),
    )
    derived = (("occurred_at_is_local", "boolean"), ("recorded_at_is_local", "boolean"), ("words", "text"))
    refs = (
        CLIENT,
        Ref("staff_number", "staff_id", "staff_user", "staff_number", _("unknown staff number")),
        Ref("theme", "theme_id", "clients_theme", "code", _("unknown theme")),
    )
    plan_joins = """
        LEFT JOIN staff_branch r_branch ON r_branch.id = r_client_id.branch_id
        LEFT JOIN interactions_contactnote n ON n.contact_id = t.id
    """
    plan_columns = (
        ("occurred_at", _moment("occurred_at")),
        ("recorded_at", _moment("recorded_at")),
        ("note_id", "n.id"),
        ("note_differs", "s.words IS NOT NULL AND n.text IS DISTINCT FROM s.words"),
        ("was_client_id", "t.client_id"),
    )
    writes = (
        Write("number", "contact_number", only_new=True),
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("staff_id", "staff_number", value="r_staff_id.id"),
        Write("occurred_at", "occurred_at", value="m.occurred_at"),
        Write("recorded_at", "recorded_at", value="m.recorded_at", new="m.occurred_at"),
        Write("channel", "channel"),
        Write("direction", "direction", new="'out'"),
        Write("duration_seconds", "duration_seconds", new="NULL"),
        Write("theme_id", "theme", value="r_theme_id.id", new="NULL"),
        Write("result", "result"),
        Write("campaign_code", "campaign_code"),
    )
    inserts = {
        "is_imported": "true",
        "participants": "''",
        "effect": "''",
        "repeat_reason": "''",
        "changed_reason": "''",
        "void_reason": "''",
    }
    checks = (
        Check("occurred_at", "p.occurred_at > now() + interval '5 minutes'", _("lies in the future")),
        Check(
            "recorded_at",
            "p.recorded_at + interval '5 minutes' < p.occurred_at",
            _("lies before the contact itself"),
            needs=("recorded_at",),
        ),
        Check(
            "client_number",
            "p.was_client_id IS NOT NULL AND p.client_id IS NOT NULL AND p.was_client_id <> p.client_id",
            _("the contact is known with another client, and that never changes"),
        ),
        Check(
            "interest_product_code",
            """s.interest_product_code IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM portfolio_product o WHERE o.code = s.interest_product_code)""",
            _("unknown product"),
            needs=("interest_product_code",),
        ),
    )
    undo_models = (Contact, ContactNote)
    shown = ("contact_number", "client_number", "staff_number", "occurred_at", "channel", "result")

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list]:
        place = {column.name: index for index, column in enumerate(cls.columns)}
        occurred, recorded = place["occurred_at"], place["recorded_at"]
        note, product, amount = place["note"], place["interest_product_code"], place["interest_amount"]

        def is_local(text: str | None) -> str:
            return "t" if text is not None and "+" not in text and "-" not in text[19:] else "f"

        def derive(values: list) -> list:
            words = values[note]
            if values[product] or values[amount]:
                # kept in words until opportunities have a home
                voiced = f"Interest: {values[product] or ''} {values[amount] or ''}".strip()
                words = f"{words}\n{voiced}" if words else voiced
            return [is_local(values[occurred]), is_local(values[recorded]), words]

        return derive

    @classmethod
    def differs(cls, scope: Scope) -> str:
        test = super().differs(scope)
        test = test.replace("m.occurred_at", f"({_moment('occurred_at')})")
        test = test.replace("m.recorded_at", f"({_moment('recorded_at')})")
        return f"{test} OR (s.words IS NOT NULL AND n.text IS DISTINCT FROM s.words)"

    @classmethod
    def changes(cls, scope: Scope) -> list[Change]:
        note = Change(
            "note", "(SELECT n.text FROM interactions_contactnote n WHERE n.id = p.note_id)", "p.note_differs"
        )
        return [*super().changes(scope), note]

    @classmethod
    def _in_plan(cls, expression: str) -> str:
        return (
            super()
            ._in_plan(expression)
            .replace("m.occurred_at", "p.occurred_at")
            .replace("m.recorded_at", "p.recorded_at")
        )

    @classmethod
    def statements(cls, scope: Scope) -> list[str]:
        return [
            *super().statements(scope),
            f"""
            INSERT INTO interactions_contactnote (contact_id, text)
            SELECT p.target_id, s.words FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            WHERE p.act IN ('c', 'u') AND p.note_differs AND p.note_id IS NULL
            """,
            f"""
            UPDATE interactions_contactnote n SET text = s.words
            FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            WHERE p.act = 'u' AND p.note_differs AND n.id = p.note_id
            """,
        ]

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""

    @classmethod
    def finish(cls, scope: Scope) -> None:
        """Last reached and next due follow, of the clients of the file only."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT DISTINCT client_id FROM {scope.plan} WHERE act IN ('c', 'u')")
            ids = [row[0] for row in cursor.fetchall()]
        for start in range(0, len(ids), 20_000):
            refresh_cadence(ids[start : start + 20_000])

    @classmethod
    def after_undo(cls, undoing: Undoing) -> None:
        """Last reached and next due follow, of the clients of the undone contacts."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT DISTINCT e.client_id FROM {undoing.table(Contact)} u
                JOIN interactions_contactevent e ON e.pgh_id IN (u.before, u.last)
                """
            )
            ids = [row[0] for row in cursor.fetchall()]
        for start in range(0, len(ids), 20_000):
            refresh_cadence(ids[start : start + 20_000])
