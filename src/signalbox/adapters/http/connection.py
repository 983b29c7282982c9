"""One HTTP/1.1 connection: writes a request, parses its reply, keeps its time, sees the peer leave.

It decides nothing about reuse beyond "may be" (`pool.py` does), opens nothing (`connect.py`), and sends a
request only once, whatever happens.

How a broken reply is named: bytes that are not an acceptable HTTP/1.1 message are BAD_REPLY; a connection
that ends before the message has (no reply at all, half a head, a truncated Content-Length or chunked body)
is RESET, because the bytes that came were right and the peer, or something on the way, went away.

The parser (llhttp, strict) judges every byte of a head and frames the body; the head's own bytes are kept
and looked into only for the few headers that somebody asks for, which costs a third of being handed each.

One timer serves all: it is armed for the earliest moment at which something could be due and looks, when
it fires, at what is due by then. Requests on a busy connection move the due times but rarely the timer, so
a request costs a comparison and not a timer.
"""

import asyncio
from math import inf
from typing import Final, Protocol, cast

import httptools

from signalbox.adapters.http.limits import ClientLimits
from signalbox.adapters.http.response import Response, values_in
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.outbox import Outbox

_H: Final = ord("H")


class Owner(Protocol):
    """Who is told what became of a connection."""

    def released(self, connection: "Connection") -> None:
        """It may carry another request."""

    def dropped(self, connection: "Connection") -> None:
        """It will not. Told once."""

    def lost(self, connection: "Connection") -> None:
        """Its socket is closed. Told once, after `dropped`."""


