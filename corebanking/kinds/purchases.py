"""Purchases: one sale as it was booked, never overwritten; a reversal points at what it reverses."""

from decimal import Decimal
from typing import ClassVar

from django.db import connection
from django.utils.translation import gettext_lazy as _

from corebanking.cells import Code, Day, Money, Number
from corebanking.kinds.base import Check, Column, Kind, Ref, Scope, Undoing, Write
from corebanking.kinds.portfolio import CLIENT
from portfolio.limits import note_by_purchases
from portfolio.models import Purchase

# What a later file may still add where nothing stands: the target's column, by the file's.
FILLED = {
    "units": "units",
    "unit_price": "unit_price",
    "expected_return": "expected_return",
    "stop_loss": "stop_loss",
    "take_profit": "take_profit",
    "seller_staff_number": "seller_id",
    "campaign_code": "campaign_code",
}
_FIXED = {
    "client_number": ("client_id", "p.client_id"),
    "product_code": ("product_id", "p.product_id"),
    "bought_on": ("bought_on", "s.bought_on"),
    "amount": ("amount", "s.amount"),
    "currency": ("currency", "s.currency"),
}
BACK = "reverses_purchase_number"
OTHERWISE = _("stands otherwise in the bank, and a purchase is never overwritten: reverse it")


def _of_file(column: str) -> str:
    return "p.seller_id" if column == "seller_staff_number" else f"s.{column}"


def _stands(test: str) -> str:
    """A check on rows that are known, and that no newer export has overtaken."""
    return f"p.act <> 'o' AND EXISTS (SELECT 1 FROM portfolio_purchase t WHERE t.id = p.target_id AND {test})"


