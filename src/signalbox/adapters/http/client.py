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

from signalbox.adapters.http.headers import Headers
from signalbox.adapters.http.limits import ClientLimits
from signalbox.adapters.http.origin import Origin
from signalbox.adapters.http.pool import Pool
from signalbox.adapters.http.response import Response
from signalbox.domain.failure import FailureKind, ProviderFailure
from signalbox.ports.clock import Clock

_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})  # these say `content-length: 0` when there is no body


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
        """Send one request and return when the head of its reply is in.

        `path` includes the query. `headers` is best a `Headers`, prebuilt; pairs are validated at each call.
        `host`, `content-length` and `accept-encoding` are written here. `deadline_us` is on the monotonic
        clock and covers the body as well; `idle_timeout_ms` is the longest wait for any byte. `sending` is
        called once, right before the first byte is handed to the transport; if it raises, nothing is sent.

        Raises `ProviderFailure` (above), `ValueError` for a request that could smuggle another, and
        `CancelledError` after closing the connection. The caller reads the response or closes it.
        """
        pool = self._pools.get(origin) or self._open_pool(origin)
        payload = _payload(pool.prefix(method, path), method, headers, body)
        left_us = deadline_us - self._clock.monotonic_us()
        if left_us <= 0:
            raise ProviderFailure(FailureKind.TIMEOUT, f"{pool.label}: no time was left to send")
        deadline = pool.loop.time() + left_us / 1_000_000
        connection = pool.take() or await pool.acquire(
            deadline=deadline, connect_timeout_s=connect_timeout_ms / 1_000
        )
        try:
            sending()
        except BaseException:
            pool.released(connection)
            raise
        response = Response(pool.loop, self._limits, pool.label)
        connection.begin(
            response,
            payload,
            head_only=method == "HEAD",
            deadline=deadline,
            idle_s=idle_timeout_ms / 1_000,
        )
        while response.status == 0 and response.failure is None:
            await response.arrival()
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
        pool = self._pools[origin] = Pool(asyncio.get_running_loop(), origin, self._limits, tls)
        return pool

    def _tls(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = ssl.create_default_context()
            self._ssl_context.set_alpn_protocols(["http/1.1"])
        return self._ssl_context


def _payload(prefix: bytes, method: str, headers: Headers | Sequence[tuple[str, str]], body: bytes) -> bytes:
    """The whole request in one piece: one write, one segment where it fits."""
    lines = headers.lines if isinstance(headers, Headers) else Headers(headers).lines
    if body or method in _BODY_METHODS:
        return b"%b%bcontent-length: %d\r\n\r\n%b" % (prefix, lines, len(body), body)
    return b"%b%b\r\n" % (prefix, lines)
