"""The HTTP server under every emulator: it hears requests, keeps receipts and plays scores.

A vendor says what it answers (`conduct`); this file says how that reaches the peer. It is not hardened (no
size limits, no timeouts) and belongs on a loopback address or a unix socket only.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from typing import ClassVar, Final, Self, cast

import httptools
from msgspec import Struct

from signalbox.simulate.receipts import Receipts
from signalbox.simulate.score import Step

_WITHOUT_LINGERING: Final = struct.pack("ii", 1, 0)


class Heard(Struct, frozen=True):
    """One request as it came: `target` is path and query undecoded, header names are lower-case. `place` is
    which of the vendor's addresses it came to."""

    method: str
    target: str
    headers: dict[bytes, bytes]
    body: bytes
    place: str = ""

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")


class LoopbackServer(ABC):
    """A vendor on the loopback: `async with …() as vendor:` serves at `vendor.origin`.

    A vendor may have several `places`, each with a port of its own: the one asked for and those after it, or
    any that are free. `running` counts replies not yet ended (`await idle()` for none), `served` requests in
    all, and `connections` are those now open. `name` marks its receipts. A `receipts` that is handed in is
    closed by whoever made it.
    """

    name: ClassVar[str] = ""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        unix: str = "",
        receipts: Receipts | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.receipts = receipts or Receipts(keep=True)
        self.running = 0
        self.served = 0
        self.connections: set[_Connection] = set()
        self._host, self._port, self._unix, self._ssl = host, port, unix, ssl_context
        self._servers: list[asyncio.Server] = []
        self._ports: dict[str, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    @abstractmethod
    def conduct(self, heard: Heard, number: int) -> tuple[str, Iterator[Step]]:
        """The model asked for (empty if none can be read) and the score of the reply.

        Called before the receipt is written; no byte leaves before it is.
        """

    def request_id(self, heard: Heard) -> str:
        """The id under which a receipt is kept: the caller's own, where it gave one."""
        names = (b"x-request-id", b"x-client-request-id", b"x-ms-client-request-id")
        return next((given for name in names if (given := heard.header(name))), "")

    @property
    def places(self) -> tuple[str, ...]:
        """Where it is, in order; `origin` is of the first. Not to be changed while it runs."""
        return ("",)

    @property
    def origin(self) -> str:
        """Where it listens, without a path: `http://127.0.0.1:40123`, or `unix:/path:`."""
        return self.origin_of(self.places[0])

    def origin_of(self, place: str) -> str:
        """Raises `KeyError` for a place that it does not have."""
        if self._unix:
            return f"unix:{self._socket(place)}:"
        return f"{'https' if self._ssl else 'http'}://{self._host}:{self._ports[place]}"

    async def __aenter__(self) -> Self:
        for number, place in enumerate(self.places):
            self._servers.append(await self._listen(place, self._port and self._port + number))
        return self

    async def _listen(self, place: str, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if self._unix:
            return await loop.create_unix_server(lambda: _Connection(self, place), self._socket(place))
        server = await loop.create_server(
            lambda: _Connection(self, place), self._host, port, ssl=self._ssl, backlog=1024
        )
        self._ports[place] = server.sockets[0].getsockname()[1]
        return server

    def _socket(self, place: str) -> str:
        return self._unix if place == self.places[0] else f"{self._unix}.{place}"

    async def __aexit__(self, *_: object) -> None:
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()

    async def idle(self) -> None:
        """Return once no reply is under way."""
        await self._idle.wait()

    def began(self) -> int:
        self.running += 1
        self.served += 1
        self._idle.clear()
        return self.served

    def ended(self) -> None:
        self.running -= 1
        if not self.running:
            self._idle.set()


class _Connection(asyncio.Protocol):
    """One client. Requests that arrive while a reply is under way wait for their turn."""

    def __init__(self, vendor: LoopbackServer, place: str) -> None:
        self._vendor = vendor
        self._place = place
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Heard] = deque()
        self._score: Iterator[Step] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._number = 0
        self._request_id = ""
        self._in_request = False

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._vendor.connections.add(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._vendor.connections.discard(self)
        if self._in_request:
            self._vendor.served += 1
            self._receive(self._vendor.served, self._heard(), "", whole=False)
        self._end(finished=False)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._score is not None and self._timer is None:
            self._play()

    def abort(self) -> None:
        """Break the connection so that the peer sees a reset, not an end."""
        if self._transport is None or self._transport.is_closing():
            return
        raw = self._transport.get_extra_info("socket")
        if raw is not None and raw.family != socket.AF_UNIX:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _WITHOUT_LINGERING)
        self._transport.abort()

    # httptools callbacks

    def on_message_begin(self) -> None:
        self._in_request = True
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._in_request = False
        self._waiting.append(self._heard())
        if self._score is None:
            self._answer_next()

    # the reply

    def _heard(self) -> Heard:
        method = self._parser.get_method().decode()
        return Heard(method, self._url.decode(), self._headers, b"".join(self._body), self._place)

    def _answer_next(self) -> None:
        heard = self._waiting.popleft()
        self._number = self._vendor.began()
        self._request_id = self._vendor.request_id(heard)
        model, score = self._vendor.conduct(heard, self._number)
        # INVARIANT: the receipt is written before any byte of a reply.
        self._receive(self._number, heard, model, whole=True)
        self._score = score
        self._play()

    def _play(self) -> None:
        """Play the score up to its next pause."""
        self._timer = None
        transport = cast("asyncio.Transport", self._transport)
        while self._score is not None and not self._paused:
            match next(self._score):
                case bytes() as data:
                    transport.write(data)
                case float() as pause_s:
                    self._timer = self._loop.call_later(pause_s, self._play)
                    return
                case "hang":
                    return
                case "reset":
                    self._end(finished=False)
                    self.abort()
                case "close":
                    self._end(finished=False)
                    transport.close()
                case "keep":
                    self._end(finished=True)
                    if self._waiting:
                        self._answer_next()

    def _end(self, *, finished: bool) -> None:
        if self._score is None:
            return
        self._score = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._vendor.receipts.wanted:
            self._vendor.receipts.ended(
                self._number, self._request_id, finished=finished, vendor=self._vendor.name
            )
        self._vendor.ended()

    def _receive(self, number: int, heard: Heard, model: str, *, whole: bool) -> None:
        if self._vendor.receipts.wanted:
            self._vendor.receipts.received(
                number,
                self._vendor.request_id(heard),
                heard.method,
                heard.target,
                model,
                heard.body,
                whole=whole,
                vendor=self._vendor.name,
            )
