"""One reply, as its caller reads it. Filled by the connection; parses nothing itself.

There is one consumer: either `read()`, or one `chunks()` iteration. Body bytes that arrived before a
failure are handed over by `chunks()` before the failure is raised; `read()` raises at once.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Protocol

from signalbox.adapters.http.limits import ClientLimits
from signalbox.domain.failure import FailureKind, ProviderFailure


class Source(Protocol):
    """The connection that a reply still arrives on."""

    def abandon(self) -> None:
        """Close it at once; the response fails with CANCELLED."""

    def resume(self) -> None:
        """Read on, if reading was paused."""


class Response:
    """`status` and headers are complete when `HttpClient.send` returns it.

    Callers use `status`, `header`, `read`, `chunks` and `close`. The other attributes are the connection's:
    `pieces` and `buffered` hold body bytes not yet handed over, `room` is how many may be, `ended` says that
    the whole body has arrived, `source` is None once the connection is no longer bound to this reply.
    """

    __slots__ = (
        "_body_bytes_max",
        "_label",
        "_loop",
        "buffered",
        "collecting",
        "ended",
        "failure",
        "headers",
        "pieces",
        "room",
        "source",
        "status",
        "waiter",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, limits: ClientLimits, label: str) -> None:
        self._loop = loop
        self._label = label
        self._body_bytes_max = limits.body_bytes_max
        self.room = limits.buffer_bytes_max
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.pieces: list[bytes] = []
        self.buffered = 0
        self.collecting = False
        self.ended = False
        self.failure: ProviderFailure | None = None
        self.source: Source | None = None
        self.waiter: asyncio.Future[None] | None = None

    def header(self, name: str) -> str | None:
        """The value of a header by its lower-case name; repeated headers are joined with `, `."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    async def read(self) -> bytes:
        """The whole body. Raises `ProviderFailure`, BAD_REPLY among others if it is over the limit."""
        if self.source is not None and self.buffered <= self._body_bytes_max:
            self.collecting = True
            self.room = self._body_bytes_max
            self.source.resume()
            while self.source is not None:
                await self.arrival()
        if self.buffered > self._body_bytes_max:
            self.close()
            raise ProviderFailure(FailureKind.BAD_REPLY, f"{self._label}: {self.too_long()}")
        if self.failure is not None:
            raise self.failure
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Body bytes as they arrive, never empty; what came in several pieces meanwhile comes as one.

        Leaving the iteration early (and closing the generator) is `close()`.
        """
        pieces = self.pieces
        try:
            while True:
                if pieces:
                    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                    pieces.clear()
                    if self.buffered > self.room and self.source is not None:
                        self.source.resume()
                    self.buffered = 0
                    yield data
                elif self.failure is not None:
                    raise self.failure
                elif self.ended:
                    return
                else:
                    await self.arrival()
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
        finally:
            self.waiter = None

    def wake(self) -> None:
        """Let the consumer look again."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def fail(self, failure: ProviderFailure) -> None:
        """No more will arrive."""
        self.failure = failure
        self.source = None
        self.wake()

    def too_long(self) -> str:
        return f"the body is longer than {self._body_bytes_max} bytes"
