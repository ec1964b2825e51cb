"""The API of people who belong together. The other end is shown only to those who see it by itself."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients import services
from clients.api.ground import ID, ClientField, LineField, OfClientViewSet
from clients.models import Client, Household, HouseholdMember, Relation
from clients.models.people import RelationKind, inverse_of
from clients.querysets import RelationQuerySet
from clients.sight import shown_name, shown_words
from common.api.problems import Problem
from common.api.serializers import StrictSerializer
from staff.models import User


class SomebodySerializer(serializers.Serializer):
    """A client in sight, somebody known by name only, or nothing but that there is somebody."""

    hidden = serializers.BooleanField(help_text="A client out of the asker's sight: nothing else is said.")
    client_number = serializers.CharField(required=False, allow_null=True)
    name = serializers.CharField(required=False)


def somebody(asker: User, client: Client | None, person: str, *, is_seen: bool) -> dict:
    if client is None:
        return {"hidden": False, "client_number": None, "name": shown_words(asker, person)}
    if not is_seen:
        return {"hidden": True}
    return {"hidden": False, "client_number": client.number, "name": shown_name(asker, client)}


def seen_by(user: User, column: str) -> Exists:
    """Whether the client in a column is in somebody's sight by itself."""
    return Exists(Client.objects.visible_to(user).filter(pk=OuterRef(column)))


class SomebodyInput(StrictSerializer):
    """A client in sight or a name, one of the two."""

    client_number = ClientField(source="client")
    other_client_number = ClientField(source="other", required=False, allow_null=True)
    person = LineField(max_length=120, required=False, allow_blank=True)

    def validate(self, data: dict) -> dict:
        if data.get("other") and data.get("person"):
            raise serializers.ValidationError({"person": [_("Write the name, or choose a client.")]})
        return data


class RelationFilters(filters.FilterSet):
    client = filters.CharFilter(method="of_client", label="Client number, of either end.")
    kind = filters.ChoiceFilter(choices=RelationKind.choices)

    class Meta:
        model = Relation
        fields: list[str] = []

    def of_client(self, queryset: RelationQuerySet, name: str, number: str) -> QuerySet:
        # Among clients in sight only: else a hidden number would say to whom it is related.
        client = Client.objects.visible_to(self.request.user).filter(number=number).first()
        return queryset.of(client) if client else queryset.none()


class RelationSerializer(serializers.ModelSerializer):
    """`other` is the `kind` of the client, and the client is its `inverse_kind`.

    Two clients share one row, whichever of them it was said of. Where only one of them is in sight, that
    one stands as the client.
    """

    client_number = serializers.SerializerMethodField()
    client_name = serializers.SerializerMethodField()
    kind = serializers.SerializerMethodField()
    inverse_kind = serializers.SerializerMethodField()
    other = serializers.SerializerMethodField()

    class Meta:
        model = Relation
        fields = ["id", "client_number", "client_name", "kind", "inverse_kind", "other"]

    def get_client_number(self, row) -> str:
        return self._near(row).number

    def get_client_name(self, row) -> str:
        return shown_name(self._asker(), self._near(row))

    @extend_schema_field(serializers.ChoiceField(RelationKind.choices))
    def get_kind(self, row) -> str:
        return row.kind if row.sees_client else inverse_of(row.kind)

    @extend_schema_field(serializers.ChoiceField(RelationKind.choices))
    def get_inverse_kind(self, row) -> str:
        return inverse_of(self.get_kind(row))

    @extend_schema_field(SomebodySerializer)
    def get_other(self, row) -> dict:
        if not row.sees_client:
            return somebody(self._asker(), row.client, "", is_seen=False)
        return somebody(self._asker(), row.other, row.person, is_seen=row.sees_other)

    def _near(self, row) -> Client:
        return row.client if row.sees_client else row.other

    def _asker(self) -> User:
        return self.context["request"].user


class RelationInput(SomebodyInput):
    kind = serializers.ChoiceField(RelationKind.choices, help_text="What the other one is to the client.")


