"""The API of advice on crossed limits, with what the client decided."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from clients.api.ground import OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.models import Channel
from common.api.filters import within_local_days
from common.api.serializers import StrictSerializer, VisibleIdField
from interactions import services
from interactions.models import Action, Advice, Contact
from staff.api import PersonSerializer


class AdviceSerializer(OfClientSerializer):
    """Advice on the duty of a crossed limit (`action`), and the contact in which it was last spoken of."""

    action = serializers.IntegerField(source="action_id")
    contact = serializers.IntegerField(source="contact_id")
    is_decided = serializers.BooleanField(help_text="Not while the client thinks it over.")
    by = PersonSerializer()

    class Meta:
        model = Advice
        fields = [
            "id",
            "client_number",
            "client_name",
            "action",
            "contact",
            "advised",
            "decision",
            "is_decided",
            "by",
            "at",
        ]


class AdviceInput(StrictSerializer):
    """What was advised and decided, and the contact in which it was."""

    action = VisibleIdField(
        queryset=Action.objects.select_related("client", "theme"),
        help_text="The action that a crossed limit raised.",
    )
    advised = serializers.ChoiceField(Advice.Advised.choices)
    decision = serializers.ChoiceField(Advice.Decision.choices)
    channel = serializers.ChoiceField(Channel.choices)
    occurred_at = serializers.DateTimeField(required=False, help_text="Now, where absent.")
    direction = serializers.ChoiceField(Contact.Direction.choices, required=False)
    duration_seconds = serializers.IntegerField(
        min_value=0, max_value=7 * 24 * 3600, required=False, allow_null=True
    )
    participants = serializers.CharField(max_length=200, required=False, allow_blank=True)
    note = serializers.CharField(max_length=8000, required=False, allow_blank=True)


@within_local_days("at")
class AdviceFilters(OfClientFilters):
    action = filters.NumberFilter("action", label="Id of the action.")
    advised = filters.ChoiceFilter(choices=Advice.Advised.choices)
    decision = filters.ChoiceFilter(choices=Advice.Decision.choices)

    class Meta:
        model = Advice
        fields: list[str] = []


class AdviceViewSet(OfClientViewSet):
    """Advice to the clients in the asker's sight."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = AdviceSerializer
    queryset = Advice.objects.all()
    filterset_class = AdviceFilters
    orderings = {"at": ("at", "id")}
    ordering = "-at"
    history = (("interactions.AdviceEvent", "pgh_obj_id"),)
    # What the services say of the contact, in the words of this body: its result is always "reached".
    field_names = {"advice": "action", "result": "channel"}
    subject = "advice"

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "by")

    @extend_schema(request=AdviceInput, responses={201: AdviceSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Log the contact in which advice was given; the duty is done once the client has decided.

        An action has one advice: who thought it over and decides later is answered with the same row.
        """
        data = self.read(AdviceInput)
        advice = services.Advised(data.pop("advised"), data.pop("decision"))
        contact = services.log_contact(
            actor=request.user,
            client=data["action"].client,
            result=Contact.Result.REACHED,
            advice=advice,
            **data,
        )
        return self.created(contact.advice.get())
