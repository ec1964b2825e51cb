"""The API of actions and of the occurrences that call for them."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import ID, ClientField, OfClientSerializer
from clients.models import Channel
from common.api.serializers import CodeField, Nothing, StrictSerializer
from common.api.views import ApiViewSet, Listed, Retrieved
from interactions import services
from interactions.api.ground import ColleagueField, ReasonInput, ThemeField
from interactions.models import Action, Occurrence
from interactions.models.action import Source
from staff.api import PersonSerializer


class ActionSerializer(OfClientSerializer):
    """One planned piece of client maintenance. Without an owner it is whoever's holds the client's book."""

    FREE_TEXT = ("about", "reason")

    owner = PersonSerializer(allow_null=True)
    theme = CodeField()
    from_contact = serializers.IntegerField(source="from_contact_id", allow_null=True)

    class Meta:
        model = Action
        fields = [
            "id",
            "client_number",
            "client_name",
            "owner",
            "theme",
            "channel",
            "opens_on",
            "due_on",
            "due_at",
            "origin",
            "state",
            "source",
            "about",
            "event_on",
            "amount",
            "currency",
            "snoozed_until",
            "reason",
            "from_contact",
            "created_at",
            "closed_at",
        ]


class ActionInput(StrictSerializer):
    client_number = ClientField(source="client")
    theme = ThemeField()
    channel = serializers.ChoiceField(Channel.choices)
    due_on = serializers.DateField()
    opens_on = serializers.DateField(required=False, allow_null=True)
    due_at = serializers.TimeField(required=False, allow_null=True)
    about = serializers.CharField(max_length=300, required=False, allow_blank=True)
    owner = ColleagueField(
        required=False, allow_null=True, help_text="Staff number; absent: who holds the book."
    )


class SnoozeInput(StrictSerializer):
    until = serializers.DateField()


class ActionMoveInput(StrictSerializer):
    to = serializers.DateField()
    known = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        max_length=50,
        required=False,
        help_text="Clashes of its appointment that are accepted, by id.",
    )


class HandOverInput(StrictSerializer):
    to = ColleagueField(help_text="Staff number.")
    reason = serializers.CharField(max_length=300)


class ActionFilters(filters.FilterSet):
    client = filters.CharFilter("client__number", label="Client number.")
    owner = filters.CharFilter("owner__staff_number", label="Staff number of who was named.")
    state = filters.ChoiceFilter(choices=Action.State.choices)
    theme = filters.CharFilter("theme__code")
    due_after = filters.DateFilter("due_on", lookup_expr="gte", label="Due on or after this day.")
    due_before = filters.DateFilter("due_on", lookup_expr="lte", label="Due on or before this day.")
    waiting_for_me = filters.BooleanFilter(method="only_waiting", label="Open, and the asker's to do.")

    class Meta:
        model = Action
        fields: list[str] = []

    def only_waiting(self, queryset: QuerySet, name: str, wanted: bool) -> QuerySet:
        user = self.request.user
        waiting = Action.objects.waiting_for(user, user.today()).values("pk")
        return queryset.filter(pk__in=waiting) if wanted else queryset.exclude(pk__in=waiting)


class ActionViewSet(Listed, Retrieved, ApiViewSet):
    """Actions for the clients in the asker's sight."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = ActionSerializer
    queryset = Action.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = ActionFilters
    orderings = {"due": ("due_on", "id"), "created": ("created_at", "id")}
    ordering = "due"
    history = (("interactions.ActionEvent", "pgh_obj_id"),)
    field_names = {"client": "client_number"}

    def visible(self) -> QuerySet:
        return Action.objects.visible_to(self.request.user).select_related("client", "owner", "theme")

    def editable(self) -> QuerySet:
        return Action.objects.editable_by(self.request.user)

    @extend_schema(request=ActionInput, responses={201: ActionSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Plan one action by hand."""
        planned = services.plan_action(actor=request.user, **self.read(ActionInput))
        place = request.build_absolute_uri(f"{request.path}{planned.pk}/")
        return self.answer(planned, status=201, headers={"Location": place})

    @extend_schema(request=SnoozeInput, responses=ActionSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request, *args, **kwargs) -> Response:
        """Put it off to a day; it stays late once its due day has passed."""
        return self._work(services.snooze_action, SnoozeInput)

    @extend_schema(request=ActionMoveInput, responses=ActionSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request, *args, **kwargs) -> Response:
        """Put it on another day, where the plan leaves it; its appointment goes along."""
        return self._work(services.move_action, ActionMoveInput)

    @extend_schema(request=ReasonInput, responses=ActionSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request, *args, **kwargs) -> Response:
        """Decide not to do it, with a reason."""
        return self._work(services.skip_action, ReasonInput)

    @extend_schema(request=HandOverInput, responses=ActionSerializer)
    @action(detail=True, methods=["post"])
    def hand_over(self, request, *args, **kwargs) -> Response:
        """Give it to a colleague who looks after the client; they are told."""
        return self._work(services.hand_over_action, HandOverInput)

    @extend_schema(request=Nothing, responses=ActionSerializer)
    @action(detail=True, methods=["post"])
    def done(self, request, *args, **kwargs) -> Response:
        """Done without a contact, for instance flowers ordered."""
        return self._work(services.finish_action, Nothing)

    def _work(self, service, input_class) -> Response:
        found = self.get_editable()
        service(actor=self.request.user, action=found, **self.read(input_class))
        return self.answer(found)


# -- occurrences ----------------------------------------------------------------------------------


class OccurrenceSerializer(OfClientSerializer):
    """One coming-due of a source on a date."""

    action = serializers.IntegerField(source="action_id", allow_null=True)

    class Meta:
        model = Occurrence
        fields = [
            "id",
            "source",
            "subject",
            "due_on",
            "client_number",
            "client_name",
            "action",
            "is_late",
            "raised_on",
            "raised_at",
        ]


class OccurrenceFilters(filters.FilterSet):
    client = filters.CharFilter("client__number", label="Client number.")
    source = filters.ChoiceFilter(choices=Source.choices)
    due_after = filters.DateFilter("due_on", lookup_expr="gte", label="Due on or after this day.")
    due_before = filters.DateFilter("due_on", lookup_expr="lte", label="Due on or before this day.")
    raised_on = filters.DateFilter()

    class Meta:
        model = Occurrence
        fields: list[str] = []


class OccurrenceViewSet(Listed, Retrieved, ApiViewSet):
    """What came due, as the daily run raised it."""

    scopes = {"read": "contacts:read"}
    serializer_class = OccurrenceSerializer
    queryset = Occurrence.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = OccurrenceFilters
    orderings = {"due": ("due_on", "id"), "raised": ("raised_at", "id")}
    ordering = "-due"
    history = (("interactions.OccurrenceEvent", "pgh_obj_id"),)

    def visible(self) -> QuerySet:
        return Occurrence.objects.visible_to(self.request.user).select_related("client")
