"""uvicorn's HTTP/1.1 protocol with the limits that it lacks.

Who enforces what (`docs/reference/limits.md`):

    header bytes, header time, body time, connections, slow readers    here
    body bytes                                                         `body.read_body`
    malformed HTTP                                                     httptools, through uvicorn
    idle keep-alive connections, drain at shutdown                     uvicorn

It also tells the application that its client has gone, by cancelling the request's task: cheaper than a
second task per request that waits for a disconnect.
"""

import asyncio
from typing import Any, Final

from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

GONE: Final = "client gone"
"""The message of the cancellation that a request's task gets when its client leaves."""


class EdgeLimits(Struct, frozen=True, kw_only=True):
    """Bytes and seconds. `header_s` runs from connection (or first byte of a request) to the end of its
    headers, `body_s` from there to the end of the body; `stall_s` is how long a reader may take nothing."""

    header_bytes: int = 32_768
    header_s: float = 5.0
    body_s: float = 15.0
    stall_s: float = 30.0
    connections: int = 1_024


class EdgeProtocol(HttpToolsProtocol):
    def __init__(self, *, limits: EdgeLimits, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._limits = limits
        self._header_bytes = 0
        self._in_headers = True
        self._in_body = False
        self._slow: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self._refuse(503, "overloaded", "too many connections; try again later")
            return
        self._slow = self.loop.call_later(self._limits.header_s, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._disarm()
        if self._stalled is not None:
            self._stalled.cancel()
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
                self._refuse(431, "headers_too_large", "the request's headers are too large")
            elif self._header_bytes and self._slow is None:
                self._slow = self.loop.call_later(self._limits.header_s, self._too_slow)
        elif self._in_body and self._slow is None:
            self._slow = self.loop.call_later(self._limits.body_s, self._too_slow)

    def on_headers_complete(self) -> None:
        self._in_headers, self._in_body = False, True
        if self._slow is not None:
            self._disarm()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers, self._in_body, self._header_bytes = True, False, 0
        if self._slow is not None:
            self._disarm()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._stalled is None:
            self._stalled = self.loop.call_later(self._limits.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, "malformed_request", "not a valid HTTP/1.1 request")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        task = self._task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _too_slow(self) -> None:
        self._slow = None
        what = "headers" if self._in_headers else "body"
        if self._in_headers and not self._header_bytes:
            self.transport.close()  # nothing was asked, so nothing is answered
            return
        self._refuse(408, "request_timeout", f"the request's {what} did not arrive in time")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer without the application, and close."""
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # an answer is under way: a second one in its middle would be garbage
            return
        body = b'{"error":{"message":"%s","type":"invalid_request_error","param":null,"code":"%s"}}' % (
            message.encode(),
            code.encode(),
        )
        head = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\n" % (status, _PHRASES[status])
        self.transport.write(head + b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
        self.transport.close()

    def _disarm(self) -> None:
        if self._slow is not None:
            self._slow.cancel()
            self._slow = None


_PHRASES: Final = {
    400: b"Bad Request",
    408: b"Request Timeout",
    431: b"Request Header Fields Too Large",
    503: b"Service Unavailable",
}
