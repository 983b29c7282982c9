"""What every door needs: who is asking, and how a refusal is answered and written down."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from signalbox.domain.errors import (
    LogUnavailable,
    MethodNotAllowed,
    NotPermitted,
    Overloaded,
    RequestTimeout,
    RequestTooLarge,
    SignalboxError,
)
from signalbox.domain.principal import Principal
from signalbox.domain.roles import PLATFORM, Action, may
from signalbox.edge.context import Headers
from signalbox.edge.problems import OPENAI, Shape, headers_of, log_level
from signalbox.edge.protocol import GONE, SLOW
from signalbox.identify import KeyExpired, KeyRing
from signalbox.identity.tokens import IssuerKeyUnknown
from signalbox.pipeline import Pipeline
from signalbox.ports.clock import Clock
from signalbox.ports.meter import Meter

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]

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

    async def identify(self, credential: str) -> Principal:
        """Waits only where a token names a key that its issuer may have begun to use, and shortly."""
        try:
            return self.keys.identify(credential, self.clock.now_us())
        except IssuerKeyUnknown as unknown:
            await unknown.keys.learn()
        return self.keys.identify(credential, self.clock.now_us())

    async def caller(self, said: Headers) -> Principal:
        """For doors that ask models: whoever runs or audits the service does that with another credential."""
        try:
            principal = self.keys.identify(said.credential, self.clock.now_us(), said.digest)
        except IssuerKeyUnknown:
            principal = await self.identify(said.credential)
        if principal.roles and not may(principal, "ask", principal.tenant.id):
            error = NotPermitted(f"{_named(principal)} asks no model: use a credential with the role `user`")
            self.write_down(principal, error)
            raise error
        return principal

    async def known(self, credential: str) -> Principal:
        """For doors that everyone may use who is known here."""
        try:
            return await self.identify(credential)
        except SignalboxError as error:
            self.write_down(None, error)
            raise

    async def admitted(self, credential: str, action: Action, tenant: str | None = PLATFORM) -> Principal:
        """For doors that not everyone may use; who tries is written down. None: in its own tenant."""
        principal = await self.known(credential)
        if not may(principal, action, principal.tenant.id if tenant is None else tenant):
            error = NotPermitted(f"this door asks for `{action}`, which {_named(principal)} may not")
            self.write_down(principal, error)
            raise error
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


def _named(principal: Principal) -> str:
    roles = " and ".join(f"`{role}`" for role in principal.roles)
    return f"the role {roles}" if roles else "a credential without a role"


async def answer(
    send: Send,
    status: int,
    body: bytes,
    headers: Iterable[tuple[bytes, bytes]] = (),
    content_type: bytes = b"application/json",
) -> None:
    """One whole answer."""
    await send(_start(status, body, headers, content_type))
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def answer_error(
    send: Send, error: SignalboxError, receive: Receive | None = None, shape: Shape = OPENAI
) -> None:
    """The error in the dialect's shape; the connection is closed where its request may be half read.

    With `receive`, what is still on its way is read and thrown away first: closing on a client that is
    sending would reset the connection, and most clients would then never read why.
    """
    _log.log(log_level(error), "%s %s: %s", error.decision or "-", error.code, error.operator)
    headers = headers_of(error, shape)
    body = shape.body(error)
    if receive is None or not isinstance(error, RequestTooLarge):
        await answer(send, error.status, body, headers, shape.content_type)
        return
    await send(_start(error.status, body, headers, shape.content_type))
    await send({"type": "http.response.body", "body": body, "more_body": True})
    # The protocol's time limit for bodies ends this at the latest.
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _start(
    status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]], content_type: bytes
) -> dict[str, Any]:
    return {
        "type": "http.response.start",
        "status": status,
        "headers": [
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            *headers,
        ],
    }


def allow(scope: Scope, *methods: str) -> None:
    """Raises `MethodNotAllowed` for any other."""
    if scope["method"] not in methods:
        raise MethodNotAllowed(scope["method"], scope["path"], methods)


def stopping(cancelled: asyncio.CancelledError) -> SignalboxError | None:
    """What a cancellation means: the client left (None) or was too slow, or the server's drain came to
    its end."""
    match cancelled.args:
        case (message,) if message == GONE:
            return None
        case (message,) if message == SLOW:
            return RequestTimeout("the request's body did not arrive in time")
    return Overloaded("the server is shutting down; try again")
