"""The page of an invitation: answered without a login, and telling nothing to whoever has no link."""

import re
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from campaigns.links import SALT, invitation_of_token, invitation_token, invitation_url
from campaigns.models import EventWords, Invitation
from campaigns.models.event import Event
from campaigns.services.invitations import answer_invitation, withdraw_invitation
from common.logs import masked
from tests.factories import EventFactory, InvitationFactory

GONE = "This invitation cannot be answered any more."


@pytest.fixture
def event(north, bob):
    return EventFactory(
        branch=north, planned_by=bob, capacity=3, companions_most=2, title="Evening of the markets"
    )


@pytest.fixture
def invitation(event, carla, alice):
    return InvitationFactory(event=event, client=carla, number=7, channel="email", invited_by=alice)


@pytest.fixture
def link(invitation):
    return reverse("invitation-public", args=[invitation_token(invitation)])


def _stranger(**extra) -> Browser:
    """A browser of its own address, which is held to the rules of a real one."""
    return Browser(enforce_csrf_checks=True, **extra)


def test_client_reads_the_event_and_accepts_with_a_companion(link, invitation):
    browser = _stranger()
    page = browser.get(link)
    said = page.content.decode()
    assert "Evening of the markets" in said
    assert "Main hall" in said
    local = timezone.localtime(invitation.event.starts_at, invitation.event.branch.zone)
    assert f"{local:%H:%M}" in said
    answered = browser.post(link, {"answer": "accepted", "companions": "1"})
    assert (answered.status_code, answered.url) == (302, link)
    invitation.refresh_from_db()
    assert (invitation.answer, invitation.companions, invitation.answered_through) == ("accepted", 1, "link")
    assert "You are coming, with 1 companion." in browser.get(link).content.decode()


def test_opening_changes_nothing(link, invitation, django_assert_max_num_queries):
    with django_assert_max_num_queries(3) as captured:
        assert _stranger().get(link + "?answer=declined").status_code == 200
    assert not [query["sql"] for query in captured if not query["sql"].startswith("SELECT")]
    invitation.refresh_from_db()
    assert invitation.answer == "asked"


def test_page_says_nothing_of_the_file_and_leaves_no_trace(link, invitation, carla):
    browser = _stranger()
    for answer in ("accepted", "declined"):
        page = browser.get(link)
        said = page.content.decode()
        for secret in ("Carla", "Núñez", "N-1", "North", "Alice", "alice", "carla@", str(carla.pk) + "/"):
            assert secret not in re.sub(r"<svg.*?</svg>", "", said), secret
        assert "csrf" not in said
        assert not page.cookies
        assert page["Referrer-Policy"] == "no-referrer"
        assert page["Cache-Control"] == "no-store"
        assert "noindex" in page["X-Robots-Tag"]
        assert not browser.post(link, {"answer": answer}).cookies


def test_the_same_answer_again_changes_nothing_and_another_one_holds(link, invitation):
    browser = _stranger()
    browser.post(link, {"answer": "accepted"})
    first = Invitation.objects.get()
    browser.post(link, {"answer": "accepted"})
    assert Invitation.objects.get().answered_at == first.answered_at
    browser.post(link, {"answer": "declined"})
    assert Invitation.objects.get().answer == "declined"
    assert "You are not coming." in browser.get(link).content.decode()


def test_who_finds_no_room_is_told_of_the_waiting_list(link, event, invitation, nina):
    InvitationFactory(event=event, client=nina, answer="accepted", companions=2)
    browser = _stranger()
    browser.post(link, {"answer": "accepted"})
    said = browser.get(link).content.decode()
    assert "on the waiting list" in said
    assert "<svg" not in said


@pytest.mark.parametrize(
    "body",
    [{}, {"answer": "came"}, {"answer": "accepted", "companions": "3"}, {"answer": "accepted", "companions": "-1"},
     {"answer": "accepted", "companions": "9" * 30}, {"answer": "accepted", "companions": "²"},
     {"answer": "accepted", "companions": "\x00"}, {"answer": "waiting"}],
)  # fmt: skip
def test_nonsense_is_refused_on_the_page_and_writes_nothing(link, invitation, body):
    answer = _stranger().post(link, body)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    invitation.refresh_from_db()
    assert (invitation.answer, invitation.companions) == ("asked", 0)


