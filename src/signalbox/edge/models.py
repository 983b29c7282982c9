"""`GET /v1/models` and `/v1/models/{id}`: the names that this caller may ask for, and no others.

In OpenAI's shape, and in Anthropic's for a client that sends `anthropic-version`.
"""

from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from signalbox.domain.errors import MalformedRequest, SignalboxError, UnknownModel
from signalbox.domain.principal import Principal
from signalbox.domain.request import Declared
from signalbox.edge.app import shape_for, speaks_anthropic
from signalbox.edge.context import ContextReader, Headers
from signalbox.edge.dialects.anthropic_headers import heed
from signalbox.edge.gate import Gate, Receive, Scope, Send, allow, answer, answer_error

_PAGE_MAX: Final = 1_000


class Models:
    """`root` is the path of the list; what lies under it is one model."""

    def __init__(self, gate: Gate, root: str) -> None:
        self._gate = gate
        self._root = root
        self._context = ContextReader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        principal: Principal | None = None
        try:
            allow(scope, "GET")
            headers = Headers(scope["headers"])
            principal = await self._gate.caller(headers)
            self._context.declared(headers.context, Declared())  # what is wrong with it is said here too
            heed(scope["headers"])
            names = await self._gate.pipeline.models(principal)
            await answer(send, 200, msgspec.json.encode(self._shown(scope, names)))
        except SignalboxError as error:
            self._gate.write_down(principal, error)
            await answer_error(send, error, None, shape_for(scope))

    def _shown(self, scope: Scope, names: tuple[str, ...]) -> dict[str, Any]:
        name = scope["path"].removeprefix(self._root).removeprefix("/")
        anthropic = speaks_anthropic(scope)
        if name:
            if name not in names:
                raise UnknownModel(f"unknown model `{name[:128]}`: ask `GET /v1/models` for the names")
            return _anthropic(name) if anthropic else _openai(name)
        if anthropic:
            return _page(names, scope["query_string"])
        return {"object": "list", "data": [_openai(name) for name in names]}


def _openai(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "signalbox"}


def _anthropic(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",  # the dialect's way to say that it is not told
        "lifecycle": "active",
    }


def _page(names: tuple[str, ...], query: bytes) -> dict[str, Any]:
    """Anthropic's list comes in pages: `limit` names after `after_id`, or before `before_id`."""
    asked = parse_qs(query.decode("ascii", "replace"))
    size = _limit(asked.get("limit", [str(_PAGE_MAX)])[-1])
    first, last = 0, len(names)
    if "after_id" in asked:
        first = _place(names, asked["after_id"][-1], "after_id") + 1
    if "before_id" in asked:
        last = _place(names, asked["before_id"][-1], "before_id")
        shown = names[max(first, last - size) : last]
        more = last - size > first
    else:
        shown = names[first : first + size]
        more = first + size < last
    return {
        "data": [_anthropic(name) for name in shown],
        "has_more": more,
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= _PAGE_MAX:
        return int(text)
    raise MalformedRequest(f"`limit` is a whole number from 1 to {_PAGE_MAX}", param="limit")


def _place(names: tuple[str, ...], name: str, param: str) -> int:
    if name not in names:
        raise MalformedRequest(f"`{param}` names no model of this list", param=param)
    return names.index(name)
