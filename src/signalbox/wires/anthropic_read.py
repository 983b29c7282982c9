"""A Messages request from a client → a domain `Request`.

Strict: the body is rebuilt from the allow-list of `anthropic_body`; whatever is not on it is refused by name.
It does not decide what the caller may assert of itself, nor whether the target exists.

A `user` message is cut where tool results and other content meet, because a result is a message of role
`tool` here, one for each. What is read and goes no further, because it asks for nothing special:
`service_tier`, `speed: standard`, a `tool_choice` of `auto` or `none` where there are no tools.
"""

from typing import Any, Final

from msgspec.json import Decoder

from signalbox.domain.request import (
    Declared,
    Message,
    Part,
    Reasoning,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    Tool,
    ToolChoice,
)
from signalbox.wires import anthropic_body as wire
from signalbox.wires.anthropic_read_blocks import (
    read_mark,
    read_material,
    read_text,
    read_thinking,
    read_tool_result,
    read_tool_use,
)
from signalbox.wires.anthropic_refusals import malformed, read_slowly
from signalbox.wires.strict_json import decode_if_clear

SCHEMA_NAME: Final = "output"
"""What a reply's schema is called for the dialects that demand a name: this one has none."""

_decode_offered: Final = Decoder(wire.Offered).decode
_decode_prompt: Final = Decoder(wire.Prompt).decode
_NOTHING_DECLARED: Final = Declared()
_THOUGHTS: Final = (wire.ThinkingBlock, wire.RedactedBlock)
_MATERIAL: Final = (wire.TextBlock, wire.ImageBlock, wire.DocumentBlock, wire.SearchResultBlock)


def read_request(body: bytes) -> Request:
    """Raises `MalformedRequest` or `UnsupportedRequest`, each with the field's path in `param`."""
    asked = decode_if_clear(body, _decode_offered, _loose) or read_slowly(body, wire.Offered)
    stop = asked.stop_sequences
    sampling = Sampling(
        max_tokens=asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        stop=tuple(stop) if stop else (),
        top_k=asked.top_k,
    )
    user = asked.metadata.user_id if asked.metadata is not None else None
    declared = Declared(user=user) if user else _NOTHING_DECLARED
    return _request(asked, sampling, asked.stream is True, declared)


def read_count_request(body: bytes) -> Request:
    """As `read_request`, for a body of `count_tokens`, which has neither a limit nor sampling."""
    asked = decode_if_clear(body, _decode_prompt, _loose) or read_slowly(body, wire.Prompt)
    return _request(asked, Sampling(), False, _NOTHING_DECLARED)


def _loose(asked: wire.Prompt) -> list[Any]:
    """The parts whose shape is the caller's own."""
    parts: list[Any] = [tool.input_schema for tool in asked.tools or ()]
    for message in asked.messages:
        content = message.content
        if type(content) is list:
            for block in content:
                if type(block) is wire.ToolUseBlock:
                    parts.append(block.input)
    if asked.output_config is not None and asked.output_config.format is not None:
        parts.append(asked.output_config.format.schema)
    return parts


def _request(asked: wire.Prompt, sampling: Sampling, stream: bool, declared: Declared) -> Request:
    notes: list[str] = []
    messages: list[Message] = []
    if asked.system:
        messages.append(Message("system", _system_parts(asked.system, "system")))
    for place, message in enumerate(asked.messages):
        _read_message(message, place, messages, notes)
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None
    if asked.tools or asked.tool_choice:
        tools = _tools(asked.tools or [])
        choice, parallel = _tool_choice(asked.tool_choice, tools)
    output = asked.output_config
    format = output.format if output is not None else None
    return Request(
        target=asked.model,
        messages=tuple(messages),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        response_format=ResponseFormat("json_schema", SCHEMA_NAME, format.schema) if format else None,
        sampling=sampling,
        reasoning=_reasoning(asked),
        cache=read_mark(asked.cache_control),
        stream=stream,
        notes=tuple(dict.fromkeys(notes)) if notes else (),
        declared=declared,
    )


# -- messages


def _system_parts(content: str | list[wire.TextBlock], path: str) -> tuple[Text, ...]:
    if isinstance(content, str):
        return (Text(content),)
    return tuple([read_text(block, f"{path}[{place}]") for place, block in enumerate(content)])


