"""A Chat Completions request from a client → a domain `Request`.

Strict: the body is rebuilt from the allow-list of `openai_chat_body`; whatever is not on it is refused by
name. It does not decide what the caller may assert of itself, nor whether the target exists.

What is read and goes no further, because it means nothing to the model or only to OpenAI's own platform:
`metadata` other than our context keys; `reasoning_content` and `annotations` of earlier replies that the
client sends back; `tool_choice` of `auto` or `none` and `parallel_tool_calls` where there are no tools.
`allowed_tools` becomes the tools it allows: the others are not sent.
"""

import binascii
from typing import Any, Final

from msgspec import Struct, ValidationError, convert
from msgspec.json import Decoder

from signalbox.domain.errors import CallerError, MalformedRequest, UnsupportedRequest
from signalbox.domain.request import (
    Declared,
    Image,
    Message,
    Part,
    Refusal,
    Request,
    ResponseFormat,
    Role,
    Sampling,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.wires import openai_chat_body as wire
from signalbox.wires.strict_json import decode_if_clear, decode_strict

IMAGE_TYPES: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
DEADLINE_MS_MAX: Final = 86_400_000

_METADATA: Final = {
    "app": "app",
    "feature": "feature",
    "task": "task",
    "sensitivity": "label",
    "latency_class": "latency_class",
    "data_boundary": "boundary",
    "user": "user",
    "deadline_ms": "deadline_ms",
}
_PREFIX: Final = "signalbox_"

_UNOFFERED: Final[dict[str, tuple[Any, ...]]] = {
    "audio": (),
    "function_call": ("auto", "none"),
    "functions": ([],),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "moderation": (),
    "prediction": (),
    "prompt_cache_key": (),
    "prompt_cache_options": (),
    "prompt_cache_retention": (),
    "reasoning_effort": (),
    "safety_identifier": (),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "top_logprobs": (0,),
    "verbosity": ("medium",),
    "web_search_options": (),
}
"""Fields of the dialect that are not offered, each with the values that ask for nothing special."""

_ROLES: Final[dict[type, Role]] = {
    wire.SystemMessage: "system",
    wire.DeveloperMessage: "developer",
    wire.UserMessage: "user",
}
_SAID: Final = (wire.UserMessage, wire.SystemMessage, wire.DeveloperMessage)
_decode_offered: Final = Decoder(wire.Offered).decode
_NOTHING_DECLARED: Final = Declared()
_SHOWN_MAX: Final = 200


class ChatCall(Struct, frozen=True):
    """What a client asked for. `include_usage`: its stream ends with a usage chunk."""

    request: Request
    include_usage: bool


def read_request(body: bytes) -> ChatCall:
    """Raises `MalformedRequest` or `UnsupportedRequest`, each with the field's path in `param`."""
    chat = decode_if_clear(body, _decode_offered) or _read_body(body)
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    if chat.tools or chat.tool_choice:
        tools, choice = _tools(chat)
    request = Request(
        target=chat.model,
        messages=tuple([_message(message, place) for place, message in enumerate(chat.messages)]),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=chat.parallel_tool_calls if tools else None,
        response_format=_response_format(chat.response_format) if chat.response_format else None,
        sampling=_sampling(chat),
        stream=chat.stream is True,
        declared=_declared(chat) if chat.metadata or chat.user else _NOTHING_DECLARED,
    )
    return ChatCall(request, chat.stream_options is not None and _include_usage(chat, chat.stream_options))


def _read_body(body: bytes) -> wire.Body:
    """The slow road, which says what is wrong."""
    value = decode_strict(body)
    try:
        chat = convert(value, wire.Body)
    except ValidationError as error:
        raise _mismatch(str(error)) from None
    if not _UNOFFERED.keys().isdisjoint(value):
        _refuse_unoffered(value)
    return chat


# -- messages


def _message(message: wire.AnyMessage, place: int) -> Message:
    if isinstance(message, _SAID):
        content = message.content
        role = _ROLES[type(message)]
        if isinstance(content, str):
            return Message(role, (Text(content),), message.name or "")
        parts = _parts(content, f"messages[{place}].content", images=role == "user")
        return Message(role, parts, message.name or "")
    path = f"messages[{place}]"
    match message:
        case wire.AssistantMessage():
            return Message("assistant", _assistant_parts(message, path), message.name or "")
        case wire.ToolMessage():
            content = message.content
            result = (
                (Text(content),)
                if isinstance(content, str)
                else _parts(content, f"{path}.content", images=True)
            )
            return Message("tool", (ToolResult(message.tool_call_id, result),), message.name or "")
        case _:
            raise _unoffered(f"{path}.role", "messages of role `function` are not offered; use `tool`")


def _parts(
    content: list[wire.ContentPart], path: str, *, images: bool, refusals: bool = False
) -> tuple[Text | Image, ...]:
    parts: list[Any] = []
    for place, part in enumerate(content):
        here = f"{path}[{place}]"
        match part:
            case wire.TextPart():
                _refuse_breakpoint(part, here)
                parts.append(Text(part.text))
            case wire.ImagePart() if images:
                _refuse_breakpoint(part, here)
                parts.append(_image(part.image_url, f"{here}.image_url"))
            case wire.RefusalPart() if refusals:
                parts.append(Refusal(part.refusal))
            case wire.AudioPart() | wire.FilePart():
                raise _unoffered(f"{here}.type", "audio and file parts are not offered")
            case _:
                raise _malformed(f"{here}.type", "a message of this role does not hold parts of this type")
    return tuple(parts)


def _assistant_parts(message: wire.AssistantMessage, path: str) -> tuple[Part, ...]:
    if message.audio is not None:
        raise _unoffered(f"{path}.audio", "audio is not offered")
    if message.function_call is not None:
        raise _unoffered(
            f"{path}.function_call", "function calls of the old form are not offered; use `tool_calls`"
        )
    parts: list[Part] = []
    if isinstance(message.content, str):
        parts.append(Text(message.content))
    elif message.content is not None:
        parts += _parts(message.content, f"{path}.content", images=False, refusals=True)
    if message.refusal is not None:
        parts.append(Refusal(message.refusal))
    for place, call in enumerate(message.tool_calls or ()):
        if isinstance(call, wire.CustomCall):
            raise _unoffered(f"{path}.tool_calls[{place}].type", "custom tools are not offered")
        parts.append(ToolUse(call.id, call.function.name, call.function.arguments))
    if not parts:
        raise _malformed(f"{path}.content", "an assistant message has content, a refusal or tool calls")
    return tuple(parts)


def _refuse_breakpoint(part: wire.TextPart | wire.ImagePart, path: str) -> None:
    if part.prompt_cache_breakpoint is not None:
        raise _unoffered(f"{path}.prompt_cache_breakpoint", "prompt cache breakpoints are not offered")


def _image(image: wire.ImageUrl, path: str) -> Image:
    head, comma, data = image.url.partition(",")
    scheme = head[:8].lower()
    if scheme.startswith(("http:", "https:")):
        raise _unoffered(
            f"{path}.url",
            "an image URL would be fetched by the vendor, which is egress of its own and not offered; "
            "send the image inline as a `data:` URL",
        )
    media_type = head[5:-7].lower()
    if not (
        comma and scheme.startswith("data:") and head[-7:].lower() == ";base64" and media_type in IMAGE_TYPES
    ):
        raise _malformed(
            f"{path}.url", "an image is `data:<type>;base64,…` with a type of image/png, jpeg, gif or webp"
        )
    try:
        whole = binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        whole = b""
    if not whole:
        raise _malformed(f"{path}.url", "the image is not valid base64")
    return Image(media_type, data, image.detail or "auto")


# -- tools and the rest


def _tools(chat: wire.Offered) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    tools: dict[str, Tool] = {}
    for place, tool in enumerate(chat.tools or ()):
        if isinstance(tool, wire.CustomTool):
            raise _unoffered(f"tools[{place}].type", "custom tools are not offered")
        function = tool.function
        if function.name in tools:
            raise _malformed(f"tools[{place}].function.name", f"two tools have the name `{function.name}`")
        tools[function.name] = Tool(
            function.name, function.description or "", function.parameters, function.strict
        )
    match chat.tool_choice:
        case None:
            return tuple(tools.values()), None
        case "auto" | "none" as mode:
            return tuple(tools.values()), ToolChoice(mode) if tools else None
        case "required":
            if not tools:
                raise _malformed("tool_choice", "`required` needs `tools` to choose from")
            return tuple(tools.values()), ToolChoice("required")
        case str():
            raise _malformed("tool_choice", "expected `auto`, `none`, `required` or an object")
        case wire.FunctionReference() as reference:
            _refuse_unknown_tool(reference.function.name, tools)
            return tuple(tools.values()), ToolChoice("function", reference.function.name)
        case wire.AllowedToolsChoice() as choice:
            return _allowed(choice.allowed_tools, tools)
        case _:
            raise _unoffered("tool_choice.type", "custom tools are not offered")


def _allowed(allowed: wire.AllowedTools, tools: dict[str, Tool]) -> tuple[tuple[Tool, ...], ToolChoice]:
    names = set()
    for place, reference in enumerate(allowed.tools):
        if isinstance(reference, wire.CustomReference):
            raise _unoffered(f"tool_choice.allowed_tools.tools[{place}].type", "custom tools are not offered")
        _refuse_unknown_tool(reference.function.name, tools)
        names.add(reference.function.name)
    return tuple([tool for name, tool in tools.items() if name in names]), ToolChoice(allowed.mode)


def _refuse_unknown_tool(name: str, tools: dict[str, Tool]) -> None:
    if name not in tools:
        raise _malformed("tool_choice", f"`{name}` is not among the `tools`")


def _response_format(
    chosen: wire.TextFormat | wire.JsonObjectFormat | wire.JsonSchemaFormat,
) -> ResponseFormat | None:
    match chosen:
        case wire.JsonSchemaFormat(json_schema=asked):
            return ResponseFormat(
                "json_schema", asked.name, asked.schema, asked.strict, asked.description or ""
            )
        case wire.JsonObjectFormat():
            return ResponseFormat("json_object")
        case _:
            return None


def _sampling(chat: wire.Offered) -> Sampling:
    limit = chat.max_completion_tokens
    if limit is None:
        limit = chat.max_tokens
    elif chat.max_tokens is not None and chat.max_tokens != limit:
        raise _malformed("max_tokens", "`max_tokens` and `max_completion_tokens` differ; send one of them")
    stop = chat.stop
    return Sampling(
        max_tokens=limit,
        temperature=chat.temperature,
        top_p=chat.top_p,
        stop=() if stop is None else (stop,) if isinstance(stop, str) else tuple(stop),
        seed=chat.seed,
        n=chat.n or 1,
        frequency_penalty=chat.frequency_penalty,
        presence_penalty=chat.presence_penalty,
    )


def _include_usage(chat: wire.Offered, options: wire.StreamOptions) -> bool:
    if not chat.stream:
        raise _malformed("stream_options", "`stream_options` goes with `stream: true`")
    if options.include_obfuscation:
        raise _unoffered("stream_options.include_obfuscation", "stream obfuscation is not offered")
    return options.include_usage is True


def _declared(chat: wire.Offered) -> Declared:
    said: dict[str, str] = {"user": chat.user} if chat.user else {}
    for key, value in (chat.metadata or {}).items():
        field = _METADATA.get(key.removeprefix(_PREFIX))
        if field is None or not value:
            continue
        if said.setdefault(field, value) != value:
            raise _malformed(f"metadata.{key}", f"`{key}` is given twice, with different values")
    deadline = said.pop("deadline_ms", "")
    return Declared(deadline_ms=_deadline_ms(deadline) if deadline else None, **said)


def _deadline_ms(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 8 and 1 <= int(text) <= DEADLINE_MS_MAX:
        return int(text)
    raise _malformed("metadata.deadline_ms", f"expected whole milliseconds from 1 to {DEADLINE_MS_MAX}")


# -- refusals


def _refuse_unoffered(value: dict[str, Any]) -> None:
    for field, harmless in _UNOFFERED.items():
        given = value.get(field)
        if given is not None and not any(type(given) is type(one) and given == one for one in harmless):
            raise _unoffered(field, f"`{field}` is not offered here; leave it out")


def _mismatch(words: str) -> CallerError:
    """msgspec's words, without the caller's values: an unknown field is named, an unknown value is not."""
    what, _, place = words.partition(" - at `")
    path = place.rstrip("`").replace("key` in `", "").removeprefix("$").removeprefix(".")[:_SHOWN_MAX]
    if what.startswith("Object contains unknown field"):
        field = what.partition("`")[2].rstrip("`")[:64]
        path = f"{path}.{field}" if path else field
        return _malformed(path, f"unknown field `{field}`")
    if what.startswith("Object missing required field"):
        field = what.partition("`")[2].rstrip("`")
        path = f"{path}.{field}" if path else field
        return _malformed(path, f"missing field `{field}`")
    if what.startswith("Invalid"):
        if path.startswith("tools[") and path.endswith("].type"):
            return _unoffered(path, "only tools of type `function` are offered; hosted tools are not")
        return _malformed(path, "not one of the values of this field")
    return _malformed(path, f"{what[:1].lower()}{what[1:_SHOWN_MAX]}")


def _malformed(path: str, words: str) -> MalformedRequest:
    return MalformedRequest(f"`{path}`: {words}" if path else words, param=path or None)


def _unoffered(path: str, words: str) -> UnsupportedRequest:
    return UnsupportedRequest(f"`{path}`: {words}", param=path)
