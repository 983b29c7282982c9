"""What a prompt weighs: words stand for tokens, in the units that a vendor's prompt cache looks at."""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from signalbox.domain.request import (
    CacheMark,
    Document,
    Image,
    Part,
    Request,
    SearchResult,
    Text,
    ToolResult,
    ToolUse,
)

IMAGE_TOKENS: Final = 85
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Unit(Struct, frozen=True):
    """A piece of the prompt, in order. `turn` marks the last one of a message."""

    content: bytes
    tokens: int
    mark: CacheMark
    turn: bool = False


def units(request: Request) -> list[Unit]:
    """Tools first, then the messages as they stand: the order in which vendors keep prefixes."""
    found = [_tool_unit(_encode(tool), tool.cache) for tool in request.tools]
    for message in request.messages:
        last = len(message.parts) - 1
        for place, part in enumerate(message.parts):
            content = message.role.encode() + b"\x00" + _encode(_unmarked(part))
            found.append(Unit(content, _tokens(part), _mark(part), turn=place == last))
    if request.cache and found:
        found[-1] = msgspec.structs.replace(found[-1], mark=request.cache)
    return found


def prompt_tokens(request: Request) -> int:
    return sum(unit.tokens for unit in units(request))


def words(text: str) -> int:
    return len(text.split())


def _tool_unit(content: bytes, mark: CacheMark) -> Unit:
    return Unit(content, words(content.decode().replace(",", " ").replace(":", " ")), mark)


def _mark(part: Part) -> CacheMark:
    return getattr(part, "cache", "")


def _unmarked(part: Part) -> Part:
    """A mark is not part of what is kept: the same text hits whether or not it is marked again."""
    return msgspec.structs.replace(part, cache="") if _mark(part) else part


def _tokens(part: Part) -> int:
    return sum(_weights(part))


def _weights(part: Part) -> Iterator[int]:
    match part:
        case Image():
            yield IMAGE_TOKENS
        case Document(media_type="text/plain"):
            yield words(part.data)
        case Document():
            yield len(part.data) // 64 + 1
        case SearchResult():
            yield from map(words, part.texts)
        case ToolUse():
            yield words(part.arguments) + 1
        case ToolResult():
            for inner in part.parts:
                yield from _weights(inner)
        case _:
            yield words(part.text)


def last_user_text(request: Request) -> str:
    """What the user said last; empty if a tool's result came after it."""
    for message in reversed(request.messages):
        if any(type(part) is ToolResult for part in message.parts):
            return ""
        if message.role == "user":
            return "\n".join(part.text for part in message.parts if type(part) is Text)
    return ""
