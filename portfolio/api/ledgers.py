"""The API of the ledgers that core banking delivers, and of the limits that prices crossed.

To read; of a movement, besides, why the money came or left.

Ordered by id where nothing else is asked: a ledger is long, and its key is always at hand.
"""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import ID, LineField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.sight import shown_words
from common.api.filters import within_days
from common.api.serializers import CodeField, StrictSerializer
from common.api.views import ApiViewSet, Listed, Retrieved
from portfolio.models import (
    BalanceSnapshot,
    ChannelUse,
    LimitCrossing,
    Movement,
    MovementReason,
    Price,
    Purchase,
    Rate,
    Side,
)
from portfolio.noticing import explain_movement, forget_reason
from staff.api import PersonSerializer


class PriceSerializer(serializers.ModelSerializer):
    product = CodeField()
    currency = serializers.CharField(source="product.currency")

    class Meta:
        model = Price
        fields = ["id", "product", "on", "price", "currency"]


@within_days("on")
class PriceFilters(filters.FilterSet):
    product = filters.CharFilter("product__code", label="Product code.")

    class Meta:
        model = Price
        fields: list[str] = []


class PriceViewSet(Listed, Retrieved, ApiViewSet):
    """What a unit of a product cost, day by day. No client is in it, so every role may read it."""

    scopes = {"read": "portfolio:read"}
    serializer_class = PriceSerializer
    queryset = Price.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = PriceFilters
    orderings = {"id": ("id",), "on": ("on", "id")}
    history = (("portfolio.Price", "id", "written_at"), ("portfolio.PriceEvent", "pgh_obj_id"))

    def visible(self) -> QuerySet:
        return Price.objects.select_related("product")


class RateSerializer(serializers.ModelSerializer):
    class Meta:
        model = Rate
        fields = ["id", "currency", "on", "rate"]


@within_days("on")
class RateFilters(filters.FilterSet):
    currency = filters.CharFilter(max_length=3)

    class Meta:
        model = Rate
        fields: list[str] = []


class RateViewSet(Listed, Retrieved, ApiViewSet):
    """Units of a currency for one of the reporting currency, day by day. Every role may read them."""

    scopes = {"read": "portfolio:read"}
    serializer_class = RateSerializer
    queryset = Rate.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = RateFilters
    orderings = {"id": ("id",), "on": ("on", "id")}
    history = (("portfolio.Rate", "id", "written_at"), ("portfolio.RateEvent", "pgh_obj_id"))

    def visible(self) -> QuerySet:
        return Rate.objects.all()


# -- of clients ------------------------------------------------------------------------------------


class BalanceSerializer(OfClientSerializer):
    """What a client has with us at the end of a day, in one currency. Loans stand apart from assets."""

    assets = serializers.DecimalField(max_digits=19, decimal_places=2)

    class Meta:
        model = BalanceSnapshot
        fields = [
            "id",
            "client_number",
            "client_name",
            "as_of",
            "currency",
            "deposits",
            "investments",
            "assets",
            "loans",
        ]


@within_days("as_of")
class BalanceFilters(OfClientFilters):
    currency = filters.CharFilter(max_length=3)

    class Meta:
        model = BalanceSnapshot
        fields: list[str] = []


class BalanceViewSet(OfClientViewSet):
    """Balances of the clients in the asker's sight. A person's reading of the list is recorded."""

    scopes = {"read": "portfolio:read"}
    serializer_class = BalanceSerializer
    queryset = BalanceSnapshot.objects.all()
    filterset_class = BalanceFilters
    orderings = {"id": ("id",), "as_of": ("as_of", "id")}
    history = (
        ("portfolio.BalanceSnapshot", "id", "written_at"),
        ("portfolio.BalanceSnapshotEvent", "pgh_obj_id"),
    )
    subject = "balances"
    words_in_lists = True


class MovementReasonSerializer(serializers.ModelSerializer):
    """Why money came or left, as the client told it."""

    competitor = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()
    by = PersonSerializer()

    class Meta:
        model = MovementReason
        fields = ["reason", "competitor", "note", "by", "at"]

    def get_competitor(self, row: MovementReason) -> str:
        return shown_words(self.context["request"].user, row.competitor)

    def get_note(self, row: MovementReason) -> str:
        return shown_words(self.context["request"].user, row.note)


class MovementSerializer(OfClientSerializer):
    """Money booked in or out. The other bank is a free word of whoever wrote the booking."""

    FREE_TEXT = ("counterparty_bank",)

    reason = MovementReasonSerializer(allow_null=True)

    class Meta:
        model = Movement
        fields = [
            "number",
            "client_number",
            "client_name",
            "booked_on",
            "amount",
            "currency",
            "direction",
            "counterparty_bank",
            "external",
            "reason",
        ]


class MovementReasonInput(StrictSerializer):
    reason = serializers.ChoiceField(MovementReason.Reason.choices)
    competitor = LineField(max_length=120, required=False, allow_blank=True, help_text="The other bank.")
    note = LineField(max_length=300, required=False, allow_blank=True)


