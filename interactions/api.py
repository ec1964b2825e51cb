"""The API of contacts, actions and occurrences. Everything is seen with its client, never without."""

from datetime import date, datetime, time

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.models import Channel, Client, Theme
from clients.sight import shown_name
from common import audit
from common.api.serializers import CodeField, Nothing, StrictSerializer, VisibleField, VisibleIdField
from common.api.views import ApiViewSet, Listed, Retrieved
from common.models import AuditEntry
from interactions import services
from interactions.models import Action, Contact, ContactNote, Occurrence
from interactions.models.action import Source
from staff.api import PersonSerializer
from staff.models import User

ID = "[0-9]{1,18}"


class OfClientSerializer(serializers.ModelSerializer):
    """Rows that belong to a client: named by number, and by name where names are shown to the asker.

    FREE_TEXT holds what people typed, which may name the client: empty where names are not shown.
    """

    FREE_TEXT: tuple[str, ...] = ()

    client_number = serializers.CharField(source="client.number")
    client_name = serializers.SerializerMethodField()

    def get_client_name(self, row) -> str:
        return shown_name(self._asker(), row.client)

    def to_representation(self, row) -> dict:
        data = super().to_representation(row)
        if not self._asker().may_see_identities:
            data.update({name: "" for name in self.FREE_TEXT if name in data})
        return data

    def _asker(self) -> User:
        return self.context["request"].user


class ClientField(VisibleField):
    """A client in the asker's sight, by number."""

    def __init__(self, **kwargs):
        super().__init__("number", queryset=Client.objects, **kwargs)


class ThemeField(VisibleField):
    def __init__(self, **kwargs):
        super().__init__("code", queryset=Theme.objects, everyone=True, **kwargs)


class ColleagueField(VisibleField):
    """Somebody whom the asker may name, by staff number."""

    def __init__(self, **kwargs):
        super().__init__("staff_number", queryset=User.objects, **kwargs)


# -- contacts -------------------------------------------------------------------------------------


class ContactSerializer(OfClientSerializer):
    """One attempt to communicate, as lists give it: without its note."""

    FREE_TEXT = ("participants", "changed_reason", "void_reason", "note")

    staff = PersonSerializer()
    theme = CodeField(allow_null=True)
    action = serializers.IntegerField(source="action_id", allow_null=True)

    class Meta:
        model = Contact
        fields = [
            "id",
            "number",
            "client_number",
            "client_name",
            "staff",
            "occurred_at",
            "recorded_at",
            "duration_seconds",
            "channel",
            "direction",
            "theme",
            "result",
            "participants",
            "effect",
            "action",
            "campaign_code",
            "is_imported",
            "changed_reason",
            "voided_at",
            "void_reason",
        ]


class ContactWithNoteSerializer(ContactSerializer):
    """One contact with its note, where the asker has the right to notes; else the note is empty."""

    note = serializers.SerializerMethodField()

    class Meta(ContactSerializer.Meta):
        fields = [*ContactSerializer.Meta.fields, "note"]

    def get_note(self, contact: Contact) -> str:
        # The prefetch holds it only where ContactNoteQuerySet.visible_to says so.
        return contact.note.text if hasattr(contact, "note") else ""


class NextStepInput(StrictSerializer):
    channel = serializers.ChoiceField(Channel.choices)
    due_on = serializers.DateField()
    due_at = serializers.TimeField(required=False, allow_null=True)
    about = serializers.CharField(max_length=300, required=False, allow_blank=True)
    theme = ThemeField(required=False, allow_null=True)


class ContactChange(StrictSerializer):
    """Absent fields stay as they are. After 24 hours a reason is needed."""

    occurred_at = serializers.DateTimeField(required=False)
    channel = serializers.ChoiceField(Channel.choices, required=False)
    direction = serializers.ChoiceField(Contact.Direction.choices, required=False)
    result = serializers.ChoiceField(Contact.Result.choices, required=False)
    theme = ThemeField(required=False, allow_null=True)
    duration_seconds = serializers.IntegerField(
        min_value=0, max_value=7 * 24 * 3600, required=False, allow_null=True
    )
    participants = serializers.CharField(max_length=200, required=False, allow_blank=True)
    effect = serializers.ChoiceField(Contact.Effect.choices, required=False, allow_blank=True)
    note = serializers.CharField(max_length=8000, required=False, allow_blank=True)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class ContactInput(StrictSerializer):
    client_number = ClientField(source="client")
    channel = serializers.ChoiceField(Channel.choices)
    result = serializers.ChoiceField(Contact.Result.choices)
    occurred_at = serializers.DateTimeField(required=False, help_text="Now, where absent.")
    direction = serializers.ChoiceField(Contact.Direction.choices, required=False)
    theme = ThemeField(required=False, allow_null=True)
    duration_seconds = serializers.IntegerField(
        min_value=0, max_value=7 * 24 * 3600, required=False, allow_null=True
    )
    note = serializers.CharField(max_length=8000, required=False, allow_blank=True)
    participants = serializers.CharField(max_length=200, required=False, allow_blank=True)
    effect = serializers.ChoiceField(Contact.Effect.choices, required=False, allow_blank=True)
    action = VisibleIdField(queryset=Action.objects, required=False, allow_null=True)
    next_step = NextStepInput(required=False, allow_null=True)
    submission = serializers.UUIDField(required=False, help_text="The same one gives the same contact.")


