"""The connections of one origin: at most so many, the last used first, and a queue for the rest.

INVARIANT: `open` counts every connection that is being opened, idle, handed to a waiter or in use, and
nothing else; it never exceeds the limit. A connection or a free slot goes to the longest waiter before
anyone else can take it.
"""

import asyncio
import ssl
from collections import deque

from signalbox.adapters.http.connect import open_connection
from signalbox.adapters.http.connection import Connection
from signalbox.adapters.http.limits import ClientLimits
from signalbox.adapters.http.origin import Origin
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.outbox import Outbox


class Pool:
    """Keep-alive connections to `origin`. `tls` is the context for `https`, else None."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        origin: Origin,
        limits: ClientLimits,
        tls: ssl.SSLContext | None,
        outbox: Outbox,
    ) -> None:
        self.label = origin.label
        self.loop = loop
        self.open = 0
        self._origin = origin
        self._limits = limits
        self._tls = tls
        self._outbox = outbox
        self._expiry_ms = _idle_expiry_ms(origin, limits)
        self._idle: list[Connection] = []
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._alive: set[Connection] = set()
        self._all_lost: asyncio.Future[None] | None = None
        self._closed = False

    def take(self) -> Connection | None:
        """The connection that was used last, if one is idle."""
        return self._idle.pop() if self._idle else None

    async def acquire(self, *, deadline: float, connect_timeout_s: float) -> Connection:
        """An idle connection, a new one, or the next that becomes free.

        Raises `ProviderFailure` as `open_connection` does, TIMEOUT if none became free by the deadline,
        and CANCELLED if the client was closed meanwhile.
        """
        while True:
            connection = self.take()
            if connection is None:
                if self.open < self._limits.connections_per_origin:
                    self.open += 1
                    return await self._open(deadline, connect_timeout_s)
                connection = await self._turn(deadline)
                if connection is None:
                    return await self._open(deadline, connect_timeout_s)
            if not connection.closed:
                return connection
            # it was handed to us and closed before we ran: queue again

    async def _open(self, deadline: float, connect_timeout_s: float) -> Connection:
        """Fill a slot that is already counted."""
        try:
            connection = await open_connection(
                self._origin, self._make, self._tls, deadline=deadline, timeout_s=connect_timeout_s
            )
        except BaseException:
            self._free_slot()
            raise
        self._alive.add(connection)
        if self._closed:
            connection.drop()
            raise self._closed_failure()
        return connection

    async def _turn(self, deadline: float) -> Connection | None:
        """Queue for a connection; None means a counted slot to open one in."""
        waiter: asyncio.Future[Connection | None] = self.loop.create_future()
        self._waiters.append(waiter)
        timer = self.loop.call_at(deadline, self._overdue, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_back(waiter.result())
            raise
        finally:
            timer.cancel()  # the queue itself is cleared of waiters that gave up when it is next served

    def _overdue(self, waiter: asyncio.Future[Connection | None]) -> None:
        if not waiter.done():
            text = f"{self.label}: none of {self.open} connections became free by the deadline"
            waiter.set_exception(ProviderFailure(FailureKind.TIMEOUT, text))

    def _give_back(self, given: Connection | None) -> None:
        if given is None:
            self._free_slot()
        elif not given.closed:
            self.released(given)

    def _make(self) -> Connection:
        return Connection(self.loop, self._outbox, self, self.label, self._limits, self._expiry_ms)

    # What a connection reports

    def released(self, connection: Connection) -> None:
        if self._expiry_ms <= 0:  # never used twice; the slot goes to who waits for one
            connection.drop()
            return
        waiter = self._next_waiter() if self._waiters else None
        if waiter is not None:
            waiter.set_result(connection)
        else:
            self._idle.append(connection)
        connection.rest()

    def dropped(self, connection: Connection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        if connection in self._alive:  # else it failed while it was being opened, and `_open` frees the slot
            self._free_slot()

    def lost(self, connection: Connection) -> None:
        self._alive.discard(connection)
        if self._all_lost is not None and not self._alive and not self._all_lost.done():
            self._all_lost.set_result(None)

    async def aclose(self) -> None:
        """Fail what is in flight or queued with CANCELLED; return when every socket is closed."""
        self._closed = True
        while (waiter := self._next_waiter()) is not None:
            waiter.set_exception(self._closed_failure())
        for connection in list(self._alive):
            connection.fail(FailureKind.CANCELLED, "the client was closed")
        if self._alive:
            self._all_lost = self.loop.create_future()
            await self._all_lost

    def _next_waiter(self) -> asyncio.Future[Connection | None] | None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _free_slot(self) -> None:
        waiter = self._next_waiter()
        if waiter is None:
            self.open -= 1
        else:
            waiter.set_result(None)

    def _closed_failure(self) -> ProviderFailure:
        return ProviderFailure(FailureKind.CANCELLED, f"{self.label}: the client was closed")


def _idle_expiry_ms(origin: Origin, limits: ClientLimits) -> int:
    match origin.scheme:
        case "http":
            return limits.idle_expiry_ms
        case "https":
            return limits.idle_expiry_tls_ms
        case "unix":
            return limits.idle_expiry_unix_ms
