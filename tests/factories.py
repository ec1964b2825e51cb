"""Small, valid rows for tests. Every default can be overridden by name."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import factory
from django.utils import timezone

from campaigns.models import (
    Campaign,
    CampaignGroup,
    CostLine,
    Event,
    EventQuestion,
    EventWords,
    Invitation,
    LectureSeries,
    Piece,
    PieceSending,
    PieceWords,
    Preparation,
    Target,
    TargetAction,
)
from clients.models import (
    Assignment,
    Client,
    Consent,
    ContactAgreement,
    ContactPoint,
    DatedFact,
    Fact,
    FactChange,
    FactType,
    Household,
    HouseholdMember,
    Introduction,
    Relation,
    Standing,
    Theme,
)
from clients.services import refresh_search, value_hash
from interactions.models import (
    THEME_OF,
    Action,
    Advice,
    Appointment,
    ClientMessage,
    Contact,
    ContactNote,
    Courtesy,
    Occurrence,
    Opportunity,
    Promise,
    Referral,
    ServiceCase,
    StageChange,
)
from portfolio.models import (
    BalanceSnapshot,
    ChannelUse,
    ClientAssets,
    Holding,
    LimitCrossing,
    MaturityCase,
    Movement,
    MovementReason,
    Price,
    Product,
    Purchase,
    Rate,
)
from staff.models import Branch, Cover, User
from staff.services import rebuild_branch_paths

# Which day it is where the client is: from 23:00 on, the server's day is another one.
_today_of_the_client = factory.LazyAttribute(lambda row: row.client.branch.today())


class BranchFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Branch
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"B{n:03}")
    name = factory.LazyAttribute(lambda branch: f"Branch {branch.code}")
    time_zone = "Europe/Madrid"
    country = "ES"

    @factory.post_generation
    def paths(self, create, extracted, **kwargs):
        if create:
            rebuild_branch_paths()
            self.refresh_from_db()


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    staff_number = factory.Sequence(lambda n: f"S{n:04}")
    name = factory.Sequence(lambda n: f"Staff {n}")
    email = factory.LazyAttribute(lambda user: f"{user.staff_number.lower()}@bank.example")
    role = "account_manager"
    branch = factory.SubFactory(BranchFactory)


class CoverFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Cover

    from_on = factory.LazyAttribute(lambda cover: cover.covered.today() - timedelta(days=1))
    to_on = factory.LazyAttribute(lambda cover: cover.covered.today() + timedelta(days=1))


class ClientFactory(factory.django.DjangoModelFactory):
    """A client of a branch; `manager=` opens a primary assignment, `phone=`/`email=`/`birthday=` add those."""

    class Meta:
        model = Client
        skip_postgeneration_save = True

    number = factory.Sequence(lambda n: f"C{n:05}")
    name = factory.Sequence(lambda n: f"Client {n}")
    sort_name = factory.LazyAttribute(lambda client: client.name.lower())
    branch = factory.SubFactory(BranchFactory)
    status = "active"

    @factory.post_generation
    def manager(self, create, extracted, **kwargs):
        if not create:
            return
        Standing.objects.create(client=self, branch=self.branch, tier=self.tier, status=self.status)
        if extracted:
            Assignment.objects.create(client=self, manager=extracted)

    @factory.post_generation
    def phone(self, create, extracted, **kwargs):
        if create and extracted:
            ContactPoint.objects.create(client=self, kind="phone", value=extracted, is_primary=True)

    @factory.post_generation
    def email(self, create, extracted, **kwargs):
        if create and extracted:
            ContactPoint.objects.create(client=self, kind="email", value=extracted, is_primary=True)

    @factory.post_generation
    def birthday(self, create, extracted, **kwargs):
        if create and extracted:
            DatedFact.objects.create(
                client=self, kind="birthday", year=extracted.year, month=extracted.month, day=extracted.day
            )

    @factory.post_generation
    def zz_search(self, create, extracted, **kwargs):
        if create:
            refresh_search([self.pk])


class ContactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contact
        skip_postgeneration_save = True

    client = factory.SubFactory(ClientFactory)
    staff = factory.SubFactory(UserFactory)
    occurred_at = factory.LazyFunction(lambda: timezone.now() - timedelta(hours=1))
    recorded_at = factory.LazyAttribute(lambda contact: contact.occurred_at + timedelta(minutes=10))
    channel = "call"
    direction = "out"
    result = "reached"

    @factory.post_generation
    def note(self, create, extracted, **kwargs):
        if create and extracted:
            ContactNote.objects.create(contact=self, text=extracted)


class ActionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Action

    client = factory.SubFactory(ClientFactory)
    theme = factory.LazyFunction(lambda: Theme.objects.get(code="keeping_in_touch"))
    channel = "call"
    opens_on = _today_of_the_client
    due_on = factory.LazyAttribute(lambda action: action.opens_on)
    origin = "by_hand"
    about = "Ask about the summer"


class AdviceFactory(factory.django.DjangoModelFactory):
    """Advice that the client still thinks over, so that its duty is open."""

    class Meta:
        model = Advice

    client = factory.SubFactory(ClientFactory)
    by = factory.SubFactory(UserFactory)
    action = factory.SubFactory(ActionFactory, client=factory.SelfAttribute("..client"), source="limit")
    contact = factory.SubFactory(
        ContactFactory,
        client=factory.SelfAttribute("..client"),
        staff=factory.SelfAttribute("..by"),
        action=factory.SelfAttribute("..action"),
    )
    advised = "hold"
    decision = "thinks"


class AppointmentFactory(factory.django.DjangoModelFactory):
    """Tomorrow at the same time; the action's day does not follow, services see to that."""

    class Meta:
        model = Appointment

    action = factory.SubFactory(ActionFactory)
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=1))
    made_by = factory.SubFactory(UserFactory)


