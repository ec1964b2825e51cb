"""The pages of articles, cases and lectures, and the one page that is for the reader."""

import re
from datetime import time, timedelta

import pghistory
import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, Event, EventWords, Invitation, LectureSeries, Piece, PieceSending
from campaigns.services import learning, save_segment
from campaigns.views import learning as views
from clients.models import Theme
from clients.services import unsubscribe_token
from common.logs import masked
from common.models import AuditEntry
from interactions.models import ClientMessage
from messaging.models import Message
from messaging.services import deliver
from tests.factories import (
    BranchFactory,
    ClientFactory,
    ConsentFactory,
    LectureSeriesFactory,
    PieceFactory,
    PieceSendingFactory,
    UserFactory,
)

FORM = {
    "kind": "article",
    "language": "en",
    "title_en": "What rates do",
    "body_en": "Rates rise.\n\nBonds fall.",
    "title_es": "Qué hacen los tipos",
    "body_es": "Los tipos suben.",
}
IN_TWO = {
    "en": ("What rates do", "Rates rise.\n\nBonds <b>fall</b>.\nAlways."),
    "es": ("Qué hacen los tipos", "Los tipos suben."),
}


@pytest.fixture(autouse=True)
def any_hour(settings):
    settings.CLIENT_HOURS = (time.min, time.max)


@pytest.fixture
def piece(db):
    return PieceFactory(words=IN_TWO)


@pytest.fixture
def reader(carla):
    ConsentFactory(client=carla, channel="email", purpose="education")
    return carla


@pytest.fixture
def sending(piece, carla):
    return PieceSendingFactory(piece=piece, client=carla, language="es")


@pytest.fixture
def link(sending):
    return learning.reading_url(sending).removeprefix("http://localhost:8000")


def text_of(answer, status=200):
    assert answer.status_code == status
    return answer.content.decode()


# -- pieces ----------------------------------------------------------------------------------------


def test_a_piece_is_written_published_sent_withdrawn_and_taken_up_again(signed_in, bob, reader):
    browser = signed_in(bob)
    assert "Nothing to read yet." in text_of(browser.get("/pieces/"))
    page = text_of(browser.post("/pieces/add/", FORM, follow=True))
    assert "Bonds fall." in page
    piece = Piece.objects.get()
    assert browser.get(f"/pieces/{piece.pk}/send/").status_code == 404
    text_of(browser.post(f"/pieces/{piece.pk}/change/", FORM | {"title_en": "What bonds do"}, follow=True))
    page = text_of(browser.post(f"/pieces/{piece.pk}/publish/", follow=True))
    assert "Published: What bonds do." in page
    assert browser.get(f"/pieces/{piece.pk}/change/").status_code == 404
    assert "Los tipos suben." in text_of(browser.get(f"/pieces/{piece.pk}/?language=es"))
    text_of(browser.get(f"/pieces/{piece.pk}/?language=xx"))
    page = text_of(browser.get(f"/pieces/{piece.pk}/send/?audience=all"))
    assert "Send it to 1 client" in page
    assert not PieceSending.objects.exists()
    page = text_of(browser.post(f"/pieces/{piece.pk}/send/", {"audience": "all"}, follow=True))
    assert "It goes to 1 client." in page
    assert "Carla Núñez" in page
    page = text_of(browser.post(f"/pieces/{piece.pk}/withdraw/", follow=True))
    assert "Withdrawn: nobody is sent it" in page
    assert ClientMessage.objects.get().is_dropped
    page = text_of(browser.post(f"/pieces/{piece.pk}/restore/", follow=True))
    assert "In use again: What bonds do." in page


def test_errors_stand_beside_their_field(signed_in, bob):
    page = text_of(signed_in(bob).post("/pieces/add/", FORM | {"body_es": ""}), 422)
    assert "Write what the client is to read." in page
    assert "Los tipos" not in page
    assert "Qué hacen los tipos" in page
    assert not Piece.objects.exists()