@within_days("booked_on")
class MovementFilters(OfClientFilters):
    currency = filters.CharFilter(max_length=3)
    direction = filters.ChoiceFilter(choices=Movement.Direction.choices)
    external = filters.BooleanFilter(label="From or to another bank.")
    reason = filters.ChoiceFilter("reason__reason", choices=MovementReason.Reason.choices)
    explained = filters.BooleanFilter("reason", lookup_expr="isnull", exclude=True, label="It is known why.")

    class Meta:
        model = Movement
        fields: list[str] = []


class MovementViewSet(OfClientViewSet):
    """Movements of the clients in the asker's sight. A person's reading of the list is recorded."""

    scopes = {"read": "portfolio:read", "write": "portfolio:write"}
    serializer_class = MovementSerializer
    queryset = Movement.objects.all()
    lookup_field = "number"
    lookup_url_kwarg = None
    lookup_value_regex = "[^/]{1,40}"
    filterset_class = MovementFilters
    orderings = {"id": ("id",), "booked": ("booked_on", "id"), "number": ("number",)}
    history = (
        ("portfolio.Movement", "id", "written_at"),
        ("portfolio.MovementEvent", "pgh_obj_id"),
        ("portfolio.MovementReasonEvent", "movement_id"),
    )
    subject = "movements"
    words_in_lists = True

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "reason__by")

    @extend_schema(request=MovementReasonInput, responses=MovementSerializer)
    @action(detail=True, methods=["put", "post"])
    def reason(self, request, *args, **kwargs) -> Response:
        """Write down, or correct, why money came from or went to another bank."""
        movement = self.get_editable()
        known = getattr(movement, "reason", None)
        kept = {"competitor": known.competitor, "note": known.note} if known else {}
        said = kept | self.read(MovementReasonInput)
        explain_movement(actor=request.user, movement=movement, **said)
        return self.answer(movement)

    @extend_schema(request=None, responses={204: None})
    @reason.mapping.delete
    def forget_reason(self, request, *args, **kwargs) -> Response:
        """Take the reason back. Twice is harmless."""
        forget_reason(actor=request.user, movement=self.get_editable())
        return Response(status=204)


class ChannelUseSerializer(OfClientSerializer):
    """How often a client used a channel of the bank in a month, named by its first day."""

    class Meta:
        model = ChannelUse
        fields = ["id", "client_number", "client_name", "month", "channel", "count"]


@within_days("month")
class ChannelUseFilters(OfClientFilters):
    channel = filters.ChoiceFilter(choices=ChannelUse.Way.choices)

    class Meta:
        model = ChannelUse
        fields: list[str] = []


class ChannelUseViewSet(OfClientViewSet):
    """How the clients in the asker's sight use the bank. A person's reading of the list is recorded."""

    scopes = {"read": "portfolio:read"}
    serializer_class = ChannelUseSerializer
    queryset = ChannelUse.objects.all()
    filterset_class = ChannelUseFilters
    orderings = {"id": ("id",), "month": ("month", "id")}
    history = (("portfolio.ChannelUse", "id", "written_at"), ("portfolio.ChannelUseEvent", "pgh_obj_id"))
    subject = "channel_use"
    words_in_lists = True


# -- limits ----------------------------------------------------------------------------------------


class LimitCrossingSerializer(OfClientSerializer):
    """A price that crossed a limit of a purchase. It stands unless a correction or a reversal undid it."""

    purchase = CodeField("number")
    product = serializers.CharField(source="purchase.product.code", help_text="Product code.")
    currency = serializers.CharField(source="purchase.product.currency", help_text="Of limit and price.")
    stands = serializers.SerializerMethodField()

    class Meta:
        model = LimitCrossing
        fields = [
            "id",
            "client_number",
            "client_name",
            "purchase",
            "product",
            "side",
            "on",
            "limit",
            "price",
            "currency",
            "stands",
            "noted_at",
            "gone_at",
        ]

    def get_stands(self, crossing: LimitCrossing) -> bool:
        bought: Purchase = crossing.purchase
        return crossing.gone_at is None and bought.reverses_id is None and not hasattr(bought, "reversal")


@within_days("on")
class LimitCrossingFilters(OfClientFilters):
    purchase = filters.CharFilter("purchase__number", label="Purchase number.")
    product = filters.CharFilter("purchase__product__code", label="Product code.")
    side = filters.ChoiceFilter(choices=Side.choices)
    standing = filters.BooleanFilter(method="only_standing", label="Not undone since.")

    class Meta:
        model = LimitCrossing
        fields: list[str] = []

    def only_standing(self, queryset: QuerySet, name: str, wanted: bool) -> QuerySet:
        standing = LimitCrossing.objects.standing().values("pk")
        return queryset.filter(pk__in=standing) if wanted else queryset.exclude(pk__in=standing)


class LimitCrossingViewSet(OfClientViewSet):
    """Limits that prices crossed, of the purchases of the clients in the asker's sight."""

    scopes = {"read": "portfolio:read"}
    serializer_class = LimitCrossingSerializer
    queryset = LimitCrossing.objects.all()
    filterset_class = LimitCrossingFilters
    orderings = {"id": ("id",), "on": ("on", "id")}
    ordering = "-on"
    history = (("portfolio.LimitCrossingEvent", "pgh_obj_id"),)
    subject = "limit_crossings"

    def visible(self) -> QuerySet:
        return super().visible().select_related("purchase__product", "purchase__reversal")