class CourtesyFactory(factory.django.DjangoModelFactory):
    """Flowers for 40 dollars that wait for a supervisor."""

    class Meta:
        model = Courtesy

    action = factory.SubFactory(ActionFactory)
    kind = "flowers"
    cost = Decimal("40.00")
    currency = "USD"
    year = factory.LazyAttribute(lambda courtesy: courtesy.action.due_on.year)
    state = "waiting"
    asked_by = factory.SubFactory(UserFactory)


class OccurrenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Occurrence

    client = factory.SubFactory(ClientFactory)
    source = "birthday"
    subject = factory.Sequence(lambda n: f"dated_fact/{n}")
    due_on = _today_of_the_client
    raised_on = _today_of_the_client


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product

    code = factory.Sequence(lambda n: f"P{n:03}")
    name = factory.Sequence(lambda n: f"Term deposit {n}")
    kind = "term_deposit"
    currency = "EUR"


class HoldingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Holding

    number = factory.Sequence(lambda n: f"H{n:05}")
    client = factory.SubFactory(ClientFactory)
    product = factory.SubFactory(ProductFactory)
    opened_on = date(2025, 1, 2)
    principal = Decimal("10000.00")
    currency = "EUR"
    as_of = _today_of_the_client


class PurchaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Purchase

    number = factory.Sequence(lambda n: f"K{n:05}")
    client = factory.SubFactory(ClientFactory)
    product = factory.SubFactory(ProductFactory)
    bought_on = _today_of_the_client
    amount = Decimal("10000.00")
    currency = factory.LazyAttribute(lambda purchase: purchase.product.currency)


class PriceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Price

    product = factory.SubFactory(ProductFactory)
    on = date(2026, 3, 2)
    price = Decimal("10.5")


class RateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Rate

    currency = "USD"
    on = factory.Sequence(lambda n: date(2000, 1, 3) + timedelta(days=n))
    rate = Decimal("1.08")


class BalanceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BalanceSnapshot

    client = factory.SubFactory(ClientFactory)
    as_of = date(2026, 3, 31)
    currency = "EUR"
    deposits = Decimal("1000.00")
    investments = Decimal("250.00")


class MovementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Movement

    number = factory.Sequence(lambda n: f"M{n:05}")
    client = factory.SubFactory(ClientFactory)
    booked_on = date(2026, 3, 2)
    amount = Decimal("300.00")
    currency = "EUR"
    direction = "out"
    counterparty_bank = "Banco Sur"
    external = True


class MovementReasonFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MovementReason

    movement = factory.SubFactory(MovementFactory)
    client = factory.SelfAttribute("movement.client")
    reason = "rate"
    competitor = "Banco Norte"
    by = factory.SubFactory(UserFactory)


class ClientAssetsFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ClientAssets

    client = factory.SubFactory(ClientFactory)
    as_of = date(2026, 3, 31)
    amount = Decimal("1250.00")
    currency = "EUR"


class ChannelUseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ChannelUse

    client = factory.SubFactory(ClientFactory)
    month = date(2026, 3, 1)
    channel = "mobile"
    count = 12


class MaturityFactory(factory.django.DjangoModelFactory):
    """Matured today, and nobody has settled it."""

    class Meta:
        model = MaturityCase

    client = factory.SubFactory(ClientFactory)
    matures_on = _today_of_the_client
    effective_on = factory.SelfAttribute("matures_on")
    opened_on = factory.LazyAttribute(lambda case: case.matures_on - timedelta(days=30))
    principal = Decimal("10000.00")
    currency = "EUR"
    holding = factory.SubFactory(
        HoldingFactory,
        client=factory.SelfAttribute("..client"),
        matures_on=factory.SelfAttribute("..matures_on"),
        principal=factory.SelfAttribute("..principal"),
    )


class LimitCrossingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LimitCrossing

    purchase = factory.SubFactory(PurchaseFactory)
    client = factory.SelfAttribute("purchase.client")
    side = "loss"
    on = date(2026, 3, 6)
    limit = Decimal(9)
    price = Decimal("8.9")


class OpportunityFactory(factory.django.DjangoModelFactory):
    """An interest voiced; `moves=[(stage, at), …]` are the stages it entered after its first (closing is one)."""

    class Meta:
        model = Opportunity
        skip_postgeneration_save = True

    client = factory.SubFactory(ClientFactory)
    kind = "term_deposit"
    amount = Decimal("10000.00")
    currency = "EUR"
    stage = "interest"
    next_step = "Send the offer"
    next_on = factory.LazyAttribute(lambda opportunity: opportunity.raised_at.date() + timedelta(days=7))
    raised_at = factory.LazyFunction(timezone.now)
    raised_by = factory.SubFactory(UserFactory)
    lost_reason = factory.LazyAttribute(lambda opportunity: "No" if opportunity.stage == "lost" else "")

    @factory.post_generation
    def moves(self, create, extracted, **kwargs):
        if not create:
            return
        moves = extracted or ([(self.stage, self.closed_at)] if self.closed_at else [])
        first = "interest" if moves else self.stage
        for stage, at in [(first, self.raised_at), *moves]:
            StageChange.objects.create(opportunity=self, stage=stage, at=at, by=self.raised_by)


class PromiseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Promise

    client = factory.SubFactory(ClientFactory)
    text = "The deposit falls due at the end of August"
    opens_on = _today_of_the_client
    due_on = factory.LazyAttribute(lambda promise: promise.opens_on + timedelta(days=9))
    noted_by = factory.SubFactory(UserFactory)
    withdrawn_reason = factory.LazyAttribute(lambda promise: "Settled" if promise.withdrawn_at else "")
    withdrawn_at = None


class AgreementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContactAgreement

    client = factory.SubFactory(ClientFactory)
    approved_on = date(2025, 1, 2)


class FactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Fact

    client = factory.SubFactory(ClientFactory)
    type = factory.LazyFunction(lambda: FactType.objects.get(code="interest"))
    value = "golf"


class DatedFactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DatedFact

    client = factory.SubFactory(ClientFactory)
    kind = "wedding"
    month, day = 5, 17


class ConsentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Consent

    client = factory.SubFactory(ClientFactory)
    channel = "email"
    purpose = "marketing"
    granted = True
    source = "spoken"


class RelationFactory(factory.django.DjangoModelFactory):
    """Of a client to somebody by name; `other=` to a client of a higher id, with `person=""`."""

    class Meta:
        model = Relation

    client = factory.SubFactory(ClientFactory)
    person = "Ana"
    kind = "spouse"


class IntroductionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Introduction

    client = factory.SubFactory(ClientFactory)
    introducer = factory.SubFactory(ClientFactory)
    introduced_on = _today_of_the_client


class HouseholdFactory(factory.django.DjangoModelFactory):
    """A household; `members=[client, …]` join it, the first one as its head."""

    class Meta:
        model = Household
        skip_postgeneration_save = True

    name = "The house by the sea"

    @factory.post_generation
    def members(self, create, extracted, **kwargs):
        for place, client in enumerate(extracted or () if create else ()):
            HouseholdMember.objects.create(household=self, client=client, role="other" if place else "head")


