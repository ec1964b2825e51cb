"""The API of products, holdings and purchases, to read, and of what suits whom."""

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from clients.api.ground import OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.models import Client
from common.api.serializers import CodeField
from common.api.views import ApiView, ApiViewSet, Listed, Retrieved
from portfolio.models import Holding, HoldingParty, Product, Purchase
from portfolio.suitability import suitability
from staff.api import PersonSerializer


class ProductSerializer(serializers.ModelSerializer):
    class Meta:
        model = Product
        fields = [
            "code",
            "name",
            "kind",
            "currency",
            "risk_level",
            "term_days",
            "expected_return",
            "minimum",
            "sale_from",
            "sale_to",
        ]


class ProductFilters(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Product.Kind.choices)
    currency = filters.CharFilter(max_length=3)

    class Meta:
        model = Product
        fields: list[str] = []


class ProductViewSet(Listed, Retrieved, ApiViewSet):
    """What the bank sells. No client is in it, so every role may read it."""

    scopes = {"read": "portfolio:read"}
    serializer_class = ProductSerializer
    queryset = Product.objects.all()
    lookup_field = "code"
    lookup_value_regex = "[^/]{1,40}"
    filterset_class = ProductFilters
    orderings = {"code": ("code",)}
    ordering = "code"
    history = (("portfolio.ProductEvent", "pgh_obj_id"),)

    def visible(self) -> QuerySet:
        return Product.objects.all()


class PartySerializer(serializers.ModelSerializer):
    client_number = serializers.CharField(source="client.number")

    class Meta:
        model = HoldingParty
        fields = ["client_number", "role"]


class HoldingSerializer(serializers.ModelSerializer):
    """One position, counted once, by its owner; other parties only as far as they are in sight."""

    client_number = serializers.CharField(source="client.number")
    product = CodeField()
    parties = PartySerializer(many=True)

    class Meta:
        model = Holding
        fields = [
            "number",
            "client_number",
            "product",
            "opened_on",
            "matures_on",
            "principal",
            "currency",
            "rate",
            "units",
            "market_value",
            "as_of",
            "auto_renew",
            "status",
            "parties",
        ]


class HoldingFilters(filters.FilterSet):
    client = filters.CharFilter("client__number", label="Client number of the owner.")
    product = filters.CharFilter("product__code", label="Product code.")
    kind = filters.ChoiceFilter("product__kind", choices=Product.Kind.choices)
    status = filters.ChoiceFilter(choices=Holding.Status.choices)
    matures_after = filters.DateFilter("matures_on", lookup_expr="gte", label="Matures on or after this day.")
    matures_before = filters.DateFilter(
        "matures_on", lookup_expr="lte", label="Matures on or before this day."
    )

    class Meta:
        model = Holding
        fields: list[str] = []


class HoldingViewSet(Listed, Retrieved, ApiViewSet):
    """What the clients in the asker's sight hold."""

    scopes = {"read": "portfolio:read"}
    serializer_class = HoldingSerializer
    queryset = Holding.objects.all()
    lookup_field = "number"
    lookup_value_regex = "[^/]{1,40}"
    filterset_class = HoldingFilters
    orderings = {"number": ("number",)}
    ordering = "number"
    history = (("portfolio.HoldingEvent", "pgh_obj_id"), ("portfolio.HoldingPartyEvent", "holding_id"))

    def visible(self) -> QuerySet:
        user = self.request.user
        seen = Client.objects.visible_to(user).values("pk")
        parties = HoldingParty.objects.filter(client__in=seen).select_related("client").order_by("id")
        return (
            Holding.objects.visible_to(user)
            .select_related("client", "product")
            .prefetch_related(Prefetch("parties", queryset=parties))
        )


# -- purchases -------------------------------------------------------------------------------------


