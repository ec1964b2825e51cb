"""Events: who plans them, in which words, what is prepared by whom, what was asked and answered."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from campaigns.models import Campaign, Event, EventQuestion, Preparation
from campaigns.services import (
    add_preparation,
    cancel_event,
    drop_preparation,
    note_question,
    plan_event,
    reply_question,
    tick_preparation,
)
from clients.models import Theme
from messaging.models import Notification
from messaging.words import text
from tests.factories import (
    EventFactory,
    EventQuestionFactory,
    InvitationFactory,
    PreparationFactory,
    UserFactory,
)

WORDS = {"en": {"title": " Wine  and bonds ", "place": "Hall", "programme": "19:00 Wine\r\n20:00 Bonds"}}


@pytest.fixture
def evening(north, bob):
    return EventFactory(branch=north, planned_by=bob)


def fields(branch, **more):
    starts_at = timezone.now() + timedelta(days=10)
    return {
        "branch": branch,
        "theme": Theme.objects.get(code="education"),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=3),
        "answer_until": starts_at - timedelta(days=1),
        "capacity": 30,
        "companions_most": 1,
        "language": "en",
        "words": WORDS,
    } | more


def test_a_supervisor_plans_for_the_branch_and_head_office_for_any(bob, dora, north, south):
    event = plan_event(actor=bob, **fields(north))
    words = event.words("en")
    assert (words.title, words.place, words.programme) == (
        "Wine and bonds",
        "Hall",
        "19:00 Wine\n20:00 Bonds",
    )
    assert plan_event(actor=dora, **fields(south)).branch == south
    with pytest.raises(ValidationError) as error:
        plan_event(actor=bob, **fields(south))
    assert "branch" in error.value.message_dict


@pytest.mark.parametrize("person", ["alice", "erin", "frank", "gus", "hana", "ines"])
def test_others_plan_and_change_nothing(person, cast, north, evening):
    for event in (None, evening):
        with pytest.raises(PermissionDenied):
            plan_event(actor=cast[person], event=event, **fields(north))
    with pytest.raises(PermissionDenied):
        cancel_event(actor=cast[person], event=evening, reason="No")
    assert Event.objects.count() == 1


def test_a_supervisor_of_elsewhere_changes_nothing(evening, south):
    other = UserFactory(role="supervisor", branch=south)
    with pytest.raises(PermissionDenied):
        plan_event(actor=other, event=evening, **fields(south))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("starts_at", lambda f: {"starts_at": timezone.now() - timedelta(hours=1)}),
        ("ends_at", lambda f: {"ends_at": f["starts_at"]}),
        ("answer_until", lambda f: {"answer_until": f["ends_at"] + timedelta(minutes=1)}),
        ("capacity", lambda f: {"capacity": 0}),
        ("companions_most", lambda f: {"companions_most": 21}),
        ("language", lambda f: {"language": "fr"}),
        ("title_en", lambda f: {"words": {"en": {"place": "Hall"}}}),
        ("place_es", lambda f: {"words": WORDS | {"es": {"title": "Vino"}}}),
        ("title_en", lambda f: {"words": {"en": {"title": "x" * 121, "place": "Hall"}}}),
        ("programme_en", lambda f: {"words": {"en": {"title": "A", "place": "B", "programme": "x" * 4001}}}),
        ("programme_en", lambda f: {"words": {"en": {"title": "A", "place": "B", "programme": "\x00"}}}),
        ("words", lambda f: {"words": WORDS | {"fr": {"title": "Vin", "place": "Salle"}}}),
    ],
)
def test_what_is_wrong_is_named_by_its_field_and_nothing_is_kept(bob, north, field, wrong):
    good = fields(north)
    with pytest.raises(ValidationError) as error:
        plan_event(actor=bob, **good | wrong(good))
    assert field in error.value.message_dict
    assert not Event.objects.exists()


def test_words_come_and_go_by_language_but_for_its_own(bob, north):
    spanish = {"es": {"title": "Vino y bonos", "place": "Sala", "programme": ""}}
    event = plan_event(actor=bob, **fields(north, words=WORDS | spanish))
    assert event.words("es").title == "Vino y bonos"
    assert event.words("zh-hans").title == "Wine and bonds"
    event = plan_event(actor=bob, event=event, **fields(north))
    assert event.words("es").title == "Wine and bonds"
    assert event.wordings.count() == 1


def test_it_belongs_to_a_campaign_that_the_planner_sees(bob, north, south, dora):
    today = north.today()
    common = {"theme": Theme.objects.get(code="education"), "starts_on": today, "ends_on": today}
    common |= {"currency": "EUR", "planned_by": dora}
    mine = Campaign.objects.create(code="n", name="N", branch=north, **common)
    hidden = Campaign.objects.create(code="s", name="S", branch=south, **common)
    assert plan_event(actor=bob, **fields(north, campaign=mine)).campaign == mine
    with pytest.raises(ValidationError) as error:
        plan_event(actor=bob, **fields(north, campaign=hidden))
    assert "campaign" in error.value.message_dict


def test_there_is_never_less_room_than_guests_who_come(bob, north, evening):
    InvitationFactory(event=evening, client__branch=north, answer="accepted", companions=2)
    with pytest.raises(ValidationError, match="3 are coming already"):
        plan_event(actor=bob, event=evening, **fields(north, capacity=2))
    assert plan_event(actor=bob, event=evening, **fields(north, capacity=3)).capacity == 3


def test_what_is_called_off_or_over_changes_no_more(bob, north):
    for state in ({"cancelled_at": timezone.now()}, {"closed_at": timezone.now()}):
        with pytest.raises(ValidationError):
            plan_event(actor=bob, event=EventFactory(branch=north, planned_by=bob, **state), **fields(north))


def test_called_off_once_and_with_a_reason(bob, evening):
    with pytest.raises(ValidationError) as error:
        cancel_event(actor=bob, event=evening, reason=" ")
    assert "reason" in error.value.message_dict
    off = cancel_event(actor=bob, event=evening, reason="The speaker is ill")
    assert cancel_event(actor=bob, event=evening, reason="Other").cancelled_reason == off.cancelled_reason
    over = EventFactory(branch=evening.branch, closed_at=timezone.now())
    with pytest.raises(ValidationError):
        cancel_event(actor=bob, event=over, reason="Late")


# -- the checklist ---------------------------------------------------------------------------------


def test_a_line_of_the_checklist_is_ticked_by_whom_it_is_for_and_by_the_planner(evening, alice, anna, bob):
    line = add_preparation(
        actor=bob, event=evening, kind="gift", what="Wine", owner=alice, due_on=evening.branch.today()
    )
    told = Notification.objects.get(user=alice)
    assert (text(told), told.url) == (
        "You are asked to prepare something for an event.",
        f"/events/{evening.pk}/",
    )
    done = tick_preparation(actor=alice, preparation=line)
    assert (done.done_by, done.done_at is None) == (alice, False)
    assert tick_preparation(actor=bob, preparation=line).done_by == alice
    assert tick_preparation(actor=bob, preparation=line, is_done=False).done_at is None
    with pytest.raises(PermissionDenied):
        tick_preparation(actor=anna, preparation=line)
    with pytest.raises(PermissionDenied):
        drop_preparation(actor=alice, preparation=line)
    drop_preparation(actor=bob, preparation=line)
    assert not Preparation.objects.exists()


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("kind", lambda event, charlie: {"kind": "music"}),
        ("what", lambda event, charlie: {"what": " "}),
        ("owner", lambda event, charlie: {"owner": charlie}),
        ("due_on", lambda event, charlie: {"due_on": event.branch.today() - timedelta(days=1)}),
        ("due_on", lambda event, charlie: {"due_on": event.ends_at.date() + timedelta(days=2)}),
    ],
)
def test_a_wrong_line_is_named_by_its_field(evening, alice, bob, charlie, field, wrong):
    good = {"kind": "gift", "what": "Wine", "owner": alice, "due_on": evening.branch.today()}
    with pytest.raises(ValidationError) as error:
        add_preparation(actor=bob, event=evening, **good | wrong(evening, charlie))
    assert field in error.value.message_dict
    assert not Preparation.objects.exists()


def test_who_prepares_something_sees_the_event(evening, alice, charlie):
    PreparationFactory(event=evening, owner=charlie)
    assert evening in Event.objects.visible_to(charlie)


# -- questions -------------------------------------------------------------------------------------


def test_a_question_is_noted_with_who_asked_and_answered_later(evening, alice, bob, carla):
    row = InvitationFactory(event=evening, client=carla)
    question = note_question(actor=alice, event=evening, text="When do rates fall?", invitation=row)
    assert (question.invitation, question.reply) == (row, "")
    answered = reply_question(actor=bob, question=question, reply="In spring.")
    assert (answered.reply, answered.replied_by) == ("In spring.", bob)
    with pytest.raises(ValidationError):
        reply_question(actor=bob, question=question, reply=" ")


def test_a_question_of_somebody_else_s_client_or_of_another_event_is_refused(
    evening, alice, nina, carla, north
):
    theirs = InvitationFactory(event=evening, client=nina)
    elsewhere = InvitationFactory(event=EventFactory(branch=north), client=carla)
    for row in (theirs, elsewhere):
        with pytest.raises(ValidationError) as error:
            note_question(actor=alice, event=evening, text="Why?", invitation=row)
        assert "invitation" in error.value.message_dict
    assert not EventQuestion.objects.exists()


@pytest.mark.parametrize("person", ["charlie", "erin", "frank", "gus", "ines"])
def test_who_does_not_see_the_event_notes_and_answers_nothing(person, cast, evening):
    with pytest.raises(PermissionDenied):
        note_question(actor=cast[person], event=evening, text="Why?")
    with pytest.raises(PermissionDenied):
        reply_question(actor=cast[person], question=EventQuestionFactory(event=evening), reply="So.")
