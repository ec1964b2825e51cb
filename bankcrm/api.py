"""The API's addresses: which collection stands where, its description, and where machines get tokens.

Mounted at the root: `path("", include("bankcrm.api"))`. Wires, decides nothing.
"""

from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.urls import include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import SimpleRouter

from campaigns.api import (
    CampaignViewSet,
    CostLineViewSet,
    EventViewSet,
    InvitationViewSet,
    PieceViewSet,
    SegmentViewSet,
    TargetViewSet,
)
from clients.api import (
    AgreementViewSet,
    ClientViewSet,
    ConsentViewSet,
    ContactPointViewSet,
    DatedFactViewSet,
    FactTypeViewSet,
    FactViewSet,
    HouseholdViewSet,
    IntroductionViewSet,
    RelationViewSet,
    ThemeViewSet,
    TierViewSet,
)
from clients.api.ground import NUMBER
from common.api.access import ANY
from common.api.machines import MachineRevokeView, MachineTokenView
from common.api.views import ApiView
from corebanking.api import ImportViewSet
from interactions.api import (
    ActionViewSet,
    AdviceViewSet,
    AppointmentViewSet,
    ClientMessageViewSet,
    ContactViewSet,
    CourtesyViewSet,
    MarketEventViewSet,
    OccurrenceViewSet,
    OpportunityViewSet,
    PromiseViewSet,
    ReferralViewSet,
    ServiceCaseViewSet,
)
from messaging.api import NotificationViewSet
from metrics.api import MetricsView
from portfolio.api import (
    BalanceViewSet,
    ChannelUseViewSet,
    ClientAssetsViewSet,
    HoldingViewSet,
    LimitCrossingViewSet,
    MaturityViewSet,
    MovementViewSet,
    PriceViewSet,
    ProductViewSet,
    PurchaseViewSet,
    RateViewSet,
    SuitabilityView,
)
from staff.api import BranchViewSet, MeView, StaffViewSet

app_name = "api"

router = SimpleRouter()
router.register("clients", ClientViewSet, "client")
router.register("tiers", TierViewSet, "tier")
router.register("themes", ThemeViewSet, "theme")
router.register("fact_types", FactTypeViewSet, "fact-type")
router.register("facts", FactViewSet, "fact")
router.register("dated_facts", DatedFactViewSet, "dated-fact")
router.register("contact_points", ContactPointViewSet, "contact-point")
router.register("relations", RelationViewSet, "relation")
router.register("households", HouseholdViewSet, "household")
router.register("introductions", IntroductionViewSet, "introduction")
router.register("consents", ConsentViewSet, "consent")
router.register("agreements", AgreementViewSet, "agreement")
router.register("contacts", ContactViewSet, "contact")
router.register("actions", ActionViewSet, "action")
router.register("client_messages", ClientMessageViewSet, "client-message")
router.register("appointments", AppointmentViewSet, "appointment")
router.register("courtesies", CourtesyViewSet, "courtesy")
router.register("occurrences", OccurrenceViewSet, "occurrence")
router.register("advice", AdviceViewSet, "advice")
router.register("promises", PromiseViewSet, "promise")
router.register("opportunities", OpportunityViewSet, "opportunity")
router.register("service_cases", ServiceCaseViewSet, "service-case")
router.register("referrals", ReferralViewSet, "referral")
router.register("products", ProductViewSet, "product")
router.register("holdings", HoldingViewSet, "holding")
router.register("purchases", PurchaseViewSet, "purchase")
router.register("prices", PriceViewSet, "price")
router.register("rates", RateViewSet, "rate")
router.register("balances", BalanceViewSet, "balance")
router.register("movements", MovementViewSet, "movement")
router.register("channel_use", ChannelUseViewSet, "channel-use")
router.register("limit_crossings", LimitCrossingViewSet, "limit-crossing")
router.register("maturities", MaturityViewSet, "maturity")
router.register("client_assets", ClientAssetsViewSet, "client-assets")
router.register("market_events", MarketEventViewSet, "market-event")
router.register("segments", SegmentViewSet, "segment")
router.register("campaigns", CampaignViewSet, "campaign")
router.register("targets", TargetViewSet, "target")
router.register("cost_lines", CostLineViewSet, "cost-line")
router.register("events", EventViewSet, "event")
router.register("invitations", InvitationViewSet, "invitation")
router.register("pieces", PieceViewSet, "piece")
router.register("notifications", NotificationViewSet, "notification")
router.register("branches", BranchViewSet, "branch")
router.register("staff", StaffViewSet, "staff")
router.register("imports", ImportViewSet, "import")


class NoSuchAddressView(ApiView):
    """Any other address below /api/v1/: a problem, not a page."""

    scopes = {"read": ANY, "write": ANY}

    @extend_schema(exclude=True)
    def initial(self, request, *args, **kwargs) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


class SchemaView(SpectacularAPIView):
    permission_classes = [IsAuthenticated]


class DocsView(SpectacularSwaggerSplitView):
    """The description to read and try, under the same Content-Security-Policy as every page."""

    permission_classes = [IsAuthenticated]
    url_name = "api:schema"
    template_name = "api/docs.html"


urlpatterns = [
    path("api/v1/me/", MeView.as_view(), name="me"),
    path("api/v1/metrics/", MetricsView.as_view(), name="metrics"),
    re_path(
        f"^api/v1/clients/(?P<number>{NUMBER})/suitability/$", SuitabilityView.as_view(), name="suitability"
    ),
    path("api/v1/", include(router.urls)),
    re_path(r"^api/v1/(?P<rest>.*)$", NoSuchAddressView.as_view(), name="no-such-address"),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", login_required(DocsView.as_view()), name="docs"),
    path("o/token/", MachineTokenView.as_view(), name="token"),
    path("o/revoke_token/", MachineRevokeView.as_view(), name="revoke-token"),
]
