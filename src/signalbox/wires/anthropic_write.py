"""A domain `Request` → the body of a Messages request to the vendor.

Only what the domain holds is written; `declared` never is. What the dialect has no word for is either no
candidate's (a capability: many choices, a seed, penalties, JSON of any shape; `ValueError` if it comes here
all the same) or said as nearly as can be, with a note. System messages go to the front because not every
model takes them within a conversation.
"""

from typing import Any, Final

import msgspec

from signalbox.domain.notes import Note
from signalbox.domain.request import (
    Message,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    Tool,
    ToolChoice,
    ToolUse,
)
from signalbox.wires.anthropic_thinking import write_reasoning
from signalbox.wires.anthropic_write_blocks import Block, is_plain, write_mark, write_parts
from signalbox.wires.written import Written

TEMPERATURE_MAX: Final = 1
_encode: Final = msgspec.json.Encoder().encode
_CHOICES: Final = {"auto": "auto", "none": "none", "required": "any", "function": "tool"}
_SYSTEM: Final = ("system", "developer")
Content = str | list[Block]


def write_request(request: Request, *, model: str, stream: bool, output_limit: int) -> Written:
    """`model` is the vendor's name for it; `output_limit` the most tokens that it can answer with."""
    notes: dict[str, None] = {}
    body: dict[str, Any] = {"model": model}
    _write_conversation(request.messages, body, notes)
    tools, choice = request.tools, request.tool_choice
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
        chosen = _tool_choice(choice, request.parallel_tool_calls)
        if chosen is not None:
            body["tool_choice"] = chosen
    elif called := _called(request.messages):
        notes[Note.TOOLS_REDECLARED] = None
        body["tools"] = [_tool(Tool(name)) for name in called]
        body["tool_choice"] = {"type": "none"}
    _write_sampling(request.sampling, output_limit, body, notes)
    output: dict[str, Any] = {}
    if request.reasoning is not None:
        thinking, effort = write_reasoning(
            request.reasoning,
            model=model,
            max_tokens=body["max_tokens"],
            forced=choice is not None and choice.mode in ("required", "function"),
            notes=notes,
        )
        if thinking is not None:
            body["thinking"] = thinking
        if effort:
            output["effort"] = effort
    if request.response_format is not None:
        output["format"] = _format(request.response_format, notes)
    if output:
        body["output_config"] = output
    if request.cache:
        body["cache_control"] = write_mark(request.cache)
    if stream:
        body["stream"] = True
    return Written(_encode(body), tuple(notes))


# -- the conversation


def _write_conversation(messages: tuple[Message, ...], body: dict[str, Any], notes: dict[str, None]) -> None:
    system: list[Text] = []
    turns: list[dict[str, Any]] = []
    before = ""
    for message in messages:
        role = message.role
        if message.name:
            notes[Note.NAMES_LEFT_OUT] = None
        if role in _SYSTEM:
            if role == "developer":
                notes[Note.DEVELOPER_AS_SYSTEM] = None
            if turns:
                notes[Note.SYSTEM_MERGED] = None
            system += _system_texts(message)
            continue
        content = _content(message, notes)
        if not content:
            continue
        speaker = "assistant" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == speaker:
            if role == before and role != "tool":
                notes[Note.TURNS_MERGED] = None
            turns[-1]["content"] = [*_blocks(turns[-1]["content"]), *_blocks(content)]
        else:
            turns.append({"role": speaker, "content": content})
        before = role
    prompt = _system(system, notes)
    if prompt and turns:
        body["system"] = prompt
    elif prompt:
        notes[Note.SYSTEM_AS_USER] = None
        turns.append({"role": "user", "content": prompt})
    body["messages"] = turns or [{"role": "user", "content": ""}]


def _content(message: Message, notes: dict[str, None]) -> Content:
    parts = message.parts
    if len(parts) == 1 and is_plain(parts[0]) and not parts[0].text.isspace():
        return parts[0].text
    return write_parts(parts, notes)


def _blocks(content: Content) -> list[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _system_texts(message: Message) -> list[Text]:
    texts = []
    for part in message.parts:
        if type(part) is not Text:
            raise ValueError("a system message that holds more than text cannot have come this far")
        texts.append(part)
    return texts


def _system(texts: list[Text], notes: dict[str, None]) -> Content:
    if len(texts) == 1 and is_plain(texts[0]) and not texts[0].text.isspace():
        return texts[0].text
    return write_parts(tuple(texts), notes)


def _called(messages: tuple[Message, ...]) -> dict[str, None]:
    """The tools that were called: the vendor wants them declared as long as the conversation shows calls."""
    return {part.name: None for message in messages for part in message.parts if type(part) is ToolUse}


# -- tools and the rest


def _tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name, "input_schema": _input_schema(tool.parameters)}
    if tool.description:
        written["description"] = tool.description
    if tool.strict is not None:
        written["strict"] = tool.strict
    if tool.cache:
        written["cache_control"] = write_mark(tool.cache)
    return written


def _input_schema(parameters: dict[str, Any] | None) -> dict[str, Any]:
    """Arguments are an object in every dialect; this one wants it said."""
    if parameters is None:
        return {"type": "object", "properties": {}}
    return parameters if "type" in parameters else {"type": "object", **parameters}


def _tool_choice(choice: ToolChoice | None, parallel: bool | None) -> dict[str, Any] | None:
    if choice is None:
        return {"type": "auto", "disable_parallel_tool_use": True} if parallel is False else None
    written: dict[str, Any] = {"type": _CHOICES[choice.mode]}
    if choice.mode == "function":
        written["name"] = choice.name
    if parallel is not None and choice.mode != "none":
        written["disable_parallel_tool_use"] = not parallel
    return written


def _write_sampling(
    sampling: Sampling, output_limit: int, body: dict[str, Any], notes: dict[str, None]
) -> None:
    if (
        sampling.n != 1
        or sampling.seed is not None
        or sampling.frequency_penalty
        or sampling.presence_penalty
    ):
        raise ValueError("many choices, a seed or a penalty cannot have come this far")
    if sampling.max_tokens is None:
        notes[Note.MAX_TOKENS_SET] = None
        body["max_tokens"] = output_limit
    else:
        body["max_tokens"] = sampling.max_tokens
    if sampling.temperature is not None:
        if sampling.temperature > TEMPERATURE_MAX:
            notes[Note.TEMPERATURE_CAPPED] = None
        body["temperature"] = min(sampling.temperature, TEMPERATURE_MAX)
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.top_k is not None:
        body["top_k"] = sampling.top_k
    if sampling.stop:
        body["stop_sequences"] = sampling.stop


def _format(format: ResponseFormat, notes: dict[str, None]) -> dict[str, Any]:
    if format.kind != "json_schema":
        raise ValueError("JSON of any shape cannot have been asked for this far")
    if format.description:
        notes[Note.SCHEMA_DESCRIPTION_LEFT_OUT] = None
    return {"type": "json_schema", "schema": format.schema}