class Connection(asyncio.Protocol):
    """Idle, or bound to one `Response`, or closed.

    INVARIANT: bytes are parsed only while a response is bound; a byte that nobody asked for closes the
    connection, so that no reply can be taken for the answer to a later request.
    """

    __slots__ = (
        "_barren",
        "_deadline",
        "_due",
        "_expiry_s",
        "_fault",
        "_feed",
        "_head",
        "_head_at",
        "_head_only",
        "_header_bytes_max",
        "_heard",
        "_idle_s",
        "_in_head",
        "_label",
        "_loop",
        "_outbox",
        "_owner",
        "_parser",
        "_paused",
        "_response",
        "_reusable",
        "_time",
        "_timer",
        "_transport",
        "_unsent",
        "_used",
        "closed",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        outbox: Outbox,
        owner: Owner,
        label: str,
        limits: ClientLimits,
        expiry_ms: int,
    ) -> None:
        self._loop = loop
        self._outbox = outbox
        self._time = loop.time
        self._owner = owner
        self._label = label
        self._header_bytes_max = limits.header_bytes_max
        self._expiry_s = expiry_ms / 1_000
        self._parser = httptools.HttpResponseParser(self)
        self._feed = self._parser.feed_data
        self._response: Response | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = inf  # when the timer fires; inf while it is not armed
        self._heard = self._time()
        self._deadline = inf
        self._idle_s = inf
        self._used = False
        self._unsent = False  # a request waits for the end of the turn
        self._paused = False
        self._fault = ""
        self._head_only = False
        self._head = b""  # what has come of heads, interim ones included, while one is awaited
        self._head_at = 0  # where in it the current one begins
        self._in_head = True
        self._reusable = False
        self._barren = 0  # bytes since the last byte of body
        self.closed = False

    # What the pool and the client call

    def begin(
        self, response: Response, payload: bytes, *, head_only: bool, deadline: float, idle_s: float
    ) -> None:
        """Write one request, when this turn is over, and bind `response` to its reply. `deadline` is in the
        event loop's time."""
        self._response = response
        response.source = self
        self._head_only = head_only
        self._in_head = True
        self._barren = 0
        self._deadline = deadline
        self._idle_s = idle_s
        self._heard = now = self._time()
        self._unsent = True
        self._outbox.put(self._write, payload)
        if deadline < self._due or now + idle_s < self._due:
            self._arm(min(deadline, now + idle_s))

    def rest(self) -> None:
        """Start the idle time of a connection that waits for its next request."""
        due = self._heard + self._expiry_s
        if due < self._due:
            self._arm(due)

    def drop(self) -> None:
        """Close at once, dropping what was not sent. A bound response is not told: use `fail`."""
        if self.closed:
            return
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport.abort()
        self._owner.dropped(self)

    def fail(self, kind: FailureKind, text: str) -> None:
        """Close at once; the bound response, if any, fails."""
        response, self._response = self._response, None
        self.drop()
        if response is not None:
            response.fail(ProviderFailure(kind, f"{self._label}: {text}"))

    # What the response calls

    def abandon(self) -> None:
        self.fail(FailureKind.CANCELLED, "the reply was closed before its end")

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._heard = now = self._time()
            self._transport.resume_reading()
            due = min(self._deadline, now + self._idle_s)
            if due < self._due:
                self._arm(due)

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            self.drop()
            return
        if self._unsent:
            self.fail(FailureKind.BAD_REPLY, "bytes came before the request had left")
            return
        self._heard = self._time()
        if self._in_head:
            self._head += data
            if self._head[0] != _H:
                self.fail(FailureKind.BAD_REPLY, "the reply does not begin with an HTTP status line")
                return
        before = response.buffered
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._refuse(response, error)
            return
        if response.ended:
            self._finish(response)
        elif response.buffered == before:
            self._count_barren(response, len(data))
        else:
            self._barren = 0
            if response.buffered > response.room and not self._make_room(response):
                return
            if not response.collecting:
                response.wake()

    def eof_received(self) -> None:
        response = self._response
        if response is None:
            self.drop()
        elif not self._in_head and _until_eof(response.lower):
            response.ended = True
            self._reusable = False
            self._finish(response)
        else:
            self.fail(FailureKind.RESET, self._broken("closed"))

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(FailureKind.RESET, self._broken("lost"))
        del self._parser, self._feed  # they refer back to us
        self._owner.lost(self)

    # What the parser calls

    def on_message_begin(self) -> None:
        response = self._response
        if response is None or response.ended:
            raise ValueError("bytes after the end of the reply")

    def on_headers_complete(self) -> None:
        response = self._response
        if response is None:
            return
        head, start = self._head, 0
        if self._head_at:
            start, self._head_at = self._starts_at(), 0
        end = head.find(b"\r\n\r\n", start)  # the parser has seen to it that every line ends in CR LF
        head = head[start : end + 2]
        lower = head.lower()
        status: int = self._parser.get_status_code()
        if not (
            status == 200
            and end <= self._header_bytes_max
            and b"-encoding:" not in lower
            and lower.startswith(b"http/1.1 ")
        ):
            self._fault = self._header_limit() if end > self._header_bytes_max else _head_fault(status, lower)
            if self._fault:
                raise ValueError(self._fault)
            if status < 200:  # an interim reply: the real one follows
                self._head_at = end + 4
                return
            if status != 200 and response.collecting:
                response.collect_no_more()
        self._in_head = False
        self._head = b""
        response.status = status
        response.head = head
        response.lower = lower
        if self._head_only:
            response.ended = True
            self._reusable = False  # unless the parser, too, expects no body and says that it is complete

    def on_body(self, body: bytes) -> None:
        response = self._response
        if response is not None and not response.ended:
            response.pieces.append(body)
            response.buffered += len(body)

    def on_message_complete(self) -> None:
        if not self._in_head and self._response is not None:
            self._response.ended = True
            self._reusable = self._parser.should_keep_alive()

    # Leaves

    def _write(self, payload: bytes) -> None:
        self._unsent = False
        if not self.closed:
            self._transport.write(payload)

    def _count_barren(self, response: Response, count: int) -> None:
        """So many bytes have come without one of body, and only so many may."""
        self._barren += count
        if self._barren > self._header_bytes_max:
            self.fail(FailureKind.BAD_REPLY, self._header_limit())
        elif not self._in_head and not response.collecting:
            response.wake()

    def _starts_at(self) -> int:
        """Where a head after an interim one starts: the parser passes over empty lines between them."""
        return len(self._head) - len(self._head[self._head_at :].lstrip(b"\r\n"))

    def _finish(self, response: Response) -> None:
        """The reply is whole: set the connection free or close it, and tell the reader."""
        self._response = None
        response.source = None
        if self._reusable and self._transport.get_write_buffer_size() == 0:
            self._used = True
            self._owner.released(self)
        else:
            self.drop()
        response.wake()

    def _refuse(self, response: Response, error: Exception) -> None:
        if response.ended:  # the reply was whole; what follows it was not asked for
            self._reusable = False
            self._finish(response)
        else:
            self.fail(FailureKind.BAD_REPLY, self._fault or f"not an HTTP/1.1 reply: {error}")

    def _make_room(self, response: Response) -> bool:
        """Stop reading for a slow consumer; False if the body is over its limit and was refused."""
        if response.collecting:
            self.fail(FailureKind.BAD_REPLY, response.too_long())
            return False
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()
        return True

    def _broken(self, how: str) -> str:
        if self._is_silent():
            again = "a reused" if self._used else "the"
            return f"{again} connection was {how} before any byte of a reply"
        return f"the connection was {how} in the {'head' if self._in_head else 'body'} of the reply"

    def _header_limit(self) -> str:
        return f"more than {self._header_bytes_max} bytes of headers or framing"

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        """The timer fired: act on what is due, or wait for what will be."""
        self._timer = None
        self._due = inf
        now = self._time()
        if self._response is None:
            due = self._heard + self._expiry_s
        elif self._paused:  # the consumer is slow, not the peer
            due = self._deadline
        else:
            due = min(self._deadline, self._heard + self._idle_s)
        if now < due:
            self._arm(due)
        elif self._response is None:
            self.drop()
        elif now >= self._deadline:
            self.fail(FailureKind.TIMEOUT, f"the reply had not {self._progress()} by the deadline")
        else:
            self.fail(
                FailureKind.IDLE, f"no byte for {self._idle_s * 1_000:.0f} ms; it had not {self._progress()}"
            )

    def _progress(self) -> str:
        return "begun" if self._is_silent() else "ended"

    def _is_silent(self) -> bool:
        """Whether no byte of the reply has come."""
        return self._in_head and not self._head


def _head_fault(status: int, lower: bytes) -> str:
    """Why a head, here in lower case, is refused, or nothing. Conflicting lengths the parser has refused."""
    if not lower.startswith((b"http/1.1 ", b"http/1.0 ")):
        return "the status line names another version than HTTP/1.1 or HTTP/1.0"
    if not 100 <= status <= 599 or status == 101:
        return f"status {status} is not one that can be used"
    coding = values_in(lower, lower, b"transfer-encoding")
    if coding is not None and (coding != b"chunked" or lower.startswith(b"http/1.0")):
        return "a transfer-encoding other than `chunked` in HTTP/1.1"
    if values_in(lower, lower, b"content-encoding") not in (None, b"identity", b""):
        return "a content-encoding, which was not asked for"
    return ""


def _until_eof(lower: bytes) -> bool:
    """Whether the body is delimited by the end of the connection."""
    return b"\r\ncontent-length:" not in lower and b"\r\ntransfer-encoding:" not in lower
