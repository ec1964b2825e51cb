"""The API of events and of the clients' invitations to them."""

from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from campaigns.models import Answer, Attendance, Event, EventWords, Invitation
from campaigns.services.invitations import answer_invitation, standing, withdraw_invitation
from clients.api.ground import ID, OfClientFilters, OfClientSerializer, OfClientViewSet
from common.api.filters import within_local_days
from common.api.serializers import CodeField, Nothing, StrictSerializer
from common.api.views import ApiViewSet, Listed, Retrieved
from staff.api import PersonSerializer

COMING = Q(answer=Answer.ACCEPTED)


class EventWordsSerializer(serializers.ModelSerializer):
    class Meta:
        model = EventWords
        fields = ["language", "title", "place", "programme"]


class EventSerializer(serializers.ModelSerializer):
    """An evening, a weekend or a lecture. `title` is in the language asked for, else in its own."""

    campaign = CodeField(allow_null=True)
    series = CodeField("name", allow_null=True)
    theme = CodeField()
    branch = CodeField(help_text="The host: its clock tells the hours.")
    title = serializers.CharField()
    wordings = EventWordsSerializer(many=True)
    planned_by = PersonSerializer()
    invited = serializers.IntegerField(
        source="invited_count", help_text="Clients in your sight who are invited."
    )
    coming = serializers.IntegerField(
        source="coming_heads", help_text="Of these, heads that will come, companions included."
    )

    class Meta:
        model = Event
        fields = [
            "id",
            "title",
            "campaign",
            "series",
            "theme",
            "branch",
            "starts_at",
            "ends_at",
            "answer_until",
            "capacity",
            "companions_most",
            "language",
            "wordings",
            "invited",
            "coming",
            "planned_by",
            "planned_at",
            "cancelled_at",
            "cancelled_reason",
            "closed_at",
        ]


@within_local_days("starts_at")
class EventFilters(filters.FilterSet):
    branch = filters.CharFilter("branch__code", label="Code of the host.")
    campaign = filters.CharFilter("campaign__code", label="Code of the campaign.")
    series = filters.CharFilter("series__name", label="Name of the series of lectures.")
    cancelled = filters.BooleanFilter("cancelled_at", lookup_expr="isnull", exclude=True, label="Called off.")

    class Meta:
        model = Event
        fields: list[str] = []


class EventViewSet(Listed, Retrieved, ApiViewSet):
    """Events that the asker may see: as hosts, as planners, or because a client of theirs is invited."""

    scopes = {"read": "contacts:read"}
    serializer_class = EventSerializer
    queryset = Event.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = EventFilters
    orderings = {"starts": ("starts_at", "id")}
    ordering = "-starts"
    history = (("campaigns.EventEvent", "pgh_obj_id"), ("campaigns.EventWordsEvent", "event_id"))

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        theirs = standing(Invitation.objects.worked_by(user)).filter(event=OuterRef("pk"))
        by_event = theirs.order_by().values("event")

        def counted(value) -> Coalesce:
            return Coalesce(Subquery(by_event.annotate(n=value).values("n"), output_field=IntegerField()), 0)

        rows = Event.objects.visible_to(user).select_related(
            "campaign", "series", "theme", "branch", "planned_by"
        )
        return rows.prefetch_related("wordings").annotate(
            invited_count=counted(Count("pk")),
            coming_heads=counted(Sum(F("companions") + 1, filter=COMING)),
        )


class InvitationSerializer(OfClientSerializer):
    """A client's place at an event: the answer and the attendance are two things."""

    event = serializers.IntegerField(source="event_id")
    action = serializers.IntegerField(source="action_id", allow_null=True)
    follow_up = serializers.IntegerField(source="follow_up_id", allow_null=True)
    invited_by = PersonSerializer()
    answered_to = PersonSerializer(allow_null=True)

    class Meta:
        model = Invitation
        fields = [
            "id",
            "client_number",
            "client_name",
            "event",
            "number",
            "channel",
            "action",
            "invited_by",
            "invited_at",
            "withdrawn_at",
            "answer",
            "answered_at",
            "answered_through",
            "answered_to",
            "companions",
            "attendance",
            "came_at",
            "companions_came",
            "is_walk_in",
            "follow_up",
        ]


class InvitationAnswerInput(StrictSerializer):
    answer = serializers.ChoiceField([Answer.ACCEPTED.value, Answer.DECLINED.value])
    companions = serializers.IntegerField(min_value=0, max_value=1000, required=False)


class InvitationFilters(OfClientFilters):
    event = filters.NumberFilter("event", label="Id of the event.")
    answer = filters.ChoiceFilter(choices=Answer.choices)
    attendance = filters.ChoiceFilter(choices=Attendance.choices)

    class Meta:
        model = Invitation
        fields: list[str] = []


class InvitationViewSet(OfClientViewSet):
    """Invitations of the clients the asker works with, to events the asker may see. No link is told."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = InvitationSerializer
    queryset = Invitation.objects.all()
    filterset_class = InvitationFilters
    history = (("campaigns.InvitationEvent", "pgh_obj_id"),)
    subject = "invitations"
    words_in_lists = True

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        rows = Invitation.objects.worked_by(user).filter(
            event__in=Event.objects.visible_to(user).order_by().values("pk")
        )
        return rows.select_related("client", "invited_by", "answered_to").defer(
            "client__search", "client__document_number"
        )

    @extend_schema(request=InvitationAnswerInput, responses=InvitationSerializer)
    @action(detail=True, methods=["post"], url_path="answer")
    def take_answer(self, request, *args, **kwargs) -> Response:
        """Take down what the client told us; who finds no room waits. The same again changes nothing."""
        invitation = self.get_editable()
        said = self.read(InvitationAnswerInput)
        through = Invitation.Through.STAFF
        answer_invitation(actor=request.user, invitation=invitation, through=through, **said)
        return self.answer(invitation)

    @extend_schema(request=Nothing, responses=InvitationSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, *args, **kwargs) -> Response:
        """Take an invitation back: its link is worthless from then on."""
        invitation = self.get_editable()
        self.read(Nothing)
        withdraw_invitation(actor=request.user, invitation=invitation)
        return self.answer(invitation)
