"""The API of opportunities: raised, changed, moved stage by stage, opened again."""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import ClientField, LineField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.models import Assignment, Channel, Client
from common.api.serializers import CodeField, StrictSerializer, VisibleField
from interactions import services
from interactions.models import Opportunity, Stage, StageChange
from interactions.models.opportunity import OPEN_STAGES
from interactions.services import Interest
from portfolio.models import Product, Purchase
from portfolio.offer import NOT_SOLD, on_sale
from staff.api import PersonSerializer

SOLD = [kind for kind in Product.Kind.choices if kind[0] not in NOT_SOLD]
STAGES_TO_BEGIN = [(stage, Stage(stage).label) for stage in OPEN_STAGES]


class OpportunitySerializer(OfClientSerializer):
    """An interest or intention to buy. While it is open it has a next step, which is an action."""

    FREE_TEXT = ("next_step", "note", "suitability_reason", "lost_reason")

    product = CodeField(allow_null=True)
    is_open = serializers.BooleanField()
    action = serializers.IntegerField(source="action_id", allow_null=True)
    contact = serializers.IntegerField(
        source="contact_id", allow_null=True, help_text="In which it was voiced."
    )
    raised_by = PersonSerializer()
    purchase = CodeField("number", allow_null=True)

    class Meta:
        model = Opportunity
        fields = [
            "id",
            "client_number",
            "client_name",
            "product",
            "kind",
            "amount",
            "currency",
            "stage",
            "is_open",
            "next_step",
            "next_on",
            "note",
            "suitability_reason",
            "lost_reason",
            "purchase",
            "action",
            "contact",
            "raised_at",
            "raised_by",
            "closed_at",
        ]


class StageSerializer(serializers.ModelSerializer):
    by = PersonSerializer()

    class Meta:
        model = StageChange
        fields = ["stage", "at", "by"]


class OpportunityWithStagesSerializer(OpportunitySerializer):
    """One opportunity with every stage it entered, the first one first."""

    stages = serializers.SerializerMethodField()

    class Meta(OpportunitySerializer.Meta):
        fields = [*OpportunitySerializer.Meta.fields, "stages"]

    @extend_schema_field(StageSerializer(many=True))
    def get_stages(self, opportunity: Opportunity) -> list:
        rows = opportunity.stages.select_related("by").order_by("at", "pk")
        return list(StageSerializer(rows, many=True).data)


class ProductField(VisibleField):
    """A product that may be offered today; in a change, also the one that stands there already."""

    def __init__(self, **kwargs):
        super().__init__("code", queryset=Product.objects, everyone=True, **kwargs)

    def get_queryset(self) -> QuerySet:
        offered = on_sale(self.context["request"].user.today())
        standing = self.context.get("product")
        return offered if standing is None else offered | Product.objects.filter(pk=standing)


def amount_field() -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=18, decimal_places=2, min_value=Decimal("0.01"), required=False, allow_null=True
    )


def currency_field() -> serializers.RegexField:
    return serializers.RegexField(
        "^([A-Z]{3})?$", required=False, allow_blank=True, help_text="ISO 4217; the product's, where absent."
    )


class InterestInput(StrictSerializer):
    """What was voiced: a product or a kind of product, and the next step."""

    product = ProductField(required=False, allow_null=True)
    kind = serializers.ChoiceField(SOLD, required=False, help_text="Where no product is named yet.")
    amount = amount_field()
    currency = currency_field()
    stage = serializers.ChoiceField(STAGES_TO_BEGIN, required=False)
    note = LineField(max_length=300, required=False, allow_blank=True, help_text="In the client's words.")
    next_step = LineField(max_length=300, required=False, allow_blank=True)
    next_on = serializers.DateField(required=False, help_text="In some days, where absent.")
    next_at = serializers.TimeField(required=False, allow_null=True)
    channel = serializers.ChoiceField(Channel.choices, required=False, help_text="Of the next step: a call.")
    suitability_reason = LineField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Why it is proposed though it does not suit.",
    )

    def validate(self, data: dict) -> dict:
        product = data.get("product")
        if product is None and not data.get("kind"):
            raise serializers.ValidationError({"kind": [_("Choose a product or a kind of product.")]})
        if data.get("amount") is not None and product is None and not data.get("currency"):
            raise serializers.ValidationError(
                {"currency": [_("Write the currency of the amount, like EUR.")]}
            )
        return data


class InterestOfClientInput(InterestInput):
    client_number = ClientField(source="client")


def interest_of(said: dict, client: Client) -> Interest:
    """The interest of a checked body; without a day the next step is a look after some days."""
    later = client.branch.today() + timedelta(days=settings.FOLLOW_UP_DAYS)
    return Interest(**{"next_on": later} | said)


class OpportunityChange(StrictSerializer):
    """Absent fields stay as they are. The action of the next step moves with it."""

    product = ProductField(required=False, allow_null=True)
    kind = serializers.ChoiceField(SOLD, required=False)
    amount = amount_field()
    currency = currency_field()
    note = LineField(max_length=300, required=False, allow_blank=True)
    next_step = LineField(max_length=300, required=False, allow_blank=True)
    next_on = serializers.DateField(required=False)
    suitability_reason = LineField(max_length=300, required=False, allow_blank=True)


