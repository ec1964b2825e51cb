"""The API of what clients may learn from: articles and cases."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from campaigns.models import Piece, PieceWords
from clients.api.ground import ID
from common.api.views import ApiViewSet, Listed, Retrieved
from staff.api import PersonSerializer


class PieceSerializer(serializers.ModelSerializer):
    """An article or a case; its title in the language asked for, else in its own."""

    title = serializers.CharField()
    languages = serializers.SerializerMethodField()
    written_by = PersonSerializer()

    class Meta:
        model = Piece
        fields = [
            "id",
            "kind",
            "title",
            "language",
            "languages",
            "written_by",
            "written_at",
            "published_at",
            "withdrawn_at",
        ]

    def get_languages(self, piece) -> list[str]:
        return sorted(words.language for words in piece.wordings.all())


class PieceWordsSerializer(serializers.ModelSerializer):
    class Meta:
        model = PieceWords
        fields = ["language", "title", "body"]


class WholePieceSerializer(PieceSerializer):
    """With its words in every language."""

    wordings = PieceWordsSerializer(many=True)

    class Meta(PieceSerializer.Meta):
        fields = [*PieceSerializer.Meta.fields, "wordings"]


class PieceFilters(filters.FilterSet):
    kind = filters.ChoiceFilter(choices=Piece.Kind.choices)
    published = filters.BooleanFilter(
        "published_at", lookup_expr="isnull", exclude=True, label="Published, withdrawn since or not."
    )

    class Meta:
        model = Piece
        fields: list[str] = []


class PieceViewSet(Listed, Retrieved, ApiViewSet):
    """Articles and cases: for those who plan all, for account managers what is published. One alone has its words."""

    scopes = {"read": "contacts:read"}
    serializer_class = PieceSerializer
    queryset = Piece.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = PieceFilters
    orderings = {"written": ("written_at", "id")}
    ordering = "-written"
    history = (("campaigns.PieceEvent", "pgh_obj_id"), ("campaigns.PieceWordsEvent", "piece_id"))

    def get_serializer_class(self):
        return WholePieceSerializer if self.action == "retrieve" else PieceSerializer

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        return Piece.objects.visible_to(user).select_related("written_by").prefetch_related("wordings")
