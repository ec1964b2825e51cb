"""The API of what clients allow and what was agreed with them: events of consent, versions of agreements."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients import services
from clients.api.ground import ClientField, LineField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.models import Channel, Consent, ContactAgreement, Purpose
from clients.querysets import AgreementQuerySet, ConsentQuerySet
from common.api.serializers import Nothing, StrictSerializer
from staff.api import PersonSerializer

SAID = [one for one in Consent.Source.choices if one[0] in (Consent.Source.FORM, Consent.Source.SPOKEN)]


class ConsentSerializer(OfClientSerializer):
    """One event. Never changed: a mistake is corrected by a further event."""

    FREE_TEXT = ("note",)

    by = PersonSerializer(allow_null=True)

    class Meta:
        model = Consent
        fields = [
            "id",
            "client_number",
            "client_name",
            "channel",
            "purpose",
            "granted",
            "source",
            "at",
            "by",
            "note",
            "recorded_at",
        ]


class ConsentInput(StrictSerializer):
    client_number = ClientField(source="client")
    channel = serializers.ChoiceField(Channel.choices)
    purpose = serializers.ChoiceField(Purpose.choices)
    granted = serializers.BooleanField()
    source = serializers.ChoiceField(  # type: ignore[assignment]
        SAID, required=False, help_text="How the client said so: spoken, where absent."
    )
    at = serializers.DateTimeField(required=False, help_text="Now, where absent.")
    note = LineField(max_length=200, required=False, allow_blank=True)


class ConsentFilters(OfClientFilters):
    channel = filters.ChoiceFilter(choices=Channel.choices)
    purpose = filters.ChoiceFilter(choices=Purpose.choices)
    granted = filters.BooleanFilter()
    current = filters.BooleanFilter(
        method="only_current",
        label="True: only what holds today, the last event of each client, channel and purpose.",
    )

    class Meta:
        model = Consent
        fields: list[str] = []

    def only_current(self, queryset: ConsentQuerySet, name: str, wanted: bool) -> QuerySet:
        seen: Any = Consent.objects.visible_to(self.request.user)
        holds = seen.current().values("pk")
        return queryset.filter(pk__in=holds) if wanted else queryset.exclude(pk__in=holds)


class ConsentViewSet(OfClientViewSet):
    """What the clients in sight allowed or withdrew. Where nothing was ever said there is no row."""

    scopes = {"read": "clients:read", "write": "clients:write"}
    serializer_class = ConsentSerializer
    queryset = Consent.objects.all()
    filterset_class = ConsentFilters
    orderings = {"at": ("at", "id"), "recorded": ("recorded_at", "id")}
    ordering = "-at"
    history = (("clients.Consent", "id", "recorded_at"),)
    subject = "consents"

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "by")

    @extend_schema(request=ConsentInput, responses={201: ConsentSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write down that the client allowed or withdrew a channel for a purpose."""
        return self.created(services.record_consent(actor=request.user, **self.read(ConsentInput)))


class AgreementSerializer(OfClientSerializer):
    """One version of how a client wants to be contacted. Empty lists: nothing was agreed about them."""

    FREE_TEXT = ("how",)

    recorded_by = PersonSerializer(allow_null=True)

    class Meta:
        model = ContactAgreement
        fields = [
            "id",
            "client_number",
            "client_name",
            "approved_on",
            "to_on",
            "interval_days",
            "channels",
            "themes",
            "weekdays",
            "from_time",
            "to_time",
            "minutes",
            "how",
            "recorded_by",
        ]
        extra_kwargs = {
            "to_on": {"help_text": "The first day on which it holds no longer; null while in force."},
            "weekdays": {"help_text": "Monday is 0."},
        }


class AgreementInput(StrictSerializer):
    client_number = ClientField(source="client")
    approved_on = serializers.DateField(required=False, help_text="Today, where absent.")
    interval_days = serializers.IntegerField(
        min_value=1,
        max_value=1100,
        required=False,
        allow_null=True,
        help_text="At least once in so many days.",
    )
    channels = serializers.ListField(
        child=serializers.ChoiceField(Channel.choices), required=False, max_length=len(Channel)
    )
    themes = serializers.ListField(
        child=serializers.CharField(max_length=30), required=False, max_length=100, help_text="Theme codes."
    )
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        required=False,
        max_length=7,
        help_text="Monday is 0.",
    )
    from_time = serializers.TimeField(required=False, allow_null=True, help_text="In the branch's time zone.")
    to_time = serializers.TimeField(required=False, allow_null=True)
    minutes = serializers.IntegerField(min_value=1, max_value=1440, required=False, allow_null=True)
    how = LineField(max_length=120, required=False, allow_blank=True, help_text="How it was agreed.")


class AgreementFilters(OfClientFilters):
    in_force = filters.BooleanFilter(method="only_in_force", label="In force today.")

    class Meta:
        model = ContactAgreement
        fields: list[str] = []

    def only_in_force(self, queryset: AgreementQuerySet, name: str, wanted: bool) -> QuerySet:
        today = self.request.user.today()
        if wanted:
            return queryset.in_force(today)
        return queryset.filter(Q(approved_on__gt=today) | Q(to_on__lte=today))


class AgreementViewSet(OfClientViewSet):
    """How the clients in sight agreed to be contacted, version after version."""

    scopes = {"read": "clients:read", "write": "clients:write"}
    serializer_class = AgreementSerializer
    queryset = ContactAgreement.objects.all()
    filterset_class = AgreementFilters
    orderings = {"approved": ("approved_on", "id")}
    ordering = "-approved"
    history = (("clients.ContactAgreementEvent", "pgh_obj_id"),)
    subject = "agreements"

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "recorded_by")

    @extend_schema(request=AgreementInput, responses={201: AgreementSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write down what the client approved; the version in force until then ends."""
        return self.created(services.approve_agreement(actor=request.user, **self.read(AgreementInput)))

    @extend_schema(request=Nothing, responses=AgreementSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request, *args, **kwargs) -> Response:
        """It holds no longer; the rhythm of the client's tier takes over."""
        agreement = self.get_editable()
        self.read(Nothing)
        services.end_agreement(actor=request.user, agreement=agreement)
        return self.answer(agreement)
