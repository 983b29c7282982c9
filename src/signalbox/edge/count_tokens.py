"""`POST /v1/messages/count_tokens`: how many tokens a prompt has, by our own tokenizer.

Nothing is sent anywhere, so policy is not asked and nothing is written down but refusals. The count is near
for every vendor and exact for none: `x-signalbox-estimated` says so.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from signalbox.domain.errors import SignalboxError
from signalbox.domain.principal import Principal
from signalbox.domain.request import Request
from signalbox.edge.body import read_body
from signalbox.edge.context import ContextReader, Headers
from signalbox.edge.dialects.anthropic_headers import heed
from signalbox.edge.gate import Gate, Receive, Scope, Send, allow, answer, answer_error
from signalbox.edge.problems import ANTHROPIC
from signalbox.wires.anthropic import read_count_request

_ESTIMATED: Final = ((b"x-signalbox-estimated", b"true"),)


class CountTokens:
    """`count` is given the request as a model would be."""

    def __init__(self, gate: Gate, count: Callable[[Request], int]) -> None:
        self._gate = gate
        self._count = count
        self._context = ContextReader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gate = self._gate
        principal: Principal | None = None
        try:
            allow(scope, "POST")
            headers = Headers(scope["headers"])
            principal = await gate.caller(headers)
            body = await read_body(receive, headers.body_bytes, gate.body_bytes_max)
            heed(scope["headers"])
            request = read_count_request(body)
            self._context.declared(headers.context, request.declared)  # what is wrong with it is said
            counted = msgspec.json.encode({"input_tokens": self._count(request)})
            await answer(send, 200, counted, _ESTIMATED)
        except SignalboxError as error:
            gate.write_down(principal, error)
            await answer_error(send, error, receive, ANTHROPIC)
