"""The API of appointments and courtesies: what stands one-to-one beside an action."""

from decimal import Decimal

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import LineField, OfClientSerializer, OfClientViewSet
from clients.models import Channel
from common.api.serializers import Nothing, StrictSerializer, VisibleIdField
from interactions import services
from interactions.models import Action, Appointment, Courtesy
from interactions.services.courtesies import STEPS
from staff.api import PersonSerializer


class BesideAnActionViewSet(OfClientViewSet):
    """Rows of actions, seen with the action's client."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    also: tuple[str, ...] = ()

    def visible(self) -> QuerySet:
        rows = self._rows().visible_to(self.request.user).select_related("action__client", *self.also)
        return rows.defer("action__client__search", "action__client__document_number")

    def file_of(self, row) -> int:
        return row.action.client_id


class BesideAnActionFilters(filters.FilterSet):
    client = filters.CharFilter("action__client__number", label="Client number.")
    action = filters.NumberFilter("action", label="Id of the action.")


# -- appointments ---------------------------------------------------------------------------------


class AppointmentSerializer(OfClientSerializer):
    """Time and place of an action. It stands while it is not cancelled and the action is open."""

    FREE_TEXT = ("place",)

    action = serializers.IntegerField(source="action_id")
    ends_at = serializers.DateTimeField()
    stands = serializers.BooleanField()
    made_by = PersonSerializer()

    class Meta:
        model = Appointment
        fields = [
            "id",
            "client_number",
            "client_name",
            "action",
            "starts_at",
            "ends_at",
            "minutes",
            "place",
            "answer",
            "answered_at",
            "stands",
            "cancelled_at",
            "sequence",
            "made_by",
            "made_at",
        ]


class AppointmentChange(StrictSerializer):
    """`known` are the clashes that a refusal named (`clash-<id>`) and that are accepted, by id."""

    starts_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(min_value=5, max_value=720, required=False)
    place = LineField(max_length=200, required=False, allow_blank=True)
    answer = serializers.ChoiceField(Appointment.Answer.choices, required=False)
    channel = serializers.ChoiceField(Channel.choices, required=False, help_text="Of the action.")
    known = serializers.ListField(child=serializers.IntegerField(min_value=1), max_length=50, required=False)


class AppointmentInput(AppointmentChange):
    action = VisibleIdField(queryset=Action.objects)


class AppointmentFilters(BesideAnActionFilters):
    stands = filters.BooleanFilter(method="only_standing", label="Still to take place.")
    starts_after = filters.IsoDateTimeFilter("starts_at", lookup_expr="gte", label="Starts then or later.")
    starts_before = filters.IsoDateTimeFilter("starts_at", lookup_expr="lt", label="Starts before then.")

    class Meta:
        model = Appointment
        fields: list[str] = []

    def only_standing(self, queryset: QuerySet, name: str, wanted: bool) -> QuerySet:
        standing = Appointment.objects.standing().values("pk")
        return queryset.filter(pk__in=standing) if wanted else queryset.exclude(pk__in=standing)


class AppointmentViewSet(BesideAnActionViewSet):
    """Appointments with the clients in the asker's sight."""

    serializer_class = AppointmentSerializer
    queryset = Appointment.objects.all()
    filterset_class = AppointmentFilters
    orderings = {"starts": ("starts_at", "id"), "made": ("made_at", "id")}
    ordering = "starts"
    history = (("interactions.AppointmentEvent", "pgh_obj_id"),)
    subject = "appointments"
    also = ("made_by",)

    @extend_schema(request=AppointmentInput, responses={201: AppointmentSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Give an action its time and place. Clashes are refused by name unless `known`."""
        return self.created(services.make_appointment(actor=request.user, **self.read(AppointmentInput)))

    @extend_schema(request=AppointmentChange, responses=AppointmentSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Another time or place, or what the client answered."""
        found, changes = self.get_editable(), self.read(AppointmentChange, partial=True)
        known = changes.pop("known", ())
        services.change_appointment(actor=request.user, appointment=found, changes=changes, known=known)
        return self.answer(found)

    @extend_schema(request=Nothing, responses=AppointmentSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request, *args, **kwargs) -> Response:
        """It does not take place; the action stays on its day."""
        found = self.get_editable()
        self.read(Nothing)
        services.cancel_appointment(actor=request.user, appointment=found)
        return self.answer(found)


# -- courtesies -----------------------------------------------------------------------------------


class CourtesySerializer(OfClientSerializer):
    """A gift or gesture. Above the tier's limit of the year it waits for a supervisor."""

    FREE_TEXT = ("what", "reason")

    action = serializers.IntegerField(source="action_id")
    is_given = serializers.BooleanField(help_text="Said so, or done with its action.")
    asked_by = PersonSerializer()
    decided_by = PersonSerializer(allow_null=True)

    class Meta:
        model = Courtesy
        fields = [
            "id",
            "client_number",
            "client_name",
            "action",
            "kind",
            "what",
            "cost",
            "currency",
            "year",
            "state",
            "is_given",
            "asked_by",
            "asked_at",
            "decided_by",
            "decided_at",
            "reason",
            "ordered_on",
            "given_on",
        ]


class CourtesyChange(StrictSerializer):
    kind = serializers.ChoiceField(Courtesy.Kind.choices)
    what = LineField(max_length=200, required=False, allow_blank=True)
    cost = serializers.DecimalField(
        max_digits=12, decimal_places=2, min_value=Decimal(0), required=False, help_text="0 where absent."
    )
    currency = serializers.RegexField("^[A-Z]{3}$", help_text="ISO 4217.")


class CourtesyInput(CourtesyChange):
    action = VisibleIdField(queryset=Action.objects)


class CourtesyDecisionInput(StrictSerializer):
    approve = serializers.BooleanField()
    reason = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="A refusal needs one."
    )


class CourtesyStepInput(StrictSerializer):
    to = serializers.ChoiceField([(state.value, state.label) for state in STEPS])


class CourtesyFilters(BesideAnActionFilters):
    state = filters.ChoiceFilter(choices=Courtesy.State.choices)
    kind = filters.ChoiceFilter(choices=Courtesy.Kind.choices)
    year = filters.NumberFilter()

    class Meta:
        model = Courtesy
        fields: list[str] = []


class CourtesyViewSet(BesideAnActionViewSet):
    """Courtesies to the clients in the asker's sight."""

    serializer_class = CourtesySerializer
    queryset = Courtesy.objects.all()
    filterset_class = CourtesyFilters
    orderings = {"asked": ("asked_at", "id"), "id": ("id",)}
    ordering = "-asked"
    history = (("interactions.CourtesyEvent", "pgh_obj_id"),)
    subject = "courtesies"
    also = ("asked_by", "decided_by")

    @extend_schema(request=CourtesyInput, responses={201: CourtesySerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Plan a courtesy for an open action."""
        return self.created(services.plan_courtesy(actor=request.user, **self.read(CourtesyInput)))

    @extend_schema(request=CourtesyChange, responses=CourtesySerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Another kind, other words or cost, before it is ordered."""
        found = self.get_editable()
        services.change_courtesy(
            actor=request.user, courtesy=found, changes=self.read(CourtesyChange, partial=True)
        )
        return self.answer(found)

    @extend_schema(request=CourtesyDecisionInput, responses=CourtesySerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request, *args, **kwargs) -> Response:
        """A supervisor's decision; not about what one asked for oneself."""
        found = self.get_editable()
        services.decide_courtesy(actor=request.user, courtesy=found, **self.read(CourtesyDecisionInput))
        return self.answer(found)

    @extend_schema(request=CourtesyStepInput, responses=CourtesySerializer)
    @action(detail=True, methods=["post"])
    def step(self, request, *args, **kwargs) -> Response:
        """Ordered, given or withdrawn."""
        found = self.get_editable()
        services.take_courtesy_step(actor=request.user, courtesy=found, **self.read(CourtesyStepInput))
        return self.answer(found)
