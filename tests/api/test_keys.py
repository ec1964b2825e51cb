"""Idempotency-Key: replays, refusals, and two requests at the same moment."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from common.api.keys import purge_kept_answers
from common.models import KeptAnswer
from interactions import services
from interactions.models import Contact

LIST = "/api/v1/contacts/"
KEY = {"Idempotency-Key": "one"}


def body(**more) -> dict:
    return {"client_number": "N-1", "channel": "call", "result": "reached", **more}


@pytest.mark.django_db
def test_the_same_key_and_body_give_the_first_answer_and_one_row(person, alice, carla):
    first = person(alice).post(LIST, body(), headers=KEY)
    again = person(alice).post(LIST, body(), headers=KEY)
    assert first.status_code == again.status_code == 201
    assert again.content == first.content
    for name in ("ETag", "Location", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Contact.objects.count() == 1


@pytest.mark.django_db
def test_another_body_or_address_under_the_same_key_is_422(person, alice, carla):
    assert person(alice).post(LIST, body(), headers=KEY).status_code == 201
    for response in (
        person(alice).post(LIST, body(channel="visit"), headers=KEY),
        person(alice).patch("/api/v1/clients/N-1/", body(), headers=KEY),
    ):
        assert response.status_code == 422
        assert response.json()["type"] == "urn:bankcrm:problem:key-reused"
    assert Contact.objects.count() == 1


@pytest.mark.django_db
def test_keys_of_two_people_and_of_a_machine_do_not_meet(person, machine, alice, bob, carla):
    callers = [person(alice), person(bob), machine(alice, "contacts:write")]
    assert [caller.post(LIST, body(), headers=KEY).status_code for caller in callers] == [201, 201, 201]
    assert Contact.objects.count() == 3


@pytest.mark.django_db
def test_without_a_key_each_request_is_done(person, alice, carla):
    for _turn in range(2):
        assert person(alice).post(LIST, body()).status_code == 201
    assert Contact.objects.count() == 2


@pytest.mark.django_db
def test_a_refusal_is_kept_and_given_again_as_a_problem(person, alice, carla):
    first = person(alice).post(LIST, body(result="nonsense"), headers=KEY)
    again = person(alice).post(LIST, body(result="nonsense"), headers=KEY)
    assert first.status_code == again.status_code == 400
    assert again.content == first.content
    assert again.headers["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_a_failure_of_ours_keeps_nothing_and_the_key_works_later(person, alice, carla, monkeypatch):
    def fail(**kwargs):
        Contact.objects.create(
            client=carla, staff=alice, occurred_at=timezone.now(), channel="call", result="reached"
        )
        raise RuntimeError("Carla Núñez")

    with monkeypatch.context() as patched:
        patched.setattr(services, "log_contact", fail)
        response = person(alice).post(LIST, body(), headers=KEY)
    assert response.status_code == 500
    assert "Carla" not in response.content.decode()
    assert not Contact.objects.exists()
    assert person(alice).post(LIST, body(), headers=KEY).status_code == 201


@pytest.mark.django_db
def test_a_stale_etag_is_not_kept_under_the_key(person, alice, carla):
    address = "/api/v1/clients/N-1/"
    stale = person(alice).patch(address, {"city": "Vigo"}, headers=KEY | {"If-Match": '"old"'})
    assert stale.status_code == 412
    etag = person(alice).get(address).headers["ETag"]
    fresh = person(alice).patch(address, {"city": "Vigo"}, headers=KEY | {"If-Match": etag})
    assert fresh.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "x" * 201, "two words", "ключ"])
def test_a_key_that_is_no_key_is_refused_by_name(person, alice, carla, key):
    response = person(alice).post(LIST, body(), headers={"Idempotency-Key": key})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.django_db
def test_kept_answers_are_unreadable_in_the_table_and_go_after_a_day(person, alice, carla):
    person(alice).post(LIST, body(note="about her divorce"), headers=KEY)
    kept = KeptAnswer.objects.get()
    assert b"divorce" not in bytes(kept.body)
    assert purge_kept_answers() == 0
    KeptAnswer.objects.update(at=timezone.now() - timedelta(hours=25))
    assert purge_kept_answers() == 1


def _in_thread(work) -> tuple[threading.Thread, list]:
    """A request on a connection of its own."""
    out: list = []

    def run():
        try:
            out.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, out


@pytest.mark.django_db(transaction=True)
def test_while_the_first_request_runs_a_second_with_its_key_is_409(person, alice, carla, monkeypatch):
    started, go_on = threading.Event(), threading.Event()
    log_contact = services.log_contact

    def slow(**kwargs):
        started.set()
        assert go_on.wait(20)
        return log_contact(**kwargs)

    monkeypatch.setattr(services, "log_contact", slow)
    first, second = person(alice), person(alice)
    thread, out = _in_thread(lambda: first.post(LIST, body(), headers=KEY))
    try:
        assert started.wait(20)
        meanwhile = second.post(LIST, body(), headers=KEY)
    finally:
        go_on.set()
        thread.join()
    assert meanwhile.status_code == 409
    assert meanwhile.headers["Retry-After"] == "1"
    assert meanwhile.json()["type"] == "urn:bankcrm:problem:key-running"
    assert out[0].status_code == 201
    assert second.post(LIST, body(), headers=KEY).content == out[0].content
    assert Contact.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("headers", "rows"), [(KEY, 1), ({}, 6)], ids=["one key", "control without key"])
def test_six_requests_at_once_under_one_key_make_one_row(person, alice, carla, headers, rows):
    barrier = threading.Barrier(6)
    callers = [person(alice) for _turn in range(6)]

    def post(caller):
        barrier.wait(20)
        return caller.post(LIST, body(), headers=headers)

    running = [_in_thread(lambda caller=caller: post(caller)) for caller in callers]
    for thread, _out in running:
        thread.join()
    codes = [out[0].status_code for _thread, out in running]
    assert set(codes) <= {201, 409}
    assert 201 in codes
    assert Contact.objects.count() == rows


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_of_one_version_at_once_one_is_stale(person, alice, bob, carla):
    address = "/api/v1/clients/N-1/"
    etag = person(alice).get(address).headers["ETag"]
    barrier = threading.Barrier(2)

    def patch(caller, city):
        barrier.wait(20)
        return caller.patch(address, {"city": city}, headers={"If-Match": etag})

    people = [(person(alice), "Vigo"), (person(bob), "Bilbao")]
    running = [_in_thread(lambda who=who: patch(*who)) for who in people]
    for thread, _out in running:
        thread.join()
    assert sorted(out[0].status_code for _thread, out in running) == [200, 412]
