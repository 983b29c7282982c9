"""`GET /v1/models`: the names that this caller may ask for, and no others."""

from typing import Any

import msgspec

from signalbox.domain.errors import SignalboxError
from signalbox.domain.principal import Principal
from signalbox.domain.request import Declared
from signalbox.edge.context import ContextReader, Headers
from signalbox.edge.gate import Gate, Receive, Scope, Send, allow, answer, answer_error


class Models:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._context = ContextReader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal | None = None
        try:
            allow(scope, "GET")
            headers = Headers(scope["headers"])
            principal = self._gate.caller(headers.credential)
            self._context.declared(headers.context, Declared())  # what is wrong with it is said here too
            names = await self._gate.pipeline.models(principal)
            listed: dict[str, Any] = {"object": "list", "data": [_model(name) for name in names]}
            await answer(send, 200, msgspec.json.encode(listed))
        except SignalboxError as error:
            self._gate.write_down(principal, error)
            await answer_error(send, error)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "signalbox"}
