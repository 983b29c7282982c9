"""Doors for those who run the service: health, readiness, metrics, reload, the state of endpoints.

`/healthz` and `/readyz` answer anyone (they name no endpoint); the rest asks for the role `operator`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec

from signalbox.domain.errors import MalformedRequest, SignalboxError
from signalbox.edge.context import Headers
from signalbox.edge.gate import Gate, Receive, Scope, Send, allow, answer, answer_error


class Readiness(msgspec.Struct, frozen=True):
    """`ready` is what a load balancer acts on; `checks` says in words what stands in the way."""

    ready: bool
    checks: dict[str, str]


class Service(Protocol):
    """What the running service lets an operator see and do."""

    async def readiness(self) -> Readiness: ...

    def metrics(self) -> bytes:
        """Prometheus text format."""

    async def reload(self) -> dict[str, Any]:
        """New releases from the files; raises `ReloadRefused` and keeps the old ones serving."""

    async def endpoints(self) -> list[dict[str, Any]]: ...

    def release(self, endpoint_id: str) -> str:
        """Lift a quarantine; returns why it was in one, empty if it was not. Raises `NotFound`."""


class ReloadRefused(SignalboxError):
    code = "config_error"
    status = 422

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("\n".join(reasons))


class Operations:
    def __init__(self, gate: Gate, service: Service) -> None:
        self._gate = gate
        self._service = service

    async def healthz(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            allow(scope, "GET", "HEAD")
        except SignalboxError as error:
            await answer_error(send, error)
            return
        await answer(send, 200, b'{"status":"alive"}')

    async def readyz(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            allow(scope, "GET", "HEAD")
        except SignalboxError as error:
            await answer_error(send, error)
            return
        readiness = await self._service.readiness()
        await answer(send, 200 if readiness.ready else 503, msgspec.json.encode(readiness))

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def scrape() -> bytes:
            return self._service.metrics()

        await self._operate("GET", scope, send, scrape, b"text/plain; version=0.0.4; charset=utf-8")

    async def reload(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def act() -> bytes:
            return msgspec.json.encode(await self._service.reload())

        await self._operate("POST", scope, send, act)

    async def endpoints(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def act() -> bytes:
            return msgspec.json.encode(await self._service.endpoints())

        await self._operate("GET", scope, send, act)

    async def release(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`POST …?endpoint=ID`."""

        async def act() -> bytes:
            query = parse_qs(scope["query_string"].decode("ascii", "replace"))
            named = query.get("endpoint", [])
            if len(named) != 1 or len(query) != 1:
                raise MalformedRequest("name one endpoint in the query: `?endpoint=ID`")
            return msgspec.json.encode({"endpoint": named[0], "was": self._service.release(named[0])})

        await self._operate("POST", scope, send, act)

    async def _operate(
        self,
        method: str,
        scope: Scope,
        send: Send,
        act: Callable[[], Awaitable[bytes]],
        content_type: bytes = b"application/json",
    ) -> None:
        try:
            allow(scope, method)
            await self._gate.operator(Headers(scope["headers"]).credential)
            body = await act()
        except SignalboxError as error:
            await answer_error(send, error)
            return
        start = {"type": "http.response.start", "status": 200}
        headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})
