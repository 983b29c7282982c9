"""What an emulated model says: the same words to the same request, every time.

Knows the chat-completions dialect as a vendor does; shares no code with the wires that it is there to test.
Not a language model: it obeys limits, stops, schemas and forced tools, and means nothing.
"""

import zlib
from typing import Any, Final

import msgspec
from msgspec import Struct

CREATED_S: Final = 1_700_000_000
WORDS: Final = (
    "signal", "points", "lever", "route", "train", "platform", "clear", "danger", "distant", "home",
    "starter", "shunt", "block", "bell", "token", "guard", "relay", "track", "circuit", "detector",
    "frame", "catch", "lock", "key", "lamp", "arm", "wire", "post", "cabin", "junction", "siding",
    "line",
)  # fmt: skip


class StreamOptions(Struct):
    include_usage: bool = False


class Ask(Struct):
    """A request as the emulated vendor reads it; what it has no use for is ignored."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    response_format: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = None


class Answer(Struct, frozen=True):
    """`pieces` are the tokens of the text, or of the arguments of a call of `tool`."""

    pieces: tuple[str, ...]
    finish: str
    prompt_tokens: int
    tool: str = ""


def answer(ask: Ask, tokens: int) -> Answer:
    texts = " ".join(_texts(ask.messages))
    prompt_tokens = len(texts.split())
    tool = _forced_tool(ask)
    if tool:
        schema = tool.get("parameters") or {}
        return Answer(_cut(_instance_text(schema)), "tool_calls", prompt_tokens, tool["name"])
    pieces = _pieces(ask, texts, tokens)
    limit = ask.max_completion_tokens or ask.max_tokens or len(pieces)
    finish = "length" if limit < len(pieces) else "stop"
    return Answer(pieces[:limit], finish, prompt_tokens)


def _pieces(ask: Ask, texts: str, tokens: int) -> tuple[str, ...]:
    match ask.response_format:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return _cut(_instance_text(schema))
        case {"type": "json_object"}:
            return _cut('{"answer": "signal"}')
    start = zlib.crc32(texts.encode())
    words = [WORDS[(start + place) % len(WORDS)] for place in range(tokens)]
    whole = " ".join(words)
    for stop in [ask.stop] if isinstance(ask.stop, str) else ask.stop or ():
        whole = whole.partition(stop)[0]
    return tuple(whole.replace(" ", "\x00 ").split("\x00")) if whole else ()


def _cut(text: str) -> tuple[str, ...]:
    return tuple(text[place : place + 6] for place in range(0, len(text), 6))


def _texts(messages: list[dict[str, Any]]) -> list[str]:
    found = []
    for message in messages:
        content = message.get("content")
        if isinstance(content, str):
            found.append(content)
        elif isinstance(content, list):
            found += [part["text"] for part in content if isinstance(part, dict) and "text" in part]
    return found


def _forced_tool(ask: Ask) -> dict[str, Any]:
    functions: list[dict[str, Any]] = [tool["function"] for tool in ask.tools or () if "function" in tool]
    match ask.tool_choice:
        case "required" if functions:
            return functions[0]
        case {"function": {"name": name}}:
            return next((function for function in functions if function["name"] == name), {})
        case _:
            return {}


def _instance_text(schema: dict[str, Any]) -> str:
    return msgspec.json.encode(_instance(schema)).decode()


def _instance(schema: dict[str, Any]) -> Any:
    """The plainest value that satisfies the usual keywords of a JSON Schema."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("anyOf"):
        return _instance(schema["anyOf"][0])
    kind = schema.get("type", "object")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            return {name: _instance(inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [_instance(schema.get("items", {}))] * max(1, schema.get("minItems", 1))
        case "string":
            return "signal".ljust(schema.get("minLength", 0), ".")[: schema.get("maxLength", 1000)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return None
