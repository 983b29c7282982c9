"""The server's side of HTTP/1.1: httptools parses, this keeps the limits and the order of answers.

Who enforces what stands in `docs/reference/limits.md`: here header bytes, header and body time,
connections, idle connections and slow readers; body bytes in `body.read_body`; malformed HTTP in httptools;
the drain in uvicorn, which accepts connections and is told of each by the two sets it lends.

It also tells the application why its request is over, by cancelling the request's task: the client has
gone, or was too slow. That is cheaper than a second task per request that waits for a disconnect.

What came whole with a head that came before is not parsed again: `heads` knows when that is the same.

One timer serves the idle time of all requests of a connection: it is armed once and looks, when it fires,
how long the connection has been idle. A request costs a reading of the clock and not a timer.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
from msgspec import Struct
from uvicorn.server import ServerState

from signalbox.edge.exchange import Exchange
from signalbox.edge.heads import Head, KnownHeads
from signalbox.outbox import Outbox

_log: Final = logging.getLogger("signalbox.edge")

GONE: Final = "client gone"
"""The message of the cancellation that a request's task gets when its client leaves."""

SLOW: Final = "client slow"
"""The same, when the body did not arrive in time. The client is still there to be told."""


class EdgeLimits(Struct, frozen=True, kw_only=True):
    """Bytes and seconds. `header_s` runs from connection (or first byte of a request) to the end of its
    headers, `body_s` from there to the end of the body; `stall_s` is how long a reader may take to make
    room once the buffer for it is full; `idle_s` how long a connection may wait for its next request."""

    header_bytes: int = 32_768
    header_s: float = 5.0
    body_s: float = 15.0
    stall_s: float = 30.0
    idle_s: float = 75.0
    connections: int = 1_024


Application = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]


