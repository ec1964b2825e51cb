import pytest

from clients.models import Assignment, Client, ContactPoint, Standing
from common.models import AuditEntry
from tests.factories import ClientFactory

pytestmark = pytest.mark.django_db

LIST = "/api/v1/clients/"


def numbers(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["number"] for row in response.json()["results"]]


def test_account_manager_sees_her_book_and_no_other_client(person, alice, carla, nina, simon):
    assert numbers(person(alice).get(LIST)) == ["N-1"]
    assert person(alice).get(f"{LIST}N-1/").status_code == 200


def test_hidden_client_and_absent_client_give_the_same_answer(person, alice, simon):
    hidden, absent = person(alice).get(f"{LIST}S-1/"), person(alice).get(f"{LIST}S-9/")
    assert hidden.status_code == absent.status_code == 404
    assert hidden.json() == absent.json()


def test_contact_points_are_masked_for_people_and_for_machines(person, machine, alice, carla):
    for caller in (person(alice), machine(alice, "clients:read")):
        for body in (caller.get(f"{LIST}N-1/").json(), caller.get(LIST).json()["results"][0]):
            values = [point["value"] for point in body["contact_points"]]
            assert values == ["c•••••@x.example", "+34 ••• ••• 222"]


def test_head_office_without_the_right_reads_no_identity(person, dora, carla):
    body = person(dora).get(f"{LIST}N-1/").json()
    assert body["name"] == "Client N-1"
    assert body["contact_points"] == []
    assert "Carla" not in str(body)


def test_head_office_without_the_right_cannot_search_or_sort_by_name(person, dora, carla, nina):
    caller = person(dora)
    assert numbers(caller.get(LIST, {"search": "carla"})) == []
    assert numbers(caller.get(LIST, {"search": "N-1"})) == ["N-1"]
    for ordering in ("name", "-name"):
        assert caller.get(LIST, {"ordering": ordering}).status_code == 400


def test_reading_a_file_is_recorded(person, alice, carla):
    person(alice).get(f"{LIST}N-1/")
    entry = AuditEntry.objects.get(act="read")
    assert (entry.actor_id, entry.subject, entry.detail) == (alice.pk, f"client/{carla.pk}", "api")


def test_refused_look_at_a_hidden_file_leaves_no_read_entry(person, alice, simon):
    person(alice).get(f"{LIST}S-1/")
    assert not AuditEntry.objects.filter(act="read").exists()


def test_search_finds_as_the_search_box_and_is_recorded_with_masked_digits(person, alice, carla):
    assert numbers(person(alice).get(LIST, {"search": "nunez"})) == ["N-1"]
    assert numbers(person(alice).get(LIST, {"search": "600111222"})) == ["N-1"]
    details = list(AuditEntry.objects.filter(act="search").order_by("pk").values_list("detail", "count"))
    assert details == [("nunez", 1), ("••••••222", 1)]


def test_machine_that_reads_a_list_leaves_an_export_entry(machine, alice, carla):
    caller = machine(alice, "clients:read")
    caller.get(LIST)
    entry = AuditEntry.objects.get(act="export")
    assert (entry.actor_id, entry.count) == (alice.pk, 1)
    assert entry.detail == f"api, application {caller.application.pk}"


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"branch": "NORTH"}, ["N-1", "N-2"]),
        ({"branch": "BANK"}, ["N-1", "N-2"]),
        ({"branch": "SOUTH"}, []),
        ({"branch": "NOWHERE"}, []),
        ({"manager": "anna"}, ["N-2"]),
        ({"status": "active"}, ["N-1", "N-2"]),
        ({"status": "closed"}, []),
        ({"tier": "gold"}, []),
        ({"never_reached": "true"}, ["N-1", "N-2"]),
        ({"never_reached": "false"}, []),
        ({"late": "true"}, []),
        ({"late": "false"}, ["N-1", "N-2"]),
        ({"kind": "organisation"}, []),
    ],
)
def test_filters_narrow_what_is_in_sight(person, bob, carla, nina, simon, parameters, found):
    assert numbers(person(bob).get(LIST, parameters)) == found


