"""The API of contacts. Everything is seen with its client, never without."""

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import ClientField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.api.known import LearntInput
from clients.models import Channel
from clients.services import Learnt
from common.api.filters import within_local_days
from common.api.serializers import CodeField, StrictSerializer, VisibleIdField
from interactions import services
from interactions.api.ground import ReasonInput, ThemeField
from interactions.api.opportunities import InterestInput, interest_of
from interactions.api.promises import PromiseInput, noted
from interactions.models import Action, Contact, ContactNote
from staff.api import PersonSerializer

MOST_LEARNT = 20


class ContactSerializer(OfClientSerializer):
    """One attempt to communicate, as lists give it: without its note."""

    FREE_TEXT = ("participants", "repeat_reason", "changed_reason", "void_reason", "note")

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
            "repeat_reason",
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
    learnt = serializers.ListField(child=LearntInput(), required=False, max_length=MOST_LEARNT)
    interest = InterestInput(required=False, allow_null=True)
    promise = PromiseInput(required=False, allow_null=True)
    repeat_reason = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="Why the theme is said again so soon."
    )
    submission = serializers.UUIDField(required=False, help_text="The same one gives the same contact.")

    def validate(self, data: dict) -> dict:
        """What was heard, as the services take it: the promise's window is read here, where its field is named."""
        client = data["client"]
        data["learnt"] = [Learnt(**one) for one in data.get("learnt", [])]
        if data.get("interest"):
            data["interest"] = interest_of(data["interest"], client)
        if data.get("promise"):
            try:
                data["promise"] = noted(data["promise"], client)
            except serializers.ValidationError as error:
                raise serializers.ValidationError({"promise": error.detail}) from error
        return data


@within_local_days("occurred_at")
class ContactFilters(OfClientFilters):
    staff = filters.CharFilter("staff__staff_number", label="Staff number.")
    result = filters.ChoiceFilter(choices=Contact.Result.choices)
    channel = filters.ChoiceFilter(choices=Channel.choices)
    is_void = filters.BooleanFilter("voided_at", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Contact
        fields: list[str] = []


class ContactViewSet(OfClientViewSet):
    """Contacts of the clients in the asker's sight."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class: type[ContactSerializer] = ContactWithNoteSerializer
    queryset = Contact.objects.all()
    filterset_class = ContactFilters
    orderings = {"occurred": ("occurred_at", "id"), "recorded": ("recorded_at", "id")}
    ordering = "-occurred"
    history = (("interactions.ContactEvent", "pgh_obj_id"),)
    # Services name their own fields; those of a promise and of what was learnt are checked with the body.
    field_names = {
        "client": "client_number",
        **{name: f"next_step.{name}" for name in ("due_on", "due_at", "about")},
        **{
            name: f"interest.{name}" for name in ("kind", "amount", "currency", "stage", "next_on", "next_at")
        },
        "suitability_reason": "interest.suitability_reason",
        "text": "promise.text",
    }
    subject = "contacts"

    def visible(self) -> QuerySet:
        contacts = super().visible().select_related("client", "staff", "theme")
        if self.action == "list":
            return contacts
        notes = ContactNote.objects.visible_to(self.request.user)
        return contacts.prefetch_related(Prefetch("note", queryset=notes))

    @extend_schema(responses=ContactSerializer(many=True))
    def list(self, request, *args, **kwargs) -> Response:
        """Contacts, without their notes. A machine's reading of a list is recorded as an export."""
        self.serializer_class = ContactSerializer
        return super().list(request, *args, **kwargs)

    @extend_schema(responses=ContactWithNoteSerializer)
    def retrieve(self, request, *args, **kwargs) -> Response:
        """One contact with its note. Reading it is recorded as reading the client's file."""
        return super().retrieve(request, *args, **kwargs)

    @extend_schema(request=ContactInput, responses={201: ContactWithNoteSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Log one attempt to communicate, with its note, what was heard, and the next step."""
        data = self.read(ContactInput)
        step = data.pop("next_step", None)
        contact = services.log_contact(
            actor=request.user, next_step=services.NextStep(**step) if step else None, **data
        )
        return self.created(contact)

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