class EdgeProtocol(asyncio.Protocol):
    """One connection. Requests that come before the last one is answered wait their turn, unread."""

    def __init__(
        self,
        *,
        app: Application,
        limits: EdgeLimits,
        server_state: ServerState,
        heads: KnownHeads | None = None,
        outbox: Outbox | None = None,
        _loop: asyncio.AbstractEventLoop | None = None,
        **uvicorn: Any,
    ) -> None:
        """`heads` and `outbox` are shared by the connections of a server."""
        self._app = app
        self._limits = limits
        self._loop = loop = _loop or asyncio.get_running_loop()
        self._now = loop.time
        self._outbox = outbox or Outbox(loop)
        self.write: Callable[[bytes], None] = partial(self._outbox.put, self._write)  # once the turn is over
        self._connections = server_state.connections
        self._tasks: set[Any] = server_state.tasks
        self._parser = httptools.HttpRequestParser(self)
        self._feed = self._parser.feed_data
        # Else bytes behind a request that asks to close would be taken for its fault.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._heads = heads or KnownHeads()
        self._head: Head | None = None  # as it came the last time, if it was known
        self._unlike = 0  # requests of this connection whose head was not known
        self.transport: asyncio.Transport
        self._about: dict[str, Any] = {}  # what the scopes of all requests have in common

        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._expects_continue = False
        self._header_bytes = 0
        self._in_headers = True
        self._in_body = False
        self._refusal = _MALFORMED

        self._latest: Exchange | None = None  # of the last request that came
        self._answering: Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: deque[Exchange] = deque()

        self._reading = True
        self.writable: asyncio.Future[None] | None = None
        self._slow: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._idle_since = 0.0

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._connections.add(self)  # type: ignore[arg-type]  # uvicorn asks no more of it than there is here
        self._about = {
            "type": "http",
            "asgi": _ASGI,
            "scheme": "http",
            "root_path": "",
            "server": _address(transport, "sockname"),
            "client": _address(transport, "peername"),
        }
        if len(self._connections) > self._limits.connections:
            self._refuse(503, "overloaded", "too many connections; try again later")
            return
        self._slow = self._loop.call_later(self._limits.header_s, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        for timer in (self._slow, self._stalled, self._idle):
            if timer is not None:
                timer.cancel()
        self._slow = self._stalled = self._idle = None
        for exchange in (self._answering, self._latest):
            if exchange is not None:
                exchange.leave()
        self.resume_writing()
        if self._task is not None and not self._task.done():
            self._cancel(self._task, GONE)
        # They refer back to us, and the garbage collector seldom comes by.
        self._latest = self._answering = None
        self._waiting.clear()
        del self._parser, self._feed
        self.write = _unheard

    def data_received(self, data: bytes) -> None:
        first = False
        if self._in_headers:
            if not self._header_bytes and self._unlike < _UNLIKE_MAX:
                if self._came(data):
                    return
                first = True
            self._header_bytes += len(data)
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(*self._refusal)
            return
        if self.transport.is_closing():
            return
        if first:
            self._came_unknown(data)
        if self._in_headers:
            if self._header_bytes > self._limits.header_bytes:
                self._refuse(*_OVERSIZED)
            elif self._header_bytes and self._slow is None:
                self._slow = self._loop.call_later(self._limits.header_s, self._too_slow)
        elif self._in_body and self._slow is None:
            self._slow = self._loop.call_later(self._limits.body_s, self._too_slow)

    def pause_writing(self) -> None:
        if self.writable is None:
            self.writable = self._loop.create_future()
        self._arm_stall()

    def resume_writing(self) -> None:
        writable, self.writable = self.writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    # What the parser calls

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = []
        self._expects_continue = False

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._expects_continue = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        # One read may bring more than the limit at once, or a body along with the headers.
        if self._header_bytes > self._limits.header_bytes and self._size() > self._limits.header_bytes:
            self._refusal = _OVERSIZED
            raise ValueError  # httptools makes it a parser's error, which `data_received` answers
        parser = self._parser
        if parser.should_upgrade():
            # httptools would take the body, if there is one, for bytes of the other protocol.
            self._refusal = _UPGRADE
            raise ValueError
        self._in_headers, self._in_body = False, True
        if self._slow is not None:
            self._disarm()
        version = parser.get_http_version()
        raw_path, query = _target(self._url)
        path = raw_path.decode("ascii")
        scope = {
            **self._about,
            "http_version": version,
            "method": parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
        }
        self._turn(
            Exchange(
                self,
                scope,
                version != "1.0" and parser.should_keep_alive(),
                self._expects_continue,
            )
        )

    def on_body(self, body: bytes) -> None:
        if self._latest is not None:
            self._latest.feed(body)

    def on_message_complete(self) -> None:
        self._in_headers, self._in_body, self._header_bytes = True, False, 0
        if self._slow is not None:
            self._disarm()
        if self._latest is not None:
            self._latest.end()

    # Beside the parser

    def _came(self, data: bytes) -> bool:
        """Whether `data` is a whole request with a known head, and nothing else: then it is taken."""
        head = self._head
        scope = head.scope(data) if head is not None else None
        if head is None or scope is None:
            known = self._heads.find(data)
            if known is None:
                return False
            head = self._head = known.over(self._about)
            scope = head.scope(data)
            if scope is None:
                return False
        self._unlike = 0
        if self._slow is not None:
            self._disarm()
        self._turn(Exchange(self, scope, head.keep_alive, _whole=True))
        return True

    def _came_unknown(self, data: bytes) -> None:
        """`data` was parsed, from the beginning of a request on."""
        self._unlike += 1
        exchange = self._latest
        if exchange is not None and self._in_headers and not self._header_bytes:  # it came to its end
            self._heads.learn(data, exchange.scope, keep_alive=exchange.keep_alive)

    # What an exchange calls

    def read_on(self) -> None:
        if not self._reading:
            self._reading = True
            self.transport.resume_reading()

    def read_no_more(self) -> None:
        if self._reading:
            self._reading = False
            self.transport.pause_reading()

    def answered(self, exchange: Exchange) -> None:
        self._answering = None
        if not exchange.keep_alive:
            self._close()
        if self.transport.is_closing():
            return
        if not self._reading:
            self.read_on()
        if self._waiting:
            self._begin(self._waiting.popleft())
            return
        self._idle_since = self._now()
        if self._idle is None:
            self._idle = self._loop.call_later(self._limits.idle_s, self._look)

    # What the server calls

    def shutdown(self) -> None:
        """Close, after the answers that are owed."""
        if self._latest is None or self._latest.answered:
            self._close()
        else:
            self._latest.keep_alive = False

    # Leaves

    def _turn(self, exchange: Exchange) -> None:
        self._latest = exchange
        if self._answering is None:
            self._begin(exchange)
        else:
            self._waiting.append(exchange)
            self.read_no_more()

    def _begin(self, exchange: Exchange) -> None:
        self._answering = exchange
        self._task = task = self._loop.create_task(self._run(exchange))
        self._tasks.add(task)

    async def _run(self, exchange: Exchange) -> None:
        """The application has the last word on errors; where it has none, the connection is broken off."""
        task = self._task  # of this request: the next begins once it is answered
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except RuntimeError as error:
            _log.error("a connection was broken off: %s", error)
        finally:
            self._tasks.discard(task)
            if not (exchange.answered or exchange.gone):
                self._close()

    def _look(self) -> None:
        """The idle timer fired: close, or wait for as long as the last request has put it off."""
        self._idle = None
        if self._answering is not None or self._header_bytes or self._in_body:
            return  # armed again by the next answer; a request that is coming in has times of its own
        left_s = self._idle_since + self._limits.idle_s - self._now()
        if left_s > 0:
            self._idle = self._loop.call_later(left_s, self._look)
        else:
            self._close()

    def _size(self) -> int:
        return len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers)

    def _too_slow(self) -> None:
        self._slow = None
        if not self._reading:  # it is we who do not read: an earlier request is being answered
            self._slow = self._loop.call_later(self._limits.body_s, self._too_slow)
        elif self._in_body:
            self._too_slow_body()
        elif self._header_bytes:
            self._refuse(408, "request_timeout", "the request's headers did not arrive in time")
        else:
            self.transport.close()  # nothing was asked, so nothing is answered

    def _too_slow_body(self) -> None:
        """The application answers, because it knows whose request it is; unless it has answered already."""
        exchange, task = self._answering, self._task
        if (
            exchange is None
            or exchange is not self._latest
            or exchange.started
            or task is None
            or task.done()
        ):
            self.transport.abort()
        else:
            self._cancel(task, SLOW)

    def _cancel(self, task: asyncio.Task[None], why: str) -> None:
        """One that has not begun never will, and then does not take itself from the server's tasks."""
        task.add_done_callback(self._tasks.discard)
        task.cancel(why)

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer without the application, and close."""
        if self._owing():
            self.transport.abort()  # this refusal would be taken for the answer to an earlier request
            return
        body = b'{"error":{"message":"%s","type":"invalid_request_error","param":null,"code":"%s"}}' % (
            message.encode(),
            code.encode(),
        )
        head = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\n" % (status, _PHRASES[status])
        self.write(head + b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
        self._close()

    def _owing(self) -> bool:
        """Whether an answer is under way, or owed to a request before the one that is being read."""
        exchange = self._answering
        if exchange is None:
            return False
        return exchange.started or self._in_headers or exchange is not self._latest

    def _write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def _close(self) -> None:
        """After what is written. A closing transport waits for its reader without end: not for this one."""
        self._outbox.flush()
        self.transport.close()
        if self.transport.get_write_buffer_size():
            self._arm_stall()

    def _arm_stall(self) -> None:
        if self._stalled is None:
            self._stalled = self._loop.call_later(self._limits.stall_s, self.transport.abort)

    def _disarm(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None


_UNLIKE_MAX: Final = 8
"""A client whose heads are never alike (a trace's number in each) is not looked up any further."""
_MALFORMED: Final = (400, "malformed_request", "not a valid HTTP/1.1 request")
_UPGRADE: Final = (400, "unsupported", "only HTTP/1.1 is spoken here: send no Upgrade header, and no CONNECT")
_OVERSIZED: Final = (431, "headers_too_large", "the request's headers are too large")
_PHRASES: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


def _unheard(data: bytes) -> None:
    """Writing where nobody reads any more."""


def _target(url: bytes) -> tuple[bytes, bytes]:
    """Path and query. Raises for what is no target of a request."""
    if url.startswith(b"/") and b"#" not in url:
        path, _, query = url.partition(b"?")
        return path, query
    parsed = httptools.parse_url(url)  # the absolute form, which RFC 9112 3.2.2 has servers take
    return parsed.path or b"/", parsed.query or b""


def _address(transport: asyncio.BaseTransport, which: str) -> tuple[str, int] | None:
    address = transport.get_extra_info(which)
    return (str(address[0]), int(address[1])) if isinstance(address, tuple) else None
