"""The door: one call, one request on the wire, or a `ProviderFailure` that says why not.

    kind       when
    CONNECT    refused, unreachable, no such name, or not connected within the connect timeout
    TLS        the handshake failed or the certificate is not for this host
    RESET      the connection ended before the reply did (or before it began)
    TIMEOUT    the deadline came: while queueing, connecting, waiting or reading
    IDLE       no byte came for the idle timeout
    BAD_REPLY  the bytes are not an acceptable HTTP/1.1 reply, or are over a limit
    CANCELLED  the client, or the response, was closed meanwhile

It never retries, not even a kept-alive connection that turns out to be closed: one intent, one send.
Whether a failed request may have been acted on is told by `sending`: if it was not called, nothing left.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence

from signalbox.adapters.http.form import Form
from signalbox.adapters.http.headers import Headers
from signalbox.adapters.http.limits import ClientLimits
from signalbox.adapters.http.origin import Origin
from signalbox.adapters.http.pool import Pool
from signalbox.adapters.http.response import Response
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.outbox import Outbox
from signalbox.ports.clock import Clock


class HttpClient:
    """Keep-alive connections per origin, used from one event loop.

    `ssl_context` replaces the default one (the system's trust anchors, verification on), which is made
    when the first `https` origin is used.
    """

    def __init__(
        self, clock: Clock, *, limits: ClientLimits | None = None, ssl_context: ssl.SSLContext | None = None
    ) -> None:
        self._clock = clock
        self._limits = limits or ClientLimits()
        self._ssl_context = ssl_context
        self._pools: dict[Origin, Pool] = {}
        self._outbox: Outbox | None = None
        self._closed = False

    async def send(
        self,
        origin: Origin,
        method: str,
        path: str,
        headers: Headers | Sequence[tuple[str, str]],
        body: bytes,
        *,
        deadline_us: int,
        connect_timeout_ms: int,
        idle_timeout_ms: int,
        sending: Callable[[], None],
    ) -> Response:
        """`submit` a `Form` made for this one request, and return when the head of its reply is in."""
        return await self.submit(
            Form(origin, method, path, headers),
            body,
            deadline_us=deadline_us,
            connect_timeout_ms=connect_timeout_ms,
            idle_timeout_ms=idle_timeout_ms,
            sending=sending,
        )

    async def submit(
        self,
        form: Form,
        body: bytes,
        value: str = "",
        *,
        deadline_us: int,
        connect_timeout_ms: int,
        idle_timeout_ms: int,
        sending: Callable[[], None],
        whole: bool = False,
    ) -> Response:
        """Send one request; return when the head of its reply is in, or all of it if `whole` and a 200.

        `value` is that of the form's varying header. `deadline_us` is on the monotonic clock and covers the
        body as well; `idle_timeout_ms` is the longest wait for any byte. `sending` is called once, in the
        turn of the event loop in which the request is written; if it raises, nothing is sent.

        Raises `ProviderFailure` (above), `ValueError` for a value that could smuggle another request, and
        `CancelledError` after closing the connection. The caller reads the response or closes it.
        """
        pool = self._pools.get(form.origin) or self._open_pool(form.origin)
        payload = form.fill(body, value)
        left_us = deadline_us - self._clock.monotonic_us()
        if left_us <= 0:
            raise ProviderFailure(FailureKind.TIMEOUT, f"{pool.label}: no time was left to send")
        loop = pool.loop
        deadline = loop.time() + left_us / 1_000_000
        connection = pool.take() or await pool.acquire(
            deadline=deadline, connect_timeout_s=connect_timeout_ms / 1_000
        )
        try:
            sending()
        except BaseException:
            pool.released(connection)
            raise
        response = Response(loop, self._limits, pool.label, whole=whole)
        connection.begin(
            response, payload, head_only=form.head_only, deadline=deadline, idle_s=idle_timeout_ms / 1_000
        )
        if response.source is not None:
            waiter = response.waiter = loop.create_future()
            try:
                await waiter  # it is not woken before that for which it waits
            except asyncio.CancelledError:
                response.close()
                raise
        if response.failure is not None:
            raise response.failure
        return response

    async def aclose(self) -> None:
        """Close every connection; requests in flight fail with CANCELLED. Idempotent."""
        self._closed = True
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.aclose()

    def _open_pool(self, origin: Origin) -> Pool:
        if self._closed:
            raise ProviderFailure(FailureKind.CANCELLED, f"{origin.label}: the client was closed")
        tls = self._tls() if origin.scheme == "https" else None
        loop = asyncio.get_running_loop()
        if self._outbox is None:
            self._outbox = Outbox(loop)
        pool = self._pools[origin] = Pool(loop, origin, self._limits, tls, self._outbox)
        return pool

    def _tls(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
            self._ssl_context.set_alpn_protocols(["http/1.1"])
        return self._ssl_context
