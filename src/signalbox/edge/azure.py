"""Azure's way to say whom a request is for: `/openai/deployments/{name}/…?api-version=…`.

A deployment's name is taken for a name of ours, of any kind that the `model` field takes. The API's version
is not looked at: what is served is what the dialect is here, and whatever is not offered is refused.
"""

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from signalbox.domain.errors import MalformedRequest
from signalbox.edge.app import nowhere
from signalbox.edge.gate import Receive, Scope, Send, answer_error
from signalbox.wires.strict_json import decode_strict

PREFIX: Final = "/openai/deployments/"


class _Addressable(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send, deployment: str = "") -> None: ...


class Deployments:
    """`doors` by what follows the name in the path."""

    def __init__(self, doors: Mapping[str, _Addressable]) -> None:
        self._doors = dict(doors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name, _, rest = scope["path"].removeprefix(PREFIX).partition("/")
        door = self._doors.get(rest)
        if door is None or not name:
            await answer_error(send, nowhere(scope))
            return
        await door(scope, receive, send, name)


def addressed(body: bytes, deployment: str) -> bytes:
    """The body for this deployment: Azure goes by the path, and so do we, whatever `model` the body names.
    Raises `MalformedRequest` for what is not a JSON object."""
    value = decode_strict(body)
    if not isinstance(value, dict):
        raise MalformedRequest("the body is not a JSON object")
    value["model"] = deployment
    return msgspec.json.encode(value)
