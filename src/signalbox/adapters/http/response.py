"""One reply, as its caller reads it. Filled by the connection; parses nothing itself.

There is one consumer: either `read()`, or `more()`, by itself or as one `chunks()` iteration. Body bytes
that arrived before a failure are handed over by `more()` before it is raised; `read()` raises at once.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final, Protocol

from signalbox.adapters.http.limits import ClientLimits
from signalbox.domain.failure import FailureKind, ProviderFailure

_CONTENT_TYPE: Final = b"\r\ncontent-type:"
_TYPE_AT: Final = len(_CONTENT_TYPE)


class Source(Protocol):
    """The connection that a reply still arrives on."""

    def abandon(self) -> None:
        """Close it at once; the response fails with CANCELLED."""

    def resume(self) -> None:
        """Read on, if reading was paused."""


class Response:
    """`status` and headers are there, and complete, when `HttpClient` returns it.

    Callers use `status`, `header`, `is_of_type`, `read`, `content`, `more`, `chunks` and `close`. The other
    attributes are the connection's: `pieces` and `buffered` hold body bytes not yet handed over, `room` is
    how many may be, `collecting` that nobody wants to be woken before the end, `ended` that the whole body
    has arrived, `head` its head as it came and `lower` in lower case, `source` is None once no connection
    is bound to this reply.

    `whole`: the reader is woken once, when everything is there, if the status is 200; else as always.
    """

    __slots__ = (
        "_label",
        "_limits",
        "_loop",
        "buffered",
        "collecting",
        "ended",
        "failure",
        "head",
        "lower",
        "pieces",
        "room",
        "source",
        "status",
        "waiter",
    )

    status: int
    head: bytes
    lower: bytes

    def __init__(
        self, loop: asyncio.AbstractEventLoop, limits: ClientLimits, label: str, *, whole: bool = False
    ) -> None:
        self._loop = loop
        self._label = label
        self._limits = limits
        self.room = limits.body_bytes_max if whole else limits.buffer_bytes_max
        self.pieces: list[bytes] = []
        self.buffered = 0
        self.collecting = whole
        self.ended = False
        self.failure: ProviderFailure | None = None
        self.source: Source | None = None
        self.waiter: asyncio.Future[None] | None = None

    def header(self, name: str) -> str | None:
        """The value of a header by its lower-case name; repeated headers are joined with `, `."""
        value = values_in(self.head, self.lower, name.encode())
        return None if value is None else value.decode("latin-1")

    def is_of_type(self, media: bytes) -> bool:
        """Whether the content type begins with `media`, which is in lower case."""
        lower = self.lower
        at = lower.find(_CONTENT_TYPE)
        return at > 0 and lower[at + _TYPE_AT :].lstrip(b" \t").startswith(media)

    async def read(self) -> bytes:
        """The whole body. Raises `ProviderFailure`, BAD_REPLY among others if it is over the limit."""
        if self.source is not None and self.buffered <= self._limits.body_bytes_max:
            self.collecting = True
            self.room = self._limits.body_bytes_max
            self.source.resume()
            while self.source is not None:
                await self.arrival()
        return self.content()

    def content(self) -> bytes:
        """`read` for a reply that has ended or failed."""
        if self.buffered > self._limits.body_bytes_max:
            self.close()
            raise ProviderFailure(FailureKind.BAD_REPLY, f"{self._label}: {self.too_long()}")
        if self.failure is not None:
            raise self.failure
        pieces = self.pieces
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def more(self) -> bytes:
        """The body bytes that have arrived, waiting for the first of them; empty when the body has ended.

        What came in several pieces meanwhile comes as one. Raises `ProviderFailure`.
        """
        pieces = self.pieces
        while not pieces:
            if self.failure is not None:
                raise self.failure
            if self.ended:
                return b""
            waiter = self.waiter = self._loop.create_future()  # `arrival`, without another coroutine a chunk
            try:
                await waiter
            except asyncio.CancelledError:
                self.close()
                raise
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        if self.buffered > self.room and self.source is not None:
            self.source.resume()
        self.buffered = 0
        return data

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """`more` until the end, never empty.

        Leaving the iteration early (and closing the generator) is `close()`.
        """
        try:
            while data := await self.more():
                yield data
        finally:
            self.close()

    def close(self) -> None:
        """Abort the connection if the body has not ended; nothing otherwise. Idempotent."""
        if self.source is not None:
            self.source.abandon()

    async def arrival(self) -> None:
        """Wait for something new. Cancelling the wait closes the connection, so that the peer stops work."""
        waiter = self.waiter = self._loop.create_future()
        try:
            await waiter
        except asyncio.CancelledError:
            self.close()
            raise

    def wake(self) -> None:
        """Let the consumer look again."""
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)

    def collect_no_more(self) -> None:
        """It is a refusal: how much of it is read is for its reader to say."""
        self.collecting = False
        self.room = self._limits.buffer_bytes_max

    def fail(self, failure: ProviderFailure) -> None:
        """No more will arrive."""
        self.failure = failure
        self.source = None
        self.wake()

    def too_long(self) -> str:
        return f"the body is longer than {self._limits.body_bytes_max} bytes"


def values_in(head: bytes, lower: bytes, name: bytes) -> bytes | None:
    """The values of the header `name` (lower-case) in `head`, joined with `, `; `lower` is `head.lower()`.

    `head` is one that the parser has accepted, and each of its lines ends in CR LF.
    """
    line = b"\r\n%b:" % name
    found = None
    at = lower.find(line)
    while at >= 0:
        start = at + len(line)
        at = head.find(b"\r\n", start)
        value = head[start:at].strip(b" \t")
        found = value if found is None else found + b", " + value
        at = lower.find(line, at)
    return found