def test_it_is_sent_to_a_segment_or_to_those_a_campaign_contacts(
    signed_in, bob, alice, north, reader, piece, campaign
):
    control, outside = (ClientFactory(branch=north, manager=alice, email="c@x.example") for _n in range(2))
    for client in (control, outside):
        ConsentFactory(client=client, channel="email", purpose="education")
    campaign.targets.create(client=reader, branch=north, arm="treatment")
    campaign.targets.create(client=control, branch=north, arm="control")
    segment = save_segment(actor=bob, name="One", numbers=[outside.number]).segment
    browser, address = signed_in(bob), f"/pieces/{piece.pk}/send/"
    browser.post(address, {"audience": f"campaign/{campaign.pk}"})
    assert {row.client for row in PieceSending.objects.all()} == {reader}
    browser.post(address, {"audience": f"segment/{segment.pk}"})
    assert {row.client for row in PieceSending.objects.all()} == {reader, outside}
    page = text_of(browser.get(f"{address}?audience=all"))
    assert "Send it to 1 client" in page


@pytest.fixture
def campaign(north, bob):
    today = north.today()
    return Campaign.objects.create(
        code="C1",
        name="Spring",
        theme=Theme.objects.get(code="product"),
        branch=north,
        starts_on=today,
        ends_on=today,
        state="running",
        launched_at=timezone.now(),
        currency="EUR",
        planned_by=bob,
    )


@pytest.mark.parametrize("person", ["alice", "charlie", "erin", "frank", "gus", "hana", "ines", "bob"])
def test_changes_of_what_is_not_ones_own_get_404_or_403_and_change_nothing(
    signed_in, cast, person, reader, piece
):
    draft, series = PieceFactory(draft=True), LectureSeriesFactory(name="Theirs")
    attempts = [
        (f"/pieces/{draft.pk}/change/", FORM),
        (f"/pieces/{draft.pk}/publish/", {}),
        (f"/pieces/{piece.pk}/withdraw/", {}),
        (f"/pieces/{piece.pk}/restore/", {}),
        (f"/pieces/{draft.pk}/send/", {"audience": "all"}),
        (f"/series/{series.pk}/change/", {"name": "Mine"}),
    ]
    if person != "bob":  # a supervisor sends what others wrote
        attempts += [(f"/pieces/{piece.pk}/send/", {"audience": "all"}), ("/pieces/add/", FORM)]
        attempts += [("/series/add/", {"name": "Mine"})]
    browser = signed_in(cast[person])
    for address, body in attempts:
        assert browser.post(address, body).status_code in (403, 404), address
    assert Piece.objects.count() == 2
    draft.refresh_from_db()
    piece.refresh_from_db()
    assert (draft.published_at, draft.title, piece.withdrawn_at) == (None, "What rates do", None)
    assert not PieceSending.objects.exists()
    assert [row.name for row in LectureSeries.objects.all()] == ["Theirs"]


@pytest.mark.parametrize("forged", ["segment/{other}", "campaign/999", "segment/x", "nonsense", ""])
def test_an_audience_that_is_none_of_ones_own_sends_nothing(signed_in, bob, south, reader, piece, forged):
    stranger = UserFactory(role="supervisor", branch=south)
    rule = {"groups": [{"parts": [{"what": "status", "how": "is", "value": "active"}]}]}
    other = save_segment(actor=stranger, name="Theirs", rule=rule).segment
    browser, body = signed_in(bob), {"audience": forged.format(other=other.pk)}
    page = text_of(browser.post(f"/pieces/{piece.pk}/send/", body), 422)
    assert "Theirs" not in page
    assert not PieceSending.objects.exists()


def test_the_page_counts_and_lists_the_clients_one_works_with_masked_where_they_are(
    signed_in, alice, dora, sending, simon, nina, piece
):
    PieceSendingFactory(piece=piece, client=simon, opened_at=timezone.now())
    PieceSendingFactory(piece=piece, client=nina)
    own = text_of(signed_in(alice).get(f"/pieces/{piece.pk}/"))
    assert "Carla Núñez" in own
    assert "1 wait to leave." in own
    for secret in ("Simon", "Nina", "S-1", "N-2", "Send it", "Withdraw"):
        assert secret not in own
    masked_page = text_of(signed_in(dora).get(f"/pieces/{piece.pk}/"))
    assert "Carla" not in masked_page
    assert "Client N-1" in masked_page
    assert "Client S-1" in masked_page
    lines = b"".join(
        signed_in(alice).get(f"/pieces/{piece.pk}/export/?format=csv").streaming_content
    ).decode()
    assert "N-1,Carla Núñez,North,Spanish,waits to be written" in lines
    assert "S-1" not in lines
    assert signed_in(dora).get(f"/pieces/{piece.pk}/export/")["Content-Type"].endswith("sheet")
    exports = AuditEntry.objects.filter(act="export", subject=f"piece/{piece.pk}")
    assert set(exports.values_list("actor_id", "count")) == {(alice.pk, 1), (dora.pk, 3)}


