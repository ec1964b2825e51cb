"""The API of news of the market: products are marked, and those who hold them are called."""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import ID, LineField
from common.api.filters import within_days
from common.api.serializers import CodeField, Nothing, StrictSerializer, VisibleField
from common.api.views import ApiViewSet, Listed, Retrieved
from interactions.forms.portfolio import markable
from interactions.models import HolderCall
from interactions.services.markets import (
    close_market_event,
    events_ended_by,
    events_seen_by,
    open_market_event,
)
from portfolio.models import MarketEvent, Product
from staff.api import PersonSerializer

MOST_PRODUCTS = 100


class MarketEventSerializer(serializers.ModelSerializer):
    """What happened, what to tell the clients, and how far the calls have come among the asker's clients."""

    products = CodeField(many=True)
    created_by = PersonSerializer()
    calls = serializers.IntegerField(
        source="call_count", help_text="Clients in your sight who are to be called."
    )
    done = serializers.IntegerField(source="done_count", help_text="Of these, those whose call is done.")

    class Meta:
        model = MarketEvent
        fields = [
            "id",
            "title",
            "why",
            "on",
            "until",
            "products",
            "calls",
            "done",
            "created_by",
            "created_at",
            "closed_at",
        ]


class MarkableField(VisibleField):
    """A product whose holders may be called: one that somebody holds or bought."""

    def __init__(self, **kwargs):
        super().__init__("code", queryset=Product.objects, everyone=True, **kwargs)

    def get_queryset(self) -> QuerySet:
        return markable()


class MarketEventInput(StrictSerializer):
    title = LineField(max_length=150, help_text="What happened.")
    why = serializers.CharField(max_length=4000, help_text="What to tell the clients.")
    products = serializers.ListField(
        child=MarkableField(), allow_empty=False, max_length=MOST_PRODUCTS, help_text="Product codes."
    )
    until = serializers.DateField(help_text="The last day of the calls.")


@within_days("on")
class MarketEventFilters(filters.FilterSet):
    product = filters.CharFilter("products__code", label="Product code.")
    open = filters.BooleanFilter("closed_at", lookup_expr="isnull", label="Not closed.")

    class Meta:
        model = MarketEvent
        fields: list[str] = []


class MarketEventViewSet(Listed, Retrieved, ApiViewSet):
    """News of the market: for supervisors, what concerns their clients, and for head office; nobody else."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = MarketEventSerializer
    queryset = MarketEvent.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = MarketEventFilters
    orderings = {"on": ("on", "id")}
    ordering = "-on"
    history = (("portfolio.MarketEventEvent", "pgh_obj_id"),)

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        calls = HolderCall.objects.worked_by(user).filter(event=OuterRef("pk")).order_by().values("event")

        def counted(which: Q) -> Coalesce:
            counts = calls.annotate(n=Count("pk", filter=which)).values("n")
            return Coalesce(Subquery(counts, output_field=IntegerField()), 0)

        rows = events_seen_by(user).select_related("created_by").prefetch_related("products")
        return rows.annotate(call_count=counted(Q()), done_count=counted(Q(action__state="done"))).order_by()

    def editable(self) -> QuerySet:
        user: Any = self.request.user
        return events_ended_by(user)

    @extend_schema(request=MarketEventInput, responses={201: MarketEventSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Mark products and say why: every client in your sight who holds one is to be called, once."""
        event = open_market_event(actor=request.user, **self.read(MarketEventInput))
        place = request.build_absolute_uri(f"{request.path}{event.pk}/")
        return self.answer(event, status=201, headers={"Location": place})

    @extend_schema(request=Nothing, responses=MarketEventSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request, *args, **kwargs) -> Response:
        """End your own event: calls that nobody has made are off Today. Twice is harmless."""
        event = self.get_editable()
        self.read(Nothing)
        close_market_event(actor=request.user, event=event)
        return self.answer(event)
