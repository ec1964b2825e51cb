"""Every kind of error is a problem in one shape, and none tells more than it should."""

import json
import logging

import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import DataError, IntegrityError, OperationalError
from rest_framework.test import APIClient

from clients import services
from common.api.problems import TITLES, TYPE
from common.models import AuditEntry

pytestmark = pytest.mark.django_db

ONE = "/api/v1/clients/N-1/"
LIST = "/api/v1/clients/"
SECRET = "Key (document_hash)=(carla) already exists; SELECT 1"


def problem(response, status: int, code: str) -> dict:
    """Checks the whole shape and returns the body."""
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "private, no-store"
    found = response.json()
    assert set(found) == {"type", "title", "status", "detail", "errors"}
    assert found["type"] == TYPE.format(code)
    assert (found["title"], found["status"]) == (str(TITLES[code]), status)
    for error in found["errors"]:
        assert set(error) == {"field", "code", "message"}
        assert all(isinstance(value, str) for value in error.values())
        assert error["message"]
    return found


def test_401_without_and_with_a_bad_token(alice):
    problem(APIClient().get(LIST), 401, "unauthenticated")
    for header in ("Bearer nonsense", "Bearer ", "Bearer", "bearer \x80"):
        problem(APIClient().get(LIST, headers={"Authorization": header}), 401, "unauthenticated")


def test_403_404_405_406_415_and_a_broken_body(person, alice, dora, carla):
    caller = person(alice)
    problem(person(dora).patch(ONE, {"city": "Vigo"}), 403, "forbidden")
    problem(caller.get(f"{LIST}N-9/"), 404, "not-found")
    for address in ("/api/v1/", "/api/v1/nothing/here/", "/api/v1/clients", f"{LIST}a%20b/", f"{LIST}%00/"):
        problem(caller.get(address), 404, "not-found")
        problem(caller.post(address, {}), 404, "not-found")
    refused = caller.delete(ONE)
    problem(refused, 405, "method-not-allowed")
    assert "PATCH" in refused.headers["Allow"]
    problem(caller.options(ONE), 405, "method-not-allowed")
    problem(caller.get(ONE, headers={"Accept": "text/html"}), 406, "not-acceptable")
    problem(caller.patch(ONE, "city=Vigo", content_type="text/plain"), 415, "unsupported-media-type")
    problem(caller.patch(ONE, {"city": "Vigo"}, format="multipart"), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    "broken", [b"{", b"[1,", b"\xff\xfe", b'{"city": NaN}', b"[" * 100_000, b"9" * 5000], ids=range(6)
)
def test_a_body_that_is_no_json_is_malformed(person, alice, carla, broken):
    problem(person(alice).patch(ONE, broken, content_type="application/json"), 400, "malformed")


@pytest.mark.parametrize("shape", [[], [{}], "city", 5, None, True])
def test_a_body_that_is_no_object_is_invalid(person, alice, carla, shape):
    response = person(alice).patch(ONE, json.dumps(shape), content_type="application/json")
    if shape is None:
        assert response.status_code in (200, 400)
    else:
        problem(response, 400, "invalid")


def test_a_body_above_the_limit_is_413(person, alice, carla, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    problem(person(alice).patch(ONE, {"city": "x" * 200}), 413, "too-large")


def test_every_bad_field_is_named_with_its_place(person, alice, carla):
    response = person(alice).post(
        "/api/v1/contacts/",
        {
            "client_number": 7,
            "channel": "pigeon",
            "next_step": {"channel": "call", "due_on": "soon", "hour": 3},
            "mood": "good",
        },
    )
    found = problem(response, 400, "invalid")
    assert [(e["field"], e["code"]) for e in found["errors"]] == [("mood", "unknown")]
    response = person(alice).post(
        "/api/v1/contacts/",
        {"client_number": 7, "channel": "pigeon", "next_step": {"channel": "call", "due_on": "soon"}},
    )
    fields = {(e["field"], e["code"]) for e in problem(response, 400, "invalid")["errors"]}
    assert fields == {
        ("client_number", "invalid"),
        ("channel", "invalid_choice"),
        ("result", "required"),
        ("next_step.due_on", "invalid"),
    }


def test_refusals_of_a_service_name_the_field_of_the_body(person, alice, carla):
    response = person(alice).post(
        "/api/v1/actions/",
        {"client_number": "N-1", "theme": "service", "channel": "call", "due_on": "2020-01-01"},
    )
    found = problem(response, 400, "invalid")
    assert [(e["field"], e["code"]) for e in found["errors"]] == [("due_on", "invalid")]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (IntegrityError(SECRET), 409, "conflict"),
        (DataError(SECRET), 400, "invalid"),
        (OperationalError(SECRET), 503, "unavailable"),
        (SuspiciousOperation(SECRET), 400, "malformed"),
        (RuntimeError(SECRET), 500, "error"),
        (KeyError(SECRET), 500, "error"),
    ],
)
def test_whatever_goes_wrong_inside_tells_nothing_outside_nor_in_the_log(
    person, alice, carla, monkeypatch, caplog, error, status, code
):
    def fail(**kwargs):
        AuditEntry.objects.create(act="read", subject="half done")
        raise error

    monkeypatch.setattr(services, "change_client", fail)
    with caplog.at_level(logging.INFO):
        response = person(alice).patch(ONE, {"city": "Vigo"})
    problem(response, status, code)
    assert "document_hash" not in response.content.decode()
    assert "document_hash" not in caplog.text
    assert not AuditEntry.objects.filter(subject="half done").exists()
    if status == 503:
        assert response.headers["Retry-After"] == "2"
    if status == 500:
        assert f"{type(error).__name__} in ClientViewSet" in caplog.text