def test_patch_changes_what_staff_may_change(person, alice, carla):
    response = person(alice).patch(f"{LIST}N-1/", {"city": "Bilbao", "tier": "gold", "risk_profile": 3})
    assert response.status_code == 200, response.content
    carla.refresh_from_db()
    assert (carla.city, carla.tier.code, carla.risk_profile) == ("Bilbao", "gold", 3)
    assert response.json()["city"] == "Bilbao"


@pytest.mark.parametrize("field", ["name", "branch", "status", "number", "is_restricted", "sort_name"])
def test_patch_refuses_fields_that_core_banking_owns_by_name(person, alice, carla, field):
    response = person(alice).patch(f"{LIST}N-1/", {field: "x", "city": "Bilbao"})
    assert response.status_code == 400
    assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [(field, "unknown")]
    carla.refresh_from_db()
    assert carla.city == ""


def test_patch_adds_a_phone_and_says_what_is_wrong_with_a_bad_one(person, alice, carla):
    caller = person(alice)
    assert caller.patch(f"{LIST}N-1/", {"phone": "+34 600 999 888"}).status_code == 200
    assert ContactPoint.objects.filter(client=carla, value="+34600999888").exists()
    response = caller.patch(f"{LIST}N-1/", {"phone": "ring me", "city": "Bilbao"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "phone"
    carla.refresh_from_db()
    assert carla.city == ""


def test_visible_but_not_editable_is_403(person, dora, carla):
    assert person(dora).patch(f"{LIST}N-1/", {"city": "Bilbao"}).status_code == 403


def test_machine_upserts_a_client_by_its_number(machine, bob, north):
    caller = machine(bob, "clients:read", "clients:write")
    body = {"kind": "person", "name": "Zoë Ng", "branch": "NORTH", "phone": "+34600121212"}
    created = caller.put(f"{LIST}N-77/", body)
    assert created.status_code == 201, created.content
    assert created.headers["Location"].endswith("/api/v1/clients/N-77/")
    assert caller.get(created.headers["Location"]).headers["ETag"] == created.headers["ETag"]
    changed = caller.put(f"{LIST}N-77/", body | {"name": "Zoë Ng-Ruiz", "status": "dormant"})
    assert changed.status_code == 200
    client = Client.objects.get(number="N-77")
    assert (client.name, client.status) == ("Zoë Ng-Ruiz", "dormant")
    assert Standing.objects.get(client=client, to_on=None).status == "dormant"
    assert numbers(caller.get(LIST, {"search": "ng-ruiz"})) == ["N-77"]


def test_supervisor_upserts_and_account_manager_does_not(person, alice, bob, north):
    body = {"kind": "person", "name": "Zoë Ng", "branch": "NORTH"}
    assert person(alice).put(f"{LIST}N-77/", body).status_code == 403
    assert person(bob).put(f"{LIST}N-77/", body).status_code == 201


def test_upsert_of_a_hidden_number_is_404_and_changes_nothing(machine, bob, simon):
    body = {"kind": "person", "name": "Mine now", "branch": "NORTH"}
    response = machine(bob, "clients:write").put(f"{LIST}S-1/", body)
    assert response.status_code == 404
    simon.refresh_from_db()
    assert simon.name == "Simon Ruiz"


def test_upsert_into_another_branch_is_refused_as_an_unknown_branch(person, bob, north, south):
    body = {"kind": "person", "name": "Zoë Ng"}
    hidden = person(bob).put(f"{LIST}N-77/", body | {"branch": "SOUTH"})
    absent = person(bob).put(f"{LIST}N-77/", body | {"branch": "NOWHERE"})
    assert hidden.status_code == absent.status_code == 400
    assert hidden.json() == absent.json()
    assert not Client.objects.filter(number="N-77").exists()


def test_upsert_with_preconditions_only_creates_or_only_changes(person, bob, carla):
    caller = person(bob)
    body = {"kind": "person", "name": "Carla Núñez", "branch": "NORTH"}
    assert caller.put(f"{LIST}N-1/", body, headers={"If-None-Match": "*"}).status_code == 412
    assert caller.put(f"{LIST}N-99/", body, headers={"If-Match": "*"}).status_code == 412
    assert not Client.objects.filter(number="N-99").exists()


def test_etag_of_an_older_version_is_refused_and_the_current_one_passes(person, alice, bob, carla):
    etag = person(alice).get(f"{LIST}N-1/").headers["ETag"]
    assert person(bob).patch(f"{LIST}N-1/", {"city": "Bilbao"}).status_code == 200
    stale = person(alice).patch(f"{LIST}N-1/", {"city": "Vigo"}, headers={"If-Match": etag})
    assert stale.status_code == 412
    assert stale.json()["type"] == "urn:bankcrm:problem:stale"
    now = person(alice).get(f"{LIST}N-1/").headers["ETag"]
    fresh = person(alice).patch(f"{LIST}N-1/", {"city": "Vigo"}, headers={"If-Match": f'"other", {now}'})
    assert fresh.status_code == 200
    carla.refresh_from_db()
    assert carla.city == "Vigo"


def test_who_has_the_current_version_gets_304(person, alice, carla):
    etag = person(alice).get(f"{LIST}N-1/").headers["ETag"]
    again = person(alice).get(f"{LIST}N-1/", headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.content == b""


def test_reveal_gives_the_value_and_records_the_look(person, alice, carla):
    point = carla.contact_points.get(kind="phone")
    response = person(alice).post(f"{LIST}N-1/reveal/", {"contact_point": point.pk})
    assert response.json() == {"id": point.pk, "kind": "phone", "value": "+34600111222"}
    entry = AuditEntry.objects.get(act="reveal")
    assert (entry.actor_id, entry.subject) == (alice.pk, f"client/{carla.pk}")


def test_reveal_of_another_clients_contact_point_tells_nothing(person, alice, carla, nina):
    theirs = nina.contact_points.get()
    hidden = person(alice).post(f"{LIST}N-1/reveal/", {"contact_point": theirs.pk})
    absent = person(alice).post(f"{LIST}N-1/reveal/", {"contact_point": 999999999})
    assert hidden.status_code == absent.status_code == 400
    assert hidden.json() == absent.json()
    assert not AuditEntry.objects.filter(act="reveal").exists()


def test_reveal_needs_the_right_and_from_machines_its_own_scope(person, machine, alice, dora, carla):
    body = {"contact_point": carla.contact_points.get(kind="phone").pk}
    assert person(dora).post(f"{LIST}N-1/reveal/", body).status_code == 403
    refused = machine(alice, "clients:read", "clients:write").post(f"{LIST}N-1/reveal/", body)
    assert refused.status_code == 403
    assert refused.json()["type"] == "urn:bankcrm:problem:missing-scope"
    assert machine(alice, "clients:reveal").post(f"{LIST}N-1/reveal/", body).status_code == 200


def test_list_and_file_cost_the_same_queries_for_two_clients_and_for_forty(
    person, bob, alice, north, django_assert_num_queries, django_assert_max_num_queries
):
    caller = person(bob)
    ClientFactory.create_batch(2, branch=north, manager=alice, phone="+34600111222")
    caller.get(LIST)
    with django_assert_max_num_queries(12) as few:
        assert len(numbers(caller.get(LIST, {"page_size": 100}))) == 2
    ClientFactory.create_batch(38, branch=north, manager=alice, phone="+34600111222")
    with django_assert_num_queries(len(few)):
        assert len(numbers(caller.get(LIST, {"page_size": 100}))) == 40


def test_changes_by_the_api_are_in_history_under_the_machines_person(machine, alice, carla):
    caller = machine(alice, "clients:write")
    assert caller.patch(f"{LIST}N-1/", {"city": "Bilbao"}).status_code == 200
    event = carla.events.order_by("-pgh_id").select_related("pgh_context").first()
    assert event.city == "Bilbao"
    assert event.pgh_context.metadata["user"] == alice.pk
    assert event.pgh_context.metadata["application"] == caller.application.pk


def test_cover_lets_a_colleague_in_through_the_api_too(person, alice, anna, carla):
    assert numbers(person(anna).get(LIST)) == []
    Assignment.objects.create(client=carla, manager=anna, role="secondary")
    assert numbers(person(anna).get(LIST)) == ["N-1"]
