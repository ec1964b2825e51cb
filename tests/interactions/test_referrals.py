"""Referrals: the specialist sees the client from the referral until its end, and not a day longer."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from clients.models import Client
from clients.services import name_reader, open_with_reason, restrict_file
from interactions import services
from interactions.models import Referral
from messaging.models import Notification
from tests.factories import BranchFactory, ClientFactory, ReferralFactory, UserFactory


@pytest.fixture
def referral(alice, anna, carla):
    return services.refer(
        actor=alice,
        client=carla,
        to=anna,
        reason="Plan for retirement",
        until_on=carla.branch.today() + timedelta(30),
    )


def _sees(user, client) -> bool:
    return Client.objects.visible_to(user).filter(pk=client.pk).exists()


def test_the_specialist_sees_the_client_at_once_and_is_told(alice, anna, carla, referral):
    assert _sees(anna, carla)
    assert _sees(alice, carla)
    assert Notification.objects.get(user=anna).kind == "referral"
    assert carla.assignments.get(role="primary", to_on=None).manager == alice


def test_declining_needs_a_reason_and_ends_sight_at_once(anna, carla, referral):
    with pytest.raises(ValidationError):
        services.answer_referral(actor=anna, referral=referral, accepts=False)
    services.answer_referral(actor=anna, referral=referral, accepts=False, reason="No time before June")
    assert not _sees(anna, carla)


def test_done_ends_sight_and_tells_who_referred(alice, anna, carla, referral):
    services.answer_referral(actor=anna, referral=referral, accepts=True)
    services.finish_referral(actor=anna, referral=referral, outcome="Plan signed")
    assert not _sees(anna, carla)
    assert Notification.objects.get(user=alice).kind == "referral_ended"
    with pytest.raises(PermissionDenied):
        services.finish_referral(actor=anna, referral=referral, outcome="again")


def test_only_the_specialist_answers(alice, bob, referral):
    for person in (alice, bob):
        with pytest.raises(PermissionDenied):
            services.answer_referral(actor=person, referral=referral, accepts=True)


def test_sight_ends_by_itself_after_the_last_day(anna, carla, referral):
    today = carla.branch.today()
    type(referral.assignment).objects.filter(pk=referral.assignment_id).update(
        from_on=today - timedelta(days=40), to_on=today
    )
    assert not _sees(anna, carla)


def test_the_same_client_is_not_led_to_the_same_person_twice(alice, anna, carla, referral):
    with pytest.raises(ValidationError):
        services.refer(actor=alice, client=carla, to=anna, reason="again", until_on=carla.branch.today())
    assert Referral.objects.count() == 1


def test_nobody_leads_a_client_outside_ones_sight(anna, charlie, dora, carla, simon):
    for actor, client in ((charlie, carla), (dora, carla), (anna, simon)):
        with pytest.raises(PermissionDenied):
            services.refer(actor=actor, client=client, to=anna, reason="mine", until_on=client.branch.today())


def test_a_file_opened_in_an_emergency_is_not_passed_on(charlie, anna, carla):
    open_with_reason(actor=charlie, number="N-1", reason="She stands before me")
    assert _sees(charlie, carla)
    with pytest.raises(ValidationError, match="emergency"):
        services.refer(actor=charlie, client=carla, to=anna, reason="mine", until_on=carla.branch.today())
    assert not _sees(anna, carla)


def test_only_a_supervisor_leads_a_restricted_client_to_somebody_else(alice, bob, anna, carla):
    carla = restrict_file(actor=bob, client=carla, is_restricted=True, reason="Family of a colleague")
    name_reader(actor=bob, client=carla, user=alice, reason="Looks after her")
    assert _sees(alice, carla)
    with pytest.raises(ValidationError, match="restricted"):
        services.refer(actor=alice, client=carla, to=anna, reason="Plan", until_on=carla.branch.today())
    assert not _sees(anna, carla)
    services.refer(actor=bob, client=carla, to=anna, reason="Plan", until_on=carla.branch.today())
    assert _sees(anna, carla)


@pytest.fixture
def night(monkeypatch):
    """Where it is 2 January in Shanghai, and the 1st in Madrid and New York."""
    moment = datetime(2026, 1, 1, 20, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    return moment


def test_a_specialist_in_another_zone_waits_for_no_midnight(night, bank, anna):
    east = BranchFactory(parent=bank, time_zone="Asia/Shanghai")
    manager = UserFactory(branch=east)
    client = ClientFactory(branch=east, manager=manager)
    referral = services.refer(
        actor=manager, client=client, to=anna, reason="Plan for retirement", until_on=date(2026, 2, 1)
    )
    assert _sees(anna, client)
    services.answer_referral(actor=anna, referral=referral, accepts=False, reason="No time")
    assert not _sees(anna, client)


def test_the_day_of_the_plan_is_one_of_the_clients_branch(night, bank, anna):
    west = BranchFactory(parent=bank, time_zone="America/New_York")
    manager = UserFactory(branch=west)
    referral = ReferralFactory(
        client=ClientFactory(branch=west, manager=manager),
        specialist=anna,
        referred_by=manager,
        referred_at=night,
    )
    with timezone.override("Asia/Shanghai"):
        services.deliver_plan(actor=manager, referral=referral, on=west.today())
