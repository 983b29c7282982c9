"""What every door needs: who is asking, and how a refusal is answered and written down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from signalbox.domain.errors import LogUnavailable, MethodNotAllowed, NotPermitted, Overloaded, SignalboxError
from signalbox.domain.principal import Principal
from signalbox.edge.problems import log_level, openai_body, retry_after_s
from signalbox.edge.protocol import GONE
from signalbox.identify import KeyExpired, KeyRing
from signalbox.pipeline import Pipeline
from signalbox.ports.clock import Clock
from signalbox.ports.meter import Meter

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
HeaderList = list[tuple[bytes, bytes]]

OPERATOR_ROLE: Final = "operator"
_log: Final = logging.getLogger("signalbox.edge")


class Gate:
    """`keys` may be replaced at a reload."""

    def __init__(
        self, *, keys: KeyRing, pipeline: Pipeline, clock: Clock, meter: Meter, body_bytes_max: int
    ) -> None:
        self.keys = keys
        self.pipeline = pipeline
        self.clock = clock
        self.meter = meter
        self.body_bytes_max = body_bytes_max

    def identify(self, credential: str) -> Principal:
        return self.keys.identify(credential, self.clock.now_us())

    def operator(self, credential: str) -> Principal:
        """For doors that tenants may not use."""
        principal = self.identify(credential)
        if OPERATOR_ROLE not in principal.roles:
            raise NotPermitted(f"this door is for keys with the role `{OPERATOR_ROLE}`")
        return principal

    def write_down(self, principal: Principal | None, error: SignalboxError) -> None:
        """A refusal that no decision has recorded yet, if it is known whose it is."""
        if isinstance(error, KeyExpired):
            principal = error.principal
        if principal is None or error.decision:
            return
        try:
            self.pipeline.refuse(principal, error)
        except LogUnavailable as unavailable:
            _log.error("a refusal (%s) is not in the log: %s", error.code, unavailable.operator)


async def answer(send: Send, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
    """One whole JSON answer."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", b"%d" % len(body)),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def answer_error(send: Send, error: SignalboxError) -> None:
    """The error in OpenAI's shape; the connection is closed where its request may be half read."""
    _log.log(log_level(error), "%s %s: %s", error.decision or "-", error.code, error.operator)
    headers: HeaderList = []
    if error.decision:
        headers.append((b"x-signalbox-decision", error.decision.encode()))
        headers.append((b"x-signalbox-reason", error.code.encode()))
    retry_s = retry_after_s(error)
    if retry_s is not None:
        headers.append((b"retry-after", b"%d" % retry_s))
    if error.status in (408, 413):
        headers.append((b"connection", b"close"))
    await answer(send, error.status, openai_body(error), headers)


def allow(scope: Scope, method: str) -> None:
    """Raises `MethodNotAllowed` for any other."""
    if scope["method"] != method:
        raise MethodNotAllowed(f"`{scope['method'][:16]}` is not offered at {scope['path']}: use {method}")


def stopping(cancelled: asyncio.CancelledError) -> Overloaded | None:
    """What a cancellation means: the client left (None), or the server's drain came to its end."""
    if cancelled.args and cancelled.args[0] == GONE:
        return None
    return Overloaded("the server is shutting down; try again")