def test_sent_and_opened_are_counted_by_language(signed_in, bob, alice, north, reader, piece):
    for n in range(3):
        client = ClientFactory(branch=north, manager=alice, email="c@x.example", language="es" if n else "en")
        ConsentFactory(client=client, channel="email", purpose="education")
    browser = signed_in(bob)
    browser.post(f"/pieces/{piece.pk}/send/", {"audience": "all"})
    for row in PieceSending.objects.select_related("message__message"):
        row.message.message.state, row.message.message.sent_at = "sent", timezone.now()
        row.message.message.save()
    PieceSending.objects.filter(language="es").update(opened_at=timezone.now())
    page = " ".join(text_of(browser.get(f"/pieces/{piece.pk}/")).split())
    assert "Sent to 4 of your clients, <strong>2 opened it</strong>" in page
    assert '<th scope="row">Spanish</th><td class="num">2</td><td class="num">2</td>' in page
    assert '<th scope="row">English</th><td class="num">2</td><td class="num">0</td>' in page


def test_the_lists_cost_the_same_for_two_and_for_twenty(signed_in, bob, alice, north, piece, lecture):
    browser, counted = signed_in(bob), []
    series = lecture.series
    for n in range(20):
        client = ClientFactory(branch=north, manager=alice)
        PieceSendingFactory(piece=piece, client=client)
        PieceFactory(words=IN_TWO)
        LectureSeriesFactory()
        Invitation.objects.create(
            event=lecture,
            client=client,
            number=n + 1,
            key="k",
            invited_by=bob,
            attendance="came",
            came_at=timezone.now(),
        )
        if n in (1, 19):
            browser.get("/pieces/")
            for address in ("/pieces/", f"/pieces/{piece.pk}/", "/series/", f"/series/{series.pk}/"):
                with CaptureQueriesContext(connection) as queries:
                    browser.get(address)
                counted.append(len(queries))
    assert counted[:4] == counted[4:]


# -- for the reader --------------------------------------------------------------------------------


def test_the_link_shows_the_piece_in_its_language_and_nothing_of_the_reader(client, sending, link, piece):
    answer = client.get(link, headers={"Accept-Language": "en"})
    page = text_of(answer)
    assert '<html lang="es"' in page
    assert answer["Content-Language"] == "es"
    assert "Los tipos suben." in page
    for secret in ("Carla", "N-1", "carla@", "Alice", "/accounts/", "csrf", "<img", "<script"):
        assert secret not in page
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"] == "noindex"
    assert not answer.cookies


def test_its_words_are_paragraphs_and_no_markup(client, sending, link):
    PieceSending.objects.update(language="en")
    page = text_of(client.get(link))
    assert "<p>Rates rise.</p><p>Bonds &lt;b&gt;fall&lt;/b&gt;.<br>Always.</p>" in page


def test_the_first_opening_is_noted_once_and_its_secret_nowhere(client, sending, link):
    client.head(link)
    client.get(link, headers={"Sec-Purpose": "prefetch"})
    sending.refresh_from_db()
    assert sending.opened_at is None
    client.get(link)
    sending.refresh_from_db()
    first = sending.opened_at
    assert first is not None
    client.get(link)
    sending.refresh_from_db()
    assert sending.opened_at == first
    kept = pghistory.models.Context.objects.values_list("metadata", flat=True)
    assert not any(sending.key in str(one) or link in str(one) for one in kept)
    assert masked(f"GET {link} 200") == "GET /reading/•••/ 200"


def test_our_own_staff_looking_is_no_opening(signed_in, alice, sending, link):
    text_of(signed_in(alice).get(link))
    sending.refresh_from_db()
    assert sending.opened_at is None


def test_one_too_many_is_told_to_wait_and_does_not_count(client, sending, link, monkeypatch):
    monkeypatch.setattr(views, "READINGS", 1)
    client.head(link)
    answer = client.get(link)
    assert "try again in a minute" in text_of(answer, 429)
    assert answer["Referrer-Policy"] == "no-referrer"
    sending.refresh_from_db()
    assert sending.opened_at is None


