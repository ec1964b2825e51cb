"""What clients learn from: written, published, sent once to those who allowed it, in their language, and opened."""

from datetime import time, timedelta

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Piece, PieceSending
from campaigns.services import learning
from campaigns.services.learning import (
    audience,
    publish_piece,
    restore_piece,
    send_forgotten,
    send_piece,
    settle_piece,
    withdraw_piece,
    write_piece,
    write_series,
)
from clients.models import Client, Theme
from clients.services import unsubscribe
from interactions.models import ClientMessage, Contact
from interactions.services import messages as mails
from messaging.models import Message
from messaging.services import deliver
from tests.factories import (
    AgreementFactory,
    ClientFactory,
    ConsentFactory,
    ContactFactory,
    LectureSeriesFactory,
    PieceFactory,
    PieceSendingFactory,
    ServiceCaseFactory,
    UserFactory,
)

EVERYBODY = Client.objects.all()
WORDS = {"en": {"title": "What rates do", "body": "Rates rise.\n\nBonds fall."}}
IN_TWO = {"en": ("What rates do", "Rates rise."), "es": ("Qué hacen los tipos", "Los tipos suben.")}


@pytest.fixture(autouse=True)
def any_hour(settings):
    """These tests are not about hours: they pass at night as well."""
    settings.CLIENT_HOURS = (time.min, time.max)


def allow(client, **more):
    return ConsentFactory(client=client, channel="email", purpose="education", **more)


@pytest.fixture
def reader(carla):
    allow(carla)
    return carla


@pytest.fixture
def piece(db):
    return PieceFactory(words=IN_TWO)


def leave(row: PieceSending) -> str:
    """The minute of grace is over, and the worker takes it."""
    row.refresh_from_db()
    outgoing = row.message.message
    Message.objects.filter(pk=outgoing.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    return deliver(outgoing.pk)


# -- written and published ----------------------------------------------------------------------------


def test_a_draft_is_written_changed_and_published_and_then_its_words_stay(bob):
    piece = write_piece(actor=bob, kind="article", language="en", words=WORDS)
    both = WORDS | {"es": {"title": "Los tipos", "body": "Suben."}, "zh-hans": {"title": "", "body": " "}}
    write_piece(actor=bob, kind="case", language="es", words=both, piece=piece)
    piece.refresh_from_db()
    assert (piece.kind, piece.title) == ("case", "What rates do")
    assert set(piece.wordings.values_list("language", flat=True)) == {"en", "es"}
    only = {"es": both["es"]}
    write_piece(actor=bob, kind="case", language="es", words=only, piece=piece)
    assert piece.wordings.get().title == "Los tipos"
    first = publish_piece(actor=bob, piece=piece).published_at
    assert publish_piece(actor=bob, piece=piece).published_at == first
    with pytest.raises(ValidationError, match="stay as they are"):
        write_piece(actor=bob, kind="case", language="es", words=both, piece=piece)
    assert piece.wordings.get().title == "Los tipos"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "poem"}, "kind"),
        ({"language": "fr"}, "language"),
        ({"words": {"fr": {"title": "T", "body": "B"}}}, "language"),
        ({"words": {}}, "title_en"),
        ({"words": {"en": {"title": "", "body": "B"}}}, "title_en"),
        ({"words": {"en": {"title": "T", "body": "  "}}}, "body_en"),
        ({"words": {"en": {"title": "T" * 151, "body": "B"}}}, "title_en"),
        ({"words": {"en": {"title": "T", "body": "B" * 40_001}}}, "body_en"),
        ({"words": {"en": {"title": "T", "body": "B\x00"}}}, "body_en"),
        ({"words": {"en": {"title": "T", "body": "Dear {client}"}}}, "body_en"),
        ({"words": WORDS | {"es": {"title": "Solo el título", "body": ""}}}, "body_es"),
    ],
)
def test_bad_words_are_refused_beside_their_field_and_nothing_is_kept(bob, change, field):
    given = {"kind": "article", "language": "en", "words": WORDS} | change
    with pytest.raises(ValidationError) as refused:
        write_piece(actor=bob, **given)
    assert set(refused.value.error_dict) == {field}
    assert not Piece.objects.exists()


