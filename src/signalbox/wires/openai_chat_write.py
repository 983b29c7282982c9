"""A domain `Request` → the body of a Chat Completions request to a vendor.

Only what the domain holds is written; `declared` never is. `n` of 1 and an image's `detail` of `auto` are the
dialect's defaults and are left out. The limit travels as `max_tokens`: llama.cpp, vLLM, Ollama and OpenAI's
models before its reasoning series all obey it, and where it is refused it is refused aloud; Ollama ignores
`max_completion_tokens` in silence, which would lift the bound on cost.
"""

from typing import Any, Final

import msgspec

from signalbox.domain.request import (
    Image,
    Message,
    Part,
    Refusal,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)

_encode: Final = msgspec.json.Encoder().encode


def write_request(request: Request, *, model: str, stream: bool) -> bytes:
    """`model` is the vendor's name for it; a stream is asked to end with its usage."""
    messages: list[dict[str, Any]] = []
    body: dict[str, Any] = {"model": model, "messages": messages}
    for message in request.messages:
        _write_message(message, messages)
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _tool_choice(request.tool_choice)
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format is not None:
        body["response_format"] = _response_format(request.response_format)
    _write_sampling(request.sampling, body)
    if stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    return _encode(body)


def _write_message(message: Message, messages: list[dict[str, Any]]) -> None:
    parts = message.parts
    if len(parts) == 1 and type(parts[0]) is Text:
        written: dict[str, Any] = {"role": message.role, "content": parts[0].text}
    else:
        results = [part for part in parts if isinstance(part, ToolResult)]
        for result in results:
            answer = {"role": "tool", "tool_call_id": result.id, "content": _content(result.parts)}
            messages.append({**answer, "name": message.name} if message.name else answer)
        if len(results) == len(parts):
            return
        written = {"role": message.role, **_content_and_calls(parts)}
    if message.name:
        written["name"] = message.name
    messages.append(written)


def _content_and_calls(parts: tuple[Part, ...]) -> dict[str, Any]:
    said = [part for part in parts if isinstance(part, Text | Image | Refusal)]
    calls = [part for part in parts if isinstance(part, ToolUse)]
    written: dict[str, Any] = {}
    # A refusal at the end has a field of its own, which more vendors know than a part of that type.
    if said and isinstance(said[-1], Refusal):
        written["refusal"] = said.pop().text  # type: ignore[union-attr]  # checked in the line above
    written["content"] = _content(said) if said else None
    if calls:
        written["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ]
    return written


def _content(parts: Any) -> str | list[dict[str, Any]]:
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_content_part(part) for part in parts]


def _content_part(part: Text | Image | Refusal) -> dict[str, Any]:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Refusal(text=text):
            return {"type": "refusal", "refusal": text}
        case Image():
            image = {"url": f"data:{part.media_type};base64,{part.data}"}
            if part.detail != "auto":
                image["detail"] = part.detail
            return {"type": "image_url", "image_url": image}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _tool_choice(choice: ToolChoice) -> str | dict[str, Any]:
    if choice.mode == "function":
        return {"type": "function", "function": {"name": choice.name}}
    return choice.mode


def _response_format(chosen: ResponseFormat) -> dict[str, Any]:
    if chosen.kind == "json_object":
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": chosen.name, "schema": chosen.schema}
    if chosen.description:
        schema["description"] = chosen.description
    if chosen.strict is not None:
        schema["strict"] = chosen.strict
    return {"type": "json_schema", "json_schema": schema}


def _write_sampling(sampling: Sampling, body: dict[str, Any]) -> None:
    if sampling.max_tokens is not None:
        body["max_tokens"] = sampling.max_tokens
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.stop:
        body["stop"] = sampling.stop
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if sampling.n != 1:
        body["n"] = sampling.n
    if sampling.frequency_penalty is not None:
        body["frequency_penalty"] = sampling.frequency_penalty
    if sampling.presence_penalty is not None:
        body["presence_penalty"] = sampling.presence_penalty