class RelationViewSet(OfClientViewSet):
    """Who is close to the clients in sight. Every reading is recorded."""

    scopes = {"read": "clients:read", "write": "clients:write"}
    serializer_class = RelationSerializer
    queryset = Relation.objects.all()
    filterset_class = RelationFilters
    history = (("clients.RelationEvent", "pgh_obj_id"),)
    field_names = {"client": "client_number", "other": "other_client_number"}
    subject = "relations"
    words_in_lists = True

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        return (
            Relation.objects.visible_to(user)
            .annotate(sees_client=seen_by(user, "client"), sees_other=seen_by(user, "other"))
            .select_related("client", "other")
            .defer("client__search", "client__document_number", "other__search", "other__document_number")
        )

    def file_of(self, row) -> int:
        return row.client_id if row.sees_client else row.other_id

    @extend_schema(request=RelationInput, responses={201: RelationSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write down who is close, a client in sight or a name. What is written down already stays."""
        return self.created(services.relate(actor=request.user, **self.read(RelationInput)))

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs) -> Response:
        """Take a relation off both files."""
        relation = self.get_editable()
        editable = Client.objects.editable_by(request.user).filter(
            pk__in=[relation.client_id, relation.other_id or relation.client_id]
        )
        services.unrelate(actor=request.user, client=editable[0], relation=relation)
        return Response(status=204)


# -- households ------------------------------------------------------------------------------------


class MemberSerializer(serializers.ModelSerializer):
    who = serializers.SerializerMethodField()

    class Meta:
        model = HouseholdMember
        fields = ["id", "role", "who"]

    @extend_schema_field(SomebodySerializer)
    def get_who(self, member) -> dict:
        asker = self.context["request"].user
        return somebody(asker, member.client, member.person, is_seen=member.is_seen)


class HouseholdSerializer(serializers.ModelSerializer):
    """People who live and decide together. The name stays empty while a member is out of sight: it may be theirs."""

    name = serializers.SerializerMethodField()
    members = MemberSerializer(many=True)

    class Meta:
        model = Household
        fields = ["id", "code", "name", "members"]

    def get_name(self, household) -> str:
        if any(member.client_id and not member.is_seen for member in household.members.all()):
            return ""
        return shown_words(self.context["request"].user, household.name)


class MemberInput(SomebodyInput):
    """Whom to add to the household of a client; it is made where there is none."""

    role = serializers.ChoiceField(HouseholdMember.Role.choices, help_text="Of whom is added.")


class HouseholdChange(StrictSerializer):
    name = LineField(max_length=120)


class HouseholdFilters(filters.FilterSet):
    client = filters.CharFilter(method="of_client", label="Number of a client who belongs to it.")

    class Meta:
        model = Household
        fields: list[str] = []

    def of_client(self, queryset: QuerySet, name: str, number: str) -> QuerySet:
        # Among clients in sight only: else a hidden number would say to which household it belongs.
        seen = HouseholdMember.objects.visible_to(self.request.user).filter(client__number=number)
        return queryset.filter(pk__in=seen.values("household"))


class HouseholdViewSet(OfClientViewSet):
    """Households of which a client in sight is a member. Every reading is recorded."""

    scopes = {"read": "clients:read", "write": "clients:write"}
    serializer_class = HouseholdSerializer
    queryset = Household.objects.all()
    filterset_class = HouseholdFilters
    history = (("clients.HouseholdEvent", "pgh_obj_id"), ("clients.HouseholdMemberEvent", "household_id"))
    field_names = {"client": "client_number", "member": "other_client_number"}
    subject = "households"
    words_in_lists = True

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        members = (
            HouseholdMember.objects.annotate(is_seen=seen_by(user, "client"))
            .select_related("client")
            .defer("client__search", "client__document_number")
            .order_by("id")
        )
        seen = HouseholdMember.objects.visible_to(user)
        return Household.objects.filter(pk__in=seen.values("household")).prefetch_related(
            Prefetch("members", queryset=members)
        )

    def editable(self) -> QuerySet:
        mine = HouseholdMember.objects.editable_by(self.request.user)
        return Household.objects.filter(pk__in=mine.values("household"))

    def file_of(self, row) -> int:
        return next(member.client_id for member in row.members.all() if member.client_id and member.is_seen)

    @extend_schema(request=MemberInput, responses={201: HouseholdSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Add a client in sight, or somebody by name, to a client's household, which is made where there is none."""
        data = self.read(MemberInput)
        member = services.join_household(actor=request.user, member=data.pop("other", None), **data)
        return self.created(member.household)

    @extend_schema(request=HouseholdChange, responses=HouseholdSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Call it otherwise."""
        household = self.get_editable()
        name = self.read(HouseholdChange)["name"]
        services.name_household(actor=request.user, client=self._mine(household), name=name)
        return self.answer(household)

    @extend_schema(responses={200: HouseholdSerializer, 204: None})
    @action(detail=True, methods=["delete"], url_path=f"members/(?P<member>{ID})")
    def leave(self, request, *args, **kwargs) -> Response:
        """Take somebody out; with one person left there is no household any more (204)."""
        household = self.get_editable()
        member = household.members.filter(pk=kwargs["member"]).first()
        if member is None:
            raise Problem(404, "not-found")
        services.leave_household(actor=request.user, client=self._mine(household), member=member)
        return self.answer(household)

    def _mine(self, household: Household) -> Client:
        """A member through whom the household is the asker's to change."""
        return Client.objects.editable_by(self.request.user).filter(household_member__household=household)[0]