@pytest.mark.parametrize("person", ["alice", "erin", "frank", "gus", "hana", "ines"])
def test_only_supervisors_and_head_office_write_and_send(cast, person, reader, piece):
    actor = cast[person]
    for act in (
        lambda: write_piece(actor=actor, kind="article", language="en", words=WORDS),
        lambda: publish_piece(actor=actor, piece=piece),
        lambda: withdraw_piece(actor=actor, piece=piece),
        lambda: restore_piece(actor=actor, piece=piece),
        lambda: send_piece(actor=actor, piece=piece, clients=EVERYBODY),
        lambda: write_series(actor=actor, name="Evenings"),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert not PieceSending.objects.exists()
    piece.refresh_from_db()
    assert piece.withdrawn_at is None


def test_a_supervisor_changes_what_they_wrote_and_head_office_everything(bob, dora, north):
    draft = PieceFactory(draft=True, written_by=bob)
    other = UserFactory(role="supervisor", branch=north)
    with pytest.raises(PermissionDenied):
        publish_piece(actor=other, piece=draft)
    assert publish_piece(actor=dora, piece=draft).published_at
    left = UserFactory(role="head_office", is_active=False)
    with pytest.raises(PermissionDenied):
        withdraw_piece(actor=left, piece=draft)


def test_account_managers_read_what_is_published(alice, bob, hana, piece):
    draft = PieceFactory(draft=True)
    assert set(Piece.objects.visible_to(alice)) == {piece}
    assert set(Piece.objects.visible_to(bob)) == {piece, draft}
    assert not Piece.objects.visible_to(hana).exists()


# -- sent ------------------------------------------------------------------------------------------


def test_it_goes_to_those_who_allowed_it_in_their_language_and_their_account_managers_name(
    bob, alice, anna, north, reader, nina, simon, piece
):
    luz = ClientFactory(branch=north, manager=anna, email="luz@x.example", language="es-MX", name="Luz Sol")
    wei = ClientFactory(branch=north, manager=anna, email="wei@x.example", language="zh-CN", name="Wei Li")
    for client in (luz, wei, simon, nina):
        allow(client)  # Nina has no email; Simon is nobody of North
    sent = send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    assert (sent.made, sent.left, sent.is_later) == (3, [], False)
    rows = {row.client: row for row in PieceSending.objects.select_related("message", "client")}
    assert {client: row.language for client, row in rows.items()} == {reader: "en", luz: "es", wei: "en"}
    mailed = rows[luz].message
    assert (mailed.kind, mailed.channel, mailed.language) == ("article", "email", "es")
    assert (mailed.subject, mailed.approved_by) == ("Qué hacen los tipos", anna)
    assert rows[reader].message.approved_by == alice
    assert "Los tipos suben." in mailed.body
    assert learning.reading_url(rows[luz]) in mailed.body
    assert {row.sent_by for row in rows.values()} == {bob}
    assert leave(rows[reader]) == "sent"
    (letter,) = mail.outbox
    assert letter.reply_to == [alice.email]
    assert Contact.objects.get(client=reader).theme.code == "education"


def test_the_teaser_is_the_first_paragraph_cut_after_a_word():
    assert learning.teaser("Rates rise.\nAgain.\n\nBonds fall.") == "Rates rise. Again."
    cut = learning.teaser("word " * 200)
    assert cut.endswith("word…")
    assert len(cut) <= learning.TEASER + 1
    assert learning.teaser("字" * 900) == "字" * learning.TEASER + "…"


def _withdrew(client):
    unsubscribe(client=client)


def _complains(client):
    ServiceCaseFactory(client=client)


def _blocked(client):
    Client.objects.filter(pk=client.pk).update(status="blocked")


def _agreed_otherwise(client):
    AgreementFactory(client=client, channels=["call"])


def _bounced(client):
    client.contact_points.filter(kind="email").update(do_not_use=True)


@pytest.mark.parametrize("what", [_withdrew, _complains, _blocked, _agreed_otherwise, _bounced])
def test_whoever_may_not_be_written_to_is_not_and_is_counted_so(bob, reader, piece, what):
    what(reader)
    found = audience(actor=bob, piece=piece, clients=EVERYBODY)
    assert (found.would, found.had, found.may_not) == (0, 0, 1)
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 0
    assert not ClientMessage.objects.exists()


def test_consent_for_offers_is_none_for_articles(bob, carla, piece):
    ConsentFactory(client=carla, channel="email", purpose="marketing")
    allow(carla, granted=True)
    allow(carla, granted=False)
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 0


def test_never_twice(bob, dora, reader, piece):
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 1
    for actor in (bob, dora):
        assert send_piece(actor=actor, piece=piece, clients=EVERYBODY).made == 0
    found = audience(actor=dora, piece=piece, clients=EVERYBODY)
    assert (found.would, found.had, found.may_not) == (0, 1, 0)
    row = PieceSending.objects.get()
    assert leave(row) == "sent"
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 0
    assert len(mail.outbox) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        PieceSendingFactory(piece=piece, client=reader)


def test_it_is_asked_again_when_it_leaves_and_what_never_left_may_be_sent_later(bob, reader, piece):
    send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    row = PieceSending.objects.get()
    first = row.key
    unsubscribe(client=reader)
    assert leave(row) == "failed"
    assert audience(actor=bob, piece=piece, clients=EVERYBODY).had == 0
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 0
    allow(reader)
    stranded = ClientMessage.objects.get()
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 1
    stranded.refresh_from_db()
    assert stranded.is_dropped  # nobody makes a draft of it any more, and so sends it twice
    row.refresh_from_db()
    assert row.message != stranded
    assert row.key != first
    assert leave(row) == "sent"
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 0
    assert PieceSending.objects.count() == 1


def test_what_a_manager_took_back_is_theirs_until_it_is_put_aside(bob, alice, reader, piece):
    send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    draft = mails.take_back_message(actor=alice, message=ClientMessage.objects.get())
    assert draft.is_draft
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 0
    mails.drop_message(actor=alice, message=draft)
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 1


def test_a_draft_and_what_was_withdrawn_are_not_sent(bob, dora, reader, piece):
    with pytest.raises(ValidationError, match="published"):
        send_piece(actor=bob, piece=PieceFactory(draft=True), clients=EVERYBODY)
    withdraw_piece(actor=dora, piece=piece)
    with pytest.raises(ValidationError, match="published"):
        send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    restore_piece(actor=dora, piece=piece)
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 1


def test_withdrawing_stops_what_waits_and_leaves_what_has_gone(dora, bob, anna, north, reader, piece):
    luz = ClientFactory(branch=north, manager=anna, email="luz@x.example")
    allow(luz)
    send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    gone, waits = (PieceSending.objects.get(client=client) for client in (reader, luz))
    assert leave(gone) == "sent"
    withdraw_piece(actor=dora, piece=piece)
    assert leave(waits) == ""
    withdraw_piece(actor=dora, piece=piece)
    restore_piece(actor=dora, piece=piece)
    found = audience(actor=dora, piece=piece, clients=EVERYBODY)
    assert (found.would, found.had) == (1, 1)
    assert len(mail.outbox) == 1


def test_of_a_client_without_a_manager_the_supervisor_writes_and_head_office_only_asks(
    dora, bob, alice, north, reader, piece
):
    free = ClientFactory(branch=north, email="free@x.example")
    allow(free)
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert send_piece(actor=dora, piece=piece, clients=EVERYBODY).made == 2
    assert {row.approved_by for row in ClientMessage.objects.all()} == {bob}


def test_where_nobody_can_write_the_client_is_left_out_and_has_not_had_it(dora, south, piece):
    lone = ClientFactory(branch=south, email="lone@x.example")
    allow(lone)
    sent = send_piece(actor=dora, piece=piece, clients=EVERYBODY)
    assert (sent.made, sent.left) == (0, [(lone, "Nobody looks after this client.")])
    assert not PieceSending.objects.exists()


def test_whoever_was_told_a_short_time_ago_is_said_beforehand_and_left_out(bob, alice, reader, piece):
    ContactFactory(client=reader, staff=alice, theme=Theme.objects.get(code="education"))
    found = audience(actor=bob, piece=piece, clients=EVERYBODY)
    assert (found.would, found.lately) == (1, 1)
    sent = send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    assert sent.made == 0
    assert "may be said again" in sent.left[0][1]
    assert not PieceSending.objects.exists()


def test_a_client_outside_ones_sight_is_neither_counted_nor_sent_it(bob, simon, charlie, reader, piece):
    simon.contact_points.create(kind="email", value="s@x.example")
    allow(simon)
    only = Client.objects.filter(pk=simon.pk)
    found = audience(actor=bob, piece=piece, clients=only)
    assert (found.would, found.had, found.may_not) == (0, 0, 0)
    assert send_piece(actor=bob, piece=piece, clients=only).made == 0


def test_too_many_at_once_are_refused_and_none_is_sent(bob, reader, piece, monkeypatch):
    monkeypatch.setattr(learning, "MOST", 0)
    for act in (audience, send_piece):
        with pytest.raises(ValidationError) as refused:
            act(actor=bob, piece=piece, clients=EVERYBODY)
        assert set(refused.value.error_dict) == {"audience"}
    assert not PieceSending.objects.exists()


def test_many_are_left_to_a_worker_and_a_lost_task_is_found_at_night(bob, reader, piece, monkeypatch):
    queued = []
    monkeypatch.setattr(learning, "AT_ONCE", 0)
    monkeypatch.setattr(learning, "after_commit", lambda *what: queued.append(what))
    sent = send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    assert (sent.made, sent.is_later) == (1, True)
    assert queued == [("campaigns.send_piece", piece.pk)]
    row = PieceSending.objects.get()
    assert row.message is None
    assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == 0
    assert send_forgotten() == 0  # its worker may be on the way
    PieceSending.objects.update(sent_at=timezone.now() - timedelta(hours=2))
    assert send_forgotten() == 1
    assert send_forgotten() == 0
    row.refresh_from_db()
    assert row.message.approved_at
    settle_piece(piece)
    assert ClientMessage.objects.count() == 1


def test_a_withdrawn_piece_whose_task_was_lost_is_stopped_at_night(dora, bob, reader, piece, monkeypatch):
    send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    monkeypatch.setattr(learning, "AT_ONCE", 0)
    withdraw_piece(actor=dora, piece=piece)
    assert not ClientMessage.objects.get().is_dropped
    assert send_forgotten() == 1
    assert ClientMessage.objects.get().is_dropped
    assert send_forgotten() == 0


def test_the_task_is_known_by_the_name_that_services_queue():
    from bankcrm.celery import app
    from campaigns import tasks

    assert app.tasks["campaigns.send_piece"].name == tasks.send_piece.name


def test_one_that_fails_stops_nobody_else(bob, anna, north, reader, piece, monkeypatch, caplog):
    luz = ClientFactory(branch=north, manager=anna, email="luz@x.example")
    allow(luz)
    write, broken = learning._mail, reader.pk

    def _mail(piece, row, writer):
        if row.client_id == broken:
            raise RuntimeError("no")
        return write(piece, row, writer)

    monkeypatch.setattr(learning, "_mail", _mail)
    send_piece(actor=bob, piece=piece, clients=EVERYBODY)
    assert {row.client for row in PieceSending.objects.filter(message=None)} == {reader}
    assert ClientMessage.objects.get().client == luz
    assert "left to the night" in caplog.text


def test_preview_and_rows_cost_the_same_for_few_and_for_many(bob, alice, north, piece, monkeypatch):
    monkeypatch.setattr(learning, "AT_ONCE", 0)
    counted = []
    for n in (3, 30):
        for _n in range(n):
            allow(ClientFactory(branch=north, manager=alice, email="x@x.example"))
        with CaptureQueriesContext(connection) as queries:
            audience(actor=bob, piece=piece, clients=EVERYBODY)
        preview = len(queries)
        with CaptureQueriesContext(connection) as queries:
            assert send_piece(actor=bob, piece=piece, clients=EVERYBODY).made == n
        counted.append((preview, len(queries)))
    assert counted[0] == counted[1]


# -- opened ----------------------------------------------------------------------------------------


def test_a_link_is_of_one_sending_and_a_new_key_makes_the_old_one_worthless(piece, carla):
    row = PieceSendingFactory(piece=piece, client=carla)
    token = learning.reading_token(row)
    assert learning.sending_of_token(token) == row
    learning.note_opening(row)
    row.refresh_from_db()
    first = row.opened_at
    learning.note_opening(row)
    row.refresh_from_db()
    assert row.opened_at == first
    PieceSending.objects.update(key="another")
    assert learning.sending_of_token(token) is None


# -- lectures --------------------------------------------------------------------------------------


def test_a_series_is_begun_and_changed_by_whoever_planned_it_and_head_office(bob, dora, north):
    series = write_series(actor=bob, name=" Evenings  on bonds ", about="Four of them")
    assert (series.name, series.planned_by) == ("Evenings on bonds", bob)
    assert write_series(actor=dora, name="Evenings", series=series).planned_by == bob
    with pytest.raises(PermissionDenied):
        write_series(actor=UserFactory(role="supervisor", branch=north), name="Mine", series=series)
    LectureSeriesFactory(name="Mornings")
    for name, field in ((" ", "name"), ("M" * 121, "name"), ("Mornings", "name")):
        with pytest.raises(ValidationError) as refused:
            write_series(actor=bob, name=name, series=series)
        assert set(refused.value.error_dict) == {field}
    with pytest.raises(ValidationError) as refused:
        write_series(actor=bob, name="Noons", about="a" * 2001)
    assert set(refused.value.error_dict) == {"about"}
