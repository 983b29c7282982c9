"""Drives `HttpClient` with one fixed request, for tests of how it behaves against a peer.

Every part of the request that must not be seen in an error contains `secret`.
"""

import time
from types import TracebackType
from typing import Self

from signalbox.adapters.http import HttpClient, Origin, Response
from signalbox.testing.scripted_server import ScriptedServer


class SystemClock:
    """The real clock."""

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1_000


class HttpCaller:
    """Owns `client` (closed on leaving the block); `sent` counts calls of `sending`."""

    def __init__(self, client: HttpClient | None = None) -> None:
        self.client = client or HttpClient(SystemClock())
        self.sent = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()

    def sending(self) -> None:
        self.sent += 1

    async def post(
        self,
        server: ScriptedServer | Origin,
        *,
        method: str = "POST",
        body: bytes = b"secret",
        deadline_ms: int = 10_000,
        connect_timeout_ms: int = 5_000,
        idle_timeout_ms: int = 5_000,
    ) -> Response:
        origin = server if isinstance(server, Origin) else server.origin
        return await self.client.send(
            origin,
            method,
            "/v1/secret?key=secret",
            [("x-key", "secret")],
            body,
            deadline_us=SystemClock().monotonic_us() + deadline_ms * 1_000,
            connect_timeout_ms=connect_timeout_ms,
            idle_timeout_ms=idle_timeout_ms,
            sending=self.sending,
        )
