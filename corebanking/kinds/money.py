"""The ledgers of money: prices, rates, balances, movements and how clients use the bank's channels."""

from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext_lazy as _

from corebanking.cells import Code, Day, Money, Month, Number, OneOf, Text, Whole, YesNo
from corebanking.kinds.base import Check, Column, Kind, Ref, Scope, Undoing, Write
from corebanking.kinds.portfolio import CLIENT
from portfolio.limits import note_by_prices
from portfolio.models import BalanceSnapshot, ChannelUse, Movement, Price, Rate
from portfolio.standing import reckon_assets

SMALLEST = Decimal("0.000001")


class Ledger(Kind):
    """Rows that are their own history: each says which import wrote it, and only corrections are kept beside."""

    @classmethod
    def inserted(cls, scope: Scope) -> dict[str, str]:
        load = scope.params.get("load")
        return {"load": "NULL::uuid" if load is None else f"'{load}'::uuid"}

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""  # an export holds some days


class Prices(Ledger):
    """Each load notes which limits of purchases were crossed (portfolio.limits)."""

    code = "prices"
    label = _("Prices")
    model = Price
    columns = (
        Column("product_code", Code(40), required=True, key=True),
        Column("date", Day(), required=True, key=True),
        Column("price", Number(12, 6, SMALLEST), required=True),
    )
    refs = (Ref("product_code", "product_id", "portfolio_product", "code", _("unknown product")),)
    writes = (
        Write("product_id", "product_code", value="r_product_id.id", only_new=True),
        Write('"on"', "date", value="s.date", only_new=True),
        Write("price", "price"),
    )
    undo_models = (Price,)
    shown = ("product_code", "date", "price")

    @classmethod
    def match(cls) -> str:
        return 't.product_id = r_product_id.id AND t."on" = s.date'

    @classmethod
    def finish(cls, scope: Scope) -> None:
        _look_at_limits(
            f"""SELECT p.product_id, min(s.date) FROM {scope.stage} s JOIN {scope.plan} p ON p.row_no = s.row_no
                WHERE p.act IN ('c', 'u') GROUP BY p.product_id"""
        )

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        _keep_undone(
            f"""SELECT t.product_id, min(t."on") AS first FROM portfolio_price t
                JOIN {undoing.table(Price)} u ON u.id = t.id GROUP BY t.product_id"""
        )

    @classmethod
    def after_undo(cls, undoing: Undoing) -> None:
        _look_at_limits("SELECT product_id, first FROM undo_looked_at")


