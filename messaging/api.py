"""The API of a person's own notifications."""

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from common.api.serializers import Nothing
from common.api.views import ApiViewSet, Listed, Retrieved
from messaging.models import Notification
from messaging.services import mark_read


class NotificationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notification
        fields = ["id", "kind", "subject", "count", "url", "at", "read_at"]


class MarkedSerializer(serializers.Serializer):
    marked = serializers.IntegerField(help_text="How many were unread.")


class NotificationFilters(filters.FilterSet):
    unread = filters.BooleanFilter("read_at", lookup_expr="isnull")

    class Meta:
        model = Notification
        fields: list[str] = []


class NotificationViewSet(Listed, Retrieved, ApiViewSet):
    """The asker's own notifications."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = NotificationSerializer
    queryset = Notification.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9]{1,18}"
    filterset_class = NotificationFilters
    orderings = {"at": ("at", "id")}
    ordering = "-at"
    history = (("messaging.NotificationEvent", "pgh_obj_id"),)

    def visible(self) -> QuerySet:
        return Notification.objects.visible_to(self.request.user)

    def editable(self) -> QuerySet:
        return Notification.objects.visible_to(self.request.user)  # one's own, to read and to mark

    @extend_schema(request=Nothing, responses=NotificationSerializer)
    @action(detail=True, methods=["post"], url_path="read")
    def mark(self, request, *args, **kwargs) -> Response:
        """Mark one as read."""
        self.read(Nothing)
        found = self.get_editable()
        mark_read(actor=request.user, notifications=[found])
        return self.answer(found)

    @extend_schema(operation_id="notifications_read_all", request=Nothing, responses=MarkedSerializer)
    @action(detail=False, methods=["post"], url_path="read")
    def mark_all(self, request, *args, **kwargs) -> Response:
        """Mark all as read."""
        self.read(Nothing)
        return Response({"marked": mark_read(actor=request.user)})
