"""uvicorn's HTTP/1.1 protocol with the limits that it lacks.

Who enforces what stands in `docs/reference/limits.md`: here header bytes, header and body time,
connections and slow readers; body bytes in `body.read_body`; malformed HTTP in httptools; the drain and
(by the time set here) idle connections in uvicorn.

It also tells the application why its request is over, by cancelling the request's task: the client has
gone, or was too slow. That is cheaper than a second task per request that waits for a disconnect.
"""

import asyncio
from typing import Any, Final

from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

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


class Corked:
    """A transport that holds the head of a response back until there is body to send with it: one system
    call instead of two. A response without body (to HEAD) is sent by `flush`, when it is complete."""

    __slots__ = ("_head", "_transport", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100 "):
            self._head = data
            return
        self._transport.write(data)

    def flush(self) -> None:
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()


class EdgeProtocol(HttpToolsProtocol):
    def __init__(self, *, limits: EdgeLimits, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._limits = limits
        self.timeout_keep_alive = limits.idle_s  # type: ignore[assignment]  # a timer takes fractions too
        self._header_bytes = 0
        self._in_headers = True
        self._in_body = False
        self._refusal = _MALFORMED
        self._slow: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._answering: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        self._corked = Corked(transport)
        if len(self.connections) > self._limits.connections:
            self._refuse(503, "overloaded", "too many connections; try again later")
            return
        self._slow = self.loop.call_later(self._limits.header_s, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._disarm()
        self._unset_keepalive_if_required()
        if self._stalled is not None:
            self._stalled.cancel()
        if self._answering is not None:
            self._answering.disconnected = True  # uvicorn marks the last request that came, not this one
        if self._task is not None and not self._task.done():
            self._task.cancel(GONE)

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            self._header_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_headers:
            if self._header_bytes > self._limits.header_bytes:
                self._refuse(*_OVERSIZED)
            elif self._header_bytes and self._slow is None:
                self._slow = self.loop.call_later(self._limits.header_s, self._too_slow)
        elif self._in_body and self._slow is None:
            self._slow = self.loop.call_later(self._limits.body_s, self._too_slow)

    def on_headers_complete(self) -> None:
        # One read may bring more than the limit at once, or a body along with the headers.
        if self._header_bytes > self._limits.header_bytes and self._size() > self._limits.header_bytes:
            self._refusal = _OVERSIZED
            raise ValueError  # httptools makes it a parser's error, which `send_400_response` answers
        if self.parser.should_upgrade():
            # httptools would take the body, if there is one, for bytes of the other protocol.
            self._refusal = _UPGRADE
            raise ValueError
        self._in_headers, self._in_body = False, True
        if self._slow is not None:
            self._disarm()
        super().on_headers_complete()
        self.cycle.transport = self._corked  # type: ignore[assignment]  # the part of it that a cycle uses

    def on_message_complete(self) -> None:
        self._in_headers, self._in_body, self._header_bytes = True, False, 0
        if self._slow is not None:
            self._disarm()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._corked.flush()
        super().on_response_complete()
        if self.transport.is_closing():
            self._abort_if_unread()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._arm_stall()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._abort_if_unread()

    def send_400_response(self, msg: str) -> None:
        self._refuse(*self._refusal)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        task = self._task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_slow(self) -> None:
        self._slow = None
        if self.flow.read_paused:  # it is we who do not read: an earlier request is being answered
            self._slow = self.loop.call_later(self._limits.body_s, self._too_slow)
        elif self._in_body:
            self._too_slow_body()
        elif self._header_bytes:
            self._refuse(408, "request_timeout", "the request's headers did not arrive in time")
        else:
            self.transport.close()  # nothing was asked, so nothing is answered

    def _too_slow_body(self) -> None:
        """The application answers, because it knows whose request it is; unless it has answered already."""
        cycle, task = self._answering, self._task
        if cycle is not self.cycle or cycle is None or cycle.response_started or task is None or task.done():
            self.transport.abort()
        else:
            task.cancel(SLOW)

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
        self.transport.write(head + b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
        self.transport.close()
        self._abort_if_unread()

    def _owing(self) -> bool:
        """Whether an answer is under way, or owed to a request before the one that is being read."""
        cycle = self._answering
        if cycle is None or cycle.response_complete:
            return False
        return cycle.response_started or self._in_headers or cycle is not self.cycle

    def _abort_if_unread(self) -> None:
        """A transport that closes waits for its reader without end: not for this one."""
        if self.transport.get_write_buffer_size():
            self._arm_stall()

    def _arm_stall(self) -> None:
        if self._stalled is None:
            self._stalled = self.loop.call_later(self._limits.stall_s, self.transport.abort)

    def _disarm(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None


_MALFORMED: Final = (400, "malformed_request", "not a valid HTTP/1.1 request")
_UPGRADE: Final = (400, "unsupported", "only HTTP/1.1 is spoken here: send no Upgrade header, and no CONNECT")
_OVERSIZED: Final = (431, "headers_too_large", "the request's headers are too large")
_PHRASES: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}
