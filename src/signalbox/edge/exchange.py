"""One request and its answer, as an ASGI application sees them: `scope`, `receive`, `send` (ASGI 3, HTTP).

It frames bodies and holds the head of an answer back until there is body to send with it: one system call
instead of two. It keeps no time and knows no limits but the size of what waits to be read: `protocol` does.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Protocol

UNREAD_BYTES_MAX: Final = 65_536
"""So much of a body may wait for its application before the connection is no longer read."""

_STATUS_LINES: Final = {
    status.value: b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode()) for status in HTTPStatus
}
_BODILESS: Final = frozenset((204, 304))
_LINE: Final = b": ".join
_LENGTH: Final = b"\r\ncontent-length: "
_CLOSE: Final = b"\r\nconnection: close\r\n"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_DISCONNECT: Final = {"type": "http.disconnect"}
# How the end of an answer's body is told.
_BY_LENGTH: Final = "length"
_CHUNKED: Final = "chunked"
_BY_CLOSE: Final = "close"
_NO_BODY: Final = "none"
_START: Final = "http.response.start"
_BODY: Final = "http.response.body"


class Line(Protocol):
    """The connection that an exchange is held over. `writable`: what to wait for before more is written."""

    writable: asyncio.Future[None] | None

    def read_on(self) -> None:
        """Read again, if reading was paused."""

    def read_no_more(self) -> None:
        """Pause until `read_on`."""

    def answered(self, exchange: "Exchange") -> None:
        """The last byte of the answer was written."""


class Exchange:
    """`over`: answered, or the client has gone; then `receive` says so and `send` does nothing."""

    __slots__ = (
        "_expects_continue",
        "_framing",
        "_head",
        "_left",
        "_line",
        "_loop",
        "_pieces",
        "_told",
        "_unread",
        "_waiter",
        "_whole",
        "_write",
        "answered",
        "gone",
        "keep_alive",
        "scope",
        "started",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        line: Line,
        write: Callable[[bytes], None],
        scope: dict[str, Any],
        *,
        keep_alive: bool,
        expects_continue: bool,
    ) -> None:
        self._loop = loop
        self._line = line
        self._write = write
        self.scope = scope
        self.keep_alive = keep_alive
        self.started = False
        self.answered = False
        self.gone = False
        self._expects_continue = expects_continue
        self._pieces: list[bytes] = []
        self._unread = 0
        self._whole = False
        self._told = False
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""
        self._framing = _BY_CLOSE
        self._left = 0

    # What the connection calls

    def feed(self, data: bytes) -> None:
        """More of the request's body."""
        if self.answered:
            return
        self._pieces.append(data)
        self._unread += len(data)
        if self._unread > UNREAD_BYTES_MAX:
            self._line.read_no_more()
        self._wake()

    def take(self, body: bytes) -> None:
        """The request is whole, and this is all of its body."""
        self._pieces.append(body)
        self._unread = len(body)
        self._whole = True

    def end(self) -> None:
        """The request is whole."""
        self._whole = True
        self._wake()

    def leave(self) -> None:
        """The client has gone."""
        self.gone = True
        self._wake()

    # What the application calls

    async def receive(self) -> dict[str, Any]:
        if self._expects_continue and not self.started:
            self._expects_continue = False
            self._write(_CONTINUE)
        while not (self.answered or self.gone):
            if self._pieces or (self._whole and not self._told):
                pieces, self._pieces = self._pieces, []
                self._unread = 0
                self._told = self._whole
                body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                return {"type": "http.request", "body": body, "more_body": not self._whole}
            self._line.read_on()
            waiter = self._waiter = self._loop.create_future()
            await waiter
        return _DISCONNECT

    async def send(self, message: dict[str, Any]) -> None:
        """Raises `RuntimeError` for what the protocol does not allow at this point."""
        writable = self._line.writable
        if writable is not None and not self.gone:
            await writable
        if self.gone:
            return
        if message["type"] == _BODY and self.started and not self.answered:
            more = message["more_body"]
            data = self._framed(message["body"], more=more)
            if self._head:
                data, self._head = self._head + data, b""
            if data:
                self._write(data)
            if not more:
                self.answered = True
                self._wake()
                self._line.answered(self)
        elif message["type"] == _START and not self.started:
            self._start(message["status"], message["headers"])
        else:
            raise RuntimeError(f"`{message['type']}` has no place at this point of an answer")

    # Leaves

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.started = True
        head = b"%b%b\r\n" % (_STATUS_LINES[status], b"\r\n".join(map(_LINE, headers)))
        ends = 1 + len(headers)
        if head.count(b"\n") != ends or head.count(b"\r") != ends or head.find(b"\0") >= 0:
            raise RuntimeError("a header of the answer would break its head")
        at = head.find(_LENGTH)
        if at >= 0:
            at += len(_LENGTH)
            self._framing, self._left = _BY_LENGTH, int(head[at : head.find(b"\r", at)])
        if self.scope["method"] == "HEAD" or status in _BODILESS:
            self._framing = _NO_BODY
        elif at < 0:
            if self.scope["http_version"] == "1.1":
                self._framing = _CHUNKED
                head += b"transfer-encoding: chunked\r\n"
            else:
                self._framing, self.keep_alive = _BY_CLOSE, False
        if head.find(_CLOSE) >= 0:
            self.keep_alive = False
        elif not self.keep_alive:
            head += _CLOSE[2:]
        self._head = head + b"\r\n"

    def _framed(self, body: bytes, *, more: bool) -> bytes:
        framing = self._framing
        if framing is _CHUNKED:
            if more:
                return b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        if framing is _NO_BODY:
            return b""
        if framing is _BY_LENGTH:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("the body of the answer has another length than its head says")
        return body

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
