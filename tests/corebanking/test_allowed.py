"""Consents and agreements from files: events once, versions by the day they were approved on."""

from datetime import date, time

import pytest

from clients.models import Consent, ContactAgreement, CoreValue, FactChange
from clients.services import accept_core_value, approve_agreement, consents_of, record_consent, value_hash
from clients.services.consents import agreement_text, terms_of
from corebanking.refusals import ImportRefused
from corebanking.services import undo_import
from tests.corebanking.test_known import reasons

CONSENTS = "client_number,channel,purpose,granted,at,source\n"
SAID = (
    "N-1,call,marketing,yes,2026-03-01T10:00:00,form 12\n"
    "N-1,email,education,no,2026-03-01T10:00:00+00:00,\n"
    "N-1,call,marketing,no,2026-04-01T10:00:00,\n"
)
AGREEMENTS = "client_number,approved_on,interval_days,channels,weekdays,from_hour,to_hour,minutes,how\n"
AGREED = "N-1,2026-03-01,45,email call,mon wed,9,12:30,20,by letter\n"


def _now(client):
    return {key: row.granted for key, row in consents_of(client).items()}


def test_consents_are_events_and_the_last_one_holds(load, carla):
    job = load(CONSENTS + SAID, kind="consents")
    assert (job.state, job.created) == ("committed", 3)
    assert _now(carla) == {("call", "marketing"): False, ("email", "education"): False}
    first = Consent.objects.get(granted=True)
    assert (first.source, first.note, first.by) == ("import", "form 12", None)
    assert first.at.isoformat() == "2026-03-01T09:00:00+00:00"  # ten in Madrid


def test_same_event_is_kept_once_and_an_older_one_changes_no_later_one(load, carla, alice):
    load(CONSENTS + SAID, kind="consents", source_date=date(2026, 5, 2))
    again = load(CONSENTS + SAID + "\n", kind="consents")
    assert (again.created, again.unchanged) == (0, 3)
    record_consent(actor=alice, client=carla, channel="call", purpose="marketing", granted=True)
    old = load(
        CONSENTS + "N-1,call,marketing,no,2026-02-01T10:00:00,\n",
        kind="consents",
        name="old.csv",
        source_date=date(2026, 3, 1),
    )
    assert old.created == 1
    assert _now(carla)[("call", "marketing")]


def test_bad_consents_each_have_their_reason(load, carla):
    rows = [
        "N-9,call,care,yes,2026-03-01,",
        "N-1,pigeon,care,yes,2026-03-01,",
        "N-1,call,fun,yes,2026-03-01,",
        "N-1,call,care,maybe,2026-03-01,",
        "N-1,call,care,yes,soon,",
        "N-1,call,care,yes,2150-03-01,",
        "N-1,call,care,yes,1900-03-01,",
        "N-1,sms,care,yes,2026-03-01,",
        "N-1,sms,care,no,2026-03-01,",
    ]
    job = load(CONSENTS + "\n".join(rows) + "\n", kind="consents", allow_rejected=1)
    assert job.rejected == len(rows)
    assert [(column, reason[:24]) for _row, column, reason in reasons(job)] == [
        ("client_number", "unknown client"),
        ("channel", "is not one of: visit, br"),
        ("purpose", "is not one of: service, "),
        ("granted", "is neither yes nor no"),
        ("at", "is not a time written li"),
        ("at", "lies in the future"),
        ("at", "is a date out of all bou"),
        ("client_number", "stands in the file more "),
        ("client_number", "stands in the file more "),
    ]


@pytest.mark.django_db(transaction=True)  # each commit needs its own moment
def test_undone_consents_stay_as_events_and_hold_no_more(load, carla, alice, erin):
    record_consent(actor=alice, client=carla, channel="call", purpose="marketing", granted=True)
    earlier = Consent.objects.get()
    text = SAID.replace("2026", "2020") + "N-1,sms,care,yes,2026-03-01T10:00:00,\n"
    job = load(CONSENTS + text, kind="consents")
    assert len(_now(carla)) == 3
    undo_import(actor=erin, job=job)
    assert _now(carla) == {
        ("call", "marketing"): True,  # said later than all of it
        ("email", "education"): False,
        ("sms", "care"): False,
    }
    assert Consent.objects.count() == 1 + 4 + 2
    assert Consent.objects.filter(pk=earlier.pk).exists()
    again = load(CONSENTS + text, kind="consents")
    assert (again.state, again.created) == ("committed", 2)  # what was not allowed still holds
    assert _now(carla)[("sms", "care")]
    undo_import(actor=erin, job=again)
    assert not _now(carla)[("sms", "care")]


@pytest.mark.django_db(transaction=True)
def test_import_of_known_consents_leaves_nothing_to_undo(load, carla, erin):
    load(CONSENTS + SAID, kind="consents")
    job = load(CONSENTS + SAID + "\n", kind="consents")
    with pytest.raises(ImportRefused, match="changed nothing"):
        undo_import(actor=erin, job=job)


# -- agreements -------------------------------------------------------------------------------------


def test_agreement_comes_in_and_the_next_contact_follows_from_it(load, carla, erin):
    job = load(AGREEMENTS + AGREED, kind="agreements")
    assert (job.state, job.created) == ("committed", 1)
    agreement = ContactAgreement.objects.get()
    assert (agreement.interval_days, agreement.channels, agreement.weekdays) == (
        45,
        ["call", "email"],
        [0, 2],
    )
    assert (agreement.from_time, agreement.to_time, agreement.minutes) == (time(9), time(12, 30), 20)
    assert (agreement.how, agreement.recorded_by, agreement.to_on) == ("by letter", erin, None)
    entry = FactChange.objects.get(slot="agreement")
    assert (entry.new_hash, entry.old_hash) == (value_hash(agreement_text(agreement)), "")
    assert terms_of(agreement_text(agreement))["to_time"] == time(12, 30)