class FactChangeFactory(factory.django.DjangoModelFactory):
    """One line of the ledger; `old` and `new` are the values, empty where nothing was known."""

    class Meta:
        model = FactChange

    class Params:
        old = ""
        new = "golf"
        code = "interest"

    client = factory.SubFactory(ClientFactory)
    fact_type = factory.LazyAttribute(lambda change: FactType.objects.get(code=change.code))
    slot = "fact/1"
    old_hash = factory.LazyAttribute(lambda change: value_hash(change.old))
    new_hash = factory.LazyAttribute(lambda change: value_hash(change.new))
    by_kind = "staff"
    at = factory.LazyFunction(timezone.now)


class ServiceCaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ServiceCase

    client = factory.SubFactory(ClientFactory)
    kind = "complaint"
    text = "The deposit was broken two days early."
    due_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=8))
    opened_by = factory.SubFactory(UserFactory)


class ReferralFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Referral

    client = factory.SubFactory(ClientFactory)
    specialist = factory.SubFactory(UserFactory)
    reason = "Plan for retirement"
    until_on = factory.LazyAttribute(lambda row: row.client.branch.today() + timedelta(days=60))
    referred_by = factory.SubFactory(UserFactory)


class ClientMessageFactory(factory.django.DjangoModelFactory):
    """A draft of a birthday greeting by email."""

    class Meta:
        model = ClientMessage

    client = factory.SubFactory(ClientFactory)
    kind = "birthday"
    theme = factory.LazyAttribute(lambda row: Theme.objects.get(code=THEME_OF[row.kind]))
    channel = "email"
    language = "en"
    subject = "Happy birthday"
    body = "Dear Carla, a happy birthday."
    written_by = factory.SubFactory(UserFactory)


class CampaignFactory(factory.django.DjangoModelFactory):
    """A draft about deposits for the whole month of March 2026; `products=[product, …]` are what it sells.

    In a state after launch it is launched at its first noon, unless `launched_at=` says otherwise.
    """

    class Meta:
        model = Campaign
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"CAMPAIGN-{n}")
    name = factory.Sequence(lambda n: f"Campaign {n}")
    theme = factory.LazyFunction(lambda: Theme.objects.get(code="keeping_in_touch"))
    channels = factory.LazyFunction(lambda: ["call"])
    starts_on = date(2026, 3, 1)
    ends_on = date(2026, 3, 31)
    currency = "EUR"
    state = "draft"
    planned_by = factory.SubFactory(UserFactory, role="supervisor")
    launched_by = factory.LazyAttribute(lambda row: row.planned_by if row.launched_at else None)
    launched_at = factory.LazyAttribute(
        lambda row: datetime.combine(row.starts_on, time(12), UTC) if row.state in Campaign.LAUNCHED else None
    )
    ended_at = factory.LazyAttribute(
        lambda row: datetime.combine(row.ends_on, time(12), UTC) if row.state == "ended" else None
    )

    @factory.post_generation
    def products(self, create, extracted, **kwargs):
        if create and extracted:
            self.products.set(extracted)


class CampaignGroupFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CampaignGroup

    campaign = factory.SubFactory(CampaignFactory)
    unit_cost = Decimal("2.00")
    currency = factory.SelfAttribute("campaign.currency")


class CostLineFactory(factory.django.DjangoModelFactory):
    """Leaflets for everybody: 100.00 planned, nothing spent yet."""

    class Meta:
        model = CostLine

    campaign = factory.SubFactory(CampaignFactory)
    what = "Leaflets"
    planned_amount = Decimal("100.00")
    currency = factory.SelfAttribute("campaign.currency")
    written_by = factory.SelfAttribute("campaign.planned_by")


class TargetFactory(factory.django.DjangoModelFactory):
    """A client to be contacted, frozen under the branch, the tier and (`manager=`) the manager they have."""

    class Meta:
        model = Target

    campaign = factory.SubFactory(CampaignFactory, state="running")
    client = factory.SubFactory(ClientFactory)
    arm = "treatment"
    channel = "call"
    branch = factory.SelfAttribute("client.branch")
    tier = factory.SelfAttribute("client.tier")
    manager = factory.LazyAttribute(
        lambda target: next(
            (row.manager for row in target.client.assignments.filter(role="primary", to_on=None)), None
        )
    )
    outcome = ""
    outcome_at = factory.LazyAttribute(lambda target: timezone.now() if target.outcome else None)


