"""A domain `Request` → the body of a Chat Completions request to a vendor.

Only what the domain holds is written; `declared` never is. `n` of 1 and an image's `detail` of `auto` are the
dialect's defaults and are left out. Under the default options the limit travels as `max_tokens`: llama.cpp,
vLLM, Ollama and OpenAI's models before its reasoning series all obey it, and where it is refused it is
refused aloud; Ollama ignores `max_completion_tokens` in silence, which would lift the bound on cost.

Mapped or left out, each with its note: thinking of earlier turns (no vendor of this dialect takes it back),
prompt cache marks (OpenAI caches by itself), citations of earlier turns, documents of plain text and search
results (sent as text), a tool's failure (a word before its text), images and documents of tool results (sent
in a message of the user after the results, the only place where they may stand). `top_k` is no word of
OpenAI's, but of those servers that have it.
"""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from signalbox.domain.notes import Note
from signalbox.domain.request import (
    Document,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    ResponseFormat,
    Role,
    SearchResult,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)
from signalbox.wires.openai_as_text import document_text, effort_of, failure_text, search_text
from signalbox.wires.openai_inline import PLAIN, data_url, file_name
from signalbox.wires.written import Written

_encode: Final = msgspec.json.Encoder().encode
_Written = dict[str, Any]


class ChatOptions(Struct, frozen=True, kw_only=True):
    """Where servers of this dialect differ.

    `reasoning`: it takes `reasoning_effort`, which models that do not think refuse. `strict_tools`: it takes
    `strict` on a tool. `developer_role`: it knows that role; else such messages go as `system`.
    """

    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    reasoning: bool = True
    strict_tools: bool = True
    developer_role: bool = True


_COMMON: Final = ChatOptions()


class _Said(Struct, omit_defaults=True, gc=False):
    """A message of one text."""

    role: Role
    content: str
    name: str = ""


class _Body(Struct, omit_defaults=True):
    """In the order in which it is written."""

    model: str
    messages: list[_Said | _Written]
    tools: list[_Written] | None = None
    tool_choice: str | _Written | None = None
    parallel_tool_calls: bool | None = None
    response_format: _Written | None = None
    grammar: str | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int = 1
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    top_k: int | None = None
    reasoning_effort: str | None = None
    stream: bool = False
    stream_options: _Written | None = None


def write_request(request: Request, *, model: str, stream: bool, options: ChatOptions = _COMMON) -> Written:
    """`model` is the vendor's name for it; a stream is asked to end with its usage."""
    notes: list[str] = []
    sampling = request.sampling
    body = _Body(
        model,
        _messages(request, options, notes),
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        stop=sampling.stop,
        seed=sampling.seed,
        n=sampling.n,
        frequency_penalty=sampling.frequency_penalty,
        presence_penalty=sampling.presence_penalty,
        top_k=sampling.top_k,
    )
    setattr(body, options.max_tokens_field, sampling.max_tokens)
    if request.tools:
        body.tools = [_tool(tool, options, notes) for tool in request.tools]
    if request.tool_choice is not None:
        body.tool_choice = _tool_choice(request.tool_choice)
    if request.parallel_tool_calls is not None:
        body.parallel_tool_calls = request.parallel_tool_calls
    if request.response_format is not None:
        _write_format(request.response_format, body)
    if request.reasoning is not None:
        _write_reasoning(request.reasoning, options, body, notes)
    if request.cache:
        notes.append(Note.CACHE_MARKS_LEFT_OUT)
    if stream:
        body.stream = True
        body.stream_options = {"include_usage": True}
    return Written(_encode(body), tuple(dict.fromkeys(notes))) if notes else Written(_encode(body))


def _messages(request: Request, options: ChatOptions, notes: list[str]) -> list[_Said | _Written]:
    messages: list[_Said | _Written] = []
    media: list[_Written] = []  # of tool results, until the last of them is written
    for message in request.messages:
        parts = message.parts
        part = parts[0]
        role = message.role
        if role == "developer" and not options.developer_role:
            role = "system"
            notes.append(Note.DEVELOPER_AS_SYSTEM)
        if media and role != "tool":
            messages.append({"role": "user", "content": media})
            media = []
        if type(part) is Text and len(parts) == 1:
            if part.cache or part.citations:
                _note_text(part, notes)
            messages.append(_Said(role, part.text, message.name))
            continue
        left = _write_results(message, messages, media, notes)
        if left:
            written = {"role": role, **_content_and_calls(left, notes)}
            messages.append({**written, "name": message.name} if message.name else written)
    if media:
        messages.append({"role": "user", "content": media})
    return messages


def _write_results(
    message: Message, messages: list[_Said | _Written], media: list[_Written], notes: list[str]
) -> list[Part]:
    """Writes the tool results of a message, each as a message of its own; the parts that are none."""
    left: list[Part] = []
    for part in message.parts:
        if not isinstance(part, ToolResult):
            left.append(part)
            continue
        if part.cache:
            notes.append(Note.CACHE_MARKS_LEFT_OUT)
        answer = {"role": "tool", "tool_call_id": part.id, "content": _result(part, media, notes)}
        messages.append({**answer, "name": message.name} if message.name else answer)
    return left


