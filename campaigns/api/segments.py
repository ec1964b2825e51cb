"""The API of segments: a rule or a list under a name, in versions; how many it takes in."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from campaigns.models import Segment, SegmentVersion
from campaigns.services import drop_segment, members, save_segment
from campaigns.services.segments import MOST_NUMBERS
from clients.api.ground import ID, LineField
from common.api.serializers import StrictSerializer
from common.api.views import ApiViewSet, Listed, Retrieved
from staff.api import PersonSerializer


def version_of(segment: Segment) -> SegmentVersion:
    """The version that stands, where it came with the row."""
    latest: list[SegmentVersion] = getattr(segment, "latest", [])
    return latest[0] if latest else segment.current


class SegmentSerializer(serializers.ModelSerializer):
    """A name and what it chooses in its last version. The numbers of a list are not told: they may be out of sight."""

    owner = PersonSerializer()
    version = serializers.SerializerMethodField()
    rule = serializers.SerializerMethodField()
    is_list = serializers.SerializerMethodField()
    saved_at = serializers.SerializerMethodField()

    class Meta:
        model = Segment
        fields = ["id", "name", "owner", "version", "rule", "is_list", "created_at", "saved_at"]

    def get_version(self, segment) -> int:
        return version_of(segment).number

    @extend_schema_field({"type": "object", "nullable": True, "description": "Null of a list."})
    def get_rule(self, segment) -> dict | None:
        return version_of(segment).rule

    def get_is_list(self, segment) -> bool:
        return version_of(segment).numbers is not None

    @extend_schema_field(serializers.DateTimeField)
    def get_saved_at(self, segment):
        return version_of(segment).saved_at


class MembersSerializer(serializers.Serializer):
    """How many clients of the asker's sight the last version takes in today."""

    version = serializers.IntegerField()
    count = serializers.IntegerField()


class SegmentInput(StrictSerializer):
    """A rule, or a list of client numbers."""

    name = LineField(max_length=120)
    rule = serializers.DictField(required=False, help_text="Groups of conditions: see the page of segments.")
    numbers = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=MOST_NUMBERS
    )

    def validate(self, data: dict) -> dict:
        if "rule" in data and "numbers" in data:
            raise serializers.ValidationError({"numbers": [_("Give a rule or a list, not both.")]})
        if not self.partial and "rule" not in data and "numbers" not in data:
            raise serializers.ValidationError({"rule": [_("Give a rule, or a list of numbers.")]})
        return data


class SegmentFilters(filters.FilterSet):
    owner = filters.CharFilter("owner__staff_number", label="Staff number of the owner.")

    class Meta:
        model = Segment
        fields: list[str] = []


class SegmentViewSet(Listed, Retrieved, ApiViewSet):
    """Segments: for supervisors, their own and those of head office; for head office all; nobody else."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = SegmentSerializer
    queryset = Segment.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = SegmentFilters
    orderings = {"name": ("name", "id"), "id": ("id",)}
    ordering = "name"
    history = (
        ("campaigns.SegmentEvent", "pgh_obj_id"),
        ("campaigns.SegmentVersion", "segment_id", "saved_at"),
    )

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        last = SegmentVersion.objects.order_by("segment", "-number").distinct("segment")
        rows = Segment.objects.visible_to(user).select_related("owner")
        return rows.prefetch_related(Prefetch("versions", queryset=last, to_attr="latest"))

    def editable(self) -> QuerySet:
        user: Any = self.request.user
        return Segment.objects.editable_by(user)

    @extend_schema(request=SegmentInput, responses={201: SegmentSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Save a rule, or a list of numbers of clients in sight, under a name."""
        segment = save_segment(actor=request.user, **self.read(SegmentInput)).segment
        place = request.build_absolute_uri(f"{request.path}{segment.pk}/")
        return self.answer(segment, status=201, headers={"Location": place})

    @extend_schema(request=SegmentInput, responses=SegmentSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Name your own segment otherwise, or give it a further version; the same rule again makes none."""
        segment = self.get_editable()
        data = self.read(SegmentInput, partial=True)
        if "rule" not in data and "numbers" not in data:
            now = segment.current
            data |= {"rule": now.rule} if now.numbers is None else {"numbers": now.numbers}
        save_segment(actor=request.user, segment=segment, **{"name": segment.name, **data})
        return self.answer(segment)

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs) -> Response:
        """Take your own segment off the list; its versions stay."""
        drop_segment(actor=request.user, segment=self.get_editable())
        return Response(status=204)

    @extend_schema(responses=MembersSerializer)
    @action(detail=True)
    def members(self, request, *args, **kwargs) -> Response:
        """How many of the clients whom you work with it takes in today."""
        version = self.get_object().current
        return Response({"version": version.number, "count": members(version, request.user).count()})
