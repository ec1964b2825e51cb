"""An SMTP server on loopback that counts each Message-ID, is slow, refuses and hangs up by chance."""

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Callable

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)
REFUSED = "refused"  # an address that begins so is refused for good


class Counting:
    """What the server does. `taken` counts the mails that it accepted, by Message-ID, whether it could say so or not."""

    def __init__(self, seed: int, *, slowest: float = 0.2, trouble: float = 0.03) -> None:
        self.dice = random.Random(seed)
        self.slowest = slowest  # seconds, before and again after a mail is taken
        self.trouble = trouble  # chance of each kind of trouble
        self.taken: Counter[str] = Counter()
        self.spoken: Counter[str] = Counter()
        self.under_way = 0
        self.is_busy = threading.Event()  # somebody is in the middle of a mail

    async def handle_RCPT(self, server: SMTP, session, envelope, address: str, options) -> str:
        if address.startswith(REFUSED):
            self.spoken["550 recipient"] += 1
            return "550 unknown"
        if self._happens():
            return self._say("451 recipient")
        if self._happens():
            return self._hang_up(server, "hung up before the body")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session, envelope) -> str:
        self.under_way += 1
        self.is_busy.set()
        try:
            return await self._take(server, envelope.content)
        finally:
            self.under_way -= 1
            if not self.under_way:
                self.is_busy.clear()

    async def _take(self, server: SMTP, content: bytes) -> str:
        found = MESSAGE_ID.search(content)
        await self._dawdle()
        if self._happens():
            return self._say("452 body")
        if self._happens():
            return self._hang_up(server, "hung up, not taken")
        self.taken[found[1].decode() if found else ""] += 1
        await self._dawdle()
        if self._happens():
            return self._hang_up(server, "hung up, taken")
        return "250 taken"

    def _happens(self) -> bool:
        return self.dice.random() < self.trouble

    async def _dawdle(self) -> None:
        if self.slowest:
            await asyncio.sleep(self.dice.uniform(0, self.slowest))

    def _say(self, answer: str) -> str:
        self.spoken[answer] += 1
        return answer

    def _hang_up(self, server: SMTP, what: str) -> str:
        self.spoken[what] += 1
        server.transport.abort()
        return "421 gone"


def listening(handler: Counting, port: int) -> Controller:
    """The server, started; `stop()` it."""
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    return controller


class Sink(asyncio.Protocol):
    """As little SMTP as a sender needs: where the sender's speed is measured, the server's own must not count."""

    taken = 0  # of all connections

    def connection_made(self, transport) -> None:
        self.transport, self.heard, self.is_text = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.heard += data
        while True:
            said, end, rest = self.heard.partition(b"\r\n.\r\n" if self.is_text else b"\r\n")
            if not end:
                return
            self.heard = rest
            Sink.taken += self.is_text
            self.is_text = not self.is_text and said.upper() == b"DATA"
            self.transport.write(b"354 go on\r\n" if self.is_text else b"250 OK\r\n")


def sinking(port: int) -> Callable[[], None]:
    """Start a sink; what is returned stops it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listens = loop.create_server(Sink, "127.0.0.1", port)
    asyncio.run_coroutine_threadsafe(listens, loop).result()

    def stop() -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    return stop
