"""The pages of messages: what is ready is read and let go, one by one or many; forged and stale input does nothing."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import ContactPoint, SightGrant, Theme
from interactions.drafting import drafts_for, ready_actions
from interactions.models import ClientMessage, MessageTemplate
from interactions.services.messages import approve_message, write_message
from interactions.views.messages import mark_of
from messaging.models import Message
from tests.factories import (
    ActionFactory,
    ClientFactory,
    ClientMessageFactory,
    ConsentFactory,
    CoverFactory,
)


@pytest.fixture(autouse=True)
def any_hour(settings):
    settings.CLIENT_HOURS = (time.min, time.max)


def birthday(client, days=2, **more):
    on = client.branch.today() + timedelta(days=days)
    theme = Theme.objects.get(code="birthday")
    given = {
        "origin": "occurrence",
        "source": "birthday",
        "about": "",
        "event_on": on,
        "due_on": on,
        "years": 50,
    }
    return ActionFactory(client=client, theme=theme, opens_on=client.branch.today(), **(given | more))


def greeted(north, alice, name="Ana", **more):
    """A client with a birthday in two days who allows email."""
    client = ClientFactory(name=name, branch=north, manager=alice, email=f"{name}@x.example".lower(), **more)
    ConsentFactory(client=client, channel="email", purpose="care")
    return client, birthday(client)


def ready(user):
    return drafts_for(user, ready_actions(user, user.today()))


# -- what is ready ----------------------------------------------------------------------------------


def test_a_greeting_is_ready_in_the_clients_language_with_the_clients_name(north, alice):
    _client, action = greeted(
        north, alice, "Luo Mei", language="zh-CN", native_name="罗梅", preferred_address=""
    )
    ((draft,), others) = ready(alice)
    assert others == []
    assert (draft.action, draft.row.language, draft.row.channel) == (action, "zh-hans", "email")
    assert draft.row.subject == "祝您生日快乐"
    assert draft.row.body.startswith("尊敬的罗梅：")
    assert ClientMessage.objects.count() == 0  # nothing is stored before a person acts


@pytest.mark.parametrize(
    ("spoken", "written"),
    [("es", "es"), ("es-MX", "es"), ("zh", "zh-hans"), ("zh-Hant", "en"), ("de", "en"), ("", "en")],
)
def test_a_language_we_do_not_write_is_answered_in_the_banks_own(spoken, written, north, alice):
    greeted(north, alice, language=spoken)
    ((draft,), _others) = ready(alice)
    assert draft.row.language == written


def test_the_agreed_way_is_taken_where_email_is_not_allowed(north, alice):
    client = ClientFactory(branch=north, manager=alice, phone="+34600111000", email="a@x.example")
    ConsentFactory(client=client, channel="sms", purpose="care")
    birthday(client)
    ((draft,), _others) = ready(alice)
    assert draft.row.channel == "sms"
    assert draft.row.subject == ""


def test_nothing_is_ready_for_whoever_allows_nothing_for_late_days_and_for_relatives(north, alice, carla):
    birthday(carla)
    late = greeted(north, alice)[1]
    late.event_on = late.due_on = alice.today() - timedelta(days=1)
    late.opens_on = late.due_on
    late.save()
    mother = greeted(north, alice, "Eva")[1]
    mother.about = "her mother"
    mother.save()
    drafts, others = ready(alice)
    assert drafts == []
    assert len(others) == 2  # of a relative's birthday the bank has nothing ready at all


def test_a_template_with_a_gap_that_cannot_be_filled_is_not_ready(north, alice):
    _client, action = greeted(north, alice)
    MessageTemplate.objects.filter(kind="birthday", language="en").update(body="{client} turns {years}")
    assert ready(alice)[0][0].row.body == "Ana turns 50"
    action.years = None
    action.save()
    assert ready(alice)[0] == []


def test_gaps_in_a_clients_name_are_not_filled(north, alice):
    greeted(north, alice, "{manager} {bank}")
    assert "{manager} {bank}" in ready(alice)[0][0].row.body


def test_forty_greetings_cost_as_many_questions_as_two(north, alice, signed_in):
    for n in range(2):
        greeted(north, alice, f"Ana{n}")
    page = signed_in(alice)
    page.get("/messages/")
    with CaptureQueriesContext(connection) as few:
        page.get("/messages/")
    for n in range(38):
        greeted(north, alice, f"Eva{n}")
    with CaptureQueriesContext(connection) as many:
        answer = page.get("/messages/")
    assert answer.content.decode().count("Happy birthday") >= 40
    assert len(many) == len(few) == 12


# -- letting go -------------------------------------------------------------------------------------


def approve(page, *actions, **more):
    seen = {
        f"seen-{draft.action.pk}": mark_of(draft.row.subject, draft.row.body) for draft in more.pop("read")
    }
    return page.post("/messages/approve/", {"action": [action.pk for action in actions]} | seen | more)


def test_what_is_ticked_is_approved_at_once_and_one_undo_takes_all_back(north, alice, signed_in):
    actions = [greeted(north, alice, name)[1] for name in ("Ana", "Eva", "Ida")]
    page = signed_in(alice)
    answer = approve(page, *actions[:2], read=ready(alice)[0])
    assert answer.status_code == 302
    assert set(ClientMessage.objects.on_their_way().values_list("action", flat=True)) == {
        actions[0].pk,
        actions[1].pk,
    }
    told = page.session["told"]
    assert told["text"].startswith("2 messages approved. The first leaves on ")
    page.post(told["undo_url"])
    assert not ClientMessage.objects.on_their_way().exists()
    assert set(Message.objects.values_list("state", flat=True)) == {"failed"}
    assert ClientMessage.objects.drafts().count() == 2


def test_a_text_that_changed_since_it_was_read_is_not_sent(north, alice, signed_in):
    action = greeted(north, alice)[1]
    read = ready(alice)[0]
    MessageTemplate.objects.filter(kind="birthday").update(body="Something else")
    page = signed_in(alice)
    approve(page, action, read=read)
    assert not Message.objects.exists()
    assert page.session["told"]["text"] == "0 messages approved. 1 was left: look at it again."


def test_approving_twice_sends_once(north, alice, signed_in):
    action = greeted(north, alice)[1]
    read = ready(alice)[0]
    page = signed_in(alice)
    approve(page, action, read=read)
    approve(page, action, read=read)
    assert Message.objects.count() == 1


def test_a_forged_tick_on_anothers_client_sends_nothing(north, alice, anna, signed_in):
    action = greeted(north, alice)[1]
    read = ready(alice)[0]
    draft = ClientMessageFactory(client=action.client, written_by=alice)
    page = signed_in(anna)
    approve(page, action, read=read, message=draft.pk)
    assert not Message.objects.exists()
    assert page.post("/messages/approve/", {"action": ["x", "9" * 40, "-1"]}).status_code == 302


def test_a_draft_that_somebody_changed_since_it_was_read_is_not_sent(alice, bob, carla, signed_in):
    ConsentFactory(client=carla, channel="email", purpose="care")
    draft = ClientMessageFactory(client=carla, written_by=alice)
    ticked = {"message": draft.pk, f"seen-message-{draft.pk}": mark_of(draft.subject, draft.body)}
    page = signed_in(alice)
    assert f'value="{ticked[f"seen-message-{draft.pk}"]}"' in page.get("/messages/").content.decode()
    text = {"kind": "birthday", "channel": "email", "language": "en", "subject": "Hi", "body": "Other words"}
    write_message(actor=bob, client=carla, message=draft, **text)
    page.post("/messages/approve/", ticked)
    assert not Message.objects.exists()
    page.post("/messages/approve/", ticked | {f"seen-message-{draft.pk}": mark_of("Hi", "Other words")})
    assert Message.objects.get().body.startswith("Other words")


def test_unfinished_drafts_stand_only_before_whoever_looks_after_the_client(
    alice, anna, bob, charlie, carla, signed_in
):
    draft = ClientMessageFactory(client=carla, written_by=alice, subject="Half a sentence")
    ClientMessageFactory(client=carla, written_by=bob, subject="A word of Bob's")
    SightGrant.objects.create(
        client=carla,
        user=charlie,
        kind="break_glass",
        reason="Alice is ill",
        until_at=timezone.now() + timedelta(hours=1),
    )
    CoverFactory(stand_in=anna, covered=alice)

    def shown(user):
        return "Half a sentence" in signed_in(user).get("/messages/").content.decode()

    assert {user.name: shown(user) for user in (alice, anna, bob, charlie)} == {
        "Alice": True,
        "Anna": True,
        "Bob": False,
        "Charlie": False,
    }
    assert "A word of Bob&#x27;s" in signed_in(bob).get("/messages/").content.decode()
    ticked = {"message": draft.pk, f"seen-message-{draft.pk}": mark_of(draft.subject, draft.body)}
    signed_in(charlie).post("/messages/approve/", ticked)
    assert not Message.objects.exists()
    alice.is_active = False
    alice.save()
    assert shown(bob)


def test_whoever_stands_in_lets_greetings_go_in_their_own_name(north, alice, anna, signed_in):
    action = greeted(north, alice)[1]
    CoverFactory(stand_in=anna, covered=alice)
    read = ready(anna)[0]
    approve(signed_in(anna), action, read=read)
    row = ClientMessage.objects.get()
    assert row.approved_by == anna
    assert "Anna" in row.body


# -- one message ------------------------------------------------------------------------------------


def typed(**more):
    return {
        "kind": "birthday",
        "channel": "email",
        "language": "en",
        "subject": "Sixty!",
        "body": "Dear Carla, sixty!",
        "do": "send",
    } | more


def test_a_message_is_written_kept_changed_and_approved(alice, carla, signed_in):
    ConsentFactory(client=carla, channel="email", purpose="care")
    page = signed_in(alice)
    assert page.post("/client/N-1/message/write/", typed(do="keep")).status_code == 302
    row = ClientMessage.objects.get()
    assert (row.is_draft, row.subject) == (True, "Sixty!")
    shown = page.get(f"/messages/{row.pk}/").content.decode()
    assert "Dear Carla, sixty!" in shown
    page.post(f"/messages/{row.pk}/", typed(body="Dear Carla, all the best."))
    row.refresh_from_db()
    assert row.body == "Dear Carla, all the best."
    assert row.message.state == "queued"
    assert "Dear Carla, all the best." in page.get(f"/messages/{row.pk}/").content.decode()
    assert "On their way" in page.get("/messages/?show=going").content.decode()


def test_what_may_not_leave_is_shown_again_with_what_was_typed_and_nothing_is_stored(alice, carla, signed_in):
    answer = signed_in(alice).post("/client/N-1/message/write/", typed())
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Dear Carla, sixty!" in text
    assert "The client has not allowed this channel for it." in text
    assert not ClientMessage.objects.exists()


def test_a_form_sent_twice_is_one_message(alice, carla, signed_in):
    for purpose in ("care", "marketing"):
        ConsentFactory(client=carla, channel="email", purpose=purpose)
    page = signed_in(alice)
    answers = [page.post("/client/N-1/message/write/", typed(kind="notice")).status_code for _n in range(2)]
    assert answers == [302, 422]
    assert Message.objects.count() == ClientMessage.objects.count() == 1


def test_choosing_another_language_brings_its_text_but_never_over_words_somebody_typed(
    alice, carla, signed_in
):
    page = signed_in(alice)
    first = page.get("/client/N-1/message/write/", {"kind": "birthday"})
    form = first.context["form"]
    choice = {"kind": "birthday", "channel": "email", "language": "es", "do": "redraw"}
    as_proposed = choice | {name: form.initial[name] for name in ("subject", "body", "proposed")}
    redrawn = page.post("/client/N-1/message/write/", as_proposed)
    assert redrawn.status_code == 200
    assert redrawn.context["form"].initial["subject"] == "Feliz cumpleaños"
    edited = as_proposed | {"body": "My own words"}
    assert page.post("/client/N-1/message/write/", edited).context["form"].initial["body"] == "My own words"
    assert not ClientMessage.objects.exists()


def test_a_notice_and_an_offer_show_what_the_person_has_to_fill_in(alice, carla, signed_in):
    page = signed_in(alice)
    action = ActionFactory(client=carla).pk
    for kind, gap in (("notice", "{text}"), ("article", "{text}"), ("offer", "{product}")):
        for more in ({}, {"action": action}):
            shown = (
                page.get("/client/N-1/message/write/", {"kind": kind} | more).context["form"].initial["body"]
            )
            assert gap in shown, (kind, more)


def test_a_draft_that_was_taken_back_says_why_it_is_there(alice, carla, signed_in):
    ClientMessageFactory(client=carla, written_by=alice, action=birthday(carla))
    shown = signed_in(alice).get("/messages/").content.decode()
    assert "Birthday in 2 days, turns 50." in shown
    assert "A draft, not approved yet." in shown


def test_an_action_that_is_written_about_already_leads_to_that_message(alice, carla, signed_in):
    action = birthday(carla)
    row = ClientMessageFactory(client=carla, written_by=alice, action=action)
    page = signed_in(alice)
    answer = page.get(f"/client/N-1/message/write/?action={action.pk}&next=/today/")
    assert answer.url == f"/messages/{row.pk}/?next=%2Ftoday%2F"
    assert 'name="next" value="/today/"' in page.get(answer.url).content.decode()


def test_taking_back_at_once_returns_to_where_it_was_approved(alice, carla, signed_in):
    ConsentFactory(client=carla, channel="email", purpose="care")
    page = signed_in(alice)
    page.post("/client/N-1/message/write/", typed(next="/today/"))
    assert page.post(page.session["told"]["undo_url"]).url == "/today/"
    assert ClientMessage.objects.get().is_draft


def test_a_draft_that_may_not_leave_says_why_and_is_neither_ticked_nor_counted(alice, carla, signed_in):
    ClientMessageFactory(client=carla, written_by=alice)
    shown = signed_in(alice).get("/messages/")
    text = shown.content.decode()
    assert "The client has not allowed this channel for it." in text
    assert "Nothing waits to be read." in text
    assert " disabled" in text
    assert shown.context["waiting"] == 0


def test_another_clients_action_is_no_reason_to_write(alice, carla, nina, signed_in):
    page = signed_in(alice)
    for wanted in (birthday(nina).pk, "x", "9" * 30):
        assert page.get("/client/N-1/message/write/", {"action": wanted}).status_code == 404


def test_what_was_not_sent_becomes_a_draft_again_or_is_put_aside(alice, carla, signed_in):
    ConsentFactory(client=carla, channel="email", purpose="care")
    rows = [
        approve_message(actor=alice, message=ClientMessageFactory(client=carla, written_by=alice, kind=kind))
        for kind in ("birthday", "notice")
    ]
    Message.objects.update(state="failed", error="the mail server answered 550")
    page = signed_in(alice)
    shown = page.get("/messages/?show=stranded").content.decode()
    assert shown.count("It could not be delivered. Check the address.") == 2
    assert "550" not in shown
    page.post(f"/messages/{rows[0].pk}/take-back/")
    page.post(f"/messages/{rows[1].pk}/drop/")
    assert ClientMessage.objects.get(pk=rows[0].pk).is_draft
    assert ClientMessage.objects.get(pk=rows[1].pk).is_dropped
    assert not ClientMessage.objects.stranded().exists()


def test_one_that_may_have_left_is_decided_once(alice, carla, signed_in):
    ConsentFactory(client=carla, channel="email", purpose="care")
    row = approve_message(actor=alice, message=ClientMessageFactory(client=carla, written_by=alice))
    Message.objects.update(state="unknown", claimed_at=timezone.now())
    page = signed_in(alice)
    assert "It may have arrived" in page.get("/messages/?show=stranded").content.decode()
    page.post(f"/messages/{row.pk}/settle/", {"decision": "sent"})
    page.post(f"/messages/{row.pk}/settle/", {"decision": "again"})
    assert Message.objects.get().state == "sent"
    assert carla.contacts.count() == 1


def test_words_of_a_client_are_escaped_wherever_they_are_shown(alice, carla, signed_in):
    ClientMessageFactory(client=carla, written_by=alice, body="<script>alert(1)</script>")
    page = signed_in(alice).get("/messages/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# -- the bank's texts -------------------------------------------------------------------------------


def test_an_administrator_changes_a_text_and_drafts_follow(erin, north, alice, signed_in):
    greeted(north, alice)
    page = signed_in(erin)
    assert page.get("/texts/").content.decode().count("Happy birthday") == 1
    page.post("/texts/birthday/long/en/", {"subject": "Cheers", "body": "Cheers, {name}!"})
    assert ready(alice)[0][0].row.body == "Cheers, Ana!"


@pytest.mark.parametrize(
    "body", ["Dear {password}", "Dear {client.name}", "Dear {}", "Dear {product}", "Dear {client", " "]
)
def test_a_text_with_a_gap_that_nobody_can_fill_is_refused_beside_its_field(body, erin, signed_in):
    answer = signed_in(erin).post("/texts/birthday/long/en/", {"subject": "Hi", "body": body})
    assert answer.status_code == 422
    assert answer.context["form"].errors["body"]
    assert (
        MessageTemplate.objects.get(kind="birthday", form="long", language="en").subject == "Happy birthday"
    )


def test_every_kind_has_its_text_in_every_language_and_form(db, settings):
    have = set(MessageTemplate.objects.values_list("kind", "form", "language"))
    kinds = ("birthday", "holiday", "maturity", "notice", "offer", "article", "invitation")
    wanted = {
        (kind, form, language)
        for kind in kinds
        for form in ("long", "short")
        for language, _name in settings.LANGUAGES
    }
    assert have == wanted


# -- what helps while writing -----------------------------------------------------------------------


def test_who_may_not_be_written_to_by_one_channel_is_told_which_is_open(alice, signed_in):
    client = ClientFactory(branch=alice.branch, manager=alice, email="a@x.example", phone="+34600111000")
    ConsentFactory(client=client, channel="sms", purpose="care")
    page = signed_in(alice).get(f"/client/{client.number}/message/write/?kind=birthday&channel=email")
    assert "has not allowed this channel for it. Allowed: Text message." in page.content.decode()


def test_a_text_message_says_while_it_is_typed_how_many_it_takes(alice, signed_in):
    browser = signed_in(alice)

    def said(text):
        return browser.post("/messages/length/", {"body": text}).content.decode()

    assert said("a" * 160) == "160 characters, 1 text message"
    assert said("a" * 161) == "161 characters, 2 text messages"
    assert said("生日快乐") == "4 characters, 1 text message"


def test_a_letter_says_where_it_goes_without_the_street(alice, signed_in):
    client = ClientFactory(branch=alice.branch, manager=alice)
    ContactPoint.objects.create(client=client, kind="address", value="1 Long Lane, 28001 Madrid")
    ConsentFactory(client=client, channel="letter", purpose="care")
    page = signed_in(alice).get(f"/client/{client.number}/message/write/?kind=birthday&channel=letter")
    text = page.content.decode()
    assert "To ••••••, 28001 Madrid" in text
    assert "Long Lane" not in text
