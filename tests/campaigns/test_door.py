"""The door: one number, one card; who is let in once is in; the desk sees its own evenings and never a list."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from campaigns.links import door_url
from campaigns.models import Event, Guest, Invitation
from campaigns.services import door
from campaigns.services.invitations import room_taken
from clients.models import Client
from common.models import AuditEntry
from messaging.letters import list_pdf
from tests.factories import ClientFactory, EventFactory, InvitationFactory


@pytest.fixture
def event(north, bob):
    """It has begun a quarter of an hour ago."""
    now = timezone.now()
    return EventFactory(
        branch=north,
        planned_by=bob,
        starts_at=now - timedelta(minutes=15),
        ends_at=now + timedelta(minutes=5),
        answer_until=now - timedelta(minutes=15),
        capacity=10,
        companions_most=2,
    )


@pytest.fixture
def invitation(event, carla, alice):
    return InvitationFactory(
        event=event,
        client=carla,
        number=7,
        answer="accepted",
        companions=1,
        invited_by=alice,
        channel="email",
    )


@pytest.fixture
def page(event):
    return reverse("event-door", args=[event.pk])


def _to(event, days):
    """The event some days from now; answers until it begins."""
    begins = timezone.now() + timedelta(days=days)
    Event.objects.filter(pk=event.pk).update(
        starts_at=begins, ends_at=begins + timedelta(hours=2), answer_until=begins
    )
    event.refresh_from_db()


def _let_in(browser, event, number=7, companions="1"):
    address = reverse("event-check-in", args=[event.pk])
    return browser.post(address, {"number": number, "companions_came": companions}, follow=True)


# -- the card --------------------------------------------------------------------------------------


def test_desk_types_a_number_lets_in_and_reads_how_many_are_there(signed_in, hana, event, invitation, page):
    browser = signed_in(hana)
    assert "0 of 2 are here" in browser.get(page).content.decode()
    card = browser.get(page, {"number": "7"}).content.decode()
    assert "Carla Núñez" in card
    assert "with 1 companion" in card
    assert "Let in" in card
    after = _let_in(browser, event).content.decode()
    assert "2 of 2 are here" in after
    assert "Carla Núñez is here, with 1 companion." in after
    invitation.refresh_from_db()
    assert (invitation.attendance, invitation.companions_came, invitation.checked_in_by) == ("came", 1, hana)
    assert invitation.answer == "accepted"


def test_code_of_the_guest_opens_the_card_after_the_login_only(client, signed_in, hana, invitation):
    address = door_url(invitation).removeprefix("http://localhost:8000")
    assert client.get(address).status_code == 302
    assert client.get(address).url.startswith("/accounts/login/?next=/events/")
    assert "Carla" in signed_in(hana).get(address).content.decode()


@pytest.mark.parametrize("typed", ["8", "x", "-7", "²", "9" * 40, "7\x00", "7.0"])
def test_unknown_number_and_nonsense_answer_alike(signed_in, hana, invitation, page, typed):
    answer = signed_in(hana).get(page, {"number": typed})
    assert answer.status_code == 200
    assert "No invitation to this event has this number." in answer.content.decode()
    assert "Carla" not in answer.content.decode()


def test_looking_at_a_card_is_recorded(signed_in, hana, invitation, page, carla):
    browser = signed_in(hana)
    browser.get(page)
    assert not AuditEntry.objects.filter(detail="door").exists()
    browser.get(page, {"number": "7"})
    entry = AuditEntry.objects.get(detail="door")
    assert (entry.actor_id, entry.act, entry.subject) == (hana.pk, "read", f"client/{carla.pk}")


def test_page_shows_one_client_and_never_a_list(signed_in, hana, event, invitation, nina, page):
    InvitationFactory(event=event, client=nina, number=8, answer="accepted")
    browser = signed_in(hana)
    _let_in(browser, event)
    assert "Nina" not in browser.get(page, {"number": "7"}).content.decode()
    for name in ("Carla", "Nina"):
        browser.get(page)
        assert name not in browser.get(page).content.decode()
    assert browser.get(reverse("event-door-list", args=[event.pk])).status_code == 403


def test_account_manager_reads_the_name_of_their_own_client_and_initials_of_others(
    signed_in, alice, anna, invitation, page
):
    assert "Carla Núñez" in signed_in(alice).get(page, {"number": "7"}).content.decode()
    said = signed_in(anna).get(page, {"number": "7"}).content.decode()
    assert "C. N." in said
    assert "Carla" not in said


def test_restricted_file_shows_initials_to_the_desk(signed_in, hana, invitation, carla, page):
    Client.objects.filter(pk=carla.pk).update(is_restricted=True)
    said = signed_in(hana).get(page, {"number": "7"}).content.decode()
    assert "C. N." in said
    assert "Núñez" not in said


def test_who_declined_may_come_all_the_same(signed_in, hana, event, carla):
    InvitationFactory(event=event, client=carla, number=7, answer="declined")
    _let_in(signed_in(hana), event, companions="")
    row = Invitation.objects.get()
    assert (row.answer, row.attendance) == ("declined", "came")


# -- once ------------------------------------------------------------------------------------------


def test_the_second_one_is_told_since_when_and_nothing_is_changed(signed_in, hana, bob, event, invitation):
    row = door.check_in(actor=hana, invitation=invitation, companions_came=1)
    Invitation.objects.filter(pk=row.pk).update(came_at=row.came_at - timedelta(minutes=3))
    came_at = row.came_at - timedelta(minutes=3)
    said = _let_in(signed_in(bob), event, companions="2").content.decode()
    local = timezone.localtime(came_at, event.branch.zone)
    assert f"already here since {local:%H:%M}" in said
    invitation.refresh_from_db()
    assert (invitation.came_at, invitation.companions_came, invitation.checked_in_by) == (came_at, 1, hana)


def test_undo_takes_them_out_again(signed_in, hana, event, invitation, page):
    browser = signed_in(hana)
    assert reverse("event-check-in-undo", args=[event.pk, 7]) in _let_in(browser, event).content.decode()
    browser.post(reverse("event-check-in-undo", args=[event.pk, 7]))
    browser.post(reverse("event-check-in-undo", args=[event.pk, 7]))
    invitation.refresh_from_db()
    assert (invitation.attendance, invitation.came_at, invitation.companions_came) == ("", None, 0)
    assert invitation.checked_in_by is None
    assert "0 of 2 are here" in browser.get(page).content.decode()


@pytest.mark.parametrize(
    ("came", "said"), [("3", "At most 2."), ("-1", "greater than or equal"), ("x", "whole number")]
)
def test_wrong_count_of_companions_is_named_and_nobody_is_in(signed_in, hana, event, invitation, came, said):
    answer = _let_in(signed_in(hana), event, companions=came)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "Carla Núñez" in answer.content.decode()
    invitation.refresh_from_db()
    assert invitation.attendance == ""


def test_withdrawn_invitation_lets_nobody_in(signed_in, hana, event, invitation, page):
    Invitation.objects.update(withdrawn_at=timezone.now())
    browser = signed_in(hana)
    said = browser.get(page, {"number": "7"}).content.decode()
    assert "This invitation was withdrawn." in said
    assert "Let in<" not in said
    assert _let_in(browser, event).status_code == 422
    invitation.refresh_from_db()
    assert invitation.attendance == ""


# -- without an invitation ---------------------------------------------------------------------------


def test_client_without_an_invitation_walks_in_by_the_exact_number(signed_in, hana, event, invitation, simon):
    browser, address = signed_in(hana), reverse("event-walk-in", args=[event.pk])
    said = browser.post(address, {"client": "s-1", "companions_came": "1"}, follow=True).content.decode()
    assert "Simon Ruiz is here, with 1 companion." in said
    row = Invitation.objects.get(client=simon)
    assert (row.number, row.is_walk_in, row.channel, row.attendance) == (8, True, "", "came")
    assert (row.answer, row.companions_came, row.invited_by) == ("asked", 1, hana)
    browser.post(address, {"client": "S-1"})
    assert Invitation.objects.filter(client=simon).count() == 1
    browser.post(reverse("event-check-in-undo", args=[event.pk, 8]))
    assert not Invitation.objects.filter(client=simon).exists()


def test_invited_client_who_says_the_client_number_is_checked_in(signed_in, hana, event, invitation):
    signed_in(hana).post(reverse("event-walk-in", args=[event.pk]), {"client": "N-1"})
    row = Invitation.objects.get()
    assert (row.number, row.is_walk_in, row.attendance) == (7, False, "came")


@pytest.mark.parametrize("typed", ["S-", "Simon", "S-9", ""])
def test_part_of_a_number_and_a_name_find_nobody(signed_in, hana, event, simon, typed):
    answer = signed_in(hana).post(reverse("event-walk-in", args=[event.pk]), {"client": typed})
    assert answer.status_code == 422
    assert "Simon" not in answer.content.decode().replace(f'value="{typed}"', "")
    assert not Invitation.objects.exists()


def test_desk_finds_no_restricted_file_and_no_more_than_its_limit(signed_in, hana, event, simon, settings):
    settings.COUNTER_LOOKUPS = 2
    Client.objects.filter(pk=simon.pk).update(is_restricted=True)
    browser, address = signed_in(hana), reverse("event-walk-in", args=[event.pk])
    assert [browser.post(address, {"client": "S-1"}).status_code for _n in range(3)] == [422, 422, 429]
    assert not Invitation.objects.exists()


def test_account_manager_lets_in_only_clients_of_their_own(signed_in, alice, event, carla, nina):
    browser, address = signed_in(alice), reverse("event-walk-in", args=[event.pk])
    assert browser.post(address, {"client": "N-2"}).status_code == 422
    assert browser.post(address, {"client": "N-1"}).status_code == 302
    assert list(Invitation.objects.values_list("client", flat=True)) == [carla.pk]
    with pytest.raises(PermissionDenied):
        door.walk_in(actor=alice, event=event, client=nina)


def test_guest_is_a_name_and_who_brought_them(signed_in, hana, event, invitation, page):
    browser, address = signed_in(hana), reverse("event-guest", args=[event.pk])
    wrong = browser.post(address, {"name": "Hugo", "brought_by": "99"})
    assert wrong.status_code == 422
    assert "No invitation to this event has this number." in wrong.content.decode()
    assert browser.post(address, {"name": " "}).status_code == 422
    said = browser.post(address, {"name": "Hugo  Paz", "brought_by": "7"}, follow=True).content.decode()
    assert "1 of 2 are here" in said
    guest = Guest.objects.get()
    assert (guest.name, guest.brought_by, guest.checked_in_by) == ("Hugo Paz", invitation, hana)
    browser.post(reverse("event-guest-undo", args=[event.pk, guest.pk]))
    assert not Guest.objects.exists()


def test_guest_of_another_event_is_not_undone_here(signed_in, hana, event, north):
    other = EventFactory(branch=north)
    guest = Guest.objects.create(event=other, name="Hugo", checked_in_by=hana)
    signed_in(hana).post(reverse("event-guest-undo", args=[event.pk, guest.pk]))
    assert Guest.objects.exists()


# -- who stands there ------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-2, 2])
def test_desk_has_no_door_on_another_day(signed_in, hana, event, invitation, page, days):
    _to(event, days)
    browser = signed_in(hana)
    answer = browser.get(page, {"number": "7"})
    assert answer.status_code == 200
    assert "Carla" not in answer.content.decode()
    assert _let_in(browser, event).status_code == 403
    assert browser.post(reverse("event-walk-in", args=[event.pk]), {"client": "N-1"}).status_code == 403
    assert browser.post(reverse("event-guest", args=[event.pk]), {"name": "Hugo"}).status_code == 403
    assert browser.post(reverse("event-guest", args=[event.pk]), {}).status_code == 403
    assert browser.post(reverse("event-check-in-undo", args=[event.pk, 7])).status_code == 403
    invitation.refresh_from_db()
    assert invitation.attendance == ""
    assert not Guest.objects.exists()


def test_day_is_the_hosts_and_not_the_servers(event, hana, invitation, north):
    """Half past nine in the morning of the next day in Auckland is the evening before in London."""
    north.time_zone = "Pacific/Auckland"
    north.save()
    event = Event.objects.select_related("branch").get(pk=event.pk)
    local = timezone.localtime(timezone.now(), event.branch.zone)
    begins = local.replace(hour=0, minute=1, second=0, microsecond=0)
    Event.objects.filter(pk=event.pk).update(
        starts_at=begins, ends_at=begins + timedelta(hours=1), answer_until=begins
    )
    event.refresh_from_db()
    assert door.is_on(event)
    Event.objects.filter(pk=event.pk).update(
        starts_at=begins - timedelta(hours=2),
        ends_at=begins - timedelta(minutes=2),
        answer_until=begins - timedelta(hours=2),
    )
    event.refresh_from_db()
    assert not door.is_on(event)


@pytest.mark.parametrize("person", ["charlie", "dora", "erin", "frank", "gus", "ines"])
def test_others_have_no_door(cast, signed_in, event, invitation, page, person):
    browser = signed_in(cast[person])
    assert browser.get(page).status_code == 404
    assert _let_in(browser, event).status_code == 404
    assert browser.post(reverse("event-check-in-undo", args=[event.pk, 7])).status_code == 404
    assert browser.post(reverse("event-walk-in", args=[event.pk]), {"client": "N-1"}).status_code == 404
    assert browser.post(reverse("event-guest", args=[event.pk]), {"name": "Hugo"}).status_code == 404
    for act in (
        lambda: door.check_in(actor=cast[person], invitation=invitation),
        lambda: door.undo_check_in(actor=cast[person], invitation=invitation),
        lambda: door.walk_in(actor=cast[person], event=event, client=invitation.client),
        lambda: door.welcome_guest(actor=cast[person], event=event, name="Hugo"),
    ):
        with pytest.raises(PermissionDenied):
            act()
    invitation.refresh_from_db()
    assert invitation.attendance == ""


def test_desk_of_another_branch_has_no_door(signed_in, hana, south, event, invitation, page):
    hana.branch = south
    hana.save()
    assert signed_in(hana).get(page).status_code == 404
    assert _let_in(signed_in(hana), event).status_code == 404


def test_nothing_is_done_by_opening_an_address(signed_in, bob, event, invitation):
    browser = signed_in(bob)
    for name, more in (
        ("event-check-in", []), ("event-check-in-undo", [7]), ("event-walk-in", []), ("event-guest", []),
        ("event-guest-undo", [1]), ("event-door-close", []), ("event-door-open", []),
    ):  # fmt: skip
        assert browser.get(reverse(name, args=[event.pk, *more])).status_code == 405


# -- the end, and the paper ------------------------------------------------------------------------


def test_who_said_yes_and_did_not_come_is_a_no_show_and_the_door_may_open_again(
    signed_in, bob, hana, event, invitation, nina, page
):
    door.check_in(actor=hana, invitation=invitation)
    awaited = InvitationFactory(event=event, client=nina, number=8, answer="accepted")
    silent = InvitationFactory(event=event, client=ClientFactory(branch=event.branch), number=9)
    browser = signed_in(bob)
    said = browser.post(reverse("event-door-close", args=[event.pk]), follow=True).content.decode()
    assert "1 guest did not come." in said
    state = dict(Invitation.objects.values_list("number", "attendance"))
    assert state == {7: "came", 8: "no_show", 9: ""}
    for act in (
        lambda: door.check_in(actor=hana, invitation=awaited),
        lambda: door.undo_check_in(actor=hana, invitation=invitation),
        lambda: door.welcome_guest(actor=hana, event=event, name="Hugo"),
    ):
        with pytest.raises(ValidationError):
            act()
    browser.post(reverse("event-door-open", args=[event.pk]))
    assert dict(Invitation.objects.values_list("number", "attendance")) == {7: "came", 8: "", 9: ""}
    door.check_in(actor=hana, invitation=silent)


def test_door_closes_not_before_it_opens_and_only_for_organisers(signed_in, bob, alice, hana, dora, event):
    _to(event, 1)
    with pytest.raises(ValidationError, match="not begun"):
        door.close_door(actor=bob, event=event)
    for person, status in ((alice, 403), (hana, 403)):
        assert signed_in(person).post(reverse("event-door-close", args=[event.pk])).status_code == status
        assert signed_in(person).post(reverse("event-door-open", args=[event.pk])).status_code == status
    event.refresh_from_db()
    assert event.closed_at is None


def test_list_on_paper_is_for_organisers_and_recorded(signed_in, bob, alice, event, invitation, nina):
    InvitationFactory(event=event, client=nina, number=8, answer="waiting")
    answer = signed_in(bob).get(reverse("event-door-list", args=[event.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    entry = AuditEntry.objects.get(act="export")
    assert (entry.actor_id, entry.subject, entry.count) == (bob.pk, f"event/{event.pk}", 2)
    assert signed_in(alice).get(reverse("event-door-list", args=[event.pk])).status_code == 403


def test_list_on_paper_has_a_name_where_it_may_be_read_by_order(
    monkeypatch, signed_in, bob, event, invitation, simon, carla
):
    for number, (name, answer) in enumerate(
        [("Zoe Abt", "accepted"), ("Ana Gil", "waiting"), ("Bea", "declined")], 20
    ):
        InvitationFactory(
            event=event, client=ClientFactory(name=name, branch=carla.branch), number=number, answer=answer
        )
    InvitationFactory(event=event, client=simon, number=9, answer="accepted", companions=2)
    seen = {}
    monkeypatch.setattr("campaigns.views.door.list_pdf", lambda **words: seen.update(words) or b"%PDF")
    signed_in(bob).get(reverse("event-door-list", args=[event.pk]))
    assert [row[:3] for row in seen["rows"]] == [
        ["21", "Ana Gil", ""], ["7", "Carla Núñez", "1"], ["9", "S. R.", "2"], ["20", "Zoe Abt", ""],
    ]  # fmt: skip
    assert seen["rows"][0][3] == "on the waiting list"


def test_list_on_paper_asks_as_much_for_many_as_for_few(signed_in, bob, event, django_assert_max_num_queries):
    browser, counts = signed_in(bob), []
    for more in (25, 75):
        for _n in range(more):
            client = ClientFactory(branch=event.branch)
            InvitationFactory(
                event=event,
                client=client,
                number=Invitation.objects.count() + 1,
                answer="accepted",
                action=None,
            )
        with django_assert_max_num_queries(40) as captured:
            browser.get(reverse("event-door-list", args=[event.pk]))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_any_name_finds_its_way_onto_paper():
    names = [
        "Ng\u00f4 \u0102n",
        "\u738b\u5c0f\u660e",
        "\u0645\u062d\u0645\u062f",
        "\U0001f600" * 3,
        "x" * 300,
        "",
    ]
    body = list_pdf(
        title="Evening", lede="Main hall", head=["Number", "Name", "Companions", "Answer"],
        rows=[[str(at), name, "1", "waiting"] for at, name in enumerate(names * 12)],
        on=timezone.localdate(), language="en",
    )  # fmt: skip
    assert BytesIO(body).read(4) == b"%PDF"
    assert b"/Count 3" in body or body.count(b"/Type /Page\n") >= 2


# -- the doors of today ----------------------------------------------------------------------------


def test_desk_finds_the_door_of_today_and_none_of_another_day_or_branch(
    signed_in, hana, event, north, south, page
):
    tomorrow = timezone.now() + timedelta(days=2)
    EventFactory(branch=north, starts_at=tomorrow, title="Another day")
    EventFactory(branch=south, starts_at=event.starts_at, title="Elsewhere", answer_until=event.starts_at)
    browser = signed_in(hana)
    assert browser.get("/door/").url == page
    second = EventFactory(
        branch=north,
        starts_at=event.starts_at,
        answer_until=event.starts_at,
        ends_at=event.ends_at,
        title="Second",
    )
    said = browser.get("/door/").content.decode()
    assert page in said
    assert reverse("event-door", args=[second.pk]) in said
    assert "Another day" not in said
    assert "Elsewhere" not in said
    Event.objects.update(cancelled_at=timezone.now(), cancelled_reason="Ill")
    assert "No event today." in browser.get("/door/").content.decode()


def test_tier_of_another_ones_client_is_not_told(signed_in, anna, alice, invitation, carla, page):
    from clients.models import Tier

    Client.objects.filter(pk=carla.pk).update(tier=Tier.objects.get(code="private"))
    assert "Private" in signed_in(alice).get(page, {"number": "7"}).content.decode()
    assert "Private" not in signed_in(anna).get(page, {"number": "7"}).content.decode()


# -- what nobody may make of it --------------------------------------------------------------------


def test_whoever_was_withdrawn_and_did_not_walk_in_after_all_is_withdrawn_again(event, invitation, bob, nina):
    InvitationFactory(event=event, client=nina, number=8, answer="accepted")
    Invitation.objects.filter(pk=invitation.pk).update(withdrawn_at=timezone.now())
    row = door.walk_in(actor=bob, event=event, client=invitation.client)
    assert (row.number, row.is_walk_in, row.attendance, row.answer) == (7, True, "came", "asked")
    assert room_taken(event) == 1
    door.undo_check_in(actor=bob, invitation=row)
    row = Invitation.objects.get(pk=row.pk)
    assert (row.is_walk_in, row.attendance, row.withdrawn_at is None) == (False, "", False)
    assert room_taken(event) == 1


def test_desk_does_not_read_the_list_by_counting(signed_in, hana, event, settings, page):
    settings.DOOR_LOOKUPS = 3
    for number in range(1, 7):
        client = ClientFactory(branch=event.branch, name=f"Zorro{number} Q")
        InvitationFactory(event=event, client=client, number=number)
    browser = signed_in(hana)
    answers = [browser.get(page, {"number": number}) for number in range(1, 7)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429, 429]
    assert all("Zorro" not in answer.content.decode() for answer in answers[3:])
    assert "You have looked up many numbers." in answers[3].content.decode()
    for companions in ("x", "0"):
        assert _let_in(browser, event, 5, companions).status_code == 429
    assert not Invitation.objects.filter(attendance="came").exists()
    # Whom she looked up already she lets in.
    assert "Zorro2 Q is here" in _let_in(browser, event, 2, "0").content.decode()


def test_others_look_up_as_often_as_they_need(signed_in, bob, invitation, settings, page):
    settings.DOOR_LOOKUPS = 1
    browser = signed_in(bob)
    assert [browser.get(page, {"number": n}).status_code for n in (7, 8, 9)] == [200, 200, 200]


def test_nobody_lets_anybody_in_before_its_day(signed_in, bob, alice, event, invitation, nina, page):
    _to(event, 14)
    for act in (
        lambda: door.check_in(actor=alice, invitation=invitation),
        lambda: door.walk_in(actor=bob, event=event, client=nina),
        lambda: door.welcome_guest(actor=alice, event=event, name="Hugo"),
    ):
        with pytest.raises(ValidationError, match="not begun"):
            act()
    assert "The door opens on" in signed_in(alice).get(page, {"number": "7"}).content.decode()
    assert not Invitation.objects.filter(attendance="came").exists()


def test_what_the_paper_says_is_written_down_on_a_later_day(bob, event, invitation):
    _to(event, -2)
    assert door.check_in(actor=bob, invitation=invitation).attendance == "came"
