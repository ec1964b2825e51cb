"""The API of clients, their tiers and themes."""

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from clients import services
from clients.api.ground import NUMBER
from clients.knowing import ASKED
from clients.models import Assignment, Client, ContactPoint, DatedFact, Theme, Tier
from clients.querysets import ClientQuerySet
from clients.sight import shown_name, shown_native
from common import audit
from common.api.problems import Problem
from common.api.serializers import CodeField, StrictSerializer, VisibleField
from common.api.views import ApiViewSet, Listed, Retrieved
from common.models import AuditEntry
from common.text import mask_digits
from staff.api import PersonSerializer
from staff.models import Branch, Role, User


class ContactPointSerializer(serializers.ModelSerializer):
    """A way to reach a client; its value is masked, `reveal` shows it."""

    value = serializers.CharField(source="masked")

    class Meta:
        model = ContactPoint
        fields = ["id", "kind", "value", "is_primary", "is_verified", "do_not_use"]


class ClientSerializer(serializers.ModelSerializer):
    """A client. Names and contact points stay empty for head office without the right to identities."""

    IDENTITY = ("legal_name", "given_name", "family_name", "preferred_address", "birth_date")

    name = serializers.SerializerMethodField()
    native_name = serializers.SerializerMethodField()
    birth_date = serializers.SerializerMethodField(help_text="As files write it: 1980-02-29, --02-29, 1980.")
    branch = CodeField()
    tier = CodeField(allow_null=True)
    manager = serializers.SerializerMethodField()
    contact_points = serializers.SerializerMethodField()

    class Meta:
        model = Client
        fields = [
            "number",
            "kind",
            "name",
            "native_name",
            "legal_name",
            "given_name",
            "family_name",
            "preferred_address",
            "gender",
            "birth_date",
            "language",
            "city",
            "country",
            "branch",
            "tier",
            "status",
            "trend",
            "risk_profile",
            "risk_assessed_on",
            "risk_valid_until",
            "document_valid_until",
            "since",
            "manager",
            "contact_points",
            "last_reached_at",
            "next_due_on",
        ]

    def to_representation(self, client: Client) -> dict:
        data = super().to_representation(client)
        if not self._asker().may_see_identities:
            data.update(dict.fromkeys(self.IDENTITY, ""))
            data["document_valid_until"] = None
        return data

    def get_name(self, client: Client) -> str:
        return shown_name(self._asker(), client)

    def get_native_name(self, client: Client) -> str:
        return shown_native(self._asker(), client)

    def get_birth_date(self, client) -> str:  # with what `visible` prefetches
        return client.birthdays[0].as_text() if client.birthdays else ""

    @extend_schema_field(PersonSerializer(allow_null=True))
    def get_manager(self, client) -> dict | None:
        return PersonSerializer(client.primaries[0].manager).data if client.primaries else None

    @extend_schema_field(ContactPointSerializer(many=True))
    def get_contact_points(self, client: Client) -> list:
        if not self._asker().may_see_identities:
            return []
        return list(ContactPointSerializer(client.contact_points.all(), many=True).data)

    def _asker(self) -> User:
        return self.context["request"].user


class ClientFileSerializer(ClientSerializer):
    """One client, with how much of what there is to know is known."""

    completeness = serializers.SerializerMethodField(
        help_text="Weighted share of the fact types known, 0 to 1."
    )
    ask_next = serializers.SerializerMethodField(
        help_text="Codes of fact types not known that are worth asking for, heaviest first."
    )

    class Meta(ClientSerializer.Meta):
        fields = [*ClientSerializer.Meta.fields, "completeness", "ask_next"]

    def to_representation(self, client) -> dict:
        client.known = services.completeness_of(client, services.provenance_of(client))
        return super().to_representation(client)

    def get_completeness(self, client) -> float:
        return round(client.known[0], 4)

    def get_ask_next(self, client) -> list[str]:
        return [fact_type.code for fact_type in client.known[1][:ASKED]]


class ClientChange(StrictSerializer):
    """What staff may change of a client. Absent fields stay as they are."""

    preferred_address = serializers.CharField(max_length=100, allow_blank=True, required=False)
    native_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    language = serializers.CharField(max_length=10, allow_blank=True, required=False)
    city = serializers.CharField(max_length=100, allow_blank=True, required=False)
    country = serializers.RegexField(
        "^([A-Z]{2})?$", allow_blank=True, required=False, help_text="ISO 3166-1."
    )
    tier = VisibleField("code", queryset=Tier.objects, everyone=True, allow_null=True, required=False)
    trend = serializers.ChoiceField(Client.Trend.choices, required=False)
    risk_profile = serializers.IntegerField(min_value=1, max_value=5, allow_null=True, required=False)
    risk_assessed_on = serializers.DateField(allow_null=True, required=False)
    document_valid_until = serializers.DateField(allow_null=True, required=False)
    phone = serializers.CharField(max_length=40, required=False, help_text="Added to the contact points.")
    email = serializers.EmailField(max_length=254, required=False, help_text="Added to the contact points.")


