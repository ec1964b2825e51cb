"""The API of products and holdings, to read."""

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from clients.models import Client
from common.api.serializers import CodeField
from common.api.views import ApiViewSet, Listed, Retrieved
from portfolio.models import Holding, HoldingParty, Product


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
