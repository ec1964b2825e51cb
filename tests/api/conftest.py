"""Who calls the API in tests: people with their session, machines with a token."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application
from rest_framework.test import APIClient

from campaigns.models import Campaign, Event, Invitation, Target
from clients.models import Theme
from tests.factories import (
    ActionFactory,
    AdviceFactory,
    AgreementFactory,
    AppointmentFactory,
    BalanceFactory,
    CampaignFactory,
    ChannelUseFactory,
    ClientAssetsFactory,
    ClientFactory,
    ClientMessageFactory,
    ConsentFactory,
    ContactFactory,
    CourtesyFactory,
    DatedFactFactory,
    EventFactory,
    FactFactory,
    HoldingFactory,
    HouseholdFactory,
    IntroductionFactory,
    InvitationFactory,
    LimitCrossingFactory,
    MaturityFactory,
    MovementReasonFactory,
    OccurrenceFactory,
    OpportunityFactory,
    PromiseFactory,
    PurchaseFactory,
    ReferralFactory,
    RelationFactory,
    ServiceCaseFactory,
    TargetFactory,
)


@pytest.fixture
def person():
    """`person(alice)` calls with alice's session."""

    def _call_as(user) -> APIClient:
        caller = APIClient()
        caller.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return caller

    return _call_as


@pytest.fixture
def machine():
    """`machine(alice, "clients:read")` calls with a token that acts with alice's sight."""

    def _call_as(user, *scopes: str, expires_in: int = 600) -> APIClient:
        application = Application.objects.create(
            name="core",
            user=user,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
            client_secret="x",
            hash_client_secret=False,
        )
        secret = f"token-{application.pk}"
        token = AccessToken(
            application=application,
            token="",
            scope=" ".join(scopes),
            expires=timezone.now() + timedelta(seconds=expires_in),
        )
        token.token_checksum = hashlib.sha256(secret.encode()).hexdigest()
        token.save()
        caller = APIClient()
        caller.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        caller.application = application
        return caller

    return _call_as


def campaign_of(manager) -> Campaign:
    """One of the whole bank, under way."""
    today = manager.today()
    found = Campaign.objects.filter(code="BANK").first()
    return found or CampaignFactory(
        code="BANK",
        theme=Theme.objects.get(code="product"),
        starts_on=today,
        ends_on=today + timedelta(days=30),
        state="running",
        planned_by=manager,
    )


def target_of(client, manager, **more) -> Target:
    return TargetFactory(client=client, manager=manager, **{"campaign": campaign_of(manager), **more})


def event_of(branch, planner) -> Event:
    return EventFactory(branch=branch, planned_by=planner, title="An evening of wine")


def invitation_of(client, manager, **more) -> Invitation:
    event = more.pop("event", None) or event_of(client.branch, manager)
    return InvitationFactory(event=event, client=client, invited_by=manager, action=None, **more)


def rows_of(client, manager) -> dict:
    """What is known of a client, agreed with, and voiced by a client: a row of each."""
    purchase = PurchaseFactory(client=client, number=f"PU-{client.number}", seller=manager)
    reason = MovementReasonFactory(movement__client=client, by=manager)
    return {
        "fact": FactFactory(client=client),
        "dated_fact": DatedFactFactory(client=client),
        "contact_point": client.contact_points.first()
        or client.contact_points.create(kind="phone", value="+34600777888"),
        "relation": RelationFactory(client=client),
        "household": HouseholdFactory(members=[client]),
        # Brought by somebody whose file nobody sees: no list has more clients for it.
        "introduction": IntroductionFactory(
            client=client, introducer=ClientFactory(branch=client.branch, is_restricted=True)
        ),
        "consent": ConsentFactory(client=client),
        "agreement": AgreementFactory(client=client),
        "appointment": AppointmentFactory(action=ActionFactory(client=client), made_by=manager),
        "courtesy": CourtesyFactory(action=ActionFactory(client=client), asked_by=manager),
        "promise": PromiseFactory(client=client, noted_by=manager),
        "opportunity": OpportunityFactory(client=client, raised_by=manager),
        "service_case": ServiceCaseFactory(client=client, opened_by=manager),
        "referral": ReferralFactory(client=client, referred_by=manager),
        "client_message": ClientMessageFactory(client=client, written_by=manager),
        "purchase": purchase,
        "balance": BalanceFactory(client=client),
        "movement": reason.movement,
        "movement_reason": reason,
        "assets": ClientAssetsFactory(client=client),
        "channel_use": ChannelUseFactory(client=client),
        "limit_crossing": LimitCrossingFactory(purchase=purchase),
        "maturity": MaturityFactory(client=client),
        "advice": AdviceFactory(client=client, by=manager),
        "target": target_of(client, manager),
        "invitation": invitation_of(client, manager),
    }


@pytest.fixture
def rows(carla, nina, simon, alice, anna, charlie):
    """One row of every collection for each of the three clients, by client number."""
    made = {}
    for client, manager in ((carla, alice), (nina, anna), (simon, charlie)):
        contact = ContactFactory(client=client, staff=manager, note=f"Spoke about {client.number}")
        made[client.number] = {
            "client": client,
            "contact": contact,
            "action": ActionFactory(client=client),
            "holding": HoldingFactory(client=client, number=f"H-{client.number}"),
            "occurrence": OccurrenceFactory(client=client),
            **rows_of(client, manager),
        }
    return made


@pytest.fixture
def errors():
    """`errors(response)`: the fields and codes of a refusal with 400."""

    def _errors(response) -> list[tuple[str, str]]:
        assert response.status_code == 400, response.content
        return [(error["field"], error["code"]) for error in response.json()["errors"]]

    return _errors
