"""`POST /v1/chat/completions`, in OpenAI's dialect, streaming and not."""

import asyncio
from contextlib import aclosing

from msgspec.structs import replace

from signalbox.decided import Decided
from signalbox.dispatch.delivery import Delivery, Relay
from signalbox.dispatch.exhausted import answer_to
from signalbox.domain.errors import AttemptsExhausted, SignalboxError, UnsupportedRequest
from signalbox.domain.failure import ProviderFailure
from signalbox.domain.principal import Principal
from signalbox.domain.reply import Metered
from signalbox.edge.body import read_body
from signalbox.edge.context import ContextReader, Headers
from signalbox.edge.gate import Gate, Receive, Scope, Send, allow, answer, answer_error, stopping
from signalbox.edge.problems import openai_body
from signalbox.edge.replies import ReplyHeaders, settled, trailer
from signalbox.wires.openai_chat import ChatCall, ChunkWriter, read_request, write_reply

_DIALECT = "openai-chat"
_EVENT_STREAM = (b"content-type", b"text/event-stream; charset=utf-8")
_NO_BUFFERING = ((b"cache-control", b"no-cache"), (b"x-accel-buffering", b"no"))


class ChatCompletions:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._context = ContextReader()
        self._headers = ReplyHeaders()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate = self._gate
        came_us = gate.clock.monotonic_us()
        principal: Principal | None = None
        code = "internal_error"
        try:
            allow(scope, "POST")
            headers = Headers(scope["headers"])
            principal = gate.caller(headers.credential)
            call = read_request(await read_body(receive, headers.body_bytes, gate.body_bytes_max))
            request = call.request
            declared = self._context.declared(headers.context, request.declared)
            if declared is not request.declared:
                request = replace(request, declared=declared)
            if request.stream and scope["http_version"] == "1.0":
                raise UnsupportedRequest("a stream needs HTTP/1.1, which has chunks", param="stream")
            decided, delivery = await gate.pipeline.run(request, principal)
            if delivery.events is None:
                await self._answer(send, decided, delivery, came_us)
                code = "ok"
            else:
                code = await self._stream(send, call, decided, delivery, delivery.events, came_us)
        except SignalboxError as error:
            code = error.code
            gate.write_down(principal, error)
            await answer_error(send, error, receive)
        except asyncio.CancelledError as cancelled:
            stopped = stopping(cancelled)
            code = stopped.code if stopped else "client_gone"
            if stopped is not None:
                gate.write_down(principal, stopped)
                await answer_error(send, stopped)
        finally:
            tenant = principal.tenant.id if principal else ""
            gate.meter.request(tenant, _DIALECT, code, gate.clock.monotonic_us() - came_us)

    async def _answer(self, send: Send, decided: Decided, delivery: Delivery, came_us: int) -> None:
        assert delivery.reply is not None  # noqa: S101 - no events, so a reply
        # A vendor's own time stamp says nothing here: the reply is as old as its decision.
        reply = replace(delivery.reply, created_s=decided.clock_us // 1_000_000)
        body = write_reply(reply, id=_completion_id(decided), model=delivery.endpoint.model, extra=None)
        now_us = self._gate.clock.monotonic_us()
        await answer(send, 200, body, self._headers.build(decided, delivery, came_us, now_us))

    async def _stream(
        self, send: Send, call: ChatCall, decided: Decided, delivery: Delivery, events: Relay, came_us: int
    ) -> str:
        """Relay events as they come; an error after the first of them ends the stream with the dialect's
        error event. Returns the code for the meter."""
        writer = ChunkWriter(
            _completion_id(decided),
            delivery.endpoint.model,
            decided.clock_us // 1_000_000,
            call.include_usage,
        )
        headers = self._headers.build(decided, delivery, came_us, self._gate.clock.monotonic_us())
        async with aclosing(events):
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [_EVENT_STREAM, *_NO_BUFFERING, *headers],
                }
            )
            code = "ok"
            try:
                metered = False
                async for event in events:
                    metered = metered or isinstance(event, Metered)
                    chunk = writer.event(event)
                    if chunk:
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                if not metered:
                    writer.event(Metered(settled(delivery).usage))
                last = writer.end(trailer(decided, delivery))
            except ProviderFailure as failure:
                status, code, message = answer_to(failure)
                last = writer.error(openai_body(_broken(decided, status, code, message, failure)))
            except asyncio.CancelledError as cancelled:
                stopped = stopping(cancelled)
                if stopped is None:
                    raise
                code, last = stopped.code, writer.error(openai_body(stopped))
            await send({"type": "http.response.body", "body": last, "more_body": False})
        return code


def _completion_id(decided: Decided) -> str:
    return "chatcmpl-" + decided.id.removeprefix("dec-")


def _broken(
    decided: Decided, status: int, code: str, message: str, failure: ProviderFailure
) -> SignalboxError:
    error = AttemptsExhausted(message, status=status, code=code, operator=failure.detail)
    error.decision = decided.id
    return error
