"""What the SMS gateway reports, against a real HTTP server on loopback; and messages that go into files."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from messaging import gateways
from messaging.gateways import sms
from messaging.models import Message
from tests.messaging.conftest import free_port

NUMBER = "+34600111222"


class Provider(ThreadingHTTPServer):
    """Notes what is posted; `answer` is a status, "hang up" or "silent"."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = 202
        self.headers = {}
        self.posted = []
        self.let_go = threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posted.append((self.path, dict(self.headers), body))
        if self.server.answer == "silent":
            self.server.let_go.wait(20)
            return
        if self.server.answer == "hang up":
            self.close_connection = True
            return
        self.send_response(self.server.answer)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(f"about {NUMBER}".encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def provider(settings):
    server = Provider()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.SMS_URL = f"http://127.0.0.1:{server.server_port}/sms"
    settings.SMS_TOKEN = "a token"
    settings.SMS_SENDER = "Meridian"
    yield server
    server.let_go.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def text():
    return Message(
        pk=7,
        channel="sms",
        address=NUMBER,
        subject="",
        body="Su cita: 10:30 ¿vale?",
        message_id="<one@x.example>",
    )


def test_text_is_posted_once_with_its_key_and_token(provider, text):
    gateways.send(text)
    ((path, headers, body),) = provider.posted
    assert (path, headers["Idempotency-Key"], headers["Authorization"]) == (
        "/sms",
        "<one@x.example>",
        "Bearer a token",
    )
    assert body == {
        "to": NUMBER,
        "text": "Su cita: 10:30 ¿vale?",
        "sender": "Meridian",
        "id": "<one@x.example>",
    }


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (429, gateways.NotSent),
        (503, gateways.NotSent),
        (401, gateways.NotSent),
        (308, gateways.NotSent),
        (400, gateways.Refused),
        (422, gateways.Refused),
        (303, gateways.Unclear),
        (408, gateways.Unclear),
        (500, gateways.Unclear),
        (502, gateways.Unclear),
        ("hang up", gateways.Unclear),
        ("silent", gateways.Unclear),
    ],
)
def test_answer_says_whether_it_may_be_repeated_and_no_error_repeats_the_number(
    provider, text, monkeypatch, caplog, answer, error
):
    monkeypatch.setattr(sms, "TIMEOUT", 0.5)
    provider.answer = answer
    provider.headers = {"Location": "/elsewhere"}
    with pytest.raises(error) as caught:
        gateways.send(text)
    assert len(provider.posted) == 1  # no redirect is followed, nothing is tried twice
    assert "600111222" not in str(caught.value) + caplog.text
    assert "cita" not in str(caught.value) + caplog.text


@pytest.mark.parametrize(("asked", "wait"), [("120", 120), ("99999999", 6 * 3600), ("Wed, 21 Oct", 0)])
def test_retry_after_is_heeded(provider, text, asked, wait):
    provider.answer, provider.headers = 429, {"Retry-After": asked}
    with pytest.raises(gateways.NotSent) as caught:
        gateways.send(text)
    assert caught.value.wait == wait


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "https://127.0.0.1:{served}/", "http://[nonsense"]
)
def test_what_fails_before_the_request_may_be_tried_again(provider, text, settings, url):
    settings.SMS_URL = url.format(port=free_port(), served=provider.server_port)  # nobody, no TLS, no address
    with pytest.raises(gateways.NotSent):
        gateways.send(text)
    assert provider.posted == []


@pytest.mark.parametrize("address", ["600111222", "+34 600", "alice@bank.example", "+34600111222\n"])
def test_what_is_no_number_is_refused(provider, text, address):
    text.address = address
    with pytest.raises(gateways.Refused):
        gateways.send(text)
    assert provider.posted == []


def test_without_a_provider_texts_go_into_files_where_there_is_a_folder_and_nowhere_else(
    text, settings, tmp_path
):
    gateways.send(text)
    (kept,) = (tmp_path / "messages" / "sms").iterdir()
    assert kept.name == "7.txt"
    assert NUMBER in kept.read_text()
    settings.MESSAGING_FILE_DIR = ""
    with pytest.raises(gateways.Refused, match="SMS_URL"):
        gateways.send(text)