# What entering a stage takes besides its name.
TAKEN = {
    Stage.INTEREST: {"next_step", "next_on"},
    Stage.INTENTION: {"next_step", "next_on"},
    Stage.PROPOSAL: {"next_step", "next_on", "suitability_reason"},
    Stage.WON: {"purchase"},
    Stage.LOST: {"lost_reason"},
}


class MoveInput(StrictSerializer):
    """A stage to enter, with what this stage asks for: a next step, a reason, a purchase."""

    stage = serializers.ChoiceField(Stage.choices)
    next_on = serializers.DateField(required=False, help_text="Of the open stages; as it was, where absent.")
    next_step = LineField(max_length=300, required=False, allow_blank=True, help_text="With `next_on`.")
    suitability_reason = LineField(
        max_length=300, required=False, allow_blank=True, help_text="Of a proposal that does not suit."
    )
    lost_reason = LineField(
        max_length=300, required=False, allow_blank=True, help_text="Of one that is lost."
    )
    purchase = VisibleField(
        "number",
        queryset=Purchase.objects,
        required=False,
        help_text="Number of the purchase by which it is won.",
    )

    def validate(self, data: dict) -> dict:
        strange = sorted(set(data) - TAKEN[Stage(data["stage"])] - {"stage"})
        if strange:
            raise serializers.ValidationError(
                {name: [_("This stage does not take this field.")] for name in strange}
            )
        if "next_step" in data and "next_on" not in data:
            raise serializers.ValidationError({"next_on": [_("Choose the day of the next step.")]})
        return data


class ReopenInput(StrictSerializer):
    next_on = serializers.DateField(
        required=False, help_text="The day of the next step; as it was, where absent."
    )


class OpportunityFilters(OfClientFilters):
    stage = filters.ChoiceFilter(choices=Stage.choices)
    open = filters.BooleanFilter("closed_at", lookup_expr="isnull", label="Neither won nor lost.")
    overdue = filters.BooleanFilter(
        method="only_overdue", label="Open, and the day of the next step has passed."
    )
    manager = filters.CharFilter(method="of_manager", label="Staff number of the client's account manager.")
    product = filters.CharFilter("product__code", label="Product code.")
    kind = filters.ChoiceFilter(choices=Product.Kind.choices)

    class Meta:
        model = Opportunity
        fields: list[str] = []

    def only_overdue(self, queryset: QuerySet, name: str, wanted: bool) -> QuerySet:
        late = Q(closed_at=None, next_on__lt=self.request.user.today())
        return queryset.filter(late) if wanted else queryset.exclude(late)

    def of_manager(self, queryset: QuerySet, name: str, staff_number: str) -> QuerySet:
        held = Assignment.objects.filter(
            client=OuterRef("client"), role="primary", to_on=None, manager__staff_number=staff_number
        )
        return queryset.filter(Exists(held))


class OpportunityViewSet(OfClientViewSet):
    """What the clients in the asker's sight mean to buy."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class: type[OpportunitySerializer] = OpportunityWithStagesSerializer
    queryset = Opportunity.objects.all()
    filterset_class = OpportunityFilters
    orderings = {"raised": ("raised_at", "id"), "id": ("id",)}
    ordering = "-raised"
    history = (("interactions.OpportunityEvent", "pgh_obj_id"),)
    subject = "opportunities"

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "product", "raised_by", "purchase")

    @extend_schema(responses=OpportunitySerializer(many=True))
    def list(self, request, *args, **kwargs) -> Response:
        """Opportunities, without the stages they went through."""
        self.serializer_class = OpportunitySerializer
        return super().list(request, *args, **kwargs)

    @extend_schema(request=InterestOfClientInput, responses={201: OpportunityWithStagesSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Write down an interest, with its next step as an action."""
        data = self.read(InterestOfClientInput)
        client = data.pop("client")
        interest = interest_of(data, client)
        return self.created(services.raise_opportunity(actor=request.user, client=client, interest=interest))

    @extend_schema(request=OpportunityChange, responses=OpportunityWithStagesSerializer)
    def partial_update(self, request, *args, **kwargs) -> Response:
        """Change an open opportunity."""
        self.standing = self.get_editable()
        changes = self.read(OpportunityChange)
        services.change_opportunity(actor=request.user, opportunity=self.standing, **changes)
        return self.answer(self.standing)

    standing: Opportunity | None = None

    def get_serializer_context(self) -> dict:
        product = self.standing.product_id if self.standing else None
        return super().get_serializer_context() | {"product": product}

    @extend_schema(request=MoveInput, responses=OpportunityWithStagesSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request, *args, **kwargs) -> Response:
        """Enter another stage. What does not suit is proposed with a reason; won by a purchase; lost with a reason."""
        opportunity = self.get_editable()
        services.move_opportunity(actor=request.user, opportunity=opportunity, **self.read(MoveInput))
        return self.answer(opportunity)

    @extend_schema(request=ReopenInput, responses=OpportunityWithStagesSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request, *args, **kwargs) -> Response:
        """Take back a closing; it stands in the stage it had before."""
        opportunity = self.get_editable()
        next_on = self.read(ReopenInput).get("next_on") or opportunity.next_on or request.user.today()
        services.reopen_opportunity(actor=request.user, opportunity=opportunity, next_on=next_on)
        return self.answer(opportunity)
