"""Consents and agreements through the API: events that stay, versions that end."""

from datetime import timedelta

import pytest
from django.utils import timezone

from clients.models import Consent, ContactAgreement
from common.models import AuditEntry
from tests.factories import AgreementFactory, ConsentFactory

pytestmark = pytest.mark.django_db

CONSENTS = "/api/v1/consents/"
AGREEMENTS = "/api/v1/agreements/"


def test_what_holds_today_is_the_last_event_of_each_channel_and_purpose(person, alice, carla):
    now = timezone.now()
    old = ConsentFactory(client=carla, at=now - timedelta(days=9))
    withdrawn = ConsentFactory(client=carla, at=now - timedelta(days=2), granted=False)
    call = ConsentFactory(client=carla, channel="call", at=now - timedelta(days=5))

    def found(**parameters):
        return [row["id"] for row in person(alice).get(CONSENTS, parameters).json()["results"]]

    assert found() == [withdrawn.pk, call.pk, old.pk]
    assert found(current="true", client="N-1") == [withdrawn.pk, call.pk]
    assert found(current="true", granted="true") == [call.pk]
    assert found(current="false") == [old.pk]
    assert found(channel="call", purpose="marketing") == [call.pk]


def test_a_consent_is_appended_and_never_changed(person, alice, carla):
    caller = person(alice)
    body = {"client_number": "N-1", "channel": "email", "purpose": "education", "granted": True}
    made = caller.post(CONSENTS, body | {"source": "form", "note": "signed in the branch"})
    assert made.status_code == 201, made.content
    assert (made.json()["by"]["staff_number"], made.json()["source"]) == ("alice", "form")
    for method in ("patch", "put", "delete"):
        assert getattr(caller, method)(made.headers["Location"], body).status_code == 405
    assert caller.post(CONSENTS, body | {"granted": False}).json()["source"] == "spoken"
    assert Consent.objects.count() == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"source": "unsubscribe"}, "source"),
        ({"source": "import"}, "source"),
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
        ({"channel": "pigeon"}, "channel"),
        ({"purpose": "fun"}, "purpose"),
        ({"granted": None}, "granted"),
        ({"client_number": "S-1"}, "client_number"),
    ],
)
def test_a_bad_consent_is_refused_on_its_field(person, alice, carla, simon, errors, body, field):
    good = {"client_number": "N-1", "channel": "email", "purpose": "care", "granted": True}
    assert [name for name, _code in errors(person(alice).post(CONSENTS, good | body))] == [field]
    assert not Consent.objects.exists()


def test_the_data_officer_writes_consent_only_for_a_file_opened_with_a_reason(person, ines, carla):
    from clients.services import open_with_reason

    body = {"client_number": "N-1", "channel": "email", "purpose": "care", "granted": False}
    assert person(ines).post(CONSENTS, body).status_code == 400
    open_with_reason(actor=ines, number="N-1", reason="request of the client")
    assert person(ines).post(CONSENTS, body).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_updated_since_gives_consents_by_when_they_were_written_down(person, alice, carla):
    ConsentFactory(client=carla)
    before = timezone.now()
    late = ConsentFactory(client=carla, at=before - timedelta(days=90))
    rows = person(alice).get(CONSENTS, {"updated_since": before.isoformat()}).json()["results"]
    assert [row["id"] for row in rows] == [late.pk]


def test_a_new_agreement_ends_the_one_before_and_is_ended_itself(person, alice, carla):
    caller, today = person(alice), carla.branch.today().isoformat()
    former = AgreementFactory(client=carla)
    made = caller.post(
        AGREEMENTS,
        {
            "client_number": "N-1",
            "interval_days": 30,
            "channels": ["call", "visit"],
            "themes": ["review"],
            "weekdays": [4, 1],
            "from_time": "10:00",
            "to_time": "12:00",
            "minutes": 20,
            "how": "agreed by phone",
        },
    )
    assert made.status_code == 201, made.content
    body = made.json()
    assert (body["approved_on"], body["to_on"], body["weekdays"]) == (today, None, [1, 4])
    assert body["recorded_by"]["staff_number"] == "alice"
    former.refresh_from_db()
    assert former.to_on.isoformat() == today

    def in_force(wanted: str) -> list[int]:
        rows = caller.get(AGREEMENTS, {"in_force": wanted}).json()["results"]
        return [row["id"] for row in rows]

    assert (in_force("true"), in_force("false")) == ([body["id"]], [former.pk])
    assert caller.post(f"{made.headers['Location']}end/", {}).json()["to_on"] == today
    assert in_force("true") == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channels": ["pigeon"]}, "channels.0"),
        ({"channels": "call"}, "channels"),
        ({"themes": ["gossip"]}, "themes"),
        ({"weekdays": [7]}, "weekdays.0"),
        ({"interval_days": 0}, "interval_days"),
        ({"from_time": "12:00", "to_time": "10:00"}, "to_time"),
        ({"from_time": "12:00"}, "to_time"),
        ({"approved_on": "2999-01-01"}, "approved_on"),
        ({"minutes": 0}, "minutes"),
        ({"client_number": "S-1"}, "client_number"),
    ],
)
def test_a_bad_agreement_is_refused_on_its_field(person, alice, carla, simon, errors, body, field):
    names = [name for name, _code in errors(person(alice).post(AGREEMENTS, {"client_number": "N-1"} | body))]
    assert names == [field]
    assert not ContactAgreement.objects.exists()


def test_a_stale_agreement_is_not_ended(person, alice, bob, carla):
    agreement = AgreementFactory(client=carla)
    address = f"{AGREEMENTS}{agreement.pk}/"
    old = {"If-Match": person(alice).get(address).headers["ETag"]}
    person(bob).post(f"{address}end/", {})
    assert person(alice).post(f"{address}end/", {}, headers=old).status_code == 412


def test_a_machine_that_reads_consents_leaves_an_export_entry(machine, alice, carla):
    ConsentFactory(client=carla)
    machine(alice, "clients:read").get(CONSENTS)
    assert list(AuditEntry.objects.values_list("act", "subject", "count")) == [("export", "consents", 1)]
