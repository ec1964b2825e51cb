"""Whether a client may be written to: asked when a message is approved, and again when it leaves."""

from datetime import datetime, time, timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from clients.models import Theme, Tier
from clients.services import unsubscribe
from interactions.drafting import drafts_for, ready_actions
from interactions.models import ClientMessage
from interactions.services import log_contact
from interactions.services import messages as services
from interactions.services.guard import repetition
from interactions.services.permission import Hindrance
from interactions.services.status import settle_status
from messaging import gateways
from messaging.models import Message
from tests.factories import (
    ActionFactory,
    AgreementFactory,
    ClientMessageFactory,
    ConsentFactory,
    HoldingFactory,
    ProductFactory,
    ServiceCaseFactory,
)
from tests.interactions.conftest import approve, send

State = Message.State


@pytest.fixture(autouse=True)
def any_hour(settings):
    """These tests are not about hours: they pass at night as well."""
    settings.CLIENT_HOURS = (time.min, time.max)


# -- what is asked before ---------------------------------------------------------------------------


def _unsubscribed(carla, **_):
    unsubscribe(client=carla)


def _complains(carla, **_):
    ServiceCaseFactory(client=carla, kind="complaint")


def _bounced(carla, **_):
    carla.contact_points.filter(kind="email").update(do_not_use=True)


def _agreed_on_calls(carla, **_):
    AgreementFactory(client=carla, channels=["call", "visit"])


def _agreed_on_reviews(carla, **_):
    AgreementFactory(client=carla, themes=["review"])


def _blocked(carla, **_):
    _becomes(carla, "blocked")


def _dormant(carla, **_):
    _becomes(carla, "dormant")


def _becomes(carla, status):
    carla.status = status
    carla.save(update_fields=["status"])
    settle_status([carla.pk])


def _said_by_phone(carla, alice, birthday, **_):
    log_contact(actor=alice, client=carla, channel="call", result="reached", action=birthday)


def _long_ago(birthday, **_):
    birthday.event_on -= timedelta(days=4)
    birthday.save()


def _no_day(carla, **_):
    AgreementFactory(client=carla, weekdays=[9])


WAYS = {
    _unsubscribed: Hindrance.CONSENT,
    _complains: Hindrance.COMPLAINT,
    _bounced: Hindrance.ADDRESS,
    _agreed_on_calls: Hindrance.CHANNEL,
    _agreed_on_reviews: Hindrance.THEME,
    _blocked: Hindrance.STATUS,
    _dormant: Hindrance.DORMANT,
    _said_by_phone: Hindrance.OVERTAKEN,
    _long_ago: Hindrance.TOO_LATE,
    _no_day: Hindrance.HOURS,
}


@pytest.mark.parametrize(("happens", "why"), WAYS.items(), ids=[why.value for why in WAYS.values()])
def test_what_forbids_a_message_is_asked_when_it_is_approved(happens, why, alice, carla, birthday, draft):
    happens(carla=carla, alice=alice, birthday=birthday)
    draft.action.refresh_from_db()
    with pytest.raises(ValidationError) as refused:
        approve(alice, draft)
    assert refused.value.messages == [str(why.label)]
    assert Message.objects.count() == 0


@pytest.mark.parametrize(("happens", "why"), WAYS.items(), ids=[why.value for why in WAYS.values()])
def test_and_again_when_it_leaves(happens, why, alice, carla, birthday, draft):
    row = approve(alice, draft)
    happens(carla=carla, alice=alice, birthday=birthday)
    assert send(row) == State.FAILED
    assert row.message.error == why
    assert not mail.outbox


def test_a_closed_file_stops_what_waits_at_once(alice, carla, draft):
    row = approve(alice, draft)
    other = ClientMessageFactory(client=carla, written_by=alice)
    _becomes(carla, "closed")
    assert Message.objects.get(pk=row.message_id).state == State.FAILED
    assert not ClientMessage.objects.standing().filter(pk__in=[row.pk, other.pk]).exists()


def test_a_talk_about_it_since_the_approval_stops_a_message_without_an_action(alice, carla, allowed):
    row = approve(alice, ClientMessageFactory(client=carla, written_by=alice))
    log_contact(
        actor=alice, client=carla, channel="call", result="reached", theme=Theme.objects.get(code="birthday")
    )
    assert send(row) == State.FAILED
    assert row.message.error == Hindrance.REPEATED


