"""The API of maturity cases: what matures, and what became of the money."""

from decimal import Decimal

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import LineField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.sight import shown_words
from common.api.filters import within_days
from common.api.serializers import CodeField, Nothing, StrictSerializer, VisibleField
from portfolio.maturing import Part, settle_maturity, unsettle_maturity
from portfolio.models import MaturityCase, MaturityPart, Product
from portfolio.offer import on_sale
from staff.api import PersonSerializer

MOST_PARTS = 20
Outcome = MaturityPart.Outcome


class MaturityPartSerializer(serializers.ModelSerializer):
    """A part of the principal, in the currency of its case."""

    product = CodeField(allow_null=True)
    suitability_reason = serializers.SerializerMethodField()

    class Meta:
        model = MaturityPart
        fields = ["outcome", "amount", "product", "suitability_reason"]

    def get_suitability_reason(self, part: MaturityPart) -> str:
        return shown_words(self.context["request"].user, part.suitability_reason)


class MaturitySerializer(OfClientSerializer):
    """One holding whose term ends. Settled: the parts say what became of the principal, and add up to it."""

    FREE_TEXT = ("brought_from", "note")

    holding = CodeField("number")
    product = serializers.CharField(source="holding.product.code", help_text="Product code of the holding.")
    settled_by = PersonSerializer(
        allow_null=True, help_text="Nobody, though settled: core banking renewed it."
    )
    parts = MaturityPartSerializer(many=True)

    class Meta:
        model = MaturityCase
        fields = [
            "id",
            "client_number",
            "client_name",
            "holding",
            "product",
            "matures_on",
            "effective_on",
            "broken_on",
            "principal",
            "currency",
            "opened_on",
            "parts",
            "brought_amount",
            "brought_from",
            "note",
            "settled_at",
            "settled_by",
        ]


class OfferedField(VisibleField):
    """A product that may be offered today."""

    def __init__(self, **kwargs):
        super().__init__("code", queryset=Product.objects, everyone=True, **kwargs)

    def get_queryset(self) -> QuerySet:
        return on_sale(self.context["request"].user.today())


def _amount(least: str, **more) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=18, decimal_places=2, min_value=Decimal(least), **more)


class PartInput(StrictSerializer):
    outcome = serializers.ChoiceField(Outcome.choices)
    amount = _amount("0.01")
    product = OfferedField(
        required=False, allow_null=True, help_text="Code of the product it moved into; of `moved` only."
    )
    suitability_reason = LineField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Why a product suits though it is riskier.",
    )

    def validate(self, data: dict) -> dict:
        moved = data["outcome"] == Outcome.MOVED
        if moved and data.get("product") is None:
            raise serializers.ValidationError({"product": [_("Choose the product it went into.")]})
        if not moved and data.get("product") is not None:
            raise serializers.ValidationError({"product": [_("Only what was moved went into a product.")]})
        return data


class SettleInput(StrictSerializer):
    """The parts of the principal, to the cent; what was brought from elsewhere stands apart."""

    parts = serializers.ListField(child=PartInput(), max_length=MOST_PARTS)
    brought_amount = _amount("0", required=False)
    brought_from = LineField(max_length=120, required=False, allow_blank=True)
    note = LineField(max_length=300, required=False, allow_blank=True)


@within_days("effective_on")
class MaturityFilters(OfClientFilters):
    settled = filters.BooleanFilter(
        "settled_at", lookup_expr="isnull", exclude=True, label="What became of it is known."
    )

    class Meta:
        model = MaturityCase
        fields: list[str] = []


class MaturityViewSet(OfClientViewSet):
    """Maturities of the clients in the asker's sight. A person's reading of the list is recorded."""

    scopes = {"read": "portfolio:read", "write": "portfolio:write"}
    serializer_class = MaturitySerializer
    queryset = MaturityCase.objects.all()
    filterset_class = MaturityFilters
    orderings = {"effective": ("effective_on", "id"), "id": ("id",)}
    ordering = "effective"
    history = (("portfolio.MaturityCaseEvent", "pgh_obj_id"), ("portfolio.MaturityPartEvent", "case_id"))
    field_names = {"suitability_reason": "parts.suitability_reason"}
    subject = "maturities"
    words_in_lists = True

    def visible(self) -> QuerySet:
        parts = MaturityPart.objects.select_related("product").order_by("id")
        rows = super().visible().select_related("client", "holding__product", "settled_by")
        return rows.prefetch_related(Prefetch("parts", queryset=parts))

    @extend_schema(request=SettleInput, responses=MaturitySerializer)
    @action(detail=True, methods=["post"])
    def settle(self, request, *args, **kwargs) -> Response:
        """Write down what became of the money, from its day on; again, where it was written down wrong."""
        case = self.get_editable()
        data = self.read(SettleInput)
        parts = [Part(**part) for part in data.pop("parts")]
        settle_maturity(actor=request.user, case=case, parts=parts, **data)
        return self.answer(case)

    @extend_schema(request=Nothing, responses=MaturitySerializer)
    @action(detail=True, methods=["post"])
    def unsettle(self, request, *args, **kwargs) -> Response:
        """Take back what was written down. Twice is harmless."""
        case = self.get_editable()
        self.read(Nothing)
        unsettle_maturity(actor=request.user, case=case)
        return self.answer(case)