def test_names_of_unknown_fields_come_back_whatever_they_hold(person, alice, carla):
    for name in ("\ud800", "a\x00b", "<b>", "x" * 500):
        response = person(alice).patch(ONE, json.dumps({name: 1}), content_type="application/json")
        assert len(problem(response, 400, "invalid")["errors"]) == 1


def test_too_many_requests_are_429_with_the_time_to_wait(person, machine, alice, bob, carla, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"person": "2/day"}}
    caller = person(alice)
    assert [caller.get(LIST).status_code for _turn in range(2)] == [200, 200]
    refused = caller.get("/api/v1/me/")
    problem(refused, 429, "too-many-requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 86400
    assert person(bob).get(LIST).status_code == 200
    assert machine(alice, "clients:read").get(LIST).status_code == 200


def test_a_cache_that_is_away_stops_nobody(person, alice, carla, monkeypatch):
    from redis.exceptions import ConnectionError as Away

    import common.api.access

    class Gone:
        def add(self, *args):
            raise Away

    monkeypatch.setattr(common.api.access, "cache", Gone())
    assert person(alice).get(LIST).status_code == 200


NASTY = [
    "NUL \x00 inside",
    "\ud800 half a pair",
    "\u202eright to left",
    "👩‍👩‍👧‍👦 family",
    "<script>alert(1)</script>",
    "'; DROP TABLE clients_client; --",
    "=cmd|' /C calc'!A0",
    "%s %(x)s {0} {{ x }}",
    "\r\nSet-Cookie: a=b",
    "x" * 20_000,
    "\ufffe\uffff",
    "𝒳 ﷽ ẞ İ",
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_no_text_breaks_a_write_and_what_is_taken_comes_back_as_typed(person, alice, carla, text):
    caller = person(alice)
    for address, base, field in (
        (ONE, {}, "preferred_address"),
        (ONE, {}, "language"),
        (ONE, {}, "tier"),
        (ONE, {}, "phone"),
        (ONE, {}, "email"),
        ("/api/v1/contacts/", {"client_number": "N-1", "channel": "call", "result": "reached"}, "note"),
        ("/api/v1/contacts/", {"client_number": "N-1", "channel": "call", "result": "reached"}, "theme"),
        ("/api/v1/contacts/", {"channel": "call", "result": "reached"}, "client_number"),
        ("/api/v1/contacts/", {"client_number": "N-1", "result": "reached"}, "channel"),
        ("/api/v1/contacts/", {"client_number": "N-1", "channel": "call", "result": "reached"}, "submission"),
    ):
        method = caller.patch if address == ONE else caller.post
        response = method(address, json.dumps({**base, field: text}), content_type="application/json")
        if response.status_code in (200, 201):
            if field in response.json():
                assert response.json()[field] == text.replace("\r\n", " ").strip() or field == "note"
        else:
            found = problem(response, 400, "invalid")
            assert {error["field"] for error in found["errors"]} == {field}


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_no_text_breaks_a_search_a_filter_or_a_cursor(person, alice, carla, text):
    caller = person(alice)
    text = text.replace("\ud800", "")[:3000]
    lists = {
        LIST: (
            "search",
            "branch",
            "manager",
            "tier",
            "status",
            "late",
            "cursor",
            "ordering",
            "page_size",
            "zzz",
        ),
        "/api/v1/contacts/": ("client", "staff", "from", "to", "updated_since", "is_void"),
        "/api/v1/holdings/": ("client", "product", "matures_after"),
        "/api/v1/products/": ("currency",),
    }
    for address, names in lists.items():
        for name in names:
            response = caller.get(address, {name: text})
            if response.status_code != 200:
                found = problem(response, 400, "invalid")
                assert {error["field"] for error in found["errors"]} == {name}


@pytest.mark.parametrize("number", [0, -1, 10**17, 10**18 - 1, "1.5", "1e3", "٣", "0x1"])
def test_ids_that_cannot_be_are_absent(person, alice, carla, number):
    for collection in ("contacts", "actions", "occurrences", "notifications"):
        problem(person(alice).get(f"/api/v1/{collection}/{number}/"), 404, "not-found")


@pytest.mark.parametrize("value", [10**30, -5, 1.5, "x", True, [], {}])
def test_ids_in_bodies_of_any_kind_are_refused_by_name(person, alice, carla, value):
    caller = person(alice)
    found = problem(caller.post(f"{ONE}reveal/", {"contact_point": value}), 400, "invalid")
    assert {error["field"] for error in found["errors"]} == {"contact_point"}
    body = {"client_number": "N-1", "channel": "call", "result": "reached", "action": value}
    found = problem(caller.post("/api/v1/contacts/", body), 400, "invalid")
    assert {error["field"].split(".")[0] for error in found["errors"]} == {"action"}


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-02-30T10:00:00Z",
        "now",
        5,
        "",
        None,
        "2999-01-01T00:00:00Z",
    ],
)
def test_moments_that_cannot_be_are_refused_by_name(person, alice, carla, moment):
    body = {"client_number": "N-1", "channel": "call", "result": "reached", "occurred_at": moment}
    found = problem(person(alice).post("/api/v1/contacts/", body), 400, "invalid")
    assert {error["field"] for error in found["errors"]} == {"occurred_at"}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_is_break_no_list(person, alice, carla, day):
    for name in ("from", "to"):
        assert person(alice).get("/api/v1/contacts/", {name: day}).status_code == 200
    for moment in (f"{day}T00:00:00Z", f"{day}T23:59:59+14:00", f"{day}T23:59:59-14:00"):
        response = person(alice).get("/api/v1/contacts/", {"updated_since": moment})
        assert response.status_code in (200, 400)