def _gone_ways(invitation: Invitation) -> dict[str, str]:
    """Addresses that open nothing, each for another reason; the invitation stands as it did."""
    token = invitation_token(invitation)
    other = Invitation(pk=invitation.pk + 999, key=invitation.key)
    return {
        "tampered": token[:-3] + ("aaa" if token[-3:] != "aaa" else "bbb"),
        "another id": token.replace(f"{invitation.pk}.", f"{invitation.pk + 1}.", 1),
        "another key": invitation_token(Invitation(pk=invitation.pk, key="x" * 16)),
        "unknown": invitation_token(other),
        "nonsense": "nonsense",
    }


def test_tampered_unknown_withdrawn_called_off_and_late_answer_alike(event, invitation, link, alice):
    answers = set()

    def look(address, *, date=False):
        for ask in (_stranger().get,) if date else (_stranger().get, _stranger().post):
            cache.clear()
            answer = ask(address)
            answers.add((answer.status_code, answer.content, tuple(sorted(answer.headers.items()))))

    for token in _gone_ways(invitation).values():
        look(reverse("invitation-public", args=[token]))
        look(reverse("invitation-calendar", args=[token]), date=True)
    for changed in (
        {"answer_until": timezone.now() - timedelta(minutes=1)},
        {"cancelled_at": timezone.now(), "cancelled_reason": "Ill"},
        {"closed_at": timezone.now()},
    ):
        kept = {name: getattr(event, name) for name in changed}
        Event.objects.filter(pk=event.pk).update(**changed)
        look(link)
        Event.objects.filter(pk=event.pk).update(**kept)
    Invitation.objects.update(withdrawn_at=timezone.now())  # under the same key
    look(link)
    Invitation.objects.update(withdrawn_at=None)
    cache.clear()
    assert _stranger().get(link).status_code == 200
    withdraw_invitation(actor=alice, invitation=invitation)
    look(link)
    ((status, content, _headers),) = answers
    assert status == 404
    assert GONE in content.decode()
    invitation.refresh_from_db()
    assert invitation.answer == "asked"


def test_link_of_a_closed_file_opens_nothing(link, invitation, carla):
    carla.status = "deceased"
    carla.save()
    assert _stranger().get(link).status_code == 404


def test_invited_anew_under_a_new_key_the_old_link_stays_worthless(link, invitation):
    invitation.key = "another"
    invitation.save()
    assert _stranger().get(link).status_code == 404
    assert invitation_of_token(invitation_token(invitation)) == invitation


def test_ten_thousand_tampered_requests_in_a_minute_learn_nothing(invitation, django_assert_num_queries):
    bad = list(_gone_ways(invitation).values())
    bad = [reverse("invitation-public", args=[token]) for token in bad if "x" * 16 not in token]
    bad = [address for address in bad if str(invitation.pk + 999) not in address]
    browser = _stranger()
    seen: dict[int, int] = {}
    with django_assert_num_queries(0):
        for at in range(10_000):
            browser.cookies["sessionid"] = f"forged{at}"
            ask = browser.get if at % 2 else browser.post
            status = ask(bad[at % len(bad)]).status_code
            seen[status] = seen.get(status, 0) + 1
    assert set(seen) == {404, 429}
    assert seen[404] <= 30 * 4  # minutes that a slow machine may take
    assert Invitation.objects.get().answer == "asked"


def test_tampered_links_cost_no_query_from_however_many_addresses(invitation, django_assert_num_queries):
    bad = reverse("invitation-public", args=[invitation_token(invitation)[:-1] + "-"])
    with django_assert_num_queries(0):
        for at in range(60):
            browser = _stranger(REMOTE_ADDR=f"10.0.0.{at}")
            assert browser.get(bad).status_code == 404


def test_a_good_link_is_held_up_too_and_told_when_to_come_back(link, invitation, django_assert_num_queries):
    browser = _stranger()
    for _n in range(30):
        browser.get(link)
    with django_assert_num_queries(0):
        held = browser.post(link, {"answer": "accepted"})
    assert (held.status_code, held["Retry-After"]) == (429, "60")
    assert _stranger(REMOTE_ADDR="10.9.9.9").get(link).status_code == 200


