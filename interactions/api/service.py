"""The API of service cases, followed step by step to an outcome, and of clients led to a specialist."""

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response

from clients.api.ground import ClientField, OfClientFilters, OfClientSerializer, OfClientViewSet
from clients.sight import shown_words
from common.api.serializers import Nothing, StrictSerializer, VisibleField, VisibleIdField
from interactions import services
from interactions.models import CaseStep, Contact, Referral, ServiceCase
from interactions.services import cases
from staff.api import PersonSerializer
from staff.models import Role, User


class ServiceCaseSerializer(OfClientSerializer):
    """A complaint, a loss, a request or a need that the branch cannot serve today."""

    FREE_TEXT = ("text",)

    is_open = serializers.BooleanField()
    is_late = serializers.SerializerMethodField()
    action = serializers.IntegerField(source="action_id", allow_null=True)
    contact = serializers.IntegerField(source="contact_id", allow_null=True)
    opened_by = PersonSerializer()

    class Meta:
        model = ServiceCase
        fields = [
            "id",
            "client_number",
            "client_name",
            "kind",
            "text",
            "is_open",
            "due_at",
            "is_late",
            "action",
            "contact",
            "opened_at",
            "opened_by",
            "closed_at",
            "outcome",
            "is_satisfied",
        ]

    def get_is_late(self, case: ServiceCase) -> bool:
        return bool(case.is_open and case.due_at and case.due_at < timezone.now())


class StepSerializer(serializers.ModelSerializer):
    note = serializers.SerializerMethodField()
    by = PersonSerializer()

    class Meta:
        model = CaseStep
        fields = ["step", "note", "at", "by", "was_late"]

    def get_note(self, step: CaseStep) -> str:
        return shown_words(self.context["request"].user, step.note)


class ServiceCaseWithStepsSerializer(ServiceCaseSerializer):
    """One case with the steps done, the first one first, and the one owed next."""

    next_step = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()

    class Meta(ServiceCaseSerializer.Meta):
        fields = [*ServiceCaseSerializer.Meta.fields, "next_step", "steps"]

    @extend_schema_field(serializers.ChoiceField(CaseStep.Step.choices, allow_null=True))
    def get_next_step(self, case: ServiceCase) -> str | None:
        return cases.next_step(case) if case.is_open else None

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, case: ServiceCase) -> list:
        rows = case.steps.select_related("by").order_by("at", "pk")
        return list(StepSerializer(rows, many=True, context=self.context).data)


class CaseInput(StrictSerializer):
    client_number = ClientField(source="client")
    kind = serializers.ChoiceField(ServiceCase.Kind.choices)
    text = serializers.CharField(max_length=4000, help_text="What happened.")
    contact = VisibleIdField(
        queryset=Contact.objects, required=False, allow_null=True, help_text="In which it was heard."
    )


class StepInput(StrictSerializer):
    step = serializers.ChoiceField(CaseStep.Step.choices)
    note = serializers.CharField(max_length=1000, help_text="What was said or done.")


class CloseInput(StrictSerializer):
    outcome = serializers.ChoiceField(ServiceCase.Outcome.choices)
    is_satisfied = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Null: not asked."
    )
    note = serializers.CharField(max_length=1000, required=False, allow_blank=True)


class CaseFilters(OfClientFilters):
    kind = filters.ChoiceFilter(choices=ServiceCase.Kind.choices)
    open = filters.BooleanFilter("closed_at", lookup_expr="isnull")
    late = filters.BooleanFilter(method="only_late", label="Open, and the next step was due before now.")
    outcome = filters.ChoiceFilter(choices=ServiceCase.Outcome.choices)

    class Meta:
        model = ServiceCase
        fields: list[str] = []

    def only_late(self, queryset: QuerySet, name: str, wanted: bool) -> QuerySet:
        late = Q(closed_at=None, due_at__lt=timezone.now())
        return queryset.filter(late) if wanted else queryset.exclude(late)


class ServiceCaseViewSet(OfClientViewSet):
    """Service cases of the clients in the asker's sight."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class: type[ServiceCaseSerializer] = ServiceCaseWithStepsSerializer
    queryset = ServiceCase.objects.all()
    filterset_class = CaseFilters
    orderings = {"opened": ("opened_at", "id")}
    ordering = "-opened"
    history = (("interactions.ServiceCaseEvent", "pgh_obj_id"),)
    subject = "service_cases"

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "opened_by")

    @extend_schema(responses=ServiceCaseSerializer(many=True))
    def list(self, request, *args, **kwargs) -> Response:
        """Service cases, without their steps."""
        self.serializer_class = ServiceCaseSerializer
        return super().list(request, *args, **kwargs)

    @extend_schema(request=CaseInput, responses={201: ServiceCaseWithStepsSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Open a case; its first step is owed within the kind's working hours."""
        return self.created(services.open_case(actor=request.user, **self.read(CaseInput)))

    @extend_schema(request=StepInput, responses=ServiceCaseWithStepsSerializer)
    @action(detail=True, methods=["post"])
    def step(self, request, *args, **kwargs) -> Response:
        """Write down a step; steps may be skipped forward, never backward."""
        return self._work(services.take_step, StepInput)

    @extend_schema(request=CloseInput, responses=ServiceCaseWithStepsSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request, *args, **kwargs) -> Response:
        """End the case with what became of the client."""
        return self._work(services.close_case, CloseInput)

    @extend_schema(request=Nothing, responses=ServiceCaseWithStepsSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request, *args, **kwargs) -> Response:
        """Take back a closing: the client came again about the same."""
        return self._work(services.reopen_case, Nothing)

    def _work(self, service, input_class) -> Response:
        case = self.get_editable()
        service(actor=self.request.user, case=case, **self.read(input_class))
        return self.answer(case)