def _read_message(message: wire.Message, place: int, messages: list[Message], notes: list[str]) -> None:
    content = message.content
    if isinstance(content, str):
        messages.append(Message(message.role, (Text(content),)))
    elif message.role == "user":
        _read_user(content, f"messages[{place}].content", messages, notes)
    else:
        path = f"messages[{place}].content"
        parts = _assistant_parts if message.role == "assistant" else _texts
        messages.append(Message(message.role, parts(content, path)))


def _read_user(content: list[wire.Block], path: str, messages: list[Message], notes: list[str]) -> None:
    said: list[Part] = []
    for place, block in enumerate(content):
        if type(block) is wire.ToolResultBlock:
            if said:
                messages.append(Message("user", tuple(said)))
                said = []
            here = f"{path}[{place}]" if type(block.content) is list else path
            messages.append(Message("tool", (read_tool_result(block, here, notes),)))
        elif isinstance(block, _MATERIAL):
            said.append(read_material(block, f"{path}[{place}]", notes))
        else:
            raise malformed(f"{path}[{place}].type", "a user message does not hold blocks of this type")
    if said:
        messages.append(Message("user", tuple(said)))


def _assistant_parts(content: list[wire.Block], path: str) -> tuple[Part, ...]:
    parts: list[Part] = []
    for place, block in enumerate(content):
        if type(block) is wire.TextBlock:
            parts.append(read_text(block, f"{path}[{place}]" if block.citations else path))
        elif type(block) is wire.ToolUseBlock:
            parts.append(read_tool_use(block))
        elif isinstance(block, _THOUGHTS):
            parts.append(read_thinking(block))
        else:
            raise malformed(f"{path}[{place}].type", "an assistant message does not hold blocks of this type")
    return tuple(parts)


def _texts(content: list[wire.Block], path: str) -> tuple[Part, ...]:
    texts: list[Part] = []
    for place, block in enumerate(content):
        if type(block) is not wire.TextBlock:
            raise malformed(f"{path}[{place}].type", "a system message holds blocks of type `text` only")
        texts.append(read_text(block, f"{path}[{place}]"))
    return tuple(texts)


# -- tools and the rest


def _tools(given: list[wire.Tool]) -> tuple[Tool, ...]:
    tools: dict[str, Tool] = {}
    for place, tool in enumerate(given):
        name = tool.name
        if name in tools:
            raise malformed(f"tools[{place}].name", f"two tools have the name `{name}`")
        if tool.allowed_callers == []:
            raise malformed(f"tools[{place}].allowed_callers", "expected `direct`")
        tools[name] = Tool(
            name, tool.description or "", tool.input_schema, tool.strict, read_mark(tool.cache_control)
        )
    return tuple(tools.values())


def _tool_choice(
    choice: wire.AnyToolChoice | None, tools: tuple[Tool, ...]
) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether several calls at once are welcome."""
    match choice:
        case None:
            return None, None
        case wire.NoChoice():
            return (ToolChoice("none") if tools else None), None
        case wire.AutoChoice():
            chosen = ToolChoice("auto")
            if not tools:
                return None, None
        case wire.AnyChoice():
            chosen = ToolChoice("required")
            if not tools:
                raise malformed("tool_choice", "`any` needs `tools` to choose from")
        case wire.NamedChoice(name=name):
            chosen = ToolChoice("function", name)
            if not any(tool.name == name for tool in tools):
                raise malformed("tool_choice.name", f"`{name}` is not among the `tools`")
    single = choice.disable_parallel_tool_use
    return chosen, None if single is None else not single


def _reasoning(asked: wire.Prompt) -> Reasoning | None:
    effort = asked.output_config.effort if asked.output_config is not None else None
    match asked.thinking:
        case None:
            return Reasoning(effort=effort, thinking="unsaid") if effort else None
        case wire.DisabledThinking():
            return Reasoning(effort=effort, thinking="off") if effort else Reasoning(effort="none")
        case wire.EnabledThinking() as thinking:
            return Reasoning(
                effort=effort or "", budget_tokens=thinking.budget_tokens, visible=_visible(thinking.display)
            )
        case wire.AdaptiveThinking() as thinking:
            return Reasoning(effort=effort or "", adaptive=True, visible=_visible(thinking.display))


def _visible(display: wire.Display | None) -> bool | None:
    return None if display is None else display == "summarized"