class ReasonInput(StrictSerializer):
    reason = serializers.CharField(max_length=300)


class ContactFilters(filters.FilterSet):
    client = filters.CharFilter("client__number", label="Client number.")
    staff = filters.CharFilter("staff__staff_number", label="Staff number.")
    result = filters.ChoiceFilter(choices=Contact.Result.choices)
    channel = filters.ChoiceFilter(choices=Channel.choices)
    is_void = filters.BooleanFilter("voided_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Contact
        fields: list[str] = []

    def since_day(self, queryset: QuerySet, name: str, day: date) -> QuerySet:
        return queryset.filter(occurred_at__gte=timezone.make_aware(datetime.combine(day, time.min)))

    def until_day(self, queryset: QuerySet, name: str, day: date) -> QuerySet:
        return queryset.filter(occurred_at__lte=timezone.make_aware(datetime.combine(day, time.max)))


# `from` is a word of the language, so these two cannot stand in the class.
ContactFilters.base_filters["from"] = filters.DateFilter(
    method="since_day", label="First day, in your time zone."
)
ContactFilters.base_filters["to"] = filters.DateFilter(method="until_day", label="Last day, included.")


class ContactViewSet(Listed, Retrieved, ApiViewSet):
    """Contacts of the clients in the asker's sight."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class: type[ContactSerializer] = ContactWithNoteSerializer
    queryset = Contact.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = ContactFilters
    orderings = {"occurred": ("occurred_at", "id"), "recorded": ("recorded_at", "id")}
    ordering = "-occurred"
    history = (("interactions.ContactEvent", "pgh_obj_id"),)
    field_names = {"client": "client_number"}

    def visible(self) -> QuerySet:
        contacts = Contact.objects.visible_to(self.request.user).select_related("client", "staff", "theme")
        if self.action == "list":
            return contacts
        notes = ContactNote.objects.visible_to(self.request.user)
        return contacts.prefetch_related(Prefetch("note", queryset=notes))

    def editable(self) -> QuerySet:
        return Contact.objects.editable_by(self.request.user)

    @extend_schema(responses=ContactSerializer(many=True))
    def list(self, request, *args, **kwargs) -> Response:
        """Contacts, without their notes. A machine's reading of a list is recorded as an export."""
        self.serializer_class = ContactSerializer
        response = super().list(request, *args, **kwargs)
        if request.auth is not None:
            said = f"api, application {request.auth.application_id}"
            count = len(response.data["results"])
            audit.record(
                actor=request.user, act=AuditEntry.Act.EXPORT, subject="contacts", detail=said, count=count
            )
        return response

    @extend_schema(responses=ContactWithNoteSerializer)
    def retrieve(self, request, *args, **kwargs) -> Response:
        """One contact with its note. Reading it is recorded as reading the client's file."""
        response = super().retrieve(request, *args, **kwargs)
        contact = Contact.objects.only("client_id").get(pk=kwargs["id"])
        audit.record(
            actor=request.user,
            act=AuditEntry.Act.READ,
            subject=f"client/{contact.client_id}",
            detail=f"api contact/{contact.pk}",
        )
        return response

    @extend_schema(request=ContactInput, responses={201: ContactWithNoteSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Log one attempt to communicate, with its note and the next step."""
        data = self.read(ContactInput)
        step = data.pop("next_step", None)
        contact = services.log_contact(
            actor=request.user, next_step=services.NextStep(**step) if step else None, **data
        )
        place = request.build_absolute_uri(f"{request.path}{contact.pk}/")
        return self.answer(contact, status=201, headers={"Location": place})

    @extend_schema(request=ContactChange, responses=ContactWithNoteSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Correct a contact; history keeps what it said before."""
        contact = self.get_editable()
        changes = self.read(ContactChange)
        note, reason = changes.pop("note", None), changes.pop("reason", "")
        services.change_contact(
            actor=request.user, contact=contact, changes=changes, note=note, reason=reason
        )
        return self.answer(contact)

    @extend_schema(request=ReasonInput, responses=ContactWithNoteSerializer)
    @action(detail=True, methods=["post"])
    def void(self, request, *args, **kwargs) -> Response:
        """Take a contact out of every count, for instance one logged on the wrong client."""
        contact = self.get_editable()
        services.void_contact(actor=request.user, contact=contact, **self.read(ReasonInput))
        return self.answer(contact)


# -- actions --------------------------------------------------------------------------------------


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