class PurchaseSerializer(OfClientSerializer):
    """One sale as it was booked. A reversal is a row of its own and names what it reverses."""

    product = CodeField()
    seller = PersonSerializer(allow_null=True)
    reverses = CodeField("number", allow_null=True)
    is_reversed = serializers.SerializerMethodField()

    class Meta:
        model = Purchase
        fields = [
            "number",
            "client_number",
            "client_name",
            "product",
            "bought_on",
            "amount",
            "currency",
            "units",
            "unit_price",
            "expected_return",
            "stop_loss",
            "take_profit",
            "risk_profile",
            "seller",
            "campaign_code",
            "reverses",
            "is_reversed",
        ]

    def get_is_reversed(self, purchase: Purchase) -> bool:
        return hasattr(purchase, "reversal")


class PurchaseFilters(OfClientFilters):
    product = filters.CharFilter("product__code", label="Product code.")
    kind = filters.ChoiceFilter("product__kind", choices=Product.Kind.choices)
    seller = filters.CharFilter("seller__staff_number", label="Staff number of the seller.")
    bought_after = filters.DateFilter("bought_on", lookup_expr="gte", label="Bought on or after this day.")
    bought_before = filters.DateFilter("bought_on", lookup_expr="lte", label="Bought on or before this day.")
    standing = filters.BooleanFilter(method="only_standing", label="Neither reversed nor a reversal.")

    class Meta:
        model = Purchase
        fields: list[str] = []

    def only_standing(self, queryset: QuerySet, name: str, wanted: bool) -> QuerySet:
        standing = Purchase.objects.standing().values("pk")
        return queryset.filter(pk__in=standing) if wanted else queryset.exclude(pk__in=standing)


class PurchaseViewSet(OfClientViewSet):
    """What the clients in the asker's sight bought."""

    scopes = {"read": "portfolio:read"}
    serializer_class = PurchaseSerializer
    queryset = Purchase.objects.all()
    lookup_field = "number"
    lookup_url_kwarg = None
    lookup_value_regex = "[^/]{1,40}"
    filterset_class = PurchaseFilters
    orderings = {"bought": ("bought_on", "id"), "number": ("number",)}
    ordering = "-bought"
    history = (("portfolio.PurchaseEvent", "pgh_obj_id"),)
    subject = "purchases"

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "product", "seller", "reverses", "reversal")


# -- suitability -----------------------------------------------------------------------------------


class SuitabilitySerializer(serializers.Serializer):
    product = serializers.CharField()
    code = serializers.ChoiceField(
        ["fits", "above", "expired", "unknown"],
        help_text="above: riskier than the profile; expired, unknown: there is no valid profile.",
    )
    fits = serializers.BooleanField()
    risk_level = serializers.IntegerField(allow_null=True)
    risk_profile = serializers.IntegerField(allow_null=True)
    words = serializers.CharField(help_text="Why it does not suit, in a sentence; empty where it does.")


class SuitabilityView(ApiView):
    """Whether a product suits a client today: its risk level against the client's risk profile."""

    scopes = {"read": "portfolio:read"}

    @extend_schema(
        parameters=[
            OpenApiParameter("number", str, OpenApiParameter.PATH, description="Client number."),
            OpenApiParameter("product", str, required=True, description="Product code."),
        ],
        responses=SuitabilitySerializer,
    )
    def get(self, request, number: str) -> Response:
        client = Client.objects.visible_to(request.user).select_related("branch").get(number=number)
        unknown = sorted(set(request.query_params) - {"product"})
        if unknown:
            raise ValidationError({name: [_("There is no such parameter.")] for name in unknown}, "unknown")
        code = request.query_params.get("product", "")
        product = None if "\x00" in code else Product.objects.filter(code=code).first()
        if product is None:
            raise ValidationError({"product": [_("There is none by this code.")]}, "does_not_exist")
        found = suitability(client, product, today=client.branch.today())
        said = {"product": product.code, "code": found.code, "fits": found.fits, "words": found.words}
        return Response(said | {"risk_level": found.level, "risk_profile": found.profile})
