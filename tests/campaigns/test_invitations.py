"""Who is invited and by which channel, who comes, who waits, and who has to be told."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Arm, Campaign, Invitation, Target
from campaigns.services import (
    answer_invitation,
    cancel_event,
    invite,
    plan_event,
    settle_attendance,
    withdraw_invitation,
)
from clients.models import Client
from interactions.models import Action
from interactions.words import reason
from tests.factories import (
    AgreementFactory,
    ClientFactory,
    ConsentFactory,
    EventFactory,
    InvitationFactory,
    ServiceCaseFactory,
)


@pytest.fixture
def evening(north, bob):
    return EventFactory(branch=north, planned_by=bob, title="Wine and bonds", companions_most=3)


def allow(client, *channels):
    for channel in channels:
        ConsentFactory(client=client, channel=channel, purpose="education")


def invited(actor, event, *channels, clients=None):
    return invite(actor=actor, event=event, clients=clients or Client.objects.all(), channels=channels)


def guest(event, alice, **more):
    status = more.pop("client__status", "active")
    client = ClientFactory(branch=event.branch, manager=alice, status=status)
    return InvitationFactory(event=event, client=client, **more)


def says(invitation, answer="accepted", companions=0, actor=None, through="link"):
    return answer_invitation(
        invitation=invitation, answer=answer, companions=companions, through=through, actor=actor
    )


def answers(event):
    return list(event.invitations.order_by("number").values_list("answer", flat=True))


# -- inviting --------------------------------------------------------------------------------------


def test_each_is_invited_by_the_first_channel_that_is_allowed(evening, alice, carla):
    allow(carla, "call", "email")
    assert invited(alice, evening, "sms", "email", "call").made == 1
    row = Invitation.objects.get()
    assert (row.channel, row.number, len(row.key)) == ("email", 1, 16)
    action = row.action
    assert (action.origin, action.source, action.channel, action.theme) == (
        "campaign",
        "event",
        "email",
        evening.theme,
    )
    assert action.opens_on == carla.branch.today() <= action.due_on < evening.answer_until.date()
    assert reason(action, carla.branch.today())[0].startswith("Invite to Wine and bonds on ")


def test_a_second_run_invites_nobody_twice(evening, alice, carla):
    allow(carla, "call")
    invited(alice, evening, "call")
    again = invited(alice, evening, "call")
    assert (again.made, [why for _client, why in again.left_out]) == (0, ["Invited already."])
    assert Action.objects.count() == 1


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda carla: Client.objects.update(status="deceased"), "file is closed or blocked"),
        (lambda carla: Client.objects.update(status="dormant"), "dormant"),
        (lambda carla: ServiceCaseFactory(client=carla), "complaint"),
        (lambda carla: carla.contact_points.all().update(do_not_use=True), "No usable phone number"),
        (lambda carla: AgreementFactory(client=carla, channels=["letter"]), "other channels"),
        (lambda carla: AgreementFactory(client=carla, themes=["birthday"]), "other themes"),
    ],
)
def test_whom_it_may_not_ask_is_left_out_with_the_reason(evening, alice, carla, spoil, why):
    allow(carla, "call")
    spoil(carla)
    found = invited(alice, evening, "call")
    assert why in found.left_out[0][1]
    assert not Invitation.objects.exists()
    assert not Action.objects.filter(source="event").exists()


def test_what_was_never_asked_is_not_allowed_and_by_hand_asks_for_no_address(evening, alice, carla):
    assert "not allowed" in invited(alice, evening, "visit").left_out[0][1]
    allow(carla, "visit")
    carla.contact_points.all().delete()
    assert invited(alice, evening, "email", "visit").made == 1


def test_only_clients_whom_one_works_with_are_invited(evening, alice, charlie, carla, nina, simon):
    for client in (carla, nina, simon):
        allow(client, "call")
    found = invited(alice, evening, "call")
    assert (found.made, found.left_out) == (1, [])
    assert Invitation.objects.get().client == carla
    with pytest.raises(PermissionDenied):
        invited(charlie, evening, "call")


@pytest.mark.parametrize("person", ["erin", "frank", "gus", "hana", "ines"])
def test_others_invite_nobody(person, cast, evening, carla):
    with pytest.raises(PermissionDenied):
        invited(cast[person], evening, "call")


def test_a_campaign_s_control_group_is_never_invited(evening, bob, alice, north):
    today = north.today()
    campaign = Campaign.objects.create(
        code="w",
        name="Wine",
        theme=evening.theme,
        starts_on=today,
        ends_on=today,
        planned_by=bob,
        currency="EUR",
    )
    evening.campaign = campaign
    evening.save()
    told, alone, other = (ClientFactory(branch=north, manager=alice, phone="+34600111222") for _ in range(3))
    for client in (told, alone, other):
        allow(client, "call")
    Target.objects.create(campaign=campaign, client=told, arm=Arm.TREATMENT, branch=north)
    Target.objects.create(campaign=campaign, client=alone, arm=Arm.CONTROL, branch=north)
    found = invited(bob, evening, "call")
    assert found.made == 1
    assert dict(found.left_out) == {
        alone: "The campaign leaves this client alone, to compare.",
        other: "Not among the clients of the campaign.",
    }


def test_channels_are_named_when_they_are_wrong(evening, alice):
    for channels in ([], ["pigeon"], ["call", "video"]):
        with pytest.raises(ValidationError) as error:
            invite(actor=alice, event=evening, clients=Client.objects.all(), channels=channels)
        assert "channels" in error.value.message_dict


def test_nobody_is_invited_to_what_is_over_or_called_off(north, alice):
    now = timezone.now()
    for event in (
        EventFactory(branch=north, cancelled_at=now),
        EventFactory(branch=north, closed_at=now),
        EventFactory(branch=north, starts_at=now - timedelta(days=1)),
    ):
        with pytest.raises(ValidationError):
            invited(alice, event, "call")


def test_a_hundred_cost_as_many_questions_as_ten(evening, bob, north):
    counted = []
    for how_many in (10, 100):
        for _n in range(how_many):
            allow(ClientFactory(branch=north, phone="+34600111222"), "call")
        with CaptureQueriesContext(connection) as queries:
            assert invited(bob, evening, "email", "call").made == how_many
        counted.append(len(queries))
    assert counted[0] == counted[1]
    assert list(evening.invitations.order_by("number").values_list("number", flat=True)) == list(
        range(1, 111)
    )


# -- answering -------------------------------------------------------------------------------------


def test_who_finds_no_room_for_the_whole_party_waits_and_moves_up_in_turn(evening, alice):
    evening.capacity = 3
    evening.save()
    first, second, third, fourth = (guest(evening, alice) for _ in range(4))
    says(first, companions=1)
    says(second, companions=1)
    says(third, companions=1)
    assert says(fourth).answer == "accepted"
    assert answers(evening) == ["accepted", "waiting", "waiting", "accepted"]
    says(first, "declined")
    assert answers(evening) == ["declined", "accepted", "waiting", "accepted"]
    second.refresh_from_db()
    today = second.client.branch.today()
    assert reason(second.follow_up, today)[0].startswith("A place is free at Wine and bonds on ")
    assert second.follow_up.due_on >= today


def test_a_party_that_does_not_fit_waits_for_the_next_place(evening, alice):
    evening.capacity = 2
    evening.save()
    first, second, large, small = (guest(evening, alice) for _ in range(4))
    says(first)
    says(second)
    says(large, companions=1)
    says(small)
    says(first, "declined")
    assert answers(evening) == ["declined", "accepted", "waiting", "accepted"]
    says(second, "declined")
    assert answers(evening) == ["declined", "declined", "waiting", "accepted"]
    says(small, "declined")
    assert answers(evening) == ["declined", "declined", "accepted", "declined"]


def test_who_brings_fewer_makes_room(evening, alice):
    evening.capacity = 3
    evening.save()
    first, second = guest(evening, alice), guest(evening, alice)
    says(first, companions=2)
    says(second)
    says(first, companions=1)
    assert answers(evening) == ["accepted", "accepted"]


def test_nobody_loses_the_place_by_asking_for_more(evening, alice):
    evening.capacity = 2
    evening.save()
    first, second = guest(evening, alice), guest(evening, alice)
    says(first)
    says(second)
    with pytest.raises(ValidationError) as error:
        says(first, companions=1)
    assert "companions" in error.value.message_dict
    assert answers(evening) == ["accepted", "accepted"]


def test_the_same_answer_again_changes_nothing(evening, alice):
    row = guest(evening, alice)
    first = says(row, companions=2)
    again = says(row, companions=2)
    assert again.answered_at == first.answered_at
    assert Action.objects.get(pk=row.action_id).state == "done"


def test_whoever_waits_keeps_the_place_in_the_line_with_fewer(evening, alice):
    evening.capacity = 1
    evening.save()
    first, second, third = (guest(evening, alice) for _ in range(3))
    says(first)
    says(second, companions=1)
    waited_since = says(third).answered_at
    says(second)
    assert waited_since > Invitation.objects.get(pk=second.pk).answered_at
    says(first, "declined")
    assert answers(evening) == ["declined", "accepted", "waiting"]


@pytest.mark.parametrize(
    ("answer", "companions", "field"),
    [
        ("maybe", 0, "answer"),
        ("waiting", 0, "answer"),
        ("accepted", 4, "companions"),
        ("accepted", -1, "companions"),
    ],
)
def test_a_wrong_answer_is_refused_by_its_field(evening, alice, answer, companions, field):
    with pytest.raises(ValidationError) as error:
        says(guest(evening, alice), answer, companions)
    assert field in error.value.message_dict
    assert answers(evening) == ["asked"]


def test_after_its_time_the_link_takes_no_answer_but_staff_do(evening, alice):
    evening.answer_until = timezone.now() - timedelta(minutes=1)
    evening.save()
    row = guest(evening, alice)
    with pytest.raises(ValidationError, match="time for answers is over"):
        says(row)
    assert says(row, actor=alice, through="staff").answered_to == alice


def test_no_answer_to_what_was_withdrawn_called_off_or_is_over(evening, alice, north):
    withdrawn = guest(evening, alice, withdrawn_at=timezone.now())
    off = guest(EventFactory(branch=north, cancelled_at=timezone.now()), alice)
    over = guest(EventFactory(branch=north, closed_at=timezone.now()), alice)
    for row in (withdrawn, off, over):
        with pytest.raises(ValidationError):
            says(row)


@pytest.mark.parametrize("person", ["anna", "charlie", "dora", "erin", "frank", "gus", "hana", "ines"])
def test_others_take_down_no_answer_of_a_client_that_is_not_theirs(person, cast, evening, carla):
    row = InvitationFactory(event=evening, client=carla)
    with pytest.raises(PermissionDenied):
        says(row, actor=cast[person], through="staff")
    with pytest.raises(PermissionDenied):
        says(row, through="staff")


def test_a_client_who_is_served_no_more_takes_no_place(evening, alice):
    evening.capacity = 1
    evening.save()
    gone, waits = guest(evening, alice), guest(evening, alice)
    says(gone)
    says(waits)
    Client.objects.filter(pk=gone.client_id).update(status="deceased")
    with pytest.raises(ValidationError):
        says(guest(evening, alice, client__status="closed"))
    plan_event(**as_it_is(evening))
    assert answers(evening)[1] == "accepted"


def as_it_is(event, **more):
    event = type(event).objects.get(pk=event.pk)
    names = (
        "branch",
        "theme",
        "starts_at",
        "ends_at",
        "answer_until",
        "capacity",
        "companions_most",
        "language",
    )
    words = {row.language: {"title": row.title, "place": row.place} for row in event.wordings.all()}
    return (
        {name: getattr(event, name) for name in names}
        | {
            "actor": event.planned_by,
            "event": event,
            "words": words,
        }
        | more
    )


# -- withdrawing, calling off, moving ----------------------------------------------------------------


def test_a_withdrawn_invitation_frees_its_place_and_its_link(evening, alice):
    evening.capacity = 1
    evening.save()
    first, second = guest(evening, alice), guest(evening, alice)
    says(first)
    says(second)
    key = first.key
    row = withdraw_invitation(actor=alice, invitation=first)
    assert row.withdrawn_at
    assert row.key != key
    assert answers(evening) == ["accepted", "accepted"]
    assert withdraw_invitation(actor=alice, invitation=first).withdrawn_at == row.withdrawn_at
    with pytest.raises(ValidationError):
        says(first)


def test_whoever_was_withdrawn_is_invited_anew_under_the_same_number(evening, alice, carla):
    allow(carla, "call", "visit")
    invited(alice, evening, "call")
    row = Invitation.objects.get()
    says(row, companions=1)
    withdraw_invitation(actor=alice, invitation=row)
    assert invited(alice, evening, "visit").made == 1
    anew = Invitation.objects.get()
    assert (anew.number, anew.channel, anew.answer, anew.companions) == (row.number, "visit", "asked", 0)
    assert anew.action_id != row.action_id
    assert anew.action.is_open


@pytest.mark.parametrize("person", ["anna", "charlie", "erin", "frank", "gus", "hana", "ines"])
def test_others_withdraw_nothing(person, cast, evening, carla):
    row = InvitationFactory(event=evening, client=carla)
    with pytest.raises(PermissionDenied):
        withdraw_invitation(actor=cast[person], invitation=row)


def test_called_off_those_who_meant_to_come_are_told_and_nobody_is_asked_any_more(evening, alice, bob):
    evening.capacity = 1
    evening.save()
    coming, waiting, asked = (guest(evening, alice) for _ in range(3))
    says(coming)
    says(waiting)
    cancel_event(actor=bob, event=evening, reason="The speaker is ill")
    cancel_event(actor=bob, event=evening, reason="Again")
    told = Action.objects.open()
    assert {action.client_id for action in told} == {coming.client_id, waiting.client_id}
    assert "was called off" in reason(told[0], told[0].client.branch.today())[0]
    asked.action.refresh_from_db()
    assert (asked.action.state, asked.action.reason) == ("cancelled", "The event was called off.")


def test_at_another_time_open_actions_follow_and_those_who_come_are_told(evening, alice):
    asked, coming = guest(evening, alice), guest(evening, alice)
    says(coming)
    later = evening.starts_at + timedelta(days=7)
    plan_event(
        **as_it_is(
            evening,
            starts_at=later,
            ends_at=later + timedelta(hours=2),
            words={"en": {"title": "Cheese and bonds", "place": "Hall"}},
        )
    )
    asked.action.refresh_from_db()
    coming.refresh_from_db()
    on = timezone.localtime(later, evening.branch.zone).date()
    assert (asked.action.about, asked.action.event_on) == ("invite: Cheese and bonds", on)
    assert coming.follow_up.about == "moved: Cheese and bonds"


# -- when it is over -------------------------------------------------------------------------------


def test_who_said_they_would_come_and_did_not_is_missed_and_nobody_else(evening, alice):
    rows = [
        guest(evening, alice, answer="accepted"),
        guest(evening, alice, answer="accepted", attendance="came"),
        guest(evening, alice, answer="declined"),
        guest(evening, alice, answer="waiting"),
        guest(evening, alice),
        guest(evening, alice, answer="accepted", withdrawn_at=timezone.now()),
        guest(evening, alice, answer="accepted", client__status="deceased"),
    ]
    assert settle_attendance(evening) == 1
    assert settle_attendance(evening) == 0
    found = list(evening.invitations.order_by("number").values_list("attendance", flat=True))
    assert found == ["no_show", "came", "", "", "", "", ""]
    evening.refresh_from_db()
    assert evening.closed_at
    assert Action.objects.get(pk=rows[4].action_id).state == "cancelled"
