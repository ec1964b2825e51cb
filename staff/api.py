"""The API's word on staff: who am I, colleagues, branches."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from common.api.access import ANY
from common.api.serializers import CodeField
from common.api.views import ApiView, ApiViewSet, Listed, Retrieved
from staff.models import Branch, Role, User


class PersonSerializer(serializers.ModelSerializer):
    """A colleague as named beside contacts and actions."""

    class Meta:
        model = User
        fields = ["staff_number", "name"]


class StaffSerializer(serializers.ModelSerializer):
    role = serializers.ChoiceField(Role.choices)
    branch = CodeField(allow_null=True)

    class Meta:
        model = User
        fields = ["staff_number", "name", "email", "role", "branch", "is_active"]


class MeSerializer(serializers.ModelSerializer):
    role = serializers.ChoiceField(Role.choices)
    branch = CodeField(allow_null=True)
    sees_identities = serializers.BooleanField(source="may_see_identities")
    application = serializers.SerializerMethodField()
    scopes = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "staff_number",
            "name",
            "role",
            "branch",
            "language",
            "time_zone",
            "sees_identities",
            "application",
            "scopes",
        ]

    def get_application(self, user: User) -> str | None:
        token = self.context["request"].auth
        return token.application.name if token is not None else None

    def get_scopes(self, user: User) -> list[str]:
        token = self.context["request"].auth
        return sorted(token.scopes) if token is not None else []


class MeView(ApiView):
    """Who is asking: the signed-in person, or the one whose sight a machine acts with."""

    scopes = {"read": ANY}

    @extend_schema(responses=MeSerializer)
    def get(self, request) -> Response:
        return Response(MeSerializer(request.user, context={"request": request}).data)


class BranchSerializer(serializers.ModelSerializer):
    parent_code = CodeField(source="parent", allow_null=True)

    class Meta:
        model = Branch
        fields = ["code", "name", "parent_code", "country", "region", "time_zone"]


class BranchViewSet(Listed, Retrieved, ApiViewSet):
    """The tree of branches. No client is in it, so every role may read it."""

    scopes = {"read": "clients:read"}
    serializer_class = BranchSerializer
    queryset = Branch.objects.all()
    lookup_field = "code"
    lookup_value_regex = "[^/]{1,20}"
    orderings = {"code": ("code",)}
    ordering = "code"
    history = (("staff.BranchEvent", "pgh_obj_id"),)

    def visible(self):
        return Branch.objects.select_related("parent")


class StaffFilters(filters.FilterSet):
    branch = filters.CharFilter("branch__code")
    role = filters.ChoiceFilter(choices=Role.choices)
    is_active = filters.BooleanFilter()

    class Meta:
        model = User
        fields: list[str] = []


class StaffViewSet(Listed, Retrieved, ApiViewSet):
    """Colleagues whom the asker may name."""

    scopes = {"read": "clients:read"}
    serializer_class = StaffSerializer
    queryset = User.objects.all()
    lookup_field = "staff_number"
    lookup_value_regex = "[^/]{1,20}"
    filterset_class = StaffFilters
    orderings = {"staff_number": ("staff_number",)}
    ordering = "staff_number"
    history = (("staff.UserEvent", "pgh_obj_id"),)

    def visible(self):
        return User.objects.visible_to(self.request.user)
