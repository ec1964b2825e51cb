"""Contacts made elsewhere. They are no new information and no recording delay (`is_imported`).

An interest voiced in one becomes an opportunity. Its next step falls due FOLLOW_UP_DAYS after the contact,
also where that day is long past: it is then overdue among the opportunities, but only a step that is still
to come is an action on Today, or years of contacts brought in at once would flood it. From then on the
opportunity is staff's: later files leave it alone.
"""

from collections.abc import Callable
from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from clients.models import Channel
from corebanking.cells import Code, Moment, Number, OneOf, Text, Whole, is_local
from corebanking.kinds.base import Change, Check, Column, Kind, Ref, Scope, Undoing, Write
from corebanking.kinds.portfolio import CLIENT
from corebanking.mapping import Mapping
from interactions.models import Action, Contact, ContactNote, Opportunity
from interactions.services import refresh_cadence
from portfolio.models import Product


def _moment(column: str) -> str:
    """A time of the file; without an offset it is the time at the client's branch."""
    return f"""
        CASE WHEN s.{column}_is_local
            THEN s.{column}::timestamp AT TIME ZONE COALESCE(r_branch.time_zone, 'UTC')
            ELSE s.{column}::timestamptz END
    """


# Stages `r` that an undone import wrote: the first one, and the end where the client's file is closed.
STAGES = """(r.at = %(at)s OR NOT EXISTS (
    SELECT 1 FROM interactions_stagechange b WHERE b.opportunity_id = r.opportunity_id AND b.id < r.id))"""


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
    derived = (("occurred_at_is_local", "boolean"), ("recorded_at_is_local", "boolean"))
    refs = (
        CLIENT,
        Ref("staff_number", "staff_id", "staff_user", "staff_number", _("unknown staff number")),
        Ref("theme", "theme_id", "clients_theme", "code", _("unknown theme")),
    )
    plan_joins = """
        LEFT JOIN staff_branch r_branch ON r_branch.id = r_client_id.branch_id
        LEFT JOIN interactions_contactnote n ON n.contact_id = t.id
        LEFT JOIN portfolio_product r_product ON r_product.code = s.interest_product_code
    """
    plan_columns = (
        ("occurred_at", _moment("occurred_at")),
        ("recorded_at", _moment("recorded_at")),
        ("note_id", "n.id"),
        ("note_differs", "s.note IS NOT NULL AND n.text IS DISTINCT FROM s.note"),
        ("was_client_id", "t.client_id"),
        ("product_id", "r_product.id"),
        (
            "interest_act",
            """CASE WHEN (s.interest_product_code IS NOT NULL OR s.interest_amount > 0) AND NOT EXISTS (
                SELECT 1 FROM interactions_opportunity o WHERE o.contact_id = t.id) THEN 'i' END""",
        ),
        ("occurred_on", f"({_moment('occurred_at')} AT TIME ZONE COALESCE(r_branch.time_zone, 'UTC'))::date"),
        ("today", "(now() AT TIME ZONE r_branch.time_zone)::date"),
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
            "s.interest_product_code IS NOT NULL AND p.product_id IS NULL",
            _("unknown product"),
            needs=("interest_product_code",),
        ),
    )
    undo_models = (Contact, ContactNote, Action, Opportunity)
    ledgers = {"interactions_stagechange": STAGES}
    shown = ("contact_number", "client_number", "staff_number", "occurred_at", "channel", "result")

    @classmethod
    def deriver(cls, mapping: Mapping, present: frozenset[str]) -> Callable[[list], list]:
        place = {column.name: index for index, column in enumerate(cls.columns)}
        occurred, recorded = place["occurred_at"], place["recorded_at"]
        return lambda values: [is_local(values[occurred]), is_local(values[recorded])]

    @classmethod
    def differs(cls, scope: Scope) -> str:
        test = super().differs(scope)
        test = test.replace("m.occurred_at", f"({_moment('occurred_at')})")
        test = test.replace("m.recorded_at", f"({_moment('recorded_at')})")
        return f"{test} OR (s.note IS NOT NULL AND n.text IS DISTINCT FROM s.note)"

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
            *_interests(scope),
            f"""
            INSERT INTO interactions_contactnote (contact_id, text)
            SELECT p.target_id, s.note FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            WHERE p.act IN ('c', 'u') AND p.note_differs AND p.note_id IS NULL
            """,
            f"""
            UPDATE interactions_contactnote n SET text = s.note
            FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            WHERE p.act = 'u' AND p.note_differs AND n.id = p.note_id
            """,
        ]

    @classmethod
    def acts(cls, scope: Scope) -> list[str]:
        return ["interest_act"]

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
    def before_undo(cls, undoing: Undoing) -> None:
        """The stages of opportunities that go: nothing can be said of what never was; history keeps the rows."""
        with connection.cursor() as cursor, pgtrigger.ignore("interactions.StageChange:append_only"):
            cursor.execute(
                f"DELETE FROM interactions_stagechange r USING {undoing.table(Opportunity)} u"
                " WHERE u.made AND r.opportunity_id = u.id"
            )

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