def _keep_undone(rows: str) -> None:
    """Keep beside, for after the undoing, whose rows are about to go."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS undo_looked_at")
        cursor.execute(f"CREATE TEMP TABLE undo_looked_at ON COMMIT DROP AS {rows}")


def _look_at_limits(changed: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(changed)
        note_by_prices(dict(cursor.fetchall()))


class Rates(Ledger):
    """Units of a currency for one of the reporting currency."""

    code = "rates"
    label = _("Exchange rates")
    model = Rate
    columns = (
        Column("date", Day(), required=True, key=True),
        Column("currency", Money(), required=True, key=True),
        Column("rate", Number(10, 8, Decimal("0.00000001")), required=True),
    )
    writes = (
        Write('"on"', "date", value="s.date", only_new=True),
        Write("currency", "currency", only_new=True),
        Write("rate", "rate"),
    )
    undo_models = (Rate,)
    shown = ("date", "currency", "rate")

    @classmethod
    def match(cls) -> str:
        return 't.currency = s.currency AND t."on" = s.date'


class Balances(Ledger):
    code = "balances"
    label = _("Balances")
    model = BalanceSnapshot
    masks = True
    columns = (
        Column("client_number", Code(40), required=True, key=True),
        Column("as_of", Day(), required=True, key=True),
        Column("currency", Money(), required=True, key=True),
        Column("deposits", Number(16, 2), required=True),
        Column("investments", Number(16, 2), required=True),
        Column("loans", Number(16, 2)),
    )
    refs = (CLIENT,)
    writes = (
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("as_of", "as_of", only_new=True),
        Write("currency", "currency", only_new=True),
        Write("deposits", "deposits"),
        Write("investments", "investments"),
        Write("loans", "loans", new="0"),
    )
    undo_models = (BalanceSnapshot,)
    shown = ("client_number", "as_of", "currency", "deposits", "investments")

    @classmethod
    def match(cls) -> str:
        return "t.client_id = r_client_id.id AND t.as_of = s.as_of AND t.currency = s.currency"

    @classmethod
    def finish(cls, scope: Scope) -> None:
        reckon_assets(f"SELECT p.client_id FROM {scope.plan} p WHERE p.act IN ('c', 'u')")

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        _keep_undone(
            f"""SELECT DISTINCT t.client_id FROM portfolio_balancesnapshot t
                JOIN {undoing.table(BalanceSnapshot)} u ON u.id = t.id"""
        )

    @classmethod
    def after_undo(cls, undoing: Undoing) -> None:
        reckon_assets("SELECT client_id FROM undo_looked_at")


_FIXED = {
    "client_number": ("client_id", "p.client_id"),
    "booked_on": ("booked_on", "s.booked_on"),
    "amount": ("amount", "s.amount"),
    "currency": ("currency", "s.currency"),
    "direction": ("direction", "s.direction"),
}


class Movements(Ledger):
    """A booked movement is never overwritten: what corrects it is a movement of its own."""

    code = "movements"
    label = _("Movements")
    model = Movement
    key = "number"
    masks = True
    columns = (
        Column("movement_number", Code(40), required=True, key=True),
        Column("client_number", Code(40), required=True),
        Column("booked_on", Day(), required=True),
        Column("amount", Number(16, 2, Decimal("0.01")), required=True),
        Column("currency", Money(), required=True),
        Column("direction", OneOf(tuple(Movement.Direction.values)), required=True),
        Column("counterparty_bank", Text(120)),
        Column("external", YesNo()),
    )
    refs = (CLIENT,)
    writes = (
        Write("number", "movement_number", only_new=True),
        *(Write(target, column, value=value, only_new=True) for column, (target, value) in _FIXED.items()),
        Write("counterparty_bank", "counterparty_bank", only_new=True),
        Write("external", "external", new="false", only_new=True),
    )
    checks = tuple(
        Check(
            column,
            # New ones are left out first: else each check reads the whole ledger to find none of them.
            "p.act <> 'c' AND EXISTS (SELECT 1 FROM portfolio_movement t"
            f" WHERE t.id = p.target_id AND t.{target} <> {value})",
            _("stands otherwise in the bank, and a movement is never overwritten: book another one"),
        )
        for column, (target, value) in _FIXED.items()
    )
    undo_models = (Movement,)
    shown = ("movement_number", "client_number", "booked_on", "amount", "currency", "direction")

    @classmethod
    def keeps_coverage(cls) -> bool:
        return False

    @classmethod
    def older(cls, scope: Scope) -> str:
        return "false"


class ChannelUses(Ledger):
    code = "channel_use"
    label = _("Channel use")
    model = ChannelUse
    masks = True
    columns = (
        Column("client_number", Code(40), required=True, key=True),
        Column("month", Month(), required=True, key=True),
        Column("channel", OneOf(tuple(ChannelUse.Way.values)), required=True, key=True),
        Column("count", Whole(0, 1_000_000), required=True),
    )
    refs = (CLIENT,)
    writes = (
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("month", "month", only_new=True),
        Write("channel", "channel", only_new=True),
        Write("count", "count"),
    )
    undo_models = (ChannelUse,)
    shown = ("client_number", "month", "channel", "count")

    @classmethod
    def match(cls) -> str:
        return "t.client_id = r_client_id.id AND t.month = s.month AND t.channel = s.channel"
