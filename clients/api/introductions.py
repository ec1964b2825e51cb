"""The API of who brought whom. The introducer is shown only to those who see that client by itself."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from clients import services
from clients.api.ground import ClientField, LineField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.api.people import SomebodySerializer, seen_by, somebody
from clients.models import Client, Introduction
from clients.services.introductions import NOTE_LENGTH
from common.api.serializers import StrictSerializer


class IntroductionFilters(OfClientFilters):
    introducer = filters.CharFilter(method="by", label="Number of the client who brought others.")
    introduced_from = filters.DateFilter("introduced_on", "gte", label="On this day or later.")
    introduced_to = filters.DateFilter("introduced_on", "lte", label="On this day or before.")

    def by(self, queryset: QuerySet, name: str, number: str) -> QuerySet:
        # Among clients in sight only: else a hidden number would say whom it brought.
        introducer = Client.objects.visible_to(self.request.user).filter(number=number).first()
        return queryset.filter(introducer=introducer) if introducer else queryset.none()


class IntroductionSerializer(OfClientSerializer):
    """`introducer` brought the client. The note may tell of the introducer, so it is kept back with the name."""

    FREE_TEXT = ("note",)

    introducer = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()

    class Meta:
        model = Introduction
        fields = ["id", "client_number", "client_name", "introducer", "introduced_on", "note"]

    @extend_schema_field(SomebodySerializer)
    def get_introducer(self, row) -> dict:
        return somebody(self._asker(), row.introducer, "", is_seen=row.sees_introducer)

    def get_note(self, row) -> str:
        return row.note if row.sees_introducer else ""


class IntroductionInput(StrictSerializer):
    """Who brought whom. Without a day it is today's of the client's branch."""

    client_number = ClientField(source="client")
    introducer_number = ClientField(source="by")
    introduced_on = serializers.DateField(source="on", required=False, allow_null=True)
    note = LineField(max_length=NOTE_LENGTH, required=False, allow_blank=True)


class IntroductionViewSet(OfClientViewSet):
    """Who brought the clients in sight, one for each. Every reading is recorded."""

    scopes = {"read": "clients:read", "write": "clients:write"}
    serializer_class = IntroductionSerializer
    queryset = Introduction.objects.all()
    filterset_class = IntroductionFilters
    history = (("clients.IntroductionEvent", "pgh_obj_id"),)
    orderings = {"id": ("id",), "introduced_on": ("introduced_on", "id")}
    field_names = {"client": "client_number", "by": "introducer_number", "on": "introduced_on"}
    subject = "introductions"
    words_in_lists = True

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        rows = super().visible().annotate(sees_introducer=seen_by(user, "introducer"))
        return rows.select_related("client", "introducer").defer(
            "client__search", "client__document_number", "introducer__search", "introducer__document_number"
        )

    @extend_schema(request=IntroductionInput, responses={201: IntroductionSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write down who brought a client, in the place of whoever stood there; never in a circle."""
        return self.created(services.introduce(actor=request.user, **self.read(IntroductionInput)))

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs) -> Response:
        """Take off the file who brought the client; only for those who see both."""
        services.unintroduce(actor=request.user, client=self.get_editable().client)
        return Response(status=204)
