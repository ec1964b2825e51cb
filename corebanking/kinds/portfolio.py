"""Products, holdings, and who has a part in a holding."""

from decimal import Decimal
from typing import ClassVar

from django.db import connection
from django.utils.translation import gettext_lazy as _

from corebanking.cells import Code, Day, Money, Number, OneOf, Text, Whole, YesNo
from corebanking.kinds.base import Check, Column, Kind, Ref, Scope, Undoing, Write
from portfolio.models import Holding, HoldingParty, Product

CLIENT = Ref("client_number", "client_id", "clients_client", "number", _("unknown client"))


class Products(Kind):
    code = "products"
    label = _("Products")
    model = Product
    key = "code"
    columns = (
        Column("product_code", Code(40), required=True, key=True),
        Column("name", Text(120), required=True),
        Column("kind", OneOf(tuple(Product.Kind.values)), required=True),
        Column("currency", Money(), required=True),
        Column("risk_level", Whole(1, 5), keeps=False),
        Column("term_days", Whole(0, 100_000), keeps=False),
        Column("expected_return", Number(3, 6), keeps=False),
        Column("minimum", Number(16, 2, Decimal(0)), keeps=False),
        Column("sale_from", Day(), keeps=False),
        Column("sale_to", Day(), keeps=False),
    )
    writes = (
        Write("code", "product_code", only_new=True),
        Write("name", "name"),
        Write("kind", "kind"),
        Write("currency", "currency"),
        Write("risk_level", "risk_level", new="NULL"),
        Write("term_days", "term_days", new="NULL"),
        Write("expected_return", "expected_return", new="NULL"),
        Write("minimum", "minimum", new="NULL"),
        Write("sale_from", "sale_from", new="NULL"),
        Write("sale_to", "sale_to", new="NULL"),
    )
    checks = (
        Check(
            "sale_to",
            "s.sale_to < s.sale_from",
            _("lies before the first day of sale"),
            needs=("sale_from", "sale_to"),
        ),
        Check(
            "sale_to",
            "EXISTS (SELECT 1 FROM portfolio_product t WHERE t.id = p.target_id AND s.sale_to < t.sale_from)",
            _("lies before the first day of sale"),
            needs=("sale_to",),
            lacks=("sale_from",),
        ),
        Check(
            "sale_from",
            "EXISTS (SELECT 1 FROM portfolio_product t WHERE t.id = p.target_id AND t.sale_to < s.sale_from)",
            _("lies after the last day of sale"),
            needs=("sale_from",),
            lacks=("sale_to",),
        ),
    )
    undo_models = (Product,)
    shown = ("product_code", "name", "kind", "currency")


class Holdings(Kind):
    code = "holdings"
    label = _("Holdings")
    model = Holding
    key = "number"
    masks = True
    columns = (
        Column("holding_number", Code(40), required=True, key=True),
        Column("client_number", Code(40), required=True),
        Column("product_code", Code(40), required=True),
        Column("opened_on", Day(), required=True),
        Column("matures_on", Day(), keeps=False),
        Column("principal", Number(16, 2), required=True),
        Column("currency", Money(), required=True),
        Column("rate", Number(3, 6), keeps=False),
        Column("units", Number(14, 6), keeps=False),
        Column("market_value", Number(16, 2), keeps=False),
        Column("as_of", Day(), required=True),
        Column("auto_renew", YesNo()),
        Column("status", OneOf(tuple(Holding.Status.values))),
    )
    refs = (CLIENT, Ref("product_code", "product_id", "portfolio_product", "code", _("unknown product")))
    writes = (
        Write("number", "holding_number", only_new=True),
        Write("client_id", "client_number", value="r_client_id.id"),
        Write("product_id", "product_code", value="r_product_id.id"),
        Write("opened_on", "opened_on"),
        Write("matures_on", "matures_on", new="NULL"),
        Write("principal", "principal"),
        Write("currency", "currency"),
        Write("rate", "rate", new="NULL"),
        Write("units", "units", new="NULL"),
        Write("market_value", "market_value", new="NULL"),
        Write("as_of", "as_of"),
        Write("auto_renew", "auto_renew", new="false"),
        Write("status", "status", new="'open'"),
    )
    checks = (
        Check(
            "matures_on",
            "s.matures_on < s.opened_on",
            _("lies before the day of opening"),
            needs=("matures_on",),
        ),
        Check(
            "opened_on",
            "EXISTS (SELECT 1 FROM portfolio_holding t WHERE t.id = p.target_id AND t.matures_on < s.opened_on)",
            _("lies after the day of maturity"),
            lacks=("matures_on",),
        ),
    )
    undo_models = (Holding,)
    ledgers: ClassVar = {"portfolio_maturitycase": "r.settled_at IS NULL"}  # before_undo takes them
    shown = ("holding_number", "client_number", "product_code", "principal", "currency", "matures_on")

    @classmethod
    def before_undo(cls, undoing: Undoing) -> None:
        """A maturity of which nobody wrote anything down goes with its holding."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"""DELETE FROM portfolio_maturitycase c USING {undoing.table(Holding)} u
                    WHERE u.made AND c.holding_id = u.id AND c.settled_at IS NULL"""
            )

    @classmethod
    def older(cls, scope: Scope) -> str:
        return "s.as_of < t.as_of"

    @classmethod
    def keeps_coverage(cls) -> bool:
        return False

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return f"""
            SELECT count(*) FROM portfolio_holding t
            WHERE t.status = 'open'
            AND NOT EXISTS (SELECT 1 FROM {scope.stage} s WHERE s.holding_number = t.number)
        """


class HoldingParties(Kind):
    code = "holding_parties"
    label = _("Parties of holdings")
    model = HoldingParty
    masks = True
    columns = (
        Column("holding_number", Code(40), required=True, key=True),
        Column("client_number", Code(40), required=True, key=True),
        Column("role", OneOf(tuple(HoldingParty.Role.values)), required=True),
    )
    refs = (Ref("holding_number", "holding_id", "portfolio_holding", "number", _("unknown holding")), CLIENT)
    writes = (
        Write("holding_id", "holding_number", value="r_holding_id.id", only_new=True),
        Write("client_id", "client_number", value="r_client_id.id", only_new=True),
        Write("role", "role"),
    )
    undo_models = (HoldingParty,)
    shown = ("holding_number", "client_number", "role")

    @classmethod
    def match(cls) -> str:
        return "t.holding_id = r_holding_id.id AND t.client_id = r_client_id.id"

    @classmethod
    def missing_sql(cls, scope: Scope) -> str:
        return ""
