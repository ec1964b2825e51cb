"""The pages of events: planned by a form, guests invited and answered for, seen as far as one's book reaches."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Event, EventQuestion, Invitation, LectureSeries, Preparation, Target
from campaigns.services import save_segment
from clients.models import Tier
from common.models import AuditEntry
from interactions.models import Action, Contact
from tests.factories import (
    ClientFactory,
    ConsentFactory,
    ContactFactory,
    EventFactory,
    EventQuestionFactory,
    InvitationFactory,
    PreparationFactory,
    UserFactory,
)

FORM = {
    "starts_at": "2099-12-12T19:00",
    "ends_at": "2099-12-12T22:00",
    "answer_until": "2099-12-10T18:00",
    "capacity": "40",
    "companions_most": "1",
    "series": "Evenings",
    "language": "en",
    "title_en": "Wine and bonds",
    "place_en": "Hall",
    "programme_en": "19:00 Wine",
}


@pytest.fixture
def evening(north, bob):
    return EventFactory(branch=north, planned_by=bob, title="Wine and bonds", capacity=30)


def text_of(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:2000]
    return answer.content.decode()


def allow(client, *channels):
    for channel in channels:
        ConsentFactory(client=client, channel=channel, purpose="education")


def form_for(branch, theme, **more):
    return FORM | {"branch": branch.pk, "theme": theme.pk} | more


# -- planning --------------------------------------------------------------------------------------


def test_an_event_is_planned_by_the_clock_of_its_host_and_changed(signed_in, dora, north, evening):
    north.time_zone = "Asia/Shanghai"
    north.save()
    browser = signed_in(dora)
    text_of(browser.get("/events/add/"))
    page = text_of(browser.post("/events/add/", form_for(north, evening.theme), follow=True))
    assert "Saved: Wine and bonds." in page
    assert "Nobody is invited yet." in page
    assert "Room for 40." in page
    event = Event.objects.latest("pk")
    assert event.starts_at.isoformat() == "2099-12-12T11:00:00+00:00"
    assert event.series.name == "Evenings"
    form = text_of(browser.get(f"/events/{event.pk}/change/"))
    assert 'value="2099-12-12T19:00"' in form
    spanish = {"title_es": "Vino y bonos", "place_es": "Sala"}
    browser.post(f"/events/{event.pk}/change/", form_for(north, evening.theme, **spanish))
    event = Event.objects.get(pk=event.pk)
    assert (event.words("es").title, event.starts_at.isoformat()) == (
        "Vino y bonos",
        "2099-12-12T11:00:00+00:00",
    )


def test_errors_stand_beside_their_field_and_nothing_is_kept(signed_in, bob, north, evening):
    wrong = form_for(north, evening.theme, title_en="", ends_at="2099-12-12T18:00", series="Left over")
    page = text_of(signed_in(bob).post("/events/add/", wrong), 422)
    assert "It ends after it begins." in page
    page = text_of(signed_in(bob).post("/events/add/", wrong | {"ends_at": "2099-12-12T23:00"}), 422)
    assert "Write a title." in page
    assert Event.objects.count() == 1
    assert not LectureSeries.objects.exists()


def test_it_is_called_off_with_a_reason(signed_in, bob, evening):
    browser, address = signed_in(bob), f"/events/{evening.pk}/cancel/"
    text_of(browser.post(address, {"reason": ""}), 422)
    page = text_of(browser.post(address, {"reason": "The speaker is ill"}, follow=True))
    assert "Called off:" in page
    assert "The speaker is ill" in page
    assert "Invite</a>" not in page
    assert "Wine and bonds" in text_of(browser.get("/events/?show=off"))
    assert "Wine and bonds" not in text_of(browser.get("/events/"))


def test_a_weekend_says_on_which_day_it_ends(signed_in, bob, north):
    begins = datetime(2099, 12, 12, 18, tzinfo=north.zone)
    event = EventFactory(branch=north, starts_at=begins, ends_at=begins + timedelta(days=1))
    page = text_of(signed_in(bob).get(f"/events/{event.pk}/"))
    assert "Saturday, 12 December 2099, 18:00–Sunday 13 December, 18:00" in page


def test_the_list_has_what_is_to_come_and_apart_what_is_over(signed_in, alice, north, south, evening):
    now = timezone.now()
    EventFactory(branch=north, title="Long ago", starts_at=now - timedelta(days=30))
    EventFactory(branch=south, title="Elsewhere")
    browser = signed_in(alice)
    coming, past = text_of(browser.get("/events/")), text_of(browser.get("/events/?show=past"))
    assert "Wine and bonds" in coming
    assert "Long ago" not in coming
    assert "Long ago" in past
    assert "Wine and bonds" not in past
    assert "Elsewhere" not in coming + past
    assert "Plan an event" not in coming


# -- guests ----------------------------------------------------------------------------------------


def test_guests_are_those_of_one_s_book_and_the_others_are_a_number(
    signed_in, alice, bob, dora, evening, carla, nina
):
    InvitationFactory(event=evening, client=carla, answer="accepted", companions=1, number=1)
    InvitationFactory(event=evening, client=nina, answer="waiting", number=2)
    page = text_of(signed_in(alice).get(f"/events/{evening.pk}/"))
    assert "Carla" in page
    assert "Nina" not in page
    assert "1 more outside your book" in page
    assert "<strong>1 of 2</strong> is coming. 1 comes along. 1 waits. Room for 30, 2 taken." in page
    page = text_of(signed_in(bob).get(f"/events/{evening.pk}/"))
    assert "Nina" in page
    assert "outside your book" not in page
    page = text_of(signed_in(dora).get(f"/events/{evening.pk}/"))
    assert "Client N-1" in page
    assert "Carla" not in page


def test_filters_are_links_that_show_what_they_say(signed_in, bob, evening, north):
    names = {}
    for answer in ("asked", "accepted", "waiting", "declined"):
        client = ClientFactory(branch=north, name=f"Guest who {answer}")
        names[answer] = client.name
        InvitationFactory(event=evening, client=client, answer=answer)
    gone = ClientFactory(branch=north, name="Gone meanwhile", status="deceased")
    InvitationFactory(event=evening, client=gone, answer="accepted")
    browser = signed_in(bob)
    for answer, name in names.items():
        page = text_of(browser.get(f"/events/{evening.pk}/?show={answer}"))
        assert [other for other in names.values() if other in page] == [name]
    page = text_of(browser.get(f"/events/{evening.pk}/"))
    assert "served no more, not counted" in page
    assert "<strong>1 of 4</strong> is coming." in page
    text_of(browser.get(f"/events/{evening.pk}/?show=%00&cursor=x&manager=%00"))


def test_a_supervisor_sees_how_far_each_account_manager_has_come(signed_in, alice, bob, evening, carla, nina):
    InvitationFactory(event=evening, client=carla, answer="accepted")
    InvitationFactory(event=evening, client=nina)
    browser = signed_in(bob)
    page = text_of(browser.get(f"/events/{evening.pk}/"))
    assert "By account manager" in page
    page = text_of(browser.get(f"/events/{evening.pk}/?manager=alice"))
    assert "Carla" in page
    assert "Nina" not in page
    assert "By account manager" not in text_of(signed_in(alice).get(f"/events/{evening.pk}/?manager=anna"))


def test_the_front_desk_sees_the_event_without_its_guests(signed_in, hana, evening, carla):
    InvitationFactory(event=evening, client=carla)
    page = text_of(signed_in(hana).get(f"/events/{evening.pk}/"))
    assert "Wine and bonds" in page
    assert "Carla" not in page
    for address in ("invite", "export"):
        assert signed_in(hana).get(f"/events/{evening.pk}/{address}/").status_code == 403


def test_what_was_tried_stands_beside_the_channel(signed_in, alice, evening, carla):
    row = InvitationFactory(event=evening, client=carla)
    for result in ("no_answer", "busy"):
        ContactFactory(client=carla, staff=alice, action=row.action, result=result)
    page = text_of(signed_in(alice).get(f"/events/{evening.pk}/"))
    assert "2 tries; the last: Call, busy" in page


def test_the_pages_cost_the_same_for_two_guests_and_for_twenty(signed_in, bob, alice, evening, north):
    browser, counted = signed_in(bob), []
    for n in range(20):
        client = ClientFactory(branch=north, manager=alice)
        row = InvitationFactory(event=evening, client=client, answer="accepted")
        ContactFactory(client=client, staff=alice, action=row.action, result="busy")
        EventQuestionFactory(event=evening, invitation=row)
        PreparationFactory(event=evening, owner=alice)
        EventFactory(branch=north)
        if n in (1, 19):
            browser.get("/events/")
            for address in ("/events/", f"/events/{evening.pk}/", f"/events/{evening.pk}/export/"):
                with CaptureQueriesContext(connection) as queries:
                    text_of(browser.get(address)) if "export" not in address else browser.get(address)
                counted.append(len(queries))
    assert counted[:3] == counted[3:]


# -- inviting --------------------------------------------------------------------------------------


def test_one_client_is_invited_by_number(signed_in, alice, evening, carla, nina):
    allow(carla, "call", "email")
    browser, address = signed_in(alice), f"/events/{evening.pk}/invite/"
    asked = {"whom": "number", "number": "N-1", "first": "sms", "second": "email", "third": ""}
    text_of(browser.get(address))
    for number in ("N-2", "N-9", "", "\x00"):
        page = text_of(browser.post(address, asked | {"number": number}), 422)
        assert "Nina" not in page
    page = text_of(browser.post(address, asked, follow=True))
    assert "1 client invited." in page
    assert "Carla" in page
    assert Invitation.objects.get().channel == "email"


def test_who_is_left_out_is_named_with_the_reason(signed_in, bob, evening, carla, nina):
    allow(carla, "call")
    segment = save_segment(actor=bob, name="Both", numbers=["N-1", "N-2"]).segment
    asked = {"whom": "segment", "segment": segment.pk, "first": "call"}
    page = text_of(signed_in(bob).post(f"/events/{evening.pk}/invite/", asked))
    assert "1 client invited. 1 was left out:" in page
    assert "Nina Berg" in page
    assert "has not allowed this channel" in page
    assert Invitation.objects.count() == 1


def test_a_segment_of_somebody_else_is_no_choice(signed_in, alice, bob, evening, north):
    other = UserFactory(role="supervisor", branch=north)
    theirs = save_segment(
        actor=other,
        name="Theirs",
        rule={"groups": [{"parts": [{"what": "age", "how": "at_least", "value": "18"}]}]},
    )
    for person in (alice, bob):
        asked = {"whom": "segment", "segment": theirs.segment_id, "first": "call"}
        text_of(signed_in(person).post(f"/events/{evening.pk}/invite/", asked), 422)
    assert not Invitation.objects.exists()


def test_the_clients_of_the_campaign_are_invited_in_one_go(signed_in, bob, evening, carla, nina, north):
    campaign = Campaign.objects.create(
        code="w", name="W", theme=evening.theme, starts_on=north.today(), ends_on=north.today(),
        planned_by=bob, currency="EUR",
    )  # fmt: skip
    Event.objects.update(campaign=campaign)
    for client, arm in ((carla, "treatment"), (nina, "control")):
        allow(client, "call")
        Target.objects.create(campaign=campaign, client=client, arm=arm, branch=north)
    asked = {"whom": "campaign", "first": "call"}
    page = text_of(signed_in(bob).post(f"/events/{evening.pk}/invite/", asked, follow=True))
    assert "1 client invited." in page
    assert "Nina" not in page
    assert list(Invitation.objects.values_list("client", flat=True)) == [carla.pk]


# -- answers ---------------------------------------------------------------------------------------


@pytest.fixture
def row(evening, carla):
    return InvitationFactory(event=evening, client=carla)


def test_a_call_and_its_answer_are_one_form(signed_in, alice, row, carla):
    browser, address = signed_in(alice), f"/events/invitations/{row.pk}/answer/"
    page = text_of(browser.get(address))
    submission = page.split('name="submission" value="')[1].split('"')[0]
    body = {
        "result": "reached",
        "channel": "call",
        "answer": "accepted",
        "companions": "1",
        "note": "With Hugo",
    }
    body |= {"submission": submission, "next": f"/events/{row.event_id}/?show=asked"}
    for _n in range(2):
        answer = browser.post(address, body)
        assert (answer.status_code, answer.url) == (302, f"/events/{row.event_id}/?show=asked")
    row.refresh_from_db()
    assert (row.answer, row.companions, row.answered_through, row.answered_to) == (
        "accepted",
        1,
        "staff",
        alice,
    )
    contact = Contact.objects.get()
    assert (contact.action, contact.note.text) == (row.action, "With Hugo")
    assert Action.objects.get().state == "done"


def test_a_try_without_an_answer_leaves_the_action_open(signed_in, alice, row):
    body = {"result": "no_answer", "channel": "call", "answer": ""}
    signed_in(alice).post(f"/events/invitations/{row.pk}/answer/", body)
    row.refresh_from_db()
    assert row.answer == "asked"
    assert Contact.objects.get().result == "no_answer"
    assert Action.objects.get().is_open


def test_an_answer_without_a_contact_is_taken_down_alone(signed_in, alice, row):
    body = {"result": "", "channel": "call", "answer": "declined"}
    signed_in(alice).post(f"/events/invitations/{row.pk}/answer/", body)
    row.refresh_from_db()
    assert row.answer == "declined"
    assert not Contact.objects.exists()
    page = text_of(signed_in(alice).post(f"/events/invitations/{row.pk}/answer/", body | {"answer": ""}), 422)
    assert "Choose a contact, or what the client answered." in page


def test_an_answer_by_mail_came_from_the_client(signed_in, alice, row):
    body = {"result": "reached", "channel": "email", "answer": "accepted", "companions": "0"}
    signed_in(alice).post(f"/events/invitations/{row.pk}/answer/", body)
    assert Contact.objects.get().direction == "in"


def test_where_the_answer_is_refused_no_contact_is_kept(signed_in, alice, row):
    body = {"result": "reached", "channel": "call", "answer": "accepted", "companions": "9"}
    page = text_of(signed_in(alice).post(f"/events/invitations/{row.pk}/answer/", body), 422)
    assert "At most 1 may come along." in page
    assert not Contact.objects.exists()


def test_what_is_said_again_too_soon_asks_why_in_the_same_form(signed_in, alice, bob, row, carla):
    Tier.objects.create(code="t", name="T", guard_blocks=True)
    carla.tier = Tier.objects.get(code="t")
    carla.save()
    ContactFactory(client=carla, staff=bob, theme=row.event.theme)
    body = {"result": "reached", "channel": "call", "answer": "accepted"}
    browser, address = signed_in(alice), f"/events/invitations/{row.pk}/answer/"
    page = text_of(browser.post(address, body), 422)
    assert 'name="repeat_reason"' in page
    assert Invitation.objects.get().answer == "asked"
    browser.post(address, body | {"repeat_reason": "Carla asked us to call again"})
    assert Invitation.objects.get().answer == "accepted"


def test_an_invitation_is_taken_back(signed_in, alice, anna, row):
    address = f"/events/invitations/{row.pk}/withdraw/"
    assert signed_in(anna).post(address).status_code == 404
    assert signed_in(alice).get(address).status_code == 405
    page = text_of(signed_in(alice).post(address, follow=True))
    assert "The invitation of Carla Núñez is taken back." in page
    assert "Carla" in text_of(signed_in(alice).get(f"/events/{row.event_id}/?show=withdrawn"))


# -- the list as a file ------------------------------------------------------------------------------


def test_the_file_holds_what_the_page_shows_masked_as_the_page_and_recorded(
    signed_in, alice, dora, evening, carla, nina
):
    carla.name = "=Carla"
    carla.save()
    InvitationFactory(event=evening, client=carla, answer="accepted", companions=1)
    InvitationFactory(event=evening, client=nina)

    def file(person, query):
        answer = signed_in(person).get(f"/events/{evening.pk}/export/?format=csv&{query}")
        return b"".join(answer.streaming_content).decode()

    own = file(alice, "")
    assert "N-1,'=Carla," in own
    assert "Alice,Call,coming,1" in own
    assert "N-2" not in own
    assert "N-1" not in file(alice, "show=asked")
    masked = file(dora, "")
    assert "Client N-1" in masked
    assert "Carla" not in masked
    assert signed_in(alice).get(f"/events/{evening.pk}/export/")["Content-Type"].endswith("sheet")
    exports = AuditEntry.objects.filter(act="export", subject=f"event/{evening.pk}", actor_id=dora.pk)
    assert list(exports.values_list("count", flat=True)) == [2]


# -- checklist and questions -------------------------------------------------------------------------


def test_the_checklist_is_written_ticked_and_shortened_by_buttons(signed_in, alice, anna, bob, evening):
    body = {
        "what": "Thirty chairs",
        "kind": "equipment",
        "owner": alice.pk,
        "due_on": str(evening.branch.today()),
    }
    browser = signed_in(bob)
    text_of(browser.post(f"/events/{evening.pk}/prepare/", body | {"owner": ""}), 422)
    page = text_of(browser.post(f"/events/{evening.pk}/prepare/", body, follow=True))
    assert "Thirty chairs" in page
    line = Preparation.objects.get()
    assert signed_in(anna).post(f"/events/preparations/{line.pk}/tick/").status_code == 403
    signed_in(alice).post(f"/events/preparations/{line.pk}/tick/", {"done": "yes"})
    assert "done by Alice" in text_of(signed_in(anna).get(f"/events/{evening.pk}/"))
    signed_in(alice).post(f"/events/preparations/{line.pk}/tick/", {"done": "no"})
    assert Preparation.objects.get().done_at is None
    assert signed_in(alice).post(f"/events/preparations/{line.pk}/drop/").status_code == 403
    signed_in(bob).post(f"/events/preparations/{line.pk}/drop/")
    assert not Preparation.objects.exists()


def test_a_question_is_noted_by_the_number_of_the_guest_and_answered(
    signed_in, alice, dora, evening, carla, nina
):
    InvitationFactory(event=evening, client=carla, number=7)
    InvitationFactory(event=evening, client=nina, number=8)
    browser, address = signed_in(alice), f"/events/{evening.pk}/ask/"
    for number in ("8", "99"):
        page = text_of(browser.post(address, {"text": "When do rates fall?", "number": number}), 422)
        assert "No guest of yours has this number." in page
    page = text_of(browser.post(address, {"text": "When do rates fall?", "number": "7"}, follow=True))
    assert "Not answered yet." in page
    question = EventQuestion.objects.get()
    page = text_of(
        browser.post(f"/events/questions/{question.pk}/reply/", {"reply": "In spring."}, follow=True)
    )
    assert "In spring." in page
    masked = text_of(signed_in(dora).get(f"/events/{evening.pk}/"))
    assert "rates fall" not in masked
    assert "hidden from you" in masked
    assert signed_in(dora).get(f"/events/questions/{question.pk}/reply/").status_code == 403
