"""At the counter: the account manager is told who stands there, and answers."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clients.models import Assignment
from interactions.models import Arrival
from interactions.services import counter as desk
from messaging.models import Notification
from tests.factories import BranchFactory, ClientFactory, CoverFactory
from tests.interactions.conftest import find


def told_people() -> set[str]:
    return set(Notification.objects.filter(kind="in_branch").values_list("user__staff_number", flat=True))


def test_manager_is_told_sees_the_line_answers_and_the_desk_reads_it(
    signed_in, hana, alice, anna, carla, sight
):
    desk.tell_manager(actor=hana, sight=sight)
    assert told_people() == {"alice"}
    browser = signed_in(alice)
    page = browser.get("/today/").content.decode()
    assert "<b>Carla Núñez</b> is in the branch" in page
    assert "says Hana at the desk" in page
    arrival = Arrival.objects.get()
    browser.post(reverse("arrival-answer", args=[arrival.pk]))
    assert "you are on the way" in browser.get("/today/").content.decode()
    at_desk = signed_in(hana)
    poll = {"sight": sight, "state": "told"}
    response = at_desk.post("/counter/answer/", poll, headers={"HX-Request": "true"})
    assert "Alice is on the way," in response.content.decode()
    assert "Alice is on the way" in response["HX-Trigger"]
    quiet = at_desk.post("/counter/answer/", poll | {"state": "answered"}, headers={"HX-Request": "true"})
    assert quiet.status_code == 204
    assert "is in the branch" not in signed_in(anna).get("/today/").content.decode()


def test_stand_in_is_told_too_and_sees_it_only_while_covering(signed_in, hana, alice, anna, carla, sight):
    cover = CoverFactory(covered=alice, stand_in=anna)
    desk.tell_manager(actor=hana, sight=sight)
    assert told_people() == {"alice", "anna"}
    assert Arrival.objects.waiting_for(anna).exists()
    cover.delete()
    assert not Arrival.objects.waiting_for(anna).exists()


@pytest.mark.parametrize("left", [True, False])
def test_without_manager_the_supervisor_is_told(hana, alice, bob, carla, sight, left):
    if left:
        alice.is_active = False
        alice.save()
    else:
        Assignment.objects.filter(client=carla).delete()
    assert not Arrival.objects.waiting_for(bob).exists()
    desk.tell_manager(actor=hana, sight=sight)
    assert told_people() == {"bob"}
    assert Arrival.objects.waiting_for(bob).exists()


def test_supervisor_is_not_bothered_where_there_is_a_manager(hana, bob, carla, sight):
    desk.tell_manager(actor=hana, sight=sight)
    assert not Arrival.objects.waiting_for(bob).exists()


def test_nobody_to_tell_is_said(at_desk, hana):
    ClientFactory(number="L-1", branch=BranchFactory(code="LONE"))
    find(at_desk, "L-1")
    page = at_desk.get("/counter/").content.decode()
    assert "Nobody looks after this client today" in page
    assert "counter/tell" not in page
    with pytest.raises(ValidationError):
        desk.tell_manager(actor=hana, sight=desk.look_up(actor=hana, typed="L-1"))


def test_telling_again_is_the_same_arrival_until_it_is_over(hana, alice, carla, sight):
    first = desk.tell_manager(actor=hana, sight=sight)
    assert desk.tell_manager(actor=hana, sight=sight) == first
    assert Notification.objects.get(kind="in_branch").count == 1
    desk.end_arrival(actor=hana, sight=sight)
    assert not Arrival.objects.waiting_for(alice).exists()
    assert desk.tell_manager(actor=hana, sight=sight) != first


def test_specialist_who_sees_the_client_for_a_time_is_not_called(hana, anna, carla, sight):
    Assignment.objects.create(client=carla, manager=anna, role="secondary")
    desk.tell_manager(actor=hana, sight=sight)
    assert told_people() == {"alice"}
    assert not Arrival.objects.waiting_for(anna).exists()


def test_first_answer_stands(hana, alice, anna, carla, sight):
    CoverFactory(covered=alice, stand_in=anna)
    arrival = desk.tell_manager(actor=hana, sight=sight)
    desk.answer_arrival(actor=anna, arrival=arrival)
    assert desk.answer_arrival(actor=alice, arrival=arrival).answered_by == anna


@pytest.mark.parametrize("person", ["anna", "bob", "charlie", "dora", "erin", "frank", "gus", "hana", "ines"])
def test_arrival_waits_for_nobody_else(cast, signed_in, hana, carla, sight, person):
    arrival = desk.tell_manager(actor=hana, sight=sight)
    browser = signed_in(cast[person])
    for name in ("arrival-answer", "arrival-close"):
        assert browser.post(reverse(name, args=[arrival.pk])).status_code == 404
    with pytest.raises(PermissionDenied):
        desk.answer_arrival(actor=cast[person], arrival=arrival)
    arrival.refresh_from_db()
    assert (arrival.answered_by, arrival.closed_at) == (None, None)


def test_line_leaves_when_the_manager_is_done_and_after_two_hours(signed_in, hana, alice, carla, sight):
    arrival = desk.tell_manager(actor=hana, sight=sight)
    then = timezone.now() - timedelta(hours=2, minutes=1)
    Arrival.objects.filter(pk=arrival.pk).update(told_at=then)
    assert not Arrival.objects.waiting_for(alice).exists()
    again = desk.tell_manager(actor=hana, sight=sight)
    page = signed_in(alice).post(reverse("arrival-close", args=[again.pk]), headers={"HX-Request": "true"})
    assert "Carla" not in page.content.decode()
    assert not Arrival.objects.waiting_for(alice).exists()


def test_open_today_hears_of_a_new_arrival_once(signed_in, hana, alice, carla, sight):
    browser = signed_in(alice)
    empty = browser.get("/today/arrivals/?seen=", headers={"HX-Request": "true"})
    assert "HX-Trigger" not in empty
    arrival = desk.tell_manager(actor=hana, sight=sight)
    told = browser.get("/today/arrivals/?seen=", headers={"HX-Request": "true"})
    assert "is in the branch" in told["HX-Trigger"]
    for seen in (str(arrival.pk), str(arrival.pk + 1)):
        assert "HX-Trigger" not in browser.get(
            f"/today/arrivals/?seen={seen}", headers={"HX-Request": "true"}
        )
    assert browser.get("/today/arrivals/?seen=²x", headers={"HX-Request": "true"}).status_code == 200


def test_client_of_the_book_who_stands_in_another_branch_is_said_to_be_there(signed_in, hana, charlie, simon):
    desk.tell_manager(actor=hana, sight=desk.look_up(actor=hana, typed="S-1"))
    assert "<b>Simon Ruiz</b> is at North" in signed_in(charlie).get("/today/").content.decode()


def test_forty_arrivals_cost_as_many_queries_as_two(signed_in, hana, alice, north):
    browser = signed_in(alice)

    def more(count: int) -> int:
        for _n in range(count):
            client = ClientFactory(branch=north, manager=alice)
            Arrival.objects.create(client=client, branch=north, told_by=hana)
        browser.get("/today/")
        with CaptureQueriesContext(connection) as seen:
            browser.get("/today/")
        return len(seen)

    assert more(2) == more(38)