class Purchases(Kind):
    """A known number may be filled where it is empty; a row that says otherwise is rejected."""

    code = "purchases"
    label = _("Purchases")
    model = Purchase
    key = "number"
    masks = True
    columns = (
        Column("purchase_number", Code(40), required=True, key=True),
        Column("client_number", Code(40), required=True),
        Column("product_code", Code(40), required=True),
        Column("bought_on", Day(), required=True),
        Column("amount", Number(16, 2, Decimal("0.01")), required=True),
        Column("currency", Money(), required=True),
        Column("units", Number(14, 6)),
        Column("unit_price", Number(12, 6)),
        Column("expected_return", Number(3, 6)),
        Column("stop_loss", Number(12, 6)),
        Column("take_profit", Number(12, 6)),
        Column("seller_staff_number", Code(20)),
        Column("campaign_code", Code(40)),
        Column("reverses_purchase_number", Code(40)),
    )
    refs = (
        CLIENT,
        Ref("product_code", "product_id", "portfolio_product", "code", _("unknown product")),
        Ref("seller_staff_number", "seller_id", "staff_user", "staff_number", _("unknown staff number")),
    )
    plan_joins = "LEFT JOIN portfolio_purchase r_back ON r_back.number = s.reverses_purchase_number"
    plan_columns = (
        ("back_id", "r_back.id"),
        ("back_client_id", "r_back.client_id"),
        ("back_reverses", "r_back.reverses_id IS NOT NULL"),
        ("back_row_no", "NULL::bigint"),
    )
    writes = (
        Write("number", "purchase_number", only_new=True),
        *(Write(target, column, value=value, only_new=True) for column, (target, value) in _FIXED.items()),
        *(
            Write(
                target,
                column,
                value="r_seller_id.id" if column == "seller_staff_number" else "",
                new="''" if column == "campaign_code" else "NULL",
            )
            for column, target in FILLED.items()
        ),
        Write("reverses_id", "reverses_purchase_number", value="p.back_id", new="NULL", only_new=True),
    )
    inserts = {"risk_profile": "(SELECT k.risk_profile FROM clients_client k WHERE k.id = p.client_id)"}
    checks = (
        *(
            Check(column, _stands(f"t.{target} <> {value}"), OTHERWISE)
            for column, (target, value) in _FIXED.items()
        ),
        *(
            Check(
                column,
                _stands(f"COALESCE(t.{target}::text, '') <> '' AND t.{target} <> {_of_file(column)}"),
                OTHERWISE,
                needs=(column,),
            )
            for column, target in FILLED.items()
        ),
        Check(
            "take_profit",
            "s.take_profit <= s.stop_loss",
            _("is not above the loss limit"),
            needs=("stop_loss", "take_profit"),
        ),
        Check(
            "take_profit",
            _stands("s.take_profit <= t.stop_loss"),
            _("is not above the loss limit"),
            needs=("take_profit",),
        ),
        Check(
            "stop_loss",
            _stands("s.stop_loss >= t.take_profit"),
            _("is not below the gain limit"),
            needs=("stop_loss",),
        ),
        *(
            Check(BACK, when, reason, needs=(BACK,))
            for when, reason in (
                (
                    f"s.{BACK} IS NOT NULL AND p.back_id IS NULL",
                    _("unknown purchase, here and in the file"),
                ),
                ("p.back_id = p.target_id", _("is the purchase itself")),
                ("p.back_client_id <> p.client_id", _("is a purchase of another client")),
                ("p.back_id IS NOT NULL AND p.back_reverses", _("is a reversal itself")),
                (
                    """p.back_id IS NOT NULL AND EXISTS (
                        SELECT 1 FROM portfolio_purchase t
                        WHERE t.reverses_id = p.back_id AND t.id <> p.target_id)""",
                    _("is reversed by another one already"),
                ),
                (
                    f"""s.{BACK} IS NOT NULL AND EXISTS (
                        SELECT 1 FROM {{stage}} o WHERE o.{BACK} = s.{BACK} AND o.row_no <> s.row_no)""",
                    _("is reversed by another row of the file as well"),
                ),
                (
                    _stands(f"s.{BACK} IS NOT NULL AND t.reverses_id IS DISTINCT FROM p.back_id"),
                    OTHERWISE,
                ),
            )
        ),
        Check(
            BACK,
            "EXISTS (SELECT 1 FROM {rejects} x WHERE x.row_no = p.back_row_no)",
            _("is a row of the file that cannot be taken"),
            needs=(BACK,),
            repeats=True,
        ),
    )
    undo_models = (Purchase,)
    ledgers: ClassVar = {"portfolio_limitcrossing": "true"}  # before_undo takes them
    shown = ("purchase_number", "client_number", "product_code", "bought_on", "amount", "currency")

    @classmethod
    def linking(cls, scope: Scope) -> list[str]:
        """A reversal may name a purchase of its own file, which has no row in the bank yet."""
        if not scope.has(BACK):
            return []
        return [
            f"""
            UPDATE {scope.plan} p SET back_id = b.target_id, back_client_id = b.client_id, back_row_no = b.row_no,
                back_reverses = o.{BACK} IS NOT NULL
            FROM {scope.stage} s JOIN {scope.stage} o ON o.purchase_number = s.{BACK}
            JOIN {scope.plan} b ON b.row_no = o.row_no
            WHERE s.row_no = p.row_no
            """
        ]

    @classmethod
    def written(cls, write: Write, *, now: str) -> str:
        """What stands, stands; a file fills what is empty."""
        if write.new == "''":
            return f"COALESCE(NULLIF({now}, ''), {write.expression}, '')"
        return f"COALESCE({now}, {write.expression})"

    @classmethod
    def finish(cls, scope: Scope) -> None:
        """A purchase may come after the prices that crossed its limits; a reversed one has none."""
        note_by_purchases(
            f"""SELECT p.target_id FROM {scope.plan} p WHERE p.act IN ('c', 'u')
                UNION SELECT p.back_id FROM {scope.plan} p WHERE p.act = 'c' AND p.back_id IS NOT NULL"""
        )

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        """What was crossed goes with its purchase."""
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS undo_looked_at")
            cursor.execute(
                f"""CREATE TEMP TABLE undo_looked_at ON COMMIT DROP AS
                    SELECT coalesce(q.reverses_id, q.id) AS id FROM portfolio_purchase q
                    JOIN {undoing.table(Purchase)} u ON u.id = q.id"""
            )
            cursor.execute(
                f"""DELETE FROM portfolio_limitcrossing c USING {undoing.table(Purchase)} u
                    WHERE u.made AND c.purchase_id = u.id"""
            )

    @classmethod
    def after_undo(cls, undoing: Undoing) -> None:
        note_by_purchases("SELECT id FROM undo_looked_at")

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""  # an export holds the sales of some days