def test_outside_the_hours_a_message_waits_for_the_next_one_and_no_attempt_is_counted(
    alice, carla, draft, settings
):
    row = approve(alice, draft)
    local = timezone.localtime(timezone=carla.branch.zone)
    opens = (local + timedelta(hours=2)).time() if local.hour < 21 else time(1)
    settings.CLIENT_HOURS = (opens, (datetime.combine(local, opens) + timedelta(minutes=5)).time())
    assert send(row) == State.QUEUED
    assert row.message.attempts == 0
    assert timezone.now() < row.message.not_before < timezone.now() + timedelta(hours=25)
    assert timezone.localtime(row.message.not_before, carla.branch.zone).time() == opens


def test_a_greeting_whose_next_agreed_day_is_too_late_is_left_for_a_call(alice, carla, draft):
    AgreementFactory(client=carla, weekdays=[(carla.branch.today().weekday() + 5) % 7])
    with pytest.raises(ValidationError) as refused:
        approve(alice, draft)
    assert refused.value.messages == [str(Hindrance.HOURS.label)]
    draft.delete()
    ready, others = drafts_for(alice, ready_actions(alice, alice.today()))
    assert (len(ready), len(others)) == (0, 1)


def test_a_greeting_leaves_on_its_day_and_not_when_it_is_approved(alice, carla, draft, birthday):
    birthday.event_on += timedelta(days=3)
    birthday.save()
    draft.refresh_from_db()
    row = approve(alice, draft)
    local = timezone.localtime(row.message.not_before, carla.branch.zone)
    assert local.date() == birthday.event_on


# -- repetition -------------------------------------------------------------------------------------


def test_a_sent_message_arms_the_repetition_guard_and_a_draft_does_not(alice, anna, carla, draft):
    theme = Theme.objects.get(code="birthday")
    action = draft.action
    row = approve(alice, draft)
    assert repetition(actor=alice, client=carla, theme=theme, action=action) is None
    send(row)
    found = repetition(actor=anna, client=carla, theme=theme)
    assert found is not None
    assert found.by == alice.name


def test_where_the_tier_blocks_saying_it_again_needs_a_reason_which_then_holds_at_the_door(
    alice, carla, draft, allowed
):
    carla.tier = Tier.objects.get(code="private")
    carla.tier.guard_blocks = True
    carla.tier.save()
    carla.save()
    send(approve(alice, draft))
    again = ClientMessageFactory(client=carla, written_by=alice)
    with pytest.raises(ValidationError) as refused:
        approve(alice, again)
    assert "repeat_reason" in refused.value.error_dict
    row = services.approve_message(actor=alice, message=again, repeat_reason="The first had a wrong name")
    assert send(row) == State.SENT
    assert row.contact.repeat_reason == "The first had a wrong name"


def test_of_two_messages_about_the_same_the_second_is_told_of_the_first_before_it_leaves(
    alice, bob, carla, allowed
):
    first = ClientMessageFactory(client=carla, written_by=alice)
    second = ClientMessageFactory(client=carla, written_by=alice, body="All the best.")
    approve(alice, first)
    through, left = services.approve_many(actor=bob, drafts=[second], at=timezone.now())
    assert not through
    assert "Alice means to speak about" in left[0][1]
    Message.objects.update(state="unknown", claimed_at=timezone.now())
    assert services.approve_many(actor=bob, drafts=[second], at=timezone.now())[0] == []
    carla.tier = Tier.objects.get(code="private")
    carla.tier.guard_blocks = True
    carla.tier.save()
    carla.save()
    with pytest.raises(ValidationError) as refused:
        approve(bob, second)
    assert "repeat_reason" in refused.value.error_dict


def test_of_two_that_leave_at_the_same_moment_one_waits_and_finds_that_it_was_said(
    alice, bob, carla, allowed, monkeypatch
):
    first, second = (
        approve(person, ClientMessageFactory(client=carla, written_by=person, body=person.name))
        for person in (alice, bob)
    )
    real = gateways.send

    def send_while_another_worker_takes_the_second(message):
        if message.pk == first.message_id:
            assert send(second) == State.QUEUED
        real(message)

    monkeypatch.setattr(gateways, "send", send_while_another_worker_takes_the_second)
    assert send(first) == State.SENT
    assert send(second) == State.FAILED
    assert second.message.error == Hindrance.REPEATED
    assert len(mail.outbox) == 1


def test_two_notices_at_once_may_be_sent_where_nothing_forbids_to_say_it_again(alice, carla, allowed):
    drafts = [ClientMessageFactory(client=carla, kind="notice", body=body) for body in ("A card.", "A fee.")]
    rows = [approve(alice, row) for row in drafts]
    assert [send(row) for row in rows] == [State.SENT, State.SENT]


# -- one word a day --------------------------------------------------------------------------------


@pytest.fixture
def open_to_all(carla):
    for purpose in ("care", "marketing", "education", "service"):
        ConsentFactory(client=carla, channel="email", purpose=purpose)


