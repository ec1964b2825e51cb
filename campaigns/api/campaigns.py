"""The API of campaigns and of what they cost: planned, approved by a second person, launched, paused, ended."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from campaigns.models import Arm, Campaign, CostLine, Event, Segment, Target
from campaigns.services import acting, campaigns
from campaigns.services.campaigns import LONGEST_DAYS, MAY_PLAN, MOST_CONTROL
from campaigns.services.launching import launch_campaign
from clients.api.ground import ID, NUMBER, LineField
from clients.models import Channel, Tier
from common.api.filters import within_days
from common.api.serializers import CodeField, Nothing, StrictSerializer, VisibleField, VisibleIdField
from common.api.views import ApiViewSet, Listed, Retrieved
from interactions.api.ground import ColleagueField, ThemeField
from portfolio.models import Product
from staff.api import PersonSerializer
from staff.models import Branch

Money = dict[str, Any]
AMOUNT: Money = {"max_digits": 14, "decimal_places": 2, "min_value": Decimal(0)}
WAYS = [(one.value, one.label) for one in Channel if one != Channel.EVENT]
# What a change of some fields leaves as it is: the service's names, which are the row's.
KEPT = (
    "name", "code", "theme", "objective", "method", "frequency", "channels", "starts_on", "ends_on", "branch",
    "script", "budget", "currency", "control_share",
)  # fmt: skip


class CampaignSerializer(serializers.ModelSerializer):
    """A theme for chosen clients in a period. Money is told to those who plan."""

    theme = CodeField()
    products = CodeField(many=True)
    segment = serializers.IntegerField(
        source="segment_version.segment_id", allow_null=True, default=None, help_text="Id of the segment."
    )
    segment_version = serializers.IntegerField(
        source="segment_version.number", allow_null=True, default=None, help_text="Its version as chosen."
    )
    branch = CodeField(allow_null=True, help_text="Null: the whole bank.")
    budget = serializers.SerializerMethodField()
    responsible = PersonSerializer(many=True)
    planned_by = PersonSerializer()
    asked_by = PersonSerializer(allow_null=True)
    decided_by = PersonSerializer(allow_null=True)
    launched_by = PersonSerializer(allow_null=True)
    targets = serializers.IntegerField(
        source="target_count", help_text="Clients you work with who are to be contacted."
    )
    said = serializers.IntegerField(source="said_count", help_text="Of these, those with a result.")

    class Meta:
        model = Campaign
        fields = [
            "code",
            "name",
            "theme",
            "objective",
            "method",
            "frequency",
            "channels",
            "products",
            "segment",
            "segment_version",
            "branch",
            "starts_on",
            "ends_on",
            "script",
            "budget",
            "currency",
            "control_share",
            "responsible",
            "state",
            "is_from_file",
            "targets",
            "said",
            "planned_by",
            "planned_at",
            "asked_by",
            "asked_at",
            "decided_by",
            "decided_at",
            "reason",
            "launched_by",
            "launched_at",
            "ended_at",
        ]

    def get_budget(self, campaign) -> str | None:
        return str(campaign.budget) if self.context["request"].user.role in MAY_PLAN else None


class CampaignInput(StrictSerializer):
    """What is planned. Absent fields of a change stay as they are."""

    code = LineField(max_length=40)
    name = LineField(max_length=120)
    theme = ThemeField()
    objective = serializers.ChoiceField(Campaign.Objective.choices, default=Campaign.Objective.PRODUCT)
    method = serializers.ChoiceField(Campaign.Method.choices, default=Campaign.Method.CONTACTS)
    frequency = serializers.ChoiceField(Campaign.Frequency.choices, default=Campaign.Frequency.ONCE)
    channels = serializers.ListField(
        child=serializers.ChoiceField(WAYS),
        allow_empty=False,
        max_length=len(WAYS),
        help_text="In the order of choice: each client by the first one that is allowed.",
    )
    products = serializers.ListField(
        child=VisibleField("code", queryset=Product.objects, everyone=True), max_length=100, required=False
    )
    segment = VisibleIdField(queryset=Segment.objects, required=False, allow_null=True)
    branch = VisibleField(
        "code", queryset=Branch.objects, everyone=True, required=False, allow_null=True,
        help_text="Null: the whole bank; for a supervisor the own branch.",
    )  # fmt: skip
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text=f"The last day; at most {LONGEST_DAYS} days later.")
    script = serializers.CharField(max_length=8000, required=False, allow_blank=True)
    budget = serializers.DecimalField(**AMOUNT, required=False)
    currency = serializers.RegexField("^[A-Z]{3}$", required=False, help_text="ISO 4217.")
    control_share = serializers.DecimalField(
        max_digits=4, decimal_places=3, min_value=Decimal(0), max_value=MOST_CONTROL, required=False,
        help_text="Left alone by seeded draw, so that the effect can be told.",
    )  # fmt: skip
    responsible = serializers.ListField(child=ColleagueField(), max_length=50, required=False)


class CampaignDecisionInput(StrictSerializer):
    approved = serializers.BooleanField()
    reason = LineField(max_length=300, required=False, allow_blank=True, help_text="Of a refusal.")


class WhyInput(StrictSerializer):
    reason = LineField(max_length=300, required=False, allow_blank=True)


class ExtendInput(StrictSerializer):
    ends_on = serializers.DateField()


@within_days("starts_on")
class CampaignFilters(filters.FilterSet):
    state = filters.MultipleChoiceFilter(choices=Campaign.State.choices)
    theme = filters.CharFilter("theme__code", label="Code of the theme.")
    branch = filters.CharFilter("branch__code", label="Code of the branch it is for.")
    from_file = filters.BooleanFilter("is_from_file", label="Its clients were delivered by a file.")

    class Meta:
        model = Campaign
        fields: list[str] = []


class CampaignViewSet(Listed, Retrieved, ApiViewSet):
    """Campaigns that concern the asker: see the page of campaigns. Counts are of clients the asker works with."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = CampaignSerializer
    queryset = Campaign.objects.all()
    lookup_field = "code"
    lookup_value_regex = NUMBER
    filterset_class = CampaignFilters
    orderings = {"starts": ("starts_on", "id"), "code": ("code",)}
    ordering = "-starts"
    history = (("campaigns.CampaignEvent", "pgh_obj_id"),)

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        theirs = Target.objects.worked_by(user).filter(campaign=OuterRef("pk"), arm=Arm.TREATMENT)
        by_campaign = theirs.order_by().values("campaign")

        def counted(which: Q) -> Coalesce:
            counts = by_campaign.annotate(n=Count("pk", filter=which)).values("n")
            return Coalesce(Subquery(counts, output_field=IntegerField()), 0)

        rows = Campaign.objects.visible_to(user).select_related(
            "theme", "branch", "segment_version", "planned_by", "asked_by", "decided_by", "launched_by"
        )
        return rows.prefetch_related("products", "responsible").annotate(
            target_count=counted(Q()), said_count=counted(~Q(outcome=""))
        )

    def editable(self) -> QuerySet:
        user: Any = self.request.user
        return Campaign.objects.editable_by(user)

    @extend_schema(request=CampaignInput, responses={201: CampaignSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Plan a campaign: a draft, until a second person has approved it."""
        campaign = campaigns.plan_campaign(actor=request.user, **self.read(CampaignInput))
        place = request.build_absolute_uri(f"{request.path}{campaign.code}/")
        return self.answer(campaign, status=201, headers={"Location": place})

    @extend_schema(request=CampaignInput, responses=CampaignSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Change one that nobody has launched; one that was approved is a draft again."""
        campaign = self.get_editable()
        version = campaign.segment_version
        now = {name: getattr(campaign, name) for name in KEPT} | {
            "products": list(campaign.products.all()),
            "responsible": list(campaign.responsible.all()),
            "segment": version.segment if version is not None else None,
        }
        data = self.read(CampaignInput, partial=True)
        campaigns.plan_campaign(
            actor=request.user, campaign=campaign, keeps_version="segment" not in data, **(now | data)
        )
        return self.answer(campaign)

    @extend_schema(request=Nothing, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def ask(self, request, *args, **kwargs) -> Response:
        """Ask for approval. Twice is harmless."""
        return self._done(campaigns.ask_approval)

    @extend_schema(request=CampaignDecisionInput, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request, *args, **kwargs) -> Response:
        """Approve one that waits, or refuse it with the reason; never who planned it or asked."""
        campaign = self.get_unchanged(self.get_object())
        campaigns.decide_campaign(actor=request.user, campaign=campaign, **self.read(CampaignDecisionInput))
        return self.answer(campaign)

    @extend_schema(request=Nothing, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def launch(self, request, *args, **kwargs) -> Response:
        """Freeze the list of one that is approved and make its actions; many are `launching` for a while."""
        return self._done(launch_campaign)

    @extend_schema(request=WhyInput, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request, *args, **kwargs) -> Response:
        """What nobody has done goes from Today."""
        return self._done(acting.pause_campaign, WhyInput)

    @extend_schema(request=Nothing, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request, *args, **kwargs) -> Response:
        """Take up a paused one over the days that are left."""
        return self._done(acting.resume_campaign)

    @extend_schema(request=ExtendInput, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request, *args, **kwargs) -> Response:
        """Give one that runs a later last day."""
        return self._done(acting.extend_campaign, ExtendInput)

    @extend_schema(request=WhyInput, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request, *args, **kwargs) -> Response:
        """End one that runs: what nobody has done goes from Today. Twice is harmless."""
        return self._done(acting.end_campaign, WhyInput)

    @extend_schema(request=Nothing, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def drop(self, request, *args, **kwargs) -> Response:
        """Put aside one that nobody has launched."""
        return self._done(campaigns.drop_campaign)

    @extend_schema(request=Nothing, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request, *args, **kwargs) -> Response:
        """Take up one that was put aside, as a draft."""
        return self._done(campaigns.restore_campaign)

    def _done(self, service, body: type[StrictSerializer] = Nothing) -> Response:
        """A service's work on the addressed campaign, with what its body says."""
        campaign = self.get_editable()
        service(actor=self.request.user, campaign=campaign, **self.read(body))
        return self.answer(campaign)


class CostLineSerializer(serializers.ModelSerializer):
    """One cost of a campaign, in its currency. Without a tier it is shared by all its clients."""

    campaign = CodeField()
    event = serializers.IntegerField(source="event_id", allow_null=True)
    tier = CodeField(allow_null=True)
    written_by = PersonSerializer()

    class Meta:
        model = CostLine
        fields = [
            "id",
            "campaign",
            "event",
            "tier",
            "what",
            "planned_amount",
            "actual_amount",
            "currency",
            "written_by",
            "written_at",
        ]


class CostInput(StrictSerializer):
    what = LineField(max_length=150)
    planned_amount = serializers.DecimalField(**AMOUNT, required=False)
    actual_amount = serializers.DecimalField(**AMOUNT, required=False, allow_null=True)
    tier = VisibleField("code", queryset=Tier.objects, everyone=True, required=False, allow_null=True)
    event = VisibleIdField(queryset=Event.objects, required=False, allow_null=True)


class CostOfCampaignInput(CostInput):
    campaign = VisibleField("code", queryset=Campaign.objects)


class CostLineFilters(filters.FilterSet):
    campaign = filters.CharFilter("campaign__code", label="Code of the campaign.")

    class Meta:
        model = CostLine
        fields: list[str] = []


class CostLineViewSet(Listed, Retrieved, ApiViewSet):
    """What campaigns cost, planned and actual: for those who plan."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = CostLineSerializer
    queryset = CostLine.objects.all()
    lookup_field = "pk"
    lookup_url_kwarg = "id"
    lookup_value_regex = ID
    filterset_class = CostLineFilters
    history = (("campaigns.CostLineEvent", "pgh_obj_id"),)

    def visible(self) -> QuerySet:
        user: Any = self.request.user
        rows = CostLine.objects.visible_to(user) if user.role in MAY_PLAN else CostLine.objects.none()
        return rows.select_related("campaign", "tier", "written_by").order_by()

    def editable(self) -> QuerySet:
        user: Any = self.request.user
        return CostLine.objects.editable_by(user)

    @extend_schema(request=CostOfCampaignInput, responses={201: CostLineSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write down a cost of a campaign that you may change."""
        line = campaigns.write_cost(actor=request.user, **self.read(CostOfCampaignInput))
        place = request.build_absolute_uri(f"{request.path}{line.pk}/")
        return self.answer(line, status=201, headers={"Location": place})

    @extend_schema(request=CostInput, responses=CostLineSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Correct a cost, or write what it came to."""
        line = self.get_editable()
        kept = {
            name: getattr(line, name) for name in ("what", "planned_amount", "actual_amount", "tier", "event")
        }
        data = kept | self.read(CostInput, partial=True)
        campaigns.write_cost(actor=request.user, campaign=line.campaign, line=line, **data)
        return self.answer(line)

    @extend_schema(responses={204: None})
    def destroy(self, request, *args, **kwargs) -> Response:
        """Take a cost off; history keeps it."""
        campaigns.drop_cost(actor=request.user, line=self.get_editable())
        return Response(status=204)
