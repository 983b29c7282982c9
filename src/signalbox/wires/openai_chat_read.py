"""A Chat Completions request from a client → a domain `Request`.

Strict: the body is rebuilt from the allow-list of `openai_chat_body`; whatever is not on it is refused by
name. It does not decide what the caller may assert of itself, nor whether the target exists.

What is read and goes no further, because it means nothing to the model or only to OpenAI's own platform:
`metadata` other than our context keys; `tool_choice` of `auto` or `none` and `parallel_tool_calls` where
there are no tools; and, each with its note, `prompt_cache_key`, `safety_identifier` and the `annotations` of
earlier replies. `allowed_tools` becomes the tools it allows: the others are not sent. The thinking of earlier
replies comes back with its seals in `reasoning_details`, and stands before what was said.
"""

from typing import Any, Final

from msgspec import Struct
from msgspec.json import Decoder

from signalbox.domain.notes import Note
from signalbox.domain.request import (
    CacheMark,
    Declared,
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.wires import openai_chat_body as wire
from signalbox.wires.openai_context import read_declared
from signalbox.wires.openai_inline import read_breakpoint, read_document, read_image
from signalbox.wires.openai_refusals import malformed, read_slowly, unsupported
from signalbox.wires.strict_json import decode_if_clear

_UNOFFERED: Final[dict[str, tuple[Any, ...]]] = {
    "audio": (),
    "function_call": ("auto", "none"),
    "functions": ([],),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"],),
    "moderation": (),
    "prediction": (),
    "prompt_cache_options": ({"mode": "implicit"},),
    "prompt_cache_retention": ("in_memory",),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "top_logprobs": (0,),
    "verbosity": ("medium",),
    "web_search_options": (),
}
"""Fields of the dialect that are not offered, each with the values that ask for nothing special."""

_SAID: Final = (wire.UserMessage, wire.SystemMessage, wire.DeveloperMessage)
_decode_offered: Final = Decoder(wire.Offered).decode
_NOTHING_DECLARED: Final = Declared()


class ChatCall(Struct, frozen=True):
    """What a client asked for. `include_usage`: its stream ends with a usage chunk."""

    request: Request
    include_usage: bool


def read_request(body: bytes) -> ChatCall:
    """Raises `MalformedRequest` or `UnsupportedRequest`, each with the field's path in `param`."""
    chat = decode_if_clear(body, _decode_offered, _loose) or read_slowly(body, wire.Body, _UNOFFERED)
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    if chat.tools or chat.tool_choice:
        tools, choice = _tools(chat)
    notes: list[str] = []
    if chat.prompt_cache_key is not None:
        notes.append(Note.CACHE_KEY_LEFT_OUT)
    if chat.safety_identifier is not None:
        notes.append(Note.SAFETY_IDENTIFIER_LEFT_OUT)
    messages = []
    for place, message in enumerate(chat.messages):
        if isinstance(message, _SAID) and type(content := message.content) is str:
            messages.append(Message(message.role, (Text(content),), message.name or ""))
        else:
            messages.append(_message(message, place, notes))
    request = Request(
        target=chat.model,
        messages=tuple(messages),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=chat.parallel_tool_calls if tools else None,
        response_format=_response_format(chat.response_format) if chat.response_format else None,
        sampling=_sampling(chat),
        reasoning=Reasoning(effort=chat.reasoning_effort) if chat.reasoning_effort else None,
        stream=chat.stream is True,
        notes=tuple(dict.fromkeys(notes)) if notes else (),
        declared=(
            read_declared(chat.metadata, chat.user) if chat.metadata or chat.user else _NOTHING_DECLARED
        ),
    )
    return ChatCall(request, chat.stream_options is not None and _include_usage(chat, chat.stream_options))


def _loose(chat: wire.Offered) -> list[Any]:
    """The parts whose shape is the caller's own, or not known here."""
    parts: list[Any] = [
        tool.function.parameters for tool in chat.tools or () if type(tool) is wire.FunctionTool
    ]
    for message in chat.messages:
        if type(message) is wire.AssistantMessage:
            parts += (message.annotations, message.audio, message.function_call)
    if type(chat.response_format) is wire.JsonSchemaFormat:
        parts.append(chat.response_format.json_schema.schema)
    return parts


# -- messages


def _message(message: wire.AnyMessage, place: int, notes: list[str]) -> Message:
    path = f"messages[{place}]"
    match message:
        case wire.AssistantMessage():
            return Message("assistant", _assistant_parts(message, path, notes), message.name or "")
        case wire.UserMessage() | wire.SystemMessage() | wire.DeveloperMessage():
            role = message.role
            return Message(role, _content(message.content, path, media=role == "user"), message.name or "")
        case wire.ToolMessage():
            result = _content(message.content, path, media=True)
            return Message("tool", (ToolResult(message.tool_call_id, result),), message.name or "")
        case _:
            raise unsupported(f"{path}.role", "messages of role `function` are not offered; use `tool`")


def _content(content: wire.Content, path: str, *, media: bool) -> tuple[Text | Image | Document, ...]:
    return (Text(content),) if isinstance(content, str) else _parts(content, f"{path}.content", media=media)


def _parts(
    content: list[wire.ContentPart], path: str, *, media: bool, refusals: bool = False
) -> tuple[Text | Image | Document, ...]:
    parts: list[Any] = []
    for place, part in enumerate(content):
        match part:
            case wire.TextPart(text=text, prompt_cache_breakpoint=None):
                parts.append(Text(text))
            case wire.TextPart():
                parts.append(Text(part.text, _cache(part, f"{path}[{place}]")))
            case wire.ImagePart() if media:
                here = f"{path}[{place}]"
                image = part.image_url
                parts.append(read_image(image.url, image.detail, f"{here}.image_url.url", _cache(part, here)))
            case wire.FilePart() if media:
                parts.append(_document(part, f"{path}[{place}]"))
            case wire.RefusalPart() if refusals:
                parts.append(Refusal(part.refusal))
            case wire.AudioPart():
                raise unsupported(f"{path}[{place}].type", "audio parts are not offered")
            case _:
                raise malformed(
                    f"{path}[{place}].type", "a message of this role does not hold parts of this type"
                )
    return tuple(parts)


def _assistant_parts(message: wire.AssistantMessage, path: str, notes: list[str]) -> tuple[Part, ...]:
    if message.audio is not None:
        raise unsupported(f"{path}.audio", "audio is not offered")
    if message.function_call is not None:
        raise unsupported(
            f"{path}.function_call", "function calls of the old form are not offered; use `tool_calls`"
        )
    if message.annotations:
        notes.append(Note.CITATIONS_LEFT_OUT)
    thoughts = _thoughts(message) if message.reasoning_content or message.reasoning_details else ()
    parts: list[Part] = list(thoughts)
    if isinstance(message.content, str):
        parts.append(Text(message.content))
    elif message.content is not None:
        parts += _parts(message.content, f"{path}.content", media=False, refusals=True)
    if message.refusal is not None:
        parts.append(Refusal(message.refusal))
    for place, call in enumerate(message.tool_calls or ()):
        if isinstance(call, wire.CustomCall):
            raise unsupported(f"{path}.tool_calls[{place}].type", "custom tools are not offered")
        parts.append(ToolUse(call.id, call.function.name, call.function.arguments))
    if len(parts) == len(thoughts):
        raise malformed(f"{path}.content", "an assistant message has content, a refusal or tool calls")
    return tuple(parts)


def _thoughts(message: wire.AssistantMessage) -> tuple[Thinking, ...]:
    """`reasoning_content` says once more, in one text, what the details say with their seals."""
    if not message.reasoning_details:
        return (Thinking(message.reasoning_content or ""),)
    return tuple(
        [
            Thinking(
                detail.text or "",
                detail.signature or "",
                detail.format or "",
                detail.type == "redacted_thinking",
                detail.id or "",
            )
            for detail in message.reasoning_details
        ]
    )


def _cache(part: wire.TextPart | wire.ImagePart | wire.FilePart, path: str) -> CacheMark:
    return read_breakpoint(part.prompt_cache_breakpoint, f"{path}.prompt_cache_breakpoint")


def _document(part: wire.FilePart, path: str) -> Document:
    file = part.file
    if file.file_id is not None:
        raise unsupported(
            f"{path}.file.file_id",
            "a stored file is egress of its own and not offered; send it inline as `file_data`",
        )
    if file.file_data is None:
        raise malformed(f"{path}.file", "a file carries its `file_data`")
    return read_document(file.file_data, file.filename or "", f"{path}.file.file_data", _cache(part, path))


# -- tools and the rest


def _tools(chat: wire.Offered) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    tools: dict[str, Tool] = {}
    for place, tool in enumerate(chat.tools or ()):
        if isinstance(tool, wire.CustomTool):
            raise unsupported(f"tools[{place}].type", "custom tools are not offered")
        function = tool.function
        if function.name in tools:
            raise malformed(f"tools[{place}].function.name", f"two tools have the name `{function.name}`")
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
                raise malformed("tool_choice", "`required` needs `tools` to choose from")
            return tuple(tools.values()), ToolChoice("required")
        case str():
            raise malformed("tool_choice", "expected `auto`, `none`, `required` or an object")
        case wire.FunctionReference() as reference:
            _refuse_unknown_tool(reference.function.name, tools)
            return tuple(tools.values()), ToolChoice("function", reference.function.name)
        case wire.AllowedToolsChoice() as choice:
            return _allowed(choice.allowed_tools, tools)
        case _:
            raise unsupported("tool_choice.type", "custom tools are not offered")


def _allowed(allowed: wire.AllowedTools, tools: dict[str, Tool]) -> tuple[tuple[Tool, ...], ToolChoice]:
    names = set()
    for place, reference in enumerate(allowed.tools):
        if isinstance(reference, wire.CustomReference):
            raise unsupported(
                f"tool_choice.allowed_tools.tools[{place}].type", "custom tools are not offered"
            )
        _refuse_unknown_tool(reference.function.name, tools)
        names.add(reference.function.name)
    return tuple([tool for name, tool in tools.items() if name in names]), ToolChoice(allowed.mode)


def _refuse_unknown_tool(name: str, tools: dict[str, Tool]) -> None:
    if name not in tools:
        raise malformed("tool_choice", f"`{name}` is not among the `tools`")


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
        raise malformed("max_tokens", "`max_tokens` and `max_completion_tokens` differ; send one of them")
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
        raise malformed("stream_options", "`stream_options` goes with `stream: true`")
    if options.include_obfuscation:
        raise unsupported("stream_options.include_obfuscation", "stream obfuscation is not offered")
    return options.include_usage is True