def _day(row) -> str:
    row.message.refresh_from_db()
    return timezone.localtime(row.message.not_before, row.client.branch.zone).date()


def test_an_offer_waits_for_a_day_on_which_the_client_is_sent_nothing_else(alice, carla, open_to_all, draft):
    today = carla.branch.today()
    assert send(approve(alice, draft)) == State.SENT  # the birthday greeting
    offer = approve(alice, ClientMessageFactory(client=carla, written_by=alice, kind="offer"))
    article = approve(alice, ClientMessageFactory(client=carla, written_by=alice, kind="article"))
    assert [_day(offer), _day(article)] == [today + timedelta(days=1), today + timedelta(days=2)]


def test_an_offer_that_is_overtaken_by_a_notice_leaves_the_next_day(alice, carla, open_to_all):
    offer = approve(alice, ClientMessageFactory(client=carla, written_by=alice, kind="offer"))
    notice = approve(alice, ClientMessageFactory(client=carla, written_by=alice, kind="notice"))
    assert send(notice) == State.SENT
    assert send(offer) == State.QUEUED
    assert offer.message.attempts == 0
    assert _day(offer) == carla.branch.today() + timedelta(days=1)


def test_of_two_offers_at_the_door_at_once_the_one_approved_first_leaves(
    alice, carla, open_to_all, monkeypatch
):
    offer, article = (
        approve(alice, ClientMessageFactory(client=carla, written_by=alice, kind=kind))
        for kind in ("offer", "article")
    )
    assert send(article) == State.QUEUED  # taken first by a worker, and still not the first
    assert send(offer) == State.SENT
    assert send(article) == State.QUEUED
    assert len(mail.outbox) == 1


def test_a_greeting_and_a_notice_keep_their_day_whatever_else_is_sent(alice, carla, open_to_all, draft):
    assert (
        send(approve(alice, ClientMessageFactory(client=carla, written_by=alice, kind="offer"))) == State.SENT
    )
    assert (
        send(approve(alice, ClientMessageFactory(client=carla, written_by=alice, kind="notice")))
        == State.SENT
    )
    assert send(approve(alice, draft)) == State.SENT


# -- duties -----------------------------------------------------------------------------------------


@pytest.fixture
def maturity(carla):
    HoldingFactory(client=carla)
    return ActionFactory(
        client=carla,
        theme=Theme.objects.get(code="maturity"),
        origin="occurrence",
        source="maturity",
        about="Term deposit",
        event_on=carla.branch.today() + timedelta(days=5),
    )


def test_a_notice_that_is_a_duty_needs_no_consent_but_only_where_something_matures(alice, carla, maturity):
    text = {"channel": "email", "language": "en", "subject": "It matures", "body": "Soon."}
    row = services.send_message(actor=alice, client=carla, kind="maturity", action=maturity, **text)
    assert send(row) == State.SENT
    with pytest.raises(ValidationError) as refused:
        services.write_message(actor=alice, client=carla, kind="maturity", **text)
    assert "kind" in refused.value.error_dict


def test_an_offer_in_the_dress_of_a_maturity_needs_the_consent_of_an_offer(alice, carla, maturity):
    with pytest.raises(ValidationError, match="not allowed"):
        services.send_message(
            actor=alice,
            client=carla,
            kind="offer",
            action=maturity,
            channel="email",
            language="en",
            subject="Buy",
            body="This.",
        )
    assert not ClientMessage.objects.exists()


def test_an_offer_of_what_does_not_suit_needs_a_reason(alice, carla):
    ConsentFactory(client=carla, channel="email", purpose="marketing")
    text = {"channel": "email", "language": "en", "subject": "For you", "body": "A fund."}
    risky = ProductFactory(kind="fund", risk_level=5)
    with pytest.raises(ValidationError) as refused:
        services.write_message(actor=alice, client=carla, kind="offer", product=risky, **text)
    assert "suitability_reason" in refused.value.error_dict
    row = services.write_message(
        actor=alice, client=carla, kind="offer", product=risky, suitability_reason="She asked for it", **text
    )
    assert row.suitability_reason == "She asked for it"


def test_whether_an_offer_suits_is_asked_again_when_it_is_approved(alice, carla):
    ConsentFactory(client=carla, channel="email", purpose="marketing")
    carla.risk_profile = 3
    carla.save(update_fields=["risk_profile"])
    row = services.write_message(
        actor=alice,
        client=carla,
        kind="offer",
        product=ProductFactory(kind="fund", risk_level=3),
        channel="email",
        language="en",
        subject="For you",
        body="A fund.",
    )
    carla.risk_profile = 2
    carla.save(update_fields=["risk_profile"])
    with pytest.raises(ValidationError) as refused:
        approve(alice, row)
    assert "suitability_reason" in refused.value.error_dict