def _result(result: ToolResult, media: list[_Written], notes: list[str]) -> str | list[_Written]:
    """The texts of a result; its images and documents go to `media`, after a word on where they are from."""
    failed = failure_text(result, notes)
    texts: list[_Written] = []
    moved: list[_Written] = []
    for part in result.parts:
        written = _content_part(part, notes)
        for one in written:
            (texts if one["type"] == "text" else moved).append(one)
    if moved:
        notes.append(Note.TOOL_MEDIA_MOVED)
        media += [{"type": "text", "text": f"from the result of tool call `{result.id}`:"}, *moved]
    if failed:
        texts.insert(0, {"type": "text", "text": failed})
    if len(texts) == 1:
        return texts[0]["text"]  # type: ignore[no-any-return]  # a text part as written below
    if failed and len(texts) == 2:
        return failed + texts[1]["text"]  # type: ignore[no-any-return]  # the same
    return texts or ""


def _content_and_calls(parts: list[Part], notes: list[str]) -> _Written:
    said: list[_Written] = []
    calls: list[_Written] = []
    for part in parts:
        match part:
            case ToolUse():
                if part.cache:
                    notes.append(Note.CACHE_MARKS_LEFT_OUT)
                function = {"name": part.name, "arguments": part.arguments}
                calls.append({"id": part.id, "type": "function", "function": function})
            case Thinking():
                notes.append(Note.THINKING_LEFT_OUT if part.signature else Note.THINKING_UNSEALED)
            case _:
                said += _content_part(part, notes)
    written: _Written = {}
    # A refusal at the end has a field of its own, which more vendors know than a part of that type.
    if said and said[-1]["type"] == "refusal":
        written["refusal"] = said.pop()["refusal"]
    if not said:
        written["content"] = None
    elif len(said) == 1 and said[0]["type"] == "text":
        written["content"] = said[0]["text"]
    else:
        written["content"] = said
    if calls:
        written["tool_calls"] = calls
    return written


def _content_part(part: Part, notes: list[str]) -> tuple[_Written, ...]:
    """One part, or two where a document brings words of its own."""
    match part:
        case Text():
            if part.cache or part.citations:
                _note_text(part, notes)
            return ({"type": "text", "text": part.text},)
        case Refusal(text=text):
            return ({"type": "refusal", "refusal": text},)
        case Image() | Document() | SearchResult() if part.cache:
            notes.append(Note.CACHE_MARKS_LEFT_OUT)
    match part:
        case Image():
            image = {"url": data_url(part)}
            if part.detail != "auto":
                image["detail"] = part.detail
            return ({"type": "image_url", "image_url": image},)
        case Document() if part.media_type == PLAIN:
            return ({"type": "text", "text": document_text(part, notes)},)
        case Document():
            file = {"type": "file", "file": {"filename": file_name(part), "file_data": data_url(part)}}
            if not part.context:
                return (file,)
            notes.append(Note.DOCUMENT_CONTEXT_AS_TEXT)
            return ({"type": "text", "text": part.context}, file)
        case SearchResult():
            return ({"type": "text", "text": search_text(part, notes)},)
        case _:
            raise AssertionError(f"a {type(part).__name__} is no content of a message")


def _note_text(text: Text, notes: list[str]) -> None:
    if text.cache:
        notes.append(Note.CACHE_MARKS_LEFT_OUT)
    if text.citations:
        notes.append(Note.CITATIONS_LEFT_OUT)


def _tool(tool: Tool, options: ChatOptions, notes: list[str]) -> _Written:
    function: _Written = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        if options.strict_tools:
            function["strict"] = tool.strict
        elif tool.strict:
            notes.append(Note.STRICT_LEFT_OUT)
    if tool.cache:
        notes.append(Note.CACHE_MARKS_LEFT_OUT)
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> str | _Written:
    if choice.mode == "function":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode


def _write_format(chosen: ResponseFormat, body: _Body) -> None:
    """`grammar` is an addition of llama.cpp's server, which takes it in the place of a format."""
    if chosen.grammar is not None:
        body.grammar = chosen.grammar.gbnf
    else:
        body.response_format = _response_format(chosen)


def _response_format(chosen: ResponseFormat) -> _Written:
    if chosen.kind == "json_object":
        return {"type": "json_object"}
    schema: _Written = {"name": chosen.name, "schema": chosen.schema}
    if chosen.description:
        schema["description"] = chosen.description
    if chosen.strict is not None:
        schema["strict"] = chosen.strict
    return {"type": "json_schema", "json_schema": schema}


def _write_reasoning(reasoning: Reasoning, options: ChatOptions, body: _Body, notes: list[str]) -> None:
    if not options.reasoning:
        if reasoning.wanted:
            notes.append(Note.REASONING_LEFT_OUT)
    elif effort := effort_of(reasoning, notes):
        body.reasoning_effort = effort
