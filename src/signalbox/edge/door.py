"""The way of a request that asks a model, in whatever dialect: `Door.__call__` is the whole of it.

    identify → read → context → pipeline → answer: whole, relayed as it comes, or written out as a stream

It decides nothing and knows no format: the first is the pipeline's, the second the `Dialect`'s.
"""

import asyncio
from contextlib import aclosing
from typing import Final, Generic

from msgspec.structs import replace

from signalbox.decided import Decided
from signalbox.dispatch.delivery import Delivery, Relay
from signalbox.dispatch.exhausted import answer_to
from signalbox.domain.errors import AttemptsExhausted, SignalboxError, UnsupportedRequest
from signalbox.domain.failure import ProviderFailure
from signalbox.domain.principal import Principal
from signalbox.domain.reply import Metered, Reply
from signalbox.edge.azure import addressed
from signalbox.edge.body import read_body
from signalbox.edge.context import BODY, SAID, ContextReader, Headers
from signalbox.edge.dialect import A, Answered, Dialect, StreamWriter
from signalbox.edge.exchange import WHOLE
from signalbox.edge.gate import Gate, Receive, Scope, Send, allow, answer_error, stopping
from signalbox.edge.replies import ReplyHeaders, settled, trailer
from signalbox.normalise.unfold import unfold

_EVENT_STREAM: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


class Door(Generic[A]):
    """One dialect's door."""

    def __init__(self, gate: Gate, dialect: Dialect[A]) -> None:
        self._gate = gate
        self._dialect = dialect
        self._context = ContextReader()
        self._headers = ReplyHeaders(dialect.shape.request_id)

    async def __call__(self, scope: Scope, receive: Receive, send: Send, deployment: str = "") -> None:
        """`deployment`: the path names whom to ask, as Azure's clients do, whatever the body says."""
        gate, dialect = self._gate, self._dialect
        came_us = gate.clock.monotonic_us()
        principal: Principal | None = None
        code = "internal_error"
        try:
            allow(scope, "POST")
            headers: Headers = scope.get(SAID) or Headers(scope["headers"])
            principal = await gate.caller(headers)
            body: bytes | None = scope.get(BODY)
            if body is None or len(body) > gate.body_bytes_max:
                body = await read_body(receive, headers.body_bytes, gate.body_bytes_max)
            if deployment:
                body = addressed(body, deployment)
            asked = dialect.read(body, scope["headers"])
            request = asked.request
            declared = self._context.declared(headers.context, request.declared)
            if declared is not request.declared:
                request = replace(request, declared=declared)
            if request.stream and scope["http_version"] == "1.0":
                raise UnsupportedRequest("a stream needs HTTP/1.1, which has chunks", param="stream")
            decided, delivery = await gate.pipeline.run(request, principal)
            answered = Answered(
                decided.id[4:],
                delivery.endpoint.model,
                decided.clock_us // 1_000_000,
                decided.traits.tokens_in,
            )
            if delivery.events is not None:
                writer = dialect.writer(asked, answered)
                code = await self._relay(send, writer, decided, delivery, delivery.events, came_us)
            elif request.stream:
                await self._unfold(send, dialect.writer(asked, answered), decided, delivery, came_us)
                code = "ok"
            else:
                content = dialect.whole(asked, answered, _reply(delivery))
                now_us = gate.clock.monotonic_us()
                lines = self._headers.build(decided, delivery, came_us, now_us, b"none")
                await send({"type": WHOLE, "lines": lines, "body": content})
                code = "ok"
        except SignalboxError as error:
            code = error.code
            gate.write_down(principal, error)
            await answer_error(send, error, receive, dialect.shape)
        except asyncio.CancelledError as cancelled:
            stopped = stopping(cancelled)
            code = stopped.code if stopped else "client_gone"
            if stopped is not None:
                gate.write_down(principal, stopped)
                await answer_error(send, stopped, None, dialect.shape)
        finally:
            tenant = principal.tenant.id if principal else ""
            gate.meter.request(tenant, dialect.name, code, gate.clock.monotonic_us() - came_us)

    async def _relay(
        self,
        send: Send,
        writer: StreamWriter,
        decided: Decided,
        delivery: Delivery,
        events: Relay,
        came_us: int,
    ) -> str:
        """Events as they come; an error after the first of them ends the stream with the dialect's error
        event. Returns the code for the meter."""
        body_of = self._dialect.shape.body
        async with aclosing(events):
            await self._open(send, decided, delivery, came_us, b"pass-through")
            code = "ok"
            try:
                metered = False
                async for event in events:
                    metered = metered or isinstance(event, Metered)
                    chunk = writer.event(event)
                    if chunk:
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                last = b"" if metered else writer.event(Metered(settled(delivery).usage))
                last += writer.end(trailer(decided, delivery))
            except ProviderFailure as failure:
                broken = _broken(decided, failure)
                code, last = broken.code, writer.error(body_of(broken))
            except asyncio.CancelledError as cancelled:
                stopped = stopping(cancelled)
                if stopped is None:
                    raise
                code, last = stopped.code, writer.error(body_of(stopped))
            await send({"type": "http.response.body", "body": last, "more_body": False})
        return code

    async def _unfold(
        self, send: Send, writer: StreamWriter, decided: Decided, delivery: Delivery, came_us: int
    ) -> None:
        """A stream was asked for, and the reply had to be seen whole first."""
        content = b"".join([writer.event(event) for event in unfold(_reply(delivery))])
        content += writer.end(trailer(decided, delivery))
        await self._open(send, decided, delivery, came_us, b"buffered")
        await send({"type": "http.response.body", "body": content, "more_body": False})

    async def _open(
        self, send: Send, decided: Decided, delivery: Delivery, came_us: int, mode: bytes
    ) -> None:
        lines = self._headers.build(decided, delivery, came_us, self._gate.clock.monotonic_us(), mode)
        await send({"type": "http.response.start", "status": 200, "headers": _EVENT_STREAM, "lines": lines})


def _reply(delivery: Delivery) -> Reply:
    """What the vendor did not count was estimated."""
    reply = delivery.reply
    assert reply is not None  # noqa: S101 - no events, so a reply
    return replace(reply, usage=settled(delivery).usage) if reply.usage.estimated else reply


def _broken(decided: Decided, failure: ProviderFailure) -> SignalboxError:
    status, code, message = answer_to(failure)
    error = AttemptsExhausted(message, status=status, code=code, operator=failure.detail)
    error.decision = decided.id
    return error
