"""Who is invited and by which channel, who comes, who waits, and who has to be told."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from icalendar import Calendar

from campaigns.calendars import invitation_calendar
from campaigns.models import Arm, Campaign, Invitation, Target
from campaigns.services import (
    answer_invitation,
    cancel_event,
    invite,
    log_answer,
    plan_event,
    settle_attendance,
    withdraw_invitation,
)
from campaigns.services.invitations import tell_all_asked
from clients.models import Client, Theme
from interactions.models import Action
from interactions.services.status import settle_status
from interactions.words import reason
from tests.factories import (
    AgreementFactory,
    CampaignFactory,
    ClientFactory,
    ClientMessageFactory,
    ConsentFactory,
    EventFactory,
    InvitationFactory,
    ServiceCaseFactory,
    TargetFactory,
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


def test_a_place_or_a_new_day_is_told_to_nobody_once_it_is_over(evening, alice):
    row = guest(evening, alice, answer="waiting")
    tell_all_asked(evening, "moved")
    settle_attendance(evening)
    row.refresh_from_db()
    assert row.follow_up.state == "cancelled"


# -- whoever holds the letter ----------------------------------------------------------------------


def letter_left(row):
    Action.objects.filter(pk=row.action_id).update(state="done", closed_at=timezone.now())


def test_whoever_was_written_to_and_has_not_answered_is_told_of_a_new_day(evening, alice, carla):
    written, declined = guest(evening, alice, channel="letter"), guest(evening, alice, answer="declined")
    under_way, unasked = guest(evening, alice, channel="email"), guest(evening, alice)
    letter_left(written)
    ClientMessageFactory(client=under_way.client, action=under_way.action)
    later = evening.starts_at + timedelta(days=7)
    plan_event(**as_it_is(evening, starts_at=later, ends_at=later + timedelta(hours=2)))
    told = {row.client_id for row in evening.invitations.exclude(follow_up=None)}
    assert told == {written.client_id, under_way.client_id}
    said = reason(evening.invitations.get(pk=written.pk).follow_up, carla.branch.today())
    assert said[1] == "The client knows of another day, hour or place: say so."
    assert {declined.client_id, unasked.client_id}.isdisjoint(told)


def test_whoever_was_written_to_and_has_not_answered_is_told_that_it_was_called_off(evening, alice, bob):
    row = guest(evening, alice, channel="letter")
    letter_left(row)
    cancel_event(actor=bob, event=evening, reason="The speaker is ill")
    row.refresh_from_db()
    assert row.follow_up.is_open


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        (lambda event: {"words": {"en": {"title": "Wine and bonds", "place": "Another town"}}}, True),
        (lambda event: {"ends_at": event.ends_at + timedelta(hours=1)}, True),
        (lambda event: {"words": {"en": {"title": "Other", "place": "Main hall"}}}, False),
        (lambda event: {"capacity": 90}, False),
    ],
)
def test_another_place_or_hour_is_told_to_those_who_come_and_other_words_are_not(
    evening, alice, more, is_told
):
    row, here = guest(evening, alice), guest(evening, alice, answer="accepted", attendance="came")
    says(row)
    as_before = {"words": {"en": {"title": "Wine and bonds", "place": "Main hall"}}}
    plan_event(**as_it_is(evening, **(as_before | more(evening))))
    for one in (row, here):
        one.refresh_from_db()
    assert (row.follow_up is not None) is is_told
    assert here.follow_up is None


def test_the_date_in_a_calendar_follows_the_event_and_never_goes_back(evening, alice, bob):
    row = guest(evening, alice, answer="accepted")

    def sequence():
        found = Invitation.objects.select_related("event__branch").get(pk=row.pk)
        return Calendar.from_ical(invitation_calendar(found, "en")).walk("VEVENT")[0]["SEQUENCE"]

    seen = [sequence()]
    plan_event(**as_it_is(evening, starts_at=evening.starts_at + timedelta(hours=1)))
    seen.append(sequence())
    plan_event(**as_it_is(evening, words={"en": {"title": "Wine and bonds", "place": "Elsewhere"}}))
    seen.append(sequence())
    assert seen == sorted(set(seen))
    later = timezone.now() + timedelta(hours=2)
    Invitation.objects.filter(pk=row.pk).update(answer="asked", answered_at=None, invited_at=later)
    assert sequence() > seen[-1]


# -- campaigns -------------------------------------------------------------------------------------


@pytest.fixture
def campaign(evening, bob, alice, north):
    """It runs, contacts one client and leaves one alone."""
    today = north.today()
    campaign = CampaignFactory(
        theme=evening.theme,
        state="running",
        starts_on=today,
        ends_on=today + timedelta(days=30),
        planned_by=bob,
    )
    for arm in (Arm.TREATMENT, Arm.CONTROL):
        client = ClientFactory(branch=north, manager=alice, phone="+34600111222")
        allow(client, "call")
        TargetFactory(campaign=campaign, client=client, arm=arm)
    return campaign


def of(campaign, arm):
    return campaign.targets.get(arm=arm).client


def test_an_event_joins_no_campaign_that_leaves_one_of_its_guests_alone(evening, bob, campaign):
    for client in (of(campaign, "treatment"), of(campaign, "control")):
        InvitationFactory(event=evening, client=client)
    with pytest.raises(ValidationError) as error:
        plan_event(**as_it_is(evening, campaign=campaign))
    assert error.value.message_dict == {
        "campaign": ["1 client is invited whom this campaign does not contact."]
    }
    withdraw_invitation(actor=bob, invitation=evening.invitations.get(client=of(campaign, "control")))
    assert plan_event(**as_it_is(evening, campaign=campaign)).campaign == campaign


def test_an_event_without_a_campaign_invites_nobody_whom_a_running_one_leaves_alone(evening, bob, campaign):
    found = invited(bob, evening, "call")
    assert [row.client for row in evening.invitations.all()] == [of(campaign, "treatment")]
    assert found.left_out == [(of(campaign, "control"), "In another campaign that is running.")]


@pytest.mark.parametrize("more", [{"state": "ended"}, {"theme": "product"}, {"ends_on": -1, "starts_on": -9}])
def test_whom_a_campaign_left_alone_is_invited_once_it_is_over_and_to_other_themes(
    evening, bob, campaign, north, more
):
    more = {
        name: north.today() + timedelta(days=days) if name.endswith("_on") else days
        for name, days in more.items()
    }
    if "theme" in more:
        more["theme"] = Theme.objects.get(code=more["theme"])
    Campaign.objects.filter(pk=campaign.pk).update(**more)
    assert invited(bob, evening, "call").made == 2


def test_who_is_left_alone_is_told_to_those_who_plan_only(evening, alice, bob, campaign):
    evening.campaign = campaign
    evening.save()
    for person, said in (
        (alice, "Not among the clients of the campaign."),
        (bob, "The campaign leaves this client alone, to compare."),
    ):
        found = invited(person, evening, "call")
        assert (of(campaign, "control"), said) in found.left_out


def test_a_call_about_an_invitation_counts_for_the_campaign_of_its_event(evening, alice, campaign):
    for joined, code in ((None, ""), (campaign, campaign.code)):
        evening.campaign = joined
        evening.save()
        row = guest(evening, alice)
        contact = {"channel": "call", "result": "reached"}
        log_answer(actor=alice, invitation=row, contact=contact, answer="accepted")
        assert row.client.contacts.get().campaign_code == code


def test_whose_file_was_closed_and_opened_again_is_invited_anew(evening, alice, carla):
    allow(carla, "call")
    invited(alice, evening, "call")
    row = Invitation.objects.get()
    for status in ("closed", "active"):
        Client.objects.filter(pk=carla.pk).update(status=status)
        settle_status([carla.pk])
    assert invited(alice, evening, "call").made == 1
    again = Invitation.objects.get()
    assert (again.number, again.action.is_open) == (row.number, True)
    assert again.action_id != row.action_id


def test_whoever_walked_in_has_answered_or_was_skipped_is_not_invited_anew(evening, alice):
    rows = [
        guest(evening, alice, attendance="came", is_walk_in=True, channel="", action=None),
        guest(evening, alice, answer="accepted", action=None),
        guest(evening, alice),
    ]
    for row in rows:
        allow(row.client, "letter")
    Action.objects.filter(pk=rows[2].action_id).update(state="skipped", closed_at=timezone.now(), reason="No")
    found = invited(alice, evening, "letter")
    assert (found.made, {why for _client, why in found.left_out}) == (0, {"Invited already."})