class BranchOfOnesOwn(VisibleField):
    """The branches whose clients the asker may write."""

    def __init__(self, **kwargs):
        super().__init__("code", queryset=Branch.objects, **kwargs)

    def get_queryset(self):
        user = self.context["request"].user
        if user.role == Role.ACCOUNT_MANAGER:
            return Branch.objects.filter(pk=user.branch_id)
        return Branch.objects.branches_of(user)


class ClientUpsert(ClientChange):
    """A client as core banking writes one. Absent fields stay as they are, or empty on creation."""

    kind = serializers.ChoiceField(Client.Kind.choices)
    name = serializers.CharField(max_length=200)
    legal_name = serializers.CharField(max_length=200, allow_blank=True, required=False)
    given_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    family_name = serializers.CharField(max_length=100, allow_blank=True, required=False)
    gender = serializers.ChoiceField(Client.Gender.choices, allow_blank=True, required=False)
    branch = BranchOfOnesOwn()
    status = serializers.ChoiceField(Client.Status.choices, required=False)
    since = serializers.DateField(allow_null=True, required=False)


class RevealInput(StrictSerializer):
    contact_point = serializers.IntegerField(
        min_value=1, help_text="The id of one of the client's contact points."
    )


class Revealed(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(ContactPoint.Kind.choices)
    value = serializers.CharField(help_text="In clear. The look is recorded.")


class ClientFilters(filters.FilterSet):
    branch = filters.CharFilter(method="in_branch", label="Branch code; branches below it count as well.")
    tier = filters.CharFilter("tier__code", label="Tier code.")
    kind = filters.ChoiceFilter(choices=Client.Kind.choices)
    status = filters.ChoiceFilter(choices=Client.Status.choices)
    manager = filters.CharFilter(method="of_manager", label="Staff number of the account manager.")
    never_reached = filters.BooleanFilter(method="only_never_reached")
    late = filters.BooleanFilter(method="only_late", label="Past the day the next contact was due.")
    search = filters.CharFilter(
        method="found",
        max_length=200,
        label="As the search box: beginnings of words, numbers, end of a phone.",
    )

    class Meta:
        model = Client
        fields: list[str] = []

    def in_branch(self, queryset: QuerySet, name: str, code: str) -> QuerySet:
        top = Branch.objects.filter(code=code).values_list("pk", flat=True).first()
        return queryset.filter(branch__in=Branch.objects.below(top).values("pk"))

    def of_manager(self, queryset: QuerySet, name: str, staff_number: str) -> QuerySet:
        held = Assignment.objects.filter(
            client=OuterRef("pk"), role="primary", to_on=None, manager__staff_number=staff_number
        )
        return queryset.filter(Exists(held))

    def only_never_reached(self, queryset: ClientQuerySet, name: str, wanted: bool) -> ClientQuerySet:
        return queryset.never_reached() if wanted else queryset.exclude(last_reached_at=None)

    def only_late(self, queryset: ClientQuerySet, name: str, wanted: bool) -> ClientQuerySet:
        late = Client.objects.late().values("pk")
        return queryset.late() if wanted else queryset.exclude(pk__in=late)

    def found(self, queryset: ClientQuerySet, name: str, text: str) -> ClientQuerySet:
        if not self.request.user.may_see_identities:
            # Else a typed name would say which number it belongs to.
            return queryset.filter(number=text.strip())
        return queryset.matching(text)


class ClientViewSet(Listed, Retrieved, ApiViewSet):
    """Clients in the asker's sight."""

    scopes = {"read": "clients:read", "write": "clients:write", "reveal": "clients:reveal"}
    serializer_class: type[ClientSerializer] = ClientFileSerializer
    queryset = Client.objects.all()
    lookup_field = "number"
    lookup_value_regex = NUMBER
    filterset_class = ClientFilters
    orderings = {"number": ("number",), "name": ("sort_name", "id"), "created": ("created_at", "id")}
    ordering = "number"
    history = (
        ("clients.ClientEvent", "pgh_obj_id"),
        ("clients.ContactPointEvent", "client_id"),
        ("clients.AssignmentEvent", "client_id"),
    )

    def visible(self) -> QuerySet:
        primaries = Assignment.objects.filter(role="primary", to_on=None).select_related("manager")
        birthdays = DatedFact.objects.filter(kind=DatedFact.Kind.BIRTHDAY, person="")
        return (
            Client.objects.visible_to(self.request.user)
            .select_related("branch", "tier")
            .defer("search", "document_number")
            .prefetch_related(
                "contact_points",
                Prefetch("assignments", queryset=primaries, to_attr="primaries"),
                Prefetch("dated_facts", queryset=birthdays, to_attr="birthdays"),
            )
        )

    def editable(self) -> QuerySet:
        return Client.objects.editable_by(self.request.user)

    @extend_schema(responses=ClientSerializer(many=True))
    def list(self, request, *args, **kwargs) -> Response:
        """Clients, without facts and contacts. A machine's reading of a list is recorded as an export."""
        if not request.user.may_see_identities and request.query_params.get("ordering", "").endswith("name"):
            raise ValidationError({"ordering": [_("Names are not shown to you, so they order nothing.")]})
        self.serializer_class = ClientSerializer
        response = super().list(request, *args, **kwargs)
        count, text = len(response.data["results"]), request.query_params.get("search", "")
        if text:
            audit.record(actor=request.user, act=AuditEntry.Act.SEARCH, detail=mask_digits(text), count=count)
        if request.auth is not None:
            said = f"api, application {request.auth.application_id}"
            audit.record(
                actor=request.user, act=AuditEntry.Act.EXPORT, subject="clients", detail=said, count=count
            )
        return response

    @extend_schema(responses=ClientFileSerializer)
    def retrieve(self, request, *args, **kwargs) -> Response:
        """One client. Opening the file is recorded."""
        response = super().retrieve(request, *args, **kwargs)
        client = Client.objects.only("pk").get(number=kwargs["number"])
        audit.record(actor=request.user, act=AuditEntry.Act.READ, subject=f"client/{client.pk}", detail="api")
        return response

    @extend_schema(request=ClientChange, responses=ClientFileSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Change what staff may change on a page."""
        client = self.get_editable()
        changes = self.read(ClientChange)
        services.change_client(actor=request.user, client=client, changes=changes)
        return self.answer(client)

    @extend_schema(request=ClientUpsert, responses={200: ClientFileSerializer, 201: ClientFileSerializer})
    def update(self, request, *args, **kwargs) -> Response:
        """Create the client, or change it, by its number: for core banking, and for supervisors.

        `If-None-Match: *` only creates, `If-Match` only changes; otherwise whichever applies.
        """
        if request.auth is None and request.user.role != Role.SUPERVISOR:
            self.permission_denied(request)
        number = kwargs["number"]
        if Client.objects.filter(number=number).exists():
            client = self.get_unchanged(self.get_object())
            if request.headers.get("If-None-Match", "").strip() == "*":
                raise Problem(412, "stale")
            data = self.read(ClientUpsert)
            services.change_client(actor=request.user, client=client, changes=data, as_core=True)
            return self.answer(client)
        if "If-Match" in request.headers:
            raise Problem(412, "stale")
        data = self.read(ClientUpsert)
        client = services.create_client(actor=request.user, data={"number": number, **data})
        return self.answer(client, status=201, headers={"Location": request.build_absolute_uri()})

    @extend_schema(request=RevealInput, responses=Revealed)
    @action(detail=True, methods=["post"])
    def reveal(self, request, *args, **kwargs) -> Response:
        """Show one contact point in clear. The look is recorded with the asker's name."""
        client = self.get_object()
        asked = self.read(RevealInput)["contact_point"]
        point = ContactPoint.objects.visible_to(request.user).filter(client=client, pk=asked).first()
        if point is None:
            raise ValidationError(
                {"contact_point": [_("The client has no such contact point.")]}, "does_not_exist"
            )
        value = services.reveal(actor=request.user, contact_point=point)
        return Response({"id": point.pk, "kind": point.kind, "value": value})


class TierSerializer(serializers.ModelSerializer):
    class Meta:
        model = Tier
        fields = ["code", "name", "rank", "is_key", "ideal_days", "maximum_days"]


class TierViewSet(Listed, Retrieved, ApiViewSet):
    """Service levels."""

    scopes = {"read": "clients:read"}
    serializer_class = TierSerializer
    queryset = Tier.objects.all()
    lookup_field = "code"
    lookup_value_regex = "[^/]{1,20}"
    orderings = {"code": ("code",)}
    ordering = "code"

    def visible(self) -> QuerySet:
        return Tier.objects.all()


class ThemeSerializer(serializers.ModelSerializer):
    class Meta:
        model = Theme
        fields = ["code", "name", "way", "minimum_gap_days", "is_duty"]


class ThemeViewSet(Listed, Retrieved, ApiViewSet):
    """What contacts are about."""

    scopes = {"read": "clients:read"}
    serializer_class = ThemeSerializer
    queryset = Theme.objects.all()
    lookup_field = "code"
    lookup_value_regex = "[^/]{1,30}"
    orderings = {"code": ("code",)}
    ordering = "code"

    def visible(self) -> QuerySet:
        return Theme.objects.all()
