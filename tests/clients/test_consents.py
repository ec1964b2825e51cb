"""What is allowed and agreed; and the client's own page, which tells nobody anything."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisGone

from clients import permits
from clients.models import Consent, ContactAgreement, FactChange, Theme
from clients.services import (
    approve_agreement,
    consents_of,
    open_with_reason,
    record_consent,
    unsubscribe_token,
)
from common import saying
from tests.factories import ConsentFactory


def test_several_cells_become_events_and_the_matrix_shows_todays_state(signed_in, alice, carla):
    browser = signed_in(alice)
    record_consent(actor=alice, client=carla, channel="sms", purpose="marketing", granted=True)
    body = {
        "call-care": "yes",
        "email-marketing": "no",
        "sms-marketing": "no",
        "source": "form",
        "note": "Form 7",
    }
    assert browser.post(reverse("consent-record", args=["N-1"]), body).status_code == 302
    state = {cell: row.granted for cell, row in consents_of(carla).items()}
    assert state == {("call", "care"): True, ("email", "marketing"): False, ("sms", "marketing"): False}
    assert set(Consent.objects.filter(source="form").values_list("note", "by")) == {("Form 7", alice.pk)}
    page = browser.get(reverse("consent-list", args=["N-1"])).content.decode()
    assert "Call, care: allowed" in page
    assert "Text message, products: withdrawn" in page
    assert "Text message, products: allowed" in page  # the ledger keeps what was said before
    assert "never asked" in page
    part = browser.get(
        reverse("consent-record", args=["N-1"]), headers={"HX-Request": "true"}
    ).content.decode()
    assert 'aria-label="Call, care"' in part
    assert "<html" not in part


def test_nothing_is_written_where_nothing_or_nonsense_was_said(signed_in, alice, carla):
    browser = signed_in(alice)
    tomorrow = timezone.localtime() + timedelta(days=1)
    wrong = [
        ({"source": "form"}, "Choose what the client allows"),
        ({"call-care": "maybe", "source": "form"}, "Select a valid choice"),
        ({"call-care": "yes", "source": "import"}, "Select a valid choice"),
        ({"call-care": "yes", "source": "form", "at": f"{tomorrow:%Y-%m-%dT%H:%M}"}, "in the future"),
        ({"call-care": "yes", "source": "form", "at": "0001-01-01T00:00"}, "Give the day"),
    ]
    for body, said in wrong:
        answer = browser.post(reverse("consent-record", args=["N-1"]), body)
        assert answer.status_code == 422, body
        assert said in answer.content.decode(), body
    assert not Consent.objects.exists()


def test_data_officer_reads_and_records_on_a_file_opened_with_a_reason_only(
    signed_in, ines, frank, dora, carla
):
    browser = signed_in(ines)
    address = reverse("consent-list", args=["N-1"])
    record = reverse("consent-record", args=["N-1"])
    assert browser.get(address).status_code == 404
    open_with_reason(actor=ines, number="N-1", reason="request 12")
    assert browser.get(address).status_code == 200
    assert browser.post(record, {"email-care": "no", "source": "form"}).status_code == 302
    assert Consent.objects.get().by == ines
    assert browser.get(reverse("client-known", args=["N-1"])).status_code == 403
    open_with_reason(actor=frank, number="N-1", reason="audit 12")
    assert signed_in(frank).get(address).status_code == 403
    assert signed_in(dora).get(address).status_code == 403


def test_ledger_pages_and_costs_the_same_however_long(signed_in, alice, carla, django_assert_num_queries):
    browser = signed_in(alice)
    address = reverse("consent-list", args=["N-1"])

    def more(n):
        Consent.objects.bulk_create(
            Consent(client=carla, channel="call", purpose="care", granted=True, source="spoken", by=alice)
            for _ in range(n)
        )

    more(2)
    browser.get(address)
    with django_assert_num_queries(6):
        browser.get(address)
    more(40)
    with django_assert_num_queries(6):
        assert b'rel="next"' in browser.get(address).content


# -- the contact agreement -------------------------------------------------------------------------

TERMS = {
    "interval_days": "30", "channels": ["call", "visit"], "weekdays": ["1", "2", "3", "4"],
    "from_time": "10:00", "to_time": "12:00", "minutes": "20", "themes": ["maturity"], "how": "by phone",
}  # fmt: skip


def test_agreement_is_approved_changed_and_ended_and_former_versions_stay(signed_in, alice, carla):
    browser = signed_in(alice)
    address = reverse("agreement-change", args=["N-1"])
    first = alice.today() - timedelta(days=40)
    assert browser.post(address, TERMS | {"approved_on": str(first)}).status_code == 302
    page = browser.get(address).content.decode()
    assert 'value="30"' in page
    assert 'value="10:00"' in page
    browser.post(address, TERMS | {"interval_days": "60", "approved_on": str(alice.today())})
    page = browser.get(address).content.decode()
    assert "every 30 days" in page
    assert "Tue to Fri" in page
    assert "10:00–12:00" in page
    in_force = ContactAgreement.objects.get(to_on=None)
    assert (in_force.interval_days, in_force.weekdays, in_force.recorded_by) == (60, [1, 2, 3, 4], alice)
    browser.post(reverse("agreement-end", args=["N-1"]))
    assert not ContactAgreement.objects.filter(to_on=None).exists()
    assert 'value="60"' in browser.get(address).content.decode()  # the last one is a beginning
    assert browser.post(reverse("agreement-end", args=["N-1"])).status_code == 404
    assert FactChange.objects.filter(fact_type__code="agreement").count() == 3


def test_terms_that_cannot_be_are_refused_beside_their_field(signed_in, alice, carla):
    browser = signed_in(alice)
    today = str(alice.today())
    wrong = [
        ({"approved_on": today}, "at least one thing"),
        (TERMS | {"approved_on": "2999-01-01"}, "approved in the future"),
        (TERMS | {"approved_on": today, "to_time": "09:00"}, "the later one last"),
        (TERMS | {"approved_on": today, "to_time": ""}, "Give both hours"),
        (TERMS | {"approved_on": today, "interval_days": "0"}, "greater than or equal to 1"),
        (TERMS | {"approved_on": today, "weekdays": ["9"]}, "Select a valid choice"),
        (TERMS | {"approved_on": today, "channels": ["drums"]}, "Select a valid choice"),
    ]
    for body, said in wrong:
        answer = browser.post(reverse("agreement-change", args=["N-1"]), body)
        assert answer.status_code == 422, body
        assert said in answer.content.decode(), body
    assert not ContactAgreement.objects.exists()


def test_agreement_of_another_branch_is_absent(signed_in, alice, charlie, simon):
    approve_agreement(actor=charlie, client=simon, interval_days=30)
    browser = signed_in(alice)
    assert browser.post(reverse("agreement-end", args=["S-1"])).status_code == 404
    assert browser.post(reverse("agreement-change", args=["S-1"]), TERMS).status_code == 404
    assert ContactAgreement.objects.get().to_on is None


# -- unsubscribe -----------------------------------------------------------------------------------


@pytest.fixture
def link(carla):
    return reverse("unsubscribe", args=[unsubscribe_token(carla)])


def test_link_asks_first_then_withdraws_and_names_nobody(client, carla, link, settings):
    page = client.get(link)
    assert page.status_code == 200
    assert not Consent.objects.exists()
    done = client.post(link)
    assert done.status_code == 200
    assert set(Consent.objects.values_list("channel", "purpose", "granted", "source")) == {
        ("email", purpose, False, "unsubscribe") for purpose in ("care", "marketing", "education")
    }
    assert client.post(link).status_code == 200
    assert Consent.objects.count() == 3
    for text in (page.content.decode(), done.content.decode()):
        assert not any(secret in text for secret in ("Carla", "N-1", "carla@", "Alice"))
    assert "no-store" in page["Cache-Control"]


def test_link_speaks_the_browsers_language(client, link):
    page = client.get(link, headers={"Accept-Language": "es"})
    assert page["Content-Language"] == "es"
    assert '<html lang="es"' in page.content.decode()


def test_tampered_link_answers_like_any_absent_address(client, db, link):
    import re

    csrf = re.compile(rb'csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"')
    absent = client.get("/no-such-page/")
    for bad in (link[:-2] + "x/", reverse("unsubscribe", args=["nonsense"])):
        for answer in (client.get(bad), client.post(bad)):
            assert answer.status_code == absent.status_code == 404
            assert csrf.sub(b"", answer.content) == csrf.sub(b"", absent.content)
    assert not Consent.objects.exists()


def test_post_needs_the_token_of_the_page(link):
    from django.test import Client as Browser

    assert Browser(enforce_csrf_checks=True).post(link).status_code == 403
    assert not Consent.objects.exists()


def test_one_address_is_slowed_down_but_nobody_is_without_the_cache(client, link, monkeypatch):
    codes = [client.post(link).status_code for _ in range(22)]
    assert codes[:20] == [200] * 20
    assert codes[-1] == 429

    def gone(*args, **kwargs):
        raise RedisGone

    monkeypatch.setattr(cache, "add", gone)
    assert client.post(link).status_code == 200


def test_signed_in_colleague_gets_the_same_plain_page(signed_in, dora, link):
    page = signed_in(dora).get(link).content.decode()
    assert "Dora" not in page


def test_the_day_of_a_withdrawal_is_the_readers_own(carla):
    at = datetime(2026, 1, 1, 20, tzinfo=UTC)
    consent = ConsentFactory(client=carla, channel="call", purpose="care", granted=False, at=at)
    birthday = Theme.objects.get(code="birthday")
    with timezone.override("Asia/Shanghai"):
        line = permits.consent_line({("call", "care"): consent}, "call", birthday)
    assert line.words.endswith(f"withdrawn on {saying.day(date(2026, 1, 2))}.")