# -- referrals -------------------------------------------------------------------------------------


class ReferralSerializer(OfClientSerializer):
    """A client led to a specialist, who sees the client until a day."""

    FREE_TEXT = ("reason", "outcome")

    specialist = PersonSerializer()
    referred_by = PersonSerializer()
    is_open = serializers.BooleanField()

    class Meta:
        model = Referral
        fields = [
            "id",
            "client_number",
            "client_name",
            "specialist",
            "reason",
            "referred_by",
            "referred_at",
            "until_on",
            "state",
            "is_open",
            "answered_at",
            "plan_delivered_on",
            "outcome",
            "closed_at",
        ]


class SpecialistField(VisibleField):
    """An account manager of the bank tree the asker belongs to: specialists work for many branches."""

    def __init__(self, **kwargs):
        super().__init__("staff_number", queryset=User.objects, **kwargs)

    def get_queryset(self) -> QuerySet:
        branch = self.context["request"].user.branch
        people = User.objects.active().filter(role=Role.ACCOUNT_MANAGER)
        return people.filter(branch__path__contains=branch.path[:1]) if branch else people.none()


class ReferralInput(StrictSerializer):
    client_number = ClientField(source="client")
    to = SpecialistField(help_text="Staff number of the specialist.")
    reason = serializers.CharField(max_length=300, help_text="What the specialist is to do.")
    until_on = serializers.DateField(help_text="The last day on which the specialist sees the client.")


class AnswerInput(StrictSerializer):
    accepts = serializers.BooleanField()
    reason = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="Required to decline."
    )


class PlanInput(StrictSerializer):
    on = serializers.DateField(help_text="The day on which the client got it.")


class FinishInput(StrictSerializer):
    outcome = serializers.CharField(max_length=300, help_text="What came of it.")


class ReferralFilters(OfClientFilters):
    specialist = filters.CharFilter("specialist__staff_number", label="Staff number of the specialist.")
    referred_by = filters.CharFilter("referred_by__staff_number", label="Staff number of who led the client.")
    state = filters.ChoiceFilter(choices=Referral.State.choices)
    open = filters.BooleanFilter("closed_at", lookup_expr="isnull")

    class Meta:
        model = Referral
        fields: list[str] = []


class ReferralViewSet(OfClientViewSet):
    """Who was led to whom, of the clients in the asker's sight."""

    scopes = {"read": "contacts:read", "write": "contacts:write"}
    serializer_class = ReferralSerializer
    queryset = Referral.objects.all()
    filterset_class = ReferralFilters
    orderings = {"referred": ("referred_at", "id")}
    ordering = "-referred"
    history = (("interactions.ReferralEvent", "pgh_obj_id"),)
    subject = "referrals"

    def visible(self) -> QuerySet:
        return super().visible().select_related("client", "specialist", "referred_by")

    @extend_schema(request=ReferralInput, responses={201: ReferralSerializer})
    def create(self, request, *args, **kwargs) -> Response:
        """Lead a client to a specialist, who sees the client from today and is told."""
        return self.created(services.refer(actor=request.user, **self.read(ReferralInput)))

    @extend_schema(request=AnswerInput, responses={200: ReferralSerializer, 204: None})
    @action(detail=True, methods=["post"], url_path="answer")
    def answer_offer(self, request, *args, **kwargs) -> Response:
        """The specialist accepts, or declines with a reason and loses sight of the client at once (204)."""
        return self._work(services.answer_referral, AnswerInput)

    @extend_schema(request=PlanInput, responses=ReferralSerializer)
    @action(detail=True, methods=["post"])
    def plan(self, request, *args, **kwargs) -> Response:
        """The specialist's plan is in the client's hands."""
        return self._work(services.deliver_plan, PlanInput)

    @extend_schema(request=FinishInput, responses={200: ReferralSerializer, 204: None})
    @action(detail=True, methods=["post"])
    def finish(self, request, *args, **kwargs) -> Response:
        """The specialist's part is done; the specialist's sight of the client ends today."""
        return self._work(services.finish_referral, FinishInput)

    def _work(self, service, input_class) -> Response:
        referral = self.get_editable()
        service(actor=self.request.user, referral=referral, **self.read(input_class))
        return self.answer(referral)
