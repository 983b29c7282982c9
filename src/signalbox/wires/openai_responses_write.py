"""A domain `Request` → the body of a Responses request to a vendor.

Only what the domain holds is written; `declared` never is. Nothing is to be stored at the vendor; models that
think are asked for their thinking as a seal, because that is how it comes back with tool results. System and
developer messages are items in their places, and `instructions` is not used. A tool of which nothing was said
is not strict, as in Chat Completions; here it would be by default.

The dialect has no word for stop words, a seed, penalties, `top_k` or several choices: a request that needs
them belongs elsewhere (they are capabilities), and one that comes all the same is served without, with a
note. Other notes: as in `openai_chat_write`, but that thinking sealed by OpenAI goes back, and that what
tools show stands in their output.
"""

from typing import Any, Final

import msgspec

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
    Sampling,
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
_SEALS: Final = ("reasoning.encrypted_content",)
_Written = dict[str, Any]


def write_request(request: Request, *, model: str, stream: bool, reasoning: bool = True) -> Written:
    """`model` is the vendor's name for it. `reasoning`: it thinks; models that do not refuse the field."""
    notes: list[str] = []
    items: list[_Written] = []
    for message in request.messages:
        _write_message(message, items, notes)
    body: _Written = {"model": model, "input": items, "store": False}
    if request.tools:
        body["tools"] = [_tool(tool, notes) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format is not None:
        body["text"] = {"format": _format(request.response_format)}
    _write_sampling(request.sampling, body, notes)
    if reasoning:
        body["include"] = _SEALS
        if request.reasoning is not None:
            _write_reasoning(request.reasoning, body, notes)
    elif request.reasoning is not None and request.reasoning.wanted:
        notes.append(Note.REASONING_LEFT_OUT)
    if request.cache:
        notes.append(Note.CACHE_MARKS_LEFT_OUT)
    if stream:
        body["stream"] = True
    return Written(_encode(body), tuple(dict.fromkeys(notes)) if notes else ())


def _write_message(message: Message, items: list[_Written], notes: list[str]) -> None:
    """A message's texts and what it shows as one item, up to a part that is an item of its own."""
    if message.name:
        notes.append(Note.NAMES_LEFT_OUT)
    parts, role = message.parts, message.role
    part = parts[0]
    if len(parts) == 1 and type(part) is Text and not (part.cache or part.citations or role == "tool"):
        items.append({"role": role, "content": part.text})
        return
    content: list[_Written] = []
    for part in parts:
        if not isinstance(part, ToolUse | ToolResult | Thinking):
            if not content:
                items.append({"role": "user" if role == "tool" else role, "content": content})
            content += _content(part, role == "assistant", notes)
            continue
        content = []
        match part:
            case ToolUse():
                if part.cache:
                    notes.append(Note.CACHE_MARKS_LEFT_OUT)
                items.append(
                    {
                        "type": "function_call",
                        "call_id": part.id,
                        "name": part.name,
                        "arguments": part.arguments,
                    }
                )
            case ToolResult():
                items.append(_output(part, notes))
            case Thinking():
                _write_thinking(part, items, notes)


def _write_thinking(thought: Thinking, items: list[_Written], notes: list[str]) -> None:
    if thought.format != "openai" or not thought.signature:
        notes.append(Note.THINKING_LEFT_OUT if thought.signature else Note.THINKING_UNSEALED)
        return
    item: _Written = {"type": "reasoning"}
    if thought.id:
        item["id"] = thought.id
    item["summary"] = [{"type": "summary_text", "text": thought.text}] if thought.text else []
    item["encrypted_content"] = thought.signature
    items.append(item)


def _output(result: ToolResult, notes: list[str]) -> _Written:
    if result.cache:
        notes.append(Note.CACHE_MARKS_LEFT_OUT)
    failed = failure_text(result, notes)
    content = [written for part in result.parts for written in _content(part, False, notes)]
    output: str | list[_Written]
    if all(written["type"] == "input_text" for written in content) and len(content) <= 1:
        output = failed + (content[0]["text"] if content else "")
    else:
        output = [{"type": "input_text", "text": failed}, *content] if failed else content
    return {"type": "function_call_output", "call_id": result.id, "output": output}


def _content(part: Part, said: bool, notes: list[str]) -> tuple[_Written, ...]:
    """One part, or two where a document brings words of its own. `said`: by the model."""
    match part:
        case Text():
            if part.cache:
                notes.append(Note.CACHE_MARKS_LEFT_OUT)
            if part.citations:
                notes.append(Note.CITATIONS_LEFT_OUT)
            return ({"type": "output_text" if said else "input_text", "text": part.text},)
        case Refusal(text=text):
            return ({"type": "refusal", "refusal": text},)
        case Image() | Document() | SearchResult() if part.cache:
            notes.append(Note.CACHE_MARKS_LEFT_OUT)
    match part:
        case Image():
            return ({"type": "input_image", "image_url": data_url(part), "detail": part.detail},)
        case Document() if part.media_type == PLAIN:
            return ({"type": "input_text", "text": document_text(part, notes)},)
        case Document():
            file = {"type": "input_file", "filename": file_name(part), "file_data": data_url(part)}
            if not part.context:
                return (file,)
            notes.append(Note.DOCUMENT_CONTEXT_AS_TEXT)
            return ({"type": "input_text", "text": part.context}, file)
        case SearchResult():
            return ({"type": "input_text", "text": search_text(part, notes)},)
        case _:
            raise AssertionError(f"a {type(part).__name__} is no content of a message")


def _tool(tool: Tool, notes: list[str]) -> _Written:
    if tool.cache:
        notes.append(Note.CACHE_MARKS_LEFT_OUT)
    written: _Written = {
        "type": "function",
        "name": tool.name,
        "parameters": tool.parameters,
        "strict": tool.strict is True,
    }
    if tool.description:
        written["description"] = tool.description
    return written


def _tool_choice(choice: ToolChoice) -> str | _Written:
    return {"type": "function", "name": choice.name} if choice.mode == "function" else choice.mode


def _format(chosen: ResponseFormat) -> _Written:
    if chosen.kind == "json_object":
        return {"type": "json_object"}
    written: _Written = {"type": "json_schema", "name": chosen.name, "schema": chosen.schema}
    if chosen.description:
        written["description"] = chosen.description
    if chosen.strict is not None:
        written["strict"] = chosen.strict
    return written


def _write_reasoning(asked: Reasoning, body: _Written, notes: list[str]) -> None:
    written: _Written = {}
    if effort := effort_of(asked, notes):
        written["effort"] = effort
    if asked.visible:
        written["summary"] = "auto"
    if written:
        body["reasoning"] = written


def _write_sampling(sampling: Sampling, body: _Written, notes: list[str]) -> None:
    if sampling.max_tokens is not None:
        body["max_output_tokens"] = sampling.max_tokens
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if (
        sampling.stop
        or sampling.n != 1
        or sampling.seed is not None
        or sampling.frequency_penalty
        or sampling.presence_penalty
        or sampling.top_k is not None
    ):
        notes.append(Note.SAMPLING_LEFT_OUT)
