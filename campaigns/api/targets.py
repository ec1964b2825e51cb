"""The API of targets: the clients of a campaign as frozen at launch, and what came of each."""

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from campaigns.models import Arm, Campaign, Target, TargetAction
from campaigns.services.calling import set_outcome
from campaigns.services.campaigns import MAY_PLAN
from clients.api.ground import OfClientFilters, OfClientSerializer, OfClientViewSet
from common.api.serializers import CodeField, StrictSerializer
from staff.api import PersonSerializer

Outcome = Target.Outcome


class TargetSerializer(OfClientSerializer):
    """A client of a campaign, with branch, tier and account manager as they were. `groups`: of the rule, from 1."""

    campaign = CodeField()
    branch = CodeField()
    tier = CodeField(allow_null=True)
    manager = PersonSerializer(allow_null=True)
    action = serializers.IntegerField(
        source="last_action", allow_null=True, help_text="Of the last round; null where none was made."
    )
    outcome_by = PersonSerializer(allow_null=True, help_text="Nobody, though it is said: a file brought it.")

    class Meta:
        model = Target
        fields = [
            "id",
            "client_number",
            "client_name",
            "campaign",
            "arm",
            "groups",
            "channel",
            "branch",
            "tier",
            "manager",
            "action",
            "outcome",
            "outcome_at",
            "outcome_by",
        ]


class OutcomeInput(StrictSerializer):
    outcome = serializers.ChoiceField(Outcome.choices, allow_blank=True, help_text="Empty takes it back.")


class TargetFilters(OfClientFilters):
    campaign = filters.CharFilter("campaign__code", label="Code of the campaign.")
    arm = filters.ChoiceFilter(choices=Arm.choices)
    outcome = filters.ChoiceFilter(choices=Outcome.choices)
    said = filters.BooleanFilter(method="is_said", label="Has a result.")
    manager = filters.CharFilter("manager__staff_number", label="Staff number, as at launch.")

    class Meta:
        model = Target
        fields: list[str] = []

    def is_said(self, queryset: QuerySet, name: str, said: bool) -> QuerySet:
        return queryset.exclude(outcome="") if said else queryset.filter(outcome="")


class TargetViewSet(OfClientViewSet):
    """Targets of the campaigns in the asker's sight, of clients the asker works with.

    Account managers see whom they are to contact; who is left alone is for those who plan.
    """

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = TargetSerializer
    queryset = Target.objects.all()
    filterset_class = TargetFilters
    history = (
        ("campaigns.TargetEvent", "pgh_obj_id"),
        ("campaigns.TargetActionEvent", "target_id"),
    )
    subject = "targets"
    words_in_lists = True

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        last = TargetAction.objects.filter(target=OuterRef("pk")).order_by("-number").values("action")[:1]
        theirs = Q() if user.role in MAY_PLAN else Q(arm=Arm.TREATMENT)
        rows = Target.objects.worked_by(user).filter(
            theirs, campaign__in=Campaign.objects.visible_to(user).order_by().values("pk")
        )
        rows = rows.select_related("client", "campaign", "branch", "tier", "manager", "outcome_by")
        return rows.defer("client__search", "client__document_number").annotate(last_action=Subquery(last))

    @extend_schema(request=OutcomeInput, responses=TargetSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Say what came of it, or correct it; who is left alone has no result."""
        target = self.get_editable()
        set_outcome(actor=request.user, target=target, **self.read(OutcomeInput))
        return self.answer(target)
