"""Adding a client: in half a minute, with a number of its own, after a look at who may be the same."""

import threading
from datetime import date

import pytest
from django.db import connection
from django.urls import reverse

from clients.models import Client
from clients.services import add_contact_point, next_number, quick_add, similar_clients, write_dated_fact
from tests.factories import BranchFactory, ClientFactory, UserFactory


def reasons(actor, **data) -> dict[str, list[str]]:
    return {client.number: why for client, why in similar_clients(actor=actor, data=data)}


def test_client_is_added_from_little(signed_in, alice):
    browser = signed_in(alice)
    page = browser.get(reverse("client-add")).content.decode()
    assert "CRM-000001" in page
    assert 'name="branch"' not in page
    body = {
        "name": "Ximena Rodríguez", "kind": "person", "phone": "600 123 456", "email": "X@y.example",
        "born_on": "1980-05-20", "tier": "gold", "native_name": "陈美琳",
    }  # fmt: skip
    answer = browser.post(reverse("client-add"), body)
    assert answer.url == "/client/CRM-000001/"
    client = Client.objects.get()
    assert (client.branch, client.tier.code, client.assignments.get().manager) == (
        alice.branch,
        "gold",
        alice,
    )
    assert set(client.contact_points.values_list("value", flat=True)) == {"+34600123456", "x@y.example"}
    assert client.dated_facts.get().as_text() == "1980-05-20"
    assert next_number() == "CRM-000002"


def test_supervisor_of_several_branches_chooses_one(signed_in, bank, north, south, alice):
    head = UserFactory(name="Hedda", role="supervisor", branch=bank)
    browser = signed_in(head)
    assert 'name="branch"' in browser.get(reverse("client-add")).content.decode()
    elsewhere = BranchFactory(code="ELSE")
    body = {"name": "Firma", "kind": "organisation", "born_on": "1999-01-02"}
    assert browser.post(reverse("client-add"), body | {"branch": elsewhere.code}).status_code == 422
    assert browser.post(reverse("client-add"), body | {"branch": "SOUTH"}).status_code == 302
    client = Client.objects.get()
    assert (client.branch, client.dated_facts.get().kind) == (south, "founding")


def test_likeness_is_shown_first_and_the_second_submit_creates(signed_in, alice, carla):
    browser = signed_in(alice)
    body = {"name": "Carla Nunez", "kind": "person", "phone": "+34 600 111 222"}
    asked = browser.post(reverse("client-add"), body)
    page = asked.content.decode()
    assert asked.status_code == 422
    assert 'href="/client/N-1/"' in page
    assert "The same phone" in page
    assert "It is somebody else: create" in page
    assert Client.objects.count() == 1
    # what was confirmed is who was seen, and nobody else
    assert browser.post(reverse("client-add"), body | {"somebody_else": "N-7"}).status_code == 422
    assert browser.post(reverse("client-add"), body | {"somebody_else": "N-1"}).status_code == 302
    assert Client.objects.count() == 2


def test_hidden_clients_are_never_hinted_at(signed_in, alice, nina, simon):
    browser = signed_in(alice)
    for name, phone in (("Nina Berg", "+34600333444"), ("Simon Ruiz", "+34600555666")):
        answer = browser.post(reverse("client-add"), {"name": name, "kind": "person", "phone": phone})
        assert answer.status_code == 302
    taken = browser.post(reverse("client-add"), {"name": "Zoe Zett", "kind": "person", "number": "S-1"})
    assert "This number cannot be given" in taken.content.decode()
    assert "Simon" not in taken.content.decode().split("<form")[-1]


def test_reasons_name_what_is_the_same(alice, north):
    ana = ClientFactory(
        number="A", name="Ana María Pérez", branch=north, manager=alice, email="ana@x.example"
    )
    write_dated_fact(actor=alice, client=ana, kind="birthday", year=1970, month=2, day=3)
    mei = ClientFactory(number="M", name="Chen Meilin", native_name="陈美琳", branch=north, manager=alice)
    assert reasons(alice, name="Somebody Else", email="ANA@x.example") == {"A": ["email"]}
    assert reasons(alice, name="Perez Ana Maria", born_on=date(1970, 2, 3)) == {"A": ["birth"]}
    assert reasons(alice, name="Perez Ana Maria", born_on=date(1971, 2, 3)) == {"A": ["name"]}
    assert reasons(alice, name="Ana Pérez") == {"A": ["name"]}  # one name less
    assert reasons(alice, name="Anna Maria Perez") == {"A": ["name"]}  # a slip
    assert reasons(alice, name="Ana Gómez") == {}
    assert reasons(alice, name="陈美琳") == {mei.number: ["name"]}
    assert reasons(alice, name="陈美") == {}
    add_contact_point(actor=alice, client=mei, kind="phone", value="+34600123123")
    assert reasons(alice, name="X", phone="600123123", branch=north) == {"M": ["phone"]}
    assert reasons(alice, name="", phone="nonsense") == {}


def test_looking_is_one_query_however_many_are_alike(alice, north, django_assert_num_queries):
    for count in (2, 40):
        for _ in range(count):
            ClientFactory(name="Ana Pérez", branch=north, manager=alice)
        with django_assert_num_queries(1):
            assert len(similar_clients(actor=alice, data={"name": "Ana Pérez"})) == min(count, 10)


def test_wrong_fields_are_said_beside_them_and_nothing_is_written(signed_in, alice):
    browser = signed_in(alice)
    for body, said in (
        ({"name": ""}, "id_name_error"),
        ({"name": "X", "phone": "12"}, "country code"),
        ({"name": "X", "email": "x"}, "id_email_error"),
        ({"name": "X", "born_on": "2999-01-01"}, "id_born_on_error"),
        ({"name": "X", "born_on": "0001-01-01"}, "id_born_on_error"),
        ({"name": "X", "number": "a b"}, "Only letters"),
        ({"name": "X", "number": ".."}, "Only letters"),
        ({"name": "X", "tier": "none"}, "id_tier_error"),
    ):
        answer = browser.post(reverse("client-add"), {"kind": "person"} | body)
        assert answer.status_code == 422, body
        assert said in answer.content.decode(), body
    assert not Client.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_get_different_numbers(north, alice):
    both_ready = threading.Barrier(2)
    made, failed = [], []

    def add(name):
        try:
            both_ready.wait(timeout=20)
            made.append(quick_add(actor=alice, data={"name": name, "branch": north}).number)
        except Exception as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=(name,)) for name in ("Ana", "Bea")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sorted(made) == ["CRM-000001", "CRM-000002"]


def test_number_by_hand_does_not_disturb_the_next_one(alice, north):
    for number in ("CRM-9", "CRM-000041", "CRM-00004X", "CRN-000099"):
        ClientFactory(number=number, branch=north)
    assert next_number() == "CRM-000042"