class TargetActionFactory(factory.django.DjangoModelFactory):
    """The first round's action of a target."""

    class Meta:
        model = TargetAction

    target = factory.SubFactory(TargetFactory)
    client = factory.SelfAttribute("target.client")
    number = 1
    action = factory.SubFactory(
        ActionFactory,
        client=factory.SelfAttribute("..client"),
        theme=factory.SelfAttribute("..target.campaign.theme"),
        origin="campaign",
    )


class EventFactory(factory.django.DjangoModelFactory):
    """An evening in two weeks, with room for everybody; `title=` is its title in its language."""

    class Meta:
        model = Event
        skip_postgeneration_save = True

    theme = factory.LazyFunction(lambda: Theme.objects.get(code="education"))
    branch = factory.SubFactory(BranchFactory)
    starts_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=14))
    ends_at = factory.LazyAttribute(lambda event: event.starts_at + timedelta(hours=3))
    answer_until = factory.LazyAttribute(lambda event: event.starts_at - timedelta(days=2))
    language = "en"
    planned_by = factory.SubFactory(UserFactory, role="supervisor", branch=factory.SelfAttribute("..branch"))
    cancelled_reason = factory.LazyAttribute(lambda event: "The speaker is ill" if event.cancelled_at else "")
    cancelled_at = None

    @factory.post_generation
    def title(self, create, extracted, **kwargs):
        if create:
            EventWords.objects.create(
                event=self,
                language=self.language,
                title=extracted or "Evening of the markets",
                place="Main hall",
            )


class InvitationFactory(factory.django.DjangoModelFactory):
    """Asked by phone, with the action that it owns; `action=None` for a guest whom nobody has to call."""

    class Meta:
        model = Invitation

    event = factory.SubFactory(EventFactory)
    client = factory.SubFactory(ClientFactory)
    number = factory.Sequence(lambda n: n + 1)
    key = factory.Sequence(lambda n: f"key{n:013}")
    channel = "call"
    invited_by = factory.SubFactory(UserFactory)
    action = factory.SubFactory(
        ActionFactory,
        client=factory.SelfAttribute("..client"),
        theme=factory.SelfAttribute("..event.theme"),
        origin="campaign",
        source="event",
        about=factory.LazyAttribute(lambda step: f"invite: {step.factory_parent.event.title}"),
        event_on=factory.LazyAttribute(
            lambda step: timezone.localtime(
                step.factory_parent.event.starts_at, step.factory_parent.event.branch.zone
            ).date()
        ),
    )
    answered_at = factory.LazyAttribute(lambda row: None if row.answer == "asked" else timezone.now())
    answer = "asked"
    came_at = factory.LazyAttribute(lambda row: timezone.now() if row.attendance == "came" else None)
    attendance = ""


class PreparationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Preparation

    event = factory.SubFactory(EventFactory)
    what = "Thirty chairs"
    owner = factory.SubFactory(UserFactory)
    due_on = factory.LazyAttribute(lambda row: row.event.branch.today() + timedelta(days=7))


class EventQuestionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EventQuestion

    event = factory.SubFactory(EventFactory)
    text = "When do the rates fall?"
    noted_by = factory.SubFactory(UserFactory)


class PieceFactory(factory.django.DjangoModelFactory):
    """A published article in English; `words={language: (title, body)}` are its words, `draft=True` leaves it one."""

    class Meta:
        model = Piece
        skip_postgeneration_save = True

    class Params:
        draft = False

    language = "en"
    written_by = factory.SubFactory(UserFactory, role="head_office", branch=None)
    published_at = factory.LazyAttribute(lambda piece: None if piece.draft else timezone.now())

    @factory.post_generation
    def words(self, create, extracted, **kwargs):
        said = extracted or {"en": ("What rates do", "Rates rise.\n\nBonds fall.")}
        for language, (title, body) in said.items() if create else ():
            PieceWords.objects.create(piece=self, language=language, title=title, body=body)


class PieceSendingFactory(factory.django.DjangoModelFactory):
    """A row that waits for its message."""

    class Meta:
        model = PieceSending

    piece = factory.SubFactory(PieceFactory)
    client = factory.SubFactory(ClientFactory)
    language = "en"
    key = factory.Sequence(lambda n: f"key{n}")
    sent_by = factory.SubFactory(UserFactory, role="head_office", branch=None)


class LectureSeriesFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LectureSeries

    name = factory.Sequence(lambda n: f"Lectures {n}")
    planned_by = factory.SubFactory(UserFactory, role="head_office", branch=None)