def test_due_day_follows_an_agreed_interval(load, carla, alice):
    from tests.factories import ContactFactory

    contact = ContactFactory(client=carla, staff=alice)
    load(AGREEMENTS + AGREED, kind="agreements")
    carla.refresh_from_db()
    assert (carla.next_due_on - contact.occurred_at.astimezone(carla.branch.zone).date()).days == 45


def test_later_version_takes_the_place_of_the_former_and_an_earlier_one_does_not(load, carla):
    load(AGREEMENTS + AGREED, kind="agreements")
    newer = load(AGREEMENTS + AGREED.replace("03-01,45", "04-01,60"), kind="agreements", name="two.csv")
    assert newer.created == 1
    between = load(AGREEMENTS + AGREED.replace("03-01,45", "03-15,50"), kind="agreements", name="three.csv")
    again = load(AGREEMENTS + AGREED + "\n", kind="agreements", name="four.csv")
    assert [(job.created, job.updated, job.unchanged) for job in (between, again)] == [(0, 0, 1)] * 2
    assert (between.older, again.older) == (1, 1)  # newer terms stand
    versions = ContactAgreement.objects.order_by("approved_on").values_list(
        "approved_on", "to_on", "interval_days"
    )
    assert list(versions) == [(date(2026, 3, 1), date(2026, 4, 1), 45), (date(2026, 4, 1), None, 60)]
    hashes = FactChange.objects.filter(slot="agreement").order_by("pk").values_list("old_hash", "new_hash")
    assert hashes[0][1] == hashes[1][0]


def test_two_versions_in_one_file_follow_one_another(load, carla):
    two = AGREED.replace("03-01,45", "04-01,60") + AGREED
    assert load(AGREEMENTS + two, kind="agreements").created == 2
    assert ContactAgreement.objects.get(to_on=None).interval_days == 60
    assert ContactAgreement.objects.get(interval_days=45).to_on == date(2026, 4, 1)


def test_terms_that_staff_approved_that_day_stand(load, carla, alice):
    approve_agreement(actor=alice, client=carla, approved_on=date(2026, 3, 1), interval_days=30)
    job = load(AGREEMENTS + AGREED, kind="agreements")
    assert (job.created, job.updated) == (0, 1)
    assert ContactAgreement.objects.get().interval_days == 30
    said = CoreValue.objects.get()
    assert (said.field, said.value) == ("agreement", "45|call,email||0,2|09:00-12:30|20")
    assert load(AGREEMENTS + AGREED + "\n", kind="agreements").unchanged == 1
    accept_core_value(actor=alice, core_value=said)
    assert ContactAgreement.objects.get(to_on=None).interval_days == 45


def test_core_says_of_an_agreement_reads_as_words(load, carla, alice, signed_in):
    approve_agreement(actor=alice, client=carla, approved_on=date(2026, 3, 1), interval_days=30)
    load(AGREEMENTS + AGREED, kind="agreements")
    page = signed_in(alice).get("/client/N-1/known/").content.decode()
    assert "every 45 days" in page
    assert "45|call" not in page


def test_bad_agreements_each_have_their_reason(load, carla):
    rows = [
        "N-9,2026-03-01,,,,,,,",
        "N-1,2150-03-01,,,,,,,",
        "N-1,2026-03-02,0,,,,,,",
        "N-1,2026-03-03,,call pigeon,,,,,",
        "N-1,2026-03-04,,,monday,,,,",
        "N-1,2026-03-05,,,,25,,,",
        "N-1,2026-03-06,,,,9,,,",
        "N-1,2026-03-07,,,,12,9:30,,",
        "N-1,2026-03-08,,,,,,,",
        "N-1,2026-03-08,5,,,,,,",
    ]
    job = load(AGREEMENTS + "\n".join(rows) + "\n", kind="agreements", allow_rejected=1)
    assert job.rejected == len(rows)
    assert [(column, reason[:26]) for _row, column, reason in reasons(job)] == [
        ("client_number", "unknown client"),
        ("approved_on", "lies in the future"),
        ("interval_days", "is outside 1 to 1100"),
        ("channels", "may only hold: visit, bran"),
        ("weekdays", "may only hold: mon, tue, w"),
        ("from_hour", "is not a time of the day l"),
        ("to_hour", "needs both hours, or none"),
        ("to_hour", "is not after the first hou"),
        ("client_number", "stands in the file more th"),
        ("client_number", "stands in the file more th"),
    ]


@pytest.mark.django_db(transaction=True)
def test_undone_agreement_goes_and_the_former_holds_again(load, carla, alice, erin):
    approve_agreement(actor=alice, client=carla, approved_on=date(2026, 2, 1), interval_days=30)
    job = load(AGREEMENTS + AGREED, kind="agreements")
    undo_import(actor=erin, job=job)
    kept = ContactAgreement.objects.get()
    assert (kept.interval_days, kept.to_on) == (30, None)
    last = FactChange.objects.filter(slot="agreement").order_by("pk").last()
    assert last.new_hash == value_hash(agreement_text(kept))
    assert load(AGREEMENTS + AGREED, kind="agreements").created == 1
