"""One request and its answer, as an ASGI application sees them: `scope`, `receive`, `send` (ASGI 3, HTTP).

It frames bodies and holds the head of an answer back until there is body to send with it: one system call
instead of two. It keeps no time and knows no limits but the size of what waits to be read: `protocol` does.

Two things are offered beside ASGI, to doors that answer all day: a start that brings `lines`, headers that
are written already, and `WHOLE`, an answer in one message. Headers are looked at here for what would break
the head; lines are not again, for who writes them has (`replies.line`).
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final, Protocol

from msgspec import Struct

from signalbox.edge.context import BODY

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
_MORE: Final = "http.response.body"
WHOLE: Final = "signalbox.whole"
"""A message with the whole of an answer: JSON as `body`, with status 200 and with the headers in `lines`."""
_WHOLE_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b"


class Line(Protocol):
    """The connection that an exchange is held over. `writable`: what to wait for before more is written."""

    writable: asyncio.Future[None] | None

    def write(self, data: bytes) -> None:
        """In order, and soon."""

    def read_on(self) -> None:
        """Read again, if reading was paused."""

    def read_no_more(self) -> None:
        """Pause until `read_on`."""

    def answered(self, exchange: "Exchange") -> None:
        """The last byte of the answer was written."""


class Exchange(Struct, eq=False):
    """Once it is answered, or the client has gone, `receive` says so and `send` does nothing. A body that
    came whole with its head stands in the scope, until `receive` gives it."""

    _line: Line
    scope: dict[str, Any]
    keep_alive: bool
    _expects_continue: bool = False
    _pieces: list[bytes] = []
    """Of the request's body, as far as it came and is unread."""
    _whole: bool = False
    """All of it came."""
    started: bool = False
    answered: bool = False
    gone: bool = False
    _unread: int = 0
    _told: bool = False
    _waiter: asyncio.Future[None] | None = None
    _head: bytes = b""
    _framing: str = _BY_CLOSE
    _left: int = 0

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
            self._line.write(_CONTINUE)
        if BODY in self.scope:
            self._pieces.append(self.scope.pop(BODY))
        while not (self.answered or self.gone):
            if self._pieces or (self._whole and not self._told):
                pieces, self._pieces = self._pieces, []
                self._unread = 0
                self._told = self._whole
                body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                return {"type": "http.request", "body": body, "more_body": not self._whole}
            self._line.read_on()
            waiter = self._waiter = asyncio.get_running_loop().create_future()
            await waiter
        return _DISCONNECT

    async def send(self, message: dict[str, Any]) -> None:
        """Raises `RuntimeError` for what the protocol does not allow at this point."""
        writable = self._line.writable
        if writable is not None and not self.gone:
            await writable
        if self.gone:
            return
        kind = message["type"]
        if kind == WHOLE and not self.started:
            self.started = True
            lines, body = message["lines"], message["body"]
            if not self.keep_alive:
                lines += _CLOSE[2:]
            self._line.write(_WHOLE_HEAD % (len(body), lines, body))
            self._over()
        elif kind == _MORE and self.started and not self.answered:
            more = message["more_body"]
            data = self._framed(message["body"], more=more)
            if self._head:
                data, self._head = self._head + data, b""
            if data:
                self._line.write(data)
            if not more:
                self._over()
        elif kind == _START and not self.started:
            self._start(message["status"], message["headers"], message.get("lines", b""))
        else:
            raise RuntimeError(f"`{kind}` has no place at this point of an answer")

    # Leaves

    def _start(self, status: int, headers: list[tuple[bytes, bytes]], lines: bytes) -> None:
        self.started = True
        head = b"%b%b\r\n" % (_STATUS_LINES[status], b"\r\n".join(map(_LINE, headers)))
        ends = 1 + len(headers)
        if head.count(b"\n") != ends or head.count(b"\r") != ends or head.find(b"\0") >= 0:
            raise RuntimeError("a header of the answer would break its head")
        head += lines
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

    def _over(self) -> None:
        self.answered = True
        self.scope = {}  # what it asked is not kept for as long as the connection idles
        if self._waiter is not None:
            self._wake()
        self._line.answered(self)

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)
