"""Who brought whom: one introducer each, within sight, never in a circle, and every change kept."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from clients.checks import checks
from clients.models import Client, Introduction
from clients.services import introduce, transfer_clients, unintroduce
from tests.factories import ClientFactory


@pytest.fixture
def hugo(north, alice):
    return ClientFactory(number="N-7", name="Hugo Núñez", branch=north, manager=alice)


@pytest.fixture
def luz(north, alice):
    return ClientFactory(number="N-8", name="Luz Ortega", branch=north, manager=alice)


def address(client) -> str:
    return reverse("introduction-change", args=[client.number])


def body(by: str, client, **more) -> dict:
    return {"who": by, "introduced_on": client.branch.today().isoformat(), "note": "", **more}


def test_introducer_is_written_replaced_and_removed_and_history_keeps_each(alice, carla, hugo, luz):
    row = introduce(actor=alice, client=carla, by=hugo, note=" Tennis  club ")
    assert (row.introducer, row.introduced_on, row.note) == (hugo, carla.branch.today(), "Tennis club")
    introduce(actor=alice, client=carla, by=luz)
    unintroduce(actor=alice, client=carla)
    unintroduce(actor=alice, client=carla)
    kept = Introduction.pgh_event_model.objects.filter(client_id=carla.pk).order_by("pgh_id")
    assert [(one.pgh_label, one.introducer_id) for one in kept] == [
        ("insert", hugo.pk),
        ("update", luz.pk),
        ("delete", luz.pk),
    ]


def test_the_same_introducer_twice_changes_nothing(alice, carla, hugo):
    for _n in range(2):
        introduce(actor=alice, client=carla, by=hugo)
    assert Introduction.pgh_event_model.objects.filter(client_id=carla.pk).count() == 1


@pytest.mark.parametrize("length", [2, 3, 5])
def test_a_circle_of_any_length_is_refused_on_the_introducer(alice, north, length):
    chain = [ClientFactory(branch=north, manager=alice) for _n in range(length)]
    for by, brought in pairwise(chain):
        introduce(actor=alice, client=brought, by=by)
    with pytest.raises(ValidationError) as refused:
        introduce(actor=alice, client=chain[0], by=chain[-1])
    assert set(refused.value.error_dict) == {"by"}
    assert not Introduction.objects.filter(client=chain[0]).exists()


def test_nobody_brings_themselves_in_the_service_or_in_the_database(alice, carla):
    with pytest.raises(ValidationError):
        introduce(actor=alice, client=carla, by=carla)
    with pytest.raises(IntegrityError), transaction.atomic():
        Introduction.objects.create(client=carla, introducer=carla, introduced_on=carla.branch.today())


def test_a_client_out_of_sight_is_no_introducer(alice, carla, nina, simon):
    for hidden in (nina, simon):
        with pytest.raises(ValidationError) as refused:
            introduce(actor=alice, client=carla, by=hidden)
        assert set(refused.value.error_dict) == {"by"}


def test_a_restricted_file_is_no_introducer_for_the_supervisor(bob, carla, nina):
    Client.objects.filter(pk=nina.pk).update(is_restricted=True)
    with pytest.raises(ValidationError):
        introduce(actor=bob, client=carla, by=nina)


def test_a_day_to_come_and_a_note_too_long_are_refused_by_field(alice, carla, hugo):
    for field, more in (
        ("on", {"on": carla.branch.today() + timedelta(days=1)}),
        ("note", {"note": "x" * 201}),
    ):
        with pytest.raises(ValidationError) as refused:
            introduce(actor=alice, client=carla, by=hugo, **more)
        assert set(refused.value.error_dict) == {field}


@pytest.mark.parametrize("name", ["anna", "charlie", "dora", "erin", "frank", "gus", "hana", "ines"])
def test_only_who_may_change_the_file_writes_who_brought_the_client(cast, name, carla, hugo):
    with pytest.raises(PermissionDenied):
        introduce(actor=cast[name], client=carla, by=hugo)
    with pytest.raises(PermissionDenied):
        unintroduce(actor=cast[name], client=carla)


def test_an_introducer_out_of_sight_is_not_replaced_nor_removed(signed_in, alice, bob, carla, nina, hugo):
    introduce(actor=bob, client=carla, by=nina)
    browser = signed_in(alice)
    assert browser.get(address(carla)).status_code == 404
    assert browser.post(address(carla), body("N-7", carla)).status_code == 404
    assert browser.post(reverse("introduction-remove", args=["N-1"])).status_code == 404
    with pytest.raises(PermissionDenied):
        introduce(actor=alice, client=carla, by=hugo)
    with pytest.raises(PermissionDenied):
        unintroduce(actor=alice, client=carla)
    assert Introduction.objects.get().introducer == nina


def test_panel_writes_by_number_and_a_replayed_post_changes_nothing(signed_in, alice, carla, hugo):
    browser = signed_in(alice)
    for _n in range(2):
        answer = browser.post(address(carla), body("N-7", carla, note="Tennis club"))
        assert (answer.status_code, answer.url) == (302, "/client/N-1/people/")
    assert Introduction.pgh_event_model.objects.filter(client_id=carla.pk).count() == 1
    assert 'value="N-7"' in browser.get(address(carla)).content.decode()


def test_words_find_clients_and_are_never_a_name(signed_in, alice, carla, hugo):
    browser = signed_in(alice)
    asked = browser.post(address(carla), body("Hugo", carla))
    assert asked.status_code == 422
    assert 'value="N-7"' in asked.content.decode()
    assert 'value="-"' not in asked.content.decode()
    assert browser.post(address(carla), body("Hugo", carla, pick="-")).status_code == 422
    browser.post(address(carla), body("Hugo", carla, pick="N-7"))
    assert Introduction.objects.get().introducer == hugo


@pytest.mark.parametrize("number", ["N-1", "N-2", "S-1", "N-99", "Nina Berg", "Nobody at all"])
def test_oneself_hidden_and_absent_clients_are_refused_beside_the_field(
    signed_in, alice, carla, nina, simon, number
):
    for pick in ("", number):
        refused = signed_in(alice).post(address(carla), body(number, carla, pick=pick))
        assert refused.status_code == 422
        assert refused.context["form"].errors["who"]
    assert not Introduction.objects.exists()


def test_circle_is_refused_beside_the_field_of_the_panel(signed_in, alice, carla, hugo):
    introduce(actor=alice, client=hugo, by=carla)
    refused = signed_in(alice).post(address(carla), body("N-7", carla))
    assert refused.status_code == 422
    assert "was brought by the one you write about" in refused.context["form"].errors["who"][0]


def test_each_act_is_taken_back_once(signed_in, alice, carla, hugo, luz):
    browser = signed_in(alice)
    browser.post(address(carla), body("N-7", carla))
    browser.post(address(carla), body("N-8", carla))
    undo = browser.session["told"]["undo_url"]
    browser.post(undo)
    browser.post(undo)
    assert Introduction.objects.get().introducer == hugo
    browser.post(reverse("introduction-remove", args=["N-1"]))
    undo = browser.session["told"]["undo_url"]
    browser.post(undo)
    browser.post(undo)
    assert Introduction.objects.get().introducer == hugo


def test_a_removed_introducer_does_not_return_over_a_new_one(signed_in, alice, bob, carla, hugo, luz):
    introduce(actor=alice, client=carla, by=hugo)
    browser = signed_in(alice)
    browser.post(reverse("introduction-remove", args=["N-1"]))
    undo = browser.session["told"]["undo_url"]
    introduce(actor=bob, client=carla, by=luz)
    browser.post(undo)
    assert Introduction.objects.get().introducer == luz


def test_undo_brings_back_nobody_who_is_out_of_sight_by_now(signed_in, alice, anna, bob, carla, hugo):
    introduce(actor=alice, client=carla, by=hugo)
    browser = signed_in(alice)
    browser.post(reverse("introduction-remove", args=["N-1"]))
    undo = browser.session["told"]["undo_url"]
    transfer_clients(actor=bob, clients=Client.objects.filter(pk=hugo.pk), to=anna, reason="Moved away")
    browser.post(undo)
    assert not Introduction.objects.exists()


def test_the_check_finds_a_circle_that_came_around_the_service(alice, carla, hugo, luz):
    day = carla.branch.today()
    for client, by in ((carla, hugo), (hugo, luz)):
        Introduction.objects.create(client=client, introducer=by, introduced_on=day)
    assert not [line for line in checks() if "brought" in line]
    Introduction.objects.create(client=luz, introducer=carla, introduced_on=day)
    assert [line for line in checks() if line.startswith("3 clients who were brought by")]
