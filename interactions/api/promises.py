"""The API of promises: noted in one line, kept by a contact inside their window, or withdrawn."""

from typing import Any

from django.core.exceptions import ValidationError as Refusal
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import ClientField, LineField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.models import Client
from common.api.serializers import StrictSerializer
from interactions import services
from interactions.api.ground import ReasonInput
from interactions.forms.following import noted_from
from interactions.models import Promise
from interactions.services import Noted
from interactions.services.promises import LENGTH, check_window
from staff.api import PersonSerializer

STATES = [("open", "open"), ("kept", "kept"), ("missed", "missed"), ("withdrawn", "withdrawn")]


class PromiseSerializer(OfClientSerializer):
    """Something noted in passing. Kept: the client was reached inside the window, whatever about."""

    FREE_TEXT = ("text", "withdrawn_reason")

    state = serializers.SerializerMethodField(
        help_text="Today; missed: the window is over, and it was not kept."
    )
    is_kept = serializers.BooleanField()
    action = serializers.IntegerField(source="action_id", allow_null=True)
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    noted_by = PersonSerializer()

    class Meta:
        model = Promise
        fields = [
            "id",
            "client_number",
            "client_name",
            "text",
            "opens_on",
            "due_on",
            "due_at",
            "state",
            "is_kept",
            "action",
            "contact",
            "noted_by",
            "noted_at",
            "withdrawn_at",
            "withdrawn_reason",
        ]

    @extend_schema_field(serializers.ChoiceField(STATES))
    def get_state(self, promise) -> str:
        if promise.is_withdrawn:
            return "withdrawn"
        if promise.is_kept:
            return "kept"
        return "open" if promise.due_on >= self._asker().today() else "missed"


class PromiseInput(StrictSerializer):
    """One line. Without `due_on` the window is what the line says, if it is understood."""

    text = LineField(max_length=LENGTH)
    opens_on = serializers.DateField(required=False, allow_null=True, help_text="With `due_on`; else now.")
    due_on = serializers.DateField(required=False, allow_null=True)
    due_at = serializers.TimeField(required=False, allow_null=True)

    def validate(self, data: dict) -> dict:
        if not data.get("due_on") and (data.get("opens_on") or data.get("due_at")):
            raise serializers.ValidationError({"due_on": [_("Choose the day by which it is due.")]})
        return data


class PromiseOfClientInput(PromiseInput):
    client_number = ClientField(source="client")
    submission = serializers.UUIDField(required=False, help_text="The same one gives the same promise.")


def noted(said: dict, client: Client) -> Noted:
    """The promise of a checked body with its window. Raises the serializers' ValidationError by field."""
    today = client.branch.today()
    text, due_on, opens_on = said["text"], said.get("due_on"), said.get("opens_on")
    found: Noted | None
    if due_on and (opens_on or said.get("due_at")):
        found = Noted(text, opens_on or min(today, due_on), due_on, said.get("due_at"))
    else:
        found = noted_from(text, due_on, today)
    if found is None:
        words = _("No day is named that we know. Choose one, or write “in September” or “by Friday”.")
        raise serializers.ValidationError({"due_on": [words]})
    try:
        check_window(found, today=today)
    except Refusal as error:
        raise serializers.ValidationError(error.message_dict) from error
    return found


class PromiseFilters(OfClientFilters):
    state = filters.ChoiceFilter(choices=STATES, method="in_state")
    due_after = filters.DateFilter("due_on", lookup_expr="gte", label="Due on or after this day.")
    due_before = filters.DateFilter("due_on", lookup_expr="lte", label="Due on or before this day.")

    class Meta:
        model = Promise
        fields: list[str] = []

    def in_state(self, queryset: QuerySet, name: str, state: str) -> QuerySet:
        if state == "withdrawn":
            return queryset.exclude(withdrawn_at=None)
        standing = queryset.filter(withdrawn_at=None, is_kept=state == "kept")
        today = self.request.user.today()
        when = {"open": Q(due_on__gte=today), "missed": Q(due_on__lt=today)}.get(state, Q())
        return standing.filter(when)


class PromiseViewSet(OfClientViewSet):
    """Promises to the clients in the asker's sight."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = PromiseSerializer
    queryset = Promise.objects.all()
    filterset_class = PromiseFilters
    orderings = {"due": ("due_on", "id"), "noted": ("noted_at", "id")}
    ordering = "due"
    history = (("interactions.PromiseEvent", "pgh_obj_id"),)
    subject = "promises"

    def visible(self) -> QuerySet:
        rows: Any = super().visible()
        return rows.with_kept().select_related("client", "noted_by")

    @extend_schema(request=PromiseOfClientInput, responses={201: PromiseSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Note a promise; the action that keeps it stands on Today from the window's start."""
        data = self.read(PromiseOfClientInput)
        promise = services.note_promise(
            actor=request.user,
            client=data["client"],
            noted=noted(data, data["client"]),
            submission=data.get("submission"),
        )
        return self.created(promise)

    @extend_schema(request=ReasonInput, responses=PromiseSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, *args, **kwargs) -> Response:
        """It is not to be kept: noted wrongly, or overtaken. Its action is cancelled."""
        promise = self.get_editable()
        services.withdraw_promise(actor=request.user, promise=promise, **self.read(ReasonInput))
        return self.answer(promise)