def _interests(scope: Scope) -> list[str]:
    """Interests as opportunities in their first stage, with the action of a next step that is still to come.

    An amount without a product is an interest in something else, in the currency in which the client has
    most positions. Where the client's file is closed the opportunity is lost at once.
    """
    if not (scope.has("interest_product_code") or scope.has("interest_amount")):
        return []
    scope.words |= {
        "other": str(Product.Kind.OTHER.label),
        "closed": _now("The client's file was closed."),
        "currency": settings.REPORTING_CURRENCY,
    }
    return [
        f"""
        WITH voiced AS MATERIALIZED (
            SELECT p.target_id AS contact_id, p.client_id, p.staff_id, p.product_id, p.occurred_at, p.today,
                p.occurred_on + {settings.FOLLOW_UP_DAYS:d} AS next_on,
                k.status IN ('closed', 'deceased') AS is_closed,
                NULLIF(s.interest_amount, 0) AS amount, o.name, COALESCE(o.kind, 'other') AS kind,
                CASE WHEN s.interest_amount > 0 THEN COALESCE(o.currency, (
                    SELECT h.currency FROM portfolio_holding h WHERE h.client_id = p.client_id AND h.status = 'open'
                    GROUP BY h.currency ORDER BY count(*) DESC, h.currency LIMIT 1
                ), %(currency)s) ELSE '' END AS currency
            FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
            JOIN clients_client k ON k.id = p.client_id
            LEFT JOIN portfolio_product o ON o.id = p.product_id
            WHERE p.act IN ('c', 'u') AND p.interest_act = 'i'
        ), steps AS (
            INSERT INTO interactions_action (client_id, theme_id, channel, opens_on, due_on, origin, state, source,
                about, amount, currency, cost_currency, reason, from_contact_id, created_by_id, created_at)
            SELECT v.client_id, t.id, 'call', v.next_on, v.next_on, 'next_step', 'planned', 'next_step',
                COALESCE(v.name, %(other)s), v.amount, v.currency, '', '', v.contact_id, v.staff_id, now()
            FROM voiced v JOIN clients_theme t ON t.code = 'product'
            WHERE v.next_on >= v.today AND NOT v.is_closed ORDER BY v.contact_id
            RETURNING id, from_contact_id
        ), made AS (
            INSERT INTO interactions_opportunity (client_id, product_id, kind, amount, currency, stage, next_step,
                next_on, action_id, contact_id, note, raised_at, raised_by_id, suitability_reason, lost_reason,
                closed_at, is_imported)
            SELECT v.client_id, v.product_id, v.kind, v.amount, v.currency,
                CASE WHEN v.is_closed THEN 'lost' ELSE 'interest' END, '', v.next_on, a.id, v.contact_id, '',
                v.occurred_at, v.staff_id, '', CASE WHEN v.is_closed THEN %(closed)s ELSE '' END,
                CASE WHEN v.is_closed THEN now() END, true
            FROM voiced v LEFT JOIN steps a ON a.from_contact_id = v.contact_id ORDER BY v.contact_id
            RETURNING id, raised_at, raised_by_id, closed_at
        )
        INSERT INTO interactions_stagechange (opportunity_id, stage, at, by_id)
        SELECT id, 'interest', raised_at, raised_by_id FROM made
        UNION ALL SELECT id, 'lost', closed_at, raised_by_id FROM made WHERE closed_at IS NOT NULL
        """
    ]
