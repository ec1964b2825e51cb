"""The API of messages to clients: drafted, approved, taken back; their state is that of the outbox."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import ClientField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.sight import may_see_notes
from common.api.serializers import StrictSerializer, VisibleField, VisibleIdField
from common.logs import masked
from interactions.models import SENT_BY, Action, ClientMessage, MessageKind
from interactions.services import messages as services
from portfolio.models import Product
from staff.api import PersonSerializer

STATES = [(state, state) for state in ("draft", "queued", "sending", "sent", "failed", "unknown", "dropped")]
CHANNELS = [(channel.value, channel.value) for channel in SENT_BY]


class ClientMessageSerializer(OfClientSerializer):
    """A message to a client. Its words are read by those who may read notes."""

    state = serializers.SerializerMethodField()
    theme = serializers.CharField(source="theme.code")
    subject = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()
    action = serializers.IntegerField(source="action_id", allow_null=True)
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    written_by = PersonSerializer()
    approved_by = PersonSerializer(allow_null=True)
    leaves_at = serializers.DateTimeField(source="message.not_before", allow_null=True, default=None)
    sent_at = serializers.DateTimeField(source="message.sent_at", allow_null=True, default=None)

    class Meta:
        model = ClientMessage
        fields = [
            "id",
            "client_number",
            "client_name",
            "kind",
            "theme",
            "channel",
            "language",
            "subject",
            "body",
            "state",
            "action",
            "contact",
            "written_by",
            "written_at",
            "approved_by",
            "approved_at",
            "leaves_at",
            "sent_at",
        ]

    @extend_schema_field(serializers.ChoiceField(STATES))
    def get_state(self, row) -> str:
        return row.state

    def get_subject(self, row) -> str:
        return row.subject if may_see_notes(self._asker()) else ""

    def get_body(self, row) -> str:
        return (row.body if row.is_draft else masked(row.body)) if may_see_notes(self._asker()) else ""


class MessageInput(StrictSerializer):
    kind = serializers.ChoiceField(MessageKind.choices)
    channel = serializers.ChoiceField(CHANNELS)
    language = serializers.ChoiceField(settings.LANGUAGES)
    subject = serializers.CharField(max_length=150, required=False, allow_blank=True)
    body = serializers.CharField(max_length=5000)
    action = VisibleIdField(queryset=Action.objects, required=False, allow_null=True)
    product = VisibleField("code", queryset=Product.objects, everyone=True, required=False, allow_null=True)
    suitability_reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class MessageOfClientInput(MessageInput):
    client_number = ClientField(source="client")


class ApprovalInput(StrictSerializer):
    repeat_reason = serializers.CharField(
        max_length=300, required=False, help_text="Why the same is said again so soon, where it is."
    )


class DecisionInput(StrictSerializer):
    was_sent = serializers.BooleanField()


class ClientMessageFilters(OfClientFilters):
    state = filters.ChoiceFilter(choices=STATES, method="in_state")
    kind = filters.ChoiceFilter(choices=MessageKind.choices)

    class Meta:
        model = ClientMessage
        fields: list[str] = []

    def in_state(self, queryset: QuerySet, name: str, state: str) -> QuerySet:
        if state == "dropped":
            return queryset.exclude(dropped_at=None)
        standing = queryset.filter(dropped_at=None)
        return standing.filter(message=None) if state == "draft" else standing.filter(message__state=state)


class ClientMessageViewSet(OfClientViewSet):
    """Messages to the clients in the asker's sight. Nothing leaves that was not approved."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = ClientMessageSerializer
    queryset = ClientMessage.objects.all()
    filterset_class = ClientMessageFilters
    orderings = {"written": ("written_at", "id")}
    ordering = "-written"
    history = (("interactions.ClientMessageEvent", "pgh_obj_id"),)
    subject = "client_messages"
    words_in_lists = True

    def visible(self) -> QuerySet:
        rows: Any = super().visible()
        return rows.select_related("client", "theme", "message", "written_by", "approved_by")

    @extend_schema(request=MessageOfClientInput, responses={201: ClientMessageSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write a draft. It leaves only once somebody has approved it."""
        return self.created(services.write_message(actor=request.user, **self.read(MessageOfClientInput)))

    @extend_schema(request=ApprovalInput, responses=ClientMessageSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request, *args, **kwargs) -> Response:
        """Let a draft go: at the next moment that suits the client, a greeting on its day."""
        row = self.get_editable()
        return self.answer(
            services.approve_message(actor=request.user, message=row, **self.read(ApprovalInput))
        )

    @extend_schema(request=None, responses=ClientMessageSerializer)
    @action(detail=True, methods=["post"])
    def take_back(self, request, *args, **kwargs) -> Response:
        """A draft again, while nothing has left."""
        return self.answer(services.take_back_message(actor=request.user, message=self.get_editable()))

    @extend_schema(request=None, responses=ClientMessageSerializer)
    @action(detail=True, methods=["post"])
    def drop(self, request, *args, **kwargs) -> Response:
        """Throw a draft away, or put aside what was not sent."""
        return self.answer(services.drop_message(actor=request.user, message=self.get_editable()))

    @extend_schema(request=DecisionInput, responses=ClientMessageSerializer)
    @action(detail=True, methods=["post"])
    def settle(self, request, *args, **kwargs) -> Response:
        """Say whether one that may have left did; else it goes out again."""
        row = self.get_editable()
        services.settle_message(actor=request.user, message=row, **self.read(DecisionInput))
        row.refresh_from_db()
        return self.answer(row)