def test_a_link_that_was_tampered_with_answers_like_an_absent_address_without_a_question(
    client, sending, link, piece, dora
):
    other = PieceSendingFactory(piece=piece, client=ClientFactory())
    signed = learning.reading_token(sending)
    stolen = learning.reading_token(other).split(":")[0] + ":" + signed.split(":")[1]
    absent = client.get("/no-such-page/")
    csrf = re.compile(rb'csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"')
    for token in (signed[:-2] + "xx", stolen, "nonsense", ":", unsubscribe_token(sending.client)):
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(f"/reading/{token}/")
        assert not queries.captured_queries
        assert answer.status_code == absent.status_code == 404
        assert csrf.sub(b"", answer.content) == csrf.sub(b"", absent.content)
    assert client.post(link).status_code == 405
    learning.withdraw_piece(actor=dora, piece=piece)
    gone = client.get(link)
    assert gone.status_code == 404
    assert csrf.sub(b"", gone.content) == csrf.sub(b"", absent.content)
    assert not PieceSending.objects.filter(opened_at__isnull=False).exists()


def test_from_the_button_to_the_opened_link(signed_in, client, bob, reader, piece):
    signed_in(bob).post(f"/pieces/{piece.pk}/send/", {"audience": "all"})
    client.logout()
    Message.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    assert deliver(Message.objects.get().pk) == "sent"
    (letter,) = mail.outbox
    (found,) = re.findall(r"http://localhost:8000(/reading/\S+)", letter.body)
    assert "Rates rise." in text_of(client.get(found))
    assert PieceSending.objects.get().opened_at is not None


# -- lectures --------------------------------------------------------------------------------------


@pytest.fixture
def lecture(north, bob):
    now = timezone.now()
    event = Event.objects.create(
        series=LectureSeriesFactory(name="Evenings", planned_by=bob),
        theme=Theme.objects.get(code="education"),
        branch=north,
        starts_at=now,
        ends_at=now + timedelta(hours=2),
        answer_until=now,
        language="en",
        planned_by=bob,
    )
    EventWords.objects.create(event=event, language="en", title="Bonds", place="Room 2")
    return event


def test_a_series_shows_its_lectures_and_who_came_to_how_many(
    signed_in, alice, bob, dora, carla, nina, simon, lecture
):
    second = Event.objects.create(
        series=lecture.series,
        theme=lecture.theme,
        branch=lecture.branch,
        starts_at=lecture.starts_at + timedelta(days=7),
        ends_at=lecture.ends_at + timedelta(days=7),
        answer_until=lecture.answer_until,
        language="en",
        planned_by=bob,
    )
    EventWords.objects.create(event=second, language="en", title="Shares", place="Room 2")
    for event, client in ((lecture, carla), (second, carla), (lecture, nina), (second, simon)):
        Invitation.objects.create(
            event=event,
            client=client,
            number=event.invitations.count() + 1,
            key="k",
            invited_by=bob,
            attendance="came",
            came_at=timezone.now(),
        )
    address = f"/series/{lecture.series_id}/"
    own = text_of(signed_in(alice).get(address))
    assert re.search(r"Carla Núñez</a>.*?<td>North</td><td class=\"num\">2</td>", own)
    assert "Bonds" in own
    assert "Shares" in own
    assert not re.search("Nina|Simon", own)
    assert "Change" not in own
    everybody = text_of(signed_in(dora).get(address))
    assert all(f"Client {number}" in everybody for number in ("N-1", "N-2", "S-1"))
    assert "Carla" not in everybody


def test_a_series_is_begun_and_changed_in_a_panel(signed_in, bob, north):
    browser = signed_in(bob)
    assert "No series yet." in text_of(browser.get("/series/"))
    page = text_of(browser.post("/series/add/", {"name": "Evenings", "about": "On bonds"}, follow=True))
    assert "On bonds" in page
    series = LectureSeries.objects.get()
    page = text_of(browser.post("/series/add/", {"name": "Evenings"}), 422)
    assert "There is a series of this name already." in page
    text_of(browser.post(f"/series/{series.pk}/change/", {"name": "Mornings"}, follow=True))
    assert LectureSeries.objects.get().name == "Mornings"
    other = UserFactory(role="supervisor", branch=BranchFactory())
    assert signed_in(other).post(f"/series/{series.pk}/change/", {"name": "Mine"}).status_code == 404
    assert LectureSeries.objects.get().name == "Mornings"
