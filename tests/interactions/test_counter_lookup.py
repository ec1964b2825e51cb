"""At the counter: a whole number finds one client, and nothing less finds anybody; every look-up is recorded."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clients.models import Client, ContactPoint
from clients.search import document_hash
from clients.services import refresh_search
from common.crypto import encrypt
from common.models import AuditEntry
from interactions.services import counter as desk
from tests.factories import ClientFactory, UserFactory
from tests.interactions.conftest import find

NOT_FOUND = "No client found with exactly this number. Ask for the document."
CSRF = re.compile(r'csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"|value="[^"]*"')


def with_document(client, number, country="ES"):
    client.document_number, client.document_hash = encrypt(number), document_hash(number)
    client.document_country = country
    client.save()
    refresh_search([client.pk])
    return client


@pytest.mark.parametrize(
    "typed",
    ["N-1", "n-1", " N-1 ", "+34600111222", "+34 600 111 222", "0034 600-111-222", "600 111 222", "600111222",
     "(600) 111.222", "34600111222", "６００111222", "X1234567L", "x 1234567-l"],
)  # fmt: skip
def test_whole_number_in_any_notation_finds_the_one_client(hana, carla, typed):
    with_document(carla, "X-1234567-L")
    sight = desk.look_up(actor=hana, typed=typed)
    assert desk.in_sight(actor=hana, sight=sight) == carla


@pytest.mark.parametrize(
    "typed",
    ["N", "N-", "N-11", "600111", "111222", "111 222", "+34600111", "+346001112223", "Carla", "Núñez", "carla@x.example",
     "X123456", "1234567", "%", "N-_", "*", "N-1 OR 1=1", "'; --", "p222111", "+", "-", "٦٠٠"],
)  # fmt: skip
def test_no_part_of_a_number_no_name_and_no_pattern_finds_anybody(hana, carla, typed):
    with_document(carla, "X-1234567-L")
    assert desk.look_up(actor=hana, typed=typed) is None


def test_client_of_another_branch_may_walk_in_here(hana, simon):
    assert desk.in_sight(actor=hana, sight=desk.look_up(actor=hana, typed="S-1")) == simon


def test_national_phone_is_read_in_the_country_of_the_desk(hana, carla, south):
    south.country = "MX"
    south.save()
    other = UserFactory(role="front_desk", branch=south)
    assert desk.look_up(actor=hana, typed="600 111 222")
    assert desk.look_up(actor=other, typed="600 111 222") is None
    assert desk.look_up(actor=other, typed="+34 600 111 222")


def test_phone_that_reaches_nobody_any_more_finds_nobody(hana, carla):
    ContactPoint.objects.filter(client=carla).update(do_not_use=True)
    assert desk.look_up(actor=hana, typed="+34600111222") is None


def test_phone_of_two_clients_asks_for_the_document_and_the_country_tells_documents_apart(hana, carla, nina):
    ContactPoint.objects.create(client=nina, kind="phone", value="+34600111222")
    refresh_search([nina.pk])
    assert desk.look_up(actor=hana, typed="600111222") is None
    with_document(carla, "12345678", "ES")
    with_document(nina, "12345678", "PT")
    assert desk.look_up(actor=hana, typed="12345678") is None
    sight = desk.look_up(actor=hana, typed="12345678", country="PT")
    assert desk.in_sight(actor=hana, sight=sight) == nina


@pytest.fixture
def unfound(carla, nina, simon, north):
    """A way to find nobody for each reason there is."""
    ContactPoint.objects.create(client=nina, kind="phone", value="+34600111222")
    refresh_search([nina.pk])
    ClientFactory(number="N-7", branch=north, is_restricted=True)
    ClientFactory(number="N-8", branch=north, status="closed")
    ClientFactory(number="N-6", branch=north, status="deceased")
    return {
        "absent": "N-9",
        "restricted": "N-7",
        "closed": "N-8",
        "deceased": "N-6",
        "two of them": "+34600111222",
    }


def test_absent_restricted_closed_and_ambiguous_answer_alike(at_desk, unfound):
    answers = {}
    for why, typed in unfound.items():
        find(at_desk, "N-0")  # the session is there
        with CaptureQueriesContext(connection) as queries:
            response = find(at_desk, typed)
        page = CSRF.sub("", response.content.decode())
        answers[why] = (response.status_code, page, len(queries))
        assert NOT_FOUND in page
    assert len(set(answers.values())) == 1, {why: answer[::2] for why, answer in answers.items()}
    assert next(iter(answers.values()))[0] == 422


def test_every_look_up_is_recorded_with_its_digits_masked(at_desk, carla, hana):
    find(at_desk, "600 999 888")
    find(at_desk, "+34 600 111 222")
    looks = list(
        AuditEntry.objects.filter(act="search", actor_id=hana.pk)
        .order_by("pk")
        .values_list("detail", "count")
    )
    assert looks == [("••• ••• 888", 0), ("+•• ••• ••• 222", 1)]
    assert not AuditEntry.objects.filter(act="read").exists()
    at_desk.get("/counter/")
    read = AuditEntry.objects.get(act="read")
    assert (read.subject, read.detail, read.actor_name) == (f"client/{carla.pk}", "counter", "Hana")


def test_so_many_look_ups_and_no_more_until_the_window_has_moved(
    at_desk, carla, hana, settings, anna, monkeypatch
):
    settings.COUNTER_LOOKUPS = 3
    for _n in range(3):
        assert find(at_desk, "N-9").status_code == 422
    response = find(at_desk, "N-1")
    assert response.status_code == 429
    assert "Try again in 10 minutes." in response.content.decode()
    assert "Carla" not in at_desk.get("/counter/").content.decode()
    assert AuditEntry.objects.filter(act="search").count() == 3
    colleague = UserFactory(role="front_desk", branch=hana.branch)
    assert desk.look_up(actor=colleague, typed="N-1")
    later = timezone.now() + timedelta(minutes=11)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert desk.look_up(actor=hana, typed="N-1")


@pytest.mark.parametrize("typed", ["", "   ", "x" * 61, "N-1\x00", "\x00"])
def test_what_cannot_be_a_number_is_not_looked_up(at_desk, carla, typed):
    assert find(at_desk, typed).status_code == 422
    assert not AuditEntry.objects.exists()


def test_naughty_texts_find_nobody_and_break_nothing(at_desk, carla, settings):
    settings.COUNTER_LOOKUPS = 1000
    naughty = ["𝕬", "ﷺ" * 60, "\u202e\u200b", "<script>alert(1)</script>", "'\"\\", "\\u0000", "{{ 7*7 }}", "İ", "ß", "1e309",
               "９" * 60, "0" * 60, "-1", "+" * 60, "&:*|!()", "😀", "\ud7ff"]  # fmt: skip
    for typed in naughty:
        response = find(at_desk, typed)
        assert response.status_code == 422, typed
        assert "<script>alert" not in response.content.decode()


def test_exact_look_up_uses_the_indexes(hana, carla, north):
    rows = [
        Client(number=f"X{n}", name=f"Client {n}", sort_name=f"client {n}", branch=north) for n in range(3000)
    ]
    refresh_search([client.pk for client in Client.objects.bulk_create(rows)])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE clients_client")
    plan = Client.objects.filter(desk._exactly(hana, "600111222", "")).explain()
    assert "Seq Scan on clients_client" not in plan, plan
