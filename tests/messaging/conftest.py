"""A real SMTP server on loopback that counts, and that can refuse, hang up or keep silent."""

import asyncio
import socket
import threading

import pytest
from aiosmtpd.controller import Controller

from messaging import services
from messaging.gateways import mail


class Postman:
    """What the server does with each mail, and what it has seen.

    `rcpt` and `data` are the answers; "hang up" closes the connection instead, "silent" never answers.
    """

    def __init__(self):
        self.rcpt = "250 OK"
        self.data = "250 taken"
        self.accepted = []
        self.reached_data = threading.Event()
        self.waiting = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt == "silent":
            await self._never()
        if self.rcpt == "hang up":
            server.transport.abort()
            return "421 gone"
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):
        if self.data.startswith("250") or self.data in ("silent", "hang up"):
            self.accepted.append(envelope.content)  # it has it, whatever the sender will hear
        self.reached_data.set()
        if self.data == "silent":
            await self._never()
        if self.data == "hang up":
            server.transport.abort()
            return "421 gone"
        return self.data

    async def _never(self):
        self.waiting = asyncio.Event()
        await self.waiting.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def postman(settings):
    """A running SMTP server, to which Django's mail goes."""
    postman = Postman()
    controller = Controller(postman, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = controller.hostname
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 5
    yield postman
    mail._line.drop()  # the port may be another server's next
    controller.stop()


@pytest.fixture
def kinds(monkeypatch):
    """Kinds registered by a test vanish with it."""
    monkeypatch.setattr(services, "_kinds", dict(services._kinds))
