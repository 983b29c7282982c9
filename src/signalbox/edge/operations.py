"""Doors for those who run the service: health, readiness, metrics, reload, endpoints, the kill switch.

`/healthz` and `/readyz` answer anyone (they name no endpoint); the rest asks for a role that may read or
operate the platform.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs

import msgspec

from signalbox.domain.errors import MalformedRequest, SignalboxError
from signalbox.domain.roles import Action
from signalbox.edge.app import shape_for
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

    def kills(self) -> dict[str, Any]:
        """What the kill switch stops, and under which epoch."""

    async def kill(self, selectors: Sequence[str], *, by: str, reason: str, cut: bool) -> dict[str, Any]:
        """Stop egress; what is stopped then. Raises `MalformedRequest`, `SwitchesUnavailable`."""

    async def restore(self, selectors: Sequence[str], *, by: str, reason: str) -> dict[str, Any]:
        """Stop it no longer. Raises as `kill` does."""


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
            await answer_error(send, error, None, shape_for(scope))
            return
        await answer(send, 200, b'{"status":"alive"}')

    async def readyz(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            allow(scope, "GET", "HEAD")
        except SignalboxError as error:
            await answer_error(send, error, None, shape_for(scope))
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

    async def kills(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET`; `POST …?selector=vendor:X&reason=WHY[&cut=true]`; `DELETE …?selector=vendor:X&reason=WHY`.

        `selector` may be given several times."""
        method = scope["method"]

        async def act() -> bytes:
            if method == "GET":
                return msgspec.json.encode(self._service.kills())
            # The gate has let this credential in a moment ago.
            principal = self._gate.keys.identify(
                Headers(scope["headers"]).credential, self._gate.clock.now_us()
            )
            said = _said(scope, ("selector", "reason", "cut") if method == "POST" else ("selector", "reason"))
            selectors, by, reason = said.get("selector", []), principal.subject, _one(said, "reason")
            if not selectors:
                raise MalformedRequest("name what is meant in the query: `?selector=vendor:NAME`")
            if method == "DELETE":
                return msgspec.json.encode(await self._service.restore(selectors, by=by, reason=reason))
            cut = _one(said, "cut") or "false"
            if cut not in ("true", "false"):
                raise MalformedRequest(f"`cut` is `true` or `false`; found `{cut[:20]}`")
            killed = await self._service.kill(selectors, by=by, reason=reason, cut=cut == "true")
            return msgspec.json.encode(killed)

        await self._operate(("GET", "POST", "DELETE"), scope, send, act)

    async def _operate(
        self,
        methods: str | tuple[str, ...],
        scope: Scope,
        send: Send,
        act: Callable[[], Awaitable[bytes]],
        content_type: bytes = b"application/json",
    ) -> None:
        try:
            allow(scope, *((methods,) if isinstance(methods, str) else methods))
            action: Action = "platform.read" if scope["method"] == "GET" else "platform.operate"
            await self._gate.admitted(Headers(scope["headers"]).credential, action)
            body = await act()
        except SignalboxError as error:
            await answer_error(send, error, None, shape_for(scope))
            return
        start = {"type": "http.response.start", "status": 200}
        headers = [(b"content-type", content_type), (b"content-length", b"%d" % len(body))]
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _said(scope: Scope, fields: tuple[str, ...]) -> dict[str, list[str]]:
    """The query, of which no more is known than `fields`."""
    said = parse_qs(scope["query_string"].decode("ascii", "replace"), keep_blank_values=True)
    for field in said:
        if field not in fields:
            raise MalformedRequest(f"unknown query parameter `{field[:40]}`: known are {', '.join(fields)}")
    return said


def _one(said: dict[str, list[str]], field: str) -> str:
    """Its only value; empty where it is not given."""
    values = said.get(field, [""])
    if len(values) != 1:
        raise MalformedRequest(f"give `{field}` once")
    return values[0]
