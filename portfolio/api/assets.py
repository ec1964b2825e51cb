"""The API of what clients have with us in all, to read."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from clients.api.ground import NUMBER, OfClientFilters, OfClientSerializer, OfClientViewSet
from common.api.filters import within_days
from common.api.serializers import CodeField
from portfolio.models import ClientAssets


class ClientAssetsSerializer(OfClientSerializer):
    """What a client has with us in the reporting currency. Computed from the last balances; loans are none."""

    tier = serializers.CharField(
        source="client.tier.code", allow_null=True, default=None, help_text="The client's own."
    )
    over_tier = CodeField(
        allow_null=True, help_text="The highest tier above the client's own whose threshold is reached."
    )

    class Meta:
        model = ClientAssets
        fields = [
            "client_number",
            "client_name",
            "as_of",
            "amount",
            "currency",
            "tier",
            "over_tier",
            "over_since",
        ]


@within_days("as_of")
class ClientAssetsFilters(OfClientFilters):
    over_tier = filters.CharFilter("over_tier__code", label="Tier code.")
    over = filters.BooleanFilter(
        "over_tier", lookup_expr="isnull", exclude=True, label="Above the threshold of a higher tier."
    )

    class Meta:
        model = ClientAssets
        fields: list[str] = []


class ClientAssetsViewSet(OfClientViewSet):
    """Assets of the clients in the asker's sight, by client number. A person's reading of the list is recorded.

    A client without balances has no row. Derived, so that there is no history: changes are those of balances.
    """

    scopes = {"read": "portfolio:read"}
    serializer_class = ClientAssetsSerializer
    queryset = ClientAssets.objects.all()
    lookup_field = "client__number"
    lookup_url_kwarg = "number"
    lookup_value_regex = NUMBER
    filterset_class = ClientAssetsFilters
    orderings = {
        "client": ("client_id",),
        "amount": ("amount", "client_id"),
        "as_of": ("as_of", "client_id"),
        "over_since": ("over_since", "client_id"),
    }
    ordering = "client"
    subject = "client_assets"
    words_in_lists = True

    def visible(self) -> QuerySet:
        return super().visible().select_related("client__tier", "over_tier")