def test_signature_has_a_salt_of_its_own(invitation):
    from django.core import signing

    foreign = signing.Signer(salt="clients.unsubscribe", sep=".").sign(f"{invitation.pk}.{invitation.key}")
    assert SALT != "clients.unsubscribe"
    assert invitation_of_token(foreign) is None


def test_page_speaks_the_language_of_the_client_and_falls_back_to_the_event(link, event, carla):
    carla.language = "es-MX"
    carla.save()
    page = _stranger(headers={"accept-language": "zh-hans"}).get(link)
    assert page["Content-Language"] == "es"
    said = page.content.decode()
    assert '<html lang="es"' in said
    assert 'lang="en">Evening of the markets' in said
    EventWords.objects.create(event=event, language="es", title="Noche de los mercados", place="Salón")
    assert "Noche de los mercados" in _stranger().get(link).content.decode()


def test_programme_is_shown_as_it_was_written_and_runs_nothing(link, event):
    EventWords.objects.filter(event=event).update(programme="19:00 <script>alert(1)</script>\nWine")
    said = _stranger().get(link).content.decode()
    assert "&lt;script&gt;" in said
    assert "<script" not in said


def test_code_for_the_door_comes_with_the_acceptance_and_stays_until_the_end(link, event, invitation):
    browser = _stranger()
    assert "<svg" not in browser.get(link).content.decode()
    answer_invitation(invitation=invitation, answer="accepted", through="link")
    said = browser.get(link).content.decode()
    assert 'class="segno"' in said
    assert ">7</strong>" in said
    Event.objects.filter(pk=event.pk).update(answer_until=timezone.now() - timedelta(minutes=1))
    said = browser.get(link).content.decode()
    assert 'class="segno"' in said
    assert GONE in said
    assert "<button" not in said
    assert browser.post(link, {"answer": "declined"}).status_code == 404
    invitation.refresh_from_db()
    assert invitation.answer == "accepted"
    begun = timezone.now() - timedelta(hours=5)
    Event.objects.filter(pk=event.pk).update(
        starts_at=begun, ends_at=begun + timedelta(hours=1), answer_until=begun
    )
    assert browser.get(link).status_code == 404


def _entry(link):
    answer = _stranger().get(link + "date/")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/calendar")
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode()
    for secret in ("Carla", "N-1", "carla@", "Alice"):
        assert secret not in text
    (entry,) = Calendar.from_ical(text).walk("VEVENT")
    return entry


def test_date_for_a_calendar_is_tentative_until_the_client_is_coming(link, event, invitation):
    Event.objects.update(planned_at=timezone.now() - timedelta(hours=2))
    Invitation.objects.update(invited_at=timezone.now() - timedelta(hours=1))
    first = _entry(link)
    assert (first["STATUS"], first["SUMMARY"], first["LOCATION"]) == (
        "TENTATIVE", "Evening of the markets", "Main hall",
    )  # fmt: skip
    assert first["DTSTART"].dt == event.starts_at.replace(microsecond=0)
    assert first["DTSTART"].to_ical().endswith(b"Z")
    answer_invitation(invitation=invitation, answer="accepted", through="link")
    then = _entry(link)
    assert then["STATUS"] == "CONFIRMED"
    assert then["UID"] == first["UID"]
    assert then["SEQUENCE"] > first["SEQUENCE"]


def test_secret_of_the_link_stands_in_no_line_of_a_log_and_in_no_history(link, invitation):
    from pghistory.models import Context

    token = invitation_token(invitation)
    assert token not in masked(f"GET {invitation_url(invitation)} 200")
    assert token not in masked(f"GET {link}date/ 200")
    _stranger().post(link, {"answer": "accepted"})
    written = [context.metadata for context in Context.objects.all()]
    assert written
    assert not [data for data in written if token in str(data)]


def test_only_the_words_and_the_answer_have_a_way_in(link):
    assert _stranger().put(link).status_code == 405
    assert _stranger().post(link + "date/").status_code == 405
