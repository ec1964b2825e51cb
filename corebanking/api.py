"""The API's word on imports: send a file, follow it, fetch what was set aside, decide."""

from pathlib import Path

from django.http import FileResponse, Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from common.api.views import ApiViewSet, BoundedJSONParser, Listed, Retrieved
from corebanking import services
from corebanking.kinds import KINDS
from corebanking.models import ImportJob
from corebanking.refusals import ImportRefused


class ImportSerializer(serializers.ModelSerializer):
    class Meta:
        model = ImportJob
        fields = [
            "id", "kind", "state", "file_name", "mapping_name", "source_date", "size", "bytes_read", "read",
            "created", "updated", "unchanged", "rejected", "missing", "refusal", "created_at", "committed_at",
            "undone_at",
        ]  # fmt: skip


class ImportInput(serializers.Serializer):
    kind = serializers.ChoiceField(choices=sorted(KINDS))
    mapping = serializers.CharField(required=False, allow_blank=True, default="")
    source_date = serializers.DateField(required=False, allow_null=True, default=None)
    file = serializers.FileField()


class CommitInput(serializers.Serializer):
    allow_rejected = serializers.BooleanField(default=False)


class ImportViewSet(Listed, Retrieved, ApiViewSet):
    """Imports of files. Administrators, and machines that act for one."""

    scopes = {"read": "imports:read", "write": "imports:write"}
    serializer_class = ImportSerializer
    queryset = ImportJob.objects.all()
    parser_classes = [MultiPartParser, BoundedJSONParser]
    orderings = {"id": ("id",), "-id": ("-id",)}
    ordering = "-id"

    def visible(self):
        return ImportJob.objects.visible_to(self.request.user)

    editable = visible

    @extend_schema(request=ImportInput, responses={202: ImportSerializer})
    def create(self, request) -> Response:
        data = ImportInput(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            job = services.receive_upload(actor=request.user, **data.validated_data)
        except ImportRefused as error:
            raise ValidationError({"file": [str(error)]}) from error
        return Response(ImportSerializer(job).data, status=202)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    @action(detail=True)
    def errors(self, request, pk=None):
        job = self.get_object()
        if (
            not job.shows_values_to(request.user)
            or not job.errors_path
            or not Path(job.errors_path).is_file()
        ):
            raise Http404
        return FileResponse(Path(job.errors_path).open("rb"), as_attachment=True, filename=job.errors_name)

    @extend_schema(request=CommitInput, responses={202: ImportSerializer})
    @action(detail=True, methods=["post"])
    def commit(self, request, pk=None) -> Response:
        data = CommitInput(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            job = services.order_commit(
                actor=request.user,
                job=self.get_object(),
                allow_rejected=data.validated_data["allow_rejected"],
            )
        except ImportRefused as error:
            raise ValidationError({"detail": [str(error)]}) from error
        return Response(ImportSerializer(job).data, status=202)

    @extend_schema(request=None, responses={200: ImportSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request, pk=None) -> Response:
        """Take a committed import back, where nobody has changed its rows since."""
        try:
            job = services.undo_import(actor=request.user, job=self.get_object())
        except ImportRefused as error:
            raise ValidationError({"detail": [str(error)]}) from error
        return Response(ImportSerializer(job).data)

    @extend_schema(responses={200: OpenApiTypes.OBJECT})
    @action(detail=False)
    def kinds(self, request) -> Response:
        """The kinds and their columns, in the order in which a bank loads them."""
        return Response(
            [
                {
                    "kind": code,
                    "columns": [
                        {"name": c.name, "required": c.required, "key": c.key, "type": c.cell.sql}
                        for c in kind.columns
                    ],
                }
                for code, kind in KINDS.items()
            ]
        )
